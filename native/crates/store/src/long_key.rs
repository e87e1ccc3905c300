//! Keys longer than the base engine takes. A key of at least `LIMIT` bytes lives in a bucket under its first `LIMIT`
//! bytes, together with all others that start so, in order; a bucket's key is `LIMIT` long, so no short key is taken
//! for one and memcmp order is kept. Entry of a bucket: varint key length, varint value length, key, value.

use helios_base::Result;
use helios_base::bytes::{put_varint, take, take_varint};

/// Below what LMDB takes with 4 KiB pages (1,982 bytes).
pub const LIMIT: usize = 1900;

pub fn is_long(key: &[u8]) -> bool {
    key.len() >= LIMIT
}

/// The engine's key for a key or a bound.
pub fn short(key: &[u8]) -> &[u8] {
    &key[..key.len().min(LIMIT)]
}

/// Entries of a bucket, ascending.
pub fn entries(bucket: &[u8]) -> Result<Vec<(&[u8], &[u8])>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < bucket.len() {
        let key_bytes = take_varint(bucket, &mut at)? as usize;
        let value_bytes = take_varint(bucket, &mut at)? as usize;
        let key = take(bucket, &mut at, key_bytes)?;
        found.push((key, take(bucket, &mut at, value_bytes)?));
    }
    Ok(found)
}

/// The bucket after a change; empty where nothing is left.
pub fn changed(bucket: &[u8], key: &[u8], value: Option<&[u8]>) -> Result<Vec<u8>> {
    let mut found = entries(bucket)?;
    match (
        found.binary_search_by(|(other, _)| (*other).cmp(key)),
        value,
    ) {
        (Ok(index), Some(value)) => found[index].1 = value,
        (Ok(index), None) => {
            found.remove(index);
        }
        (Err(index), Some(value)) => found.insert(index, (key, value)),
        (Err(_), None) => {}
    }
    let mut out = Vec::with_capacity(bucket.len() + key.len() + 16);
    for (key, value) in found {
        put_varint(&mut out, key.len() as u64);
        put_varint(&mut out, value.len() as u64);
        out.extend_from_slice(key);
        out.extend_from_slice(value);
    }
    Ok(out)
}
