// Lines (manual, section 9.11).
import { pgError, SqlState } from '../../errors/pg-error.js';
import { compareFloats } from '../../types/float-types.js';
import { hypotenuse, isSame, isZero, minus, over, plus, samePoints, times } from '../../types/geometry/fuzzy.js';
import {
  lineMeeting,
  lineSlope,
  lineThrough,
  nearestOnLine,
  nearestToLine,
  segmentLineMeeting,
  slope,
} from '../../types/geometry/lines.js';
import type { Line, Point, Segment } from '../../types/geometry/shapes.js';
import { fn } from '../registry.js';

fn('line_construct_pp', {
  impl(from: Point, to: Point) {
    if (samePoints(from, to))
      throw pgError(SqlState.invalidParameterValue, 'invalid line specification: must be two distinct points');
    return lineThrough(from, slope(from, to));
  },
});
fn('line_intersect', { impl: (left: Line, right: Line) => lineMeeting(left, right) !== null });
fn('line_parallel', { impl: (left: Line, right: Line) => lineMeeting(left, right) === null });
fn('line_perp', { impl: isPerpendicular });
fn('line_vertical', { impl: (line: Line) => isZero(line.b) });
fn('line_horizontal', { impl: (line: Line) => isZero(line.a) });
fn('line_eq', { impl: sameLines });
fn('line_distance', { impl: lineDistance });
fn('line_interpt', { impl: lineMeeting });

function isPerpendicular(left: Line, right: Line): boolean {
  if (isZero(left.a)) return isZero(right.b);
  if (isZero(right.a)) return isZero(left.b);
  if (isZero(left.b)) return isZero(right.a);
  if (isZero(right.b)) return isZero(left.a);
  return isSame(over(times(left.a, right.a), times(left.b, right.b)), -1);
}

function sameLines(left: Line, right: Line): boolean {
  const numbers = [left.a, left.b, left.c, right.a, right.b, right.c];
  if (numbers.some(Number.isNaN))
    return (['a', 'b', 'c'] as const).every((part) => compareFloats(left[part], right[part]) === 0);
  const ratio = !isZero(right.a)
    ? over(left.a, right.a)
    : !isZero(right.b)
      ? over(left.b, right.b)
      : !isZero(right.c)
        ? over(left.c, right.c)
        : 1;
  return (['a', 'b', 'c'] as const).every((part) => isSame(left[part], times(ratio, right[part])));
}

function lineDistance(left: Line, right: Line): number {
  if (lineMeeting(left, right) !== null) return 0;
  const finite = (value: number) => !isZero(value) && !Number.isNaN(value);
  const ratio =
    finite(left.a) && finite(right.a)
      ? over(left.a, right.a)
      : finite(left.b) && finite(right.b)
        ? over(left.b, right.b)
        : 1;
  return over(Math.abs(minus(left.c, times(ratio, right.c))), hypotenuse(left.a, left.b));
}

fn('on_pl', { impl: (point: Point, line: Line) => holds(line, point) });
fn('on_sl', { impl: (segment: Segment, line: Line) => holds(line, segment.from) && holds(line, segment.to) });
fn('inter_sl', { impl: (segment: Segment, line: Line) => segmentLineMeeting(segment, line) !== null });
fn('dist_pl', { impl: (point: Point, line: Line) => nearestOnLine(line, point).distance });
fn('dist_lp', { impl: (line: Line, point: Point) => nearestOnLine(line, point).distance });
fn('dist_sl', { impl: (segment: Segment, line: Line) => nearestToLine(segment, line).distance });
fn('dist_ls', { impl: (line: Line, segment: Segment) => nearestToLine(segment, line).distance });
fn('close_pl', {
  impl(point: Point, line: Line) {
    const found = nearestOnLine(line, point);
    return Number.isNaN(found.distance) ? null : found.point;
  },
});
fn('close_ls', {
  impl(line: Line, segment: Segment) {
    if (isSame(slope(segment.from, segment.to), lineSlope(line))) return null;
    const found = nearestToLine(segment, line);
    return Number.isNaN(found.distance) ? null : found.point;
  },
});

function holds(line: Line, point: Point): boolean {
  return isZero(plus(plus(times(line.a, point.x), times(line.b, point.y)), line.c));
}
