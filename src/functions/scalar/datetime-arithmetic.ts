// Sums and differences of dates, times, timestamps and intervals (manual, section 9.9, table 9.32).
import {
  civilFromMicroseconds,
  daysInMonth,
  microsecondsFromCivil,
  microsecondsPerDay,
} from '../../types/datetime/calendar.js';
import { sessionZone } from '../../types/datetime/session-zone.js';
import { fromLocal, toLocal } from '../../types/datetime/time-zone.js';
import type { TimeZone } from '../../types/datetime/time-zone.js';
import { isInfinite, intervalInfinity, intervalMinusInfinity, makeInterval } from '../../types/interval.js';
import { timestampInfinity, timestampMinusInfinity } from '../../types/value.js';
import type { Interval, TimeTz } from '../../types/value.js';
import { SqlState, pgError } from '../../errors/pg-error.js';
import type { CallInfo } from '../call-info.js';
import { fn } from '../registry.js';
import {
  dateInRange,
  dateToTimestamp,
  infinitySign,
  intervalOutOfRange,
  isInfiniteDate,
  isInfiniteTimestamp,
  timestampInRange,
} from './datetime-range.js';
import { requireZone } from './datetime-zone.js';

fn('date_pli', { impl: (date: number, days: number) => (isInfiniteDate(date) ? date : dateInRange(date + days)) });
fn('date_mii', { impl: (date: number, days: number) => (isInfiniteDate(date) ? date : dateInRange(date - days)) });
fn('date_mi', {
  impl(left: number, right: number) {
    if (isInfiniteDate(left) || isInfiniteDate(right))
      throw pgError(SqlState.datetimeFieldOverflow, 'cannot subtract infinite dates');
    return left - right;
  },
});
fn('date_pl_interval', { impl: (date: number, span: Interval) => addToTimestamp(dateToTimestamp(date), span) });
fn('date_mi_interval', { impl: (date: number, span: Interval) => addToTimestamp(dateToTimestamp(date), negate(span)) });

fn('datetime_timestamp', {
  impl: (date: number, time: bigint) =>
    isInfiniteDate(date) ? infiniteTimestamp(date > 0 ? 1 : -1) : timestampInRange(dateToTimestamp(date) + time),
});
/** The first date beyond all timestamps, 294277-01-01. */
const timestampEndDays = 106751983;
fn('datetimetz_timestamptz', {
  impl(date: number, time: TimeTz) {
    if (isInfiniteDate(date)) return infiniteTimestamp(date > 0 ? 1 : -1);
    if (date >= timestampEndDays) throw pgError(SqlState.datetimeFieldOverflow, 'date out of range for timestamp');
    return timestampInRange(BigInt(date) * microsecondsPerDay + time.microseconds + BigInt(time.zone) * 1_000_000n);
  },
});

fn('timestamp_pl_interval', { impl: (value: bigint, span: Interval) => addToTimestamp(value, span) });
fn('timestamp_mi_interval', { impl: (value: bigint, span: Interval) => addToTimestamp(value, negateForSum(span)) });
fn('timestamptz_pl_interval', {
  impl: (value: bigint, span: Interval, info: CallInfo) => addToMoment(value, span, sessionZone(info.io)),
});
fn('timestamptz_mi_interval', {
  impl: (value: bigint, span: Interval, info: CallInfo) => addToMoment(value, negateForSum(span), sessionZone(info.io)),
});
fn('timestamptz_pl_interval_at_zone', {
  impl: (value: bigint, span: Interval, zone: string) => addToMoment(value, span, requireZone(zone)),
});
fn('timestamptz_mi_interval_at_zone', {
  impl: (value: bigint, span: Interval, zone: string) => addToMoment(value, negateForSum(span), requireZone(zone)),
});

fn('timestamp_mi', { impl: (left: bigint, right: bigint) => differenceOf(left, right) });

fn('time_pl_interval', {
  impl: (time: bigint, span: Interval) => wrapDay(time + finiteSpan(span, 'add').microseconds),
});
fn('time_mi_interval', {
  impl: (time: bigint, span: Interval) => wrapDay(time - finiteSpan(span, 'subtract').microseconds),
});
fn('time_mi_time', { impl: (left: bigint, right: bigint) => ({ months: 0, days: 0, microseconds: left - right }) });
fn('timetz_pl_interval', {
  impl: (time: TimeTz, span: Interval) => ({
    microseconds: wrapDay(time.microseconds + finiteSpan(span, 'add').microseconds),
    zone: time.zone,
  }),
});
fn('timetz_mi_interval', {
  impl: (time: TimeTz, span: Interval) => ({
    microseconds: wrapDay(time.microseconds - finiteSpan(span, 'subtract').microseconds),
    zone: time.zone,
  }),
});

fn('timestamp_age', { impl: (left: bigint, right: bigint) => age(left, right) });
fn('timestamptz_age', {
  impl(left: bigint, right: bigint, info: CallInfo) {
    const zone = sessionZone(info.io);
    const local = (value: bigint) => (isInfiniteTimestamp(value) ? value : toLocal(zone, value));
    return age(local(left), local(right));
  },
});

/** A timestamp moved by an interval: months by the calendar, days, then the time. Throws 22008. */
export function addToTimestamp(value: bigint, span: Interval): bigint {
  const infinite = sumOfInfinities(infinitySign(value), infinitySign(span));
  if (infinite !== null) return infinite;
  const moved = addMonths(value, span.months) + BigInt(span.days) * microsecondsPerDay;
  return timestampInRange(timestampInRange(moved) + span.microseconds);
}

/** As above for a moment: months and days in the zone's local time, the time on the clock that never changes. */
export function addToMoment(value: bigint, span: Interval, zone: TimeZone): bigint {
  const infinite = sumOfInfinities(infinitySign(value), infinitySign(span));
  if (infinite !== null) return infinite;
  let moved = value;
  if (span.months !== 0 || span.days !== 0) {
    const local = addMonths(toLocal(zone, value), span.months) + BigInt(span.days) * microsecondsPerDay;
    moved = fromLocal(zone, timestampInRange(local));
  }
  return timestampInRange(moved + span.microseconds);
}

function sumOfInfinities(left: -1 | 0 | 1, right: -1 | 0 | 1): bigint | null {
  if (left === 0 && right === 0) return null;
  if (left !== 0 && right !== 0 && left !== right)
    throw pgError(SqlState.datetimeFieldOverflow, 'timestamp out of range');
  return infiniteTimestamp(left || right);
}

function infiniteTimestamp(sign: number): bigint {
  return sign > 0 ? timestampInfinity : timestampMinusInfinity;
}

/** The same day so many months later, or the last day of that month. */
function addMonths(local: bigint, months: number): bigint {
  if (months === 0) return local;
  const time = civilFromMicroseconds(local);
  const index = time.year * 12 + time.month - 1 + months;
  const year = Math.floor(index / 12);
  const month = index - year * 12 + 1;
  return microsecondsFromCivil({ ...time, year, month, day: Math.min(time.day, daysInMonth(year, month)) });
}

function differenceOf(left: bigint, right: bigint): Interval {
  const leftSign = infinitySign(left);
  const rightSign = infinitySign(right);
  if (leftSign !== 0 || rightSign !== 0) {
    if (leftSign === rightSign) throw intervalOutOfRange();
    return (leftSign || -rightSign) > 0 ? intervalInfinity : intervalMinusInfinity;
  }
  const difference = left - right;
  if (BigInt.asIntN(64, difference) !== difference) throw intervalOutOfRange();
  return justifyHours({ months: 0, days: 0, microseconds: difference });
}

/** 24 hours become a day, with days and time of one sign. */
export function justifyHours(span: Interval): Interval {
  const whole = span.microseconds / microsecondsPerDay;
  let days = BigInt(span.days) + whole;
  let microseconds = span.microseconds - whole * microsecondsPerDay;
  if (days > 0n && microseconds < 0n) {
    microseconds += microsecondsPerDay;
    days--;
  } else if (days < 0n && microseconds > 0n) {
    microseconds -= microsecondsPerDay;
    days++;
  }
  return makeInterval(span.months, days, microseconds);
}

function age(left: bigint, right: bigint): Interval {
  if (isInfiniteTimestamp(left) || isInfiniteTimestamp(right)) return differenceOf(left, right);
  const isNegative = left < right;
  const later = civilFromMicroseconds(isNegative ? right : left);
  const earlier = civilFromMicroseconds(isNegative ? left : right);
  let microseconds =
    BigInt(((later.hour - earlier.hour) * 60 + (later.minute - earlier.minute)) * 60 + later.second - earlier.second) *
      1_000_000n +
    BigInt(later.microsecond - earlier.microsecond);
  let days = later.day - earlier.day;
  let months = (later.year - earlier.year) * 12 + later.month - earlier.month;
  if (microseconds < 0n) {
    microseconds += microsecondsPerDay;
    days--;
  }
  while (days < 0) {
    // Days are borrowed from the month of the earlier date.
    days += daysInMonth(earlier.year, earlier.month);
    months--;
  }
  const sign = isNegative ? -1 : 1;
  return makeInterval(BigInt(months * sign), BigInt(days * sign), microseconds * BigInt(sign));
}

/** The interval with all signs turned; 22008 where that has no room. */
export function negate(span: Interval): Interval {
  if (isInfinite(span)) return span.months > 0 ? intervalMinusInfinity : intervalInfinity;
  return makeInterval(BigInt(-span.months), BigInt(-span.days), -span.microseconds);
}

function negateForSum(span: Interval): Interval {
  if (isInfinite(span)) return negate(span);
  return { months: -span.months, days: -span.days, microseconds: -span.microseconds };
}

/** Sums wrap at 64 bits before they wrap at a day, as PostgreSQL's do. */
function wrapDay(sum: bigint): bigint {
  const microseconds = BigInt.asIntN(64, sum);
  return ((microseconds % microsecondsPerDay) + microsecondsPerDay) % microsecondsPerDay;
}

function finiteSpan(span: Interval, verb: 'add' | 'subtract'): Interval {
  if (!isInfinite(span)) return span;
  const relation = verb === 'add' ? 'to' : 'from';
  throw pgError(SqlState.datetimeFieldOverflow, `cannot ${verb} infinite interval ${relation} time`);
}
