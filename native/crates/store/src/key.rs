//! Keys of the one ordered key space: space byte, owner (database or session), relfilenode, then the file's own key
//! bytes. Integers are big-endian so that memcmp order is numeric order.

/// Counters, dropped files and other facts of the store itself.
pub const SPACE_META: u8 = 0;
/// Files of databases; shared catalogs are under database 0.
pub const SPACE_PERMANENT: u8 = 1;
/// Files of one session; never in the log nor in the base.
pub const SPACE_TEMPORARY: u8 = 2;

/// Length of a file's prefix.
pub const PREFIX_BYTES: usize = 9;
/// Length of a row's key. Index keys are longer: at least one key byte stands before the rowid.
pub const ROW_KEY_BYTES: usize = PREFIX_BYTES + 8;

/// A relation's file: where its rows or index entries live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId {
    pub space: u8,
    /// Database oid, or the session's number for temporary files.
    pub owner: u32,
    pub filenode: u32,
}

impl FileId {
    /// No file: what belongs to none, or to many.
    pub const NONE: FileId = FileId {
        space: SPACE_META,
        owner: 0,
        filenode: 0,
    };

    pub fn permanent(database: u32, filenode: u32) -> FileId {
        FileId {
            space: SPACE_PERMANENT,
            owner: database,
            filenode,
        }
    }

    pub fn temporary(session: u32, filenode: u32) -> FileId {
        FileId {
            space: SPACE_TEMPORARY,
            owner: session,
            filenode,
        }
    }

    pub fn is_temporary(&self) -> bool {
        self.space == SPACE_TEMPORARY
    }

    pub fn prefix(&self) -> [u8; PREFIX_BYTES] {
        let mut prefix = [0; PREFIX_BYTES];
        prefix[0] = self.space;
        prefix[1..5].copy_from_slice(&self.owner.to_be_bytes());
        prefix[5..9].copy_from_slice(&self.filenode.to_be_bytes());
        prefix
    }

    /// The file that a key belongs to; None for a key too short to have one.
    pub fn of_key(key: &[u8]) -> Option<FileId> {
        let owner = u32::from_be_bytes(key.get(1..5)?.try_into().ok()?);
        let filenode = u32::from_be_bytes(key.get(5..9)?.try_into().ok()?);
        Some(FileId {
            space: *key.first()?,
            owner,
            filenode,
        })
    }

    pub fn row_key(&self, rowid: u64) -> [u8; ROW_KEY_BYTES] {
        let mut key = [0; ROW_KEY_BYTES];
        key[..PREFIX_BYTES].copy_from_slice(&self.prefix());
        key[PREFIX_BYTES..].copy_from_slice(&rowid.to_be_bytes());
        key
    }

    /// Prefix, key bytes, rowid.
    pub fn index_key(&self, key: &[u8], rowid: u64) -> Vec<u8> {
        let mut out = Vec::with_capacity(PREFIX_BYTES + key.len() + 8);
        out.extend_from_slice(&self.prefix());
        out.extend_from_slice(key);
        out.extend_from_slice(&rowid.to_be_bytes());
        out
    }

    /// Prefix and key bytes.
    pub fn bound(&self, key: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(PREFIX_BYTES + key.len());
        out.extend_from_slice(&self.prefix());
        out.extend_from_slice(key);
        out
    }
}

/// Rowid at the end of a row's or an index entry's key; 0 where the key is too short.
#[inline]
pub fn rowid_of(key: &[u8]) -> u64 {
    key.last_chunk::<8>()
        .map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// The smallest key after every key that starts with `prefix`; None where there is none (all bytes 0xff).
pub fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let keep = prefix.iter().rposition(|byte| *byte != 0xff)?;
    let mut out = prefix[..=keep].to_vec();
    out[keep] += 1;
    Some(out)
}

/// Key of a fact about the whole store or, with `rest`, about one file.
pub fn meta_key(kind: u8, rest: &[u8]) -> Vec<u8> {
    let mut key = vec![SPACE_META, kind];
    key.extend_from_slice(rest);
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn successors() {
        assert_eq!(after_prefix(&[1, 2]), Some(vec![1, 3]));
        assert_eq!(after_prefix(&[1, 0xff]), Some(vec![2]));
        assert_eq!(after_prefix(&[0xff]), None);
    }

    #[test]
    fn files_round_trip() {
        let file = FileId::permanent(5, 1259);
        assert_eq!(FileId::of_key(&file.row_key(7)), Some(file));
        assert_eq!(rowid_of(&file.row_key(7)), 7);
        assert_eq!(rowid_of(&file.index_key(b"abc", 9)), 9);
    }
}
