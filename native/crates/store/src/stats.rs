//! Entries and bytes of every file, kept up to date by the writer as it applies commits.

use std::collections::HashMap;
use std::sync::RwLock;

use helios_base::Result;
use helios_base::bytes::u64_at;
use helios_base::sync::{read, write};

use crate::key::FileId;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileSize {
    pub entries: i64,
    pub bytes: i64,
}

#[derive(Default)]
pub struct Stats {
    files: RwLock<HashMap<FileId, FileSize>>,
}

impl FileSize {
    /// Removed entries count as average ones: the writer does not know their sizes.
    pub fn add(&mut self, delta: &Delta) {
        let entries = self.entries + delta.added;
        let bytes = self.bytes + delta.bytes_added;
        let average = if entries > 0 { bytes / entries } else { 0 };
        self.entries = entries - delta.removed;
        self.bytes = bytes - average * delta.removed;
    }

    pub fn encode(&self) -> [u8; 16] {
        let mut out = [0; 16];
        out[..8].copy_from_slice(&self.entries.to_le_bytes());
        out[8..].copy_from_slice(&self.bytes.to_le_bytes());
        out
    }

    pub fn decode(bytes: &[u8]) -> Result<FileSize> {
        Ok(FileSize {
            entries: u64_at(bytes, 0)? as i64,
            bytes: u64_at(bytes, 8)? as i64,
        })
    }
}

impl Delta {
    pub fn add(&mut self, other: &Delta) {
        self.added += other.added;
        self.bytes_added += other.bytes_added;
        self.removed += other.removed;
    }
}

impl Stats {
    pub fn get(&self, file: FileId) -> FileSize {
        read(&self.files).get(&file).copied().unwrap_or_default()
    }

    pub fn database(&self, database: u32) -> i64 {
        let files = read(&self.files);
        files
            .iter()
            .filter(|(file, _)| file.owner == database)
            .map(|(_, size)| size.bytes.max(0))
            .sum()
    }

    pub fn set(&self, file: FileId, size: FileSize) {
        write(&self.files).insert(file, size);
    }

    pub fn forget(&self, matches: impl Fn(&FileId) -> bool) {
        write(&self.files).retain(|file, _| !matches(file));
    }

    /// Adds a commit group's changes.
    pub fn add(&self, changes: &HashMap<FileId, Delta>) {
        let mut files = write(&self.files);
        for (file, delta) in changes {
            let size = files.entry(*file).or_default();
            let average = if size.entries > 0 {
                size.bytes / size.entries
            } else {
                0
            };
            size.bytes += delta.bytes_added - average * delta.removed;
            size.entries += delta.added - delta.removed;
        }
    }
}

/// What a commit group did to one file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Delta {
    pub added: i64,
    pub bytes_added: i64,
    pub removed: i64,
}
