//! The addon's surface: converts, calls, returns; decides nothing. One file a native crate.

mod acceptor;
mod backends;
mod locks;
mod version;
