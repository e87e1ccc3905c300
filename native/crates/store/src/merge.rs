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
}

impl<'a> MergedScan<'a> {
    pub fn new(backward: bool) -> MergedScan<'a> {
        MergedScan {
            sources: Vec::with_capacity(4),
            backward,
        }
    }

    /// Sources are added highest precedence first.
    pub fn add_overlay(
        &mut self,
        overlay: &'a Overlay,
        lower: &[u8],
        upper: &[u8],
        command: u32,
    ) -> Result<()> {
        self.add_changes(overlay, lower, upper, command, false)?;
        self.add_runs(overlay, lower, upper, command)
    }

    /// As `add_overlay`, for the index entries with one whole key: its bytes before the rowid are `lower`.
    pub fn add_overlay_entries(
        &mut self,
        overlay: &'a Overlay,
        lower: &[u8],
        upper: &[u8],
        command: u32,
    ) -> Result<()> {
        self.add_changes(overlay, lower, upper, command, true)?;
        self.add_runs(overlay, lower, upper, command)
    }

    fn add_changes(
        &mut self,
        overlay: &'a Overlay,
        lower: &[u8],
        upper: &[u8],
        command: u32,
        whole: bool,
    ) -> Result<()> {
        let scan = overlay.scan(lower, upper, command, self.backward);
        if scan.peek().is_some() {
            self.sources.push(Source::Overlay(scan));
        }
        if overlay.has_spilled() {
            let spilled = overlay.spilled();
            for scan in spilled.scans(lower, upper, command, self.backward, whole) {
                let scan = scan?;
                if scan.peek().is_some() {
                    self.sources.push(Source::Spilled(scan));
                }
            }
        }
        Ok(())
    }

    fn add_runs(
        &mut self,
        overlay: &'a Overlay,
        lower: &[u8],
        upper: &[u8],
        command: u32,
    ) -> Result<()> {
        if let Some(runs) = FileId::of_key(lower).and_then(|file| overlay.runs().of(file)) {
            let scan = runs.scan(lower, upper, command, self.backward)?;
            if scan.peek().is_some() {
                self.sources.push(Source::Runs(scan));
            }
        }
        Ok(())
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
                [only] => {
                    let Some(entry) = only.peek() else {
                        return Ok(None);
                    };
                    only.advance()?;
                    entry
                }
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
