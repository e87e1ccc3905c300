//! What the simulation takes for granted of the base, on LMDB's own file: a step whose pages reached the disk only in
//! part, in any order, never happened, as long as its meta page did not; with it, it happened whole. LMDB syncs pages
//! before it writes the meta page, so the files that a cut of the power can leave are mixtures of before and after.
//!     HELIOS_BASE_SEEDS=1..500 cargo test --release -p helios-store --test base
#![allow(clippy::expect_used)]

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use helios_base::Result;
use helios_store::base::{Base, Change};
use helios_store::lmdb::Lmdb;
use support::{Chance, Scratch};

const PAGE_BYTES: usize = 4096;
const SECTOR_BYTES: usize = 512;
/// The two meta pages come first.
const META_BYTES: usize = 2 * PAGE_BYTES;

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

#[test]
fn a_step_that_reached_the_disk_in_part_never_happened() {
    let wanted = std::env::var("HELIOS_BASE_SEEDS").unwrap_or_else(|_| "1..8".into());
    let (from, to) = wanted.split_once("..").expect("FROM..TO");
    let (from, to): (u64, u64) = (from.parse().expect("a seed"), to.parse().expect("a seed"));
    for seed in from..=to {
        run(seed);
    }
}

fn run(seed: u64) {
    let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let scratch = Scratch::new("base");
    let cut = Scratch::new("base-cut");
    for directory in [&scratch.0, &cut.0] {
        std::fs::create_dir_all(directory).expect("makes");
    }
    let base = Lmdb::open(&scratch.0, false).expect("opens");
    let mut model = Model::new();
    for _ in 0..12 {
        let image = || std::fs::read(scratch.0.join("data.mdb")).expect("reads");
        let before = (image(), model.clone());
        step(&base, &mut model, &mut chance).expect("writes");
        let after = (image(), model.clone());
        for _ in 0..3 {
            let mixed = mixture(&before.0, &after.0, &mut chance, false);
            assert_eq!(read(&cut.0, &mixed), before.1, "seed {seed}");
        }
        assert_eq!(read(&cut.0, &after.0), after.1, "seed {seed}");
        let torn = mixture(&before.0, &after.0, &mut chance, true);
        let found = read(&cut.0, &torn);
        assert!(found == before.1 || found == after.1, "seed {seed}");
    }
}

/// Puts and deletes some entries; values small and large, keys short and long.
fn step(base: &Lmdb, model: &mut Model, chance: &mut Chance) -> Result<u64> {
    let mut changes: BTreeMap<Vec<u8>, Option<Vec<u8>>> = BTreeMap::new();
    for _ in 0..1 + chance.below(200) {
        let mut key = format!("key {:04}", chance.below(900)).into_bytes();
        if chance.below(30) == 0 {
            key.resize(2100, b'l');
        }
        let length = [0, 20, 300, 9000][chance.below(4) as usize];
        let value = vec![chance.below(256) as u8; length];
        changes.insert(key, (chance.below(4) != 0).then_some(value));
    }
    for (key, value) in &changes {
        match value {
            Some(value) => model.insert(key.clone(), value.clone()),
            None => model.remove(key),
        };
    }
    let mut changes = changes
        .iter()
        .map(|(key, value)| -> Change<'_> { (key, value.as_deref()) });
    base.apply(&mut changes)
}

/// What a cut of the power leaves: each page as before or after. `meta`: all pages are there, and the meta page's sectors
/// are as before or after.
fn mixture(before: &[u8], after: &[u8], chance: &mut Chance, meta: bool) -> Vec<u8> {
    let mut mixed = before.to_vec();
    mixed.resize(after.len().max(before.len()), 0);
    let unit = if meta { SECTOR_BYTES } else { PAGE_BYTES };
    let kind = chance.below(3);
    for at in (0..after.len()).step_by(unit) {
        let taken = match (at < META_BYTES, meta) {
            (true, false) => false,
            (false, true) => true,
            _ => kind == 0 || chance.below(2) == 0,
        };
        if taken {
            let end = (at + unit).min(after.len());
            mixed[at..end].copy_from_slice(&after[at..end]);
        }
    }
    if !meta && chance.below(3) == 0 {
        mixed.truncate(before.len());
    }
    mixed
}

fn read(directory: &Path, image: &[u8]) -> Model {
    let _ = std::fs::remove_file(directory.join("lock.mdb"));
    std::fs::write(directory.join("data.mdb"), image).expect("writes");
    let base = Lmdb::open(directory, false).expect("opens");
    let reader = base.reader().expect("reads");
    let mut scan = reader.scan(b"k", &[0xff; 8], false).expect("scans");
    let mut found = Model::new();
    while let Some((key, value)) = scan.next().expect("scans") {
        found.insert(key.to_vec(), value.to_vec());
    }
    found
}
