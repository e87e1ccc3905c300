// ModifyTable on a view with INSTEAD OF triggers: nothing is written here, each row goes to the triggers. What they return
// is what RETURNING and check options see; NULL says that nothing was done. The plan gives the view's old row whole.
import { type Awaitable, chain } from '../../base/awaitable.js';
import { batchRowsMax } from '../../base/limits.js';
import type { RelationDescriptor } from '../../catalog/descriptors.js';
import { SqlState, pgError } from '../../errors/pg-error.js';
import { defined } from '../../errors/unreachable.js';
import type { ModifyTable, PlanMergeAction } from '../../trees/plan.js';
import { PgRecord, type Row, type Value } from '../../types/value.js';
import { buildNode } from '../build-node.js';
import { type QualProgram, type RowProgram, compileQual, compileTargets } from '../expressions/compile.js';
import { failingRow } from '../modify/row-description.js';
import type { Batch, PlanNode, RunState } from '../state.js';
import { type RowTriggers, rowTriggers } from '../triggers/row-triggers.js';
import { StatementTriggers } from '../triggers/statement-triggers.js';
import { junkColumn } from './eval-plan-qual.js';
import { scannedRelation } from './relation-scan.js';

interface ActionProgram {
  readonly action: PlanMergeAction;
  readonly condition: QualProgram | null;
  readonly values: RowProgram;
}

interface ViewProgram {
  readonly returning: RowProgram | null;
  readonly checkOptions: readonly { readonly viewName: string; readonly program: QualProgram }[];
  readonly actions: readonly ActionProgram[];
  readonly isMatched: QualProgram | null;
  /** The plan's column that holds the old row; -1 for INSERT. */
  readonly wholeRowColumn: number;
}

export class ModifyViewNode implements PlanNode {
  private readonly relation: RelationDescriptor;
  private readonly child: PlanNode;
  private readonly program: ViewProgram;
  /** Null where a MERGE does nothing. */
  private readonly triggers: RowTriggers | null;
  private readonly statementTriggers: StatementTriggers | null;
  private out: Batch = [];
  private hasStarted = false;
  private hasEnded = false;

  constructor(
    private readonly x: RunState,
    private readonly plan: ModifyTable,
  ) {
    this.relation = scannedRelation(x.unit, plan.resultRelation);
    this.program = x.unit.cached(plan, () => compileView(x, plan, this.relation));
    this.triggers = rowTriggers(x, this.relation);
    this.statementTriggers = StatementTriggers.of(x, this.relation, plan);
    this.child = buildNode(plan.outer, x);
    if (plan.canSetTag) x.counts ??= { processed: 0 };
  }

  async next(rowCountMax: number): Promise<Batch | null> {
    if (!this.hasStarted) {
      this.hasStarted = true;
      await this.prepare();
    }
    while (this.out.length === 0 && !this.hasEnded) {
      const batch = await this.child.next(this.program.returning === null ? batchRowsMax : rowCountMax);
      if (batch === null) {
        this.hasEnded = true;
        await this.statementTriggers?.after();
      } else for (const input of batch) await this.apply(input);
      this.x.context.checkInterrupts();
      await this.x.context.yieldToEventLoop();
    }
    return this.out.length > 0 ? this.out.splice(0, rowCountMax) : null;
  }

  private async prepare(): Promise<void> {
    const { returning, checkOptions, actions, isMatched } = this.program;
    const programs = [
      returning,
      isMatched,
      ...checkOptions.map(({ program }) => program),
      ...actions.flatMap(({ condition, values }) => [condition, values]),
    ];
    for (const program of programs) if (program !== null) await this.x.ensureInit(program.initParams);
    await this.statementTriggers?.before();
  }

  private apply(input: Row): Awaitable<void> {
    const { plan } = this;
    if (plan.operation === 'merge') return this.merge(input);
    if (plan.operation === 'insert') return this.fire('insert', null, this.padded(input), input);
    const old = this.oldRow(input);
    if (old === null) return undefined;
    if (plan.operation === 'delete') return this.fire('delete', old, null, input);
    return this.fire('update', old, this.changed(old, input, plan.updateColumns), input);
  }

  private oldRow(input: Row): Row | null {
    const value = input[this.program.wholeRowColumn];
    return value instanceof PgRecord ? value.values : null;
  }

  private padded(input: Row): Row {
    const width = this.relation.attributes.length;
    if (input.length >= width) return input.slice(0, width);
    return [...input, ...new Array<Value>(width - input.length).fill(null)];
  }

  private changed(old: Row, values: Row, columns: readonly number[]): Row {
    const row: Value[] = [...old];
    for (const [n, column] of columns.entries()) row[column - 1] = values[n] ?? null;
    return row;
  }

  private async merge(input: Row): Promise<void> {
    const { x, program } = this;
    const old = this.oldRow(input);
    const isMatched =
      old !== null && (program.isMatched === null || (await program.isMatched.run(x, null, input, input)));
    const match = old === null ? 'notMatchedByTarget' : isMatched ? 'matched' : 'notMatchedBySource';
    for (const { action, condition, values } of program.actions) {
      if (action.match !== match) continue;
      if (condition !== null && !(await condition.run(x, null, input, input))) continue;
      if (action.command === 'nothing') return;
      x.mergeAction = action.command.toUpperCase();
      if (action.command === 'delete') return this.fire('delete', old, null, input);
      const given = await values.run(x, null, input, input);
      if (old === null) return this.fire('insert', null, this.padded(given), input);
      return this.fire('update', old, this.changed(old, given, action.updateColumns), input);
    }
  }

  private fire(
    operation: 'insert' | 'update' | 'delete',
    old: Row | null,
    row: Row | null,
    input: Row,
  ): Awaitable<void> {
    const triggers = defined(this.triggers ?? undefined, 'INSTEAD OF triggers');
    return chain(triggers.insteadOf(operation, old, row), (returned) => {
      if (returned === null) return undefined;
      return operation === 'delete' ? this.report(returned, input) : this.checkAndReport(returned, input);
    });
  }

  private async checkAndReport(row: Row, input: Row): Promise<void> {
    for (const { viewName, program } of this.program.checkOptions) {
      if (await program.run(this.x, [...row, 0, 0n])) continue;
      throw pgError(SqlState.withCheckOptionViolation, `new row violates check option for view "${viewName}"`, {
        detail: failingRow(this.x, this.relation, row),
      });
    }
    await this.report(row, input);
  }

  /** Counts the row and makes its RETURNING row. */
  private async report(row: Row, input: Row): Promise<void> {
    if (this.plan.canSetTag && this.x.counts !== null) this.x.counts.processed += 1;
    const { returning } = this.program;
    if (returning !== null) this.out.push(await returning.run(this.x, [...row, null, null], input, input));
  }

  rescan(): void {
    throw new Error('ModifyTable is never rescanned');
  }

  close(): void {
    this.child.close();
  }
}

function compileView(x: RunState, plan: ModifyTable, relation: RelationDescriptor): ViewProgram {
  const sources = { systemColumnBase: relation.attributes.length };
  return {
    returning: plan.returningList.length === 0 ? null : compileTargets(x.unit, plan.returningList, sources),
    checkOptions: plan.withCheckOptions.map(({ viewName, qual }) => ({
      viewName,
      program: compileQual(x.unit, [qual], sources) as QualProgram,
    })),
    actions: plan.mergeActions.map((action) => ({
      action,
      condition: action.condition === null ? null : compileQual(x.unit, [action.condition], sources),
      values: compileTargets(x.unit, action.targetList, sources),
    })),
    isMatched: plan.mergeJoinCondition === null ? null : compileQual(x.unit, [plan.mergeJoinCondition], sources),
    wholeRowColumn: plan.operation === 'insert' ? -1 : junkColumn(plan.outer, 'wholerow'),
  };
}
