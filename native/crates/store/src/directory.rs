//! The data directory: what is in it, whose it is, which format it has.
//!   control          text: format version
//!   heliosdb.lock    held with flock while a server runs; its process id
//!   log/  base/      redo log segments, the base's environment
//!   bulk/            bulk files
//!   temporary/       large temporary tables of running sessions

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use helios_base::error::sqlstate;
use helios_base::{Error, Result};

use crate::disk::{Disk, Lock};

const CONTROL: &str = "control";
const LOCK: &str = "heliosdb.lock";
const FORMAT_NAME: &str = "HeliosDB data directory\nformat ";
const FORMAT: &str = "HeliosDB data directory\nformat 2\n";

/// An opened and locked data directory.
pub struct Directory {
    pub log: PathBuf,
    pub base: PathBuf,
    pub bulk: PathBuf,
    /// Large temporary tables of sessions: empty at start.
    pub temporary: PathBuf,
    _lock: Box<dyn Send + Sync>,
}

impl Directory {
    /// Locks the directory, making it first where it is absent or empty.
    pub fn open(path: &Path, disk: &Disk) -> Result<Directory> {
        let failed = |error| {
            let what = format!("could not open directory \"{}\"", path.display());
            Error::io(&what, &error)
        };
        let files = disk.files();
        files.make_directory(path).map_err(failed)?;
        let directory = Directory::lock(path, disk)?;
        files
            .remove_directory(&directory.temporary)
            .map_err(failed)?;
        match directory.check(path, disk)? {
            true => {}
            false => directory.make(path, disk)?,
        }
        Ok(directory)
    }

    /// Locks a directory that is there and changes nothing else in it.
    pub fn open_existing(path: &Path, disk: &Disk) -> Result<Directory> {
        let missing = || {
            Error::corrupted(format!(
                "data directory \"{}\" has no control file",
                path.display()
            ))
        };
        if disk.files().length(&path.join(CONTROL)).is_err() {
            return Err(missing());
        }
        let directory = Directory::lock(path, disk)?;
        if directory.check(path, disk)? {
            Ok(directory)
        } else {
            Err(missing())
        }
    }

    fn lock(path: &Path, disk: &Disk) -> Result<Directory> {
        Ok(Directory {
            log: path.join("log"),
            base: path.join("base"),
            bulk: path.join("bulk"),
            temporary: path.join("temporary"),
            _lock: take_lock(path, disk)?,
        })
    }

    /// The control file is as it should be; false where there is none.
    fn check(&self, path: &Path, disk: &Disk) -> Result<bool> {
        let control = path.join(CONTROL);
        let text = match disk.files().read(&control) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => {
                let what = format!("could not read control file \"{}\"", control.display());
                return Err(Error::io(&what, &error));
            }
        };
        if text == FORMAT.as_bytes() {
            return Ok(true);
        }
        let version = std::str::from_utf8(&text)
            .ok()
            .and_then(|text| text.strip_prefix(FORMAT_NAME)?.strip_suffix('\n'))
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        if version.is_some() {
            return Err(Error::corrupted(format!(
                "data directory \"{}\" is of another format version",
                path.display()
            )));
        }
        let good = text.iter().zip(FORMAT.as_bytes());
        let offset = good.take_while(|(found, wanted)| found == wanted).count();
        Err(Error::corrupted(format!(
            "control file \"{}\" is damaged at offset {offset}",
            control.display()
        )))
    }

    /// Sets a new directory up: everything else is durable before the control file says that it is there.
    fn make(&self, path: &Path, disk: &Disk) -> Result<()> {
        let failed = |error| {
            let what = format!("could not make directory \"{}\"", path.display());
            Error::io(&what, &error)
        };
        let files = disk.files();
        if files.length(&self.base.join("data.mdb")).is_ok() {
            let message = format!("data directory \"{}\" has no control file", path.display());
            return Err(Error::corrupted(message));
        }
        let fresh = path.join("control.new");
        let control = files.create(&fresh).map_err(failed)?;
        control.write_at(FORMAT.as_bytes(), 0).map_err(failed)?;
        control.sync().map_err(failed)?;
        for part in [&self.log, &self.base, &self.bulk] {
            files.make_directory(part).map_err(failed)?;
        }
        if let Some(parent) = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
        {
            disk.sync_directory(parent)?;
        }
        disk.sync_directory(path)?;
        files.rename(&fresh, &path.join(CONTROL)).map_err(failed)?;
        disk.sync_directory(path)
    }
}

fn take_lock(path: &Path, disk: &Disk) -> Result<Box<dyn Send + Sync>> {
    let name = path.join(LOCK);
    let lock = disk.files().lock(&name).map_err(|error| {
        let what = format!("could not open lock file \"{}\"", name.display());
        Error::io(&what, &error)
    })?;
    match lock {
        Lock::Taken(lock) => Ok(lock),
        Lock::Held(owner) => {
            let message = format!("lock file \"{LOCK}\" already exists");
            let detail = format!(
                "Another server (PID {owner}) is running in data directory \"{}\".",
                path.display()
            );
            Err(Error::new(sqlstate::LOCK_FILE_EXISTS, message).with_detail(detail))
        }
    }
}
