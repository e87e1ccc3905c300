//! Serializable snapshot isolation: who has read and written what, which reads another transaction's write came after, and
//! which transactions must fail so that those that commit are serializable. See the crate's README.

mod conflicts;
mod finish;
mod prepared;
mod ranges;
mod reads;
mod registry;
mod report;
mod safe;
mod targets;
#[cfg(test)]
mod tests;
mod transaction;
mod writes;

use std::sync::{Arc, LazyLock};

pub use registry::{Begin, Limits, Registration, Registry, Tracked};
pub use report::{Extent, ReadLock};
pub use targets::File;
pub use transaction::Id;

static REGISTRY: LazyLock<Arc<Registry>> = LazyLock::new(|| Arc::new(Registry::default()));

/// The process's registry, shared by all workers.
pub fn registry() -> &'static Arc<Registry> {
    &REGISTRY
}
