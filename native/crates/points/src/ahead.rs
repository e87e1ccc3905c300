//! Rows as commits on their way to the log leave them: who has such a row's lock after its writer (see `Request::
//! passes_committing`) changes this version, not the newest visible one, and commits behind it.
//!
//! What a transaction reads here is not durable yet. So it may only write on, until it is: see `Session::is_behind`.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use helios_base::sync::lock;
use helios_locks::Tag;

/// A row's newest version, and the writer's ticket from which on it is visible to all.
#[derive(Clone)]
pub struct Version {
    pub ticket: u64,
    pub row: Arc<[u8]>,
}

/// Rows by their lock tags.
static ROWS: LazyLock<[Mutex<HashMap<Tag, Version>>; PARTS]> =
    LazyLock::new(|| std::array::from_fn(|_| Mutex::default()));

const PARTS: usize = 16;

fn part(tag: &Tag) -> &'static Mutex<HashMap<Tag, Version>> {
    &ROWS[(tag.a ^ tag.b ^ tag.c) as usize % PARTS]
}

/// The row's version that is on its way; None where the newest visible one counts, which is to be read after this.
pub fn version(tag: &Tag) -> Option<Version> {
    lock(part(tag)).get(tag).cloned()
}

/// After the commit was queued, before others may have the row's lock.
pub fn add(tag: Tag, version: Version) {
    lock(part(&tag)).insert(tag, version);
}

/// The commit is through, or has failed for good; a later one's version stays.
pub fn remove(tag: &Tag, ticket: u64) {
    let mut rows = lock(part(tag));
    if rows
        .get(tag)
        .is_some_and(|version| version.ticket == ticket)
    {
        rows.remove(tag);
    }
}

/// Who has the row's lock commits another version without telling of it here.
pub fn forget(tag: &Tag) {
    lock(part(tag)).remove(tag);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_commit_s_version_stays_until_it_is_through() {
        let tag = Tag::row(u32::MAX, 1);
        let version_of = |ticket| Version {
            ticket,
            row: Arc::from([ticket as u8]),
        };
        add(tag, version_of(1));
        add(tag, version_of(2));
        remove(&tag, 1);
        assert_eq!(version(&tag).map(|version| version.ticket), Some(2));
        remove(&tag, 2);
        assert!(version(&tag).is_none());
    }
}
