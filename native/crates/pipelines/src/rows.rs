//! Stored rows to the vectors of a batch: the columns that a program reads, taken out row by row. Rows with equal codes have
//! their values at equal places, so these are worked out once a run of them.

use helios_base::bytes::{take, take_varint};
use helios_base::{Error, Result as StoreResult};
use helios_columns::row::{
    CODE_COMPRESSED, CODE_NULL, attribute_count, code_at, codes, decompress, unknown_code, width_of,
};
use helios_kernels::decimal;
use helios_kernels::expression::Batch;
use helios_kernels::halt::{Halt, Result};
use helios_kernels::vector::{Form, Values, Vector};
use serde::Deserialize;

/// How a type's values are stored in rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Stored {
    Bool,
    Int2,
    Int4,
    Uint4,
    Int8,
    Float8,
    Numeric,
    /// Strings in UTF-8, as they are.
    Bytes,
}

impl Stored {
    pub fn form(self) -> Form {
        match self {
            Stored::Bool => Form::Bool,
            Stored::Int2 | Stored::Int4 => Form::Int4,
            Stored::Uint4 | Stored::Int8 => Form::Int8,
            Stored::Float8 => Form::Float8,
            Stored::Numeric => Form::Decimal,
            Stored::Bytes => Form::Bytes,
        }
    }
}

pub struct Column {
    /// From 0.
    pub attribute: usize,
    pub stored: Stored,
    pub missing_is_null: bool,
}

/// Where a column's value stands in rows of one shape.
#[derive(Clone, Copy)]
enum Place {
    Null,
    Missing,
    Fixed(usize),
    /// Number among the variable-length values.
    Varlen(usize),
}

/// Gathers rows to batches.
pub struct Reader<'a> {
    columns: &'a [Column],
    values: Vec<Values>,
    nulls: Vec<Option<Vec<bool>>>,
    pub rowids: Vec<u64>,
    /// Attribute count and codes of the rows that `places` are for.
    shape: Vec<u8>,
    places: Vec<Place>,
    varlen_at: usize,
    /// For each variable-length value up to the last wanted one: it is compressed.
    varlen: Vec<bool>,
    /// Where the variable-length values of the row in hand stand.
    spans: Vec<(usize, usize)>,
}

/// Bytes before the attribute count.
const COUNT_AT: usize = 8;

impl<'a> Reader<'a> {
    pub fn new(columns: &'a [Column]) -> Reader<'a> {
        Reader {
            columns,
            values: empty(columns),
            nulls: vec![None; columns.len()],
            rowids: Vec::new(),
            shape: Vec::new(),
            places: Vec::new(),
            varlen_at: 0,
            varlen: Vec::new(),
            spans: Vec::new(),
        }
    }

    /// The rows gathered so far; their rowids go to `rowids`.
    pub fn take(&mut self, rowids: &mut Vec<u64>) -> Batch {
        rowids.clear();
        std::mem::swap(rowids, &mut self.rowids);
        let count = rowids.len();
        let values = std::mem::replace(&mut self.values, empty(self.columns));
        let columns = values.into_iter().zip(&mut self.nulls);
        let columns = columns.map(|(values, nulls)| Vector::new(values, nulls.take()));
        Batch {
            columns: columns.collect(),
            count,
        }
    }

    /// Adds a row.
    pub fn push(&mut self, rowid: u64, row: &[u8]) -> Result<()> {
        let known = self.shape.len();
        if known == 0 || row.get(COUNT_AT..COUNT_AT + known) != Some(self.shape.as_slice()) {
            self.find_places(row)?;
        }
        self.spans.clear();
        let mut at = self.varlen_at;
        for _ in 0..self.varlen.len() {
            let length = take_varint(row, &mut at)? as usize;
            self.spans.push((at, length));
            at += length;
        }
        for number in 0..self.columns.len() {
            self.push_value(number, row)?;
        }
        self.rowids.push(rowid);
        Ok(())
    }

    #[inline]
    fn push_value(&mut self, number: usize, row: &[u8]) -> Result<()> {
        let column = &self.columns[number];
        let values = &mut self.values[number];
        match self.places[number] {
            Place::Missing if !column.missing_is_null => {
                return Err(Halt::Declined("a column that rows are older than"));
            }
            Place::Null | Place::Missing => {
                let count = values.len();
                let nulls = &mut self.nulls[number];
                nulls.get_or_insert_with(|| vec![false; count]).push(true);
                values.push_default();
                return Ok(());
            }
            Place::Fixed(at) => match (values, column.stored) {
                (Values::Bool(values), _) => values.push(fixed::<1>(row, at)?[0] != 0),
                (Values::Int4(values), Stored::Int2) => {
                    values.push(i32::from(i16::from_le_bytes(fixed(row, at)?)));
                }
                (Values::Int4(values), _) => values.push(i32::from_le_bytes(fixed(row, at)?)),
                (Values::Int8(values), Stored::Uint4) => {
                    values.push(i64::from(u32::from_le_bytes(fixed(row, at)?)));
                }
                (Values::Int8(values), _) => values.push(i64::from_le_bytes(fixed(row, at)?)),
                (Values::Float8(values), _) => values.push(f64::from_le_bytes(fixed(row, at)?)),
                _ => return Err(other_layout().into()),
            },
            Place::Varlen(index) => {
                let (from, length) = self.spans[index];
                let stored = row.get(from..from + length).ok_or_else(too_short)?;
                let raw;
                let bytes = if self.varlen[index] {
                    raw = decompress(stored)?;
                    &raw
                } else {
                    stored
                };
                match values {
                    Values::Bytes(values) => values.push(bytes),
                    Values::Decimal(values) => {
                        let (coefficient, scale) = decimal::load(bytes)?;
                        values.push(coefficient, scale)?;
                    }
                    _ => return Err(other_layout().into()),
                }
            }
        }
        if let Some(nulls) = &mut self.nulls[number] {
            nulls.push(false);
        }
        Ok(())
    }

    fn find_places(&mut self, row: &[u8]) -> StoreResult<()> {
        let (codes, fixed_at) = codes(row)?;
        let count = attribute_count(row)?;
        self.shape.clear();
        self.shape.extend_from_slice(&row[COUNT_AT..fixed_at]);
        self.places = vec![Place::Missing; self.columns.len()];
        self.varlen.clear();
        let mut at = fixed_at;
        let mut wanted = 0;
        for index in 0..count {
            let code = code_at(codes, index);
            let width = width_of(code).ok_or_else(unknown_code)?;
            let place = match (code, width) {
                (CODE_NULL, _) => Place::Null,
                (_, 0) => Place::Varlen(self.varlen.len()),
                _ => Place::Fixed(at),
            };
            for (column, found) in self.columns.iter().zip(&mut self.places) {
                if column.attribute == index {
                    *found = place;
                    if let Place::Varlen(number) = place {
                        wanted = number + 1;
                    }
                }
            }
            if width == 0 && code != CODE_NULL {
                self.varlen.push(code == CODE_COMPRESSED);
            }
            at += width;
        }
        self.varlen.truncate(wanted);
        self.varlen_at = at;
        Ok(())
    }
}

fn empty(columns: &[Column]) -> Vec<Values> {
    let empty = |column: &Column| Values::empty(column.stored.form());
    columns.iter().map(empty).collect()
}

#[inline]
fn fixed<const N: usize>(row: &[u8], at: usize) -> StoreResult<[u8; N]> {
    let mut at = at;
    take(row, &mut at, N)?.try_into().map_err(|_| too_short())
}

fn too_short() -> Error {
    Error::corrupted("a stored row is too short")
}

fn other_layout() -> Error {
    Error::corrupted("a stored row does not have its table's layout")
}
