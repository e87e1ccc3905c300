// Points and line segments (manual, section 9.11).
import {
  isAtLeast,
  isAtMost,
  isGreater,
  isLess,
  isSame,
  minus,
  over,
  plus,
  samePoints,
  times,
} from '../../types/geometry/fuzzy.js';
import {
  distance,
  inverseSlope,
  nearestBetween,
  nearestOnSegment,
  segmentHolds,
  segmentMeeting,
  slope,
} from '../../types/geometry/lines.js';
import { Box, Point, Segment } from '../../types/geometry/shapes.js';
import { fn } from '../registry.js';

fn('construct_point', { impl: (x: number, y: number) => new Point(x, y) });

const pointTests: Readonly<Record<string, (left: Point, right: Point) => boolean>> = {
  point_eq: samePoints,
  point_ne: (left, right) => !samePoints(left, right),
  point_left: (left, right) => isLess(left.x, right.x),
  point_right: (left, right) => isGreater(left.x, right.x),
  point_above: (left, right) => isGreater(left.y, right.y),
  point_below: (left, right) => isLess(left.y, right.y),
  point_vert: (left, right) => isSame(left.x, right.x),
  point_horiz: (left, right) => isSame(left.y, right.y),
};
for (const [symbol, impl] of Object.entries(pointTests)) fn(symbol, { impl });

fn('point_distance', { impl: distance });
fn('point_slope', { impl: slope });
fn('point_box', { impl: (point: Point) => Box.of(point, point) });

export function added(left: Point, right: Point): Point {
  return new Point(plus(left.x, right.x), plus(left.y, right.y));
}

export function subtracted(left: Point, right: Point): Point {
  return new Point(minus(left.x, right.x), minus(left.y, right.y));
}

/** As complex numbers: scaled and turned. */
export function multiplied(left: Point, right: Point): Point {
  return new Point(
    minus(times(left.x, right.x), times(left.y, right.y)),
    plus(times(left.x, right.y), times(left.y, right.x)),
  );
}

export function divided(left: Point, right: Point): Point {
  const size = plus(times(right.x, right.x), times(right.y, right.y));
  return new Point(
    over(plus(times(left.x, right.x), times(left.y, right.y)), size),
    over(minus(times(right.x, left.y), times(right.y, left.x)), size),
  );
}

fn('point_add', { impl: added });
fn('point_sub', { impl: subtracted });
fn('point_mul', { impl: multiplied });
fn('point_div', { impl: divided });

fn('lseg_construct', { impl: (from: Point, to: Point) => new Segment(from, to) });

const length = ({ from, to }: Segment): number => distance(from, to);
const sameSegments = (left: Segment, right: Segment): boolean =>
  samePoints(left.from, right.from) && samePoints(left.to, right.to);

const segmentTests: Readonly<Record<string, (left: Segment, right: Segment) => boolean>> = {
  lseg_eq: sameSegments,
  lseg_ne: (left, right) => !sameSegments(left, right),
  lseg_lt: (left, right) => isLess(length(left), length(right)),
  lseg_le: (left, right) => isAtMost(length(left), length(right)),
  lseg_gt: (left, right) => isGreater(length(left), length(right)),
  lseg_ge: (left, right) => isAtLeast(length(left), length(right)),
  lseg_parallel: (left, right) => isSame(slope(left.from, left.to), slope(right.from, right.to)),
  lseg_perp: (left, right) => isSame(slope(left.from, left.to), inverseSlope(right.from, right.to)),
  lseg_intersect: (left, right) => segmentMeeting(left, right) !== null,
};
for (const [symbol, impl] of Object.entries(segmentTests)) fn(symbol, { impl });

fn('lseg_length', { impl: length });
fn('lseg_vertical', { impl: ({ from, to }: Segment) => isSame(from.x, to.x) });
fn('lseg_horizontal', { impl: ({ from, to }: Segment) => isSame(from.y, to.y) });
fn('lseg_center', {
  impl: ({ from, to }: Segment) => new Point(over(plus(from.x, to.x), 2), over(plus(from.y, to.y), 2)),
});
fn('lseg_interpt', { impl: segmentMeeting });
fn('lseg_distance', { impl: (left: Segment, right: Segment) => nearestBetween(left, right).distance });
fn('on_ps', { impl: (point: Point, segment: Segment) => segmentHolds(segment, point) });
fn('dist_ps', { impl: (point: Point, segment: Segment) => nearestOnSegment(segment, point).distance });
fn('dist_sp', { impl: (segment: Segment, point: Point) => nearestOnSegment(segment, point).distance });

const known = (point: Point): Point | null => (Number.isNaN(point.x) || Number.isNaN(point.y) ? null : point);

fn('close_ps', {
  impl(point: Point, segment: Segment) {
    const { point: found, distance: far } = nearestOnSegment(segment, point);
    return Number.isNaN(far) ? null : known(found);
  },
});
fn('close_lseg', {
  impl(to: Segment, on: Segment) {
    if (isSame(slope(to.from, to.to), slope(on.from, on.to))) return null;
    const { point, distance: far } = nearestBetween(on, to);
    return Number.isNaN(far) ? null : point;
  },
});
