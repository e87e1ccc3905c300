//! Values of the simple types on their way between the wire, expressions and stored rows.

use helios_columns::copy::Kind;

/// A value: whole numbers (also booleans, dates and times by their numbers) sign-extended, or bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    Null,
    Int(i64),
    Bytes(&'a [u8]),
}

/// A parameter as the client sent it; None where it is not in its plain form.
pub fn decode<'a>(kind: Kind, sent: Option<&'a [u8]>, is_binary: bool) -> Option<Value<'a>> {
    let Some(bytes) = sent else {
        return Some(Value::Null);
    };
    match kind {
        Kind::Text(_) => {
            let is_text = !bytes.contains(&0) && std::str::from_utf8(bytes).is_ok();
            is_text.then_some(Value::Bytes(bytes))
        }
        Kind::Bool | Kind::Int2 | Kind::Int4 | Kind::Int8 | Kind::Oid => {
            if is_binary {
                binary_int(kind, bytes).map(Value::Int)
            } else {
                kind.fixed_bits(bytes)
                    .map(|bits| Value::Int(extend(kind, bits)))
            }
        }
        _ => None,
    }
}

fn binary_int(kind: Kind, bytes: &[u8]) -> Option<i64> {
    Some(match (kind, bytes) {
        (Kind::Bool, [byte]) => i64::from(*byte != 0),
        (Kind::Int2, _) => i64::from(i16::from_be_bytes(bytes.try_into().ok()?)),
        (Kind::Int4, _) => i64::from(i32::from_be_bytes(bytes.try_into().ok()?)),
        (Kind::Oid, _) => i64::from(u32::from_be_bytes(bytes.try_into().ok()?)),
        (Kind::Int8, _) => i64::from_be_bytes(bytes.try_into().ok()?),
        _ => return None,
    })
}

/// A number from the bits of its stored form.
pub fn extend(kind: Kind, bits: u64) -> i64 {
    match kind {
        Kind::Int2 => i64::from(bits as u16 as i16),
        Kind::Int4 | Kind::Date => i64::from(bits as u32 as i32),
        Kind::Oid => i64::from(bits as u32),
        Kind::Bool => i64::from(bits as u8 != 0),
        _ => bits as i64,
    }
}

/// Whether a number is one of the type.
pub fn fits(kind: Kind, number: i64) -> bool {
    match kind {
        Kind::Int2 => i16::try_from(number).is_ok(),
        Kind::Int4 => i32::try_from(number).is_ok(),
        Kind::Oid => u32::try_from(number).is_ok(),
        _ => true,
    }
}

/// The types whose values are sent to clients from here.
pub fn is_sent(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Bool
            | Kind::Int2
            | Kind::Int4
            | Kind::Int8
            | Kind::Oid
            | Kind::Text(_)
            | Kind::Bpchar(_)
    )
}

/// Appends a field of a DataRow: length and value.
pub fn put_field(kind: Kind, value: Value<'_>, is_binary: bool, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    match value {
        Value::Null => {
            out[start..].copy_from_slice(&(-1i32).to_be_bytes());
            return;
        }
        Value::Bytes(bytes) => out.extend_from_slice(bytes),
        Value::Int(number) if is_binary => match kind {
            Kind::Bool => out.push(number as u8),
            Kind::Int2 => out.extend_from_slice(&(number as i16).to_be_bytes()),
            Kind::Int8 => out.extend_from_slice(&number.to_be_bytes()),
            _ => out.extend_from_slice(&(number as u32).to_be_bytes()),
        },
        Value::Int(number) if kind == Kind::Bool => {
            out.push(if number != 0 { b't' } else { b'f' });
        }
        Value::Int(number) => put_decimal(number, out),
    }
    let length = (out.len() - start - 4) as u32;
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
}

/// Appends the number in decimal digits.
pub fn put_decimal(number: i64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = number.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals() {
        for number in [0, 7, -1, 1234567890, i64::MAX, i64::MIN] {
            let mut out = Vec::new();
            put_decimal(number, &mut out);
            assert_eq!(out, number.to_string().into_bytes());
        }
    }

    #[test]
    fn parameters() {
        let int = |number| Some(Value::Int(number));
        assert_eq!(decode(Kind::Int4, Some(b"-12"), false), int(-12));
        assert_eq!(decode(Kind::Int4, Some(&[255; 4]), true), int(-1));
        assert_eq!(decode(Kind::Oid, Some(&[255; 4]), true), int(4294967295));
        assert_eq!(decode(Kind::Int2, Some(b"40000"), false), None);
        assert_eq!(decode(Kind::Int4, Some(b" 1"), false), None);
        assert_eq!(decode(Kind::Int4, Some(&[0; 3]), true), None);
        assert_eq!(decode(Kind::Text(0), Some(b"a\0"), false), None);
        assert_eq!(decode(Kind::Text(0), Some(&[0xff]), true), None);
        assert_eq!(decode(Kind::Int8, None, true), Some(Value::Null));
    }

    #[test]
    fn fields() {
        let field = |kind, value, is_binary| {
            let mut out = Vec::new();
            put_field(kind, value, is_binary, &mut out);
            out
        };
        assert_eq!(
            field(Kind::Int4, Value::Int(-5), false),
            [0, 0, 0, 2, b'-', b'5']
        );
        assert_eq!(
            field(Kind::Int2, Value::Int(-2), true),
            [0, 0, 0, 2, 255, 254]
        );
        assert_eq!(field(Kind::Bool, Value::Int(1), false), [0, 0, 0, 1, b't']);
        assert_eq!(field(Kind::Int8, Value::Null, true), [255; 4]);
    }
}
