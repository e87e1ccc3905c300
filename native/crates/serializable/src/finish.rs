//! The end of transactions: what a commit leaves behind, and when it can be forgotten. A finished transaction matters as
//! long as one is active that began before it finished; too many of them are summarised.

use crate::registry::{Registry, State};
use crate::safe::Waker;
use crate::targets::{File, OldWriters};
use crate::transaction::{Id, Transaction};

impl Registry {
    /// Another file takes the place of a relation's or an index's one, whoever did it (a rewrite; an index that is built
    /// anew or dropped, whose readers the table's file gets): who has read of the old one counts as having read all of it.
    pub fn replace_file(&self, old: File, new: File) {
        self.lock().replace_file(old, new);
    }
}

impl State {
    /// Ends a transaction; whom to wake when the registry is free again.
    pub fn finish(&mut self, id: Id, commits: bool) -> Vec<Waker> {
        let mut wakers = Vec::new();
        self.active.remove(&id);
        if !self.transactions.contains_key(&id) {
            return wakers;
        }
        if commits {
            self.note_committed(id);
        }
        self.stop_watching(id);
        self.settle_watchers(id, &mut wakers);
        if commits {
            self.finished.push_back(id);
        } else {
            self.remove(id);
        }
        self.clean();
        wakers
    }

    fn note_committed(&mut self, id: Id) {
        let at = self.tick();
        let Some(mine) = self.transactions.get_mut(&id) else {
            return;
        };
        mine.committed = Some(at);
        mine.prepared.get_or_insert(at);
        mine.read_only |= !mine.wrote;
        mine.tracking.end();
        mine.savepoints.clear();
        // Conflicts with what has committed before say no more than when the first of those commits came.
        let (read_only, out, into) = (
            mine.read_only,
            mine.conflicts_out.clone(),
            mine.conflicts_in.clone(),
        );
        let ended = |one: Id| self.get(one).is_none_or(|one| one.committed.is_some());
        let settled: Vec<Id> = out.iter().filter(|last| ended(*last)).collect();
        let first = settled
            .iter()
            .filter_map(|last| self.get(*last).and_then(|last| last.prepared))
            .min();
        let reads_only = |one: Id| self.get(one).is_some_and(|one| one.read_only);
        let harmless: Vec<Id> = into
            .iter()
            .filter(|first| ended(*first) || reads_only(*first))
            .collect();
        if let Some(mine) = self.transactions.get_mut(&id).filter(|_| !read_only) {
            // When a summarised one came is not known: before everything.
            mine.earliest_out = if mine.old_out { Some(0) } else { first };
        }
        settled.iter().for_each(|last| self.unlink(id, *last));
        harmless.iter().for_each(|first| self.unlink(*first, id));
    }

    fn unlink(&mut self, reader: Id, writer: Id) {
        if let Some(reader) = self.transactions.get_mut(&reader) {
            reader.conflicts_out.remove(writer);
        }
        if let Some(writer) = self.transactions.get_mut(&writer) {
            writer.conflicts_in.remove(reader);
        }
    }

    /// A read-only transaction ends: its writers need not tell it any more.
    fn stop_watching(&mut self, id: Id) {
        let Some(mine) = self.transactions.get_mut(&id) else {
            return;
        };
        if !mine.declared_read_only {
            return;
        }
        for writer in std::mem::take(&mut mine.watched) {
            if let Some(writer) = self.transactions.get_mut(&writer) {
                writer.watched.remove(&id);
            }
        }
    }

    /// Forgets a transaction.
    pub fn remove(&mut self, id: Id) -> Option<Transaction> {
        self.forget_reads(id);
        self.forget_writes(id);
        self.active.remove(&id);
        let removed = self.transactions.remove(&id)?;
        for writer in removed.conflicts_out.iter() {
            if let Some(writer) = self.transactions.get_mut(&writer) {
                writer.conflicts_in.remove(id);
            }
        }
        for reader in removed.conflicts_in.iter() {
            if let Some(reader) = self.transactions.get_mut(&reader) {
                reader.conflicts_out.remove(id);
            }
        }
        Some(removed)
    }

    fn clean(&mut self) {
        let active = || self.active.iter().filter_map(|id| self.get(*id));
        let oldest = active().map(|one| one.begin).min();
        let has_writers = active().any(|one| !one.read_only);
        while let Some(front) = self.finished.front().copied() {
            let is_over = match (oldest, self.get(front)) {
                (Some(oldest), Some(front)) => front.is_over_for(oldest),
                _ => true,
            };
            if !is_over {
                break;
            }
            self.finished.pop_front();
            self.remove(front);
        }
        if !has_writers {
            // Nobody is left to write what they have read.
            for id in self.finished.clone() {
                self.forget_reads(id);
            }
        }
        while self.finished.len() > self.limits.finished() {
            if let Some(oldest) = self.finished.pop_front() {
                self.summarise(oldest);
            }
        }
        if self.has_summaries {
            self.clean_summaries(oldest.unwrap_or(u64::MAX));
        }
    }

    /// Forgets summaries of what had finished before any active transaction began.
    fn clean_summaries(&mut self, oldest: u64) {
        self.has_summaries = false;
        self.files.retain(|_, targets| {
            if targets.old_readers <= oldest {
                targets.old_readers = 0;
            }
            targets.old_writers = targets.old_writers.filter(|old| old.until > oldest);
            self.has_summaries |= targets.old_readers > 0 || targets.old_writers.is_some();
            !targets.is_empty()
        });
    }

    /// Keeps of a finished transaction only which files it has read and written, and tells its conflicts.
    pub fn summarise(&mut self, id: Id) {
        let Some(transaction) = self.get(id) else {
            return;
        };
        let until = transaction.committed.unwrap_or(self.clock);
        let (earliest_out, xid) = (transaction.earliest_out, transaction.xid);
        let read: Vec<File> = transaction.reads.keys().copied().collect();
        let written: Vec<File> = transaction.files_written.iter().copied().collect();
        let Some(removed) = self.remove(id) else {
            return;
        };
        for reader in removed.conflicts_in.iter() {
            if let Some(reader) = self.transactions.get_mut(&reader) {
                reader.old_out = true;
            }
        }
        for writer in removed.conflicts_out.iter() {
            if let Some(writer) = self.transactions.get_mut(&writer) {
                writer.old_in = true;
            }
        }
        self.has_summaries |= !read.is_empty() || !written.is_empty();
        for file in read {
            let targets = self.files.entry(file).or_default();
            targets.old_readers = targets.old_readers.max(until);
        }
        for file in written {
            let targets = self.files.entry(file).or_default();
            let known = targets.old_writers;
            let first = known.and_then(|old| old.earliest_out);
            targets.old_writers = Some(OldWriters {
                until: until.max(known.map_or(0, |old| old.until)),
                earliest_out: first.into_iter().chain(earliest_out).min(),
                xid,
            });
        }
    }
}
