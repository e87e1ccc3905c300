//! The log's segments, group by group. Whether the log as a whole can be replayed is said by opening the store.

use std::path::Path;

use helios_base::Result;

use crate::changes::changes;
use crate::disk::Disk;
use crate::log::group::{HEADER_BYTES, commits, read_group};
use crate::log::segment::{self, SEGMENT_HEADER_BYTES};
use crate::verify::Report;

/// Every segment that can be read: its groups up to where it ends must decode; only the last may end before the next.
pub fn check(directory: &Path, disk: &Disk) -> Result<Report> {
    let mut report = Report::default();
    let live = segment::list(directory, disk)?;
    let (mut groups, mut count) = (0, 0);
    for (index, start) in live.iter().enumerate() {
        let (path, bytes) = match segment::read(directory, *start, disk) {
            Ok(read) => read,
            Err(error) => {
                report.problem(error.message);
                continue;
            }
        };
        let next = live.get(index + 1).copied();
        let mut at = 0;
        while next.is_none_or(|next| start + (at as u64) < next)
            && let Some((header, body)) = bytes
                .get(at..)
                .and_then(|bytes| read_group(bytes, start + at as u64))
        {
            groups += 1;
            for commit in commits(&header, body) {
                let decoded = commit.and_then(|commit| {
                    count += 1;
                    changes(commit.changes).try_for_each(|change| change.map(drop))
                });
                if decoded.is_err() {
                    let offset = at as u64 + SEGMENT_HEADER_BYTES;
                    let path = path.display();
                    report.problem(format!(
                        "log segment {path} has a record at offset {offset} that does not decode"
                    ));
                }
            }
            at += HEADER_BYTES + body.len();
        }
        if next.is_some_and(|next| start + (at as u64) < next) {
            let offset = at as u64 + SEGMENT_HEADER_BYTES;
            report.problem(format!(
                "log segment {} has a bad record at offset {offset}",
                path.display()
            ));
        }
    }
    report.facts.push(format!(
        "log: {} segments, {groups} groups, {count} commits",
        live.len()
    ));
    Ok(report)
}
