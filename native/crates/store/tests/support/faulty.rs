//! The real file system with operations of one kind that fail once that is asked for.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering};

use helios_base::{Error, Result};
use helios_store::base::{Base, BaseReader, Change};
use helios_store::disk::{Disk, DiskFile, Files, Lock, RealFiles};
use helios_store::map::Map;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Making a segment of the log.
    LogSegment,
    LogWrite,
    LogSync,
    BulkWrite,
    BulkSync,
    /// One durable step of the base.
    BaseWrite,
}

/// Fails one kind of operation with a system error once it is armed, after letting some pass.
pub struct Fault {
    operation: Operation,
    error: AtomicI32,
    passes: AtomicUsize,
    /// Panics instead.
    panics: AtomicBool,
}

impl Fault {
    pub fn on(operation: Operation) -> Arc<Fault> {
        Arc::new(Fault {
            operation,
            error: AtomicI32::new(0),
            passes: AtomicUsize::new(0),
            panics: AtomicBool::new(false),
        })
    }

    pub fn disk(self: &Arc<Fault>) -> Disk {
        Disk::of(Arc::new(FaultyFiles(Arc::clone(self))))
    }

    pub fn arm(&self, error: i32, passes: usize) {
        self.passes.store(passes, Ordering::SeqCst);
        self.error.store(error, Ordering::SeqCst);
    }

    pub fn arm_panic(&self) {
        self.panics.store(true, Ordering::SeqCst);
    }

    fn before(&self, operation: Operation) -> io::Result<()> {
        let error = self.error.load(Ordering::SeqCst);
        if operation == self.operation && self.panics.load(Ordering::SeqCst) {
            panic!("asked for by a test");
        }
        if operation != self.operation || error == 0 {
            return Ok(());
        }
        let left = |passes: usize| passes.checked_sub(1);
        match self
            .passes
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, left)
        {
            Ok(_) => Ok(()),
            Err(_) => Err(io::Error::from_raw_os_error(error)),
        }
    }
}

struct FaultyFiles(Arc<Fault>);

fn is_bulk(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "bulk")
}

impl FaultyFiles {
    fn opened(&self, path: &Path, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        Arc::new(FaultyFile {
            file,
            fault: Arc::clone(&self.0),
            is_bulk: is_bulk(path),
        })
    }
}

impl Files for FaultyFiles {
    fn make_directory(&self, path: &Path) -> io::Result<()> {
        RealFiles.make_directory(path)
    }
    fn remove_directory(&self, path: &Path) -> io::Result<()> {
        RealFiles.remove_directory(path)
    }
    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        RealFiles.list(path)
    }
    fn length(&self, path: &Path) -> io::Result<u64> {
        RealFiles.length(path)
    }
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        RealFiles.read(path)
    }
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        if is_bulk(path) {
            return Ok(self.opened(path, RealFiles.create(path)?));
        }
        // Whole segments of zeros: only making them may fail.
        self.0.before(Operation::LogSegment)?;
        RealFiles.create(path)
    }
    fn open(&self, path: &Path, writable: bool) -> io::Result<Arc<dyn DiskFile>> {
        Ok(self.opened(path, RealFiles.open(path, writable)?))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealFiles.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        RealFiles.remove(path)
    }
    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        RealFiles.sync_directory(path)
    }
    fn lock(&self, path: &Path) -> io::Result<Lock> {
        RealFiles.lock(path)
    }
    fn open_base(&self, path: &Path, durable: bool) -> Result<Box<dyn Base>> {
        Ok(Box::new(FaultyBase {
            base: RealFiles.open_base(path, durable)?,
            fault: Arc::clone(&self.0),
        }))
    }
}

struct FaultyFile {
    file: Arc<dyn DiskFile>,
    fault: Arc<Fault>,
    is_bulk: bool,
}

impl DiskFile for FaultyFile {
    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.fault.before(if self.is_bulk {
            Operation::BulkWrite
        } else {
            Operation::LogWrite
        })?;
        self.file.write_at(bytes, at)
    }
    fn sync(&self) -> io::Result<()> {
        self.fault.before(if self.is_bulk {
            Operation::BulkSync
        } else {
            Operation::LogSync
        })?;
        self.file.sync()
    }
    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }
    fn map(&self, bytes: u64) -> Result<Map> {
        self.file.map(bytes)
    }
}

struct FaultyBase {
    base: Box<dyn Base>,
    fault: Arc<Fault>,
}

impl FaultyBase {
    fn before(&self) -> Result<()> {
        self.fault
            .before(Operation::BaseWrite)
            .map_err(|error| Error::io("could not write the base", &error))
    }
}

impl Base for FaultyBase {
    fn reader(&self) -> Result<Box<dyn BaseReader>> {
        self.base.reader()
    }
    fn apply(&self, changes: &mut dyn Iterator<Item = Change<'_>>) -> Result<u64> {
        self.before()?;
        self.base.apply(changes)
    }
    fn delete_ranges(&self, ranges: &[(Vec<u8>, Vec<u8>)], count: usize) -> Result<(usize, u64)> {
        self.before()?;
        self.base.delete_ranges(ranges, count)
    }
}
