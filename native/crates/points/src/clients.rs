//! The clients of one worker that run point statements, by their sockets: their input goes to their session first, and
//! what that leaves goes on to JavaScript in the order in which it came.

use std::collections::HashMap;
use std::os::fd::RawFd;
use std::sync::{Arc, Mutex};

use helios_backends::pump::{Bell, Pump};
use helios_backends::socket;
use helios_base::sync::lock;
use helios_base::{Error, Result};
use helios_store::worker::Worker;

use crate::session::{Session, Taken};

/// Tokens of commits from here on are those of point statements; JavaScript's are below.
pub const FIRST_TOKEN: u32 = 1 << 31;
/// Input kept while a commit is under way, from which on the client is not read from.
const PENDING_MAX: usize = 64 * 1024;

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
    /// A commit is to be submitted at the end of the round.
    is_due: bool,
    has_ended: bool,
    /// The socket is to be closed once the session is over.
    is_closing: bool,
    failure: Option<Error>,
}

impl Client {
    /// Its input must wait.
    fn is_held(&self) -> bool {
        self.is_due || self.session.is_waiting() || !self.unsent.is_empty()
    }
}

pub struct Clients {
    clients: HashMap<RawFd, Client>,
    /// Commits under way.
    commits: HashMap<u32, RawFd>,
    due: Vec<RawFd>,
    last_token: u32,
    answers: Arc<Answers>,
}

impl Clients {
    pub fn new(answers: Arc<Answers>) -> Clients {
        Clients {
            clients: HashMap::new(),
            commits: HashMap::new(),
            due: Vec::new(),
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

    /// The session is over; an open transaction is rolled back. True where its socket was to be closed then.
    pub fn detach(&mut self, worker: &mut Worker, fd: RawFd) -> bool {
        let Some(mut client) = self.clients.remove(&fd) else {
            return false;
        };
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
            Taken::Commit(length) => {
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

    /// Submits the round's commits, together, so that the writer makes one group of them.
    pub fn submit(&mut self, worker: &mut Worker, pump: &mut Pump, tell: &mut Vec<Tell>) {
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
