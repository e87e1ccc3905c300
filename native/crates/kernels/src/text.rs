//! LIKE and substring on UTF-8 strings.

use memchr::memmem::Finder;

use crate::vector::Strings;

/// A LIKE pattern, taken apart once.
pub struct Pattern {
    shape: Shape,
}

enum Shape {
    Exact(Vec<u8>),
    Prefix(Vec<u8>),
    Suffix(Vec<u8>),
    Infix(Box<Finder<'static>>),
    /// Pieces between the percent signs, in order; whether the pattern begins and ends with one.
    Pieces {
        pieces: Vec<Vec<Unit>>,
        open_start: bool,
        open_end: bool,
    },
}

/// One character of a piece; None is an underscore.
type Unit = Option<[u8; 4]>;

impl Pattern {
    /// None for a pattern that ends with its escape: the executor's nodes raise that error.
    pub fn new(pattern: &str) -> Option<Pattern> {
        let mut pieces: Vec<Vec<Unit>> = vec![Vec::new()];
        let mut characters = pattern.chars();
        while let Some(character) = characters.next() {
            let unit = match character {
                '%' => {
                    pieces.push(Vec::new());
                    continue;
                }
                '_' => None,
                '\\' => Some(unit_of(characters.next()?)),
                other => Some(unit_of(other)),
            };
            if let Some(piece) = pieces.last_mut() {
                piece.push(unit);
            }
        }
        Some(Pattern {
            shape: shape_of(pieces),
        })
    }

    pub fn matches(&self, text: &[u8]) -> bool {
        match &self.shape {
            Shape::Exact(bytes) => text == bytes,
            Shape::Prefix(bytes) => text.starts_with(bytes),
            Shape::Suffix(bytes) => text.ends_with(bytes),
            Shape::Infix(finder) => finder.find(text).is_some(),
            Shape::Pieces {
                pieces,
                open_start,
                open_end,
            } => matches_pieces(pieces, *open_start, *open_end, text),
        }
    }
}

fn unit_of(character: char) -> [u8; 4] {
    let mut bytes = [0; 4];
    character.encode_utf8(&mut bytes);
    bytes
}

fn length_of(first: u8) -> usize {
    match first {
        0..0xc0 => 1,
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        _ => 4,
    }
}

fn literal(piece: &[Unit]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for unit in piece {
        let character = (*unit)?;
        bytes.extend_from_slice(&character[..length_of(character[0])]);
    }
    Some(bytes)
}

fn shape_of(mut pieces: Vec<Vec<Unit>>) -> Shape {
    let open_start = pieces.len() > 1 && pieces[0].is_empty();
    let open_end = pieces.len() > 1 && pieces.last().is_some_and(Vec::is_empty);
    if pieces.len() == 1 {
        if let Some(bytes) = literal(&pieces[0]) {
            return Shape::Exact(bytes);
        }
    } else {
        pieces.retain(|piece| !piece.is_empty());
        if let [only] = pieces.as_slice()
            && let Some(bytes) = literal(only)
        {
            match (open_start, open_end) {
                (true, true) => return Shape::Infix(Box::new(Finder::new(&bytes).into_owned())),
                (true, false) => return Shape::Suffix(bytes),
                (false, true) => return Shape::Prefix(bytes),
                (false, false) => {}
            }
        }
    }
    Shape::Pieces {
        pieces,
        open_start,
        open_end,
    }
}

/// Bytes that the piece takes at the text's start; None where it does not match there.
fn taken(piece: &[Unit], text: &[u8]) -> Option<usize> {
    let mut at = 0;
    for unit in piece {
        let first = *text.get(at)?;
        let length = length_of(first);
        if let Some(character) = unit
            && text.get(at..at + length)? != &character[..length_of(character[0])]
        {
            return None;
        }
        at += length;
    }
    (at <= text.len()).then_some(at)
}

/// The first piece stands at the start unless that is open, the last at the end; those between, each as early as it can.
fn matches_pieces(pieces: &[Vec<Unit>], open_start: bool, open_end: bool, text: &[u8]) -> bool {
    let (mut rest, mut pieces) = (text, pieces);
    if !open_start && let Some((first, others)) = pieces.split_first() {
        let Some(length) = taken(first, rest) else {
            return false;
        };
        rest = &rest[length..];
        if others.is_empty() {
            return open_end || rest.is_empty();
        }
        pieces = others;
    }
    let last = if open_end { None } else { pieces.last() };
    let middle = &pieces[..pieces.len() - usize::from(last.is_some())];
    for piece in middle {
        loop {
            if let Some(length) = taken(piece, rest) {
                rest = &rest[length..];
                break;
            }
            let Some(first) = rest.first() else {
                return false;
            };
            rest = &rest[length_of(*first).min(rest.len())..];
        }
    }
    let Some(last) = last else {
        return true;
    };
    let characters = rest.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
    let Some(skipped) = characters.checked_sub(last.len()) else {
        return false;
    };
    let start = character_at(rest, skipped);
    taken(last, &rest[start..]).is_some_and(|length| start + length == rest.len())
}

/// Where the character with this number (from 0) begins; the end where there are fewer.
fn character_at(text: &[u8], number: usize) -> usize {
    let mut starts = text
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte & 0xc0 != 0x80);
    starts.nth(number).map_or(text.len(), |(at, _)| at)
}

/// substring(text from start for length), characters from 1; a start before the first takes from the length.
pub fn substrings(texts: &Strings, start: i64, length: i64) -> Strings {
    let end = start.saturating_add(length);
    let (from, to) = (start.max(1) - 1, end.max(1) - 1);
    let mut out = Strings::default();
    for text in texts.iter() {
        let begin = character_at(text, from as usize);
        let count = (to - from).max(0) as usize;
        let finish = begin + character_at(&text[begin..], count);
        out.push(&text[begin..finish]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("%", "", true),
            ("", "", true),
            ("", "a", false),
            ("a%", "abc", true),
            ("%c", "abc", true),
            ("%b%", "abc", true),
            ("%x%", "abc", false),
            ("a%c", "ac", true),
            ("a%c", "a", false),
            ("a%a", "a", false),
            ("_", "é", true),
            ("_", "ab", false),
            ("%_", "", false),
            ("%é_", "aéz", true),
            ("a_c%d_f", "abcxxdef", true),
            ("a\\%c", "a%c", true),
            ("a\\%c", "abc", false),
            ("%a%b%a%", "xaxbxa", true),
            ("%a%b%a%", "xaxbx", false),
            ("%special%requests%", "no special wishes, requests", true),
            ("%ab%b", "ab", false),
            ("%ab%b", "abb", true),
        ] {
            let found = Pattern::new(pattern).is_some_and(|known| known.matches(text.as_bytes()));
            assert_eq!(found, expected, "{text} like {pattern}");
        }
        assert!(Pattern::new("a\\").is_none());
    }

    #[test]
    fn parts_of_strings() {
        let mut texts = Strings::default();
        texts.push("héllo".as_bytes());
        let part = |start, length| substrings(&texts, start, length).get(0).to_vec();
        assert_eq!(part(1, 2), "hé".as_bytes());
        assert_eq!(part(-1, 3), "h".as_bytes());
        assert_eq!(part(4, 100), "lo".as_bytes());
        assert_eq!(part(9, 1), b"");
        assert_eq!(part(0, 1), b"");
    }
}
