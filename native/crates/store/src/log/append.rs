//! The writing side of the log: one open segment, files kept ready for the next, and the removal of those whose
//! groups are all in the base.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use helios_base::sync::lock;
use helios_base::{Error, Result};

use crate::disk::{Disk, DiskFile};
use crate::log::group::HEADER_BYTES;
use crate::log::segment::{self, SEGMENT_HEADER_BYTES};
use crate::store::Options;

/// Segments kept for reuse beyond the live ones.
const SPARES_MAX: usize = 2;

/// What the writer and the flusher share of the log.
pub struct Segments {
    directory: PathBuf,
    segment_bytes: u64,
    disk: Disk,
    files: Mutex<Files>,
}

#[derive(Default)]
struct Files {
    /// Start positions, ascending; the last is being written.
    live: VecDeque<u64>,
    spares: Vec<PathBuf>,
    made: u64,
}

impl Segments {
    /// The directory's segments; files that an earlier run kept for reuse are taken over.
    pub fn new(directory: &Path, options: &Options, live: &[u64]) -> Result<Segments> {
        let segment_bytes = options.segment_bytes;
        let mut files = Files {
            live: live.iter().copied().collect(),
            ..Files::default()
        };
        let failed =
            |error: std::io::Error| Error::io("could not read the log's directory", &error);
        let disk = &options.disk;
        let mut names = disk.files().list(directory).map_err(failed)?;
        names.sort_unstable();
        for name in names {
            let path = directory.join(&name);
            let Some(number) = name
                .strip_prefix("spare-")
                .and_then(|digits| digits.parse::<u64>().ok())
            else {
                continue;
            };
            files.made = files.made.max(number);
            let whole = disk
                .files()
                .length(&path)
                .is_ok_and(|length| length == segment_bytes);
            if whole && files.spares.len() < SPARES_MAX {
                files.spares.push(path);
            } else {
                disk.files().remove(&path).map_err(failed)?;
            }
        }
        Ok(Segments {
            directory: directory.into(),
            segment_bytes,
            disk: options.disk.clone(),
            files: Mutex::new(files),
        })
    }

    /// Removes segments that end at or before `flushed`: their groups are in the base. Some are kept for reuse.
    pub fn recycle(&self, flushed: u64) -> Result<()> {
        let disk = self.disk.files();
        let mut files = lock(&self.files);
        while files.live.len() > 1 && files.live.get(1).is_some_and(|next| *next <= flushed) {
            let Some(start) = files.live.pop_front() else {
                break;
            };
            let path = self.directory.join(segment::file_name(start));
            let failed =
                |error: std::io::Error| Error::io("could not remove a log segment", &error);
            let whole = disk
                .length(&path)
                .is_ok_and(|length| length == self.segment_bytes);
            if whole && files.spares.len() < SPARES_MAX {
                let spare = self.spare_path(&mut files);
                disk.rename(&path, &spare).map_err(failed)?;
                files.spares.push(spare);
            } else {
                disk.remove(&path).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Makes a spare where there is none, so that the writer need not wait for one.
    pub fn prepare(&self) -> Result<()> {
        let path = {
            let mut files = lock(&self.files);
            if !files.spares.is_empty() {
                return Ok(());
            }
            self.spare_path(&mut files)
        };
        self.preallocate(&path, self.segment_bytes)?;
        lock(&self.files).spares.push(path);
        Ok(())
    }

    fn preallocate(&self, path: &Path, bytes: u64) -> Result<()> {
        segment::preallocate(path, bytes, &self.disk).inspect_err(|_| {
            // Its part would only keep others from room.
            let _ = self.disk.files().remove(path);
        })
    }

    fn spare_path(&self, files: &mut Files) -> PathBuf {
        files.made += 1;
        self.directory.join(format!("spare-{}", files.made))
    }

    fn open_next(&self, start: u64, bytes: u64) -> Result<Arc<dyn DiskFile>> {
        let mut files = lock(&self.files);
        let spare = if bytes <= self.segment_bytes {
            files.spares.pop()
        } else {
            None
        };
        let path = match spare {
            Some(path) => path,
            None => {
                let path = self.spare_path(&mut files);
                self.preallocate(&path, bytes.max(self.segment_bytes))?;
                path
            }
        };
        let file = segment::begin(&self.directory, &path, start, &self.disk)?;
        files.live.push_back(start);
        Ok(file)
    }
}

pub struct Appender {
    segments: Arc<Segments>,
    file: Option<Arc<dyn DiskFile>>,
    start: u64,
    end: u64,
    /// Position of the next group.
    position: u64,
    durable: bool,
}

impl Appender {
    /// Goes on at `position`; the first group opens a new segment unless `current` (its start) has room.
    pub fn new(segments: Arc<Segments>, position: u64, durable: bool) -> Appender {
        Appender {
            segments,
            file: None,
            start: position,
            end: position,
            position,
            durable,
        }
    }

    /// Position of the next group if it has this many bytes.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Writes a group made for `position()`: its parts, `length` bytes altogether.
    pub fn append(&mut self, parts: &[Cow<'_, [u8]>], length: u64) -> Result<()> {
        if self.file.is_none() || self.position + length > self.end {
            // Commits that did not wait may be on their way; a segment is begun only once all before it is durable.
            self.sync()?;
            let bytes = (SEGMENT_HEADER_BYTES + length).max(self.segments.segment_bytes);
            self.file = Some(self.segments.open_next(self.position, bytes)?);
            self.start = self.position;
            self.end = self.start + bytes - SEGMENT_HEADER_BYTES;
        }
        let Some(file) = &self.file else {
            return Err(Error::internal("the log has no open segment"));
        };
        let mut at = SEGMENT_HEADER_BYTES + self.position - self.start;
        for part in parts {
            file.write_at(part, at)
                .map_err(|error| Error::io("could not write to the log", &error))?;
            at += part.len() as u64;
        }
        self.position += length;
        Ok(())
    }

    /// Makes everything appended durable.
    pub fn sync(&self) -> Result<()> {
        match &self.file {
            Some(file) if self.durable => file
                .sync()
                .map_err(|error| Error::io("could not sync the log", &error)),
            _ => Ok(()),
        }
    }

    /// Spoils what was appended from a position on, after it could not be written or synced whole: its commits were
    /// refused, and a restart must not find them. What can't be spoilt either was never durable.
    pub fn retract(&mut self, position: u64) {
        if let Some(file) = &self.file
            && position >= self.start
        {
            let at = SEGMENT_HEADER_BYTES + position - self.start;
            let _ = file.write_at(&[0; HEADER_BYTES], at);
        }
        self.position = position;
    }

    /// The open segment is more than half full.
    pub fn wants_spare(&self) -> bool {
        self.file.is_some() && self.position - self.start > (self.end - self.start) / 2
    }
}
