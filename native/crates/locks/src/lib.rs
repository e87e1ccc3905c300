//! The lock table of the process: relation, object, row, unique-key and advisory locks, with fair queues and deadlock
//! detection. See the crate's README.

mod deadlock;
mod entry;
pub mod mode;
mod owner;
mod packs;
mod prepared;
mod report;
mod table;
mod tag;

use std::sync::LazyLock;

pub use deadlock::Edge;
pub use report::LockReport;
pub use table::{LockTable, Outcome, Request};
pub use tag::{Kind, Tag};

static TABLE: LazyLock<LockTable> = LazyLock::new(LockTable::new);

/// The process's table, shared by all workers.
pub fn table() -> &'static LockTable {
    &TABLE
}

#[cfg(test)]
mod tests;
