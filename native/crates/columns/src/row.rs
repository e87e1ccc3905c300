//! The stored form of a row: stamp, attribute codes, fixed part, variable-length part. Self-describing, so rows written
//! before a column was added or dropped need no conversion. Layout: the crate's README.

use helios_base::bytes::{put_varint, take, take_varint, u16_at, u32_at, u64_at};
use helios_base::{Error, Result};

pub const CODE_NULL: u8 = 0;
pub const CODE_1: u8 = 1;
pub const CODE_2: u8 = 2;
pub const CODE_4: u8 = 3;
pub const CODE_8: u8 = 4;
pub const CODE_VARLEN: u8 = 5;
/// A varint of the raw length, then an lz4 block, together length-prefixed as a plain varlen.
pub const CODE_COMPRESSED: u8 = 6;

/// The stamp and the number of attributes.
pub const HEADER_BYTES: usize = 10;
/// Values from this size on are compressed where that makes them smaller.
const COMPRESS_FROM_BYTES: usize = 2048;
/// Largest value PostgreSQL allows.
const VALUE_BYTES_MAX: u64 = 0x3fff_ffff;

#[inline]
pub fn width_of(code: u8) -> Option<usize> {
    match code {
        CODE_NULL | CODE_VARLEN | CODE_COMPRESSED => Some(0),
        CODE_1 => Some(1),
        CODE_2 => Some(2),
        CODE_4 => Some(4),
        CODE_8 => Some(8),
        _ => None,
    }
}

/// Bits of a stamp that are the transaction's id: enough for 10,000 a second over 27 years.
const XID_BITS: u32 = 43;
/// In a stamp: the transaction had locked the row before it wrote this version, which xmax shows.
pub const LOCKED: u64 = 1 << XID_BITS;
/// The command's bits are above. What does not fit is the largest number.
const COMMAND_SHIFT: u32 = 44;
const COMMAND_MAX: u64 = (1 << (64 - COMMAND_SHIFT)) - 1;

/// What a row version says of its origin: the transaction, and which of its commands (from 1).
#[inline]
pub fn stamp(xid: u64, command: u32) -> u64 {
    debug_assert!(xid < 1 << XID_BITS);
    xid | u64::from(command.saturating_sub(1)).min(COMMAND_MAX) << COMMAND_SHIFT
}

pub fn attribute_count(row: &[u8]) -> Result<usize> {
    Ok(u16_at(row, 8)? as usize)
}

#[inline]
pub fn code_at(codes: &[u8], index: usize) -> u8 {
    let byte = codes[index / 2];
    if index.is_multiple_of(2) {
        byte & 15
    } else {
        byte >> 4
    }
}

/// The codes of a row and where its fixed part starts.
pub fn codes(row: &[u8]) -> Result<(&[u8], usize)> {
    let count = attribute_count(row)?;
    let end = HEADER_BYTES + count.div_ceil(2);
    let codes = row
        .get(HEADER_BYTES..end)
        .ok_or_else(|| Error::corrupted("a stored row ends within its header"))?;
    Ok((codes, end))
}

/// Some of the row's values may be large enough to be compressed.
pub fn is_compressible(row: &[u8]) -> bool {
    row.len() >= COMPRESS_FROM_BYTES
}

/// LOCKED, where the row's stamp has it; 0 else.
pub fn locked(row: &[u8]) -> Result<u64> {
    Ok(u64_at(row, 0)? & LOCKED)
}

/// The id of the transaction that wrote the row.
pub fn xid_of(row: &[u8]) -> Result<u64> {
    Ok(u64_at(row, 0)? & (LOCKED - 1))
}

/// The encoder's row with its stamp filled in and large values compressed.
pub fn finish(row: &[u8], stamp: u64) -> Result<Vec<u8>> {
    if row.len() < HEADER_BYTES {
        return Err(Error::internal("an encoded row is shorter than its header"));
    }
    let mut row = row.to_vec();
    row[..8].copy_from_slice(&stamp.to_le_bytes());
    if is_compressible(&row) {
        compress(row)
    } else {
        Ok(row)
    }
}

fn compress(row: Vec<u8>) -> Result<Vec<u8>> {
    let (codes, fixed_at) = codes(&row)?;
    let count = attribute_count(&row)?;
    let mut at = fixed_at;
    for index in 0..count {
        at += width_of(code_at(codes, index)).ok_or_else(unknown_code)?;
    }
    let mut out = row
        .get(..at)
        .ok_or_else(|| Error::internal("an encoded row is too short"))?
        .to_vec();
    let mut changed = false;
    for index in 0..count {
        let code = code_at(codes, index);
        if code != CODE_VARLEN && code != CODE_COMPRESSED {
            continue;
        }
        let length = take_varint(&row, &mut at)? as usize;
        let value = take(&row, &mut at, length)?;
        if code == CODE_VARLEN && length >= COMPRESS_FROM_BYTES {
            let mut body = Vec::with_capacity(length / 2);
            put_varint(&mut body, length as u64);
            body.extend_from_slice(&lz4_flex::block::compress(value));
            if body.len() < length {
                let byte = &mut out[HEADER_BYTES + index / 2];
                let shift = if index.is_multiple_of(2) { 0 } else { 4 };
                *byte = (*byte & !(15 << shift)) | (CODE_COMPRESSED << shift);
                put_varint(&mut out, body.len() as u64);
                out.extend_from_slice(&body);
                changed = true;
                continue;
            }
        }
        put_varint(&mut out, length as u64);
        out.extend_from_slice(value);
    }
    Ok(if changed { out } else { row })
}

/// The raw value of a compressed one.
pub fn decompress(body: &[u8]) -> Result<Vec<u8>> {
    let mut at = 0;
    let length = take_varint(body, &mut at)?;
    if length > VALUE_BYTES_MAX {
        return Err(Error::corrupted(
            "a compressed value claims an impossible length",
        ));
    }
    lz4_flex::block::decompress(&body[at..], length as usize)
        .ok()
        .filter(|value| value.len() == length as usize)
        .ok_or_else(|| Error::corrupted("a compressed value does not decompress"))
}

/// Code and bytes of each attribute, in order; a null has none.
pub fn parts<'a>(row: &'a [u8], out: &mut Vec<(u8, &'a [u8])>) -> Result<()> {
    let (codes, mut fixed_at) = codes(row)?;
    let count = attribute_count(row)?;
    out.clear();
    for index in 0..count {
        let code = code_at(codes, index);
        let width = width_of(code).ok_or_else(unknown_code)?;
        out.push((code, take(row, &mut fixed_at, width)?));
    }
    for (code, bytes) in out.iter_mut() {
        if *code == CODE_VARLEN || *code == CODE_COMPRESSED {
            let length = take_varint(row, &mut fixed_at)? as usize;
            *bytes = take(row, &mut fixed_at, length)?;
        }
    }
    Ok(())
}

/// Appends the row of these parts, its stamp left to `finish`.
pub fn assemble(parts: &[(u8, &[u8])], out: &mut Vec<u8>) {
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(&(parts.len() as u16).to_le_bytes());
    for pair in parts.chunks(2) {
        out.push(pair[0].0 | pair.get(1).map_or(0, |part| part.0 << 4));
    }
    let is_varlen = |code: u8| code == CODE_VARLEN || code == CODE_COMPRESSED;
    for (_, bytes) in parts.iter().filter(|part| !is_varlen(part.0)) {
        out.extend_from_slice(bytes);
    }
    for (_, bytes) in parts.iter().filter(|part| is_varlen(part.0)) {
        put_varint(out, bytes.len() as u64);
        out.extend_from_slice(bytes);
    }
}

/// Little-endian value of a fixed attribute, zero-extended.
pub fn fixed_at(row: &[u8], at: usize, width: usize) -> Result<u64> {
    match width {
        1 => {
            Ok(u64::from(*row.get(at).ok_or_else(|| {
                Error::corrupted("a stored row is too short")
            })?))
        }
        2 => Ok(u64::from(u16_at(row, at)?)),
        4 => Ok(u64::from(u32_at(row, at)?)),
        _ => u64_at(row, at),
    }
}

pub fn unknown_code() -> Error {
    Error::corrupted("a stored row has an unknown attribute code")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_taken_apart_and_put_together() {
        let row = [
            0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0x53, 0, 7, 0, 0, 0, 2, b'a', b'b',
        ];
        let mut taken = Vec::new();
        assert_eq!(parts(&row, &mut taken), Ok(()));
        assert_eq!(
            taken,
            [
                (CODE_4, &[7, 0, 0, 0][..]),
                (CODE_VARLEN, b"ab"),
                (CODE_NULL, b"")
            ]
        );
        let mut again = Vec::new();
        assemble(&taken, &mut again);
        assert_eq!(again, row);
        for end in 0..row.len() {
            assert!(parts(&row[..end], &mut taken).is_err());
        }
    }
}
