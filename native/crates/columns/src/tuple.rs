//! How large a row would be as PostgreSQL's heap tuple (manual, section 65.6.1), and what is left of a large one in its
//! table (section 65.2.1): the longest values are compressed and moved to the TOAST table until it is small enough.
//! Which values move is exact; how far one shrinks is an estimate, made with a matcher like PostgreSQL's.

/// Header of a tuple without null bitmap, before alignment.
const HEADER_BYTES: usize = 23;
/// Longest value behind a header of one byte.
const SHORT_PAYLOAD_MAX: usize = 126;
/// Tuples above this are made smaller.
pub const TOAST_THRESHOLD: usize = 2032;
/// Largest tuple of a page.
pub const TUPLE_BYTES_MAX: usize = 8160;
/// A pointer to a value in the TOAST table, with its header.
const POINTER_BYTES: usize = 18;
/// Values not longer than this stay: their pointer would not be shorter.
const SMALLEST_MOVED: usize = 24;
/// Header of a compressed value: length word and raw length.
const COMPRESSED_HEADER_BYTES: usize = 8;

/// How a column's values stand in a tuple.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// Bytes; 0 where they vary.
    pub length: usize,
    /// The alignment less one.
    pub align_mask: usize,
    /// pg_attribute.attstorage: p plain, e external, m main, x extended.
    pub strategy: u8,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Plain,
    Incompressible,
    Compressed,
    Moved,
}

/// A value that is not null.
pub struct Part<'a> {
    pub form: Form,
    /// Bytes without the length word, where they vary.
    pub payload: usize,
    /// The stored form, from which compression is estimated.
    pub stored: &'a [u8],
    state: State,
}

impl<'a> Part<'a> {
    pub fn new(form: Form, payload: usize, stored: &'a [u8]) -> Part<'a> {
        Part {
            form,
            payload,
            stored,
            state: State::Plain,
        }
    }

    /// With a length word of four bytes.
    fn bytes(&self) -> usize {
        match self.state {
            State::Moved => POINTER_BYTES,
            State::Compressed => self.payload + COMPRESSED_HEADER_BYTES,
            _ => self.payload + 4,
        }
    }

    fn end(&self, at: usize) -> usize {
        match self.state {
            State::Moved => at + POINTER_BYTES,
            State::Compressed => aligned(at, self.form.align_mask) + self.bytes(),
            _ => value_end(at, self.form, self.payload),
        }
    }
}

fn aligned(at: usize, mask: usize) -> usize {
    (at + mask) & !mask
}

/// Where a value ends that follows one that ends at `at`.
#[inline]
pub fn value_end(at: usize, form: Form, payload: usize) -> usize {
    if form.length > 0 {
        aligned(at, form.align_mask) + form.length
    } else if form.strategy != b'p' && payload <= SHORT_PAYLOAD_MAX {
        at + payload + 1
    } else {
        aligned(at, form.align_mask) + payload + 4
    }
}

/// Bytes of header and null bitmap: where the first value stands.
#[inline]
pub fn header_bytes(attributes: usize, has_nulls: bool) -> usize {
    let bitmap = if has_nulls { attributes.div_ceil(8) } else { 0 };
    (HEADER_BYTES + bitmap).next_multiple_of(8)
}

/// Bytes of a tuple after TOAST; `header` as `header_bytes` has it, `target` the table's toast_tuple_target.
pub fn toasted_bytes(header: usize, parts: &mut [Part<'_>], target: usize) -> usize {
    let limit = target.saturating_sub(header);
    shrink(parts, b"xe", limit, Some(limit));
    move_out(parts, b"xe", limit);
    shrink(parts, b"m", limit, None);
    move_out(parts, b"m", TUPLE_BYTES_MAX - header.min(TUPLE_BYTES_MAX));
    header + data_bytes(parts)
}

fn data_bytes(parts: &[Part<'_>]) -> usize {
    parts.iter().fold(0, |at, part| part.end(at))
}

/// Compresses the longest values first; one that alone is above `moved_above` moves at once.
fn shrink(parts: &mut [Part<'_>], strategies: &[u8], limit: usize, moved_above: Option<usize>) {
    while data_bytes(parts) > limit {
        let Some(part) = longest(parts, strategies, |state| state == State::Plain) else {
            return;
        };
        let compressed = match part.form.strategy {
            b'e' => None,
            _ => compressed_bytes(part.stored),
        };
        part.state = State::Incompressible;
        if let Some(bytes) = compressed {
            part.payload = part.payload * bytes / part.stored.len().max(1);
            part.state = State::Compressed;
        }
        if moved_above.is_some_and(|most| part.bytes() > most) {
            part.state = State::Moved;
        }
    }
}

fn move_out(parts: &mut [Part<'_>], strategies: &[u8], limit: usize) {
    while data_bytes(parts) > limit {
        match longest(parts, strategies, |state| state != State::Moved) {
            Some(part) => part.state = State::Moved,
            None => return,
        }
    }
}

fn longest<'p, 'a>(
    parts: &'p mut [Part<'a>],
    strategies: &[u8],
    is_candidate: impl Fn(State) -> bool,
) -> Option<&'p mut Part<'a>> {
    let mut found: Option<&mut Part<'a>> = None;
    for part in parts {
        let fits = part.form.length == 0
            && is_candidate(part.state)
            && strategies.contains(&part.form.strategy);
        let least = found.as_ref().map_or(SMALLEST_MOVED, |part| part.bytes());
        if fits && part.bytes() > least {
            found = Some(part);
        }
    }
    found
}

/// Matches reach back this far, have at least and at most this length, and take two bytes below the third one, else three.
const MATCH_DISTANCE_MAX: usize = 4095;
const MATCH_MIN: usize = 3;
const MATCH_MAX: usize = 273;
const LONG_MATCH_MIN: usize = 18;
/// A match of this length is not improved upon.
const GOOD_MATCH: usize = 128;
/// A value that shows no match in so many bytes is left alone.
const FIRST_MATCH_BYTES: usize = 1024;
/// So are values shorter than this.
const COMPRESS_MIN: usize = 32;
/// Earlier places looked at for a match.
const CHAIN_MAX: usize = 48;
const HASHES: usize = 8192;
const NOWHERE: u32 = u32::MAX;

/// Bytes that a value would have when compressed; None where it stays as it is: it would not lose a quarter.
fn compressed_bytes(bytes: &[u8]) -> Option<usize> {
    let most = bytes.len() / 4 * 3 + bytes.len() % 4 * 3 / 4;
    if bytes.len() < COMPRESS_MIN {
        return None;
    }
    let mut heads = vec![NOWHERE; HASHES];
    let mut previous = vec![NOWHERE; bytes.len()];
    let (mut out, mut items, mut at) = (0, 0usize, 0);
    let mut found = false;
    while at < bytes.len() {
        if !found && out >= FIRST_MATCH_BYTES {
            return None;
        }
        let length = longest_match(bytes, at, &heads, &previous);
        let step = if length >= MATCH_MIN { length } else { 1 };
        found |= step > 1;
        out += match step {
            1 => 1,
            short if short < LONG_MATCH_MIN => 2,
            _ => 3,
        };
        items += 1;
        let passed = previous.iter_mut().enumerate().skip(at).take(step);
        for (place, before) in passed {
            if let Some(hash) = hash_at(bytes, place) {
                *before = heads[hash];
                heads[hash] = place as u32;
            }
        }
        at += step;
        if out + items / 8 > most {
            return None;
        }
    }
    Some(out + items.div_ceil(8))
}

fn hash_at(bytes: &[u8], at: usize) -> Option<usize> {
    let [a, b, c, d] = *bytes.get(at..)?.first_chunk::<4>()?;
    let hash = usize::from(a) << 6 ^ usize::from(b) << 4 ^ usize::from(c) << 2 ^ usize::from(d);
    Some(hash % HASHES)
}

fn longest_match(bytes: &[u8], at: usize, heads: &[u32], previous: &[u32]) -> usize {
    let Some(hash) = hash_at(bytes, at) else {
        return 0;
    };
    let here = &bytes[at..bytes.len().min(at + MATCH_MAX)];
    let mut best = 0;
    let mut place = heads[hash];
    for _ in 0..CHAIN_MAX {
        if place == NOWHERE || at - place as usize > MATCH_DISTANCE_MAX {
            break;
        }
        let there = &bytes[place as usize..];
        let length = here
            .iter()
            .zip(there)
            .take_while(|(left, right)| left == right)
            .count();
        best = best.max(length);
        if best >= GOOD_MATCH || best == here.len() {
            break;
        }
        place = previous[place as usize];
    }
    best
}

/// Bytes of a numeric without the length word: its digits in base 10000, without zeros at either end, behind a header
/// of two bytes or four.
pub fn numeric_bytes(magnitude: u64, scale: usize) -> usize {
    if magnitude == 0 {
        return if scale <= 63 { 2 } else { 4 };
    }
    let shift = 10u64.pow(((4 - scale % 4) % 4) as u32);
    let (mut zeros, mut digits) = (0isize, 0isize);
    let mut rest = match magnitude.checked_mul(shift) {
        Some(shifted) => shifted,
        // The lowest group apart: it is the one that the shift fills up.
        None => {
            let group = 10_000 / shift;
            let (high, low) = (magnitude / group, magnitude % group);
            if low != 0 {
                digits = 1;
            } else {
                zeros = 1;
            }
            high
        }
    };
    while digits == 0 && rest.is_multiple_of(10_000) {
        rest /= 10_000;
        zeros += 1;
    }
    while rest > 0 {
        rest /= 10_000;
        digits += 1;
    }
    let weight = digits + zeros - scale.div_ceil(4) as isize - 1;
    let header = if scale <= 63 && (-64..=63).contains(&weight) {
        2
    } else {
        4
    };
    header + 2 * digits as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: Form = Form {
        length: 0,
        align_mask: 3,
        strategy: b'x',
    };

    #[test]
    fn numerics() {
        // PostgreSQL's pg_column_size less the length word.
        for (magnitude, scale, bytes) in [
            (0, 2, 2),
            (1, 0, 4),
            (10_000, 0, 4),
            (12_345_678, 4, 6),
            (1, 8, 4),
            (10_010, 2, 6),
            (100, 2, 4),
            (99_999_999, 0, 6),
            (999_999_999_999_999_999, 1, 14),
            (100_000_000_000_000_000, 1, 4),
        ] {
            assert_eq!(
                numeric_bytes(magnitude, scale),
                bytes,
                "{magnitude} {scale}"
            );
        }
    }

    #[test]
    fn large_values_shrink_or_move() {
        let repeated = b"abc def ".repeat(1000);
        let mut parts = [Part::new(TEXT, repeated.len(), &repeated)];
        let bytes = toasted_bytes(24, &mut parts, TOAST_THRESHOLD);
        assert!((130..=145).contains(&bytes), "{bytes}");
        let noise: Vec<u8> = (0u32..5000)
            .map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8)
            .collect();
        let plain = Form {
            strategy: b'e',
            ..TEXT
        };
        let mut parts = [Part::new(plain, noise.len(), &noise)];
        assert_eq!(toasted_bytes(24, &mut parts, TOAST_THRESHOLD), 42);
        let main = Form {
            strategy: b'm',
            ..TEXT
        };
        let mut parts = [Part::new(main, 5000, &[]), Part::new(TEXT, 100, &[])];
        assert_eq!(
            toasted_bytes(24, &mut parts, TOAST_THRESHOLD),
            24 + 5004 + 18
        );
    }
}
