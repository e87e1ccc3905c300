//! Accepts connections on threads of its own, one per listening socket, and hands each to the least-loaded worker, whose
//! event loop wraps the descriptor.

use std::fs;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, IntoRawFd, RawFd};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::{lock, workers};

/// How soon a thread notices that it should stop.
const POLL_MS: i32 = 200;
/// Pause after accept failed for want of descriptors or memory.
const RETRY: Duration = Duration::from_millis(100);

static LISTENERS: Mutex<Vec<Listening>> = Mutex::new(Vec::new());

struct Listening {
    stop: Arc<AtomicBool>,
    thread: thread::JoinHandle<()>,
    socket_file: Option<PathBuf>,
}

enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// Listens on a TCP address; returns the port (0 asks for a free one). `number` comes back with each connection.
pub fn listen_tcp(address: &str, port: u16, number: u32) -> io::Result<u16> {
    let listener = TcpListener::bind((address, port))?;
    let port = listener.local_addr()?.port();
    listener.set_nonblocking(true)?;
    start(Listener::Tcp(listener), number, None);
    Ok(port)
}

/// Listens on a Unix-domain socket. A socket file that nobody listens on is replaced.
pub fn listen_unix(path: &str, mode: u32, number: u32) -> io::Result<()> {
    let path = PathBuf::from(path);
    if fs::metadata(&path).is_ok_and(|found| found.file_type().is_socket())
        && std::os::unix::net::UnixStream::connect(&path).is_err()
    {
        fs::remove_file(&path)?;
    }
    let listener = UnixListener::bind(&path)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
    listener.set_nonblocking(true)?;
    start(Listener::Unix(listener), number, Some(path));
    Ok(())
}

/// Stops listening: returns once no further connection can be accepted.
pub fn stop() {
    let listeners = std::mem::take(&mut *lock(&LISTENERS));
    for listening in &listeners {
        listening.stop.store(true, Ordering::SeqCst);
    }
    for listening in listeners {
        let _ = listening.thread.join();
        if let Some(path) = listening.socket_file {
            let _ = fs::remove_file(path);
        }
    }
}

fn start(listener: Listener, number: u32, socket_file: Option<PathBuf>) {
    let stop = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&stop);
    let thread = thread::spawn(move || run(&listener, number, &seen));
    lock(&LISTENERS).push(Listening {
        stop,
        thread,
        socket_file,
    });
}

fn run(listener: &Listener, number: u32, stop: &AtomicBool) {
    while !stop.load(Ordering::SeqCst) {
        if !readable(listener.descriptor()) {
            continue;
        }
        match listener.accept() {
            Ok(fd) => workers::hand_over(fd, number),
            Err(error)
                if error.kind() == io::ErrorKind::WouldBlock
                    || error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(_) => thread::sleep(RETRY),
        }
    }
}

impl Listener {
    fn descriptor(&self) -> RawFd {
        match self {
            Listener::Tcp(listener) => listener.as_raw_fd(),
            Listener::Unix(listener) => listener.as_raw_fd(),
        }
    }

    fn accept(&self) -> io::Result<RawFd> {
        match self {
            Listener::Tcp(listener) => {
                let (stream, _) = listener.accept()?;
                prepare(&stream)?;
                Ok(stream.into_raw_fd())
            }
            Listener::Unix(listener) => {
                let (stream, _) = listener.accept()?;
                stream.set_nonblocking(true)?;
                Ok(stream.into_raw_fd())
            }
        }
    }
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    keep_alive(stream.as_raw_fd())?;
    stream.set_nonblocking(true)
}

/// Has the kernel find out that a client is gone without a word.
fn keep_alive(fd: RawFd) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: one int, as this option takes.
    let outcome = unsafe {
        let size = size_of::<libc::c_int>() as libc::socklen_t;
        let value = (&raw const on).cast();
        libc::setsockopt(fd, libc::SOL_SOCKET, libc::SO_KEEPALIVE, value, size)
    };
    match outcome {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

fn readable(fd: RawFd) -> bool {
    let mut poll = libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: one valid pollfd.
    unsafe { libc::poll(&raw mut poll, 1, POLL_MS) > 0 }
}
