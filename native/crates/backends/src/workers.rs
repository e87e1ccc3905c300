//! The workers: how loaded each is, what waits for it (accepted connections, interrupted
//! sessions, notified ones), how to wake it.

use std::collections::HashMap;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, RwLock};

use crate::lock;

type Waker = Box<dyn Fn() + Send + Sync>;

static WORKERS: LazyLock<RwLock<HashMap<u32, Arc<Worker>>>> = LazyLock::new(Default::default);

struct Worker {
    wake: Waker,
    mail: Mutex<Mail>,
}

#[derive(Default)]
struct Mail {
    connections: Vec<(RawFd, u32)>,
    interrupted: Vec<u32>,
    /// Slots of sessions for which notifications came.
    notified: Vec<u32>,
    /// Connections handed over and not closed.
    load: u32,
}

/// Registers a worker that takes connections; `wake` is called from any thread when mail arrives in an empty box.
pub fn add(worker: u32, wake: Waker) {
    let entry = Arc::new(Worker {
        wake,
        mail: Mutex::default(),
    });
    WORKERS
        .write()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(worker, entry);
}

/// A worker is gone. Connections that it didn't take yet go to another, or are closed.
pub fn remove(worker: u32) {
    let gone = WORKERS
        .write()
        .unwrap_or_else(PoisonError::into_inner)
        .remove(&worker);
    let left = gone
        .map(|gone| std::mem::take(&mut lock(&gone.mail).connections))
        .unwrap_or_default();
    for (fd, listener) in left {
        hand_over(fd, listener);
    }
}

/// Gives an accepted connection to the least-loaded worker; closes it where there is none.
pub fn hand_over(fd: RawFd, listener: u32) {
    let workers = WORKERS.read().unwrap_or_else(PoisonError::into_inner);
    let Some(worker) = workers
        .values()
        .min_by_key(|worker| lock(&worker.mail).load)
        .cloned()
    else {
        // SAFETY: the descriptor came from accept and nobody else has it.
        drop(unsafe { OwnedFd::from_raw_fd(fd) });
        return;
    };
    drop(workers);
    worker.post(|mail| {
        mail.connections.push((fd, listener));
        mail.load += 1;
    });
}

/// A connection that the worker was given has been closed.
pub fn connection_closed(worker: u32) {
    if let Some(entry) = find(worker) {
        let mut mail = lock(&entry.mail);
        mail.load = mail.load.saturating_sub(1);
    }
}

/// Tells a worker that the session in `slot` was interrupted.
pub fn post_interrupt(worker: u32, slot: u32) {
    if let Some(entry) = find(worker) {
        entry.post(|mail| mail.interrupted.push(slot));
    }
}

/// Tells a worker that there are notifications for the session in `slot`.
pub fn post_notification(worker: u32, slot: u32) {
    if let Some(entry) = find(worker) {
        entry.post(|mail| mail.notified.push(slot));
    }
}

/// What came for a worker.
#[derive(Default)]
pub struct Delivery {
    /// Accepted descriptors with their listener's number.
    pub connections: Vec<(RawFd, u32)>,
    /// Slots of interrupted sessions.
    pub interrupted: Vec<u32>,
    /// Slots of sessions for which notifications came.
    pub notified: Vec<u32>,
}

/// Takes the mail.
pub fn take_mail(worker: u32) -> Delivery {
    let Some(entry) = find(worker) else {
        return Delivery::default();
    };
    let mut mail = lock(&entry.mail);
    Delivery {
        connections: std::mem::take(&mut mail.connections),
        interrupted: std::mem::take(&mut mail.interrupted),
        notified: std::mem::take(&mut mail.notified),
    }
}

impl Worker {
    fn post(&self, deliver: impl FnOnce(&mut Mail)) {
        let was_empty = {
            let mut mail = lock(&self.mail);
            let was_empty = mail.connections.is_empty()
                && mail.interrupted.is_empty()
                && mail.notified.is_empty();
            deliver(&mut mail);
            was_empty
        };
        if was_empty {
            (self.wake)();
        }
    }
}

fn find(worker: u32) -> Option<Arc<Worker>> {
    WORKERS
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .get(&worker)
        .cloned()
}
