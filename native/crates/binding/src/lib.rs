//! The addon's surface: converts, calls, returns; decides nothing. One file a native crate.

mod collations;
mod acceptor;
mod backends;
mod locks;
mod version;
mod store;
mod store_rows;
