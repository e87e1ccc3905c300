// Native pipelines under way: started on the addon's threads, which tell this one when they have ended.
import { addon } from '../base/addon.js';
import type { TypeLookup } from '../types/type-behaviour.js';
import type { Row } from '../types/value.js';
import type { PipelineAnswer, PipelineOptions, PipelineRun, ReadView, RelationFile } from './api.js';
import { filling } from './exchange.js';
import { native } from './native-error.js';
import type { PipelineProgram } from './pipeline-program.js';
import { makeRowDecoder, type RowDecoder } from './row-decoder.js';
import { storedAttributes } from './row-layout.js';
import { snapshotHandle, transactionHandle } from './store-transaction.js';

/** Who waits for this thread's runs, by number. */
const waiting = new Map<number, () => void>();

/** Lets the calling thread start pipelines. */
export function attachPipelines(): void {
  native(() =>
    addon.pipelineAttach((number) => {
      waiting.get(number)?.();
    }),
  );
}

/** `Store.pipeline` over the addon. */
export function startPipeline(
  view: ReadView,
  file: RelationFile,
  program: PipelineProgram,
  options: PipelineOptions,
): PipelineRun | null {
  if (file.temporaryOwner !== 0) return null;
  const number = native(() =>
    addon.pipelineStart(
      snapshotHandle(view),
      transactionHandle(view),
      view.command,
      file.database,
      file.filenode,
      options.from ?? 0,
      JSON.stringify(program),
      options.threadCount,
      options.memoryBytes,
    ),
  );
  return number === 0 ? null : new NativePipelineRun(number, options);
}

class NativePipelineRun implements PipelineRun {
  readonly ended: Promise<void>;
  private hasEnded = false;
  private isClosed = false;

  constructor(
    private readonly number: number,
    private readonly options: PipelineOptions,
  ) {
    this.ended = new Promise((resolve) => {
      waiting.set(number, () => {
        waiting.delete(number);
        this.hasEnded = true;
        if (this.isClosed) addon.pipelineClose(number);
        resolve();
      });
    });
  }

  answer(): PipelineAnswer | null {
    const outcome = native(() => addon.pipelineOutcome(this.number));
    if (outcome.declined !== undefined) return null;
    const { rowCount, readCount, passedCount, threadCount } = outcome;
    return { rowCount, readCount, passedCount, threadCount, batches: (count) => this.batches(rowCount, count) };
  }

  private *batches(rowCount: number, rowCountMax: number): Generator<Row[], void, void> {
    const { types, resultTypes } = this.options;
    const decoder = answerDecoder(resultTypes, types);
    for (let from = 0; from < rowCount; ) {
      const at = from;
      const count = native(() => filling(() => addon.pipelineRows(this.number, at, rowCountMax)));
      yield decoder.decode(count);
      from += count;
    }
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    if (this.hasEnded) addon.pipelineClose(this.number);
    else addon.pipelineCancel(this.number);
  }
}

function answerDecoder(resultTypes: PipelineOptions['resultTypes'], types: TypeLookup): RowDecoder {
  const attributes = storedAttributes({ attributes: resultTypes.map((type) => ({ type, missing: null })) }, types);
  return makeRowDecoder(attributes, [...attributes.keys()], types);
}
