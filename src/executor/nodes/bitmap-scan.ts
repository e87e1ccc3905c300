// BitmapHeapScan over BitmapIndexScan, BitmapAnd, BitmapOr: rowids from several indexes, combined as sets, then the rows
// in rowid order.
import type { BitmapAnd, BitmapHeapScan, BitmapIndexScan, BitmapOr } from '../../trees/plan.js';
import { batchRowsMax } from '../../base/limits.js';
import type { Batch, RunState } from '../state.js';
import { tidFromRowId } from '../../storage/ctid.js';
import { noteRun } from '../instrumentation.js';
import { openIndex } from '../tables.js';
import { type RangeProgram, compileRanges, keyRanges } from './index-ranges.js';
import { indexColumnResolver, indexOf } from './index-scan.js';
import { RelationScanNode, compileScan, scannedRelation } from './relation-scan.js';

type BitmapPlan = BitmapIndexScan | BitmapAnd | BitmapOr;

export class BitmapHeapScanNode extends RelationScanNode {
  private rowids: readonly number[] | null = null;
  private at = 0;
  /** Pages visited, counted for EXPLAIN ANALYZE only. */
  private pages = 0;

  constructor(
    x: RunState,
    private readonly heapPlan: BitmapHeapScan,
  ) {
    super(
      x,
      heapPlan,
      x.unit.cached(heapPlan, () => compileHeapScan(x, heapPlan)),
    );
  }

  protected fetchStored(rowCountMax: number): Batch | null | Promise<Batch | null> {
    return this.rowids === null ? this.collect(rowCountMax) : this.slice(this.rowids, rowCountMax);
  }

  private async collect(rowCountMax: number): Promise<Batch | null> {
    const set = await collectRowIds(this.x, this.heapPlan.outer);
    this.rowids = Array.from(set).sort((a, b) => a - b);
    if (this.x.context.instrument) this.pages += pagesOf(this.rowids);
    this.at = 0;
    return this.slice(this.rowids, rowCountMax);
  }

  private slice(rowids: readonly number[], rowCountMax: number): Batch | null {
    if (this.at >= rowids.length) return null;
    const wanted = rowids.slice(this.at, this.at + rowCountMax);
    this.at += wanted.length;
    this.counts.tuplesFetched += wanted.length;
    return this.storedRows(this.table.getMany(this.x.context.view, wanted, this.scan.attributes));
  }

  protected restartStored(): void {
    this.rowids = null;
  }

  close(): void {
    this.rowids = null;
  }

  extra(): Record<string, string | number> {
    return { 'Exact Heap Blocks': this.pages, 'Lossy Heap Blocks': 0 };
  }
}

/** Pages that ascending rowids lie on. */
function pagesOf(rowids: readonly number[]): number {
  let count = 0;
  let last = -1;
  for (const rowid of rowids) {
    const { block } = tidFromRowId(rowid);
    if (block === last) continue;
    last = block;
    count += 1;
  }
  return count;
}

function compileHeapScan(x: RunState, plan: BitmapHeapScan) {
  const indexScans = bitmapLeaves(plan.outer);
  const relation = scannedRelation(x.unit, plan.scanRtIndex);
  // Conditions that no key range enforces are part of the recheck, which then can't be skipped.
  const isExact = indexScans.every((leaf) => rangesOf(x, leaf).leftOver.length === 0);
  const [first] = indexScans;
  const index = first === undefined ? null : indexOf(relation, first.index);
  return compileScan(x.unit, plan, {
    recheck: plan.recheckQual,
    extraQuals: isExact ? [] : plan.recheckQual,
    ...(index === null ? {} : { indexVar: indexColumnResolver(relation, index, plan.scanRtIndex) }),
  });
}

function bitmapLeaves(plan: BitmapPlan): readonly BitmapIndexScan[] {
  return plan.kind === 'BitmapIndexScan' ? [plan] : plan.children.flatMap(bitmapLeaves);
}

function rangesOf(x: RunState, plan: BitmapIndexScan): RangeProgram {
  return x.unit.cached(plan, () => {
    const relation = scannedRelation(x.unit, plan.scanRtIndex);
    return compileRanges(x.unit, indexOf(relation, plan.index), plan.indexQuals);
  });
}

async function collectRowIds(x: RunState, plan: BitmapPlan): Promise<Set<number>> {
  if (!x.context.instrument) return collected(x, plan);
  const started = performance.now();
  const rowids = await collected(x, plan);
  noteRun(plan, x, plan.kind === 'BitmapIndexScan' ? rowids.size : 0, performance.now() - started);
  return rowids;
}

async function collected(x: RunState, plan: BitmapPlan): Promise<Set<number>> {
  if (plan.kind === 'BitmapIndexScan') return scanIndex(x, plan);
  const [first, ...rest] = plan.children;
  let result = first === undefined ? new Set<number>() : await collectRowIds(x, first);
  for (const child of rest) {
    const other = await collectRowIds(x, child);
    if (plan.kind === 'BitmapOr') for (const rowid of other) result.add(rowid);
    else result = new Set([...result].filter((rowid) => other.has(rowid)));
  }
  return result;
}

async function scanIndex(x: RunState, plan: BitmapIndexScan): Promise<Set<number>> {
  const program = rangesOf(x, plan);
  await x.ensureInit(program.values.initParams);
  const ranges = keyRanges(program, await program.values.run(x, null), x);
  const index = openIndex(x.context, indexOf(scannedRelation(x.unit, plan.scanRtIndex), plan.index));
  const rowids = new Set<number>();
  const counts = x.context.transaction.statistics.of(plan.index);
  for (const range of ranges) {
    counts.scanned();
    const cursor = index.scan(x.context.view, range, 'forward');
    for (let batch = cursor.next(batchRowsMax); batch.rowids.length > 0; batch = cursor.next(batchRowsMax)) {
      counts.tuplesReturned += batch.rowids.length;
      for (const rowid of batch.rowids) rowids.add(rowid);
      x.context.checkInterrupts();
      await x.context.yieldToEventLoop();
    }
    cursor.close();
  }
  return rowids;
}
