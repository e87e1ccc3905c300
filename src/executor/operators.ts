// Comparing and hashing values the way the planner's operators demand: the type's own order where the operator belongs to
// its default families, the family's support function otherwise, the operator's function as the last resort.
import type { Catalog } from '../catalog/api.js';
import { SqlState, pgError } from '../errors/pg-error.js';
import { builtinFunction } from '../functions/registry.js';
import type { IoContext } from '../types/io-context.js';
import type { TypeDescriptor } from '../types/type-descriptor.js';
import type { Value } from '../types/value.js';

/** Order of two non-null values under the collation of the context. */
export type Comparator = (left: Value, right: Value, io: IoContext) => number;
/** A primitive that is the same exactly for equal values. */
export type HashKeyOf = (value: Value, io: IoContext) => HashKey;
export type HashKey = string | number | bigint | boolean;

const btree = 'btree';
const plainNumbers = new Set(['int2in', 'int4in', 'oidin', 'date_in']);
const plainBigints = new Set(['int8in', 'timestamp_in', 'timestamptz_in', 'time_in', 'cash_in']);

/** The default B-tree order of a type; throws 42883 where it has none. */
export function columnComparator(catalog: Catalog, typeOid: number): Comparator {
  const type = baseType(catalog, typeOid);
  if (plainNumbers.has(type.behaviour.symbol)) return compareNumbers;
  if (plainBigints.has(type.behaviour.symbol)) return compareBigints;
  const { behaviour } = type;
  if (behaviour.compare === undefined) throw noOrdering(catalog, typeOid);
  const compare = behaviour.compare.bind(behaviour);
  return (left, right, io) => compare(left, right, type, io);
}

function compareNumbers(left: Value, right: Value): number {
  return (left as number) < (right as number) ? -1 : (left as number) > (right as number) ? 1 : 0;
}

function compareBigints(left: Value, right: Value): number {
  return (left as bigint) < (right as bigint) ? -1 : (left as bigint) > (right as bigint) ? 1 : 0;
}

function noOrdering(catalog: Catalog, type: number): Error {
  const name = catalog.io.names.toText('regtype', type);
  return pgError(SqlState.undefinedFunction, `could not identify a comparison function for type ${name}`);
}

/** Order of a B-tree family between two (possibly different) types. */
export function familyComparator(
  catalog: Catalog,
  key: { readonly family: number; readonly left: number; readonly right: number },
): Comparator {
  const left = baseType(catalog, key.left);
  const right = baseType(catalog, key.right);
  if (isDefaultFamily(catalog, key.family, left.oid) && sameOrder(left, right))
    return columnComparator(catalog, left.oid);
  const support = supportComparator(catalog, key.family, left.oid, right.oid);
  if (support !== null) return support;
  return columnComparator(catalog, left.oid);
}

/** The order that an ordering operator (<, > or a type's own like ~<~) stands for, ascending. */
export function sortComparator(catalog: Catalog, operator: number, typeOid: number): Comparator {
  const type = baseType(catalog, typeOid);
  const member = catalog.operatorFamilies(operator).find((m) => m.accessMethod === btree);
  if (member === undefined || isDefaultFamily(catalog, member.family, type.oid))
    return columnComparator(catalog, typeOid);
  return supportComparator(catalog, member.family, member.left, member.right) ?? columnComparator(catalog, typeOid);
}

/** Two types of one default family whose values have one JavaScript form compare alike. */
function sameOrder(left: TypeDescriptor, right: TypeDescriptor): boolean {
  return left.behaviour === right.behaviour;
}

function isDefaultFamily(catalog: Catalog, family: number, type: number): boolean {
  if (family === 0) return true;
  const opclass = catalog.defaultOpclass(type, btree);
  return opclass === null || opclass.family === family;
}

function supportComparator(catalog: Catalog, family: number, left: number, right: number): Comparator | null {
  const oid = catalog.familyFunction(family, left, right, 1);
  const descriptor = oid === 0 ? null : catalog.function(oid);
  const entry = descriptor === null ? undefined : builtinFunction(descriptor.source);
  if (descriptor === null || entry?.kind !== 'scalar') return null;
  const argTypes = descriptor.argTypes.map((type) => catalog.typeByOid(type));
  const resultType = catalog.typeByOid(descriptor.returnType);
  const impl = entry.impl;
  return (a, b, io) =>
    impl(a, b, { argTypes, resultType, collation: io.collationOid, io, isVariadic: false, memo: undefined }) as number;
}

/** Hash key of a type; null where the type can't be hashed. */
export function hashKeyOf(catalog: Catalog, typeOid: number): HashKeyOf | null {
  const type = baseType(catalog, typeOid);
  const { behaviour } = type;
  if (plainNumbers.has(behaviour.symbol) || plainBigints.has(behaviour.symbol)) return (value) => value as HashKey;
  if (behaviour.hashKey === undefined) return null;
  const hashKey = behaviour.hashKey.bind(behaviour);
  return (value, io) => hashKey(value, type, io);
}

export function requireHashKey(catalog: Catalog, typeOid: number): HashKeyOf {
  const keyOf = hashKeyOf(catalog, typeOid);
  if (keyOf !== null) return keyOf;
  const name = catalog.io.names.toText('regtype', typeOid);
  throw pgError(SqlState.undefinedFunction, `could not identify a hash function for type ${name}`);
}

/** Hash keys that agree between two types of one hash family: int2 and int4 are numbers, int8 a bigint. */
export function crossTypeHashKey(catalog: Catalog, type: number, other: number): HashKeyOf {
  const keyOf = requireHashKey(catalog, type);
  const mine = baseType(catalog, type).behaviour;
  const theirs = baseType(catalog, other).behaviour;
  if (mine === theirs) return keyOf;
  return (value, io) => {
    const key = keyOf(value, io);
    return typeof key === 'bigint' && key >= minSafe && key <= maxSafe ? Number(key) : key;
  };
}
const minSafe = BigInt(Number.MIN_SAFE_INTEGER);
const maxSafe = BigInt(Number.MAX_SAFE_INTEGER);

/** Equality of non-null values of one type. */
export function equalityOf(catalog: Catalog, typeOid: number): (left: Value, right: Value, io: IoContext) => boolean {
  const type = baseType(catalog, typeOid);
  if (plainNumbers.has(type.behaviour.symbol) || plainBigints.has(type.behaviour.symbol)) return (a, b) => a === b;
  const keyOf = hashKeyOf(catalog, typeOid);
  if (keyOf !== null) return (left, right, io) => left === right || keyOf(left, io) === keyOf(right, io);
  const compare = columnComparator(catalog, typeOid);
  return (left, right, io) => left === right || compare(left, right, io) === 0;
}

/** The type under a domain. */
export function baseType(catalog: Catalog, oid: number): TypeDescriptor {
  let type = catalog.typeByOid(oid);
  while (type.kind === 'd') type = catalog.typeByOid(type.baseType);
  return type;
}

/** One column of a composite key: its position in the row, collation, hash. */
export interface KeyColumn {
  readonly index: number;
  readonly collation: number;
  readonly keyOf: HashKeyOf;
}

/** Appends a value's key to a composite key in an unambiguous form; null keys are equal to each other. */
export function keyPart(value: Value, keyOf: HashKeyOf, io: IoContext): string {
  if (value === null) return 'N;';
  const key = keyOf(value, io);
  return typeof key === 'string' ? `${key.length}:${key}` : `${key === 0 ? 0 : key};`;
}
