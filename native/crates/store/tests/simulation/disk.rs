//! A disk in memory, the twin of the real file layer. What was written but not synced may be lost, torn (by sectors of 512
//! bytes) or kept in any order when the power is cut; names that their directory was not synced for may vanish or come
//! back; syncs fail and spoil what they should have kept; room ends; bits flip. All by one seed.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::FromRawFd;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use helios_base::Result;
use helios_base::sync::lock;
use helios_store::base::Base;
use helios_store::disk::{DiskFile, Files, Lock};
use helios_store::map::Map;

use crate::base::{Entries, SimulatedBase};
use crate::support::Chance;

const SECTOR_BYTES: usize = 512;
const NO_SPACE: i32 = 28;
const BROKEN: i32 = 5;

#[derive(Clone)]
pub struct SimulatedDisk(Arc<Mutex<State>>);

/// What is to go wrong, by the number of operations from now on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plan {
    pub power_off_after: Option<u64>,
    pub sync_fails_after: Option<u64>,
    /// Bytes that files may still grow by.
    pub room: Option<u64>,
}

/// A bit that was turned.
#[derive(Clone, Debug)]
pub struct Flip {
    pub path: PathBuf,
    pub offset: usize,
    bit: u8,
}

pub struct State {
    pub chance: Chance,
    plan: Plan,
    pub operations: u64,
    pub is_off: bool,
    /// Handles of an earlier start do nothing any more.
    start: u64,
    is_locked: bool,
    directories: BTreeMap<PathBuf, Directory>,
    files: BTreeMap<u64, Content>,
    next_file: u64,
    pub base: Arc<Entries>,
    pub base_number: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    File(u64),
    Directory,
}

#[derive(Default)]
struct Directory {
    names: BTreeMap<String, Name>,
    durable: BTreeMap<String, Name>,
    /// Since the last sync.
    pending: Vec<Change>,
}

#[derive(Clone)]
enum Change {
    Make(String, Name),
    Rename(String, Name),
    Remove(String, Name),
}

impl Change {
    fn apply(&self, names: &mut BTreeMap<String, Name>) {
        match self {
            Change::Make(name, entry) => {
                names.insert(name.clone(), *entry);
            }
            Change::Rename(to, entry) => {
                names.retain(|_, other| other != entry || *entry == Name::Directory);
                names.insert(to.clone(), *entry);
            }
            Change::Remove(name, entry) => {
                if names.get(name) == Some(entry) {
                    names.remove(name);
                }
            }
        }
    }
}

#[derive(Default)]
struct Content {
    bytes: Vec<u8>,
    durable: Vec<u8>,
    /// Writes since the last sync: where, and how many bytes of `bytes` as they were then.
    pending: Vec<(usize, Vec<u8>)>,
    /// The bytes once more, for mappings.
    mapped: Option<File>,
}

impl Content {
    fn write(&mut self, at: usize, bytes: &[u8]) {
        put(&mut self.bytes, at, bytes);
        self.pending.push((at, bytes.to_vec()));
        if let Some(mapped) = &self.mapped {
            mapped.write_all_at(bytes, at as u64).expect("is in memory");
        }
    }

    /// Pending writes that reach the disk although nobody waited for it.
    fn keep_some(&mut self, chance: &mut Chance) {
        let pending = std::mem::take(&mut self.pending);
        match chance.below(4) {
            0 => {}
            1 => pending
                .iter()
                .for_each(|(at, bytes)| put(&mut self.durable, *at, bytes)),
            2 => {
                // In order; the last one torn.
                let count = chance.below(pending.len() as u64 + 1) as usize;
                for (at, bytes) in &pending[..count] {
                    put(&mut self.durable, *at, bytes);
                }
                if let Some((at, bytes)) = pending.get(count) {
                    let end = chance.below(bytes.len() as u64 + 1) as usize;
                    let end = ((at + end) / SECTOR_BYTES * SECTOR_BYTES).saturating_sub(*at);
                    put(&mut self.durable, *at, &bytes[..end.min(bytes.len())]);
                }
            }
            _ => {
                // Each sector by itself, as it was at some time since.
                let mut sectors: BTreeMap<usize, Vec<(usize, &[u8])>> = BTreeMap::new();
                for (at, bytes) in &pending {
                    let mut from = 0;
                    while from < bytes.len() {
                        let sector = (at + from) / SECTOR_BYTES;
                        let end = ((sector + 1) * SECTOR_BYTES - at).min(bytes.len());
                        let part = (at + from, &bytes[from..end]);
                        sectors.entry(sector).or_default().push(part);
                        from = end;
                    }
                }
                for parts in sectors.values() {
                    let count = chance.below(parts.len() as u64 + 1) as usize;
                    for (at, bytes) in &parts[..count] {
                        put(&mut self.durable, *at, bytes);
                    }
                }
            }
        }
    }
}

fn put(target: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    let end = at + bytes.len();
    if target.len() < end {
        target.resize(end, 0);
    }
    target[at..end].copy_from_slice(bytes);
}

fn system(error: i32) -> io::Error {
    io::Error::from_raw_os_error(error)
}

impl SimulatedDisk {
    pub fn new(seed: u64) -> SimulatedDisk {
        let root = (PathBuf::from("/"), Directory::default());
        SimulatedDisk(Arc::new(Mutex::new(State {
            chance: Chance(seed),
            plan: Plan::default(),
            operations: 0,
            is_off: false,
            start: 0,
            is_locked: false,
            directories: BTreeMap::from([root]),
            files: BTreeMap::new(),
            next_file: 1,
            base: Arc::default(),
            base_number: 1,
        })))
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0)
    }

    pub fn plan(&self, plan: Plan) {
        let mut state = self.state();
        state.operations = 0;
        state.plan = plan;
    }

    pub fn is_off(&self) -> bool {
        self.state().is_off
    }

    /// The process has ended: its handles are dead, its lock is free; the system goes on.
    pub fn process_ended(&self) {
        let mut state = self.state();
        state.start += 1;
        state.is_locked = false;
    }

    /// The power was cut: only what is durable is there, and by chance some of what was on its way.
    pub fn power_cut(&self) {
        self.process_ended();
        let mut guard = self.state();
        let state = &mut *guard;
        state.is_off = false;
        for directory in state.directories.values_mut() {
            let pending = std::mem::take(&mut directory.pending);
            let mode = state.chance.below(4);
            let count = state.chance.below(pending.len() as u64 + 1) as usize;
            for (index, change) in pending.iter().enumerate() {
                let kept = match mode {
                    0 => false,
                    1 => true,
                    2 => index < count,
                    _ => state.chance.below(2) == 0,
                };
                if kept {
                    change.apply(&mut directory.durable);
                }
            }
            directory.names = directory.durable.clone();
        }
        for content in state.files.values_mut() {
            content.keep_some(&mut state.chance);
            content.bytes = content.durable.clone();
            content.mapped = None;
        }
        state.forget_unreachable();
    }

    /// Turns a bit of a file that is there: mostly one that was written to.
    pub fn flip(&self) -> Option<Flip> {
        let mut guard = self.state();
        let state = &mut *guard;
        let mut places: Vec<(PathBuf, u64, usize)> = Vec::new();
        for (path, directory) in &state.directories {
            for (name, entry) in &directory.names {
                if let Name::File(id) = entry {
                    let bytes = &state.files[id].bytes;
                    let used = bytes.iter().rposition(|byte| *byte != 0);
                    if let Some(last) = used.filter(|_| name != "control.new") {
                        places.push((path.join(name), *id, last + 1));
                    }
                }
            }
        }
        if places.is_empty() {
            return None;
        }
        let (path, id, used) = places.swap_remove(state.chance.below(places.len() as u64) as usize);
        let flip = Flip {
            path,
            offset: state.chance.below(used as u64) as usize,
            bit: 1 << state.chance.below(8),
        };
        state.turn(id, &flip);
        Some(flip)
    }

    pub fn unflip(&self, flip: &Flip) {
        let mut state = self.state();
        if let Ok(id) = state.find(&flip.path) {
            state.turn(id, flip);
        }
    }

    pub fn bytes(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.state();
        let id = state.find(path).ok()?;
        state.files.get(&id).map(|content| content.bytes.clone())
    }

    /// One durable step of the base; what it was before stays where the power goes.
    pub fn apply_base(&self, start: u64, entries: Arc<Entries>) -> io::Result<u64> {
        let mut state = self.state();
        let begun = state.begin(start);
        let failed = match begun {
            Ok(()) if state.plan.room == Some(0) => Err(system(NO_SPACE)),
            Ok(()) if state.sync_fails() => Err(system(BROKEN)),
            other => other,
        };
        if let Err(error) = failed {
            // The step may have come through all the same.
            let died = state.is_off && state.operations == state.plan.power_off_after.unwrap_or(0);
            if died && state.chance.below(2) == 0 {
                state.base = entries;
                state.base_number += 1;
            }
            return Err(error);
        }
        state.base = entries;
        state.base_number += 1;
        Ok(state.base_number)
    }
}

impl State {
    /// Counts an operation; an error where the power is off, or goes off with it.
    fn begin(&mut self, start: u64) -> io::Result<()> {
        if self.is_off || start != self.start {
            return Err(system(BROKEN));
        }
        self.operations += 1;
        if Some(self.operations) == self.plan.power_off_after {
            self.is_off = true;
            return Err(system(BROKEN));
        }
        Ok(())
    }

    /// The power goes off with this operation: it may still take effect.
    fn is_last(&self, start: u64) -> bool {
        start == self.start && self.is_off && Some(self.operations) == self.plan.power_off_after
    }

    fn sync_fails(&mut self) -> bool {
        self.plan
            .sync_fails_after
            .is_some_and(|after| self.operations >= after)
    }

    fn find(&self, path: &Path) -> io::Result<u64> {
        let directory = path
            .parent()
            .and_then(|parent| self.directories.get(parent));
        match directory.and_then(|directory| directory.names.get(&name_of(path))) {
            Some(Name::File(id)) => Ok(*id),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn directory(&mut self, path: &Path) -> io::Result<&mut Directory> {
        self.directories
            .get_mut(path)
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn change(&mut self, path: &Path, change: Change) -> io::Result<()> {
        let directory = self.directory(path.parent().unwrap_or(path))?;
        change.apply(&mut directory.names);
        directory.pending.push(change);
        Ok(())
    }

    fn turn(&mut self, id: u64, flip: &Flip) {
        if let Some(content) = self.files.get_mut(&id) {
            content.bytes[flip.offset] ^= flip.bit;
            if let Some(byte) = content.durable.get_mut(flip.offset) {
                *byte ^= flip.bit;
            }
            if let Some(mapped) = &content.mapped {
                let byte = &content.bytes[flip.offset..=flip.offset];
                mapped
                    .write_all_at(byte, flip.offset as u64)
                    .expect("is in memory");
            }
        }
    }

    fn forget_unreachable(&mut self) {
        let paths: Vec<PathBuf> = self.directories.keys().cloned().collect();
        for path in paths {
            let is_there = path.parent().is_none_or(|parent| {
                self.directories.get(parent).is_some_and(|directory| {
                    directory.names.get(&name_of(&path)) == Some(&Name::Directory)
                })
            });
            if !is_there {
                self.directories.remove(&path);
            }
        }
        let known: Vec<u64> = self
            .directories
            .values()
            .flat_map(|directory| directory.names.values())
            .filter_map(|name| match name {
                Name::File(id) => Some(*id),
                Name::Directory => None,
            })
            .collect();
        self.files.retain(|id, _| known.contains(id));
    }
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().and_then(|name| name.to_str());
    name.unwrap_or_default().to_owned()
}

/// The disk as one start of the process sees it.
pub struct SimulatedFiles {
    disk: SimulatedDisk,
    start: u64,
}

impl SimulatedFiles {
    pub fn new(disk: &SimulatedDisk) -> SimulatedFiles {
        SimulatedFiles {
            disk: disk.clone(),
            start: disk.state().start,
        }
    }

    fn handle(&self, id: u64) -> Arc<dyn DiskFile> {
        Arc::new(SimulatedFile {
            disk: self.disk.clone(),
            start: self.start,
            id,
        })
    }

    /// An operation on names: where the power goes off with it, it may be on its way all the same.
    fn change(&self, path: &Path, change: Change) -> io::Result<()> {
        let mut state = self.disk.state();
        let begun = state.begin(self.start);
        if begun.is_ok() || state.is_last(self.start) {
            state.change(path, change)?;
        }
        begun
    }

    fn check(&self) -> io::Result<()> {
        let state = self.disk.state();
        if state.is_off || state.start != self.start {
            return Err(system(BROKEN));
        }
        Ok(())
    }
}

impl Files for SimulatedFiles {
    fn make_directory(&self, path: &Path) -> io::Result<()> {
        self.check()?;
        if self.disk.state().directories.contains_key(path) {
            return Ok(());
        }
        if let Some(parent) = path.parent() {
            self.make_directory(parent)?;
        }
        self.change(path, Change::Make(name_of(path), Name::Directory))?;
        let mut state = self.disk.state();
        state.directories.insert(path.into(), Directory::default());
        Ok(())
    }

    fn remove_directory(&self, path: &Path) -> io::Result<()> {
        self.check()?;
        assert!(!self.disk.state().directories.contains_key(path));
        Ok(())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.check()?;
        let mut state = self.disk.state();
        Ok(state.directory(path)?.names.keys().cloned().collect())
    }

    fn length(&self, path: &Path) -> io::Result<u64> {
        self.check()?;
        let state = self.disk.state();
        let id = state.find(path)?;
        Ok(state.files[&id].bytes.len() as u64)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.check()?;
        let state = self.disk.state();
        let id = state.find(path)?;
        Ok(state.files[&id].bytes.clone())
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let id = {
            let mut state = self.disk.state();
            let id = state.next_file;
            state.next_file += 1;
            state.files.insert(id, Content::default());
            id
        };
        self.change(path, Change::Make(name_of(path), Name::File(id)))?;
        Ok(self.handle(id))
    }

    fn open(&self, path: &Path, _writable: bool) -> io::Result<Arc<dyn DiskFile>> {
        self.check()?;
        let id = self.disk.state().find(path)?;
        Ok(self.handle(id))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        assert_eq!(from.parent(), to.parent());
        let id = self.disk.state().find(from)?;
        self.change(from, Change::Rename(name_of(to), Name::File(id)))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let id = self.disk.state().find(path)?;
        self.change(path, Change::Remove(name_of(path), Name::File(id)))
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        let mut state = self.disk.state();
        state.begin(self.start)?;
        if state.sync_fails() {
            return Err(system(BROKEN));
        }
        let directory = state.directory(path)?;
        directory.pending.clear();
        directory.durable = directory.names.clone();
        Ok(())
    }

    fn lock(&self, _path: &Path) -> io::Result<Lock> {
        self.check()?;
        let mut state = self.disk.state();
        if std::mem::replace(&mut state.is_locked, true) {
            return Ok(Lock::Held("1".into()));
        }
        Ok(Lock::Taken(Box::new(())))
    }

    fn open_base(&self, path: &Path, _durable: bool) -> Result<Box<dyn Base>> {
        self.check()
            .and_then(|()| self.disk.state().directory(path).map(|_| ()))
            .map_err(|error| helios_base::Error::io("could not open the base", &error))?;
        Ok(Box::new(SimulatedBase::new(&self.disk, self.start)))
    }
}

struct SimulatedFile {
    disk: SimulatedDisk,
    start: u64,
    id: u64,
}

impl DiskFile for SimulatedFile {
    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        let mut guard = self.disk.state();
        let state = &mut *guard;
        let begun = state.begin(self.start);
        if begun.is_err() && !state.is_last(self.start) {
            return begun;
        }
        let Some(content) = state.files.get_mut(&self.id) else {
            return Err(system(BROKEN));
        };
        let at = at as usize;
        let grows = (at + bytes.len()).saturating_sub(content.bytes.len()) as u64;
        match &mut state.plan.room {
            Some(room) if grows > *room => {
                let fits = bytes.len() - (grows - *room).min(bytes.len() as u64) as usize;
                *room = 0;
                content.write(at, &bytes[..fits]);
                return Err(system(NO_SPACE));
            }
            Some(room) => *room -= grows,
            None => {}
        }
        content.write(at, bytes);
        begun
    }

    fn sync(&self) -> io::Result<()> {
        let mut guard = self.disk.state();
        let state = &mut *guard;
        state.begin(self.start)?;
        let fails = state.sync_fails();
        let Some(content) = state.files.get_mut(&self.id) else {
            return Err(system(BROKEN));
        };
        if fails {
            // As Linux does: what could not be written counts as written from then on.
            content.keep_some(&mut state.chance);
            return Err(system(BROKEN));
        }
        for (at, bytes) in std::mem::take(&mut content.pending) {
            put(&mut content.durable, at, &bytes);
        }
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        let state = self.disk.state();
        let content = state.files.get(&self.id);
        Ok(content.map_or(0, |content| content.bytes.len() as u64))
    }

    fn map(&self, bytes: u64) -> Result<Map> {
        let mut state = self.disk.state();
        let content = state.files.get_mut(&self.id).expect("an open file");
        if content.mapped.is_none() {
            let name = CString::new("simulated").expect("no zero byte");
            // SAFETY: a fresh file in memory, owned by the handle made of it.
            let file = unsafe { File::from_raw_fd(libc::memfd_create(name.as_ptr(), 0)) };
            file.write_all_at(&content.bytes, 0).expect("is in memory");
            content.mapped = Some(file);
        }
        Map::new(content.mapped.as_ref().expect("was made"), bytes)
    }
}
