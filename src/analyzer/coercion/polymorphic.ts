// Polymorphic types: whether actual argument types fit a signature with anyelement, anyarray, anycompatible, ..., and which
// types the signature then has. The two families are solved apart: the first demands equal types, the second a common one.
import type { Catalog } from '../../catalog/api.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import { isPolymorphicFamily1, isPolymorphicFamily2, typeOid } from '../type-oids.js';
import { formatType } from '../type-names.js';
import { canCoerce } from './pathway.js';
import {
  arrayType,
  baseType,
  category,
  elementType,
  multirangeRange,
  rangeMultirange,
  rangeSubtype,
} from './type-facts.js';

/** True where the actual types can be what the declared polymorphic ones ask for. */
export function checkGenericConsistency(
  catalog: Catalog,
  actual: readonly number[],
  declared: readonly number[],
): boolean {
  try {
    const solved = solve(catalog, actual, declared, 0, false);
    return solved !== null;
  } catch (error) {
    if (error instanceof Error && error.name === 'PgError') return false;
    throw error;
  }
}

/** The argument types with polymorphic ones replaced by what the actual types determine, and the result type.
 *  Throws 42804 in PostgreSQL's words where they don't fit. Unknown literals take the solved type. */
export function enforceGenericConsistency(
  catalog: Catalog,
  actual: readonly number[],
  declared: number[],
  returnType: number,
  allowPolymorphic: boolean,
): number {
  const solved = solve(catalog, actual, declared, returnType, true);
  if (solved === null) return returnType;
  for (let index = 0; index < declared.length; index++) {
    const replaced = solved.replace(declared[index] ?? 0);
    if (replaced !== 0) declared[index] = replaced;
    else if (!allowPolymorphic && isPolymorphicFamily1(declared[index] ?? 0) && actual[index] !== typeOid.unknown) {
      declared[index] = actual[index] ?? 0;
    }
  }
  if (!isPolymorphicFamily1(returnType) && !isPolymorphicFamily2(returnType)) return returnType;
  const result = solved.replace(returnType);
  if (result !== 0) return result;
  if (solved.isAnyArray) throw mismatch('cannot determine element type of "anyarray" argument');
  throw pgError(
    SqlState.undefinedObject,
    `could not find ${kindOf(returnType)} type for data type ${formatType(catalog, solved.element)}`,
  );
}

interface Solution {
  readonly element: number;
  /** The array is pg_statistic's anyarray, of which nobody knows the element type. */
  readonly isAnyArray: boolean;
  /** The concrete type for a polymorphic one; 0 where it stays. */
  replace(type: number): number;
}

interface Family {
  element: number;
  array: number;
  range: number;
  multirange: number;
  count: number;
  nonArray: boolean;
  enumOnly: boolean;
  unknowns: boolean;
  /** Declared range or multirange for which only an unknown literal was given. */
  unknownRange: string;
}

function emptyFamily(): Family {
  return {
    element: 0,
    array: 0,
    range: 0,
    multirange: 0,
    count: 0,
    nonArray: false,
    enumOnly: false,
    unknowns: false,
    unknownRange: '',
  };
}

function mismatch(message: string, detail?: string): Error {
  return pgError(SqlState.datatypeMismatch, message, detail === undefined ? {} : { detail });
}

function solve(
  catalog: Catalog,
  actual: readonly number[],
  declared: readonly number[],
  returnType: number,
  strict: boolean,
): Solution | null {
  const first = emptyFamily();
  const second = emptyFamily();
  const commonTypes: number[] = [];
  for (let index = 0; index < declared.length; index++) {
    const wanted = declared[index] ?? 0;
    const given = actual[index] ?? 0;
    if (isPolymorphicFamily1(wanted)) collectFirst(catalog, first, wanted, given);
    else if (isPolymorphicFamily2(wanted)) collectSecond(catalog, second, wanted, given, commonTypes);
  }
  // Without polymorphic arguments nothing is solved, not even a polymorphic result (array_in).
  if (first.count === 0 && second.count === 0) return null;
  if (first.count > 0) finishFirst(catalog, first, strict);
  if (second.count > 0) finishSecond(catalog, second, commonTypes, strict);
  return {
    element: first.element,
    isAnyArray: first.array === typeOid.anyarray,
    replace: (type) =>
      isPolymorphicFamily1(type)
        ? concrete(
            catalog,
            first,
            type,
            type === typeOid.anyelement || type === typeOid.anynonarray || type === typeOid.anyenum,
          )
        : isPolymorphicFamily2(type)
          ? concrete(catalog, second, type, type === typeOid.anycompatible || type === typeOid.anycompatiblenonarray)
          : 0,
  };
}

function concrete(catalog: Catalog, family: Family, type: number, isElement: boolean): number {
  if (isElement) return family.element;
  if (type === typeOid.anyarray || type === typeOid.anycompatiblearray) {
    if (family.array !== 0) return family.array;
    return family.element === 0 ? 0 : arrayType(catalog, family.element);
  }
  if (type === typeOid.anyrange || type === typeOid.anycompatiblerange) return family.range;
  if (family.multirange !== 0) return family.multirange;
  return family.range === 0 ? 0 : rangeMultirange(catalog, family.range);
}

function collectFirst(catalog: Catalog, family: Family, wanted: number, given: number): void {
  family.count++;
  if (wanted === typeOid.anynonarray) family.nonArray = true;
  if (wanted === typeOid.anyenum) family.enumOnly = true;
  if (given === typeOid.unknown) {
    family.unknowns = true;
    return;
  }
  switch (wanted) {
    case typeOid.anyarray: {
      const type = baseType(catalog, given);
      if (family.array !== 0 && family.array !== type) throw notAlike(catalog, 'anyarray', family.array, type);
      family.array = type;
      return;
    }
    case typeOid.anyrange: {
      const type = baseType(catalog, given);
      if (family.range !== 0 && family.range !== type) throw notAlike(catalog, 'anyrange', family.range, type);
      family.range = type;
      return;
    }
    case typeOid.anymultirange: {
      const type = baseType(catalog, given);
      if (family.multirange !== 0 && family.multirange !== type) {
        throw notAlike(catalog, 'anymultirange', family.multirange, type);
      }
      family.multirange = type;
      return;
    }
    default:
      if (family.element !== 0 && family.element !== given)
        throw notAlike(catalog, 'anyelement', family.element, given);
      family.element = given;
  }
}

function notAlike(catalog: Catalog, name: string, left: number, right: number): Error {
  return mismatch(
    `arguments declared "${name}" are not all alike`,
    `${formatType(catalog, left)} versus ${formatType(catalog, right)}`,
  );
}

function finishFirst(catalog: Catalog, family: Family, strict: boolean): void {
  if (family.array !== 0) {
    if (family.array === typeOid.anyarray) {
      // pg_statistic's anyarray columns: only anyarray itself can be matched, and only by itself.
      if (strict && family.count > 1) throw mismatch('cannot determine element type of "anyarray" argument');
      if (family.element !== 0 && family.element !== typeOid.anyelement)
        throw mismatch('cannot determine element type of "anyarray" argument');
      if (family.element === 0) return;
    }
    const element = elementType(catalog, family.array);
    if (element === 0)
      throw mismatch(`argument declared anyarray is not an array but type ${formatType(catalog, family.array)}`);
    if (family.element === 0) family.element = element;
    else if (family.element !== element) {
      throw mismatch(
        'argument declared anyarray is not consistent with argument declared anyelement',
        `${formatType(catalog, family.array)} versus ${formatType(catalog, family.element)}`,
      );
    }
  }
  if (family.multirange !== 0) {
    const range = multirangeRange(catalog, family.multirange);
    if (range === 0)
      throw mismatch(
        `argument declared anymultirange is not a multirange type but type ${formatType(catalog, family.multirange)}`,
      );
    if (family.range === 0) family.range = range;
    else if (family.range !== range) throw notAlike(catalog, 'anyrange', family.range, range);
  }
  if (family.range !== 0) {
    const subtype = rangeSubtype(catalog, family.range);
    if (subtype === 0)
      throw mismatch(`argument declared anyrange is not a range type but type ${formatType(catalog, family.range)}`);
    if (family.element === 0) family.element = subtype;
    else if (family.element !== subtype) {
      throw mismatch(
        'argument declared anyrange is not consistent with argument declared anyelement',
        `${formatType(catalog, family.range)} versus ${formatType(catalog, family.element)}`,
      );
    }
  }
  if (family.element === 0) {
    // An unknown literal is no enum yet: nothing matches.
    if (!strict && family.enumOnly) throw mismatch('type matched to anyenum is not an enum type: unknown');
    if (!strict) return;
    throw mismatch('could not determine polymorphic type because input has type unknown');
  }
  if (family.nonArray && elementType(catalog, baseType(catalog, family.element)) !== 0) {
    throw mismatch(`type matched to anynonarray is an array type: ${formatType(catalog, family.element)}`);
  }
  if (family.enumOnly && catalog.typeByOid(baseType(catalog, family.element)).kind !== 'e') {
    throw mismatch(`type matched to anyenum is not an enum type: ${formatType(catalog, family.element)}`);
  }
}

function collectSecond(catalog: Catalog, family: Family, wanted: number, given: number, common: number[]): void {
  family.count++;
  if (wanted === typeOid.anycompatiblenonarray) family.nonArray = true;
  if (given === typeOid.unknown) {
    family.unknowns = true;
    if (wanted === typeOid.anycompatiblerange) family.unknownRange = 'anycompatiblerange';
    if (wanted === typeOid.anycompatiblemultirange) family.unknownRange = 'anycompatiblemultirange';
    return;
  }
  switch (wanted) {
    case typeOid.anycompatiblearray: {
      const type = baseType(catalog, given);
      const element = elementType(catalog, type);
      if (element === 0)
        throw mismatch(`argument declared anycompatiblearray is not an array but type ${formatType(catalog, type)}`);
      common.push(element);
      family.array = -1;
      return;
    }
    case typeOid.anycompatiblerange: {
      const type = baseType(catalog, given);
      if (family.range !== 0 && family.range !== type)
        throw notAlike(catalog, 'anycompatiblerange', family.range, type);
      family.range = type;
      const subtype = rangeSubtype(catalog, type);
      if (subtype === 0)
        throw mismatch(
          `argument declared anycompatiblerange is not a range type but type ${formatType(catalog, type)}`,
        );
      common.push(subtype);
      return;
    }
    case typeOid.anycompatiblemultirange: {
      const type = baseType(catalog, given);
      if (family.multirange !== 0 && family.multirange !== type) {
        throw notAlike(catalog, 'anycompatiblemultirange', family.multirange, type);
      }
      family.multirange = type;
      const range = multirangeRange(catalog, type);
      if (range === 0)
        throw mismatch(
          `argument declared anycompatiblemultirange is not a multirange type but type ${formatType(catalog, type)}`,
        );
      if (family.range === 0) family.range = range;
      common.push(rangeSubtype(catalog, range));
      return;
    }
    default:
      common.push(given);
  }
}

function finishSecond(catalog: Catalog, family: Family, common: readonly number[], strict: boolean): void {
  const wantsArray = family.array === -1;
  family.array = 0;
  if (strict && family.unknownRange !== '' && family.range === 0) {
    throw mismatch(`could not determine polymorphic type ${family.unknownRange} because input has type unknown`);
  }
  if (common.length === 0) {
    // Nothing but unknown literals: they become text.
    family.element = typeOid.text;
    return;
  }
  const chosen = commonTypeOf(catalog, common, strict);
  if (chosen === 0) throw mismatch('arguments of anycompatible family cannot be cast to a common type');
  family.element = chosen;
  if (family.range !== 0 && rangeSubtype(catalog, family.range) !== chosen) {
    throw mismatch(
      `anycompatiblerange type ${formatType(catalog, family.range)} does not match anycompatible type ${formatType(catalog, chosen)}`,
    );
  }
  if (wantsArray && arrayType(catalog, chosen) === 0) {
    throw pgError(SqlState.undefinedObject, `could not find array type for data type ${formatType(catalog, chosen)}`);
  }
  if (family.nonArray && elementType(catalog, baseType(catalog, chosen)) !== 0) {
    throw mismatch(`type matched to anycompatiblenonarray is an array type: ${formatType(catalog, chosen)}`);
  }
}

/** The common type of several types by the UNION rules; 0 where there is none and `strict` is not set. */
function commonTypeOf(catalog: Catalog, types: readonly number[], strict: boolean): number {
  const [first = 0, ...rest] = types;
  if (rest.every((type) => type === first)) return first;
  let chosen = baseType(catalog, first);
  for (const type of rest) {
    const next = baseType(catalog, type);
    if (next === chosen) continue;
    if (category(catalog, next) !== category(catalog, chosen)) {
      if (!strict) return 0;
      throw mismatch('arguments of anycompatible family cannot be cast to a common type');
    }
    if (
      !catalog.typeByOid(chosen).isPreferred &&
      canCoerce(catalog, [chosen], [next], 'implicit') &&
      !canCoerce(catalog, [next], [chosen], 'implicit')
    ) {
      chosen = next;
    }
  }
  for (const type of types) if (!canCoerce(catalog, [type], [chosen], 'implicit')) return 0;
  return chosen;
}

function kindOf(type: number): string {
  switch (type) {
    case typeOid.anyarray:
    case typeOid.anycompatiblearray:
      return 'array';
    case typeOid.anyrange:
    case typeOid.anycompatiblerange:
      return 'range';
    case typeOid.anymultirange:
    case typeOid.anycompatiblemultirange:
      return 'multirange';
    default:
      return 'element';
  }
}
