//! What was built, for start-up messages and bug reports.

use napi_derive::napi;

/// Version of the native core, as in its Cargo.toml.
#[napi]
pub fn native_version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
