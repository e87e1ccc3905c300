//! The functions that the kernels know, by pg_proc.prosrc. To add one: its line here, its loop in the file of its family.

use crate::arithmetic::{Arithmetic, Cast, DateField, Whole};
use crate::arithmetic::{
    as_timestamps, cast, date_field, days_between, decimals, floats, negated, shifted_date, whole,
};
use crate::compare::{Comparison, compare};
use crate::decimal::Operation;
use crate::halt::Result;
use crate::text::{Pattern, substrings};
use crate::vector::{Form, Nulls, Values, Vector, mixed_forms, strict_nulls};

pub enum Function {
    /// `padded`: char(n), whose trailing spaces do not count.
    Compare {
        comparison: Comparison,
        padded: bool,
    },
    /// A date and a timestamp, whichever comes first.
    CompareDateTime(Comparison),
    Whole(Arithmetic, Whole),
    Decimal(Operation),
    Float(Arithmetic),
    Negate,
    Cast(Cast),
    ShiftDate(i64),
    DaysBetween,
    DateField(DateField),
    /// The pattern is constant, and so not among the arguments.
    Like {
        pattern: Pattern,
        negated: bool,
    },
    Substring {
        start: i64,
        length: i64,
    },
}

/// A constant argument, for functions that need it when they are compiled.
pub enum Fixed<'a> {
    Text(&'a str),
    Whole(i64),
    Other,
}

/// What is known of a call while it is compiled.
pub struct Call<'a> {
    pub symbol: &'a str,
    pub forms: &'a [Form],
    /// Constant arguments; None for those that aren't.
    pub fixed: &'a [Option<Fixed<'a>>],
    /// Strings compare by their bytes.
    pub bytewise: bool,
}

/// The function with its result's form and the arguments that it takes of those given; None where the kernels don't
/// know it.
pub fn resolve(call: &Call<'_>) -> Option<(Function, Form, usize)> {
    comparison(call)
        .or_else(|| date_and_timestamp(call))
        .or_else(|| number(call))
        .or_else(|| conversion(call))
        .or_else(|| text(call))
}

/// Prefixes of comparison functions' names, with the forms that they compare.
const COMPARED: &[(&str, Form)] = &[
    ("int2", Form::Int4),
    ("int4", Form::Int4),
    ("int24", Form::Int4),
    ("int42", Form::Int4),
    ("int8", Form::Int8),
    ("int28", Form::Int8),
    ("int82", Form::Int8),
    ("int48", Form::Int8),
    ("int84", Form::Int8),
    ("oid", Form::Int8),
    ("cash_", Form::Int8),
    ("bool", Form::Bool),
    ("date_", Form::Int4),
    ("time_", Form::Int8),
    ("timestamp_", Form::Int8),
    ("timestamptz_", Form::Int8),
    ("float8", Form::Float8),
    ("numeric_", Form::Decimal),
    ("text", Form::Bytes),
    ("text_", Form::Bytes),
    ("bpchar", Form::Bytes),
];

fn comparison(call: &Call<'_>) -> Option<(Function, Form, usize)> {
    let (prefix, suffix) = call
        .symbol
        .split_at_checked(call.symbol.len().checked_sub(2)?)?;
    let comparison = Comparison::of_suffix(suffix)?;
    let (_, form) = COMPARED.iter().find(|(known, _)| *known == prefix)?;
    let fits = |given: &Form| match form {
        Form::Int4 | Form::Int8 => matches!(given, Form::Int4 | Form::Int8),
        form => given == form,
    };
    let ordered = !comparison.orders() || *form != Form::Bytes || call.bytewise;
    if call.forms.len() != 2 || !call.forms.iter().all(fits) || !ordered {
        return None;
    }
    let padded = prefix == "bpchar";
    Some((Function::Compare { comparison, padded }, Form::Bool, 2))
}

fn date_and_timestamp(call: &Call<'_>) -> Option<(Function, Form, usize)> {
    let date_first = call
        .symbol
        .strip_prefix("date_")
        .and_then(|rest| rest.strip_suffix("_timestamp"));
    let date_last = call
        .symbol
        .strip_prefix("timestamp_")
        .and_then(|rest| rest.strip_suffix("_date"));
    let (suffix, forms) = match (date_first, date_last) {
        (Some(suffix), _) => (suffix, [Form::Int4, Form::Int8]),
        (_, Some(suffix)) => (suffix, [Form::Int8, Form::Int4]),
        _ => return None,
    };
    let function = Function::CompareDateTime(Comparison::of_suffix(suffix)?);
    (call.forms == forms).then_some((function, Form::Bool, 2))
}

fn number(call: &Call<'_>) -> Option<(Function, Form, usize)> {
    use Arithmetic::{Add, Divide, Multiply, Remainder, Subtract};
    let function = match call.symbol {
        "numeric_add" => Function::Decimal(Operation::Add),
        "numeric_sub" => Function::Decimal(Operation::Subtract),
        "numeric_mul" => Function::Decimal(Operation::Multiply),
        "float8pl" => Function::Float(Add),
        "float8mi" => Function::Float(Subtract),
        "float8mul" => Function::Float(Multiply),
        "float8div" => Function::Float(Divide),
        "numeric_uminus" | "float8um" | "int4um" | "int8um" => Function::Negate,
        "date_pli" => Function::ShiftDate(1),
        "date_mii" => Function::ShiftDate(-1),
        "date_mi" => Function::DaysBetween,
        symbol => {
            let (name, operation) = [
                ("pl", Add),
                ("mi", Subtract),
                ("mul", Multiply),
                ("div", Divide),
                ("mod", Remainder),
            ]
            .into_iter()
            .find_map(|(end, operation)| Some((symbol.strip_suffix(end)?, operation)))?;
            let result = match name {
                "int2" => Whole::Int2,
                "int4" | "int24" | "int42" => Whole::Int4,
                "int8" | "int28" | "int82" | "int48" | "int84" => Whole::Int8,
                _ => return None,
            };
            Function::Whole(operation, result)
        }
    };
    let is_whole = |form: &Form| matches!(form, Form::Int4 | Form::Int8);
    let (form, fits) = match &function {
        Function::Decimal(_) => (Form::Decimal, call.forms == [Form::Decimal; 2]),
        Function::Float(_) => (Form::Float8, call.forms == [Form::Float8; 2]),
        Function::Negate => (*call.forms.first()?, call.forms.len() == 1),
        Function::ShiftDate(_) => (Form::Int4, call.forms == [Form::Int4; 2]),
        Function::DaysBetween => (Form::Int4, call.forms == [Form::Int4; 2]),
        Function::Whole(_, Whole::Int8) => (Form::Int8, call.forms.iter().all(is_whole)),
        _ => (Form::Int4, call.forms.iter().all(is_whole)),
    };
    fits.then_some((function, form, call.forms.len()))
}

fn conversion(call: &Call<'_>) -> Option<(Function, Form, usize)> {
    let [arg] = call.forms else {
        return None;
    };
    let is_whole = matches!(arg, Form::Int4 | Form::Int8);
    let (cast, form, fits) = match call.symbol {
        "int84" | "i2toi4" | "i4toi2" | "int82" => {
            let to_int2 = matches!(call.symbol, "i4toi2" | "int82");
            let cast = if to_int2 { Cast::ToInt2 } else { Cast::ToInt4 };
            (cast, Form::Int4, is_whole)
        }
        "int48" | "int28" => (Cast::ToInt8, Form::Int8, is_whole),
        "int2_numeric" | "int4_numeric" | "int8_numeric" => {
            (Cast::ToNumeric, Form::Decimal, is_whole)
        }
        "i2tod" | "i4tod" | "i8tod" => (Cast::ToFloat8, Form::Float8, is_whole),
        "numeric_float8" => (Cast::ToFloat8, Form::Float8, *arg == Form::Decimal),
        "date_timestamp" => (Cast::DateToTimestamp, Form::Int8, *arg == Form::Int4),
        _ => return None,
    };
    fits.then_some((Function::Cast(cast), form, 1))
}

fn text(call: &Call<'_>) -> Option<(Function, Form, usize)> {
    match (call.symbol, call.forms, call.fixed) {
        (
            "textlike" | "textnlike",
            [Form::Bytes, Form::Bytes],
            [None, Some(Fixed::Text(pattern))],
        ) => {
            let negated = call.symbol == "textnlike";
            let pattern = Pattern::new(pattern)?;
            Some((Function::Like { pattern, negated }, Form::Bool, 1))
        }
        (
            "text_substr",
            [Form::Bytes, _, _],
            [None, Some(Fixed::Whole(start)), Some(Fixed::Whole(length))],
        ) if *length >= 0 => {
            let (start, length) = (*start, *length);
            Some((Function::Substring { start, length }, Form::Bytes, 1))
        }
        ("extract_date", [Form::Bytes, Form::Int4], [Some(Fixed::Text(field)), None]) => {
            let field = match *field {
                "year" => DateField::Year,
                "month" => DateField::Month,
                "day" => DateField::Day,
                _ => return None,
            };
            // The field is the first of two: the date is what is left.
            Some((Function::DateField(field), Form::Decimal, 1))
        }
        _ => None,
    }
}

impl Function {
    /// The results for all rows. All functions here are strict.
    pub fn apply(&self, args: &[&Vector]) -> Result<Vector> {
        let nulls = strict_nulls(args);
        let values = self.values(args, &nulls)?;
        Ok(Vector {
            values,
            nulls,
            is_constant: args.iter().all(|arg| arg.is_constant),
        })
    }

    fn values(&self, args: &[&Vector], nulls: &Nulls) -> Result<Values> {
        match (self, args) {
            (Function::Compare { comparison, padded }, [a, b]) => {
                compare(*comparison, a, b, *padded).map(Values::Bool)
            }
            (Function::CompareDateTime(comparison), [a, b]) => {
                let (a, b) = (as_timestamps(a), as_timestamps(b));
                compare(*comparison, &a, &b, false).map(Values::Bool)
            }
            (Function::Whole(operation, result), [a, b]) => whole(*operation, *result, a, b, nulls),
            (Function::Decimal(operation), [a, b]) => decimals(*operation, a, b),
            (Function::Float(operation), [a, b]) => floats(*operation, a, b, nulls),
            (Function::Negate, [a]) => negated(a),
            (Function::Cast(kind), [a]) => cast(*kind, a),
            (Function::ShiftDate(sign), [a, b]) => shifted_date(a, b, *sign, nulls),
            (Function::DaysBetween, [a, b]) => days_between(a, b),
            (Function::DateField(field), [a]) => date_field(*field, a),
            (Function::Like { pattern, negated }, [a]) => match &a.values {
                Values::Bytes(texts) => Ok(Values::Bool(
                    texts
                        .iter()
                        .map(|text| pattern.matches(text) != *negated)
                        .collect(),
                )),
                _ => Err(mixed_forms()),
            },
            (Function::Substring { start, length }, [a]) => match &a.values {
                Values::Bytes(texts) => Ok(Values::Bytes(substrings(texts, *start, *length))),
                _ => Err(mixed_forms()),
            },
            _ => Err(mixed_forms()),
        }
    }
}
