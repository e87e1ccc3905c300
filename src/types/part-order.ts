// Order and hash keys of the parts of arrays and composites: through each part's own type, or the error PostgreSQL
// raises for a type without a default operator class.
import type { ByteWriter } from '../base/bytes.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { CompareContext } from './type-behaviour.js';
import type { TypeDescriptor } from './type-descriptor.js';
import type { Value } from './value.js';

/** Compares two parts that are not null. Throws 42883 where the type has no order. */
export function compareParts(left: Value, right: Value, type: TypeDescriptor, io: CompareContext): number {
  const { compare } = type.behaviour;
  if (compare === undefined) {
    throw pgError(SqlState.undefinedFunction, `could not identify a comparison function for type ${type.name}`);
  }
  return compare(left, right, type, io);
}

/** True where two parts that are not null are equal. Throws 42883 where the type has no equality. */
export function equalParts(left: Value, right: Value, type: TypeDescriptor, io: CompareContext): boolean {
  const { compare, hashKey } = type.behaviour;
  if (compare !== undefined) return compare(left, right, type, io) === 0;
  if (hashKey === undefined) {
    throw pgError(SqlState.undefinedFunction, `could not identify an equality operator for type ${type.name}`);
  }
  return hashKey(left, type, io) === hashKey(right, type, io);
}

/** A part's hash key as text that says where it ends. */
export function partHashKey(value: Value, type: TypeDescriptor, io: CompareContext): string {
  if (value === null) return 'N';
  const { hashKey } = type.behaviour;
  if (hashKey === undefined) {
    throw pgError(SqlState.undefinedFunction, `could not identify a hash function for type ${type.name}`);
  }
  const key = String(hashKey(value, type, io));
  return `${key.length}:${key}`;
}

/** A part's order-preserving key; null comes after every value. */
export function partSortKey(value: Value, type: TypeDescriptor, writer: ByteWriter, io: CompareContext): void {
  if (value === null) {
    writer.uint8(2);
    return;
  }
  writer.uint8(1);
  const { sortKey } = type.behaviour;
  if (sortKey === undefined) {
    throw pgError(SqlState.undefinedFunction, `could not identify a comparison function for type ${type.name}`);
  }
  sortKey(value, type, writer, io);
}

/** The type and, for arrays and composites, those of its parts, of their parts and so on, domains by what they are based
 *  on: what can be done with a value can be done with all of them. */
export function withPartTypes(type: TypeDescriptor, typeByOid: (oid: number) => TypeDescriptor): TypeDescriptor[] {
  const found = new Set<TypeDescriptor>();
  const visit = (part: TypeDescriptor): void => {
    if (found.has(part)) return;
    found.add(part);
    if (part.kind === 'd') visit(typeByOid(part.baseType));
    else if (part.subscriptHandler === 'array_subscript_handler') visit(typeByOid(part.element));
    else if (part.range !== undefined) visit(typeByOid(part.range.subtype));
    else for (const attribute of part.attributes) visit(typeByOid(attribute.type));
  };
  visit(type);
  return [...found].filter(({ kind }) => kind !== 'd');
}
