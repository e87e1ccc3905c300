// Comparing rows by sort keys and by grouping columns: PostgreSQL's nulls order, each column under its own collation.
import type { TargetEntry } from '../trees/expression.js';
import type { GroupColumn, SortKey } from '../trees/plan.js';
import type { Row, Value } from '../types/value.js';
import { typeOf } from './expressions/type-of.js';
import { type HashKeyOf, equalityOf, keyPart, requireHashKey, sortComparator } from './operators.js';
import type { RunState } from './state.js';

export type RowComparator = (left: Row, right: Row) => number;

/** Type of a column of a row that these targets make. */
export function columnType(x: RunState, targets: readonly TargetEntry[], column: number): number {
  const target = targets[column - 1];
  if (target === undefined) throw new Error(`no column ${column} in the input`);
  return typeOf(target.expr, x.unit.catalog);
}

/** Order of rows by sort keys; `targets` is the target list of the rows' maker. */
export function rowComparator(x: RunState, keys: readonly SortKey[], targets: readonly TargetEntry[]): RowComparator {
  const columns = keys.map((key) => {
    const compare = sortComparator(x.unit.catalog, key.operator, columnType(x, targets, key.column));
    const io = x.ioFor(key.collation);
    const nulls = key.nullsFirst ? -1 : 1;
    const sign = key.descending ? -1 : 1;
    const index = key.column - 1;
    return (left: Row, right: Row): number => {
      const a = left[index] as Value;
      const b = right[index] as Value;
      if (a === null || b === null) return a === b ? 0 : a === null ? nulls : -nulls;
      return sign * compare(a, b, io);
    };
  });
  const [first, second] = columns;
  if (first === undefined) return () => 0;
  if (second === undefined) return first;
  return (left, right) => {
    for (let n = 0; n < columns.length; n++) {
      const order = (columns[n] as RowComparator)(left, right);
      if (order !== 0) return order;
    }
    return 0;
  };
}

/** True where two rows agree in these columns; nulls are equal. */
export function rowEquality(
  x: RunState,
  columns: readonly GroupColumn[],
  targets: readonly TargetEntry[],
): (left: Row, right: Row) => boolean {
  const tests = columns.map((column) => {
    const equal = equalityOf(x.unit.catalog, columnType(x, targets, column.column));
    const io = x.ioFor(column.collation);
    const index = column.column - 1;
    return (left: Row, right: Row): boolean => {
      const a = left[index] as Value;
      const b = right[index] as Value;
      return a === null || b === null ? a === b : a === b || equal(a, b, io);
    };
  });
  const [first] = tests;
  if (tests.length === 1 && first !== undefined) return first;
  return (left, right) => tests.every((test) => test(left, right));
}

export type RowKey = (row: Row) => unknown;

/** A primitive that is the same for rows that agree in these columns; nulls are equal. */
export function rowKey(x: RunState, columns: readonly GroupColumn[], targets: readonly TargetEntry[]): RowKey {
  return keyOfColumns(
    x,
    columns.map((column) => ({
      index: column.column - 1,
      collation: column.collation,
      keyOf: requireHashKey(x.unit.catalog, columnType(x, targets, column.column)),
    })),
  );
}

interface HashedColumn {
  readonly index: number;
  readonly collation: number;
  readonly keyOf: HashKeyOf;
}

function keyOfColumns(x: RunState, columns: readonly HashedColumn[]): RowKey {
  const parts = columns.map((column) => ({ ...column, io: x.ioFor(column.collation) }));
  const [only] = parts;
  if (only === undefined) return () => 0;
  if (parts.length === 1) {
    return (row) => {
      const value = row[only.index] as Value;
      return value === null ? null : only.keyOf(value, only.io);
    };
  }
  return (row) => {
    let key = '';
    for (const part of parts) key += keyPart(row[part.index] as Value, part.keyOf, part.io);
    return key;
  };
}

/** Bytes that a key takes in a hash table, beside what it leads to. */
export function hashEntryBytes(key: unknown): number {
  return 48 + (typeof key === 'string' ? 16 + key.length : typeof key === 'bigint' ? 24 : 0);
}
