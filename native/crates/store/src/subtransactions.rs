//! The ids of a transaction's subtransactions. A savepoint's subtransaction has one from its first write on, and those
//! around it have theirs before: along the open savepoints, outermost first, ids ascend and none is left out.

use helios_base::Result;
use helios_base::bytes::{put_varint, take_varint};

/// Ids that follow each other: the first and the last.
pub type Run = (u64, u64);

/// The ids under which a transaction has written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ids {
    /// The transaction's own; 0 where it has none.
    pub top: u64,
    /// Of the subtransactions that were not rolled back, ascending.
    pub subs: Vec<Run>,
}

impl Ids {
    /// The highest.
    pub fn last(&self) -> u64 {
        self.subs.last().map_or(self.top, |(_, last)| *last)
    }
}

#[derive(Default)]
pub struct Subtransactions {
    /// For each open savepoint, outermost first: how many runs there were in `released` when it was set.
    marks: Vec<usize>,
    /// Ids of the first of them; those after have none yet.
    open: Vec<u64>,
    /// Ids of those that were released: they end as what is around them does.
    released: Vec<Run>,
}

impl Subtransactions {
    /// Open savepoints whose subtransactions have no id yet.
    #[inline]
    pub fn missing(&self) -> usize {
        self.marks.len() - self.open.len()
    }

    /// Gives the missing ones these ids, from the first on.
    pub fn assign(&mut self, first: u64) {
        self.open.extend(first..first + self.missing() as u64);
    }

    /// The innermost one's id, where there is a savepoint and nothing is missing.
    #[inline]
    pub fn current(&self) -> Option<u64> {
        self.open.last().copied()
    }

    /// How many of the open ones have ids.
    pub fn open(&self) -> usize {
        self.open.len()
    }

    pub fn savepoint(&mut self) {
        self.marks.push(self.released.len());
    }

    /// The savepoint of this depth (from 1) and those within it are gone; their ids stay.
    pub fn release(&mut self, depth: usize) {
        let Some(level) = depth.checked_sub(1) else {
            return;
        };
        while self.marks.len() > level {
            let Some(mark) = self.marks.pop() else { break };
            if self.open.len() > self.marks.len()
                && let Some(xid) = self.open.pop()
            {
                self.insert(mark, xid);
            }
        }
    }

    /// Adds an id that is above those of the runs before the place, and below those from there on.
    fn insert(&mut self, place: usize, xid: u64) {
        let follows = place
            .checked_sub(1)
            .is_some_and(|before| self.released[before].1 + 1 == xid);
        let leads = self
            .released
            .get(place)
            .is_some_and(|(first, _)| xid + 1 == *first);
        match (follows, leads) {
            (true, true) => self.released[place - 1].1 = self.released.remove(place).1,
            (true, false) => self.released[place - 1].1 = xid,
            (false, true) => self.released[place].0 = xid,
            (false, false) => self.released.insert(place, (xid, xid)),
        }
    }

    /// Takes back what came after the savepoint of this depth, which begins anew: the ids that are rolled back.
    pub fn rollback_to(&mut self, depth: usize) -> Vec<Run> {
        let level = depth.checked_sub(1);
        let Some((level, mark)) = level.and_then(|level| Some((level, *self.marks.get(level)?)))
        else {
            return Vec::new();
        };
        self.release(depth + 1);
        let mut gone = self.released.split_off(mark);
        for xid in self.open.drain(level.min(self.open.len())..) {
            match gone.first_mut() {
                Some((first, _)) if xid + 1 == *first => *first = xid,
                _ => gone.insert(0, (xid, xid)),
            }
        }
        gone
    }

    /// All that were not rolled back.
    pub fn take(&mut self) -> Vec<Run> {
        self.release(1);
        std::mem::take(&mut self.released)
    }

    pub fn contains(&self, xid: u64) -> bool {
        let after = self.released.partition_point(|(first, _)| *first <= xid);
        let released = after
            .checked_sub(1)
            .is_some_and(|place| xid <= self.released[place].1);
        released || self.open.binary_search(&xid).is_ok()
    }
}

pub fn put_runs(runs: &[Run], out: &mut Vec<u8>) {
    put_varint(out, runs.len() as u64);
    let mut before = 0;
    for (first, last) in runs {
        put_varint(out, first - before);
        put_varint(out, last - first);
        before = *last;
    }
}

pub fn take_runs(bytes: &[u8], at: &mut usize) -> Result<Vec<Run>> {
    let count = take_varint(bytes, at)?;
    let mut runs = Vec::new();
    let mut before = 0u64;
    for _ in 0..count {
        let first = before.wrapping_add(take_varint(bytes, at)?);
        before = first.wrapping_add(take_varint(bytes, at)?);
        runs.push((first, before));
    }
    Ok(runs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn released_ones_stay_and_rolled_back_ones_go() {
        let mut subs = Subtransactions::default();
        subs.savepoint();
        subs.savepoint();
        subs.assign(11);
        assert_eq!(subs.current(), Some(12));
        subs.savepoint();
        subs.assign(20);
        subs.release(3);
        subs.savepoint();
        subs.assign(21);
        subs.release(3);
        assert!([11, 12, 20, 21].iter().all(|xid| subs.contains(*xid)));
        assert!(!subs.contains(13) && !subs.contains(10) && !subs.contains(22));
        assert_eq!(subs.rollback_to(2), [(12, 12), (20, 21)]);
        assert_eq!((subs.missing(), subs.current()), (1, Some(11)));
        subs.assign(30);
        subs.release(2);
        assert_eq!(subs.take(), [(11, 11), (30, 30)]);
    }

    #[test]
    fn runs_round_trip() {
        let runs = vec![(731, 731), (740, 80_000), (1 << 40, (1 << 40) + 3)];
        let mut bytes = Vec::new();
        put_runs(&runs, &mut bytes);
        let mut at = 0;
        assert_eq!(take_runs(&bytes, &mut at), Ok(runs));
        assert_eq!(at, bytes.len());
    }
}
