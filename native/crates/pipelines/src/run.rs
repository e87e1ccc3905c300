//! A pipeline under way. Its threads take morsels (ranges of pages) by turns, each into groups and states of its own; the last
//! one that finishes merges them all and tells the caller.
//!
//! 1. `start` gives each thread a detached view of the table.
//! 2. A thread reads a morsel's rows into batches, filters them, finds their groups, feeds the aggregates.
//! 3. Whoever meets something that the kernels decline, or an error, keeps it as the outcome; the others stop.
//! 4. The last one to stop merges what there is, in the order in which the threads began, and calls `done`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use helios_base::Error;
use helios_base::sync::lock;
use helios_kernels::aggregate::{Grouping, Rows, State};
use helios_kernels::expression::Batch;
use helios_kernels::groups::Groups;
use helios_kernels::halt::{Halt, Result};
use helios_kernels::output::Column;
use helios_kernels::vector::{Values, Vector, mixed_forms};
use helios_store::key::rowid_of;
use helios_store::worker::Detached;

use crate::pool;
use crate::program::Program;
use crate::rows::Reader;

/// Rows that the kernels work on at a time: their columns fit the processor's caches.
const BATCH_ROWS: usize = 2048;
/// Pages that a thread takes at a time: some ten thousand rows.
const MORSEL_PAGES: u64 = 512;

/// Rowids of a morsel: a page has 512 of them (docs/architecture.md).
const MORSEL_ROWIDS: u64 = MORSEL_PAGES << 9;

/// What came out.
pub struct Answer {
    /// The keys, then the aggregates.
    pub columns: Vec<Column>,
    /// Groups in the order in which they are delivered.
    pub order: Vec<u32>,
    /// Rows that were read, and those among them that passed the filter.
    pub read: u64,
    pub passed: u64,
    pub threads: usize,
}

pub struct Run {
    shared: Arc<Shared>,
}

struct Shared {
    program: Program,
    /// Next morsel to be taken, of so many; where they begin.
    next: AtomicU64,
    morsels: u64,
    from: u64,
    memory_bytes: usize,
    is_stopped: AtomicBool,
    /// Threads that have not finished yet.
    left: AtomicUsize,
    threads: usize,
    partials: Mutex<Vec<(usize, Partial)>>,
    outcome: Mutex<Option<Result<Answer>>>,
    done: Box<dyn Fn() + Send + Sync>,
}

/// What one thread has found.
struct Partial {
    groups: Groups,
    states: Vec<State>,
    /// Of the rows that passed, where they are what is wanted.
    rowids: Vec<u64>,
    read: u64,
    passed: u64,
}

/// Rows after which a filter that lets more than a quarter of them pass is left to the executor: looking each row up again
/// would cost more than it saves.
const SAMPLE_ROWS: u64 = 20_000;

/// What a run needs beside its program.
pub struct Options {
    /// Pages of the table, and the rowid at which to begin.
    pub pages: u64,
    pub from: u64,
    /// What the groups of each thread may take up.
    pub memory_bytes: usize,
}

/// Threads that are worth their while for so many pages.
pub fn thread_count(pages: u64, most: usize) -> usize {
    let morsels = pages.div_ceil(MORSEL_PAGES).max(1);
    let most = most.min(pool::thread_count()).max(1);
    usize::try_from(morsels).map_or(most, |morsels| morsels.min(most))
}

impl Run {
    /// Starts it on as many threads as there are views; `done` is called on one of them at the end.
    pub fn start(
        program: Program,
        views: Vec<Detached>,
        options: &Options,
        done: Box<dyn Fn() + Send + Sync>,
    ) -> helios_base::Result<Run> {
        let shared = Arc::new(Shared {
            program,
            next: AtomicU64::new(options.from / MORSEL_ROWIDS),
            // The file may have grown by a page since it was measured.
            morsels: (options.pages + 1)
                .div_ceil(MORSEL_PAGES)
                .max(options.from / MORSEL_ROWIDS + 1),
            from: options.from,
            memory_bytes: options.memory_bytes,
            is_stopped: AtomicBool::new(false),
            left: AtomicUsize::new(views.len()),
            threads: views.len(),
            partials: Mutex::default(),
            outcome: Mutex::default(),
            done,
        });
        for (number, view) in views.into_iter().enumerate() {
            let shared = Arc::clone(&shared);
            pool::submit(Box::new(move || shared.take_part(number, view)))?;
        }
        Ok(Run { shared })
    }

    /// Stops it soon; `done` is called as ever.
    pub fn cancel(&self) {
        self.shared.halt(Halt::Canceled);
    }

    /// The outcome, once `done` was called.
    pub fn take(&self) -> Option<Result<Answer>> {
        lock(&self.shared.outcome).take()
    }
}

impl Shared {
    fn halt(&self, halt: Halt) {
        self.is_stopped.store(true, Ordering::Relaxed);
        let mut outcome = lock(&self.outcome);
        if outcome.is_none() {
            *outcome = Some(Err(halt));
        }
    }

    fn take_part(&self, number: usize, view: Detached) {
        let panicked = || Halt::Failed(Error::internal("a pipeline's thread panicked"));
        match catch_unwind(AssertUnwindSafe(|| self.read_morsels(&view))) {
            Ok(Ok(partial)) => lock(&self.partials).push((number, partial)),
            Ok(Err(halt)) => self.halt(halt),
            Err(_) => self.halt(panicked()),
        }
        drop(view);
        if self.left.fetch_sub(1, Ordering::AcqRel) > 1 {
            return;
        }
        if !self.is_stopped.load(Ordering::Relaxed) {
            match catch_unwind(AssertUnwindSafe(|| self.merge())) {
                Ok(Ok(answer)) => *lock(&self.outcome) = Some(Ok(answer)),
                Ok(Err(halt)) => self.halt(halt),
                Err(_) => self.halt(panicked()),
            }
        }
        (self.done)();
    }

    fn read_morsels(&self, view: &Detached) -> Result<Partial> {
        let mut partial = self.fresh()?;
        let mut reader = Reader::new(&self.program.columns);
        let (mut rowids, mut groups) = (Vec::new(), Vec::new());
        loop {
            let morsel = self.next.fetch_add(1, Ordering::Relaxed);
            if morsel >= self.morsels || self.is_stopped.load(Ordering::Relaxed) {
                return Ok(partial);
            }
            let from = (morsel * MORSEL_ROWIDS).max(self.from);
            let to = match morsel + 1 == self.morsels {
                // Whatever else there is.
                true => u64::MAX,
                false => (morsel + 1) * MORSEL_ROWIDS,
            };
            let mut scan = view.rows(from, to)?;
            loop {
                while reader.rowids.len() < BATCH_ROWS {
                    let Some((key, row)) = scan.next_entry()? else {
                        break;
                    };
                    reader.push(rowid_of(key), row)?;
                }
                if reader.rowids.is_empty() {
                    break;
                }
                if self.is_stopped.load(Ordering::Relaxed) {
                    return Ok(partial);
                }
                let batch = reader.take(&mut rowids);
                self.process(&mut partial, batch, &mut rowids, &mut groups)?;
            }
        }
    }

    fn fresh(&self) -> Result<Partial> {
        let mut states = self.program.states().ok_or_else(mixed_forms)?;
        if self.program.keys.is_empty() {
            for state in &mut states {
                state.grow(1);
            }
        }
        Ok(Partial {
            groups: self.program.groups(),
            states,
            rowids: Vec::new(),
            read: 0,
            passed: 0,
        })
    }

    fn process(
        &self,
        partial: &mut Partial,
        mut batch: Batch,
        rowids: &mut Vec<u64>,
        groups: &mut Vec<u32>,
    ) -> Result<()> {
        partial.read += batch.count as u64;
        for condition in &self.program.filter {
            if let Some(rows) = condition.holds.passing(&batch)? {
                batch.select(&rows, &condition.needed_after);
                *rowids = rows.iter().map(|row| rowids[*row as usize]).collect();
                if rows.is_empty() {
                    return Ok(());
                }
            }
        }
        partial.passed += batch.count as u64;
        if self.program.rowids {
            return self.collect(partial, rowids);
        }
        let grouping = if self.program.keys.is_empty() {
            Grouping::One
        } else {
            let keys = self.program.keys.iter().map(|key| {
                let value = key.value.evaluate(&batch)?;
                Ok(value.spread(batch.count))
            });
            let keys = keys.collect::<Result<Vec<Vector>>>()?;
            partial.groups.find(&keys, rowids, groups)?;
            for state in &mut partial.states {
                state.grow(partial.groups.len());
            }
            Grouping::Many(groups)
        };
        self.feed(partial, &batch, grouping)?;
        let states = partial.states.iter().map(State::bytes);
        if partial.groups.bytes() + states.sum::<usize>() > self.memory_bytes {
            return Err(Halt::Declined("more groups than work_mem has room for"));
        }
        Ok(())
    }

    fn collect(&self, partial: &mut Partial, rowids: &[u64]) -> Result<()> {
        partial.rowids.extend_from_slice(rowids);
        if partial.read > SAMPLE_ROWS && partial.passed * 4 > partial.read {
            return Err(Halt::Declined("a filter that most rows pass"));
        }
        if partial.rowids.len() * 8 > self.memory_bytes {
            return Err(Halt::Declined("more rows than work_mem has room for"));
        }
        Ok(())
    }

    fn feed(&self, partial: &mut Partial, batch: &Batch, grouping: Grouping<'_>) -> Result<()> {
        for (aggregate, state) in self.program.aggregates.iter().zip(&mut partial.states) {
            let filter = match &aggregate.filter {
                Some(filter) => Some(filter.evaluate(batch)?.spread(batch.count)),
                None => None,
            };
            let keep: Option<Vec<bool>> = match &filter {
                Some(filter) => match &filter.values {
                    Values::Bool(holds) => Some(
                        (0..batch.count)
                            .map(|row| holds[row] && !filter.is_null(row))
                            .collect(),
                    ),
                    _ => return Err(mixed_forms()),
                },
                None => None,
            };
            let rows = Rows {
                count: batch.count,
                keep: keep.as_deref(),
                grouping,
            };
            match &aggregate.arg {
                None => state.update(rows, None)?,
                Some(arg) => {
                    let value = arg.borrowed(batch)?;
                    if value.get().is_constant {
                        let value = value.get().clone().spread(batch.count);
                        state.update(rows, Some(&value))?;
                    } else {
                        state.update(rows, Some(value.get()))?;
                    }
                }
            }
        }
        Ok(())
    }

    fn merge(&self) -> Result<Answer> {
        let mut partials = std::mem::take(&mut *lock(&self.partials));
        partials.sort_by_key(|(number, _)| *number);
        let mut partials = partials.into_iter().map(|(_, partial)| partial);
        let mut whole = match partials.next() {
            Some(first) => first,
            None => self.fresh()?,
        };
        for part in partials {
            whole.read += part.read;
            whole.passed += part.passed;
            whole.rowids.extend(part.rowids);
            let numbers = if self.program.keys.is_empty() {
                vec![0]
            } else {
                whole.groups.merge(&part.groups)?
            };
            let groups = if self.program.keys.is_empty() {
                1
            } else {
                whole.groups.len()
            };
            for (state, other) in whole.states.iter_mut().zip(part.states) {
                state.grow(groups);
                state.merge(other, &numbers)?;
            }
        }
        if self.program.rowids {
            Ok(self.places(whole))
        } else {
            self.answer(whole)
        }
    }

    /// The rowids as one column of doubles, ascending.
    fn places(&self, mut whole: Partial) -> Answer {
        whole.rowids.sort_unstable();
        let places = whole.rowids.iter().map(|rowid| *rowid as f64).collect();
        Answer {
            order: (0..whole.rowids.len() as u32).collect(),
            columns: vec![Column {
                vector: Vector::new(Values::Float8(places), None),
                width: 8,
            }],
            read: whole.read,
            passed: whole.passed,
            threads: self.threads,
        }
    }

    fn answer(&self, whole: Partial) -> Result<Answer> {
        let keys = self.program.keys.iter().enumerate();
        let mut columns: Vec<Column> = keys
            .map(|(number, key)| Column {
                vector: whole.groups.key(number),
                width: key.width,
            })
            .collect();
        for (aggregate, state) in self.program.aggregates.iter().zip(whole.states) {
            columns.push(Column {
                vector: state.finish()?,
                width: aggregate.width,
            });
        }
        let order = if self.program.keys.is_empty() {
            vec![0]
        } else {
            whole.groups.in_order()
        };
        Ok(Answer {
            columns,
            order,
            read: whole.read,
            passed: whole.passed,
            threads: self.threads,
        })
    }
}
