//! Why a kernel stops. What it does not know it leaves to the executor's own nodes, which run the statement as if it had
//! never been tried: so no error, and no rare case, is worded twice.

use helios_base::Error;

#[derive(Debug)]
pub enum Halt {
    /// The executor's nodes must do it; why, for EXPLAIN and logs.
    Declined(&'static str),
    /// The store could not be read.
    Failed(Error),
    /// Somebody has asked to stop.
    Canceled,
}

impl From<Error> for Halt {
    fn from(error: Error) -> Halt {
        Halt::Failed(error)
    }
}

pub type Result<T> = std::result::Result<T, Halt>;
