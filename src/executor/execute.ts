// Starts a planned statement: checks privileges and read-only mode, builds the node tree, hands its rows out. The
// statement's end runs what must not be left undone: data-modifying CTEs that nobody read, foreign key checks.
import type { Awaitable } from '../base/awaitable.js';
import { batchRowsMax } from '../base/limits.js';
import type { Plan, PlannedStatement } from '../trees/plan.js';
import { expressionTypmod } from '../trees/expression-type.js';
import type { Row } from '../types/value.js';
import type { Execution, ExecutionContext, NodeInstrumentation, ResultColumn, TriggerInstrumentation } from './api.js';
import { type CursorRow, cursorRow } from './cursor-row.js';
import { buildNode } from './build-node.js';
import { typeOf } from './expressions/type-of.js';
import { type CompileUnit, planChildren, unitOf } from './expressions/unit.js';
import { instrumentationOf } from './instrumentation.js';
import { cteStore } from './nodes/cte-scan.js';
import { type PlanNode, RunState } from './state.js';
import { checkPermissions, checkStart } from './permissions.js';
import { triggerInstrumentation } from './triggers/trigger-times.js';

/** Opens a planned statement. Throws 42501 and 25006 at once; everything else comes from `next`. */
export function startExecution(planned: PlannedStatement, context: ExecutionContext): Execution {
  const unit = unitOf(planned, context.catalog);
  checkStart(planned, unit, context);
  const execution = new RunningExecution(planned, new RunState(unit, context, planned));
  context.openExecutions?.add(execution);
  return execution;
}

/** Throws 42501 as opening the statement would: EXPLAIN shows no plan to who may not run it. */
export function requirePermissions(planned: PlannedStatement, context: ExecutionContext): void {
  checkPermissions(planned, unitOf(planned, context.catalog), context);
}

class RunningExecution implements Execution {
  readonly columns: readonly ResultColumn[];
  private root: PlanNode | null = null;
  private returnedRows = 0;
  private ended = false;
  private closed = false;
  /** For cursors: rowids by relation behind each delivered row. */
  private tracked: ReadonlyMap<number, number>[] | null = null;

  constructor(
    private readonly planned: PlannedStatement,
    private readonly x: RunState,
  ) {
    this.columns = x.unit.cached(this.planned, () => resultColumns(planned, x.unit));
  }

  next(rowCountMax: number): Awaitable<readonly Row[] | null> {
    if (this.ended) return null;
    try {
      this.root ??= buildNode(this.planned.plan, this.x);
      this.x.context.checkInterrupts();
      if (this.tracked !== null) this.x.scannedRowIds = new Map();
      const fetched = this.root.next(this.tracked === null ? Math.min(rowCountMax, batchRowsMax) : 1);
      const delivered =
        fetched instanceof Promise ? fetched.then((batch) => this.deliver(batch)) : this.deliver(fetched);
      return delivered instanceof Promise ? delivered.catch((error) => this.fail(error)) : delivered;
    } catch (error) {
      return this.fail(error);
    }
  }

  private deliver(batch: Row[] | null): Awaitable<readonly Row[] | null> {
    if (batch === null) return this.finish();
    this.returnedRows += batch.length;
    if (this.tracked !== null) this.tracked.push(this.x.scannedRowIds ?? new Map());
    return this.visible(batch);
  }

  private fail(error: unknown): never {
    this.ended = true;
    this.release();
    throw error;
  }

  /** Junk columns stand behind the visible ones. */
  private visible(batch: Row[]): Row[] {
    const width = this.columns.length;
    const [first] = batch;
    if (first === undefined || first.length === width) return batch;
    return batch.map((row) => row.slice(0, width));
  }

  private finish(): Awaitable<null> {
    this.ended = true;
    if (this.planned.hasModifyingCte || this.x.owesChecks) return this.finishOwed();
    this.release();
    return null;
  }

  private async finishOwed(): Promise<null> {
    if (this.planned.hasModifyingCte) {
      for (const [n, plan] of this.planned.subplans.entries()) {
        if (plan.kind === 'ModifyTable') await cteStore(this.x, { ctePlanId: n + 1 }).finish();
      }
    }
    if (this.x.owesChecks) await this.x.runAfterStatement();
    this.release();
    return null;
  }

  get processedRowCount(): number {
    return this.x.counts?.processed ?? this.returnedRows;
  }

  get instrumentation(): readonly NodeInstrumentation[] | null {
    return this.x.context.instrument ? instrumentationOf(this.x) : null;
  }

  get triggerInstrumentation(): readonly TriggerInstrumentation[] {
    return this.x.context.instrument ? triggerInstrumentation(this.x) : [];
  }

  trackRows(): void {
    this.tracked = [];
    this.x.scannedRowIds = new Map();
  }

  currentRow(relation: number, position: number): CursorRow {
    if (this.tracked === null) return { kind: 'notUpdatable' };
    return cursorRow(this.planned, relation, this.tracked[position - 1]);
  }

  usedRelations(): readonly number[] {
    const { rangeTable, plan, subplans } = this.planned;
    const relations = rangeTable.flatMap((entry) =>
      entry.kind === 'relation' && entry.relkind !== 'v' ? [entry.relation] : [],
    );
    return [...relations, ...[plan, ...subplans].flatMap(usedIndexes)];
  }

  close(): void {
    this.ended = true;
    this.x.context.openExecutions?.delete(this);
    this.release();
  }

  private release(): void {
    if (this.closed) return;
    this.closed = true;
    this.root?.close();
    this.x.close();
  }
}

function usedIndexes(plan: Plan): number[] {
  const below = planChildren(plan).flatMap(usedIndexes);
  const isIndexScan = plan.kind === 'IndexScan' || plan.kind === 'IndexOnlyScan' || plan.kind === 'BitmapIndexScan';
  return isIndexScan ? [plan.index, ...below] : below;
}

/** The columns that a plan delivers. */
export function resultColumns(planned: PlannedStatement, unit: CompileUnit): readonly ResultColumn[] {
  const { plan } = planned;
  const targets = plan.kind === 'ModifyTable' ? plan.returningList : plan.targetList;
  return targets
    .filter((target) => !target.junk)
    .map((target) => ({
      name: target.name ?? '?column?',
      type: unit.catalog.typeByOid(typeOf(target.expr, unit.catalog)),
      typmod: expressionTypmod(target.expr),
      originTable: target.originTable,
      originColumn: target.originColumn,
    }));
}
