//! Entries and bytes of every file, kept up to date by the writer as it applies commits.

use std::collections::HashMap;
use std::sync::RwLock;

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

impl Stats {
    pub fn get(&self, file: FileId) -> FileSize {
        self.files
            .read()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .get(&file)
            .copied()
            .unwrap_or_default()
    }

    pub fn database(&self, database: u32) -> i64 {
        let files = self
            .files
            .read()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        files
            .iter()
            .filter(|(file, _)| file.owner == database)
            .map(|(_, size)| size.bytes.max(0))
            .sum()
    }

    pub fn set(&self, file: FileId, size: FileSize) {
        self.files
            .write()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .insert(file, size);
    }

    pub fn remove(&self, file: FileId) {
        self.files
            .write()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .remove(&file);
    }

    pub fn all(&self) -> Vec<(FileId, FileSize)> {
        let files = self
            .files
            .read()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        files.iter().map(|(file, size)| (*file, *size)).collect()
    }

    /// Adds a commit group's changes.
    pub fn add(&self, changes: &HashMap<FileId, Delta>) {
        let mut files = self
            .files
            .write()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
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
