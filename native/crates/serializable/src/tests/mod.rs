//! What single conflicts come to, and random histories against a plain checker of serializability.

mod checker;
mod conflicts;
mod histories;
mod memory;
