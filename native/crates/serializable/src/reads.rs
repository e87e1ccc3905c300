//! Reads: each is noted, in parts as small as the limits allow, and checked against what others have written since the
//! snapshot. Parts grow as PostgreSQL's predicate locks do, rows to pages to relations; ranges of index keys are joined
//! with their neighbours.

use std::sync::Arc;

use helios_base::Result;

use crate::ranges::{Range, RangeChange};
use crate::registry::{State, Tracked};
use crate::targets::{File, OldWriters, Targets, page_of, remove_holder};
use crate::transaction::{FileReads, Id};

impl Tracked {
    /// The whole relation is about to be read. `newest`: here and below, in a newer snapshot than the transaction's, as
    /// foreign keys' checks read. Errors: 40001, here and below.
    pub fn read_file(&self, file: File, newest: bool) -> Result<()> {
        let mut state = self.state();
        state.begin_read(self.id())?;
        state.note_whole(self.id(), file);
        let Some(targets) = state.files.get(&file) else {
            return Ok(());
        };
        let writers = targets.writers_by_place();
        state.check_writers(self.id(), file, writers, newest)
    }

    /// Rows have been read.
    pub fn read_rows(
        &self,
        file: File,
        rowids: impl IntoIterator<Item = u64>,
        newest: bool,
    ) -> Result<()> {
        let mut state = self.state();
        state.begin_read(self.id())?;
        for rowid in rowids {
            state.note_row(self.id(), file, rowid);
            let Some(targets) = state.files.get(&file) else {
                continue;
            };
            let mut writers = Vec::new();
            targets.writers_of_row(rowid, &mut writers);
            state.check_writers(self.id(), file, writers, newest)?;
        }
        Ok(())
    }

    /// All entries of an index from `lower` up to, not including, `upper` have been read.
    pub fn read_range(
        &self,
        file: File,
        lower: &[u8],
        upper: Option<&[u8]>,
        newest: bool,
    ) -> Result<()> {
        let range = Range::new(lower, upper);
        let mut state = self.state();
        state.begin_read(self.id())?;
        let mut writers = Vec::new();
        if let Some(targets) = state.files.get(&file) {
            targets.writers_in(&range, &mut writers);
        }
        state.note_range(self.id(), file, range);
        state.check_writers(self.id(), file, writers, newest)
    }
}

impl State {
    fn begin_read(&mut self, me: Id) -> Result<()> {
        self.require_not_doomed(me, "conflict out checking")
    }

    fn check_writers(&mut self, me: Id, file: File, writers: Vec<Id>, newest: bool) -> Result<()> {
        for writer in writers {
            self.read_conflict(me, writer, newest)?;
        }
        let begin = self.get(me).map_or(0, |mine| mine.begin);
        let old = self.files.get(&file).and_then(|file| file.old_writers);
        match old {
            Some(OldWriters {
                until,
                earliest_out,
                xid,
            }) if until > begin && !newest => self.old_write_conflict(me, earliest_out, xid),
            _ => Ok(()),
        }
    }

    /// Makes room for one more read lock: what is oldest is remembered less exactly.
    fn reserve(&mut self) -> bool {
        while self.lock_count >= self.limits.in_all() {
            let Some(oldest) = self.finished.pop_front() else {
                return false;
            };
            self.summarise(oldest);
        }
        true
    }

    pub(crate) fn note_whole(&mut self, me: Id, file: File) {
        let Some(mine) = self.transactions.get_mut(&me) else {
            return;
        };
        let reads = mine.reads.entry(file).or_default();
        if reads.whole {
            return;
        }
        let targets = self.files.entry(file).or_default();
        self.lock_count -= reads.count();
        forget_parts(reads, targets, me);
        reads.whole = true;
        targets.whole.push(me);
        self.lock_count += 1;
    }

    fn note_row(&mut self, me: Id, file: File, rowid: u64) {
        let page = page_of(rowid);
        let limits = self.limits;
        let is_known = |reads: &FileReads| reads.has_row(page, rowid);
        let mine = self.get(me);
        if mine.is_none_or(|mine| mine.reads.get(&file).is_some_and(is_known)) {
            return;
        }
        if !self.reserve() {
            return self.note_whole(me, file);
        }
        let (Some(mine), targets) = (
            self.transactions.get_mut(&me),
            self.files.entry(file).or_default(),
        ) else {
            return;
        };
        let reads = mine.reads.entry(file).or_default();
        let rows = reads.rows.entry(page).or_default();
        let before = rows.len();
        if before >= limits.per_page() {
            for row in reads.rows.remove(&page).unwrap_or_default() {
                remove_holder(&mut targets.rows, &row, me);
            }
            reads.row_count -= before;
            self.lock_count -= before;
            reads.pages.insert(page);
            targets.pages.entry(page).or_default().push(me);
        } else {
            rows.push(rowid);
            reads.row_count += 1;
            targets.rows.entry(rowid).or_default().push(me);
        }
        self.lock_count += 1;
        if reads.row_count + reads.pages.len() > limits.per_relation() {
            self.note_whole(me, file);
        }
    }

    fn note_range(&mut self, me: Id, file: File, range: Range) {
        if !self.reserve() {
            return self.note_whole(me, file);
        }
        let most = self.limits.per_relation();
        let Some(mine) = self.transactions.get_mut(&me) else {
            return;
        };
        let reads = mine.reads.entry(file).or_default();
        if reads.whole {
            return;
        }
        let targets = self.files.entry(file).or_default();
        let before = reads.ranges.len();
        apply(reads.ranges.add(range), targets, me);
        if reads.ranges.len() > most.max(1) {
            apply(reads.ranges.join_closest(), targets, me);
        }
        self.lock_count = self.lock_count + reads.ranges.len() - before;
        if most == 0 {
            self.note_whole(me, file);
        }
    }

    /// Forgets all that a transaction has read.
    pub fn forget_reads(&mut self, id: Id) {
        let Some(transaction) = self.transactions.get_mut(&id) else {
            return;
        };
        for (file, mut reads) in std::mem::take(&mut transaction.reads) {
            self.lock_count -= reads.count();
            let Some(targets) = self.files.get_mut(&file) else {
                continue;
            };
            if reads.whole {
                targets.whole.retain(|other| *other != id);
            }
            forget_parts(&mut reads, targets, id);
            if targets.is_empty() {
                self.files.remove(&file);
            }
        }
    }

    /// The transaction is about to change a row that it has read: the row's lock keeps others from changing it, too.
    pub fn forget_own_row(&mut self, me: Id, file: File, rowid: u64) {
        let Some(mine) = self.transactions.get_mut(&me) else {
            return;
        };
        let Some(reads) = mine.reads.get_mut(&file) else {
            return;
        };
        let page = page_of(rowid);
        let Some(rows) = reads.rows.get_mut(&page) else {
            return;
        };
        let Some(at) = rows.iter().position(|row| *row == rowid) else {
            return;
        };
        rows.swap_remove(at);
        if rows.is_empty() {
            reads.rows.remove(&page);
        }
        reads.row_count -= 1;
        self.lock_count -= 1;
        if let Some(targets) = self.files.get_mut(&file) {
            remove_holder(&mut targets.rows, &rowid, me);
        }
    }

    pub fn replace_file(&mut self, old: File, new: File) {
        let Some(targets) = self.files.get(&old) else {
            return;
        };
        let mut readers = Vec::new();
        targets.readers(&mut readers);
        let old_readers = targets.old_readers;
        for reader in readers {
            self.note_whole(reader, new);
        }
        if old_readers > 0 {
            let targets = self.files.entry(new).or_default();
            targets.old_readers = targets.old_readers.max(old_readers);
        }
    }
}

fn apply(change: RangeChange, targets: &mut Targets, me: Id) {
    for range in &change.removed {
        targets.ranges.remove(range, me);
    }
    if let Some(range) = &change.added {
        targets.ranges.add(&Arc::clone(range), me);
    }
}

/// Takes a transaction's read parts of a file out of it, all but the whole.
fn forget_parts(reads: &mut FileReads, targets: &mut Targets, me: Id) {
    for row in reads.rows.drain().flat_map(|(_, rows)| rows) {
        remove_holder(&mut targets.rows, &row, me);
    }
    reads.row_count = 0;
    for page in reads.pages.drain() {
        remove_holder(&mut targets.pages, &page, me);
    }
    for range in reads.ranges.take() {
        targets.ranges.remove(&range, me);
    }
}
