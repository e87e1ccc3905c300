//! Who has read and written what of one relation file, by part: the whole of it, heap pages, rows, ranges of index keys.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use crate::ranges::{Range, RangeReaders};
use crate::transaction::Id;

/// A relation's file in a database.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct File {
    pub database: u32,
    pub filenode: u32,
}

/// Bits of a rowid that say where on its page the row is.
const LINE_BITS: u32 = 9;

/// The heap page of a row.
pub fn page_of(rowid: u64) -> u64 {
    rowid >> LINE_BITS
}

/// Position of a row on its page.
pub fn line_of(rowid: u64) -> u64 {
    rowid & ((1 << LINE_BITS) - 1)
}

#[derive(Default)]
pub struct Targets {
    pub whole: Vec<Id>,
    pub pages: HashMap<u64, Vec<Id>>,
    pub rows: HashMap<u64, Vec<Id>>,
    pub ranges: RangeReaders,
    pub writers: HashMap<Id, Written>,
    pub row_writers: HashMap<u64, Vec<Id>>,
    pub key_writers: BTreeMap<Box<[u8]>, Vec<Id>>,
    /// Finished transactions that were summarised: when the last of those that have read here finished,
    pub old_readers: u64,
    /// and what is known of those that wrote here.
    pub old_writers: Option<OldWriters>,
}

/// What one transaction has written in one file.
#[derive(Default, Clone, Copy)]
pub struct Written {
    pub count: usize,
    /// Where a scan first comes to what it wrote.
    pub first: u64,
    /// Too much to say what: everything counts as written.
    pub all: bool,
}

#[derive(Clone, Copy)]
pub struct OldWriters {
    /// When the last of them finished.
    pub until: u64,
    /// When the first commit came that one of them had a conflict out to.
    pub earliest_out: Option<u64>,
    /// Transaction id of the last of them, for messages.
    pub xid: u64,
}

impl Targets {
    pub fn is_empty(&self) -> bool {
        self.whole.is_empty()
            && self.pages.is_empty()
            && self.rows.is_empty()
            && self.ranges.is_empty()
            && self.writers.is_empty()
            && self.old_readers == 0
            && self.old_writers.is_none()
    }

    /// Those that have read a row, itself or with more.
    pub fn readers_of_row(&self, rowid: u64, found: &mut Vec<Id>) {
        found.extend(self.rows.get(&rowid).into_iter().flatten());
        found.extend(self.pages.get(&page_of(rowid)).into_iter().flatten());
        found.extend(&self.whole);
    }

    /// Those that have read where an index key belongs.
    pub fn readers_of_key(&self, key: &[u8], found: &mut Vec<Id>) {
        self.ranges.around(key, found);
        found.extend(&self.whole);
    }

    /// Those that have read rows here.
    pub fn readers_of_rows(&self, found: &mut Vec<Id>) {
        found.extend(self.rows.values().flatten());
        found.extend(self.pages.values().flatten());
        found.extend(&self.whole);
    }

    /// Those that have read anything here.
    pub fn readers(&self, found: &mut Vec<Id>) {
        self.readers_of_rows(found);
        self.ranges.all(found);
    }

    /// Those that wrote here, in the order in which a scan comes to it.
    pub fn writers_by_place(&self) -> Vec<Id> {
        let place = |(id, written): (&Id, &Written)| (written.first, *id);
        let mut places: Vec<(u64, Id)> = self.writers.iter().map(place).collect();
        places.sort_unstable();
        places.into_iter().map(|(_, writer)| writer).collect()
    }

    pub fn writers_of_row(&self, rowid: u64, found: &mut Vec<Id>) {
        found.extend(self.row_writers.get(&rowid).into_iter().flatten());
        self.writers_of_all(found);
    }

    pub fn writers_in(&self, range: &Range, found: &mut Vec<Id>) {
        let upper = match range.upper.as_deref() {
            Some(upper) if upper <= &*range.lower => return,
            Some(upper) => Bound::Excluded(upper),
            None => Bound::Unbounded,
        };
        let within = self
            .key_writers
            .range::<[u8], _>((Bound::Included(&*range.lower), upper));
        found.extend(within.flat_map(|(_, writers)| writers));
        self.writers_of_all(found);
    }

    fn writers_of_all(&self, found: &mut Vec<Id>) {
        let all = self.writers.iter().filter(|(_, written)| written.all);
        found.extend(all.map(|(writer, _)| writer));
    }
}

/// Takes one holder from a list of them in a map; a list without holders goes.
pub fn remove_holder<K: std::hash::Hash + Eq>(map: &mut HashMap<K, Vec<Id>>, key: &K, holder: Id) {
    if let Some(holders) = map.get_mut(key) {
        holders.retain(|other| *other != holder);
        if holders.is_empty() {
            map.remove(key);
        }
    }
}
