//! The registry of serializable transactions: one mutex, one clock. `begin` takes the snapshot and a commit becomes visible
//! under the mutex, so the clock says exactly which transactions overlap.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use helios_base::Result;
use helios_base::sync::lock;

use crate::targets::{File, Targets};
use crate::transaction::{Conflicts, Id, Safety, Tracking, Transaction};

#[derive(Default)]
pub struct Registry {
    state: Mutex<State>,
    next_id: AtomicU64,
}

/// Bounds of what is remembered, as the settings of these names.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub max_pred_locks_per_transaction: i64,
    pub max_pred_locks_per_relation: i64,
    pub max_pred_locks_per_page: i64,
    /// max_connections and max_prepared_transactions together.
    pub transactions: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            max_pred_locks_per_transaction: 64,
            max_pred_locks_per_relation: -2,
            max_pred_locks_per_page: 2,
            transactions: 100,
        }
    }
}

impl Limits {
    /// Parts of one relation that a transaction may have read before all of it counts as read; a negative setting divides
    /// the number for the transaction.
    pub fn per_relation(&self) -> usize {
        let Limits {
            max_pred_locks_per_transaction: all,
            max_pred_locks_per_relation: part,
            ..
        } = *self;
        let most = if part < 0 { all / -part - 1 } else { part };
        usize::try_from(most).unwrap_or(0)
    }

    pub fn per_page(&self) -> usize {
        usize::try_from(self.max_pred_locks_per_page).unwrap_or(0)
    }

    /// Read locks of all transactions together.
    pub fn in_all(&self) -> usize {
        usize::try_from(self.max_pred_locks_per_transaction).unwrap_or(0) * self.transactions
    }

    /// Finished transactions that are remembered one by one.
    pub fn finished(&self) -> usize {
        self.transactions * 10
    }
}

#[derive(Default)]
pub(crate) struct State {
    pub clock: u64,
    pub transactions: HashMap<Id, Transaction>,
    /// Those that have not finished.
    pub active: BTreeSet<Id>,
    /// Those that have committed while others were active that began before; oldest first.
    pub finished: VecDeque<Id>,
    pub files: HashMap<File, Targets>,
    /// Read locks of all transactions together.
    pub lock_count: usize,
    /// Writes of all transactions together that are noted one by one.
    pub write_count: usize,
    /// Some file has a summary of what finished transactions did.
    pub has_summaries: bool,
    pub limits: Limits,
}

/// How a transaction begins.
#[derive(Clone, Copy, Default)]
pub struct Begin<'a> {
    pub pid: u32,
    pub backend: u32,
    pub read_only: bool,
    /// The transaction whose snapshot it takes over.
    pub like: Option<&'a Tracked>,
}

/// A transaction to whoever reads and writes for it.
#[derive(Clone)]
pub struct Tracked {
    registry: Arc<Registry>,
    id: Id,
    tracking: Arc<Tracking>,
}

/// A transaction to whoever ends it: dropped without a commit, it is rolled back.
pub struct Registration {
    tracked: Tracked,
    ended: bool,
}

impl Registry {
    pub fn configure(&self, limits: Limits) {
        self.lock().limits = limits;
    }

    /// Begins a transaction; `take` takes its snapshot. No registration comes for a read-only one whose snapshot is safe: it
    /// needs none. None where the transaction whose snapshot it is to take over has ended.
    pub fn begin<T>(
        self: &Arc<Registry>,
        begin: Begin<'_>,
        take: impl FnOnce() -> Result<T>,
    ) -> Result<Option<(T, Option<Registration>)>> {
        let mut state = self.lock();
        let at = match begin.like {
            None => Some(state.clock),
            Some(like) if state.active.contains(&like.id) => {
                state.get(like.id).map(|like| like.begin)
            }
            Some(_) => None,
        };
        let Some(at) = at else {
            return Ok(None);
        };
        let taken = take()?;
        let id = self.next_id.fetch_add(1, Ordering::Relaxed) + 1;
        let tracking = Arc::new(Tracking::default());
        let mut transaction = Transaction {
            pid: begin.pid,
            backend: begin.backend,
            xid: 0,
            begin: at,
            prepared: None,
            committed: None,
            read_only: begin.read_only,
            declared_read_only: begin.read_only,
            doomed: false,
            wrote: false,
            old_in: false,
            old_out: false,
            earliest_out: None,
            conflicts_out: Conflicts::default(),
            conflicts_in: Conflicts::default(),
            watched: BTreeSet::new(),
            safety: Safety::Unknown,
            reads: HashMap::new(),
            writes: Vec::new(),
            savepoints: Vec::new(),
            files_written: HashSet::new(),
            tracking: Arc::clone(&tracking),
            waiter: None,
        };
        let takes_over = begin.like.is_some();
        if begin.read_only && !state.watch_writers(id, &mut transaction, takes_over) {
            return Ok(Some((taken, None)));
        }
        state.transactions.insert(id, transaction);
        state.active.insert(id);
        let tracked = Tracked {
            registry: Arc::clone(self),
            id,
            tracking,
        };
        let registration = Registration {
            tracked,
            ended: false,
        };
        Ok(Some((taken, Some(registration))))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl State {
    pub fn get(&self, id: Id) -> Option<&Transaction> {
        self.transactions.get(&id)
    }

    pub fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }
}

impl Tracked {
    pub fn id(&self) -> Id {
        self.id
    }

    /// False for a transaction that needs no tracking any more.
    pub fn is_on(&self) -> bool {
        self.tracking.is_on()
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.registry.lock()
    }
}

impl Registration {
    pub fn tracked(&self) -> &Tracked {
        &self.tracked
    }

    /// Decides whether the transaction may commit; once is enough. From then on it is the others that fail. Errors: 40001.
    pub fn prepare(&self) -> Result<()> {
        self.tracked.state().prepare(self.tracked.id)
    }

    /// The transaction has committed; `publish` makes its writes visible.
    pub fn committed(mut self, publish: impl FnOnce()) {
        self.ended = true;
        let mut state = self.tracked.state();
        publish();
        let wakers = state.finish(self.tracked.id, true);
        drop(state);
        wakers.into_iter().for_each(|wake| wake());
    }

    fn roll_back(&mut self) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let wakers = self.tracked.state().finish(self.tracked.id, false);
        wakers.into_iter().for_each(|wake| wake());
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.roll_back();
    }
}
