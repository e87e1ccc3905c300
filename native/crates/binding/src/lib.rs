//! The addon's surface: converts, calls, returns; decides nothing. One file a native crate.

// JavaScript reaches these functions through registrations that a test build leaves out.
#![cfg_attr(test, allow(dead_code))]

mod acceptor;
mod backends;
mod collations;
mod copy;
mod index_build;
mod locks;
mod notify;
mod pipelines;
mod points;
mod prepared;
mod pump;
mod serializable;
mod store;
mod store_points;
mod store_rows;
mod timezones;
mod version;
mod wake;
