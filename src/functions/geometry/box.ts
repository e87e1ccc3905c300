// Boxes (manual, section 9.11).
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
  nearestBetween,
  nearestOnSegment,
  segmentLineMeeting,
  segmentMeeting,
} from '../../types/geometry/lines.js';
import { Box, Circle, type Line, Point, Polygon, Segment } from '../../types/geometry/shapes.js';
import { fn } from '../registry.js';
import { added, divided, multiplied, subtracted } from './point.js';

fn('points_box', { impl: Box.of });

export const boxArea = (box: Box): number => times(boxWidth(box), boxHeight(box));
const boxWidth = ({ high, low }: Box): number => minus(high.x, low.x);
const boxHeight = ({ high, low }: Box): number => minus(high.y, low.y);

export function boxCenter({ high, low }: Box): Point {
  return new Point(over(plus(high.x, low.x), 2), over(plus(high.y, low.y), 2));
}

export function boxesOverlap(left: Box, right: Box): boolean {
  return (
    isAtMost(left.low.x, right.high.x) &&
    isAtMost(right.low.x, left.high.x) &&
    isAtMost(left.low.y, right.high.y) &&
    isAtMost(right.low.y, left.high.y)
  );
}

export function boxContains(whole: Box, part: Box): boolean {
  return (
    isAtLeast(whole.high.x, part.high.x) &&
    isAtMost(whole.low.x, part.low.x) &&
    isAtLeast(whole.high.y, part.high.y) &&
    isAtMost(whole.low.y, part.low.y)
  );
}

/** Relations of place, which polygons share by their bounds. */
export const boxPlaces: Readonly<Record<string, (left: Box, right: Box) => boolean>> = {
  left: (left, right) => isLess(left.high.x, right.low.x),
  overleft: (left, right) => isAtMost(left.high.x, right.high.x),
  right: (left, right) => isGreater(left.low.x, right.high.x),
  overright: (left, right) => isAtLeast(left.low.x, right.low.x),
  below: (left, right) => isLess(left.high.y, right.low.y),
  overbelow: (left, right) => isAtMost(left.high.y, right.high.y),
  above: (left, right) => isGreater(left.low.y, right.high.y),
  overabove: (left, right) => isAtLeast(left.low.y, right.low.y),
};

const tests: Readonly<Record<string, (left: Box, right: Box) => boolean>> = {
  ...boxPlaces,
  same: (left, right) => samePoints(left.high, right.high) && samePoints(left.low, right.low),
  overlap: boxesOverlap,
  contain: boxContains,
  contained: (left, right) => boxContains(right, left),
  below_eq: (left, right) => isAtMost(left.high.y, right.low.y),
  above_eq: (left, right) => isAtLeast(left.low.y, right.high.y),
  lt: (left, right) => isLess(boxArea(left), boxArea(right)),
  gt: (left, right) => isGreater(boxArea(left), boxArea(right)),
  eq: (left, right) => isSame(boxArea(left), boxArea(right)),
  le: (left, right) => isAtMost(boxArea(left), boxArea(right)),
  ge: (left, right) => isAtLeast(boxArea(left), boxArea(right)),
};
for (const [name, impl] of Object.entries(tests)) fn(`box_${name}`, { impl });

fn('box_area', { impl: boxArea });
fn('box_width', { impl: boxWidth });
fn('box_height', { impl: boxHeight });
fn('box_center', { impl: boxCenter });
fn('box_distance', { impl: (left: Box, right: Box) => distance(boxCenter(left), boxCenter(right)) });
fn('box_intersect', {
  impl(left: Box, right: Box) {
    if (!boxesOverlap(left, right)) return null;
    const high = new Point(Math.min(left.high.x, right.high.x), Math.min(left.high.y, right.high.y));
    const low = new Point(Math.max(left.low.x, right.low.x), Math.max(left.low.y, right.low.y));
    return Box.of(high, low);
  },
});
fn('boxes_bound_box', {
  impl: (left: Box, right: Box) =>
    Box.of(
      new Point(Math.max(left.high.x, right.high.x), Math.max(left.high.y, right.high.y)),
      new Point(Math.min(left.low.x, right.low.x), Math.min(left.low.y, right.low.y)),
    ),
});
fn('box_diagonal', { impl: ({ high, low }: Box) => new Segment(high, low) });

for (const [name, change] of Object.entries({ add: added, sub: subtracted, mul: multiplied, div: divided })) {
  fn(`box_${name}`, { impl: ({ high, low }: Box, by: Point) => Box.of(change(high, by), change(low, by)) });
}

export function boxHolds({ high, low }: Box, { x, y }: Point): boolean {
  return high.x >= x && low.x <= x && high.y >= y && low.y <= y;
}

fn('box_contain_pt', { impl: boxHolds });
fn('on_pb', { impl: (point: Point, box: Box) => boxHolds(box, point) });
fn('on_sb', { impl: ({ from, to }: Segment, box: Box) => boxHolds(box, from) && boxHolds(box, to) });

function corners({ high, low }: Box): Point[] {
  return [low, new Point(low.x, high.y), high, new Point(high.x, low.y)];
}

/** In the order in which the nearest of equally near ones is chosen. */
function sides({ high, low }: Box): Segment[] {
  const [upperLeft, lowerRight] = [new Point(low.x, high.y), new Point(high.x, low.y)];
  return [
    new Segment(low, upperLeft),
    new Segment(high, upperLeft),
    new Segment(low, lowerRight),
    new Segment(high, lowerRight),
  ];
}

fn('box_poly', { impl: (box: Box) => new Polygon(corners(box)) });
fn('box_circle', {
  impl: (box: Box) => new Circle(boxCenter(box), distance(boxCenter(box), box.high)),
});

/** Null where there is no nearest point. */
function nearestToPoint(box: Box, point: Point): { readonly point: Point; readonly distance: number } {
  if (boxHolds(box, point)) return { point, distance: 0 };
  const found = sides(box).map((side) => nearestOnSegment(side, point));
  return found.reduce((best, next) => (next.distance < best.distance ? next : best));
}

function segmentMeetsBox(segment: Segment, box: Box): boolean {
  const around = Box.of(segment.from, segment.to);
  if (!boxesOverlap(around, box)) return false;
  if (boxHolds(box, segment.from) || boxHolds(box, segment.to)) return true;
  return sides(box).some((side) => segmentMeeting(side, segment) !== null);
}

function segmentDistance(segment: Segment, box: Box): number {
  if (segmentMeetsBox(segment, box)) return 0;
  return Math.min(...sides(box).map((side) => nearestBetween(side, segment).distance));
}

fn('dist_pb', { impl: (point: Point, box: Box) => nearestToPoint(box, point).distance });
fn('dist_bp', { impl: (box: Box, point: Point) => nearestToPoint(box, point).distance });
fn('dist_sb', { impl: segmentDistance });
fn('dist_bs', { impl: (box: Box, segment: Segment) => segmentDistance(segment, box) });
fn('inter_sb', { impl: segmentMeetsBox });
fn('inter_lb', {
  impl: (line: Line, box: Box) => sides(box).some((side) => segmentLineMeeting(side, line) !== null),
});
fn('close_sb', {
  impl(segment: Segment, box: Box) {
    if (segmentMeetsBox(segment, box)) return nearestOnSegment(segment, boxCenter(box)).point;
    const found = sides(box).map((side) => nearestBetween(side, segment));
    const best = found.reduce((nearest, next) => (next.distance < nearest.distance ? next : nearest));
    return Number.isNaN(best.distance) ? null : best.point;
  },
});
fn('close_pb', {
  impl(point: Point, box: Box) {
    const found = nearestToPoint(box, point);
    return Number.isNaN(found.distance) ? null : found.point;
  },
});
