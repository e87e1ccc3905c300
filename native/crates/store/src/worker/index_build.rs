//! Building an index: keys of a table's rows, or keys that the caller has made, are sorted and become the new index's
//! entries in one go.

use helios_base::Result;
use helios_columns::keys::KeyEncoder;

use super::Worker;
use super::cursors::open_scan;
use crate::key::{FileId, PREFIX_BYTES, rowid_of};
use crate::overlay::Write;
use crate::sorter::Sorter;

/// An index under construction.
pub struct IndexBuild {
    transaction: u32,
    command: u32,
    file: FileId,
    unique: bool,
    /// Keys with nulls are never duplicates.
    nulls_distinct: bool,
    sorter: Sorter,
}

impl IndexBuild {
    /// Adds one entry.
    pub fn add(&mut self, key: &[u8], rowid: u64, null: bool) -> Result<()> {
        self.sorter.add(rowid, |out| {
            out.extend_from_slice(key);
            Ok(null)
        })
    }
}

impl Worker {
    pub fn begin_index_build(
        &mut self,
        transaction: u32,
        command: u32,
        file: FileId,
        unique: bool,
        nulls_distinct: bool,
    ) -> Result<IndexBuild> {
        self.xid(transaction)?;
        Ok(IndexBuild {
            transaction,
            command,
            file,
            unique,
            nulls_distinct,
            sorter: Sorter::new(file, self.store.bulk.clone()),
        })
    }

    /// Adds the entries of the next rows of a table cursor; how many rows, none at the end.
    pub fn index_rows(
        &mut self,
        build: &mut IndexBuild,
        encoder: &mut KeyEncoder,
        cursor: u32,
        count: usize,
    ) -> Result<usize> {
        let cursor = self.cursors.get_mut(cursor)?;
        if cursor.has_ended() {
            return Ok(0);
        }
        let mut scan = open_scan(&self.transactions, &self.temporary, cursor)?;
        let mut taken = 0;
        let mut last: Option<&[u8]> = None;
        while taken < count {
            let Some((key, row)) = scan.next_entry()? else {
                break;
            };
            build
                .sorter
                .add(rowid_of(key), |out| encoder.encode(row, out))?;
            last = Some(key);
            taken += 1;
        }
        let last = last.map(<[u8]>::to_vec);
        drop(scan);
        cursor.moved(last, taken < count);
        Ok(taken)
    }

    /// Makes the entries the index's. The rowid of a row whose key another has, too: then the index is not whole.
    pub fn finish_index_build(&mut self, build: IndexBuild) -> Result<Option<u64>> {
        let IndexBuild {
            transaction,
            command,
            file,
            unique,
            nulls_distinct,
            sorter,
        } = build;
        let overlay = &mut self.transactions.get_mut(transaction)?.overlay;
        // An index that has entries already gets the others one by one.
        let fresh = overlay.runs().of(file).is_none();
        let mut duplicate = None;
        let mut whole = file.prefix().to_vec();
        sorter.finish(|key, null| {
            let end = key.len() - 8;
            let known = whole.len() == PREFIX_BYTES + key.len();
            if unique
                && known
                && whole[PREFIX_BYTES..PREFIX_BYTES + end] == key[..end]
                && !(null && nulls_distinct)
            {
                duplicate = Some(rowid_of(key));
                return Ok(false);
            }
            whole.truncate(PREFIX_BYTES);
            whole.extend_from_slice(key);
            if fresh {
                overlay.append(command, file, &whole, &[])?;
            } else {
                overlay.make_room()?;
                overlay.put(command, whole.as_slice(), Box::default(), Write::Insert);
            }
            Ok(true)
        })?;
        Ok(duplicate)
    }
}
