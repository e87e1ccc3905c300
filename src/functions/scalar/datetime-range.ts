// Range checks of date/time results, and how infinities go through arithmetic.
import { SqlState, pgError } from '../../errors/pg-error.js';
import { dateEnd, dateMin, isTimestampInRange, microsecondsPerDay } from '../../types/datetime/calendar.js';
import { isInfinite } from '../../types/interval.js';
import { dateInfinity, dateMinusInfinity, timestampInfinity, timestampMinusInfinity } from '../../types/value.js';
import type { Interval } from '../../types/value.js';

/** The timestamp, or 22008. */
export function timestampInRange(value: bigint): bigint {
  if (isTimestampInRange(value)) return value;
  throw pgError(SqlState.datetimeFieldOverflow, 'timestamp out of range');
}

/** The date, or 22008. */
export function dateInRange(days: number): number {
  if (days >= dateMin && days < dateEnd) return days;
  throw pgError(SqlState.datetimeFieldOverflow, 'date out of range');
}

export function intervalOutOfRange(): Error {
  return pgError(SqlState.datetimeFieldOverflow, 'interval out of range');
}

export function isInfiniteTimestamp(value: bigint): boolean {
  return value === timestampInfinity || value === timestampMinusInfinity;
}

export function isInfiniteDate(value: number): boolean {
  return value === dateInfinity || value === dateMinusInfinity;
}

/** Sign of an infinite value: 1, -1; 0 for finite ones. */
export function infinitySign(value: bigint | number | Interval): -1 | 0 | 1 {
  if (typeof value === 'object') return isInfinite(value) ? (value.months > 0 ? 1 : -1) : 0;
  if (typeof value === 'bigint') return value === timestampInfinity ? 1 : value === timestampMinusInfinity ? -1 : 0;
  return value === dateInfinity ? 1 : value === dateMinusInfinity ? -1 : 0;
}

/** Midnight of a date; infinite dates give infinite timestamps. 22008 beyond what timestamps reach. */
export function dateToTimestamp(days: number): bigint {
  if (days === dateInfinity) return timestampInfinity;
  if (days === dateMinusInfinity) return timestampMinusInfinity;
  const value = BigInt(days) * microsecondsPerDay;
  if (!isTimestampInRange(value)) throw pgError(SqlState.datetimeFieldOverflow, 'date out of range for timestamp');
  return value;
}
