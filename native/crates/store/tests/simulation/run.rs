//! One run: transactions of random effects by one worker of the store, each leaving a mark of its own, and starts after
//! all kinds of ends. After each start
//! - the marks are those of the first commits in the order of the log, all that were acknowledged among them;
//! - rows and entries are just what these commits made, sequence values and rowids don't come back;
//! - or the start is refused, where a bit was turned, by a message with the file and the offset.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use helios_base::{Error, Result};
use helios_store::disk::Disk;
use helios_store::key::FileId;
use helios_store::log::group::{Header, read_group};
use helios_store::log::segment::SEGMENT_HEADER_BYTES;
use helios_store::open::Engine;
use helios_store::sequence::Definition;
use helios_store::store::Options;
use helios_store::worker::{Commit, View};

use crate::disk::{Flip, Plan, SimulatedDisk, SimulatedFiles};
use crate::support::{Chance, LATEST, SMALL, Session, encoded_row};

const fn file(filenode: u32) -> FileId {
    FileId {
        space: 1,
        owner: 5,
        filenode,
    }
}
const MARKS: FileId = file(16384);
const ENTRIES: FileId = file(16385);
const ROWS: FileId = file(16386);
const SEQUENCE: FileId = file(16387);
const COUNTING: Definition = Definition {
    increment: 1,
    min: 1,
    max: i64::MAX,
    cache: 1,
    cycle: false,
};

#[derive(Debug, Default)]
pub struct Counts {
    runs: u64,
    starts: u64,
    power_cuts: u64,
    commits: u64,
    acknowledged: u64,
    refused_starts: u64,
    damage_read: u64,
    /// Bits turned in the last group of the log, which nothing later speaks for.
    last_group_lost: u64,
    failed_writes: u64,
}

impl Counts {
    pub fn add(&mut self, other: &Counts) {
        self.runs += 1;
        self.starts += other.starts;
        self.power_cuts += other.power_cuts;
        self.commits += other.commits;
        self.acknowledged += other.acknowledged;
        self.refused_starts += other.refused_starts;
        self.damage_read += other.damage_read;
        self.last_group_lost += other.last_group_lost;
        self.failed_writes += other.failed_writes;
    }
}

#[derive(Clone, Debug)]
enum Effect {
    Row(u64, Option<u32>),
    Entry(u64, Option<u8>),
    Value(i64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Acknowledged as durable.
    Durable,
    /// Acknowledged by a commit that does not wait.
    Applied,
    Refused,
    /// Not durable when the power was cut.
    Unknown,
}

#[derive(Debug)]
struct Committed {
    mark: u64,
    effects: Vec<Effect>,
    fate: Fate,
}

impl Committed {
    /// The sequence.
    fn creates(&self) -> bool {
        matches!(self.effects.first(), Some(Effect::Value(0)))
    }
}

struct Open {
    number: u32,
    command: u32,
    effects: Vec<Effect>,
    savepoints: Vec<usize>,
}

struct Queued {
    token: u32,
    synchronous: bool,
    mark: u64,
    effects: Vec<Effect>,
}

#[derive(Default, Debug, PartialEq)]
struct Contents {
    rows: BTreeMap<u64, u32>,
    entries: BTreeMap<u64, u8>,
    last_value: i64,
}

impl Contents {
    fn take(&mut self, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::Row(rowid, Some(value)) => drop(self.rows.insert(*rowid, *value)),
                Effect::Row(rowid, None) => drop(self.rows.remove(rowid)),
                Effect::Entry(key, Some(value)) => drop(self.entries.insert(*key, *value)),
                Effect::Entry(key, None) => drop(self.entries.remove(key)),
                Effect::Value(value) => self.last_value = self.last_value.max(*value),
            }
        }
    }
}

struct Up {
    session: Session,
    engine: Engine,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Killed,
    PowerCut,
}

pub struct Run {
    chance: Chance,
    disk: SimulatedDisk,
    counts: Counts,
    up: Option<Up>,
    /// In the order of the log.
    history: Vec<Committed>,
    open: Vec<Open>,
    queued: Vec<Queued>,
    next_mark: u64,
    /// Rowids of the history: they may not come back.
    shown: BTreeSet<u64>,
    /// Bits that were turned and did not matter.
    flipped: Vec<Flip>,
    traces: bool,
    overlay_bytes: usize,
}

impl Run {
    pub fn new(seed: u64) -> Run {
        let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        for _ in 0..8 {
            chance.below(2);
        }
        let disk = SimulatedDisk::new(chance.below(u64::MAX >> 12) | 1);
        Run {
            chance,
            disk,
            counts: Counts::default(),
            up: None,
            history: Vec::new(),
            open: Vec::new(),
            queued: Vec::new(),
            next_mark: 1,
            shown: BTreeSet::new(),
            flipped: Vec::new(),
            overlay_bytes: [usize::MAX, 500, 2000, 6000][seed as usize % 4],
            traces: std::env::var_os("HELIOS_SIMULATION_TRACE").is_some(),
        }
    }

    pub fn finish(mut self) -> Counts {
        let rounds = 2 + self.chance.below(4);
        for _ in 0..rounds {
            if !self.start_and_check() {
                return self.counts;
            }
            self.plan(150);
            for _ in 0..20 + self.chance.below(150) {
                self.step();
                if self.disk.is_off() {
                    break;
                }
            }
            self.end();
        }
        self.disk.plan(Plan::default());
        self.start_and_check();
        self.stop();
        self.counts.commits = self.history.len() as u64;
        let durable = |commit: &&Committed| commit.fate == Fate::Durable;
        self.counts.acknowledged = self.history.iter().filter(durable).count() as u64;
        self.counts
    }

    /// Decides what is to go wrong within so many operations.
    fn plan(&mut self, operations: u64) {
        let plan = match self.chance.below(8) {
            0..4 => Plan {
                power_off_after: Some(1 + self.chance.below(operations)),
                ..Plan::default()
            },
            4 => Plan {
                sync_fails_after: Some(1 + self.chance.below(operations)),
                ..Plan::default()
            },
            5 => Plan {
                room: Some(self.chance.below(40_000)),
                ..Plan::default()
            },
            _ => Plan::default(),
        };
        self.trace(|| format!("{plan:?}"));
        self.disk.plan(plan);
    }

    /// Says what happens, where HELIOS_SIMULATION_TRACE is set.
    fn trace(&self, text: impl FnOnce() -> String) {
        if self.traces {
            println!("{}", text());
        }
    }

    fn options(&self) -> Options {
        Options {
            durable: true,
            memtable_bytes: 4096,
            segment_bytes: 4096,
            overlay_bytes: self.overlay_bytes,
            disk: Disk::of(Arc::new(SimulatedFiles::new(&self.disk))),
            ..SMALL
        }
    }

    fn try_start(&mut self) -> Result<()> {
        self.counts.starts += 1;
        let engine = Engine::open(Path::new("/store"), &self.options());
        self.trace(|| format!("start: {:?}", engine.as_ref().err()));
        let engine = engine?;
        // What was refused and is not there now can't come back.
        self.history.retain(|commit| commit.fate != Fate::Refused);
        let session = Session::over(Arc::clone(&engine.store));
        self.up = Some(Up { session, engine });
        Ok(())
    }

    /// Lets go of the store as the process's end does.
    fn stop(&mut self) {
        self.open.clear();
        self.queued.clear();
        if let Some(Up { session, engine }) = self.up.take() {
            let Session { worker, store, .. } = session;
            drop(worker);
            store.abandon();
            drop(engine);
        }
    }

    /// Ends the process, or the power with it. A commit still in the queue was never told of.
    fn end(&mut self) {
        let cut = self.disk.is_off() || self.chance.below(4) == 0;
        self.end_by(if cut { End::PowerCut } else { End::Killed });
    }

    fn end_by(&mut self, end: End) {
        self.trace(|| format!("{end:?} after {} operations", self.disk.state().operations));
        self.stop();
        // The power may go off with the last operations.
        match if self.disk.is_off() {
            End::PowerCut
        } else {
            end
        } {
            End::PowerCut => {
                self.counts.power_cuts += 1;
                self.disk.power_cut();
                // Nothing is known of those that nobody waited for.
                for commit in &mut self.history {
                    if commit.fate != Fate::Durable {
                        commit.fate = Fate::Unknown;
                    }
                }
            }
            End::Killed => {
                self.disk.process_ended();
            }
        }
        self.disk.plan(Plan::default());
    }

    /// Starts, some times through further faults, and checks what is there; false where the run ends here.
    fn start_and_check(&mut self) -> bool {
        for _ in 0..self.chance.below(3) {
            self.plan(12);
            let started = self.try_start();
            let off = self.disk.is_off();
            if let Err(error) = &started {
                let healthy = matches!(error.sqlstate, "58030" | "53100");
                assert!(
                    healthy || !self.flipped.is_empty(),
                    "a start failed with {error}"
                );
            }
            self.end_by(if off { End::PowerCut } else { End::Killed });
        }
        if self.counts.starts > 0 && self.chance.below(4) == 0 && !self.start_damaged() {
            return false;
        }
        self.disk.plan(Plan::default());
        if self.up.is_none() {
            self.start_healed();
        }
        let found = self.read().expect("reads");
        self.check(found, None)
    }

    /// Starts; a bit that was turned and did not matter then may do so now.
    fn start_healed(&mut self) {
        while let Err(error) = self.try_start() {
            let path = |flip: &Flip| error.message.contains(flip.path.to_str().expect("text"));
            let flip = self.flipped.iter().position(path);
            let flip = flip.map(|index| self.flipped.remove(index));
            let flip = flip.unwrap_or_else(|| panic!("a start failed with {error}"));
            self.counts.refused_starts += 1;
            self.disk.process_ended();
            self.disk.unflip(&flip);
        }
    }

    /// Turns a bit before the start; false where the run ends here.
    fn start_damaged(&mut self) -> bool {
        let Some(flip) = self.disk.flip() else {
            return true;
        };
        let excused = is_in_last_group(&self.disk, &flip);
        let refused = match self.try_start() {
            Err(error) => {
                self.counts.refused_starts += 1;
                Some(error)
            }
            Ok(()) => match self.read() {
                Ok(found) => {
                    self.flipped.push(flip.clone());
                    return self.check(found, Some((&flip, excused)));
                }
                Err(error) => {
                    self.counts.damage_read += 1;
                    Some(error)
                }
            },
        };
        if let Some(error) = refused {
            let path = flip.path.to_str().expect("text");
            let named = error.message.contains(path) && error.message.contains(" at offset ");
            let other_format = error.message.ends_with("is of another format version");
            assert!(
                error.sqlstate == "XX001" && (named || other_format && path.ends_with("control")),
                "after {flip:?}: {error}"
            );
        }
        self.stop();
        self.disk.process_ended();
        self.disk.unflip(&flip);
        true
    }

    fn up(&mut self) -> &mut Up {
        self.up.as_mut().expect("is up")
    }

    /// Marks in order, and contents.
    fn read(&mut self) -> Result<(BTreeSet<u64>, Contents)> {
        let session = &mut self.up().session;
        let snapshot = session.worker.take_snapshot()?;
        let view = View {
            snapshot,
            transaction: 0,
            command: LATEST,
        };
        let marks = session.try_scan(view, MARKS)?;
        let entries = session.try_scan(view, ENTRIES)?;
        let mut contents = Contents {
            rows: session.try_scan_rows(view, ROWS)?.into_iter().collect(),
            ..Contents::default()
        };
        for (key, payload) in entries {
            contents
                .entries
                .insert(key, payload.map_or(0, |bytes| bytes[0]));
        }
        session.worker.release_snapshot(snapshot);
        Ok((marks.into_iter().map(|(mark, _)| mark).collect(), contents))
    }

    /// Compares what was found with the history; false where the run ends here.
    fn check(
        &mut self,
        (marks, found): (BTreeSet<u64>, Contents),
        flip: Option<(&Flip, bool)>,
    ) -> bool {
        self.trace(|| format!("found {marks:?} after {flip:?}"));
        let count = marks.len();
        let first: BTreeSet<u64> = self
            .history
            .iter()
            .take(count)
            .map(|commit| commit.mark)
            .collect();
        assert_eq!(marks, first, "what is there is no prefix of the commits");
        let lost = |commit: &&Committed| commit.fate != Fate::Unknown;
        if let Some(lost) = self.history[count..].iter().find(lost) {
            let excused = flip.is_some_and(|(_, excused)| excused);
            assert!(excused, "commit {lost:?} is lost; {flip:?}");
            self.counts.last_group_lost += 1;
            return false;
        }
        self.history.truncate(count);
        let mut expected = Contents::default();
        for commit in &mut self.history {
            expected.take(&commit.effects);
            // It has been seen: it is there for good.
            commit.fate = Fate::Durable;
        }
        let last_value = std::mem::take(&mut expected.last_value);
        assert_same(&found, &expected);
        self.shown = self.used_rowids();
        if self.history.iter().any(Committed::creates) {
            let session = &mut self.up().session;
            match session.worker.sequence_next(SEQUENCE, &COUNTING, "s") {
                Ok(range) => assert!(range.first > last_value, "a sequence's value came back"),
                Err(error) => panic!("{error}"),
            }
        }
        true
    }

    /// Rowids of rows that readers have seen.
    fn used_rowids(&self) -> BTreeSet<u64> {
        let mut used = BTreeSet::new();
        for commit in &self.history {
            let mut own = Contents::default();
            own.take(&commit.effects);
            used.extend(own.rows.into_keys());
        }
        used
    }

    fn step(&mut self) {
        match self.chance.below(100) {
            0..42 => self.change(),
            42..50 => self.savepoint(),
            50..66 => self.commit(),
            66..69 => self.roll_back(),
            69..87 => self.write(),
            87 => self.check_readers(),
            88..97 => drop(self.up().engine.flush()),
            97..99 => self.up().session.checkpoint(),
            _ => drop(self.up().engine.store.next_oid()),
        }
    }

    /// One more effect of a transaction, which is begun where there is none.
    fn change(&mut self) {
        let has_sequence = self.has_sequence();
        if self.open.is_empty() || self.open.len() < 2 && has_sequence && self.chance.below(8) == 0
        {
            let number = self.up().session.worker.begin(1);
            self.open.push(Open {
                number,
                command: 1,
                effects: Vec::new(),
                savepoints: Vec::new(),
            });
        }
        let index = self.chance.below(self.open.len() as u64) as usize;
        self.open[index].command += 1;
        let (number, command) = (self.open[index].number, self.open[index].command);
        if !has_sequence && self.queued.is_empty() && self.open.len() == 1 {
            let first = self.open[0].effects.is_empty();
            if first {
                let worker = &mut self.up().session.worker;
                worker
                    .create_sequence(number, command, SEQUENCE, 1)
                    .expect("creates");
                self.open[0].effects.push(Effect::Value(0));
                return;
            }
        }
        let done = match self.chance.below(10) {
            0..4 => self.insert(index, number, command),
            4..6 => self.change_row(index, number, command),
            6..9 => self.change_entry(index, number, command),
            _ => self.take_value(index),
        };
        if let Err(error) = done {
            self.fails(&error);
            let open = self.open.remove(index);
            self.up().session.worker.roll_back(open.number);
        }
    }

    fn fails(&mut self, error: &Error) {
        self.counts.failed_writes += 1;
        assert!(matches!(error.sqlstate, "58030" | "53100"), "{error}");
    }

    fn insert(&mut self, index: usize, number: u32, command: u32) -> Result<()> {
        let count = [1, 1, 2, 5, 60][self.chance.below(5) as usize];
        let value = self.chance.below(1000) as u32;
        let rows: Vec<u8> = (0..count)
            .flat_map(|step| encoded_row(value + step))
            .collect();
        let session = &mut self.up().session;
        let rowids = session.try_insert_rows(number, command, ROWS, &rows)?;
        for (step, rowid) in (0..).zip(rowids) {
            assert!(!self.shown.contains(&rowid), "rowid {rowid} came back");
            let effect = Effect::Row(rowid, Some(value + step));
            self.open[index].effects.push(effect);
        }
        Ok(())
    }

    /// What a transaction sees, and what of it no other has changed.
    fn seen(&self, index: usize) -> (Contents, BTreeSet<u64>, BTreeSet<u64>) {
        let mut contents = Contents::default();
        for commit in &self.history {
            if commit.fate != Fate::Refused {
                contents.take(&commit.effects);
            }
        }
        contents.take(&self.open[index].effects);
        let others = self
            .open
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != index)
            .flat_map(|(_, open)| &open.effects)
            .chain(self.queued.iter().flat_map(|queued| &queued.effects));
        let (mut rows, mut entries) = (BTreeSet::new(), BTreeSet::new());
        for effect in others {
            match effect {
                Effect::Row(rowid, _) => drop(rows.insert(*rowid)),
                Effect::Entry(key, _) => drop(entries.insert(*key)),
                Effect::Value(_) => {}
            }
        }
        (contents, rows, entries)
    }

    fn change_row(&mut self, index: usize, number: u32, command: u32) -> Result<()> {
        let (contents, locked, _) = self.seen(index);
        let free: Vec<u64> = contents
            .rows
            .into_keys()
            .filter(|rowid| !locked.contains(rowid))
            .collect();
        if free.is_empty() {
            return Ok(());
        }
        let rowid = free[self.chance.below(free.len() as u64) as usize];
        let value = self.chance.below(1000) as u32;
        let worker = &mut self.up.as_mut().expect("is up").session.worker;
        let value = if self.chance.below(2) == 0 {
            worker.delete_row(number, command, ROWS, rowid)?;
            None
        } else {
            worker.update_row(number, command, ROWS, rowid, &encoded_row(value)[8..])?;
            Some(value)
        };
        self.open[index].effects.push(Effect::Row(rowid, value));
        Ok(())
    }

    fn change_entry(&mut self, index: usize, number: u32, command: u32) -> Result<()> {
        let (contents, _, locked) = self.seen(index);
        let key = 1 + self.chance.below(40);
        if locked.contains(&key) {
            return Ok(());
        }
        let value = self.chance.below(250) as u8;
        let large = self.chance.below(12) == 0;
        let worker = &mut self.up.as_mut().expect("is up").session.worker;
        let effect = if contents.entries.contains_key(&key) {
            worker.delete_entry(number, command, ENTRIES, b"key", key)?;
            None
        } else {
            let payload = vec![value; if large { 6000 } else { 20 }];
            worker.insert_entry(number, command, ENTRIES, b"key", key, Some(&payload))?;
            Some(value)
        };
        self.open[index].effects.push(Effect::Entry(key, effect));
        Ok(())
    }

    /// One of the first commits creates it.
    fn has_sequence(&self) -> bool {
        let mut seen = self
            .history
            .iter()
            .filter(|commit| commit.fate != Fate::Refused);
        seen.any(Committed::creates)
    }

    fn take_value(&mut self, index: usize) -> Result<()> {
        if !self.has_sequence() {
            return Ok(());
        }
        let worker = &mut self.up.as_mut().expect("is up").session.worker;
        let range = worker.sequence_next(SEQUENCE, &COUNTING, "s")?;
        self.open[index].effects.push(Effect::Value(range.last));
        Ok(())
    }

    fn savepoint(&mut self) {
        if self.open.is_empty() {
            return;
        }
        let index = self.chance.below(self.open.len() as u64) as usize;
        let back = self.chance.below(2) == 0;
        let worker = &mut self.up.as_mut().expect("is up").session.worker;
        let open = &mut self.open[index];
        // The sequence's creation is not taken back.
        if open.effects.is_empty() {
            return;
        }
        if back && let Some(length) = open.savepoints.pop() {
            let depth = open.savepoints.len() + 1;
            worker.rollback_to(open.number, depth).expect("rolls back");
            worker
                .release_savepoint(open.number, depth)
                .expect("releases");
            open.effects.truncate(length);
        } else {
            worker.savepoint(open.number).expect("saves");
            open.savepoints.push(open.effects.len());
        }
    }

    fn roll_back(&mut self) {
        if let Some(open) = self.open.pop() {
            self.up().session.worker.roll_back(open.number);
        }
    }

    fn commit(&mut self) {
        if self.open.is_empty() {
            return;
        }
        let index = self.chance.below(self.open.len() as u64) as usize;
        let open = self.open.remove(index);
        let mark = self.next_mark;
        self.next_mark += 1;
        let synchronous = self.chance.below(4) != 0;
        let session = &mut self.up.as_mut().expect("is up").session;
        let marked = session.worker.insert_entry(
            open.number,
            open.command + 1,
            MARKS,
            &mark.to_be_bytes(),
            mark,
            None,
        );
        if let Err(error) = marked {
            session.worker.roll_back(open.number);
            return self.fails(&error);
        }
        let token = session.next_token();
        match session.worker.commit(open.number, token, synchronous) {
            Ok(Commit::Waiting) => self.queued.push(Queued {
                token,
                synchronous,
                mark,
                effects: open.effects,
            }),
            Ok(Commit::Done) => panic!("a mark needs the log"),
            Err(error) => return self.fails(&error),
        }
        // Only a bulk file that could not be synced is answered at once.
        for (token, result) in self.up().session.answers() {
            self.fails(&result.expect_err("nothing was written yet"));
            self.queued.retain(|queued| queued.token != token);
        }
    }

    /// Readers see just what was committed, before any end of the process.
    fn check_readers(&mut self) {
        let Ok((_, found)) = self.read() else {
            return;
        };
        let mut expected = Contents::default();
        for commit in &self.history {
            if commit.fate != Fate::Refused {
                expected.take(&commit.effects);
            }
        }
        assert_same(&found, &expected);
    }

    /// Lets the writer take its turn.
    fn write(&mut self) {
        self.up().engine.write();
        let answers: BTreeMap<u32, Result<u64>> = self.up().session.answers().into_iter().collect();
        let (synchronous, asynchronous): (Vec<_>, Vec<_>) = std::mem::take(&mut self.queued)
            .into_iter()
            .partition(|queued| queued.synchronous);
        for queued in asynchronous.into_iter().chain(synchronous) {
            let answer = answers.get(&queued.token).expect("an answer");
            self.trace(|| {
                let Queued {
                    mark,
                    synchronous,
                    effects,
                    ..
                } = &queued;
                format!("{mark} {synchronous} {answer:?} {effects:?}")
            });
            if let Err(error) = answer {
                let error = error.clone();
                self.fails(&error);
                if error.message.starts_with("the server accepts no writes") {
                    continue;
                }
            }
            self.history.push(Committed {
                mark: queued.mark,
                effects: queued.effects,
                fate: match answer {
                    Ok(_) if queued.synchronous => Fate::Durable,
                    Ok(_) => Fate::Applied,
                    Err(_) => Fate::Refused,
                },
            });
        }
    }
}

/// Says only what differs.
fn assert_same(found: &Contents, expected: &Contents) {
    for rowid in found.rows.keys().chain(expected.rows.keys()) {
        let (found, wanted) = (found.rows.get(rowid), expected.rows.get(rowid));
        assert_eq!(found, wanted, "row {rowid}");
    }
    for key in found.entries.keys().chain(expected.entries.keys()) {
        let (found, wanted) = (found.entries.get(key), expected.entries.get(key));
        assert_eq!(found, wanted, "entry {key}");
    }
}

/// The turned bit lies in a group of the log that no later group speaks for: it looks as a torn one does.
fn is_in_last_group(disk: &SimulatedDisk, flip: &Flip) -> bool {
    disk.unflip(flip);
    let files = SimulatedFiles::new(disk);
    let log = Path::new("/store/log");
    let groups = groups(disk, &files, log);
    disk.unflip(flip);
    let own = groups.iter().find(|(path, at, header)| {
        *path == flip.path && (*at..*at + 56 + header.body_bytes as usize).contains(&flip.offset)
    });
    own.is_some_and(|(_, _, own)| {
        !groups.iter().any(|(_, _, header)| {
            header.lsn > own.lsn && header.synced > own.lsn && header.epoch >= own.epoch
        })
    })
}

type Place = (std::path::PathBuf, usize, Header);

fn groups(disk: &SimulatedDisk, files: &SimulatedFiles, log: &Path) -> Vec<Place> {
    use helios_store::disk::Files;
    let mut found = Vec::new();
    for name in files.list(log).unwrap_or_default() {
        let Some(start) = name
            .strip_suffix(".log")
            .and_then(|digits| u64::from_str_radix(digits, 16).ok())
        else {
            continue;
        };
        let path = log.join(&name);
        let bytes = disk.bytes(&path).unwrap_or_default();
        let head = SEGMENT_HEADER_BYTES as usize;
        for at in (head..bytes.len()).step_by(8) {
            if let Some((header, _)) = read_group(&bytes[at..], start + (at - head) as u64) {
                found.push((path.clone(), at, header));
            }
        }
    }
    found
}
