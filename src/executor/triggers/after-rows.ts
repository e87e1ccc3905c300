// What follows a written row of a table with triggers: it goes into the transition tables, and its AFTER ROW triggers and
// foreign keys become one event that does them in name order at the statement's end. Conditions are looked at while the
// row is in hand. Deferred ones move on to the transaction's end.
import { type Awaitable, chain } from '../../base/awaitable.js';
import { assert } from '../../errors/unreachable.js';
import type { RelationDescriptor } from '../../catalog/descriptors.js';
import type { Row, Value } from '../../types/value.js';
import { rowBytes } from '../../types/value-size.js';
import { checkChildren } from '../modify/foreign-key-actions.js';
import { checkParents } from '../modify/foreign-key-checks.js';
import { type AfterRowWork, childOwed, ForeignKeyWork, isImmediate, keyLost } from '../modify/foreign-keys.js';
import { constraintModes } from '../services.js';
import type { RunState } from '../state.js';
import { callTrigger } from './call.js';
import { conditionState, fits } from './conditions.js';
import { type EventKind, type LevelTable, queryLevel } from './query-level.js';
import {
  type AfterRowStep,
  type FiringTrigger,
  type ForeignKeyStep,
  type RowOperation,
  type TriggerProgram,
  triggerProgram,
} from './trigger-program.js';
import { timed } from './trigger-times.js';

/** The table that the statement names, where rows of its children go into its transition tables. */
export interface Capture {
  readonly program: TriggerProgram;
  /** For each of its attributes: the 0-based position in a written row; null where the rows are its own. */
  readonly positions: readonly number[] | null;
}

/** What a table's written rows are told to; null where nobody needs to know of them. */
export function afterRowWork(
  statement: RunState,
  relation: RelationDescriptor,
  named: RelationDescriptor,
): AfterRowWork | null {
  const program = triggerProgram(statement.context, relation);
  const namedProgram = named === relation ? program : triggerProgram(statement.context, named);
  const capture = namedProgram !== null && needsCapture(namedProgram) ? captureFor(relation, namedProgram) : null;
  if (program === null && capture === null) return null;
  const foreignKeys = program === null ? null : new ForeignKeyWork(statement, relation, program);
  if (capture === null && program?.hasUserTriggers !== true) return hasForeignKeys(program) ? foreignKeys : null;
  return new AfterRows(statement, program, foreignKeys, capture);
}

function hasForeignKeys(program: TriggerProgram | null): boolean {
  if (program === null) return false;
  return [program.insert, program.update, program.delete].some(({ afterRow }) => afterRow.length > 0);
}

function needsCapture({ insert, update, delete: remove }: TriggerProgram): boolean {
  return [insert, update, remove].some(({ needsOldTable, needsNewTable }) => needsOldTable || needsNewTable);
}

function captureFor(relation: RelationDescriptor, program: TriggerProgram): Capture {
  const named = program.relation;
  if (named.oid === relation.oid) return { program, positions: null };
  const positions = named.attributes.map(({ name, isDropped }) =>
    isDropped ? -1 : relation.attributes.findIndex((own) => own.name === name && !own.isDropped),
  );
  return { program, positions };
}

class AfterRows implements AfterRowWork {
  private readonly kinds = new Map<LevelTable, RowEvents>();

  constructor(
    private readonly statement: RunState,
    private readonly program: TriggerProgram | null,
    /** For operations that no user's trigger follows. */
    private readonly foreignKeys: ForeignKeyWork | null,
    private readonly capture: Capture | null,
  ) {}

  inserted(rowid: number, row: Row): undefined | Promise<void> {
    this.captureRows('insert', null, row);
    if (this.program?.insert.hasAfterRow !== true) return this.foreignKeys?.inserted(rowid, row);
    return this.event(this.program, 'insert', { rowid, before: null, after: row, assigned: null });
  }

  updated(rowid: number, before: Row, after: Row, assigned: ReadonlySet<number> | null): undefined | Promise<void> {
    this.captureRows('update', before, after);
    if (this.program?.update.hasAfterRow !== true) return this.foreignKeys?.updated(rowid, before, after);
    return this.event(this.program, 'update', { rowid, before, after, assigned });
  }

  deleted(rowid: number, row: Row): undefined | Promise<void> {
    this.captureRows('delete', row, null);
    if (this.program?.delete.hasAfterRow !== true) return this.foreignKeys?.deleted(rowid, row);
    return this.event(this.program, 'delete', { rowid, before: row, after: null, assigned: null });
  }

  private captureRows(operation: RowOperation, before: Row | null, after: Row | null): void {
    if (this.capture === null) return;
    const { program, positions } = this.capture;
    const { needsOldTable, needsNewTable } = program[operation];
    if (!needsOldTable && !needsNewTable) return;
    const { oldRows, newRows } = queryLevel(this.statement).table(program, operation);
    const fitted = (row: Row): Row =>
      positions === null ? row : positions.map((position) => (position < 0 ? null : (row[position] ?? null)));
    if (before !== null) oldRows?.append(fitted(before));
    if (after !== null) newRows?.append(fitted(after));
  }

  private event(program: TriggerProgram, operation: RowOperation, written: WrittenRow): undefined | Promise<void> {
    const due = this.dueSteps(program, program[operation].afterRow, 0, written, 0n);
    if (due instanceof Promise) return due.then((mask) => this.queue(program, operation, written, mask));
    this.queue(program, operation, written, due);
    return undefined;
  }

  /** Bits of the steps that the row needs, from the given step on. */
  private dueSteps(
    program: TriggerProgram,
    steps: readonly AfterRowStep[],
    from: number,
    written: WrittenRow,
    mask: bigint,
  ): Awaitable<bigint> {
    const step = steps[from];
    if (step === undefined) return mask;
    return chain(this.isDue(program, step, written), (isDue) =>
      this.dueSteps(program, steps, from + 1, written, isDue ? mask | (1n << BigInt(from)) : mask),
    );
  }

  private isDue(program: TriggerProgram, step: AfterRowStep, written: WrittenRow): Awaitable<boolean> {
    if (step.kind !== 'user') return owed(program, step, written) !== null;
    const { before, after, rowid, assigned } = written;
    const { transaction } = this.statement.context;
    const stamp = transaction.store.stamp(transaction.command);
    const rows = { oldRow: before, newRow: after, rowid, stamp, assigned };
    return fits(conditionState(this.statement, program), step.trigger, rows);
  }

  private queue(program: TriggerProgram, operation: RowOperation, written: WrittenRow, mask: bigint): void {
    if (mask === 0n) return;
    const level = queryLevel(this.statement);
    const table = level.table(program, operation);
    let kind = this.kinds.get(table);
    if (kind === undefined) {
      kind = new RowEvents(this.statement, program, operation, table);
      this.kinds.set(table, kind);
    }
    level.queue(kind, [mask, written.rowid, ...(written.before ?? []), ...(written.after ?? [])]);
  }
}

interface WrittenRow {
  readonly rowid: number;
  readonly before: Row | null;
  readonly after: Row | null;
  readonly assigned: ReadonlySet<number> | null;
}

/** What a foreign key has to do for a row, as an action to run; null for nothing. */
function owed(
  program: TriggerProgram,
  { kind, constraint }: ForeignKeyStep,
  { rowid, before, after }: WrittenRow,
): ((statement: RunState) => Promise<void>) | null {
  const { relation } = program;
  if (kind === 'check') {
    const child = after === null ? null : childOwed(relation, constraint, rowid, before, after);
    return child === null ? null : (statement) => checkParents(statement, relation, constraint, [child]);
  }
  const lost = before === null ? null : keyLost(constraint, rowid, before, after);
  return lost === null ? null : (statement) => checkChildren(statement, relation, constraint, [lost]);
}

/** Events of one operation on one table. Queued: the steps' bits, the rowid, the old row, the new row. */
class RowEvents implements EventKind {
  private readonly steps: readonly AfterRowStep[];
  private readonly width: number;

  constructor(
    private readonly statement: RunState,
    private readonly program: TriggerProgram,
    private readonly operation: RowOperation,
    private readonly table: LevelTable,
  ) {
    this.steps = program[operation].afterRow;
    this.width = program.relation.attributes.length;
  }

  async fire(event: Row): Promise<void> {
    const [, mask, rowid] = event;
    const { operation, width } = this;
    const rows = event.slice(3);
    const written: WrittenRow = {
      rowid: rowid as number,
      before: operation === 'insert' ? null : rows.slice(0, width),
      after: operation === 'delete' ? null : rows.slice(operation === 'insert' ? 0 : width),
      assigned: null,
    };
    for (let n = 0; n < this.steps.length; n++) {
      if (((mask as bigint) >> BigInt(n)) & 1n) await this.step(this.steps[n] as AfterRowStep, written);
    }
  }

  private step(step: AfterRowStep, written: WrittenRow): Awaitable<unknown> {
    if (step.kind === 'user') return this.userStep(step.trigger, written);
    const action = owed(this.program, step, written);
    assert(action !== null, 'a queued foreign key has something to do');
    const run = async (): Promise<void> => {
      await timed(this.statement, this.program.relation, step.descriptor, 1, () => action(this.statement));
    };
    const { oid, deferrable, initiallyDeferred } = step.constraint;
    const mayWait = deferrable && !isImmediate(step);
    return mayWait && this.isDeferred(oid, initiallyDeferred) ? this.defer(oid, run, 0) : run();
  }

  private userStep(trigger: FiringTrigger, written: WrittenRow): Awaitable<unknown> {
    const { constraint, deferrable, initiallyDeferred } = trigger.descriptor;
    if (constraint === 0 || !deferrable || !this.isDeferred(constraint, initiallyDeferred))
      return this.fireTrigger(this.statement.context, trigger, written);
    const { context } = this.statement;
    const bytes = rowBytes([...(written.before ?? []), ...(written.after ?? [])] as Value[]);
    const run = async (): Promise<void> => {
      context.transaction.advanceCommand();
      const later = Object.create(context, { view: { value: context.transaction.statementView() } });
      await this.fireTrigger(later, trigger, written);
    };
    return this.defer(constraint, run, bytes);
  }

  private isDeferred(constraint: number, initiallyDeferred: boolean): boolean {
    return constraintModes(this.statement.context.transaction).isDeferred(constraint, initiallyDeferred);
  }

  private defer(constraint: number, check: () => Promise<void>, bytes: number): void {
    const { transaction, memory } = this.statement.context;
    const relation = this.program.relation.oid;
    constraintModes(transaction).defer(transaction, { constraint, relation, check, held: { memory, bytes } });
  }

  private fireTrigger(
    context: RunState['context'],
    trigger: FiringTrigger,
    { before, after }: WrittenRow,
  ): Awaitable<unknown> {
    const { program, operation } = this;
    return timed(this.statement, program.relation, trigger.descriptor, 1, () =>
      callTrigger(context, {
        function: trigger.function,
        trigger: trigger.descriptor,
        relation: program.relation,
        when: 'after',
        level: 'row',
        operation,
        oldRow: before,
        newRow: after,
        transitionTables: queryLevel(this.statement).transitionTables(program, trigger, this.table),
      }),
    );
  }
}
