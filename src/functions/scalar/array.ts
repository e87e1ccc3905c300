// Array functions and operators: comparison, concatenation, search, replacement, dimensions, filling, width_bucket.
// Set-returning ones and shuffles are in array-sets.ts.
import { arrayDimensionsMax, arrayElementsMax } from '../../base/limits.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import { tooManyElements } from '../../types/array-text.js';
import { compareArrays } from '../../types/array-type.js';
import { compareParts, equalParts } from '../../types/part-order.js';
import { PgArray, type Value } from '../../types/value.js';
import type { CallInfo } from '../call-info.js';
import { fn } from '../registry.js';
import { comparisonFamily } from './comparison.js';
import { integerOutOfRange } from './integer.js';
import { filledList, requireElements } from '../../types/memory.js';

comparisonFamily<PgArray>(
  {
    operators: ['', '', 'array_lt', 'array_le', 'array_gt', 'array_ge'],
    support: 'btarraycmp',
    larger: 'array_larger',
    smaller: 'array_smaller',
  },
  (left, right, info) => {
    checkElementTypes(left, right);
    return compareArrays(left, right, info.io);
  },
);
fn('array_eq', { impl: arraysEqual });
fn('array_ne', { impl: (left: PgArray, right: PgArray, info: CallInfo) => !arraysEqual(left, right, info) });

function checkElementTypes(left: PgArray, right: PgArray): void {
  if (left.elementType !== right.elementType) {
    throw pgError(SqlState.datatypeMismatch, 'cannot compare arrays of different element types');
  }
}

function arraysEqual(left: PgArray, right: PgArray, info: CallInfo): boolean {
  checkElementTypes(left, right);
  if (!sameNumbers(left.dimensions, right.dimensions) || !sameNumbers(left.lowerBounds, right.lowerBounds))
    return false;
  const type = info.io.typeByOid(left.elementType);
  return left.elements.every((element, at) => notDistinct(element, right.elements[at] ?? null, type, info));
}

function sameNumbers(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((number, at) => number === right[at]);
}

type ElementType = Parameters<typeof equalParts>[2];

function notDistinct(left: Value, right: Value, type: ElementType, info: CallInfo): boolean {
  if (left === null || right === null) return left === right;
  return equalParts(left, right, type, info.io);
}

// oidvector and int2vector compare by length first.
comparisonFamily<PgArray>(
  {
    operators: ['oidvectoreq', 'oidvectorne', 'oidvectorlt', 'oidvectorle', 'oidvectorgt', 'oidvectorge'],
    support: 'btoidvectorcmp',
  },
  (left, right) => {
    if (left.elements.length !== right.elements.length) return left.elements.length - right.elements.length;
    const at = left.elements.findIndex((oid, index) => oid !== right.elements[index]);
    return at < 0 ? 0 : (left.elements[at] as number) - (right.elements[at] as number);
  },
);
fn('int2vectoreq', {
  impl: (left: PgArray, right: PgArray) =>
    left.elements.length === right.elements.length && left.elements.every((part, at) => part === right.elements[at]),
});

/** Element type of the array argument at `at`, or of the result where that argument's type does not say. */
function elementOid(info: CallInfo, at: number): number {
  return info.argTypes[at]?.element || info.resultType.element;
}

fn('array_append', {
  impl: (array: PgArray | null, element: Value, info: CallInfo) => {
    const target = array ?? PgArray.of(elementOid(info, 0), []);
    return extend(target, element, false);
  },
});
fn('array_prepend', {
  impl: (element: Value, array: PgArray | null, info: CallInfo) => {
    const target = array ?? PgArray.of(elementOid(info, 1), []);
    return extend(target, element, true);
  },
});

function extend(array: PgArray, element: Value, atFront: boolean): PgArray {
  if (array.dimensions.length === 0) return PgArray.of(array.elementType, [element]);
  if (array.dimensions.length > 1) {
    throw pgError(SqlState.dataException, 'argument must be empty or one-dimensional array');
  }
  const lower = array.lowerBounds[0] as number;
  if (lower + array.elements.length > 2147483647 || (atFront && lower - 1 < -2147483648)) {
    throw integerOutOfRange('integer');
  }
  const elements = atFront ? [element, ...array.elements] : [...array.elements, element];
  return new PgArray(array.elementType, [elements.length], array.lowerBounds, elements);
}

fn('array_cat', {
  impl: (left: PgArray | null, right: PgArray | null) => {
    if (left === null || right === null) return left ?? right;
    return concatenate(left, right);
  },
});

function concatenate(left: PgArray, right: PgArray): PgArray {
  if (left.dimensions.length === 0) return right;
  if (right.dimensions.length === 0) return left;
  const size = left.elements.length + right.elements.length;
  if (size > arrayElementsMax) throw tooManyElements();
  requireElements(size);
  const elements = left.elements.concat(right.elements);
  const make = (shape: PgArray, first: number, rest: readonly number[]) => {
    return new PgArray(shape.elementType, [first, ...rest], shape.lowerBounds, elements);
  };
  const difference = left.dimensions.length - right.dimensions.length;
  if (difference === 0) {
    if (!sameNumbers(left.dimensions.slice(1), right.dimensions.slice(1))) {
      throw incompatible('Arrays with differing element dimensions are not compatible for concatenation.');
    }
    const [first = 0, ...rest] = left.dimensions;
    return make(left, first + (right.dimensions[0] as number), rest);
  }
  if (Math.abs(difference) > 1) {
    throw incompatible(
      `Arrays of ${left.dimensions.length} and ${right.dimensions.length} dimensions are not compatible for concatenation.`,
    );
  }
  const [outer, inner] = difference > 0 ? [left, right] : [right, left];
  if (!sameNumbers(outer.dimensions.slice(1), inner.dimensions)) {
    throw incompatible('Arrays with differing dimensions are not compatible for concatenation.');
  }
  const [first = 0, ...rest] = outer.dimensions;
  return make(outer, first + 1, rest);
}

function incompatible(detail: string): Error {
  return pgError(SqlState.arraySubscriptError, 'cannot concatenate incompatible arrays', { detail });
}

fn('array_ndims', { impl: (array: PgArray) => array.dimensions.length || null });
fn('array_dims', {
  impl: (array: PgArray) =>
    array.dimensions.length === 0
      ? null
      : array.dimensions
          .map((length, at) => `[${array.lowerBounds[at]}:${(array.lowerBounds[at] as number) + length - 1}]`)
          .join(''),
});
fn('array_lower', { impl: (array: PgArray, dimension: number) => array.lowerBounds[dimension - 1] ?? null });
fn('array_upper', {
  impl: (array: PgArray, dimension: number) => {
    const length = array.dimensions[dimension - 1];
    return length === undefined ? null : (array.lowerBounds[dimension - 1] as number) + length - 1;
  },
});
fn('array_length', { impl: (array: PgArray, dimension: number) => array.dimensions[dimension - 1] ?? null });
fn('array_cardinality', { impl: (array: PgArray) => array.elements.length });

/** True where every element of `inner` (nulls never) is in `outer`. */
function contains(outer: PgArray, inner: PgArray, info: CallInfo): boolean {
  return inner.elements.every((element) => element !== null && includes(outer, element, info));
}
function includes(array: PgArray, sought: Value, info: CallInfo): boolean {
  const type = info.io.typeByOid(array.elementType);
  return array.elements.some((element) => element !== null && equalParts(element, sought, type, info.io));
}
fn('arraycontains', {
  impl: (left: PgArray, right: PgArray, info: CallInfo) => {
    checkElementTypes(left, right);
    return contains(left, right, info);
  },
});
fn('arraycontained', {
  impl: (left: PgArray, right: PgArray, info: CallInfo) => {
    checkElementTypes(left, right);
    return contains(right, left, info);
  },
});
fn('arrayoverlap', {
  impl: (left: PgArray, right: PgArray, info: CallInfo) => {
    checkElementTypes(left, right);
    return left.elements.some((element) => element !== null && includes(right, element, info));
  },
});

function refuseMultidimensional(array: PgArray, what: string): void {
  if (array.dimensions.length > 1) {
    throw pgError(SqlState.featureNotSupported, `${what} multidimensional arrays is not supported`);
  }
}

function position(array: PgArray | null, sought: Value, start: number, info: CallInfo): number | null {
  if (array === null) return null;
  refuseMultidimensional(array, 'searching for elements in');
  const type = info.io.typeByOid(array.elementType);
  const lower = array.lowerBounds[0] ?? 1;
  for (let at = Math.max(start - lower, 0); at < array.elements.length; at++) {
    if (notDistinct(array.elements[at] ?? null, sought, type, info)) return at + lower;
  }
  return null;
}
fn('array_position', {
  impl: (array: PgArray | null, sought: Value, info: CallInfo) => position(array, sought, -2147483648, info),
});
fn('array_position_start', {
  impl: (array: PgArray | null, sought: Value, start: number | null, info: CallInfo) => {
    if (array === null) return null;
    if (array.dimensions.length === 0) return null;
    refuseMultidimensional(array, 'searching for elements in');
    if (start === null) throw pgError(SqlState.nullValueNotAllowed, 'initial position must not be null');
    return position(array, sought, start, info);
  },
});
fn('array_positions', {
  impl: (array: PgArray | null, sought: Value, info: CallInfo) => {
    if (array === null) return null;
    refuseMultidimensional(array, 'searching for elements in');
    const type = info.io.typeByOid(array.elementType);
    const lower = array.lowerBounds[0] ?? 1;
    const found: number[] = [];
    array.elements.forEach((element, at) => {
      if (notDistinct(element, sought, type, info)) found.push(at + lower);
    });
    return PgArray.of(23, found);
  },
});
fn('array_remove', {
  impl: (array: PgArray | null, sought: Value, info: CallInfo) => {
    if (array === null) return null;
    refuseMultidimensional(array, 'removing elements from');
    const type = info.io.typeByOid(array.elementType);
    const kept = array.elements.filter((element) => !notDistinct(element, sought, type, info));
    if (kept.length === array.elements.length) return array;
    return kept.length === 0
      ? PgArray.of(array.elementType, [])
      : new PgArray(array.elementType, [kept.length], array.lowerBounds, kept);
  },
});
fn('array_replace', {
  impl: (array: PgArray | null, from: Value, to: Value, info: CallInfo) => {
    if (array === null) return null;
    const type = info.io.typeByOid(array.elementType);
    const elements = array.elements.map((element) => (notDistinct(element, from, type, info) ? to : element));
    return new PgArray(array.elementType, array.dimensions, array.lowerBounds, elements);
  },
});
fn('trim_array', {
  impl: (array: PgArray, count: number) => {
    const length = array.dimensions[0] ?? 0;
    if (count < 0 || count > length) {
      throw pgError(SqlState.arraySubscriptError, `number of elements to trim must be between 0 and ${length}`);
    }
    const kept = length - count;
    if (kept === 0) return PgArray.of(array.elementType, []);
    const dimensions = [kept, ...array.dimensions.slice(1)];
    const size = dimensions.reduce((product, size) => product * size, 1);
    return new PgArray(
      array.elementType,
      dimensions,
      array.dimensions.map(() => 1),
      array.elements.slice(0, size),
    );
  },
});

fn('array_fill', {
  impl: (value: Value, dimensions: PgArray | null, info: CallInfo) => fill(value, dimensions, undefined, info),
});
fn('array_fill_with_lower_bounds', {
  impl: (value: Value, dimensions: PgArray | null, bounds: PgArray | null, info: CallInfo) =>
    fill(value, dimensions, bounds, info),
});

function fill(value: Value, dimensions: PgArray | null, bounds: PgArray | null | undefined, info: CallInfo): PgArray {
  if (dimensions === null || bounds === null) {
    throw pgError(SqlState.nullValueNotAllowed, 'dimension array or low bound array cannot be null');
  }
  const lengths = fillNumbers(dimensions, 'Dimension array must be one dimensional.');
  if (lengths.length > arrayDimensionsMax) {
    throw pgError(
      SqlState.programLimitExceeded,
      `number of array dimensions (${lengths.length}) exceeds the maximum allowed (${arrayDimensionsMax})`,
    );
  }
  let lowers = lengths.map(() => 1);
  if (bounds !== undefined) {
    lowers = fillNumbers(bounds, 'Dimension array must be one dimensional.');
    if (lowers.length !== lengths.length) {
      throw wrongSubscripts('Low bound array has different size than dimensions array.');
    }
  }
  const elementType = info.resultType.element;
  if (lengths.length === 0) return PgArray.of(elementType, []);
  let size = 1;
  for (const length of lengths) {
    size *= length;
    if (length < 0 || size > arrayElementsMax) throw tooManyElements();
  }
  if (size === 0) return PgArray.of(elementType, []);
  lengths.forEach((length, at) => {
    const lower = lowers[at] as number;
    if (lower + length > 2147483647) {
      throw pgError(SqlState.programLimitExceeded, `array lower bound is too large: ${lower}`);
    }
  });
  return new PgArray(elementType, lengths, lowers, filledList<Value>(size, value));
}

function fillNumbers(array: PgArray, detail: string): number[] {
  if (array.dimensions.length > 1) throw wrongSubscripts(detail);
  if (array.elements.includes(null)) {
    throw pgError(SqlState.nullValueNotAllowed, 'dimension values cannot be null');
  }
  return array.elements as number[];
}

function wrongSubscripts(detail: string): Error {
  return pgError(SqlState.arraySubscriptError, 'wrong number of array subscripts', { detail });
}

fn('width_bucket_array', {
  impl: (operand: Value, thresholds: PgArray, info: CallInfo) => {
    if (thresholds.dimensions.length > 1) {
      throw pgError(SqlState.arraySubscriptError, 'thresholds must be one-dimensional array');
    }
    if (thresholds.elements.includes(null)) {
      throw pgError(SqlState.nullValueNotAllowed, 'thresholds array must not contain NULLs');
    }
    const type = info.io.typeByOid(thresholds.elementType);
    let low = 0;
    let high = thresholds.elements.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareParts(operand, thresholds.elements[middle] ?? null, type, info.io) < 0) high = middle;
      else low = middle + 1;
    }
    return low;
  },
});
