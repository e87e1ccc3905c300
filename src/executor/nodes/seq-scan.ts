// SeqScan: all rows of a table in rowid order, decoding only the attributes that the plan reads.
import type { TableCursor } from '../../storage/api.js';
import type { SeqScan } from '../../trees/plan.js';
import type { Batch, RunState } from '../state.js';
import { RelationScanNode, compileScan } from './relation-scan.js';

export class SeqScanNode extends RelationScanNode {
  private cursor: TableCursor | null = null;

  constructor(x: RunState, plan: SeqScan) {
    super(
      x,
      plan,
      x.unit.cached(plan, () => compileScan(x.unit, plan)),
    );
  }

  protected fetchStored(rowCountMax: number): Batch | null {
    this.cursor ??= this.table.scan(this.x.context.view, { attributes: this.scan.attributes, direction: 'forward' });
    const batch = this.cursor.next(rowCountMax);
    return batch.rowCount === 0 ? null : this.scanRows(batch);
  }

  protected restartStored(): void {
    this.close();
  }

  close(): void {
    this.cursor?.close();
    this.cursor = null;
  }
}
