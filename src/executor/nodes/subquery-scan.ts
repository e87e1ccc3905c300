// SubqueryScan, CteScan, WorkTableScan: rows that another plan made, under a filter and projection of their own.
import { defined } from '../../errors/unreachable.js';
import type { CteScan, ScanCommon, SubqueryScan, WorkTableScan } from '../../trees/plan.js';
import { buildNode } from '../build-node.js';
import { type BatchProgram, compileBatch } from '../expressions/compile.js';
import type { Batch, PlanNode, RunState } from '../state.js';
import { cteStore, type CteStore } from './cte-scan.js';
import { FilteredNode } from './filtered.js';

/** Filter and projection of a scan whose rows have `width` columns. */
export function compileDerivedScan(x: RunState, plan: ScanCommon, width: number): BatchProgram | null {
  const isPhysical =
    plan.targetList.length === width &&
    plan.targetList.every(
      ({ expr }, n) => expr.kind === 'Var' && expr.varno === plan.scanRtIndex && expr.attno === n + 1,
    );
  return compileBatch(x.unit, { quals: plan.qual, targets: isPhysical ? null : plan.targetList });
}

/** Programs are boxed so that "nothing to do" is cached too. */
function cachedScan(x: RunState, plan: ScanCommon, width: () => number): BatchProgram | null {
  return x.unit.cached(plan, () => ({ program: compileDerivedScan(x, plan, width()) })).program;
}

export class SubqueryScanNode extends FilteredNode {
  private readonly child: PlanNode;

  constructor(x: RunState, plan: SubqueryScan) {
    super(
      x,
      cachedScan(x, plan, () => plan.subplan.targetList.length),
    );
    this.child = buildNode(plan.subplan, x);
  }

  protected fetch(rowCountMax: number): Batch | null | Promise<Batch | null> {
    return this.child.next(rowCountMax);
  }

  protected restart(): void {
    this.child.rescan();
  }

  close(): void {
    this.child.close();
  }
}

export class CteScanNode extends FilteredNode {
  private at = 0;
  private readonly store: CteStore;

  constructor(x: RunState, plan: CteScan) {
    const body = defined(x.planned?.subplans[plan.ctePlanId - 1], 'CTE plan');
    super(
      x,
      cachedScan(x, plan, () => body.targetList.length),
    );
    this.store = cteStore(x, plan);
  }

  protected fetch(rowCountMax: number): Batch | null | Promise<Batch | null> {
    const ready = this.store.available(this.at, rowCountMax);
    if (ready !== null) return this.take(ready);
    return this.store.read(this.at, rowCountMax).then((rows) => (rows === null ? null : this.take(rows)));
  }

  private take(rows: Batch): Batch {
    this.at += rows.length;
    return rows;
  }

  protected restart(): void {
    this.at = 0;
    this.store.refresh();
  }

  close(): void {
    // The store belongs to the execution: other readers may still need its rows.
  }
}

export class WorkTableScanNode extends FilteredNode {
  private at = 0;

  constructor(
    x: RunState,
    private readonly plan: WorkTableScan,
  ) {
    super(
      x,
      cachedScan(x, plan, () => workTableWidth(x, plan)),
    );
  }

  protected fetch(rowCountMax: number): Batch | null {
    const rows = this.x.workTables.get(this.plan.workTableParam);
    if (rows === undefined || this.at >= rows.rowCount) return null;
    const batch = [...rows.slice(this.at, rowCountMax)];
    this.at += batch.length;
    return batch;
  }

  protected restart(): void {
    this.at = 0;
  }

  close(): void {
    this.at = 0;
  }
}

function workTableWidth(x: RunState, plan: WorkTableScan): number {
  const entry = x.unit.rangeTable[plan.scanRtIndex - 1];
  return entry?.kind === 'cte' ? entry.columnTypes.length : -1;
}
