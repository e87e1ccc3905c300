//! The reading side of the log at start: delivers every group from a position on.
//! 1. Segments are read in order; each ends where the next one starts, for a segment is begun only once all before it
//!    is durable.
//! 2. In the last one the first group that is not whole ends the log: the torn tail of a crash, never acknowledged.
//! 3. Unless a later group, written after a sync, says that this position was durable: then the log is damaged and the
//!    store refuses to open.
//! 4. What was found but not known to be durable (the process ended before its sync, or the sync failed) is written
//!    once more and synced, so that what readers see from now on can't vanish; and so is what was spoilt behind it
//!    because its commits were refused, so that it can't come back.

use std::ops::Range;
use std::path::Path;

use helios_base::{Error, Result};

use crate::disk::Disk;
use crate::log::group::{Commit, HEADER_BYTES, commits, read_group};
use crate::log::segment::{self, SEGMENT_HEADER_BYTES};

/// Where the log ends and what was seen on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    pub position: u64,
    pub sequence: u64,
}

/// Takes a commit with its sequence and the positions where its group begins and ends.
pub type Deliver<'a> = dyn FnMut(u64, &Range<u64>, &Commit<'_>) -> Result<()> + 'a;

/// Delivers the commits of groups at or after `from`. `live` are the segments' start positions;
/// everything before `needed` is known to have been durable. `secures`: step 4.
pub fn replay(
    directory: &Path,
    disk: &Disk,
    live: &[u64],
    from: End,
    needed: u64,
    secures: bool,
    deliver: &mut Deliver<'_>,
) -> Result<End> {
    let mut end = from;
    let mut epoch = 0;
    let first = live.iter().rposition(|start| *start <= from.position);
    let Some(first) = first else {
        return match live.first() {
            None if from.position >= needed => Ok(end),
            None => Err(Error::corrupted(format!(
                "log segment {} is missing: the base needs it at offset {SEGMENT_HEADER_BYTES}",
                directory.join(segment::file_name(from.position)).display()
            ))),
            Some(start) => Err(Error::corrupted(format!(
                "the log starts at offset 0 of {} but the base needs it from position {:x} on",
                directory.join(segment::file_name(*start)).display(),
                from.position
            ))),
        };
    };
    let mut synced = from.position;
    for (index, start) in live.iter().enumerate().skip(first) {
        let (path, bytes) = segment::read(directory, *start, disk)?;
        let next = live.get(index + 1).copied();
        let length = next.map_or(usize::MAX, |next| {
            usize::try_from(next - start).unwrap_or(usize::MAX)
        });
        let bytes = &bytes[..length.min(bytes.len())];
        let seen = Seen {
            end: &mut end,
            epoch: &mut epoch,
            synced: &mut synced,
        };
        let stopped = replay_segment(bytes, *start, seen, deliver)?;
        let is_damaged = match next {
            Some(next) => end.position < next,
            None => {
                end.position < needed
                    || stopped && later_group_needs(bytes, *start, end.position, epoch)
            }
        };
        if is_damaged {
            let offset = end.position - start + SEGMENT_HEADER_BYTES;
            return Err(Error::corrupted(format!(
                "log segment {} has a bad record at offset {offset}",
                path.display()
            )));
        }
    }
    if secures {
        secure(directory, disk, &live[first..], synced, end.position)?;
    }
    Ok(end)
}

/// Writes and syncs once more what lies between two positions.
fn secure(directory: &Path, disk: &Disk, live: &[u64], from: u64, to: u64) -> Result<()> {
    for (index, start) in live.iter().enumerate() {
        let end = live.get(index + 1).map_or(to, |next| to.min(*next));
        let from = from.max(*start);
        if from > end {
            continue;
        }
        let (path, bytes) = segment::read(directory, *start, disk)?;
        let spoilt = bytes.get((end - start) as usize..).unwrap_or_default();
        let spoilt = &spoilt[..spoilt.len().min(HEADER_BYTES)];
        let is_spoilt = end == to && spoilt.iter().all(|byte| *byte == 0);
        let end = if is_spoilt {
            end + spoilt.len() as u64
        } else {
            end
        };
        if from >= end {
            continue;
        }
        let failed = |error| {
            let what = format!("could not write log segment {}", path.display());
            Error::io(&what, &error)
        };
        let file = disk.files().open(&path, true).map_err(failed)?;
        let part = &bytes[(from - start) as usize..(end - start) as usize];
        file.write_at(part, from - start + SEGMENT_HEADER_BYTES)
            .map_err(failed)?;
        file.sync().map_err(failed)?;
    }
    Ok(())
}

/// What replay has come to.
struct Seen<'a> {
    end: &'a mut End,
    epoch: &'a mut u32,
    /// Everything before it is known to be durable.
    synced: &'a mut u64,
}

/// Delivers a segment's groups; true where it ended before its bytes did.
fn replay_segment(
    bytes: &[u8],
    start: u64,
    seen: Seen<'_>,
    deliver: &mut Deliver<'_>,
) -> Result<bool> {
    let Seen { end, epoch, synced } = seen;
    let mut at = usize::try_from(end.position - start).unwrap_or(usize::MAX);
    while at < bytes.len() {
        let Some((header, body)) = read_group(&bytes[at..], start + at as u64)
            .filter(|(header, _)| header.epoch >= *epoch)
        else {
            return Ok(true);
        };
        *epoch = header.epoch;
        *synced = header.synced.max(*synced);
        let mut sequence = header.sequence;
        let group_start = start + at as u64;
        let group = group_start..group_start + (HEADER_BYTES + body.len()) as u64;
        for commit in commits(&header, body) {
            deliver(sequence, &group, &commit?)?;
            sequence += 1;
        }
        at += HEADER_BYTES + body.len();
        *end = End {
            position: start + at as u64,
            sequence: sequence - 1,
        };
    }
    Ok(false)
}

/// A whole group further on in the segment was written when everything up to beyond `position` was durable.
fn later_group_needs(bytes: &[u8], start: u64, position: u64, epoch: u32) -> bool {
    let from = usize::try_from(position - start).unwrap_or(usize::MAX);
    (from..bytes.len()).step_by(8).skip(1).any(|at| {
        read_group(&bytes[at..], start + at as u64)
            .is_some_and(|(header, _)| header.synced > position && header.epoch >= epoch)
    })
}
