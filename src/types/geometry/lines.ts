// Lines through points, where they meet, and the nearest points of lines and segments.
import { hypotenuse, isSame, isZero, minus, over, plus, samePoints, times } from './fuzzy.js';
import { Line, Point, type Segment } from './shapes.js';

export function distance(left: Point, right: Point): number {
  return hypotenuse(minus(left.x, right.x), minus(left.y, right.y));
}

/** The slope of the line through two points; infinite where it is vertical. */
export function slope(left: Point, right: Point): number {
  if (isSame(left.x, right.x)) return Number.POSITIVE_INFINITY;
  if (isSame(left.y, right.y)) return 0;
  return over(minus(left.y, right.y), minus(left.x, right.x));
}

/** The slope of a perpendicular. */
export function inverseSlope(left: Point, right: Point): number {
  if (isSame(left.x, right.x)) return 0;
  if (isSame(left.y, right.y)) return Number.POSITIVE_INFINITY;
  return over(minus(left.x, right.x), minus(right.y, left.y));
}

export function lineThrough(point: Point, itsSlope: number): Line {
  if (!Number.isFinite(itsSlope) && !Number.isNaN(itsSlope)) return new Line(-1, 0, point.x);
  if (itsSlope === 0) return new Line(0, -1, point.y);
  const c = minus(point.y, times(itsSlope, point.x));
  // No negative zero.
  return new Line(itsSlope, -1, c === 0 ? 0 : c);
}

export function lineSlope(line: Line): number {
  if (isZero(line.a)) return 0;
  return isZero(line.b) ? Number.POSITIVE_INFINITY : over(line.a, -line.b);
}

export function inverseLineSlope(line: Line): number {
  if (isZero(line.a)) return Number.POSITIVE_INFINITY;
  return isZero(line.b) ? 0 : over(line.b, line.a);
}

/** Where two lines meet; null where they are parallel. */
export function lineMeeting(left: Line, right: Line): Point | null {
  const [one, other] = isZero(left.b) ? [right, left] : [left, right];
  if (isZero(one.b)) return null;
  if (isSame(other.a, times(one.a, over(other.b, one.b)))) return null;
  const x = over(
    minus(times(one.b, other.c), times(other.b, one.c)),
    minus(times(one.a, other.b), times(other.a, one.b)),
  );
  const y = over(-plus(times(one.a, x), one.c), one.b);
  return new Point(x === 0 ? 0 : x, y === 0 ? 0 : y);
}

export function lineOf({ from, to }: Segment): Line {
  return lineThrough(from, slope(from, to));
}

export function segmentHolds({ from, to }: Segment, point: Point): boolean {
  return isSame(distance(point, from) + distance(point, to), distance(from, to));
}

/** Where a segment meets a line; null where it doesn't. Its own ends are given as they are. */
export function segmentLineMeeting(segment: Segment, line: Line): Point | null {
  const point = lineMeeting(lineOf(segment), line);
  if (point === null || !segmentHolds(segment, point)) return null;
  if (samePoints(segment.from, point)) return segment.from;
  return samePoints(segment.to, point) ? segment.to : point;
}

export function segmentMeeting(left: Segment, right: Segment): Point | null {
  const point = segmentLineMeeting(left, lineOf(right));
  return point !== null && segmentHolds(right, point) ? point : null;
}

export interface Nearest {
  readonly point: Point;
  readonly distance: number;
}

/** The point of a line that is nearest to another. */
export function nearestOnLine(line: Line, point: Point): Nearest {
  const found = lineMeeting(lineThrough(point, inverseLineSlope(line)), line);
  return found === null ? { point, distance: Number.NaN } : { point: found, distance: distance(found, point) };
}

/** The point of a segment that is nearest to a line. */
export function nearestToLine(segment: Segment, line: Line): Nearest {
  const met = segmentLineMeeting(segment, line);
  if (met !== null) return { point: met, distance: 0 };
  const [from, to] = [nearestOnLine(line, segment.from).distance, nearestOnLine(line, segment.to).distance];
  return from < to ? { point: segment.from, distance: from } : { point: segment.to, distance: to };
}

/** The point of a segment that is nearest to another. */
export function nearestOnSegment(segment: Segment, point: Point): Nearest {
  const perpendicular = lineThrough(point, inverseSlope(segment.from, segment.to));
  const found = nearestToLine(segment, perpendicular).point;
  return { point: found, distance: distance(found, point) };
}

/** The point of a segment that is nearest to another segment. */
export function nearestBetween(on: Segment, to: Segment): Nearest {
  const met = segmentMeeting(on, to);
  if (met !== null) return { point: met, distance: 0 };
  let best = nearestOnSegment(on, to.from);
  const second = nearestOnSegment(on, to.to);
  if (second.distance < best.distance) best = second;
  for (const end of [on.from, on.to]) {
    const { distance: far } = nearestOnSegment(to, end);
    if (far < best.distance) best = { point: end, distance: far };
  }
  return best;
}
