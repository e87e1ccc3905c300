//! The sockets of one worker in one epoll set: the clients whose messages came together are read together, and the
//! worker's event loop watches one descriptor instead of one for each client.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

/// Most bytes read from one socket in a round, so that one fast sender doesn't hold up the others.
pub const READ_MAX: usize = 64 * 1024;
/// Most sockets looked at in a round.
pub const ROUND_MAX: usize = 64;

/// What a round found on one socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// So many bytes, which follow those of the arrivals before it.
    Bytes(usize),
    /// The client sends no more, or is lost: the socket isn't read from here on.
    End,
    /// The kernel takes output again.
    Writable,
    /// The bell was rung.
    Bell,
    /// The time is over that was asked for last.
    Timer,
}

/// Wakes a pump from any thread.
pub struct Bell(OwnedFd);

impl Bell {
    pub fn new() -> io::Result<Bell> {
        // SAFETY: a plain system call; the descriptor it returns is nobody else's.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: as above.
        Ok(Bell(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    pub fn ring(&self) {
        let one = 1u64;
        // SAFETY: eight bytes of a live number. It fails only where the count is full: then it rings already.
        unsafe { libc::write(self.0.as_raw_fd(), (&raw const one).cast(), 8) };
    }

    fn silence(fd: RawFd) {
        let mut count = 0u64;
        // SAFETY: eight bytes of a live number.
        unsafe { libc::read(fd, (&raw mut count).cast(), 8) };
    }
}

pub struct Pump {
    epoll: OwnedFd,
    sockets: HashMap<RawFd, OwnedFd>,
    bell: Option<RawFd>,
    timer: Option<OwnedFd>,
    events: Vec<libc::epoll_event>,
}

impl Pump {
    pub fn new() -> io::Result<Pump> {
        // SAFETY: a plain system call; the descriptor it returns is nobody else's.
        let epoll = unsafe {
            let fd = libc::epoll_create1(libc::EPOLL_CLOEXEC);
            if fd < 0 {
                return Err(io::Error::last_os_error());
            }
            OwnedFd::from_raw_fd(fd)
        };
        Ok(Pump {
            epoll,
            sockets: HashMap::new(),
            bell: None,
            timer: None,
            events: vec![libc::epoll_event { events: 0, u64: 0 }; ROUND_MAX],
        })
    }

    /// Readable whenever a socket of the set has something to say.
    pub fn descriptor(&self) -> RawFd {
        self.epoll.as_raw_fd()
    }

    /// Tells of the bell's ringing from now on; the bell must live as long as the pump.
    pub fn listen(&mut self, bell: &Bell) -> io::Result<()> {
        let fd = bell.0.as_raw_fd();
        self.control(libc::EPOLL_CTL_ADD, fd, libc::EPOLLIN as u32)?;
        self.bell = Some(fd);
        Ok(())
    }

    /// Makes a round tell of `Arrival::Timer` once the time is over, instead of what was asked before.
    pub fn wake_after(&mut self, time: Duration) -> io::Result<()> {
        if self.timer.is_none() {
            // SAFETY: a plain system call; the descriptor it returns is nobody else's.
            let timer = unsafe {
                let flags = libc::TFD_CLOEXEC | libc::TFD_NONBLOCK;
                let fd = libc::timerfd_create(libc::CLOCK_MONOTONIC, flags);
                if fd < 0 {
                    return Err(io::Error::last_os_error());
                }
                OwnedFd::from_raw_fd(fd)
            };
            self.control(libc::EPOLL_CTL_ADD, timer.as_raw_fd(), libc::EPOLLIN as u32)?;
            self.timer = Some(timer);
        }
        let Some(timer) = &self.timer else {
            return Ok(());
        };
        // SAFETY: zero is a value of the kernel's structure, which lives through the call.
        let set = unsafe {
            let mut value: libc::itimerspec = std::mem::zeroed();
            value.it_value.tv_sec = time.as_secs() as libc::time_t;
            value.it_value.tv_nsec = libc::c_long::from(time.subsec_nanos());
            libc::timerfd_settime(timer.as_raw_fd(), 0, &raw const value, std::ptr::null_mut())
        };
        match set {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Takes a non-blocking socket over; it is not read until it is watched.
    pub fn add(&mut self, socket: OwnedFd) -> io::Result<()> {
        let fd = socket.as_raw_fd();
        self.control(libc::EPOLL_CTL_ADD, fd, 0)?;
        self.sockets.insert(fd, socket);
        Ok(())
    }

    /// Says what a socket is watched for.
    pub fn watch(&mut self, fd: RawFd, reads: bool, writes: bool) -> io::Result<()> {
        if !self.sockets.contains_key(&fd) {
            return Ok(());
        }
        let wanted =
            if reads { libc::EPOLLIN } else { 0 } | if writes { libc::EPOLLOUT } else { 0 };
        self.control(libc::EPOLL_CTL_MOD, fd, wanted as u32)
    }

    /// Gives a socket up: to whoever reads it from now on, or to be closed by being dropped.
    pub fn release(&mut self, fd: RawFd) -> Option<OwnedFd> {
        let socket = self.sockets.remove(&fd)?;
        let _ = self.control(libc::EPOLL_CTL_DEL, fd, 0);
        Some(socket)
    }

    /// Closes every socket.
    pub fn close_all(&mut self) {
        self.sockets.clear();
    }

    /// Reads what is there, up to `bytes` and a round's bounds, and passes on what each socket had. Never blocks.
    pub fn round(&mut self, bytes: &mut [u8], mut found: impl FnMut(RawFd, Arrival)) {
        // SAFETY: the vector holds ROUND_MAX events for the kernel to fill.
        let ready = unsafe {
            let events = self.events.as_mut_ptr();
            libc::epoll_wait(self.epoll.as_raw_fd(), events, ROUND_MAX as i32, 0)
        };
        let mut used = 0;
        for at in 0..usize::try_from(ready).unwrap_or(0) {
            let event = self.events[at];
            let fd = event.u64 as RawFd;
            if self.bell == Some(fd) {
                Bell::silence(fd);
                found(fd, Arrival::Bell);
                continue;
            }
            if self
                .timer
                .as_ref()
                .is_some_and(|timer| timer.as_raw_fd() == fd)
            {
                Bell::silence(fd);
                found(fd, Arrival::Timer);
                continue;
            }
            if event.events & libc::EPOLLOUT as u32 != 0 {
                found(fd, Arrival::Writable);
            }
            if event.events & (libc::EPOLLIN | libc::EPOLLERR | libc::EPOLLHUP) as u32 == 0 {
                continue;
            }
            let room = (bytes.len() - used).min(READ_MAX);
            if room == 0 {
                // The others come first next time: the kernel keeps their order.
                break;
            }
            match receive(fd, &mut bytes[used..used + room]) {
                Some(0) => {
                    let _ = self.control(libc::EPOLL_CTL_MOD, fd, 0);
                    if event.events & (libc::EPOLLERR | libc::EPOLLHUP) as u32 != 0 {
                        // Such a socket stays ready whatever it is watched for.
                        let _ = self.control(libc::EPOLL_CTL_DEL, fd, 0);
                    }
                    found(fd, Arrival::End);
                }
                Some(length) => {
                    used += length;
                    found(fd, Arrival::Bytes(length));
                }
                None => {}
            }
        }
    }

    fn control(&self, operation: i32, fd: RawFd, events: u32) -> io::Result<()> {
        let mut event = libc::epoll_event {
            events,
            u64: fd as u64,
        };
        // SAFETY: one valid event; the descriptors' validity is the kernel's to judge.
        match unsafe { libc::epoll_ctl(self.epoll.as_raw_fd(), operation, fd, &raw mut event) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

/// Bytes received; 0: the client ended or is lost; None: nothing after all.
fn receive(fd: RawFd, bytes: &mut [u8]) -> Option<usize> {
    // SAFETY: the pointer and length are of one live slice.
    let received = unsafe {
        libc::recv(
            fd,
            bytes.as_mut_ptr().cast(),
            bytes.len(),
            libc::MSG_DONTWAIT,
        )
    };
    if received >= 0 {
        return Some(received as usize);
    }
    match io::Error::last_os_error().kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => None,
        _ => Some(0),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    use super::*;

    fn round(pump: &mut Pump, bytes: &mut [u8]) -> Vec<(RawFd, Arrival)> {
        let mut all = Vec::new();
        pump.round(bytes, |fd, arrival| all.push((fd, arrival)));
        all
    }

    fn pair(pump: &mut Pump) -> (RawFd, UnixStream) {
        let (near, far) = UnixStream::pair().expect("a pair of sockets");
        near.set_nonblocking(true).expect("non-blocking");
        let fd = near.as_raw_fd();
        pump.add(near.into()).expect("added");
        (fd, far)
    }

    #[test]
    fn sockets_are_read_together_once_they_are_watched() {
        let mut pump = Pump::new().expect("an epoll set");
        let mut bytes = vec![0; 1 << 10];
        let (first, mut far_first) = pair(&mut pump);
        let (second, mut far_second) = pair(&mut pump);
        far_first.write_all(b"one").expect("sent");
        far_second.write_all(b"three").expect("sent");
        assert_eq!(round(&mut pump, &mut bytes), []);
        pump.watch(first, true, false).expect("watched");
        pump.watch(second, true, false).expect("watched");
        let mut found = round(&mut pump, &mut bytes);
        found.sort_by_key(|(_, arrival)| matches!(arrival, Arrival::Bytes(5)));
        assert_eq!(
            found,
            [(first, Arrival::Bytes(3)), (second, Arrival::Bytes(5))]
        );
        assert_eq!(round(&mut pump, &mut bytes), []);
    }

    #[test]
    fn what_does_not_fit_comes_next_time() {
        let mut pump = Pump::new().expect("an epoll set");
        let (fd, mut far) = pair(&mut pump);
        pump.watch(fd, true, false).expect("watched");
        far.write_all(b"abcde").expect("sent");
        let mut bytes = [0; 3];
        assert_eq!(round(&mut pump, &mut bytes), [(fd, Arrival::Bytes(3))]);
        assert_eq!(round(&mut pump, &mut bytes), [(fd, Arrival::Bytes(2))]);
        assert_eq!(&bytes[..2], b"de");
    }

    #[test]
    fn an_end_is_told_once_and_output_when_it_is_asked_for() {
        let mut pump = Pump::new().expect("an epoll set");
        let mut bytes = [0; 16];
        let (fd, mut far) = pair(&mut pump);
        pump.watch(fd, true, true).expect("watched");
        assert_eq!(round(&mut pump, &mut bytes), [(fd, Arrival::Writable)]);
        pump.watch(fd, true, false).expect("watched");
        far.shutdown(std::net::Shutdown::Write).expect("shut");
        assert_eq!(round(&mut pump, &mut bytes), [(fd, Arrival::End)]);
        assert_eq!(round(&mut pump, &mut bytes), []);
        drop(pump.release(fd).expect("ours"));
        assert_eq!(far.read(&mut bytes).expect("closed"), 0);
        assert!(pump.release(fd).is_none());
    }
}
