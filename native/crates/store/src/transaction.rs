//! A transaction's private state, and what of it goes to the log at commit.

use std::sync::Arc;

use crate::bulk::{BulkDirectory, BulkFile};
use crate::changes::put_change;
use crate::key::{FileId, PREFIX_BYTES, SPACE_META, SPACE_PERMANENT, SPACE_TEMPORARY};
use crate::overlay::Overlay;
use crate::sequence::{SequenceState, Sequences};
use crate::store::META_SEQUENCE;
use crate::subtransactions::{Ids, Subtransactions};
use crate::temporary::TemporaryChanges;
use helios_base::Result;
use helios_base::sync::lock;
use helios_serializable::{Registration, Tracked};

#[derive(Default)]
pub struct Transaction {
    pub session: u32,
    pub xid: Option<u64>,
    pub subs: Subtransactions,
    pub overlay: Overlay,
    pub catalog_changed: bool,
    /// Sequences it created, whether or not a savepoint took that back.
    pub created_sequences: Vec<FileId>,
    /// Of a serializable one, once it has its snapshot.
    pub serializable: Option<Registration>,
}

/// A temporary sequence leaves only this in the overlay, so that savepoints can take it back: prefix and one byte.
pub const TEMPORARY_SEQUENCE_KEY_BYTES: usize = PREFIX_BYTES + 1;

pub struct CommitParts {
    /// Encoded changes for the log, in pieces that are freed one by one.
    pub changes: Vec<Vec<u8>>,
    /// Bulk files that the changes name, not durable yet.
    pub bulk: Vec<BulkFile>,
    pub temporary: TemporaryChanges,
    /// The rest of a large one, which is still to be taken from it.
    pub large: Option<Arc<Overlay>>,
}

impl Transaction {
    /// `bulk`: where its large amounts go; `memory`: bytes that the rest may take before it goes there, too.
    pub fn new(session: u32, bulk: Option<Arc<BulkDirectory>>, memory: usize) -> Transaction {
        Transaction {
            session,
            overlay: Overlay::new(bulk, memory),
            ..Transaction::default()
        }
    }

    /// The ids that end with it: nothing more is written.
    pub fn take_ids(&mut self) -> Ids {
        Ids {
            top: self.xid.unwrap_or(0),
            subs: self.subs.take(),
        }
    }

    /// To note what a serializable transaction writes.
    #[inline]
    pub fn tracked(&self) -> Option<&Tracked> {
        let registration = self.serializable.as_ref()?;
        Some(registration.tracked()).filter(|tracked| tracked.is_on())
    }

    /// Splits the writes; sequences created here go with the state they have now. Errors: 53100, 58030 where a bulk file
    /// can't be written; the transaction is then to be rolled back.
    pub fn commit_parts(&mut self, sequences: &Sequences) -> Result<CommitParts> {
        let bulk = self.overlay.finish_bulk()?;
        let mut changes = Pieces::default();
        for file in &bulk {
            changes.put(false, &file.record.key(), Some(&file.record.encode()));
        }
        // A part of the budget is enough for the file: others' commits wait for what goes through log and memtable.
        let is_large = self.overlay.is_large();
        if is_large {
            self.overlay.spill()?;
        }
        let overlay = std::mem::take(&mut self.overlay);
        let mut temporary = Vec::new();
        let mut map = lock(&sequences.map);
        let mut kept = Vec::new();
        let mut put = |key: &[u8], existed, value: Option<&[u8]>| match key {
            [SPACE_TEMPORARY, ..] if key.len() == TEMPORARY_SEQUENCE_KEY_BYTES => {
                kept.extend(FileId::of_key(key));
            }
            [SPACE_TEMPORARY, ..] => {
                temporary.push((key.into(), existed, value.map(Into::into)));
            }
            [SPACE_META, META_SEQUENCE, file @ ..] => {
                let file =
                    FileId::of_key(file).filter(|file| self.created_sequences.contains(file));
                let state = file
                    .and_then(|file| map.get(&file))
                    .map(SequenceState::encode);
                kept.extend(file);
                let now = state.as_ref().map(<[u8; 9]>::as_slice);
                changes.put(existed, key, now.or(value));
            }
            _ => changes.put(existed, key, value),
        };
        let mut large = None;
        if is_large {
            let overlay = Arc::new(overlay);
            let facts = (&[SPACE_META], &[SPACE_META + 1]);
            overlay
                .spilled()
                .each(facts.0, facts.1, |key, existed, value| {
                    put(key, existed, value);
                    Ok(())
                })?;
            for file in &self.created_sequences {
                let mark = file.bound(&[META_SEQUENCE]);
                if file.is_temporary() && overlay.get(&mark, u32::MAX)?.flatten().is_some() {
                    kept.push(*file);
                }
            }
            large = Some(overlay);
        } else {
            overlay.drain(&bulk, put);
        }
        for file in &self.created_sequences {
            if !kept.contains(file) {
                map.remove(file);
            } else if let Some(state) = map.get_mut(file) {
                state.uncommitted = false;
            }
        }
        Ok(CommitParts {
            changes: changes.0,
            bulk,
            temporary: match &large {
                Some(overlay) if overlay.spilled().has_any_from(&[SPACE_TEMPORARY]) => {
                    TemporaryChanges::Spilled(Arc::clone(overlay))
                }
                _ => TemporaryChanges::List(temporary),
            },
            large: large.filter(|overlay| overlay.spilled().has_any_within(SPACE_PERMANENT)),
        })
    }

    /// Forgets the sequences it created: they come from the store once the prepared transaction is committed.
    pub fn detach_sequences(&self, sequences: &Sequences) {
        let mut map = lock(&sequences.map);
        for file in &self.created_sequences {
            map.remove(file);
        }
    }

    /// Forgets the sequences it created.
    pub fn roll_back(&self, sequences: &Sequences) {
        let mut map = lock(&sequences.map);
        for file in &self.created_sequences {
            if map
                .get(file)
                .is_some_and(|state: &SequenceState| state.uncommitted)
            {
                map.remove(file);
            }
        }
    }
}

/// Encoded changes in pieces of about this size.
const PIECE_BYTES: usize = 1 << 20;

#[derive(Default)]
struct Pieces(Vec<Vec<u8>>);

impl Pieces {
    fn put(&mut self, existed: bool, key: &[u8], value: Option<&[u8]>) {
        let length = key.len() + value.map_or(0, <[u8]>::len) + 16;
        let fits = self
            .0
            .last()
            .is_some_and(|piece| piece.len() + length <= PIECE_BYTES);
        if !fits {
            // The first piece grows with what there is; those after it will be full.
            let room = if self.0.is_empty() {
                length
            } else {
                PIECE_BYTES.max(length)
            };
            self.0.push(Vec::with_capacity(room));
        }
        if let Some(piece) = self.0.last_mut() {
            put_change(piece, existed, key, value);
        }
    }
}
