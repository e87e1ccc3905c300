//! Committed changes that are not in the base yet: an ordered, multi-version, insert-only skip list. Order: key
//! ascending, then commit sequence descending, so a seek to (key, snapshot) lands on the newest visible version.
//! One thread inserts at a time (a mutex sees to it); any number read without locks. Nodes live in the memtable's own
//! chunks and stay where they are until the whole memtable is dropped, so readers hold plain references into it.

use std::alloc::{Layout, alloc, dealloc};
use std::cmp::Ordering;
use std::ptr::{null, null_mut};
use std::sync::Mutex;
use std::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering as Memory};

use helios_base::sync::lock;

use crate::key::ROW_KEY_BYTES;

const HEIGHT_MAX: usize = 16;
const CHUNK_BYTES: usize = 256 * 1024;
/// 256 KiB of filter: some bits for each of the keys that a full memtable has.
const FILTER_WORDS: usize = 1 << 15;
const TOMBSTONE: u32 = u32::MAX;

/// Followed in memory by `height` links, the key and the value.
#[repr(C)]
struct Node {
    sequence: u64,
    key_bytes: u32,
    value_bytes: u32,
    height: u32,
}

const LINKS_AT: usize = size_of::<Node>();

/// An entry: key, the sequence of the commit that wrote it, value (None: deleted).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry<'a> {
    pub key: &'a [u8],
    pub sequence: u64,
    pub value: Option<&'a [u8]>,
}

pub struct Memtable {
    head: *mut Node,
    height: AtomicUsize,
    bytes: AtomicUsize,
    entries: AtomicUsize,
    /// Bits of the hashes of all keys: most gets of keys that are not here end with it.
    filter: Box<[AtomicU64]>,
    writer: Mutex<Writer>,
}

struct Writer {
    chunks: Vec<(*mut u8, Layout)>,
    free: *mut u8,
    free_bytes: usize,
    random: u64,
}

// SAFETY: links are atomics published with release stores after a node is complete; nodes are never changed otherwise
// nor freed before the memtable; the writer's part is behind its mutex.
unsafe impl Send for Memtable {}
unsafe impl Sync for Memtable {}

impl Memtable {
    pub fn new() -> Memtable {
        let mut writer = Writer {
            chunks: Vec::new(),
            free: null_mut(),
            free_bytes: 0,
            random: 0x9e37_79b9_7f4a_7c15,
        };
        let head = writer.node(0, &[], None, HEIGHT_MAX);
        Memtable {
            head,
            height: AtomicUsize::new(1),
            bytes: AtomicUsize::new(0),
            entries: AtomicUsize::new(0),
            filter: (0..FILTER_WORDS).map(|_| AtomicU64::new(0)).collect(),
            writer: Mutex::new(writer),
        }
    }

    /// Bytes its nodes take, for the budget of memtables.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Memory::Relaxed)
    }

    pub fn entries(&self) -> usize {
        self.entries.load(Memory::Relaxed)
    }

    /// False: no version of the key is here.
    fn may_have(&self, key: &[u8]) -> bool {
        places(key)
            .into_iter()
            .all(|(word, bit)| self.filter[word].load(Memory::Acquire) & bit != 0)
    }

    /// False: no index entry with these bytes before its rowid is here.
    pub fn may_have_entry(&self, before_rowid: &[u8]) -> bool {
        self.may_have(before_rowid)
    }

    fn note(&self, key: &[u8]) {
        for (word, bit) in places(key) {
            self.filter[word].fetch_or(bit, Memory::Release);
        }
    }

    /// Adds a version. The same (key, sequence) twice: the later one is found first.
    pub fn insert(&self, key: &[u8], sequence: u64, value: Option<&[u8]>) {
        let mut writer = lock(&self.writer);
        let mut previous = [self.head; HEIGHT_MAX];
        let mut at = self.head;
        let current_height = self.height.load(Memory::Relaxed);
        for level in (0..current_height).rev() {
            loop {
                let next = next(at, level);
                if next.is_null() || compare(next, key, sequence) != Ordering::Less {
                    break;
                }
                at = next;
            }
            previous[level] = at;
        }
        self.note(key);
        // Lookups of an index key don't know the rowid behind it.
        if key.len() > ROW_KEY_BYTES {
            self.note(&key[..key.len() - 8]);
        }
        let height = writer.random_height();
        let node = writer.node(sequence, key, value, height);
        for (level, before) in previous.iter().enumerate().take(height) {
            link(node, level).store(next(*before, level), Memory::Relaxed);
            link(*before, level).store(node, Memory::Release);
        }
        if height > current_height {
            self.height.store(height, Memory::Release);
        }
        let size = LINKS_AT + height * 8 + key.len() + value.map_or(0, <[u8]>::len);
        self.bytes.fetch_add(size, Memory::Relaxed);
        self.entries.fetch_add(1, Memory::Relaxed);
    }

    /// The newest version of `key` written at or before `sequence`.
    pub fn get(&self, key: &[u8], sequence: u64) -> Option<Entry<'_>> {
        if !self.may_have(key) {
            return None;
        }
        let node = self.seek(key, sequence);
        (!node.is_null() && key_of(node) == key).then(|| entry_of(node))
    }

    /// Visible entries (one a key, tombstones included) of lower <= key < upper, ascending.
    pub fn forward(&self, lower: &[u8], upper: &[u8], sequence: u64) -> Forward<'_> {
        let mut cursor = Forward {
            node: self.seek(lower, u64::MAX),
            upper: upper.into(),
            sequence,
            table: self,
        };
        cursor.skip_invisible();
        cursor
    }

    /// As `forward`, descending.
    pub fn backward(&self, lower: &[u8], upper: &[u8], sequence: u64) -> Backward<'_> {
        let mut cursor = Backward {
            node: null(),
            lower: lower.into(),
            sequence,
            table: self,
        };
        cursor.step(upper);
        cursor
    }

    /// Every version of every key, in order.
    pub fn versions(&self) -> Versions<'_> {
        Versions {
            node: next(self.head, 0),
            table: self,
        }
    }

    /// First node at or after (key, sequence).
    fn seek(&self, key: &[u8], sequence: u64) -> *const Node {
        let mut at = self.head;
        for level in (0..self.height.load(Memory::Acquire)).rev() {
            loop {
                let next = next(at, level);
                if next.is_null() || compare(next, key, sequence) != Ordering::Less {
                    break;
                }
                at = next;
            }
        }
        next(at, 0)
    }

    /// Last node whose key is below `key`; null where there is none.
    fn seek_below(&self, key: &[u8]) -> *const Node {
        let mut at = self.head;
        for level in (0..self.height.load(Memory::Acquire)).rev() {
            loop {
                let next = next(at, level);
                if next.is_null() || compare(next, key, u64::MAX) != Ordering::Less {
                    break;
                }
                at = next;
            }
        }
        if std::ptr::eq(at, self.head) {
            null()
        } else {
            at
        }
    }
}

/// A key's hash, for filters.
pub(crate) fn hash(key: &[u8]) -> u64 {
    let mut hash = key.len() as u64;
    let (words, rest) = key.as_chunks::<8>();
    for word in words {
        hash = (hash ^ u64::from_le_bytes(*word))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(29);
    }
    for byte in rest {
        hash = (hash ^ u64::from(*byte))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(29);
    }
    (hash ^ (hash >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93)
}

/// The two bits that stand for a key: word and mask.
fn places(key: &[u8]) -> [(usize, u64); 2] {
    let hash = hash(key);
    [hash >> 40, hash >> 16].map(|bits| (bits as usize / 64 % FILTER_WORDS, 1 << (bits % 64)))
}

impl Default for Memtable {
    fn default() -> Memtable {
        Memtable::new()
    }
}

impl Drop for Memtable {
    fn drop(&mut self) {
        let writer = self
            .writer
            .get_mut()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        for (chunk, layout) in writer.chunks.drain(..) {
            // SAFETY: allocated with this layout in `take`, freed once.
            unsafe { dealloc(chunk, layout) };
        }
    }
}

pub struct Forward<'a> {
    node: *const Node,
    upper: Box<[u8]>,
    sequence: u64,
    table: &'a Memtable,
}

impl<'a> Forward<'a> {
    #[inline]
    pub fn peek(&self) -> Option<Entry<'a>> {
        (!self.node.is_null()).then(|| entry_of(self.node))
    }

    pub fn advance(&mut self) {
        if self.node.is_null() {
            return;
        }
        let key = key_of(self.node);
        let mut hops = 0;
        loop {
            self.node = next(self.node.cast_mut(), 0);
            if self.node.is_null() || key_of(self.node) != key {
                break;
            }
            hops += 1;
            if hops == 8 {
                // Many versions of one key: seek past them instead of walking.
                self.node = self.table.seek(key, 0);
                while !self.node.is_null() && key_of(self.node) == key {
                    self.node = next(self.node.cast_mut(), 0);
                }
                break;
            }
        }
        self.skip_invisible();
    }

    fn skip_invisible(&mut self) {
        let mut hops = 0;
        while !self.node.is_null()
            && sequence_of(self.node) > self.sequence
            && key_of(self.node) < &*self.upper
        {
            hops += 1;
            self.node = if hops % 8 == 0 {
                self.table.seek(key_of(self.node), self.sequence)
            } else {
                next(self.node.cast_mut(), 0)
            };
        }
        if !self.node.is_null() && key_of(self.node) >= &*self.upper {
            self.node = null();
        }
    }
}

pub struct Backward<'a> {
    node: *const Node,
    lower: Box<[u8]>,
    sequence: u64,
    table: &'a Memtable,
}

impl<'a> Backward<'a> {
    #[inline]
    pub fn peek(&self) -> Option<Entry<'a>> {
        (!self.node.is_null()).then(|| entry_of(self.node))
    }

    pub fn advance(&mut self) {
        if !self.node.is_null() {
            let key = key_of(self.node);
            self.step(key);
        }
    }

    /// Moves to the visible version of the largest key below `upper` that has one.
    fn step(&mut self, upper: &[u8]) {
        let mut below = self.table.seek_below(upper);
        loop {
            if below.is_null() || key_of(below) < &*self.lower {
                self.node = null();
                return;
            }
            let key = key_of(below);
            let visible = self.table.seek(key, self.sequence);
            if !visible.is_null() && key_of(visible) == key {
                self.node = visible;
                return;
            }
            below = self.table.seek_below(key);
        }
    }
}

pub struct Versions<'a> {
    node: *const Node,
    table: &'a Memtable,
}

impl<'a> Iterator for Versions<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        if self.node.is_null() {
            return None;
        }
        debug_assert!(!self.table.head.is_null());
        let entry = entry_of(self.node);
        self.node = next(self.node.cast_mut(), 0);
        Some(entry)
    }
}

impl Writer {
    fn node(
        &mut self,
        sequence: u64,
        key: &[u8],
        value: Option<&[u8]>,
        height: usize,
    ) -> *mut Node {
        let value_bytes = value.map_or(0, <[u8]>::len);
        let key_at = LINKS_AT + height * size_of::<AtomicPtr<Node>>();
        let memory = self.take(key_at + key.len() + value_bytes);
        let node = memory.cast::<Node>();
        // SAFETY: `take` returned at least that many bytes, aligned to 8; nobody else knows them yet.
        unsafe {
            node.write(Node {
                sequence,
                key_bytes: key.len() as u32,
                value_bytes: if value.is_some() {
                    value_bytes as u32
                } else {
                    TOMBSTONE
                },
                height: height as u32,
            });
            for level in 0..height {
                memory
                    .add(LINKS_AT)
                    .cast::<AtomicPtr<Node>>()
                    .add(level)
                    .write(AtomicPtr::new(null_mut()));
            }
            memory
                .add(key_at)
                .copy_from_nonoverlapping(key.as_ptr(), key.len());
            if let Some(value) = value {
                memory
                    .add(key_at + key.len())
                    .copy_from_nonoverlapping(value.as_ptr(), value.len());
            }
        }
        node
    }

    /// Uninitialised memory, aligned to 8.
    fn take(&mut self, size: usize) -> *mut u8 {
        let size = size.next_multiple_of(8);
        if size > self.free_bytes {
            let chunk = if size > CHUNK_BYTES / 4 {
                size
            } else {
                CHUNK_BYTES
            };
            // SAFETY: the size is not zero and 8 is a power of two.
            let layout = unsafe { Layout::from_size_align_unchecked(chunk, 8) };
            // SAFETY: the layout's size is not zero.
            let memory = unsafe { alloc(layout) };
            if memory.is_null() {
                std::alloc::handle_alloc_error(layout);
            }
            self.chunks.push((memory, layout));
            if chunk == size {
                return memory;
            }
            self.free = memory;
            self.free_bytes = chunk;
        }
        let memory = self.free;
        // SAFETY: `size` bytes are left in the chunk.
        self.free = unsafe { memory.add(size) };
        self.free_bytes -= size;
        memory
    }

    /// 1 with probability 3/4, and so on.
    fn random_height(&mut self) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (1 + (self.random >> 20 | 1 << 40).trailing_zeros() as usize / 2).min(HEIGHT_MAX)
    }
}

#[inline]
fn link<'a>(node: *mut Node, level: usize) -> &'a AtomicPtr<Node> {
    // SAFETY: callers ask only for levels below the node's height; nodes outlive every cursor of the memtable.
    unsafe {
        &*node
            .cast::<u8>()
            .add(LINKS_AT)
            .cast::<AtomicPtr<Node>>()
            .add(level)
    }
}

#[inline]
fn next(node: *mut Node, level: usize) -> *mut Node {
    link(node, level).load(Memory::Acquire)
}

#[inline]
fn sequence_of(node: *const Node) -> u64 {
    // SAFETY: nodes are complete before they are linked.
    unsafe { (*node).sequence }
}

#[inline]
fn key_of<'a>(node: *const Node) -> &'a [u8] {
    // SAFETY: the node's key stands after its links.
    unsafe {
        let at = LINKS_AT + (*node).height as usize * size_of::<AtomicPtr<Node>>();
        std::slice::from_raw_parts(node.cast::<u8>().add(at), (*node).key_bytes as usize)
    }
}

#[inline]
fn entry_of<'a>(node: *const Node) -> Entry<'a> {
    let key = key_of(node);
    // SAFETY: the value stands after the key.
    let value = unsafe {
        match (*node).value_bytes {
            TOMBSTONE => None,
            length => Some(std::slice::from_raw_parts(
                key.as_ptr().add(key.len()),
                length as usize,
            )),
        }
    };
    Entry {
        key,
        sequence: sequence_of(node),
        value,
    }
}

#[inline]
fn compare(node: *const Node, key: &[u8], sequence: u64) -> Ordering {
    key_of(node)
        .cmp(key)
        .then_with(|| sequence.cmp(&sequence_of(node)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(table: &Memtable, sequence: u64) -> Vec<(String, Option<String>)> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut forward = table.forward(b"a", b"z", sequence);
        let mut out = Vec::new();
        while let Some(entry) = forward.peek() {
            out.push((text(entry.key), entry.value.map(text)));
            forward.advance();
        }
        let mut backward = table.backward(b"a", b"z", sequence);
        let mut reversed = Vec::new();
        while let Some(entry) = backward.peek() {
            reversed.push((text(entry.key), entry.value.map(text)));
            backward.advance();
        }
        reversed.reverse();
        assert_eq!(out, reversed);
        out
    }

    #[test]
    fn versions_by_snapshot() {
        let table = Memtable::new();
        table.insert(b"b", 1, Some(b"1"));
        table.insert(b"a", 2, Some(b"2"));
        table.insert(b"b", 3, None);
        table.insert(b"b", 5, Some(b"5"));
        table.insert(b"zz", 1, Some(b"out"));
        let some = |key: &str, value: &str| (key.to_string(), Some(value.to_string()));
        assert_eq!(keys(&table, 0), vec![]);
        assert_eq!(keys(&table, 1), vec![some("b", "1")]);
        assert_eq!(keys(&table, 2), vec![some("a", "2"), some("b", "1")]);
        assert_eq!(
            keys(&table, 4),
            vec![some("a", "2"), ("b".to_string(), None)]
        );
        assert_eq!(keys(&table, 9), vec![some("a", "2"), some("b", "5")]);
        assert_eq!(
            table.get(b"b", 2).and_then(|entry| entry.value),
            Some(b"1".as_slice())
        );
        assert!(table.get(b"c", 9).is_none());
    }

    #[test]
    fn many_keys_and_versions() {
        let table = Memtable::new();
        for sequence in 1..=50u64 {
            for key in (0..200u32).rev() {
                table.insert(
                    format!("k{key:04}").as_bytes(),
                    sequence,
                    Some(&sequence.to_le_bytes()),
                );
            }
        }
        assert_eq!(keys(&table, 25).len(), 200);
        assert_eq!(
            table.get(b"k0100", 25).map(|entry| entry.sequence),
            Some(25)
        );
        assert_eq!(table.versions().count(), 10_000);
    }
}
