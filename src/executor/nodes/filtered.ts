// The common shape of nodes that take rows from one source, filter them by a qual and project them: the loop between
// source and program, in a synchronous form that turns into a Promise only where something really waits.
import type { Row } from '../../types/value.js';
import { batchBytesMax, batchRowsFirst, batchRowsMax } from '../../base/limits.js';
import { rowBytes } from '../../types/value-size.js';
import type { BatchProgram } from '../expressions/compile.js';
import type { Batch, PlanNode, RunState } from '../state.js';

export abstract class FilteredNode implements PlanNode {
  filtered = 0;
  private batchRows = batchRowsFirst;

  constructor(
    protected readonly x: RunState,
    /** null: rows pass unchanged. */
    private readonly program: BatchProgram | null,
  ) {}

  /** Up to `rowCountMax` candidates; an empty batch means "go on", null the end. */
  protected abstract fetch(rowCountMax: number): Batch | null | Promise<Batch | null>;
  /** Starts the source over. */
  protected abstract restart(): void;
  abstract close(): void;

  next(rowCountMax: number): Batch | null | Promise<Batch | null> {
    const { x, program } = this;
    const wait = x.context.yieldToEventLoop();
    if (wait !== undefined) return wait.then(() => this.waiting(rowCountMax, null));
    for (;;) {
      x.context.checkInterrupts();
      const rows = this.fetch(this.batchSize(rowCountMax));
      if (rows === null) return null;
      if (rows instanceof Promise) return this.waiting(rowCountMax, rows);
      if (rows.length === 0) continue;
      if (program === null) return this.sized(rows);
      if (program.isAsync || program.initParams.length > 0) return this.waiting(rowCountMax, rows);
      const out: Row[] = [];
      this.filtered += program.run(x, rows, out) as number;
      if (out.length > 0) return this.sized(out);
    }
  }

  rescan(): void {
    this.batchRows = batchRowsFirst;
    this.restart();
  }

  private async waiting(rowCountMax: number, first: Batch | null | Promise<Batch | null>): Promise<Batch | null> {
    const { x, program } = this;
    let rows = first === null ? await this.fetch(this.batchSize(rowCountMax)) : await first;
    for (;;) {
      if (rows === null) return null;
      if (rows.length > 0) {
        if (program === null) return this.sized(rows);
        const out: Row[] = [];
        if (program.initParams.length > 0) await x.ensureInit(program.initParams);
        this.filtered += await program.run(x, rows, out);
        if (out.length > 0) return this.sized(out);
      }
      x.context.checkInterrupts();
      await x.context.yieldToEventLoop();
      rows = await this.fetch(this.batchSize(rowCountMax));
    }
  }

  private batchSize(rowCountMax: number): number {
    const size = this.batchRows;
    if (size < batchRowsMax) this.batchRows = size * 2;
    return Math.min(size, rowCountMax);
  }

  /** Wide rows come in small batches. */
  private sized(rows: Batch): Batch {
    const fitting = fittingRows(rows);
    if (fitting < this.batchRows) this.batchRows = fitting;
    return rows;
  }
}

/** Base of nodes written as an async generator of batches: each batch holds at most `this.rowCountMax` rows. */
export abstract class GeneratorNode implements PlanNode {
  protected rowCountMax = 0;
  filtered = 0;
  joinFiltered = 0;
  /** Rows of the next batch at most: few at first, in case they are wide. */
  private batchRows = batchRowsFirst;
  private running: AsyncGenerator<Batch, void, void> | null = null;

  constructor(protected readonly x: RunState) {}

  protected abstract run(): AsyncGenerator<Batch, void, void>;
  /** Rescans the children. */
  protected abstract restart(): void;
  abstract close(): void;

  async next(rowCountMax: number): Promise<Batch | null> {
    this.rowCountMax = Math.min(rowCountMax, this.batchRows);
    if (this.running === null) this.running = this.run();
    const result = await this.running.next();
    if (result.done === true) return null;
    this.batchRows = Math.min(fittingRows(result.value), this.batchRows * 2, batchRowsMax);
    return result.value;
  }

  rescan(): void {
    this.running = null;
    this.restart();
  }

  /** Between batches of a long loop: cancellation and fairness. */
  protected pause(): Promise<void> | undefined {
    this.x.context.checkInterrupts();
    return this.x.context.yieldToEventLoop();
  }
}

/** How many rows like these make a batch of a good size in bytes. Looks at the first and last ones only. */
export function fittingRows(rows: Batch): number {
  const [first] = rows;
  if (first === undefined) return batchRowsMax;
  const bytes = Math.max(rowBytes(first), rowBytes(rows[rows.length - 1] as Row));
  return bytes * batchRowsMax <= batchBytesMax ? batchRowsMax : Math.max(1, Math.floor(batchBytesMax / bytes));
}

/** Rows of a child one at a time, fetched in batches. */
export class RowReader {
  private batch: Batch | null = null;
  private at = 0;
  private ended = false;

  constructor(
    private readonly child: PlanNode,
    private readonly rowCountMax = batchRowsMax,
  ) {}

  /** The next row, null at the end; undefined where `fill` must be awaited first. */
  take(): Row | null | undefined {
    const { batch } = this;
    if (batch !== null && this.at < batch.length) {
      const row = batch[this.at] as Row;
      this.at += 1;
      return row;
    }
    return this.ended ? null : undefined;
  }

  async fill(): Promise<void> {
    const batch = await this.child.next(this.rowCountMax);
    this.batch = batch;
    this.at = 0;
    if (batch === null) this.ended = true;
  }

  /** take, awaiting where needed. */
  async read(): Promise<Row | null> {
    for (;;) {
      const row = this.take();
      if (row !== undefined) return row;
      await this.fill();
    }
  }

  reset(): void {
    this.batch = null;
    this.at = 0;
    this.ended = false;
  }
}

/** Calls a node's `next` until its end. */
export async function drain(node: PlanNode, visit: (batch: Batch) => void | Promise<void>): Promise<void> {
  for (let batch = await node.next(batchRowsMax); batch !== null; batch = await node.next(batchRowsMax)) {
    const wait = visit(batch);
    if (wait !== undefined) await wait;
  }
}
