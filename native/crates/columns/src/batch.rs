//! Column batches: rows decoded, column by column, straight into one buffer that JavaScript reads through typed
//! arrays. Layout: the crate's README. A batch ends before its capacity when the buffer is full of variable-length
//! bytes; the caller then starts a new one with the row that did not fit.

use helios_base::bytes::{take, take_varint};
use helios_base::{Error, Result};

use crate::row::{
    CODE_COMPRESSED, CODE_NULL, HEADER_BYTES, code_at, codes, decompress, unknown_code, width_of,
};

/// How a column's values stand in the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    One,
    Two,
    Four,
    Eight,
    Varlen,
}

impl Slot {
    /// From the number the facade sends: value width in bytes, 0 for varlen.
    pub fn from_width(width: u8) -> Option<Slot> {
        match width {
            0 => Some(Slot::Varlen),
            1 => Some(Slot::One),
            2 => Some(Slot::Two),
            4 => Some(Slot::Four),
            8 => Some(Slot::Eight),
            _ => None,
        }
    }

    fn width(self) -> usize {
        match self {
            Slot::One => 1,
            Slot::Two => 2,
            Slot::Four => 4,
            Slot::Eight => 8,
            // Start and end of the value's bytes in the batch.
            Slot::Varlen => 8,
        }
    }

    fn is_varlen(self) -> bool {
        self == Slot::Varlen
    }
}

/// An attribute to decode: its index (0-based) and its form. Ascending by index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    pub attribute: usize,
    pub slot: Slot,
}

/// State of a value in the batch's state bytes.
pub const STATE_VALUE: u8 = 0;
pub const STATE_NULL: u8 = 1;
/// The row was written before the column was added.
pub const STATE_MISSING: u8 = 2;

/// The columns of a batch, with what decoding works out once and uses again for the next batch.
#[derive(Default)]
pub struct ColumnSet {
    columns: Vec<Column>,
    places: Vec<Place>,
    shape: Shape,
    varlen_seen: Vec<(u32, usize, usize, bool)>,
}

impl ColumnSet {
    /// Columns ascending by attribute.
    pub fn new(columns: Vec<Column>) -> ColumnSet {
        ColumnSet {
            columns,
            ..ColumnSet::default()
        }
    }

    /// The same columns for another reader.
    pub fn fresh(&self) -> ColumnSet {
        ColumnSet::new(self.columns.clone())
    }
}

struct Place {
    states_at: usize,
    values_at: usize,
}

/// Where the wanted attributes of rows with certain codes stand: worked out once for each run of equal codes.
#[derive(Default)]
struct Shape {
    /// Attribute count and codes, as they stand in the row.
    header: Vec<u8>,
    fixed: Vec<u32>,
    states: Vec<u8>,
    varlen_at: usize,
    /// Codes of the varlen attributes up to the last wanted one: (column or none, compressed).
    varlen: Vec<(Option<u32>, bool)>,
}

pub struct BatchWriter<'a> {
    out: &'a mut [u8],
    set: &'a mut ColumnSet,
    capacity: usize,
    count: usize,
    rowids_at: usize,
    stamps_at: usize,
    data_from: usize,
    data_at: usize,
}

/// Bytes a batch of `capacity` rows needs beside its variable-length bytes.
pub fn batch_bytes(columns: &[Column], capacity: usize) -> usize {
    let header = (HEADER_WORDS + columns.len() * 2).next_multiple_of(2) * 4;
    let mut size = header + capacity * 16;
    for column in columns {
        size += capacity.next_multiple_of(8) + (capacity * column.slot.width()).next_multiple_of(8);
    }
    size
}

/// Words before the column offsets: row count, offset of rowids, of stamps, of variable-length bytes, end of them.
const HEADER_WORDS: usize = 5;

impl<'a> BatchWriter<'a> {
    /// A batch of at most `capacity` rows in `out`; fewer where `out` is too small, an error where not one fits.
    pub fn new(
        out: &'a mut [u8],
        set: &'a mut ColumnSet,
        capacity: usize,
    ) -> Result<BatchWriter<'a>> {
        let columns = &set.columns;
        let mut capacity = capacity.max(1);
        while batch_bytes(columns, capacity) > out.len() {
            if capacity == 1 {
                return Err(Error::internal("the batch buffer is too small for one row"));
            }
            capacity /= 2;
        }
        let mut at = (HEADER_WORDS + columns.len() * 2).next_multiple_of(2) * 4;
        let rowids_at = at;
        at += capacity * 8;
        let stamps_at = at;
        at += capacity * 8;
        set.places.clear();
        for column in columns {
            let states_at = at;
            at += capacity.next_multiple_of(8);
            set.places.push(Place {
                states_at,
                values_at: at,
            });
            at += (capacity * column.slot.width()).next_multiple_of(8);
        }
        Ok(BatchWriter {
            out,
            set,
            capacity,
            count: 0,
            rowids_at,
            stamps_at,
            data_from: at,
            data_at: at,
        })
    }

    pub fn is_full(&self) -> bool {
        self.count == self.capacity
    }

    pub fn count(&self) -> usize {
        self.count
    }

    /// Adds a row. False: it does not fit and nothing was added.
    pub fn push(&mut self, rowid: u64, row: &[u8]) -> Result<bool> {
        if self.is_full() {
            return Ok(false);
        }
        self.find_shape(row)?;
        if !self.push_varlen(row)? {
            return Ok(false);
        }
        let index = self.count;
        self.out[self.rowids_at + index * 8..][..8].copy_from_slice(&(rowid as f64).to_le_bytes());
        self.out[self.stamps_at + index * 8..][..8].copy_from_slice(&row[..8]);
        for (number, column) in self.set.columns.iter().enumerate() {
            let place = &self.set.places[number];
            let state = self.set.shape.states[number];
            self.out[place.states_at + index] = state;
            if state != STATE_VALUE {
                continue;
            }
            let from = self.set.shape.fixed[number] as usize;
            match column.slot {
                Slot::One => {
                    self.out[place.values_at + index] = *row.get(from).ok_or_else(too_short)?
                }
                Slot::Two => copy::<2>(self.out, place.values_at + index * 2, row, from)?,
                Slot::Four => copy::<4>(self.out, place.values_at + index * 4, row, from)?,
                Slot::Eight => copy::<8>(self.out, place.values_at + index * 8, row, from)?,
                Slot::Varlen => {}
            }
        }
        self.count += 1;
        Ok(true)
    }

    /// Adds the row that is not there (its states are all missing, its rowid 0): getMany's gaps.
    pub fn push_absent(&mut self) -> bool {
        if self.is_full() {
            return false;
        }
        let index = self.count;
        self.out[self.rowids_at + index * 8..][..8].fill(0);
        self.out[self.stamps_at + index * 8..][..8].fill(0);
        for place in &self.set.places {
            self.out[place.states_at + index] = STATE_NULL;
        }
        self.count += 1;
        true
    }

    /// Writes the header; returns the bytes used.
    pub fn finish(mut self) -> usize {
        let used = self.data_at;
        self.put_u32(0, self.count as u32);
        self.put_u32(4, self.rowids_at as u32);
        self.put_u32(8, self.stamps_at as u32);
        self.put_u32(12, self.data_from as u32);
        self.put_u32(16, used as u32);
        for number in 0..self.set.columns.len() {
            let (states_at, values_at) = (
                self.set.places[number].states_at,
                self.set.places[number].values_at,
            );
            self.put_u32((HEADER_WORDS + number * 2) * 4, states_at as u32);
            self.put_u32((HEADER_WORDS + number * 2 + 1) * 4, values_at as u32);
        }
        used
    }

    fn find_shape(&mut self, row: &[u8]) -> Result<()> {
        let known = self.set.shape.header.len();
        if known > 0 && row.get(8..8 + known) == Some(self.set.shape.header.as_slice()) {
            return Ok(());
        }
        let (codes, fixed_at) = codes(row)?;
        let count = crate::row::attribute_count(row)?;
        let ColumnSet { columns, shape, .. } = &mut *self.set;
        shape.header.clear();
        shape.header.extend_from_slice(&row[8..fixed_at]);
        shape.fixed.clear();
        shape.states.clear();
        shape.varlen.clear();
        let mut at = fixed_at;
        let mut wanted = columns.iter().enumerate().peekable();
        for index in 0..count {
            let code = code_at(codes, index);
            let width = width_of(code).ok_or_else(unknown_code)?;
            let mut column = None;
            if let Some((number, found)) = wanted.next_if(|(_, column)| column.attribute == index) {
                column = Some(number as u32);
                shape.fixed.push(at as u32);
                shape.states.push(if code == CODE_NULL {
                    STATE_NULL
                } else {
                    STATE_VALUE
                });
                let fits = code == CODE_NULL
                    || found.slot.is_varlen() == (width == 0)
                        && (width == 0 || width == found.slot.width());
                if !fits {
                    return Err(Error::corrupted(
                        "a stored row does not have its table's layout",
                    ));
                }
            }
            if width == 0 && code != CODE_NULL {
                shape.varlen.push((column, code == CODE_COMPRESSED));
            }
            at += width;
        }
        for _ in wanted {
            shape.fixed.push(0);
            shape.states.push(STATE_MISSING);
        }
        while shape
            .varlen
            .last()
            .is_some_and(|(column, _)| column.is_none())
        {
            shape.varlen.pop();
        }
        shape.varlen_at = at;
        debug_assert_eq!(fixed_at, HEADER_BYTES + count.div_ceil(2));
        Ok(())
    }

    /// Copies the wanted variable-length values and sets where they stand. False: they don't fit.
    fn push_varlen(&mut self, row: &[u8]) -> Result<bool> {
        self.set.varlen_seen.clear();
        let mut at = self.set.shape.varlen_at;
        let mut needed = 0;
        for (column, compressed) in &self.set.shape.varlen {
            let length = take_varint(row, &mut at)? as usize;
            let from = at;
            let body = take(row, &mut at, length)?;
            if let Some(column) = column {
                needed += if *compressed {
                    take_varint(body, &mut 0)? as usize
                } else {
                    length
                };
                self.set
                    .varlen_seen
                    .push((*column, from, length, *compressed));
            }
        }
        if self.data_at + needed > self.out.len() {
            return Ok(false);
        }
        for (column, from, length, compressed) in self.set.varlen_seen.iter().copied() {
            let start = self.data_at;
            let body = &row[from..from + length];
            if compressed {
                let value = decompress(body)?;
                let end = start + value.len();
                self.out
                    .get_mut(start..end)
                    .ok_or_else(too_short)?
                    .copy_from_slice(&value);
                self.data_at = end;
            } else {
                self.out[start..start + length].copy_from_slice(body);
                self.data_at = start + length;
            }
            let at = self.set.places[column as usize].values_at + self.count * 8;
            self.out[at..at + 4].copy_from_slice(&(start as u32).to_le_bytes());
            self.out[at + 4..at + 8].copy_from_slice(&(self.data_at as u32).to_le_bytes());
        }
        Ok(true)
    }

    fn put_u32(&mut self, at: usize, value: u32) {
        self.out[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
}

#[inline]
fn copy<const N: usize>(out: &mut [u8], to: usize, row: &[u8], from: usize) -> Result<()> {
    let value: [u8; N] = row
        .get(from..from + N)
        .and_then(|part| part.try_into().ok())
        .ok_or_else(too_short)?;
    out[to..to + N].copy_from_slice(&value);
    Ok(())
}

fn too_short() -> Error {
    Error::corrupted("a stored row is too short")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{CODE_4, CODE_8, CODE_VARLEN, finish};

    /// A row as the facade encodes it: int4, text, int8; None is null.
    fn row(values: (Option<i32>, Option<&[u8]>, Option<i64>), count: usize) -> Vec<u8> {
        let mut codes = [0u8; 3];
        let (mut fixed, mut varlen) = (Vec::new(), Vec::new());
        if let Some(value) = values.0 {
            codes[0] = CODE_4;
            fixed.extend_from_slice(&value.to_le_bytes());
        }
        if let Some(value) = values.1 {
            codes[1] = CODE_VARLEN;
            helios_base::bytes::put_varint(&mut varlen, value.len() as u64);
            varlen.extend_from_slice(value);
        }
        if let Some(value) = values.2.filter(|_| count > 2) {
            codes[2] = CODE_8;
            fixed.extend_from_slice(&value.to_le_bytes());
        }
        let mut row = vec![0; 8];
        row.extend_from_slice(&(count as u16).to_le_bytes());
        let packed = [codes[0] | codes[1] << 4, codes[2]];
        row.extend_from_slice(&packed[..count.div_ceil(2)]);
        row.extend_from_slice(&fixed);
        row.extend_from_slice(&varlen);
        finish(&row, 77).unwrap_or_default()
    }

    fn word(out: &[u8], at: usize) -> usize {
        u32::from_le_bytes(out[at..at + 4].try_into().unwrap_or_default()) as usize
    }

    fn set() -> ColumnSet {
        let column = |attribute, slot| Column { attribute, slot };
        ColumnSet::new(vec![
            column(0, Slot::Four),
            column(1, Slot::Varlen),
            column(2, Slot::Eight),
        ])
    }

    #[test]
    fn decodes_values_nulls_missing_and_compressed_ones() -> Result<()> {
        let long = b"helios ".repeat(1000);
        let rows = [
            row((Some(-5), Some(b"abc"), Some(1 << 40)), 3),
            row((None, None, None), 3),
            row((Some(7), Some(&long), None), 3),
            row((Some(8), Some(b""), None), 2),
        ];
        assert!(rows[2].len() < 1000, "large values are compressed");
        let (mut out, mut set) = (vec![0; 16384], set());
        let mut batch = BatchWriter::new(&mut out, &mut set, 100)?;
        for (rowid, row) in (1..).zip(&rows) {
            assert!(batch.push(rowid, row)?);
        }
        assert!(batch.push_absent());
        batch.finish();
        assert_eq!(word(&out, 0), 5);
        let states = |column: usize| out[word(&out, 20 + column * 8)..][..5].to_vec();
        assert_eq!(states(0), [0, 1, 0, 0, 1]);
        assert_eq!(states(1), [0, 1, 0, 0, 1]);
        assert_eq!(states(2), [0, 1, 1, 2, 1]);
        let integers = word(&out, 24);
        assert_eq!(word(&out, integers) as i32, -5);
        let texts = word(&out, 32);
        let text = |row: usize| &out[word(&out, texts + row * 8)..word(&out, texts + row * 8 + 4)];
        assert_eq!(text(0), b"abc");
        assert_eq!(text(2), long);
        assert_eq!(text(3), b"");
        assert_eq!(out[word(&out, 8)], 77);
        Ok(())
    }

    #[test]
    fn stops_when_the_buffer_is_full_and_refuses_other_layouts() -> Result<()> {
        let stored = row((Some(1), Some(&[b'x'; 300]), Some(2)), 3);
        let (mut out, mut set) = (vec![0; 1400], set());
        let mut batch = BatchWriter::new(&mut out, &mut set, 16)?;
        let taken = (0..16)
            .take_while(|rowid| batch.push(rowid + 1, &stored).unwrap_or(false))
            .count();
        assert!(taken > 0 && taken < 16);
        let mut wrong = ColumnSet::new(vec![Column {
            attribute: 0,
            slot: Slot::Eight,
        }]);
        let mut batch = BatchWriter::new(&mut out, &mut wrong, 1)?;
        assert!(batch.push(1, &stored).is_err());
        for length in 0..stored.len() {
            let mut set = ColumnSet::new(vec![Column {
                attribute: 1,
                slot: Slot::Varlen,
            }]);
            let mut batch = BatchWriter::new(&mut out, &mut set, 1)?;
            assert!(batch.push(1, &stored[..length]).is_err(), "{length} bytes");
        }
        Ok(())
    }
}
