//! Texts of values in their plain spelling. None or false: another spelling, or an error; the caller's reader decides.

use super::Kind;

/// Bits of a value of the fixed part, zero-extended.
pub struct Fixed(pub u64);

const MICROSECONDS_A_SECOND: i64 = 1_000_000;
const MICROSECONDS_A_DAY: i64 = 86_400 * MICROSECONDS_A_SECOND;
/// Years for which the plain form is read: all of them are in every type's range.
const YEARS: std::ops::RangeInclusive<i64> = 1..=9999;

pub fn fixed(kind: Kind, field: &[u8]) -> Option<Fixed> {
    let bits = match kind {
        Kind::Bool => match field {
            b"t" | b"true" => 1,
            b"f" | b"false" => 0,
            _ => return None,
        },
        Kind::Int2 => u64::from(i16::try_from(integer(field)?).ok()? as u16),
        Kind::Int4 => u64::from(i32::try_from(integer(field)?).ok()? as u32),
        Kind::Int8 => integer(field)? as u64,
        Kind::Oid => u64::from(u32::try_from(integer(field)?).ok()?),
        Kind::Float4 => u64::from(float4(field)?.to_bits()),
        Kind::Float8 => float8(field)?.to_bits(),
        Kind::Date => u64::from(date(field)? as i32 as u32),
        Kind::Timestamp => timestamp(field)? as u64,
        Kind::Timestamptz => timestamptz(field)? as u64,
        _ => return None,
    };
    Some(Fixed(bits))
}

/// Optional sign and up to 19 digits.
fn integer(field: &[u8]) -> Option<i64> {
    let (negative, digits) = match field {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if digits.is_empty() || digits.len() > 18 {
        // Longer ones may have leading zeros or be out of range: rare enough for the standard library.
        return if digits.len() > 18 && digits.iter().all(u8::is_ascii_digit) {
            std::str::from_utf8(field).ok()?.parse().ok()
        } else {
            None
        };
    }
    let mut value = 0i64;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    Some(if negative { -value } else { value })
}

/// Plain decimal notation, nothing that over- or underflows.
fn plain_float(field: &[u8]) -> Option<&str> {
    let plain = field
        .first()
        .is_some_and(|byte| byte.is_ascii_digit() || *byte == b'-')
        && field.last().is_some_and(u8::is_ascii_digit)
        && field
            .iter()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'-' | b'+'));
    if plain {
        std::str::from_utf8(field).ok()
    } else {
        None
    }
}

fn float8(field: &[u8]) -> Option<f64> {
    let value: f64 = plain_float(field)?.parse().ok()?;
    let zero = value == 0.0 && field.iter().all(|byte| !matches!(byte, b'1'..=b'9'));
    (value.is_normal() || zero).then_some(value)
}

fn float4(field: &[u8]) -> Option<f32> {
    let value: f32 = plain_float(field)?.parse().ok()?;
    let zero = value == 0.0 && field.iter().all(|byte| !matches!(byte, b'1'..=b'9'));
    (value.is_normal() || zero).then_some(value)
}

fn digits(field: &[u8]) -> Option<i64> {
    let mut value = 0i64;
    for byte in field {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    Some(value)
}

/// YYYY-MM-DD as days since 2000-01-01.
fn date(field: &[u8]) -> Option<i64> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = field else {
        return None;
    };
    let year = digits(&[*y1, *y2, *y3, *y4])?;
    let month = digits(&[*m1, *m2])?;
    let day = digits(&[*d1, *d2])?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        _ => return None,
    };
    if !YEARS.contains(&year) || day < 1 || day > length {
        return None;
    }
    Some(days_from_civil(year, month, day))
}

/// Days since 2000-01-01 in the Gregorian calendar (H. Hinnant, "chrono-compatible low-level date algorithms").
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468 - 10_957
}

/// YYYY-MM-DD HH:MM:SS with up to six decimals, as microseconds since 2000-01-01.
fn timestamp(field: &[u8]) -> Option<i64> {
    let day = date(field.get(..10)?)?;
    let clock = field.get(10..)?;
    let [b' ' | b'T', h1, h2, b':', m1, m2, b':', s1, s2, rest @ ..] = clock else {
        return None;
    };
    let hour = digits(&[*h1, *h2])?;
    let minute = digits(&[*m1, *m2])?;
    let second = digits(&[*s1, *s2])?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let fraction = match rest {
        [] => 0,
        [b'.', decimals @ ..] if (1..=6).contains(&decimals.len()) => {
            digits(decimals)? * 10i64.pow(6 - decimals.len() as u32)
        }
        _ => return None,
    };
    let seconds = hour * 3600 + minute * 60 + second;
    Some(day * MICROSECONDS_A_DAY + seconds * MICROSECONDS_A_SECOND + fraction)
}

/// A timestamp followed by +HH or +HH:MM.
fn timestamptz(field: &[u8]) -> Option<i64> {
    let sign_at = field.iter().rposition(|byte| matches!(byte, b'+' | b'-'))?;
    if sign_at < 19 {
        return None;
    }
    let (hours, minutes) = match &field[sign_at + 1..] {
        [h1, h2] => (digits(&[*h1, *h2])?, 0),
        [h1, h2, b':', m1, m2] => (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?),
        _ => return None,
    };
    if hours > 14 || minutes > 59 {
        return None;
    }
    let offset = (hours * 60 + minutes) * 60 * MICROSECONDS_A_SECOND;
    let local = timestamp(&field[..sign_at])?;
    Some(if field[sign_at] == b'+' {
        local - offset
    } else {
        local + offset
    })
}

fn characters(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

/// At most `limit` characters; 0: any number.
pub fn fits(text: &[u8], limit: u32) -> bool {
    limit == 0 || text.len() <= limit as usize || characters(text) <= limit as usize
}

/// Appends the text with blanks up to `length` characters.
pub fn pad(text: &[u8], length: u32, out: &mut Vec<u8>) -> bool {
    out.extend_from_slice(text);
    if length == 0 {
        return true;
    }
    let Some(missing) = (length as usize).checked_sub(characters(text)) else {
        return false;
    };
    out.resize(out.len() + missing, b' ');
    true
}

/// Most digits read here: they fit 64 bits with room for a scale's zeros.
const NUMERIC_DIGITS_MAX: usize = 18;

/// Appends the stored form: sign, scale, magnitude, all big-endian (src/types/numeric-type.ts).
pub fn numeric(field: &[u8], modifier: Option<(u32, u32)>, out: &mut Vec<u8>) -> bool {
    let (negative, text) = match field {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let (whole, decimals) = match memchr::memchr(b'.', text) {
        Some(point) => (&text[..point], &text[point + 1..]),
        None => (text, &[][..]),
    };
    if whole.is_empty() || whole.len() + decimals.len() > NUMERIC_DIGITS_MAX {
        return false;
    }
    let (Some(high), Some(low)) = (digits(whole), digits(decimals)) else {
        return false;
    };
    let mut scale = decimals.len();
    let mut magnitude = high as u64 * 10u64.pow(scale as u32) + low as u64;
    if let Some((precision, wanted)) = modifier {
        let (precision, wanted) = (precision as usize, wanted as usize);
        if scale > wanted || wanted > precision || precision > NUMERIC_DIGITS_MAX {
            return false;
        }
        if whole.len() > precision - wanted && high as u64 >= 10u64.pow((precision - wanted) as u32)
        {
            return false;
        }
        magnitude *= 10u64.pow((wanted - scale) as u32);
        scale = wanted;
    }
    out.push(u8::from(negative && magnitude != 0));
    out.extend_from_slice(&(scale as u16).to_be_bytes());
    let bytes = magnitude.to_be_bytes();
    out.extend_from_slice(&bytes[magnitude.leading_zeros() as usize / 8..]);
    true
}

/// Appends the 16 bytes of the form with hyphens.
pub fn uuid(field: &[u8], out: &mut Vec<u8>) -> bool {
    if field.len() != 36 {
        return false;
    }
    let mut high = None;
    for (index, byte) in field.iter().enumerate() {
        if matches!(index, 8 | 13 | 18 | 23) {
            if *byte != b'-' {
                return false;
            }
            continue;
        }
        let Some(digit) = (*byte as char).to_digit(16) else {
            return false;
        };
        match high.take() {
            None => high = Some(digit as u8),
            Some(first) => out.push(first << 4 | digit as u8),
        }
    }
    true
}
