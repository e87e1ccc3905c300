//! What became of transaction ids: which are in progress, which commits a snapshot does not see, which have committed.
//!
//! Ids of commits are bits, in pages of facts: those since the last flush are kept here by memtable and go to the base
//! with it, so that log and base say the same after a crash. An id that is neither in progress nor committed was rolled
//! back.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Mutex;

use helios_base::Result;
use helios_base::sync::lock;

use crate::base::BaseReader;
use crate::key::meta_key;
use crate::store::{META_COMMITTED, Store};
use crate::subtransactions::{Ids, Run};

/// First transaction id of a new directory: the one after those that its catalogs call frozen (datfrozenxid).
pub const FIRST_XID: u64 = 731;
const PAGE_BYTES: usize = 2048;
const PAGE_XIDS: u64 = PAGE_BYTES as u64 * 8;
/// Commits that a snapshot may have missed are told apart among this many.
const RECENT_MAX: usize = 1 << 16;

/// Ids as bits, by page.
pub type Pages = HashMap<u64, Box<[u8; PAGE_BYTES]>>;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    RolledBack = 0,
    Committed = 1,
    InProgress = 2,
    /// Not assigned yet.
    Future = 3,
}

pub struct Xids {
    inner: Mutex<Inner>,
}

struct Inner {
    next: u64,
    running: BTreeSet<u64>,
    /// Those of their subtransactions that were not rolled back.
    running_subs: Pages,
    /// Of open subtransactions, by session.
    open: HashMap<u32, Vec<u64>>,
    /// The highest id that has ended.
    ended: u64,
    /// The last commits, by sequence.
    recent: VecDeque<(u64, u64)>,
    /// Commits that are not in the base yet: the oldest memtable's first.
    committed: VecDeque<Pages>,
}

impl Default for Xids {
    fn default() -> Xids {
        Xids {
            inner: Mutex::new(Inner {
                next: FIRST_XID,
                running: BTreeSet::new(),
                running_subs: Pages::new(),
                open: HashMap::new(),
                ended: FIRST_XID - 1,
                recent: VecDeque::new(),
                committed: VecDeque::from([Pages::new()]),
            }),
        }
    }
}

impl Xids {
    /// The id that the next transaction gets.
    pub fn next(&self) -> u64 {
        lock(&self.inner).next
    }

    pub(crate) fn assign(&self) -> u64 {
        let mut inner = lock(&self.inner);
        let xid = inner.next;
        inner.next += 1;
        inner.running.insert(xid);
        xid
    }

    /// So many ids for open subtransactions of the session, outermost first: the first of them.
    pub(crate) fn assign_subs(&self, session: u32, count: usize) -> u64 {
        let mut inner = lock(&self.inner);
        let first = inner.next;
        inner.next += count as u64;
        let ids = first..inner.next;
        ids.clone()
            .for_each(|xid| set(&mut inner.running_subs, xid));
        inner.open.entry(session).or_default().extend(ids);
        first
    }

    /// Of the session's open subtransactions only the first ones are open still.
    pub(crate) fn keep_open(&self, session: u32, count: usize) {
        lock(&self.inner).keep_open(session, count);
    }

    /// Some of the session's subtransactions were rolled back; of the open ones the first are open still.
    pub(crate) fn roll_back_subs(&self, session: u32, open: usize, ids: &[Run]) {
        let mut inner = lock(&self.inner);
        inner.keep_open(session, open);
        inner.end_subs(ids);
    }

    /// Ids of open subtransactions, each with its session.
    pub fn open_subs(&self) -> Vec<(u32, u64)> {
        let inner = lock(&self.inner);
        let open = inner.open.iter();
        open.flat_map(|(session, ids)| ids.iter().map(|xid| (*session, *xid)))
            .collect()
    }

    /// Ids below this one were assigned before the process began.
    pub(crate) fn raise(&self, next: u64) {
        let mut inner = lock(&self.inner);
        inner.next = inner.next.max(next);
        inner.ended = inner.ended.max(inner.next - 1);
    }

    /// A prepared transaction's ids are in progress still.
    pub(crate) fn resume(&self, ids: &Ids) {
        let mut inner = lock(&self.inner);
        inner.running.insert(ids.top);
        for xid in each(&ids.subs) {
            set(&mut inner.running_subs, xid);
        }
    }

    /// It is about to be visible under the sequence.
    pub(crate) fn commit(&self, ids: &Ids, sequence: u64) {
        if ids.top < FIRST_XID {
            return;
        }
        let mut inner = lock(&self.inner);
        inner.end(ids);
        inner.recent.push_back((sequence, ids.top));
        if inner.recent.len() > RECENT_MAX {
            inner.recent.pop_front();
        }
        if let Some(newest) = inner.committed.back_mut() {
            set(newest, ids.top);
            each(&ids.subs).for_each(|xid| set(newest, xid));
        }
    }

    pub(crate) fn roll_back(&self, ids: &Ids) {
        if ids.top >= FIRST_XID {
            lock(&self.inner).end(ids);
        }
    }

    /// What a snapshot of the sequence doesn't see: all ids from the first number on, and those of the list, ascending.
    pub fn unseen(&self, sequence: u64) -> (u64, Vec<u64>) {
        let inner = lock(&self.inner);
        let since = inner.recent.iter().rev();
        let mut unseen: Vec<u64> = since
            .take_while(|(committed, _)| *committed > sequence)
            .map(|(_, xid)| *xid)
            .collect();
        let next = inner.ended + 1;
        unseen.extend(inner.running.range(..next));
        unseen.sort_unstable();
        (next, unseen)
    }

    /// A memtable is full: what follows goes with the next one.
    pub(crate) fn begin_memtable(&self) {
        lock(&self.inner).committed.push_back(Pages::new());
    }

    /// Pages of the oldest memtable's commits as they will be in the base.
    pub(crate) fn facts(&self, reader: &dyn BaseReader) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let oldest = lock(&self.inner).committed.front().cloned();
        let mut facts = Vec::new();
        for (number, mut page) in oldest.into_iter().flatten() {
            let key = page_key(number);
            if let Some(before) = reader.get(&key)? {
                page.iter_mut()
                    .zip(before)
                    .for_each(|(new, old)| *new |= old);
            }
            facts.push((key, page.to_vec()));
        }
        Ok(facts)
    }

    /// The oldest memtable is in the base.
    pub(crate) fn flushed(&self) {
        lock(&self.inner).committed.pop_front();
    }

    /// None: the base must say whether it has committed.
    fn status(&self, xid: u64) -> Option<Status> {
        let inner = lock(&self.inner);
        if xid >= inner.next {
            return Some(Status::Future);
        }
        if xid < FIRST_XID {
            return Some(Status::Committed);
        }
        if inner.running.contains(&xid) || has(&inner.running_subs, xid) {
            return Some(Status::InProgress);
        }
        let committed = inner.committed.iter().any(|pages| has(pages, xid));
        committed.then_some(Status::Committed)
    }
}

impl Inner {
    fn end(&mut self, ids: &Ids) {
        self.running.remove(&ids.top);
        self.ended = self.ended.max(ids.top);
        self.end_subs(&ids.subs);
    }

    fn end_subs(&mut self, ids: &[Run]) {
        for (first, last) in ids {
            for number in first / PAGE_XIDS..=last / PAGE_XIDS {
                let Some(page) = self.running_subs.get_mut(&number) else {
                    continue;
                };
                let from = (*first).max(number * PAGE_XIDS);
                let to = (*last).min(number * PAGE_XIDS + PAGE_XIDS - 1);
                for xid in from..=to {
                    let (byte, bit) = place(xid);
                    page[byte] &= !bit;
                }
                if page.iter().all(|byte| *byte == 0) {
                    self.running_subs.remove(&number);
                }
            }
            self.ended = self.ended.max(*last);
        }
    }

    fn keep_open(&mut self, session: u32, count: usize) {
        if count == 0 {
            self.open.remove(&session);
        } else if let Some(open) = self.open.get_mut(&session) {
            open.truncate(count);
        }
    }
}

fn each(runs: &[Run]) -> impl Iterator<Item = u64> + '_ {
    runs.iter().flat_map(|(first, last)| *first..=*last)
}

fn set(pages: &mut Pages, xid: u64) {
    let page = pages
        .entry(xid / PAGE_XIDS)
        .or_insert_with(|| Box::new([0; PAGE_BYTES]));
    let (byte, bit) = place(xid);
    page[byte] |= bit;
}

fn has(pages: &Pages, xid: u64) -> bool {
    let (byte, bit) = place(xid);
    let page = pages.get(&(xid / PAGE_XIDS));
    page.is_some_and(|page| page[byte] & bit != 0)
}

fn place(xid: u64) -> (usize, u8) {
    let within = (xid % PAGE_XIDS) as usize;
    (within / 8, 1 << (within % 8))
}

fn page_key(number: u64) -> Vec<u8> {
    meta_key(META_COMMITTED, &number.to_be_bytes())
}

impl Store {
    pub fn xids(&self) -> &Xids {
        &self.xids
    }

    /// What became of a transaction id.
    pub fn xid_status(&self, xid: u64) -> Result<Status> {
        if let Some(status) = self.xids.status(xid) {
            return Ok(status);
        }
        let reader = self.base.as_ref().map(|base| base.reader()).transpose()?;
        let page = match &reader {
            Some(reader) => reader.get(&page_key(xid / PAGE_XIDS))?,
            None => None,
        };
        let (byte, bit) = place(xid);
        let committed = page.is_some_and(|page| page.get(byte).is_some_and(|bits| bits & bit != 0));
        Ok(match committed {
            true => Status::Committed,
            false => Status::RolledBack,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(top: u64) -> Ids {
        Ids {
            top,
            ..Ids::default()
        }
    }

    #[test]
    fn subtransactions_end_alone_or_with_theirs() {
        let xids = Xids::default();
        let top = xids.assign();
        let first = xids.assign_subs(7, 3);
        assert_eq!(xids.open_subs().len(), 3);
        xids.roll_back_subs(7, 1, &[(first + 1, first + 2)]);
        assert_eq!(xids.open_subs(), [(7, first)]);
        assert_eq!(xids.status(first), Some(Status::InProgress));
        assert_eq!(xids.status(first + 1), None);
        assert_eq!(xids.unseen(1), (first + 3, vec![top]));
        xids.keep_open(7, 0);
        let all = Ids {
            top,
            subs: vec![(first, first)],
        };
        xids.commit(&all, 2);
        assert_eq!(xids.status(first), Some(Status::Committed));
        assert_eq!(xids.status(first + 2), None);
        assert_eq!(xids.unseen(2), (first + 3, vec![]));
    }

    #[test]
    fn snapshots_miss_what_runs_and_what_commits_later() {
        let xids = Xids::default();
        let [first, second, third] = [xids.assign(), xids.assign(), xids.assign()];
        assert_eq!(xids.unseen(10), (first, vec![]));
        xids.commit(&ids(second), 11);
        assert_eq!(xids.unseen(10), (third, vec![first, second]));
        assert_eq!(xids.unseen(11), (third, vec![first]));
        xids.roll_back(&ids(first));
        xids.commit(&ids(third), 12);
        assert_eq!(xids.unseen(11), (third + 1, vec![third]));
        assert_eq!(xids.unseen(12), (third + 1, vec![]));
        assert_eq!(xids.status(second), Some(Status::Committed));
        assert_eq!(xids.status(first), None);
        assert_eq!(xids.status(third + 1), Some(Status::Future));
        assert_eq!(xids.status(1), Some(Status::Committed));
    }
}
