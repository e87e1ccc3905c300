//! Arithmetic and casts. What PostgreSQL answers with an error (overflow, division by zero) is declined: the executor's
//! nodes word it, for the row that comes first.

use std::cell::Cell;

use crate::compare::widened;
use crate::decimal::{Coefficients, Decimals, Operation, apply};
use crate::halt::{Halt, Result};
use crate::vector::{Nulls, Side, Values, Vector, mixed_forms, zip};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// The type of a whole number, which bounds its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whole {
    Int2,
    Int4,
    Int8,
}

impl Whole {
    fn holds(self, value: i64) -> bool {
        match self {
            Whole::Int2 => i16::try_from(value).is_ok(),
            Whole::Int4 => i32::try_from(value).is_ok(),
            Whole::Int8 => true,
        }
    }
}

fn out_of_range() -> Halt {
    Halt::Declined("a number out of range")
}

/// Some row that is not null fails the test.
fn any_fails(fails: impl Fn(usize) -> bool, count: usize, nulls: &Nulls) -> bool {
    (0..count).any(|row| fails(row) && !nulls.as_ref().is_some_and(|nulls| nulls[row]))
}

/// Whole numbers in 64 bits; the result must be of the type.
pub fn whole(
    operation: Arithmetic,
    result: Whole,
    a: &Vector,
    b: &Vector,
    nulls: &Nulls,
) -> Result<Values> {
    let (x, y) = (widened(&a.values)?, widened(&b.values)?);
    let (x, y) = (Side::new(&x, a.is_constant), Side::new(&y, b.is_constant));
    let overflow = Cell::new(false);
    let flagged = |(value, overflowed): (i64, bool)| {
        overflow.set(overflow.get() | overflowed);
        value
    };
    let values = match operation {
        Arithmetic::Add => zip(x, y, |x: i64, y: i64| flagged(x.overflowing_add(y))),
        Arithmetic::Subtract => zip(x, y, |x: i64, y: i64| flagged(x.overflowing_sub(y))),
        Arithmetic::Multiply => zip(x, y, |x: i64, y: i64| flagged(x.overflowing_mul(y))),
        Arithmetic::Divide | Arithmetic::Remainder => {
            let divisors: Vec<i64> = zip(x, y, |_, y: i64| y);
            if any_fails(|row| divisors[row] == 0, divisors.len(), nulls) {
                return Err(Halt::Declined("a division by zero"));
            }
            zip(x, y, |x: i64, y: i64| match (operation, y) {
                (_, 0) => 0,
                (Arithmetic::Divide, _) => flagged(x.overflowing_div(y)),
                _ => x.wrapping_rem(y),
            })
        }
    };
    if overflow.get() || any_fails(|row| !result.holds(values[row]), values.len(), nulls) {
        return Err(out_of_range());
    }
    Ok(match result {
        Whole::Int8 => Values::Int8(values),
        _ => Values::Int4(values.into_iter().map(|value| value as i32).collect()),
    })
}

pub fn decimals(operation: Operation, a: &Vector, b: &Vector) -> Result<Values> {
    let (Values::Decimal(x), Values::Decimal(y)) = (&a.values, &b.values) else {
        return Err(mixed_forms());
    };
    apply(operation, (x, a.is_constant), (y, b.is_constant)).map(Values::Decimal)
}

pub fn negated(arg: &Vector) -> Result<Values> {
    Ok(match &arg.values {
        Values::Decimal(decimals) => {
            let coefficients = match &decimals.coefficients {
                Coefficients::Narrow(values) if !values.contains(&i64::MIN) => {
                    Coefficients::Narrow(values.iter().map(|value| -value).collect())
                }
                _ => Coefficients::Wide(decimals.wide().iter().map(|value| -value).collect()),
            };
            Values::Decimal(Decimals {
                coefficients,
                ..decimals.clone()
            })
        }
        Values::Float8(values) => Values::Float8(values.iter().map(|value| -value).collect()),
        Values::Int4(values) if !values.contains(&i32::MIN) => {
            Values::Int4(values.iter().map(|value| -value).collect())
        }
        Values::Int8(values) if !values.contains(&i64::MIN) => {
            Values::Int8(values.iter().map(|value| -value).collect())
        }
        _ => return Err(out_of_range()),
    })
}

/// double precision; overflow to infinity and underflow to zero are errors where the arguments are finite.
pub fn floats(operation: Arithmetic, a: &Vector, b: &Vector, nulls: &Nulls) -> Result<Values> {
    let (Values::Float8(x), Values::Float8(y)) = (&a.values, &b.values) else {
        return Err(mixed_forms());
    };
    let (x, y) = (Side::new(x, a.is_constant), Side::new(y, b.is_constant));
    let strange = Cell::new(false);
    let values = zip(x, y, |x: f64, y: f64| {
        let value = match operation {
            Arithmetic::Add => x + y,
            Arithmetic::Subtract => x - y,
            Arithmetic::Multiply => x * y,
            Arithmetic::Divide => x / y,
            Arithmetic::Remainder => f64::NAN,
        };
        let vanished = value == 0.0
            && match operation {
                Arithmetic::Multiply => x != 0.0 && y != 0.0,
                Arithmetic::Divide => x != 0.0,
                _ => false,
            };
        strange.set(strange.get() | !value.is_finite() | vanished);
        value
    });
    // Which of the strange values are errors is not for a loop like this one.
    if strange.get()
        && any_fails(
            |row| !values[row].is_finite() || values[row] == 0.0,
            values.len(),
            nulls,
        )
    {
        return Err(out_of_range());
    }
    Ok(Values::Float8(values))
}

/// The infinite dates are the ends of their form.
fn finite_dates(values: &[i32], nulls: &Nulls) -> Result<()> {
    let infinite = |row: usize| values[row] == i32::MIN || values[row] == i32::MAX;
    if any_fails(infinite, values.len(), nulls) {
        return Err(Halt::Declined("an infinite date"));
    }
    Ok(())
}

const MICROSECONDS_A_DAY: i64 = 86_400_000_000;
/// First day that no timestamp has (294277-01-01), in days since 2000-01-01.
const TIMESTAMP_DAY_END: i32 = 106_751_983;

/// Dates as the timestamps of their midnights, to be compared: those beyond all timestamps are as good as infinite.
pub fn as_timestamps(vector: &Vector) -> Vector {
    let Values::Int4(days) = &vector.values else {
        return vector.clone();
    };
    let midnight = |day: &i32| match *day {
        i32::MIN => i64::MIN,
        day if day >= TIMESTAMP_DAY_END => i64::MAX,
        day => i64::from(day) * MICROSECONDS_A_DAY,
    };
    Vector {
        values: Values::Int8(days.iter().map(midnight).collect()),
        nulls: vector.nulls.clone(),
        is_constant: vector.is_constant,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cast {
    ToInt2,
    ToInt4,
    ToInt8,
    ToNumeric,
    ToFloat8,
    DateToTimestamp,
}

pub fn cast(kind: Cast, arg: &Vector) -> Result<Values> {
    let nulls = &arg.nulls;
    Ok(match (kind, &arg.values) {
        (Cast::ToInt8, values) => Values::Int8(widened(values)?),
        (Cast::ToInt2 | Cast::ToInt4, values) => {
            let wide = widened(values)?;
            let whole = if kind == Cast::ToInt2 {
                Whole::Int2
            } else {
                Whole::Int4
            };
            if any_fails(|row| !whole.holds(wide[row]), wide.len(), nulls) {
                return Err(out_of_range());
            }
            Values::Int4(wide.into_iter().map(|value| value as i32).collect())
        }
        (Cast::ToNumeric, values) => Values::Decimal(Decimals {
            coefficients: Coefficients::Narrow(widened(values)?),
            scale: 0,
            display: None,
            is_settled: true,
        }),
        (Cast::ToFloat8, Values::Decimal(decimals)) => Values::Float8(rounded(decimals)?),
        (Cast::ToFloat8, values) => Values::Float8(
            widened(values)?
                .into_iter()
                .map(|value| value as f64)
                .collect(),
        ),
        (Cast::DateToTimestamp, Values::Int4(days)) => {
            finite_dates(days, nulls)?;
            if any_fails(|row| days[row] >= TIMESTAMP_DAY_END, days.len(), nulls) {
                return Err(out_of_range());
            }
            Values::Int8(
                days.iter()
                    .map(|day| i64::from(*day).wrapping_mul(MICROSECONDS_A_DAY))
                    .collect(),
            )
        }
        _ => return Err(mixed_forms()),
    })
}

/// Powers of ten that a double holds exactly.
const EXACT_POWER_MAX: u16 = 22;

/// Correctly rounded: one division of two exact doubles is.
fn rounded(decimals: &Decimals) -> Result<Vec<f64>> {
    let exact = |coefficient: i64| coefficient.unsigned_abs() <= 1 << 53;
    match &decimals.coefficients {
        Coefficients::Narrow(values)
            if decimals.scale <= EXACT_POWER_MAX && values.iter().all(|value| exact(*value)) =>
        {
            let divisor = 10f64.powi(i32::from(decimals.scale));
            Ok(values.iter().map(|value| *value as f64 / divisor).collect())
        }
        _ => Err(Halt::Declined("a numeric that no double holds exactly")),
    }
}

/// date plus or minus a number of days.
pub fn shifted_date(a: &Vector, b: &Vector, sign: i64, nulls: &Nulls) -> Result<Values> {
    let Values::Int4(days) = &a.values else {
        return Err(mixed_forms());
    };
    finite_dates(days, &a.nulls)?;
    let (x, y) = (widened(&a.values)?, widened(&b.values)?);
    let (x, y) = (Side::new(&x, a.is_constant), Side::new(&y, b.is_constant));
    let values = zip(x, y, |x: i64, y: i64| x + sign * y);
    let outside = |row: usize| !(-2_451_545..2_145_031_949).contains(&values[row]);
    if any_fails(outside, values.len(), nulls) {
        return Err(out_of_range());
    }
    Ok(Values::Int4(
        values.into_iter().map(|value| value as i32).collect(),
    ))
}

/// Days between two dates.
pub fn days_between(a: &Vector, b: &Vector) -> Result<Values> {
    let (Values::Int4(x), Values::Int4(y)) = (&a.values, &b.values) else {
        return Err(mixed_forms());
    };
    finite_dates(x, &a.nulls)?;
    finite_dates(y, &b.nulls)?;
    let (x, y) = (Side::new(x, a.is_constant), Side::new(y, b.is_constant));
    Ok(Values::Int4(zip(x, y, |x: i32, y: i32| x.wrapping_sub(y))))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateField {
    Year,
    Month,
    Day,
}

/// extract(field from date), a numeric without decimals.
pub fn date_field(field: DateField, arg: &Vector) -> Result<Values> {
    let Values::Int4(days) = &arg.values else {
        return Err(mixed_forms());
    };
    finite_dates(days, &arg.nulls)?;
    let values = days
        .iter()
        .map(|day| {
            let (year, month, day) = civil(i64::from(*day));
            match field {
                // There is no year 0: 1 BC precedes 1.
                DateField::Year if year <= 0 => year - 1,
                DateField::Year => year,
                DateField::Month => month,
                DateField::Day => day,
            }
        })
        .collect();
    Ok(Values::Decimal(Decimals {
        coefficients: Coefficients::Narrow(values),
        scale: 0,
        display: None,
        is_settled: true,
    }))
}

/// Year, month and day of a number of days since 2000-01-01, in the proleptic Gregorian calendar: years are counted from
/// March, so that the leap day comes last, in cycles of 400 years.
fn civil(days: i64) -> (i64, i64, i64) {
    const DAYS_TO_MARCH_0000: i64 = 730_425;
    const DAYS_A_CYCLE: i64 = 146_097;
    let shifted = days + DAYS_TO_MARCH_0000;
    let cycle = shifted.div_euclid(DAYS_A_CYCLE);
    let day = shifted.rem_euclid(DAYS_A_CYCLE);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month + 2) / 5 + 1;
    let calendar_month = if month < 10 { month + 3 } else { month - 9 };
    let calendar_year = year + cycle * 400 + i64::from(calendar_month <= 2);
    (calendar_year, calendar_month, day_of_month)
}

#[cfg(test)]
mod tests {
    use super::civil;

    #[test]
    fn days_of_the_calendar() {
        assert_eq!(civil(0), (2000, 1, 1));
        assert_eq!(civil(59), (2000, 2, 29));
        assert_eq!(civil(60), (2000, 3, 1));
        assert_eq!(civil(-1), (1999, 12, 31));
        assert_eq!(civil(-10957), (1970, 1, 1));
        assert_eq!(civil(-730_119), (1, 1, 1));
        assert_eq!(civil(-730_120), (0, 12, 31));
    }
}
