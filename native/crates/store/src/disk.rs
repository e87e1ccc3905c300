//! What the store does to the disk, by kind: each write and sync asks here first, so that tests can make one fail as a
//! full disk or a broken one would. The real disk never objects; it fails by itself.

use std::fmt;
use std::io;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Making a segment of the log.
    LogSegment,
    LogWrite,
    LogSync,
    /// Writing and syncing a bulk file.
    BulkWrite,
    BulkSync,
    /// One durable step of the base.
    BaseWrite,
}

/// Makes operations fail.
pub trait Faults: Sync {
    fn before(&self, operation: Operation) -> io::Result<()>;
}

#[derive(Clone, Copy, Default)]
pub struct Disk(Option<&'static dyn Faults>);

impl Disk {
    pub const REAL: Disk = Disk(None);

    pub const fn with_faults(faults: &'static dyn Faults) -> Disk {
        Disk(Some(faults))
    }

    /// The error that the operation is to fail with.
    pub fn before(self, operation: Operation) -> io::Result<()> {
        self.0.map_or(Ok(()), |faults| faults.before(operation))
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.0.is_some() {
            "with faults"
        } else {
            "real"
        };
        write!(formatter, "Disk({kind})")
    }
}
