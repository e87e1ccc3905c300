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
    columns: &'a [Column],
    places: Vec<Place>,
    capacity: usize,
    count: usize,
    rowids_at: usize,
    xmins_at: usize,
    data_from: usize,
    data_at: usize,
    shape: Shape,
    varlen_seen: Vec<(u32, usize, usize, bool)>,
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

/// Words before the column offsets: row count, offset of rowids, of xmins, of variable-length bytes, end of them.
const HEADER_WORDS: usize = 5;

impl<'a> BatchWriter<'a> {
    /// A batch of at most `capacity` rows in `out`; fewer where `out` is too small, an error where not one fits.
    pub fn new(
        out: &'a mut [u8],
        columns: &'a [Column],
        capacity: usize,
    ) -> Result<BatchWriter<'a>> {
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
        let xmins_at = at;
        at += capacity * 8;
        let mut places = Vec::with_capacity(columns.len());
        for column in columns {
            let states_at = at;
            at += capacity.next_multiple_of(8);
            places.push(Place {
                states_at,
                values_at: at,
            });
            at += (capacity * column.slot.width()).next_multiple_of(8);
        }
        let shape = Shape::default();
        Ok(BatchWriter {
            out,
            columns,
            places,
            capacity,
            count: 0,
            rowids_at,
            xmins_at,
            data_from: at,
            data_at: at,
            shape,
            varlen_seen: Vec::new(),
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
        self.out[self.xmins_at + index * 8..][..8].copy_from_slice(&row[..8]);
        for (number, column) in self.columns.iter().enumerate() {
            let place = &self.places[number];
            let state = self.shape.states[number];
            self.out[place.states_at + index] = state;
            if state != STATE_VALUE {
                continue;
            }
            let from = self.shape.fixed[number] as usize;
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
        self.out[self.xmins_at + index * 8..][..8].fill(0);
        for place in &self.places {
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
        self.put_u32(8, self.xmins_at as u32);
        self.put_u32(12, self.data_from as u32);
        self.put_u32(16, used as u32);
        for number in 0..self.columns.len() {
            let (states_at, values_at) =
                (self.places[number].states_at, self.places[number].values_at);
            self.put_u32((HEADER_WORDS + number * 2) * 4, states_at as u32);
            self.put_u32((HEADER_WORDS + number * 2 + 1) * 4, values_at as u32);
        }
        used
    }

    fn find_shape(&mut self, row: &[u8]) -> Result<()> {
        let known = self.shape.header.len();
        if known > 0 && row.get(8..8 + known) == Some(self.shape.header.as_slice()) {
            return Ok(());
        }
        let (codes, fixed_at) = codes(row)?;
        let count = crate::row::attribute_count(row)?;
        let shape = &mut self.shape;
        shape.header.clear();
        shape.header.extend_from_slice(&row[8..fixed_at]);
        shape.fixed.clear();
        shape.states.clear();
        shape.varlen.clear();
        let mut at = fixed_at;
        let mut wanted = self.columns.iter().enumerate().peekable();
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
        self.varlen_seen.clear();
        let mut at = self.shape.varlen_at;
        let mut needed = 0;
        for (column, compressed) in &self.shape.varlen {
            let length = take_varint(row, &mut at)? as usize;
            let from = at;
            let body = take(row, &mut at, length)?;
            if let Some(column) = column {
                needed += if *compressed {
                    take_varint(body, &mut 0)? as usize
                } else {
                    length
                };
                self.varlen_seen.push((*column, from, length, *compressed));
            }
        }
        if self.data_at + needed > self.out.len() {
            return Ok(false);
        }
        for (column, from, length, compressed) in self.varlen_seen.iter().copied() {
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
            let at = self.places[column as usize].values_at + self.count * 8;
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
