//! Deadlock detection, run for a session that waited for deadlock_timeout.
//!
//! 1. Freeze the table (all shards).
//! 2. Follow who waits for whom from the session: hard edges to holders of conflicting modes, soft edges to waiters ahead
//!    in the queue whose request conflicts. A way back to the session is a deadlock.
//! 3. Where the cycle has a soft edge, moving that waiter before the one it waits behind may dissolve it. Try the edges,
//!    the deepest first, each alone and then with others: with the queues sorted so, no cycle may be left for the session
//!    nor for anybody moved.
//! 4. Put the queues in that order and serve them. Where no order helps, report the cycle; the caller gives up the
//!    session's wait.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard};

use crate::entry::{Entry, Waiter};
use crate::mode::{Mode, SHARE, bit, conflicts};
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
/// Queues in another order than they have.
type Orders = HashMap<Tag, Vec<Waiter>>;

/// Orders tried for one deadlock: with all shards frozen, the search must end.
const ORDERS_MAX: usize = 2_000;

impl LockTable {
    /// The cycle that session `id` waits in, beginning with itself; None where there is none (any more).
    pub fn detect_deadlock(&self, id: u32) -> Option<Vec<Edge>> {
        let mut shards = self.lock_all();
        let cycle = self.find_cycle(&shards, &Orders::new(), id)?;
        let mut tries = ORDERS_MAX;
        let Some(orders) = self.dissolving(&shards, id, &mut Vec::new(), &mut tries) else {
            // Before anybody else looks: one victim is enough.
            if let Some(owner) = self.owner(id) {
                owner.state().gives_up = true;
            }
            return Some(cycle);
        };
        for (tag, waiters) in orders {
            let entry = shards[self.shard_index(&tag)].get_mut(&tag);
            if let Some(Entry::Many(contended)) = entry {
                contended.waiters = waiters;
            }
            if let Some(entry) = shards[self.shard_index(&tag)].get_mut(&tag) {
                let served = entry.serve();
                entry.compact();
                self.settle(&tag, &served);
            }
        }
        None
    }

    /// Pids that the session with `pid` waits for: holders of conflicting modes and conflicting waiters ahead of it.
    pub fn blocking_pids(&self, pid: u32) -> Vec<u32> {
        let shards = self.lock_all();
        let mut edges = self.edges_of(&shards, &Orders::new(), pid);
        edges.reverse();
        let mut pids: Vec<u32> = edges.iter().map(|edge| edge.blocker_pid).collect();
        pids.dedup();
        pids
    }

    /// Orders of queues under which `constraints` (each: the waiter before the one it waits behind) hold and nobody
    /// concerned is in a cycle.
    fn dissolving(
        &self,
        shards: &Shards<'_>,
        start: u32,
        constraints: &mut Vec<Edge>,
        tries: &mut usize,
    ) -> Option<Orders> {
        *tries = tries.checked_sub(1)?;
        let orders = self.sorted(shards, constraints)?;
        let Some(cycle) = self.remaining_cycle(shards, &orders, start, constraints) else {
            return Some(orders);
        };
        for edge in cycle.iter().rev().filter(|edge| edge.soft) {
            constraints.push(*edge);
            if let Some(found) = self.dissolving(shards, start, constraints, tries) {
                return Some(found);
            }
            constraints.pop();
        }
        None
    }

    /// A cycle that the orders leave: one without a soft edge if there is one among those moved, else the session's own.
    fn remaining_cycle(
        &self,
        shards: &Shards<'_>,
        orders: &Orders,
        start: u32,
        constraints: &[Edge],
    ) -> Option<Vec<Edge>> {
        let moved = constraints
            .iter()
            .flat_map(|edge| [edge.waiter, edge.blocker]);
        let mut found = None;
        for id in moved.chain([start]) {
            if let Some(cycle) = self.find_cycle(shards, orders, id) {
                if !cycle.iter().any(|edge| edge.soft) {
                    return Some(cycle);
                }
                found = Some(cycle);
            }
        }
        found
    }

    /// The queues that the constraints are about, changed as little as they ask for; None where they contradict.
    fn sorted(&self, shards: &Shards<'_>, constraints: &[Edge]) -> Option<Orders> {
        let mut orders = Orders::new();
        for Edge { tag, .. } in constraints {
            if orders.contains_key(tag) {
                continue;
            }
            let here = |edge: &&Edge| edge.tag == *tag;
            let mut rest = shards[self.shard_index(tag)].get(tag)?.waiters().to_vec();
            let mut backwards = Vec::with_capacity(rest.len());
            while !rest.is_empty() {
                let last = rest.iter().rposition(|waiter| {
                    let mut bound = constraints.iter().filter(here);
                    !bound.any(|edge| {
                        edge.waiter == waiter.owner
                            && rest.iter().any(|other| other.owner == edge.blocker)
                    })
                })?;
                backwards.push(rest.remove(last));
            }
            backwards.reverse();
            orders.insert(*tag, backwards);
        }
        Some(orders)
    }

    /// Depth first; waits form a graph no larger than the number of sessions, so an explicit stack bounds recursion.
    fn find_cycle(&self, shards: &Shards<'_>, orders: &Orders, start: u32) -> Option<Vec<Edge>> {
        let start = self.owner(start)?.pid;
        let mut visited = HashSet::from([start]);
        let mut path = Vec::new();
        let mut stack = vec![self.edges_of(shards, orders, start)];
        while let Some(edges) = stack.last_mut() {
            let Some(edge) = edges.pop() else {
                stack.pop();
                path.pop();
                continue;
            };
            if edge.blocker_pid == start {
                path.push(edge);
                return Some(path);
            }
            if visited.insert(edge.blocker_pid) {
                path.push(edge);
                stack.push(self.edges_of(shards, orders, edge.blocker_pid));
            }
        }
        None
    }

    /// What the session with the pid waits for, as any of its owners (one may hold a lock beyond the transaction). Last
    /// the edge to follow first: hard ones go before soft ones. Prepared transactions have no pid and wait for nothing.
    fn edges_of(&self, shards: &Shards<'_>, orders: &Orders, pid: u32) -> Vec<Edge> {
        if pid == 0 {
            return Vec::new();
        }
        let owners = self.owners();
        let mut edges: Vec<Edge> = owners
            .iter()
            .flatten()
            .filter(|owner| owner.pid == pid)
            .flat_map(|owner| self.edges(shards, orders, owner))
            .collect();
        edges.reverse();
        edges
    }

    fn edges(&self, shards: &Shards<'_>, orders: &Orders, owner: &Arc<Owner>) -> Vec<Edge> {
        let (wait, gives_up) = {
            let state = owner.state();
            (state.wait, state.gives_up)
        };
        if gives_up {
            return Vec::new();
        }
        let Some(wait) = wait else {
            return self.session_edge(owner).into_iter().collect();
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
        let queue = orders
            .get(&wait.tag)
            .map_or_else(|| entry.waiters(), Vec::as_slice);
        let ahead = queue
            .iter()
            .take_while(|waiter| waiter.ticket != wait.ticket);
        let soft = ahead.filter(|waiter| conflicts(wait.mode, bit(waiter.mode)));
        edges.extend(soft.filter_map(|waiter| self.edge(owner, &wait, waiter.owner, true)));
        edges
    }

    fn session_edge(&self, owner: &Arc<Owner>) -> Option<Edge> {
        let wait = owner.state().session_wait?;
        let owners = self.owners();
        let blocking = owners
            .iter()
            .flatten()
            .find(|other| other.pid == wait.pid)?;
        Some(Edge {
            waiter: owner.id,
            waiter_pid: owner.pid,
            tag: Tag::session(wait.pid),
            mode: SHARE,
            blocker: blocking.id,
            blocker_pid: wait.pid,
            blocker_xid: 0,
            soft: false,
        })
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
}
