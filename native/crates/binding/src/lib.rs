//! The addon's surface: converts, calls, returns; decides nothing. One file a native crate.

// JavaScript reaches these functions through registrations that a test build leaves out.
#![cfg_attr(test, allow(dead_code))]

mod collations;
mod acceptor;
mod backends;
mod locks;
mod timezones;
mod version;
mod store;
mod store_rows;
