// Expressions of a function: bound and planned when first evaluated, kept until the catalogs move. What can be evaluated
// without running a query is; the rest runs as one.
import type { Awaitable } from '../../base/awaitable.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { Prepared, VariableUse } from '../host.js';
import type { SqlText } from '../tree.js';
import type { Value } from '../../types/value.js';
import { sqlBoundary } from './boundary.js';
import type { CompiledFunction } from './compiled-function.js';
import type { FunctionFrame } from './frame.js';
import { variableNames } from './names.js';
import { fieldOf } from './records.js';

export class SqlExpression {
  private prepared: Prepared | null = null;
  /** Fields of records that it reads. */
  private fields: readonly VariableUse[] = [];
  private inUse = false;
  /** The host's clock when `prepared` was last found to be current. */
  private checkedAt = -1;

  constructor(
    readonly fn: CompiledFunction,
    readonly sql: SqlText,
  ) {}

  /** Type of the value, once it was evaluated. */
  get type(): number {
    return this.prepared?.columns?.[0]?.type ?? 0;
  }

  get typmod(): number {
    return this.prepared?.columns?.[0]?.typmod ?? -1;
  }

  /** The value; errors carry the expression where PostgreSQL's do. */
  evaluate(frame: FunctionFrame): Awaitable<Value> {
    const prepared = this.ready(frame);
    return prepared.evaluate === null ? this.run(frame, prepared) : this.compute(frame, prepared.evaluate);
  }

  /** Calls within each other of a function that calls itself in the expression: PostgreSQL runs the inner ones as
   *  queries, and their errors say so. */
  private compute(frame: FunctionFrame, evaluate: NonNullable<Prepared['evaluate']>): Awaitable<Value> {
    if (this.inUse) return this.fn.host.within(this.sql, async () => evaluate(frame));
    this.inUse = true;
    let value: Awaitable<Value>;
    try {
      value = evaluate(frame);
    } catch (error) {
      this.inUse = false;
      throw error;
    }
    if (value instanceof Promise) {
      return value.finally(() => {
        this.inUse = false;
        this.fn.host.clock.now += 1;
      });
    }
    this.inUse = false;
    if (this.prepared?.isMutable === true) this.fn.host.clock.now += 1;
    return value;
  }

  /** The prepared text, with the record fields that it reads in their places. */
  ready(frame: FunctionFrame): Prepared {
    let { prepared } = this;
    const { clock } = this.fn.host;
    if (prepared === null || this.checkedAt !== clock.now) {
      if (prepared === null || !prepared.isCurrent()) prepared = this.prepare(frame);
      this.checkedAt = clock.now;
    }
    if (this.fields.length > 0) for (const use of this.fields) fetchField(frame, use);
    return prepared;
  }

  private prepare(frame: FunctionFrame): Prepared {
    try {
      const prepared = this.fn.host.prepare(this.sql, variableNames(frame, this.sql), frame);
      this.fields = prepared.uses.filter(({ number }) => this.fn.datums[number]?.kind === 'field');
      this.prepared = prepared;
      return prepared;
    } catch (error) {
      throw sqlBoundary(error, this.sql);
    }
  }

  private async run(frame: FunctionFrame, prepared: Prepared): Promise<Value> {
    const { columns } = prepared;
    if (columns === null) throw this.noData();
    if (columns.length !== 1) {
      const count = `${columns.length} column${columns.length === 1 ? '' : 's'}`;
      throw pgError(SqlState.syntaxError, `query returned ${count}`, { where: `query: ${this.sql.text}` });
    }
    const rows = await this.fn.host.within(this.sql, async () => {
      const running = await prepared.open(frame);
      try {
        const first = (await running.next(2)) ?? [];
        if (first.length === 1) return [...first, ...((await running.next(1)) ?? [])];
        return first;
      } finally {
        await running.close();
      }
    });
    if (rows.length > 1) {
      throw pgError(SqlState.cardinalityViolation, 'query returned more than one row', {
        where: `query: ${this.sql.text}`,
      });
    }
    return rows[0]?.[0] ?? null;
  }

  private noData(): Error {
    return pgError(SqlState.syntaxError, `query did not return data`, { where: `query: ${this.sql.text}` });
  }
}

/** Puts a record's field where the expression reads it. */
export function fetchField(frame: FunctionFrame, use: VariableUse): void {
  const { type, value } = fieldOf(frame, use.number);
  if (type !== use.type) {
    const { catalog } = frame.fn.host;
    throw pgError(
      SqlState.datatypeMismatch,
      `type of parameter ${use.number + 1} (${catalog.formatType(type)}) does not match that when preparing the plan (${catalog.formatType(use.type)})`,
    );
  }
  frame.values[use.number] = value;
}

/** Evaluates a condition: cast to boolean, null is false. */
export function evaluateCondition(frame: FunctionFrame, expression: SqlExpression): Awaitable<boolean> {
  const value = expression.evaluate(frame);
  if (value === true) return true;
  if (value === false || value === null) return false;
  if (value instanceof Promise) return value.then((settled) => toCondition(frame, expression, settled));
  return toCondition(frame, expression, value);
}

function toCondition(frame: FunctionFrame, expression: SqlExpression, value: Value): Awaitable<boolean> {
  if (typeof value === 'boolean') return value;
  const cast = frame.fn.host.castTypes(expression.type, expression.typmod, 16, -1);
  const result = cast === null ? value : cast(value);
  return result instanceof Promise ? result.then((settled) => settled === true) : result === true;
}

/** Evaluates an expression as another type. */
export async function evaluateAs(frame: FunctionFrame, expression: SqlExpression, type: number): Promise<Value> {
  const value = await expression.evaluate(frame);
  const cast = frame.fn.host.castTypes(expression.type, expression.typmod, type, -1);
  return cast === null || value === null ? value : cast(value);
}
