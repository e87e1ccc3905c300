//! LMDB's file, page by page, without LMDB, which trusts what it maps: meta pages, both trees, overflow pages; order of
//! keys, bounds of nodes, no page used twice; the checksum behind each value.
//! Layout (little-endian, 64 bits): page = number u64, 2 unused, flags u16, lower u16 and upper u16 (or overflow pages
//! u32), offsets of nodes u16 each. Node = u32 length of the value (a branch's child: lower 32 bits), flags u16 (a branch's
//! child: upper 16 bits), length of the key u16, key, value.

use std::path::Path;

use helios_base::bytes::{array_at, u32_at, u64_at};
use helios_base::{Error, Result};

use crate::disk::Disk;
use crate::lmdb::{CHECKSUM_BYTES, checksum};
use crate::verify::Report;

const META_PAGES: u64 = 2;
const PAGE_HEADER_BYTES: usize = 16;
const NODE_HEADER_BYTES: usize = 8;
const BRANCH: u16 = 1;
const LEAF: u16 = 2;
const OVERFLOW: u16 = 4;
const META: u16 = 8;
/// A note of LMDB to itself that may stay on a page.
const KEEP: u16 = 0x8000;
/// A node whose value is on overflow pages.
const BIG: u16 = 1;
const MAGIC: u32 = 0xbeef_c0de;
const VERSION: u32 = 1;
const NONE: u64 = u64::MAX;
const DEPTH_MAX: usize = 32;

/// What a tree says of itself.
struct Tree {
    depth: u16,
    branches: u64,
    leaves: u64,
    overflows: u64,
    entries: u64,
    root: u64,
}

struct Meta {
    page_bytes: usize,
    free: Tree,
    main: Tree,
    last_page: u64,
    number: u64,
}

/// Checks the file; an error where it can't be read at all.
pub fn check(path: &Path, disk: &Disk) -> Result<Report> {
    let what = |error| Error::io(&format!("could not read {}", path.display()), &error);
    let file = disk.files().open(path, false).map_err(what)?;
    let length = file.length().map_err(what)?;
    let map = file.map(length)?;
    let bytes = map.part(0, length).unwrap_or_default();
    let mut checker = Checker {
        path,
        bytes,
        page_bytes: 0,
        used: Vec::new(),
        report: Report::default(),
        counted: Counted::default(),
    };
    checker.run();
    Ok(checker.report)
}

struct Checker<'a> {
    path: &'a Path,
    bytes: &'a [u8],
    page_bytes: usize,
    /// Pages that were met.
    used: Vec<bool>,
    report: Report,
    counted: Counted,
}

#[derive(Default)]
struct Counted {
    depth: usize,
    branches: u64,
    leaves: u64,
    overflows: u64,
    entries: u64,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Free,
    Main,
}

impl<'a> Checker<'a> {
    fn problem(&mut self, page: u64, text: &str) {
        let offset = page.saturating_mul(self.page_bytes as u64);
        self.report.problem(format!(
            "base {}: page {page} at offset {offset} {text}",
            self.path.display()
        ));
    }

    fn run(&mut self) {
        let Some(meta) = self.newest_meta() else {
            return;
        };
        let pages = meta.last_page.saturating_add(1);
        // The file may be shorter where its last pages are free, and longer where a step did not come through.
        if pages > 1 << 40 || meta.last_page < META_PAGES - 1 {
            return self.problem(0, "says that the file has an impossible number of pages");
        }
        self.used = vec![false; pages as usize];
        self.used[..META_PAGES as usize].fill(true);
        let mut entries = 0;
        for (tree, kind) in [(&meta.free, Kind::Free), (&meta.main, Kind::Main)] {
            self.counted = Counted::default();
            if tree.root != NONE {
                self.tree(tree.root, 1, (&[], None), kind);
            }
            let counted = &self.counted;
            let same = counted.depth == usize::from(tree.depth)
                && counted.branches == tree.branches
                && counted.leaves == tree.leaves
                && counted.overflows == tree.overflows
                && counted.entries == tree.entries;
            entries = counted.entries;
            if !same && self.report.problems.is_empty() {
                self.problem(
                    meta.number & 1,
                    "says another number of pages or entries than there are",
                );
            }
        }
        let used = self.used.iter().filter(|used| **used).count();
        self.report.facts.push(format!(
            "base: {pages} pages, {used} of them accounted for, {entries} entries"
        ));
    }

    /// The meta page of the last step; both must be whole.
    fn newest_meta(&mut self) -> Option<Meta> {
        // Both say the size of pages; the first one stands at the start in any case.
        self.page_bytes = u32_at(self.bytes, PAGE_HEADER_BYTES + 24).unwrap_or(0) as usize;
        if !self.page_bytes.is_power_of_two() || !(512..=65536).contains(&self.page_bytes) {
            self.page_bytes = 4096;
            self.problem(0, "is no meta page of this format");
            return None;
        }
        let metas: Vec<Meta> = (0..META_PAGES).filter_map(|page| self.meta(page)).collect();
        if metas.len() < META_PAGES as usize {
            return None;
        }
        metas.into_iter().max_by_key(|meta| meta.number)
    }

    fn meta(&mut self, page: u64) -> Option<Meta> {
        let at = page as usize * self.page_bytes;
        let read = read_meta(self.bytes, at, page);
        match read {
            Ok(Some(meta)) if meta.page_bytes == self.page_bytes => Some(meta),
            _ => {
                self.problem(page, "is no meta page of this format");
                None
            }
        }
    }

    fn page(&mut self, page: u64) -> Option<&'a [u8]> {
        let known = usize::try_from(page)
            .ok()
            .filter(|at| *at < self.used.len());
        let Some(at) = known else {
            self.problem(page, "is beyond the last page, but used");
            return None;
        };
        if std::mem::replace(&mut self.used[at], true) {
            self.problem(page, "is used twice");
            return None;
        }
        let start = at * self.page_bytes;
        let bytes = self.bytes.get(start..start + self.page_bytes);
        if bytes.is_none() {
            self.problem(page, "is beyond the end of the file");
        }
        bytes
    }

    /// A page of a tree and all below it; keys within lower <= key < upper.
    fn tree(&mut self, page: u64, depth: usize, bounds: (&[u8], Option<&[u8]>), kind: Kind) {
        let Some(bytes) = self.page(page) else {
            return;
        };
        let nodes = match nodes(bytes, page) {
            Ok(nodes) => nodes,
            Err(text) => return self.problem(page, text),
        };
        if depth > DEPTH_MAX {
            return self.problem(page, "is too deep in the tree");
        }
        let is_leaf = nodes.is_leaf;
        let mut last: Option<&[u8]> = None;
        for (index, node) in nodes.list.iter().enumerate() {
            // A branch's first key stands for everything below the second.
            let is_open = !is_leaf && index == 0;
            let ordered = last.is_none_or(|last| last < node.key);
            let within = node.key >= bounds.0 && bounds.1.is_none_or(|upper| node.key < upper);
            if !is_open && kind == Kind::Main && !(ordered && within) {
                self.problem(page, "has keys out of order");
                return;
            }
            if !is_open {
                last = Some(node.key);
            }
        }
        if is_leaf {
            if self.counted.leaves > 0 && self.counted.depth != depth {
                self.problem(page, "is a leaf at another depth than the others");
            }
            self.counted.depth = depth;
            self.counted.leaves += 1;
            self.counted.entries += nodes.list.len() as u64;
            for node in &nodes.list {
                self.value(page, node, kind);
            }
            return;
        }
        self.counted.branches += 1;
        for (index, node) in nodes.list.iter().enumerate() {
            let lower = if index == 0 { bounds.0 } else { node.key };
            let upper = nodes.list.get(index + 1).map(|next| next.key);
            self.tree(node.child(), depth + 1, (lower, upper.or(bounds.1)), kind);
        }
    }

    fn value(&mut self, page: u64, node: &Node<'a>, kind: Kind) {
        let value = if node.flags & BIG != 0 {
            match self.overflow(page, node) {
                Some(value) => value,
                None => return,
            }
        } else {
            node.value
        };
        match kind {
            Kind::Main => {
                let sound =
                    value
                        .split_last_chunk::<CHECKSUM_BYTES>()
                        .is_some_and(|(value, crc)| {
                            checksum(node.key, value) == u32::from_le_bytes(*crc)
                        });
                if !sound {
                    self.problem(page, "has an entry whose checksum is wrong");
                }
            }
            Kind::Free => self.free_list(page, value),
        }
    }

    /// A value on pages of its own.
    fn overflow(&mut self, page: u64, node: &Node<'a>) -> Option<&'a [u8]> {
        let first = u64_at(node.value, 0).ok()?;
        let length = node.length as usize;
        let pages = (PAGE_HEADER_BYTES - 1 + length) / self.page_bytes + 1;
        let header = self.page(first)?;
        let sound = u64_at(header, 0).ok() == Some(first)
            && flags_of(header) == Some(OVERFLOW)
            && u32_at(header, 12).ok() == Some(pages as u32);
        if !sound {
            self.problem(first, "is not the overflow page that it should be");
            return None;
        }
        for further in 1..pages as u64 {
            self.page(first + further)?;
        }
        self.counted.overflows += pages as u64;
        let start = first as usize * self.page_bytes + PAGE_HEADER_BYTES;
        let value = self.bytes.get(start..start + length);
        if value.is_none() {
            self.problem(page, "has a value beyond the end of the file");
        }
        value
    }

    /// Free pages that a step left: count, then their numbers, descending.
    fn free_list(&mut self, page: u64, list: &[u8]) {
        let count = u64_at(list, 0).unwrap_or(NONE);
        if count.checked_mul(8).map(|bytes| bytes + 8) != Some(list.len() as u64) {
            return self.problem(page, "has a list of free pages that is too short");
        }
        let mut last = NONE;
        for index in 0..count as usize {
            let free = u64_at(list, 8 + index * 8).unwrap_or(NONE);
            let known = usize::try_from(free)
                .ok()
                .filter(|at| *at < self.used.len());
            let taken = known.map(|at| std::mem::replace(&mut self.used[at], true));
            if free >= last || taken != Some(false) {
                return self.problem(page, "has a list of free pages that can't be");
            }
            last = free;
        }
    }
}

fn read_meta(bytes: &[u8], at: usize, page: u64) -> Result<Option<Meta>> {
    let header = at;
    let at = at + PAGE_HEADER_BYTES;
    let sound = u64_at(bytes, header)? == page
        && u16::from_le_bytes(array_at::<2>(bytes, header + 10)?) == META
        && u32_at(bytes, at)? == MAGIC
        && u32_at(bytes, at + 4)? == VERSION;
    if !sound {
        return Ok(None);
    }
    Ok(Some(Meta {
        page_bytes: u32_at(bytes, at + 24)? as usize,
        free: read_tree(bytes, at + 24)?,
        main: read_tree(bytes, at + 72)?,
        last_page: u64_at(bytes, at + 120)?,
        number: u64_at(bytes, at + 128)?,
    }))
}

fn read_tree(bytes: &[u8], at: usize) -> Result<Tree> {
    Ok(Tree {
        depth: u16::from_le_bytes(array_at::<2>(bytes, at + 6)?),
        branches: u64_at(bytes, at + 8)?,
        leaves: u64_at(bytes, at + 16)?,
        overflows: u64_at(bytes, at + 24)?,
        entries: u64_at(bytes, at + 32)?,
        root: u64_at(bytes, at + 40)?,
    })
}

fn flags_of(page: &[u8]) -> Option<u16> {
    let flags = array_at::<2>(page, 10).ok()?;
    Some(u16::from_le_bytes(flags) & !KEEP)
}

struct Nodes<'a> {
    is_leaf: bool,
    list: Vec<Node<'a>>,
}

struct Node<'a> {
    length: u32,
    flags: u16,
    key: &'a [u8],
    /// What is on the page: of a value elsewhere, the number of its page.
    value: &'a [u8],
}

impl Node<'_> {
    fn child(&self) -> u64 {
        u64::from(self.length) | u64::from(self.flags) << 32
    }
}

/// The nodes of a branch or leaf page; what is wrong with it else.
fn nodes(bytes: &[u8], page: u64) -> std::result::Result<Nodes<'_>, &'static str> {
    let half = |at: usize| -> usize {
        let pair = array_at::<2>(bytes, at).unwrap_or_default();
        u16::from_le_bytes(pair).into()
    };
    let is_leaf = match flags_of(bytes) {
        Some(LEAF) => true,
        Some(BRANCH) => false,
        _ => return Err("is neither branch nor leaf"),
    };
    if u64_at(bytes, 0).ok() != Some(page) {
        return Err("has another page's number");
    }
    let (lower, upper) = (half(12), half(14));
    if lower < PAGE_HEADER_BYTES || lower > upper || upper > bytes.len() || lower % 2 != 0 {
        return Err("has impossible bounds");
    }
    let count = (lower - PAGE_HEADER_BYTES) / 2;
    if count == 0 || !is_leaf && count < 2 {
        return Err("has too few entries");
    }
    let mut list = Vec::with_capacity(count);
    for index in 0..count {
        let at = half(PAGE_HEADER_BYTES + index * 2);
        if at < upper {
            return Err("has an entry outside of its bounds");
        }
        let node = node(bytes, at, is_leaf).ok_or("has an entry outside of its bounds")?;
        list.push(node);
    }
    Ok(Nodes { is_leaf, list })
}

fn node(bytes: &[u8], at: usize, is_leaf: bool) -> Option<Node<'_>> {
    let length = u32_at(bytes, at).ok()?;
    let flags = u16::from_le_bytes(array_at::<2>(bytes, at + 4).ok()?);
    let key_bytes: usize = u16::from_le_bytes(array_at::<2>(bytes, at + 6).ok()?).into();
    let key_at = at + NODE_HEADER_BYTES;
    let key = bytes.get(key_at..key_at + key_bytes)?;
    let value_bytes = match (is_leaf, flags) {
        (false, _) => 0,
        (true, 0) => length as usize,
        (true, BIG) => 8,
        _ => return None,
    };
    let value_at = key_at + key_bytes;
    Some(Node {
        length,
        flags,
        key,
        value: bytes.get(value_at..value_at.checked_add(value_bytes)?)?,
    })
}
