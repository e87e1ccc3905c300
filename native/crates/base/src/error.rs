//! The core's error: an SQLSTATE, a message in PostgreSQL's words, an optional detail and hint. The binding hands all of them to
//! JavaScript as data.

use std::fmt;

/// SQLSTATEs the core raises itself.
pub mod sqlstate {
    pub const INTERNAL: &str = "XX000";
    pub const DATA_CORRUPTED: &str = "XX001";
    pub const DISK_FULL: &str = "53100";
    pub const OUT_OF_MEMORY: &str = "53200";
    pub const IO_ERROR: &str = "58030";
    pub const SERIALIZATION_FAILURE: &str = "40001";
    pub const LOCK_FILE_EXISTS: &str = "F0001";
    pub const PROGRAM_LIMIT: &str = "54000";
    pub const SEQUENCE_LIMIT: &str = "2200H";
    pub const NOT_IN_PREREQUISITE_STATE: &str = "55000";
    pub const DUPLICATE_OBJECT: &str = "42710";
    pub const CANNOT_CONNECT_NOW: &str = "57P03";
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    pub sqlstate: &'static str,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
}

pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub fn new(sqlstate: &'static str, message: impl Into<String>) -> Error {
        Error {
            sqlstate,
            message: message.into(),
            detail: None,
            hint: None,
        }
    }

    pub fn with_detail(mut self, detail: impl Into<String>) -> Error {
        self.detail = Some(detail.into());
        self
    }

    pub fn with_hint(mut self, hint: impl Into<String>) -> Error {
        self.hint = Some(hint.into());
        self
    }

    /// A broken invariant of ours: no user can provoke it.
    pub fn internal(message: impl Into<String>) -> Error {
        Error::new(sqlstate::INTERNAL, message)
    }

    /// What is on disk is not what was written.
    pub fn corrupted(message: impl Into<String>) -> Error {
        Error::new(sqlstate::DATA_CORRUPTED, message)
    }

    /// A failed system call: 53100 where the disk (or quota, or the size allowed for a file) is full, else 58030.
    pub fn io(what: &str, error: &std::io::Error) -> Error {
        let full = matches!(error.raw_os_error(), Some(27) | Some(28) | Some(122));
        let state = if full {
            sqlstate::DISK_FULL
        } else {
            sqlstate::IO_ERROR
        };
        Error::new(state, format!("{what}: {error}"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.sqlstate, self.message)
    }
}

impl std::error::Error for Error {}
