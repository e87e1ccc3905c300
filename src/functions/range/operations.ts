// What ranges do with one another (manual, section 9.20), as plain functions: the operators of ranges and of multiranges
// are both made of them.
import { pgError, SqlState } from '../../errors/pg-error.js';
import {
  type Bound,
  compareBounds,
  emptyRange,
  lowerBound,
  makeRange,
  type PgRange,
  type RangeSpace,
  touches,
  upperBound,
} from '../../types/range/range.js';
import { compareParts } from '../../types/part-order.js';
import type { Value } from '../../types/value.js';

export function containsElement(space: RangeSpace, range: PgRange, value: Value): boolean {
  if (range.isEmpty) return false;
  if (range.lower !== null) {
    const order = compareParts(range.lower, value, space.subtype, space.io);
    if (order > 0 || (order === 0 && !range.lowerInclusive)) return false;
  }
  if (range.upper !== null) {
    const order = compareParts(range.upper, value, space.subtype, space.io);
    if (order < 0 || (order === 0 && !range.upperInclusive)) return false;
  }
  return true;
}

export function containsRange(space: RangeSpace, whole: PgRange, part: PgRange): boolean {
  if (part.isEmpty) return true;
  if (whole.isEmpty) return false;
  return (
    compareBounds(space, lowerBound(whole), lowerBound(part)) <= 0 &&
    compareBounds(space, upperBound(whole), upperBound(part)) >= 0
  );
}

export function overlaps(space: RangeSpace, left: PgRange, right: PgRange): boolean {
  if (left.isEmpty || right.isEmpty) return false;
  return (
    compareBounds(space, lowerBound(left), upperBound(right)) <= 0 &&
    compareBounds(space, lowerBound(right), upperBound(left)) <= 0
  );
}

/** Strictly left of. */
export function isBefore(space: RangeSpace, left: PgRange, right: PgRange): boolean {
  return !left.isEmpty && !right.isEmpty && compareBounds(space, upperBound(left), lowerBound(right)) < 0;
}

/** Does not extend to the right of. */
export function isOverLeft(space: RangeSpace, left: PgRange, right: PgRange): boolean {
  return !left.isEmpty && !right.isEmpty && compareBounds(space, upperBound(left), upperBound(right)) <= 0;
}

/** Does not extend to the left of. */
export function isOverRight(space: RangeSpace, left: PgRange, right: PgRange): boolean {
  return !left.isEmpty && !right.isEmpty && compareBounds(space, lowerBound(left), lowerBound(right)) >= 0;
}

export function isAdjacent(space: RangeSpace, left: PgRange, right: PgRange): boolean {
  if (left.isEmpty || right.isEmpty) return false;
  return touches(space, upperBound(left), lowerBound(right)) || touches(space, upperBound(right), lowerBound(left));
}

/** The smallest range that holds both. */
export function hull(space: RangeSpace, left: PgRange, right: PgRange): PgRange {
  if (left.isEmpty) return right;
  if (right.isEmpty) return left;
  return makeRange(
    space,
    extreme(space, lowerBound(left), lowerBound(right), -1),
    extreme(space, upperBound(left), upperBound(right), 1),
  );
}

/** Throws 22000 where something lies between the two. */
export function union(space: RangeSpace, left: PgRange, right: PgRange): PgRange {
  if (!left.isEmpty && !right.isEmpty && !overlaps(space, left, right) && !isAdjacent(space, left, right))
    throw pgError(SqlState.dataException, 'result of range union would not be contiguous');
  return hull(space, left, right);
}

export function intersection(space: RangeSpace, left: PgRange, right: PgRange): PgRange {
  if (!overlaps(space, left, right)) return emptyRange(space);
  return makeRange(
    space,
    extreme(space, lowerBound(left), lowerBound(right), 1),
    extreme(space, upperBound(left), upperBound(right), -1),
  );
}

/** What is left of a range without another: no, one or two ranges. */
export function difference(space: RangeSpace, left: PgRange, right: PgRange): PgRange[] {
  if (left.isEmpty) return [];
  if (!overlaps(space, left, right)) return [left];
  const found: PgRange[] = [];
  if (compareBounds(space, lowerBound(left), lowerBound(right)) < 0)
    found.push(makeRange(space, lowerBound(left), flipped(lowerBound(right))));
  if (compareBounds(space, upperBound(left), upperBound(right)) > 0)
    found.push(makeRange(space, flipped(upperBound(right)), upperBound(left)));
  return found.filter((range) => !range.isEmpty);
}

/** The bound of what lies on the other side. */
function flipped(bound: Bound): Bound {
  return { value: bound.value, isInclusive: !bound.isInclusive, isLower: !bound.isLower };
}

/** The greater (1) or smaller (-1) of two bounds. */
function extreme(space: RangeSpace, left: Bound, right: Bound, side: 1 | -1): Bound {
  return compareBounds(space, left, right) * side >= 0 ? left : right;
}
