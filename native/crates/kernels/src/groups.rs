//! The groups of an aggregation: rows with equal keys get the same number. A group keeps the key values of its first row,
//! and where that row stood, so that groups come out in the order of their first rows however many threads found them.

use hashbrown::HashMap;

use crate::compare::trimmed;
use crate::halt::Result;
use crate::vector::{Values, Vector, mixed_forms};

pub struct Groups {
    keys: Vec<KeyColumn>,
    /// Place of each group's first row.
    first: Vec<u64>,
    /// Where in the key columns its values stand.
    shown: Vec<u32>,
    table: Table,
    scratch: Vec<u8>,
    key_bytes: usize,
}

struct KeyColumn {
    values: Values,
    nulls: Vec<bool>,
    /// char(n): trailing spaces do not count.
    padded: bool,
}

enum Table {
    /// One key that is a whole number.
    Whole {
        known: HashMap<i64, u32>,
        null: Option<u32>,
    },
    /// Encoded keys: those of at most 16 bytes, the rest.
    Encoded {
        short: HashMap<u128, u32>,
        long: HashMap<Box<[u8]>, u32>,
    },
}

/// Bytes that a group takes beside its keys and states: entry of the hash table, first row.
const GROUP_BYTES: usize = 48;

impl Groups {
    /// `keys`: an empty column for each key, and whether it is a char(n).
    pub fn new(keys: Vec<(Values, bool)>) -> Groups {
        let table = match keys.as_slice() {
            [(Values::Int4(_) | Values::Int8(_), _)] => Table::Whole {
                known: HashMap::new(),
                null: None,
            },
            _ => Table::Encoded {
                short: HashMap::new(),
                long: HashMap::new(),
            },
        };
        Groups {
            keys: keys
                .into_iter()
                .map(|(values, padded)| KeyColumn {
                    values,
                    nulls: Vec::new(),
                    padded,
                })
                .collect(),
            first: Vec::new(),
            shown: Vec::new(),
            table,
            scratch: Vec::new(),
            key_bytes: 0,
        }
    }

    pub fn len(&self) -> usize {
        self.first.len()
    }

    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// Memory in use.
    pub fn bytes(&self) -> usize {
        self.first.len() * GROUP_BYTES + self.key_bytes
    }

    /// The number of each row's group. `keys`: a value for each row; `places`: where the rows stand, ascending.
    pub fn find(&mut self, keys: &[Vector], places: &[u64], out: &mut Vec<u32>) -> Result<()> {
        out.clear();
        for (row, place) in places.iter().enumerate() {
            let group = match self.known(keys, row)? {
                (known, _) if known != NEW => known,
                (_, slot) => {
                    let group = self.first.len() as u32;
                    self.settle(slot, group);
                    self.first.push(*place);
                    let shown = self.append(keys, row)?;
                    self.shown.push(shown);
                    group
                }
            };
            out.push(group);
        }
        Ok(())
    }

    /// Takes another one's groups over; the number here of each group there.
    pub fn merge(&mut self, other: &Groups) -> Result<Vec<u32>> {
        let keys: Vec<Vector> = other
            .keys
            .iter()
            .map(|key| {
                Vector::new(key.values.clone(), Some(key.nulls.clone())).select(&other.shown)
            })
            .collect();
        let mut numbers = Vec::new();
        self.find(&keys, &other.first, &mut numbers)?;
        for (there, here) in numbers.iter().enumerate() {
            let here = *here as usize;
            if other.first[there] < self.first[here] {
                self.first[here] = other.first[there];
                // Equal values may look different (1.0 and 1.00): those of the first row show.
                self.shown[here] = self.append(&keys, there)?;
            }
        }
        Ok(numbers)
    }

    /// Groups in the order of their first rows.
    pub fn in_order(&self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.first.len() as u32).collect();
        order.sort_unstable_by_key(|group| self.first[*group as usize]);
        order
    }

    /// A key's value for each group.
    pub fn key(&self, key: usize) -> Vector {
        let KeyColumn { values, nulls, .. } = &self.keys[key];
        Vector::new(values.clone(), Some(nulls.clone())).select(&self.shown)
    }

    fn known(&mut self, keys: &[Vector], row: usize) -> Result<(u32, Slot)> {
        if let Table::Whole { known, null } = &self.table {
            let [key] = keys else {
                return Err(mixed_forms());
            };
            if key.is_null(row) {
                return Ok((null.unwrap_or(NEW), Slot::Null));
            }
            let value = match &key.values {
                Values::Int4(values) => i64::from(values[row]),
                Values::Int8(values) => values[row],
                _ => return Err(mixed_forms()),
            };
            return Ok((
                known.get(&value).copied().unwrap_or(NEW),
                Slot::Whole(value),
            ));
        }
        self.scratch.clear();
        for (key, column) in keys.iter().zip(&self.keys) {
            encode(key, row, column.padded, &mut self.scratch)?;
        }
        let Table::Encoded { short, long } = &self.table else {
            return Err(mixed_forms());
        };
        let encoded = &self.scratch;
        if encoded.len() > 16 {
            let found = long.get(encoded.as_slice()).copied();
            return Ok((found.unwrap_or(NEW), Slot::Long));
        }
        let mut padded = [0; 16];
        padded[..encoded.len()].copy_from_slice(encoded);
        let packed = u128::from_le_bytes(padded);
        Ok((
            short.get(&packed).copied().unwrap_or(NEW),
            Slot::Short(packed),
        ))
    }

    fn settle(&mut self, slot: Slot, group: u32) {
        match (&mut self.table, slot) {
            (Table::Whole { known, .. }, Slot::Whole(value)) => {
                known.insert(value, group);
            }
            (Table::Whole { null, .. }, _) => *null = Some(group),
            (Table::Encoded { short, .. }, Slot::Short(packed)) => {
                short.insert(packed, group);
            }
            (Table::Encoded { long, .. }, _) => {
                self.key_bytes += self.scratch.len();
                long.insert(self.scratch.as_slice().into(), group);
            }
        }
    }

    /// Appends a row's key values to the columns; where they stand.
    fn append(&mut self, keys: &[Vector], row: usize) -> Result<u32> {
        let at = self.keys.first().map_or(0, |key| key.nulls.len());
        for (key, column) in keys.iter().zip(&mut self.keys) {
            let is_null = key.is_null(row);
            column.nulls.push(is_null);
            if is_null {
                column.values.push_default();
            } else {
                column.values.push_from(&key.values, row)?;
            }
            self.key_bytes += match &key.values {
                Values::Bytes(strings) => strings.get(row).len() + 5,
                Values::Decimal(_) => 17,
                _ => 9,
            };
        }
        Ok(at as u32)
    }
}

/// No group's number.
const NEW: u32 = u32::MAX;

/// Where in the table a key belongs.
enum Slot {
    Null,
    Whole(i64),
    Short(u128),
    Long,
}

/// Appends a value so that equal values have equal bytes and none is the beginning of another.
pub fn encode(vector: &Vector, row: usize, padded: bool, out: &mut Vec<u8>) -> Result<()> {
    if vector.is_null(row) {
        out.push(0);
        return Ok(());
    }
    let row = vector.place(row);
    match &vector.values {
        Values::Bool(values) => out.push(1 + u8::from(values[row])),
        Values::Int4(values) => {
            out.push(1);
            out.extend_from_slice(&values[row].to_le_bytes());
        }
        Values::Int8(values) => {
            out.push(1);
            out.extend_from_slice(&values[row].to_le_bytes());
        }
        Values::Float8(values) => {
            out.push(1);
            let value = values[row];
            // Both zeros are one value, and so are all NaNs.
            let bits = match value {
                0.0 => 0,
                _ if value.is_nan() => f64::NAN.to_bits(),
                _ => value.to_bits(),
            };
            out.extend_from_slice(&bits.to_le_bytes());
        }
        Values::Decimal(values) => {
            let (mut coefficient, mut scale) = (values.get(row), values.scale);
            while scale > 0 && coefficient % 10 == 0 {
                coefficient /= 10;
                scale -= 1;
            }
            match i64::try_from(coefficient) {
                Ok(narrow) => {
                    out.push(1);
                    out.extend_from_slice(&narrow.to_le_bytes());
                }
                Err(_) => {
                    out.push(2);
                    out.extend_from_slice(&coefficient.to_le_bytes());
                }
            }
            out.extend_from_slice(&scale.to_le_bytes());
        }
        Values::Bytes(values) => {
            let bytes = values.get(row);
            let bytes = if padded { trimmed(bytes) } else { bytes };
            match u8::try_from(bytes.len()) {
                Ok(length @ 0..=250) => out.push(length + 1),
                _ => {
                    out.push(255);
                    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
                }
            }
            out.extend_from_slice(bytes);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decimal::Decimals;
    use crate::vector::{Form, Strings};

    fn keys(numbers: &[(i128, u16)], texts: &[&str]) -> Vec<Vector> {
        let mut decimals = Decimals::default();
        for (coefficient, scale) in numbers {
            assert!(decimals.push(*coefficient, *scale).is_ok());
        }
        let mut strings = Strings::default();
        for text in texts {
            strings.push(text.as_bytes());
        }
        vec![
            Vector::new(Values::Decimal(decimals), None),
            Vector::new(Values::Bytes(strings), None),
        ]
    }

    #[test]
    fn equal_values_are_one_group_that_shows_its_first_row() -> Result<()> {
        let fresh = || {
            let empty = |form, padded| (Values::empty(form), padded);
            Groups::new(vec![empty(Form::Decimal, false), empty(Form::Bytes, true)])
        };
        let mut numbers = Vec::new();
        let mut groups = fresh();
        groups.find(
            &keys(&[(10, 1), (1, 0), (2, 0)], &["a", "a  ", "b"]),
            &[20, 21, 22],
            &mut numbers,
        )?;
        assert_eq!(numbers, [0, 0, 1]);
        let mut earlier = fresh();
        let long = "c".repeat(300);
        earlier.find(
            &keys(&[(3, 0), (100, 2)], &[&long, "a"]),
            &[5, 7],
            &mut numbers,
        )?;
        assert_eq!(groups.merge(&earlier)?, [2, 0]);
        assert_eq!(groups.in_order(), [2, 0, 1]);
        let first = groups.key(0);
        let Values::Decimal(shown) = &first.values else {
            return Err(mixed_forms());
        };
        assert_eq!(shown.shown(0), (100, 2));
        assert_eq!(shown.shown(1), (2, 0));
        Ok(())
    }
}
