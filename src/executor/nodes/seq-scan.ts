// SeqScan: all rows of a table in rowid order, decoding only the attributes that the plan reads.
import type { TableCursor } from '../../storage/api.js';
import type { SeqScan } from '../../trees/plan.js';
import type { Batch, RunState } from '../state.js';
import { RelationScanNode, compileScan } from './relation-scan.js';

export class SeqScanNode extends RelationScanNode {
  private cursor: TableCursor | null = null;
  private sequenceTaken = false;

  constructor(x: RunState, plan: SeqScan) {
    super(
      x,
      plan,
      x.unit.cached(plan, () => compileScan(x.unit, plan)),
    );
  }

  protected fetchStored(rowCountMax: number): Batch | null {
    if (this.scan.relation.kind === 'S') return this.sequenceRow();
    this.cursor ??= this.open();
    const batch = this.cursor.next(rowCountMax);
    this.counts.tuplesReturned += batch.rowCount;
    return batch.rowCount === 0 ? null : this.scanRows(batch);
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
    return [this.scanRow({ rowid: 1, xmin: 2n, values: [lastValue, logCount, isCalled] })];
  }

  protected restartStored(): void {
    this.sequenceTaken = false;
    this.close();
  }

  close(): void {
    this.cursor?.close();
    this.cursor = null;
  }
}
