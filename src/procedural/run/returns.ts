// RETURN, RETURN NEXT and RETURN QUERY.
import type { Awaitable } from '../../base/awaitable.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { Column } from '../host.js';
import type { ReturnNextStatement, ReturnQueryStatement, ReturnStatement } from '../tree.js';
import { PgRecord, type Row, type Value } from '../../types/value.js';
import { readDatum, shapeOf, type ValueType } from './assign.js';
import type { CompiledFunction } from './compiled-function.js';
import { SqlExpression } from './expression.js';
import { type Flow, type FunctionFrame, leave, next, type Step } from './frame.js';
import { openDynamic } from './query-loops.js';

const voidType = 2278;

export function compileReturn(fn: CompiledFunction, { value, variable }: ReturnStatement): Step {
  if (value === null) {
    return (frame) => {
      if (variable >= 0 && !fn.returns.isSet) takeVariable(frame, variable);
      else if (fn.returns.type === voidType) setResult(frame, '', { type: voidType, typmod: -1 });
      return leave;
    };
  }
  const expression = new SqlExpression(fn, value);
  const put = (frame: FunctionFrame, result: Value): Flow => {
    setResult(frame, result, { type: expression.type, typmod: expression.typmod });
    if (fn.returns.isRow && result !== null && !(result instanceof PgRecord)) throw notComposite();
    return leave;
  };
  return (frame) => {
    const result = expression.evaluate(frame);
    return result instanceof Promise ? result.then((settled) => put(frame, settled)) : put(frame, result);
  };
}

function notComposite(): Error {
  return pgError(SqlState.datatypeMismatch, 'cannot return non-composite value from function returning composite type');
}

function setResult(frame: FunctionFrame, value: Value, type: ValueType): void {
  frame.result = value;
  frame.resultType = type;
}

/** RETURN variable; what OUT parameters hold at the end. */
export function takeVariable(frame: FunctionFrame, variable: number): void {
  const { value, type, typmod } = readDatum(frame, variable);
  setResult(frame, value, { type, typmod });
  if (frame.fn.returns.isRow && value !== null && !(value instanceof PgRecord)) throw notComposite();
}

/** Columns that the rows of a set-returning function have; null: one column, a value. */
export function expectedColumns(frame: FunctionFrame): readonly Column[] | null {
  if (!frame.fn.returns.isRow) return null;
  if (frame.expected !== null) return frame.expected;
  throw pgError(SqlState.featureNotSupported, 'materialize mode required, but it is not allowed in this context');
}

export function compileReturnNext(fn: CompiledFunction, { value, variable }: ReturnNextStatement): Step {
  const expression = value === null ? null : new SqlExpression(fn, value);
  const give = (frame: FunctionFrame, result: Value): Awaitable<Flow> => {
    const type = { type: expression?.type ?? 0, typmod: expression?.typmod ?? -1 };
    const columns = expectedColumns(frame);
    if (columns === null) {
      const cast = castResult(frame, result, type);
      if (cast instanceof Promise) return cast.then((settled) => given(frame, settled));
      return given(frame, cast);
    }
    if (result === null) return given(frame, columns.map(nothing));
    if (!(result instanceof PgRecord)) throw notComposite();
    return given(frame, matched(frame, result, columns, 'wrong record type supplied in RETURN NEXT'));
  };
  if (expression === null) {
    const datum = fn.datums[variable];
    return (frame) => {
      if (datum?.kind === 'variable' && !fn.returns.isRow) {
        const { value: own, type, typmod } = readDatum(frame, variable);
        const cast = castResult(frame, own, { type, typmod });
        return cast instanceof Promise ? cast.then((settled) => given(frame, settled)) : given(frame, cast);
      }
      return returnVariable(frame, variable, expectedColumns(frame)).then(() => next);
    };
  }
  return (frame) => {
    const result = expression.evaluate(frame);
    return result instanceof Promise ? result.then((settled) => give(frame, settled)) : give(frame, result);
  };
}

function nothing(): null {
  return null;
}

function given(frame: FunctionFrame, row: Row | Value): Flow {
  frame.give(row);
  return next;
}

async function returnVariable(
  frame: FunctionFrame,
  variable: number,
  columns: readonly Column[] | null,
): Promise<void> {
  const datum = frame.fn.datums[variable];
  const { value, type, typmod } = readDatum(frame, variable);
  const message = 'wrong record type supplied in RETURN NEXT';
  if (columns === null) {
    if (datum?.kind === 'list' || datum?.kind === 'record') throw pgError(SqlState.datatypeMismatch, message);
    frame.give(await castResult(frame, value, { type, typmod }));
    return;
  }
  if (datum?.kind === 'variable') {
    const [only] = columns;
    if (columns.length !== 1 || only === undefined)
      throw pgError(SqlState.datatypeMismatch, 'wrong result type supplied in RETURN NEXT');
    const cast = frame.fn.host.castTypes(type, typmod, only.type, only.typmod);
    frame.give([cast === null ? value : await cast(value)]);
    return;
  }
  if (value === null) {
    if (datum?.kind === 'record' && datum.type.oid === 2249) throw unassigned(datum.name);
    frame.give(columns.map(() => null));
    return;
  }
  frame.give(matched(frame, value as PgRecord, columns, message));
}

function unassigned(name: string): Error {
  return pgError(SqlState.objectNotInPrerequisiteState, `record "${name}" is not assigned yet`, {
    detail: 'The tuple structure of a not-yet-assigned record is indeterminate.',
  });
}

function castResult(frame: FunctionFrame, value: Value, from: ValueType): Awaitable<Value> {
  const cast = frame.fn.host.castTypes(from.type, from.typmod, frame.fn.returns.type, -1);
  return cast === null ? value : cast(value);
}

/** A record's columns, which must be of the expected types. Throws 42804. */
export function matched(
  frame: FunctionFrame,
  record: PgRecord,
  expected: readonly Column[],
  message: string,
): readonly Value[] {
  requireSameColumns(frame, shapeOf(frame, record), expected, message);
  return record.values;
}

/** Throws 42804 where columns differ from those expected in number or type. */
export function requireSameColumns(
  frame: FunctionFrame,
  returned: readonly Column[],
  expected: readonly Column[],
  message: string,
): void {
  const { catalog } = frame.fn.host;
  for (const [index, column] of expected.entries()) {
    const given = returned[index];
    if (given === undefined) break;
    const fits = given.type === column.type && (column.typmod === -1 || given.typmod === column.typmod);
    if (fits) continue;
    const shown = [
      catalog.formatType(given.type, given.typmod),
      catalog.formatType(column.type, column.typmod),
    ] as const;
    throw pgError(SqlState.datatypeMismatch, message, {
      detail: `Returned type ${shown[0]} does not match expected type ${shown[1]} in column ${index + 1}.`,
    });
  }
  if (returned.length === expected.length) return;
  throw pgError(SqlState.datatypeMismatch, message, {
    detail: `Number of returned columns (${returned.length}) does not match expected column count (${expected.length}).`,
  });
}

export function compileReturnQuery(fn: CompiledFunction, statement: ReturnQueryStatement): Step {
  const query = new SqlExpression(fn, statement.query);
  const parameters = statement.parameters.map((sql) => new SqlExpression(fn, sql));
  const mismatch = 'structure of query does not match function result type';
  return async (frame) => {
    const expected = expectedColumns(frame);
    const wanted = expected ?? [{ name: '', type: fn.returns.type, typmod: -1 }];
    const title = { text: statement.query.text, use: 'statement' } as const;
    let running: Awaited<ReturnType<typeof openDynamic>> | Awaited<ReturnType<typeof openStatic>>;
    if (statement.dynamic) running = await openDynamic(frame, query, parameters);
    else running = await openStatic(frame, query);
    let count = 0;
    try {
      const at = statement.dynamic && 'title' in running ? running.title : title;
      const { columns } = running;
      await fn.host.within(at, async () => requireSameColumns(frame, columns, wanted, mismatch));
      for (;;) {
        const batch = await fn.host.within(at, async () => running.next(4096));
        if (batch === null) break;
        count += batch.length;
        for (const row of batch) frame.give(expected === null ? (row[0] ?? null) : row);
      }
    } finally {
      await running.close();
    }
    frame.found = count > 0;
    frame.rowCount = count;
    return next;
  };
}

async function openStatic(frame: FunctionFrame, query: SqlExpression) {
  const prepared = query.ready(frame);
  const title = { text: query.sql.text, use: 'statement' } as const;
  return frame.fn.host.within(title, async () => {
    if (prepared.columns === null)
      throw pgError(SqlState.syntaxError, `${prepared.command} query does not return tuples`);
    return prepared.open(frame);
  });
}
