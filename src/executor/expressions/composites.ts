// ARRAY[...], ROW(...), field access and field replacement.
import { SqlState, pgError } from '../../errors/pg-error.js';
import type { ArrayExpr, FieldSelect, FieldStore, RowExpr } from '../../trees/expression.js';
import { PgArray, PgRecord, type RecordField, type Value } from '../../types/value.js';
import { baseType } from '../operators.js';
import type { Emitter, Operand } from './emitter.js';
import { typeOf } from './type-of.js';
import { requireElements } from '../../types/memory.js';

export function emitArrayExpr(expr: ArrayExpr, m: Emitter): Operand {
  const elements = expr.elements.map((element) => m.emit(element).code).join(', ');
  const elementType = expr.elementType;
  const make = expr.multidimensional
    ? (values: readonly Value[]) => arrayOfArrays(elementType, values as readonly (PgArray | null)[])
    : (values: readonly Value[]) => PgArray.of(elementType, values);
  return { code: m.assign(`${m.slot(make)}([${elements}])`), nullable: false };
}

/** ARRAY[a, b] of arrays: one more dimension; nulls and empty arrays all around give an empty array. */
function arrayOfArrays(elementType: number, values: readonly (PgArray | null)[]): PgArray {
  const first = values.find((value) => value !== null && value.dimensions.length > 0) ?? null;
  if (first === null) return PgArray.of(elementType, []);
  const elements: Value[] = [];
  for (const value of values) {
    const isSame =
      value !== null &&
      value.dimensions.length === first.dimensions.length &&
      value.dimensions.every(
        (length, n) => length === first.dimensions[n] && value.lowerBounds[n] === first.lowerBounds[n],
      );
    if (!isSame) {
      throw pgError(
        SqlState.arraySubscriptError,
        'multidimensional arrays must have array expressions with matching dimensions',
      );
    }
    requireElements(elements.length + value.elements.length);
    for (const element of value.elements) elements.push(element);
  }
  const dimensions = [values.length, ...first.dimensions];
  if (dimensions.length > 6) {
    throw pgError(
      SqlState.programLimitExceeded,
      `number of array dimensions (${dimensions.length}) exceeds the maximum allowed (6)`,
    );
  }
  return new PgArray(elementType, dimensions, [1, ...first.lowerBounds], elements);
}

export function emitRowExpr(expr: RowExpr, m: Emitter): Operand {
  const { attributes } = baseType(m.catalog, expr.type);
  // Rows of a named type have arguments for dropped attributes too; the value has the live ones alone.
  const hasDropped = attributes.length > 0 && attributes.length < expr.args.length;
  const args = hasDropped
    ? expr.args.filter((_arg, n) => attributes.some(({ number }) => number === n + 1))
    : expr.args;
  const values = args.map((arg) => m.emit(arg).code).join(', ');
  const fields = rowFields(expr, m);
  const make = (row: readonly Value[]) => new PgRecord(expr.type, row, fields);
  return { code: m.assign(`${m.slot(make)}([${values}])`), nullable: false };
}

function rowFields(expr: RowExpr, m: Emitter): readonly RecordField[] {
  const type = baseType(m.catalog, expr.type);
  if (type.kind === 'c') return type.attributes.map(({ name, type: field, typmod }) => ({ name, type: field, typmod }));
  return expr.args.map((arg, n) => ({
    name: expr.columnNames[n] ?? `f${n + 1}`,
    type: typeOf(arg, m.catalog),
    typmod: 'typmod' in arg ? arg.typmod : -1,
  }));
}

export function emitFieldSelect(expr: FieldSelect, m: Emitter): Operand {
  const arg = m.emit(expr.arg);
  const index = fieldIndex(typeOf(expr.arg, m.catalog), expr.fieldNumber, m);
  return { code: m.assign(`${arg.code} === null ? null : (${arg.code}.values[${index}] ?? null)`), nullable: true };
}

/** Position of an attribute among the record's live ones. */
function fieldIndex(typeOid: number, fieldNumber: number, m: Emitter): number {
  const type = baseType(m.catalog, typeOid);
  if (type.kind !== 'c') return fieldNumber - 1;
  const index = type.attributes.findIndex((attribute) => attribute.number === fieldNumber);
  if (index < 0)
    throw pgError(SqlState.undefinedColumn, `attribute ${fieldNumber} of type ${type.name} has been dropped`);
  return index;
}

export function emitFieldStore(expr: FieldStore, m: Emitter): Operand {
  const type = baseType(m.catalog, expr.type);
  const fields = type.attributes.map(({ name, type: field, typmod }) => ({ name, type: field, typmod }));
  const arg = m.emit(expr.arg);
  const explode = (value: Value): Value[] =>
    value instanceof PgRecord ? [...value.values] : new Array<Value>(fields.length).fill(null);
  const values = m.assign(`${m.slot(explode)}(${arg.code})`);
  // A nested assignment's CASE test value is the field's old value.
  for (const [n, newValue] of expr.newValues.entries()) {
    const index = fieldIndex(expr.type, expr.fieldNumbers[n] ?? 0, m);
    m.caseTests.push({ code: m.assign(`${values}[${index}]`), nullable: true });
    const value = m.emit(newValue);
    m.caseTests.pop();
    m.line(`${values}[${index}] = ${value.code};`);
  }
  const make = (row: readonly Value[]) => new PgRecord(expr.type, row, fields);
  return { code: m.assign(`${m.slot(make)}(${values})`), nullable: false };
}
