//! Stored rows and the column batches made from them. See the crate's README for the byte layouts.

pub mod batch;
pub mod copy;
pub mod keys;
pub mod row;
pub mod tuple;
