// p[0], box[1]: points are arrays of two numbers, boxes and segments of two points, lines of three numbers, of fixed length
// and counted from 0 (manual, section 8.8).
import { pgError, SqlState } from '../../errors/pg-error.js';
import { Box, Line, Point, Segment, type Shape } from '../../types/geometry/shapes.js';
import type { Value } from '../../types/value.js';

type Subscripts = readonly (Value | undefined)[];

function partsOf(shape: Value): readonly Value[] {
  if (shape instanceof Point) return [shape.x, shape.y];
  if (shape instanceof Segment) return [shape.from, shape.to];
  if (shape instanceof Box) return [shape.high, shape.low];
  return shape instanceof Line ? [shape.a, shape.b, shape.c] : [];
}

function withParts(shape: Value, parts: readonly Value[]): Shape {
  if (shape instanceof Point) return new Point(parts[0] as number, parts[1] as number);
  if (shape instanceof Segment) return new Segment(parts[0] as Point, parts[1] as Point);
  if (shape instanceof Box) return Box.of(parts[0] as Point, parts[1] as Point);
  return new Line(parts[0] as number, parts[1] as number, parts[2] as number);
}

/** A part; null beyond the shape. */
export function fetchPart(shape: Value, subscripts: Subscripts): Value {
  const [only] = subscripts;
  if (shape === null || subscripts.length !== 1 || typeof only !== 'number') return null;
  return partsOf(shape)[only] ?? null;
}

/** The shape with another part; as it was where one of them is null. Throws 2202E. */
export function assignPart(shape: Value, _lower: Subscripts, subscripts: Subscripts, part: Value): Value {
  if (shape === null || part === null) return shape;
  const [only] = subscripts;
  const parts = [...partsOf(shape)];
  if (subscripts.length !== 1 || typeof only !== 'number' || only < 0 || only >= parts.length)
    throw pgError(SqlState.arraySubscriptError, 'array subscript out of range');
  parts[only] = part;
  return withParts(shape, parts);
}

/** 0A000 of slices, as PostgreSQL has it. */
export function refuseSlice(isAssignment: boolean): never {
  if (isAssignment)
    throw pgError(SqlState.featureNotSupported, 'updates on slices of fixed-length arrays not implemented');
  throw pgError(SqlState.featureNotSupported, 'slices of fixed-length arrays not implemented');
}
