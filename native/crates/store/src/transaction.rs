//! A transaction's private state, and what of it goes to the log at commit.

use crate::changes::put_change;
use crate::key::{FileId, SPACE_META, SPACE_TEMPORARY};
use crate::overlay::Overlay;
use crate::sequence::{SequenceState, Sequences};
use crate::store::META_SEQUENCE;
use helios_base::sync::lock;

/// Changes of temporary files: applied on the worker once the rest is durable.
pub type TemporaryChanges = Vec<(Box<[u8]>, Option<Box<[u8]>>)>;

#[derive(Default)]
pub struct Transaction {
    pub session: u32,
    pub xid: Option<u64>,
    pub overlay: Overlay,
    pub catalog_changed: bool,
    /// Sequences it created, whether or not a savepoint took that back.
    pub created_sequences: Vec<FileId>,
}

pub struct CommitParts {
    /// Encoded changes for the log.
    pub changes: Vec<u8>,
    pub temporary: TemporaryChanges,
}

impl Transaction {
    pub fn new(session: u32) -> Transaction {
        Transaction {
            session,
            ..Transaction::default()
        }
    }

    /// Splits the writes; sequences created here go with the state they have now.
    pub fn commit_parts(&self, sequences: &Sequences) -> CommitParts {
        let mut changes = Vec::with_capacity(self.overlay.bytes() / 2);
        let mut temporary = Vec::new();
        let mut map = lock(&sequences.map);
        let mut kept = Vec::new();
        for (key, existed, value) in self.overlay.changes() {
            match key {
                [SPACE_TEMPORARY, ..] => temporary.push((key.into(), value.map(Into::into))),
                [SPACE_META, META_SEQUENCE, file @ ..] => {
                    let state = FileId::of_key(file)
                        .and_then(|file| map.get_mut(&file).map(|state| (file, state)));
                    if let Some((file, state)) = state {
                        state.uncommitted = false;
                        kept.push(file);
                        put_change(&mut changes, existed, key, Some(&state.encode()));
                    } else {
                        put_change(&mut changes, existed, key, value);
                    }
                }
                _ => put_change(&mut changes, existed, key, value),
            }
        }
        for file in &self.created_sequences {
            if !kept.contains(file) {
                map.remove(file);
            }
        }
        CommitParts { changes, temporary }
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
