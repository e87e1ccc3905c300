//! A sorted run of entries on disk, in a file of its own that goes with it (a name in the bulk files' directory, removed
//! when the run is dropped, at the latest by the next start). Keys may repeat: entries stay in the order they came in.
//! Blocks are checked again whenever the system may have had to read them from the disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use helios_base::Result;

use crate::blocks::{BLOCK_BYTES, Block, BlockView, Blocks};
use crate::bulk::{BulkDirectory, BulkFile, GrowingFile, Place};
use crate::key::FileId;

pub struct DiskRun {
    growing: GrowingFile,
    blocks: Vec<RunBlock>,
    /// What is not written yet.
    block: Block,
    block_bytes: usize,
}

struct RunBlock {
    place: Place,
    first_key: Box<[u8]>,
    /// Its checksum was compared, or it was just written.
    checked: AtomicBool,
}

impl DiskRun {
    /// An empty one; `file` is what its entries belong to, should it become a bulk file.
    pub fn begin(bulk: &Arc<BulkDirectory>, file: FileId) -> Result<DiskRun> {
        Ok(DiskRun {
            growing: bulk.begin(file)?,
            blocks: Vec::new(),
            block: Block::default(),
            block_bytes: BLOCK_BYTES.min(bulk.spill_bytes),
        })
    }

    /// Adds an entry, at or after all others. Errors: 53100, 58030.
    pub fn push(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        self.block.push(key, value);
        if self.block.bytes.len() >= self.block_bytes {
            self.end_block()?;
        }
        Ok(())
    }

    /// After the last entry: only now it can be read.
    pub fn end_block(&mut self) -> Result<()> {
        let view = self.block.view();
        if view.count() == 0 {
            return Ok(());
        }
        let first_key = view.key(0).into();
        let place = self.growing.append(view)?;
        self.blocks.push(RunBlock {
            place,
            first_key,
            checked: AtomicBool::new(true),
        });
        self.block.truncate(0);
        Ok(())
    }

    /// Makes it a bulk file, which still has to be synced; its keys must differ.
    pub fn finish(mut self) -> Result<BulkFile> {
        self.end_block()?;
        self.block = Block::default();
        let last_key = match self.blocks.len().checked_sub(1) {
            Some(last) => {
                let view = self.view(last)?;
                view.key(view.count() - 1).to_vec()
            }
            None => Vec::new(),
        };
        let blocks = self.blocks.into_iter();
        let blocks = blocks.map(|block| (block.place, block.first_key)).collect();
        self.growing.finish(blocks, &last_key)
    }

    /// Lets go of the memory that reading it here and there has taken.
    pub fn release(&self) {
        for block in 0..self.blocks.len() {
            self.leave(block);
        }
    }
}

impl Blocks for DiskRun {
    fn count(&self) -> usize {
        self.blocks.len()
    }

    fn first_key(&self, block: usize) -> &[u8] {
        &self.blocks[block].first_key
    }

    fn view(&self, block: usize) -> Result<BlockView<'_>> {
        let block = &self.blocks[block];
        let view = self.growing.view(&block.place)?;
        if !block.checked.load(Ordering::Relaxed) {
            block.place.check(view, &"a temporary file")?;
            block.checked.store(true, Ordering::Relaxed);
        }
        Ok(view)
    }

    fn is_visible(&self, _block: usize, _limit: u64) -> bool {
        true
    }

    fn leave(&self, block: usize) {
        let block = &self.blocks[block];
        self.growing.leave(&block.place);
        block.checked.store(false, Ordering::Relaxed);
    }

    /// The first of the entries with a key may stand in an earlier block than the last that begins with it.
    fn position(&self, key: &[u8]) -> Result<(usize, usize)> {
        let later = self.blocks.partition_point(|block| &*block.first_key < key);
        match later.checked_sub(1) {
            Some(block) => Ok((block, self.view(block)?.search(key))),
            None => Ok((0, 0)),
        }
    }
}
