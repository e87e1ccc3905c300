//! The queue of notifications (NOTIFY): one for the process, in commit order. Whoever commits appends; each listening
//! session has its place in the queue and is told through its worker's mail once something for it was added.
//!
//! An entry, in bytes: database u32, pid u32, lengths of channel and payload u16 each (little-endian), both texts. A
//! position counts bytes of entries since the start. Entries live in chunks; the oldest ones go to files while a slow
//! listener holds up many, so that memory stays bounded where the queue's limit is large.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

use helios_base::error::sqlstate;
use helios_base::{Error, Result};

use crate::{lock, workers};

/// Bytes of entries that a chunk takes.
const CHUNK_BYTES: usize = 256 << 10;
/// Chunks kept in memory; beyond them the oldest go to files.
const CHUNKS_IN_MEMORY: usize = 64;
const HEADER_BYTES: usize = 12;
/// PostgreSQL's page, in which the queue's limit and use are counted.
const PAGE_BYTES: u64 = 8192;
/// max_notify_queue_pages, PostgreSQL's default.
const PAGES_MAX_DEFAULT: u64 = 1_048_576;
/// A queue more than half full is warned of this often.
const WARNING_INTERVAL: Duration = Duration::from_secs(5);
const WARNING_USAGE: f64 = 0.5;

static QUEUE: LazyLock<Mutex<Queue>> = LazyLock::new(Default::default);

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notification {
    pub pid: u32,
    pub channel: String,
    pub payload: String,
}

/// Who listens, and to what.
pub struct Listener {
    pub worker: u32,
    pub pid: u32,
    pub database: u32,
    pub channels: HashSet<String>,
}

/// What the committer is to be warned of: how full the queue is in percent, and the pid of who holds it up.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Warning {
    pub percent: f64,
    pub pid: u32,
}

#[derive(Default)]
struct Queue {
    /// Oldest first; the last one is added to.
    chunks: VecDeque<Chunk>,
    /// Position of the next entry.
    head: u64,
    /// Bytes of staged batches.
    reserved: u64,
    listeners: HashMap<u32, Place>,
    staged: HashMap<u32, (u32, Batch)>,
    last_staged: u32,
    pages_max: Option<u64>,
    directory: Option<PathBuf>,
    warned: Option<Instant>,
}

struct Place {
    listener: Listener,
    position: u64,
    /// Its worker knows that there is something for it.
    told: bool,
}

struct Chunk {
    start: u64,
    bytes: u64,
    stored: Stored,
}

enum Stored {
    Memory(Vec<u8>),
    File(PathBuf),
}

/// A transaction's notifications with their room in the queue; dropped, it gives the room back.
pub struct Batch {
    database: u32,
    channels: HashSet<String>,
    bytes: Vec<u8>,
    /// Ends of the entries in `bytes`.
    ends: Vec<usize>,
    reserved: u64,
}

/// The limit in pages and where chunks may go; only before the first session.
pub fn configure(pages_max: u64, directory: Option<&Path>) {
    let mut queue = lock(&QUEUE);
    queue.pages_max = Some(pages_max);
    queue.directory = directory.map(Path::to_owned);
    if let Some(directory) = directory {
        // What an earlier run left behind; where it can't be removed it does no harm.
        let _ = std::fs::remove_dir_all(directory);
    }
}

/// Sets what the session in a slot listens to; nothing at all ends its place in the queue.
pub fn listen(slot: u32, listener: Listener) {
    let mut queue = lock(&QUEUE);
    if listener.channels.is_empty() {
        queue.remove_listener(slot);
    } else if let Some(place) = queue.listeners.get_mut(&slot) {
        place.listener = listener;
    } else {
        let place = Place {
            listener,
            position: queue.head,
            told: false,
        };
        queue.listeners.insert(slot, place);
    }
}

/// A worker is gone, and what its sessions listened to and had not committed with it.
pub fn drop_worker(worker: u32) {
    let mut queue = lock(&QUEUE);
    let slots: Vec<u32> = queue
        .listeners
        .iter()
        .filter(|(_, place)| place.listener.worker == worker)
        .map(|(slot, _)| *slot)
        .collect();
    for slot in slots {
        queue.remove_listener(slot);
    }
    let staged = std::mem::take(&mut queue.staged);
    let (dropped, kept) = staged
        .into_iter()
        .partition(|(_, (owner, _))| *owner == worker);
    queue.staged = kept;
    drop(queue);
    drop::<HashMap<_, _>>(dropped);
}

/// Takes room for a transaction's notifications (channel and payload each); its number, and a warning where one is due.
/// Errors: 54000 where the queue is full.
pub fn stage(
    worker: u32,
    database: u32,
    pid: u32,
    notifications: &[(String, String)],
) -> Result<(u32, Option<Warning>)> {
    let mut batch = Batch {
        database,
        channels: HashSet::new(),
        bytes: Vec::new(),
        ends: Vec::new(),
        reserved: 0,
    };
    for (channel, payload) in notifications {
        batch.bytes.extend_from_slice(&database.to_le_bytes());
        batch.bytes.extend_from_slice(&pid.to_le_bytes());
        for text in [channel, payload] {
            let length = u16::try_from(text.len())
                .map_err(|_| Error::internal("a notification is too long for the queue"))?;
            batch.bytes.extend_from_slice(&length.to_le_bytes());
        }
        batch.bytes.extend_from_slice(channel.as_bytes());
        batch.bytes.extend_from_slice(payload.as_bytes());
        batch.ends.push(batch.bytes.len());
        batch.channels.insert(channel.clone());
    }
    let mut queue = lock(&QUEUE);
    let bytes = batch.bytes.len() as u64;
    let limit = queue.pages_max() * PAGE_BYTES;
    if queue.head - queue.tail() + queue.reserved + bytes > limit {
        return Err(Error::new(
            sqlstate::PROGRAM_LIMIT,
            "too many notifications in the NOTIFY queue",
        ));
    }
    queue.reserved += bytes;
    batch.reserved = bytes;
    queue.last_staged = queue.last_staged.wrapping_add(1);
    let number = queue.last_staged;
    queue.staged.insert(number, (worker, batch));
    Ok((number, queue.warning()))
}

/// The staged batch of that number: to be published once its transaction is visible, or dropped.
pub fn take_staged(number: u32) -> Option<Batch> {
    lock(&QUEUE).staged.remove(&number).map(|(_, batch)| batch)
}

impl Batch {
    /// Adds the notifications to the queue and tells those who listen to their channels.
    pub fn publish(self) {
        lock(&QUEUE).append(&self);
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        let mut queue = lock(&QUEUE);
        queue.reserved = queue.reserved.saturating_sub(self.reserved);
    }
}

/// The next notifications for a session, about `bytes_max` of them; true where there are more.
pub fn take(slot: u32, bytes_max: usize) -> (Vec<Notification>, bool) {
    lock(&QUEUE).take(slot, bytes_max)
}

/// pg_notification_queue_usage(): the part of the queue that is in use, in whole pages.
pub fn usage() -> f64 {
    lock(&QUEUE).usage()
}

/// Pages that the queue has begun since the start (pg_stat_slru).
pub fn pages_begun() -> u64 {
    lock(&QUEUE).head.div_ceil(PAGE_BYTES)
}

impl Queue {
    fn pages_max(&self) -> u64 {
        self.pages_max.unwrap_or(PAGES_MAX_DEFAULT)
    }

    fn tail(&self) -> u64 {
        let positions = self.listeners.values().map(|place| place.position);
        positions.min().unwrap_or(self.head)
    }

    fn usage(&self) -> f64 {
        let pages = self.head / PAGE_BYTES - self.tail() / PAGE_BYTES;
        pages as f64 / self.pages_max() as f64
    }

    fn warning(&mut self) -> Option<Warning> {
        let usage = self.usage();
        let recent = self
            .warned
            .is_some_and(|at| at.elapsed() < WARNING_INTERVAL);
        if usage < WARNING_USAGE || recent {
            return None;
        }
        self.warned = Some(Instant::now());
        let slowest = self.listeners.values().min_by_key(|place| place.position);
        Some(Warning {
            percent: usage * 100.0,
            pid: slowest.map_or(0, |place| place.listener.pid),
        })
    }

    fn remove_listener(&mut self, slot: u32) {
        if self.listeners.remove(&slot).is_some() {
            self.trim();
        }
    }

    fn append(&mut self, batch: &Batch) {
        let before = self.head;
        if self.listeners.is_empty() {
            self.head += batch.bytes.len() as u64;
            return;
        }
        let mut start = 0;
        for end in &batch.ends {
            self.push(&batch.bytes[start..*end]);
            start = *end;
        }
        let mut skipped = false;
        let mut told = Vec::new();
        for (slot, place) in &mut self.listeners {
            let listener = &place.listener;
            let concerned = listener.database == batch.database
                && !listener.channels.is_disjoint(&batch.channels);
            if concerned {
                if !place.told {
                    place.told = true;
                    told.push((listener.worker, *slot));
                }
            } else if place.position == before {
                // There is nothing for it in between.
                place.position = self.head;
                skipped = true;
            }
        }
        if skipped {
            self.trim();
        }
        for (worker, slot) in told {
            workers::post_notification(worker, slot);
        }
    }

    fn push(&mut self, entry: &[u8]) {
        let fits = self
            .chunks
            .back()
            .is_some_and(|chunk| chunk.bytes as usize + entry.len() <= CHUNK_BYTES);
        if !fits {
            self.chunks.push_back(Chunk {
                start: self.head,
                bytes: 0,
                stored: Stored::Memory(Vec::new()),
            });
            self.spill();
        }
        if let Some(chunk) = self.chunks.back_mut()
            && let Stored::Memory(bytes) = &mut chunk.stored
        {
            bytes.extend_from_slice(entry);
            chunk.bytes += entry.len() as u64;
            self.head += entry.len() as u64;
        }
    }

    /// Writes the oldest chunk that is in memory to a file where there are too many. What can't be written stays.
    fn spill(&mut self) {
        let Some(directory) = &self.directory else {
            return;
        };
        let Some(index) = self.chunks.len().checked_sub(CHUNKS_IN_MEMORY + 1) else {
            return;
        };
        let Some(chunk) = self.chunks.get_mut(index) else {
            return;
        };
        if let Stored::Memory(bytes) = &chunk.stored {
            let path = directory.join(format!("{:016x}", chunk.start));
            let written =
                std::fs::create_dir_all(directory).and_then(|()| std::fs::write(&path, bytes));
            match written {
                Ok(()) => chunk.stored = Stored::File(path),
                Err(_) => drop(std::fs::remove_file(&path)),
            }
        }
    }

    /// Drops chunks that every listener has read.
    fn trim(&mut self) {
        let tail = self.tail();
        while let Some(chunk) = self.chunks.front()
            && chunk.start + chunk.bytes <= tail
        {
            if let Stored::File(path) = &chunk.stored {
                let _ = std::fs::remove_file(path);
            }
            self.chunks.pop_front();
        }
    }

    fn take(&mut self, slot: u32, bytes_max: usize) -> (Vec<Notification>, bool) {
        let mut taken = Vec::new();
        let head = self.head;
        let Some(place) = self.listeners.get_mut(&slot) else {
            return (taken, false);
        };
        place.told = false;
        let mut bytes = 0;
        let first = self
            .chunks
            .partition_point(|chunk| chunk.start + chunk.bytes <= place.position);
        for chunk in self.chunks.iter().skip(first) {
            let read;
            let content = match &chunk.stored {
                Stored::Memory(content) => content,
                Stored::File(path) => {
                    // A file that was taken away loses what was in it, and nothing more.
                    read = std::fs::read(path).unwrap_or_default();
                    &read
                }
            };
            let mut at = place.position.saturating_sub(chunk.start) as usize;
            while let Some((entry, next)) = entry_at(content, at) {
                if bytes >= bytes_max {
                    return (taken, true);
                }
                if entry.database == place.listener.database
                    && place.listener.channels.contains(entry.channel)
                {
                    bytes += next - at;
                    taken.push(Notification {
                        pid: entry.pid,
                        channel: entry.channel.to_owned(),
                        payload: entry.payload.to_owned(),
                    });
                }
                at = next;
                place.position = chunk.start + at as u64;
            }
            place.position = chunk.start + chunk.bytes;
        }
        place.position = head;
        self.trim();
        (taken, false)
    }
}

struct Entry<'a> {
    database: u32,
    pid: u32,
    channel: &'a str,
    payload: &'a str,
}

/// The entry at an offset of a chunk, and where it ends.
fn entry_at(chunk: &[u8], at: usize) -> Option<(Entry<'_>, usize)> {
    let header = chunk.get(at..at + HEADER_BYTES)?;
    let word = |from: usize| {
        let bytes = header[from..].first_chunk::<4>().copied();
        u32::from_le_bytes(bytes.unwrap_or_default())
    };
    let channel_from = at + HEADER_BYTES;
    let payload_from = channel_from + (word(8) & 0xffff) as usize;
    let end = payload_from + (word(8) >> 16) as usize;
    let text = |from: usize, to: usize| {
        let bytes = chunk.get(from..to)?;
        std::str::from_utf8(bytes).ok()
    };
    let entry = Entry {
        database: word(0),
        pid: word(4),
        channel: text(channel_from, payload_from)?,
        payload: text(payload_from, end)?,
    };
    Some((entry, end))
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use super::*;

    fn notify(database: u32, texts: &[(&str, &str)]) {
        let texts: Vec<(String, String)> = texts
            .iter()
            .map(|(channel, payload)| ((*channel).into(), (*payload).into()))
            .collect();
        let (number, _) = stage(1, database, 77, &texts).expect("there is room");
        take_staged(number).expect("was staged").publish();
    }

    fn hear(slot: u32, database: u32, channels: &[&str]) {
        let channels = channels.iter().map(|&name| name.to_owned()).collect();
        let listener = Listener {
            worker: 1,
            pid: slot,
            database,
            channels,
        };
        listen(slot, listener);
    }

    fn heard(slot: u32) -> Vec<String> {
        let (taken, _) = take(slot, usize::MAX);
        taken
            .into_iter()
            .map(|one| format!("{}:{}", one.channel, one.payload))
            .collect()
    }

    // One test: the queue is one for the process.
    #[test]
    fn listeners_get_theirs_in_order_and_the_queue_is_bounded() {
        let directory = std::env::temp_dir().join(format!("helios-notify-{}", std::process::id()));
        configure(4000, Some(&directory));
        notify(5, &[("a", "before anybody listens")]);
        hear(1, 5, &["a", "b"]);
        hear(2, 5, &["c"]);
        hear(3, 6, &["a"]);
        notify(5, &[("a", "1"), ("c", "2"), ("b", "3")]);
        notify(6, &[("a", "4")]);
        assert_eq!(heard(1), ["a:1", "b:3"]);
        assert_eq!(heard(2), ["c:2"]);
        assert_eq!(heard(3), ["a:4"]);
        assert_eq!(heard(1), Vec::<String>::new());
        assert_eq!(usage(), 0.0);

        // What is not for a listener does not hold the queue up.
        let long = "x".repeat(7000);
        notify(5, &[("nobody", &long), ("nobody", &long)]);
        assert_eq!(usage(), 0.0);

        // A batch that is given up gives its room back.
        let (number, _) = stage(1, 5, 77, &[("c".into(), "lost".into())]).expect("room");
        drop(take_staged(number));
        assert_eq!(heard(2), Vec::<String>::new());

        // A slow listener: chunks go to files, the limit holds, nothing is lost.
        let mut sent = 0;
        let full = loop {
            let text = format!("{sent:05}{long}");
            match stage(1, 5, 77, &[("c".into(), text)]) {
                Ok((number, _)) => take_staged(number).expect("staged").publish(),
                Err(error) => break error,
            }
            sent += 1;
        };
        assert_eq!(full.sqlstate, "54000");
        assert!(sent > 4600);
        assert!(usage() > 0.99);
        assert!(std::fs::read_dir(&directory).expect("files").count() > 50);
        let mut count = 0;
        loop {
            let (taken, more) = take(2, 100_000);
            for one in taken {
                assert_eq!(one.payload[..5], format!("{count:05}"));
                count += 1;
            }
            if !more {
                break;
            }
        }
        assert_eq!(count, sent);
        assert_eq!(usage(), 0.0);
        assert_eq!(std::fs::read_dir(&directory).expect("files").count(), 0);
        drop_worker(1);
        assert_eq!(heard(1), Vec::<String>::new());
        let _ = std::fs::remove_dir_all(&directory);
    }
}
