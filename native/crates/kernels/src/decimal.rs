//! numeric values of a batch: whole coefficients under one power of ten, 64 bits wide as long as they fit, then 128.
//! What has more digits, NaN and the infinities are not for the kernels. A numeric's scale shows when it is printed, so
//! where rows differ in it, each row's own is kept beside the common one.

use std::cell::Cell;

use crate::halt::{Halt, Result};
use crate::vector::{Side, zip};

#[derive(Clone, Debug)]
pub enum Coefficients {
    Narrow(Vec<i64>),
    Wide(Vec<i128>),
}

impl Coefficients {
    fn wide(&self) -> Vec<i128> {
        match self {
            Coefficients::Narrow(values) => values.iter().map(|value| i128::from(*value)).collect(),
            Coefficients::Wide(values) => values.clone(),
        }
    }
}

/// value = coefficient / 10^scale.
#[derive(Clone, Debug)]
pub struct Decimals {
    pub coefficients: Coefficients,
    pub scale: u16,
    /// Scale under which each row's value is shown, none above `scale`; None where it is `scale` for all.
    pub display: Option<Vec<u16>>,
    /// A value has decided the scale; what stands before it is in the place of nulls.
    pub is_settled: bool,
}

impl Default for Decimals {
    fn default() -> Decimals {
        Decimals {
            coefficients: Coefficients::Narrow(Vec::new()),
            scale: 0,
            display: None,
            is_settled: false,
        }
    }
}

/// Digits that every i128 has room for.
const DIGITS_MAX: u32 = 38;

pub fn power_of_ten(exponent: u16) -> Result<i128> {
    if u32::from(exponent) > DIGITS_MAX {
        return Err(Halt::Declined("a numeric of more than 38 digits"));
    }
    Ok(10i128.pow(u32::from(exponent)))
}

pub fn too_wide() -> Halt {
    Halt::Declined("a numeric of more than 38 digits")
}

impl Decimals {
    pub fn len(&self) -> usize {
        match &self.coefficients {
            Coefficients::Narrow(values) => values.len(),
            Coefficients::Wide(values) => values.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline]
    pub fn get(&self, row: usize) -> i128 {
        match &self.coefficients {
            Coefficients::Narrow(values) => i128::from(values[row]),
            Coefficients::Wide(values) => values[row],
        }
    }

    #[inline]
    pub fn display_of(&self, row: usize) -> u16 {
        self.display
            .as_ref()
            .map_or(self.scale, |scales| scales[row])
    }

    /// Coefficient and scale as the row's value is shown.
    pub fn shown(&self, row: usize) -> (i128, u16) {
        let display = self.display_of(row);
        // No power is above 38: the value was brought to the common scale by it.
        let factor = 10i128.pow(u32::from(self.scale - display));
        (self.get(row) / factor, display)
    }

    pub fn wide(&self) -> Vec<i128> {
        self.coefficients.wide()
    }

    /// Appends a value; declines where it can't be brought under one scale with the others.
    pub fn push(&mut self, coefficient: i128, scale: u16) -> Result<()> {
        if !self.is_settled {
            self.scale = scale;
            self.is_settled = true;
        }
        let coefficient = match scale.cmp(&self.scale) {
            std::cmp::Ordering::Equal => coefficient,
            std::cmp::Ordering::Less => coefficient
                .checked_mul(power_of_ten(self.scale - scale)?)
                .ok_or_else(too_wide)?,
            std::cmp::Ordering::Greater => {
                let before = self.scale;
                self.rescale(scale)?;
                if self.display.is_none() {
                    self.display = Some(vec![before; self.len()]);
                }
                coefficient
            }
        };
        if scale < self.scale && self.display.is_none() {
            self.display = Some(vec![self.scale; self.len()]);
        }
        if let Some(display) = &mut self.display {
            display.push(scale);
        }
        match &mut self.coefficients {
            Coefficients::Narrow(values) => match i64::try_from(coefficient) {
                Ok(narrow) => values.push(narrow),
                Err(_) => {
                    let mut wide = self.wide();
                    wide.push(coefficient);
                    self.coefficients = Coefficients::Wide(wide);
                }
            },
            Coefficients::Wide(values) => values.push(coefficient),
        }
        Ok(())
    }

    /// Appends the value that stands in a null's place.
    pub fn push_zero(&mut self) {
        if let Some(display) = &mut self.display {
            display.push(0);
        }
        match &mut self.coefficients {
            Coefficients::Narrow(values) => values.push(0),
            Coefficients::Wide(values) => values.push(0),
        }
    }

    /// Appends another one's value.
    pub fn push_from(&mut self, other: &Decimals, row: usize) -> Result<()> {
        let (coefficient, scale) = other.shown(row);
        self.push(coefficient, scale)
    }

    /// Brings all coefficients under a larger scale.
    fn rescale(&mut self, scale: u16) -> Result<()> {
        let factor = power_of_ten(scale - self.scale)?;
        let scaled = self.scaled(factor)?;
        self.coefficients = scaled;
        self.scale = scale;
        Ok(())
    }

    fn scaled(&self, factor: i128) -> Result<Coefficients> {
        if factor == 1 {
            return Ok(self.coefficients.clone());
        }
        if let (Coefficients::Narrow(values), Ok(factor)) =
            (&self.coefficients, i64::try_from(factor))
        {
            let scaled: Option<Vec<i64>> = values
                .iter()
                .map(|value| value.checked_mul(factor))
                .collect();
            if let Some(scaled) = scaled {
                return Ok(Coefficients::Narrow(scaled));
            }
        }
        let scaled: Option<Vec<i128>> = self
            .wide()
            .iter()
            .map(|value| value.checked_mul(factor))
            .collect();
        scaled.map(Coefficients::Wide).ok_or_else(too_wide)
    }

    /// Coefficients under this scale, which is not below the own one.
    pub fn under(&self, scale: u16) -> Result<Coefficients> {
        self.scaled(power_of_ten(scale - self.scale)?)
    }
}

/// Largest scale that a product keeps (PostgreSQL's NUMERIC_MAX_DISPLAY_SCALE).
const PRODUCT_SCALE_MAX: u16 = 16383;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Add,
    Subtract,
    Multiply,
}

/// The results' coefficients, scale and display scales; each side is a value for each row or one for all.
pub fn apply(
    operation: Operation,
    (a, a_constant): (&Decimals, bool),
    (b, b_constant): (&Decimals, bool),
) -> Result<Decimals> {
    let rows = if a_constant { b.len() } else { a.len() };
    let (scale, left, right) = match operation {
        Operation::Multiply => (
            a.scale + b.scale,
            a.coefficients.clone(),
            b.coefficients.clone(),
        ),
        _ => {
            let scale = a.scale.max(b.scale);
            (scale, a.under(scale)?, b.under(scale)?)
        }
    };
    if scale > PRODUCT_SCALE_MAX {
        return Err(too_wide());
    }
    let coefficients = combined(operation, (left, a_constant), (right, b_constant))?;
    let display = (a.display.is_some() || b.display.is_some()).then(|| {
        let place = |constant: bool, row: usize| if constant { 0 } else { row };
        (0..rows)
            .map(|row| {
                let left = a.display_of(place(a_constant, row));
                let right = b.display_of(place(b_constant, row));
                match operation {
                    Operation::Multiply => left + right,
                    _ => left.max(right),
                }
            })
            .collect()
    });
    Ok(Decimals {
        coefficients,
        scale,
        display,
        is_settled: true,
    })
}

fn combined(
    operation: Operation,
    (left, left_constant): (Coefficients, bool),
    (right, right_constant): (Coefficients, bool),
) -> Result<Coefficients> {
    if let (Coefficients::Narrow(a), Coefficients::Narrow(b)) = (&left, &right) {
        let (a, b) = (Side::new(a, left_constant), Side::new(b, right_constant));
        let overflow = Cell::new(false);
        let checked = |(value, overflowed): (i64, bool)| {
            overflow.set(overflow.get() | overflowed);
            value
        };
        let values = match operation {
            Operation::Add => zip(a, b, |a: i64, b: i64| checked(a.overflowing_add(b))),
            Operation::Subtract => zip(a, b, |a: i64, b: i64| checked(a.overflowing_sub(b))),
            Operation::Multiply => zip(a, b, |a: i64, b: i64| checked(a.overflowing_mul(b))),
        };
        if !overflow.get() {
            return Ok(Coefficients::Narrow(values));
        }
    }
    let (a, b) = (left.wide(), right.wide());
    let (a, b) = (Side::new(&a, left_constant), Side::new(&b, right_constant));
    let values: Vec<Option<i128>> = match operation {
        Operation::Add => zip(a, b, |a: i128, b: i128| a.checked_add(b)),
        Operation::Subtract => zip(a, b, |a: i128, b: i128| a.checked_sub(b)),
        Operation::Multiply => zip(a, b, |a: i128, b: i128| a.checked_mul(b)),
    };
    let values: Option<Vec<i128>> = values.into_iter().collect();
    values.map(Coefficients::Wide).ok_or_else(too_wide)
}

/// The stored form of a numeric (src/types/numeric-type.ts): kind, scale, magnitude without leading zeros.
pub fn store(coefficient: i128, scale: u16, out: &mut Vec<u8>) {
    out.push(u8::from(coefficient < 0));
    out.extend_from_slice(&scale.to_be_bytes());
    let magnitude = coefficient.unsigned_abs().to_be_bytes();
    let zeros = magnitude.iter().take_while(|byte| **byte == 0).count();
    out.extend_from_slice(&magnitude[zeros..]);
}

/// Coefficient and scale of a stored numeric; declines what the kernels don't know.
#[inline]
pub fn load(stored: &[u8]) -> Result<(i128, u16)> {
    let [kind @ (0 | 1), high, low, magnitude @ ..] = stored else {
        return Err(Halt::Declined("a numeric that is not finite"));
    };
    let scale = u16::from_be_bytes([*high, *low]);
    if magnitude.len() > 16 {
        return Err(too_wide());
    }
    let mut value: i128 = 0;
    if magnitude.len() <= 8 {
        let mut small: u64 = 0;
        for byte in magnitude {
            small = small << 8 | u64::from(*byte);
        }
        value = i128::from(small);
    } else {
        for byte in magnitude {
            value = value
                .checked_mul(256)
                .ok_or_else(too_wide)?
                .wrapping_add(i128::from(*byte));
        }
    }
    Ok((if *kind == 1 { -value } else { value }, scale))
}
