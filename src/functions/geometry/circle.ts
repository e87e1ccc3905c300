// Circles (manual, section 9.11).
import { pgError, SqlState } from '../../errors/pg-error.js';
import {
  hypotenuse,
  isAtLeast,
  isAtMost,
  isGreater,
  isLess,
  isSame,
  isZero,
  minus,
  over,
  plus,
  samePoints,
  times,
} from '../../types/geometry/fuzzy.js';
import { distance } from '../../types/geometry/lines.js';
import { Box, Circle, Point, Polygon } from '../../types/geometry/shapes.js';
import { fn } from '../registry.js';
import { polygonDistance } from './path.js';
import { added, divided, multiplied, subtracted } from './point.js';

fn('cr_circle', { impl: (center: Point, radius: number) => new Circle(center, radius) });
fn('circle_center', { impl: (circle: Circle) => circle.center });
fn('circle_radius', { impl: (circle: Circle) => circle.radius });
fn('circle_diameter', { impl: (circle: Circle) => times(circle.radius, 2) });
fn('circle_area', { impl: area });

function area({ radius }: Circle): number {
  return times(times(radius, radius), Math.PI);
}

const sameRadius = (left: number, right: number) => (Number.isNaN(left) && Number.isNaN(right)) || isSame(left, right);

const tests: Readonly<Record<string, (left: Circle, right: Circle) => boolean>> = {
  same: (left, right) => sameRadius(left.radius, right.radius) && samePoints(left.center, right.center),
  overlap: (left, right) => isAtMost(distance(left.center, right.center), plus(left.radius, right.radius)),
  left: (left, right) => isLess(plus(left.center.x, left.radius), minus(right.center.x, right.radius)),
  overleft: (left, right) => isAtMost(plus(left.center.x, left.radius), plus(right.center.x, right.radius)),
  right: (left, right) => isGreater(minus(left.center.x, left.radius), plus(right.center.x, right.radius)),
  overright: (left, right) => isAtLeast(minus(left.center.x, left.radius), minus(right.center.x, right.radius)),
  below: (left, right) => isLess(plus(left.center.y, left.radius), minus(right.center.y, right.radius)),
  overbelow: (left, right) => isAtMost(plus(left.center.y, left.radius), plus(right.center.y, right.radius)),
  above: (left, right) => isGreater(minus(left.center.y, left.radius), plus(right.center.y, right.radius)),
  overabove: (left, right) => isAtLeast(minus(left.center.y, left.radius), minus(right.center.y, right.radius)),
  contained: (left, right) => contains(right, left),
  contain: contains,
  eq: (left, right) => isSame(area(left), area(right)),
  // NaN is neither equal to anything nor different from it.
  ne: (left, right) => isLess(area(left), area(right)) || isGreater(area(left), area(right)),
  lt: (left, right) => isLess(area(left), area(right)),
  gt: (left, right) => isGreater(area(left), area(right)),
  le: (left, right) => isAtMost(area(left), area(right)),
  ge: (left, right) => isAtLeast(area(left), area(right)),
};
for (const [name, impl] of Object.entries(tests)) fn(`circle_${name}`, { impl });

function contains(whole: Circle, part: Circle): boolean {
  return isAtMost(distance(whole.center, part.center), minus(whole.radius, part.radius));
}

fn('circle_add_pt', { impl: ({ center, radius }: Circle, by: Point) => new Circle(added(center, by), radius) });
fn('circle_sub_pt', { impl: ({ center, radius }: Circle, by: Point) => new Circle(subtracted(center, by), radius) });
fn('circle_mul_pt', {
  impl: ({ center, radius }: Circle, by: Point) =>
    new Circle(multiplied(center, by), times(radius, hypotenuse(by.x, by.y))),
});
fn('circle_div_pt', {
  impl: ({ center, radius }: Circle, by: Point) =>
    new Circle(divided(center, by), over(radius, hypotenuse(by.x, by.y))),
});

/** How far a circle's edge is from a distance of its center; 0 within. */
const beyond = (far: number, radius: number): number => Math.max(minus(far, radius), 0);

fn('circle_distance', {
  impl: (left: Circle, right: Circle) => beyond(distance(left.center, right.center), plus(left.radius, right.radius)),
});
fn('dist_pc', { impl: (point: Point, circle: Circle) => beyond(distance(point, circle.center), circle.radius) });
fn('dist_cpoint', { impl: (circle: Circle, point: Point) => beyond(distance(point, circle.center), circle.radius) });
fn('dist_cpoly', {
  impl: (circle: Circle, polygon: Polygon) => beyond(polygonDistance(polygon, circle.center), circle.radius),
});
fn('dist_polyc', {
  impl: (polygon: Polygon, circle: Circle) => beyond(polygonDistance(polygon, circle.center), circle.radius),
});
fn('circle_contain_pt', { impl: (circle: Circle, point: Point) => distance(circle.center, point) <= circle.radius });
fn('pt_contained_circle', {
  impl: (point: Point, circle: Circle) => distance(circle.center, point) <= circle.radius,
});
fn('circle_box', {
  impl({ center, radius }: Circle) {
    const delta = over(radius, Math.SQRT2);
    return Box.of(
      new Point(plus(center.x, delta), plus(center.y, delta)),
      new Point(minus(center.x, delta), minus(center.y, delta)),
    );
  },
});
fn('circle_poly', {
  impl(count: number, { center, radius }: Circle) {
    if (isZero(radius))
      throw pgError(SqlState.featureNotSupported, 'cannot convert circle with radius zero to polygon');
    if (count < 2) throw pgError(SqlState.invalidParameterValue, 'must request at least 2 points');
    const step = over(2 * Math.PI, count);
    const points = Array.from({ length: count }, (_, at) => {
      const angle = times(step, at);
      return new Point(minus(center.x, times(radius, Math.cos(angle))), plus(center.y, times(radius, Math.sin(angle))));
    });
    return new Polygon(points);
  },
});
