//! The messages that answer point statements.

use crate::message::Formats;
use crate::value::put_decimal;

pub fn put_bind_complete(out: &mut Vec<u8>) {
    out.extend_from_slice(&[b'2', 0, 0, 0, 4]);
}

/// CommandComplete of a command without a count.
pub fn put_command(out: &mut Vec<u8>, tag: &[u8]) {
    let start = out.len();
    out.extend_from_slice(&[b'C', 0, 0, 0, 0]);
    out.extend_from_slice(tag);
    out.push(0);
    close_message(out, start);
}

/// Appends a RowDescription with the formats filled in: each field is a name, a zero and 18 bytes, the last two the format.
pub fn put_description(description: &[u8], formats: Formats<'_>, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(description);
    if formats.count() == 0 {
        return;
    }
    let mut at = start + 7;
    let mut index = 0;
    while let Some(name) = out[at..].iter().position(|byte| *byte == 0) {
        at += name + 19;
        out[at - 1] = u8::from(formats.is_binary(index));
        index += 1;
    }
}

/// ReadyForQuery.
pub fn put_ready(out: &mut Vec<u8>, status: u8) {
    out.extend_from_slice(&[b'Z', 0, 0, 0, 5, status]);
}

pub fn put_no_data(out: &mut Vec<u8>) {
    out.extend_from_slice(&[b'n', 0, 0, 0, 4]);
}

/// CommandComplete of a statement that reads or writes so many rows.
pub fn put_tag(out: &mut Vec<u8>, verb: &[u8], count: u64) {
    let start = out.len();
    out.extend_from_slice(&[b'C', 0, 0, 0, 0]);
    out.extend_from_slice(verb);
    put_decimal(count as i64, out);
    out.push(0);
    close_message(out, start);
}

/// Fills in the length of the message that starts at `start`.
pub fn close_message(out: &mut [u8], start: usize) {
    let length = (out.len() - start - 1) as u32;
    out[start + 1..start + 5].copy_from_slice(&length.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Next, next};

    #[test]
    fn descriptions_take_each_columns_format() {
        let mut description = vec![b'T', 0, 0, 0, 47, 0, 2];
        for name in ["a", "bc"] {
            description.extend_from_slice(name.as_bytes());
            description.extend_from_slice(&[0; 19]);
        }
        // Bind and Execute that ask for the text form of the first column and the binary one of the second.
        let bind = b"B\0\0\0\x11\0s\0\0\0\0\0\0\x02\0\0\0\x01E\0\0\0\x09\0\0\0\0\0";
        let Next::Unit(unit) = next(bind) else {
            panic!("a unit")
        };
        let mut out = b"before".to_vec();
        put_description(&description, unit.results, &mut out);
        let mut expected = description.clone();
        *expected.last_mut().expect("a format") = 1;
        assert_eq!(out[6..], expected);
    }
}
