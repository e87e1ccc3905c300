//! Point statements for JavaScript: which sessions have which, and when they may run. The pump brings their input
//! (`pump.rs`); `helios_points` runs them.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use helios_base::Error;
use helios_points::clients::{Answers, Clients};
use helios_points::counts::Uses;
use helios_points::program::{Program, Source};
use helios_points::session::{Ended, Identity, Open, Session, Template, Trace};
use napi::bindgen_prelude::{BigInt, Buffer};
use napi_derive::napi;

use crate::store::{Result, with};

thread_local! {
    static CLIENTS: RefCell<Option<Clients>> = const { RefCell::new(None) };
}

/// A prepared statement as `helios_points::program::Source` has it.
#[napi(object)]
pub struct PointProgram {
    pub action: u8,
    pub text: String,
    pub catalog_version: u32,
    pub parameters: Vec<u32>,
    pub database: u32,
    pub relation: u32,
    pub table_file: u32,
    pub row_tag: u32,
    pub index: u32,
    pub index_file: u32,
    pub attributes: u32,
    pub key: Vec<Vec<u32>>,
    pub key_columns: Vec<u32>,
    pub outputs: Vec<u32>,
    pub description: Buffer,
    pub is_fetched: bool,
    pub columns: Vec<u32>,
    pub values: Vec<Vec<u32>>,
    pub indexes: Vec<Vec<u32>>,
    pub reserved: u32,
    pub toast_target: u32,
    pub numbers: Vec<BigInt>,
    pub bytes: Vec<Buffer>,
}

/// What a relation was used for.
#[napi(object)]
pub struct PointUse {
    pub relation: u32,
    pub scans: u32,
    pub returned: u32,
    pub fetched: u32,
    pub inserted: u32,
    pub updated: u32,
}

/// Transactions that ended since this was last asked.
#[napi(object)]
pub struct PointCounts {
    pub committed: u32,
    pub rolled_back: u32,
    pub in_committed: Vec<PointUse>,
    pub in_rolled_back: Vec<PointUse>,
}

/// A transaction that goes on in JavaScript.
#[napi(object)]
pub struct PointTransaction {
    pub number: u32,
    /// Microseconds since 2000-01-01 UTC.
    pub start: BigInt,
    pub command: u32,
    pub has_read: bool,
    pub in_block: bool,
    pub xid: Option<BigInt>,
    pub has_written: bool,
    pub uses: Vec<PointUse>,
}

/// The calling thread runs point statements from now on.
pub(crate) fn start(answers: Arc<Answers>) {
    CLIENTS.set(Some(Clients::new(answers)));
}

/// Calls with the thread's clients and its part of the store; None where it has none.
pub(crate) fn with_clients<T>(
    call: impl FnOnce(&mut Clients, &mut helios_store::worker::Worker) -> T,
) -> Option<T> {
    CLIENTS.with_borrow_mut(|clients| {
        let clients = clients.as_mut()?;
        with(|here| Ok(call(clients, &mut here.worker))).ok()
    })
}

/// Calls with the session behind a socket; None where it is over: its client may be gone while JavaScript still works.
fn with_session<T>(descriptor: i32, call: impl FnOnce(&mut Session) -> T) -> Option<T> {
    with_clients(|clients, _| clients.session(descriptor).map(call)).flatten()
}

/// The session behind a socket may run point statements once it has prepared some.
#[napi]
pub fn points_attach(descriptor: i32, process_id: u32, slot: u32) -> Result<()> {
    let session = Session::new(Identity {
        lock_owner: 0,
        process_id,
        slot,
    });
    with_clients(|clients, _| clients.attach(descriptor, session))
        .ok_or_else(|| napi::Error::new("XX000".to_string(), "this thread has no clients"))
}

/// The session is over; its open transaction is rolled back.
#[napi]
pub fn points_detach(descriptor: i32) -> napi::Result<()> {
    let is_closing = with_clients(|clients, worker| clients.detach(worker, descriptor));
    if is_closing == Some(true) {
        crate::pump::pump_close(descriptor)?;
    }
    Ok(())
}

#[napi]
pub fn points_prepare(descriptor: i32, name: String, program: PointProgram) -> Result<()> {
    crate::store::guarded(|| {
        let program = Program::new(source(program))?;
        with_session(descriptor, |session| {
            session.prepare(name.as_bytes(), program);
        });
        Ok(())
    })
}

/// Query messages whose texts have the skeleton run the program. `slots`: for each parameter its literal's number and 1
/// where the minus before it belongs to it; `fixed`: the numbers of other literals, and in `texts` what they must be.
#[napi]
pub fn points_prepare_text(
    descriptor: i32,
    skeleton: String,
    slots: Vec<u32>,
    fixed: Vec<u32>,
    texts: Vec<String>,
    program: PointProgram,
) -> Result<()> {
    crate::store::guarded(|| {
        let slots = slots.as_chunks::<2>().0.iter();
        let fixed = fixed.iter().zip(texts);
        let template = Template {
            program: Rc::new(Program::new(source(program))?),
            slots: slots
                .map(|[literal, minus]| (*literal as usize, *minus != 0))
                .collect(),
            fixed: fixed
                .map(|(literal, text)| (*literal as usize, text.into_bytes()))
                .collect(),
        };
        with_session(descriptor, |session| {
            session.prepare_text(skeleton.as_bytes(), template)
        });
        Ok(())
    })
}

/// A Query message ran here since this was last asked.
#[napi]
pub fn points_ran_query(descriptor: i32) -> bool {
    with_session(descriptor, Session::ran_query).unwrap_or(false)
}

/// The statement is gone.
#[napi]
pub fn points_remove(descriptor: i32, name: String) {
    with_session(descriptor, |session| session.remove(name.as_bytes()));
}

/// What was prepared is void; the statements themselves go on.
#[napi]
pub fn points_forget_programs(descriptor: i32) {
    with_session(descriptor, Session::forget_programs);
}

/// How often a statement has run here.
#[napi]
pub fn points_runs(descriptor: i32, name: String) -> u32 {
    with_session(descriptor, |session| session.runs(name.as_bytes())).unwrap_or(0)
}

/// What the client sends is looked at here first, until something is handed over. The session's number in the lock table
/// is another one after each PREPARE TRANSACTION. `may_wait`: as `Session::open` has it. `lent`: the transaction that it is in, the session's until now.
#[napi]
pub fn points_open(
    descriptor: i32,
    lock_owner: u32,
    may_wait: bool,
    lent: Option<PointTransaction>,
) {
    let mut lent = lent.map(open_of);
    with_clients(|clients, worker| {
        let is_open = clients.open(descriptor, lock_owner, may_wait, &mut lent);
        if let Some(open) = lent.take_if(|_| !is_open) {
            // The client is gone, and with it whoever would end the transaction.
            worker.roll_back(open.number);
        }
    });
}

/// Some statement may run here.
#[napi]
pub fn points_has_statements(descriptor: i32) -> bool {
    with_session(descriptor, |session| session.has_statements()).unwrap_or(false)
}

/// JavaScript goes on with the session: with its open transaction, if there is one.
#[napi]
pub fn points_hand_over(descriptor: i32) -> Option<PointTransaction> {
    with_session(descriptor, Session::hand_over)
        .flatten()
        .map(transaction_of)
}

/// A commit is under way: the session must not end yet.
#[napi]
pub fn points_is_waiting(descriptor: i32) -> bool {
    with_session(descriptor, |session| session.is_waiting()).unwrap_or(false)
}

/// A statement waits for a lock in the addon, or has done so and is handed over: whoever cancels now cancels that.
#[napi]
pub fn points_is_parked(descriptor: i32) -> bool {
    with_session(descriptor, |session| session.has_waited()).unwrap_or(false)
}

/// Throws why the session's commit failed.
#[napi]
pub fn points_failure(descriptor: i32) -> Result<()> {
    let failure = with_clients(|clients, _| clients.failure(descriptor)).flatten();
    let error = failure.unwrap_or_else(|| Error::internal("the commit did not fail"));
    Err(crate::store::to_js(&error))
}

/// The sockets of sessions whose `points_counts` has something to tell.
#[napi]
pub fn points_with_counts() -> Vec<i32> {
    with_clients(|clients, _| clients.with_counts()).unwrap_or_default()
}

/// What the session's transactions did since this was last asked; nothing where it is over.
#[napi]
pub fn points_counts(descriptor: i32) -> PointCounts {
    counts_of(&with_session(descriptor, Session::ended).unwrap_or_default())
}

fn counts_of(ended: &Ended) -> PointCounts {
    PointCounts {
        committed: ended.committed,
        rolled_back: ended.rolled_back,
        in_committed: uses_of(&ended.in_committed),
        in_rolled_back: uses_of(&ended.in_rolled_back),
    }
}

fn uses_of(uses: &Uses) -> Vec<PointUse> {
    uses.iter()
        .map(|(relation, counts)| PointUse {
            relation: *relation,
            scans: counts.scans,
            returned: counts.returned,
            fetched: counts.fetched,
            inserted: counts.inserted,
            updated: counts.updated,
        })
        .collect()
}

fn transaction_of(open: Open) -> PointTransaction {
    PointTransaction {
        number: open.number,
        start: BigInt::from(open.start),
        command: open.command,
        has_read: open.has_read,
        in_block: open.in_block,
        xid: open.xid.map(BigInt::from),
        has_written: open.has_written,
        uses: uses_of(&open.uses),
    }
}

fn open_of(lent: PointTransaction) -> Open {
    Open {
        number: lent.number,
        start: lent.start.get_i64().0,
        command: lent.command,
        has_read: lent.has_read,
        in_block: lent.in_block,
        xid: lent.xid.map(|xid| xid.get_u64().1),
        has_written: lent.has_written,
        uses: Uses::default(),
        trace: Trace::elsewhere(),
    }
}

fn source(program: PointProgram) -> Source {
    Source {
        action: program.action,
        text: program.text,
        catalog_version: program.catalog_version,
        parameters: program.parameters,
        database: program.database,
        relation: program.relation,
        table_file: program.table_file,
        row_tag: program.row_tag,
        index: program.index,
        index_file: program.index_file,
        attributes: program.attributes,
        key: program.key,
        key_columns: program.key_columns,
        outputs: program.outputs,
        description: program.description.to_vec(),
        is_fetched: program.is_fetched,
        columns: program.columns,
        values: program.values,
        indexes: program.indexes,
        reserved: program.reserved,
        toast_target: program.toast_target,
        numbers: program
            .numbers
            .iter()
            .map(|number| number.get_i64().0)
            .collect(),
        bytes: program.bytes.iter().map(|bytes| bytes.to_vec()).collect(),
    }
}
