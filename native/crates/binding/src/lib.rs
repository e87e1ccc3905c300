//! The addon's surface: converts, calls, returns; decides nothing. One file a native crate.

mod version;
