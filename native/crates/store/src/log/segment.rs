//! One file of the log: a header that says which position its bytes start at, then groups. Its name is that position
//! in hexadecimal, so names sort by position.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use helios_base::bytes::{u32_at, u64_at};
use helios_base::{Error, Result};

use crate::disk::{Disk, DiskFile};

pub const SEGMENT_HEADER_BYTES: u64 = 64;
const MAGIC: u32 = 0x5345_4748;
const VERSION: u32 = 1;

/// Name of the segment that starts at a position.
pub fn file_name(start: u64) -> String {
    format!("{start:016x}.log")
}

/// Start positions of the segments in a directory, ascending.
pub fn list(directory: &Path, disk: &Disk) -> Result<Vec<u64>> {
    let names = disk.files().list(directory);
    let names = names.map_err(|error| Error::io("could not read the log's directory", &error))?;
    let mut starts: Vec<u64> = names
        .iter()
        .filter_map(|name| name.strip_suffix(".log"))
        .filter(|digits| digits.len() == 16)
        .filter_map(|digits| u64::from_str_radix(digits, 16).ok())
        .collect();
    starts.sort_unstable();
    Ok(starts)
}

fn not_made(path: &Path) -> impl Fn(std::io::Error) -> Error {
    move |error| {
        let what = format!("could not make log segment {}", path.display());
        Error::io(&what, &error)
    }
}

/// Makes a file of the segment's full size, written with zeros so that later syncs need not allocate.
pub fn preallocate(path: &Path, size: u64, disk: &Disk) -> Result<()> {
    let file = disk.files().create(path).map_err(not_made(path))?;
    let zeros = vec![0u8; size.min(1 << 18) as usize];
    let mut at = 0;
    while at < size {
        let part = (size - at).min(zeros.len() as u64);
        file.write_at(&zeros[..part as usize], at)
            .map_err(not_made(path))?;
        at += part;
    }
    file.sync().map_err(not_made(path))
}

/// Opens a file of zeros or of old groups as the segment that starts at `start`, under its name.
pub fn begin(directory: &Path, from: &Path, start: u64, disk: &Disk) -> Result<Arc<dyn DiskFile>> {
    let path = directory.join(file_name(start));
    let file = disk.files().open(from, true).map_err(not_made(&path))?;
    file.write_at(&header(start), 0).map_err(not_made(&path))?;
    file.sync().map_err(not_made(&path))?;
    disk.files().rename(from, &path).map_err(not_made(&path))?;
    disk.sync_directory(directory)?;
    Ok(file)
}

fn header(start: u64) -> [u8; SEGMENT_HEADER_BYTES as usize] {
    let mut bytes = [0; SEGMENT_HEADER_BYTES as usize];
    bytes[4..8].copy_from_slice(&MAGIC.to_le_bytes());
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    bytes[16..24].copy_from_slice(&start.to_le_bytes());
    let checksum = crc32c::crc32c(&bytes[4..]);
    bytes[0..4].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

/// A segment's bytes after its header; an error where the header is not that of `start`.
pub fn read(directory: &Path, start: u64, disk: &Disk) -> Result<(PathBuf, Vec<u8>)> {
    let path = directory.join(file_name(start));
    let bytes = disk.files().read(&path).map_err(|error| {
        Error::io(
            &format!("could not read log segment {}", path.display()),
            &error,
        )
    })?;
    let size = SEGMENT_HEADER_BYTES as usize;
    let good = bytes.len() >= size
        && u32_at(&bytes, 0)? == crc32c::crc32c(&bytes[4..size])
        && u32_at(&bytes, 4)? == MAGIC
        && u64_at(&bytes, 16)? == start;
    if !good {
        return Err(Error::corrupted(format!(
            "log segment {} has a bad header at offset 0",
            path.display()
        )));
    }
    if u32_at(&bytes, 8)? != VERSION {
        return Err(Error::corrupted(format!(
            "log segment {} is of another format version",
            path.display()
        )));
    }
    Ok((path, bytes[size..].to_vec()))
}
