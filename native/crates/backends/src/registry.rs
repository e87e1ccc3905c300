//! Who is connected: a slot per session, with what doesn't change while it lives. Limits are checked where a slot is
//! taken and where its user is known, under one mutex, so that no two workers pass them together.

use std::sync::{LazyLock, Mutex};

use crate::interrupts::{self, SLOTS_MAX};
use crate::{lock, workers};

#[derive(Clone, Default, Debug)]
pub struct Backend {
    pub slot: u32,
    pub pid: u32,
    pub secret: u32,
    pub worker: u32,
    /// 0 until the log-in succeeded.
    pub database: u32,
    pub role: u32,
    pub is_superuser: bool,
    pub client_address: String,
    pub client_port: i32,
    pub application_name: String,
    /// pg_stat_activity.backend_type.
    pub kind: String,
    /// Protocol, cipher and key bits of TLS; empty without.
    pub tls: Option<(String, String, u32)>,
}

/// What a log-in is checked against.
#[derive(Clone, Copy, Default)]
pub struct LoginLimits {
    /// max_connections, superuser_reserved_connections, reserved_connections.
    pub connections_max: u32,
    pub superuser_reserved: u32,
    pub reserved: u32,
    pub is_superuser: bool,
    pub may_use_reserved: bool,
    /// -1: none.
    pub database_limit: i32,
    pub role_limit: i32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LoginOutcome {
    Accepted,
    ReservedForSuperusers,
    Reserved,
    DatabaseFull,
    RoleFull,
}

#[derive(Default)]
struct Registry {
    slots: Vec<Option<Backend>>,
    next_pid: u32,
}

static REGISTRY: LazyLock<Mutex<Registry>> = LazyLock::new(Default::default);

/// Client sessions carry this kind; only they count against limits.
pub const CLIENT: &str = "client backend";

/// Takes a slot for a session of `worker`; None where `connections_max` client sessions exist.
pub fn open(worker: u32, kind: &str, connections_max: u32) -> Option<Backend> {
    let mut registry = lock(&REGISTRY);
    let clients = registry
        .slots
        .iter()
        .flatten()
        .filter(|backend| backend.kind == CLIENT)
        .count();
    if kind == CLIENT && clients >= connections_max as usize {
        return None;
    }
    let slot = registry
        .slots
        .iter()
        .position(Option::is_none)
        .unwrap_or(registry.slots.len());
    if slot >= SLOTS_MAX {
        return None;
    }
    if slot == registry.slots.len() {
        registry.slots.push(None);
    }
    let backend = Backend {
        slot: slot as u32,
        pid: registry.free_pid(),
        secret: secret(),
        worker,
        kind: kind.to_owned(),
        client_port: -1,
        ..Backend::default()
    };
    interrupts::clear(backend.slot);
    registry.slots[slot] = Some(backend.clone());
    Some(backend)
}

/// The session's user and database are known: checks the limits and notes both.
pub fn log_in(slot: u32, database: u32, role: u32, limits: LoginLimits) -> LoginOutcome {
    let mut registry = lock(&REGISTRY);
    let clients = || {
        registry
            .slots
            .iter()
            .flatten()
            .filter(|backend| backend.kind == CLIENT)
    };
    let free = i64::from(limits.connections_max) - clients().count() as i64;
    if !limits.is_superuser {
        if free < i64::from(limits.superuser_reserved) {
            return LoginOutcome::ReservedForSuperusers;
        }
        if free < i64::from(limits.superuser_reserved) + i64::from(limits.reserved)
            && !limits.may_use_reserved
        {
            return LoginOutcome::Reserved;
        }
        let over = |limit: i32, count: usize| limit >= 0 && count >= limit as usize;
        if over(
            limits.role_limit,
            clients().filter(|backend| backend.role == role).count(),
        ) {
            return LoginOutcome::RoleFull;
        }
        if over(
            limits.database_limit,
            clients()
                .filter(|backend| backend.database == database)
                .count(),
        ) {
            return LoginOutcome::DatabaseFull;
        }
    }
    if let Some(Some(backend)) = registry.slots.get_mut(slot as usize) {
        backend.database = database;
        backend.role = role;
        backend.is_superuser = limits.is_superuser;
    }
    LoginOutcome::Accepted
}

/// Changes what is known of a session.
pub fn update(slot: u32, change: impl FnOnce(&mut Backend)) {
    if let Some(Some(backend)) = lock(&REGISTRY).slots.get_mut(slot as usize) {
        change(backend);
    }
}

/// The session ended; its slot is free.
pub fn close(slot: u32) {
    if let Some(entry) = lock(&REGISTRY).slots.get_mut(slot as usize) {
        *entry = None;
    }
}

/// A worker is gone: so are its sessions. Returns them.
pub fn close_worker(worker: u32) -> Vec<Backend> {
    let mut gone = Vec::new();
    for entry in &mut lock(&REGISTRY).slots {
        if entry
            .as_ref()
            .is_some_and(|backend| backend.worker == worker)
        {
            gone.extend(entry.take());
        }
    }
    gone
}

/// All sessions, by slot.
pub fn list() -> Vec<Backend> {
    lock(&REGISTRY).slots.iter().flatten().cloned().collect()
}

/// What a cancel request must know: from the system's generator, so that no secret tells of another.
fn secret() -> u32 {
    let mut bytes = [0_u8; 4];
    // SAFETY: the pointer and length are of one live array; so few bytes always come whole.
    let got = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) };
    assert_eq!(got, 4, "the system gives no random bytes");
    u32::from_ne_bytes(bytes)
}

/// Raises `bits` for the session with that pid, if its secret fits (None: asked by a session of ours). False where there
/// is none such.
pub fn interrupt(pid: u32, secret: Option<u32>, bits: u32) -> bool {
    let found = lock(&REGISTRY)
        .slots
        .iter()
        .flatten()
        .find(|backend| backend.pid == pid)
        .cloned();
    match found {
        Some(backend) if secret.is_none_or(|secret| secret == backend.secret) => {
            interrupts::raise(backend.slot, bits);
            workers::post_interrupt(backend.worker, backend.slot);
            true
        }
        _ => false,
    }
}

impl Registry {
    /// Pids start near the process's own and are not used again soon.
    fn free_pid(&mut self) -> u32 {
        loop {
            if self.next_pid < std::process::id() || self.next_pid >= i32::MAX as u32 {
                self.next_pid = std::process::id();
            }
            self.next_pid += 1;
            if !self
                .slots
                .iter()
                .flatten()
                .any(|backend| backend.pid == self.next_pid)
            {
                return self.next_pid;
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use super::*;

    // One test: the registry is one for the process.
    #[test]
    fn limits_hold_and_slots_are_used_again() {
        let first = open(1, CLIENT, 3).expect("first");
        let second = open(1, CLIENT, 3).expect("second");
        let limits = LoginLimits {
            connections_max: 3,
            superuser_reserved: 1,
            reserved: 0,
            database_limit: -1,
            role_limit: 1,
            ..LoginLimits::default()
        };
        assert_eq!(log_in(first.slot, 5, 10, limits), LoginOutcome::Accepted);
        assert_eq!(log_in(second.slot, 5, 10, limits), LoginOutcome::RoleFull);
        let third = open(2, CLIENT, 3).expect("third");
        assert_eq!(
            log_in(third.slot, 5, 11, limits),
            LoginOutcome::ReservedForSuperusers
        );
        assert!(open(1, CLIENT, 3).is_none());
        assert_eq!(
            log_in(
                third.slot,
                5,
                10,
                LoginLimits {
                    is_superuser: true,
                    ..limits
                }
            ),
            LoginOutcome::Accepted
        );

        assert!(!interrupt(
            first.pid,
            Some(first.secret ^ 1),
            interrupts::CANCEL
        ));
        assert!(interrupt(first.pid, Some(first.secret), interrupts::CANCEL));
        assert_eq!(interrupts::take(first.slot), interrupts::CANCEL);
        assert_eq!(interrupts::take(first.slot), 0);

        assert_eq!(close_worker(2).len(), 1);
        close(first.slot);
        let again = open(1, CLIENT, 3).expect("again");
        assert_eq!(again.slot, first.slot);
        assert_ne!(again.pid, first.pid);
        assert_eq!(list().len(), 2);
    }
}
