//! Results as the column batch that JavaScript reads (layout: README of the crate columns), numerics in their stored form.

use crate::decimal;
use crate::vector::{Values, Vector};

/// A column of the results and the width of its values as stored: 1, 2, 4 or 8 bytes, 0 for those that vary.
pub struct Column {
    pub vector: Vector,
    pub width: u8,
}

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// That many rows.
    Count(usize),
    /// Not one fits: the buffer must have at least this many bytes.
    Grow(usize),
}

const HEADER_WORDS: usize = 5;
const STATE_NULL: u8 = 1;

/// Writes some rows, as many as fit, fewer than asked for where the buffer is small.
pub fn write(columns: &[Column], rows: &[u32], out: &mut [u8]) -> Written {
    let mut count = rows.len();
    loop {
        let needed = fixed_bytes(columns, count);
        if needed > out.len() {
            if count <= 1 {
                return Written::Grow(needed);
            }
            count /= 2;
            continue;
        }
        match write_rows(columns, &rows[..count], out) {
            Ok(()) => return Written::Count(count),
            Err(needed) if count <= 1 => return Written::Grow(needed),
            Err(_) => count /= 2,
        }
    }
}

fn slot_bytes(column: &Column) -> usize {
    if column.width == 0 {
        8
    } else {
        usize::from(column.width)
    }
}

fn fixed_bytes(columns: &[Column], count: usize) -> usize {
    let header = (HEADER_WORDS + columns.len() * 2).next_multiple_of(2) * 4;
    let each = columns
        .iter()
        .map(|column| count.next_multiple_of(8) + (count * slot_bytes(column)).next_multiple_of(8));
    header + each.sum::<usize>()
}

fn put(out: &mut [u8], at: usize, value: u32) {
    out[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

/// Err: the bytes it takes at least.
fn write_rows(columns: &[Column], rows: &[u32], out: &mut [u8]) -> Result<(), usize> {
    let count = rows.len();
    let mut at = (HEADER_WORDS + columns.len() * 2).next_multiple_of(2) * 4;
    let mut data_at = fixed_bytes(columns, count);
    let data_from = data_at;
    let mut scratch = Vec::new();
    for (number, column) in columns.iter().enumerate() {
        let states_at = at;
        let values_at = states_at + count.next_multiple_of(8);
        at = values_at + (count * slot_bytes(column)).next_multiple_of(8);
        put(out, (HEADER_WORDS + number * 2) * 4, states_at as u32);
        put(out, (HEADER_WORDS + number * 2 + 1) * 4, values_at as u32);
        for (index, row) in rows.iter().enumerate() {
            let row = *row as usize;
            if column.vector.is_null(row) {
                out[states_at + index] = STATE_NULL;
                continue;
            }
            out[states_at + index] = 0;
            let row = column.vector.place(row);
            let place = values_at + index * slot_bytes(column);
            let bytes: &[u8] = match (&column.vector.values, column.width) {
                (Values::Bool(values), _) => {
                    out[place] = u8::from(values[row]);
                    continue;
                }
                (Values::Int4(values), 2) => {
                    out[place..place + 2].copy_from_slice(&(values[row] as i16).to_le_bytes());
                    continue;
                }
                (Values::Int4(values), _) => {
                    out[place..place + 4].copy_from_slice(&values[row].to_le_bytes());
                    continue;
                }
                (Values::Int8(values), 4) => {
                    out[place..place + 4].copy_from_slice(&(values[row] as u32).to_le_bytes());
                    continue;
                }
                (Values::Int8(values), _) => {
                    out[place..place + 8].copy_from_slice(&values[row].to_le_bytes());
                    continue;
                }
                (Values::Float8(values), _) => {
                    out[place..place + 8].copy_from_slice(&values[row].to_le_bytes());
                    continue;
                }
                (Values::Decimal(values), _) => {
                    let (coefficient, scale) = values.shown(row);
                    scratch.clear();
                    decimal::store(coefficient, scale, &mut scratch);
                    &scratch
                }
                (Values::Bytes(values), _) => values.get(row),
            };
            let end = data_at + bytes.len();
            if end > out.len() {
                return Err(end);
            }
            out[data_at..end].copy_from_slice(bytes);
            put(out, place, data_at as u32);
            put(out, place + 4, end as u32);
            data_at = end;
        }
    }
    put(out, 0, count as u32);
    put(out, 4, 0);
    put(out, 8, 0);
    put(out, 12, data_from as u32);
    put(out, 16, data_at as u32);
    Ok(())
}
