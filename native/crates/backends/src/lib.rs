//! The sessions of the process as all workers see them: registry, interrupts, activity, statistics,
//! notifications, and the acceptor that
//! hands connections to workers. See the crate's README.

pub mod acceptor;
pub mod activity;
pub mod interrupts;
pub mod notify;
pub mod pump;
pub mod registry;
pub mod socket;
pub mod statistics;
pub mod workers;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The guard, whoever panicked while holding the mutex: every update under it is whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
