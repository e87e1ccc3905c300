//! Comparisons, by PostgreSQL's rules for each form: NaN equals NaN and is above all numbers, strings go by their bytes
//! (the caller sees to it that the collation does, too), char(n) without its trailing spaces.

use std::cmp::Ordering;

use crate::halt::Result;
use crate::vector::{Side, Values, Vector, mixed_forms, zip};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    /// From the end of a function's name.
    pub fn of_suffix(suffix: &str) -> Option<Comparison> {
        Some(match suffix {
            "eq" => Comparison::Equal,
            "ne" => Comparison::NotEqual,
            "lt" => Comparison::Less,
            "le" => Comparison::LessOrEqual,
            "gt" => Comparison::Greater,
            "ge" => Comparison::GreaterOrEqual,
            _ => return None,
        })
    }

    pub fn orders(self) -> bool {
        !matches!(self, Comparison::Equal | Comparison::NotEqual)
    }

    #[inline]
    pub fn holds(self, ordering: Ordering) -> bool {
        match self {
            Comparison::Equal => ordering.is_eq(),
            Comparison::NotEqual => ordering.is_ne(),
            Comparison::Less => ordering.is_lt(),
            Comparison::LessOrEqual => ordering.is_le(),
            Comparison::Greater => ordering.is_gt(),
            Comparison::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// Which rows the comparison holds for; what stands at nulls means nothing.
pub fn compare(comparison: Comparison, a: &Vector, b: &Vector, padded: bool) -> Result<Vec<bool>> {
    let (ac, bc) = (a.is_constant, b.is_constant);
    Ok(match (&a.values, &b.values) {
        (Values::Int4(x), Values::Int4(y)) => plain(comparison, Side::new(x, ac), Side::new(y, bc)),
        (Values::Int8(x), Values::Int8(y)) => plain(comparison, Side::new(x, ac), Side::new(y, bc)),
        (Values::Bool(x), Values::Bool(y)) => plain(comparison, Side::new(x, ac), Side::new(y, bc)),
        (Values::Int4(_) | Values::Int8(_), Values::Int4(_) | Values::Int8(_)) => {
            let (x, y) = (widened(&a.values)?, widened(&b.values)?);
            plain(comparison, Side::new(&x, ac), Side::new(&y, bc))
        }
        (Values::Float8(x), Values::Float8(y)) => {
            let (x, y) = (Side::new(x, ac), Side::new(y, bc));
            zip(x, y, |x, y| comparison.holds(order_of_floats(x, y)))
        }
        (Values::Decimal(x), Values::Decimal(y)) => {
            let scale = x.scale.max(y.scale);
            let (x, y) = (x.under(scale)?, y.under(scale)?);
            use crate::decimal::Coefficients::{Narrow, Wide};
            match (&x, &y) {
                (Narrow(x), Narrow(y)) => plain(comparison, Side::new(x, ac), Side::new(y, bc)),
                (Wide(x), Wide(y)) => plain(comparison, Side::new(x, ac), Side::new(y, bc)),
                (Wide(x), Narrow(y)) => {
                    zip(Side::new(x, ac), Side::new(y, bc), |x: i128, y: i64| {
                        comparison.holds(x.cmp(&i128::from(y)))
                    })
                }
                (Narrow(x), Wide(y)) => {
                    zip(Side::new(x, ac), Side::new(y, bc), |x: i64, y: i128| {
                        comparison.holds(i128::from(x).cmp(&y))
                    })
                }
            }
        }
        (Values::Bytes(x), Values::Bytes(y)) => {
            let trim = |bytes| if padded { trimmed(bytes) } else { bytes };
            match (ac && x.len() == 1, bc && y.len() == 1) {
                (_, true) => {
                    let y = trim(y.get(0));
                    x.iter().map(|x| comparison.holds(trim(x).cmp(y))).collect()
                }
                (true, false) => {
                    let x = trim(x.get(0));
                    y.iter().map(|y| comparison.holds(x.cmp(trim(y)))).collect()
                }
                _ => x
                    .iter()
                    .zip(y.iter())
                    .map(|(x, y)| comparison.holds(trim(x).cmp(trim(y))))
                    .collect(),
            }
        }
        _ => return Err(mixed_forms()),
    })
}

/// One loop for each operator, so that each is as plain as it can be.
fn plain<T: Copy + Ord>(comparison: Comparison, a: Side<'_, T>, b: Side<'_, T>) -> Vec<bool> {
    match comparison {
        Comparison::Equal => zip(a, b, |a, b| a == b),
        Comparison::NotEqual => zip(a, b, |a, b| a != b),
        Comparison::Less => zip(a, b, |a, b| a < b),
        Comparison::LessOrEqual => zip(a, b, |a, b| a <= b),
        Comparison::Greater => zip(a, b, |a, b| a > b),
        Comparison::GreaterOrEqual => zip(a, b, |a, b| a >= b),
    }
}

pub fn widened(values: &Values) -> Result<Vec<i64>> {
    match values {
        Values::Int4(values) => Ok(values.iter().map(|value| i64::from(*value)).collect()),
        Values::Int8(values) => Ok(values.clone()),
        _ => Err(mixed_forms()),
    }
}

/// NaN is above all numbers and equal to itself; both zeros are equal.
#[inline]
pub fn order_of_floats(a: f64, b: f64) -> Ordering {
    match a.partial_cmp(&b) {
        Some(ordering) => ordering,
        None => a.is_nan().cmp(&b.is_nan()),
    }
}

/// A char(n) without its trailing spaces.
#[inline]
pub fn trimmed(bytes: &[u8]) -> &[u8] {
    let end = bytes
        .iter()
        .rposition(|byte| *byte != b' ')
        .map_or(0, |last| last + 1);
    &bytes[..end]
}
