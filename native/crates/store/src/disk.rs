//! The file layer: whatever the store writes and reads beside the base's own file goes through `Files`. The real one is
//! the system's; tests put a simulated disk in its place, on which the power is cut, syncs fail and bits flip.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use helios_base::{Error, Result};

use crate::base::Base;
use crate::lmdb::Lmdb;
use crate::map::Map;

/// A file system, as far as the store needs one. A name that was made, changed or removed is durable once its
/// directory was synced; a file's bytes once the file was.
pub trait Files: Send + Sync {
    /// Makes a directory and those above it; it may be there already.
    fn make_directory(&self, path: &Path) -> io::Result<()>;
    /// Removes a directory with all that is in it; it may be absent.
    fn remove_directory(&self, path: &Path) -> io::Result<()>;
    /// Names in a directory, in any order.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;
    fn length(&self, path: &Path) -> io::Result<u64>;
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// An empty file under the name, for reading and writing.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;
    /// A file that is there.
    fn open(&self, path: &Path, writable: bool) -> io::Result<Arc<dyn DiskFile>>;
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    fn remove(&self, path: &Path) -> io::Result<()>;
    fn sync_directory(&self, path: &Path) -> io::Result<()>;
    /// Takes the lock that the file stands for, and writes this process's id into it.
    fn lock(&self, path: &Path) -> io::Result<Lock>;
    /// The base in an existing directory, made where it is absent.
    fn open_base(&self, path: &Path, durable: bool) -> Result<Box<dyn Base>>;
}

/// An open file.
pub trait DiskFile: Send + Sync {
    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()>;
    fn sync(&self) -> io::Result<()>;
    fn length(&self) -> io::Result<u64>;
    /// So many bytes from the start, mapped; they need not be there yet.
    fn map(&self, bytes: u64) -> Result<Map>;
    /// Has the system begin to write a part, so that a sync has little left to do. It may block.
    fn start_writing(&self, _offset: u64, _bytes: u64) {}
}

pub enum Lock {
    /// Held until this is dropped.
    Taken(Box<dyn Send + Sync>),
    /// By the process with this id.
    Held(String),
}

/// The file layer in use.
#[derive(Clone)]
pub struct Disk(Option<Arc<dyn Files>>);

impl Disk {
    pub const REAL: Disk = Disk(None);

    pub fn of(files: Arc<dyn Files>) -> Disk {
        Disk(Some(files))
    }

    pub fn files(&self) -> &dyn Files {
        match &self.0 {
            Some(files) => &**files,
            None => &RealFiles,
        }
    }

    /// Makes names in a directory durable.
    pub fn sync_directory(&self, path: &Path) -> Result<()> {
        self.files()
            .sync_directory(path)
            .map_err(|error| Error::io(&format!("could not sync {}", path.display()), &error))
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.0.is_some() { "given" } else { "real" };
        write!(formatter, "Disk({kind})")
    }
}

/// The system's files.
pub struct RealFiles;

impl Files for RealFiles {
    fn make_directory(&self, path: &Path) -> io::Result<()> {
        std::fs::create_dir_all(path)
    }

    fn remove_directory(&self, path: &Path) -> io::Result<()> {
        match std::fs::remove_dir_all(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(path)? {
            // Names that are no text are not ours.
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    }

    fn length(&self, path: &Path) -> io::Result<u64> {
        std::fs::metadata(path).map(|data| data.len())
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)?;
        Ok(Arc::new(file))
    }

    fn open(&self, path: &Path, writable: bool) -> io::Result<Arc<dyn DiskFile>> {
        let file = OpenOptions::new().read(true).write(writable).open(path)?;
        Ok(Arc::new(file))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn lock(&self, path: &Path) -> io::Result<Lock> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        // SAFETY: the descriptor is open.
        if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } != 0 {
            let mut owner = String::new();
            // The owner's id is a courtesy; without it the message still says what is wrong.
            let _ = file.read_to_string(&mut owner);
            return Ok(Lock::Held(owner.trim().into()));
        }
        file.set_len(0)?;
        file.write_all(format!("{}\n", std::process::id()).as_bytes())?;
        Ok(Lock::Taken(Box::new(file)))
    }

    fn open_base(&self, path: &Path, durable: bool) -> Result<Box<dyn Base>> {
        let base = Lmdb::open(path, durable)?;
        // It may have made its files just now.
        Disk::REAL.sync_directory(path)?;
        Ok(Box::new(base))
    }
}

impl DiskFile for File {
    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.write_all_at(bytes, at)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn length(&self) -> io::Result<u64> {
        self.metadata().map(|data| data.len())
    }

    fn map(&self, bytes: u64) -> Result<Map> {
        Map::new(self, bytes)
    }

    fn start_writing(&self, offset: u64, bytes: u64) {
        #[cfg(target_os = "linux")]
        // SAFETY: an open descriptor; the call only hints.
        unsafe {
            libc::sync_file_range(
                self.as_raw_fd(),
                offset as i64,
                bytes as i64,
                libc::SYNC_FILE_RANGE_WRITE,
            );
        }
        #[cfg(not(target_os = "linux"))]
        let _ = (offset, bytes);
    }
}
