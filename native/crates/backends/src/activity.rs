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

/// A session's page, for the thread that serves it.
#[derive(Clone, Copy)]
pub struct Page {
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

/// What a session is doing, by the numbers on its page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    Active = 2,
    Idle = 3,
    IdleInTransaction = 4,
}

/// Number of the wait event Client:ClientRead.
const CLIENT_READ: u32 = 5;
// Where things stand on a page, as in `transaction/activity.ts`.
const STATE: usize = 4;
const TRANSACTION_START: usize = 16;
const QUERY_START: usize = 24;
const STATE_CHANGE: usize = 32;
const WAIT_EVENT: usize = 40;
const TEXT_LENGTH: usize = 44;
const XID: usize = 48;
const XMIN: usize = 56;

impl Page {
    /// The page of a slot, as it is.
    pub fn of(slot: u32) -> Page {
        let known = lock(&PAGES).get(slot as usize).copied().flatten();
        known.unwrap_or_else(|| Page {
            address: open(slot).0,
        })
    }

    /// A statement begins; times are microseconds since 2000-01-01 UTC.
    pub fn start_query(self, text: &[u8], now: f64) {
        let mut length = text.len().min(page_bytes() - HEADER_BYTES);
        // Not in the middle of a character.
        while length < text.len() && length > 0 && text[length] & 0xc0 == 0x80 {
            length -= 1;
        }
        let shown = &text[..length];
        self.change(|page| {
            page.put(STATE, State::Active as u32);
            page.put(WAIT_EVENT, 0u32);
            page.put(QUERY_START, now);
            page.put(STATE_CHANGE, now);
            page.put(TEXT_LENGTH, shown.len() as u32);
            // SAFETY: the text is cut to what the page has behind its header.
            unsafe {
                let place = page.address.add(HEADER_BYTES);
                std::ptr::copy_nonoverlapping(shown.as_ptr(), place, shown.len());
            }
        });
    }

    pub fn set_state(self, state: State, now: f64) {
        self.change(|page| {
            page.put(STATE, state as u32);
            page.put(
                WAIT_EVENT,
                if state == State::Active {
                    0
                } else {
                    CLIENT_READ
                },
            );
            page.put(STATE_CHANGE, now);
        });
    }

    /// The wait event by its number, 0 for none.
    pub fn set_wait(self, event: u32) {
        self.change(|page| page.put(WAIT_EVENT, event));
    }

    pub fn set_transaction(self, start: f64) {
        self.change(|page| page.put(TRANSACTION_START, start));
    }

    pub fn set_xid(self, xid: f64) {
        self.change(|page| page.put(XID, xid));
    }

    pub fn end_transaction(self) {
        self.change(|page| {
            for place in [TRANSACTION_START, XID, XMIN] {
                page.put(place, 0f64);
            }
        });
    }

    fn change(self, write: impl FnOnce(Page)) {
        // SAFETY: the page is aligned and lives for ever; only its session's thread writes it.
        let count = unsafe { &*self.address.cast::<AtomicU32>() };
        count.fetch_add(1, Ordering::AcqRel);
        write(self);
        count.fetch_add(1, Ordering::Release);
    }

    fn put<T>(self, at: usize, value: T) {
        // SAFETY: the places are those of the header, each aligned for its type.
        unsafe { self.address.add(at).cast::<T>().write(value) };
    }
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
