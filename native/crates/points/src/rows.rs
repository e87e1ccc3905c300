//! Stored rows that point statements write.

use helios_columns::row::{assemble, parts};

use crate::expression::{Inputs, evaluate};
use crate::program::{Insert, Update};
use crate::refused::Refused;
use crate::value::{Value, fits};

/// The row with the assigned values in place of those that it has.
pub fn changed_row(
    old: &[u8],
    update: &Update,
    inputs: &Inputs<'_>,
) -> std::result::Result<Vec<u8>, Refused> {
    let mut row = Vec::new();
    parts(old, &mut row)?;
    if row.len() != update.attributes {
        return Err(Refused);
    }
    let mut fixed = Vec::with_capacity(update.assigned.len());
    let mut values = Vec::with_capacity(update.assigned.len());
    for assigned in &update.assigned {
        let inputs = Inputs {
            row: &row,
            ..*inputs
        };
        let value = evaluate(&assigned.steps, &inputs).ok_or(Refused)?;
        fixed.push(match value {
            Value::Int(number) => number.to_le_bytes(),
            _ => [0; 8],
        });
        values.push(value);
    }
    let mut changed = row.clone();
    for ((assigned, value), bits) in update.assigned.iter().zip(values).zip(&fixed) {
        let column = &assigned.column;
        let place = changed.get_mut(column.attribute).ok_or(Refused)?;
        *place = match value {
            Value::Null if column.not_null => return Err(Refused),
            Value::Null => (0, &[]),
            Value::Int(number) if column.kind.width() > 0 && fits(column.kind, number) => {
                (column.kind.code(), &bits[..column.kind.width()])
            }
            Value::Bytes(bytes) if column.kind.width() == 0 => (column.kind.code(), bytes),
            _ => return Err(Refused),
        };
    }
    let mut out = Vec::with_capacity(old.len() + 16);
    assemble(&changed, &mut out);
    Ok(out)
}

/// Appends the new row; its size as a heap tuple.
pub fn new_row(
    insert: &Insert,
    inputs: &Inputs<'_>,
    out: &mut Vec<u8>,
) -> std::result::Result<u32, Refused> {
    let mut encoder = insert.encoder.borrow_mut();
    encoder.begin();
    for (index, value) in insert.values.iter().enumerate() {
        let kind = value.column.kind;
        match evaluate(&value.steps, inputs).ok_or(Refused)? {
            Value::Null => {
                if !encoder.null(index) {
                    return Err(Refused);
                }
            }
            Value::Int(number) if kind.width() > 0 && fits(kind, number) => {
                encoder.bits(index, number as u64);
            }
            Value::Bytes(bytes) if kind.width() == 0 => encoder.stored_bytes(index, bytes),
            _ => return Err(Refused),
        }
    }
    encoder.finish(&[], out).ok_or(Refused)
}
