//! Messages of the extended query protocol as drivers send them for a prepared statement: Bind, perhaps Describe, Execute,
//! and a Sync after one or several of these; and Query. Lengths come from the wire: nothing is read beyond what is there.

/// A statement to run: Bind of a named statement to the unnamed portal, and Execute of all its rows.
#[derive(Debug, PartialEq, Eq)]
pub struct Unit<'a> {
    pub statement: &'a [u8],
    /// None for null; whether each is in binary form.
    pub values: Vec<(Option<&'a [u8]>, bool)>,
    pub results: Formats<'a>,
    /// The portal is described before it runs.
    pub describes: bool,
    /// Bytes of its messages.
    pub length: usize,
    /// The text of a Query message; None for the extended protocol.
    pub text: Option<&'a [u8]>,
}

/// The formats that a client asks for: none (all text), one for all, or one for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Formats<'a>(&'a [u8]);

impl Formats<'_> {
    /// All in text form.
    pub const TEXT: Formats<'static> = Formats(&[]);

    pub fn count(&self) -> usize {
        self.0.len() / 2
    }

    /// Whether the value of that number is to be in binary form.
    pub fn is_binary(&self, index: usize) -> bool {
        let index = if self.count() == 1 { 0 } else { index };
        self.0.get(2 * index + 1) == Some(&1)
    }

    /// All of them exist.
    fn are_known(&self) -> bool {
        let mut pairs = self.0.as_chunks::<2>().0.iter();
        pairs.all(|pair| matches!(pair, [0, 0 | 1]))
    }
}

#[derive(Debug, PartialEq, Eq)]
pub enum Next<'a> {
    Unit(Unit<'a>),
    /// A Query's text and the bytes of its message.
    Query(&'a [u8], usize),
    Sync,
    /// Something else, or something rare of these: not for this path.
    Other,
}

pub const SYNC_BYTES: usize = 5;
const HEADER_BYTES: usize = 5;

/// Where the Sync or Query that ends the first messages ends; None where it has not arrived whole.
pub fn batch_end(input: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let (kind, body) = message(&input[at..])?;
        at += HEADER_BYTES + body.len();
        if matches!(kind, b'S' | b'Q') {
            return Some(at);
        }
    }
}

/// What stands at the start of complete messages.
pub fn next(input: &[u8]) -> Next<'_> {
    match message(input) {
        Some((b'S', [])) => Next::Sync,
        Some((b'B', body)) => unit(input, body).map_or(Next::Other, Next::Unit),
        Some((b'Q', [text @ .., 0])) if !text.contains(&0) => {
            Next::Query(text, HEADER_BYTES + text.len() + 1)
        }
        _ => Next::Other,
    }
}

fn unit<'a>(input: &'a [u8], bind: &'a [u8]) -> Option<Unit<'a>> {
    let mut unit = read_bind(bind)?;
    let mut at = HEADER_BYTES + bind.len();
    let (mut kind, mut body) = message(&input[at..])?;
    if kind == b'D' {
        if body != b"P\0" {
            return None;
        }
        unit.describes = true;
        at += HEADER_BYTES + body.len();
        (kind, body) = message(&input[at..])?;
    }
    // The unnamed portal, any number of rows.
    if kind != b'E' || body != [0; 5] {
        return None;
    }
    unit.length = at + HEADER_BYTES + body.len();
    Some(unit)
}

fn read_bind(body: &[u8]) -> Option<Unit<'_>> {
    let mut reader = Reader(body);
    let (portal, statement) = (reader.name()?, reader.name()?);
    if !portal.is_empty() || statement.is_empty() {
        return None;
    }
    let formats = reader.formats()?;
    let count = reader.u16()? as usize;
    if !formats.are_known() || (formats.count() > 1 && formats.count() != count) {
        return None;
    }
    let mut values = Vec::with_capacity(count.min(body.len() / 4));
    for index in 0..count {
        values.push((reader.value()?, formats.is_binary(index)));
    }
    let results = reader.formats()?;
    if !results.are_known() || !reader.0.is_empty() {
        return None;
    }
    Some(Unit {
        statement,
        values,
        results,
        describes: false,
        length: 0,
        text: None,
    })
}

/// Type and body of the first message; None where it isn't whole or has no sound length.
fn message(input: &[u8]) -> Option<(u8, &[u8])> {
    let kind = *input.first()?;
    let length = u32::from_be_bytes(*input.get(1..)?.first_chunk()?) as usize;
    let body = input.get(HEADER_BYTES..(1usize).checked_add(length)?)?;
    Some((kind, body))
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn name(&mut self) -> Option<&'a [u8]> {
        let end = self.0.iter().position(|byte| *byte == 0)?;
        let name = self.take(end)?;
        self.take(1)?;
        Some(name)
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(*self.take(2)?.first_chunk()?))
    }

    fn formats(&mut self) -> Option<Formats<'a>> {
        let count = self.u16()? as usize;
        self.take(2 * count).map(Formats)
    }

    fn value(&mut self) -> Option<Option<&'a [u8]>> {
        let length = i32::from_be_bytes(*self.take(4)?.first_chunk()?);
        match usize::try_from(length) {
            Ok(length) => self.take(length).map(Some),
            Err(_) if length == -1 => Some(None),
            Err(_) => None,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn framed(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut out = vec![kind];
        out.extend_from_slice(&(body.len() as u32 + 4).to_be_bytes());
        out.extend_from_slice(body);
        out
    }

    /// Bind of "s" with the values "7" and null, both as text.
    fn bind() -> Vec<u8> {
        framed(
            b'B',
            &[b"\0s\0\0\0\0\x02\0\0\0\x017", &[255; 4][..], b"\0\0"].concat(),
        )
    }

    #[test]
    fn a_statement_and_its_sync() {
        let execute = framed(b'E', &[0; 5]);
        let sync = framed(b'S', b"");
        let input = [bind(), framed(b'D', b"P\0"), execute, sync].concat();
        assert_eq!(batch_end(&input), Some(input.len()));
        let Next::Unit(unit) = next(&input) else {
            panic!("a unit")
        };
        assert_eq!(unit.statement, b"s");
        assert_eq!(unit.values, [(Some(&b"7"[..]), false), (None, false)]);
        assert!(unit.describes && unit.results.count() == 0);
        assert_eq!(next(&input[unit.length..]), Next::Sync);
        for end in 0..input.len() {
            assert_eq!(batch_end(&input[..end]), None);
        }
    }

    #[test]
    fn a_query_is_its_own_end() {
        let input = framed(b'Q', b"select 1\0");
        assert_eq!(batch_end(&input), Some(input.len()));
        assert_eq!(next(&input), Next::Query(b"select 1", input.len()));
        for odd in [&b"select 1"[..], b"", b"a\0b\0"] {
            assert_eq!(next(&framed(b'Q', odd)), Next::Other);
        }
    }

    #[test]
    fn formats_for_all_or_each() {
        let bind = framed(b'B', b"\0s\0\0\0\0\0\0\x02\0\0\0\x01");
        let input = [bind, framed(b'E', &[0; 5])].concat();
        let Next::Unit(unit) = next(&input) else {
            panic!("a unit")
        };
        assert!(!unit.results.is_binary(0) && unit.results.is_binary(1));
        let one = Formats(&[0, 1]);
        assert!(one.is_binary(0) && one.is_binary(7));
    }

    #[test]
    fn what_is_rare_is_left_alone() {
        let named_portal = framed(b'B', b"p\0s\0\0\0\0\0\0\0");
        let some_rows = framed(b'E', &[0, 0, 0, 0, 1]);
        let no_length = [b'B', 0, 0, 0, 0];
        let odd_format = framed(b'B', b"\0s\0\0\0\0\0\0\x01\0\x02");
        for input in [
            [odd_format, framed(b'E', &[0; 5])].concat(),
            named_portal,
            [bind(), some_rows].concat(),
            framed(b'P', b""),
            no_length.to_vec(),
        ] {
            assert_eq!(next(&input), Next::Other);
        }
        // A count of values that the message does not hold.
        assert_eq!(
            next(&framed(b'B', b"\0s\0\0\0\x7f\xff\0\0\0\x01")),
            Next::Other
        );
    }
}
