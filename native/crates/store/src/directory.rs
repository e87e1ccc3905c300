//! The data directory: what is in it, whose it is, which format it has.
//!   control          text: format version
//!   heliosdb.lock    held with flock while a server runs; its process id
//!   log/  base/      redo log segments, the base's environment
//!   temporary/       large temporary tables of running sessions

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use helios_base::error::sqlstate;
use helios_base::{Error, Result};

use crate::log::segment::sync_directory;

const CONTROL: &str = "control";
const LOCK: &str = "heliosdb.lock";
const FORMAT: &str = "HeliosDB data directory\nformat 1\n";

/// An opened and locked data directory.
pub struct Directory {
    pub log: PathBuf,
    pub base: PathBuf,
    /// Large temporary tables of sessions: empty at start.
    pub temporary: PathBuf,
    _lock: File,
}

impl Directory {
    /// Locks the directory, making it first where it is absent or empty.
    pub fn open(path: &Path) -> Result<Directory> {
        let failed = |error: std::io::Error| {
            Error::io(
                &format!("could not open directory \"{}\"", path.display()),
                &error,
            )
        };
        std::fs::create_dir_all(path).map_err(failed)?;
        let lock = take_lock(path)?;
        let (log, base) = (path.join("log"), path.join("base"));
        let temporary = path.join("temporary");
        if temporary.exists() {
            std::fs::remove_dir_all(&temporary).map_err(failed)?;
        }
        match std::fs::read_to_string(path.join(CONTROL)) {
            Ok(text) if text == FORMAT => {}
            Ok(_) => {
                let message = format!(
                    "data directory \"{}\" is of another format version",
                    path.display()
                );
                return Err(Error::corrupted(message));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => make(path, &log, &base)?,
            Err(error) => return Err(failed(error)),
        }
        Ok(Directory {
            log,
            base,
            temporary,
            _lock: lock,
        })
    }
}

fn make(path: &Path, log: &Path, base: &Path) -> Result<()> {
    let failed = |error: std::io::Error| {
        Error::io(
            &format!("could not make directory \"{}\"", path.display()),
            &error,
        )
    };
    if base.join("data.mdb").exists() {
        let message = format!("data directory \"{}\" has no control file", path.display());
        return Err(Error::corrupted(message));
    }
    let fresh = path.join("control.new");
    let mut control = File::create(&fresh).map_err(failed)?;
    control.write_all(FORMAT.as_bytes()).map_err(failed)?;
    control.sync_all().map_err(failed)?;
    std::fs::create_dir_all(log).map_err(failed)?;
    std::fs::create_dir_all(base).map_err(failed)?;
    std::fs::rename(&fresh, path.join(CONTROL)).map_err(failed)?;
    sync_directory(path)
}

fn take_lock(path: &Path) -> Result<File> {
    let name = path.join(LOCK);
    let failed = |error: std::io::Error| {
        Error::io(
            &format!("could not open lock file \"{}\"", name.display()),
            &error,
        )
    };
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&name)
        .map_err(failed)?;
    // SAFETY: the descriptor is open.
    if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } != 0 {
        let mut owner = String::new();
        // The owner's id is a courtesy; without it the message still says what is wrong.
        let _ = file.read_to_string(&mut owner);
        let message = format!("lock file \"{LOCK}\" already exists");
        let detail = format!(
            "Another server (PID {}) is running in data directory \"{}\".",
            owner.trim(),
            path.display()
        );
        return Err(Error::new(sqlstate::LOCK_FILE_EXISTS, message).with_detail(detail));
    }
    file.set_len(0).map_err(failed)?;
    file.write_all(format!("{}\n", std::process::id()).as_bytes())
        .map_err(failed)?;
    Ok(file)
}
