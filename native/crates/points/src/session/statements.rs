//! The runs of statements on rows (SELECT, UPDATE, INSERT): locks, then the catalogs' version, then the store.

use helios_columns::row::{locked, parts, xid_of};
use helios_locks::{Outcome, Request, Tag, mode, table};
use helios_store::worker::{Inserted, Worker};

use super::waits::is_behind;
use super::{Open, Ran, Session};
use crate::counts::{Counts, add_counts, lookup_counts};
use crate::expression::{Inputs, column};
use crate::message::{Formats, Unit};
use crate::program::{Insert, Key, Lookup, Program, Select, Update};
use crate::refused::Refused;
use crate::reply::{close_message, put_bind_complete, put_description, put_no_data, put_tag};
use crate::rows::{changed_row, new_row};
use crate::value::put_field;

/// Longer keys may be too long for an index.
const KEY_BYTES_MAX: usize = 1024;

impl Session {
    pub(super) fn select(
        &mut self,
        worker: &mut Worker,
        unit: &Unit<'_>,
        program: &Program,
        select: &Select,
        inputs: &Inputs<'_>,
    ) -> Ran {
        let lookup = &select.lookup;
        let formats = unit.results;
        if formats.count() > 1 && formats.count() != select.outputs.len() {
            return Err(Refused);
        }
        let (number, command) = match &self.open {
            Some(open) => {
                if is_behind(worker, open) {
                    return Err(Refused);
                }
                self.lock(lookup.lock, mode::ACCESS_SHARE)?;
                require_current(worker, program)?;
                (open.number, open.command)
            }
            None if table().admits(lookup.lock, mode::ACCESS_SHARE) => (0, 0),
            None => return Err(Refused),
        };
        let found = self.find(worker, lookup, number, command, inputs)?;
        // Who takes no lock looks at the catalogs afterwards: what it read is of that version or of none.
        require_current(worker, program)?;
        self.put_bound();
        if unit.describes {
            put_description(&select.description, formats, &mut self.out);
        }
        if found.is_some() {
            self.put_row(select, formats)?;
        }
        put_tag(&mut self.out, b"SELECT ", u64::from(found.is_some()));
        let counts = lookup_counts(lookup, found.is_some());
        match &mut self.open {
            Some(open) => {
                add_counts(&mut open.uses, lookup.index, counts);
                open.has_read = true;
            }
            None => {
                self.has_read_outside = true;
                add_counts(&mut self.ended.in_committed, lookup.index, counts);
            }
        }
        Ok(())
    }

    /// Appends the row in hand.
    fn put_row(&mut self, select: &Select, formats: Formats<'_>) -> Ran {
        let mut row = Vec::new();
        parts(&self.row, &mut row)?;
        let start = self.out.len();
        self.out.extend_from_slice(&[b'D', 0, 0, 0, 0]);
        let count = select.outputs.len() as u16;
        self.out.extend_from_slice(&count.to_be_bytes());
        for (index, (attribute, kind)) in select.outputs.iter().enumerate() {
            let value = column(&row, *attribute, *kind).ok_or(Refused)?;
            put_field(*kind, value, formats.is_binary(index), &mut self.out);
        }
        close_message(&mut self.out, start);
        Ok(())
    }

    pub(super) fn update(
        &mut self,
        worker: &mut Worker,
        open: &mut Open,
        unit: &Unit<'_>,
        program: &Program,
        update: &Update,
        inputs: &Inputs<'_>,
    ) -> Ran {
        let lookup = &update.lookup;
        self.lock(lookup.lock, mode::ROW_EXCLUSIVE)?;
        require_current(worker, program)?;
        let mut found = self.find(worker, lookup, open.number, open.command, inputs)?;
        if self.awaited.is_some() && found != self.awaited {
            // The row that was waited for is gone, and what came in its place is newer than the statement.
            found = None;
        }
        if let Some(rowid) = found {
            self.take_xid(worker, open)?;
            let tag = Tag::row(update.row_tag, rowid);
            self.lock_row(open, tag, rowid)?;
            // Whoever had the row before may have changed it: its newest version, which stays now, counts.
            let ahead = self.version_ahead(open, &tag);
            found = self.find(worker, lookup, open.number, open.command, inputs)?;
            if found != Some(rowid) {
                return Err(Refused);
            }
            if let Some(version) = ahead {
                self.row.clear();
                self.row.extend_from_slice(&version.row);
                Session::note_behind(open, &version);
            }
            self.change_row(worker, open, update, rowid, inputs)?;
            open.trace.note_change(tag, lookup.path.table, rowid);
        } else if is_behind(worker, open) {
            return Err(Refused);
        }
        self.put_bound();
        if unit.describes {
            put_no_data(&mut self.out);
        }
        put_tag(&mut self.out, b"UPDATE ", u64::from(found.is_some()));
        add_counts(
            &mut open.uses,
            lookup.index,
            lookup_counts(lookup, found.is_some()),
        );
        let updated = Counts {
            updated: u32::from(found.is_some()),
            ..Counts::default()
        };
        add_counts(&mut open.uses, lookup.relation, updated);
        Ok(())
    }

    /// Writes the row in hand with the assigned values.
    fn change_row(
        &mut self,
        worker: &mut Worker,
        open: &mut Open,
        update: &Update,
        rowid: u64,
        inputs: &Inputs<'_>,
    ) -> Ran {
        let old = std::mem::take(&mut self.row);
        let changed = changed_row(&old, update, inputs);
        self.row = old;
        let path = update.lookup.path;
        let mut changed = changed?;
        // What this transaction has locked stays locked.
        let locked = locked(&self.row)?;
        if locked != 0 && Some(xid_of(&self.row)?) == open.xid {
            changed[..8].copy_from_slice(&locked.to_le_bytes());
        }
        worker.update_row(open.number, open.command, path.table, rowid, &changed)?;
        open.has_written = true;
        Ok(())
    }

    pub(super) fn insert(
        &mut self,
        worker: &mut Worker,
        open: &mut Open,
        unit: &Unit<'_>,
        program: &Program,
        insert: &Insert,
        inputs: &Inputs<'_>,
    ) -> Ran {
        self.lock(insert.lock, mode::ROW_EXCLUSIVE)?;
        require_current(worker, program)?;
        // What the store takes: the row's length, its size as a heap tuple, the row.
        self.row.clear();
        self.row.extend_from_slice(&[0; 8]);
        let size = new_row(insert, inputs, &mut self.row)?;
        let length = (self.row.len() - 8) as u32;
        self.row[..4].copy_from_slice(&length.to_le_bytes());
        self.row[4..8].copy_from_slice(&size.to_le_bytes());
        self.take_xid(worker, open)?;
        let (number, command) = (open.number, open.command);
        let keys = self.take_keys(worker, open, insert)?;
        let mut rowids = Vec::with_capacity(1);
        let (file, placing) = (insert.file, insert.placing);
        match worker.insert_rows(number, command, file, &self.row, placing, &mut rowids)? {
            Inserted::Placed => {}
            Inserted::Measure(_) => return Err(Refused),
        }
        open.has_written = true;
        let rowid = rowids.first().copied().unwrap_or_default();
        for (index, key) in insert.indexes.iter().zip(&keys) {
            worker.insert_entry(number, command, index.file, key, rowid, None)?;
        }
        self.put_bound();
        if unit.describes {
            put_no_data(&mut self.out);
        }
        put_tag(&mut self.out, b"INSERT 0 ", 1);
        let inserted = Counts {
            inserted: 1,
            ..Counts::default()
        };
        add_counts(&mut open.uses, insert.relation, inserted);
        Ok(())
    }

    /// The keys of the row that is about to be inserted, those of unique indexes locked and not there yet.
    fn take_keys(
        &self,
        worker: &mut Worker,
        open: &Open,
        insert: &Insert,
    ) -> std::result::Result<Vec<Vec<u8>>, Refused> {
        let mut keys = Vec::with_capacity(insert.indexes.len());
        for index in &insert.indexes {
            let mut key = Vec::new();
            let row = &self.row[8..];
            let has_null = index.encoder.borrow_mut().encode(row, &mut key)?;
            if key.len() > KEY_BYTES_MAX {
                return Err(Refused);
            }
            if index.is_unique && (index.nulls_count || !has_null) {
                let hash = table().unique_key_hash(&key);
                self.lock(Tag::unique_key(index.tag, hash), mode::EXCLUSIVE)?;
                // What this command has written so far counts too.
                let command = open.command + 1;
                let found = worker.newest_rowid(index.file, open.number, command, &key)?;
                if found.is_some() {
                    return Err(Refused);
                }
            }
            keys.push(key);
        }
        Ok(keys)
    }

    /// Leaves the row under the key in `self.row`.
    fn find(
        &mut self,
        worker: &mut Worker,
        lookup: &Lookup,
        transaction: u32,
        command: u32,
        inputs: &Inputs<'_>,
    ) -> std::result::Result<Option<u64>, Refused> {
        self.key.clear();
        match lookup.key(inputs, &mut self.key) {
            Key::Found => {}
            Key::Nowhere => return Ok(None),
            Key::Unknown => return Err(Refused),
        }
        let (path, key) = (lookup.path, &self.key);
        Ok(worker.newest_stored(path, transaction, command, key, &mut self.row)?)
    }

    fn lock(&self, tag: Tag, mode: mode::Mode) -> Ran {
        let request = Request {
            no_wait: true,
            ..Request::default()
        };
        match table().acquire(self.identity.lock_owner, tag, mode, request) {
            Outcome::Granted => Ok(()),
            _ => Err(Refused),
        }
    }

    /// Who waits for this transaction's rows is told its id.
    fn take_xid(&mut self, worker: &mut Worker, open: &mut Open) -> Ran {
        if open.xid.is_none() {
            let xid = worker.xid(open.number)?;
            open.xid = Some(xid);
            table().set_xid(self.identity.lock_owner, xid);
            self.page.set_xid(xid as f64);
        }
        Ok(())
    }

    pub(super) fn put_bound(&mut self) {
        if !self.is_query {
            put_bind_complete(&mut self.out);
        }
    }
}

/// An odd version is that of a change under way.
fn require_current(worker: &Worker, program: &Program) -> Ran {
    let version = program.catalog_version;
    if version.is_multiple_of(2) && worker.store().catalog_version() == version {
        Ok(())
    } else {
        Err(Refused)
    }
}
