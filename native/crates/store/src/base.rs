//! The ordered key-value base under the memtables, behind three small traits so that another engine can stand in.
//! Nothing outside `lmdb.rs` knows which one it is.

use helios_base::Result;

/// One change of a batch: value None deletes the key.
pub type Change<'a> = (&'a [u8], Option<&'a [u8]>);

pub trait Base: Send + Sync {
    /// A reader of the newest state, for the calling thread.
    fn reader(&self) -> Result<Box<dyn BaseReader>>;
    /// Applies changes (ascending keys) in one durable step; the state's number afterwards.
    fn apply(&self, changes: &mut dyn Iterator<Item = Change<'_>>) -> Result<u64>;
    /// Deletes up to `count` keys that lie in the ranges (lower inclusive, upper exclusive) in one durable step; how
    /// many, and the state's number afterwards.
    fn delete_ranges(&self, ranges: &[(Vec<u8>, Vec<u8>)], count: usize) -> Result<(usize, u64)>;
    /// Lets go of the memory that reading has taken; it comes back when it is read again.
    fn release(&self) {}
}

/// A consistent state; not to be used by two threads at once.
pub trait BaseReader: Send {
    /// Number of the state it sees.
    fn state(&self) -> u64;
    /// A reader of the same state, for another thread.
    fn share(&self) -> Box<dyn BaseReader>;
    fn get(&self, key: &[u8]) -> Result<Option<&[u8]>>;
    /// The first entry of lower <= key < upper.
    fn first<'a>(&'a self, lower: &[u8], upper: &[u8]) -> Result<Option<(&'a [u8], &'a [u8])>> {
        self.scan(lower, upper, false)?.next()
    }
    /// Entries of lower <= key < upper, ascending or descending.
    fn scan<'a>(
        &'a self,
        lower: &[u8],
        upper: &[u8],
        backward: bool,
    ) -> Result<Box<dyn BaseCursor<'a> + 'a>>;
}

pub trait BaseCursor<'a> {
    fn next(&mut self) -> Result<Option<(&'a [u8], &'a [u8])>>;
}
