//! One file of the log: a header that says which position its bytes start at, then groups. Its name is that position
//! in hexadecimal, so names sort by position.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use helios_base::bytes::{u32_at, u64_at};
use helios_base::{Error, Result};

pub const SEGMENT_HEADER_BYTES: u64 = 64;
const MAGIC: u32 = 0x5345_4748;
const VERSION: u32 = 1;

/// Name of the segment that starts at a position.
pub fn file_name(start: u64) -> String {
    format!("{start:016x}.log")
}

/// Start positions of the segments in a directory, ascending.
pub fn list(directory: &Path) -> Result<Vec<u64>> {
    let failed = |error: &std::io::Error| Error::io("could not read the log's directory", error);
    let mut starts = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(|error| failed(&error))? {
        let name = entry.map_err(|error| failed(&error))?.file_name();
        let start = name
            .to_str()
            .and_then(|name| name.strip_suffix(".log"))
            .filter(|digits| digits.len() == 16);
        if let Some(start) = start.and_then(|digits| u64::from_str_radix(digits, 16).ok()) {
            starts.push(start);
        }
    }
    starts.sort_unstable();
    Ok(starts)
}

/// Makes a file of the segment's full size, written with zeros so that later syncs need not allocate.
pub fn preallocate(path: &Path, size: u64) -> Result<()> {
    let failed = |error: std::io::Error| {
        Error::io(
            &format!("could not make log segment {}", path.display()),
            &error,
        )
    };
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)
        .map_err(failed)?;
    let zeros = vec![0u8; 1 << 18];
    let mut left = size;
    while left > 0 {
        let part = left.min(zeros.len() as u64);
        file.write_all(&zeros[..part as usize]).map_err(failed)?;
        left -= part;
    }
    file.sync_data().map_err(failed)
}

/// Opens a file of zeros or of old groups as the segment that starts at `start`, under its name.
pub fn begin(directory: &Path, from: &Path, start: u64) -> Result<File> {
    let path = directory.join(file_name(start));
    let failed = |error: std::io::Error| {
        Error::io(
            &format!("could not make log segment {}", path.display()),
            &error,
        )
    };
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(from)
        .map_err(failed)?;
    file.write_all_at(&header(start), 0).map_err(failed)?;
    file.sync_data().map_err(failed)?;
    std::fs::rename(from, &path).map_err(failed)?;
    sync_directory(directory)?;
    Ok(file)
}

pub fn sync_directory(directory: &Path) -> Result<()> {
    let failed = |error: std::io::Error| {
        Error::io(&format!("could not sync {}", directory.display()), &error)
    };
    File::open(directory)
        .and_then(|file| file.sync_all())
        .map_err(failed)
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
pub fn read(directory: &Path, start: u64) -> Result<(PathBuf, Vec<u8>)> {
    let path = directory.join(file_name(start));
    let bytes = std::fs::read(&path).map_err(|error| {
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
