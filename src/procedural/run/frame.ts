// One call of a function: its variables' values, the statement in hand, what it will return.
import type { Awaitable } from '../../base/awaitable.js';
import type { PgError } from '../../errors/pg-error.js';
import type { Frame } from '../host.js';
import { type Statement, statementName } from '../tree.js';
import type { PgRecord, Row, Value } from '../../types/value.js';
import { rowBytes } from '../../types/value-size.js';
import type { CompiledFunction } from './compiled-function.js';

/** How a statement ended: go on, or leave loops and blocks (EXIT, CONTINUE, RETURN). */
export const next: 0 = 0;
export const exit: 1 = 1;
export const leave: 2 = 2;
export const again: 3 = 3;
export type Flow = typeof next | typeof exit | typeof leave | typeof again;

/** A compiled statement. */
export type Step = (frame: FunctionFrame) => Awaitable<Flow>;

/** What a function call was made with. */
export interface CallSetting {
  readonly isReadOnly: boolean;
  /** COMMIT and ROLLBACK are refused. */
  readonly isAtomic: boolean;
  /** What the host keeps for the call. */
  readonly hostState: unknown;
}

export class FunctionFrame implements Frame {
  readonly values: Value[];
  hostState: unknown;
  readonly isReadOnly: boolean;
  isAtomic: boolean;
  statement: Statement | null = null;
  /** Said instead of the statement's name where the function is between statements. */
  phase: string | null = null;
  phaseLine = 0;
  /** Label that EXIT or CONTINUE named. */
  exitLabel: string | null = null;
  result: Value = null;
  resultType: { readonly type: number; readonly typmod: number } | null = null;
  /** Rows of RETURN NEXT and RETURN QUERY. */
  readonly rows: (Row | Value)[] = [];
  /** Rows that the last statement of SQL processed. */
  rowCount = 0;
  /** The error that a handler works on. */
  error: PgError | null = null;
  /** Blocks with handlers around the statement in hand. */
  subtransactionDepth = 0;
  /** Shapes of records that are null: OLD of an INSERT has its table's columns. */
  nullShapes: Map<number, PgRecord> | null = null;
  /** Relation that the call's expected row type is of; column definition list. */
  expected: readonly { readonly name: string; readonly type: number; readonly typmod: number }[] | null = null;

  constructor(
    readonly fn: CompiledFunction,
    setting: CallSetting,
  ) {
    this.values = new Array<Value>(fn.datums.length).fill(null);
    this.hostState = setting.hostState;
    this.isReadOnly = setting.isReadOnly;
    this.isAtomic = setting.isAtomic;
  }

  /** The frame's line of CONTEXT. */
  line(): string {
    const start = `PL/pgSQL function ${this.fn.title}`;
    if (this.phase !== null) {
      return this.phaseLine > 0 ? `${start} line ${this.phaseLine} ${this.phase}` : `${start} ${this.phase}`;
    }
    const { statement } = this;
    return statement === null ? start : `${start} line ${statement.line} at ${statementName(statement)}`;
  }

  /** A row of the result. Throws 53200 where there is no room for it. */
  give(row: Row | Value): void {
    this.fn.host.charge(this, rowBytes(Array.isArray(row) ? (row as Row) : [row as Value]));
    this.rows.push(row);
  }

  get found(): boolean {
    return this.values[this.fn.foundVariable] === true;
  }

  set found(found: boolean) {
    this.values[this.fn.foundVariable] = found;
  }
}
