// Sums, multiples and justification of intervals, and their aggregates sum and avg (manual, section 9.9).
import { SqlState, pgError } from '../../errors/pg-error.js';
import { microsecondsPerDay } from '../../types/datetime/calendar.js';
import { intervalInfinity, intervalMinusInfinity, isInfinite, makeInterval } from '../../types/interval.js';
import type { Interval } from '../../types/value.js';
import { fn } from '../registry.js';
import { justifyHours, negate } from './datetime-arithmetic.js';
import { infinitySign, intervalOutOfRange } from './datetime-range.js';

fn('interval_pl', { impl: (left: Interval, right: Interval) => addIntervals(left, right) });
fn('interval_mi', { impl: (left: Interval, right: Interval) => subtractIntervals(left, right) });
fn('interval_um', { impl: (span: Interval) => negate(span) });
fn('interval_mul', { impl: (span: Interval, factor: number) => multiplyInterval(span, factor) });
fn('mul_d_interval', { impl: (factor: number, span: Interval) => multiplyInterval(span, factor) });
fn('interval_div', { impl: (span: Interval, divisor: number) => divide(span, divisor) });
fn('interval_finite', { impl: (span: Interval) => !isInfinite(span) });

fn('interval_justify_hours', { impl: (span: Interval) => (isInfinite(span) ? span : justifyHours(span)) });
fn('interval_justify_days', { impl: (span: Interval) => (isInfinite(span) ? span : justifyDays(span)) });
fn('interval_justify_interval', { impl: (span: Interval) => (isInfinite(span) ? span : justifyWhole(span)) });

export function addIntervals(left: Interval, right: Interval): Interval {
  const infinite = infiniteSum(infinitySign(left), infinitySign(right));
  if (infinite) return infinite;
  return makeInterval(
    BigInt(left.months) + BigInt(right.months),
    BigInt(left.days) + BigInt(right.days),
    left.microseconds + right.microseconds,
  );
}

export function subtractIntervals(left: Interval, right: Interval): Interval {
  const infinite = infiniteSum(infinitySign(left), -infinitySign(right));
  if (infinite) return infinite;
  return makeInterval(
    BigInt(left.months) - BigInt(right.months),
    BigInt(left.days) - BigInt(right.days),
    left.microseconds - right.microseconds,
  );
}

function infiniteSum(left: number, right: number): Interval | null {
  if (left === 0 && right === 0) return null;
  if (left !== 0 && right !== 0 && left !== right) throw intervalOutOfRange();
  return (left || right) > 0 ? intervalInfinity : intervalMinusInfinity;
}

/** Fractions of months go over into days (30 a month), those of days into time; each rounded to microseconds. */
function scale(span: Interval, apply: (value: number) => number): Interval {
  const months = apply(span.months);
  const days = apply(span.days);
  const wholeMonths = Math.trunc(months);
  const wholeDays = Math.trunc(days);
  if (!fitsInt4(months) || !fitsInt4(days)) throw intervalOutOfRange();
  let restDays = roundMicro((months - wholeMonths) * 30);
  let restSeconds = roundMicro((days - wholeDays + restDays - Math.trunc(restDays)) * 86400);
  restDays = Math.trunc(restDays);
  if (Math.abs(restSeconds) >= 86400) {
    restDays += Math.trunc(restSeconds / 86400);
    restSeconds -= Math.trunc(restSeconds / 86400) * 86400;
  }
  const micro = apply(Number(span.microseconds)) + restSeconds * 1e6;
  if (!(Math.abs(micro) < 9.3e18)) throw intervalOutOfRange();
  return makeInterval(wholeMonths, wholeDays + restDays, BigInt(roundEven(micro)));
}

function fitsInt4(value: number): boolean {
  return value > -2147483649 && value < 2147483648;
}

function roundMicro(value: number): number {
  return roundEven(value * 1e6) / 1e6;
}

/** C's rint: half to even. */
function roundEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

export function multiplyInterval(span: Interval, factor: number): Interval {
  if (Number.isNaN(factor)) throw intervalOutOfRange();
  const sign = infinitySign(span);
  if (sign !== 0 || !Number.isFinite(factor)) {
    const direction = (sign || signOf(span)) * Math.sign(factor);
    if (direction === 0) throw intervalOutOfRange();
    return direction > 0 ? intervalInfinity : intervalMinusInfinity;
  }
  return scale(span, (value) => value * factor);
}

function divide(span: Interval, divisor: number): Interval {
  if (divisor === 0) throw pgError(SqlState.divisionByZero, 'division by zero');
  if (Number.isNaN(divisor)) throw intervalOutOfRange();
  const sign = infinitySign(span);
  if (sign !== 0) {
    if (!Number.isFinite(divisor)) throw intervalOutOfRange();
    return sign * Math.sign(divisor) > 0 ? intervalInfinity : intervalMinusInfinity;
  }
  return scale(span, (value) => value / divisor);
}

function signOf(span: Interval): number {
  const length = (BigInt(span.months) * 30n + BigInt(span.days)) * microsecondsPerDay + span.microseconds;
  return length > 0n ? 1 : length < 0n ? -1 : 0;
}

/** 30 days become a month. */
function justifyDays(span: Interval): Interval {
  const whole = Math.trunc(span.days / 30);
  let months = BigInt(span.months) + BigInt(whole);
  let days = span.days - whole * 30;
  if (months > 0n && days < 0) {
    days += 30;
    months--;
  } else if (months < 0n && days > 0) {
    days -= 30;
    months++;
  }
  return makeInterval(months, days, span.microseconds);
}

/** Hours to days and days to months, all parts of one sign. */
function justifyWhole(span: Interval): Interval {
  let months = BigInt(span.months);
  let days = BigInt(span.days);
  let { microseconds } = span;
  const wholeDays = microseconds / microsecondsPerDay;
  days += wholeDays;
  microseconds -= wholeDays * microsecondsPerDay;
  const wholeMonths = days / 30n;
  months += wholeMonths;
  days -= wholeMonths * 30n;
  if (months > 0n && (days < 0n || (days === 0n && microseconds < 0n))) {
    days += 30n;
    months--;
  } else if (months < 0n && (days > 0n || (days === 0n && microseconds > 0n))) {
    days -= 30n;
    months++;
  }
  if (days > 0n && microseconds < 0n) {
    microseconds += microsecondsPerDay;
    days--;
  } else if (days < 0n && microseconds > 0n) {
    microseconds -= microsecondsPerDay;
    days++;
  }
  return makeInterval(months, days, microseconds);
}

/** Running state of sum(interval) and avg(interval). */
class IntervalSum {
  readonly internal = true;
  count = 0;
  sum: Interval = { months: 0, days: 0, microseconds: 0n };
  positiveInfinities = 0;
  negativeInfinities = 0;

  add(value: Interval, times: 1 | -1): void {
    const sign = infinitySign(value);
    if (sign > 0) this.positiveInfinities += times;
    else if (sign < 0) this.negativeInfinities += times;
    else {
      this.sum = times === 1 ? addIntervals(this.sum, value) : subtractIntervals(this.sum, value);
      this.count += times;
    }
  }

  /** null: no rows; the infinite sum where there is one. */
  total(): Interval | null {
    if (this.count + this.positiveInfinities + this.negativeInfinities === 0) return null;
    if (this.positiveInfinities > 0 && this.negativeInfinities > 0) throw intervalOutOfRange();
    if (this.positiveInfinities > 0) return intervalInfinity;
    return this.negativeInfinities > 0 ? intervalMinusInfinity : this.sum;
  }
}

fn('interval_avg_accum', { impl: (state: IntervalSum | null, value: Interval | null) => accumulate(state, value, 1) });
fn('interval_avg_accum_inv', {
  impl: (state: IntervalSum | null, value: Interval | null) => accumulate(state, value, -1),
});
fn('interval_sum', { impl: (state: IntervalSum | null) => state?.total() ?? null });
fn('interval_avg', {
  impl(state: IntervalSum | null) {
    const total = state?.total() ?? null;
    return total === null || state === null || isInfinite(total) ? total : divide(total, state.count);
  },
});

function accumulate(state: IntervalSum | null, value: Interval | null, times: 1 | -1): IntervalSum {
  const sum = state ?? new IntervalSum();
  if (value !== null) sum.add(value, times);
  return sum;
}
