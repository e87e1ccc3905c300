// TidScan and TidRangeScan: rows by ctid. Conditions are `ctid = x`, `ctid = ANY (x)` and WHERE CURRENT OF, any of which
// may hold; range conditions bound ctid from both sides.
import { rowIdFromTid } from '../../storage/ctid.js';
import type { TableCursor } from '../../storage/api.js';
import type { CurrentOfExpr, Expression } from '../../trees/expression.js';
import type { TidRangeScan, TidScan } from '../../trees/plan.js';
import { PgArray, type Tid, type Value } from '../../types/value.js';
import { type ScalarProgram, compileScalar } from '../expressions/compile.js';
import { ctidAttribute } from '../expressions/leaves.js';
import { cursorNameOf } from '../expressions/session-values.js';
import { cursorPositions } from '../services.js';
import type { Batch, RunState } from '../state.js';
import { RelationScanNode, type ScanProgram, compileScan } from './relation-scan.js';

interface TidProgram {
  readonly scan: ScanProgram;
  readonly values: readonly { readonly program: ScalarProgram | null; readonly cursor: CurrentOfExpr | null }[];
}

export class TidScanNode extends RelationScanNode {
  private rowids: readonly number[] | null = null;
  private at = 0;
  private readonly tids: TidProgram;

  constructor(x: RunState, plan: TidScan) {
    const program = x.unit.cached(plan, () => compileTidScan(x, plan));
    super(x, plan, program.scan);
    this.tids = program;
  }

  protected fetchStored(rowCountMax: number): Batch | null | Promise<Batch | null> {
    return this.rowids === null ? this.collect(rowCountMax) : this.slice(this.rowids, rowCountMax);
  }

  private async collect(rowCountMax: number): Promise<Batch | null> {
    const rowids = new Set<number>();
    for (const { program, cursor } of this.tids.values) {
      if (program === null) {
        const service = this.x.context.session.service(cursorPositions);
        const name = cursor === null ? '' : cursorNameOf(this.x, cursor);
        const rowid = service.currentRow(name, this.scan.relation);
        if (rowid !== null) rowids.add(rowid);
      } else {
        await this.x.ensureInit(program.initParams);
        addTids(rowids, await program.run(this.x, null));
      }
    }
    this.rowids = [...rowids].sort((a, b) => a - b);
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
}

function addTids(rowids: Set<number>, value: Value): void {
  if (value === null) return;
  for (const tid of value instanceof PgArray ? value.elements : [value]) {
    if (tid !== null) rowids.add(rowIdFromTid(tid as Tid));
  }
}

function compileTidScan(x: RunState, plan: TidScan): TidProgram {
  const values = plan.tidQuals.map((qual) => {
    if (qual.kind === 'CurrentOfExpr') return { program: null, cursor: qual };
    return { program: compileScalar(x.unit, otherSide(qual)), cursor: null };
  });
  return { scan: compileScan(x.unit, plan, { recheck: plan.tidQuals }), values };
}

/** The side of `ctid op value` that is not the row's ctid. */
function otherSide(qual: Expression): Expression {
  const args = qual.kind === 'OpExpr' || qual.kind === 'ScalarArrayOpExpr' ? qual.args : [];
  const value = args.find((arg) => !(arg.kind === 'Var' && arg.attno === ctidAttribute));
  if (value === undefined) throw new Error('a TID condition without a value');
  return value;
}

/** TidRangeScan: PostgreSQL bounds pages; here rowid order is ctid order, so a filtered scan answers the same. */
export class TidRangeScanNode extends RelationScanNode {
  private cursor: TableCursor | null = null;

  constructor(x: RunState, plan: TidRangeScan) {
    super(
      x,
      plan,
      x.unit.cached(plan, () => compileScan(x.unit, plan, { extraQuals: plan.tidRangeQuals })),
    );
  }

  protected fetchStored(rowCountMax: number): Batch | null {
    if (this.cursor === null) this.counts.scanned();
    this.cursor ??= this.table.scan(this.x.context.view, { attributes: this.scan.attributes, direction: 'forward' });
    const batch = this.cursor.next(rowCountMax);
    this.counts.tuplesReturned += batch.rowCount;
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
