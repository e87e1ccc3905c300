//! Entries that a transaction wrote in bulk and in order of their keys (rows under fresh rowids, a new index's entries):
//! packed into blocks, where an ordered map would cost more than the entries. Entries are only added and, by savepoints,
//! taken back; what changes them later stands in the overlay's map and hides them there. What outgrows memory goes to a
//! bulk file, which the commit hands over as it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use helios_base::Result;

use crate::blocks::{BLOCK_BYTES, Block, BlockScan, BlockView, Blocks};
use crate::bulk::{BulkDirectory, BulkFile, GrowingFile, Place};
use crate::key::FileId;

/// Runs below this part of the size at which entries go to a bulk file are small.
const SMALL_RUN_PART: usize = 512;
/// Memory that a run takes beside its entries.
const RUN_BYTES: usize = 160;

#[derive(Default)]
pub struct Runs {
    files: BTreeMap<FileId, FileRuns>,
    /// Where entries go that outgrow memory; None: nowhere.
    bulk: Option<Arc<BulkDirectory>>,
    /// Approximate bytes of memory of all that is not in a bulk file.
    bytes: usize,
}

/// The runs of one relation file, ascending.
#[derive(Default)]
pub struct FileRuns {
    runs: Vec<Run>,
    /// Runs in memory, and their bytes, save the last.
    memory_runs: usize,
    memory_bytes: usize,
    /// Its part of `Runs::bytes`.
    bytes: usize,
    growing: Option<GrowingFile>,
}

/// Entries of one command, a block of them.
struct Run {
    command: u32,
    epoch: u32,
    first_key: Box<[u8]>,
    body: Body,
}

enum Body {
    Memory(Block),
    Disk(Place),
}

impl Runs {
    pub fn new(bulk: Option<Arc<BulkDirectory>>) -> Runs {
        Runs {
            files: BTreeMap::new(),
            bulk,
            bytes: 0,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Those of files that nothing of is in a bulk file.
    pub fn in_memory(&self) -> impl Iterator<Item = &FileRuns> {
        self.files.values().filter(|runs| runs.growing.is_none())
    }

    /// Forgets those of `in_memory`: they are elsewhere now. The others go to their bulk files as a whole.
    pub fn leave_memory(&mut self) -> Result<()> {
        self.files.retain(|_, runs| runs.growing.is_some());
        for runs in self.files.values_mut() {
            runs.spill()?;
        }
        self.bytes = self.files.values().map(|runs| runs.bytes).sum();
        Ok(())
    }

    pub fn of(&self, file: FileId) -> Option<&FileRuns> {
        if self.files.is_empty() {
            return None;
        }
        self.files.get(&file)
    }

    /// The entry would go on an existing run.
    pub fn extends(&self, file: FileId, command: u32, epoch: u32) -> bool {
        let last = self.of(file).and_then(|runs| runs.runs.last());
        last.is_some_and(|run| run.takes(command, epoch))
    }

    /// The file's highest key here.
    pub fn last_key(&self, file: FileId) -> Result<Option<&[u8]>> {
        let Some(runs) = self.of(file) else {
            return Ok(None);
        };
        let Some(last) = runs.runs.len().checked_sub(1) else {
            return Ok(None);
        };
        let view = runs.view(last)?;
        Ok(view.count().checked_sub(1).map(|index| view.key(index)))
    }

    /// Adds an entry; its key must be above all others of the file. Errors: 53100, 58030 where a bulk file can't be
    /// written.
    pub fn push(
        &mut self,
        file: FileId,
        command: u32,
        epoch: u32,
        key: &[u8],
        value: &[u8],
    ) -> Result<()> {
        let runs = self.files.entry(file).or_default();
        if !runs
            .runs
            .last()
            .is_some_and(|run| run.takes(command, epoch))
        {
            if let Some(bulk) = self.bulk.as_ref().filter(|_| !file.is_temporary()) {
                let before = runs.bytes;
                runs.make_room(bulk, file)?;
                self.bytes -= before - runs.bytes;
            }
            runs.bytes += RUN_BYTES + key.len();
            self.bytes += RUN_BYTES + key.len();
            runs.runs.push(Run {
                command,
                epoch,
                first_key: key.into(),
                body: Body::Memory(Block::default()),
            });
        }
        if let Some(Body::Memory(block)) = runs.runs.last_mut().map(|run| &mut run.body) {
            block.push(key, value);
        }
        let bytes = key.len() + value.len() + 8;
        runs.bytes += bytes;
        self.bytes += bytes;
        Ok(())
    }

    /// Takes back the file's entries from a key on.
    pub fn truncate(&mut self, file: FileId, from: &[u8]) -> Result<()> {
        let Some(runs) = self.files.get_mut(&file) else {
            return Ok(());
        };
        let before = runs.bytes;
        runs.truncate(from)?;
        self.bytes -= before - runs.bytes;
        if runs.runs.is_empty() {
            self.files.remove(&file);
        }
        Ok(())
    }

    /// The value under a key, if a command before `command` added it.
    pub fn get(&self, key: &[u8], command: u32) -> Result<Option<&[u8]>> {
        if self.files.is_empty() {
            return Ok(None);
        }
        match FileId::of_key(key).and_then(|file| self.files.get(&file)) {
            Some(runs) => runs.get(key, u64::from(command)),
            None => Ok(None),
        }
    }

    /// Ends the bulk files, which hold all of their relation files' entries then; they are no longer here.
    pub fn finish_bulk(&mut self) -> Result<Vec<BulkFile>> {
        let mut finished = Vec::new();
        for (_, runs) in self.files.extract_if(.., |_, runs| runs.growing.is_some()) {
            self.bytes -= runs.bytes;
            finished.extend(runs.finish()?);
        }
        Ok(finished)
    }

    /// Every entry, file by file; runs are freed as they are left behind.
    pub fn drain(self, mut take: impl FnMut(FileId, &[u8], &[u8])) {
        for (file, runs) in self.files {
            for run in runs.runs {
                if let Body::Memory(block) = run.body {
                    let view = block.view();
                    for index in 0..view.count() {
                        let (key, value) = view.entry(index);
                        take(file, key, value);
                    }
                }
            }
        }
    }
}

impl Run {
    fn takes(&self, command: u32, epoch: u32) -> bool {
        self.command == command
            && self.epoch == epoch
            && matches!(&self.body, Body::Memory(block) if block.bytes.len() < BLOCK_BYTES)
    }
}

impl Run {
    /// Memory that it takes.
    fn bytes(&self) -> usize {
        RUN_BYTES + self.first_key.len() + self.body.bytes().unwrap_or(0)
    }
}

impl Body {
    /// None: on disk.
    fn bytes(&self) -> Option<usize> {
        match self {
            Body::Memory(block) => Some(block.bytes.len() + block.ends.len()),
            Body::Disk(_) => None,
        }
    }
}

impl FileRuns {
    /// Before a further run begins: moves the others to the bulk file once they are large.
    fn make_room(&mut self, bulk: &Arc<BulkDirectory>, file: FileId) -> Result<()> {
        if let Some(bytes) = self.runs.last().and_then(|run| run.body.bytes()) {
            self.memory_runs += 1;
            self.memory_bytes += bytes;
        }
        // Runs of a row or two, each of a command of its own, are no matter for files.
        let small = self.memory_bytes / self.memory_runs.max(1) < bulk.spill_bytes / SMALL_RUN_PART;
        if small || self.memory_bytes < bulk.spill_bytes {
            return Ok(());
        }
        if self.growing.is_none() {
            self.growing = Some(bulk.begin(file)?);
        }
        self.spill()
    }

    fn spill(&mut self) -> Result<()> {
        if let Some(growing) = &mut self.growing {
            for run in &mut self.runs {
                if let Body::Memory(block) = &run.body {
                    run.body = Body::Disk(growing.append(block.view())?);
                }
            }
        }
        self.memory_runs = 0;
        self.memory_bytes = 0;
        self.bytes = self.runs.iter().map(Run::bytes).sum();
        Ok(())
    }

    /// Joins runs that follow each other in memory: which command wrote them no longer matters.
    fn join(&mut self) {
        let mut joined: Vec<Run> = Vec::with_capacity(self.runs.len());
        for run in self.runs.drain(..) {
            if let (Some(Body::Memory(before)), Body::Memory(block)) =
                (joined.last_mut().map(|run| &mut run.body), &run.body)
                && before.bytes.len() + block.bytes.len() <= BLOCK_BYTES
            {
                let view = block.view();
                for index in 0..view.count() {
                    let (key, value) = view.entry(index);
                    before.push(key, value);
                }
            } else {
                joined.push(run);
            }
        }
        self.runs = joined;
    }

    fn truncate(&mut self, from: &[u8]) -> Result<()> {
        let kept = self.runs.partition_point(|run| &*run.first_key < from);
        while self.runs.len() > kept {
            self.bytes -= self.runs.pop().map_or(0, |run| run.bytes());
            if let Some(bytes) = self.runs.last().and_then(|run| run.body.bytes()) {
                // It is the last now.
                self.memory_runs -= 1;
                self.memory_bytes -= bytes;
            }
        }
        self.truncate_last(from)?;
        if let Some(growing) = &mut self.growing {
            let mut places = self.runs.iter().rev().filter_map(|run| match &run.body {
                Body::Disk(place) => Some(place),
                Body::Memory(_) => None,
            });
            growing.forget_after(places.next());
        }
        Ok(())
    }

    fn truncate_last(&mut self, from: &[u8]) -> Result<()> {
        let Some(last) = self.runs.len().checked_sub(1) else {
            return Ok(());
        };
        let view = self.view(last)?;
        let left = view.search(from);
        if left < view.count() {
            let mut block = Block {
                bytes: view.bytes.to_vec(),
                ends: view.ends.to_vec(),
            };
            block.truncate(left);
            let run = &mut self.runs[last];
            self.bytes -= run.bytes();
            run.body = Body::Memory(block);
            self.bytes += run.bytes();
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Option<BulkFile>> {
        self.join();
        self.spill()?;
        let Some(last) = self.runs.len().checked_sub(1) else {
            return Ok(None);
        };
        let view = self.view(last)?;
        let last_key = view.key(view.count() - 1).to_vec();
        let blocks = self.runs.into_iter().filter_map(|run| match run.body {
            Body::Disk(place) => Some((place, run.first_key)),
            Body::Memory(_) => None,
        });
        let blocks = blocks.collect();
        self.growing
            .map(|growing| growing.finish(blocks, &last_key))
            .transpose()
    }

    pub fn entries(&self) -> usize {
        let runs = (0..self.runs.len()).filter_map(|run| self.view(run).ok());
        runs.map(|view| view.count()).sum()
    }

    /// Every entry in order, with the command and the epoch that wrote it.
    pub fn each(&self, mut take: impl FnMut(u32, u32, &[u8], &[u8]) -> Result<()>) -> Result<()> {
        for (index, run) in self.runs.iter().enumerate() {
            let view = self.view(index)?;
            for entry in 0..view.count() {
                let (key, value) = view.entry(entry);
                take(run.command, run.epoch, key, value)?;
            }
        }
        Ok(())
    }

    /// Entries of lower <= key < upper that commands before `command` added.
    pub fn scan(
        &self,
        lower: &[u8],
        upper: &[u8],
        command: u32,
        backward: bool,
    ) -> Result<BlockScan<'_, FileRuns>> {
        BlockScan::new(self, lower, upper, u64::from(command), backward)
    }
}

impl Blocks for FileRuns {
    fn count(&self) -> usize {
        self.runs.len()
    }

    fn first_key(&self, block: usize) -> &[u8] {
        &self.runs[block].first_key
    }

    fn view(&self, block: usize) -> Result<BlockView<'_>> {
        match (&self.runs[block].body, &self.growing) {
            (Body::Memory(block), _) => Ok(block.view()),
            (Body::Disk(place), Some(growing)) => growing.view(place),
            (Body::Disk(_), None) => Ok(BlockView::default()),
        }
    }

    fn is_visible(&self, block: usize, command: u64) -> bool {
        u64::from(self.runs[block].command) < command
    }

    fn leave(&self, block: usize) {
        if let (Body::Disk(place), Some(growing)) = (&self.runs[block].body, &self.growing) {
            growing.leave(place);
        }
    }
}
