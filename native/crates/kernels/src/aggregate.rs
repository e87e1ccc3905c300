//! Running aggregates: a state for each group, fed a batch at a time, merged with those of other threads at the end. What
//! SQL calls avg is a sum and a count here, divided by the executor.

use hashbrown::HashSet;
use serde::Deserialize;

use crate::compare::{order_of_floats, trimmed};
use crate::decimal::{Coefficients, Decimals, power_of_ten, too_wide};
use crate::groups::encode;
use crate::halt::{Halt, Result};
use crate::vector::{Form, Strings, Values, Vector, mixed_forms};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    CountRows,
    Count,
    CountDistinct,
    /// Of whole numbers and numerics, exact.
    Sum,
    SumFloat,
    Min,
    Max,
    And,
    Or,
}

impl Kind {
    /// Form of the result, None where the kind does not take such an argument.
    pub fn result(self, arg: Option<Form>) -> Option<Form> {
        match (self, arg) {
            (Kind::CountRows, None) | (Kind::Count | Kind::CountDistinct, Some(_)) => {
                Some(Form::Int8)
            }
            (Kind::Sum, Some(Form::Int4 | Form::Int8 | Form::Decimal)) => Some(Form::Decimal),
            (Kind::SumFloat, Some(Form::Float8)) => Some(Form::Float8),
            (Kind::And | Kind::Or, Some(Form::Bool)) => Some(Form::Bool),
            (Kind::Min | Kind::Max, Some(form)) if form != Form::Bool => Some(form),
            _ => None,
        }
    }
}

/// The groups of a batch's rows.
#[derive(Clone, Copy)]
pub enum Grouping<'a> {
    /// All rows are of group 0.
    One,
    Many(&'a [u32]),
}

impl Grouping<'_> {
    #[inline]
    fn of(self, row: usize) -> usize {
        match self {
            Grouping::One => 0,
            Grouping::Many(groups) => groups[row] as usize,
        }
    }
}

/// Rows that an aggregate takes: all of `count`, or those that its FILTER keeps; nulls never count.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    pub count: usize,
    pub keep: Option<&'a [bool]>,
    pub grouping: Grouping<'a>,
}

impl Rows<'_> {
    #[inline]
    fn each(self, arg: Option<&Vector>, mut visit: impl FnMut(usize, usize)) {
        let nulls = arg.and_then(|arg| arg.nulls.as_ref());
        if self.keep.is_none() && nulls.is_none() {
            for row in 0..self.count {
                visit(self.grouping.of(row), row);
            }
            return;
        }
        for row in 0..self.count {
            let is_kept = self.keep.is_none_or(|keep| keep[row]);
            if is_kept && !nulls.is_some_and(|nulls| nulls[row]) {
                visit(self.grouping.of(row), row);
            }
        }
    }
}

pub enum State {
    Count(Vec<i64>),
    Distinct {
        seen: HashSet<(u32, i64)>,
        seen_encoded: HashSet<(u32, Box<[u8]>)>,
        counts: Vec<i64>,
        padded: bool,
        bytes: usize,
    },
    Sum {
        sums: Vec<i128>,
        /// Under which all sums are kept.
        scale: u16,
        /// Largest scale that a value of the group shows; NONE before the first value.
        display: Vec<u32>,
    },
    SumFloat {
        sums: Vec<f64>,
        seen: Vec<bool>,
    },
    Truth {
        values: Vec<bool>,
        seen: Vec<bool>,
        all: bool,
    },
    Extreme {
        slots: Slots,
        seen: Vec<bool>,
        max: bool,
        padded: bool,
    },
}

/// Above every scale.
const NONE: u32 = u32::MAX;

/// The best value of each group so far.
pub enum Slots {
    Int4(Vec<i32>),
    Int8(Vec<i64>),
    Float8(Vec<f64>),
    /// Coefficient and scale as shown.
    Decimal(Vec<(i128, u16)>),
    Bytes(Vec<Box<[u8]>>),
}

/// A float's square must stay finite: PostgreSQL's avg fails otherwise.
const FLOAT_MAX: f64 = 1e150;

impl State {
    /// `arg`: form of the argument; `padded`: it is a char(n).
    pub fn new(kind: Kind, arg: Option<Form>, padded: bool) -> Option<State> {
        kind.result(arg)?;
        Some(match (kind, arg) {
            (Kind::CountRows | Kind::Count, _) => State::Count(Vec::new()),
            (Kind::CountDistinct, _) => State::Distinct {
                seen: HashSet::new(),
                seen_encoded: HashSet::new(),
                counts: Vec::new(),
                padded,
                bytes: 0,
            },
            (Kind::Sum, _) => State::Sum {
                sums: Vec::new(),
                scale: 0,
                display: Vec::new(),
            },
            (Kind::SumFloat, _) => State::SumFloat {
                sums: Vec::new(),
                seen: Vec::new(),
            },
            (Kind::And | Kind::Or, _) => State::Truth {
                values: Vec::new(),
                seen: Vec::new(),
                all: kind == Kind::And,
            },
            (Kind::Min | Kind::Max, form) => State::Extreme {
                slots: match form? {
                    Form::Int4 => Slots::Int4(Vec::new()),
                    Form::Int8 => Slots::Int8(Vec::new()),
                    Form::Float8 => Slots::Float8(Vec::new()),
                    Form::Decimal => Slots::Decimal(Vec::new()),
                    Form::Bytes => Slots::Bytes(Vec::new()),
                    Form::Bool => return None,
                },
                seen: Vec::new(),
                max: kind == Kind::Max,
                padded,
            },
        })
    }

    /// Makes room for this many groups.
    pub fn grow(&mut self, groups: usize) {
        match self {
            State::Count(counts) | State::Distinct { counts, .. } => counts.resize(groups, 0),
            State::Sum { sums, display, .. } => {
                sums.resize(groups, 0);
                display.resize(groups, NONE);
            }
            State::SumFloat { sums, seen } => {
                sums.resize(groups, 0.0);
                seen.resize(groups, false);
            }
            State::Truth { values, seen, all } => {
                values.resize(groups, *all);
                seen.resize(groups, false);
            }
            State::Extreme { slots, seen, .. } => {
                seen.resize(groups, false);
                match slots {
                    Slots::Int4(slots) => slots.resize(groups, 0),
                    Slots::Int8(slots) => slots.resize(groups, 0),
                    Slots::Float8(slots) => slots.resize(groups, 0.0),
                    Slots::Decimal(slots) => slots.resize(groups, (0, 0)),
                    Slots::Bytes(slots) => slots.resize_with(groups, Box::default),
                }
            }
        }
    }

    /// Memory in use.
    pub fn bytes(&self) -> usize {
        match self {
            State::Count(counts) => counts.len() * 8,
            State::Distinct { counts, bytes, .. } => counts.len() * 8 + bytes,
            State::Sum { sums, .. } => sums.len() * 20,
            State::SumFloat { sums, .. } => sums.len() * 9,
            State::Truth { values, .. } => values.len() * 2,
            State::Extreme { slots, .. } => match slots {
                Slots::Int4(slots) => slots.len() * 5,
                Slots::Int8(slots) => slots.len() * 9,
                Slots::Float8(slots) => slots.len() * 9,
                Slots::Decimal(slots) => slots.len() * 33,
                Slots::Bytes(slots) => slots.iter().map(|slot| slot.len() + 33).sum(),
            },
        }
    }

    /// Takes a batch's rows in; the argument has a value for each of them.
    pub fn update(&mut self, rows: Rows<'_>, arg: Option<&Vector>) -> Result<()> {
        match self {
            State::Count(counts) => {
                rows.each(arg, |group, _| counts[group] += 1);
                Ok(())
            }
            State::Distinct { .. } => self.update_distinct(rows, arg),
            State::Sum {
                sums,
                scale,
                display,
            } => update_sum(rows, arg, (sums, scale, display)),
            State::SumFloat { sums, seen } => {
                let Some(Values::Float8(values)) = arg.map(|arg| &arg.values) else {
                    return Err(mixed_forms());
                };
                let mut strange = false;
                rows.each(arg, |group, row| {
                    let value = values[row];
                    strange |= value.is_nan() || value.abs() > FLOAT_MAX;
                    // A sum of negative zeros is one.
                    sums[group] = if seen[group] {
                        sums[group] + value
                    } else {
                        value
                    };
                    seen[group] = true;
                });
                if strange {
                    return Err(Halt::Declined("a float without a finite square"));
                }
                Ok(())
            }
            State::Truth { values, seen, all } => {
                let Some(Values::Bool(held)) = arg.map(|arg| &arg.values) else {
                    return Err(mixed_forms());
                };
                rows.each(arg, |group, row| {
                    seen[group] = true;
                    if held[row] != *all {
                        values[group] = !*all;
                    }
                });
                Ok(())
            }
            State::Extreme {
                slots,
                seen,
                max,
                padded,
            } => update_extreme(rows, arg, (slots, seen), *max, *padded),
        }
    }

    fn update_distinct(&mut self, rows: Rows<'_>, arg: Option<&Vector>) -> Result<()> {
        let (
            State::Distinct {
                seen,
                seen_encoded,
                counts,
                padded,
                bytes,
            },
            Some(arg),
        ) = (self, arg)
        else {
            return Err(mixed_forms());
        };
        let mut found = |group: usize, value: i64| {
            if seen.insert((group as u32, value)) {
                counts[group] += 1;
                *bytes += 18;
            }
        };
        match &arg.values {
            Values::Int4(values) => {
                rows.each(Some(arg), |group, row| found(group, i64::from(values[row])));
            }
            Values::Int8(values) => rows.each(Some(arg), |group, row| found(group, values[row])),
            _ => {
                let mut failed = Ok(());
                let mut scratch = Vec::new();
                rows.each(Some(arg), |group, row| {
                    scratch.clear();
                    if let Err(halt) = encode(arg, row, *padded, &mut scratch) {
                        failed = Err(halt);
                    }
                    if seen_encoded.insert((group as u32, scratch.as_slice().into())) {
                        counts[group] += 1;
                        *bytes += 40 + scratch.len();
                    }
                });
                return failed;
            }
        }
        Ok(())
    }

    /// Takes another one's states in; `numbers`: the group here of each group there.
    pub fn merge(&mut self, other: State, numbers: &[u32]) -> Result<()> {
        match (self, other) {
            (State::Count(into), State::Count(from)) => {
                for (count, group) in from.into_iter().zip(numbers) {
                    into[*group as usize] += count;
                }
            }
            (
                State::Distinct {
                    seen,
                    seen_encoded,
                    counts,
                    bytes,
                    ..
                },
                State::Distinct {
                    seen: others,
                    seen_encoded: others_encoded,
                    ..
                },
            ) => {
                for (group, value) in others {
                    let group = numbers[group as usize];
                    if seen.insert((group, value)) {
                        counts[group as usize] += 1;
                        *bytes += 18;
                    }
                }
                for (group, value) in others_encoded {
                    let group = numbers[group as usize];
                    *bytes += 40 + value.len();
                    if seen_encoded.insert((group, value)) {
                        counts[group as usize] += 1;
                    }
                }
            }
            (
                State::Sum {
                    sums,
                    scale,
                    display,
                },
                State::Sum {
                    sums: others,
                    scale: other_scale,
                    display: others_display,
                },
            ) => {
                let factor = common_scale(sums, scale, other_scale)?;
                for (there, group) in numbers.iter().enumerate() {
                    let group = *group as usize;
                    add(&mut sums[group], others[there], factor)?;
                    show(&mut display[group], others_display[there]);
                }
            }
            (
                State::SumFloat { sums, seen },
                State::SumFloat {
                    sums: others,
                    seen: others_seen,
                },
            ) => {
                for (there, group) in numbers.iter().enumerate() {
                    let group = *group as usize;
                    if others_seen[there] {
                        let other = others[there];
                        sums[group] = if seen[group] {
                            sums[group] + other
                        } else {
                            other
                        };
                        seen[group] = true;
                    }
                }
            }
            (
                State::Truth { values, seen, all },
                State::Truth {
                    values: others,
                    seen: others_seen,
                    ..
                },
            ) => {
                for (there, group) in numbers.iter().enumerate() {
                    seen[*group as usize] |= others_seen[there];
                    if others[there] != *all {
                        values[*group as usize] = !*all;
                    }
                }
            }
            (
                State::Extreme {
                    slots,
                    seen,
                    max,
                    padded,
                },
                State::Extreme {
                    slots: others,
                    seen: others_seen,
                    ..
                },
            ) => {
                let nulls = Some(others_seen.iter().map(|seen| !seen).collect());
                let arg = Vector::new(others.into_values()?, nulls);
                let rows = Rows {
                    count: numbers.len(),
                    keep: None,
                    grouping: Grouping::Many(numbers),
                };
                update_extreme(rows, Some(&arg), (slots, seen), *max, *padded)?;
            }
            _ => return Err(mixed_forms()),
        }
        Ok(())
    }

    /// The result of each group.
    pub fn finish(self) -> Result<Vector> {
        let absent = |seen: Vec<bool>| Some(seen.into_iter().map(|seen| !seen).collect());
        Ok(match self {
            State::Count(counts) | State::Distinct { counts, .. } => {
                Vector::new(Values::Int8(counts), None)
            }
            State::Sum {
                sums,
                scale,
                display,
            } => {
                let mut decimals = Decimals::default();
                for (sum, shown) in sums.iter().zip(&display) {
                    if *shown == NONE {
                        decimals.push_zero();
                    } else {
                        let shown = *shown as u16;
                        decimals.push(sum / power_of_ten(scale - shown)?, shown)?;
                    }
                }
                let nulls = display.iter().map(|shown| *shown == NONE).collect();
                Vector::new(Values::Decimal(decimals), Some(nulls))
            }
            State::SumFloat { sums, seen } => {
                if sums.iter().any(|sum| !sum.is_finite()) {
                    return Err(Halt::Declined("a sum that is not finite"));
                }
                Vector::new(Values::Float8(sums), absent(seen))
            }
            State::Truth { values, seen, .. } => Vector::new(Values::Bool(values), absent(seen)),
            State::Extreme { slots, seen, .. } => Vector::new(slots.into_values()?, absent(seen)),
        })
    }
}

impl Slots {
    fn into_values(self) -> Result<Values> {
        Ok(match self {
            Slots::Int4(slots) => Values::Int4(slots),
            Slots::Int8(slots) => Values::Int8(slots),
            Slots::Float8(slots) => Values::Float8(slots),
            Slots::Decimal(slots) => {
                let mut decimals = Decimals::default();
                for (coefficient, scale) in slots {
                    decimals.push(coefficient, scale)?;
                }
                Values::Decimal(decimals)
            }
            Slots::Bytes(slots) => {
                let mut strings = Strings::default();
                for slot in slots {
                    strings.push(&slot);
                }
                Values::Bytes(strings)
            }
        })
    }
}

/// Brings the sums under the larger of two scales; what the other scale's values are to be multiplied by.
fn common_scale(sums: &mut [i128], scale: &mut u16, other: u16) -> Result<i128> {
    if other <= *scale {
        return power_of_ten(*scale - other);
    }
    let factor = power_of_ten(other - *scale)?;
    for sum in sums {
        *sum = sum.checked_mul(factor).ok_or_else(too_wide)?;
    }
    *scale = other;
    Ok(1)
}

#[inline]
fn add(sum: &mut i128, value: i128, factor: i128) -> Result<()> {
    let value = value.checked_mul(factor).ok_or_else(too_wide)?;
    *sum = sum.checked_add(value).ok_or_else(too_wide)?;
    Ok(())
}

#[inline]
fn show(display: &mut u32, scale: u32) {
    if *display == NONE || (scale != NONE && scale > *display) {
        *display = scale;
    }
}

/// Sums, the scale they are kept under, the scales they show.
type Sums<'a> = (&'a mut [i128], &'a mut u16, &'a mut [u32]);

fn sum_whole<T: Copy + Into<i128>>(
    rows: Rows<'_>,
    arg: Option<&Vector>,
    values: &[T],
    (sums, scale, display): Sums<'_>,
) -> Result<()> {
    let factor = common_scale(sums, scale, 0)?;
    rows.each(arg, |group, row| {
        sums[group] += values[row].into() * factor;
        show(&mut display[group], 0);
    });
    Ok(())
}

fn update_sum(
    rows: Rows<'_>,
    arg: Option<&Vector>,
    (sums, scale, display): Sums<'_>,
) -> Result<()> {
    match arg.map(|arg| &arg.values) {
        Some(Values::Int4(values)) => sum_whole(rows, arg, values, (sums, scale, display))?,
        Some(Values::Int8(values)) => sum_whole(rows, arg, values, (sums, scale, display))?,
        Some(Values::Decimal(decimals)) => {
            let factor = common_scale(sums, scale, decimals.scale)?;
            let shown = u32::from(decimals.scale);
            match (&decimals.coefficients, &decimals.display) {
                (Coefficients::Narrow(values), None) if factor == 1 => {
                    rows.each(arg, |group, row| {
                        sums[group] += i128::from(values[row]);
                        show(&mut display[group], shown);
                    });
                }
                _ => {
                    let mut failed = Ok(());
                    rows.each(arg, |group, row| {
                        if let Err(halt) = add(&mut sums[group], decimals.get(row), factor) {
                            failed = Err(halt);
                        }
                        show(&mut display[group], u32::from(decimals.display_of(row)));
                    });
                    failed?;
                }
            }
        }
        _ => return Err(mixed_forms()),
    }
    Ok(())
}

/// The group's first value is taken in any case, another one where the held one does not stay.
#[inline]
fn takes(seen: &mut [bool], group: usize, stays: impl Fn() -> bool) -> bool {
    let is_first = !std::mem::replace(&mut seen[group], true);
    is_first || !stays()
}

fn best_whole<T: Copy + Ord>(
    rows: Rows<'_>,
    arg: Option<&Vector>,
    values: &[T],
    slots: &mut [T],
    seen: &mut [bool],
    max: bool,
) {
    rows.each(arg, |group, row| {
        let (held, value) = (slots[group], values[row]);
        if takes(
            seen,
            group,
            || if max { held > value } else { held < value },
        ) {
            slots[group] = value;
        }
    });
}

/// A value replaces what is not better than it: of equal ones the last stays, as in PostgreSQL.
fn update_extreme(
    rows: Rows<'_>,
    arg: Option<&Vector>,
    (slots, seen): (&mut Slots, &mut [bool]),
    max: bool,
    padded: bool,
) -> Result<()> {
    match (slots, arg.map(|arg| &arg.values)) {
        (Slots::Int4(slots), Some(Values::Int4(values))) => {
            best_whole(rows, arg, values, slots, seen, max);
        }
        (Slots::Int8(slots), Some(Values::Int8(values))) => {
            best_whole(rows, arg, values, slots, seen, max);
        }
        (Slots::Float8(slots), Some(Values::Float8(values))) => rows.each(arg, |group, row| {
            let (held, value) = (slots[group], values[row]);
            let ordering = order_of_floats(held, value);
            if takes(seen, group, || {
                if max {
                    ordering.is_gt()
                } else {
                    ordering.is_lt()
                }
            }) {
                slots[group] = value;
            }
        }),
        (Slots::Decimal(slots), Some(Values::Decimal(values))) => {
            let mut failed = Ok(());
            rows.each(arg, |group, row| {
                let value = values.shown(row);
                let ordering = match order_of_decimals(slots[group], value) {
                    Ok(ordering) => ordering,
                    Err(halt) => {
                        failed = Err(halt);
                        return;
                    }
                };
                if takes(seen, group, || {
                    if max {
                        ordering.is_gt()
                    } else {
                        ordering.is_lt()
                    }
                }) {
                    slots[group] = value;
                }
            });
            failed?;
        }
        (Slots::Bytes(slots), Some(Values::Bytes(values))) => rows.each(arg, |group, row| {
            let value = values.get(row);
            let stays = || {
                let (held, value) = match padded {
                    true => (trimmed(&slots[group]), trimmed(value)),
                    false => (&*slots[group], value),
                };
                if max { held > value } else { held < value }
            };
            if takes(seen, group, stays) {
                slots[group] = value.into();
            }
        }),
        _ => return Err(mixed_forms()),
    }
    Ok(())
}

fn order_of_decimals(a: (i128, u16), b: (i128, u16)) -> Result<std::cmp::Ordering> {
    let scale = a.1.max(b.1);
    let under = |(coefficient, own): (i128, u16)| {
        power_of_ten(scale - own)?
            .checked_mul(coefficient)
            .ok_or_else(too_wide)
    };
    Ok(under(a)?.cmp(&under(b)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimals(values: &[(i128, u16)]) -> Vector {
        let mut decimals = Decimals::default();
        for (coefficient, scale) in values {
            assert!(decimals.push(*coefficient, *scale).is_ok());
        }
        Vector::new(Values::Decimal(decimals), None)
    }

    fn state(kind: Kind, form: Form) -> State {
        let mut state = State::new(kind, Some(form), false).unwrap_or(State::Count(Vec::new()));
        state.grow(2);
        state
    }

    fn shown(vector: &Vector) -> Vec<(i128, u16)> {
        match &vector.values {
            Values::Decimal(values) => (0..values.len()).map(|row| values.shown(row)).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn sums_show_the_largest_scale_of_their_group() -> Result<()> {
        let groups = [0, 0, 1];
        let rows = Rows {
            count: 3,
            keep: None,
            grouping: Grouping::Many(&groups),
        };
        let mut first = state(Kind::Sum, Form::Decimal);
        first.update(rows, Some(&decimals(&[(15, 1), (2, 0), (7, 0)])))?;
        let mut second = state(Kind::Sum, Form::Decimal);
        second.update(rows, Some(&decimals(&[(125, 2), (0, 0), (1, 0)])))?;
        // Groups there are the other way round here.
        first.merge(second, &[1, 0])?;
        let sums = first.finish()?;
        assert_eq!(shown(&sums), [(45, 1), (825, 2)]);
        Ok(())
    }

    #[test]
    fn extremes_and_distinct_counts_pass_over_nulls() -> Result<()> {
        let groups = [0, 1, 0, 0];
        let rows = Rows {
            count: 4,
            keep: Some(&[true, true, true, false]),
            grouping: Grouping::Many(&groups),
        };
        let nulls = Some(vec![false, true, false, false]);
        let values = Vector::new(Values::Int4(vec![5, 9, -3, -7]), nulls);
        let mut least = state(Kind::Min, Form::Int4);
        least.update(rows, Some(&values))?;
        let least = least.finish()?;
        assert!(matches!(&least.values, Values::Int4(found) if found[0] == -3));
        assert!(!least.is_null(0) && least.is_null(1));
        let mut counts = state(Kind::CountDistinct, Form::Int4);
        counts.update(rows, Some(&values))?;
        counts.update(rows, Some(&values))?;
        let counts = counts.finish()?;
        assert!(matches!(&counts.values, Values::Int8(found) if found == &[2, 0]));
        Ok(())
    }
}
