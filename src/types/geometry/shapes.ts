// Geometric values (manual, section 8.8): points in a plane and what is made of them. Coordinates are float8.

export class Point {
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
}

export class Segment {
  constructor(
    readonly from: Point,
    readonly to: Point,
  ) {}
}

/** `high` is the upper right corner, `low` the lower left one. */
export class Box {
  private constructor(
    readonly high: Point,
    readonly low: Point,
  ) {}

  /** From any two opposite corners. */
  static of(one: Point, other: Point): Box {
    const [left, right] = ordered(one.x, other.x);
    const [bottom, top] = ordered(one.y, other.y);
    return new Box(new Point(right, top), new Point(left, bottom));
  }
}

export class Path {
  constructor(
    readonly points: readonly Point[],
    readonly isClosed: boolean,
  ) {}
}

export class Polygon {
  /** The smallest box around it. */
  readonly bounds: Box;

  constructor(readonly points: readonly Point[]) {
    const first = points[0] ?? new Point(0, 0);
    let [left, right, bottom, top] = [first.x, first.x, first.y, first.y];
    for (const { x, y } of points) {
      if (isLess(x, left)) left = x;
      if (isLess(right, x)) right = x;
      if (isLess(y, bottom)) bottom = y;
      if (isLess(top, y)) top = y;
    }
    this.bounds = Box.of(new Point(right, top), new Point(left, bottom));
  }
}

/** Ax + By + C = 0. */
export class Line {
  constructor(
    readonly a: number,
    readonly b: number,
    readonly c: number,
  ) {}
}

export class Circle {
  constructor(
    readonly center: Point,
    readonly radius: number,
  ) {}
}

export type Shape = Point | Segment | Box | Path | Polygon | Line | Circle;

/** The order of float8: NaN is greater than everything. */
function isLess(left: number, right: number): boolean {
  if (Number.isNaN(left)) return false;
  return Number.isNaN(right) || left < right;
}

function ordered(one: number, other: number): [number, number] {
  return isLess(other, one) ? [other, one] : [one, other];
}
