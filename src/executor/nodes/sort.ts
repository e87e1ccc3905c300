// Sort: in memory up to work_mem, then an external merge of sorted runs; under a Limit only the top rows are kept.
// IncrementalSort: input sorted by leading keys already is sorted group by group.
import { batchRowsMax } from '../../base/limits.js';
import type { IncrementalSort, Sort } from '../../trees/plan.js';
import type { Row } from '../../types/value.js';
import { buildNode } from '../build-node.js';
import { type RowComparator, rowComparator } from '../row-order.js';
import { BoundedHeap, quicksort } from '../quicksort.js';
import { rowBytes } from '../../types/value-size.js';
import { TemporaryFile } from '../spill/temporary-file.js';
import type { ExecutionContext } from '../api.js';
import type { Batch, PlanNode, RunState } from '../state.js';
import { GeneratorNode, RowReader } from './filtered.js';

/** Runs that are merged at a time: as many as their batches in hand fit into this, within bounds. */
const mergeBytesMax = 32 * 1024 * 1024;
const mergeRunsMin = 6;
const mergeRunsMax = 500;

export class SortNode extends GeneratorNode {
  private readonly child: PlanNode;
  private readonly sorter: Sorter;

  constructor(
    x: RunState,
    private readonly plan: Sort,
  ) {
    super(x);
    this.child = buildNode(plan.outer, x);
    this.sorter = new Sorter(rowComparator(x, plan.keys, plan.outer.targetList), x.context);
    this.version = x.versionOf(plan.outer.externParams);
  }

  private sorted = false;
  private version: number;

  /** Tells that no more than this many rows will be read: a Limit's bound. */
  setBound(rowCount: number): void {
    if (this.sorter.bound !== rowCount && this.sorted) {
      this.sorter.clear();
      this.sorted = false;
      this.child.rescan();
    }
    this.sorter.bound = rowCount;
  }

  protected async *run(): AsyncGenerator<Batch, void, void> {
    if (!this.sorted) {
      for (
        let batch = await this.child.next(batchRowsMax);
        batch !== null;
        batch = await this.child.next(batchRowsMax)
      ) {
        this.sorter.addAll(batch);
        await this.pause();
      }
      this.sorter.finish();
      this.sorted = true;
    }
    yield* this.sorter.batches(() => this.rowCountMax);
  }

  protected restart(): void {
    // Sorted rows can be read again unless the input depends on something that changed.
    const version = this.x.versionOf(this.plan.outer.externParams);
    if (version === this.version && this.sorted) return;
    this.version = version;
    this.sorter.clear();
    this.sorted = false;
    this.child.rescan();
  }

  close(): void {
    this.sorter.clear();
    this.child.close();
  }

  extra(): Record<string, string | number> {
    return this.sorter.facts();
  }
}

export class IncrementalSortNode extends GeneratorNode {
  private readonly child: PlanNode;
  private readonly sorter: Sorter;
  private readonly samePrefix: RowComparator;

  constructor(x: RunState, plan: IncrementalSort) {
    super(x);
    this.child = buildNode(plan.outer, x);
    this.samePrefix = rowComparator(x, plan.keys.slice(0, plan.presortedCount), plan.outer.targetList);
    this.sorter = new Sorter(rowComparator(x, plan.keys, plan.outer.targetList), x.context);
  }

  protected async *run(): AsyncGenerator<Batch, void, void> {
    const reader = new RowReader(this.child, 256);
    let first = await reader.read();
    while (first !== null) {
      this.sorter.clear();
      let row: Row | null = first;
      while (row !== null && this.samePrefix(first, row) === 0) {
        this.sorter.add(row);
        const next = reader.take();
        row = next === undefined ? await reader.read() : next;
      }
      this.sorter.finish();
      await this.pause();
      yield* this.sorter.batches(() => this.rowCountMax);
      first = row;
    }
  }

  protected restart(): void {
    this.sorter.clear();
    this.child.rescan();
  }

  close(): void {
    this.sorter.clear();
    this.child.close();
  }
}

/** Collects rows and gives them back in order. */
export class Sorter {
  /** Only the first rows are wanted. */
  bound: number | null = null;
  private rows: Row[] = [];
  private bytes = 0;
  private peakBytes = 0;
  private runs: TemporaryFile[] = [];
  private heap: BoundedHeap<Row> | null = null;
  private known: Record<string, string | number> | null = null;

  constructor(
    private readonly compare: RowComparator,
    private readonly context: Pick<ExecutionContext, 'workMemBytes' | 'transaction'>,
  ) {}

  addAll(batch: readonly Row[]): void {
    for (const row of batch) this.add(row);
  }

  add(row: Row): void {
    if (this.heap !== null) {
      this.heap.add(row);
      return;
    }
    this.rows.push(row);
    this.bytes += rowBytes(row);
    const { bound } = this;
    const isFull = this.bytes > this.context.workMemBytes;
    // A bound that memory has no room for is of no use: everything is sorted then.
    if (bound !== null && this.runs.length === 0 && this.rows.length > (isFull ? bound : 2 * bound)) {
      this.startHeap(bound);
    } else if (isFull) this.spill();
  }

  private startHeap(bound: number): void {
    const heap = new BoundedHeap(bound, this.compare);
    for (const row of this.rows) heap.add(row);
    this.heap = heap;
    this.rows = [];
  }

  private spill(): void {
    quicksort(this.rows, this.compare);
    const run = new TemporaryFile(this.context.transaction.statistics);
    this.runs.push(run);
    run.writeAll(this.rows);
    this.peakBytes = Math.max(this.peakBytes, this.bytes);
    this.rows = [];
    this.bytes = 0;
    if (this.runs.length >= mergeRunsMax) this.runs = [this.mergedRun(this.runs)];
  }

  /** One run of several: equal rows stay in the order of their runs. */
  private mergedRun(merged: readonly TemporaryFile[]): TemporaryFile {
    const run = new TemporaryFile(this.context.transaction.statistics);
    let rows: Row[] = [];
    let bytes = 0;
    for (const row of this.inOrder(merged.map(runRows))) {
      rows.push(row);
      bytes += rowBytes(row);
      if (bytes < this.context.workMemBytes) continue;
      run.writeAll(rows);
      rows = [];
      bytes = 0;
    }
    run.writeAll(rows);
    for (const each of merged) each.close();
    return run;
  }

  finish(): void {
    const batchBytes = this.runs.reduce((most, run) => Math.max(most, run.batchBytes), 1);
    const together = Math.max(mergeRunsMin, Math.floor(mergeBytesMax / batchBytes));
    while (this.runs.length > together) {
      const runs = this.runs.splice(0);
      while (runs.length > 0) this.runs.push(this.mergedRun(runs.splice(0, together)));
    }
    if (this.heap === null) quicksort(this.rows, this.compare);
    else this.rows = this.heap.sorted();
    if (this.bound !== null && this.rows.length > this.bound) this.rows.length = this.bound;
    this.peakBytes = Math.max(this.peakBytes, this.bytes);
    this.known = this.described();
  }

  *batches(rowCountMax: () => number): Generator<Batch, void, void> {
    if (this.runs.length > 0) {
      yield* this.merged(rowCountMax);
      return;
    }
    for (let at = 0; at < this.rows.length; ) {
      const batch = this.rows.slice(at, at + rowCountMax());
      at += batch.length;
      yield batch;
    }
  }

  /** Merges the runs and what is left in memory; earlier runs win ties. */
  private *merged(rowCountMax: () => number): Generator<Batch, void, void> {
    let out: Batch = [];
    for (const row of this.inOrder([...this.runs.map(runRows), this.rows[Symbol.iterator]()])) {
      out.push(row);
      if (out.length < rowCountMax()) continue;
      yield out;
      out = [];
    }
    if (out.length > 0) yield out;
  }

  private *inOrder(sources: readonly Iterator<Row>[]): Generator<Row, void, void> {
    const heads = sources.map((source) => source.next());
    const heap = new MergeHeap(
      sources.map((_, n) => n).filter((n) => heads[n]?.done !== true),
      (a, b) => this.compare(heads[a]?.value as Row, heads[b]?.value as Row) || a - b,
    );
    for (let source = heap.top(); source !== undefined; source = heap.top()) {
      yield heads[source]?.value as Row;
      const next = (sources[source] as Iterator<Row>).next();
      heads[source] = next as IteratorResult<Row, undefined>;
      if (next.done === true) heap.pop();
      else heap.sink();
    }
  }

  clear(): void {
    for (const run of this.runs) run.close();
    this.runs = [];
    this.heap = null;
    this.rows = [];
    this.bytes = 0;
  }

  /** What EXPLAIN ANALYZE says of the last sort. */
  facts(): Record<string, string | number> {
    return this.known ?? {};
  }

  private described(): Record<string, string | number> {
    if (this.runs.length > 0) {
      const bytes = this.runs.reduce((sum, run) => sum + run.bytes, 0);
      return { 'Sort Method': 'external merge', 'Sort Space Used': Math.ceil(bytes / 1024), 'Sort Space Type': 'Disk' };
    }
    const method = this.heap !== null ? 'top-N heapsort' : 'quicksort';
    const bytes = this.heap !== null ? this.rows.reduce((sum, row) => sum + rowBytes(row), 0) : this.peakBytes;
    return {
      'Sort Method': method,
      'Sort Space Used': Math.max(25, Math.ceil(bytes / 1024)),
      'Sort Space Type': 'Memory',
    };
  }
}

function* runRows(run: TemporaryFile): Generator<Row, undefined, void> {
  for (let n = 0; n < run.batchCount; n++) yield* run.read(n);
  return undefined;
}

/** A binary heap of source numbers, smallest on top. */
class MergeHeap {
  constructor(
    private readonly items: number[],
    private readonly compare: (a: number, b: number) => number,
  ) {
    for (let n = (items.length >> 1) - 1; n >= 0; n--) this.sinkAt(n);
  }

  top(): number | undefined {
    return this.items[0];
  }

  pop(): void {
    const last = this.items.pop();
    if (last === undefined || this.items.length === 0) return;
    this.items[0] = last;
    this.sinkAt(0);
  }

  /** Restores the order after the top's row changed. */
  sink(): void {
    this.sinkAt(0);
  }

  private sinkAt(start: number): void {
    const { items, compare } = this;
    for (let at = start; ; ) {
      const left = 2 * at + 1;
      const right = left + 1;
      let least = at;
      if (left < items.length && compare(items[left] as number, items[least] as number) < 0) least = left;
      if (right < items.length && compare(items[right] as number, items[least] as number) < 0) least = right;
      if (least === at) return;
      [items[at], items[least]] = [items[least] as number, items[at] as number];
      at = least;
    }
  }
}
