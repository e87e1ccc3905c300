//! Deadlock detection, run for a session that waited for deadlock_timeout.
//!
//! 1. Freeze the table (all shards).
//! 2. Follow who waits for whom from the session: hard edges to holders of conflicting modes, soft edges to waiters ahead
//!    in the queue whose request conflicts. A way back to the session is a deadlock.
//! 3. Where the cycle has a soft edge, moving that waiter before the one it waits behind may dissolve it: try, keep the
//!    order if no cycle is left for those moved, and serve the queue.
//! 4. Else report the cycle; the caller gives up the session's wait.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard};

use crate::entry::Entry;
use crate::mode::{Mode, bit, conflicts};
use crate::owner::{Owner, Wait};
use crate::table::{LockTable, Shard};
use crate::tag::Tag;

/// One step of a deadlock: `waiter` wants `mode` on `tag` and `blocker` is in its way.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    pub waiter: u32,
    pub waiter_pid: u32,
    pub tag: Tag,
    pub mode: Mode,
    pub blocker: u32,
    pub blocker_pid: u32,
    pub blocker_xid: u64,
    soft: bool,
}

type Shards<'a> = Vec<MutexGuard<'a, Shard>>;

impl LockTable {
    /// The cycle that session `id` waits in, beginning with itself; None where there is none (any more).
    pub fn detect_deadlock(&self, id: u32) -> Option<Vec<Edge>> {
        let mut shards = self.lock_all();
        let cycle = self.find_cycle(&shards, id)?;
        for edge in cycle.iter().filter(|edge| edge.soft) {
            if self.try_reorder(&mut shards, edge, id) {
                return None;
            }
        }
        Some(cycle)
    }

    /// Pids that the session with `pid` waits for: holders of conflicting modes and conflicting waiters ahead of it.
    pub fn blocking_pids(&self, pid: u32) -> Vec<u32> {
        let Some(owner) = self
            .owners()
            .into_iter()
            .flatten()
            .find(|owner| owner.pid == pid)
        else {
            return Vec::new();
        };
        let shards = self.lock_all();
        let mut pids: Vec<u32> = self
            .edges(&shards, &owner)
            .iter()
            .map(|edge| edge.blocker_pid)
            .collect();
        pids.dedup();
        pids
    }

    fn find_cycle(&self, shards: &Shards<'_>, start: u32) -> Option<Vec<Edge>> {
        let mut visited = HashSet::new();
        let mut path = Vec::new();
        self.search(shards, start, start, &mut visited, &mut path)
            .then_some(path)
    }

    /// Depth first; waits form a graph no larger than the number of sessions, so an explicit stack bounds recursion.
    fn search(
        &self,
        shards: &Shards<'_>,
        start: u32,
        from: u32,
        visited: &mut HashSet<u32>,
        path: &mut Vec<Edge>,
    ) -> bool {
        let mut stack = vec![self.edges_of(shards, from)];
        visited.insert(from);
        while let Some(edges) = stack.last_mut() {
            let Some(edge) = edges.pop() else {
                stack.pop();
                path.pop();
                continue;
            };
            if edge.blocker == start {
                path.push(edge);
                return true;
            }
            if visited.insert(edge.blocker) {
                path.push(edge);
                stack.push(self.edges_of(shards, edge.blocker));
            }
        }
        false
    }

    fn edges_of(&self, shards: &Shards<'_>, id: u32) -> Vec<Edge> {
        self.owner(id)
            .map(|owner| self.edges(shards, &owner))
            .unwrap_or_default()
    }

    fn edges(&self, shards: &Shards<'_>, owner: &Arc<Owner>) -> Vec<Edge> {
        let Some(wait) = owner.state().wait else {
            return Vec::new();
        };
        let Some(entry) = shards[self.shard_index(&wait.tag)].get(&wait.tag) else {
            return Vec::new();
        };
        let hard = entry
            .holders()
            .iter()
            .filter(|holder| holder.owner != owner.id && conflicts(wait.mode, holder.modes()));
        let mut edges: Vec<Edge> = hard
            .filter_map(|holder| self.edge(owner, &wait, holder.owner, false))
            .collect();
        let ahead = entry
            .waiters()
            .iter()
            .take_while(|waiter| waiter.ticket != wait.ticket);
        let soft = ahead.filter(|waiter| conflicts(wait.mode, bit(waiter.mode)));
        edges.extend(soft.filter_map(|waiter| self.edge(owner, &wait, waiter.owner, true)));
        edges
    }

    fn edge(&self, owner: &Arc<Owner>, wait: &Wait, blocker: u32, soft: bool) -> Option<Edge> {
        let blocking = self.owner(blocker)?;
        Some(Edge {
            waiter: owner.id,
            waiter_pid: owner.pid,
            tag: wait.tag,
            mode: wait.mode,
            blocker,
            blocker_pid: blocking.pid,
            blocker_xid: blocking.xid.load(Ordering::Relaxed),
            soft,
        })
    }

    fn try_reorder(&self, shards: &mut Shards<'_>, edge: &Edge, start: u32) -> bool {
        let index = self.shard_index(&edge.tag);
        let before = match shards[index].get_mut(&edge.tag) {
            Some(Entry::Many(contended)) => {
                let before = contended.waiters.clone();
                let from = before.iter().position(|waiter| waiter.owner == edge.waiter);
                let to = before
                    .iter()
                    .position(|waiter| waiter.owner == edge.blocker);
                let (Some(from), Some(to)) = (from, to) else {
                    return false;
                };
                let moved = contended.waiters.remove(from);
                contended.waiters.insert(to.min(from), moved);
                before
            }
            _ => return false,
        };
        let dissolved = [start, edge.waiter, edge.blocker]
            .iter()
            .all(|id| self.find_cycle(shards, *id).is_none());
        if let Some(entry) = shards[index].get_mut(&edge.tag) {
            if dissolved {
                let served = entry.serve();
                entry.compact();
                self.settle(&edge.tag, &served);
            } else if let Entry::Many(contended) = entry {
                contended.waiters = before;
            }
        }
        dissolved
    }
}
