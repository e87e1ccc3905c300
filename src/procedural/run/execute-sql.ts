// Statements of SQL: written out, or made by EXECUTE. INTO takes the first row; FOUND and ROW_COUNT follow.
import { type Awaitable, chain } from '../../base/awaitable.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { Column, DynamicStatement, Prepared, RunningSql } from '../host.js';
import type { ExecuteStatement, PerformStatement, SqlStatement } from '../tree.js';
import type { Row, Value } from '../../types/value.js';
import { assignColumns } from './assign.js';
import type { CompiledFunction } from './compiled-function.js';
import { SqlExpression } from './expression.js';
import { type FunctionFrame, next, type Step } from './frame.js';
import { evaluateText } from './messages.js';

export function compileSql(fn: CompiledFunction, { sql, into, strict }: SqlStatement): Step {
  const runner = new SqlExpression(fn, sql);
  return (frame) => {
    const prepared = runner.ready(frame);
    refuseTransactionCommand(prepared.tag);
    const { modifies } = prepared;
    const isMany = strict || modifies || tooManyRowsLevel(fn) !== null;
    const limit = into < 0 ? 0 : isMany ? 2 : 1;
    const outcome = fn.host.within(sql, () =>
      chain(prepared.open(frame), (running) => drain(running, { limit, modifies })),
    );
    return chain(outcome, (settled) => finish(frame, prepared, settled));
  };

  function finish(frame: FunctionFrame, prepared: Prepared, outcome: Outcome): Awaitable<typeof next> {
    const { modifies, tag, columns } = prepared;
    if (modifies || tag === 'SelectStmt') frame.found = outcome.processed > 0;
    frame.rowCount = outcome.processed;
    if (into < 0) {
      if (columns !== null && (modifies || tag === 'SelectStmt')) throw noDestination(tag);
      return next;
    }
    if (columns === null) throw pgError(SqlState.syntaxError, 'INTO used with a command that cannot return data');
    const describe = () => parametersDetail(frame, prepared);
    const wait = takeInto(frame, into, { ...outcome, strict, modifies, isDynamic: false, describe });
    return wait instanceof Promise ? wait.then(() => next) : next;
  }
}

function noDestination(tag: string): Error {
  return pgError(
    SqlState.syntaxError,
    'query has no destination for result data',
    tag === 'SelectStmt' ? { hint: 'If you want to discard the results of a SELECT, use PERFORM instead.' } : {},
  );
}

function refuseTransactionCommand(tag: string): void {
  if (tag === 'TransactionStmt')
    throw pgError(SqlState.featureNotSupported, 'unsupported transaction command in PL/pgSQL');
}

/** plpgsql.extra_warnings / extra_errors: too_many_rows. */
function tooManyRowsLevel(fn: CompiledFunction): 'error' | 'warning' | null {
  return fn.host.extraCheck('too_many_rows');
}

interface Outcome {
  readonly rows: readonly Row[];
  readonly columns: readonly Column[];
  readonly processed: number;
}

interface DrainOptions {
  readonly limit: number;
  readonly modifies: boolean;
}

/** Runs a statement to its end (a SELECT no further than asked) and keeps up to `limit` rows; limit 0 keeps none. */
function drain(running: RunningSql, options: DrainOptions): Awaitable<Outcome> {
  const taken: Taken = { rows: [], processed: 0 };
  try {
    const wait = drainOn(running, options, taken, null);
    if (wait instanceof Promise) return drainRest(running, options, taken, wait);
  } catch (error) {
    void running.close();
    throw error;
  }
  return chain(running.close(), () => outcomeOf(running, options, taken));
}

interface Taken {
  readonly rows: Row[];
  processed: number;
}

/** Reads until the end or the limit; the batch to wait for where one is not there yet. */
function drainOn(
  running: RunningSql,
  { limit, modifies }: DrainOptions,
  taken: Taken,
  first: readonly Row[] | null,
): Promise<readonly Row[] | null> | null {
  let batch = first;
  for (;;) {
    if (batch !== null) {
      taken.processed += batch.length;
      for (const row of batch) if (taken.rows.length < limit) taken.rows.push(row);
      if (limit > 0 && !modifies && taken.rows.length >= limit) return null;
    }
    const more = running.next(limit > 0 && !modifies ? limit - taken.rows.length : 4096);
    if (more instanceof Promise) return more;
    if (more === null) return null;
    batch = more;
  }
}

async function drainRest(
  running: RunningSql,
  options: DrainOptions,
  taken: Taken,
  pending: Promise<readonly Row[] | null>,
): Promise<Outcome> {
  try {
    let wait: Promise<readonly Row[] | null> | null = pending;
    while (wait !== null) {
      const batch: readonly Row[] | null = await wait;
      wait = batch === null ? null : drainOn(running, options, taken, batch);
    }
  } finally {
    await running.close();
  }
  return outcomeOf(running, options, taken);
}

function outcomeOf(running: RunningSql, { modifies }: DrainOptions, { rows, processed }: Taken): Outcome {
  const count = modifies ? running.processed : Math.max(processed, running.processed);
  return { rows, columns: running.columns, processed: count };
}

interface IntoRows extends Outcome {
  readonly strict: boolean;
  readonly modifies: boolean;
  readonly isDynamic: boolean;
  readonly describe: () => string | undefined;
}

/** Puts the first row into the target; STRICT demands exactly one. Throws P0002, P0003. */
function takeInto(frame: FunctionFrame, into: number, found: IntoRows): Awaitable<void> {
  const { rows, columns, strict, modifies, describe } = found;
  const { fn } = frame;
  const [row] = rows;
  if (row === undefined) {
    if (strict) throw pgError(SqlState.noDataFound, 'query returned no rows', { detail: describe() });
    return assignColumns(frame, into, null, columns);
  }
  if (rows.length > 1) {
    const level = tooManyRowsLevel(fn);
    const message = 'query returned more than one row';
    const hint = 'Make sure the query returns a single row, or use LIMIT 1.';
    if (strict || modifies || level === 'error') {
      throw pgError(SqlState.tooManyRows, message, { detail: describe(), ...(found.isDynamic ? {} : { hint }) });
    }
    fn.host.notice({
      severity: 'WARNING',
      code: SqlState.tooManyRows,
      message,
      fields: { detail: describe(), hint, where: fn.host.context() },
    });
  }
  return assignColumns(frame, into, row, columns);
}

/** plpgsql.print_strict_params: the values that the query was run with. */
function parametersDetail(frame: FunctionFrame, prepared: Prepared): string | undefined {
  const { fn } = frame;
  if (!fn.parsed.printStrictParameters || prepared.uses.length === 0) return undefined;
  const parts = [...prepared.uses]
    .sort((left, right) => left.number - right.number)
    .map(({ number, type }) => `${nameOf(fn, number)} = ${shown(fn, frame.values[number] ?? null, type)}`);
  return `parameters: ${parts.join(', ')}`;
}

function nameOf(fn: CompiledFunction, number: number): string {
  return fn.datums[number]?.name ?? '';
}

function shown(fn: CompiledFunction, value: Value, type: number): string {
  if (value === null) return 'NULL';
  const descriptor = fn.host.catalog.typeByOid(type);
  return `'${descriptor.behaviour.output(value, descriptor, fn.host.io).replaceAll("'", "''")}'`;
}

export function compilePerform(fn: CompiledFunction, { query }: PerformStatement): Step {
  const runner = new SqlExpression(fn, query);
  return (frame) => {
    const prepared = runner.ready(frame);
    const outcome = fn.host.within(query, () =>
      chain(prepared.open(frame), (running) => drain(running, { limit: 0, modifies: false })),
    );
    return chain(outcome, ({ processed }) => {
      frame.found = processed > 0;
      frame.rowCount = processed;
      return next;
    });
  };
}

export interface Parameter {
  readonly type: number;
  readonly value: Value;
}

/** Values of USING; literals without a type are text. */
export async function evaluateParameters(
  frame: FunctionFrame,
  expressions: readonly SqlExpression[],
): Promise<readonly Parameter[]> {
  const parameters: Parameter[] = [];
  for (const expression of expressions) {
    const value = await expression.evaluate(frame);
    parameters.push({ value, type: expression.type === 705 ? 25 : expression.type });
  }
  return parameters;
}

/** The text that EXECUTE runs. Throws 22004. */
export async function dynamicText(frame: FunctionFrame, query: SqlExpression): Promise<string> {
  const text = await evaluateText(frame, query);
  if (text === null) throw pgError(SqlState.nullValueNotAllowed, 'query string argument of EXECUTE is null');
  return text;
}

export function compileExecute(fn: CompiledFunction, statement: ExecuteStatement): Step {
  const query = new SqlExpression(fn, statement.query);
  const parameters = statement.parameters.map((sql) => new SqlExpression(fn, sql));
  const { into, strict } = statement;
  return async (frame) => {
    const text = await dynamicText(frame, query);
    const values = await evaluateParameters(frame, parameters);
    const isMany = strict || tooManyRowsLevel(fn) !== null;
    const { outcome, last } = await runDynamic(frame, text, values, into < 0 ? 0 : isMany ? 2 : 1);
    frame.rowCount = outcome.processed;
    if (into < 0) return next;
    if (last?.columns === undefined || last.columns === null)
      throw pgError(SqlState.syntaxError, 'INTO used with a command that cannot return data');
    const describe = () => usingDetail(fn, values);
    await takeInto(frame, into, { ...outcome, strict, modifies: false, isDynamic: true, describe });
    return next;
  };
}

function usingDetail(fn: CompiledFunction, values: readonly Parameter[]): string | undefined {
  if (!fn.parsed.printStrictParameters || values.length === 0) return undefined;
  const parts = values.map(({ value, type }, index) => `$${index + 1} = ${shown(fn, value, type)}`);
  return `parameters: ${parts.join(', ')}`;
}

async function runDynamic(
  frame: FunctionFrame,
  text: string,
  values: readonly Parameter[],
  limit: number,
): Promise<{ readonly outcome: Outcome; readonly last: DynamicStatement | null }> {
  const { host } = frame.fn;
  const sql = { text, use: 'statement' } as const;
  let outcome: Outcome = { rows: [], columns: [], processed: 0 };
  let last: DynamicStatement | null = null;
  let refused: Error | null = null;
  await host.within(sql, async () => {
    const { statements } = host.prepareDynamic(
      text,
      values.map(({ type }) => type),
      frame,
    );
    refused = statements.map(refusal).find((error) => error !== null) ?? null;
    if (refused !== null) return;
    for (const statement of statements) {
      outcome = await drain(await statement.open(frame, values), { limit, modifies: statement.modifies });
      last = statement;
    }
  });
  if (refused !== null) throw refused;
  return { outcome, last };
}

/** What EXECUTE does not run. */
function refusal(statement: DynamicStatement): Error | null {
  if (statement.tag === 'TransactionStmt')
    return pgError(SqlState.featureNotSupported, 'EXECUTE of transaction commands is not implemented');
  if (statement.hasInto) {
    return pgError(SqlState.featureNotSupported, 'EXECUTE of SELECT ... INTO is not implemented', {
      hint: 'You might want to use EXECUTE ... INTO or EXECUTE CREATE TABLE ... AS instead.',
    });
  }
  return null;
}
