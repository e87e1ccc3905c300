//! Prepared transactions over a restart. What one has read is remembered by file, what it has written too; which conflicts
//! it had is not, so it counts as having some both ways, as in PostgreSQL: needless failures, never missed ones.

use std::sync::Arc;

use helios_base::{Error, Result};

use crate::registry::{Begin, Registration, Registry};
use crate::targets::File;

impl Registration {
    /// The files that the transaction has read, in whole or in part.
    pub fn files_read(&self) -> Vec<File> {
        let state = self.tracked().state();
        let reads = state.get(self.tracked().id()).map(|mine| &mine.reads);
        reads.map_or_else(Vec::new, |reads| reads.keys().copied().collect())
    }
}

impl Registry {
    /// Takes up a transaction that was prepared before the process began.
    pub fn restore(
        self: &Arc<Registry>,
        xid: u64,
        read: &[File],
        written: &[File],
    ) -> Result<Registration> {
        let begun = self.begin(Begin::default(), || Ok(()))?;
        let registration = begun
            .and_then(|((), registration)| registration)
            .ok_or_else(|| Error::internal("a prepared transaction was not registered"))?;
        let id = registration.tracked().id();
        let mut state = self.lock();
        let now = state.tick();
        if let Some(mine) = state.transactions.get_mut(&id) {
            mine.xid = xid;
            mine.wrote = !written.is_empty();
            mine.old_in = true;
            mine.old_out = true;
            mine.prepared = Some(now);
        }
        for file in read {
            state.note_whole(id, *file);
        }
        for file in written {
            state.note_all_written(id, *file);
        }
        drop(state);
        Ok(registration)
    }
}
