//! What each session is doing, for pg_stat_activity: a page of memory per session that its worker writes without a call
//! and others read. Like PostgreSQL's, a page carries a change count, odd while it is being written.

use std::sync::atomic::{AtomicU32, Ordering, fence};
use std::sync::{LazyLock, Mutex, OnceLock};

use crate::lock;

/// Bytes before the statement's text; their layout belongs to `transaction/activity.ts`, save the count at 0.
pub const HEADER_BYTES: usize = 96;
/// track_activity_query_size, PostgreSQL's default.
const TEXT_BYTES_DEFAULT: usize = 1024;
/// Tries to read a page that keeps changing before the last state is taken as it is.
const READ_ATTEMPTS: usize = 100;

static TEXT_BYTES: OnceLock<usize> = OnceLock::new();
static PAGES: LazyLock<Mutex<Vec<Option<Page>>>> = LazyLock::new(Default::default);

#[derive(Clone, Copy)]
struct Page {
    address: *mut u8,
}
// SAFETY: pages are never freed, and racing access is what the change count is for.
unsafe impl Send for Page {}

/// Sets track_activity_query_size; only before the first session.
pub fn configure(text_bytes: usize) {
    let _ = TEXT_BYTES.set(text_bytes);
}

fn page_bytes() -> usize {
    HEADER_BYTES + TEXT_BYTES.get().copied().unwrap_or(TEXT_BYTES_DEFAULT)
}

/// The page of a slot, zeroed: its address and size. It lives as long as the process and is used again with the slot.
pub fn open(slot: u32) -> (*mut u8, usize) {
    let mut pages = lock(&PAGES);
    let index = slot as usize;
    if pages.len() <= index {
        pages.resize(index + 1, None);
    }
    let bytes = page_bytes();
    let page = *pages[index].get_or_insert_with(|| Page {
        address: Box::leak(vec![0_u64; bytes.div_ceil(8)].into_boxed_slice())
            .as_mut_ptr()
            .cast(),
    });
    // SAFETY: the page has `bytes` bytes; its former session is gone.
    unsafe { page.address.write_bytes(0, HEADER_BYTES) };
    (page.address, bytes)
}

/// A consistent copy of a slot's page; empty where the slot was never used.
pub fn read(slot: u32) -> Vec<u8> {
    let Some(page) = lock(&PAGES).get(slot as usize).copied().flatten() else {
        return Vec::new();
    };
    let mut copy = vec![0; page_bytes()];
    for _ in 0..READ_ATTEMPTS {
        // SAFETY: the page is aligned, lives for ever and has as many bytes as the copy.
        let count = unsafe { &*page.address.cast::<AtomicU32>() };
        let before = count.load(Ordering::Acquire);
        unsafe { std::ptr::copy_nonoverlapping(page.address, copy.as_mut_ptr(), copy.len()) };
        fence(Ordering::Acquire);
        if before % 2 == 0 && count.load(Ordering::Relaxed) == before {
            break;
        }
        std::hint::spin_loop();
    }
    copy
}
