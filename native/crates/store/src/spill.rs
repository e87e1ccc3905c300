//! What of a transaction's writes has outgrown memory: sorted runs on disk of the versions that its overlay's map (and
//! small bulk runs) held, each run newer than those before it. An entry's value: command u32, epoch u32 (little-endian),
//! flags (1: deletes the key, 2: the key existed before the transaction), then the version's value; versions of a key
//! follow each other newest first. Many runs of a size are merged into a larger one. What a savepoint takes back is told by
//! its epoch: runs of nothing else go, those with a good part of it are written anew, and in the others its epochs are dead.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use helios_base::bytes::u32_at;
use helios_base::{Error, Result};

use crate::blocks::{BlockScan, Blocks};
use crate::bulk::BulkDirectory;
use crate::disk_run::DiskRun;
use crate::key::{FileId, PREFIX_BYTES, ROW_KEY_BYTES};
use crate::memtable::hash;

const VERSION_HEADER_BYTES: usize = 9;
const DELETED: u8 = 1;
const EXISTED: u8 = 2;
/// Runs of a tier that are merged into one of the next.
const TIER_RUNS: usize = 16;
/// Reads of single keys after which the memory that they have taken is let go of.
const READS_MAX: usize = 2048;
/// Bits of a run's filter for each of its keys.
const FILTER_BITS: usize = 10;
/// A run is written anew once this part of its versions is dead: scans then pass few, and each is written a few times only.
const DEAD_PART: usize = 8;
/// Keys that nobody sees which a walk passes at a time: further on there may be nothing that is asked for.
pub const PASSED_MAX: usize = 256;

/// A version as a spilled run has it.
#[derive(Clone, Copy)]
pub struct SpilledVersion<'a> {
    pub command: u32,
    pub epoch: u32,
    pub existed: bool,
    /// None: deleted.
    pub value: Option<&'a [u8]>,
}

impl<'a> SpilledVersion<'a> {
    fn encode(&self, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&self.command.to_le_bytes());
        out.extend_from_slice(&self.epoch.to_le_bytes());
        let deleted = if self.value.is_none() { DELETED } else { 0 };
        out.push(deleted | if self.existed { EXISTED } else { 0 });
        out.extend_from_slice(self.value.unwrap_or_default());
    }

    fn decode(stored: &'a [u8]) -> Result<SpilledVersion<'a>> {
        let damaged = || Error::corrupted("a temporary file holds a damaged version");
        let flags = *stored.get(8).ok_or_else(damaged)?;
        Ok(SpilledVersion {
            command: u32_at(stored, 0)?,
            epoch: u32_at(stored, 4)?,
            existed: flags & EXISTED != 0,
            value: (flags & DELETED == 0).then(|| &stored[VERSION_HEADER_BYTES..]),
        })
    }
}

/// The epochs of writes that savepoints took back: disjoint, ascending.
#[derive(Default)]
struct DeadEpochs(Vec<RangeInclusive<u32>>);

impl DeadEpochs {
    fn add(&mut self, epochs: RangeInclusive<u32>) {
        let from = epochs.start();
        while self.0.last().is_some_and(|range| range.start() >= from) {
            self.0.pop();
        }
        self.0.push(epochs);
    }

    #[inline]
    fn has(&self, epoch: u32) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let after = self.0.partition_point(|range| *range.start() <= epoch);
        after > 0 && self.0[after - 1].contains(&epoch)
    }
}

/// How many versions a run has of each savepoint level that was open when it was made: the first epoch of the level and
/// their number, ascending. Levels within a run end together or stay together.
struct Levels(Vec<(u32, usize)>);

impl Levels {
    /// Of the savepoints that begin with these epochs.
    fn new(savepoints: impl Iterator<Item = u32>) -> Levels {
        let levels = std::iter::once(0).chain(savepoints);
        Levels(levels.map(|epoch| (epoch, 0)).collect())
    }

    fn count(&mut self, epoch: u32) {
        let after = self.0.partition_point(|(first, _)| *first <= epoch);
        self.0[after - 1].1 += 1;
    }

    /// Forgets the levels that begin at this epoch or later; the number of their versions.
    fn take_back(&mut self, from: u32) -> usize {
        let left = self.0.partition_point(|(first, _)| *first < from);
        self.0.drain(left..).map(|(_, versions)| versions).sum()
    }

    fn versions(&self) -> usize {
        self.0.iter().map(|(_, versions)| versions).sum()
    }
}

/// All spilled runs of a transaction.
#[derive(Default)]
pub struct Spilled {
    /// Oldest first.
    runs: Vec<SpillRun>,
    dead: DeadEpochs,
}

struct SpillRun {
    run: DiskRun,
    filter: Filter,
    first_key: Box<[u8]>,
    last_key: Box<[u8]>,
    min_command: u32,
    levels: Levels,
    dead: usize,
    tier: u8,
    reads: AtomicUsize,
}

impl Spilled {
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Adds a run, made by `fill` from versions in order, while the savepoints with these first epochs are open. Errors:
    /// 53100, 58030; then nothing has changed.
    pub fn add(
        &mut self,
        bulk: &Arc<BulkDirectory>,
        savepoints: impl Iterator<Item = u32> + Clone,
        entries: usize,
        fill: impl FnOnce(&mut SpillWriter) -> Result<()>,
    ) -> Result<()> {
        let mut writer = SpillWriter::begin(bulk, Levels::new(savepoints.clone()), entries, 0)?;
        fill(&mut writer)?;
        self.runs.extend(writer.finish()?);
        self.merge_tiers(bulk, savepoints)
    }

    fn merge_tiers(
        &mut self,
        bulk: &Arc<BulkDirectory>,
        savepoints: impl Iterator<Item = u32> + Clone,
    ) -> Result<()> {
        while let Some(tier) = self.runs.last().map(|run| run.tier) {
            let same = self.runs.iter().rev();
            let same = same.take_while(|run| run.tier == tier).count();
            if same < TIER_RUNS {
                break;
            }
            let from = self.runs.len() - same;
            let levels = Levels::new(savepoints.clone());
            let merged = self.merge(bulk, &self.runs[from..], levels, tier + 1)?;
            self.runs.truncate(from);
            self.runs.extend(merged);
        }
        Ok(())
    }

    /// One run of several, without what is dead.
    fn merge(
        &self,
        bulk: &Arc<BulkDirectory>,
        runs: &[SpillRun],
        levels: Levels,
        tier: u8,
    ) -> Result<Option<SpillRun>> {
        let entries = runs.iter().map(|run| run.levels.versions()).sum();
        let mut writer = SpillWriter::begin(bulk, levels, entries, tier)?;
        // Newest first.
        let scans = runs.iter().rev();
        let scans = scans.map(|run| BlockScan::new(&run.run, &[], &[0xff], u64::MAX, false));
        let mut scans = scans.collect::<Result<Vec<_>>>()?;
        loop {
            let least = scans
                .iter()
                .enumerate()
                .filter_map(|(index, scan)| scan.peek().map(|(key, _)| (key, index)))
                .min();
            let Some((key, _)) = least else {
                break;
            };
            for scan in &mut scans {
                while let Some((found, stored)) = scan.peek()
                    && found == key
                {
                    let version = SpilledVersion::decode(stored)?;
                    if !self.dead.has(version.epoch) {
                        writer.push(key, version)?;
                    }
                    scan.advance()?;
                }
            }
        }
        drop(scans);
        writer.finish()
    }

    /// Takes back what was written in these epochs; the savepoints with these first epochs are left.
    pub fn take_back(
        &mut self,
        bulk: &Arc<BulkDirectory>,
        savepoints: impl Iterator<Item = u32> + Clone,
        epochs: RangeInclusive<u32>,
    ) {
        let mut has_dead = false;
        for run in &mut self.runs {
            let dead = run.levels.take_back(*epochs.start());
            run.dead += dead;
            has_dead |= dead > 0;
        }
        if !has_dead {
            return;
        }
        self.runs.retain(|run| run.levels.versions() > 0);
        self.dead.add(epochs);
        for index in 0..self.runs.len() {
            let run = &self.runs[index];
            if run.dead * DEAD_PART < run.dead + run.levels.versions() {
                continue;
            }
            let levels = Levels::new(savepoints.clone());
            let runs = &self.runs[index..=index];
            // Where there is no room for another the old one does, with what is dead.
            if let Ok(Some(written)) = self.merge(bulk, runs, levels, run.tier) {
                self.runs[index] = written;
            }
        }
        if self.runs.iter().all(|run| run.dead == 0) {
            self.dead = DeadEpochs::default();
        }
    }

    /// The newest version that a command sees; None: the runs say nothing of the key.
    pub fn get(&self, key: &[u8], command: u32) -> Result<Option<Option<&[u8]>>> {
        for run in self.runs.iter().rev() {
            if run.min_command < command
                && run.may_have(key)
                && let Some(version) = run.find(key, command, &self.dead)?
            {
                return Ok(Some(version.value));
            }
        }
        Ok(None)
    }

    /// Walks over lower <= key < upper as a command sees it, newest run first. `whole`: the keys wanted are `lower` and a
    /// rowid.
    pub fn scans<'a, 'k>(
        &'a self,
        lower: &'k [u8],
        upper: &'k [u8],
        command: u32,
        backward: bool,
        whole: bool,
    ) -> impl Iterator<Item = Result<SpillScan<'a>>> + use<'a, 'k> {
        let runs = self.runs.iter().rev().filter(move |run| {
            run.min_command < command
                && *run.first_key < *upper
                && *run.last_key >= *lower
                && (!whole || run.filter.may_have(lower))
        });
        runs.map(move |run| {
            let inner = BlockScan::new(&run.run, lower, upper, u64::MAX, backward)?;
            let mut scan = SpillScan {
                inner,
                command,
                dead: &self.dead,
                backward,
                current: None,
                passed: None,
                existed: false,
            };
            run.count_read();
            scan.advance()?;
            Ok(scan)
        })
    }

    /// There may be keys at or after this one.
    pub fn has_any_from(&self, lower: &[u8]) -> bool {
        self.runs.iter().any(|run| *run.last_key >= *lower)
    }

    /// There may be keys of this space.
    pub fn has_any_within(&self, space: u8) -> bool {
        let mut runs = self.runs.iter();
        runs.any(|run| {
            run.last_key.first() >= Some(&space) && run.first_key.first() <= Some(&space)
        })
    }

    /// Calls `take` with what is left of each key of lower <= key < upper in the end: whether it existed before the
    /// transaction, and its newest value. Ends early where that fails.
    pub fn each(
        &self,
        lower: &[u8],
        upper: &[u8],
        mut take: impl FnMut(&[u8], bool, Option<&[u8]>) -> Result<()>,
    ) -> Result<()> {
        let scans = self.scans(lower, upper, u32::MAX, false, false);
        let mut scans = scans.collect::<Result<Vec<_>>>()?;
        loop {
            for scan in &mut scans {
                while scan.passed().is_some() {
                    scan.advance()?;
                }
            }
            let least = scans
                .iter()
                .filter_map(|scan| scan.peek().map(|(key, _)| key))
                .min();
            let Some(key) = least else {
                return Ok(());
            };
            let mut newest = None;
            let mut existed = false;
            for scan in &mut scans {
                if let Some((_, value)) = scan.peek().filter(|(found, _)| *found == key) {
                    newest.get_or_insert(value);
                    // The oldest write knows what there was before.
                    existed = scan.existed;
                    scan.advance()?;
                }
            }
            take(key, existed, newest.flatten())?;
        }
    }
}

impl SpillRun {
    fn may_have(&self, key: &[u8]) -> bool {
        *self.first_key <= *key && *self.last_key >= *key && self.filter.may_have(key)
    }

    fn find(
        &self,
        key: &[u8],
        command: u32,
        dead: &DeadEpochs,
    ) -> Result<Option<SpilledVersion<'_>>> {
        self.count_read();
        let (mut block, mut index) = self.run.position(key)?;
        while block < self.run.count() {
            let view = self.run.view(block)?;
            while index < view.count() {
                let (found, stored) = view.entry(index);
                if found != key {
                    return Ok(None);
                }
                let version = SpilledVersion::decode(stored)?;
                if version.command < command && !dead.has(version.epoch) {
                    return Ok(Some(version));
                }
                index += 1;
            }
            (block, index) = (block + 1, 0);
        }
        Ok(None)
    }

    fn count_read(&self) {
        if self.reads.fetch_add(1, Ordering::Relaxed) >= READS_MAX {
            self.reads.store(0, Ordering::Relaxed);
            self.run.release();
        }
    }
}

/// A walk over one run: for each key the newest version that a command sees.
pub struct SpillScan<'a> {
    inner: BlockScan<'a, DiskRun>,
    command: u32,
    dead: &'a DeadEpochs,
    backward: bool,
    current: Option<(&'a [u8], Option<&'a [u8]>)>,
    passed: Option<&'a [u8]>,
    /// What the oldest version of the current key says.
    existed: bool,
}

impl<'a> SpillScan<'a> {
    #[inline]
    pub fn peek(&self) -> Option<(&'a [u8], Option<&'a [u8]>)> {
        self.current
    }

    /// Where nothing is in hand yet: the last key that it has passed without finding one that is seen.
    #[inline]
    pub fn passed(&self) -> Option<&'a [u8]> {
        self.passed
    }

    pub fn advance(&mut self) -> Result<()> {
        self.current = None;
        self.passed = None;
        let mut passed = 0;
        while let Some((key, _)) = self.inner.peek() {
            let mut found = None;
            while let Some((other, stored)) = self.inner.peek()
                && other == key
            {
                let version = SpilledVersion::decode(stored)?;
                if version.command < self.command && !self.dead.has(version.epoch) {
                    // Forward the newest comes first, backward last.
                    if found.is_none() || self.backward {
                        found = Some(version.value);
                    }
                    if !self.backward {
                        self.existed = version.existed;
                    }
                }
                self.inner.advance()?;
            }
            if let Some(value) = found {
                self.current = Some((key, value));
                return Ok(());
            }
            passed += 1;
            if passed == PASSED_MAX {
                self.passed = Some(key);
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Makes a run.
pub struct SpillWriter {
    run: DiskRun,
    filter: Filter,
    first_key: Option<Box<[u8]>>,
    last_key: Vec<u8>,
    min_command: u32,
    levels: Levels,
    tier: u8,
    buffer: Vec<u8>,
}

impl SpillWriter {
    fn begin(
        bulk: &Arc<BulkDirectory>,
        levels: Levels,
        entries: usize,
        tier: u8,
    ) -> Result<SpillWriter> {
        Ok(SpillWriter {
            run: DiskRun::begin(bulk, FileId::NONE)?,
            filter: Filter::new(entries),
            first_key: None,
            last_key: Vec::new(),
            min_command: u32::MAX,
            levels,
            tier,
            buffer: Vec::new(),
        })
    }

    /// Adds a version: keys ascending, the versions of a key newest first.
    pub fn push(&mut self, key: &[u8], version: SpilledVersion<'_>) -> Result<()> {
        version.encode(&mut self.buffer);
        // A block's keys are of one file: searches rely on it.
        if self.last_key.get(..PREFIX_BYTES) != key.get(..PREFIX_BYTES) {
            self.run.end_block()?;
        }
        self.run.push(key, &self.buffer)?;
        self.filter.note(key);
        self.first_key.get_or_insert_with(|| key.into());
        self.last_key.clear();
        self.last_key.extend_from_slice(key);
        self.min_command = self.min_command.min(version.command);
        self.levels.count(version.epoch);
        Ok(())
    }

    /// None where nothing was added.
    fn finish(mut self) -> Result<Option<SpillRun>> {
        let Some(first_key) = self.first_key else {
            return Ok(None);
        };
        self.run.end_block()?;
        self.run.release();
        self.levels.0.retain(|(_, versions)| *versions > 0);
        Ok(Some(SpillRun {
            run: self.run,
            filter: self.filter,
            first_key,
            last_key: self.last_key.into_boxed_slice(),
            min_command: self.min_command,
            levels: self.levels,
            dead: 0,
            tier: self.tier,
            reads: AtomicUsize::new(0),
        }))
    }
}

/// Bits of the hashes of a run's keys, and of index keys without their rowid: most reads of keys that are not there end
/// with it.
struct Filter {
    words: Vec<u64>,
}

impl Filter {
    fn new(keys: usize) -> Filter {
        Filter {
            words: vec![0; (keys * FILTER_BITS).div_ceil(64).max(1)],
        }
    }

    fn note(&mut self, key: &[u8]) {
        self.set(key);
        if key.len() > ROW_KEY_BYTES {
            self.set(&key[..key.len() - 8]);
        }
    }

    fn set(&mut self, key: &[u8]) {
        for (word, bit) in self.places(key) {
            self.words[word] |= bit;
        }
    }

    fn may_have(&self, key: &[u8]) -> bool {
        let mut places = self.places(key).into_iter();
        places.all(|(word, bit)| self.words[word] & bit != 0)
    }

    fn places(&self, key: &[u8]) -> [(usize, u64); 2] {
        let hash = hash(key);
        let bits = self.words.len() as u64 * 64;
        [hash >> 32, hash & 0xffff_ffff].map(|half| {
            let bit = (half * bits) >> 32;
            ((bit / 64) as usize, 1 << (bit % 64))
        })
    }
}
