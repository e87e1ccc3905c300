//! A worker's doings with whole files: dropping, copying, sizes, sequences.

use std::sync::Arc;

use helios_base::sync::lock;
use helios_base::{Error, Result};

use super::Worker;
use crate::key::{FileId, SPACE_META, SPACE_PERMANENT, after_prefix, meta_key};
use crate::merge::MergedScan;
use crate::overlay::Write;
use crate::sequence::{Definition, Range, SequenceState};
use crate::store::{META_DROPPED_DATABASE, META_DROPPED_FILE, META_SEQUENCE};

/// Keys of a temporary file that are dropped at a time.
const DROP_STEP_KEYS: usize = 4096;

impl Worker {
    pub fn drop_file(&mut self, transaction: u32, command: u32, file: FileId) -> Result<()> {
        let xid = self.xid(transaction)?;
        self.note_drop(transaction, file, xid)?;
        if file.is_temporary() {
            return self.drop_temporary_file(transaction, command, file);
        }
        let overlay = &mut self.transactions.get_mut(transaction)?.overlay;
        overlay.put(
            command,
            meta_key(META_DROPPED_FILE, &file.prefix()),
            Box::default(),
            Write::Insert,
        );
        Ok(())
    }

    fn drop_temporary_file(&mut self, transaction: u32, command: u32, file: FileId) -> Result<()> {
        let prefix = file.prefix();
        let Some(upper) = after_prefix(&prefix) else {
            return Ok(());
        };
        // Its own writes are all seen, and those of no command are to come.
        let mut lower = prefix.to_vec();
        loop {
            let overlay = &self.transactions.get(transaction)?.overlay;
            let mut scan = MergedScan::new(false);
            scan.add_overlay(overlay, &lower, &upper, u32::MAX, false)?;
            if let Some(stored) = self.temporary.get(&file.owner) {
                stored.add_to(&mut scan, &lower, &upper)?;
            }
            let mut keys: Vec<Box<[u8]>> = Vec::new();
            while keys.len() < DROP_STEP_KEYS
                && let Some((key, _)) = scan.next_entry()?
            {
                keys.push(key.into());
            }
            drop(scan);
            let Some(last) = keys.last() else {
                return Ok(());
            };
            lower = [last, [0].as_slice()].concat();
            for key in keys {
                self.overlay(transaction)?.delete(command, key);
            }
        }
    }

    /// Every permanent file that has keys in the newest committed state, but for those whose drop is committed; with the
    /// number of its keys.
    pub fn files(&mut self) -> Result<Vec<(FileId, u64)>> {
        let state = self.current_state()?;
        let committed = state.committed();
        let mut scan = MergedScan::new(false);
        scan.add_committed(&committed, &[SPACE_PERMANENT], &[SPACE_PERMANENT + 1])?;
        let mut found: Vec<(FileId, u64)> = Vec::new();
        while let Some((key, _)) = scan.next_entry()? {
            let Some(file) = FileId::of_key(key) else {
                continue;
            };
            match found.last_mut() {
                Some((last, keys)) if *last == file => *keys += 1,
                _ => found.push((file, 1)),
            }
        }
        let mut left = Vec::new();
        for (file, keys) in found {
            let dropped = meta_key(META_DROPPED_FILE, &file.prefix());
            let database = meta_key(META_DROPPED_DATABASE, &file.owner.to_be_bytes());
            if committed.get(&dropped)?.is_none() && committed.get(&database)?.is_none() {
                left.push((file, keys));
            }
        }
        Ok(left)
    }

    pub fn drop_database(&mut self, transaction: u32, command: u32, database: u32) -> Result<()> {
        self.xid(transaction)?;
        let overlay = &mut self.transactions.get_mut(transaction)?.overlay;
        let key = meta_key(META_DROPPED_DATABASE, &database.to_be_bytes());
        overlay.put(command, key, Box::default(), Write::Insert);
        Ok(())
    }

    /// Copies every file and sequence of one database into another, as the newest committed state has them.
    pub fn copy_database(
        &mut self,
        transaction: u32,
        command: u32,
        from: u32,
        to: u32,
    ) -> Result<()> {
        self.xid(transaction)?;
        let state = self.current_state()?;
        let overlay = &mut self.transactions.get_mut(transaction)?.overlay;
        let mut lower = vec![SPACE_PERMANENT];
        lower.extend_from_slice(&from.to_be_bytes());
        let upper = after_prefix(&lower).unwrap_or_default();
        let mut scan = MergedScan::new(false);
        scan.add_committed(&state.committed(), &lower, &upper)?;
        let mut copy = Vec::new();
        let mut current = (FileId::permanent(0, 0), false);
        while let Some((key, value)) = scan.next_entry()? {
            if let Some(file) = FileId::of_key(key).filter(|file| *file != current.0) {
                let dropped = meta_key(META_DROPPED_FILE, &file.prefix());
                current = (file, state.committed().get(&dropped)?.is_some());
            }
            if !current.1 {
                overlay.make_room()?;
                copy.clear();
                copy.extend_from_slice(key);
                copy[1..5].copy_from_slice(&to.to_be_bytes());
                let file = FileId {
                    owner: to,
                    ..current.0
                };
                overlay.append(command, file, &copy, value)?;
            }
        }
        let lower = meta_key(META_SEQUENCE, &lower);
        let upper = after_prefix(&lower).unwrap_or_default();
        let mut scan = MergedScan::new(false);
        scan.add_committed(&state.committed(), &lower, &upper)?;
        let known = lock(&self.store.sequences.map);
        while let Some((key, value)) = scan.next_entry()? {
            let exact = FileId::of_key(&key[2..]).and_then(|file| known.get(&file));
            let exact =
                exact.map(|state| SequenceState::new(state.last, state.is_called, false).encode());
            copy.clear();
            copy.extend_from_slice(key);
            copy[3..7].copy_from_slice(&to.to_be_bytes());
            let value = exact.as_ref().map_or(value, |exact| exact.as_slice());
            overlay.put(command, copy.as_slice(), value.into(), Write::Insert);
        }
        Ok(())
    }

    /// Lets go of the memory that reading a large file here and there has taken; it comes back when it is read again.
    pub fn release_file(&self, file: FileId) {
        if let Some(extents) = self.store.state().extents.of(file) {
            extents.release();
        }
    }

    /// Entries and bytes of a file.
    pub fn size(&self, file: FileId) -> (i64, i64) {
        let size = match self.temporary.get(&file.owner) {
            Some(stored) if file.is_temporary() => stored.size(file),
            _ => self.store.stats.get(file),
        };
        (size.entries.max(0), size.bytes.max(0))
    }

    // Sequences.

    /// Stored state under the transaction's overlay, so that it lives and dies with the transaction.
    pub fn create_sequence(
        &mut self,
        transaction: u32,
        command: u32,
        file: FileId,
        start: i64,
    ) -> Result<()> {
        self.xid(transaction)?;
        let state = SequenceState::new(start, false, true);
        let transaction = self.transactions.get_mut(transaction)?;
        let key = sequence_key(file);
        transaction.overlay.put(
            command,
            key,
            state.encode().as_slice().into(),
            Write::Insert,
        );
        transaction.created_sequences.push(file);
        lock(&self.store.sequences.map).insert(file, state);
        Ok(())
    }

    pub fn sequence_next(
        &mut self,
        file: FileId,
        definition: &Definition,
        name: &str,
    ) -> Result<Range> {
        self.load_sequence(file)?;
        let store = Arc::clone(&self.store);
        let mut map = lock(&store.sequences.map);
        let state = map.get_mut(&file).ok_or_else(|| no_sequence(file))?;
        let (range, log_due) = state.advance(definition, name)?;
        if log_due && !state.uncommitted && !file.is_temporary() {
            state.ticket =
                store.write_meta(&meta_key(META_SEQUENCE, &file.prefix()), &state.encode());
        }
        self.barrier = self.barrier.max(state.ticket);
        Ok(range)
    }

    pub fn sequence_set(&mut self, file: FileId, value: i64, is_called: bool) -> Result<()> {
        self.load_sequence(file)?;
        let store = Arc::clone(&self.store);
        let mut map = lock(&store.sequences.map);
        let state = map.get_mut(&file).ok_or_else(|| no_sequence(file))?;
        let uncommitted = state.uncommitted;
        *state = SequenceState::new(value, is_called, uncommitted);
        if !uncommitted && !file.is_temporary() {
            state.ticket =
                store.write_meta(&meta_key(META_SEQUENCE, &file.prefix()), &state.encode());
        }
        self.barrier = self.barrier.max(state.ticket);
        Ok(())
    }

    pub fn sequence_read(&mut self, file: FileId) -> Result<SequenceState> {
        self.load_sequence(file)?;
        let map = lock(&self.store.sequences.map);
        map.get(&file).copied().ok_or_else(|| no_sequence(file))
    }

    fn load_sequence(&mut self, file: FileId) -> Result<()> {
        let known = lock(&self.store.sequences.map).contains_key(&file);
        if known {
            return Ok(());
        }
        let state = self.current_state()?;
        let stored = state
            .committed()
            .get(&meta_key(META_SEQUENCE, &file.prefix()))?
            .ok_or_else(|| no_sequence(file))?;
        let loaded = SequenceState::decode(stored)?;
        lock(&self.store.sequences.map)
            .entry(file)
            .or_insert(loaded);
        Ok(())
    }
}

/// Where a sequence's state stands; a temporary one has only a mark in the overlay.
fn sequence_key(file: FileId) -> Vec<u8> {
    if file.is_temporary() {
        file.bound(&[META_SEQUENCE])
    } else {
        meta_key(META_SEQUENCE, &file.prefix())
    }
}

fn no_sequence(file: FileId) -> Error {
    debug_assert_ne!(file.space, SPACE_META);
    Error::internal(format!(
        "could not find the sequence in file {}",
        file.filenode
    ))
}
