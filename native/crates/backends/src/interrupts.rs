//! One word a session: requests to cancel its statement or to end it. Workers map the words and look at them between
//! batches without a call.

use std::sync::atomic::{AtomicU32, Ordering};

/// Sessions that the process can hold: the words are reserved, not touched, until used.
pub const SLOTS_MAX: usize = 65536;

pub const CANCEL: u32 = 1;
pub const TERMINATE: u32 = 2;

static WORDS: [AtomicU32; SLOTS_MAX] = [const { AtomicU32::new(0) }; SLOTS_MAX];

/// Address and length in bytes of the words, for mapping. They live as long as the process.
pub fn words() -> (*mut u8, usize) {
    (WORDS.as_ptr() as *mut u8, std::mem::size_of_val(&WORDS))
}

pub(crate) fn raise(slot: u32, bits: u32) {
    if let Some(word) = WORDS.get(slot as usize) {
        word.fetch_or(bits, Ordering::SeqCst);
    }
}

/// Something was asked of the session.
pub fn is_pending(slot: u32) -> bool {
    WORDS
        .get(slot as usize)
        .is_some_and(|word| word.load(Ordering::Relaxed) != 0)
}

/// Takes the requests; a termination stays.
pub fn take(slot: u32) -> u32 {
    WORDS
        .get(slot as usize)
        .map_or(0, |word| word.fetch_and(!CANCEL, Ordering::SeqCst))
}

pub(crate) fn clear(slot: u32) {
    if let Some(word) = WORDS.get(slot as usize) {
        word.store(0, Ordering::SeqCst);
    }
}
