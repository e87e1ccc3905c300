//! Merged reading of what a view sees: the transaction's overlay over the session's temporary entries or over the
//! memtables (newest first), the base and the bulk files. For each key the first source that knows it wins; a deleted key is skipped.

use helios_base::Result;

use crate::base::{BaseCursor, BaseReader};
use crate::blocks::BlockScan;
use crate::extents::{Chain, Extents, FileExtents, TOMBSTONE};
use crate::key::{FileId, PREFIX_BYTES, SPACE_PERMANENT, after_prefix};
use crate::large::ChangeScan;
use crate::level::Level;
use crate::memtable::{Backward, Forward};
use crate::overlay::{Overlay, OverlayScan};
use crate::runs::FileRuns;
use crate::spill::SpillScan;
use crate::store::Store;
use crate::temporary::TemporaryRange;

/// A key and its value, None where it is deleted.
type Found<'a> = (&'a [u8], Option<&'a [u8]>);

/// What a view consists of, without the overlay.
pub struct Committed<'a> {
    pub sequence: u64,
    /// Newest first.
    pub memtables: &'a [Level],
    pub base: Option<&'a dyn BaseReader>,
    pub extents: &'a Extents,
}

impl Store {
    /// Reads the newest committed state.
    pub(crate) fn read_now<T>(&self, read: impl FnOnce(&Committed<'_>) -> Result<T>) -> Result<T> {
        // A flush may move entries from the state's memtables into the base meanwhile; the reader opened after the state
        // was taken then has them too.
        let state = self.state();
        let reader = self.base.as_ref().map(|base| base.reader()).transpose()?;
        read(&Committed {
            sequence: self.visible_sequence(),
            memtables: &state.memtables,
            base: reader.as_deref(),
            extents: &state.extents,
        })
    }
}

impl<'a> Committed<'a> {
    pub fn get(&self, key: &[u8]) -> Result<Option<&'a [u8]>> {
        for level in self.memtables {
            if let Some(value) = level.get(key, self.sequence)? {
                return Ok(value);
            }
        }
        if key.first() != Some(&SPACE_PERMANENT) || self.extents.is_empty() {
            return self.base.map_or(Ok(None), |base| base.get(key));
        }
        let extents = FileId::of_key(key).and_then(|file| self.extents.of(file));
        if extents.is_none_or(|extents| extents.is_shadowed())
            && let Some(base) = self.base
            && let Some(value) = base.get(key)?
        {
            return Ok((value != TOMBSTONE).then_some(value));
        }
        match extents {
            Some(extents) => extents.get(key, self.sequence),
            None => Ok(None),
        }
    }

    /// Calls `visit` with the entries of lower <= key < upper.
    pub fn each(
        &self,
        lower: &[u8],
        upper: &[u8],
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<()>,
    ) -> Result<()> {
        let mut scan = MergedScan::new(false);
        scan.add_committed(self, lower, upper)?;
        while let Some((key, value)) = scan.next_entry()? {
            visit(key, value)?;
        }
        Ok(())
    }
}

enum Source<'a> {
    Overlay(OverlayScan<'a>),
    Spilled(SpillScan<'a>),
    Runs(BlockScan<'a, FileRuns>),
    Temporary(Temporary<'a>),
    Forward(Forward<'a>),
    Backward(Backward<'a>),
    Large(ChangeScan<'a>),
    Base(Peeked<'a>),
    Bulk(BlockScan<'a, Chain>),
}

struct Temporary<'a> {
    range: TemporaryRange<'a>,
    backward: bool,
    current: Option<Found<'a>>,
}

struct Peeked<'a> {
    cursor: Box<dyn BaseCursor<'a> + 'a>,
    current: Option<(&'a [u8], &'a [u8])>,
}

/// An ordered walk over the visible entries of a range.
pub struct MergedScan<'a> {
    sources: Vec<Source<'a>>,
    backward: bool,
    /// Some sources pass keys that are not seen.
    passes: bool,
}

impl<'a> MergedScan<'a> {
    pub fn new(backward: bool) -> MergedScan<'a> {
        MergedScan {
            sources: Vec::with_capacity(4),
            backward,
            passes: false,
        }
    }

    /// No source has anything of the range, not even a deletion.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// Sources are added highest precedence first. `whole`: the entries wanted are those of an index with one whole key,
    /// whose bytes before the rowid are `lower`.
    pub fn add_overlay(
        &mut self,
        overlay: &'a Overlay,
        lower: &[u8],
        upper: &[u8],
        command: u32,
        whole: bool,
    ) -> Result<()> {
        self.add_passing(Source::Overlay(overlay.scan(
            lower,
            upper,
            command,
            self.backward,
        )));
        if overlay.has_spilled() {
            let spilled = overlay.spilled();
            for scan in spilled.scans(lower, upper, command, self.backward, whole) {
                self.add_passing(Source::Spilled(scan?));
            }
        }
        if let Some(runs) = FileId::of_key(lower).and_then(|file| overlay.runs().of(file)) {
            let scan = runs.scan(lower, upper, command, self.backward)?;
            if scan.peek().is_some() {
                self.sources.push(Source::Runs(scan));
            }
        }
        Ok(())
    }

    fn add_passing(&mut self, source: Source<'a>) {
        if source.peek().is_some() || source.passed().is_some() {
            self.sources.push(source);
            self.passes = true;
        }
    }

    pub fn add_temporary(&mut self, range: TemporaryRange<'a>) {
        let mut temporary = Temporary {
            range,
            backward: self.backward,
            current: None,
        };
        temporary.advance();
        if temporary.current.is_some() {
            self.sources.push(Source::Temporary(temporary));
        }
    }

    pub fn add_committed(
        &mut self,
        committed: &Committed<'a>,
        lower: &[u8],
        upper: &[u8],
    ) -> Result<()> {
        for level in committed.memtables {
            self.add_level(level, committed.sequence, lower, upper)?;
        }
        self.add_stored(committed, lower, upper)
    }

    /// As `add_committed`, for the index entries with one whole key: its bytes before the rowid are `lower`.
    pub fn add_entries(
        &mut self,
        committed: &Committed<'a>,
        lower: &[u8],
        upper: &[u8],
    ) -> Result<()> {
        for level in committed.memtables {
            if level.may_have_entry(lower) {
                self.add_level(level, committed.sequence, lower, upper)?;
            }
        }
        self.add_stored(committed, lower, upper)
    }

    fn add_level(
        &mut self,
        level: &'a Level,
        sequence: u64,
        lower: &[u8],
        upper: &[u8],
    ) -> Result<()> {
        let source = match level {
            Level::Memory(table) if self.backward => {
                Source::Backward(table.backward(lower, upper, sequence))
            }
            Level::Memory(table) => Source::Forward(table.forward(lower, upper, sequence)),
            Level::Large(commit) => {
                Source::Large(commit.scan(lower, upper, sequence, self.backward)?)
            }
        };
        if source.peek().is_some() {
            self.sources.push(source);
        }
        Ok(())
    }

    /// Adds the base, where it has anything of the range, and the bulk files.
    fn add_stored(&mut self, committed: &Committed<'a>, lower: &[u8], upper: &[u8]) -> Result<()> {
        let extents = committed.extents;
        let needed = match FileId::of_key(lower).and_then(|file| extents.of(file)) {
            // A range within one file, of which the base may have nothing.
            Some(one)
                if upper
                    <= after_prefix(&lower[..PREFIX_BYTES])
                        .as_deref()
                        .unwrap_or(&[]) =>
            {
                one.is_shadowed()
            }
            _ => true,
        };
        if let Some(base) = committed.base
            && needed
        {
            self.add_base(base, lower, upper)?;
        }
        if !extents.is_empty() && lower.first() == Some(&SPACE_PERMANENT) {
            for chain in extents.within(lower, upper).flat_map(FileExtents::chains) {
                let (sequence, backward) = (committed.sequence, self.backward);
                let scan = BlockScan::new(chain, lower, upper, sequence, backward)?;
                if scan.peek().is_some() {
                    self.sources.push(Source::Bulk(scan));
                }
            }
        }
        Ok(())
    }

    pub fn add_base(&mut self, base: &'a dyn BaseReader, lower: &[u8], upper: &[u8]) -> Result<()> {
        let mut cursor = base.scan(lower, upper, self.backward)?;
        let current = cursor.next()?;
        if current.is_some() {
            self.sources.push(Source::Base(Peeked { cursor, current }));
        }
        Ok(())
    }

    /// The next visible entry.
    pub fn next_entry(&mut self) -> Result<Option<(&'a [u8], &'a [u8])>> {
        loop {
            let (key, value) = match self.sources.as_mut_slice() {
                [] => return Ok(None),
                [only] => match only.peek() {
                    Some(entry) => {
                        only.advance()?;
                        entry
                    }
                    None if only.passed().is_some() => {
                        only.advance()?;
                        continue;
                    }
                    None => return Ok(None),
                },
                _ => match self.next_of_many()? {
                    Some(entry) => entry,
                    None => return Ok(None),
                },
            };
            if let Some(value) = value {
                return Ok(Some((key, value)));
            }
        }
    }

    fn next_of_many(&mut self) -> Result<Option<Found<'a>>> {
        let mut best = self.best();
        while self.passes && self.catch_up(best)? {
            best = self.best();
        }
        let Some((key, _)) = best else {
            return Ok(None);
        };
        for source in &mut self.sources {
            if source.peek().is_some_and(|(other, _)| other == key) {
                source.advance()?;
            }
        }
        Ok(best)
    }

    /// The next of the keys in hand, from the source of highest precedence that has it.
    fn best(&self) -> Option<Found<'a>> {
        let mut best: Option<Found<'a>> = None;
        for source in &self.sources {
            let Some((key, value)) = source.peek() else {
                continue;
            };
            let better = match best {
                None => true,
                Some((found, _)) => (key < found) != self.backward && key != found,
            };
            if better {
                best = Some((key, value));
            }
        }
        best
    }

    /// Lets sources go on that have passed keys only and are not yet beyond the next one; true where there was any.
    fn catch_up(&mut self, next: Option<Found<'a>>) -> Result<bool> {
        let mut moved = false;
        for source in &mut self.sources {
            if let Some(passed) = source.passed()
                && next.is_none_or(|(key, _)| passed != key && (passed < key) != self.backward)
            {
                source.advance()?;
                moved = true;
            }
        }
        Ok(moved)
    }
}

impl<'a> Source<'a> {
    #[inline]
    fn peek(&self) -> Option<Found<'a>> {
        match self {
            Source::Overlay(scan) => scan.peek(),
            Source::Spilled(scan) => scan.peek(),
            Source::Runs(scan) => scan.peek().map(|(key, value)| (key, Some(value))),
            Source::Bulk(scan) => scan.peek().map(|(key, value)| (key, Some(value))),
            Source::Temporary(scan) => scan.current,
            Source::Forward(cursor) => cursor.peek().map(|entry| (entry.key, entry.value)),
            Source::Backward(cursor) => cursor.peek().map(|entry| (entry.key, entry.value)),
            Source::Large(scan) => scan.peek(),
            Source::Base(peeked) => peeked
                .current
                .map(|(key, value)| (key, (value != TOMBSTONE).then_some(value))),
        }
    }

    /// A key that the source has passed, where it has found none that is seen yet.
    #[inline]
    fn passed(&self) -> Option<&'a [u8]> {
        match self {
            Source::Overlay(scan) => scan.passed(),
            Source::Spilled(scan) => scan.passed(),
            _ => None,
        }
    }

    #[inline]
    fn advance(&mut self) -> Result<()> {
        match self {
            Source::Overlay(scan) => scan.advance(),
            Source::Spilled(scan) => scan.advance()?,
            Source::Runs(scan) => scan.advance()?,
            Source::Bulk(scan) => scan.advance()?,
            Source::Temporary(scan) => scan.advance(),
            Source::Forward(cursor) => cursor.advance(),
            Source::Backward(cursor) => cursor.advance(),
            Source::Large(scan) => scan.advance()?,
            Source::Base(peeked) => peeked.current = peeked.cursor.next()?,
        }
        Ok(())
    }
}

impl Temporary<'_> {
    fn advance(&mut self) {
        let next = if self.backward {
            self.range.next_back()
        } else {
            self.range.next()
        };
        self.current = next.map(|(key, value)| (&**key, value.as_deref()));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::bulk::BulkDirectory;
    use crate::overlay::Write;
    use crate::store::Options;

    #[test]
    fn long_stretches_of_what_nobody_sees_are_passed_in_order() -> Result<()> {
        let path = std::env::temp_dir().join(format!("helios-merge-{}", std::process::id()));
        let failed = |error: std::io::Error| helios_base::Error::io("no directory", &error);
        std::fs::create_dir_all(&path).map_err(failed)?;
        let bulk = Arc::new(BulkDirectory::new(path.clone(), &Options::default())?);
        let mut overlay = Overlay::new(Some(bulk), usize::MAX);
        let file = FileId::permanent(5, 20000);
        let write = |overlay: &mut Overlay, command: u32, rowids: std::ops::Range<u64>| {
            for rowid in rowids {
                overlay.put(command, file.row_key(rowid), Box::default(), Write::Update);
            }
        };
        write(&mut overlay, 1, 0..4000);
        let depth = overlay.savepoint();
        // Few enough to stay in the run.
        write(&mut overlay, 2, 4000..4500);
        overlay.spill()?;
        overlay.rollback_to(depth)?;
        write(&mut overlay, 3, 4300..4310);
        // Not seen yet.
        write(&mut overlay, 9, 3000..4300);
        write(&mut overlay, 9, 5000..6000);
        write(&mut overlay, 4, 6000..6003);
        let expected: Vec<u64> = (0..4000).chain(4300..4310).chain(6000..6003).collect();
        for from in [0, 3500, 4000, 4200, 4305, 5500] {
            for backward in [false, true] {
                let mut scan = MergedScan::new(backward);
                let (lower, upper) = (file.row_key(from), file.row_key(u64::MAX));
                scan.add_overlay(&overlay, &lower, &upper, 9, false)?;
                let mut found = Vec::new();
                while let Some((key, _)) = scan.next_entry()? {
                    found.push(crate::key::rowid_of(key));
                }
                if backward {
                    found.reverse();
                }
                let wanted = expected.iter().copied().filter(|rowid| *rowid >= from);
                assert_eq!(found, wanted.collect::<Vec<_>>());
            }
        }
        overlay.rollback_to(depth)?;
        assert_eq!(overlay.get(&file.row_key(4100), 9)?, None);
        assert!(overlay.get(&file.row_key(3999), 9)?.is_some());
        drop(overlay);
        std::fs::remove_dir_all(&path).map_err(failed)
    }
}
