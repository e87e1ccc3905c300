//! ICU collations for the types room.

use napi::bindgen_prelude::{Buffer, Error, Result};
use napi_derive::napi;

/// Opens the collation of a BCP 47 locale; throws a message where it is unknown.
#[napi]
pub fn collation_open(locale: String) -> Result<u32> {
    helios_collations::open(&locale).map_err(Error::from_reason)
}

/// Negative, zero or positive.
#[napi]
pub fn collation_compare(handle: u32, left: String, right: String) -> i32 {
    helios_collations::compare(handle, &left, &right) as i32
}

/// Bytes whose memcmp order is `collation_compare`'s.
#[napi]
pub fn collation_sort_key(handle: u32, text: String) -> Buffer {
    helios_collations::sort_key(handle, &text).into()
}
