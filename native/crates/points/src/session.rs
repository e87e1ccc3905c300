//! One client's point statements: which ones it has prepared, and the transaction that they run in. A session runs either
//! here or in JavaScript, never in both: `hand_over` passes an open transaction on.

mod query;
mod statements;
mod waits;

pub use query::Template;

use std::collections::HashMap;
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use helios_backends::activity::{Page, State};
use helios_backends::interrupts;
use helios_locks::table;
use helios_store::worker::Worker;

pub use waits::{PARKED_MAX, Trace};
use waits::{Parked, Waiting};

use crate::counts::{Uses, add_uses};
use crate::expression::Inputs;
use crate::fingerprint::Fingerprint;
use crate::message::{Next, SYNC_BYTES, Unit, batch_end, next};
use crate::program::{Action, Program};
use crate::refused::Refused;
use crate::reply::{put_command, put_no_data, put_ready};
use crate::value::decode;

/// Seconds from the Unix epoch to 2000-01-01 UTC.
const EPOCH_SECONDS: i64 = 946_684_800;

/// Who the session is to the rest of the server.
#[derive(Clone, Copy, Debug)]
pub struct Identity {
    /// Its number in the lock table.
    pub lock_owner: u32,
    /// Its backend pid, under which the store knows its transactions.
    pub process_id: u32,
    /// Its page in pg_stat_activity.
    pub slot: u32,
}

/// What became of input.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    /// All of it is answered.
    All,
    /// So many bytes are; then a commit is to be submitted, whose end the rest waits for.
    Commit(usize),
    /// So many bytes are; the rest waits until the lock of a row is granted.
    Parked(usize),
    /// So many bytes are; the rest waits until what the transaction has read is durable (`submit`).
    Behind(usize),
    /// So many bytes are answered; the rest is for the general path.
    HandOver(usize),
}

/// Transactions that have ended since the counts were last taken.
#[derive(Debug, Default)]
pub struct Ended {
    pub committed: u32,
    pub rolled_back: u32,
    pub in_committed: Uses,
    pub in_rolled_back: Uses,
}

/// A transaction that is passed on.
#[derive(Debug)]
pub struct Open {
    /// The store's number of it.
    pub number: u32,
    /// Microseconds since 2000-01-01 UTC.
    pub start: i64,
    pub command: u32,
    /// A statement has run in it.
    pub has_read: bool,
    /// BEGIN opened it; else it ends with the messages up to Sync.
    pub in_block: bool,
    pub xid: Option<u64>,
    pub has_written: bool,
    pub uses: Uses,
    pub trace: Trace,
}

struct Statement {
    /// None: it must be prepared anew before it runs here again.
    program: Option<Rc<Program>>,
    runs: u32,
}

pub struct Session {
    pub identity: Identity,
    page: Page,
    statements: HashMap<Vec<u8>, Statement>,
    /// Programs of Query messages by the texts' skeletons.
    texts: HashMap<Vec<u8>, Vec<Template>>,
    /// Statements may run here: the general path is idle, outside of a transaction of its own.
    pub is_open: bool,
    open: Option<Open>,
    waiting: Option<Waiting>,
    parked: Option<Parked>,
    /// What `submit` submits is the open transaction.
    is_committing: bool,
    /// The row whose lock the statement that runs has waited for.
    awaited: Option<u64>,
    /// Statements may wait for row locks here.
    may_wait: bool,
    /// Replies to be sent.
    pub out: Vec<u8>,
    ended: Ended,
    /// SELECTs since the last Sync ran without a transaction: they count as one.
    has_read_outside: bool,
    /// The statement that runs came in a Query message.
    is_query: bool,
    has_run_query: bool,
    print: Fingerprint,
    key: Vec<u8>,
    row: Vec<u8>,
}

type Ran = std::result::Result<(), Refused>;

impl Session {
    pub fn new(identity: Identity) -> Session {
        Session {
            identity,
            page: Page::of(identity.slot),
            statements: HashMap::new(),
            texts: HashMap::new(),
            is_open: false,
            open: None,
            waiting: None,
            parked: None,
            is_committing: false,
            awaited: None,
            may_wait: false,
            out: Vec::new(),
            ended: Ended::default(),
            has_read_outside: false,
            is_query: false,
            has_run_query: false,
            print: Fingerprint::default(),
            key: Vec::new(),
            row: Vec::new(),
        }
    }

    pub fn prepare(&mut self, name: &[u8], program: Program) {
        let program = Some(Rc::new(program));
        match self.statements.get_mut(name) {
            Some(statement) => statement.program = program,
            None => {
                let statement = Statement { program, runs: 0 };
                self.statements.insert(name.to_vec(), statement);
            }
        }
    }

    /// The statement is gone.
    pub fn remove(&mut self, name: &[u8]) {
        self.statements.remove(name);
    }

    /// What was prepared is void; the statements themselves go on.
    pub fn forget_programs(&mut self) {
        for statement in self.statements.values_mut() {
            statement.program = None;
        }
        self.texts.clear();
    }

    /// How often a statement has run here.
    pub fn runs(&self, name: &[u8]) -> u32 {
        self.statements
            .get(name)
            .map_or(0, |statement| statement.runs)
    }

    /// A commit, or what the transaction has read of one, is under way.
    pub fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    pub fn ended(&mut self) -> Ended {
        std::mem::take(&mut self.ended)
    }

    /// There is something for `ended` to tell.
    pub fn has_ended_any(&self) -> bool {
        self.ended.committed + self.ended.rolled_back > 0
    }

    pub fn has_statements(&self) -> bool {
        let mut statements = self.statements.values();
        !self.texts.is_empty() || statements.any(|statement| statement.program.is_some())
    }

    /// Statements may run here from now on: in the transaction that the general path was in, if there is one. `may_wait`: no
    /// setting asks for more than a look at row locks after `PARKED_MAX`.
    pub fn open(&mut self, lock_owner: u32, may_wait: bool, lent: Option<Open>) {
        self.identity.lock_owner = lock_owner;
        self.may_wait = may_wait;
        self.is_open = lent.is_some() || self.has_statements();
        if lent.is_some() {
            self.open = lent;
        }
    }

    /// The general path goes on from here: with the open transaction, if there is one.
    pub fn hand_over(&mut self) -> Option<Open> {
        self.is_open = false;
        self.awaited = None;
        if std::mem::take(&mut self.has_read_outside) && self.open.is_none() {
            self.ended.committed += 1;
        }
        let open = self.open.take();
        if let Some(open) = &open {
            open.trace.forget_ahead();
        }
        open
    }

    /// Answers input as far as it can.
    pub fn take(&mut self, worker: &mut Worker, input: &[u8]) -> Taken {
        match self.answer(worker, input) {
            Taken::HandOver(at) if self.parked.is_some() => Taken::Parked(at),
            Taken::HandOver(at) if self.is_behind(worker) => Taken::Behind(at),
            taken => taken,
        }
    }

    fn answer(&mut self, worker: &mut Worker, input: &[u8]) -> Taken {
        let mut at = 0;
        while at < input.len() {
            // Somebody asks for its end, or for that of a statement: not this path's to see to.
            let is_interrupted = interrupts::is_pending(self.identity.slot);
            if is_interrupted || batch_end(&input[at..]).is_none() {
                return Taken::HandOver(at);
            }
            loop {
                match next(&input[at..]) {
                    Next::Other => return Taken::HandOver(at),
                    Next::Sync => {
                        at += SYNC_BYTES;
                        if self.sync(worker) {
                            self.is_committing = true;
                            return Taken::Commit(at);
                        }
                        break;
                    }
                    Next::Unit(unit) => {
                        let rest = &input[at + unit.length..];
                        match self.run(worker, &unit, rest) {
                            Ok(false) => at += unit.length,
                            Ok(true) => {
                                // COMMIT takes the Sync behind it along.
                                put_ready(&mut self.out, b'I');
                                self.is_committing = true;
                                return Taken::Commit(at + unit.length + SYNC_BYTES);
                            }
                            Err(Refused) => return Taken::HandOver(at),
                        }
                    }
                    Next::Query(text, length) => {
                        match self.query(worker, text) {
                            Ok(false) => at += length,
                            Ok(true) => {
                                self.is_committing = true;
                                return Taken::Commit(at + length);
                            }
                            Err(Refused) => return Taken::HandOver(at),
                        }
                        break;
                    }
                }
            }
        }
        self.show_idle();
        Taken::All
    }

    /// The client is gone: an open transaction is rolled back.
    pub fn close(&mut self, worker: &mut Worker) {
        self.stop_waiting();
        if let Some(open) = self.open.take() {
            worker.roll_back(open.number);
            self.end(false, open.uses);
        }
    }

    /// Ends the messages before it; true where that is a commit to submit.
    fn sync(&mut self, worker: &mut Worker) -> bool {
        let has_read = std::mem::take(&mut self.has_read_outside);
        if has_read && self.open.is_none() {
            self.ended.committed += 1;
        }
        let is_commit = match &self.open {
            Some(open) if !open.in_block => {
                let has_written = open.has_written;
                if !has_written {
                    self.end_reading(worker);
                }
                has_written
            }
            _ => false,
        };
        let status = if self.open.as_ref().is_some_and(|open| open.in_block) {
            b'T'
        } else {
            b'I'
        };
        put_ready(&mut self.out, status);
        is_commit
    }

    /// Runs a statement: true where it is a commit to submit. `rest`: the messages behind it.
    fn run(
        &mut self,
        worker: &mut Worker,
        unit: &Unit<'_>,
        rest: &[u8],
    ) -> std::result::Result<bool, Refused> {
        let statement = self.statements.get_mut(unit.statement).ok_or(Refused)?;
        let program = statement.program.clone().ok_or(Refused)?;
        if unit.values.len() != program.parameters.len() {
            return Err(Refused);
        }
        self.run_program(worker, unit, rest, &program)
    }

    /// Runs a program for the unit's values: true where it is a commit to submit.
    fn run_program(
        &mut self,
        worker: &mut Worker,
        unit: &Unit<'_>,
        rest: &[u8],
        program: &Program,
    ) -> std::result::Result<bool, Refused> {
        let mut parameters = Vec::with_capacity(unit.values.len());
        for ((sent, is_binary), kind) in unit.values.iter().zip(&program.parameters) {
            parameters.push(decode(*kind, *sent, *is_binary).ok_or(Refused)?);
        }
        let now = microseconds();
        let inputs = Inputs {
            parameters: &parameters,
            row: &[],
            now: self.open.as_ref().map_or(now, |open| open.start),
        };
        let start = self.out.len();
        let text = unit.text.unwrap_or(&program.text);
        match self.awaited {
            Some(_) => self.page.set_wait(0),
            None => self.page.start_query(text, now as f64),
        }
        let ran = match &program.action {
            Action::Begin => self.begin(worker, unit, now),
            Action::Commit => match self.commit(worker, unit, rest) {
                Ok(true) => {
                    self.count_run(unit);
                    return Ok(true);
                }
                other => other.map(|_| ()),
            },
            Action::Rollback => self.roll_back(worker, unit),
            Action::Select(select) => self.select(worker, unit, program, select, &inputs),
            Action::Update(update) => self.in_transaction(worker, now, |session, worker, open| {
                session.update(worker, open, unit, program, update, &inputs)
            }),
            Action::Insert(insert) => self.in_transaction(worker, now, |session, worker, open| {
                session.insert(worker, open, unit, program, insert, &inputs)
            }),
        };
        match ran {
            Ok(()) => {
                self.awaited = None;
                self.count_run(unit);
            }
            Err(Refused) => self.out.truncate(start),
        }
        ran.map(|()| false)
    }

    fn count_run(&mut self, unit: &Unit<'_>) {
        if let Some(statement) = self.statements.get_mut(unit.statement) {
            statement.runs = statement.runs.wrapping_add(1);
        }
    }

    fn begin(&mut self, worker: &mut Worker, unit: &Unit<'_>, now: i64) -> Ran {
        if self.open.is_some() || self.has_read_outside {
            return Err(Refused);
        }
        self.open = Some(self.fresh(worker, true, now));
        self.put_done(unit, b"BEGIN");
        Ok(())
    }

    fn fresh(&mut self, worker: &mut Worker, in_block: bool, now: i64) -> Open {
        self.page.set_transaction(now as f64);
        Open {
            number: worker.begin(self.identity.process_id),
            start: now,
            command: 1,
            has_read: false,
            in_block,
            xid: None,
            has_written: false,
            uses: Uses::new(),
            trace: Trace::default(),
        }
    }

    fn commit(
        &mut self,
        worker: &mut Worker,
        unit: &Unit<'_>,
        rest: &[u8],
    ) -> std::result::Result<bool, Refused> {
        let is_last = next(rest) == Next::Sync;
        let open = self.open.as_ref().filter(|open| open.in_block && is_last);
        let has_written = open.ok_or(Refused)?.has_written;
        self.put_done(unit, b"COMMIT");
        if !has_written {
            self.end_reading(worker);
        }
        Ok(has_written)
    }

    fn roll_back(&mut self, worker: &mut Worker, unit: &Unit<'_>) -> Ran {
        let open = self.open.take_if(|open| open.in_block).ok_or(Refused)?;
        worker.roll_back(open.number);
        self.end(false, open.uses);
        self.put_done(unit, b"ROLLBACK");
        Ok(())
    }

    /// Ends a transaction that wrote nothing.
    fn end_reading(&mut self, worker: &mut Worker) {
        if let Some(open) = self.open.take() {
            worker.end(open.number);
            self.end(true, open.uses);
        }
    }

    /// The store is through with the transaction, either way.
    fn end(&mut self, is_committed: bool, uses: Uses) {
        table().release_transaction(self.identity.lock_owner, 0);
        self.page.end_transaction();
        let (count, all) = if is_committed {
            (&mut self.ended.committed, &mut self.ended.in_committed)
        } else {
            (&mut self.ended.rolled_back, &mut self.ended.in_rolled_back)
        };
        *count += 1;
        add_uses(all, &uses);
    }

    /// Runs a statement that writes in the open transaction, or in one of its own up to Sync.
    fn in_transaction(
        &mut self,
        worker: &mut Worker,
        now: i64,
        run: impl FnOnce(&mut Session, &mut Worker, &mut Open) -> Ran,
    ) -> Ran {
        let is_new = self.open.is_none();
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.fresh(worker, false, now),
        };
        let ran = run(self, worker, &mut open);
        if is_new && ran.is_err() && self.parked.is_none() {
            // As if it had not begun.
            worker.roll_back(open.number);
            table().release_transaction(self.identity.lock_owner, 0);
            self.page.end_transaction();
            return ran;
        }
        if ran.is_ok() {
            open.command += 1;
            open.has_read = true;
        }
        self.open = Some(open);
        ran
    }

    /// The reply to a command without rows.
    fn put_done(&mut self, unit: &Unit<'_>, tag: &[u8]) {
        self.put_bound();
        if unit.describes {
            put_no_data(&mut self.out);
        }
        put_command(&mut self.out, tag);
    }

    fn show_idle(&mut self) {
        let state = match &self.open {
            Some(_) => State::IdleInTransaction,
            None => State::Idle,
        };
        self.page.set_state(state, microseconds() as f64);
    }
}

/// Microseconds since 2000-01-01 UTC.
fn microseconds() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    since.as_micros() as i64 - EPOCH_SECONDS * 1_000_000
}
