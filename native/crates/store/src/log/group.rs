//! A group of commits, the unit that one write and one sync make durable. Layout: the crate's README. One checksum
//! covers the whole group, so a torn write spoils all of it, and nothing of it was acknowledged.

use std::borrow::Cow;

use helios_base::Result;
use helios_base::bytes::{take, u32_at, u64_at};

use crate::subtransactions::{Ids, put_runs, take_runs};

pub const HEADER_BYTES: usize = 56;
const COMMIT_HEADER_BYTES: usize = 24;
const MAGIC: u32 = 0x4c53_4448;
const CATALOG_CHANGED: u32 = 1;

/// What a group says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Number of the server start that wrote it: what an earlier one left behind is told apart by it.
    pub epoch: u32,
    /// Bytes after the header.
    pub body_bytes: u64,
    /// Position of the header in the log.
    pub lsn: u64,
    /// Everything before this position was durable when the group was written.
    pub synced: u64,
    /// Sequence of its first commit; the others follow by one.
    pub sequence: u64,
    pub count: u32,
}

/// One commit of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit<'a> {
    pub xid: u64,
    /// Encoded ids of its subtransactions.
    subs: &'a [u8],
    pub catalog_changed: bool,
    pub changes: &'a [u8],
}

impl Commit<'_> {
    pub fn ids(&self) -> Result<Ids> {
        let subs = match self.subs {
            [] => Vec::new(),
            subs => take_runs(subs, &mut 0)?,
        };
        Ok(Ids {
            top: self.xid,
            subs,
        })
    }
}

/// Builds a group from its commits. Large changes are not copied: the group's bytes are a list of parts.
pub struct GroupBuilder<'a> {
    parts: Vec<Cow<'a, [u8]>>,
    bytes: usize,
    count: u32,
}

/// Changes from this size on are a part of their own.
const PART_BYTES: usize = 64 << 10;

impl<'a> GroupBuilder<'a> {
    pub fn new() -> GroupBuilder<'a> {
        let header = Cow::Owned(vec![0; HEADER_BYTES]);
        GroupBuilder {
            parts: vec![header],
            bytes: HEADER_BYTES,
            count: 0,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds a commit whose changes are the pieces one after the other.
    pub fn add(&mut self, ids: &Ids, catalog_changed: bool, pieces: &'a [Vec<u8>]) {
        let length: usize = pieces.iter().map(Vec::len).sum();
        let flags = if catalog_changed { CATALOG_CHANGED } else { 0 };
        let mut header = Vec::with_capacity(COMMIT_HEADER_BYTES);
        header.extend_from_slice(&ids.top.to_le_bytes());
        header.extend_from_slice(&(length as u64).to_le_bytes());
        header.extend_from_slice(&flags.to_le_bytes());
        let mut subs = Vec::new();
        if !ids.subs.is_empty() {
            put_runs(&ids.subs, &mut subs);
        }
        header.extend_from_slice(&(subs.len() as u32).to_le_bytes());
        header.extend_from_slice(&subs);
        self.append(&header);
        for piece in pieces {
            if piece.len() < PART_BYTES {
                self.append(piece);
            } else {
                self.bytes += piece.len();
                self.parts.push(Cow::Borrowed(piece));
            }
        }
        self.count += 1;
    }

    fn append(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len();
        match self.parts.last_mut() {
            Some(Cow::Owned(part)) => part.extend_from_slice(bytes),
            _ => self.parts.push(Cow::Owned(bytes.to_vec())),
        }
    }

    /// The group's parts, padded to a multiple of 8, and their bytes altogether.
    pub fn finish(
        mut self,
        epoch: u32,
        lsn: u64,
        synced: u64,
        sequence: u64,
    ) -> (Vec<Cow<'a, [u8]>>, u64) {
        let padding = self.bytes.next_multiple_of(8) - self.bytes;
        self.append(&[0; 7][..padding]);
        let body_bytes = (self.bytes - HEADER_BYTES) as u64;
        let count = self.count;
        if let Some(Cow::Owned(first)) = self.parts.first_mut() {
            first[4..8].copy_from_slice(&MAGIC.to_le_bytes());
            first[8..12].copy_from_slice(&epoch.to_le_bytes());
            first[12..16].copy_from_slice(&count.to_le_bytes());
            first[16..24].copy_from_slice(&body_bytes.to_le_bytes());
            first[24..32].copy_from_slice(&lsn.to_le_bytes());
            first[32..40].copy_from_slice(&synced.to_le_bytes());
            first[40..48].copy_from_slice(&sequence.to_le_bytes());
        }
        let checksum = self
            .parts
            .iter()
            .enumerate()
            .fold(0, |checksum, (index, part)| {
                let covered = if index == 0 { &part[4..] } else { part };
                crc32c::crc32c_append(checksum, covered)
            });
        if let Some(Cow::Owned(first)) = self.parts.first_mut() {
            first[0..4].copy_from_slice(&checksum.to_le_bytes());
        }
        (self.parts, self.bytes as u64)
    }
}

impl Default for GroupBuilder<'_> {
    fn default() -> Self {
        GroupBuilder::new()
    }
}

/// The group at the start of `bytes` if it is whole and claims to stand at `lsn`; its header and body.
pub fn read_group(bytes: &[u8], lsn: u64) -> Option<(Header, &[u8])> {
    let header = read_header(bytes)?;
    if header.lsn != lsn {
        return None;
    }
    let end = HEADER_BYTES.checked_add(usize::try_from(header.body_bytes).ok()?)?;
    let covered = bytes.get(4..end)?;
    (u32_at(bytes, 0).ok()? == crc32c::crc32c(covered))
        .then_some((header, &bytes[HEADER_BYTES..end]))
}

fn read_header(bytes: &[u8]) -> Option<Header> {
    if u32_at(bytes, 4).ok()? != MAGIC {
        return None;
    }
    Some(Header {
        epoch: u32_at(bytes, 8).ok()?,
        count: u32_at(bytes, 12).ok()?,
        body_bytes: u64_at(bytes, 16).ok()?,
        lsn: u64_at(bytes, 24).ok()?,
        synced: u64_at(bytes, 32).ok()?,
        sequence: u64_at(bytes, 40).ok()?,
    })
}

/// The commits of a group's body.
pub fn commits<'a>(header: &Header, body: &'a [u8]) -> impl Iterator<Item = Result<Commit<'a>>> {
    let mut at = 0;
    (0..header.count).map(move |_| {
        let start = at;
        let length = u64_at(body, start + 8)?;
        at = start + COMMIT_HEADER_BYTES;
        let subs = take(body, &mut at, u32_at(body, start + 20)? as usize)?;
        let changes = take(body, &mut at, usize::try_from(length).unwrap_or(usize::MAX))?;
        let catalog_changed = u32_at(body, start + 16)? & CATALOG_CHANGED != 0;
        Ok(Commit {
            xid: u64_at(body, start)?,
            subs,
            catalog_changed,
            changes,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subtransactions::Run;

    #[test]
    fn groups_round_trip_and_bad_bytes_show() {
        let large = vec![b'x'; 100_000];
        let pieces = [b"abc".to_vec(), large.clone(), b"def".to_vec()];
        let mut builder = GroupBuilder::new();
        let ids = |top, subs: &[Run]| Ids {
            top,
            subs: subs.to_vec(),
        };
        builder.add(&ids(7, &[(9, 12), (14, 14)]), true, &pieces);
        builder.add(&ids(8, &[]), false, &[]);
        let (parts, length) = builder.finish(3, 4096, 1000, 55);
        let bytes: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
        assert_eq!(bytes.len() as u64, length);
        let changes = pieces.concat();
        let first = Commit {
            xid: 7,
            subs: &[2, 9, 3, 2, 0],
            catalog_changed: true,
            changes: &changes,
        };
        let second = Commit {
            xid: 8,
            subs: &[],
            catalog_changed: false,
            changes: b"",
        };
        let read: Vec<_> = read_group(&bytes, 4096)
            .map(|(header, body)| commits(&header, body).filter_map(Result::ok).collect())
            .unwrap_or_default();
        assert_eq!(read, [first, second]);
        let read_ids: Vec<_> = read.iter().map(Commit::ids).collect();
        assert_eq!(
            read_ids,
            [Ok(ids(7, &[(9, 12), (14, 14)])), Ok(ids(8, &[]))]
        );
        assert_eq!(read_group(&bytes, 4104), None);
        for at in (0..bytes.len()).step_by(997).chain(0..100) {
            let mut bad = bytes.clone();
            bad[at] ^= 0x10;
            assert_eq!(read_group(&bad, 4096), None, "byte {at}");
        }
        assert_eq!(read_group(&bytes[..bytes.len() - 1], 4096), None);
    }
}
