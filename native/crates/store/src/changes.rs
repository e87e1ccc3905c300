//! The changes of a commit as bytes: what the log stores and the memtable takes in. Layout: the crate's README.

use helios_base::bytes::{put_varint, take, take_varint};
use helios_base::{Error, Result};

use crate::key::SPACE_META;
use crate::store::META_CHANGES;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// The key did not exist before.
    Insert,
    Update,
    Delete,
    /// The key came and went in one transaction; whatever it stood for before is gone.
    Forget,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangeRecord<'a> {
    pub operation: Operation,
    pub key: &'a [u8],
    /// None for a deletion.
    pub value: Option<&'a [u8]>,
}

impl<'a> ChangeRecord<'a> {
    /// Key and value, where it stands for the file of a large commit.
    pub fn of_large_commit(&self) -> Option<(&'a [u8], &'a [u8])> {
        match (self.key, self.value) {
            ([SPACE_META, META_CHANGES, ..], Some(value)) => Some((self.key, value)),
            _ => None,
        }
    }
}

pub fn put_change(out: &mut Vec<u8>, existed: bool, key: &[u8], value: Option<&[u8]>) {
    match value {
        Some(value) => {
            out.push(if existed { 2 } else { 1 });
            put_varint(out, key.len() as u64);
            put_varint(out, value.len() as u64);
            out.extend_from_slice(key);
            out.extend_from_slice(value);
        }
        None => {
            out.push(if existed { 3 } else { 4 });
            put_varint(out, key.len() as u64);
            out.extend_from_slice(key);
        }
    }
}

/// The changes in order; stops after the first that is not well-formed.
pub fn changes(bytes: &[u8]) -> impl Iterator<Item = Result<ChangeRecord<'_>>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        if at >= bytes.len() {
            return None;
        }
        let change = take_change(bytes, &mut at);
        if change.is_err() {
            at = bytes.len();
        }
        Some(change)
    })
}

fn take_change<'a>(bytes: &'a [u8], at: &mut usize) -> Result<ChangeRecord<'a>> {
    let operation = match take(bytes, at, 1)? {
        [1] => Operation::Insert,
        [2] => Operation::Update,
        [3] => Operation::Delete,
        [4] => Operation::Forget,
        _ => return Err(Error::corrupted("a log record holds an unknown change")),
    };
    let key_bytes = take_varint(bytes, at)? as usize;
    if matches!(operation, Operation::Delete | Operation::Forget) {
        return Ok(ChangeRecord {
            operation,
            key: take(bytes, at, key_bytes)?,
            value: None,
        });
    }
    let value_bytes = take_varint(bytes, at)? as usize;
    let key = take(bytes, at, key_bytes)?;
    Ok(ChangeRecord {
        operation,
        key,
        value: Some(take(bytes, at, value_bytes)?),
    })
}
