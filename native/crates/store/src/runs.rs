//! Rows that a transaction inserted in bulk: packed one after the other under consecutive rowids, where an ordered map
//! would cost more than the rows. Rows are only added and, by savepoints, taken back; what changes them later stands
//! in the overlay's map and hides them there.

use std::collections::BTreeMap;

use crate::key::{FileId, ROW_KEY_BYTES, rowid_of};

/// Bytes of a run from which on the next one begins: at commit, runs are freed one by one.
const RUN_BYTES: usize = 1 << 20;

#[derive(Default)]
pub struct Runs {
    files: BTreeMap<FileId, Vec<Run>>,
}

/// Rows of one command, under rowids from `first` on.
struct Run {
    first: u64,
    command: u32,
    epoch: u32,
    /// End of each row in `bytes`; a row is its key and its value.
    ends: Vec<u32>,
    bytes: Vec<u8>,
}

impl Runs {
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The row would go on an existing run.
    pub fn extends(&self, file: FileId, rowid: u64, command: u32, epoch: u32) -> bool {
        let last = self.files.get(&file).and_then(|runs| runs.last());
        last.is_some_and(|run| run.takes(rowid, command, epoch))
    }

    /// Adds a row; rowids of a file only grow.
    pub fn push(&mut self, file: FileId, rowid: u64, command: u32, epoch: u32, value: &[u8]) {
        let runs = self.files.entry(file).or_default();
        if !runs
            .last()
            .is_some_and(|run| run.takes(rowid, command, epoch))
        {
            runs.push(Run {
                first: rowid,
                command,
                epoch,
                ends: Vec::new(),
                bytes: Vec::new(),
            });
        }
        if let Some(run) = runs.last_mut() {
            run.bytes.extend_from_slice(&file.row_key(rowid));
            run.bytes.extend_from_slice(value);
            run.ends.push(run.bytes.len() as u32);
        }
    }

    /// Takes back the file's rows from a rowid on.
    pub fn truncate(&mut self, file: FileId, from: u64) {
        let Some(runs) = self.files.get_mut(&file) else {
            return;
        };
        runs.retain(|run| run.first < from);
        if let Some(run) = runs.last_mut() {
            let left = (from - run.first) as usize;
            run.ends.truncate(left);
            run.bytes
                .truncate(run.ends.last().map_or(0, |end| *end as usize));
        }
        if runs.is_empty() {
            self.files.remove(&file);
        }
    }

    /// The row under a key, if a command before `command` added it.
    pub fn get(&self, key: &[u8], command: u32) -> Option<&[u8]> {
        if self.files.is_empty() || key.len() != ROW_KEY_BYTES {
            return None;
        }
        let runs = self.files.get(&FileId::of_key(key)?)?;
        let rowid = rowid_of(key);
        let run = &runs[runs
            .partition_point(|run| run.first <= rowid)
            .checked_sub(1)?];
        let index = usize::try_from(rowid - run.first).ok()?;
        (run.command < command && index < run.ends.len()).then(|| run.row(index).1)
    }

    /// Rows of lower <= key < upper (keys of one file) that commands before `command` added.
    pub fn scan(&self, lower: &[u8], upper: &[u8], command: u32, backward: bool) -> RunScan<'_> {
        let runs = FileId::of_key(lower).and_then(|file| self.files.get(&file));
        let runs = runs.map_or(&[][..], Vec::as_slice);
        let (from, to) = (position(runs, lower), position(runs, upper));
        let mut scan = RunScan {
            runs,
            command,
            backward,
            from,
            to,
            current: None,
        };
        scan.advance();
        scan
    }

    /// Every row, file by file; runs are freed as they are left behind.
    pub fn drain(self, mut take: impl FnMut(FileId, &[u8], &[u8])) {
        for (file, runs) in self.files {
            for run in runs {
                for index in 0..run.ends.len() {
                    let (key, value) = run.row(index);
                    take(file, key, value);
                }
            }
        }
    }
}

impl Run {
    fn takes(&self, rowid: u64, command: u32, epoch: u32) -> bool {
        self.command == command
            && self.epoch == epoch
            && self.first + self.ends.len() as u64 == rowid
            && self.bytes.len() < RUN_BYTES
    }

    fn row(&self, index: usize) -> (&[u8], &[u8]) {
        let start = if index == 0 {
            0
        } else {
            self.ends[index - 1] as usize
        };
        self.bytes[start..self.ends[index] as usize].split_at(ROW_KEY_BYTES)
    }
}

/// First (run, row) at or after a key.
fn position(runs: &[Run], key: &[u8]) -> (usize, usize) {
    let run = runs.partition_point(|run| run.row(run.ends.len() - 1).0 < key);
    let Some(found) = runs.get(run) else {
        return (run, 0);
    };
    let (mut low, mut high) = (0, found.ends.len());
    while low < high {
        let middle = (low + high) / 2;
        if found.row(middle).0 < key {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    (run, low)
}

pub struct RunScan<'a> {
    runs: &'a [Run],
    command: u32,
    backward: bool,
    /// Next row forward, and the one after the last: both move towards each other.
    from: (usize, usize),
    to: (usize, usize),
    current: Option<(&'a [u8], &'a [u8])>,
}

impl<'a> RunScan<'a> {
    #[inline]
    pub fn peek(&self) -> Option<(&'a [u8], &'a [u8])> {
        self.current
    }

    pub fn advance(&mut self) {
        self.current = None;
        while self.from < self.to {
            let (run, row) = if self.backward {
                self.step_back()
            } else {
                self.step()
            };
            let found = &self.runs[run];
            if found.command < self.command {
                self.current = Some(found.row(row));
                return;
            }
            // None of the run's rows is visible.
            if self.backward {
                self.to = (run, 0);
            } else {
                self.from = (run + 1, 0);
            }
        }
    }

    fn step(&mut self) -> (usize, usize) {
        let (run, row) = self.from;
        let last = row + 1 == self.runs[run].ends.len();
        self.from = if last { (run + 1, 0) } else { (run, row + 1) };
        (run, row)
    }

    fn step_back(&mut self) -> (usize, usize) {
        let (run, row) = self.to;
        self.to = if row > 0 {
            (run, row - 1)
        } else {
            (run - 1, self.runs[run - 1].ends.len() - 1)
        };
        self.to
    }
}
