//! Registry, interrupts, activity and statistics of sessions for JavaScript.

use helios_backends::registry::{Backend, LoginLimits, LoginOutcome};
use helios_backends::statistics::Object;
use helios_backends::{activity, interrupts, notify, registry, statistics, workers};
use napi::Env;
use napi::bindgen_prelude::{
    Buffer, BufferSlice, Float64Array, Function, Result, Uint32ArraySlice,
};
use napi_derive::napi;

use crate::wake::later;

/// What waits for a worker: accepted descriptors with their listener's number, slots of interrupted sessions and of those
/// for which notifications came.
#[napi(object)]
pub struct WorkerMail {
    pub descriptors: Vec<i32>,
    pub listeners: Vec<u32>,
    pub interrupted: Vec<u32>,
    pub notified: Vec<u32>,
}

#[napi(object)]
pub struct BackendRow {
    pub slot: u32,
    pub pid: u32,
    pub secret: u32,
    pub worker: u32,
    /// 0 until the log-in succeeded.
    pub database: u32,
    pub role: u32,
    pub is_superuser: bool,
    pub client_address: String,
    /// -1 for Unix-domain sockets.
    pub client_port: i32,
    pub application_name: String,
    pub kind: String,
    pub tls_protocol: Option<String>,
    pub tls_cipher: Option<String>,
    pub tls_bits: u32,
}

#[napi(object)]
pub struct BackendLogin {
    pub database: u32,
    pub role: u32,
    pub is_superuser: bool,
    pub may_use_reserved: bool,
    pub connections_max: u32,
    pub superuser_reserved: u32,
    pub reserved: u32,
    pub database_limit: i32,
    pub role_limit: i32,
}

/// Registers the calling worker; `wake` is called once mail waits in `workerTakeMail`.
#[napi(catch_unwind)]
pub fn worker_add(worker: u32, wake: Function<'_, (), ()>) -> Result<()> {
    let wake = later(&wake)?;
    workers::add(worker, Box::new(move || wake(())));
    Ok(())
}

/// A worker is gone: it gets no more connections, and its sessions are forgotten. Returns their slots.
#[napi(catch_unwind)]
pub fn worker_remove(worker: u32) -> Vec<u32> {
    workers::remove(worker);
    notify::drop_worker(worker);
    registry::close_worker(worker)
        .into_iter()
        .map(|backend| backend.slot)
        .collect()
}

#[napi(catch_unwind)]
pub fn worker_take_mail(worker: u32) -> WorkerMail {
    let mail = workers::take_mail(worker);
    let (descriptors, listeners) = mail.connections.into_iter().unzip();
    WorkerMail {
        descriptors,
        listeners,
        interrupted: mail.interrupted,
        notified: mail.notified,
    }
}

/// A connection that the worker was handed has been closed.
#[napi(catch_unwind)]
pub fn worker_connection_closed(worker: u32) {
    workers::connection_closed(worker);
}

/// Takes a slot for a session; null where `connectionsMax` client sessions exist. `kind`: pg_stat_activity.backend_type.
#[napi(catch_unwind)]
pub fn backend_open(worker: u32, kind: String, connections_max: u32) -> Option<BackendRow> {
    registry::open(worker, &kind, connections_max).map(row)
}

/// 0 accepted, 1 left slots are for superusers, 2 reserved ones, 3 database full, 4 role full.
#[napi(catch_unwind)]
pub fn backend_log_in(slot: u32, login: BackendLogin) -> u8 {
    let limits = LoginLimits {
        connections_max: login.connections_max,
        superuser_reserved: login.superuser_reserved,
        reserved: login.reserved,
        is_superuser: login.is_superuser,
        may_use_reserved: login.may_use_reserved,
        database_limit: login.database_limit,
        role_limit: login.role_limit,
    };
    match registry::log_in(slot, login.database, login.role, limits) {
        LoginOutcome::Accepted => 0,
        LoginOutcome::ReservedForSuperusers => 1,
        LoginOutcome::Reserved => 2,
        LoginOutcome::DatabaseFull => 3,
        LoginOutcome::RoleFull => 4,
    }
}

#[napi(catch_unwind)]
pub fn backend_set_client(slot: u32, address: String, port: i32) {
    registry::update(slot, |backend| {
        backend.client_address = address;
        backend.client_port = port;
    });
}

#[napi(catch_unwind)]
pub fn backend_set_tls(slot: u32, protocol: String, cipher: String, bits: u32) {
    registry::update(slot, |backend| backend.tls = Some((protocol, cipher, bits)));
}

#[napi(catch_unwind)]
pub fn backend_set_application_name(slot: u32, name: String) {
    registry::update(slot, |backend| backend.application_name = name);
}

#[napi(catch_unwind)]
pub fn backend_close(slot: u32) {
    registry::close(slot);
}

#[napi(catch_unwind)]
pub fn backend_list() -> Vec<BackendRow> {
    registry::list().into_iter().map(row).collect()
}

/// Raises 1 (cancel) or 2 (terminate) for a session; with a secret only if it fits (CancelRequest). False: none such.
#[napi(catch_unwind)]
pub fn backend_interrupt(pid: u32, secret: Option<u32>, bits: u32) -> bool {
    registry::interrupt(pid, secret, bits)
}

/// The interrupt words of all slots, mapped: 0 is none.
#[napi(catch_unwind)]
pub fn backend_interrupt_words(env: &Env) -> Result<Uint32ArraySlice<'_>> {
    let (address, bytes) = interrupts::words();
    // SAFETY: the words live as long as the process.
    unsafe { Uint32ArraySlice::from_external(env, address.cast(), bytes / 4, (), |_, ()| {}) }
}

/// Takes a slot's requests: cancel is cleared, terminate stays.
#[napi(catch_unwind)]
pub fn backend_take_interrupts(slot: u32) -> u32 {
    interrupts::take(slot)
}

/// track_activity_query_size; before the first session.
#[napi(catch_unwind)]
pub fn activity_configure(text_bytes: u32) {
    activity::configure(text_bytes as usize);
}

/// A slot's activity page, mapped for its worker to write.
#[napi(catch_unwind)]
pub fn activity_open(env: &Env, slot: u32) -> Result<BufferSlice<'_>> {
    let (address, bytes) = activity::open(slot);
    // SAFETY: pages live as long as the process.
    unsafe { BufferSlice::from_external(env, address, bytes, (), |_, ()| {}) }
}

/// A consistent copy of a slot's activity page.
#[napi(catch_unwind)]
pub fn activity_read(slot: u32) -> Buffer {
    activity::read(slot).into()
}

fn object(kind: u8, database: u32, oid: u32) -> Object {
    Object {
        kind,
        database,
        oid,
    }
}

/// Makes counters for an object where it has none. Kinds here and below: 0 relations (oid 0: the database), 1 functions.
#[napi(catch_unwind)]
pub fn statistics_open(kind: u8, database: u32, oid: u32) {
    statistics::open(object(kind, database, oid));
}

/// Adds to the counters of an object, where it has any.
#[napi(catch_unwind)]
pub fn statistics_add(kind: u8, database: u32, oid: u32, deltas: Float64Array) {
    statistics::add(object(kind, database, oid), &deltas);
}

#[napi(catch_unwind)]
pub fn statistics_set(kind: u8, database: u32, oid: u32, index: u32, value: f64) {
    statistics::set(object(kind, database, oid), index as usize, value);
}

/// null where nothing was ever counted.
#[napi(catch_unwind)]
pub fn statistics_get(kind: u8, database: u32, oid: u32) -> Option<Vec<f64>> {
    statistics::get(object(kind, database, oid)).map(|counters| counters.to_vec())
}

#[napi(catch_unwind)]
pub fn statistics_objects(kind: u8, database: u32) -> Vec<u32> {
    statistics::objects(kind, database)
}

/// Sets counters to zero; without an oid all of the database's.
#[napi(catch_unwind)]
pub fn statistics_reset(kind: u8, database: u32, oid: Option<u32>) {
    match oid {
        Some(oid) => statistics::reset(object(kind, database, oid)),
        None => statistics::reset_database(database),
    }
}

/// Forgets what was dropped; without an oid the database with all in it.
#[napi(catch_unwind)]
pub fn statistics_forget(kind: u8, database: u32, oid: Option<u32>) {
    match oid {
        Some(oid) => statistics::forget(object(kind, database, oid)),
        None => statistics::forget_database(database),
    }
}

/// Keeps what a transaction did that was prepared, for `statisticsFinishPrepared`.
#[napi(catch_unwind)]
pub fn statistics_prepared(gid: String, counts: Float64Array) {
    statistics::prepared(gid, counts.to_vec());
}

#[napi(catch_unwind)]
pub fn statistics_finish_prepared(gid: String) -> Vec<f64> {
    statistics::finish_prepared(&gid)
}

fn row(backend: Backend) -> BackendRow {
    let (tls_protocol, tls_cipher, tls_bits) = match backend.tls {
        Some((protocol, cipher, bits)) => (Some(protocol), Some(cipher), bits),
        None => (None, None, 0),
    };
    BackendRow {
        slot: backend.slot,
        pid: backend.pid,
        secret: backend.secret,
        worker: backend.worker,
        database: backend.database,
        role: backend.role,
        is_superuser: backend.is_superuser,
        client_address: backend.client_address,
        client_port: backend.client_port,
        application_name: backend.application_name,
        kind: backend.kind,
        tls_protocol,
        tls_cipher,
        tls_bits,
    }
}
