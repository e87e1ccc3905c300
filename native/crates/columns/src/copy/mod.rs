//! COPY's text and CSV formats, decoded straight to stored rows: whole lines of valid UTF-8 go in, encoded rows come out.
//! Only what is beyond doubt is decoded here. At the first line that is not (an odd escape, an unusual spelling, an
//! error of any kind) decoding stops before it, and the caller's own reader takes over: it knows every form and every
//! message. So nothing here reports errors.

mod encode;
mod fields;
mod values;

use std::ops::Range;

use helios_base::{Error, Result};
use memchr::memchr;

pub use encode::RowEncoder;

use crate::row::{CODE_1, CODE_2, CODE_4, CODE_8, CODE_VARLEN};

/// How a column's text becomes its stored value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Bool,
    Int2,
    Int4,
    Int8,
    Oid,
    Float4,
    Float8,
    /// At most that many characters; 0: any number.
    Text(u32),
    /// Blank-padded to that many characters; 0: as it is.
    Bpchar(u32),
    /// Precision and scale; None: as written.
    Numeric(Option<(u32, u32)>),
    Date,
    Timestamp,
    /// Only with an offset from UTC in the text.
    Timestamptz,
    Uuid,
}

impl Kind {
    /// From the numbers the facade sends: kind and modifier.
    pub fn from_numbers(kind: u32, modifier: u32) -> Option<Kind> {
        Some(match kind {
            0 => Kind::Bool,
            1 => Kind::Int2,
            2 => Kind::Int4,
            3 => Kind::Int8,
            4 => Kind::Oid,
            5 => Kind::Float4,
            6 => Kind::Float8,
            7 => Kind::Text(modifier),
            8 => Kind::Bpchar(modifier),
            9 if modifier == u32::MAX => Kind::Numeric(None),
            9 => Kind::Numeric(Some((modifier >> 16, modifier & 0xffff))),
            10 => Kind::Date,
            11 => Kind::Timestamp,
            12 => Kind::Timestamptz,
            13 => Kind::Uuid,
            _ => return None,
        })
    }
}

impl Kind {
    /// Bytes of a value in a row's fixed part; 0: it is of variable length.
    pub fn width(self) -> usize {
        match self {
            Kind::Bool => 1,
            Kind::Int2 => 2,
            Kind::Int4 | Kind::Oid | Kind::Float4 | Kind::Date => 4,
            Kind::Int8 | Kind::Float8 | Kind::Timestamp | Kind::Timestamptz => 8,
            Kind::Text(_) | Kind::Bpchar(_) | Kind::Numeric(_) | Kind::Uuid => 0,
        }
    }

    /// The row format's code of a value.
    pub fn code(self) -> u8 {
        match self.width() {
            1 => CODE_1,
            2 => CODE_2,
            4 => CODE_4,
            8 => CODE_8,
            _ => CODE_VARLEN,
        }
    }

    /// Bits, zero-extended, of a value of the fixed part in its plain spelling; None for another spelling, or an error.
    pub fn fixed_bits(self, text: &[u8]) -> Option<u64> {
        values::fixed(self, text).map(|values::Fixed(bits)| bits)
    }
}

/// A copied column, in the order of the fields.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// 0-based.
    pub attribute: usize,
    pub kind: Kind,
    /// Null is an error, which the caller reports.
    pub not_null: bool,
    /// pg_attribute.attstorage.
    pub strategy: u8,
}

#[derive(Clone, Debug)]
pub struct Format {
    pub delimiter: u8,
    /// CSV's quote, which is its escape too; None for the text format.
    pub quote: Option<u8>,
    pub null: Vec<u8>,
}

/// Rows of a batch of PostgreSQL's COPY, or as many as so many bytes of input: where rows are placed depends on it.
const BATCH_ROWS: usize = 1000;
const BATCH_INPUT_BYTES: usize = 65535;

/// Rows after each other and where each ends. Their stamp is still to be filled in.
#[derive(Default)]
pub struct Rows {
    pub bytes: Vec<u8>,
    pub ends: Vec<u32>,
    /// Their sizes as heap tuples.
    pub sizes: Vec<u32>,
    /// Bytes of the lines they come from.
    lines: Vec<u32>,
}

impl Rows {
    pub fn count(&self) -> usize {
        self.ends.len()
    }

    fn start(&self, index: usize) -> usize {
        match index {
            0 => 0,
            _ => self.ends[index - 1] as usize,
        }
    }

    pub fn row(&self, index: usize) -> &[u8] {
        &self.bytes[self.start(index)..self.ends[index] as usize]
    }

    pub fn set_stamp(&mut self, rows: Range<usize>, stamp: u64) {
        for index in rows {
            let start = self.start(index);
            self.bytes[start..start + 8].copy_from_slice(&stamp.to_le_bytes());
        }
    }

    /// End of the batch that begins with a row; None where it is not complete and more may come.
    pub fn batch_end(&self, from: usize, is_last: bool) -> Option<usize> {
        let mut input = 0;
        for (index, line) in self.lines.iter().enumerate().skip(from) {
            input += *line as usize;
            if index + 1 - from == BATCH_ROWS || input >= BATCH_INPUT_BYTES {
                return Some(index + 1);
            }
        }
        (is_last && from < self.count()).then(|| self.count())
    }

    pub fn remove_first(&mut self, count: usize) {
        let bytes = self.start(count);
        if bytes == 0 {
            return;
        }
        self.bytes.drain(..bytes);
        self.ends.drain(..count);
        self.ends.iter_mut().for_each(|end| *end -= bytes as u32);
        self.sizes.drain(..count);
        self.lines.drain(..count);
    }
}

pub struct Decoder {
    format: Format,
    encoder: RowEncoder,
    pub rows: Rows,
}

impl Decoder {
    /// For tables of that many attributes (dropped ones included) and that toast_tuple_target.
    pub fn new(
        format: Format,
        columns: Vec<Column>,
        attributes: usize,
        toast_target: usize,
    ) -> Result<Decoder> {
        Ok(Decoder {
            format,
            encoder: RowEncoder::new(columns, attributes, toast_target)
                .ok_or_else(|| Error::internal("unknown columns to copy"))?,
            rows: Rows::default(),
        })
    }

    /// Decodes lines and adds their rows to `rows`; the bytes of the lines decoded, newlines included.
    pub fn decode(&mut self, input: &[u8]) -> usize {
        let valid = match std::str::from_utf8(input) {
            Ok(_) => input,
            Err(error) => &input[..error.valid_up_to()],
        };
        let valid = &valid[..memchr(0, valid).unwrap_or(valid.len())];
        let mut at = 0;
        while let Some(length) = memchr(b'\n', &valid[at..]) {
            let start = self.rows.bytes.len();
            let line = &valid[at..at + length];
            let size = if fields::take_line(&self.format, line, &mut self.encoder) {
                self.encoder.finish(line, &mut self.rows.bytes)
            } else {
                None
            };
            let Some(size) = size else {
                self.rows.bytes.truncate(start);
                break;
            };
            self.rows.ends.push(self.rows.bytes.len() as u32);
            self.rows.sizes.push(size);
            self.rows.lines.push(length as u32);
            at += length + 1;
        }
        at
    }
}

#[cfg(test)]
mod tests;
