// Catalog rows in their two forms: the object that TypeScript code reads ({ oid: 1247, relname: 'pg_type', ... }) and
// the stored row (attribute n at index n - 1). Scalars are the same in both; vectors and arrays are plain arrays in the
// object and PgArray in the row; aclitem[] is text in the object.
import { PgArray, type AclItem, type Value } from '../types/value.js';
import type { RowLayout } from '../storage/api.js';
import { coreType } from './core-types.js';
import type { CatalogName, CatalogRow } from './generated/rows.js';
import { catalogShapes } from './generated/schema.js';
import { typeOid } from './oids.js';

/** Text form of an access control list, which names roles. */
export interface AclText {
  parse(text: string): readonly AclItem[];
  print(items: readonly AclItem[]): string;
}

/** A column's value as catalog rows have it in TypeScript. */
export type ColumnValue = Value | readonly number[] | readonly string[];

const arrayElements: Readonly<Record<string, number>> = {
  'smallint[]': typeOid.int2,
  'oid[]': typeOid.oid,
  'real[]': typeOid.float4,
  'text[]': typeOid.text,
  'char[]': typeOid.char,
};
const vectorElements: Readonly<Record<string, number>> = { int2vector: typeOid.int2, oidvector: typeOid.oid };

/** Columns of a catalog that have two forms: 0-based position and type name. */
const convertedColumns = new Map<CatalogName, readonly (readonly [position: number, typeName: string])[]>();
const layouts = new Map<CatalogName, RowLayout>();

export function catalogLayout(table: CatalogName): RowLayout {
  let layout = layouts.get(table);
  if (layout === undefined) {
    layout = { attributes: catalogShapes[table].columns.map(([, type]) => ({ type: coreType(type), missing: null })) };
    layouts.set(table, layout);
  }
  return layout;
}

/** The stored row of a catalog row object. */
export function toStoredRow<T extends CatalogName>(table: T, row: CatalogRow<T>, acl: AclText): Value[] {
  const values = catalogShapes[table].columns.map(([name]) => (row as unknown as Record<string, Value>)[name] ?? null);
  for (const [position, typeName] of conversions(table))
    values[position] = toStoredValue(typeName, values[position] as ColumnValue, acl);
  return values;
}

/** The catalog row object of a stored row. */
export function fromStoredRow<T extends CatalogName>(table: T, values: readonly Value[], acl: AclText): CatalogRow<T> {
  let make = makers.get(table);
  if (make === undefined) {
    make = compileMaker(table);
    makers.set(table, make);
  }
  return make(values, fromStoredValue, acl) as CatalogRow<T>;
}

type Maker = (values: readonly Value[], convert: typeof fromStoredValue, acl: AclText) => unknown;

const makers = new Map<CatalogName, Maker>();

/** A function that writes one catalog's rows as object literals: all of them have one shape, which V8 knows. The names
 *  come from the generated schema. */
function compileMaker(table: CatalogName): Maker {
  const converted = new Map(conversions(table));
  const fields = catalogShapes[table].columns.map(([name], at) => {
    const typeName = converted.get(at);
    return typeName === undefined ? `${name}:v[${at}]??null` : `${name}:c('${typeName}',v[${at}]??null,a)`;
  });
  return new Function('v', 'c', 'a', `return {${fields.join()}};`) as Maker;
}

/** One column's stored form; `position` is 0-based. */
export function toStoredColumn(table: CatalogName, position: number, value: ColumnValue, acl: AclText): Value {
  const typeName = catalogShapes[table].columns[position]?.[2] ?? '';
  return toStoredValue(typeName, value, acl);
}

function conversions(table: CatalogName): readonly (readonly [number, string])[] {
  let list = convertedColumns.get(table);
  if (list === undefined) {
    list = catalogShapes[table].columns
      .map(([, , typeName], position) => [position, typeName] as const)
      .filter(([, typeName]) => typeName in arrayElements || typeName in vectorElements || typeName === 'aclitem[]');
    convertedColumns.set(table, list);
  }
  return list;
}

function toStoredValue(typeName: string, value: ColumnValue, acl: AclText): Value {
  if (value === null) return null;
  const vector = vectorElements[typeName];
  if (vector !== undefined) return vectorOf(vector, value as readonly number[]);
  const element = arrayElements[typeName];
  if (element !== undefined) return PgArray.of(element, value as readonly Value[]);
  if (typeName === 'aclitem[]') return PgArray.of(typeOid.aclitem, acl.parse(value as string));
  return value as Value;
}

function fromStoredValue(typeName: string, value: Value, acl: AclText): ColumnValue {
  if (value === null) return null;
  const { elements } = value as PgArray;
  return typeName === 'aclitem[]' ? acl.print(elements as readonly AclItem[]) : (elements as readonly number[]);
}

/** Vectors have one dimension with lower bound 0, even when they are empty. */
export function vectorOf(elementType: number, elements: readonly number[]): PgArray {
  return new PgArray(elementType, [elements.length], [0], elements);
}
