//! Ranges of index keys, compared as bytes: what one transaction has read of an index, and who has read around a key.
//! Ranges of all keys with one prefix (equality conditions) are looked up by the prefix, the others one by one.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use crate::transaction::Id;

/// Keys from `lower` up to, not including, `upper`; without it to the end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Range {
    pub lower: Box<[u8]>,
    pub upper: Option<Box<[u8]>>,
}

impl Range {
    pub fn new(lower: &[u8], upper: Option<&[u8]>) -> Range {
        Range {
            lower: lower.into(),
            upper: upper.map(Into::into),
        }
    }

    pub fn contains(&self, key: &[u8]) -> bool {
        *self.lower <= *key && self.upper.as_deref().is_none_or(|upper| key < upper)
    }

    fn covers(&self, other: &Range) -> bool {
        self.lower <= other.lower
            && match (&self.upper, &other.upper) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(mine), Some(theirs)) => theirs <= mine,
            }
    }

    /// Ends where the other begins, or later.
    fn reaches(&self, other: &Range) -> bool {
        self.upper
            .as_deref()
            .is_none_or(|upper| *other.lower <= *upper)
    }

    fn through(&self, other: &Range) -> Range {
        let upper = match (&self.upper, &other.upper) {
            (Some(mine), Some(theirs)) => Some(mine.max(theirs).clone()),
            _ => None,
        };
        Range {
            lower: self.lower.clone(),
            upper,
        }
    }

    /// All keys with the prefix `lower`.
    fn is_prefix(&self) -> bool {
        let Some(upper) = self.upper.as_deref() else {
            return false;
        };
        let Some(keep) = self.lower.iter().rposition(|byte| *byte != 0xff) else {
            return false;
        };
        upper.len() == keep + 1
            && upper[..keep] == self.lower[..keep]
            && upper[keep] == self.lower[keep] + 1
    }
}

/// What one transaction has read of an index: disjoint ranges in key order.
#[derive(Default)]
pub struct RangeSet(Vec<Arc<Range>>);

/// How a set of ranges changes for its holder: ranges that go and the one that comes.
pub struct RangeChange {
    pub removed: Vec<Arc<Range>>,
    pub added: Option<Arc<Range>>,
}

impl RangeSet {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn take(&mut self) -> Vec<Arc<Range>> {
        std::mem::take(&mut self.0)
    }

    /// Adds a range, joined with those it overlaps or touches.
    pub fn add(&mut self, range: Range) -> RangeChange {
        let from = self.0.partition_point(|held| !held.reaches(&range));
        if self.0.get(from).is_some_and(|held| held.covers(&range)) {
            return RangeChange {
                removed: Vec::new(),
                added: None,
            };
        }
        let until = from + self.0[from..].partition_point(|held| range.reaches(held));
        let joined = match self.0.get(from).filter(|_| until > from) {
            Some(first) => {
                let lowest = if first.lower <= range.lower {
                    first.through(&range)
                } else {
                    range.through(first)
                };
                lowest.through(&self.0[until - 1])
            }
            None => range,
        };
        self.replace(from, until, joined)
    }

    /// Joins the two neighbours that lie closest: their edges have the longest common prefix.
    pub fn join_closest(&mut self) -> RangeChange {
        let closeness = |pair: &[Arc<Range>]| {
            let edge = pair[0].upper.as_deref().unwrap_or_default();
            common_prefix(edge, &pair[1].lower)
        };
        let Some((at, _)) = self
            .0
            .windows(2)
            .enumerate()
            .max_by_key(|(at, pair)| (closeness(pair), std::cmp::Reverse(*at)))
        else {
            return RangeChange {
                removed: Vec::new(),
                added: None,
            };
        };
        let joined = self.0[at].through(&self.0[at + 1]);
        self.replace(at, at + 2, joined)
    }

    fn replace(&mut self, from: usize, until: usize, range: Range) -> RangeChange {
        let range = Arc::new(range);
        let removed = self.0.splice(from..until, [Arc::clone(&range)]).collect();
        RangeChange {
            removed,
            added: Some(range),
        }
    }
}

/// Who has read which keys of an index.
#[derive(Default)]
pub struct RangeReaders {
    prefixes: BTreeMap<Box<[u8]>, Vec<Id>>,
    others: Vec<(Arc<Range>, Id)>,
}

impl RangeReaders {
    pub fn is_empty(&self) -> bool {
        self.prefixes.is_empty() && self.others.is_empty()
    }

    pub fn add(&mut self, range: &Arc<Range>, reader: Id) {
        if range.is_prefix() {
            self.prefixes
                .entry(range.lower.clone())
                .or_default()
                .push(reader);
        } else {
            self.others.push((Arc::clone(range), reader));
        }
    }

    pub fn remove(&mut self, range: &Arc<Range>, reader: Id) {
        if !range.is_prefix() {
            self.others
                .retain(|(held, holder)| *holder != reader || !Arc::ptr_eq(held, range));
        } else if let Some(readers) = self.prefixes.get_mut(&range.lower) {
            readers.retain(|holder| *holder != reader);
            if readers.is_empty() {
                self.prefixes.remove(&range.lower);
            }
        }
    }

    /// Those that have read where the key belongs, some perhaps twice.
    pub fn around(&self, key: &[u8], found: &mut Vec<Id>) {
        for (range, reader) in &self.others {
            if range.contains(key) {
                found.push(*reader);
            }
        }
        // Prefixes of the key, longest first: what lies between two of them in key order shows how long the next can be.
        let mut bound = Bound::Included(key);
        while let Some((prefix, readers)) = self
            .prefixes
            .range::<[u8], _>((Bound::Unbounded, bound))
            .next_back()
        {
            let shared = common_prefix(prefix, key);
            if shared == prefix.len() {
                found.extend_from_slice(readers);
                bound = Bound::Excluded(&key[..shared]);
            } else if shared == 0 {
                break;
            } else {
                bound = Bound::Included(&key[..shared]);
            }
        }
    }

    pub fn all(&self, found: &mut Vec<Id>) {
        found.extend(self.others.iter().map(|(_, reader)| *reader));
        found.extend(self.prefixes.values().flatten());
    }
}

fn common_prefix(left: &[u8], right: &[u8]) -> usize {
    left.iter()
        .zip(right)
        .take_while(|(left, right)| left == right)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ranges: &[(&str, &str)]) -> RangeSet {
        let mut set = RangeSet::default();
        for (lower, upper) in ranges {
            let upper = (!upper.is_empty()).then_some(upper.as_bytes());
            set.add(Range::new(lower.as_bytes(), upper));
        }
        set
    }

    fn shown(set: &RangeSet) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        set.0
            .iter()
            .map(|range| {
                let upper = range.upper.as_deref().map(text).unwrap_or_default();
                format!("{}-{upper} ", text(&range.lower))
            })
            .collect()
    }

    #[test]
    fn ranges_join() {
        assert_eq!(shown(&set(&[("c", "d"), ("a", "b")])), "a-b c-d ");
        assert_eq!(shown(&set(&[("a", "b"), ("b", "c")])), "a-c ");
        assert_eq!(shown(&set(&[("a", "b"), ("d", "e"), ("aa", "d")])), "a-e ");
        assert_eq!(shown(&set(&[("a", "z"), ("d", "e")])), "a-z ");
        assert_eq!(shown(&set(&[("d", "e"), ("a", "")])), "a- ");
        assert_eq!(shown(&set(&[("d", ""), ("a", "b"), ("e", "f")])), "a-b d- ");
        let mut four = set(&[("a", "b"), ("ca", "cb"), ("cc", "cd"), ("x", "y")]);
        four.join_closest();
        assert_eq!(shown(&four), "a-b ca-cd x-y ");
    }

    #[test]
    fn readers_around_a_key() {
        let mut readers = RangeReaders::default();
        let mut held = Vec::new();
        let ranges: [(&[u8], &[u8]); 5] = [
            (b"ab", b"ac"),
            (b"abab", b"abac"),
            (b"aba", b"abb"),
            (b"b", b"x"),
            (b"a", b"abb"),
        ];
        for (number, (lower, upper)) in ranges.iter().enumerate() {
            let range = Arc::new(Range::new(lower, Some(upper)));
            readers.add(&range, number as Id);
            held.push(range);
        }
        let around = |readers: &RangeReaders, key: &[u8]| {
            let mut found = Vec::new();
            readers.around(key, &mut found);
            found.sort_unstable();
            found
        };
        assert_eq!(around(&readers, b"ababz"), [0, 1, 2, 4]);
        assert_eq!(around(&readers, b"abacz"), [0, 2, 4]);
        assert_eq!(around(&readers, b"abc"), [0]);
        assert_eq!(around(&readers, b"ac"), [] as [Id; 0]);
        assert_eq!(around(&readers, b"w"), [3]);
        for (number, range) in held.iter().enumerate() {
            readers.remove(range, number as Id);
        }
        assert!(readers.is_empty());
    }
}
