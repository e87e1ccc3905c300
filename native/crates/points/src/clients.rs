//! The clients of one worker that run point statements, by their sockets: their input goes to their session first, and
//! what that leaves goes on to JavaScript in the order in which it came.

use std::cell::Cell;
use std::collections::HashMap;
use std::os::fd::RawFd;
use std::sync::{Arc, Mutex};
use std::thread;

use helios_backends::pump::{Bell, Pump};
use helios_backends::socket;
use helios_base::sync::lock;
use helios_base::{Error, Result};
use helios_locks::table;
use helios_store::worker::Worker;

use crate::session::{Open, PARKED_MAX, Session, Taken};

/// Tokens of commits from here on are those of point statements; JavaScript's are below.
pub const FIRST_TOKEN: u32 = 1 << 31;
/// Input kept while a commit is under way, from which on the client is not read from.
const PENDING_MAX: usize = 64 * 1024;

thread_local! {
    /// A round of this thread's clients is under way: it looks for granted locks itself.
    static IS_IN_ROUND: Cell<bool> = const { Cell::new(false) };
}

/// Answers of the store's writer to commits of point statements, for the worker to find.
pub struct Answers {
    done: Mutex<Vec<(u32, Result<u64>)>>,
    pub bell: Bell,
}

impl Answers {
    /// Errors: the system's, as XX000.
    pub fn new() -> Result<Answers> {
        let bell = Bell::new().map_err(|error| Error::internal(error.to_string()))?;
        Ok(Answers {
            done: Mutex::default(),
            bell,
        })
    }

    /// From the writer's thread.
    pub fn add(&self, answers: Vec<(u32, Result<u64>)>) {
        lock(&self.done).extend(answers);
        self.bell.ring();
    }
}

/// What JavaScript is to be told of a client.
#[derive(Debug, PartialEq, Eq)]
pub enum Tell {
    Bytes(RawFd, Vec<u8>),
    End(RawFd),
    /// Its commit failed: `failure` has the error.
    Failed(RawFd),
}

struct Client {
    session: Session,
    /// What came while a commit was under way or output waited, not yet looked at.
    pending: Vec<u8>,
    /// Output that the kernel did not take yet.
    unsent: Vec<u8>,
    /// A commit or a barrier is to be submitted at the end of the round.
    is_due: bool,
    has_ended: bool,
    /// The socket is to be closed once the session is over.
    is_closing: bool,
    failure: Option<Error>,
}

impl Client {
    /// Its input must wait.
    fn is_held(&self) -> bool {
        self.is_due
            || self.session.is_waiting()
            || self.session.parked().is_some()
            || !self.unsent.is_empty()
    }
}

pub struct Clients {
    clients: HashMap<RawFd, Client>,
    /// Commits under way.
    commits: HashMap<u32, RawFd>,
    due: Vec<RawFd>,
    /// Clients that wait for locks, by their tickets.
    parked: HashMap<u64, RawFd>,
    /// The pump's timer looks for waits that are overdue.
    is_timed: bool,
    /// This thread's number in the lock table, once it listens there.
    lock_worker: Option<u32>,
    last_token: u32,
    answers: Arc<Answers>,
}

impl Clients {
    pub fn new(answers: Arc<Answers>) -> Clients {
        Clients {
            clients: HashMap::new(),
            commits: HashMap::new(),
            due: Vec::new(),
            parked: HashMap::new(),
            is_timed: false,
            lock_worker: None,
            last_token: FIRST_TOKEN,
            answers,
        }
    }

    /// The writer's answers wake the pump from now on.
    pub fn listen(&self, pump: &mut Pump) -> std::io::Result<()> {
        pump.listen(&self.answers.bell)
    }

    /// Brings a further round of the pump.
    pub fn ring(&self) {
        self.answers.bell.ring();
    }

    /// A session of point statements behind a socket.
    pub fn attach(&mut self, fd: RawFd, session: Session) {
        let client = Client {
            session,
            pending: Vec::new(),
            unsent: Vec::new(),
            is_due: false,
            has_ended: false,
            is_closing: false,
            failure: None,
        };
        self.clients.insert(fd, client);
    }

    /// The session may run statements from now on (`Session::open`); false where it is over.
    pub fn open(
        &mut self,
        fd: RawFd,
        lock_owner: u32,
        may_wait: bool,
        lent: &mut Option<Open>,
    ) -> bool {
        self.listen_for_locks(lock_owner);
        let Some(session) = self.session(fd) else {
            return false;
        };
        session.open(lock_owner, may_wait, lent.take());
        true
    }

    fn listen_for_locks(&mut self, lock_owner: u32) {
        if self.lock_worker.is_some() {
            return;
        }
        let Some(owner) = table().owner(lock_owner) else {
            return;
        };
        self.lock_worker = Some(owner.worker);
        let answers = Arc::clone(&self.answers);
        let here = thread::current().id();
        let wake = move || {
            if !IS_IN_ROUND.get() || thread::current().id() != here {
                answers.bell.ring();
            }
        };
        table().listen_natively(owner.worker, Box::new(wake));
    }

    /// The session is over; an open transaction is rolled back. True where its socket was to be closed then.
    pub fn detach(&mut self, worker: &mut Worker, fd: RawFd) -> bool {
        let Some(mut client) = self.clients.remove(&fd) else {
            return false;
        };
        if let Some(ticket) = client.session.parked() {
            self.parked.remove(&ticket);
        }
        client.session.close(worker);
        client.is_closing
    }

    /// The client's socket goes: true where it must stay until a commit under way is through and the session over, so that
    /// no other client gets its number meanwhile.
    pub fn must_stay(&mut self, fd: RawFd) -> bool {
        match self.clients.get_mut(&fd) {
            Some(client) if client.session.is_waiting() => {
                client.is_closing = true;
                true
            }
            _ => false,
        }
    }

    pub fn session(&mut self, fd: RawFd) -> Option<&mut Session> {
        self.clients.get_mut(&fd).map(|client| &mut client.session)
    }

    /// The sessions whose counts have something to tell.
    pub fn with_counts(&self) -> Vec<RawFd> {
        let told = self.clients.iter();
        told.filter(|(_, client)| client.session.has_ended_any())
            .map(|(fd, _)| *fd)
            .collect()
    }

    /// Why its commit failed.
    pub fn failure(&mut self, fd: RawFd) -> Option<Error> {
        self.clients.get_mut(&fd)?.failure.take()
    }

    /// Takes input; how many bytes at its end are for JavaScript.
    pub fn receive(
        &mut self,
        worker: &mut Worker,
        pump: &mut Pump,
        fd: RawFd,
        input: &[u8],
    ) -> usize {
        let Some(client) = self.clients.get_mut(&fd) else {
            return input.len();
        };
        if !client.session.is_open {
            return input.len();
        }
        if client.is_held() {
            client.pending.extend_from_slice(input);
            if client.pending.len() > PENDING_MAX {
                let _ = pump.watch(fd, false, !client.unsent.is_empty());
            }
            return 0;
        }
        let taken = client.session.take(worker, input);
        self.follow(pump, fd, taken, input)
    }

    /// What comes after a session took input; how many bytes at its end are for JavaScript.
    fn follow(&mut self, pump: &mut Pump, fd: RawFd, taken: Taken, input: &[u8]) -> usize {
        let Some(client) = self.clients.get_mut(&fd) else {
            return 0;
        };
        match taken {
            Taken::All => {
                client.send(pump, fd);
                0
            }
            Taken::Parked(length) => {
                client.pending.extend_from_slice(&input[length..]);
                client.send(pump, fd);
                if let Some(ticket) = client.session.parked() {
                    self.parked.insert(ticket, fd);
                    if !std::mem::replace(&mut self.is_timed, true) {
                        let _ = pump.wake_after(PARKED_MAX);
                    }
                }
                0
            }
            Taken::Commit(length) | Taken::Behind(length) => {
                client.pending.extend_from_slice(&input[length..]);
                client.is_due = true;
                self.due.push(fd);
                0
            }
            Taken::HandOver(length) => {
                client.send(pump, fd);
                if client.unsent.is_empty() {
                    client.session.is_open = false;
                    return input.len() - length;
                }
                // First what is before it.
                client.pending.extend_from_slice(&input[length..]);
                0
            }
        }
    }

    /// A round begins: what comes until its end, it looks for itself.
    pub fn begin_round(&self) {
        IS_IN_ROUND.set(true);
    }

    /// Ends a round: submits its commits, and goes on with those who get locks by that.
    pub fn end_round(&mut self, worker: &mut Worker, pump: &mut Pump, tell: &mut Vec<Tell>) {
        self.submit(worker, pump, tell);
        while self.go_on_granted(worker, pump, tell) {
            self.submit(worker, pump, tell);
        }
        IS_IN_ROUND.set(false);
    }

    /// Goes on with clients whose locks were granted; false where there are none.
    fn go_on_granted(
        &mut self,
        worker: &mut Worker,
        pump: &mut Pump,
        tell: &mut Vec<Tell>,
    ) -> bool {
        let Some(lock_worker) = self.lock_worker else {
            return false;
        };
        let granted = table().take_native_settled(lock_worker);
        for ticket in &granted {
            let Some(fd) = self.parked.remove(ticket) else {
                continue;
            };
            if let Some(client) = self.clients.get_mut(&fd) {
                client.session.unpark();
                self.go_on(worker, pump, fd, tell);
            }
        }
        !granted.is_empty()
    }

    /// The pump's timer rings: waits that took too long become the general path's.
    pub fn look_for_overdue(&mut self, worker: &mut Worker, pump: &mut Pump, tell: &mut Vec<Tell>) {
        let clients = &self.clients;
        let overdue: Vec<(u64, RawFd)> = self
            .parked
            .iter()
            .filter(|(_, fd)| {
                let client = clients.get(fd);
                client.is_some_and(|client| client.session.is_overdue())
            })
            .map(|(ticket, fd)| (*ticket, *fd))
            .collect();
        for (ticket, fd) in overdue {
            let client = self.clients.get_mut(&fd);
            if client.is_some_and(|client| client.session.give_up_waiting()) {
                self.parked.remove(&ticket);
                self.go_on(worker, pump, fd, tell);
            }
        }
        self.is_timed = !self.parked.is_empty();
        if self.is_timed {
            let _ = pump.wake_after(PARKED_MAX / 4);
        }
    }

    /// Submits the round's commits, together, so that the writer makes one group of them.
    fn submit(&mut self, worker: &mut Worker, pump: &mut Pump, tell: &mut Vec<Tell>) {
        for fd in std::mem::take(&mut self.due) {
            let Some(client) = self.clients.get_mut(&fd).filter(|client| client.is_due) else {
                continue;
            };
            client.is_due = false;
            self.last_token = self.last_token.wrapping_add(1) | FIRST_TOKEN;
            let token = self.last_token;
            match client.session.submit(worker, token) {
                Ok(()) if client.session.is_waiting() => {
                    self.commits.insert(token, fd);
                }
                Ok(()) => self.go_on(worker, pump, fd, tell),
                Err(error) => self.fail(fd, error, tell),
            }
        }
    }

    /// Takes the writer's answers.
    pub fn settle(&mut self, worker: &mut Worker, pump: &mut Pump, tell: &mut Vec<Tell>) {
        let done = std::mem::take(&mut *lock(&self.answers.done));
        for (token, answer) in done {
            let Some(fd) = self.commits.remove(&token) else {
                continue;
            };
            let Some(client) = self.clients.get_mut(&fd) else {
                continue;
            };
            if !client.session.committed(worker, token, answer.is_ok()) {
                continue;
            }
            match answer {
                Ok(_) => self.go_on(worker, pump, fd, tell),
                Err(error) => self.fail(fd, error, tell),
            }
        }
    }

    /// The client's socket takes output again; false where none of this path waits for it.
    pub fn writable(
        &mut self,
        worker: &mut Worker,
        pump: &mut Pump,
        fd: RawFd,
        tell: &mut Vec<Tell>,
    ) -> bool {
        match self.clients.get_mut(&fd) {
            Some(client) if !client.unsent.is_empty() => {
                client.send(pump, fd);
                self.go_on(worker, pump, fd, tell);
                true
            }
            _ => false,
        }
    }

    /// The client sends no more: false where that is JavaScript's to hear at once.
    pub fn ended(&mut self, fd: RawFd) -> bool {
        match self.clients.get_mut(&fd) {
            Some(client) if client.session.is_open && client.is_held() => {
                client.has_ended = true;
                true
            }
            _ => false,
        }
    }

    /// Sends what there is to send, and goes on with what came meanwhile.
    fn go_on(&mut self, worker: &mut Worker, pump: &mut Pump, fd: RawFd, tell: &mut Vec<Tell>) {
        let Some(client) = self.clients.get_mut(&fd) else {
            return;
        };
        client.send(pump, fd);
        if client.is_held() {
            return;
        }
        let pending = std::mem::take(&mut client.pending);
        if pending.len() > PENDING_MAX && !client.has_ended {
            let _ = pump.watch(fd, true, false);
        }
        if !pending.is_empty() {
            let taken = client.session.take(worker, &pending);
            let left = self.follow(pump, fd, taken, &pending);
            if left > 0 {
                let rest = pending[pending.len() - left..].to_vec();
                tell.push(Tell::Bytes(fd, rest));
            }
        }
        if let Some(client) = self.clients.get_mut(&fd)
            && client.has_ended
            && !client.is_held()
        {
            client.has_ended = false;
            tell.push(Tell::End(fd));
        }
    }

    /// A commit failed: JavaScript tells the client, and goes on.
    fn fail(&mut self, fd: RawFd, error: Error, tell: &mut Vec<Tell>) {
        let Some(client) = self.clients.get_mut(&fd) else {
            return;
        };
        client.failure = Some(error);
        client.session.is_open = false;
        tell.push(Tell::Failed(fd));
        let pending = std::mem::take(&mut client.pending);
        if !pending.is_empty() {
            tell.push(Tell::Bytes(fd, pending));
        }
        if std::mem::take(&mut client.has_ended) {
            tell.push(Tell::End(fd));
        }
    }
}

impl Client {
    /// Sends the session's replies behind what waits already; what the kernel does not take waits for room.
    fn send(&mut self, pump: &mut Pump, fd: RawFd) {
        let waited = !self.unsent.is_empty();
        let out = &mut self.session.out;
        if waited {
            self.unsent.append(out);
        }
        let bytes = if waited { &self.unsent } else { &*out };
        if bytes.is_empty() {
            return;
        }
        // A lost client's output is dropped: its end is found by reading.
        let sent = socket::send(fd, bytes).unwrap_or(bytes.len());
        if waited {
            self.unsent.drain(..sent);
        } else {
            self.unsent.extend_from_slice(&out[sent..]);
            out.clear();
        }
        let waits = !self.unsent.is_empty();
        if waits != waited {
            let reads = self.pending.len() <= PENDING_MAX && !self.has_ended;
            let _ = pump.watch(fd, reads, waits);
        }
    }
}
