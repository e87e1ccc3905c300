//! Writes: each is checked against what others have read, and noted for those that will read it in an older snapshot.
//! Which rows and keys were written is remembered up to limits; past them all of a file counts as written.

use std::collections::HashMap;

use helios_base::Result;

use crate::registry::{State, Tracked};
use crate::targets::{File, remove_holder};
use crate::transaction::{Id, Transaction, Write};

/// Writes of one transaction that are remembered one by one.
const WRITES_MAX: usize = 1 << 16;
/// The same for all transactions together, at some 200 bytes each.
const WRITES_IN_ALL: usize = 1 << 18;

/// A row's change.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    /// Nobody can have read it: only reads of the whole relation are in its way.
    New,
    Existing,
}

impl Tracked {
    /// New rows are about to be written; `xid` is the transaction's id. Errors: 40001, here and below.
    pub fn insert_rows(
        &self,
        file: File,
        rowids: impl IntoIterator<Item = u64>,
        xid: u64,
    ) -> Result<()> {
        let mut state = self.state();
        state.begin_write(self.id(), xid)?;
        let mut readers = Vec::new();
        if let Some(targets) = state.files.get(&file) {
            readers.extend(&targets.whole);
        }
        state.check_readers(self.id(), file, readers)?;
        for rowid in rowids {
            state.note_row_written(self.id(), file, rowid, Change::New);
        }
        Ok(())
    }

    /// A row is about to be changed or deleted.
    pub fn change_row(&self, file: File, rowid: u64, xid: u64) -> Result<()> {
        let mut state = self.state();
        state.begin_write(self.id(), xid)?;
        if state
            .get(self.id())
            .is_some_and(|mine| mine.savepoints.is_empty())
        {
            state.forget_own_row(self.id(), file, rowid);
        }
        let mut readers = Vec::new();
        if let Some(targets) = state.files.get(&file) {
            targets.readers_of_row(rowid, &mut readers);
        }
        state.check_readers(self.id(), file, readers)?;
        state.note_row_written(self.id(), file, rowid, Change::Existing);
        Ok(())
    }

    /// An entry is about to come into an index; the key ends with the rowid.
    pub fn insert_key(&self, file: File, key: &[u8], xid: u64) -> Result<()> {
        let mut state = self.state();
        state.begin_write(self.id(), xid)?;
        state.check_key(self.id(), file, key)?;
        state.note_key_written(self.id(), file, key);
        Ok(())
    }

    /// A unique key was found to be there already: before that is said, a conflict that explains it has precedence.
    pub fn refused_key(&self, file: File, key: &[u8]) -> Result<()> {
        let mut state = self.state();
        state.require_not_doomed(self.id(), "conflict in checking")?;
        state.check_key(self.id(), file, key)
    }

    /// All rows of a relation are about to go: whoever sees them still reads what was written here. An index that goes says
    /// nothing about rows.
    pub fn drop_file(&self, file: File, xid: u64) -> Result<()> {
        let mut state = self.state();
        state.begin_write(self.id(), xid)?;
        let mut readers = Vec::new();
        if let Some(targets) = state.files.get(&file) {
            targets.readers_of_rows(&mut readers);
        }
        state.check_readers(self.id(), file, readers)?;
        state.note_all_written(self.id(), file);
        Ok(())
    }

    /// Marks a savepoint: what is written from here on can be taken back.
    pub fn savepoint(&self) {
        if let Some(mine) = self.state().transactions.get_mut(&self.id()) {
            mine.savepoints.push(mine.writes.len());
        }
    }

    /// Takes back what was written since the savepoint of this depth (1 for the first), which stays. What was read stays
    /// read.
    pub fn rollback_to(&self, depth: usize) {
        self.state().roll_back_to(self.id(), depth);
    }

    /// Ends savepoints down to and including this depth.
    pub fn release(&self, depth: usize) {
        if let Some(mine) = self.state().transactions.get_mut(&self.id()) {
            mine.savepoints.truncate(depth.saturating_sub(1));
        }
    }
}

impl State {
    fn begin_write(&mut self, me: Id, xid: u64) -> Result<()> {
        self.require_not_doomed(me, "conflict in checking")?;
        if let Some(mine) = self.transactions.get_mut(&me) {
            mine.wrote = true;
            mine.xid = xid;
        }
        Ok(())
    }

    fn check_key(&mut self, me: Id, file: File, key: &[u8]) -> Result<()> {
        let mut readers = Vec::new();
        if let Some(targets) = self.files.get(&file) {
            targets.readers_of_key(key, &mut readers);
        }
        self.check_readers(me, file, readers)
    }

    fn check_readers(&mut self, me: Id, file: File, readers: Vec<Id>) -> Result<()> {
        for reader in readers {
            self.write_conflict(reader, me)?;
        }
        let begin = self.get(me).map_or(0, |mine| mine.begin);
        let until = self.files.get(&file).map_or(0, |file| file.old_readers);
        if until > begin {
            self.old_read_conflict(me, until)?;
        }
        Ok(())
    }

    fn note_row_written(&mut self, me: Id, file: File, rowid: u64, change: Change) {
        if !self.counts_write(me, file) {
            return;
        }
        let Some(mine) = self.transactions.get_mut(&me) else {
            return;
        };
        let targets = self.files.entry(file).or_default();
        let writers = targets.row_writers.entry(rowid).or_default();
        if change == Change::Existing && writers.contains(&me) {
            return;
        }
        writers.push(me);
        let written = targets.writers.entry(me).or_default();
        written.first = if written.count == 0 {
            rowid
        } else {
            written.first.min(rowid)
        };
        written.count += 1;
        mine.writes.push(Write::Row(file, rowid));
        self.write_count += 1;
    }

    fn note_key_written(&mut self, me: Id, file: File, key: &[u8]) {
        if !self.counts_write(me, file) {
            return;
        }
        let Some(mine) = self.transactions.get_mut(&me) else {
            return;
        };
        let targets = self.files.entry(file).or_default();
        let writers = targets.key_writers.entry(key.into()).or_default();
        if writers.contains(&me) {
            return;
        }
        writers.push(me);
        targets.writers.entry(me).or_default().count += 1;
        mine.writes.push(Write::Key(file, key.into()));
        self.write_count += 1;
    }

    pub(crate) fn note_all_written(&mut self, me: Id, file: File) {
        if let Some(mine) = self.transactions.get_mut(&me) {
            mine.files_written.insert(file);
            let targets = self.files.entry(file).or_default();
            targets.writers.entry(me).or_default().all = true;
        }
    }

    /// False where all of the file counts as written, from now on or already.
    fn counts_write(&mut self, me: Id, file: File) -> bool {
        let Some(mine) = self.transactions.get_mut(&me) else {
            return false;
        };
        mine.files_written.insert(file);
        while let Some(fullest) = self.fullest(me) {
            self.coarsen(fullest);
        }
        let written = self
            .files
            .get(&file)
            .and_then(|targets| targets.writers.get(&me));
        written.is_none_or(|written| !written.all)
    }

    /// The transaction that has to make room before another write of this one is noted.
    fn fullest(&self, me: Id) -> Option<Id> {
        let noted = |one: &Transaction| one.writes.len();
        if self.get(me).map_or(0, noted) >= WRITES_MAX {
            return Some(me);
        }
        if self.write_count < WRITES_IN_ALL {
            return None;
        }
        let all = self.transactions.iter();
        all.max_by_key(|(_, one)| noted(one)).map(|(id, _)| *id)
    }

    /// The file in which a transaction has written most counts as written as a whole.
    fn coarsen(&mut self, id: Id) {
        let Some(mine) = self.transactions.get_mut(&id) else {
            return;
        };
        let mut counts: HashMap<File, usize> = HashMap::new();
        for write in &mine.writes {
            *counts.entry(write.file()).or_default() += 1;
        }
        let largest = counts
            .into_iter()
            .max_by_key(|(file, count)| (*count, *file));
        let Some((largest, _)) = largest else {
            return;
        };
        let mut left = Vec::new();
        let mut gone = Vec::new();
        let mut savepoints = mine.savepoints.iter_mut().peekable();
        for (index, write) in mine.writes.drain(..).enumerate() {
            while let Some(mark) = savepoints.next_if(|mark| **mark <= index) {
                *mark = left.len();
            }
            let part = if write.file() == largest {
                &mut gone
            } else {
                &mut left
            };
            part.push(write);
        }
        savepoints.for_each(|mark| *mark = left.len());
        mine.writes = left;
        self.write_count -= gone.len();
        self.note_all_written(id, largest);
        for write in gone {
            self.take_back(id, &write);
        }
    }

    fn roll_back_to(&mut self, me: Id, depth: usize) {
        let Some(mine) = self.transactions.get_mut(&me) else {
            return;
        };
        let Some(mark) = depth
            .checked_sub(1)
            .and_then(|index| mine.savepoints.get(index))
            .copied()
        else {
            return;
        };
        mine.savepoints.truncate(depth);
        let undone = mine.writes.split_off(mark.min(mine.writes.len()));
        self.write_count -= undone.len();
        for write in undone {
            self.take_back(me, &write);
        }
    }

    fn take_back(&mut self, me: Id, write: &Write) {
        let file = write.file();
        let Some(targets) = self.files.get_mut(&file) else {
            return;
        };
        match write {
            Write::Row(_, rowid) => remove_holder(&mut targets.row_writers, rowid, me),
            Write::Key(_, key) => {
                if let Some(writers) = targets.key_writers.get_mut(key) {
                    writers.retain(|other| *other != me);
                    if writers.is_empty() {
                        targets.key_writers.remove(key);
                    }
                }
            }
        }
        if let Some(written) = targets.writers.get_mut(&me) {
            written.count = written.count.saturating_sub(1);
            if written.count == 0 && !written.all {
                targets.writers.remove(&me);
            }
        }
        if targets.is_empty() {
            self.files.remove(&file);
        }
    }

    /// Forgets all that a transaction has written.
    pub fn forget_writes(&mut self, id: Id) {
        let Some(transaction) = self.transactions.get_mut(&id) else {
            return;
        };
        let files = std::mem::take(&mut transaction.files_written);
        let writes = std::mem::take(&mut transaction.writes);
        self.write_count -= writes.len();
        for write in writes {
            self.take_back(id, &write);
        }
        for file in files {
            let Some(targets) = self.files.get_mut(&file) else {
                continue;
            };
            targets.writers.remove(&id);
            if targets.is_empty() {
                self.files.remove(&file);
            }
        }
    }
}
