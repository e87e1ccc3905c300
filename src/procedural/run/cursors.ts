// OPEN, FETCH, MOVE, CLOSE: cursor variables hold the names of the session's cursors.
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { Cursor } from '../host.js';
import type { CloseStatement, FetchStatement, OpenStatement, SqlText, Variable } from '../tree.js';
import { assignColumns, store } from './assign.js';
import type { CompiledFunction } from './compiled-function.js';
import { dynamicText, evaluateParameters } from './execute-sql.js';
import { evaluateAs, SqlExpression } from './expression.js';
import { type FunctionFrame, next, type Step } from './frame.js';
import { requireRows } from './row-source.js';

function cursorVariable(fn: CompiledFunction, number: number): Variable {
  const datum = fn.datums[number];
  if (datum?.kind !== 'variable') throw new Error('invariant broken: cursors are named by scalar variables');
  return datum;
}

/** Evaluates the arguments that a bound cursor is opened with, into its own variables. */
export function cursorArguments(
  fn: CompiledFunction,
  cursor: number,
  args: SqlText | null,
): (frame: FunctionFrame) => Promise<void> {
  const target = cursorVariable(fn, cursor).cursor?.args ?? null;
  if (args === null || target === null) return async () => {};
  const row = new SqlExpression(fn, args);
  return async (frame) => {
    const prepared = row.ready(frame);
    const running = await fn.host.within(row.sql, async () => prepared.open(frame));
    try {
      const [values] = (await running.next(1)) ?? [];
      await assignColumns(frame, target.number, values ?? null, running.columns);
    } finally {
      await running.close();
    }
  };
}

/** Opens a bound cursor; its name goes into the variable where that holds none. */
export function openBound(fn: CompiledFunction, number: number): (frame: FunctionFrame) => Promise<Cursor> {
  const variable = cursorVariable(fn, number);
  const { cursor } = variable;
  const query = cursor === null ? null : new SqlExpression(fn, cursor.query);
  return async (frame) => {
    if (cursor === null || query === null) throw new Error('invariant broken: an unbound cursor has no query');
    const name = requireFree(frame, variable);
    const prepared = query.ready(frame);
    requireRows(prepared.columns, prepared.command);
    const request = { name, scroll: cursor.scroll };
    const opened = await fn.host.within(cursor.query, async () =>
      fn.host.openCursor(request, { text: cursor.query.text, prepared, frame, parameters: [] }),
    );
    if (name === null) nameCursor(frame, variable, opened.name);
    return opened;
  };
}

/** The name that the variable gives its cursor. Throws 42P03 where that is open already. */
function requireFree(frame: FunctionFrame, variable: Variable): string | null {
  const name = frame.values[variable.number] as string | null;
  if (name !== null && frame.fn.host.hasCursor(name))
    throw pgError(SqlState.duplicateCursor, `cursor "${name}" already in use`);
  return name;
}

export function compileOpen(fn: CompiledFunction, statement: OpenStatement): Step {
  const variable = cursorVariable(fn, statement.cursor);
  if (statement.query === null) {
    const args = cursorArguments(fn, statement.cursor, statement.args);
    const open = openBound(fn, statement.cursor);
    return async (frame) => {
      requireFree(frame, variable);
      await args(frame);
      await open(frame);
      return next;
    };
  }
  const sql = statement.query;
  const query = new SqlExpression(fn, sql);
  const parameters = statement.parameters.map((parameter) => new SqlExpression(fn, parameter));
  return async (frame) => {
    const name = requireFree(frame, variable);
    const request = { name, scroll: statement.scroll };
    let opened: Cursor;
    if (statement.dynamic) {
      const text = await dynamicText(frame, query);
      const values = await evaluateParameters(frame, parameters);
      const sqlOfCursor = { text, use: 'statement' } as const;
      const types = values.map(({ type }) => type);
      const prepared = await fn.host.within(sqlOfCursor, () => fn.host.prepareDynamic(text, types, frame));
      const [only] = prepared.statements;
      if (only !== undefined) {
        const columns = await fn.host.within(sqlOfCursor, () => only.columns);
        requireRows(columns, only.command);
      }
      opened = await fn.host.within(sqlOfCursor, async () =>
        fn.host.openCursor(request, { text, prepared, frame, parameters: values }),
      );
    } else {
      const prepared = query.ready(frame);
      requireRows(prepared.columns, prepared.command);
      opened = await fn.host.within(sql, async () =>
        fn.host.openCursor(request, { text: sql.text, prepared, frame, parameters: [] }),
      );
    }
    if (name === null) nameCursor(frame, variable, opened.name);
    return next;
  };
}

/** The open cursor that a variable names. Throws 22004, 34000. */
function openCursorOf(frame: FunctionFrame, variable: Variable): Cursor {
  const name = frame.values[variable.number] as string | null;
  if (name === null) throw pgError(SqlState.nullValueNotAllowed, `cursor variable "${variable.name}" is null`);
  return frame.fn.host.cursor(name);
}

export function compileFetch(fn: CompiledFunction, statement: FetchStatement): Step {
  const variable = cursorVariable(fn, statement.cursor);
  const count = statement.countText === null ? null : new SqlExpression(fn, statement.countText);
  return async (frame) => {
    const cursor = openCursorOf(frame, variable);
    let howMany = statement.count;
    if (count !== null) {
      const value = await evaluateAs(frame, count, 23);
      if (value === null) throw pgError(SqlState.nullValueNotAllowed, 'relative or absolute cursor position is null');
      howMany = value as number;
    }
    const moved = await cursor.fetch(statement.direction, howMany);
    if (!statement.isMove) {
      const row = moved.rows[moved.rows.length - 1] ?? null;
      await assignColumns(frame, statement.into, row, cursor.columns);
    }
    frame.rowCount = moved.count;
    frame.found = moved.count > 0;
    return next;
  };
}

export function compileClose(fn: CompiledFunction, statement: CloseStatement): Step {
  const variable = cursorVariable(fn, statement.cursor);
  return async (frame) => {
    const { name } = openCursorOf(frame, variable);
    await fn.host.closeCursor(name);
    return next;
  };
}

/** An open cursor's name goes into the variable that had none. Throws 22005. */
function nameCursor(frame: FunctionFrame, variable: Variable, name: string): void {
  if (variable.constant) throw pgError(SqlState.errorInAssignment, `variable "${variable.name}" is declared CONSTANT`);
  store(frame, variable, name);
}
