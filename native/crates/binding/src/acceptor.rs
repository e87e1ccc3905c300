//! Listening sockets for JavaScript.

use helios_backends::{acceptor, socket};
use napi::bindgen_prelude::{Error, Result};
use napi_derive::napi;

/// Listens on a TCP address and hands connections to workers; returns the port. Throws the system's message.
#[napi(catch_unwind)]
pub fn acceptor_listen_tcp(address: String, port: u16, listener: u32) -> Result<u16> {
    acceptor::listen_tcp(&address, port, listener)
        .map_err(|error| Error::from_reason(error.to_string()))
}

/// Listens on a Unix-domain socket with the given permissions.
#[napi(catch_unwind)]
pub fn acceptor_listen_unix(path: String, mode: u32, listener: u32) -> Result<()> {
    acceptor::listen_unix(&path, mode, listener)
        .map_err(|error| Error::from_reason(error.to_string()))
}

/// Stops listening everywhere; returns once nothing more is accepted.
#[napi(catch_unwind)]
pub fn acceptor_stop() {
    acceptor::stop();
}

/// Sends what the socket takes at once of the first `length` bytes: how many, or -1 where the socket is lost.
#[napi(catch_unwind)]
pub fn socket_send(descriptor: i32, bytes: &[u8], length: u32) -> i32 {
    let bytes = &bytes[..bytes.len().min(length as usize)];
    socket::send(descriptor, bytes).map_or(-1, |sent| sent as i32)
}

/// Address and port of the client, as two texts; none on a Unix-domain socket, or where it is gone already.
#[napi(catch_unwind)]
pub fn socket_peer(descriptor: i32) -> Vec<String> {
    socket::peer(descriptor).map_or_else(Vec::new, |peer| {
        vec![peer.ip().to_string(), peer.port().to_string()]
    })
}
