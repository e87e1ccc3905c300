//! Prepared transactions for JavaScript: the store's records and the lock table's owners brought together.

use std::sync::Arc;

use helios_base::Error;
use helios_locks::table;
use helios_store::prepared::{Claim, Prepared, Refusal};
use helios_store::store::Store;
use helios_store::worker::Preparation;
use napi::bindgen_prelude::BigInt;
use napi_derive::napi;

use crate::store::{Result, with};

/// A prepared transaction. `preparedAt`: microseconds since 2000-01-01 UTC.
#[napi(object)]
pub struct PreparedRow {
    pub gid: String,
    pub xid: BigInt,
    pub owner: u32,
    pub database: u32,
    pub prepared_at: BigInt,
}

/// A transaction that its session wants to prepare.
#[napi(object)]
pub struct PrepareRequest {
    pub gid: String,
    pub owner: u32,
    pub database: u32,
    pub prepared_at: BigInt,
    /// The session's place in the lock table, and the one it goes on with.
    pub lock_owner: u32,
    pub lock_successor: u32,
}

/// What came of claiming: `status` 0 claimed, 1 there is none such, 2 another session finishes it.
#[napi(object)]
pub struct PreparedClaim {
    pub status: u8,
    pub owner: u32,
    pub database: u32,
}

/// How many transactions are prepared or being prepared, and whether the identifier is one's.
#[napi(object)]
pub struct PreparedUsage {
    pub count: u32,
    pub is_used: bool,
}

#[napi]
pub fn prepared_list() -> Result<Vec<PreparedRow>> {
    with(|here| {
        Ok(here
            .worker
            .store()
            .prepared()
            .list()
            .into_iter()
            .map(row)
            .collect())
    })
}

#[napi]
pub fn prepared_usage(gid: String) -> Result<PreparedUsage> {
    with(|here| {
        let (count, is_used) = here.worker.store().prepared().usage(&gid);
        Ok(PreparedUsage {
            count: count as u32,
            is_used,
        })
    })
}

/// Hands a transaction over to be prepared: the answer comes under the token. It is gone all the same where this throws.
/// False, and nothing was done: it holds a lock of its own on what its session has locked, too.
#[napi]
pub fn store_prepare(transaction: u32, token: u32, request: PrepareRequest) -> Result<bool> {
    with(|here| {
        let Some(locks) = table().transaction_locks(request.lock_owner) else {
            return Ok(false);
        };
        let (owner, successor) = (request.lock_owner, request.lock_successor);
        let xid = here.worker.xid(transaction)?;
        let preparation = Preparation {
            gid: request.gid.clone(),
            owner: request.owner,
            database: request.database,
            prepared_at: request.prepared_at.get_i64().0,
            locks: locks.clone(),
            lock_owner: owner,
        };
        let store = Arc::clone(here.worker.store());
        let then = move || {
            // Its worker may have died meanwhile, and the session's locks with it.
            let owner = match table().detach(owner, successor) {
                true => owner,
                false => table().restore(xid, &locks).unwrap_or(u32::MAX),
            };
            store.prepared().ready(&request.gid, owner);
        };
        here.worker
            .prepare(transaction, token, preparation, Box::new(then))?;
        Ok(true)
    })
}

/// Takes a prepared transaction, so that no other session finishes it.
#[napi]
pub fn prepared_claim(gid: String) -> Result<PreparedClaim> {
    with(|here| {
        let refused = |status| PreparedClaim {
            status,
            owner: 0,
            database: 0,
        };
        Ok(match here.worker.store().prepared().claim(&gid) {
            Err(Refusal::Missing) => refused(1),
            Err(Refusal::Busy) => refused(2),
            Ok(claim) => {
                let found = PreparedClaim {
                    status: 0,
                    owner: claim.prepared.owner,
                    database: claim.prepared.database,
                };
                here.claims.insert(gid, claim);
                found
            }
        })
    })
}

/// Gives a claimed transaction back.
#[napi]
pub fn prepared_unclaim(gid: String) -> Result<()> {
    with(|here| {
        if let Some(claim) = here.claims.remove(&gid) {
            here.worker.store().prepared().unclaim(claim.number);
        }
        Ok(())
    })
}

/// Commits or rolls back a claimed transaction: the answer comes under the token.
#[napi]
pub fn prepared_finish(gid: String, commit: bool, token: u32) -> Result<()> {
    with(|here| {
        let claim: Claim = here
            .claims
            .remove(&gid)
            .ok_or_else(|| Error::internal("the prepared transaction was not claimed"))?;
        let owner = claim.lock_owner;
        let then = move || table().drop_owner(owner);
        here.worker
            .finish_prepared(claim, commit, token, Box::new(then))
    })
}

/// The store was opened: what it has prepared gets its locks back.
pub(crate) fn restore_locks(store: &Store) -> helios_base::Result<()> {
    table().set_key_seed(store.seed());
    for (prepared, locks) in store.prepared_locks()? {
        let owner = table().restore(prepared.xid, &locks)?;
        store.prepared().ready(&prepared.gid, owner);
    }
    Ok(())
}

fn row(prepared: Prepared) -> PreparedRow {
    PreparedRow {
        gid: prepared.gid,
        xid: BigInt::from(prepared.xid),
        owner: prepared.owner,
        database: prepared.database,
        prepared_at: BigInt::from(prepared.prepared_at),
    }
}
