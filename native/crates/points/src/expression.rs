//! Expressions of point statements: parameters, columns, constants, and the arithmetic of whole numbers.

use helios_columns::copy::Kind;
use helios_columns::row::{CODE_COMPRESSED, CODE_NULL, CODE_VARLEN};

use crate::value::{Value, extend, fits};

/// One step of an expression in postfix order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Parameter(usize),
    /// The attribute (from 0) of the row in hand.
    Column(usize, Kind),
    Number(i64),
    Bytes(Vec<u8>),
    Null,
    /// On numbers of the type, which the result must fit too.
    Add(Kind),
    Subtract(Kind),
    Multiply(Kind),
    /// Start of the transaction, in microseconds since 2000-01-01 UTC.
    Now,
    /// The same on a local clock that is `offset` microseconds ahead, as long as it is before `until`.
    LocalNow {
        offset: i64,
        until: i64,
    },
}

/// What expressions read.
pub struct Inputs<'a> {
    pub parameters: &'a [Value<'a>],
    /// Code and bytes of each attribute of the row in hand.
    pub row: &'a [(u8, &'a [u8])],
    /// Microseconds since 2000-01-01 UTC.
    pub now: i64,
}

/// The expression's value; None where it has none here: an overflow, a compressed value, a clock change.
pub fn evaluate<'a>(steps: &'a [Step], inputs: &Inputs<'a>) -> Option<Value<'a>> {
    if let [step] = steps {
        return leaf(step, inputs);
    }
    let mut stack: Vec<Value<'a>> = Vec::with_capacity(steps.len());
    for step in steps {
        let value = match step {
            Step::Add(kind) => arithmetic(&mut stack, *kind, i64::checked_add)?,
            Step::Subtract(kind) => arithmetic(&mut stack, *kind, i64::checked_sub)?,
            Step::Multiply(kind) => arithmetic(&mut stack, *kind, i64::checked_mul)?,
            leaf_step => leaf(leaf_step, inputs)?,
        };
        stack.push(value);
    }
    let result = stack.pop()?;
    stack.is_empty().then_some(result)
}

fn leaf<'a>(step: &'a Step, inputs: &Inputs<'a>) -> Option<Value<'a>> {
    match step {
        Step::Parameter(index) => inputs.parameters.get(*index).copied(),
        Step::Column(attribute, kind) => column(inputs.row, *attribute, *kind),
        Step::Number(number) => Some(Value::Int(*number)),
        Step::Bytes(bytes) => Some(Value::Bytes(bytes)),
        Step::Null => Some(Value::Null),
        Step::Now => Some(Value::Int(inputs.now)),
        Step::LocalNow { offset, until } => {
            (inputs.now < *until).then_some(Value::Int(inputs.now + offset))
        }
        Step::Add(_) | Step::Subtract(_) | Step::Multiply(_) => None,
    }
}

/// An attribute of a stored row; None where the row is older than the column, or the value compressed.
pub fn column<'a>(row: &[(u8, &'a [u8])], attribute: usize, kind: Kind) -> Option<Value<'a>> {
    match *row.get(attribute)? {
        (CODE_NULL, _) => Some(Value::Null),
        (CODE_COMPRESSED, _) => None,
        (CODE_VARLEN, bytes) => (kind.width() == 0).then_some(Value::Bytes(bytes)),
        (_, bytes) if bytes.len() == kind.width() => {
            let mut bits = [0; 8];
            bits[..bytes.len()].copy_from_slice(bytes);
            Some(Value::Int(extend(kind, u64::from_le_bytes(bits))))
        }
        _ => None,
    }
}

fn arithmetic<'a>(
    stack: &mut Vec<Value<'a>>,
    kind: Kind,
    operation: impl Fn(i64, i64) -> Option<i64>,
) -> Option<Value<'a>> {
    let (right, left) = (stack.pop()?, stack.pop()?);
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => {
            let result = operation(left, right)?;
            fits(kind, result).then_some(Value::Int(result))
        }
        (Value::Null, Value::Null | Value::Int(_)) | (Value::Int(_), Value::Null) => {
            Some(Value::Null)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run<'a>(steps: &'a [Step], parameters: &'a [Value<'a>]) -> Option<Value<'a>> {
        let row: &[(u8, &[u8])] = &[(3, &[254, 255, 255, 255]), (0, &[]), (5, b"ab")];
        evaluate(
            steps,
            &Inputs {
                parameters,
                row,
                now: 1000,
            },
        )
    }

    #[test]
    fn sums() {
        let sum = [
            Step::Column(0, Kind::Int4),
            Step::Parameter(0),
            Step::Add(Kind::Int4),
        ];
        assert_eq!(run(&sum, &[Value::Int(5)]), Some(Value::Int(3)));
        assert_eq!(run(&sum, &[Value::Null]), Some(Value::Null));
        assert_eq!(run(&sum, &[Value::Int(-2147483647)]), None);
        let product = [
            Step::Number(i64::MAX),
            Step::Number(2),
            Step::Multiply(Kind::Int8),
        ];
        assert_eq!(run(&product, &[]), None);
    }

    #[test]
    fn columns_and_clocks() {
        assert_eq!(run(&[Step::Column(1, Kind::Int8)], &[]), Some(Value::Null));
        assert_eq!(
            run(&[Step::Column(2, Kind::Text(0))], &[]),
            Some(Value::Bytes(b"ab"))
        );
        assert_eq!(run(&[Step::Column(2, Kind::Int4)], &[]), None);
        assert_eq!(run(&[Step::Column(3, Kind::Int4)], &[]), None);
        let local = |until| Step::LocalNow { offset: 60, until };
        assert_eq!(run(&[local(2000)], &[]), Some(Value::Int(1060)));
        assert_eq!(run(&[local(1000)], &[]), None);
    }
}
