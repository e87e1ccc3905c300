//! What can be locked, in 16 bytes: a transaction may hold millions.

use std::hash::{BuildHasher, Hasher, RandomState};

/// Kind of a lockable object; numbers cross the binding.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Kind {
    Relation = 0,
    Object = 1,
    Row = 2,
    UniqueKey = 3,
    Advisory = 4,
    /// A session's transaction, by its pid: only waited for, never held here.
    Session = 5,
    /// Many rows of a page or many keys of a file, in a session's log only: `c` is the pack's number. `b`: the page, the
    /// shard.
    RowPack = 6,
    KeyPack = 7,
}

/// Names one lockable object. Unique keys are kept as a hash: two keys that share one only wait for each other needlessly.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Tag {
    pub a: u32,
    pub b: u32,
    pub c: u32,
    pub kind: Kind,
    /// Advisory locks: 1 for one bigint key, 2 for two int keys.
    pub sub: u8,
}

impl Tag {
    /// A relation of a database (0 for shared ones).
    pub fn relation(database: u32, relation: u32) -> Tag {
        Tag {
            a: database,
            b: relation,
            c: 0,
            kind: Kind::Relation,
            sub: 0,
        }
    }

    /// Any other object, by its catalog's oid and its own.
    pub fn object(database: u32, catalog: u32, object: u32) -> Tag {
        Tag {
            a: database,
            b: catalog,
            c: object,
            kind: Kind::Object,
            sub: 0,
        }
    }

    /// The running transaction of the session with this pid.
    pub fn session(pid: u32) -> Tag {
        Tag {
            a: pid,
            b: 0,
            c: 0,
            kind: Kind::Session,
            sub: 0,
        }
    }

    /// A row of a relation's file.
    pub fn row(file: u32, rowid: u64) -> Tag {
        Tag {
            a: file,
            b: (rowid >> 32) as u32,
            c: rowid as u32,
            kind: Kind::Row,
            sub: 0,
        }
    }

    /// One key of a unique index's file; `hash` is `KeyHash::hash` of its bytes.
    pub fn unique_key(file: u32, hash: u64) -> Tag {
        Tag {
            a: file,
            b: (hash >> 32) as u32,
            c: hash as u32,
            kind: Kind::UniqueKey,
            sub: 0,
        }
    }

    /// An advisory lock of a database: one 64-bit key split in two (`sub` 1) or two 32-bit keys (`sub` 2).
    pub fn advisory(database: u32, high: u32, low: u32, sub: u8) -> Tag {
        Tag {
            a: database,
            b: high,
            c: low,
            kind: Kind::Advisory,
            sub,
        }
    }

    /// The page of a row.
    pub fn page(&self) -> u32 {
        self.b << 23 | self.c >> 9
    }

    /// Rows and unique keys: locks that PostgreSQL keeps outside its lock table, as waits for a transaction.
    pub fn is_transactional(&self) -> bool {
        matches!(self.kind, Kind::Row | Kind::UniqueKey)
    }
}

/// Seeded hashing of unique keys and of tags: users choose advisory keys and rows, so the seed is random.
#[derive(Clone)]
pub struct KeyHash {
    seed: u64,
}

impl KeyHash {
    pub fn new() -> KeyHash {
        KeyHash {
            seed: RandomState::new().build_hasher().finish() | 1,
        }
    }

    /// With a seed that outlives the process.
    pub fn seeded(seed: u64) -> KeyHash {
        KeyHash { seed: seed | 1 }
    }

    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Hash of a unique key's bytes.
    pub fn hash(&self, bytes: &[u8]) -> u64 {
        let mut hasher = TagHasher { state: self.seed };
        hasher.write(bytes);
        hasher.finish()
    }
}

impl Default for KeyHash {
    fn default() -> Self {
        KeyHash::new()
    }
}

impl BuildHasher for KeyHash {
    type Hasher = TagHasher;
    fn build_hasher(&self) -> TagHasher {
        TagHasher { state: self.seed }
    }
}

/// Folded multiplication, eight bytes a step.
pub struct TagHasher {
    state: u64,
}

impl TagHasher {
    fn mix(&mut self, word: u64) {
        let product =
            u128::from(self.state ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
        self.state = (product as u64) ^ ((product >> 64) as u64).rotate_left(23);
    }
}

impl Hasher for TagHasher {
    fn finish(&self) -> u64 {
        self.state ^ (self.state >> 32)
    }
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.mix(u64::from_le_bytes(word) ^ ((chunk.len() as u64) << 56));
        }
    }
    fn write_u8(&mut self, value: u8) {
        self.mix(u64::from(value));
    }
    fn write_u32(&mut self, value: u32) {
        self.mix(u64::from(value));
    }
    fn write_u64(&mut self, value: u64) {
        self.mix(value);
    }
    fn write_isize(&mut self, value: isize) {
        self.mix(value as u64);
    }
}
