// Triggers that fire while a row is in hand: BEFORE ROW, which may change or skip it, and INSTEAD OF on views, which do
// its work. Each one gets the row that the one before it returned.
import { type Awaitable, chain } from '../../base/awaitable.js';
import type { RelationDescriptor } from '../../catalog/descriptors.js';
import type { StoredRow } from '../../storage/api.js';
import type { Row } from '../../types/value.js';
import type { RunState } from '../state.js';
import { callTrigger } from './call.js';
import { conditionState, type ConditionRows, fits, rowless } from './conditions.js';
import { type FiringTrigger, type RowOperation, type TriggerProgram, triggerProgram } from './trigger-program.js';
import { timed } from './trigger-times.js';

export class RowTriggers {
  private readonly state: RunState;

  constructor(
    private readonly statement: RunState,
    readonly program: TriggerProgram,
    /** EXPLAIN ANALYZE counts them. */
    private readonly isCounted: boolean,
  ) {
    this.state = conditionState(statement, program);
  }

  /** The row to insert; null where a trigger skips it. */
  beforeInsert(row: Row): Awaitable<Row | null> {
    return this.run('insert', 'before', this.program.insert.beforeRow, 0, { ...rowless, newRow: row });
  }

  /** The row to store instead of the old one; null where a trigger skips the update. */
  beforeUpdate(old: StoredRow, row: Row, assigned: ReadonlySet<number> | null): Awaitable<Row | null> {
    const { rowid, stamp, values } = old;
    const rows = { oldRow: values, newRow: row, rowid, stamp, assigned };
    return this.run('update', 'before', this.program.update.beforeRow, 0, rows);
  }

  /** False where a trigger skips the delete. */
  beforeDelete(old: StoredRow): Awaitable<boolean> {
    const { rowid, stamp, values } = old;
    const rows = { ...rowless, oldRow: values, rowid, stamp };
    return chain(this.run('delete', 'before', this.program.delete.beforeRow, 0, rows), (row) => row !== null);
  }

  /** Lets INSTEAD OF triggers do a change of a view's row; null where one of them says that nothing was done. */
  insteadOf(operation: RowOperation, oldRow: Row | null, newRow: Row | null): Awaitable<Row | null> {
    return this.run(operation, 'instead', this.program[operation].insteadOf, 0, { ...rowless, oldRow, newRow });
  }

  /** The triggers from the given one on, one after the other. */
  private run(
    operation: RowOperation,
    when: 'before' | 'instead',
    triggers: readonly FiringTrigger[],
    from: number,
    rows: ConditionRows,
  ): Awaitable<Row | null> {
    const isDelete = operation === 'delete';
    const trigger = triggers[from];
    if (trigger === undefined) return isDelete ? rows.oldRow : rows.newRow;
    return chain(fits(this.state, trigger, rows), (isDue) => {
      if (!isDue) return this.run(operation, when, triggers, from + 1, rows);
      const { oldRow, newRow } = rows;
      const { relation } = this.program;
      const fire = () =>
        callTrigger(this.statement.context, {
          function: trigger.function,
          trigger: trigger.descriptor,
          relation,
          when,
          level: 'row',
          operation,
          oldRow,
          newRow,
          transitionTables: [],
        });
      const returned = this.isCounted ? timed(this.statement, relation, trigger.descriptor, 1, fire) : fire();
      return chain(returned, (row) => {
        if (row === null) return null;
        return this.run(operation, when, triggers, from + 1, isDelete ? rows : { ...rows, newRow: row });
      });
    });
  }
}

/** Whether triggers fire before the relation's rows are written, or instead of that. */
export function firesOnRows({ context }: RunState, relation: RelationDescriptor): boolean {
  const program = triggerProgram(context, relation);
  if (program === null || !program.hasUserTriggers) return false;
  const { insert, update, delete: remove } = program;
  return [insert, update, remove].some(({ beforeRow, insteadOf }) => beforeRow.length > 0 || insteadOf.length > 0);
}

/** A relation's row triggers for one statement; null where none fires before or instead of anything. */
export function rowTriggers(statement: RunState, relation: RelationDescriptor, isCounted = true): RowTriggers | null {
  if (!firesOnRows(statement, relation)) return null;
  const program = triggerProgram(statement.context, relation);
  return program === null ? null : new RowTriggers(statement, program, isCounted);
}
