//! Sorted entries packed into blocks, and ordered walks over a sequence of blocks. A block is its entries' bytes (key,
//! value, key, value, ...) and, little-endian, the end of each key and of each value in them.

use helios_base::Result;

use crate::key::PREFIX_BYTES;

/// Bytes of a block's entries from which on the next block begins.
pub const BLOCK_BYTES: usize = 256 << 10;
/// Bytes of the two ends of an entry.
const ENDS_BYTES: usize = 8;

/// A block in memory.
#[derive(Default)]
pub struct Block {
    pub bytes: Vec<u8>,
    pub ends: Vec<u8>,
}

impl Block {
    pub fn view(&self) -> BlockView<'_> {
        BlockView {
            bytes: &self.bytes,
            ends: &self.ends,
        }
    }

    /// Adds an entry, whose key is above all others.
    pub fn push(&mut self, key: &[u8], value: &[u8]) {
        self.bytes.extend_from_slice(key);
        self.ends
            .extend_from_slice(&(self.bytes.len() as u32).to_le_bytes());
        self.bytes.extend_from_slice(value);
        self.ends
            .extend_from_slice(&(self.bytes.len() as u32).to_le_bytes());
    }

    /// Keeps the first `count` entries.
    pub fn truncate(&mut self, count: usize) {
        let bytes = self.view().start(count);
        self.bytes.truncate(bytes);
        self.ends.truncate(count * ENDS_BYTES);
    }
}

/// A block's entries, wherever they are.
#[derive(Clone, Copy, Default)]
pub struct BlockView<'a> {
    pub bytes: &'a [u8],
    pub ends: &'a [u8],
}

impl<'a> BlockView<'a> {
    #[inline]
    pub fn count(&self) -> usize {
        self.ends.len() / ENDS_BYTES
    }

    #[inline]
    fn end(&self, number: usize) -> usize {
        let at = number * 4;
        let bytes = [
            self.ends[at],
            self.ends[at + 1],
            self.ends[at + 2],
            self.ends[at + 3],
        ];
        u32::from_le_bytes(bytes) as usize
    }

    /// Where an entry starts.
    #[inline]
    fn start(&self, index: usize) -> usize {
        if index == 0 {
            0
        } else {
            self.end(index * 2 - 1)
        }
    }

    #[inline]
    pub fn key(&self, index: usize) -> &'a [u8] {
        &self.bytes[self.start(index)..self.end(index * 2)]
    }

    #[inline]
    pub fn entry(&self, index: usize) -> (&'a [u8], &'a [u8]) {
        let (start, middle) = (self.start(index), self.end(index * 2));
        (
            &self.bytes[start..middle],
            &self.bytes[middle..self.end(index * 2 + 1)],
        )
    }

    /// First entry at or after a key.
    pub fn search(&self, key: &[u8]) -> usize {
        let (mut low, mut high) = (0, self.count());
        let head = if high > 0 { self.head_of(key) } else { None };
        if let Some(head) = head {
            (low, high) = self.narrow(key, head);
        }
        while low < high {
            let middle = (low + high) / 2;
            if is_below(self.key(middle), key, head) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The key's bytes after the file's prefix, which tell most keys apart; None where they can't be compared alone.
    fn head_of(&self, key: &[u8]) -> Option<u64> {
        let prefix = key.first_chunk::<PREFIX_BYTES>()?;
        self.key(0).starts_with(prefix).then(|| wanted_head(key))
    }

    /// Rowids and numbers are often spread evenly: where a key stands follows from the first and the last one, give or
    /// take a few. What does not follow is left to the search.
    fn narrow(&self, key: &[u8], wanted: u64) -> (usize, usize) {
        let last = self.count() - 1;
        let all = (0, self.count());
        let (Some(first_head), Some(last_head)) = (head(self.key(0)), head(self.key(last))) else {
            return all;
        };
        if wanted <= first_head || wanted >= last_head {
            return all;
        }
        let share = u128::from(wanted - first_head) * last as u128;
        let guess = (share / u128::from(last_head - first_head)) as usize;
        let (mut low, mut high) = all;
        let is_below = |index| is_below(self.key(index), key, Some(wanted));
        let mut step = 2;
        if is_below(guess) {
            low = guess + 1;
            while guess + step < high {
                if !is_below(guess + step) {
                    high = guess + step;
                    break;
                }
                low = guess + step + 1;
                step *= 4;
            }
        } else {
            high = guess;
            while guess > step {
                if is_below(guess - step) {
                    low = guess - step + 1;
                    break;
                }
                high = guess - step;
                step *= 4;
            }
        }
        (low, high)
    }

    pub fn get(&self, key: &[u8]) -> Option<&'a [u8]> {
        let index = self.search(key);
        if index == self.count() {
            return None;
        }
        let (found, value) = self.entry(index);
        (found == key).then_some(value)
    }
}

/// The eight bytes after the file's prefix.
#[inline]
pub fn head(key: &[u8]) -> Option<u64> {
    let bytes = key.get(PREFIX_BYTES..)?.first_chunk::<8>()?;
    Some(u64::from_be_bytes(*bytes))
}

/// The same of a key that is looked for, which may be shorter than an entry's: then zeros follow, which are below all
/// that may follow there.
#[inline]
pub fn wanted_head(key: &[u8]) -> u64 {
    let rest = key.get(PREFIX_BYTES..).unwrap_or_default();
    let mut bytes = [0; 8];
    let length = rest.len().min(8);
    bytes[..length].copy_from_slice(&rest[..length]);
    u64::from_be_bytes(bytes)
}

#[inline]
fn is_below(found: &[u8], key: &[u8], key_head: Option<u64>) -> bool {
    match (key_head, head(found)) {
        (Some(wanted), Some(other)) if wanted != other => other < wanted,
        _ => found < key,
    }
}

/// Blocks in order of their keys, some of which a reader at `limit` (a command, a sequence) sees as a whole.
pub trait Blocks {
    fn count(&self) -> usize;
    fn first_key(&self, block: usize) -> &[u8];
    fn view(&self, block: usize) -> Result<BlockView<'_>>;
    fn is_visible(&self, block: usize, limit: u64) -> bool;
    /// A walk has left the block: it will hardly be needed soon.
    fn leave(&self, _block: usize) {}

    /// The block that may hold a key: the last that begins at or before it.
    fn block_of(&self, key: &[u8]) -> Option<usize> {
        let (mut low, mut high) = (0, self.count());
        while low < high {
            let middle = (low + high) / 2;
            if self.first_key(middle) <= key {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low.checked_sub(1)
    }

    fn get(&self, key: &[u8], limit: u64) -> Result<Option<&[u8]>> {
        match self.block_of(key) {
            Some(block) if self.is_visible(block, limit) => Ok(self.view(block)?.get(key)),
            _ => Ok(None),
        }
    }

    /// The first entry at or after a key, if its block is visible.
    fn first_from(&self, key: &[u8], limit: u64) -> Result<Option<(&[u8], &[u8])>> {
        let (mut block, mut index) = self.position(key)?;
        while block < self.count() {
            if self.is_visible(block, limit) {
                let view = self.view(block)?;
                if index < view.count() {
                    return Ok(Some(view.entry(index)));
                }
            }
            (block, index) = (block + 1, 0);
        }
        Ok(None)
    }

    /// First (block, entry) at or after a key; the entry may be the one after a block's last.
    fn position(&self, key: &[u8]) -> Result<(usize, usize)> {
        match self.block_of(key) {
            Some(block) => Ok((block, self.view(block)?.search(key))),
            None => Ok((0, 0)),
        }
    }
}

/// A walk over lower <= key < upper, ascending or descending.
pub struct BlockScan<'a, B: Blocks + ?Sized> {
    blocks: &'a B,
    limit: u64,
    backward: bool,
    /// Next entry forward, and the one after the last: both move towards each other.
    from: (usize, usize),
    to: (usize, usize),
    /// The block in hand.
    block: usize,
    view: BlockView<'a>,
    current: Option<(&'a [u8], &'a [u8])>,
}

impl<'a, B: Blocks + ?Sized> BlockScan<'a, B> {
    pub fn new(
        blocks: &'a B,
        lower: &[u8],
        upper: &[u8],
        limit: u64,
        backward: bool,
    ) -> Result<BlockScan<'a, B>> {
        let (from, to) = if lower < upper {
            (blocks.position(lower)?, blocks.position(upper)?)
        } else {
            ((0, 0), (0, 0))
        };
        let mut scan = BlockScan {
            blocks,
            limit,
            backward,
            from,
            to,
            block: usize::MAX,
            view: BlockView::default(),
            current: None,
        };
        scan.advance()?;
        Ok(scan)
    }

    #[inline]
    pub fn peek(&self) -> Option<(&'a [u8], &'a [u8])> {
        self.current
    }

    #[inline]
    pub fn advance(&mut self) -> Result<()> {
        if !self.backward && self.block == self.from.0 {
            // Most steps stay within a block.
            let end = if self.from.0 == self.to.0 {
                self.to.1
            } else {
                self.view.count()
            };
            if self.from.1 < end {
                self.current = Some(self.view.entry(self.from.1));
                self.from.1 += 1;
                return Ok(());
            }
        }
        self.enter()
    }

    /// A step that may lead into another block.
    fn enter(&mut self) -> Result<()> {
        self.current = None;
        while self.from < self.to {
            let block = if self.backward && self.to.1 == 0 {
                self.to.0 - 1
            } else if self.backward {
                self.to.0
            } else {
                self.from.0
            };
            if !self.blocks.is_visible(block, self.limit) {
                if self.backward {
                    self.to = (block, 0);
                } else {
                    self.from = (block + 1, 0);
                }
                continue;
            }
            if self.block != block {
                if self.block != usize::MAX {
                    self.blocks.leave(self.block);
                }
                self.view = self.blocks.view(block)?;
                self.block = block;
            }
            if self.backward {
                let end = if self.to.0 == block {
                    self.to.1
                } else {
                    self.view.count()
                };
                self.to = (block, end - 1);
                if self.to < self.from {
                    break;
                }
                self.current = Some(self.view.entry(end - 1));
                return Ok(());
            }
            if self.from.1 == self.view.count() {
                self.from = (block + 1, 0);
                continue;
            }
            self.current = Some(self.view.entry(self.from.1));
            self.from.1 += 1;
            return Ok(());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::FileId;

    #[test]
    fn entries_of_an_index_are_found_however_they_are_spread() {
        let file = FileId::permanent(1, 2);
        for spread in [|n: u64| n * n, |n| n * 3, |n| n / 9, |n| (n % 2) << 40] {
            let mut keys: Vec<_> = (0..500u64)
                .map(|n| file.index_key(&spread(n).to_be_bytes()[3..], n))
                .collect();
            keys.sort();
            let mut block = Block::default();
            for key in &keys {
                block.push(key, &[]);
            }
            for wanted in (0..250_100u64).step_by(37) {
                for rowid in [0, wanted, u64::MAX] {
                    let key = file.index_key(&wanted.to_be_bytes()[3..], rowid);
                    for key in [&key[..], &key[..14], &key[..12], &key[..9]] {
                        let index = keys.partition_point(|other| other[..] < *key);
                        assert_eq!(block.view().search(key), index);
                    }
                }
            }
        }
    }

    #[test]
    fn rows_are_found_wherever_their_rowids_are() {
        let file = FileId::permanent(1, 2);
        for (stride, bump) in [(1, 0), (512, 61), (7, 100_000)] {
            let mut block = Block::default();
            let rowids: Vec<u64> = (0..700u64)
                .map(|index| 5 + index * stride + index / 61 * bump)
                .collect();
            for rowid in &rowids {
                block.push(&file.row_key(*rowid), &rowid.to_le_bytes());
            }
            let view = block.view();
            for wanted in 0..rowids[699] + 10 {
                let index = rowids.partition_point(|rowid| *rowid < wanted);
                assert_eq!(view.search(&file.row_key(wanted)), index);
            }
            block.truncate(3);
            assert_eq!(block.view().count(), 3);
            assert_eq!(block.view().get(&file.row_key(rowids[3])), None);
        }
    }
}
