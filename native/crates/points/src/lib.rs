//! The native point path: prepared statements on single rows by key, and the transaction blocks around them, run from the
//! client's bytes to the reply without JavaScript. What a statement does was decided in JavaScript (its plan became a
//! `Program`); here it is only done, in the one way that nothing stands in: whatever is unusual (a lock that is long in
//! the way, an overflow, another spelling, a changed catalog) is left untouched for the general path, which knows every case.

mod ahead;
pub mod clients;
pub mod counts;
pub mod expression;
pub mod fingerprint;
pub mod message;
pub mod program;
mod refused;
mod reply;
mod rows;
pub mod session;
pub mod value;
