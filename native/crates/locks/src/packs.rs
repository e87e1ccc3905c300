//! Many row and key locks of one session, packed: once a transaction holds thousands, a further one that nobody else wants
//! is a bit of its row's page or a hash in a set, not an entry of its own. All locks of a pack were taken between the same
//! two savepoints, in one mode; the pack is one line of its owner's log. A lock that a request meets is taken out of its
//! pack first and becomes an entry.

use std::collections::{HashMap, HashSet};

use crate::mode::Mode;
use crate::tag::{KeyHash, Kind, Tag};

/// Packs that one page or one file's keys may have in a shard: beyond them locks stay entries.
const PACKS_MAX: usize = 8;
/// A map that grew past this gives memory back once it is nearly empty.
const SHRINK_CAPACITY: usize = 4096;

/// Whose lock it is, as a pack has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Packed {
    pub owner: u32,
    /// Number of the pack among its owner's.
    pub serial: u32,
    pub mode: Mode,
}

/// What became of a lock that was to be packed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Added {
    /// To a pack that was there.
    Known,
    /// To a new one.
    New,
    /// Not at all.
    Full,
}

struct RowPack {
    pack: Packed,
    /// Bits of the line pointers.
    rows: [u64; 8],
}

struct KeyPack {
    pack: Packed,
    hashes: HashSet<u64, KeyHash>,
}

/// The packs of a shard.
pub struct Packs {
    /// By file and page.
    rows: HashMap<(u32, u32), Vec<RowPack>, KeyHash>,
    /// By file.
    keys: HashMap<u32, Vec<KeyPack>, KeyHash>,
    hash: KeyHash,
}

impl Packs {
    pub fn new(hash: KeyHash) -> Packs {
        Packs {
            rows: HashMap::with_hasher(hash.clone()),
            keys: HashMap::with_hasher(hash.clone()),
            hash,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.keys.is_empty()
    }

    /// Who has packed the lock.
    pub fn find(&self, tag: &Tag) -> Option<Packed> {
        match tag.kind {
            Kind::Row => {
                let (word, bit) = place(tag);
                let packs = self.rows.get(&(tag.a, tag.page()))?;
                let found = packs.iter().find(|pack| pack.rows[word] & bit != 0)?;
                Some(found.pack)
            }
            Kind::UniqueKey => {
                let packs = self.keys.get(&tag.a)?;
                let found = packs
                    .iter()
                    .find(|pack| pack.hashes.contains(&hash_of(tag)))?;
                Some(found.pack)
            }
            _ => None,
        }
    }

    /// Packs a lock that nobody holds: into a pack of the session in that mode numbered from `first` on, or a new one of
    /// number `pack.serial`.
    pub fn add(&mut self, tag: &Tag, first: u32, pack: Packed) -> Added {
        let fits = |other: &Packed| {
            other.owner == pack.owner && other.mode == pack.mode && other.serial >= first
        };
        match tag.kind {
            Kind::Row => {
                let packs = self.rows.entry((tag.a, tag.page())).or_default();
                let (word, bit) = place(tag);
                if let Some(known) = packs.iter_mut().find(|known| fits(&known.pack)) {
                    known.rows[word] |= bit;
                    return Added::Known;
                }
                if packs.len() >= PACKS_MAX {
                    return Added::Full;
                }
                let mut rows = [0; 8];
                rows[word] = bit;
                packs.push(RowPack { pack, rows });
                Added::New
            }
            Kind::UniqueKey => {
                let packs = self.keys.entry(tag.a).or_default();
                if let Some(known) = packs.iter_mut().find(|known| fits(&known.pack)) {
                    known.hashes.insert(hash_of(tag));
                    return Added::Known;
                }
                if packs.len() >= PACKS_MAX {
                    return Added::Full;
                }
                let mut hashes = HashSet::with_hasher(self.hash.clone());
                hashes.insert(hash_of(tag));
                packs.push(KeyPack { pack, hashes });
                Added::New
            }
            _ => Added::Full,
        }
    }

    /// Takes one lock out of its pack.
    pub fn take_out(&mut self, tag: &Tag) -> Option<Packed> {
        match tag.kind {
            Kind::Row => {
                let (word, bit) = place(tag);
                let packs = self.rows.get_mut(&(tag.a, tag.page()))?;
                let found = packs.iter_mut().find(|pack| pack.rows[word] & bit != 0)?;
                found.rows[word] &= !bit;
                Some(found.pack)
            }
            Kind::UniqueKey => {
                let packs = self.keys.get_mut(&tag.a)?;
                let mut packs = packs.iter_mut();
                packs.find_map(|pack| {
                    let removed = pack.hashes.remove(&hash_of(tag));
                    removed.then_some(pack.pack)
                })
            }
            _ => None,
        }
    }

    /// Removes the session's pack that a tag of its log stands for.
    pub fn remove(&mut self, pack: &Tag, owner: u32) {
        let is_wanted = |other: &Packed| other.owner == owner && other.serial == pack.c;
        match pack.kind {
            Kind::RowPack => {
                let place = (pack.a, pack.b);
                if let Some(packs) = self.rows.get_mut(&place) {
                    packs.retain(|other| !is_wanted(&other.pack));
                    if packs.is_empty() {
                        self.rows.remove(&place);
                    }
                }
                if self.rows.capacity() > SHRINK_CAPACITY
                    && self.rows.len() < self.rows.capacity() / 8
                {
                    self.rows.shrink_to(SHRINK_CAPACITY / 2);
                }
            }
            Kind::KeyPack => {
                if let Some(packs) = self.keys.get_mut(&pack.a) {
                    packs.retain(|other| !is_wanted(&other.pack));
                    if packs.is_empty() {
                        self.keys.remove(&pack.a);
                    }
                }
            }
            _ => {}
        }
    }

    /// The locks in the session's pack that a tag of its log stands for.
    pub fn tags(&self, pack: &Tag, owner: u32) -> Vec<Tag> {
        let is_wanted = |other: &Packed| other.owner == owner && other.serial == pack.c;
        match pack.kind {
            Kind::RowPack => {
                let packs = self.rows.get(&(pack.a, pack.b)).into_iter().flatten();
                let wanted = packs.filter(|other| is_wanted(&other.pack));
                let lines = wanted.flat_map(|other| {
                    (0..512u64)
                        .filter(|line| other.rows[*line as usize / 64] >> (line % 64) & 1 != 0)
                });
                lines
                    .map(|line| Tag::row(pack.a, u64::from(pack.b) << 9 | line))
                    .collect()
            }
            Kind::KeyPack => {
                let packs = self.keys.get(&pack.a).into_iter().flatten();
                let wanted = packs.filter(|other| is_wanted(&other.pack));
                let hashes = wanted.flat_map(|other| other.hashes.iter());
                hashes.map(|hash| Tag::unique_key(pack.a, *hash)).collect()
            }
            _ => Vec::new(),
        }
    }
}

fn place(row: &Tag) -> (usize, u64) {
    let line = row.c % 512;
    (line as usize / 64, 1 << (line % 64))
}

fn hash_of(key: &Tag) -> u64 {
    u64::from(key.b) << 32 | u64::from(key.c)
}
