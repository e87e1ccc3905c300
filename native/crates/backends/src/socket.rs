//! Calls on accepted sockets: sending without the runtime's stream machinery (replies are small and the kernel nearly
//! always takes them whole), and who is at the other end.

use std::io;
use std::mem::ManuallyDrop;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{FromRawFd, RawFd};

/// Sends what the kernel takes at once; returns how many bytes (0: none, the socket's buffer is full).
pub fn send(socket: RawFd, bytes: &[u8]) -> io::Result<usize> {
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    // SAFETY: the pointer and length are of one live slice; the descriptor's validity is the kernel's to judge.
    let sent = unsafe { libc::send(socket, bytes.as_ptr().cast(), bytes.len(), flags) };
    if sent >= 0 {
        return Ok(sent as usize);
    }
    let error = io::Error::last_os_error();
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(0),
        _ => Err(error),
    }
}

/// Address and port of the client; None on a Unix-domain socket, or where the client is gone already.
pub fn peer(socket: RawFd) -> Option<SocketAddr> {
    // SAFETY: the stream is only asked, and never dropped: the descriptor stays its owner's.
    let stream = ManuallyDrop::new(unsafe { TcpStream::from_raw_fd(socket) });
    stream.peer_addr().ok()
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn sends_what_fits_and_reports_a_lost_peer() {
        let (near, mut far) = UnixStream::pair().expect("a pair of sockets");
        assert_eq!(send(near.as_raw_fd(), b"abc").expect("sent"), 3);
        let mut read = [0; 3];
        far.read_exact(&mut read).expect("received");
        assert_eq!(&read, b"abc");
        let large = vec![0; 64 << 20];
        let first = send(near.as_raw_fd(), &large).expect("sent in part");
        assert!(first > 0 && first < large.len());
        assert_eq!(send(near.as_raw_fd(), &large).expect("full"), 0);
        drop(far);
        assert!(send(near.as_raw_fd(), b"abc").is_err());
    }
}
