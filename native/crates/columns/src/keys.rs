//! Index keys made straight from stored rows: for each column a tag, then the value's bytes in memcmp order. The same
//! bytes as the facade's (src/storage/index-key.ts and each type's sortKey), for the types that have a simple order.

use helios_base::bytes::{array_at, take, take_varint};
use helios_base::{Error, Result};

use crate::row::{CODE_COMPRESSED, CODE_NULL, code_at, codes, decompress, unknown_code, width_of};

/// How a column's value becomes key bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    Bool,
    Int2,
    Int4,
    Int8,
    Uint4,
    Float4,
    Float8,
    /// Text in code point order.
    Text,
    /// As Text, without trailing blanks.
    Bpchar,
    /// Bytes of one length.
    Fixed,
}

impl KeyKind {
    /// From the number the facade sends.
    pub fn from_number(number: u32) -> Option<KeyKind> {
        Some(match number {
            0 => KeyKind::Bool,
            1 => KeyKind::Int2,
            2 => KeyKind::Int4,
            3 => KeyKind::Int8,
            4 => KeyKind::Uint4,
            5 => KeyKind::Float4,
            6 => KeyKind::Float8,
            7 => KeyKind::Text,
            8 => KeyKind::Bpchar,
            9 => KeyKind::Fixed,
            _ => return None,
        })
    }

    fn width(self) -> usize {
        match self {
            KeyKind::Bool => 1,
            KeyKind::Int2 => 2,
            KeyKind::Int4 | KeyKind::Uint4 | KeyKind::Float4 => 4,
            KeyKind::Int8 | KeyKind::Float8 => 8,
            KeyKind::Text | KeyKind::Bpchar | KeyKind::Fixed => 0,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub struct KeyColumn {
    /// 0-based.
    pub attribute: usize,
    pub kind: KeyKind,
    pub descending: bool,
    pub nulls_first: bool,
}

/// Tag before a value that is not null.
const VALUE_TAG: u8 = 1;

#[derive(Clone, Copy)]
enum Place {
    Null,
    Fixed(usize),
    /// Number among the row's variable-length values, and whether it is compressed.
    Varlen(usize, bool),
}

/// Encodes keys of rows; remembers where the values of rows with equal codes stand.
pub struct KeyEncoder {
    columns: Vec<KeyColumn>,
    header: Vec<u8>,
    places: Vec<Place>,
    varlen_at: usize,
    varlen_count: usize,
    varlens: Vec<(usize, usize)>,
}

impl KeyEncoder {
    pub fn new(columns: Vec<KeyColumn>) -> KeyEncoder {
        KeyEncoder {
            columns,
            header: Vec::new(),
            places: Vec::new(),
            varlen_at: 0,
            varlen_count: 0,
            varlens: Vec::new(),
        }
    }

    /// Appends the row's key; true where a column is null. Columns that the row does not have are null.
    pub fn encode(&mut self, row: &[u8], out: &mut Vec<u8>) -> Result<bool> {
        if self.header.is_empty() || row.get(8..8 + self.header.len()) != Some(&self.header) {
            self.find_places(row)?;
        }
        if self.varlen_count > 0 {
            let mut at = self.varlen_at;
            self.varlens.clear();
            for _ in 0..self.varlen_count {
                let length = take_varint(row, &mut at)? as usize;
                self.varlens.push((at, length));
                take(row, &mut at, length)?;
            }
        }
        let mut has_null = false;
        for (column, place) in self.columns.iter().zip(&self.places) {
            if matches!(place, Place::Null) {
                has_null = true;
                out.push(if column.nulls_first { 0 } else { 2 });
                continue;
            }
            out.push(VALUE_TAG);
            let start = out.len();
            match place {
                Place::Null => {}
                Place::Fixed(at) => put_fixed(column.kind, row, *at, out)?,
                Place::Varlen(number, compressed) => {
                    let (from, length) = self.varlens[*number];
                    let body = &row[from..from + length];
                    if *compressed {
                        put_bytes(column.kind, &decompress(body)?, out);
                    } else {
                        put_bytes(column.kind, body, out);
                    }
                }
            }
            finish_column(column.descending, start, out);
        }
        Ok(has_null)
    }

    fn find_places(&mut self, row: &[u8]) -> Result<()> {
        let (codes, fixed_at) = codes(row)?;
        let count = crate::row::attribute_count(row)?;
        self.header.clear();
        self.header.extend_from_slice(&row[8..fixed_at]);
        let mut all = Vec::with_capacity(count);
        let (mut at, mut varlens) = (fixed_at, 0);
        for index in 0..count {
            let code = code_at(codes, index);
            let width = width_of(code).ok_or_else(unknown_code)?;
            all.push(match (code, width) {
                (CODE_NULL, _) => Place::Null,
                (_, 0) => {
                    varlens += 1;
                    Place::Varlen(varlens - 1, code == CODE_COMPRESSED)
                }
                _ => Place::Fixed(at),
            });
            at += width;
        }
        self.varlen_at = at;
        self.varlen_count = 0;
        self.places.clear();
        for column in &self.columns {
            let place = all.get(column.attribute).copied().unwrap_or(Place::Null);
            let width = column.kind.width();
            let fits = match place {
                Place::Null => true,
                Place::Fixed(at) => {
                    let next = all[column.attribute + 1..]
                        .iter()
                        .find_map(|next| match next {
                            Place::Fixed(next) => Some(*next),
                            _ => None,
                        });
                    width > 0 && next.unwrap_or(self.varlen_at) - at == width
                }
                Place::Varlen(number, _) => {
                    self.varlen_count = self.varlen_count.max(number + 1);
                    width == 0
                }
            };
            if !fits {
                return Err(Error::corrupted(
                    "a stored row does not have its table's layout",
                ));
            }
            self.places.push(place);
        }
        Ok(())
    }
}

fn put_fixed(kind: KeyKind, row: &[u8], at: usize, out: &mut Vec<u8>) -> Result<()> {
    match kind {
        KeyKind::Bool => out.extend_from_slice(&array_at::<1>(row, at)?),
        KeyKind::Int2 => put_int4(i32::from(i16::from_le_bytes(array_at(row, at)?)), out),
        KeyKind::Int4 => put_int4(i32::from_le_bytes(array_at(row, at)?), out),
        KeyKind::Int8 => {
            let value = u64::from_le_bytes(array_at(row, at)?) ^ 1 << 63;
            out.extend_from_slice(&value.to_be_bytes());
        }
        KeyKind::Uint4 => {
            let value = u32::from_le_bytes(array_at(row, at)?);
            out.extend_from_slice(&value.to_be_bytes());
        }
        KeyKind::Float4 => put_float8(f64::from(f32::from_le_bytes(array_at(row, at)?)), out),
        KeyKind::Float8 => put_float8(f64::from_le_bytes(array_at(row, at)?), out),
        KeyKind::Text | KeyKind::Bpchar | KeyKind::Fixed => {}
    }
    Ok(())
}

/// Appends a column's key bytes for a whole number; false where it is none of the column's values, so no key equals it.
pub fn put_number(kind: KeyKind, descending: bool, number: i64, out: &mut Vec<u8>) -> bool {
    out.push(VALUE_TAG);
    let start = out.len();
    match kind {
        KeyKind::Bool => out.push(number as u8),
        KeyKind::Int2 | KeyKind::Int4 => match i32::try_from(number) {
            Ok(value) if kind == KeyKind::Int4 || i16::try_from(value).is_ok() => {
                put_int4(value, out)
            }
            _ => return false,
        },
        KeyKind::Int8 => out.extend_from_slice(&(number as u64 ^ 1 << 63).to_be_bytes()),
        KeyKind::Uint4 => match u32::try_from(number) {
            Ok(value) => out.extend_from_slice(&value.to_be_bytes()),
            Err(_) => return false,
        },
        _ => return false,
    }
    finish_column(descending, start, out);
    true
}

/// The same for text in code point order.
pub fn put_text(kind: KeyKind, descending: bool, bytes: &[u8], out: &mut Vec<u8>) -> bool {
    if !matches!(kind, KeyKind::Text | KeyKind::Bpchar) {
        return false;
    }
    out.push(VALUE_TAG);
    let start = out.len();
    put_bytes(kind, bytes, out);
    finish_column(descending, start, out);
    true
}

fn finish_column(descending: bool, start: usize, out: &mut [u8]) {
    if descending {
        out[start..].iter_mut().for_each(|byte| *byte = !*byte);
    }
}

fn put_int4(value: i32, out: &mut Vec<u8>) {
    out.extend_from_slice(&(value as u32 ^ 1 << 31).to_be_bytes());
}

/// -0 is 0, NaN comes last.
fn put_float8(value: f64, out: &mut Vec<u8>) {
    let bits = if value.is_nan() {
        0x7ff8_0000_0000_0000
    } else if value == 0.0 {
        0
    } else {
        value.to_bits()
    };
    let ordered = if bits >> 63 == 1 {
        !bits
    } else {
        bits | 1 << 63
    };
    out.extend_from_slice(&ordered.to_be_bytes());
}

fn put_bytes(kind: KeyKind, bytes: &[u8], out: &mut Vec<u8>) {
    let bytes = match kind {
        KeyKind::Bpchar => {
            let end = bytes.iter().rposition(|byte| *byte != b' ');
            &bytes[..end.map_or(0, |last| last + 1)]
        }
        _ => bytes,
    };
    out.extend_from_slice(bytes);
    if kind != KeyKind::Fixed {
        out.push(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of int4 7, null int8, text "ab".
    const ROW: [u8; 19] = [
        1, 0, 0, 0, 0, 0, 0, 0, 3, 0, 3, 5, 7, 0, 0, 0, 2, b'a', b'b',
    ];

    fn encoded(columns: Vec<KeyColumn>) -> (Vec<u8>, bool) {
        let mut out = Vec::new();
        let null = KeyEncoder::new(columns).encode(&ROW, &mut out);
        (out, null == Ok(true))
    }

    fn column(attribute: usize, kind: KeyKind, descending: bool) -> KeyColumn {
        KeyColumn {
            attribute,
            kind,
            descending,
            nulls_first: descending,
        }
    }

    #[test]
    fn columns_in_any_order() {
        let columns = vec![
            column(2, KeyKind::Text, false),
            column(0, KeyKind::Int4, false),
        ];
        let bytes = vec![1, b'a', b'b', 0, 1, 0x80, 0, 0, 7];
        assert_eq!(encoded(columns), (bytes, false));
        let columns = vec![
            column(0, KeyKind::Int4, true),
            column(1, KeyKind::Int8, true),
        ];
        assert_eq!(encoded(columns), (vec![1, 0x7f, 255, 255, 248, 0], true));
        assert_eq!(
            encoded(vec![column(9, KeyKind::Int8, false)]),
            (vec![2], true)
        );
    }

    #[test]
    fn single_values_as_in_rows() {
        let mut out = Vec::new();
        assert!(put_text(KeyKind::Text, false, b"ab", &mut out));
        assert!(put_number(KeyKind::Int4, false, 7, &mut out));
        assert_eq!(out, [1, b'a', b'b', 0, 1, 0x80, 0, 0, 7]);
        out.clear();
        assert!(put_number(KeyKind::Int4, true, 7, &mut out));
        assert_eq!(out, [1, 0x7f, 255, 255, 248]);
        assert!(!put_number(KeyKind::Int2, false, 40000, &mut out));
        assert!(!put_number(KeyKind::Uint4, false, -1, &mut out));
    }

    #[test]
    fn other_layouts_are_refused() {
        let mut encoder = KeyEncoder::new(vec![column(0, KeyKind::Int8, false)]);
        assert!(encoder.encode(&ROW, &mut Vec::new()).is_err());
        let mut encoder = KeyEncoder::new(vec![column(2, KeyKind::Text, false)]);
        assert!(encoder.encode(&ROW[..17], &mut Vec::new()).is_err());
    }
}
