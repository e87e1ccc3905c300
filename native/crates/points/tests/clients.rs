//! A worker's clients over sockets and a store in memory: what comes while a commit is under way waits for it, a client's
//! end too; what is not for this path comes out as it came in.
#![allow(clippy::expect_used, clippy::unwrap_used)]

use std::io::{Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use helios_backends::pump::{Arrival, Pump};
use helios_locks::table;
use helios_points::clients::{Answers, Clients, Tell};
use helios_points::program::{Program, Source};
use helios_points::session::{Identity, Session};
use helios_store::store::Store;
use helios_store::worker::Worker;

const DATABASE: u32 = 5;
const TABLE: u32 = 20000;
/// Two times BindComplete, CommandComplete with BEGIN or COMMIT, ReadyForQuery.
const PAIR_REPLY_BYTES: usize = 2 * 5 + 11 + 12 + 2 * 6;

struct Server {
    worker: Worker,
    pump: Pump,
    clients: Clients,
    fd: RawFd,
    far: UnixStream,
    tell: Vec<Tell>,
}

impl Server {
    fn new() -> Server {
        let store = Store::in_memory().expect("a store");
        let answers = Arc::new(Answers::new().expect("a bell"));
        let writers = Arc::clone(&answers);
        let catalog_version = store.catalog_version();
        let worker = Worker::new(store, Arc::new(move |done| writers.add(done)));
        let mut clients = Clients::new(answers);
        let mut pump = Pump::new().expect("a pump");
        clients.listen(&mut pump).expect("listens");
        let (near, far) = UnixStream::pair().expect("a pair of sockets");
        near.set_nonblocking(true).expect("non-blocking");
        let fd = near.as_raw_fd();
        pump.add(near.into()).expect("added");
        pump.watch(fd, true, false).expect("watched");
        table().add_worker(1, Box::new(|| {}));
        let mut session = Session::new(Identity {
            lock_owner: table().add_owner(1, 100),
            process_id: 100,
            slot: 0,
        });
        session.prepare(b"insert", program(5, catalog_version));
        session.prepare(b"begin", program(0, catalog_version));
        session.prepare(b"commit", program(1, catalog_version));
        session.is_open = true;
        clients.attach(fd, session);
        Server {
            worker,
            pump,
            clients,
            fd,
            far,
            tell: Vec::new(),
        }
    }

    /// What the path leaves of input that it is given.
    fn receive(&mut self, input: &[u8]) -> Vec<u8> {
        let left = self
            .clients
            .receive(&mut self.worker, &mut self.pump, self.fd, input);
        input[input.len() - left..].to_vec()
    }

    fn submit(&mut self) {
        self.clients
            .end_round(&mut self.worker, &mut self.pump, &mut self.tell);
    }

    /// Waits for the writer's answer and takes it.
    fn settle(&mut self) {
        let mut bytes = [0; 16];
        for _ in 0..10_000 {
            let mut is_rung = false;
            self.pump
                .round(&mut bytes, |_, arrival| is_rung |= arrival == Arrival::Bell);
            if is_rung {
                self.clients
                    .settle(&mut self.worker, &mut self.pump, &mut self.tell);
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        panic!("the bell did not ring");
    }

    /// What the client has got so far, as the messages' types.
    fn replies(&mut self) -> String {
        self.far.set_nonblocking(true).expect("non-blocking");
        let mut bytes = vec![0; 1 << 16];
        let length = self.far.read(&mut bytes).unwrap_or(0);
        let mut types = String::new();
        let mut at = 0;
        while at < length {
            types.push(bytes[at] as char);
            let size = u32::from_be_bytes(bytes[at + 1..at + 5].try_into().unwrap());
            at += 1 + size as usize;
        }
        types
    }
}

fn program(action: u8, catalog_version: u32) -> Program {
    let mut source = Source {
        action,
        catalog_version,
        database: DATABASE,
        ..Source::default()
    };
    if action == 5 {
        source.parameters = vec![2, 0];
        source.relation = TABLE;
        source.table_file = TABLE;
        source.attributes = 1;
        // Attribute 0, an int4 that may be null, storage plain; its value is the parameter.
        source.columns = vec![0, 2, 0, 0, u32::from(b'p')];
        source.values = vec![vec![0, 0, 0]];
        source.toast_target = 2032;
    }
    Program::new(source).expect("a program")
}

fn framed(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![kind];
    out.extend_from_slice(&(body.len() as u32 + 4).to_be_bytes());
    out.extend_from_slice(body);
    out
}

/// Bind and Execute of a statement with texts as its values.
fn call(name: &str, values: &[&str]) -> Vec<u8> {
    let mut body = [b"\0", name.as_bytes(), b"\0\0\0"].concat();
    body.extend_from_slice(&(values.len() as u16).to_be_bytes());
    for value in values {
        body.extend_from_slice(&(value.len() as u32).to_be_bytes());
        body.extend_from_slice(value.as_bytes());
    }
    body.extend_from_slice(&[0, 0]);
    [framed(b'B', &body), framed(b'E', &[0; 5])].concat()
}

fn synced(calls: &[Vec<u8>]) -> Vec<u8> {
    [calls.concat(), framed(b'S', b"")].concat()
}

#[test]
fn a_commit_is_answered_once_it_is_through() {
    let mut server = Server::new();
    let begin = synced(&[call("begin", &[])]);
    assert_eq!(server.receive(&begin), b"");
    assert_eq!(server.replies(), "2CZ");
    assert_eq!(server.receive(&synced(&[call("insert", &["7"])])), b"");
    assert_eq!(server.replies(), "2CZ");
    // What comes behind COMMIT waits with its answer.
    let both = [synced(&[call("commit", &[])]), begin].concat();
    assert_eq!(server.receive(&both), b"");
    assert_eq!(server.replies(), "");
    server.submit();
    assert_eq!(server.receive(&synced(&[call("insert", &["8"])])), b"");
    server.settle();
    assert_eq!(server.replies(), "2CZ2CZ2CZ");
    assert_eq!(server.tell, []);
    let session = server.clients.session(server.fd).expect("a session");
    assert_eq!(session.ended().committed, 1);
    let open = session.hand_over().expect("an open transaction");
    assert!(open.in_block && open.has_written);
    assert_eq!(open.command, 2);
}

#[test]
fn the_end_of_a_client_comes_after_its_commit() {
    let mut server = Server::new();
    assert_eq!(server.receive(&synced(&[call("insert", &["7"])])), b"");
    server.submit();
    assert!(server.clients.ended(server.fd));
    assert_eq!(server.tell, []);
    server.settle();
    assert_eq!(server.tell, [Tell::End(server.fd)]);
    assert!(!server.clients.ended(server.fd));
}

#[test]
fn a_socket_stays_until_its_commit_is_through() {
    let mut server = Server::new();
    let fd = server.fd;
    assert!(!server.clients.must_stay(fd));
    assert_eq!(server.receive(&synced(&[call("insert", &["7"])])), b"");
    server.submit();
    assert!(server.clients.must_stay(fd));
    server.settle();
    assert!(!server.clients.must_stay(fd));
    assert!(server.clients.detach(&mut server.worker, fd));
    assert!(!server.clients.detach(&mut server.worker, fd));
}

#[test]
fn what_is_not_known_is_handed_over_from_where_it_begins() {
    let mut server = Server::new();
    let unknown = call("unknown", &[]);
    let begun = [call("begin", &[]), framed(b'S', b"")].concat();
    let input = [begun, unknown.clone(), framed(b'S', b"")].concat();
    let left = server.receive(&input);
    assert_eq!(left, [unknown, framed(b'S', b"")].concat());
    assert_eq!(server.replies(), "2CZ");
    // From here on everything goes there.
    let begin = synced(&[call("begin", &[])]);
    assert_eq!(server.receive(&begin), begin);
    // A value that is no number has left nothing behind.
    let mut server = Server::new();
    let odd = synced(&[call("insert", &["x"])]);
    assert_eq!(server.receive(&odd), odd);
    let session = server.clients.session(server.fd).expect("a session");
    assert!(session.hand_over().is_none());
    // Nor does a message that is not whole yet.
    let mut server = Server::new();
    let input = synced(&[call("begin", &[])]);
    assert_eq!(server.receive(&input[..9]), &input[..9]);
}

#[test]
fn output_that_the_kernel_does_not_take_holds_what_follows() {
    let mut server = Server::new();
    let begin = synced(&[call("begin", &[])]);
    let commit = synced(&[call("commit", &[])]);
    let pair = [begin, commit].concat();
    let mut sent = 0;
    // As long as the client does not read, its input is taken only until the socket is full.
    while sent < 1 << 16 {
        assert_eq!(server.receive(&pair), b"");
        sent += 1;
    }
    let session = server.clients.session(server.fd).expect("a session");
    let done = session.ended().committed;
    assert!(done < sent);
    server.far.set_nonblocking(true).expect("non-blocking");
    let mut bytes = vec![0; 1 << 16];
    let mut read = 0;
    for _ in 0..100_000 {
        let length = server.far.read(&mut bytes).unwrap_or(0);
        read += length;
        server.clients.writable(
            &mut server.worker,
            &mut server.pump,
            server.fd,
            &mut server.tell,
        );
        if read >= sent as usize * PAIR_REPLY_BYTES {
            break;
        }
    }
    assert!(server.tell.is_empty());
    let session = server.clients.session(server.fd).expect("a session");
    assert_eq!(done + session.ended().committed, sent);
    server.far.write_all(b"x").expect("still there");
}
