//! The two steps of a prepared transaction on their way to the log.

use std::sync::Arc;

use helios_base::error::sqlstate;
use helios_base::{Error, Result};
use helios_serializable::Registration;

use crate::large::{LargePart, change_records};
use crate::prepared::{Claim, Prepared, bulk_records, record, removal};
use crate::store::Store;
use crate::subtransactions::Ids;
use crate::worker::Worker;
use crate::writer::{Done, Request, Then};

/// What is to be undone where the commit of a step fails.
pub(crate) enum Step {
    Prepare {
        number: u64,
        ids: Ids,
        bulk: Vec<u64>,
    },
    Finish {
        number: u64,
    },
}

impl Step {
    pub fn settle(self, store: &Store, committed: bool) {
        if committed {
            return;
        }
        match self {
            Step::Prepare { number, ids, bulk } => {
                store.xids.roll_back(&ids);
                store.prepared().forget(number);
                store.remove_bulk(bulk.into_iter());
            }
            Step::Finish { number } => store.prepared().unclaim(number),
        }
    }
}

/// A transaction that is to be prepared.
pub struct Preparation {
    pub gid: String,
    pub owner: u32,
    pub database: u32,
    pub prepared_at: i64,
    /// Its locks, encoded by whoever reads them again, and who holds them.
    pub locks: Vec<u8>,
    pub lock_owner: u32,
}

impl Worker {
    /// Hands a transaction over to be prepared; the answer comes under the token, and `then` is called before. Errors:
    /// 42710 where the identifier is in use, 40001, what a commit may fail with; the transaction is gone all the same.
    pub fn prepare(
        &mut self,
        transaction: u32,
        token: u32,
        preparation: Preparation,
        then: Then,
    ) -> Result<()> {
        let xid = self.xid(transaction)?;
        let mut finished = self
            .transactions
            .remove(transaction)
            .ok_or_else(|| Error::internal("the transaction does not exist"))?;
        let ids = self.close(&mut finished);
        let prepared = Prepared {
            gid: preparation.gid,
            xid,
            owner: preparation.owner,
            database: preparation.database,
            prepared_at: preparation.prepared_at,
            catalog_changed: finished.catalog_changed,
            files_read: finished.serializable.as_ref().map(Registration::files_read),
            subs: ids.subs.clone(),
        };
        let decided = match &finished.serializable {
            Some(registration) => registration.prepare(),
            None => Ok(()),
        };
        let parts = decided.and_then(|()| finished.commit_parts(&self.store.sequences));
        let parts = match parts {
            Ok(parts) => parts,
            Err(error) => {
                self.forget(&finished, &ids);
                return Err(error);
            }
        };
        finished.detach_sequences(&self.store.sequences);
        let bulk: Vec<u64> = parts.bulk.iter().map(|file| file.record.number).collect();
        let reserved = self.store.prepared.reserve(
            prepared.clone(),
            preparation.lock_owner,
            finished.serializable.take(),
        );
        let Some(number) = reserved else {
            self.store.remove_bulk(bulk.into_iter());
            self.store.xids.roll_back(&ids);
            return Err(Error::new(
                sqlstate::DUPLICATE_OBJECT,
                format!(
                    "transaction identifier \"{}\" is already in use",
                    prepared.gid
                ),
            ));
        };
        self.preparing
            .insert(token, Step::Prepare { number, ids, bulk });
        let mut large = LargePart::of(parts.large);
        let mut changes = parts.changes;
        let locks = preparation.locks;
        if large.is_empty() {
            changes = record(number, &prepared, changes, &locks);
        } else {
            let prepared = prepared.clone();
            large.wrap = Some(Box::new(move |changes| {
                record(number, &prepared, changes, &locks)
            }));
        }
        let request = Request {
            changes,
            bulk: parts.bulk,
            large,
            // The record has it: it has not committed yet.
            ids: Ids::default(),
            catalog_changed: false,
            synchronous: true,
            checkpoint: false,
            prepares: true,
            serializable: None,
            then: Some(then),
            done: self.answer(token),
        };
        let sent = self.send(request);
        if sent.is_err()
            && let Some(step) = self.preparing.remove(&token)
        {
            step.settle(&self.store, false);
        }
        sent
    }

    /// Commits or rolls back a claimed transaction; the answer comes under the token, and `then` is called before, once
    /// what it wrote is visible. Where that fails the transaction is prepared still.
    pub fn finish_prepared(
        &mut self,
        claim: Claim,
        commit: bool,
        token: u32,
        then: Then,
    ) -> Result<()> {
        let number = claim.number;
        let request = self.finishing(claim, commit, token, then);
        let sent = request.and_then(|request| {
            self.preparing.insert(token, Step::Finish { number });
            self.send(request)
        });
        if sent.is_err() {
            self.preparing.remove(&token);
            self.store.prepared.unclaim(number);
        }
        sent
    }

    fn finishing(&self, claim: Claim, commit: bool, token: u32, then: Then) -> Result<Request> {
        let Claim {
            number, prepared, ..
        } = claim;
        let parts = self.store.prepared_parts(number)?;
        let removal = removal(&parts.keys);
        let records = bulk_records(&parts.changes)?;
        let mut bulk = Vec::new();
        let mut gone = Vec::new();
        let mut changes = parts.changes;
        let mut large = LargePart::default();
        let large_records = change_records(&changes)?;
        if commit {
            if let Some(directory) = &self.store.bulk {
                for record in &records {
                    bulk.push(directory.open(record)?);
                }
            }
            if let Some((directory, record)) = self
                .store
                .bulk
                .as_ref()
                .zip(large_records.into_iter().next())
            {
                large.file = Some(record.open(directory)?);
            }
        } else {
            changes.clear();
            gone.extend(records.iter().map(|record| record.number));
            gone.extend(large_records.iter().map(|record| record.file.number));
        }
        // The file of a large one comes first.
        changes.push(removal);
        // Rolled back, it goes with what is kept of it.
        let serializable = match commit {
            true => self.store.prepared.take_registration(number),
            false => None,
        };
        let store = Arc::clone(&self.store);
        Ok(Request {
            changes,
            bulk,
            large,
            ids: if commit {
                prepared.ids()
            } else {
                Ids::default()
            },
            catalog_changed: commit && prepared.catalog_changed,
            synchronous: true,
            checkpoint: false,
            prepares: false,
            serializable,
            then: Some(Box::new(move || {
                store.remove_bulk(gone.into_iter());
                if !commit {
                    store.xids.roll_back(&prepared.ids());
                }
                store.prepared().forget(number);
                then();
            })),
            done: self.answer(token),
        })
    }

    fn answer(&self, token: u32) -> Done {
        Done::Worker {
            worker: self.number,
            token,
        }
    }

    fn send(&self, request: Request) -> Result<()> {
        if request.prepares && !(request.bulk.is_empty() && request.large.is_empty()) {
            return self.store.push_after_sync(request);
        }
        self.store.queue.push(request);
        Ok(())
    }
}
