//! A worker's plain sockets for JavaScript: the pump's descriptor is watched by the worker's own event loop (libuv, part
//! of Node and of its stable interface), and each round of arrivals is one call of JavaScript.

use std::cell::RefCell;
use std::ffi::{c_int, c_void};
use std::os::fd::{FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use helios_backends::pump::{Arrival, Pump, ROUND_MAX};
use helios_points::clients::Tell;
use napi::bindgen_prelude::{Buffer, Error, Int32Array, Result, ToNapiValue};
use napi::{Env, JsValue, check_status, sys};
use napi_derive::napi;

use crate::points;

/// libuv's number for poll handles, and for "readable".
const UV_POLL: c_int = 8;
const UV_READABLE: c_int = 1;

/// An arrival takes two numbers: the descriptor, and the count of bytes, END or WRITABLE.
const ARRIVAL_NUMBERS: usize = 2;
const END: i32 = 0;
const WRITABLE: i32 = -1;
const FAILED: i32 = -2;

/// Rounds one after the other without JavaScript, which has other things to see to.
const ROUNDS_MAX: usize = 8;

unsafe extern "C" {
    fn uv_handle_size(kind: c_int) -> usize;
    fn uv_poll_init(event_loop: *mut c_void, handle: *mut c_void, fd: c_int) -> c_int;
    fn uv_poll_start(
        handle: *mut c_void,
        events: c_int,
        ready: extern "C" fn(*mut c_void, c_int, c_int),
    ) -> c_int;
    fn uv_unref(handle: *mut c_void);
    fn uv_close(handle: *mut c_void, closed: extern "C" fn(*mut c_void));
}

struct Here {
    pump: Pump,
    env: sys::napi_env,
    arrived: sys::napi_ref,
    bytes: Buffer,
    arrivals: Int32Array,
    /// The round's arrivals before they are sorted, and what is to be told after them: kept for their memory.
    found: Vec<(RawFd, Arrival)>,
    tell: Vec<Tell>,
    /// Memory of the loop's handle, freed once the loop has let go of it.
    handle: Box<[u64]>,
    cleanup: sys::napi_async_cleanup_hook_handle,
}

thread_local! {
    static HERE: RefCell<Option<Here>> = const { RefCell::new(None) };
}

/// Starts the calling worker's pump. Arrivals are put into `bytes` (what was read, one socket's after the other) and
/// `arrivals` (pairs: descriptor, then bytes read, 0 for the end, -1 for room to write, -2 for a failed commit of its point
/// statements), then `arrived` is called with
/// their count. Throws the system's message.
#[napi(ts_args_type = "bytes: Buffer, arrivals: Int32Array, arrived: (count: number) => void")]
pub fn pump_start(
    env: Env,
    bytes: Buffer,
    arrivals: Int32Array,
    arrived: napi::Unknown,
) -> Result<()> {
    if arrivals.len() < 2 * ROUND_MAX * ARRIVAL_NUMBERS {
        return Err(Error::from_reason("too little room for arrivals"));
    }
    let mut pump = Pump::new().map_err(|error| Error::from_reason(error.to_string()))?;
    points::with_clients(|clients, _| clients.listen(&mut pump))
        .unwrap_or(Ok(()))
        .map_err(|error| Error::from_reason(error.to_string()))?;
    let event_loop = env.get_uv_event_loop()?.cast::<c_void>();
    let mut reference = ptr::null_mut();
    let mut cleanup = ptr::null_mut();
    // SAFETY: env and the function are the caller's live ones; the handle's memory is as large as libuv asks, aligned,
    // and lives until `closed`.
    let handle = unsafe {
        check_status!(sys::napi_create_reference(
            env.raw(),
            arrived.raw(),
            1,
            &raw mut reference
        ))?;
        let mut handle = vec![0_u64; uv_handle_size(UV_POLL).div_ceil(8)].into_boxed_slice();
        let raw = handle.as_mut_ptr().cast();
        let started = match uv_poll_init(event_loop, raw, pump.descriptor()) {
            0 => uv_poll_start(raw, UV_READABLE, ready),
            failed => failed,
        };
        if started != 0 {
            return Err(Error::from_reason(
                "the event loop does not watch the sockets",
            ));
        }
        // The worker's message port keeps it alive, not its clients.
        uv_unref(raw);
        check_status!(sys::napi_add_async_cleanup_hook(
            env.raw(),
            Some(clean_up),
            ptr::null_mut(),
            &raw mut cleanup
        ))?;
        handle
    };
    HERE.set(Some(Here {
        pump,
        env: env.raw(),
        arrived: reference,
        bytes,
        arrivals,
        found: Vec::new(),
        tell: Vec::new(),
        handle,
        cleanup,
    }));
    Ok(())
}

/// Takes over a descriptor, which is closed with the worker at the latest. It is not read until it is watched.
#[napi(catch_unwind)]
pub fn pump_add(descriptor: i32) -> Result<()> {
    // SAFETY: the acceptor's descriptor came to this worker by its mail, and nobody else has it.
    let socket = unsafe { OwnedFd::from_raw_fd(descriptor) };
    with_pump(|pump| pump.add(socket))?.map_err(|error| Error::from_reason(error.to_string()))
}

/// Says what a socket is watched for: input, room for output.
#[napi(catch_unwind)]
pub fn pump_watch(descriptor: i32, reads: bool, writes: bool) -> Result<()> {
    with_pump(|pump| pump.watch(descriptor, reads, writes))?
        .map_err(|error| Error::from_reason(error.to_string()))
}

/// Gives a descriptor up to the caller.
#[napi(catch_unwind)]
pub fn pump_release(descriptor: i32) -> Result<()> {
    if let Some(socket) = with_pump(|pump| pump.release(descriptor))? {
        let _ = socket.into_raw_fd();
    }
    Ok(())
}

/// Closes a socket.
#[napi(catch_unwind)]
pub fn pump_close(descriptor: i32) -> Result<()> {
    if points::with_clients(|clients, _| clients.must_stay(descriptor)) == Some(true) {
        return Ok(());
    }
    points::with_clients(|clients, worker| clients.detach(worker, descriptor));
    with_pump(|pump| drop(pump.release(descriptor)))
}

fn with_pump<T>(action: impl FnOnce(&mut Pump) -> T) -> Result<T> {
    HERE.with_borrow_mut(|here| {
        let here = here
            .as_mut()
            .ok_or_else(|| Error::from_reason("this thread has no sockets"))?;
        Ok(action(&mut here.pump))
    })
}

/// The event loop found the pump readable.
extern "C" fn ready(_handle: *mut c_void, status: c_int, _events: c_int) {
    if status < 0 {
        return;
    }
    let _ = catch_unwind(AssertUnwindSafe(|| {
        // Who was answered natively may have asked again: that is cheaper to see here than by way of the event loop.
        for _ in 0..ROUNDS_MAX {
            let round = HERE.with_borrow_mut(|here| {
                let here = here.as_mut()?;
                let count = here.round();
                Some((here.env, here.arrived, count, here.found.is_empty()))
            });
            // JavaScript calls back into the pump: nothing is borrowed any more.
            match round {
                Some((env, arrived, count, _)) if count > 0 => return call(env, arrived, count),
                Some((.., false)) => {}
                Some((.., true)) | None => return,
            }
        }
    }));
}

impl Here {
    /// Reads what is there; how many arrivals were noted. Point statements are answered on the way.
    fn round(&mut self) -> u32 {
        // SAFETY: JavaScript is not running, and reads this memory only in the call that follows.
        let (bytes, arrivals) = unsafe { (&mut self.bytes[..], self.arrivals.as_mut()) };
        let found = &mut self.found;
        found.clear();
        self.pump
            .round(bytes, |fd, arrival| found.push((fd, arrival)));
        let mut notes = Notes {
            bytes,
            read: 0,
            kept: 0,
            arrivals,
            count: 0,
        };
        let pump = &mut self.pump;
        let mut tell = std::mem::take(&mut self.tell);
        let served = points::with_clients(|clients, worker| {
            let mut is_rung = false;
            clients.begin_round();
            for (fd, arrival) in found.iter().copied() {
                let is_ours = match arrival {
                    Arrival::Bytes(length) => {
                        let input = notes.next(length);
                        let left = clients.receive(worker, pump, fd, input);
                        notes.keep_last(fd, length, left);
                        true
                    }
                    Arrival::End => clients.ended(fd),
                    Arrival::Writable => clients.writable(worker, pump, fd, &mut tell),
                    Arrival::Bell => {
                        is_rung = true;
                        true
                    }
                    Arrival::Timer => {
                        clients.look_for_overdue(worker, pump, &mut tell);
                        true
                    }
                };
                if !is_ours {
                    notes.note(fd, arrival);
                }
            }
            if is_rung {
                clients.settle(worker, pump, &mut tell);
            }
            clients.end_round(worker, pump, &mut tell);
        });
        if served.is_none() {
            for (fd, arrival) in found.iter().copied() {
                notes.note(fd, arrival);
            }
        }
        for (at, told) in tell.iter().enumerate() {
            if !notes.tell(told) {
                // No room: the rest comes with the next round, which the bell brings.
                tell.drain(..at);
                self.tell = tell;
                points::with_clients(|clients, _| clients.ring());
                return notes.count();
            }
        }
        tell.clear();
        self.tell = tell;
        notes.count()
    }
}

/// A round's arrivals as JavaScript gets them.
struct Notes<'a> {
    bytes: &'a mut [u8],
    /// Up to where the bytes were looked at, and up to where they are JavaScript's.
    read: usize,
    kept: usize,
    arrivals: &'a mut [i32],
    count: usize,
}

impl Notes<'_> {
    fn next(&self, length: usize) -> &[u8] {
        &self.bytes[self.read..self.read + length]
    }

    /// Passes over bytes, the last `left` of which JavaScript gets.
    fn keep_last(&mut self, fd: RawFd, length: usize, left: usize) {
        self.read += length;
        if left > 0 {
            self.bytes
                .copy_within(self.read - left..self.read, self.kept);
            self.kept += left;
            self.put(fd, left as i32);
        }
    }

    fn note(&mut self, fd: RawFd, arrival: Arrival) {
        match arrival {
            Arrival::Bytes(length) => self.keep_last(fd, length, length),
            Arrival::End => self.put(fd, END),
            Arrival::Writable => self.put(fd, WRITABLE),
            Arrival::Bell | Arrival::Timer => {}
        }
    }

    /// After all arrivals; false where there is no room.
    fn tell(&mut self, told: &Tell) -> bool {
        if self.arrivals.len() < (self.count + 1) * ARRIVAL_NUMBERS {
            return false;
        }
        match told {
            Tell::End(fd) => self.put(*fd, END),
            Tell::Failed(fd) => self.put(*fd, FAILED),
            Tell::Bytes(fd, bytes) => {
                let Some(place) = self.bytes.get_mut(self.kept..self.kept + bytes.len()) else {
                    return false;
                };
                place.copy_from_slice(bytes);
                self.kept += bytes.len();
                self.put(*fd, bytes.len() as i32);
            }
        }
        true
    }

    fn put(&mut self, fd: RawFd, what: i32) {
        let at = self.count * ARRIVAL_NUMBERS;
        self.arrivals[at] = fd;
        self.arrivals[at + 1] = what;
        self.count += 1;
    }

    fn count(&self) -> u32 {
        self.count as u32
    }
}

/// Calls JavaScript as the event loop does: what the call throws is an uncaught exception of the worker.
fn call(env: sys::napi_env, arrived: sys::napi_ref, count: u32) {
    let mut scope = ptr::null_mut();
    let (mut function, mut receiver) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: env is the calling thread's own and alive: its cleanup ends the pump first.
    unsafe {
        if sys::napi_open_handle_scope(env, &raw mut scope) != sys::Status::napi_ok {
            return;
        }
        sys::napi_get_reference_value(env, arrived, &raw mut function);
        sys::napi_get_global(env, &raw mut receiver);
        if let Ok(count) = u32::to_napi_value(env, count) {
            let outcome = sys::napi_make_callback(
                env,
                ptr::null_mut(),
                receiver,
                function,
                1,
                &raw const count,
                ptr::null_mut(),
            );
            if outcome == sys::Status::napi_pending_exception {
                let mut thrown = ptr::null_mut();
                sys::napi_get_and_clear_last_exception(env, &raw mut thrown);
                sys::napi_fatal_exception(env, thrown);
            }
        }
        sys::napi_close_handle_scope(env, scope);
    }
}

/// The worker ends: its sockets are closed, then the loop's handle.
unsafe extern "C" fn clean_up(_hook: sys::napi_async_cleanup_hook_handle, _data: *mut c_void) {
    HERE.with_borrow_mut(|here| {
        if let Some(here) = here {
            here.pump.close_all();
            // SAFETY: the handle was started on this thread's loop and is closed once.
            unsafe { uv_close(here.handle.as_mut_ptr().cast(), closed) };
        }
    });
}

extern "C" fn closed(_handle: *mut c_void) {
    let here = HERE.take();
    if let Some(here) = here {
        // SAFETY: the hook is removed once, by whoever it was called for, as Node asks.
        unsafe { sys::napi_remove_async_cleanup_hook(here.cleanup) };
    }
}
