//! A plain checker: the committed history is serializable where the graph of its dependencies has no cycle (Adya's
//! serialization graph; every read of a version is known, reads of absent rows included).

use std::collections::{BTreeMap, BTreeSet};

pub type Txn = usize;

/// A version of an item: who wrote it; 0 the initial state.
pub type Version = Txn;

#[derive(Default)]
pub struct History {
    /// Versions of each item in commit order, without the initial one.
    pub versions: BTreeMap<usize, Vec<Version>>,
    /// What each committed transaction has read: item, version.
    pub reads: BTreeMap<Txn, Vec<(usize, Version)>>,
    pub committed: BTreeSet<Txn>,
}

impl History {
    /// Transactions of a cycle, if there is one.
    pub fn cycle(&self) -> Option<Vec<Txn>> {
        let edges = self.edges();
        let mut done = BTreeSet::new();
        for start in &self.committed {
            let mut path = Vec::new();
            if let Some(cycle) = walk(*start, &edges, &mut path, &mut done) {
                return Some(cycle);
            }
        }
        None
    }

    fn edges(&self) -> BTreeMap<Txn, BTreeSet<Txn>> {
        let mut edges: BTreeMap<Txn, BTreeSet<Txn>> = BTreeMap::new();
        let mut add = |from: Txn, to: Txn| {
            if from != to && from != 0 && to != 0 {
                edges.entry(from).or_default().insert(to);
            }
        };
        for versions in self.versions.values() {
            for pair in versions.windows(2) {
                add(pair[0], pair[1]);
            }
        }
        for (reader, reads) in self
            .reads
            .iter()
            .filter(|(txn, _)| self.committed.contains(txn))
        {
            for (item, version) in reads {
                add(*version, *reader);
                let versions = self.versions.get(item).map_or(&[][..], Vec::as_slice);
                let at = versions.iter().position(|other| other == version);
                if let Some(next) = versions.get(at.map_or(0, |at| at + 1)) {
                    add(*reader, *next);
                }
            }
        }
        edges
    }
}

fn walk(
    at: Txn,
    edges: &BTreeMap<Txn, BTreeSet<Txn>>,
    path: &mut Vec<Txn>,
    done: &mut BTreeSet<Txn>,
) -> Option<Vec<Txn>> {
    if let Some(from) = path.iter().position(|other| *other == at) {
        return Some(path[from..].to_vec());
    }
    if done.contains(&at) {
        return None;
    }
    path.push(at);
    for next in edges.get(&at).into_iter().flatten() {
        if let Some(cycle) = walk(*next, edges, path, done) {
            return Some(cycle);
        }
    }
    path.pop();
    done.insert(at);
    None
}
