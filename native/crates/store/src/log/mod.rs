//! The redo log: groups of commits in segment files, in order of their position (LSN). `group` is the byte layout,
//! `segment` one file, `append` the writing side, `replay` the reading side.

pub mod append;
pub mod group;
pub mod replay;
pub mod segment;
