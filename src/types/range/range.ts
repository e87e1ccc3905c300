// Ranges and multiranges as values, and the order of their bounds (manual, section 8.17). A range is always as its type
// wants it: canonical, infinite bounds exclusive, and the empty range the only one without points. A multirange's ranges
// are sorted, not empty, and neither overlap nor touch.
import { pgError, SqlState } from '../../errors/pg-error.js';
import { defined } from '../../errors/unreachable.js';
import { dateEnd, dateMin } from '../datetime/calendar.js';
import { compareParts } from '../part-order.js';
import type { CompareContext } from '../type-behaviour.js';
import type { RangeFacts, TypeDescriptor } from '../type-descriptor.js';
import { dateInfinity, dateMinusInfinity, type Value } from '../value.js';

export class PgRange {
  constructor(
    /** Oid of the range type. */
    readonly type: number,
    /** null: unbounded (or the range is empty). */
    readonly lower: Value,
    readonly upper: Value,
    readonly lowerInclusive: boolean,
    readonly upperInclusive: boolean,
    readonly isEmpty: boolean,
  ) {}
}

export class PgMultirange {
  constructor(
    /** Oid of the multirange type. */
    readonly type: number,
    readonly ranges: readonly PgRange[],
  ) {}
}

/** One end of a range. */
export interface Bound {
  /** null: infinite. */
  readonly value: Value;
  readonly isInclusive: boolean;
  readonly isLower: boolean;
}

/** What making and comparing ranges of one type needs. */
export interface RangeSpace {
  readonly facts: RangeFacts;
  readonly subtype: TypeDescriptor;
  readonly io: CompareContext;
}

/** The space of a range or multirange type. */
export function rangeSpace(type: TypeDescriptor, io: CompareContext): RangeSpace {
  const facts = defined(type.range, `pg_range's row of ${type.name}`);
  const { collation } = facts;
  const own: CompareContext =
    collation === 0 || collation === io.collationOid
      ? io
      : (Object.create(io, { collationOid: { value: collation } }) as CompareContext);
  return { facts, subtype: io.typeByOid(facts.subtype), io: own };
}

export function lowerBound(range: PgRange): Bound {
  return { value: range.lower, isInclusive: range.lowerInclusive, isLower: true };
}

export function upperBound(range: PgRange): Bound {
  return { value: range.upper, isInclusive: range.upperInclusive, isLower: false };
}

/** Order of bounds: infinite ones at the ends, then by value, then by what they include. */
export function compareBounds(space: RangeSpace, left: Bound, right: Bound): number {
  const order = compareBoundValues(space, left, right);
  if (order !== 0 || left.value === null || right.value === null) return order;
  if (!left.isInclusive && !right.isInclusive) return left.isLower === right.isLower ? 0 : left.isLower ? 1 : -1;
  if (!left.isInclusive) return left.isLower ? 1 : -1;
  if (!right.isInclusive) return right.isLower ? -1 : 1;
  return 0;
}

/** As compareBounds, but bounds of one value are equal whatever they include. */
export function compareBoundValues(space: RangeSpace, left: Bound, right: Bound): number {
  if (left.value === null && right.value === null) return left.isLower === right.isLower ? 0 : left.isLower ? -1 : 1;
  if (left.value === null) return left.isLower ? -1 : 1;
  if (right.value === null) return right.isLower ? 1 : -1;
  return compareParts(left.value, right.value, space.subtype, space.io);
}

export function emptyRange(space: RangeSpace): PgRange {
  return new PgRange(space.facts.rangeType, null, null, false, false, true);
}

/** The range between two bounds, canonical. Throws 22000 where they are in the wrong order. */
export function makeRange(space: RangeSpace, lower: Bound, upper: Bound): PgRange {
  const plain = plainRange(space, lower, upper);
  const canonical = canonicalForms[space.facts.canonical];
  if (canonical === undefined || plain.isEmpty) return plain;
  const [low, high] = canonical(plain);
  return plainRange(space, low, high);
}

function plainRange(space: RangeSpace, lower: Bound, upper: Bound): PgRange {
  const order = compareBoundValues(space, lower, upper);
  if (order > 0)
    throw pgError(SqlState.dataException, 'range lower bound must be less than or equal to range upper bound');
  if (order === 0 && !(lower.isInclusive && upper.isInclusive)) return emptyRange(space);
  return new PgRange(
    space.facts.rangeType,
    lower.value,
    upper.value,
    lower.value !== null && lower.isInclusive,
    upper.value !== null && upper.isInclusive,
    false,
  );
}

type CanonicalForm = (range: PgRange) => [Bound, Bound];

/** Discrete types: lower bounds inclusive, upper ones exclusive. */
const canonicalForms: Readonly<Record<string, CanonicalForm>> = {
  int4range_canonical: stepped((value) => {
    if (value === 2147483647) throw outOfRange('integer out of range', SqlState.numericValueOutOfRange);
    return (value as number) + 1;
  }),
  int8range_canonical: stepped((value) => {
    if (value === 9223372036854775807n) throw outOfRange('bigint out of range', SqlState.numericValueOutOfRange);
    return (value as bigint) + 1n;
  }),
  daterange_canonical: stepped((value) => {
    if (value === dateInfinity || value === dateMinusInfinity) return null;
    const next = (value as number) + 1;
    if (next < dateMin || next >= dateEnd) throw outOfRange('date out of range', SqlState.datetimeFieldOverflow);
    return next;
  }),
};

function outOfRange(message: string, code: SqlState): Error {
  return pgError(code, message);
}

/** `next` gives the value after another, null where it has none. */
function stepped(next: (value: Value) => Value): CanonicalForm {
  return (range) => {
    let [lower, upper] = [lowerBound(range), upperBound(range)];
    const afterLower = lower.value === null || lower.isInclusive ? null : next(lower.value);
    if (afterLower !== null) lower = { ...lower, value: afterLower, isInclusive: true };
    const afterUpper = upper.value === null || !upper.isInclusive ? null : next(upper.value);
    if (afterUpper !== null) upper = { ...upper, value: afterUpper, isInclusive: false };
    return [lower, upper];
  };
}

/** B-tree order: empty ranges first, then by lower and by upper bound. */
export function compareRanges(space: RangeSpace, left: PgRange, right: PgRange): number {
  if (left.isEmpty || right.isEmpty) return Number(right.isEmpty) - Number(left.isEmpty);
  return (
    compareBounds(space, lowerBound(left), lowerBound(right)) ||
    compareBounds(space, upperBound(left), upperBound(right))
  );
}

/** B-tree order of multiranges: range by range, then the shorter one first. */
export function compareMultiranges(space: RangeSpace, left: PgMultirange, right: PgMultirange): number {
  const shared = Math.min(left.ranges.length, right.ranges.length);
  for (let index = 0; index < shared; index++) {
    const order = compareRanges(space, left.ranges[index] as PgRange, right.ranges[index] as PgRange);
    if (order !== 0) return order;
  }
  return left.ranges.length - right.ranges.length;
}

/** Whether nothing lies between the upper bound of one range and the lower bound of another. */
export function touches(space: RangeSpace, upper: Bound, lower: Bound): boolean {
  const order = compareBoundValues(space, upper, lower);
  if (order === 0) return upper.isInclusive !== lower.isInclusive;
  if (order > 0 || space.facts.canonical === '') return false;
  // Discrete values between them would make a range of them that is not empty.
  const between = makeRange(
    space,
    { value: upper.value, isInclusive: !upper.isInclusive, isLower: true },
    { value: lower.value, isInclusive: !lower.isInclusive, isLower: false },
  );
  return between.isEmpty;
}

/** A multirange of any ranges: sorted, those that overlap or touch made one. */
export function makeMultirange(space: RangeSpace, ranges: readonly PgRange[]): PgMultirange {
  const sorted = ranges.filter((range) => !range.isEmpty).sort((left, right) => compareRanges(space, left, right));
  const merged: PgRange[] = [];
  for (const range of sorted) {
    const last = merged.at(-1);
    const isApart =
      last === undefined ||
      (compareBounds(space, upperBound(last), lowerBound(range)) < 0 &&
        !touches(space, upperBound(last), lowerBound(range)));
    if (last === undefined || isApart) {
      merged.push(range);
      continue;
    }
    const upper = compareBounds(space, upperBound(last), upperBound(range)) >= 0 ? upperBound(last) : upperBound(range);
    merged[merged.length - 1] = makeRange(space, lowerBound(last), upper);
  }
  return new PgMultirange(space.facts.multirangeType, merged);
}
