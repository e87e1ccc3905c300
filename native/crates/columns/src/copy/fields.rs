//! A line's fields. Anything but plain fields, complete quoted ones and simple escapes is left to the caller.

use memchr::{memchr, memchr2};

use super::Format;
use super::encode::RowEncoder;

/// Gives the line's fields to the encoder; false where the line is not for this decoder.
pub fn take_line(format: &Format, line: &[u8], encoder: &mut RowEncoder) -> bool {
    encoder.begin();
    if memchr(b'\r', line).is_some() || line == b"\\." {
        return false;
    }
    match format.quote {
        None if memchr(b'\\', line).is_some() => take_escaped(format, line, encoder),
        Some(quote) if memchr(quote, line).is_some() => take_quoted(format, quote, line, encoder),
        _ => take_plain(format, line, encoder),
    }
}

fn take_plain(format: &Format, line: &[u8], encoder: &mut RowEncoder) -> bool {
    let count = encoder.count();
    let mut start = 0;
    for index in 0..count {
        let end = match memchr(format.delimiter, &line[start..]) {
            Some(length) if index + 1 < count => start + length,
            None if index + 1 == count => line.len(),
            _ => return false,
        };
        let field = &line[start..end];
        let taken = if field == format.null {
            encoder.null(index)
        } else {
            encoder.field(index, line, start, end)
        };
        if !taken {
            return false;
        }
        start = end + 1;
    }
    count > 0
}

/// Text format with backslashes: a delimiter after one is data.
fn take_escaped(format: &Format, line: &[u8], encoder: &mut RowEncoder) -> bool {
    let count = encoder.count();
    let mut start = 0;
    for index in 0..count {
        let Some((end, escapes)) = raw_end(format.delimiter, line, start) else {
            return false;
        };
        if (end < line.len()) != (index + 1 < count) {
            return false;
        }
        let raw = &line[start..end];
        let taken = if raw == format.null {
            encoder.null(index)
        } else if escapes {
            unescape(raw, encoder.text()) && encoder.own_field(index)
        } else {
            encoder.field(index, line, start, end)
        };
        if !taken {
            return false;
        }
        start = end + 1;
    }
    count > 0
}

/// Where a raw field ends and whether it has escapes; None where a backslash ends the line.
fn raw_end(delimiter: u8, line: &[u8], start: usize) -> Option<(usize, bool)> {
    let mut at = start;
    let mut escapes = false;
    loop {
        match memchr2(delimiter, b'\\', &line[at..]) {
            None => return Some((line.len(), escapes)),
            Some(length) if line[at + length] == delimiter => return Some((at + length, escapes)),
            Some(length) => {
                escapes = true;
                at += length + 2;
                if at > line.len() {
                    return None;
                }
            }
        }
    }
}

/// False for escapes of bytes by number and for \. within a line.
fn unescape(raw: &[u8], out: &mut Vec<u8>) -> bool {
    let mut bytes = raw.iter();
    while let Some(byte) = bytes.next() {
        if *byte != b'\\' {
            out.push(*byte);
            continue;
        }
        match bytes.next() {
            None | Some(b'0'..=b'7' | b'x' | b'.') => return false,
            Some(b'b') => out.push(8),
            Some(b'f') => out.push(12),
            Some(b'n') => out.push(b'\n'),
            Some(b'r') => out.push(b'\r'),
            Some(b't') => out.push(b'\t'),
            Some(b'v') => out.push(11),
            Some(other) => out.push(*other),
        }
    }
    true
}

/// CSV with quotes: each field is plain or quoted as a whole, and ends in this line.
fn take_quoted(format: &Format, quote: u8, line: &[u8], encoder: &mut RowEncoder) -> bool {
    let count = encoder.count();
    let mut start = 0;
    for index in 0..count {
        let quoted = line.get(start) == Some(&quote);
        let end = if quoted {
            match unquote(quote, line, start + 1, encoder.text()) {
                Some(end) => end,
                None => return false,
            }
        } else {
            start + memchr(format.delimiter, &line[start..]).unwrap_or(line.len() - start)
        };
        let last = index + 1 == count;
        if end < line.len() && (last || line[end] != format.delimiter) || end == line.len() && !last
        {
            return false;
        }
        let taken = if quoted {
            encoder.own_field(index)
        } else if memchr(quote, &line[start..end]).is_some() {
            false
        } else if line[start..end] == *format.null {
            encoder.null(index)
        } else {
            encoder.field(index, line, start, end)
        };
        if !taken {
            return false;
        }
        start = end + 1;
    }
    count > 0
}

/// Copies a quoted field without its quotes; the position after the closing one.
fn unquote(quote: u8, line: &[u8], start: usize, out: &mut Vec<u8>) -> Option<usize> {
    let mut at = start;
    loop {
        let length = memchr(quote, &line[at..])?;
        out.extend_from_slice(&line[at..at + length]);
        at += length + 1;
        if line.get(at) != Some(&quote) {
            return Some(at);
        }
        out.push(quote);
        at += 1;
    }
}
