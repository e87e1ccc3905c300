//! The base as a model: one durable step changes all or nothing, as LMDB promises; what LMDB does to keep that promise
//! is under test in `base.rs` of these tests, on its real file.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex};

use helios_base::sync::lock;
use helios_base::{Error, Result};
use helios_store::base::{Base, BaseCursor, BaseReader, Change};

use crate::disk::SimulatedDisk;

pub type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

pub struct SimulatedBase {
    disk: SimulatedDisk,
    start: u64,
    /// State as this process sees it: that of the disk, unless a step failed.
    seen: Mutex<(u64, Arc<Entries>)>,
}

impl SimulatedBase {
    pub fn new(disk: &SimulatedDisk, start: u64) -> SimulatedBase {
        let state = disk.state();
        let seen = (state.base_number, Arc::clone(&state.base));
        drop(state);
        SimulatedBase {
            disk: disk.clone(),
            start,
            seen: Mutex::new(seen),
        }
    }

    fn step(&self, change: impl FnOnce(&mut Entries)) -> Result<u64> {
        let mut seen = lock(&self.seen);
        let mut entries = (*seen.1).clone();
        change(&mut entries);
        let entries = Arc::new(entries);
        let number = self
            .disk
            .apply_base(self.start, Arc::clone(&entries))
            .map_err(|error| Error::io("could not write the base", &error))?;
        *seen = (number, entries);
        Ok(number)
    }
}

impl Base for SimulatedBase {
    fn reader(&self) -> Result<Box<dyn BaseReader>> {
        let (number, entries) = lock(&self.seen).clone();
        Ok(Box::new(Reader { number, entries }))
    }

    fn apply(&self, changes: &mut dyn Iterator<Item = Change<'_>>) -> Result<u64> {
        self.step(|entries| {
            for (key, value) in changes {
                match value {
                    Some(value) => entries.insert(key.into(), value.into()),
                    None => entries.remove(key),
                };
            }
        })
    }

    fn delete_ranges(&self, ranges: &[(Vec<u8>, Vec<u8>)], count: usize) -> Result<(usize, u64)> {
        let mut deleted = 0;
        let number = self.step(|entries| {
            for (lower, upper) in ranges {
                let keys = entries.range(lower.clone()..upper.clone());
                let keys: Vec<Vec<u8>> = keys
                    .take(count - deleted)
                    .map(|(key, _)| key.clone())
                    .collect();
                keys.iter().for_each(|key| drop(entries.remove(key)));
                deleted += keys.len();
            }
        })?;
        Ok((deleted, number))
    }
}

struct Reader {
    number: u64,
    entries: Arc<Entries>,
}

impl BaseReader for Reader {
    fn state(&self) -> u64 {
        self.number
    }

    fn share(&self) -> Box<dyn BaseReader> {
        Box::new(Reader {
            number: self.number,
            entries: self.entries.clone(),
        })
    }

    fn get(&self, key: &[u8]) -> Result<Option<&[u8]>> {
        Ok(self.entries.get(key).map(Vec::as_slice))
    }

    fn scan<'a>(
        &'a self,
        lower: &[u8],
        upper: &[u8],
        backward: bool,
    ) -> Result<Box<dyn BaseCursor<'a> + 'a>> {
        let bounds = (Bound::Included(lower), Bound::Excluded(upper.max(lower)));
        let range = self.entries.range::<[u8], _>(bounds);
        let entries = range.map(|(key, value)| (key.as_slice(), value.as_slice()));
        Ok(if backward {
            Box::new(Cursor(entries.rev()))
        } else {
            Box::new(Cursor(entries))
        })
    }
}

struct Cursor<I>(I);

impl<'a, I: Iterator<Item = (&'a [u8], &'a [u8])>> BaseCursor<'a> for Cursor<I> {
    fn next(&mut self) -> Result<Option<(&'a [u8], &'a [u8])>> {
        Ok(self.0.next())
    }
}
