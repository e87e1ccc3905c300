//! Where new rows of a file go: as PostgreSQL's heap and free space map would have it, as far as a user can see by
//! ctids, the order of sequential scans and sizes in pages. Input is each row's size as a heap tuple (computed by the
//! facade); nothing here knows what is stored. A rowid is a heap position: page << 9 | line pointer.
//!
//! 1. A row goes on the session's target page; without one, on a page that the map's top knows, or the file's last.
//! 2. Where it does not fit, that page's free space is noted and the map is searched for a page with enough.
//! 3. Where there is none, the file grows by a page, which becomes the target. Statements that load rows grow it by
//!    several pages and use those up before they search again.
//!
//! Line pointers are never used twice: deleted rows leave their space behind.

use std::collections::VecDeque;

use helios_base::error::sqlstate;
use helios_base::{Error, Result};

/// Bits of a rowid that number the line pointers of a page.
pub const OFFSET_BITS: u32 = 9;

const PAGE_BYTES: usize = 8192;
const PAGE_HEADER_BYTES: usize = 24;
const LINE_POINTER_BYTES: usize = 4;
/// Most rows of a page: as many as are nothing but a header.
const PAGE_ROWS_MAX: u16 = 291;
/// Largest tuple, on a page of its own.
const TUPLE_BYTES_MAX: usize = 8160;
/// A row that needs more than this, with the space that the fill factor keeps free, may go on any nearly empty page.
const NEARLY_EMPTY_BYTES: usize =
    TUPLE_BYTES_MAX - (PAGE_ROWS_MAX as usize / 8) * LINE_POINTER_BYTES;
/// Bytes of free space that one category of the map stands for.
const CATEGORY_BYTES: usize = 32;
/// Pages that one page of the map covers. A search that begins beside a page sees no others.
const SPAN_PAGES: u32 = 4069;
/// Most pages that are added at once.
const EXTENSION_PAGES_MAX: u32 = 64;
/// VACUUM drops empty pages at a file's end where they are so many, or this part of it.
const TRUNCATED_PAGES_MIN: u32 = 1000;
const TRUNCATED_PART: u32 = 16;
/// Bulk statements of a file that are remembered: a forgotten one begins to grow the file anew.
const STATEMENTS_MAX: usize = 16;

/// How a statement places its rows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Placing {
    /// Bytes of each page that the fill factor keeps free.
    pub reserved: usize,
    /// Number of the session's statement where it only loads rows (COPY, CREATE TABLE AS, rewrites): the file grows ahead
    /// of it, ever faster. 0: it does not.
    pub bulk: u32,
    /// The rows are one batch of COPY: the file grows by all that the batch still needs.
    pub batch: bool,
    /// The table is new in this transaction: earlier pages are not looked for.
    pub skip_map: bool,
    /// The transaction made the file.
    pub new_file: bool,
}

#[derive(Clone, Copy, Debug)]
struct Page {
    /// Bytes between line pointers and tuples.
    free: u16,
    rows: u16,
}

/// The pages that one page of the map covers.
#[derive(Debug)]
struct Span {
    first: u32,
    pages: Vec<Page>,
    /// What the map says of each of them.
    categories: Vec<u8>,
    /// Where the next search begins, so that rows spread.
    next_slot: usize,
}

/// Pages that a bulk statement's session has added and not used yet.
#[derive(Clone, Copy, Debug, Default)]
struct Ahead {
    session: u32,
    statement: u32,
    next: u32,
    left: u32,
    /// Pages added by the statement so far.
    added: u32,
}

/// The page that a session's last row went to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Target {
    session: u32,
    /// The transaction that made the file: its end is the target's end. 0 where the file is older.
    maker: u64,
    page: u32,
}

/// A file's pages, as far as rows may still go there: those of the newest two spans.
#[derive(Debug, Default)]
pub struct Placement {
    pages: u32,
    spans: VecDeque<Span>,
    /// What the map's top says: raised by VACUUM alone.
    top: u8,
    target: Option<Target>,
    ahead: VecDeque<Ahead>,
    /// The last page's free space is not known yet: the file has rows from before this start.
    unknown: bool,
}

impl Page {
    const EMPTY: Page = Page {
        free: (PAGE_BYTES - PAGE_HEADER_BYTES) as u16,
        rows: 0,
    };
    const FULL: Page = Page {
        free: 0,
        rows: PAGE_ROWS_MAX,
    };

    /// Bytes of the largest tuple that still fits.
    fn available(self) -> usize {
        if self.rows >= PAGE_ROWS_MAX {
            return 0;
        }
        (self.free as usize).saturating_sub(LINE_POINTER_BYTES)
    }

    /// Puts a tuple on the page; its line pointer.
    fn take(&mut self, tuple_bytes: usize) -> u64 {
        let taken = tuple_bytes + LINE_POINTER_BYTES;
        self.free = (self.free as usize).saturating_sub(taken) as u16;
        self.rows += 1;
        u64::from(self.rows)
    }
}

impl Span {
    fn new(first: u32) -> Span {
        Span {
            first,
            pages: Vec::new(),
            categories: Vec::new(),
            next_slot: 0,
        }
    }

    fn push(&mut self, page: Page, category: u8) {
        self.pages.push(page);
        self.categories.push(category);
    }

    /// The next page, from where the last search ended and around, that the map says has enough.
    fn search(&mut self, wanted: u8) -> Option<u32> {
        let start = self.next_slot.min(self.categories.len());
        let (before, after) = self.categories.split_at(start);
        let enough = |category: &u8| *category >= wanted;
        let found = match after.iter().position(enough) {
            Some(index) => start + index,
            None => before.iter().position(enough)?,
        };
        self.next_slot = found + 1;
        Some(self.first + found as u32)
    }
}

impl Placement {
    /// Of a file whose highest rowid is this; 0 for one without rows.
    pub fn after(highest: u64) -> Placement {
        let mut placement = Placement::default();
        if highest > 0 {
            let last = (highest >> OFFSET_BITS).min(u64::from(u32::MAX) - 1) as u32;
            placement.pages = last + 1;
            placement.unknown = true;
            let mut span = Span::new(last - last % SPAN_PAGES);
            (span.first..last).for_each(|_| span.push(Page::FULL, 0));
            let rows = (highest & ((1 << OFFSET_BITS) - 1)) as u16;
            span.push(Page { free: 0, rows }, 0);
            placement.spans.push_back(span);
        }
        placement
    }

    /// Number of pages.
    pub fn pages(&self) -> u32 {
        self.pages
    }

    /// The page whose rows must be measured before a row can be placed.
    pub fn unknown(&self) -> Option<u32> {
        self.unknown.then(|| self.pages - 1)
    }

    /// Says what the rows on the last page take up as heap tuples; ignored where it is known.
    pub fn measured(&mut self, page: u32, tuple_bytes: usize) {
        if self.unknown() != Some(page) {
            return;
        }
        self.unknown = false;
        if let Some(last) = self.spans.back_mut().and_then(|span| span.pages.last_mut()) {
            let taken = PAGE_HEADER_BYTES + last.rows as usize * LINE_POINTER_BYTES + tuple_bytes;
            last.free = PAGE_BYTES.saturating_sub(taken) as u16;
        }
    }

    /// The table's definition has changed: sessions look for a page anew.
    pub fn forget_target(&mut self) {
        self.target = None;
    }

    /// VACUUM: empty pages at the end go where they are many (and `truncate` allows), the map learns every page's free
    /// space, and sessions look for a page anew.
    pub fn vacuum(&mut self, truncate: bool) {
        self.target = None;
        self.ahead.clear();
        if truncate {
            self.drop_empty_pages();
        }
        for span in &mut self.spans {
            span.next_slot = 0;
            for (category, page) in span.categories.iter_mut().zip(&span.pages) {
                *category = category_of(page.available());
            }
        }
        self.top = self.highest_category();
    }

    fn drop_empty_pages(&mut self) {
        let pages = self
            .spans
            .iter()
            .rev()
            .flat_map(|span| span.pages.iter().rev());
        let empty = pages.take_while(|page| page.rows == 0).count() as u32;
        if empty == 0 || (empty < TRUNCATED_PAGES_MIN && empty < self.pages / TRUNCATED_PART) {
            return;
        }
        self.pages -= empty;
        for span in &mut self.spans {
            let kept = self.pages.saturating_sub(span.first) as usize;
            span.pages.truncate(kept);
            span.categories.truncate(kept);
        }
        self.spans.retain(|span| !span.pages.is_empty());
    }

    fn highest_category(&self) -> u8 {
        let categories = self.spans.iter().flat_map(|span| &span.categories);
        categories.copied().max().unwrap_or(0)
    }

    /// Finds places for a statement's rows of these sizes; their rowids in the same order. 54000 where the file can't
    /// grow.
    pub fn place(
        &mut self,
        session: u32,
        transaction: u64,
        how: Placing,
        sizes: &[u32],
        rowids: &mut Vec<u64>,
    ) -> Result<()> {
        let maker = if how.new_file { transaction } else { 0 };
        let mut ahead = self.ahead_of(session, how);
        let mut target = self
            .target
            .filter(|target| target.session == session && target.maker == maker)
            .map(|target| target.page);
        for (index, size) in sizes.iter().enumerate() {
            let tuple_bytes = tuple_bytes(*size);
            let wanted = wanted_bytes(tuple_bytes, how.reserved);
            let page = match self.page_with(target, wanted, &mut ahead, how) {
                Some(page) => page,
                None => {
                    let needed = if how.batch {
                        pages_for(&sizes[index..], how.reserved)
                    } else {
                        1
                    };
                    self.extend(needed, &mut ahead, how)?
                }
            };
            target = Some(page);
            let pointer = self.page(page).map_or(0, |page| page.take(tuple_bytes));
            rowids.push(u64::from(page) << OFFSET_BITS | pointer);
        }
        self.target = target.map(|page| Target {
            session,
            maker,
            page,
        });
        if how.bulk != 0 {
            self.ahead.push_back(ahead);
            if self.ahead.len() > STATEMENTS_MAX {
                self.ahead.pop_front();
            }
        }
        Ok(())
    }

    /// What the session's bulk statement has added so far.
    fn ahead_of(&mut self, session: u32, how: Placing) -> Ahead {
        let known = self.ahead.iter().position(|ahead| ahead.session == session);
        let known = match known {
            Some(index) if how.bulk != 0 => self.ahead.remove(index),
            _ => None,
        };
        let fresh = Ahead {
            session,
            statement: how.bulk,
            ..Ahead::default()
        };
        known
            .filter(|ahead| ahead.statement == how.bulk)
            .unwrap_or(fresh)
    }

    fn page(&mut self, page: u32) -> Option<&mut Page> {
        let span = self.span(page)?;
        let index = (page - span.first) as usize;
        span.pages.get_mut(index)
    }

    fn span(&mut self, page: u32) -> Option<&mut Span> {
        let spans = self.spans.iter_mut().rev();
        spans.into_iter().find(|span| span.first <= page)
    }

    /// The page on which a row goes that wants this much; None for a new one.
    fn page_with(
        &mut self,
        target: Option<u32>,
        wanted: usize,
        ahead: &mut Ahead,
        how: Placing,
    ) -> Option<u32> {
        let target = target.filter(|page| self.span(*page).is_some());
        let mut candidate = match target {
            None if how.skip_map => None,
            None => self.page_from_top(wanted).or(self.pages.checked_sub(1)),
            target => target,
        };
        while let Some(page) = candidate {
            let available = self.page(page).map_or(0, |page| page.available());
            if wanted <= available {
                return Some(page);
            }
            if ahead.left == 0 && how.skip_map {
                return None;
            }
            let span = self.span(page)?;
            if !how.skip_map {
                let index = (page - span.first) as usize;
                span.categories[index] = category_of(available);
            }
            candidate = if ahead.left == 0 {
                span.search(category_for(wanted))
            } else {
                ahead.next += 1;
                ahead.left -= 1;
                Some(ahead.next - 1)
            };
        }
        None
    }

    /// A search from the map's top, which knows what VACUUM told it.
    fn page_from_top(&mut self, wanted: usize) -> Option<u32> {
        let category = category_for(wanted);
        if self.top < category {
            return None;
        }
        let found = self.spans.iter_mut().find_map(|span| span.search(category));
        if found.is_none() {
            self.top = self.highest_category();
        }
        found
    }

    /// Adds pages; the first of them. A bulk statement adds as many as it needs, and no fewer than it has added before:
    /// the map learns of those that go beyond the need.
    fn extend(&mut self, needed: u32, ahead: &mut Ahead, how: Placing) -> Result<u32> {
        let wanted = if how.bulk != 0 {
            needed.max(ahead.added)
        } else {
            1
        };
        let count = wanted.min(EXTENSION_PAGES_MAX).min(u32::MAX - self.pages);
        if count == 0 {
            let message = format!("cannot extend relation beyond {} blocks", u32::MAX);
            return Err(Error::new(sqlstate::PROGRAM_LIMIT, message));
        }
        let first = self.pages;
        for page in first..first + count {
            if page.is_multiple_of(SPAN_PAGES) {
                self.spans.push_back(Span::new(page));
                if self.spans.len() > 2 {
                    self.spans.pop_front();
                }
            }
            if let Some(span) = self.spans.back_mut() {
                let is_spare = !how.skip_map && page - first >= needed;
                span.push(Page::EMPTY, if is_spare { 255 } else { 0 });
            }
        }
        self.pages += count;
        if !how.skip_map && count > needed {
            self.spans.iter_mut().for_each(|span| span.next_slot = 0);
            self.top = self.highest_category();
        }
        *ahead = Ahead {
            next: first + 1,
            left: count - 1,
            added: ahead.added.saturating_add(count),
            ..*ahead
        };
        Ok(first)
    }
}

/// Bytes that a tuple of this size takes up beside its line pointer.
fn tuple_bytes(size: u32) -> usize {
    (size as usize).next_multiple_of(8).min(TUPLE_BYTES_MAX)
}

/// Empty pages that tuples of these sizes fill.
fn pages_for(sizes: &[u32], reserved: usize) -> u32 {
    let page_bytes = PAGE_BYTES - PAGE_HEADER_BYTES - reserved;
    let (mut pages, mut left) = (1, page_bytes);
    for size in sizes {
        let taken = tuple_bytes(*size) + LINE_POINTER_BYTES;
        if left < taken {
            pages += 1;
            left = page_bytes;
        }
        left = left.saturating_sub(taken);
    }
    pages
}

/// Free bytes that a page must have for a tuple.
fn wanted_bytes(tuple_bytes: usize, reserved: usize) -> usize {
    let wanted = tuple_bytes + reserved;
    if wanted > NEARLY_EMPTY_BYTES {
        tuple_bytes.max(NEARLY_EMPTY_BYTES)
    } else {
        wanted
    }
}

/// What the map notes of that much free space.
fn category_of(available: usize) -> u8 {
    if available >= TUPLE_BYTES_MAX {
        255
    } else {
        (available / CATEGORY_BYTES).min(254) as u8
    }
}

/// The lowest category in which every page has that much.
fn category_for(wanted: usize) -> u8 {
    wanted.div_ceil(CATEGORY_BYTES).clamp(1, 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    const COPY: Placing = Placing {
        reserved: 0,
        bulk: 1,
        batch: true,
        skip_map: false,
        new_file: false,
    };

    /// (page, line pointer) of rows of these sizes, one statement.
    fn placed(
        placement: &mut Placement,
        session: u32,
        how: Placing,
        sizes: &[u32],
    ) -> Vec<(u64, u64)> {
        let mut rowids = Vec::new();
        assert_eq!(placement.place(session, 7, how, sizes, &mut rowids), Ok(()));
        let mask = (1 << OFFSET_BITS) - 1;
        rowids
            .iter()
            .map(|rowid| (rowid >> OFFSET_BITS, rowid & mask))
            .collect()
    }

    #[test]
    fn rows_of_one_size_fill_pages_in_order() {
        let mut placement = Placement::default();
        let places = placed(&mut placement, 1, Placing::default(), &[28; 700]);
        assert_eq!(places[0], (0, 1));
        assert_eq!(places[225], (0, 226));
        assert_eq!(places[226], (1, 1));
        assert_eq!(placement.pages(), 4);
        let mut smallest = Placement::default();
        let places = placed(&mut smallest, 1, Placing::default(), &[24; 292]);
        assert_eq!(places[290..], [(0, 291), (1, 1)]);
    }

    #[test]
    fn a_small_row_fills_a_gap_only_when_its_page_is_full() {
        // The first page keeps 2,160 bytes free, the second is left with 160.
        let sizes = [6000, 6000, 2000, 100, 100, 8000];
        let mut placement = Placement::default();
        let places = placed(&mut placement, 1, Placing::default(), &sizes);
        assert_eq!(places, [(0, 1), (1, 1), (1, 2), (1, 3), (0, 2), (2, 1)]);
        // A batch that has grown the file stays on its new pages.
        let mut placement = Placement::default();
        let places = placed(&mut placement, 1, COPY, &sizes);
        assert_eq!(places, [(0, 1), (1, 1), (1, 2), (1, 3), (2, 1), (2, 2)]);
    }

    #[test]
    fn a_new_session_begins_on_the_last_page() {
        let mut placement = Placement::default();
        let plain = Placing::default();
        placed(&mut placement, 1, plain, &[6000, 7000, 1500]);
        assert_eq!(placement.target.map(|target| target.page), Some(0));
        assert_eq!(placed(&mut placement, 1, plain, &[100]), [(0, 3)]);
        assert_eq!(placed(&mut placement, 2, plain, &[100]), [(1, 2)]);
        // VACUUM shows the map's top what there is.
        placement.vacuum(true);
        assert_eq!(placed(&mut placement, 3, plain, &[100]), [(0, 4)]);
    }

    #[test]
    fn bulk_statements_grow_the_file_ahead() {
        // PostgreSQL's sizes for batches of 1,000 rows of 38 bytes.
        for (rows, pages) in [
            (1, 6),
            (2, 12),
            (3, 24),
            (5, 48),
            (10, 96),
            (20, 160),
            (40, 224),
        ] {
            let mut placement = Placement::default();
            for _ in 0..rows {
                placed(&mut placement, 1, COPY, &[38; 1000]);
            }
            assert_eq!(placement.pages(), pages, "{rows} batches");
            let used = (rows * 1000u32).div_ceil(185);
            placement.vacuum(true);
            let truncated = pages - used >= pages / 16 && pages > used;
            assert_eq!(placement.pages(), if truncated { used } else { pages });
        }
        let create_table_as = Placing {
            bulk: 1,
            skip_map: true,
            ..Placing::default()
        };
        let mut placement = Placement::default();
        placed(&mut placement, 1, create_table_as, &[38; 3000]);
        assert_eq!(placement.pages(), 32);
    }

    #[test]
    fn large_files_forget_their_first_pages() {
        let mut placement = Placement::default();
        let mut rowids = Vec::new();
        let sizes = vec![8000; SPAN_PAGES as usize * 3];
        assert_eq!(placement.place(1, 7, COPY, &sizes, &mut rowids), Ok(()));
        assert!(rowids.is_sorted());
        assert_eq!(placement.spans.len(), 2);
        assert_eq!(
            placed(&mut placement, 1, Placing::default(), &[100])[0].0,
            u64::from(SPAN_PAGES) * 3 - 1
        );
    }

    #[test]
    fn fill_factor_and_new_tables() {
        let reserved = Placing {
            reserved: PAGE_BYTES / 2,
            ..Placing::default()
        };
        let places = placed(&mut Placement::default(), 1, reserved, &[1000; 5]);
        assert_eq!(places[3..], [(0, 4), (1, 1)]);
        let new = Placing {
            skip_map: true,
            ..Placing::default()
        };
        let places = placed(&mut Placement::default(), 1, new, &[6000, 7000, 1500]);
        assert_eq!(places, [(0, 1), (1, 1), (2, 1)]);
    }

    #[test]
    fn after_a_restart_the_last_page_is_measured() {
        let mut placement = Placement::after(3 << OFFSET_BITS | 2);
        assert_eq!((placement.pages(), placement.unknown()), (4, Some(3)));
        placement.measured(3, 8000);
        assert_eq!(placement.unknown(), None);
        let places = placed(&mut placement, 1, Placing::default(), &[152, 152]);
        assert_eq!(places, [(3, 3), (4, 1)]);
    }
}
