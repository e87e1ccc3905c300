//! What every crate of the core shares: the error that carries an SQLSTATE, checked reading of little-endian bytes.
//! See the crate's README.

pub mod bytes;
pub mod error;
pub mod slab;
pub mod sync;

pub use error::{Error, Result};
