//! A statement's text without its literals, as `src/session/plan-cache/fingerprint.ts` has it: the same scan over bytes.
//! What that leaves to the parser is left alone here, too; where the two differ, this one may only find less.

/// Longer texts are not looked at.
const TEXT_BYTES_MAX: usize = 16 << 10;
const LITERALS_MAX: usize = 256;
const INT4_MAX: u64 = 2_147_483_647;

/// Marks in the place of literals: int4, int8, numeric, text.
const MARKS: [u8; 4] = [1, 2, 3, 4];

/// What a scan found; used again for the next one.
#[derive(Default)]
pub struct Fingerprint {
    /// The text with a mark in the place of each literal.
    pub skeleton: Vec<u8>,
    /// The literals' bytes, each behind a minus.
    bytes: Vec<u8>,
    /// Where each stands there, the minus included.
    places: Vec<(usize, usize)>,
}

impl Fingerprint {
    /// Number of literals.
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// A literal: a number as written, a string without its quotes.
    pub fn literal(&self, index: usize, is_negative: bool) -> Option<&[u8]> {
        let (start, end) = *self.places.get(index)?;
        self.bytes.get(start + usize::from(!is_negative)..end)
    }

    /// Walks over a text; false where the parser must see it.
    pub fn scan(&mut self, text: &[u8]) -> bool {
        self.skeleton.clear();
        self.bytes.clear();
        self.places.clear();
        if text.len() > TEXT_BYTES_MAX {
            return false;
        }
        let mut at = 0;
        while at < text.len() {
            let end = match text[at] {
                b' ' | b'\n' | b'\t' | b'\r' => Some(at + 1),
                byte if is_word_start(byte) => word(text, at),
                byte if byte.is_ascii_digit() => {
                    at = match self.number(text, at) {
                        Some(end) => end,
                        None => return false,
                    };
                    continue;
                }
                b'\'' => {
                    at = match self.string(text, at) {
                        Some(end) => end,
                        None => return false,
                    };
                    continue;
                }
                _ => other(text, at),
            };
            let Some(end) = end else {
                return false;
            };
            self.skeleton.extend_from_slice(&text[at..end]);
            at = end;
        }
        self.places.len() <= LITERALS_MAX
    }

    /// Takes a number; where it ends.
    fn number(&mut self, text: &[u8], start: usize) -> Option<usize> {
        let mut at = digits_end(text, start);
        let digits = at - start;
        let mut mark = usize::from(digits > 9);
        if text.get(at) == Some(&b'.') {
            let fraction = at + 1;
            at = digits_end(text, fraction);
            if at == fraction {
                return None;
            }
            mark = 2;
        } else if digits >= 10 {
            if digits > 18 {
                return None;
            }
            let value = text[start..at]
                .iter()
                .fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
            // One more than the largest int4 is an int4 where a minus stands before it.
            if value == INT4_MAX + 1 {
                return None;
            }
            if value <= INT4_MAX {
                mark = 0;
            }
        }
        match text.get(at) {
            Some(b'.') => return None,
            Some(byte) if is_word_part(*byte) => return None,
            _ => {}
        }
        self.begin(mark);
        self.bytes.extend_from_slice(&text[start..at]);
        self.end();
        Some(at)
    }

    /// Takes a string; where it ends.
    fn string(&mut self, text: &[u8], start: usize) -> Option<usize> {
        self.begin(3);
        let mut at = start + 1;
        loop {
            let length = text[at..].iter().position(|byte| *byte == b'\'')?;
            self.bytes.extend_from_slice(&text[at..at + length]);
            at += length + 1;
            if text.get(at) != Some(&b'\'') {
                break;
            }
            self.bytes.push(b'\'');
            at += 1;
        }
        self.end();
        // Strings with only space between them may be one.
        let next = text[at..].iter().find(|byte| !byte.is_ascii_whitespace());
        (next != Some(&b'\'')).then_some(at)
    }

    fn begin(&mut self, mark: usize) {
        self.skeleton.push(MARKS[mark]);
        self.places.push((self.bytes.len(), 0));
        self.bytes.push(b'-');
    }

    fn end(&mut self) {
        if let Some(place) = self.places.last_mut() {
            place.1 = self.bytes.len();
        }
    }
}

/// Where a word ends; None where it is the start of a string of another kind (E'', U&'').
fn word(text: &[u8], start: usize) -> Option<usize> {
    let length = text[start..].iter().take_while(|byte| is_word_part(**byte));
    let end = start + length.count();
    (!matches!(text.get(end), Some(b'\'' | b'&'))).then_some(end)
}

/// Where a sign or quoted name ends.
fn other(text: &[u8], at: usize) -> Option<usize> {
    let next = text.get(at + 1).copied().unwrap_or_default();
    match text[at] {
        b'"' => {
            let length = text[at + 1..].iter().position(|byte| *byte == b'"')?;
            Some(at + length + 2)
        }
        b'-' if next == b'-' => None,
        b'/' if next == b'*' => None,
        b'.' if next.is_ascii_digit() => None,
        b'$' | ..b' ' => None,
        _ => Some(at + 1),
    }
}

fn digits_end(text: &[u8], start: usize) -> usize {
    let digits = text[start..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    start + digits.count()
}

fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 128
}

fn is_word_part(byte: u8) -> bool {
    is_word_start(byte) || byte.is_ascii_digit() || byte == b'$'
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_taken_out() {
        let mut print = Fingerprint::default();
        assert!(
            print.scan(
                b"select a1, -7 from \"t 1\" where b = 'it''s' and c < 12.50 and d=9999999999"
            )
        );
        assert_eq!(
            print.skeleton,
            b"select a1, -\x01 from \"t 1\" where b = \x04 and c < \x03 and d=\x02"
        );
        let literals: Vec<_> = (0..print.count())
            .map(|index| print.literal(index, false).unwrap())
            .collect();
        assert_eq!(literals, [&b"7"[..], b"it's", b"12.50", b"9999999999"]);
        assert_eq!(print.literal(0, true).unwrap(), b"-7");
    }

    #[test]
    fn the_parser_sees_what_has_more_than_one_reading() {
        let mut print = Fingerprint::default();
        for text in [
            "select E'a'",
            "select U&'a'",
            "select 'a'\n 'b'",
            "select 1.",
            "select .5",
            "select 1e5",
            "select 1_000",
            "select -- 1",
            "select /* 1 */ 2",
            "select $1",
            "select $$a$$",
            "select 'a",
            "select \"a",
            "select 2147483648",
            "select 1234567890123456789",
            "select 0x1f",
            "select 1\u{0}",
        ] {
            assert!(!print.scan(text.as_bytes()), "{text}");
        }
        assert!(print.scan(b"select 2147483647, 2147483649"));
        assert_eq!(print.skeleton, b"select \x01, \x02");
    }
}
