//! The threads that pipelines run on: as many as the machine has cores, started with the first job.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, OnceLock};

use helios_base::sync::{lock, wait};
use helios_base::{Error, Result};

type Job = Box<dyn FnOnce() + Send>;

struct Pool {
    jobs: Mutex<VecDeque<Job>>,
    arrived: Condvar,
    threads: usize,
}

static POOL: OnceLock<Pool> = OnceLock::new();

/// Threads that there are, or will be once they are needed.
pub fn thread_count() -> usize {
    std::thread::available_parallelism().map_or(1, |count| count.get())
}

/// Runs a job on one of the threads, soon. A job that panics takes nothing else with it.
pub fn submit(job: Job) -> Result<()> {
    let pool = started()?;
    lock(&pool.jobs).push_back(job);
    pool.arrived.notify_one();
    Ok(())
}

fn started() -> Result<&'static Pool> {
    let mut is_new = false;
    let pool = POOL.get_or_init(|| {
        is_new = true;
        Pool {
            jobs: Mutex::default(),
            arrived: Condvar::new(),
            threads: thread_count(),
        }
    });
    if is_new {
        for _ in 0..pool.threads {
            std::thread::Builder::new()
                .name("helios-pipeline".into())
                .spawn(|| work(pool))
                .map_err(|error| Error::io("could not start a thread of the pipelines", &error))?;
        }
    }
    Ok(pool)
}

/// The threads live as long as the process.
fn work(pool: &Pool) {
    loop {
        let mut jobs = lock(&pool.jobs);
        let job = loop {
            match jobs.pop_front() {
                Some(job) => break job,
                None => jobs = wait(&pool.arrived, jobs),
            }
        };
        drop(jobs);
        // What it was about has learned of it: see `run`.
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}
