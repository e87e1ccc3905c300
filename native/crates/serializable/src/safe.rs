//! Safe snapshots: a read-only transaction needs no tracking once none of the writers that were active when it began can
//! commit with a conflict out to what had committed before its snapshot.

use helios_base::Result;

use crate::registry::{Registration, Registry, State};
use crate::transaction::{Id, Safety, Transaction};

/// Wakes whoever waits for a snapshot's safety.
pub type Waker = Box<dyn FnOnce() + Send>;

impl Registration {
    /// What is known of a read-only transaction's snapshot: None as long as a writer may still make it unsafe.
    pub fn is_safe(&self) -> Option<bool> {
        let state = self.tracked().state();
        match state.get(self.tracked().id()).map(|mine| mine.safety) {
            None | Some(Safety::Safe) => Some(true),
            Some(Safety::Unsafe) => Some(false),
            Some(Safety::Unknown) => None,
        }
    }

    /// Calls `wake` once `is_safe` has an answer; at once where it has.
    pub fn when_known(&self, wake: Waker) -> Result<()> {
        let mut state = self.tracked().state();
        match state.transactions.get_mut(&self.tracked().id()) {
            Some(mine) if mine.safety == Safety::Unknown => mine.waiter = Some(wake),
            _ => {
                drop(state);
                wake();
            }
        }
        Ok(())
    }

    /// Nobody waits any more.
    pub fn give_up_waiting(&self) {
        let mut state = self.tracked().state();
        if let Some(mine) = state.transactions.get_mut(&self.tracked().id()) {
            mine.waiter = None;
        }
    }
}

impl Registry {
    /// Processes of the writers for which a waiting read-only transaction of the process waits.
    pub fn safe_snapshot_blockers(&self, pid: u32) -> Vec<u32> {
        let state = self.lock();
        let waiting = state
            .transactions
            .values()
            .find(|one| one.pid == pid && one.waiter.is_some());
        let watched = waiting.into_iter().flat_map(|one| &one.watched);
        watched
            .filter_map(|writer| state.get(*writer))
            .map(|writer| writer.pid)
            .collect()
    }
}

impl State {
    /// Makes a read-only transaction watch the writers that are active; false where there is none, so that it needs no
    /// tracking. One that takes over an older snapshot is never found safe: writers may have committed since.
    pub fn watch_writers(&mut self, id: Id, reader: &mut Transaction, takes_over: bool) -> bool {
        let writers: Vec<Id> = self
            .active
            .iter()
            .copied()
            .filter(|other| {
                self.get(*other)
                    .is_some_and(|other| !other.read_only && !other.doomed)
            })
            .collect();
        if takes_over {
            reader.safety = Safety::Unsafe;
            return true;
        }
        for writer in &writers {
            if let Some(writer) = self.transactions.get_mut(writer) {
                writer.watched.insert(id);
            }
        }
        let has_writers = !writers.is_empty();
        reader.watched.extend(writers);
        has_writers
    }

    /// A writer has ended: what that says about those that watch it.
    pub fn settle_watchers(&mut self, writer: Id, wakers: &mut Vec<Waker>) {
        let Some(ended) = self.transactions.get_mut(&writer) else {
            return;
        };
        let watchers = std::mem::take(&mut ended.watched);
        let is_committed = ended.committed.is_some() && ended.wrote;
        let earliest_out = ended.earliest_out.filter(|_| is_committed);
        for watcher in watchers {
            let Some(reader) = self.transactions.get_mut(&watcher) else {
                continue;
            };
            reader.watched.remove(&writer);
            if earliest_out.is_some_and(|first| first <= reader.begin) {
                reader.safety = Safety::Unsafe;
                wakers.extend(reader.waiter.take());
                for other in std::mem::take(&mut reader.watched) {
                    if let Some(other) = self.transactions.get_mut(&other) {
                        other.watched.remove(&watcher);
                    }
                }
            } else if reader.watched.is_empty() && reader.safety == Safety::Unknown {
                reader.safety = Safety::Safe;
                reader.tracking.end();
                wakers.extend(reader.waiter.take());
                self.remove(watcher);
            }
        }
    }
}
