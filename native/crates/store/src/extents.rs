//! The committed bulk files that readers merge below the base: what the base says of a key (also that it is deleted)
//! hides what a bulk file says. Files of one relation that don't overlap form a chain, which is read as one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use helios_base::Result;

use crate::blocks::{BlockView, Blocks};
use crate::bulk::BulkFile;
use crate::key::{FileId, PREFIX_BYTES};

/// Value that stands in the base for a deleted entry of a bulk file. Rows are longer, and entries of indexes have none
/// or begin with 1.
pub const TOMBSTONE: &[u8] = &[2];

/// Bulk files by relation file.
#[derive(Clone, Default)]
pub struct Extents {
    files: BTreeMap<FileId, Arc<FileExtents>>,
}

impl Extents {
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    pub fn of(&self, file: FileId) -> Option<&FileExtents> {
        if self.files.is_empty() {
            return None;
        }
        self.files.get(&file).map(|extents| &**extents)
    }

    /// All bulk files.
    pub fn all(&self) -> impl Iterator<Item = &BulkFile> {
        let lists = self.files.values().flat_map(|extents| &extents.list);
        lists.map(|(_, file)| &**file)
    }

    /// The bulk files of the relation files that lie in lower <= key < upper.
    pub fn within<'a, 'b>(
        &'a self,
        lower: &[u8],
        upper: &'b [u8],
    ) -> impl Iterator<Item = &'a FileExtents> + use<'a, 'b> {
        let mut prefix = [0; PREFIX_BYTES];
        let length = lower.len().min(PREFIX_BYTES);
        prefix[..length].copy_from_slice(&lower[..length]);
        let files = FileId::of_key(&prefix).map(|first| self.files.range(first..));
        files
            .into_iter()
            .flatten()
            .take_while(|(file, _)| file.prefix().as_slice() < upper)
            .map(|(_, extents)| &**extents)
    }

    /// With one more, committed under the sequence. `shadowed`: the base has keys of its relation file.
    pub fn add(&mut self, sequence: u64, file: Arc<BulkFile>, shadowed: bool) {
        let known = self.files.get(&file.record.file);
        let mut list = known.map_or_else(Vec::new, |known| known.list.clone());
        let flag = known.map_or_else(
            || Arc::new(AtomicBool::new(shadowed)),
            |known| Arc::clone(&known.shadowed),
        );
        let id = file.record.file;
        list.push((sequence, file));
        list.sort_by(|(_, left), (_, right)| left.first_key(0).cmp(right.first_key(0)));
        let chains = chains(&list);
        self.files.insert(
            id,
            Arc::new(FileExtents {
                list,
                chains,
                shadowed: flag,
            }),
        );
    }

    /// Takes out those of certain relation files; their numbers.
    pub fn take_out(&mut self, matches: impl Fn(&FileId) -> bool) -> Vec<u64> {
        let mut numbers = Vec::new();
        self.files.retain(|file, extents| {
            if matches(file) {
                numbers.extend(extents.list.iter().map(|(_, file)| file.record.number));
            }
            !matches(file)
        });
        numbers
    }
}

/// The bulk files of one relation file.
pub struct FileExtents {
    list: Vec<(u64, Arc<BulkFile>)>,
    chains: Vec<Chain>,
    /// The base may have keys of the relation file.
    shadowed: Arc<AtomicBool>,
}

impl FileExtents {
    pub fn chains(&self) -> &[Chain] {
        &self.chains
    }

    pub fn get(&self, key: &[u8], sequence: u64) -> Result<Option<&[u8]>> {
        for chain in &self.chains {
            if let Some(value) = chain.get(key, sequence)? {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }

    /// Bytes of all of them.
    pub fn bytes(&self) -> u64 {
        self.list.iter().map(|(_, file)| file.record.bytes).sum()
    }

    /// Lets go of the memory that reading them here and there has taken.
    pub fn release(&self) {
        self.list.iter().for_each(|(_, file)| file.release());
    }

    pub fn is_shadowed(&self) -> bool {
        self.shadowed.load(Ordering::Acquire)
    }

    /// Before the base gets keys of the relation file.
    pub fn set_shadowed(&self) {
        self.shadowed.store(true, Ordering::Release);
    }
}

/// Bulk files one after the other, none overlapping the next.
pub struct Chain {
    files: Vec<(u64, Arc<BulkFile>)>,
    /// (file, block) of each block.
    blocks: Vec<(u32, u32)>,
}

fn chains(list: &[(u64, Arc<BulkFile>)]) -> Vec<Chain> {
    let mut chains: Vec<Chain> = Vec::new();
    for (sequence, file) in list {
        let fits = chains.iter_mut().find(|chain| {
            chain
                .files
                .last()
                .is_some_and(|(_, last)| &*last.record.last_key < file.first_key(0))
        });
        let entry = (*sequence, Arc::clone(file));
        match fits {
            Some(chain) => chain.files.push(entry),
            None => chains.push(Chain {
                files: vec![entry],
                blocks: Vec::new(),
            }),
        }
    }
    for chain in &mut chains {
        for (number, (_, file)) in chain.files.iter().enumerate() {
            let blocks = (0..file.count()).map(|block| (number as u32, block as u32));
            chain.blocks.extend(blocks);
        }
    }
    chains
}

impl Blocks for Chain {
    fn count(&self) -> usize {
        self.blocks.len()
    }

    fn first_key(&self, block: usize) -> &[u8] {
        let (file, block) = self.blocks[block];
        self.files[file as usize].1.first_key(block as usize)
    }

    fn view(&self, block: usize) -> Result<BlockView<'_>> {
        let (file, block) = self.blocks[block];
        self.files[file as usize].1.view(block as usize)
    }

    fn is_visible(&self, block: usize, sequence: u64) -> bool {
        let (file, _) = self.blocks[block];
        self.files[file as usize].0 <= sequence
    }

    fn leave(&self, block: usize) {
        let (file, block) = self.blocks[block];
        self.files[file as usize].1.leave(block as usize);
    }
}
