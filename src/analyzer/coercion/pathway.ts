// Whether and how one type turns into another: pg_cast, arrays element by element, and text I/O as the last resort.
import type { Catalog } from '../../catalog/api.js';
import { isPolymorphic, isPolymorphicFamily1, typeOid } from '../type-oids.js';
import { checkGenericConsistency } from './polymorphic.js';
import { arrayType, baseType, baseElementType, category, elementType, isComplex } from './type-facts.js';

/** implicit: anywhere; assignment: to a column; explicit: CAST and ::. */
export type CoercionContext = 'implicit' | 'assignment' | 'explicit';

export type Pathway =
  | { readonly kind: 'none' }
  | { readonly kind: 'relabel' }
  | { readonly kind: 'function'; readonly function: number }
  | { readonly kind: 'array' }
  | { readonly kind: 'io' };

const none: Pathway = { kind: 'none' };
const rank = { implicit: 0, assignment: 1, explicit: 2 } as const;
const castRank: Readonly<Record<string, number>> = { i: 0, a: 1, e: 2 };

/** How `source` can become `target` in that context (pg_cast by base types, then arrays, then I/O with strings). */
export function coercionPathway(catalog: Catalog, target: number, source: number, context: CoercionContext): Pathway {
  const from = baseType(catalog, source);
  const to = baseType(catalog, target);
  if (from === to) return { kind: 'relabel' };
  const cast = catalog.cast(from, to);
  if (cast !== null) {
    if (rank[context] < (castRank[cast.context] ?? 2)) return none;
    if (cast.method === 'f') return { kind: 'function', function: cast.function };
    return cast.method === 'i' ? { kind: 'io' } : { kind: 'relabel' };
  }
  if (to !== typeOid.oidvector && to !== typeOid.int2vector) {
    const toElement = elementType(catalog, to);
    const fromElement = toElement === 0 ? 0 : elementType(catalog, from);
    if (fromElement !== 0 && coercionPathway(catalog, toElement, fromElement, context).kind !== 'none') {
      return { kind: 'array' };
    }
  }
  if (context !== 'implicit' && category(catalog, to) === 'S') return { kind: 'io' };
  if (context === 'explicit' && category(catalog, from) === 'S') return { kind: 'io' };
  return none;
}

/** The length coercion of a type (varchar(x, 14, true)); `function` 0 where the type has none. */
export function typmodCoercion(
  catalog: Catalog,
  type: number,
): { readonly kind: 'none' | 'function' | 'array'; readonly function: number } {
  const element = elementType(catalog, type);
  const subject = element === 0 ? type : element;
  const cast = catalog.cast(subject, subject);
  if (cast === null || cast.function === 0) return { kind: 'none', function: 0 };
  return { kind: element === 0 ? 'function' : 'array', function: cast.function };
}

/** True where values of `inputs` can be passed as `targets` in that context (polymorphic targets included). */
export function canCoerce(
  catalog: Catalog,
  inputs: readonly number[],
  targets: readonly number[],
  context: CoercionContext,
): boolean {
  let generic = false;
  for (let index = 0; index < inputs.length; index++) {
    const input = inputs[index] ?? 0;
    const target = targets[index] ?? 0;
    if (input === target || target === typeOid.any) continue;
    if (isPolymorphic(target)) {
      generic = true;
      continue;
    }
    if (input === typeOid.unknown) continue;
    if (!canCoerceOne(catalog, input, target, context)) return false;
  }
  return !generic || checkGenericConsistency(catalog, inputs, targets);
}

function canCoerceOne(catalog: Catalog, input: number, target: number, context: CoercionContext): boolean {
  if (coercionPathway(catalog, target, input, context).kind !== 'none') return true;
  if (input === typeOid.record && isComplex(catalog, target)) return true;
  if (target === typeOid.record && isComplex(catalog, input)) return true;
  if (target === typeOid.recordArray && isComplexArray(catalog, input)) return true;
  return inheritsFrom(catalog, input, target);
}

/** True where the input is a composite type whose table inherits from the target's, or is of that type. */
export function inheritsFrom(catalog: Catalog, input: number, target: number): boolean {
  const child = catalog.typeByOid(baseType(catalog, input)).relation;
  const parent = catalog.typeByOid(target).relation;
  if (child === 0 || parent === 0) return false;
  if (child === parent) return true;
  if (catalog.relation(child)?.ofType === target) return true;
  return catalog.relation(parent)?.hasSubclass === true && catalog.inheritors(parent).includes(child);
}

/** True for arrays of a named composite type. */
export function isComplexArray(catalog: Catalog, type: number): boolean {
  const element = elementType(catalog, type);
  return element !== 0 && isComplex(catalog, element);
}

/** True where a value of one type can stand for the other without any work. */
export function isBinaryCoercible(catalog: Catalog, source: number, target: number): boolean {
  if (source === target) return true;
  if (target === typeOid.any || target === typeOid.anyelement || target === typeOid.anycompatible) return true;
  const from = baseType(catalog, source);
  if (from === target) return true;
  switch (target) {
    case typeOid.anyarray:
    case typeOid.anycompatiblearray:
      if (baseElementType(catalog, from) !== 0) return true;
      break;
    case typeOid.anynonarray:
    case typeOid.anycompatiblenonarray:
      if (baseElementType(catalog, from) === 0) return true;
      break;
    case typeOid.anyenum:
      if (catalog.typeByOid(from).kind === 'e') return true;
      break;
    case typeOid.anyrange:
    case typeOid.anycompatiblerange:
      if (catalog.typeByOid(from).kind === 'r') return true;
      break;
    case typeOid.anymultirange:
    case typeOid.anycompatiblemultirange:
      if (catalog.typeByOid(from).kind === 'm') return true;
      break;
    case typeOid.record:
      if (isComplex(catalog, from)) return true;
      break;
    case typeOid.recordArray:
      if (isComplexArray(catalog, from)) return true;
      break;
    default:
      break;
  }
  const cast = catalog.cast(from, target);
  return cast !== null && cast.method === 'b' && cast.context === 'i';
}

/** The array type of an element type or, for polymorphic elements, of the same family. */
export function promoteToArray(catalog: Catalog, type: number): number {
  return isPolymorphicFamily1(type) ? typeOid.anyarray : arrayType(catalog, type);
}
