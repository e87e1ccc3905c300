//! What transactions did to relations, for the cumulative statistics.

use std::collections::HashMap;

use crate::program::Lookup;

/// What one relation was used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub scans: u32,
    pub returned: u32,
    pub fetched: u32,
    pub inserted: u32,
    pub updated: u32,
}

/// Uses by relation.
pub type Uses = HashMap<u32, Counts>;

/// A lookup, and whether it found a row.
pub fn lookup_counts(lookup: &Lookup, is_found: bool) -> Counts {
    Counts {
        scans: 1,
        returned: u32::from(is_found),
        fetched: u32::from(is_found && lookup.is_fetched),
        ..Counts::default()
    }
}

pub fn add_counts(uses: &mut Uses, relation: u32, more: Counts) {
    let counts = uses.entry(relation).or_default();
    counts.scans += more.scans;
    counts.returned += more.returned;
    counts.fetched += more.fetched;
    counts.inserted += more.inserted;
    counts.updated += more.updated;
}

pub fn add_uses(uses: &mut Uses, more: &Uses) {
    for (relation, counts) in more {
        add_counts(uses, *relation, *counts);
    }
}
