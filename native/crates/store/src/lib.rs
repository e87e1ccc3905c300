//! The store: committed state (memtables over the base), transactions' overlays, snapshots, ordered scans, sequences.
//! See the crate's README.

pub mod base;
pub mod blocks;
pub mod bulk;
pub mod changes;
pub mod directory;
pub mod disk;
pub mod disk_run;
pub mod extents;
pub mod flush;
pub mod key;
pub mod large;
pub mod level;
pub mod lmdb;
pub mod log;
pub mod long_key;
pub mod map;
pub mod memtable;
pub mod merge;
pub mod open;
pub mod overlay;
pub mod placement;
pub mod prepared;
pub mod runs;
pub mod sequence;
pub mod sorter;
pub mod spill;
pub mod stats;
pub mod store;
pub mod subtransactions;
pub mod temporary;
pub mod transaction;
pub mod verify;
pub mod worker;
pub mod writer;
pub mod xids;
