// Values into variables: cast to their type, checked for NOT NULL, rows spread over records and lists.
import type { Awaitable } from '../../base/awaitable.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { Column } from '../host.js';
import type { RecordVariable, TargetList, Variable } from '../tree.js';
import { PgRecord, type Row, type Value } from '../../types/value.js';
import type { FunctionFrame } from './frame.js';
import { assignField, assignRow, attributesOf, warnOfMismatch } from './records.js';

export interface ValueType {
  readonly type: number;
  readonly typmod: number;
}

/** Assigns a value of a type to a variable. Throws 22004, 42804 and what the cast throws. */
export function assign(frame: FunctionFrame, target: number, value: Value, from: ValueType): Awaitable<void> {
  const datum = frame.fn.datums[target];
  switch (datum?.kind) {
    case 'variable':
      return assignScalar(frame, datum, value, from);
    case 'record':
      return assignRecord(frame, datum, value);
    case 'field':
      return assignField(frame, target, value, from);
    case 'list':
      return assignList(frame, datum, value);
    default:
      throw new Error(`invariant broken: no variable ${target}`);
  }
}

function assignScalar(frame: FunctionFrame, datum: Variable, value: Value, from: ValueType): Awaitable<void> {
  const type = frame.fn.typeOf(datum);
  const cast = frame.fn.host.castTypes(from.type, from.typmod, type.oid, type.typmod);
  const result = cast === null ? value : cast(value);
  if (result instanceof Promise) return result.then((settled) => store(frame, datum, settled));
  store(frame, datum, result);
}

/** Puts a fitting value into a scalar variable. Throws 22004. */
export function store(frame: FunctionFrame, datum: Variable, value: Value): void {
  if (value === null && datum.notNull) throw notNullViolation(datum.name);
  frame.values[datum.number] = value;
}

function notNullViolation(name: string): Error {
  return pgError(SqlState.nullValueNotAllowed, `null value cannot be assigned to variable "${name}" declared NOT NULL`);
}

async function assignRecord(frame: FunctionFrame, datum: RecordVariable, value: Value): Promise<void> {
  if (value === null) {
    if (datum.notNull) throw notNullViolation(datum.name);
    const { host } = frame.fn;
    if (host.catalog.typeByOid(datum.type.oid).kind === 'd') {
      const cast = host.castTypes(host.catalog.baseType(datum.type.oid), -1, datum.type.oid, -1);
      if (cast !== null) await cast(null);
    }
    frame.values[datum.number] = null;
    return;
  }
  if (!(value instanceof PgRecord))
    throw pgError(SqlState.datatypeMismatch, 'cannot assign non-composite value to a record variable');
  const record = value;
  if (datum.type.oid === 2249 || record.type === datum.type.oid) {
    frame.values[datum.number] = record;
    return;
  }
  await assignRow(frame, datum, record.values, shapeOf(frame, record));
}

function assignList(frame: FunctionFrame, datum: TargetList, value: Value): Awaitable<void> {
  if (value === null) return assignColumns(frame, datum.number, null, []);
  if (!(value instanceof PgRecord))
    throw pgError(SqlState.datatypeMismatch, 'cannot assign non-composite value to a row variable');
  return assignColumns(frame, datum.number, value.values, shapeOf(frame, value));
}

/** The columns of a record value. */
export function shapeOf(frame: FunctionFrame, record: PgRecord): readonly Column[] {
  if (record.type === 2249) return record.fields;
  const attributes = attributesOf(frame, record.type);
  return attributes.length === record.values.length ? attributes : record.fields;
}

/** Spreads a query's row over a target; null: there was none, everything becomes null. */
export function assignColumns(
  frame: FunctionFrame,
  target: number,
  row: Row | null,
  columns: readonly Column[],
): Awaitable<void> {
  const datum = frame.fn.datums[target];
  if (datum?.kind === 'record') return assignRow(frame, datum, row, columns);
  if (datum?.kind !== 'list') throw new Error('invariant broken: rows go to records and lists');
  if (row !== null) warnOfMismatch(frame, datum.members.length, columns.length);
  return assignMembers(frame, datum, row, columns, 0);
}

const nothing: ValueType = { type: 705, typmod: -1 };

function assignMembers(
  frame: FunctionFrame,
  list: TargetList,
  row: Row | null,
  columns: readonly Column[],
  from: number,
): Awaitable<void> {
  for (let index = from; index < list.members.length; index++) {
    const column = row === null ? undefined : columns[index];
    const value = column === undefined ? null : (row?.[index] ?? null);
    const wait = assign(frame, list.members[index] as number, value, column ?? nothing);
    if (wait instanceof Promise) return wait.then(() => assignMembers(frame, list, row, columns, index + 1));
  }
}

/** The value of a variable of any kind, with its type. */
export function readDatum(frame: FunctionFrame, number: number): { readonly value: Value } & ValueType {
  const datum = frame.fn.datums[number];
  switch (datum?.kind) {
    case 'variable': {
      const type = frame.fn.typeOf(datum);
      return { value: frame.values[number] ?? null, type: type.oid, typmod: type.typmod };
    }
    case 'record': {
      const value = frame.values[number] ?? null;
      const type = value instanceof PgRecord ? value.type : datum.type.oid;
      return { value, type: datum.type.oid === 2249 ? type : datum.type.oid, typmod: -1 };
    }
    case 'list': {
      const parts = datum.members.map((member) => readDatum(frame, member));
      const fields = parts.map(({ type, typmod }, index) => ({ name: datum.names[index] ?? '', type, typmod }));
      const value = new PgRecord(
        2249,
        parts.map((part) => part.value),
        fields,
      );
      return { value, type: 2249, typmod: -1 };
    }
    default:
      throw new Error(`invariant broken: variable ${number} has no value of its own`);
  }
}
