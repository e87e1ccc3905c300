// Record variables: what their fields are, reading and writing one, taking over whole rows.
import type { Awaitable } from '../../base/awaitable.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { Column } from '../host.js';
import type { RecordField as FieldDatum, RecordVariable } from '../tree.js';
import { PgRecord, type RecordField, type Row, type Value } from '../../types/value.js';
import type { FunctionFrame } from './frame.js';

const recordType = 2249;

export interface FieldValue {
  readonly type: number;
  readonly typmod: number;
  readonly value: Value;
}

/** A record's field: its type and value. Throws 55000 where the record is not assigned yet, 42703 where it has none. */
export function fieldOf(frame: FunctionFrame, number: number): FieldValue {
  const datum = frame.fn.datums[number] as FieldDatum;
  const record = frame.fn.datums[datum.record] as RecordVariable;
  const value = frame.values[datum.record] ?? null;
  const fields = fieldsOf(frame, record, value);
  const index = fields.findIndex(({ name }) => name === datum.name);
  const field = fields[index];
  if (field === undefined) throw noField(record.name, datum.name);
  return {
    type: field.type,
    typmod: field.typmod,
    value: value instanceof PgRecord ? (value.values[index] ?? null) : null,
  };
}

export function fieldShape(
  frame: FunctionFrame,
  number: number,
): { readonly type: number; readonly typmod: number; readonly collation: number } {
  const { type, typmod } = fieldOf(frame, number);
  return { type, typmod, collation: frame.fn.host.catalog.typeByOid(type).collation };
}

/** The fields that a record has now. Throws 55000. */
export function fieldsOf(frame: FunctionFrame, record: RecordVariable, value: Value): readonly RecordField[] {
  if (value instanceof PgRecord) return named(frame, value);
  const empty = frame.nullShapes?.get(record.number);
  if (empty !== undefined) return named(frame, empty);
  if (record.type.oid === recordType) throw unassigned(record.name);
  return attributesOf(frame, record.type.oid);
}

/** A composite value's fields bear the names of its type. */
function named(frame: FunctionFrame, value: PgRecord): readonly RecordField[] {
  if (value.type === recordType) return value.fields;
  const own = attributesOf(frame, value.type);
  return own.length === value.values.length ? own : value.fields;
}

/** Live columns of a composite type or a domain over one. */
export function attributesOf(frame: FunctionFrame, type: number): readonly RecordField[] {
  const { catalog } = frame.fn.host;
  return catalog.typeByOid(catalog.baseType(type)).attributes;
}

function unassigned(name: string): Error {
  return pgError(SqlState.objectNotInPrerequisiteState, `record "${name}" is not assigned yet`, {
    detail: 'The tuple structure of a not-yet-assigned record is indeterminate.',
  });
}

function noField(record: string, field: string): Error {
  return pgError(SqlState.undefinedColumn, `record "${record}" has no field "${field}"`);
}

/** Writes one field; the rest of the record stays. */
export async function assignField(
  frame: FunctionFrame,
  number: number,
  value: Value,
  from: { readonly type: number; readonly typmod: number },
): Promise<void> {
  const datum = frame.fn.datums[number] as FieldDatum;
  const record = frame.fn.datums[datum.record] as RecordVariable;
  const current = frame.values[datum.record] ?? null;
  const fields = fieldsOf(frame, record, current);
  const index = fields.findIndex(({ name }) => name === datum.name);
  const field = fields[index];
  if (field === undefined) throw noField(record.name, datum.name);
  const cast = frame.fn.host.castTypes(from.type, from.typmod, field.type, field.typmod);
  const fitting = cast === null ? value : await cast(value);
  const values = current instanceof PgRecord ? [...current.values] : fields.map((): Value => null);
  values[index] = fitting;
  const known = current instanceof PgRecord ? current : frame.nullShapes?.get(datum.record);
  const type = known?.type ?? frame.fn.host.catalog.baseType(record.type.oid);
  frame.values[datum.record] = await checked(frame, record, new PgRecord(type, values, fields));
}

/** A record variable of a domain type holds what the domain allows. */
async function checked(frame: FunctionFrame, record: RecordVariable, value: PgRecord | null): Promise<Value> {
  const { host } = frame.fn;
  const { oid } = record.type;
  if (host.catalog.typeByOid(oid).kind !== 'd') return value;
  const cast = host.castTypes(host.catalog.baseType(oid), -1, oid, -1);
  return cast === null ? value : cast(value);
}

/** Takes a row over into a record variable: by position, cast to the columns of its type where it has one. */
export function assignRow(
  frame: FunctionFrame,
  record: RecordVariable,
  row: Row | null,
  columns: readonly Column[],
): Awaitable<void> {
  const { oid } = record.type;
  if (oid === recordType) {
    const values = row ?? columns.map((): Value => null);
    frame.values[record.number] = new PgRecord(recordType, values, columns);
    return;
  }
  return assignFitted(frame, record, row, columns);
}

/** Into a record of a composite type: each column cast to the type's. */
async function assignFitted(
  frame: FunctionFrame,
  record: RecordVariable,
  row: Row | null,
  columns: readonly Column[],
): Promise<void> {
  const { oid } = record.type;
  if (row === null) {
    const none = attributesOf(frame, oid).map((): Value => null);
    frame.values[record.number] = await checked(
      frame,
      record,
      new PgRecord(frame.fn.host.catalog.baseType(oid), none, attributesOf(frame, oid)),
    );
    return;
  }
  const attributes = attributesOf(frame, oid);
  warnOfMismatch(frame, attributes.length, columns.length);
  const values: Value[] = [];
  for (const [index, attribute] of attributes.entries()) {
    const column = columns[index];
    if (column === undefined) {
      values.push(null);
      continue;
    }
    const cast = frame.fn.host.castTypes(column.type, column.typmod, attribute.type, attribute.typmod);
    const value = row[index] ?? null;
    values.push(cast === null ? value : await cast(value));
  }
  const made = new PgRecord(frame.fn.host.catalog.baseType(oid), values, attributes);
  frame.values[record.number] = await checked(frame, record, made);
}

/** plpgsql.extra_warnings and extra_errors: strict_multi_assignment. */
export function warnOfMismatch(frame: FunctionFrame, targetCount: number, sourceCount: number): void {
  if (targetCount === sourceCount || sourceCount === 0) return;
  frame.fn.extraCheck('strict_multi_assignment', {
    code: SqlState.datatypeMismatch,
    message: 'number of source and target fields in assignment does not match',
    detail: 'strict_multi_assignment check of extra_warnings is active.',
    errorDetail: 'strict_multi_assignment check of extra_errors is active.',
    hint: 'Make sure the query returns the exact list of columns.',
  });
}
