//! Native pipelines: started here, run on threads of their own, told of through the thread's callback, read in batches.

use std::sync::Arc;

use helios_base::Error;
use helios_base::slab::Slab;
use helios_kernels::halt::Halt;
use helios_kernels::output::{Written, write};
use helios_pipelines::program::Program;
use helios_pipelines::run::{Answer, Options, Run, thread_count};
use helios_store::key::FileId;
use helios_store::worker::View;
use napi::bindgen_prelude::Function;
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;

use crate::store::{Result, with};

/// Those of one thread.
pub(crate) struct Pipelines {
    runs: Slab<Pipeline>,
    /// Tells the thread that one of its runs has ended.
    done: Option<Arc<dyn Fn(u32) + Send + Sync>>,
}

impl Default for Pipelines {
    fn default() -> Pipelines {
        Pipelines {
            runs: Slab::new("pipeline"),
            done: None,
        }
    }
}

#[derive(Default)]
struct Pipeline {
    run: Option<Run>,
    answer: Option<Answer>,
}

/// What became of a run.
#[napi(object)]
pub struct PipelineOutcome {
    /// Why the executor's nodes must do it; then nothing else counts.
    pub declined: Option<String>,
    pub row_count: f64,
    /// Rows that were read, and those among them that passed the filter.
    pub read_count: f64,
    pub passed_count: f64,
    pub thread_count: u32,
}

/// `on_done` is called with the number of each of this thread's runs that has ended.
#[napi]
pub fn pipeline_attach(on_done: Function<u32, ()>) -> Result<()> {
    let wake = on_done
        .build_threadsafe_function::<u32>()
        .callee_handled::<false>()
        .weak::<true>()
        .build()
        .map_err(|error| napi::Error::new("XX000".to_string(), error.reason.clone()))?;
    with(|here| {
        here.pipelines.done = Some(Arc::new(move |run| {
            wake.call(run, ThreadsafeFunctionCallMode::NonBlocking);
        }));
        Ok(())
    })
}

/// Starts a program over a permanent table, from a rowid on; its number, 0 where it is not for pipelines. `memory_bytes`: what each
/// thread's groups may take up.
#[napi]
#[allow(clippy::too_many_arguments)]
pub fn pipeline_start(
    snapshot: u32,
    transaction: u32,
    command: u32,
    database: u32,
    filenode: u32,
    from: f64,
    program: String,
    threads: u32,
    memory_bytes: f64,
) -> Result<u32> {
    with(|here| {
        let view = View {
            snapshot,
            transaction,
            command,
        };
        let file = FileId::permanent(database, filenode);
        let Some(program) = Program::parse(&program)? else {
            return Ok(0);
        };
        let pages = u64::from(here.worker.pages(file)?);
        let rest = pages.saturating_sub(from as u64 >> 9);
        let threads = thread_count(rest, threads as usize);
        let Some(views) = here.worker.detach(view, file, threads)? else {
            return Ok(0);
        };
        let done = here.pipelines.done.clone();
        let done = done.ok_or_else(|| Error::internal("nobody waits for pipelines here"))?;
        let number = here.pipelines.runs.insert(Pipeline::default());
        let options = Options {
            pages,
            from: from as u64,
            memory_bytes: memory_bytes as usize,
        };
        let run = Run::start(program, views, &options, Box::new(move || done(number)))?;
        here.pipelines.runs.get_mut(number)?.run = Some(run);
        Ok(number)
    })
}

/// The outcome of a run that has ended; throws where it failed.
#[napi]
pub fn pipeline_outcome(number: u32) -> Result<PipelineOutcome> {
    with(|here| {
        let pipeline = here.pipelines.runs.get_mut(number)?;
        let ended = pipeline.run.as_ref().and_then(Run::take);
        let declined = |why: &str| PipelineOutcome {
            declined: Some(why.to_string()),
            row_count: 0.0,
            read_count: 0.0,
            passed_count: 0.0,
            thread_count: 0,
        };
        match ended {
            None => Err(Error::internal("the pipeline is still running")),
            Some(Err(Halt::Failed(error))) => Err(error),
            Some(Err(Halt::Declined(why))) => Ok(declined(why)),
            Some(Err(Halt::Canceled)) => Ok(declined("canceled")),
            Some(Ok(answer)) => {
                let outcome = PipelineOutcome {
                    declined: None,
                    row_count: answer.order.len() as f64,
                    read_count: answer.read as f64,
                    passed_count: answer.passed as f64,
                    thread_count: answer.threads as u32,
                };
                pipeline.answer = Some(answer);
                Ok(outcome)
            }
        }
    })
}

/// Leaves a batch of the result rows from the one with this number on in the read buffer; how many.
#[napi]
pub fn pipeline_rows(number: u32, from: u32, count: u32) -> Result<i64> {
    with(|here| {
        let out = here.read_buffer();
        let pipeline = here.pipelines.runs.get_mut(number)?;
        let Some(answer) = &pipeline.answer else {
            return Err(Error::internal("the pipeline has no answer"));
        };
        let rest = answer.order.get(from as usize..).unwrap_or_default();
        let rows = &rest[..rest.len().min(count as usize)];
        Ok(match write(&answer.columns, rows, out) {
            Written::Count(count) => count as i64,
            Written::Grow(bytes) => -(bytes as i64),
        })
    })
}

/// Asks a run to end soon.
#[napi]
pub fn pipeline_cancel(number: u32) -> Result<()> {
    with(|here| {
        if let Some(run) = &here.pipelines.runs.get_mut(number)?.run {
            run.cancel();
        }
        Ok(())
    })
}

/// Forgets a run that has ended, and its answer.
#[napi]
pub fn pipeline_close(number: u32) -> Result<()> {
    with(|here| {
        here.pipelines.runs.remove(number);
        Ok(())
    })
}
