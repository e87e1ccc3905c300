// FOR over the rows of a query, of EXECUTE's query, or of a bound cursor.
import type { Awaitable } from '../../base/awaitable.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { RunningSql } from '../host.js';
import type { CursorForStatement, QueryForStatement } from '../tree.js';
import type { Row } from '../../types/value.js';
import { assignColumns } from './assign.js';
import { compileSequence } from './block.js';
import type { CompiledFunction } from './compiled-function.js';
import { cursorArguments, openBound } from './cursors.js';
import { dynamicText, evaluateParameters } from './execute-sql.js';
import { SqlExpression } from './expression.js';
import { requireRows } from './row-source.js';
import type { Flow, FunctionFrame, Step } from './frame.js';
import { runLoop } from './loops.js';

/** Rows read at a time: few at first, so that a loop that is left early has not read far ahead. */
const rowsFirst = 10;
const rowsMore = 50;

export function compileForQuery(fn: CompiledFunction, statement: QueryForStatement): Step {
  const query = new SqlExpression(fn, statement.query);
  const parameters = statement.parameters.map((sql) => new SqlExpression(fn, sql));
  const body = compileSequence(fn, statement.body);
  return async (frame) => {
    const running = statement.dynamic ? await openDynamic(frame, query, parameters) : await openQuery(frame, query);
    return loopOver(frame, running, { statement, body, title: running.title });
  };
}

export interface TitledRows extends RunningSql {
  /** How CONTEXT names the query while its rows are read. */
  readonly title: { readonly text: string; readonly use: 'statement' };
}

async function openQuery(frame: FunctionFrame, query: SqlExpression): Promise<TitledRows> {
  const prepared = query.ready(frame);
  const title = { text: query.sql.text, use: 'statement' } as const;
  requireRows(prepared.columns, prepared.command);
  const running = await frame.fn.host.within(title, async () => prepared.open(frame, { isLoop: true }));
  return titled(running, title);
}

function titled(running: RunningSql, title: TitledRows['title']): TitledRows {
  return {
    title,
    columns: running.columns,
    next: (count) => running.next(count),
    close: () => running.close(),
    get processed() {
      return running.processed;
    },
  };
}

export async function openDynamic(
  frame: FunctionFrame,
  query: SqlExpression,
  parameters: readonly SqlExpression[],
): Promise<TitledRows> {
  const { host } = frame.fn;
  const text = await dynamicText(frame, query);
  const values = await evaluateParameters(frame, parameters);
  const title = { text, use: 'statement' } as const;
  const types = values.map(({ type }) => type);
  const { statements } = await host.within(title, () => host.prepareDynamic(text, types, frame));
  const [only] = statements;
  if (only === undefined || statements.length !== 1)
    throw pgError(SqlState.invalidCursorDefinition, 'cannot open multi-query plan as cursor');
  const columns = await host.within(title, () => only.columns);
  requireRows(columns, only.command);
  const running = await host.within(title, () => only.open(frame, values, { isLoop: true }));
  return titled(running, title);
}

interface RowLoop {
  readonly statement: QueryForStatement | CursorForStatement;
  readonly body: Step;
  readonly title: TitledRows['title'];
}

async function loopOver(frame: FunctionFrame, running: RunningSql, loop: RowLoop): Promise<Flow> {
  const { statement, body, title } = loop;
  const { host } = frame.fn;
  let rows: readonly Row[] = [];
  let at = 0;
  let count = 0;
  const give = (row: Row): Awaitable<boolean> => {
    at += 1;
    count += 1;
    const wait = assignColumns(frame, statement.target, row, running.columns);
    return wait instanceof Promise ? wait.then(() => true) : true;
  };
  const read = async (): Promise<boolean> => {
    const batch = await host.within(title, () => running.next(count === 0 ? rowsFirst : rowsMore));
    const [first] = batch ?? [];
    if (batch === null || first === undefined) return false;
    rows = batch;
    at = 0;
    return give(first);
  };
  const advance = (): Awaitable<boolean> => {
    const row = rows[at];
    return row === undefined ? read() : give(row);
  };
  try {
    const flow = await runLoop(frame, { statement, advance, body });
    if (count === 0) await assignColumns(frame, statement.target, null, running.columns);
    frame.found = count > 0;
    return flow;
  } finally {
    await running.close();
  }
}

export function compileForCursor(fn: CompiledFunction, statement: CursorForStatement): Step {
  const body = compileSequence(fn, statement.body);
  const args = cursorArguments(fn, statement.cursor, statement.args);
  const open = openBound(fn, statement.cursor);
  return async (frame) => {
    const { host } = fn;
    const wasNull = frame.values[statement.cursor] === null;
    await args(frame);
    const cursor = await open(frame);
    const title = { text: fn.datums[statement.cursor]?.name ?? '', use: 'statement' } as const;
    const running: RunningSql = {
      columns: cursor.columns,
      processed: 0,
      async next() {
        const { rows } = await cursor.fetch('forward', 1);
        return rows.length === 0 ? null : rows;
      },
      async close() {
        if (host.hasCursor(cursor.name)) await host.closeCursor(cursor.name);
        if (wasNull) frame.values[statement.cursor] = null;
      },
    };
    return loopOver(frame, running, { statement, body, title });
  };
}
