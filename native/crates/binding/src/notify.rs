//! Notifications between sessions for JavaScript.

use std::path::Path;

use helios_backends::notify::{self, Listener};
use helios_base::Error;
use napi_derive::napi;

use crate::store::{Result, guarded};

/// A staged batch: its number for `storeCommit` or `notifyPublish`, and a warning where `fullPercent` is not negative.
#[napi(object)]
pub struct StagedNotifications {
    pub number: u32,
    pub full_percent: f64,
    /// The session that holds the queue up.
    pub slowest_pid: u32,
}

/// Notifications for a session: a pid each, and in `texts` channel and payload by turns.
#[napi(object)]
pub struct TakenNotifications {
    pub pids: Vec<u32>,
    pub texts: Vec<String>,
    pub has_more: bool,
}

/// max_notify_queue_pages, and where what does not fit into memory goes; before the first session.
#[napi(catch_unwind)]
pub fn notify_configure(pages_max: u32, directory: Option<String>) {
    notify::configure(u64::from(pages_max), directory.as_deref().map(Path::new));
}

/// Sets the channels that a session listens to; none ends its place in the queue.
#[napi(catch_unwind)]
pub fn notify_listen(slot: u32, worker: u32, pid: u32, database: u32, channels: Vec<String>) {
    let listener = Listener {
        worker,
        pid,
        database,
        channels: channels.into_iter().collect(),
    };
    notify::listen(slot, listener);
}

/// Takes room in the queue for a transaction's notifications: channel and payload by turns.
#[napi]
pub fn notify_stage(
    worker: u32,
    database: u32,
    pid: u32,
    texts: Vec<String>,
) -> Result<StagedNotifications> {
    guarded(|| {
        let mut pairs = Vec::with_capacity(texts.len() / 2);
        let mut texts = texts.into_iter();
        while let (Some(channel), Some(payload)) = (texts.next(), texts.next()) {
            pairs.push((channel, payload));
        }
        let (number, warning) = notify::stage(worker, database, pid, &pairs)?;
        Ok(StagedNotifications {
            number,
            full_percent: warning.map_or(-1.0, |warning| warning.percent),
            slowest_pid: warning.map_or(0, |warning| warning.pid),
        })
    })
}

/// Adds a staged batch to the queue: its transaction wrote nothing to the store.
#[napi]
pub fn notify_publish(number: u32) -> Result<()> {
    guarded(|| {
        let batch = notify::take_staged(number);
        batch
            .ok_or_else(|| Error::internal("the notifications were not staged"))?
            .publish();
        Ok(())
    })
}

/// Gives a staged batch up.
#[napi(catch_unwind)]
pub fn notify_discard(number: u32) {
    drop(notify::take_staged(number));
}

/// The next notifications for a session, about `bytesMax` of them.
#[napi(catch_unwind)]
pub fn notify_take(slot: u32, bytes_max: u32) -> TakenNotifications {
    let (taken, has_more) = notify::take(slot, bytes_max as usize);
    let mut pids = Vec::with_capacity(taken.len());
    let mut texts = Vec::with_capacity(2 * taken.len());
    for one in taken {
        pids.push(one.pid);
        texts.extend([one.channel, one.payload]);
    }
    TakenNotifications {
        pids,
        texts,
        has_more,
    }
}

/// The part of the queue that is in use.
#[napi(catch_unwind)]
pub fn notify_usage() -> f64 {
    notify::usage()
}

/// Pages that the queue has begun since the start.
#[napi(catch_unwind)]
pub fn notify_pages_begun() -> f64 {
    notify::pages_begun() as f64
}
