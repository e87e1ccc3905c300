//! The reading side of the log at start: delivers every group from a position on.
//! 1. Segments are read in order; each continues where the one before ended.
//! 2. The first group that is not whole ends the log: the torn tail of a crash, never acknowledged.
//! 3. Unless a later group, written after a sync, says that this position was durable: then the log is damaged and the
//!    store refuses to open.

use std::path::Path;

use helios_base::{Error, Result};

use crate::log::group::{Commit, Header, commits, read_group};
use crate::log::segment::{self, SEGMENT_HEADER_BYTES};

/// Where the log ends and what was seen on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    pub position: u64,
    pub sequence: u64,
}

/// Delivers the commits of groups at or after `from`, with their sequence. `live` are the segments' start positions.
pub fn replay(
    directory: &Path,
    live: &[u64],
    from: End,
    deliver: &mut dyn FnMut(u64, &Commit<'_>) -> Result<()>,
) -> Result<End> {
    let mut end = from;
    let mut epoch = 0;
    let first = live.iter().rposition(|start| *start <= from.position);
    let Some(first) = first else {
        return match live.first() {
            None => Ok(end),
            Some(start) => Err(Error::corrupted(format!(
                "the log starts at {} but the base needs it from position {:x} on",
                directory.join(segment::file_name(*start)).display(),
                from.position
            ))),
        };
    };
    for (index, start) in live.iter().enumerate().skip(first) {
        if *start > end.position {
            break;
        }
        let (path, bytes) = match segment::read(directory, *start) {
            Ok(read) => read,
            Err(error) if index + 1 < live.len() || *start < from.position => return Err(error),
            // The last segment may have been made but not written when the crash came.
            Err(_) => break,
        };
        if *start < end.position && index > first {
            break;
        }
        let stopped = replay_segment(&bytes, *start, &mut end, &mut epoch, deliver)?;
        if stopped && later_group_needs(&bytes, *start, end.position, epoch) {
            let offset = end.position - start + SEGMENT_HEADER_BYTES;
            return Err(Error::corrupted(format!(
                "log segment {} has a bad record at offset {offset}",
                path.display()
            )));
        }
        let next = live.get(index + 1);
        if stopped && let Some(next) = next.filter(|next| **next > end.position) {
            refuse_where_needed(directory, *next, &path, end.position, *start, epoch)?;
        }
    }
    Ok(end)
}

/// Delivers a segment's groups; true where it ended before its bytes did.
fn replay_segment(
    bytes: &[u8],
    start: u64,
    end: &mut End,
    epoch: &mut u32,
    deliver: &mut dyn FnMut(u64, &Commit<'_>) -> Result<()>,
) -> Result<bool> {
    let mut at = usize::try_from(end.position - start).unwrap_or(usize::MAX);
    while at < bytes.len() {
        let Some((header, body)) = read_group(&bytes[at..], start + at as u64)
            .filter(|(header, _)| header.epoch >= *epoch)
        else {
            return Ok(true);
        };
        *epoch = header.epoch;
        let mut sequence = header.sequence;
        for commit in commits(&header, body) {
            deliver(sequence, &commit?)?;
            sequence += 1;
        }
        at += crate::log::group::HEADER_BYTES + body.len();
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
            .is_some_and(|(header, _)| needs(&header, position, epoch))
    })
}

fn needs(header: &Header, position: u64, epoch: u32) -> bool {
    header.synced > position && header.epoch >= epoch
}

fn refuse_where_needed(
    directory: &Path,
    next: u64,
    path: &Path,
    position: u64,
    start: u64,
    epoch: u32,
) -> Result<()> {
    let Ok((_, bytes)) = segment::read(directory, next) else {
        return Ok(());
    };
    let needed =
        read_group(&bytes, next).is_some_and(|(header, _)| needs(&header, position, epoch));
    if needed {
        let offset = position - start + SEGMENT_HEADER_BYTES;
        return Err(Error::corrupted(format!(
            "log segment {} has a bad record at offset {offset}",
            path.display()
        )));
    }
    Ok(())
}
