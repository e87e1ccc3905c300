//! Builds one stored row from fields in any order: fixed values and places of texts are collected, then written in the
//! row format.

use helios_base::bytes::put_varint;

use super::values::{self, Fixed};
use super::{Column, Kind};
use crate::row::HEADER_BYTES;
use crate::tuple::{self, Form, Part};

#[derive(Clone, Copy, Default)]
enum Value {
    #[default]
    Null,
    Fixed(u64),
    /// A part of the line.
    Line(u32, u32),
    /// A part of the encoder's own bytes.
    Own(u32, u32),
}

pub struct RowEncoder {
    columns: Vec<Column>,
    /// Positions of the columns by attribute.
    order: Vec<usize>,
    attributes: usize,
    values: Vec<Value>,
    /// Bytes that are not a part of the line: unescaped, padded, converted.
    own: Vec<u8>,
    own_from: usize,
    nulls: bool,
    /// Attribute count and codes of a row without nulls.
    header: Vec<u8>,
    /// How each column's values stand in a heap tuple.
    forms: Vec<Form>,
    toast_target: usize,
}

impl RowEncoder {
    /// None where a column's attribute is out of range or named twice.
    pub fn new(columns: Vec<Column>, attributes: usize, toast_target: usize) -> Option<RowEncoder> {
        let mut order: Vec<usize> = (0..columns.len()).collect();
        order.sort_by_key(|index| columns[*index].attribute);
        let twice = order
            .windows(2)
            .any(|pair| columns[pair[0]].attribute == columns[pair[1]].attribute);
        if twice || columns.iter().any(|column| column.attribute >= attributes) {
            return None;
        }
        let mut header = u16::try_from(attributes).ok()?.to_le_bytes().to_vec();
        header.resize(2 + attributes.div_ceil(2), 0);
        for column in &columns {
            set_code(&mut header[2..], column.attribute, column.kind.code());
        }
        Some(RowEncoder {
            values: vec![Value::Null; columns.len()],
            forms: columns.iter().map(form_of).collect(),
            toast_target,
            columns,
            order,
            attributes,
            own: Vec::new(),
            own_from: 0,
            nulls: false,
            header,
        })
    }

    pub fn count(&self) -> usize {
        self.columns.len()
    }

    pub fn begin(&mut self) {
        self.own.clear();
        self.own_from = 0;
        self.nulls = false;
    }

    /// Where bytes of the next `own_field` are to be appended.
    pub fn text(&mut self) -> &mut Vec<u8> {
        self.own_from = self.own.len();
        &mut self.own
    }

    pub fn null(&mut self, index: usize) -> bool {
        self.values[index] = Value::Null;
        self.nulls = true;
        !self.columns[index].not_null
    }

    /// A value of the fixed part, by its bits.
    pub fn bits(&mut self, index: usize, bits: u64) {
        self.values[index] = Value::Fixed(bits);
    }

    /// A value of variable length in its stored form.
    pub fn stored_bytes(&mut self, index: usize, bytes: &[u8]) {
        let from = self.own.len() as u32;
        self.own.extend_from_slice(bytes);
        self.values[index] = Value::Own(from, self.own.len() as u32);
    }

    /// A field that stands in the line.
    pub fn field(&mut self, index: usize, line: &[u8], start: usize, end: usize) -> bool {
        let kind = self.columns[index].kind;
        let field = &line[start..end];
        if let Kind::Text(limit) = kind {
            self.values[index] = Value::Line(start as u32, end as u32);
            return values::fits(field, limit);
        }
        self.convert(index, kind, field)
    }

    /// The field whose bytes were appended to `text`.
    pub fn own_field(&mut self, index: usize) -> bool {
        let kind = self.columns[index].kind;
        let (start, end) = (self.own_from, self.own.len());
        if let Kind::Text(limit) = kind {
            self.values[index] = Value::Own(start as u32, end as u32);
            return values::fits(&self.own[start..], limit);
        }
        let field = self.own[start..].to_vec();
        self.own.truncate(start);
        self.convert(index, kind, &field)
    }

    fn convert(&mut self, index: usize, kind: Kind, field: &[u8]) -> bool {
        let from = self.own.len() as u32;
        let taken = match kind {
            Kind::Bpchar(length) => values::pad(field, length, &mut self.own).then_some(None),
            Kind::Numeric(modifier) => {
                values::numeric(field, modifier, &mut self.own).then_some(None)
            }
            Kind::Uuid => values::uuid(field, &mut self.own).then_some(None),
            _ => values::fixed(kind, field).map(Some),
        };
        match taken {
            Some(Some(Fixed(bits))) => self.values[index] = Value::Fixed(bits),
            Some(None) => self.values[index] = Value::Own(from, self.own.len() as u32),
            None => return false,
        }
        true
    }

    /// Appends the row; its size as a heap tuple. None where it would be too large for a row.
    pub fn finish(&mut self, line: &[u8], out: &mut Vec<u8>) -> Option<u32> {
        if line.len() + self.own.len() > u32::MAX as usize / 4 {
            return None;
        }
        out.extend_from_slice(&[0; 8]);
        let codes_at = out.len() + 2;
        out.extend_from_slice(&self.header);
        debug_assert_eq!(
            self.header.len() + 8,
            HEADER_BYTES + self.attributes.div_ceil(2)
        );
        for index in &self.order {
            let column = &self.columns[*index];
            match self.values[*index] {
                Value::Fixed(bits) => {
                    let width = column.kind.width();
                    out.extend_from_slice(&bits.to_le_bytes()[..width]);
                }
                Value::Null => set_code(&mut out[codes_at..], column.attribute, 0),
                _ => {}
            }
        }
        for index in &self.order {
            let bytes = match self.values[*index] {
                Value::Line(start, end) => &line[start as usize..end as usize],
                Value::Own(start, end) => &self.own[start as usize..end as usize],
                _ => continue,
            };
            put_varint(out, bytes.len() as u64);
            out.extend_from_slice(bytes);
        }
        self.tuple_bytes(line)
    }

    /// Size of the row as a heap tuple; None where no page could hold it.
    fn tuple_bytes(&self, line: &[u8]) -> Option<u32> {
        let has_nulls = self.nulls || self.columns.len() < self.attributes;
        let header = tuple::header_bytes(self.attributes, has_nulls);
        let mut end = 0;
        for index in &self.order {
            let payload = match self.values[*index] {
                Value::Null => continue,
                Value::Fixed(_) => 0,
                Value::Line(start, end) => (end - start) as usize,
                Value::Own(start, end) => payload(
                    self.columns[*index].kind,
                    &self.own[start as usize..end as usize],
                ),
            };
            end = tuple::value_end(end, self.forms[*index], payload);
        }
        let bytes = if header + end <= tuple::TOAST_THRESHOLD {
            header + end
        } else {
            self.toasted_bytes(line, header)
        };
        (bytes <= tuple::TUPLE_BYTES_MAX).then_some(bytes as u32)
    }

    fn toasted_bytes(&self, line: &[u8], header: usize) -> usize {
        let parts = self.order.iter().filter_map(|index| {
            let bytes = self.stored(*index, line)?;
            let payload = payload(self.columns[*index].kind, bytes);
            Some(Part::new(self.forms[*index], payload, bytes))
        });
        tuple::toasted_bytes(header, &mut parts.collect::<Vec<_>>(), self.toast_target)
    }

    /// Bytes of a value of variable length; empty for one of the fixed part, None for null.
    fn stored<'a>(&'a self, index: usize, line: &'a [u8]) -> Option<&'a [u8]> {
        match self.values[index] {
            Value::Null => None,
            Value::Fixed(_) => Some(&[]),
            Value::Line(start, end) => Some(&line[start as usize..end as usize]),
            Value::Own(start, end) => Some(&self.own[start as usize..end as usize]),
        }
    }
}

fn form_of(column: &Column) -> Form {
    let (length, alignment) = match column.kind {
        Kind::Uuid => (16, 1),
        kind => match kind.width() {
            0 => (0, 4),
            width => (width, width),
        },
    };
    Form {
        length,
        align_mask: alignment - 1,
        strategy: column.strategy,
    }
}

/// Bytes that PostgreSQL stores for a value of variable length, without its length word.
fn payload(kind: Kind, stored: &[u8]) -> usize {
    match (kind, stored) {
        (Kind::Numeric(_), [_, high, low, magnitude @ ..]) => {
            let magnitude = magnitude
                .iter()
                .fold(0u64, |value, byte| value << 8 | u64::from(*byte));
            tuple::numeric_bytes(magnitude, usize::from(*high) << 8 | usize::from(*low))
        }
        _ => stored.len(),
    }
}

fn set_code(codes: &mut [u8], attribute: usize, code: u8) {
    let shift = if attribute.is_multiple_of(2) { 0 } else { 4 };
    let byte = &mut codes[attribute / 2];
    *byte = (*byte & !(15 << shift)) | (code << shift);
}
