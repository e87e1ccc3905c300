// What one statement's triggers share: which statement-level triggers have fired, transition tables, and the queue of
// events that fire at its end. The writes of foreign key actions belong to the statement that set them off.
//   1. a written row, or the end of a table's changes, adds an event; rows that don't fit into work_mem wait on disk
//   2. at the statement's end events fire in the order they came, those that firing adds after them
//   3. a statement-level trigger fires once a table and operation: where more rows come before it fired, it fires last
import type { Awaitable } from '../../base/awaitable.js';
import type { Row, Value } from '../../types/value.js';
import type { TransitionTable } from '../services.js';
import type { TupleStore } from '../spill/tuple-store.js';
import type { RunState } from '../state.js';
import { callTrigger } from './call.js';
import { timed } from './trigger-times.js';
import { conditionState, fits, rowless } from './conditions.js';
import type { FiringTrigger, TriggerOperation, TriggerProgram } from './trigger-program.js';

/** Rows of the queue are read so many at a time. */
const eventsAtOnce = 64;

/** An operation on one table within the statement. */
export interface LevelTable {
  beforeFired: boolean;
  /** A trigger has seen its transition tables: further rows go into new ones. */
  isClosed: boolean;
  readonly oldRows: TupleStore | null;
  readonly newRows: TupleStore | null;
  /** Its statement-level events that wait; cancelled where the operation goes on. */
  waiting: { isCancelled: boolean; hasBegun: boolean } | null;
}

/** How queued events of a kind fire; `payload` is what was queued. */
export interface EventKind {
  fire(payload: Row): Awaitable<void>;
}

export class QueryLevel {
  private readonly tables = new Map<string, LevelTable>();
  private readonly kinds: EventKind[] = [];
  private readonly kindNumbers = new Map<EventKind, number>();
  private store: TupleStore | null = null;
  private position = 0;
  /** The last action of the statement's end that fires events: it fires those up to `end`. */
  private lastDrain: { readonly action: () => Promise<void>; end: number } | null = null;

  constructor(private readonly statement: RunState) {}

  /** The operation's entry for new rows and events. */
  table(program: TriggerProgram, operation: TriggerOperation): LevelTable {
    const key = `${program.relation.oid} ${operation}`;
    const known = this.tables.get(key);
    if (known !== undefined && !known.isClosed) return known;
    const { needsOldTable, needsNewTable } = program[operation];
    const table: LevelTable = {
      beforeFired: false,
      isClosed: false,
      oldRows: needsOldTable ? this.statement.tupleStore() : null,
      newRows: needsNewTable ? this.statement.tupleStore() : null,
      waiting: null,
    };
    this.tables.set(key, table);
    return table;
  }

  /** Fires BEFORE STATEMENT triggers, unless the statement has done so for this table and operation. */
  async beforeStatement(
    program: TriggerProgram,
    operation: TriggerOperation,
    assigned: ReadonlySet<number> | null,
    isCounted: boolean,
  ): Promise<void> {
    const triggers = program[operation].beforeStatement;
    if (triggers.length === 0) return;
    const table = this.table(program, operation);
    if (table.beforeFired) return;
    table.beforeFired = true;
    for (const trigger of triggers) {
      if (!(await this.isDue(program, trigger, assigned))) continue;
      const fire = () => this.fireStatement(program, operation, trigger, 'before', []);
      await (isCounted ? timed(this.statement, program.relation, trigger.descriptor, 1, fire) : fire());
    }
  }

  /** Queues AFTER STATEMENT triggers. */
  async afterStatement(
    program: TriggerProgram,
    operation: TriggerOperation,
    assigned: ReadonlySet<number> | null,
  ): Promise<void> {
    const triggers = program[operation].afterStatement;
    if (triggers.length === 0) return;
    const due: FiringTrigger[] = [];
    for (const trigger of triggers) if (await this.isDue(program, trigger, assigned)) due.push(trigger);
    const table = this.table(program, operation);
    if (table.waiting !== null && !table.waiting.hasBegun) table.waiting.isCancelled = true;
    const waiting = { isCancelled: false, hasBegun: false };
    table.waiting = waiting;
    for (const trigger of due) {
      const fire = async (): Promise<void> => {
        if (waiting.isCancelled) return;
        waiting.hasBegun = true;
        const transitions = this.transitionTables(program, trigger, table);
        await timed(this.statement, program.relation, trigger.descriptor, 1, () =>
          this.fireStatement(program, operation, trigger, 'after', transitions),
        );
      };
      this.queue({ fire }, []);
    }
  }

  private async isDue(
    program: TriggerProgram,
    trigger: FiringTrigger,
    assigned: ReadonlySet<number> | null,
  ): Promise<boolean> {
    return fits(conditionState(this.statement, program), trigger, { ...rowless, assigned });
  }

  private async fireStatement(
    program: TriggerProgram,
    operation: TriggerOperation,
    trigger: FiringTrigger,
    when: 'before' | 'after',
    transitionTables: readonly TransitionTable[],
  ): Promise<void> {
    await callTrigger(this.statement.context, {
      function: trigger.function,
      trigger: trigger.descriptor,
      relation: program.relation,
      when,
      level: 'statement',
      operation,
      oldRow: null,
      newRow: null,
      transitionTables,
    });
  }

  /** The transition tables that a trigger names; from now on they stay as they are. */
  transitionTables(program: TriggerProgram, trigger: FiringTrigger, table: LevelTable): readonly TransitionTable[] {
    const { oldTable, newTable } = trigger.descriptor;
    const { relation } = program;
    const tables: TransitionTable[] = [];
    if (oldTable !== null && table.oldRows !== null) tables.push({ name: oldTable, relation, rows: table.oldRows });
    if (newTable !== null && table.newRows !== null) tables.push({ name: newTable, relation, rows: table.newRows });
    if (tables.length > 0) table.isClosed = true;
    return tables;
  }

  /** Adds an event to fire at the statement's end. */
  queue(kind: EventKind, payload: readonly Value[]): void {
    let number = this.kindNumbers.get(kind);
    if (number === undefined) {
      number = this.kinds.push(kind) - 1;
      this.kindNumbers.set(kind, number);
    }
    this.store ??= this.statement.tupleStore();
    this.store.append([number, ...payload]);
    const { lastDrain } = this;
    if (lastDrain !== null && this.statement.isLastOwed(lastDrain.action)) {
      lastDrain.end = this.store.rowCount;
      return;
    }
    const drain = { end: this.store.rowCount, action: () => this.drain(drain) };
    this.lastDrain = drain;
    this.statement.atStatementEnd(drain.action);
  }

  private async drain(drain: { readonly end: number }): Promise<void> {
    const { store, statement } = this;
    while (store !== null && this.position < drain.end) {
      const events = store.slice(this.position, Math.min(eventsAtOnce, drain.end - this.position));
      for (const event of events) {
        this.position += 1;
        await (this.kinds[event[0] as number] as EventKind).fire(event);
      }
      statement.context.checkInterrupts();
      await statement.context.yieldToEventLoop();
    }
  }

  close(): void {
    this.store?.clear();
    for (const { oldRows, newRows } of this.tables.values()) {
      oldRows?.clear();
      newRows?.clear();
    }
  }
}

/** The level of a statement, made when first needed. */
export function queryLevel(statement: RunState): QueryLevel {
  return statement.queryLevel ?? statement.noteQueryLevel(new QueryLevel(statement));
}
