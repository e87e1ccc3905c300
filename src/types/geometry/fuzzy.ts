// Comparing coordinates with the tolerance that geometric operators have, and arithmetic that raises float8's errors.
import { pgError, SqlState } from '../../errors/pg-error.js';
import { compareFloats } from '../float-types.js';
import type { Point } from './shapes.js';

const epsilon = 1e-6;

export const isZero = (value: number): boolean => Math.abs(value) <= epsilon;
export const isSame = (left: number, right: number): boolean => left === right || Math.abs(left - right) <= epsilon;
export const isLess = (left: number, right: number): boolean => left + epsilon < right;
export const isAtMost = (left: number, right: number): boolean => left <= right + epsilon;
export const isGreater = (left: number, right: number): boolean => left > right + epsilon;
export const isAtLeast = (left: number, right: number): boolean => left + epsilon >= right;

/** Throws 22003 where finite operands gave an infinite result. */
function checked(value: number, ...operands: readonly number[]): number {
  if (!Number.isFinite(value) && !Number.isNaN(value) && operands.every(Number.isFinite))
    throw pgError(SqlState.numericValueOutOfRange, 'value out of range: overflow');
  return value;
}

export const plus = (left: number, right: number): number => checked(left + right, left, right);
export const minus = (left: number, right: number): number => checked(left - right, left, right);

/** Throws 22003 for overflow and underflow. */
export function times(left: number, right: number): number {
  const value = checked(left * right, left, right);
  if (value === 0 && left !== 0 && right !== 0) throw underflow();
  return value;
}

/** Throws 22012 for a zero divisor, 22003 for overflow and underflow. */
export function over(left: number, right: number): number {
  if (right === 0 && !Number.isNaN(left)) throw pgError(SqlState.divisionByZero, 'division by zero');
  const value = checked(left / right, left);
  if (value === 0 && left !== 0 && Number.isFinite(right)) throw underflow();
  return value;
}

function underflow(): Error {
  return pgError(SqlState.numericValueOutOfRange, 'value out of range: underflow');
}

/** The length of (x, y), without overflow on the way. */
export function hypotenuse(x: number, y: number): number {
  if (x === Number.POSITIVE_INFINITY || y === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
  if (x === Number.NEGATIVE_INFINITY || y === Number.NEGATIVE_INFINITY) return Number.POSITIVE_INFINITY;
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.NaN;
  const [long, short] = [Math.max(Math.abs(x), Math.abs(y)), Math.min(Math.abs(x), Math.abs(y))];
  if (short === 0) return long;
  const share = short / long;
  return checked(long * Math.sqrt(1 + share * share), x, y);
}

export function samePoints(left: Point, right: Point): boolean {
  const hasNan = [left.x, left.y, right.x, right.y].some(Number.isNaN);
  if (hasNan) return compareFloats(left.x, right.x) === 0 && compareFloats(left.y, right.y) === 0;
  return isSame(left.x, right.x) && isSame(left.y, right.y);
}
