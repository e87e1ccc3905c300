//! A worker over a store in a directory of its own, with commits that wait, and a seeded source of chance.
#![allow(dead_code, clippy::expect_used)]

pub mod faulty;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

use helios_base::Result;
use helios_columns::batch::{Column, ColumnSet, Slot};
use helios_store::disk::Disk;
use helios_store::key::FileId;
use helios_store::placement::Placing;
use helios_store::store::{Options, Store};
use helios_store::worker::{Commit, Filled, Inserted, PointPath, View, Worker};

pub const SMALL: Options = Options {
    durable: false,
    memtable_bytes: 24 << 10,
    segment_bytes: 48 << 10,
    bulk_bytes: 600,
    overlay_bytes: 4000,
    disk: Disk::REAL,
    reads_only: false,
};
pub const LATEST: u32 = u32::MAX;

/// Token of checkpoints that nobody waits for.
const CHECKPOINT: u32 = u32::MAX;

/// A directory that is removed when the test is over.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Scratch {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("helios-{name}-{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Scratch(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub struct Session {
    pub worker: Worker,
    pub store: Arc<Store>,
    answers: Receiver<Vec<(u32, Result<u64>)>>,
    token: u32,
}

impl Session {
    pub fn over(store: Arc<Store>) -> Session {
        let (sender, answers) = channel();
        let sender = Mutex::new(sender);
        let notify = move |done| {
            if let Ok(sender) = sender.lock() {
                let _ = sender.send(done);
            }
        };
        Session {
            worker: Worker::new(Arc::clone(&store), Arc::new(notify)),
            store,
            answers,
            token: 0,
        }
    }

    pub fn open(scratch: &Scratch) -> Result<Session> {
        Session::open_with(scratch, &SMALL)
    }

    pub fn open_with(scratch: &Scratch, options: &Options) -> Result<Session> {
        Store::open(&scratch.0, options).map(Session::over)
    }

    pub fn next_token(&mut self) -> u32 {
        self.token += 1;
        self.token
    }

    /// Answers to commits that have come by now.
    pub fn answers(&self) -> Vec<(u32, Result<u64>)> {
        let answers = self.answers.try_iter().flatten();
        answers.filter(|(token, _)| *token != CHECKPOINT).collect()
    }

    /// Asks for a checkpoint without waiting for it.
    pub fn checkpoint(&mut self) {
        self.worker.checkpoint(CHECKPOINT);
    }

    pub fn commit(&mut self, transaction: u32, synchronous: bool) -> Result<()> {
        self.token += 1;
        if self.worker.commit(transaction, self.token, synchronous)? == Commit::Done {
            return Ok(());
        }
        let result = loop {
            // Wake-ups without answers say that the base has changed.
            if let Some((token, result)) = self.answers.recv().expect("the writer answers").pop() {
                if token == CHECKPOINT {
                    continue;
                }
                assert_eq!(token, self.token);
                break result;
            }
        };
        self.worker
            .commit_finished(self.token, result.is_ok())
            .expect("temporary changes fit");
        result.map(|_| ())
    }

    /// All entries of the file that a view sees.
    pub fn try_scan(&mut self, view: View, file: FileId) -> Result<Vec<(u64, Option<Vec<u8>>)>> {
        let bounds = (file.bound(b""), file.bound(&[0xff; 9]));
        let cursor =
            self.worker
                .open_cursor(view, file, bounds.0, bounds.1, false, ColumnSet::default())?;
        let mut out = vec![0; 1 << 16];
        let mut found = Vec::new();
        let done = loop {
            match self.worker.next_entries(cursor, 500, &mut out) {
                Ok(Filled::Grow(bytes)) => out = vec![0; bytes.max(out.len() * 2)],
                Ok(Filled::Count(0)) => break Ok(()),
                Ok(Filled::Count(count)) => found.extend(parse(&out, count)),
                Err(error) => break Err(error),
            }
        };
        self.worker.close_cursor(cursor);
        done.map(|()| found)
    }

    /// (rowid, value) of all rows of the file that a view sees.
    pub fn try_scan_rows(&mut self, view: View, file: FileId) -> Result<Vec<(u64, u32)>> {
        let (lower, upper) = (file.row_key(0).to_vec(), file.row_key(u64::MAX).to_vec());
        let columns = ColumnSet::new(INT4.to_vec());
        let cursor = self
            .worker
            .open_cursor(view, file, lower, upper, false, columns)?;
        let mut out = vec![0; 1 << 16];
        let mut found = Vec::new();
        let done = loop {
            match self.worker.next_rows(cursor, 500, &mut out) {
                Ok(Filled::Grow(bytes)) => out = vec![0; bytes.max(out.len() * 2)],
                Ok(Filled::Count(0)) => break Ok(()),
                Ok(Filled::Count(count)) => found.extend(parse_rows(&out, count)),
                Err(error) => break Err(error),
            }
        };
        self.worker.close_cursor(cursor);
        done.map(|()| found)
    }

    /// Makes a call that is answered under a token; its result.
    pub fn answered(&mut self, call: impl FnOnce(&mut Worker, u32) -> Result<()>) -> Result<()> {
        self.token += 1;
        call(&mut self.worker, self.token)?;
        let result = loop {
            if let Some((token, result)) = self.answers.recv().expect("the writer answers").pop() {
                assert_eq!(token, self.token);
                break result;
            }
        };
        self.worker
            .commit_finished(self.token, result.is_ok())
            .expect("settles");
        result.map(|_| ())
    }

    /// Entries of the file that a view sees, by cursor in batches.
    pub fn scan(
        &mut self,
        view: View,
        file: FileId,
        lower: &[u8],
        upper: &[u8],
        backward: bool,
        batch: usize,
    ) -> Vec<(u64, Option<Vec<u8>>)> {
        let cursor = self.worker.open_cursor(
            view,
            file,
            file.bound(lower),
            file.bound(upper),
            backward,
            ColumnSet::default(),
        );
        let cursor = cursor.expect("opens");
        let mut out = vec![0; 256];
        let mut found = Vec::new();
        loop {
            match self
                .worker
                .next_entries(cursor, batch, &mut out)
                .expect("scans")
            {
                Filled::Grow(bytes) => out = vec![0; bytes.max(out.len() * 2)],
                Filled::Count(0) => break,
                Filled::Count(count) => found.extend(parse(&out, count)),
            }
        }
        self.worker.close_cursor(cursor);
        found
    }
}

/// A stored row of one int4 as the facade encodes it, after its length and a size as a heap tuple that differs from row
/// to row, so that gaps are left and filled.
pub fn encoded_row(value: u32) -> Vec<u8> {
    let mut row = vec![15, 0, 0, 0];
    row.extend_from_slice(&(28 + value * 37 % 3000).to_le_bytes());
    row.extend_from_slice(&[0; 8]);
    row.extend_from_slice(&[1, 0, 3]);
    row.extend_from_slice(&value.to_le_bytes());
    row
}

const INT4: [Column; 1] = [Column {
    attribute: 0,
    slot: Slot::Four,
}];

impl Session {
    /// Inserts encoded rows; their rowids.
    pub fn insert_rows(
        &mut self,
        transaction: u32,
        command: u32,
        file: FileId,
        rows: &[u8],
    ) -> Vec<u64> {
        self.try_insert_rows(transaction, command, file, rows)
            .expect("inserts")
    }

    pub fn try_insert_rows(
        &mut self,
        transaction: u32,
        command: u32,
        file: FileId,
        rows: &[u8],
    ) -> Result<Vec<u64>> {
        let mut rowids = Vec::new();
        let how = Placing::default();
        loop {
            let inserted =
                self.worker
                    .insert_rows(transaction, command, file, rows, how, &mut rowids)?;
            match inserted {
                Inserted::Placed => return Ok(rowids),
                Inserted::Measure(page) => self
                    .worker
                    .page_measured(file, page, 4000)
                    .expect("measures"),
            }
        }
    }

    /// (rowid, value) of the file's rows that a view sees, by cursor in batches.
    pub fn scan_rows(
        &mut self,
        view: View,
        file: FileId,
        bounds: (u64, u64),
        backward: bool,
        batch: usize,
    ) -> Vec<(u64, u32)> {
        let (lower, upper) = (
            file.row_key(bounds.0).to_vec(),
            file.row_key(bounds.1).to_vec(),
        );
        let cursor = self
            .worker
            .open_cursor(
                view,
                file,
                lower,
                upper,
                backward,
                ColumnSet::new(INT4.to_vec()),
            )
            .expect("opens");
        let mut out = vec![0; 1024];
        let mut found = Vec::new();
        loop {
            match self
                .worker
                .next_rows(cursor, batch, &mut out)
                .expect("scans")
            {
                Filled::Grow(bytes) => out = vec![0; bytes],
                Filled::Count(0) => break,
                Filled::Count(count) => found.extend(parse_rows(&out, count)),
            }
        }
        self.worker.close_cursor(cursor);
        found
    }

    pub fn get_row(&self, view: View, file: FileId, rowid: u64) -> Option<u32> {
        let mut out = vec![0; 1024];
        let filled = self
            .worker
            .get_rows(
                view,
                file,
                &[rowid as f64],
                &mut ColumnSet::new(INT4.to_vec()),
                &mut out,
            )
            .expect("reads");
        assert_eq!(filled, Filled::Count(1));
        parse_rows(&out, 1)
            .first()
            .filter(|(rowid, _)| *rowid != 0)
            .map(|(_, value)| *value)
    }
}

impl Session {
    /// Rowid and value of the row under a key, as the view sees it.
    pub fn point(&self, view: View, path: PointPath, key: &[u8]) -> Option<(u64, u32)> {
        let mut out = vec![0; 1024];
        let mut columns = ColumnSet::new(INT4.to_vec());
        let filled = self
            .worker
            .row_by_key_in_view(view, path, key, &mut columns, &mut out)
            .expect("reads");
        point_row(filled, &out)
    }

    /// The same in the newest committed state; None where the catalogs are at another version.
    pub fn newest_point(
        &mut self,
        path: PointPath,
        catalog_version: u32,
        key: &[u8],
    ) -> Option<Option<(u64, u32)>> {
        let mut out = vec![0; 1024];
        let mut columns = ColumnSet::new(INT4.to_vec());
        let filled = self
            .worker
            .newest_row_by_key(path, catalog_version, key, &mut columns, &mut out)
            .expect("reads");
        filled.map(|filled| point_row(filled, &out))
    }
}

fn point_row(filled: Filled, out: &[u8]) -> Option<(u64, u32)> {
    match filled {
        Filled::Count(count) => parse_rows(out, count).first().copied(),
        Filled::Grow(bytes) => panic!("a row of one int4 asks for {bytes} bytes"),
    }
}

fn parse_rows(out: &[u8], count: usize) -> Vec<(u64, u32)> {
    let word = |at: usize| u32::from_le_bytes(out[at..at + 4].try_into().expect("four bytes"));
    (0..count)
        .map(|index| {
            let rowid_at = word(4) as usize + index * 8;
            let rowid =
                f64::from_le_bytes(out[rowid_at..rowid_at + 8].try_into().expect("eight bytes"));
            (rowid as u64, word(word(24) as usize + index * 4))
        })
        .collect()
}

fn parse(out: &[u8], count: usize) -> Vec<(u64, Option<Vec<u8>>)> {
    let word =
        |at: usize| u32::from_le_bytes(out[at..at + 4].try_into().expect("four bytes")) as usize;
    let room = word(4);
    let mut start = 8 + room * 12;
    (0..count)
        .map(|index| {
            let rowid =
                f64::from_le_bytes(out[8 + index * 8..][..8].try_into().expect("eight bytes"))
                    as u64;
            let end = word(8 + room * 8 + index * 4);
            let payload = (end >> 31 == 0).then(|| out[start..end].to_vec());
            start = end & 0x7fff_ffff;
            (rowid, payload)
        })
        .collect()
}

/// xorshift: the same numbers for the same seed.
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }
}
