// SeqScan with a filter that few rows pass: a pipeline looks for them and tells their rowids, the node fetches them. The node
// has read the table's beginning by itself: who wants a few rows only has them by then.
import type { RelationDescriptor } from '../../catalog/descriptors.js';
import type { SeqScan } from '../../trees/plan.js';
import type { RunState } from '../state.js';
import { execParams, ProgramWriter } from './expression.js';
import { type Attempts, mayRunNatively, runPipeline } from './run.js';

const float8 = 701;

/** The rows from a rowid on that pass a scan's filter. */
export interface FoundRows {
  readonly filteredCount: number;
  readonly threadCount: number;
  /** Up to so many further rowids; null at the end. */
  next(rowCountMax: number): readonly number[] | null;
  close(): void;
}

/** Looks for them; null where the scan must go on by itself. Throws 57014 and the like while it waits. */
export async function findRows(
  x: RunState,
  plan: SeqScan,
  relation: RelationDescriptor,
  from: number,
): Promise<FoundRows | null> {
  const attempts = x.unit.cached<Attempts>(plan.qual, () => ({ wasDeclined: false }));
  if (attempts.wasDeclined || !mayRunNatively(x, relation, Math.floor(from / 512))) return null;
  const wait = x.ensureInit(execParams(plan.qual));
  if (wait !== undefined) await wait;
  const writer = new ProgramWriter(x, relation, plan);
  const filter = writer.all(plan.qual, plan);
  if (filter === null) return null;
  const program = { columns: writer.columns, filter, keys: [], aggregates: [], rowids: true };
  const resultTypes = [x.unit.catalog.typeByOid(float8)];
  const found = await runPipeline(x, relation, program, { resultTypes, from, attempts });
  if (found === null) return null;
  const { answer, close } = found;
  const batches = answer.batches(4096)[Symbol.iterator]();
  let batch: readonly number[] = [];
  let at = 0;
  return {
    filteredCount: answer.readCount - answer.passedCount,
    threadCount: answer.threadCount,
    next(rowCountMax) {
      if (at === batch.length) {
        const step = batches.next();
        if (step.done === true) return null;
        batch = step.value.map(([rowid]) => rowid as number);
        at = 0;
      }
      const part = batch.slice(at, at + rowCountMax);
      at += part.length;
      return part;
    },
    close,
  };
}
