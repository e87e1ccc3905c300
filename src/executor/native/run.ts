// One run of a native pipeline: whether it may be, its wait, its answer.
import type { RelationDescriptor } from '../../catalog/descriptors.js';
import type { PipelineAnswer, PipelineRun } from '../../storage/api.js';
import type { PipelineProgram } from '../../storage/pipeline-program.js';
import type { TypeDescriptor } from '../../types/type-descriptor.js';
import type { RunState } from '../state.js';

/** Below this a table is read sooner than threads are woken. */
const pagesMin = 128;
/** Milliseconds between two looks for cancellation and timeouts while a pipeline runs. */
const interruptEveryMs = 10;

/** What plans remember of their pipelines: a value that turned up once will turn up again. */
export interface Attempts {
  wasDeclined: boolean;
}

export interface Answered {
  readonly answer: PipelineAnswer;
  close(): void;
}

/** A scan of the relation may run as a pipeline; `passedPages` have been read already. */
export function mayRunNatively(x: RunState, relation: RelationDescriptor, passedPages = 0): boolean {
  const { context } = x;
  if (context.pipelines.mode === 'off' || context.store.pipeline === undefined) return false;
  if (x.evalPlanQual !== null || x.scannedRowIds !== null) return false;
  if (relation.kind !== 'r' && relation.kind !== 'm') return false;
  return context.pipelines.mode === 'force' || context.store.pages(relation.file) - passedPages >= pagesMin;
}

/** Runs it; null where it declines. Throws 57014 and the like while it waits. */
export async function runPipeline(
  x: RunState,
  relation: RelationDescriptor,
  program: PipelineProgram,
  options: { readonly resultTypes: readonly TypeDescriptor[]; readonly from?: number; readonly attempts: Attempts },
): Promise<Answered | null> {
  const { context } = x;
  const run = context.store.pipeline?.(context.view, relation.file, program, {
    threadCount: context.pipelines.threadCount,
    // hash_mem_multiplier's default gives hash tables twice work_mem.
    memoryBytes: 2 * context.workMemBytes,
    resultTypes: options.resultTypes,
    types: x.unit.catalog,
    ...(options.from === undefined ? {} : { from: options.from }),
  });
  if (run === undefined || run === null) return null;
  const answer = await ended(x, run);
  if (answer === null) {
    options.attempts.wasDeclined = true;
    run.close();
    return null;
  }
  context.transaction.statistics.of(relation.oid).tuplesReturned += answer.readCount;
  return { answer, close: () => run.close() };
}

async function ended(x: RunState, run: PipelineRun): Promise<PipelineAnswer | null> {
  let isOver = false;
  const over = run.ended.then(() => {
    isOver = true;
  });
  try {
    while (!isOver) {
      await Promise.race([over, pause()]);
      x.context.checkInterrupts();
    }
    return run.answer();
  } catch (error) {
    run.close();
    throw error;
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, interruptEveryMs);
  });
}
