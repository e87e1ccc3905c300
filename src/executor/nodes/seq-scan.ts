// SeqScan: all rows of a table in rowid order, decoding only the attributes that the plan reads. A small table that is
// scanned again and again (the inner side of a correlated subquery) is read once: its rows stay at hand.
import type { TableBatch, TableCursor } from '../../storage/api.js';
import type { SeqScan } from '../../trees/plan.js';
import type { Row } from '../../types/value.js';
import { rowBytes } from '../../types/value-size.js';
import { type FoundRows, findRows } from '../native/filter-scan.js';
import type { Batch, RunState } from '../state.js';
import { RelationScanNode, compileScan } from './relation-scan.js';

/** Rows and bytes of a small table. */
const keptRowsMax = 512;
const keptBytesMax = 256 * 1024;
/** Rows that a filtered scan reads by itself before a pipeline looks for the rest. */
const ownRowsMax = 8192;

export class SeqScanNode extends RelationScanNode {
  private cursor: TableCursor | null = null;
  private sequenceTaken = false;
  /** Rows of this scan so far, gathered from the second scan on; null where they aren't (or are too many). */
  private gathered: Row[] | null = null;
  private gatheredBytes = 0;
  private mayGather = true;
  /** All rows of the table: what the statement sees of it doesn't change. */
  private kept: readonly Row[] | null = null;
  private keptAt = 0;
  /** Rows that the cursor has given. */
  private ownRows = 0;
  /** What a pipeline has found beyond them. */
  private found: FoundRows | null = null;
  private nativeThreads = 0;

  constructor(
    x: RunState,
    private readonly seqScan: SeqScan,
  ) {
    const plan = seqScan;
    super(
      x,
      plan,
      x.unit.cached(plan, () => compileScan(x.unit, plan)),
    );
  }

  protected fetchStored(rowCountMax: number): Batch | null | Promise<Batch | null> {
    if (this.scan.relation.kind === 'S') return this.sequenceRow();
    if (this.kept !== null) return this.keptRows(this.kept, rowCountMax);
    if (this.found !== null) return this.foundRows(this.found, rowCountMax);
    this.cursor ??= this.open();
    const batch = this.cursor.next(rowCountMax);
    this.counts.tuplesReturned += batch.rowCount;
    const before = this.ownRows;
    this.ownRows += batch.rowCount;
    if (before < ownRowsMax && this.ownRows >= ownRowsMax && this.seqScan.qual.length > 0)
      return this.withPipeline(batch);
    if (batch.rowCount === 0) {
      this.kept = this.gathered;
      this.keptAt = this.kept?.length ?? 0;
      return null;
    }
    const rows = this.scanRows(batch);
    if (this.gathered !== null) this.gather(this.gathered, rows);
    return rows;
  }

  /** The batch in hand; from now on the rows that a pipeline finds, where it can. */
  private async withPipeline(batch: TableBatch): Promise<Batch> {
    const from = (batch.rowids[batch.rowCount - 1] as number) + 1;
    const rows = this.scanRows(batch);
    this.found = await findRows(this.x, this.seqScan, this.scan.relation, from);
    if (this.found === null) return rows;
    this.filtered += this.found.filteredCount;
    this.nativeThreads = this.found.threadCount;
    this.cursor?.close();
    this.cursor = null;
    return rows;
  }

  private foundRows(found: FoundRows, rowCountMax: number): Batch | null {
    const rowids = found.next(rowCountMax);
    if (rowids === null) return null;
    return this.storedRows(this.table.getMany(this.x.context.view, rowids, this.scan.attributes));
  }

  private gather(gathered: Row[], rows: Batch): void {
    for (const row of rows) {
      gathered.push(row);
      this.gatheredBytes += rowBytes(row);
    }
    if (gathered.length <= keptRowsMax && this.gatheredBytes <= keptBytesMax) return;
    this.gathered = null;
    this.mayGather = false;
  }

  private keptRows(kept: readonly Row[], rowCountMax: number): Batch | null {
    if (this.keptAt === 0) this.counts.scanned();
    if (this.keptAt >= kept.length) return null;
    const rows = kept.slice(this.keptAt, this.keptAt + rowCountMax);
    this.keptAt += rows.length;
    this.counts.tuplesReturned += rows.length;
    return rows;
  }

  private open(): TableCursor {
    this.counts.scanned();
    return this.table.scan(this.x.context.view, { attributes: this.scan.attributes, direction: 'forward' });
  }

  /** A sequence is read like a table of one row: its shared state. */
  private sequenceRow(): Batch | null {
    if (this.sequenceTaken) return null;
    this.sequenceTaken = true;
    const { lastValue, logCount, isCalled } = this.x.context.store.sequences.read(this.scan.relation.file);
    return [this.scanRow({ rowid: 1, stamp: 2n, values: [lastValue, logCount, isCalled] })];
  }

  protected restartStored(): void {
    this.sequenceTaken = false;
    this.keptAt = 0;
    this.ownRows = 0;
    this.close();
    // Where the newest row's place is asked for, each has to come from the table.
    const gathers = this.mayGather && this.kept === null && this.x.scannedRowIds === null;
    this.gathered = gathers ? [] : null;
    this.gatheredBytes = 0;
  }

  extra(): Record<string, string | number> {
    return this.nativeThreads === 0 ? {} : { 'Native Pipeline Threads': this.nativeThreads };
  }

  close(): void {
    this.cursor?.close();
    this.cursor = null;
    this.found?.close();
    this.found = null;
  }
}
