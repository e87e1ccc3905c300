//! The one outcome besides success.

use helios_base::Error;

/// A statement that is not for this path; nothing has happened.
pub struct Refused;

impl From<Error> for Refused {
    /// The general path runs into the same error, and tells it.
    fn from(_: Error) -> Refused {
        Refused
    }
}
