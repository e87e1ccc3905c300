// Statement-level triggers of an INSERT, UPDATE, DELETE or MERGE: once each, whatever the number of rows. ON CONFLICT DO
// UPDATE fires those of INSERT and UPDATE, MERGE those of each command among its actions.
import type { RelationDescriptor } from '../../catalog/descriptors.js';
import type { ModifyTable } from '../../trees/plan.js';
import type { RunState } from '../state.js';
import { queryLevel } from './query-level.js';
import { type TriggerOperation, type TriggerProgram, triggerProgram } from './trigger-program.js';

/** An operation that a statement does on one table. */
export interface FiredOperation {
  readonly operation: TriggerOperation;
  /** Columns that it assigns; null for anything but UPDATE. */
  readonly assigned: ReadonlySet<number> | null;
}

export class StatementTriggers {
  private constructor(
    private readonly statement: RunState,
    private readonly program: TriggerProgram,
    private readonly operations: readonly FiredOperation[],
  ) {}

  /** Those of a plan's target; null where no trigger fires. */
  static of(statement: RunState, relation: RelationDescriptor, plan: ModifyTable): StatementTriggers | null {
    return relation.triggers.length === 0 ? null : StatementTriggers.for(statement, relation, operationsOf(plan));
  }

  static for(
    statement: RunState,
    relation: RelationDescriptor,
    operations: readonly FiredOperation[],
  ): StatementTriggers | null {
    const program = triggerProgram(statement.context, relation);
    if (program?.hasUserTriggers !== true) return null;
    const fires = operations.some(
      ({ operation }) => program[operation].beforeStatement.length > 0 || program[operation].afterStatement.length > 0,
    );
    return fires ? new StatementTriggers(statement, program, operations) : null;
  }

  /** Fires those before the statement; `isCounted`: EXPLAIN ANALYZE counts them. */
  async before(isCounted = true): Promise<void> {
    const level = queryLevel(this.statement);
    for (const { operation, assigned } of this.operations)
      await level.beforeStatement(this.program, operation, assigned, isCounted);
  }

  /** Queues those that fire after the statement: the last operation's come first. */
  async after(): Promise<void> {
    const level = queryLevel(this.statement);
    for (const { operation, assigned } of [...this.operations].reverse())
      await level.afterStatement(this.program, operation, assigned);
  }
}

function operationsOf(plan: ModifyTable): FiredOperation[] {
  const { operation, onConflict } = plan;
  const plain = (name: TriggerOperation): FiredOperation => ({ operation: name, assigned: null });
  if (operation === 'merge') {
    const updates = plan.mergeActions.filter(({ command }) => command === 'update');
    const assigned = new Set(updates.flatMap(({ updateColumns }) => updateColumns));
    const has = (command: string): boolean => plan.mergeActions.some((action) => action.command === command);
    return [
      ...(has('insert') ? [plain('insert')] : []),
      ...(has('update') ? [{ operation: 'update' as const, assigned }] : []),
      ...(has('delete') ? [plain('delete')] : []),
    ];
  }
  if (operation === 'update') return [{ operation, assigned: new Set(plan.updateColumns) }];
  if (onConflict?.action !== 'update') return [plain(operation)];
  return [plain('insert'), { operation: 'update', assigned: new Set(onConflict.setColumns) }];
}
