//! Checked reads of little-endian integers and variable-length ones; data from disk never makes them panic.

use crate::{Error, Result};

fn short() -> Error {
    Error::corrupted("stored bytes end too early")
}

/// The `N` bytes at `at`.
pub fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N]> {
    let end = at.checked_add(N).ok_or_else(short)?;
    bytes
        .get(at..end)
        .and_then(|part| part.try_into().ok())
        .ok_or_else(short)
}

pub fn u16_at(bytes: &[u8], at: usize) -> Result<u16> {
    Ok(u16::from_le_bytes(array_at(bytes, at)?))
}

pub fn u32_at(bytes: &[u8], at: usize) -> Result<u32> {
    Ok(u32::from_le_bytes(array_at(bytes, at)?))
}

pub fn u64_at(bytes: &[u8], at: usize) -> Result<u64> {
    Ok(u64::from_le_bytes(array_at(bytes, at)?))
}

/// Appends `value` in base 128, low groups first.
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Reads what `put_varint` wrote and moves `at` past it.
#[inline]
pub fn take_varint(bytes: &[u8], at: &mut usize) -> Result<u64> {
    let mut value = 0u64;
    let mut shift = 0;
    loop {
        let byte = *bytes.get(*at).ok_or_else(short)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
        shift += 7;
        if shift > 63 {
            return Err(Error::corrupted("stored length is too long"));
        }
    }
}

/// The next `length` bytes; moves `at` past them.
#[inline]
pub fn take<'a>(bytes: &'a [u8], at: &mut usize, length: usize) -> Result<&'a [u8]> {
    let end = at.checked_add(length).ok_or_else(short)?;
    let part = bytes.get(*at..end).ok_or_else(short)?;
    *at = end;
    Ok(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_round_trip() {
        for value in [0u64, 1, 127, 128, 300, 1 << 21, u64::MAX] {
            let mut out = Vec::new();
            put_varint(&mut out, value);
            let mut at = 0;
            assert_eq!(take_varint(&out, &mut at), Ok(value));
            assert_eq!(at, out.len());
        }
    }

    #[test]
    fn short_input_is_an_error() {
        assert!(u64_at(&[1, 2, 3], 0).is_err());
        assert!(take_varint(&[0x80], &mut 0).is_err());
        assert!(take(&[1], &mut 0, 2).is_err());
    }
}
