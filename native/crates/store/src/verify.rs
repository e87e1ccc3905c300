//! A directory checked from outside, with no server on it: control file, base page by page, log, bulk files, and that the
//! store's own facts agree. Nothing is changed. What stands in rows and indexes is for those to check who know columns.

mod log;
mod pages;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use helios_base::bytes::u64_at;
use helios_base::error::sqlstate;
use helios_base::{Error, Result};

use crate::blocks::Blocks;
use crate::bulk::BulkFile;
use crate::directory::Directory;
use crate::key::{FileId, ROW_KEY_BYTES, SPACE_META, SPACE_PERMANENT, meta_key, rowid_of};
use crate::large::ChangeFile;
use crate::level::Level;
use crate::merge::MergedScan;
use crate::store::{META_ROWID, Options, SnapshotState, Store};

/// What was found: sentences for the user.
#[derive(Default)]
pub struct Report {
    /// What was looked at.
    pub facts: Vec<String>,
    pub problems: Vec<String>,
}

/// Problems told of one part; the rest is only counted.
const PROBLEMS_MAX: usize = 50;

impl Report {
    fn problem(&mut self, text: impl Into<String>) {
        self.problems.push(text.into());
    }

    /// Takes in a part's report, with the first of its problems.
    fn take(&mut self, part: Report) {
        self.facts.extend(part.facts);
        let count = part.problems.len();
        self.problems
            .extend(part.problems.into_iter().take(PROBLEMS_MAX));
        if count > PROBLEMS_MAX {
            self.problem(format!("and {} more like these", count - PROBLEMS_MAX));
        }
    }
}

/// Checks a directory. The store, to read what is in it, where that is safe. Errors: F0001 where a server runs in it,
/// others where there is nothing to check.
pub fn verify(path: &Path, options: &Options) -> Result<(Report, Option<Arc<Store>>)> {
    let mut report = Report::default();
    let directory = match Directory::open_existing(path, &options.disk) {
        Ok(directory) => directory,
        Err(error) if error.sqlstate == sqlstate::DATA_CORRUPTED => {
            report.problem(error.message);
            return Ok((report, None));
        }
        Err(error) => return Err(error),
    };
    let file = directory.base.join("data.mdb");
    report.take(pages::check(&file, &options.disk)?);
    // A damaged base can't be read safely.
    if !report.problems.is_empty() {
        return Ok((report, None));
    }
    report.take(log::check(&directory.log, &options.disk)?);
    let store = match Store::open_to_read(directory, options) {
        Ok(store) => store,
        Err(error) => {
            report.problem(error.message);
            return Ok((report, None));
        }
    };
    let files = check_bulk(&store);
    let are_whole = files.problems.is_empty();
    report.take(files);
    // What is damaged can't be read.
    if are_whole {
        report.take(check_facts(&store)?);
    }
    let store = report.problems.is_empty().then_some(store);
    Ok((report, store))
}

/// Each block of each bulk file: checksum, order of keys, whose they are; and what the record says of the file.
fn check_bulk(store: &Store) -> Report {
    let mut report = Report::default();
    let state = store.state();
    let mut count = 0;
    for file in state.extents.all() {
        count += 1;
        if let Err(error) = check_bulk_file(file) {
            report.problem(error.message);
        }
        file.release();
    }
    for level in &state.memtables {
        if let Level::Large(commit) = level {
            count += 1;
            let file = &commit.changes.file;
            if let Err(error) = check_change_file(file, &commit.changes) {
                report.problem(error.message);
            }
            file.release();
        }
    }
    report.facts.push(format!("bulk files: {count}"));
    report
}

/// The file of a large commit that is not in the base yet: as a bulk file, but of those relation files that its record
/// names.
fn check_change_file(file: &BulkFile, changes: &ChangeFile) -> Result<()> {
    let files = &changes.files;
    check_entries(file, |key| {
        let own = FileId::of_key(key);
        own.is_some_and(|own| files.iter().any(|changed| changed.file == own))
    })
}

fn check_bulk_file(file: &BulkFile) -> Result<()> {
    let prefix = file.record.file.prefix();
    check_entries(file, |key| key.starts_with(&prefix))
}

fn check_entries(file: &BulkFile, is_own: impl Fn(&[u8]) -> bool) -> Result<()> {
    let damaged = |what: &str| {
        let path = file.path().display();
        Error::corrupted(format!("bulk file {path} {what}"))
    };
    let mut last: Vec<u8> = Vec::new();
    let mut entries = 0;
    for block in 0..file.count() {
        let view = file.view_checked(block)?;
        for index in 0..view.count() {
            let key = view.key(index);
            if key <= last.as_slice() || !is_own(key) {
                return Err(damaged("has keys out of order"));
            }
            if index == 0 && file.first_key(block) != key {
                return Err(damaged("has a directory that does not fit its blocks"));
            }
            last.clear();
            last.extend_from_slice(key);
            entries += 1;
        }
        file.leave(block);
    }
    if entries != file.record.entries || *last != *file.record.last_key {
        return Err(damaged("does not have the entries that its record says"));
    }
    Ok(())
}

/// The keys that readers see, in order, each of a known kind; no row beyond the highest rowid that its file had.
fn check_facts(store: &Arc<Store>) -> Result<Report> {
    let mut report = Report::default();
    let state = store.state();
    let snapshot = SnapshotState {
        sequence: store.visible_sequence(),
        reader: None,
        base: store
            .base
            .as_ref()
            .map(|base| base.reader().map(std::rc::Rc::new))
            .transpose()?,
        state,
    };
    let committed = snapshot.committed();
    let mut scan = MergedScan::new(false);
    scan.add_committed(&committed, &[0], &[0xff])?;
    let mut files: BTreeMap<FileId, (u64, u64)> = BTreeMap::new();
    let mut last: Vec<u8> = Vec::new();
    while let Some((key, _)) = scan.next_entry()? {
        if !last.is_empty() && key <= last.as_slice() {
            report.problem(format!(
                "the keys {} and {} are out of order",
                hex(&last),
                hex(key)
            ));
        }
        last.clear();
        last.extend_from_slice(key);
        match key {
            [SPACE_META, ..] => {}
            [SPACE_PERMANENT, ..] => {
                let Some(file) = FileId::of_key(key) else {
                    report.problem(format!("the key {} is of no file", hex(key)));
                    continue;
                };
                let (entries, highest) = files.entry(file).or_default();
                *entries += 1;
                if key.len() == ROW_KEY_BYTES {
                    *highest = rowid_of(key).max(*highest);
                }
            }
            _ => report.problem(format!("the key {} is of no known kind", hex(key))),
        }
    }
    let mut entries = 0;
    for (file, (count, highest)) in &files {
        entries += count;
        // What a copied database brought was never counted.
        let stored = committed.get(&meta_key(META_ROWID, &file.prefix()))?;
        let known = stored.map(|bytes| u64_at(bytes, 0)).transpose()?;
        let replayed = store.replayed_rowid(*file);
        if let Some(known) = known
            && *highest > known.max(replayed)
        {
            let FileId {
                owner, filenode, ..
            } = file;
            report.problem(format!(
                "file {filenode} of database {owner} has rowid {highest}, above {known}, the highest known"
            ));
        }
    }
    let count = files.len();
    report.facts.push(format!(
        "files: {count}, with {entries} rows and index entries"
    ));
    Ok(report)
}

fn hex(key: &[u8]) -> String {
    let shown = &key[..key.len().min(40)];
    shown.iter().map(|byte| format!("{byte:02x}")).collect()
}
