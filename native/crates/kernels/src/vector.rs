//! A column of a batch in memory: values of one physical form, and which of them are null. SQL types share forms: int2,
//! int4 and date are Int4; int8, time, timestamps, money and oids are Int8; all strings are Bytes.

use helios_base::Error;
use serde::Deserialize;

use crate::decimal::{Coefficients, Decimals};
use crate::halt::{Halt, Result};

/// Physical form of a column, known when a program is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Form {
    Bool,
    Int4,
    Int8,
    Float8,
    Decimal,
    Bytes,
}

#[derive(Clone, Debug)]
pub enum Values {
    Bool(Vec<bool>),
    Int4(Vec<i32>),
    Int8(Vec<i64>),
    Float8(Vec<f64>),
    Decimal(Decimals),
    Bytes(Strings),
}

/// Which rows are null; None where none is.
pub type Nulls = Option<Vec<bool>>;

#[derive(Clone, Debug)]
pub struct Vector {
    pub values: Values,
    pub nulls: Nulls,
    /// One value that stands for all rows.
    pub is_constant: bool,
}

/// Strings of bytes, one after the other.
#[derive(Clone, Debug, Default)]
pub struct Strings {
    pub ends: Vec<u32>,
    pub data: Vec<u8>,
}

impl Strings {
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub fn push(&mut self, bytes: &[u8]) {
        self.data.extend_from_slice(bytes);
        self.ends.push(self.data.len() as u32);
    }

    #[inline]
    pub fn get(&self, index: usize) -> &[u8] {
        let from = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.data[from as usize..self.ends[index] as usize]
    }

    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut from = 0;
        self.ends.iter().map(move |end| {
            let bytes = &self.data[from..*end as usize];
            from = *end as usize;
            bytes
        })
    }
}

impl Values {
    pub fn empty(form: Form) -> Values {
        match form {
            Form::Bool => Values::Bool(Vec::new()),
            Form::Int4 => Values::Int4(Vec::new()),
            Form::Int8 => Values::Int8(Vec::new()),
            Form::Float8 => Values::Float8(Vec::new()),
            Form::Decimal => Values::Decimal(Decimals::default()),
            Form::Bytes => Values::Bytes(Strings::default()),
        }
    }

    pub fn form(&self) -> Form {
        match self {
            Values::Bool(_) => Form::Bool,
            Values::Int4(_) => Form::Int4,
            Values::Int8(_) => Form::Int8,
            Values::Float8(_) => Form::Float8,
            Values::Decimal(_) => Form::Decimal,
            Values::Bytes(_) => Form::Bytes,
        }
    }

    pub fn len(&self) -> usize {
        match self {
            Values::Bool(values) => values.len(),
            Values::Int4(values) => values.len(),
            Values::Int8(values) => values.len(),
            Values::Float8(values) => values.len(),
            Values::Decimal(values) => values.len(),
            Values::Bytes(values) => values.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes that the values take up.
    pub fn bytes(&self) -> usize {
        match self {
            Values::Bool(values) => values.len(),
            Values::Int4(values) => values.len() * 4,
            Values::Int8(values) => values.len() * 8,
            Values::Float8(values) => values.len() * 8,
            Values::Decimal(values) => values.len() * 16,
            Values::Bytes(values) => values.data.len() + values.len() * 4,
        }
    }

    /// The values of these rows, in this order.
    pub fn select(&self, rows: &[u32]) -> Values {
        fn chosen<T: Copy>(values: &[T], rows: &[u32]) -> Vec<T> {
            rows.iter().map(|row| values[*row as usize]).collect()
        }
        match self {
            Values::Bool(values) => Values::Bool(chosen(values, rows)),
            Values::Int4(values) => Values::Int4(chosen(values, rows)),
            Values::Int8(values) => Values::Int8(chosen(values, rows)),
            Values::Float8(values) => Values::Float8(chosen(values, rows)),
            Values::Decimal(values) => Values::Decimal(Decimals {
                coefficients: match &values.coefficients {
                    Coefficients::Narrow(values) => Coefficients::Narrow(chosen(values, rows)),
                    Coefficients::Wide(values) => Coefficients::Wide(chosen(values, rows)),
                },
                scale: values.scale,
                display: values.display.as_ref().map(|scales| chosen(scales, rows)),
                is_settled: values.is_settled,
            }),
            Values::Bytes(values) => {
                let mut out = Strings::default();
                out.ends.reserve(rows.len());
                for row in rows {
                    out.push(values.get(*row as usize));
                }
                Values::Bytes(out)
            }
        }
    }

    /// Appends another one's value.
    pub fn push_from(&mut self, other: &Values, row: usize) -> Result<()> {
        match (self, other) {
            (Values::Bool(into), Values::Bool(from)) => into.push(from[row]),
            (Values::Int4(into), Values::Int4(from)) => into.push(from[row]),
            (Values::Int8(into), Values::Int8(from)) => into.push(from[row]),
            (Values::Float8(into), Values::Float8(from)) => into.push(from[row]),
            (Values::Decimal(into), Values::Decimal(from)) => return into.push_from(from, row),
            (Values::Bytes(into), Values::Bytes(from)) => into.push(from.get(row)),
            _ => return Err(mixed_forms()),
        }
        Ok(())
    }

    /// Appends some value: that of a null.
    pub fn push_default(&mut self) {
        match self {
            Values::Bool(into) => into.push(false),
            Values::Int4(into) => into.push(0),
            Values::Int8(into) => into.push(0),
            Values::Float8(into) => into.push(0.0),
            Values::Decimal(into) => into.push_zero(),
            Values::Bytes(into) => into.push(&[]),
        }
    }
}

/// Programs are checked when they are compiled, so this can't happen.
pub fn mixed_forms() -> Halt {
    Halt::Failed(Error::internal("a kernel was given values of another form"))
}

impl Vector {
    pub fn new(values: Values, nulls: Nulls) -> Vector {
        Vector {
            values,
            nulls,
            is_constant: false,
        }
    }

    pub fn constant(values: Values) -> Vector {
        Vector {
            values,
            nulls: None,
            is_constant: true,
        }
    }

    /// A null for all rows.
    pub fn null(form: Form) -> Vector {
        let mut values = Values::empty(form);
        values.push_default();
        Vector {
            values,
            nulls: Some(vec![true]),
            is_constant: true,
        }
    }

    /// Where a row's value stands.
    #[inline]
    pub fn place(&self, row: usize) -> usize {
        if self.is_constant { 0 } else { row }
    }

    #[inline]
    pub fn is_null(&self, row: usize) -> bool {
        self.nulls
            .as_ref()
            .is_some_and(|nulls| nulls[self.place(row)])
    }

    pub fn select(&self, rows: &[u32]) -> Vector {
        if self.is_constant {
            return self.clone();
        }
        let nulls = self.nulls.as_ref().map(|nulls| {
            let chosen: Vec<bool> = rows.iter().map(|row| nulls[*row as usize]).collect();
            chosen
        });
        Vector::new(
            self.values.select(rows),
            nulls.filter(|nulls| nulls.contains(&true)),
        )
    }

    /// The same with a value for each of `count` rows.
    pub fn spread(self, count: usize) -> Vector {
        if !self.is_constant {
            return self;
        }
        let rows = vec![0; count];
        let nulls = self.nulls.map(|nulls| vec![nulls[0]; count]);
        Vector::new(self.values.select(&rows), nulls)
    }
}

/// One side of an operation: a value for each row, or one for all.
#[derive(Clone, Copy)]
pub enum Side<'a, T> {
    Many(&'a [T]),
    One(T),
}

impl<'a, T: Copy> Side<'a, T> {
    pub fn new(values: &'a [T], is_constant: bool) -> Side<'a, T> {
        match values {
            [only] if is_constant => Side::One(*only),
            _ => Side::Many(values),
        }
    }
}

/// Applies an operation to all pairs.
#[inline]
pub fn zip<A: Copy, B: Copy, R>(a: Side<'_, A>, b: Side<'_, B>, f: impl Fn(A, B) -> R) -> Vec<R> {
    match (a, b) {
        (Side::Many(a), Side::Many(b)) => a.iter().zip(b).map(|(a, b)| f(*a, *b)).collect(),
        (Side::Many(a), Side::One(b)) => a.iter().map(|a| f(*a, b)).collect(),
        (Side::One(a), Side::Many(b)) => b.iter().map(|b| f(a, *b)).collect(),
        (Side::One(a), Side::One(b)) => vec![f(a, b)],
    }
}

/// Nulls of a strict operation's result: where any argument is null.
pub fn strict_nulls(args: &[&Vector]) -> Nulls {
    let is_constant = args.iter().all(|arg| arg.is_constant);
    let mut found: Nulls = None;
    for arg in args {
        let Some(nulls) = &arg.nulls else {
            continue;
        };
        if arg.is_constant && !is_constant {
            if nulls[0] {
                let count = args.iter().find(|arg| !arg.is_constant);
                return Some(vec![true; count.map_or(1, |arg| arg.values.len())]);
            }
            continue;
        }
        match &mut found {
            None => found = Some(nulls.clone()),
            Some(found) => {
                for (into, null) in found.iter_mut().zip(nulls) {
                    *into |= *null;
                }
            }
        }
    }
    found
}
