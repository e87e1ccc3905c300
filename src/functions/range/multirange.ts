// Functions and operators of multiranges (manual, section 9.20), alone and together with ranges: a range on either side is
// taken as the multirange of it alone, or of nothing where it is empty.
import { pgError, SqlState } from '../../errors/pg-error.js';
import {
  compareMultiranges,
  emptyRange,
  makeMultirange,
  makeRange,
  lowerBound,
  PgMultirange,
  PgRange,
  type RangeSpace,
  rangeSpace,
  upperBound,
} from '../../types/range/range.js';
import type { PgArray, Value } from '../../types/value.js';
import type { CallInfo } from '../call-info.js';
import { fn, tableFn } from '../registry.js';
import { comparisonFamily } from '../scalar/comparison.js';
import {
  containsElement,
  containsRange,
  difference,
  intersection,
  isAdjacent,
  isBefore,
  isOverLeft,
  isOverRight,
  overlaps,
} from './operations.js';
import { spaceOf } from './range.js';

fn('multirange_constructor0', { impl: (info: CallInfo) => new PgMultirange(info.resultType.oid, []) });
fn('multirange_constructor1', {
  impl: (range: PgRange, info: CallInfo) => makeMultirange(spaceOf(range, info), [range]),
});
fn('multirange_constructor2', {
  impl(ranges: PgArray, info: CallInfo) {
    if (ranges.dimensions.length > 1)
      throw pgError(SqlState.cardinalityViolation, 'multiranges cannot be constructed from multidimensional arrays');
    if (ranges.elements.includes(null))
      throw pgError(SqlState.nullValueNotAllowed, 'multirange values cannot contain null members');
    return makeMultirange(rangeSpace(info.resultType, info.io), ranges.elements as PgRange[]);
  },
});

const first = ({ ranges }: PgMultirange): PgRange | undefined => ranges[0];
const last = ({ ranges }: PgMultirange): PgRange | undefined => ranges.at(-1);

fn('multirange_lower', { impl: (value: PgMultirange) => first(value)?.lower ?? null });
fn('multirange_upper', { impl: (value: PgMultirange) => last(value)?.upper ?? null });
fn('multirange_empty', { impl: (value: PgMultirange) => value.ranges.length === 0 });
fn('multirange_lower_inc', { impl: (value: PgMultirange) => first(value)?.lowerInclusive ?? false });
fn('multirange_upper_inc', { impl: (value: PgMultirange) => last(value)?.upperInclusive ?? false });
fn('multirange_lower_inf', { impl: (value: PgMultirange) => first(value)?.lower === null });
fn('multirange_upper_inf', { impl: (value: PgMultirange) => last(value)?.upper === null });
fn('range_merge_from_multirange', {
  impl(value: PgMultirange, info: CallInfo) {
    const space = spaceOf(value, info);
    return value.ranges.length === 0 ? emptyRange(space) : span(space, value.ranges);
  },
});
tableFn('multirange_unnest', { rows: (value: PgMultirange) => value.ranges });

comparisonFamily<PgMultirange>(
  {
    operators: ['multirange_eq', 'multirange_ne', 'multirange_lt', 'multirange_le', 'multirange_gt', 'multirange_ge'],
    support: 'multirange_cmp',
  },
  (left, right, info) => compareMultiranges(spaceOf(left, info), left, right),
);

fn('multirange_contains_elem', {
  impl: (value: PgMultirange, element: Value, info: CallInfo) => holdsElement(value, element, info),
});
fn('elem_contained_by_multirange', {
  impl: (element: Value, value: PgMultirange, info: CallInfo) => holdsElement(value, element, info),
});

function holdsElement(value: PgMultirange, element: Value, info: CallInfo): boolean {
  const space = spaceOf(value, info);
  return value.ranges.some((range) => containsElement(space, range, element));
}

type Ranges = readonly PgRange[];
type Relation = (space: RangeSpace, left: Ranges, right: Ranges) => boolean;

/** From the first range's begin to the last one's end. */
function span(space: RangeSpace, ranges: Ranges): PgRange {
  const [from, to] = [ranges[0] as PgRange, ranges.at(-1) as PgRange];
  return makeRange(space, lowerBound(from), upperBound(to));
}

/** A relation between the spans, which nothing empty has. */
function ofSpans(relation: (space: RangeSpace, left: PgRange, right: PgRange) => boolean): Relation {
  return (space, left, right) =>
    left.length > 0 && right.length > 0 && relation(space, span(space, left), span(space, right));
}

const containsAll: Relation = (space, whole, parts) =>
  parts.every((part) => whole.some((range) => containsRange(space, range, part)));
const overlapsAny: Relation = (space, left, right) =>
  left.some((one) => right.some((other) => overlaps(space, one, other)));
const before = ofSpans(isBefore);
const after: Relation = (space, left, right) => before(space, right, left);

function rangesOf(value: PgRange | PgMultirange): Ranges {
  if (value instanceof PgMultirange) return value.ranges;
  return value.isEmpty ? [] : [value];
}

for (const [symbol, relation] of relations()) {
  fn(symbol, {
    impl: (left: PgRange | PgMultirange, right: PgRange | PgMultirange, info: CallInfo) =>
      relation(spaceOf(left, info), rangesOf(left), rangesOf(right)),
  });
}

/** The symbols of every pair of kinds: `<left>_<verb>_<right>`. */
function* relations(): Generator<[string, Relation]> {
  const verbs: Readonly<Record<string, Relation>> = {
    overlaps: overlapsAny,
    contains: containsAll,
    contained_by: (space, left, right) => containsAll(space, right, left),
    adjacent: ofSpans(isAdjacent),
    before,
    after,
    overleft: ofSpans(isOverLeft),
    overright: ofSpans(isOverRight),
  };
  for (const [verb, relation] of Object.entries(verbs)) {
    yield [`range_${verb}_multirange`, relation];
    yield [`multirange_${verb}_range`, relation];
    yield [`multirange_${verb}_multirange`, relation];
  }
}

fn('multirange_union', {
  impl: (left: PgMultirange, right: PgMultirange, info: CallInfo) =>
    makeMultirange(spaceOf(left, info), [...left.ranges, ...right.ranges]),
});
fn('multirange_minus', {
  impl(left: PgMultirange, right: PgMultirange, info: CallInfo) {
    const space = spaceOf(left, info);
    const minus = (ranges: Ranges, less: PgRange) => ranges.flatMap((range) => difference(space, range, less));
    return makeMultirange(space, right.ranges.reduce<Ranges>(minus, left.ranges));
  },
});
for (const symbol of ['multirange_intersect', 'multirange_intersect_agg_transfn']) {
  fn(symbol, {
    impl(left: PgMultirange, right: PgMultirange, info: CallInfo) {
      const space = spaceOf(left, info);
      const common = left.ranges.flatMap((one) => right.ranges.map((other) => intersection(space, one, other)));
      return makeMultirange(space, common);
    },
  });
}

interface RangesState {
  readonly internal: true;
  readonly ranges: PgRange[];
}

for (const symbol of ['range_agg_transfn', 'multirange_agg_transfn']) {
  fn(symbol, {
    impl(state: RangesState | null, value: PgRange | PgMultirange | null): RangesState {
      const target = state ?? { internal: true, ranges: [] };
      if (value instanceof PgRange) target.ranges.push(value);
      else if (value !== null)
        target.ranges.push(...value.ranges, ...(value.ranges.length === 0 ? [nothing(value)] : []));
      return target;
    },
  });
}

/** An empty multirange still counts as a value. */
function nothing(value: PgMultirange): PgRange {
  return new PgRange(value.type, null, null, false, false, true);
}

fn('range_agg_finalfn', {
  impl: (state: RangesState | null, _extra: unknown, info: CallInfo) =>
    state === null || state.ranges.length === 0
      ? null
      : makeMultirange(rangeSpace(info.resultType, info.io), state.ranges),
});
