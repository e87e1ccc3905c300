//! Sorts an index's entries: in memory, and beyond that in sorted runs on disk, which are merged at the end.

use std::sync::Arc;

use helios_base::Result;

use crate::blocks::BlockScan;
use crate::bulk::BulkDirectory;
use crate::disk_run::DiskRun;
use crate::key::FileId;

/// Bytes of entries sorted in memory at a time.
const MEMORY_BYTES: usize = 64 << 20;

/// Entries: whole keys, and whether a column of the index is null.
pub struct Sorter {
    file: FileId,
    bulk: Option<Arc<BulkDirectory>>,
    memory_bytes: usize,
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    is_sorted: bool,
    runs: Vec<DiskRun>,
}

#[derive(Clone, Copy)]
struct Entry {
    /// The key's bytes after the file's prefix: most comparisons end with them.
    head: u64,
    at: u32,
    length: u32,
    null: bool,
}

/// A value that says that a column is null.
const NULL_MARK: &[u8] = &[1];

impl Sorter {
    /// For the entries of an index file; `bulk`: where runs go.
    pub fn new(file: FileId, bulk: Option<Arc<BulkDirectory>>) -> Sorter {
        Sorter {
            file,
            memory_bytes: bulk
                .as_ref()
                .map_or(usize::MAX, |bulk| MEMORY_BYTES.min(bulk.spill_bytes * 8)),
            bulk,
            bytes: Vec::new(),
            entries: Vec::new(),
            is_sorted: true,
            runs: Vec::new(),
        }
    }

    /// Adds an entry; `encode` appends its key without the file's prefix and says whether a column is null.
    pub fn add(
        &mut self,
        rowid: u64,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<bool>,
    ) -> Result<()> {
        let at = self.bytes.len();
        let null = encode(&mut self.bytes)?;
        self.bytes.extend_from_slice(&rowid.to_be_bytes());
        let key = &self.bytes[at..];
        let mut head = [0; 8];
        let length = key.len().min(8);
        head[..length].copy_from_slice(&key[..length]);
        let entry = Entry {
            head: u64::from_be_bytes(head),
            at: at as u32,
            length: key.len() as u32,
            null,
        };
        if self.is_sorted
            && let Some(last) = self.entries.last()
        {
            self.is_sorted = compare(&self.bytes, last, &entry).is_le();
        }
        self.entries.push(entry);
        let used = self.bytes.len() + self.entries.len() * size_of::<Entry>();
        if used >= self.memory_bytes || self.bytes.len() > u32::MAX as usize / 2 {
            self.spill()?;
        }
        Ok(())
    }

    fn sort(&mut self) {
        if !self.is_sorted {
            let bytes = &self.bytes;
            self.entries
                .sort_unstable_by(|left, right| compare(bytes, left, right));
        }
    }

    fn spill(&mut self) -> Result<()> {
        let Some(bulk) = &self.bulk else {
            return Ok(());
        };
        let mut run = DiskRun::begin(bulk, self.file)?;
        self.sort();
        for entry in &self.entries {
            let key = key_of(&self.bytes, entry);
            run.push(key, if entry.null { NULL_MARK } else { &[] })?;
        }
        run.end_block()?;
        self.runs.push(run);
        self.bytes.clear();
        self.entries.clear();
        self.is_sorted = true;
        Ok(())
    }

    /// Every entry in order: key without the file's prefix (with the rowid at its end), whether a column is null. Ends
    /// early where `take` says false.
    pub fn finish(mut self, mut take: impl FnMut(&[u8], bool) -> Result<bool>) -> Result<()> {
        if self.runs.is_empty() {
            self.sort();
            for entry in &self.entries {
                if !take(key_of(&self.bytes, entry), entry.null)? {
                    break;
                }
            }
            return Ok(());
        }
        if !self.entries.is_empty() {
            self.spill()?;
        }
        self.bytes = Vec::new();
        self.entries = Vec::new();
        merge(&self.runs, &mut take)
    }
}

fn merge(runs: &[DiskRun], take: &mut impl FnMut(&[u8], bool) -> Result<bool>) -> Result<()> {
    let scans = runs
        .iter()
        .map(|run| BlockScan::new(run, &[], &[0xff], u64::MAX, false));
    let mut scans = scans.collect::<Result<Vec<_>>>()?;
    loop {
        let smallest = scans
            .iter()
            .enumerate()
            .filter_map(|(index, scan)| scan.peek().map(|(key, value)| (key, value, index)))
            .min_by(|(left, ..), (right, ..)| left.cmp(right));
        let Some((key, value, index)) = smallest else {
            return Ok(());
        };
        if !take(key, !value.is_empty())? {
            return Ok(());
        }
        scans[index].advance()?;
    }
}

fn key_of<'a>(bytes: &'a [u8], entry: &Entry) -> &'a [u8] {
    &bytes[entry.at as usize..][..entry.length as usize]
}

fn compare(bytes: &[u8], left: &Entry, right: &Entry) -> std::cmp::Ordering {
    left.head
        .cmp(&right.head)
        .then_with(|| key_of(bytes, left).cmp(key_of(bytes, right)))
}
