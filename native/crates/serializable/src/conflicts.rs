//! Conflicts and the dangerous structures that they make (Ports and Grittner, VLDB 2012, sections 3 and 5). A conflict leads
//! from a reader to the concurrent transaction that wrote what it had not seen. Two in a row, first -> pivot -> last, are
//! dangerous where `last` commits before the other two; where `first` only reads, only if `last` had committed when
//! `first` took its snapshot. Whom to fail:
//! 1. the pivot, as long as it can still fail: at once where it acts, at its next step else;
//! 2. else the one that acts.

use helios_base::error::sqlstate;
use helios_base::{Error, Result};

use crate::registry::State;
use crate::transaction::{Id, Transaction};

/// The step at which an error was noticed, as PostgreSQL words it.
pub fn failure(reason: impl Into<String>) -> Error {
    Error::new(
        sqlstate::SERIALIZATION_FAILURE,
        "could not serialize access due to read/write dependencies among transactions",
    )
    .with_detail(format!("Reason code: {}.", reason.into()))
    .with_hint("The transaction might succeed if retried.")
}

impl State {
    /// The transaction has read what `writer` had changed after its snapshot. `newest`: it has read in a newer snapshot
    /// that hides only what is not committed.
    pub fn read_conflict(&mut self, me: Id, writer: Id, newest: bool) -> Result<()> {
        let (Some(mine), Some(theirs)) = (self.get(me), self.get(writer)) else {
            return Ok(());
        };
        let is_over = theirs.is_over_for(mine.begin) || (newest && theirs.committed.is_some());
        if me == writer || theirs.doomed || is_over {
            return Ok(());
        }
        if theirs.old_out {
            if theirs.is_prepared() {
                return Err(failure("Canceled on conflict out to old pivot"));
            }
            self.doom(writer);
            return Ok(());
        }
        let comes_before = |first: u64| first <= mine.begin;
        let is_harmless = mine.read_only
            && theirs.committed.is_some()
            && !theirs.earliest_out.is_some_and(comes_before);
        if is_harmless || mine.conflicts_out.contains(writer) {
            return Ok(());
        }
        self.add_conflict(me, writer, me)
    }

    /// The transaction has written what `reader` had read.
    pub fn write_conflict(&mut self, reader: Id, me: Id) -> Result<()> {
        let (Some(theirs), Some(mine)) = (self.get(reader), self.get(me)) else {
            return Ok(());
        };
        let is_known = mine.conflicts_in.contains(reader);
        if me == reader || theirs.doomed || theirs.is_over_for(mine.begin) || is_known {
            return Ok(());
        }
        self.add_conflict(reader, me, me)
    }

    /// The transaction has read what summarised ones wrote after its snapshot.
    pub fn old_write_conflict(
        &mut self,
        me: Id,
        earliest_out: Option<u64>,
        xid: u64,
    ) -> Result<()> {
        let Some(mine) = self.transactions.get_mut(&me) else {
            return Ok(());
        };
        if earliest_out.is_some_and(|first| !mine.read_only || first <= mine.begin) {
            return Err(failure(format!(
                "Canceled on conflict out to old pivot {xid}"
            )));
        }
        if mine.old_in || !mine.conflicts_in.is_empty() {
            return Err(failure(format!(
                "Canceled on identification as a pivot, with conflict out to old committed transaction {xid}"
            )));
        }
        mine.old_out = true;
        Ok(())
    }

    /// The transaction has written what summarised ones had read, the last of which finished at `until`.
    pub fn old_read_conflict(&mut self, me: Id, until: u64) -> Result<()> {
        let Some(mine) = self.get(me) else {
            return Ok(());
        };
        let came_first = |last: Id| {
            self.get(last)
                .and_then(|last| last.prepared)
                .is_some_and(|at| at <= until)
        };
        if mine.old_out || mine.conflicts_out.iter().any(came_first) {
            return Err(pivot("write"));
        }
        if let Some(mine) = self.transactions.get_mut(&me) {
            mine.old_in = true;
        }
        Ok(())
    }

    fn add_conflict(&mut self, reader: Id, writer: Id, me: Id) -> Result<()> {
        if self.completes_structure(reader, writer) {
            if me == writer {
                return Err(pivot("write"));
            }
            let xid = self.get(writer).map_or(0, |writer| writer.xid);
            if self.get(writer).is_some_and(Transaction::is_prepared) {
                return Err(failure(format!(
                    "Canceled on conflict out to pivot {xid}, during read"
                )));
            }
            self.doom(writer);
        }
        if let Some(reader) = self.transactions.get_mut(&reader) {
            reader.conflicts_out.add(writer);
        }
        if let Some(writer) = self.transactions.get_mut(&writer) {
            writer.conflicts_in.add(reader);
        }
        Ok(())
    }

    /// The conflict would be the first or the second of a dangerous structure whose last transaction commits first.
    fn completes_structure(&self, reader: Id, writer: Id) -> bool {
        let (Some(reader), Some(writer)) = (self.get(reader), self.get(writer)) else {
            return false;
        };
        self.is_pivot_before(reader, writer) || self.is_pivot_after(reader, writer)
    }

    /// reader -> writer -> last: `writer` is the pivot.
    fn is_pivot_before(&self, reader: &Transaction, writer: &Transaction) -> bool {
        if writer.old_out || (writer.committed.is_some() && writer.earliest_out.is_some()) {
            return true;
        }
        writer.conflicts_out.iter().any(|last| {
            let Some(at) = self.get(last).and_then(|last| last.prepared) else {
                return false;
            };
            let precedes = |end: Option<u64>| end.is_none_or(|end| at <= end);
            precedes(reader.committed)
                && precedes(writer.committed)
                && (!reader.read_only || at <= reader.begin)
        })
    }

    /// first -> reader -> writer: `reader` is the pivot, `writer` has come first if it is prepared by now.
    fn is_pivot_after(&self, reader: &Transaction, writer: &Transaction) -> bool {
        let Some(at) = writer.prepared.filter(|_| !reader.read_only) else {
            return false;
        };
        reader.old_in
            || reader
                .conflicts_in
                .iter()
                .filter_map(|first| self.get(first))
                .any(|first| {
                    !first.doomed
                        && first.committed.is_none_or(|end| at <= end)
                        && (!first.read_only || at <= first.begin)
                })
    }

    /// Decides that the transaction commits, which makes it the first of those that have not: every pivot whose last one
    /// it is must fail.
    pub fn prepare(&mut self, me: Id) -> Result<()> {
        let Some(mine) = self.get(me) else {
            return Ok(());
        };
        if mine.is_prepared() {
            return Ok(());
        }
        if mine.doomed {
            return Err(pivot("commit attempt"));
        }
        let pivots: Vec<Id> = mine.conflicts_in.iter().collect();
        for pivot in pivots {
            if !self.is_dangerous_pivot(pivot, me) {
                continue;
            }
            if self.get(pivot).is_some_and(Transaction::is_prepared) {
                return Err(failure(
                    "Canceled on commit attempt with conflict in from prepared pivot",
                ));
            }
            // One that fails makes those after it harmless.
            self.doom(pivot);
        }
        let at = self.tick();
        if let Some(mine) = self.transactions.get_mut(&me) {
            mine.prepared = Some(at);
        }
        Ok(())
    }

    fn is_dangerous_pivot(&self, pivot: Id, last: Id) -> bool {
        let Some(pivot) = self.get(pivot) else {
            return false;
        };
        pivot.committed.is_none()
            && !pivot.doomed
            && pivot.conflicts_in.iter().any(|first| {
                first == last
                    || self.get(first).is_some_and(|first| {
                        first.committed.is_none() && !first.read_only && !first.doomed
                    })
            })
    }

    fn doom(&mut self, id: Id) {
        if let Some(transaction) = self.transactions.get_mut(&id) {
            transaction.doomed = true;
        }
    }

    /// Fails a transaction that must not go on. `step`: what it is about to do.
    pub fn require_not_doomed(&self, me: Id, step: &str) -> Result<()> {
        match self.get(me) {
            Some(mine) if mine.doomed => Err(pivot(step)),
            _ => Ok(()),
        }
    }
}

/// The error of a pivot that fails at this step.
fn pivot(step: &str) -> Error {
    failure(format!(
        "Canceled on identification as a pivot, during {step}"
    ))
}
