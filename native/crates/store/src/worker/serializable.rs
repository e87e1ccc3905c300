//! Serializable transactions: their snapshot is taken under the registry's mutex, and what is read in it and written by
//! them is told to the registry. Temporary relations and catalogs are exempt, as in PostgreSQL.

use std::rc::Rc;
use std::sync::{Arc, Mutex};

use helios_base::{Error, Result};
use helios_serializable::{Begin, File, Registration, Tracked, registry};

use super::Worker;
use crate::key::{FileId, PREFIX_BYTES, SPACE_PERMANENT};
use crate::store::{Exported, Exporter, HeldState, Reader, SnapshotState};

/// Files of the catalogs that initdb made have smaller numbers.
const FIRST_USER_FILE: u32 = 16384;

/// The file as the registry names it; None for those that are exempt.
pub fn tracked_file(file: FileId) -> Option<File> {
    let is_tracked = file.space == SPACE_PERMANENT && file.filenode >= FIRST_USER_FILE;
    is_tracked.then_some(File {
        database: file.owner,
        filenode: file.filenode,
    })
}

impl Worker {
    /// Takes the snapshot of a serializable transaction, which is tracked from then on unless it needs none.
    pub fn take_serializable_snapshot(
        &mut self,
        transaction: u32,
        pid: u32,
        backend: u32,
        read_only: bool,
    ) -> Result<u32> {
        let begin = Begin {
            pid,
            backend,
            read_only,
            like: None,
        };
        self.transactions.get_mut(transaction)?.serializable = None;
        let begun = registry().begin(begin, || self.current_state())?;
        let (snapshot, registration) =
            begun.ok_or_else(|| Error::internal("a snapshot without an exporter was refused"))?;
        self.track(transaction, snapshot, registration)
    }

    /// Lets others take over the snapshot under the name.
    pub fn export_snapshot(
        &self,
        snapshot: u32,
        name: &str,
        serializable: bool,
        read_only: bool,
    ) -> Result<()> {
        let state = self.snapshots.get(snapshot)?;
        let tracked = state.reader.as_ref().map(|reader| reader.tracked.clone());
        let exporter = match tracked {
            _ if !serializable => Exporter::NotSerializable,
            Some(tracked) if !read_only => Exporter::ReadWrite(tracked),
            tracked => Exporter::ReadOnly(tracked.filter(Tracked::is_on)),
        };
        let sequence = state.sequence;
        let held = HeldState {
            state: Arc::clone(&state.state),
            reader: state.base.as_ref().map(|base| Mutex::new(base.share())),
        };
        let exported = Exported {
            sequence,
            exporter,
            held: Arc::new(held),
        };
        self.store.export_snapshot(name, exported);
        Ok(())
    }

    /// Takes over the snapshot that another serializable transaction has exported.
    pub fn import_serializable_snapshot(
        &mut self,
        name: &str,
        transaction: u32,
        pid: u32,
        backend: u32,
        read_only: bool,
    ) -> Result<Imported> {
        let Some(exported) = self.store.exported(name) else {
            return Ok(Imported::Absent);
        };
        let like = match exported.exporter {
            Exporter::NotSerializable => return Ok(Imported::NotSerializable),
            Exporter::ReadOnly(_) if !read_only => return Ok(Imported::ReadOnly),
            Exporter::ReadOnly(None) => {
                let state = self.state_at(&exported)?;
                return Ok(Imported::Taken(self.track(transaction, state, None)?));
            }
            Exporter::ReadOnly(Some(ref tracked)) | Exporter::ReadWrite(ref tracked) => {
                tracked.clone()
            }
        };
        let begin = Begin {
            pid,
            backend,
            read_only,
            like: Some(&like),
        };
        match registry().begin(begin, || self.state_at(&exported))? {
            Some((state, registration)) => {
                let snapshot = self.track(transaction, state, registration)?;
                Ok(Imported::Taken(snapshot))
            }
            None => Ok(Imported::Absent),
        }
    }

    /// The snapshot's number; reads in it and writes of the transaction are told to the registry.
    fn track(
        &mut self,
        transaction: u32,
        mut snapshot: SnapshotState,
        registration: Option<Registration>,
    ) -> Result<u32> {
        snapshot.reader = registration.as_ref().map(|registration| Reader {
            tracked: registration.tracked().clone(),
            newest: false,
        });
        let transaction = self.transactions.get_mut(transaction)?;
        if let Some(registration) = &registration {
            // Savepoints may have come before the first statement.
            (0..transaction.overlay.depth()).for_each(|_| registration.tracked().savepoint());
        }
        transaction.serializable = registration;
        Ok(self.snapshots.insert(Rc::new(snapshot)))
    }

    /// The newest committed state, read for a serializable transaction: what constraints look at.
    pub fn take_constraint_snapshot(&mut self, transaction: u32) -> Result<u32> {
        let mut snapshot = self.current_state()?;
        let tracked = self.transactions.get(transaction)?.tracked().cloned();
        snapshot.reader = tracked.map(|tracked| Reader {
            tracked,
            newest: true,
        });
        Ok(self.snapshots.insert(Rc::new(snapshot)))
    }

    /// Commits a transaction that wrote nothing, which is gone afterwards. Errors: 40001 where it must not commit.
    pub fn commit_reads(&mut self, transaction: u32) -> Result<()> {
        let decided = match &self.transactions.get(transaction)?.serializable {
            Some(registration) => registration.prepare(),
            None => Ok(()),
        };
        if let Err(error) = decided {
            self.roll_back(transaction);
            return Err(error);
        }
        let registration = self.transactions.get_mut(transaction)?.serializable.take();
        self.end(transaction);
        if let Some(registration) = registration {
            registration.committed(|| ());
        }
        Ok(())
    }

    /// What is known of the safety of a read-only transaction's snapshot.
    pub fn snapshot_is_safe(&self, transaction: u32) -> Result<Option<bool>> {
        match &self.transactions.get(transaction)?.serializable {
            Some(registration) => Ok(registration.is_safe()),
            None => Ok(Some(true)),
        }
    }

    /// Calls `wake` once `snapshot_is_safe` has an answer.
    pub fn when_safety_is_known(
        &self,
        transaction: u32,
        wake: Box<dyn FnOnce() + Send>,
    ) -> Result<()> {
        match &self.transactions.get(transaction)?.serializable {
            Some(registration) => registration.when_known(wake),
            None => {
                wake();
                Ok(())
            }
        }
    }

    /// Nobody waits for it any more.
    pub fn forget_safety_wait(&self, transaction: u32) -> Result<()> {
        if let Some(registration) = &self.transactions.get(transaction)?.serializable {
            registration.give_up_waiting();
        }
        Ok(())
    }

    /// Before a unique key is refused: 40001 where a conflict explains that it is there.
    pub fn unique_key_found(&self, transaction: u32, file: FileId, key: &[u8]) -> Result<()> {
        match (self.tracked(transaction)?, tracked_file(file)) {
            (Some(tracked), Some(file)) => tracked.refused_key(file, key),
            _ => Ok(()),
        }
    }

    /// The tracked transaction under the number, where there is one.
    #[inline]
    fn tracked(&self, transaction: u32) -> Result<Option<&Tracked>> {
        Ok(self.transactions.get(transaction)?.tracked())
    }

    #[inline]
    pub(super) fn note_insert(
        &self,
        transaction: u32,
        file: FileId,
        rowids: &[u64],
        xid: u64,
    ) -> Result<()> {
        match self.tracked(transaction)? {
            Some(tracked) => match tracked_file(file) {
                Some(file) => tracked.insert_rows(file, rowids.iter().copied(), xid),
                None => Ok(()),
            },
            None => Ok(()),
        }
    }

    #[inline]
    pub(super) fn note_change(
        &self,
        transaction: u32,
        file: FileId,
        rowid: u64,
        xid: u64,
    ) -> Result<()> {
        match self.tracked(transaction)? {
            Some(tracked) => match tracked_file(file) {
                Some(file) => tracked.change_row(file, rowid, xid),
                None => Ok(()),
            },
            None => Ok(()),
        }
    }

    /// `key`: a whole index key, prefix and rowid included.
    #[inline]
    pub(super) fn note_key(
        &self,
        transaction: u32,
        file: FileId,
        key: &[u8],
        xid: u64,
    ) -> Result<()> {
        match self.tracked(transaction)? {
            Some(tracked) => match (tracked_file(file), key.get(PREFIX_BYTES..)) {
                (Some(file), Some(key)) => tracked.insert_key(file, key, xid),
                _ => Ok(()),
            },
            None => Ok(()),
        }
    }

    pub(super) fn note_drop(&self, transaction: u32, file: FileId, xid: u64) -> Result<()> {
        match (self.tracked(transaction)?, tracked_file(file)) {
            (Some(tracked), Some(file)) => tracked.drop_file(file, xid),
            _ => Ok(()),
        }
    }
}

/// What came of taking over a snapshot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Imported {
    Taken(u32),
    Absent,
    /// Its exporter is not serializable,
    NotSerializable,
    /// or read-only, and who asks is not.
    ReadOnly,
}

/// Who has read of the file counts as having read all of the other one, which takes its place.
pub fn file_replaced(old: FileId, new: FileId) {
    if let (Some(old), Some(new)) = (tracked_file(old), tracked_file(new)) {
        registry().replace_file(old, new);
    }
}

impl SnapshotState {
    /// Who is to be told of reads of the file.
    #[inline]
    fn reader_of(&self, file: FileId) -> Option<(&Reader, File)> {
        let reader = self.reader.as_ref()?;
        let file = tracked_file(file)?;
        reader.tracked.is_on().then_some((reader, file))
    }

    /// A table is about to be scanned.
    #[inline]
    pub(super) fn note_scan(&self, file: FileId) -> Result<()> {
        match self.reader_of(file) {
            Some((reader, file)) => reader.tracked.read_file(file, reader.newest),
            None => Ok(()),
        }
    }

    /// Rows were found.
    #[inline]
    pub(super) fn note_rows(
        &self,
        file: FileId,
        rowids: impl IntoIterator<Item = u64>,
    ) -> Result<()> {
        match self.reader_of(file) {
            Some((reader, file)) => reader.tracked.read_rows(file, rowids, reader.newest),
            None => Ok(()),
        }
    }

    /// Index entries were read from `lower` up to, not including, `upper` (whole keys).
    #[inline]
    pub(super) fn note_range(&self, file: FileId, lower: &[u8], upper: &[u8]) -> Result<()> {
        let Some((reader, tracked)) = self.reader_of(file) else {
            return Ok(());
        };
        let lower = lower
            .get(PREFIX_BYTES..)
            .ok_or_else(|| Error::internal("an index key without its file"))?;
        let upper = upper.strip_prefix(&file.prefix());
        reader
            .tracked
            .read_range(tracked, lower, upper, reader.newest)
    }
}
