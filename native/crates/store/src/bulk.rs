//! Bulk files: sorted entries of one relation's file that a transaction wrote in large amounts, outside of log and base.
//! A file grows while its transaction goes on, is synced before the commit's record goes to the log, and never changes
//! afterwards; the record (a meta key) names it and says where its directory of blocks stands. Files that no commit
//! names are removed at the next start. Layout: the crate's README.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};

use helios_base::bytes::{put_varint, take, take_varint, u32_at, u64_at};
use helios_base::sync::lock;
use helios_base::{Error, Result};

use crate::blocks::{BlockView, Blocks, head, wanted_head};
use crate::disk::{Disk, DiskFile};
use crate::key::{FileId, ROW_KEY_BYTES, meta_key, rowid_of};
use crate::map::Map;
use crate::store::{META_BULK, Options};

const HEADER: &[u8; 16] = b"HeliosDB bulk 1\n";
/// Address space that a growing file's mapping has at first.
const MAP_BYTES_FIRST: u64 = 64 << 20;

/// Where bulk files are, and when a transaction begins one.
pub struct BulkDirectory {
    path: PathBuf,
    next: AtomicU64,
    /// Bytes that a transaction keeps in memory for a file before they go to a bulk file.
    pub spill_bytes: usize,
    disk: Disk,
    /// To the thread that has the system write what was appended.
    written: Mutex<Sender<Written>>,
}

/// A part of a file that was just written.
struct Written {
    file: Arc<dyn DiskFile>,
    offset: u64,
    bytes: u64,
}

impl BulkDirectory {
    pub fn new(path: PathBuf, options: &Options) -> Result<BulkDirectory> {
        let (sender, parts) = channel::<Written>();
        // Ends with the sender.
        std::thread::Builder::new()
            .name("helios-bulk".into())
            .spawn(move || {
                for part in parts {
                    part.file.start_writing(part.offset, part.bytes);
                }
            })
            .map_err(|error| Error::io("could not start a thread of the store", &error))?;
        Ok(BulkDirectory {
            path,
            next: AtomicU64::new(1),
            spill_bytes: options.bulk_bytes,
            disk: options.disk.clone(),
            written: Mutex::new(sender),
        })
    }

    pub fn sync(&self) -> Result<()> {
        self.disk.sync_directory(&self.path)
    }

    fn place(&self, number: u64) -> PathBuf {
        self.path.join(format!("{number:016x}.bulk"))
    }

    /// Begins a file for entries of `file`.
    pub fn begin(self: &Arc<Self>, file: FileId) -> Result<GrowingFile> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let path = self.place(number);
        let failed = |error: std::io::Error| Error::io("could not make a bulk file", &error);
        let handle = self.disk.files().create(&path).map_err(failed)?;
        let map = handle.map(MAP_BYTES_FIRST)?;
        let growing = GrowingFile {
            number,
            file,
            handle,
            map,
            length: HEADER.len() as u64,
            written: lock(&self.written).clone(),
            unlink: Unlink(Some((self.disk.clone(), path))),
        };
        growing.handle.write_at(HEADER, 0).map_err(failed)?;
        Ok(growing)
    }

    /// Opens a file that a commit named.
    pub fn open(&self, record: &BulkRecord) -> Result<BulkFile> {
        let path = self.place(record.number);
        self.next.fetch_max(record.number + 1, Ordering::Relaxed);
        let damaged = || {
            let offset = record.directory_at;
            let path = path.display();
            Error::corrupted(format!("bulk file {path} is damaged at offset {offset}"))
        };
        let handle = self.disk.files().open(&path, false).map_err(|error| {
            Error::io(
                &format!("could not open bulk file {}", path.display()),
                &error,
            )
        })?;
        let end = record.directory_at + u64::from(record.directory_bytes);
        if handle.length().unwrap_or(0) < end {
            return Err(damaged());
        }
        let map = handle.map(end)?;
        let directory = map
            .part(record.directory_at, u64::from(record.directory_bytes))
            .filter(|bytes| crc32c::crc32c(bytes) == record.directory_crc)
            .ok_or_else(damaged)?;
        let blocks = read_blocks(directory)?;
        Ok(BulkFile {
            path,
            record: record.clone(),
            heads: heads_of(&blocks),
            blocks,
            map,
            unsynced: None,
        })
    }

    /// Numbers up to this one are taken.
    pub fn pass(&self, number: u64) {
        self.next.fetch_max(number + 1, Ordering::Relaxed);
    }

    pub fn remove(&self, number: u64) -> Result<()> {
        match self.disk.files().remove(&self.place(number)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::io("could not remove a bulk file", &error))
            }
            _ => Ok(()),
        }
    }

    /// Removes files whose numbers are not among these: their transactions did not commit.
    pub fn remove_others(&self, known: &[u64]) -> Result<()> {
        let failed = |error: std::io::Error| Error::io("could not read the bulk files", &error);
        for name in self.disk.files().list(&self.path).map_err(failed)? {
            let number = name
                .strip_suffix(".bulk")
                .and_then(|digits| u64::from_str_radix(digits, 16).ok());
            if let Some(number) = number.filter(|number| !known.contains(number)) {
                self.remove(number)?;
            }
        }
        Ok(())
    }
}

/// Removes the file when it is dropped with its path.
struct Unlink(Option<(Disk, PathBuf)>);

impl Drop for Unlink {
    fn drop(&mut self) {
        if let Some((disk, path)) = self.0.take() {
            // What can't be removed now is removed at the next start.
            let _ = disk.files().remove(&path);
        }
    }
}

/// Where a block stands.
#[derive(Clone, Copy)]
pub struct Place {
    pub offset: u64,
    pub bytes: u32,
    /// Bytes of the ends after them.
    pub ends: u32,
    pub crc: u32,
}

impl Place {
    fn ends_at(&self) -> u64 {
        self.offset + u64::from(self.bytes)
    }

    fn length(&self) -> u64 {
        u64::from(self.bytes) + u64::from(self.ends)
    }

    /// Compares the checksum of what stands there; `file` is what the message says of a damaged one. Errors: XX001.
    pub fn check(&self, block: BlockView<'_>, file: &dyn Display) -> Result<()> {
        if checksum(block) == self.crc {
            return Ok(());
        }
        let offset = self.offset;
        let message = format!("{file} is damaged at offset {offset}");
        Err(Error::corrupted(message))
    }
}

fn checksum(block: BlockView<'_>) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(block.bytes), block.ends)
}

/// A file that its transaction is writing; removed unless the transaction commits.
pub struct GrowingFile {
    number: u64,
    file: FileId,
    handle: Arc<dyn DiskFile>,
    map: Map,
    length: u64,
    written: Sender<Written>,
    unlink: Unlink,
}

impl GrowingFile {
    /// Appends a block.
    pub fn append(&mut self, block: BlockView<'_>) -> Result<Place> {
        let place = Place {
            offset: self.length,
            bytes: block.bytes.len() as u32,
            ends: block.ends.len() as u32,
            crc: checksum(block),
        };
        self.write(block.bytes, place.offset)?;
        self.write(block.ends, place.ends_at())?;
        // Without the thread the sync at commit does it all.
        let _ = self.written.send(Written {
            file: Arc::clone(&self.handle),
            offset: place.offset,
            bytes: place.length(),
        });
        self.length = (place.offset + place.length()).next_multiple_of(8);
        if self.length > self.map.len() {
            self.map = self.handle.map(self.length * 2)?;
        }
        Ok(place)
    }

    /// What was appended after a block is needed no more: its room is taken again. None: all of it.
    pub fn forget_after(&mut self, last: Option<&Place>) {
        let end = last.map_or(HEADER.len() as u64, |place| place.offset + place.length());
        self.length = end.next_multiple_of(8);
    }

    fn write(&self, bytes: &[u8], at: u64) -> Result<()> {
        self.handle
            .write_at(bytes, at)
            .map_err(|error| Error::io("could not write a bulk file", &error))
    }

    pub fn view(&self, place: &Place) -> Result<BlockView<'_>> {
        view(&self.map, place)
    }

    pub fn leave(&self, place: &Place) {
        self.map.release(place.offset, place.length());
    }

    /// Writes the directory; the file then stands as it will be. It still has to be synced.
    pub fn finish(mut self, blocks: Vec<(Place, Box<[u8]>)>, last_key: &[u8]) -> Result<BulkFile> {
        let mut entries = 0;
        let mut bytes = 0;
        let mut directory = Vec::new();
        put_varint(&mut directory, blocks.len() as u64);
        for (place, first_key) in &blocks {
            entries += u64::from(place.ends) / 8;
            bytes += u64::from(place.bytes);
            directory.extend_from_slice(&place.offset.to_le_bytes());
            for word in [place.bytes, place.ends, place.crc] {
                directory.extend_from_slice(&word.to_le_bytes());
            }
            put_varint(&mut directory, first_key.len() as u64);
            directory.extend_from_slice(first_key);
        }
        self.write(&directory, self.length)?;
        let record = BulkRecord {
            file: self.file,
            number: self.number,
            directory_at: self.length,
            directory_bytes: directory.len() as u32,
            directory_crc: crc32c::crc32c(&directory),
            entries,
            bytes,
            last_rowid: if last_key.len() == ROW_KEY_BYTES {
                rowid_of(last_key)
            } else {
                0
            },
            last_key: last_key.into(),
        };
        let map = self.handle.map(self.length + directory.len() as u64)?;
        let blocks = blocks.into_iter().map(|(place, first_key)| FileBlock {
            place,
            first_key,
            checked: AtomicBool::new(true),
        });
        let blocks: Vec<_> = blocks.collect();
        let (_, path) = self.unlink.0.take().unzip();
        let finished = BulkFile {
            path: path.unwrap_or_default(),
            record,
            heads: heads_of(&blocks),
            blocks,
            map,
            unsynced: Some(Arc::clone(&self.handle)),
        };
        Ok(finished)
    }
}

fn view<'a>(map: &'a Map, place: &Place) -> Result<BlockView<'a>> {
    let bytes = map.part(place.offset, u64::from(place.bytes));
    let ends = map.part(place.ends_at(), u64::from(place.ends));
    match (bytes, ends) {
        (Some(bytes), Some(ends)) => Ok(BlockView { bytes, ends }),
        _ => Err(Error::corrupted("a block lies beyond its bulk file")),
    }
}

/// What a commit says of a bulk file: the value of its meta key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulkRecord {
    pub file: FileId,
    pub number: u64,
    directory_at: u64,
    directory_bytes: u32,
    directory_crc: u32,
    pub entries: u64,
    pub bytes: u64,
    /// Highest rowid; 0 for an index.
    pub last_rowid: u64,
    pub last_key: Box<[u8]>,
}

impl BulkRecord {
    pub fn key(&self) -> Vec<u8> {
        let mut key = meta_key(META_BULK, &self.file.prefix());
        key.extend_from_slice(&self.number.to_be_bytes());
        key
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut value = Vec::with_capacity(48 + self.last_key.len());
        value.extend_from_slice(&self.directory_at.to_le_bytes());
        value.extend_from_slice(&self.directory_bytes.to_le_bytes());
        value.extend_from_slice(&self.directory_crc.to_le_bytes());
        for word in [self.entries, self.bytes, self.last_rowid] {
            value.extend_from_slice(&word.to_le_bytes());
        }
        value.extend_from_slice(&self.last_key);
        value
    }

    pub fn decode(key: &[u8], value: &[u8]) -> Result<BulkRecord> {
        let damaged = || Error::corrupted("the record of a bulk file is damaged");
        let file = key.get(2..).and_then(FileId::of_key).ok_or_else(damaged)?;
        let number = key.last_chunk::<8>().ok_or_else(damaged)?;
        Ok(BulkRecord {
            file,
            number: u64::from_be_bytes(*number),
            directory_at: u64_at(value, 0)?,
            directory_bytes: u32_at(value, 8)?,
            directory_crc: u32_at(value, 12)?,
            entries: u64_at(value, 16)?,
            bytes: u64_at(value, 24)?,
            last_rowid: u64_at(value, 32)?,
            last_key: value.get(40..).ok_or_else(damaged)?.into(),
        })
    }
}

struct FileBlock {
    place: Place,
    first_key: Box<[u8]>,
    /// Its checksum was compared, or it was written by this process.
    checked: AtomicBool,
}

/// A finished bulk file, readable by any thread.
pub struct BulkFile {
    path: PathBuf,
    pub record: BulkRecord,
    blocks: Vec<FileBlock>,
    /// The heads of the blocks' first keys, to look through at once.
    heads: Vec<u64>,
    map: Map,
    /// Until it was synced: the mapping does without.
    unsynced: Option<Arc<dyn DiskFile>>,
}

impl BulkFile {
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A block, its checksum compared once more.
    pub fn view_checked(&self, block: usize) -> Result<BlockView<'_>> {
        self.blocks[block].checked.store(false, Ordering::Relaxed);
        self.view(block)
    }

    /// Lets go of the memory that reading it here and there has taken.
    pub fn release(&self) {
        self.map.release(0, self.map.len());
    }

    /// Makes its bytes durable.
    pub fn sync(&mut self) -> Result<()> {
        match self.unsynced.take() {
            Some(handle) => handle
                .sync()
                .map_err(|error| Error::io("could not sync a bulk file", &error)),
            None => Ok(()),
        }
    }
}

impl Blocks for BulkFile {
    fn count(&self) -> usize {
        self.blocks.len()
    }

    fn first_key(&self, block: usize) -> &[u8] {
        &self.blocks[block].first_key
    }

    fn view(&self, block: usize) -> Result<BlockView<'_>> {
        let block = &self.blocks[block];
        let view = view(&self.map, &block.place)?;
        if !block.checked.load(Ordering::Relaxed) {
            let path = self.path.display();
            block.place.check(view, &format_args!("bulk file {path}"))?;
            block.checked.store(true, Ordering::Relaxed);
        }
        Ok(view)
    }

    fn is_visible(&self, _block: usize, _limit: u64) -> bool {
        true
    }

    fn block_of(&self, key: &[u8]) -> Option<usize> {
        if !key.starts_with(&self.record.file.prefix()) {
            let blocks = &self.blocks;
            return blocks
                .partition_point(|block| *block.first_key <= *key)
                .checked_sub(1);
        }
        let wanted = wanted_head(key);
        let low = self.heads.partition_point(|head| *head < wanted);
        let same = self.heads[low..].partition_point(|head| *head == wanted);
        let blocks = &self.blocks[low..][..same];
        (low + blocks.partition_point(|block| *block.first_key <= *key)).checked_sub(1)
    }

    fn leave(&self, block: usize) {
        let place = &self.blocks[block].place;
        self.map.release(place.offset, place.length());
    }
}

/// A key without a head, which no entry has, counts as below all others.
fn heads_of(blocks: &[FileBlock]) -> Vec<u64> {
    let keys = blocks.iter().map(|block| &block.first_key);
    keys.map(|key| head(key).unwrap_or_default()).collect()
}

fn read_blocks(directory: &[u8]) -> Result<Vec<FileBlock>> {
    let mut at = 0;
    let count = take_varint(directory, &mut at)?;
    let mut blocks = Vec::new();
    for _ in 0..count {
        let place = Place {
            offset: u64_at(directory, at)?,
            bytes: u32_at(directory, at + 8)?,
            ends: u32_at(directory, at + 12)?,
            crc: u32_at(directory, at + 16)?,
        };
        at += 20;
        let length = take_varint(directory, &mut at)? as usize;
        blocks.push(FileBlock {
            place,
            first_key: take(directory, &mut at, length)?.into(),
            checked: AtomicBool::new(false),
        });
    }
    Ok(blocks)
}
