// Functions and operators of ranges (manual, section 9.20).
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { Numeric } from '../../types/numeric.js';
import { subtractNumerics } from '../../types/numeric-math.js';
import { compareRanges, makeRange, PgRange, type RangeSpace, rangeSpace } from '../../types/range/range.js';
import type { Value } from '../../types/value.js';
import type { CallInfo } from '../call-info.js';
import { fn } from '../registry.js';
import { comparisonFamily } from '../scalar/comparison.js';
import {
  containsElement,
  containsRange,
  difference,
  hull,
  intersection,
  isAdjacent,
  isBefore,
  isOverLeft,
  isOverRight,
  overlaps,
  union,
} from './operations.js';

/** The space of a range's own type. */
export function spaceOf(value: { readonly type: number }, info: CallInfo): RangeSpace {
  return rangeSpace(info.io.typeByOid(value.type), info.io);
}

function construct(lower: Value, upper: Value, flags: string, info: CallInfo): PgRange {
  const space = rangeSpace(info.resultType, info.io);
  return makeRange(
    space,
    { value: lower, isInclusive: flags[0] === '[', isLower: true },
    { value: upper, isInclusive: flags[1] === ']', isLower: false },
  );
}

fn('range_constructor2', {
  impl: (lower: Value, upper: Value, info: CallInfo) => construct(lower, upper, '[)', info),
});
fn('range_constructor3', {
  impl(lower: Value, upper: Value, flags: string | null, info: CallInfo) {
    if (flags === null) throw pgError(SqlState.dataException, 'range constructor flags argument must not be null');
    if (!/^[[(][\])]$/.test(flags))
      throw pgError(SqlState.syntaxError, 'invalid range bound flags', {
        hint: 'Valid values are "[]", "[)", "(]", and "()".',
      });
    return construct(lower, upper, flags, info);
  },
});

fn('range_lower', { impl: (range: PgRange) => range.lower });
fn('range_upper', { impl: (range: PgRange) => range.upper });
fn('range_empty', { impl: (range: PgRange) => range.isEmpty });
fn('range_lower_inc', { impl: (range: PgRange) => range.lowerInclusive });
fn('range_upper_inc', { impl: (range: PgRange) => range.upperInclusive });
fn('range_lower_inf', { impl: (range: PgRange) => !range.isEmpty && range.lower === null });
fn('range_upper_inf', { impl: (range: PgRange) => !range.isEmpty && range.upper === null });

comparisonFamily<PgRange>(
  {
    operators: ['range_eq', 'range_ne', 'range_lt', 'range_le', 'range_gt', 'range_ge'],
    support: 'range_cmp',
  },
  (left, right, info) => compareRanges(spaceOf(left, info), left, right),
);

fn('range_contains_elem', {
  impl: (range: PgRange, value: Value, info: CallInfo) => containsElement(spaceOf(range, info), range, value),
});
fn('elem_contained_by_range', {
  impl: (value: Value, range: PgRange, info: CallInfo) => containsElement(spaceOf(range, info), range, value),
});

type Relation = (space: RangeSpace, left: PgRange, right: PgRange) => boolean | PgRange;

const relations: Readonly<Record<string, Relation>> = {
  range_contains: containsRange,
  range_contained_by: (space, left, right) => containsRange(space, right, left),
  range_overlaps: overlaps,
  range_before: isBefore,
  range_after: (space, left, right) => isBefore(space, right, left),
  range_overleft: isOverLeft,
  range_overright: isOverRight,
  range_adjacent: isAdjacent,
  range_union: union,
  range_merge: hull,
  range_intersect: intersection,
  range_minus: singleDifference,
  range_intersect_agg_transfn: intersection,
};
for (const [symbol, relation] of Object.entries(relations)) {
  fn(symbol, {
    impl: (left: PgRange, right: PgRange, info: CallInfo) => relation(spaceOf(left, info), left, right),
  });
}

function singleDifference(space: RangeSpace, left: PgRange, right: PgRange): PgRange {
  const found = difference(space, left, right);
  if (found.length > 1) throw pgError(SqlState.dataException, 'result of range difference would not be contiguous');
  return found[0] ?? new PgRange(left.type, null, null, false, false, true);
}

// Ranges are canonical when they are made.
for (const symbol of ['int4range_canonical', 'int8range_canonical', 'daterange_canonical'])
  fn(symbol, { impl: (range: PgRange) => range });

for (const symbol of ['int4range_subdiff', 'daterange_subdiff'])
  fn(symbol, { impl: (left: number, right: number) => left - right });
fn('int8range_subdiff', { impl: (left: bigint, right: bigint) => Number(left) - Number(right) });
fn('numrange_subdiff', {
  impl: (left: Numeric, right: Numeric) => Number(subtractNumerics(left, right).toString()),
});
for (const symbol of ['tsrange_subdiff', 'tstzrange_subdiff'])
  fn(symbol, { impl: (left: bigint, right: bigint) => (Number(left) - Number(right)) / 1e6 });
