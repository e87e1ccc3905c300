// Paths and polygons (manual, section 9.11).
import { pgError, SqlState } from '../../errors/pg-error.js';
import {
  isAtLeast,
  isAtMost,
  isGreater,
  isLess,
  isZero,
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
  segmentHolds,
  segmentMeeting,
} from '../../types/geometry/lines.js';
import { Circle, Path, Point, Polygon, Segment } from '../../types/geometry/shapes.js';
import { fn } from '../registry.js';
import { boxContains, boxesOverlap, boxPlaces } from './box.js';
import { added, divided, multiplied, subtracted } from './point.js';

/** The segments between neighbouring points; of closed paths also that back to the first. */
function segmentsOf(points: readonly Point[], isClosed: boolean): Segment[] {
  const segments: Segment[] = [];
  for (let at = 1; at < points.length; at++) segments.push(new Segment(points[at - 1] as Point, points[at] as Point));
  if (isClosed) segments.unshift(new Segment(points.at(-1) as Point, points[0] as Point));
  return segments;
}

const countTests: Readonly<Record<string, (left: Path, right: Path) => boolean>> = {
  path_n_lt: (left, right) => left.points.length < right.points.length,
  path_n_gt: (left, right) => left.points.length > right.points.length,
  path_n_eq: (left, right) => left.points.length === right.points.length,
  path_n_le: (left, right) => left.points.length <= right.points.length,
  path_n_ge: (left, right) => left.points.length >= right.points.length,
};
for (const [symbol, impl] of Object.entries(countTests)) fn(symbol, { impl });

fn('path_isclosed', { impl: (path: Path) => path.isClosed });
fn('path_isopen', { impl: (path: Path) => !path.isClosed });
fn('path_npoints', { impl: (path: Path) => path.points.length });
fn('path_close', { impl: (path: Path) => new Path(path.points, true) });
fn('path_open', { impl: (path: Path) => new Path(path.points, false) });
fn('path_length', {
  impl: (path: Path) =>
    segmentsOf(path.points, path.isClosed).reduce((sum, { from, to }) => plus(sum, distance(from, to)), 0),
});
fn('path_area', {
  impl({ points, isClosed }: Path) {
    if (!isClosed) return null;
    const sum = points.reduce((area, point, at) => {
      const next = points[(at + 1) % points.length] as Point;
      return minus(plus(area, times(point.x, next.y)), times(point.y, next.x));
    }, 0);
    return over(Math.abs(sum), 2);
  },
});
fn('path_add', {
  impl: (left: Path, right: Path) =>
    left.isClosed || right.isClosed ? null : new Path([...left.points, ...right.points], false),
});
const changes = { add_pt: added, sub_pt: subtracted, mul_pt: multiplied, div_pt: divided };
for (const [name, change] of Object.entries(changes)) {
  fn(`path_${name}`, {
    impl: (path: Path, by: Point) =>
      new Path(
        path.points.map((point) => change(point, by)),
        path.isClosed,
      ),
  });
}
fn('path_poly', {
  impl(path: Path) {
    if (!path.isClosed) throw pgError(SqlState.invalidParameterValue, 'open path cannot be converted to polygon');
    return new Polygon(path.points);
  },
});
fn('path_inter', {
  impl(left: Path, right: Path) {
    if (!boxesOverlap(new Polygon(left.points).bounds, new Polygon(right.points).bounds)) return false;
    const others = segmentsOf(right.points, right.isClosed);
    return segmentsOf(left.points, left.isClosed).some((one) =>
      others.some((other) => segmentMeeting(one, other) !== null),
    );
  },
});
fn('path_distance', {
  impl(left: Path, right: Path) {
    const others = segmentsOf(right.points, right.isClosed);
    return smallest(
      segmentsOf(left.points, left.isClosed).flatMap((one) =>
        others.map((other) => nearestBetween(one, other).distance),
      ),
    );
  },
});

function smallest(distances: readonly number[]): number | null {
  if (distances.length === 0) return null;
  return distances.reduce((best, next) => (next < best ? next : best));
}

/** An open path of one point has no segments: PostgreSQL's distance from it is 0. */
function pathDistance(path: Path, point: Point): number | null {
  if (path.points.length === 1 && !path.isClosed) return 0;
  return smallest(segmentsOf(path.points, path.isClosed).map((segment) => nearestOnSegment(segment, point).distance));
}

fn('dist_pathp', { impl: pathDistance });
fn('dist_ppath', { impl: (point: Point, path: Path) => pathDistance(path, point) });
fn('on_ppath', {
  impl(point: Point, path: Path) {
    if (path.isClosed) return position(point, path.points) !== 'outside';
    return segmentsOf(path.points, false).some((segment) => segmentHolds(segment, point));
  },
});

type Position = 'inside' | 'outside' | 'on';

/** Where a point lies, by how often the polygon's edges turn around it. */
function position(point: Point, points: readonly Point[]): Position {
  const moved = points.map(({ x, y }) => new Point(minus(x, point.x), minus(y, point.y)));
  let crossings = 0;
  let previous = moved[0] as Point;
  for (let at = 1; at <= moved.length; at++) {
    const next = moved[at % moved.length] as Point;
    const crossing = crossingOf(next, previous);
    if (crossing === null) return 'on';
    crossings += crossing;
    previous = next;
  }
  return crossings === 0 ? 'outside' : 'inside';
}

/** How an edge crosses the positive x axis, in halves; null where it goes through the origin. */
function crossingOf({ x, y }: Point, previous: Point): number | null {
  if (isZero(y)) {
    if (isZero(x)) return null;
    if (isGreater(x, 0)) {
      if (isZero(previous.y)) return isGreater(previous.x, 0) ? 0 : null;
      return isLess(previous.y, 0) ? 1 : -1;
    }
    return isZero(previous.y) && !isLess(previous.x, 0) ? null : 0;
  }
  const side = isGreater(y, 0) ? 1 : -1;
  if (isZero(previous.y)) return isLess(previous.x, 0) ? 0 : side;
  if (side < 0 ? isLess(previous.y, 0) : isGreater(previous.y, 0)) return 0;
  if (isAtLeast(x, 0) && isGreater(previous.x, 0)) return 2 * side;
  if (isLess(x, 0) && isAtMost(previous.x, 0)) return 0;
  const turn = minus(times(minus(x, previous.x), y), times(minus(y, previous.y), x));
  if (isZero(turn)) return null;
  return (side < 0 ? isLess(turn, 0) : isGreater(turn, 0)) ? 0 : 2 * side;
}

export function polygonHolds(polygon: Polygon, point: Point): boolean {
  return position(point, polygon.points) !== 'outside';
}

const edges = (polygon: Polygon): Segment[] => segmentsOf(polygon.points, true);

export function polygonDistance(polygon: Polygon, point: Point): number {
  if (polygonHolds(polygon, point)) return 0;
  return smallest(edges(polygon).map((edge) => nearestOnSegment(edge, point).distance)) ?? Number.NaN;
}

for (const [name, impl] of Object.entries(boxPlaces))
  fn(`poly_${name}`, { impl: (left: Polygon, right: Polygon) => impl(left.bounds, right.bounds) });

fn('poly_npoints', { impl: (polygon: Polygon) => polygon.points.length });
fn('poly_path', { impl: (polygon: Polygon) => new Path(polygon.points, true) });
fn('poly_box', { impl: (polygon: Polygon) => polygon.bounds });
fn('poly_contain_pt', { impl: polygonHolds });
fn('pt_contained_poly', { impl: (point: Point, polygon: Polygon) => polygonHolds(polygon, point) });
fn('dist_polyp', { impl: polygonDistance });
fn('dist_ppoly', { impl: (point: Point, polygon: Polygon) => polygonDistance(polygon, point) });
fn('poly_same', {
  impl({ points: left }: Polygon, { points: right }: Polygon) {
    if (left.length !== right.length) return false;
    const matches = (start: number, step: number) =>
      left.every((point, at) =>
        samePoints(point, right[(start + step * at + right.length * 2) % right.length] as Point),
      );
    return right.some((_, start) => matches(start, 1) || matches(start, -1));
  },
});

function overlaps(left: Polygon, right: Polygon): boolean {
  if (!boxesOverlap(left.bounds, right.bounds)) return false;
  const others = edges(right);
  if (edges(left).some((edge) => others.some((other) => segmentMeeting(edge, other) !== null))) return true;
  return polygonHolds(right, left.points[0] as Point) || polygonHolds(left, right.points[0] as Point);
}

fn('poly_overlap', { impl: overlaps });
fn('poly_distance', {
  impl(left: Polygon, right: Polygon) {
    if (overlaps(left, right)) return 0;
    const others = edges(right);
    return smallest(edges(left).flatMap((edge) => others.map((other) => nearestBetween(edge, other).distance)));
  },
});

/** Each edge of the part is inside in all pieces that the whole's edges cut it into. */
function contains(whole: Polygon, part: Polygon): boolean {
  const others = edges(whole);
  return (
    boxContains(whole.bounds, part.bounds) &&
    edges(part).every((edge) => {
      const cuts = others.flatMap((other) => {
        const met = segmentMeeting(edge, other);
        return [...(met === null ? [] : [met]), ...[other.from, other.to].filter((end) => segmentHolds(edge, end))];
      });
      const along = [edge.from, ...cuts, edge.to].sort(
        (one, next) => distance(edge.from, one) - distance(edge.from, next),
      );
      const holdsEnds = polygonHolds(whole, edge.from) && polygonHolds(whole, edge.to);
      return (
        holdsEnds && along.every((point, at) => at === 0 || polygonHolds(whole, middle(along[at - 1] as Point, point)))
      );
    })
  );
}

function middle(left: Point, right: Point): Point {
  return new Point(over(plus(left.x, right.x), 2), over(plus(left.y, right.y), 2));
}

fn('poly_contain', { impl: contains });
fn('poly_contained', { impl: (left: Polygon, right: Polygon) => contains(right, left) });

/** The mean of the corners, and the mean of their distances from it. */
export function polygonCircle({ points }: Polygon): Circle {
  const count = points.length;
  const sum = points.reduce(added, new Point(0, 0));
  const center = new Point(over(sum.x, count), over(sum.y, count));
  const radius = points.reduce((total, point) => plus(total, distance(point, center)), 0);
  return new Circle(center, over(radius, count));
}

fn('poly_circle', { impl: polygonCircle });
fn('poly_center', { impl: (polygon: Polygon) => polygonCircle(polygon).center });
