//! The table's content for pg_locks.

use std::sync::atomic::Ordering;

use crate::mode::{Mode, SHARE};
use crate::table::LockTable;
use crate::tag::Tag;

/// One held mode or one wait.
#[derive(Clone, Copy, Debug)]
pub struct LockReport {
    pub tag: Tag,
    /// 0 for a prepared transaction.
    pub pid: u32,
    /// Id of the owner's transaction, 0 while it has none.
    pub xid: u64,
    pub mode: Mode,
    pub granted: bool,
    /// Waits only: milliseconds since the Unix epoch.
    pub since_ms: u64,
    /// Waits for rows and unique keys: transaction id of the first holder in the way.
    pub blocker_xid: u64,
}

impl LockTable {
    /// Held locks and waits; of rows and unique keys only the waits, as PostgreSQL shows them.
    pub fn report(&self) -> Vec<LockReport> {
        let owners = self.owners();
        let owner_of = |id: u32| owners.get(id as usize).and_then(Option::as_ref);
        let mut reports = Vec::new();
        for shard in self.lock_all() {
            for (tag, entry) in shard.iter() {
                let holders = entry.holders().iter().filter(|_| !tag.is_transactional());
                for (holder, mode) in
                    holders.flat_map(|holder| (1..=8).map(move |mode| (holder, mode)))
                {
                    let Some(owner) = owner_of(holder.owner) else {
                        continue;
                    };
                    if holder.modes() & (1 << mode) != 0 {
                        reports.push(LockReport {
                            tag: *tag,
                            pid: owner.pid,
                            xid: owner.xid.load(Ordering::Relaxed),
                            mode,
                            granted: true,
                            since_ms: 0,
                            blocker_xid: 0,
                        });
                    }
                }
                for waiter in entry.waiters() {
                    let Some(owner) = owner_of(waiter.owner) else {
                        continue;
                    };
                    let since_ms = owner.state().wait.map_or(0, |wait| wait.since_ms);
                    let blocker = entry
                        .holders()
                        .iter()
                        .find(|holder| holder.owner != waiter.owner);
                    let blocker_xid = blocker
                        .and_then(|holder| owner_of(holder.owner))
                        .map_or(0, |other| other.xid.load(Ordering::Relaxed));
                    reports.push(LockReport {
                        tag: *tag,
                        pid: owner.pid,
                        xid: owner.xid.load(Ordering::Relaxed),
                        mode: waiter.mode,
                        granted: false,
                        since_ms,
                        blocker_xid,
                    });
                }
            }
        }
        for owner in owners.iter().flatten() {
            if let Some(wait) = owner.state().session_wait {
                reports.push(LockReport {
                    tag: Tag::session(wait.pid),
                    pid: owner.pid,
                    xid: 0,
                    mode: SHARE,
                    granted: false,
                    since_ms: wait.since_ms,
                    blocker_xid: 0,
                });
            }
        }
        reports
    }
}
