// make_date and its kin, the current date and time, generate_series of timestamps, OVERLAPS (manual, section 9.9).
import { SqlState, pgError } from '../../errors/pg-error.js';
import {
  daysFromCivil,
  daysInMonth,
  microsecondsPerDay,
  civilFromMicroseconds,
  microsecondsFromClock,
} from '../../types/datetime/calendar.js';
import { dayNames, monthNames, two } from '../../types/datetime/format.js';
import { sessionZone } from '../../types/datetime/session-zone.js';
import { fixedTimeZone, fromLocal, offsetAtTimestamp, type TimeZone, toLocal } from '../../types/datetime/time-zone.js';
import { momentOf } from '../../types/datetime-types.js';

import { isInfinite, makeInterval } from '../../types/interval.js';
import type { Interval, TimeTz } from '../../types/value.js';
import { currentTimestamp } from '../../base/clock.js';
import type { CallInfo } from '../call-info.js';
import { fn, tableFn } from '../registry.js';
import { addToMoment, addToTimestamp } from './datetime-arithmetic.js';
import { formatGeneral } from '../../types/float-format.js';
import { floatOverflow } from './float.js';
import { dateInRange, isInfiniteTimestamp, timestampInRange } from './datetime-range.js';
import { parseZoneOffset } from '../../types/datetime/zone-words.js';
import { DateTimeProblem } from '../../types/datetime/input-errors.js';
import { requireZone } from './datetime-zone.js';

fn('now', { impl: (info: CallInfo) => info.io.transactionTimestamp });
fn('statement_timestamp', { impl: (info: CallInfo) => info.io.statementTimestamp });
fn('clock_timestamp', { impl: () => currentTimestamp() });
fn('timeofday', {
  impl(info: CallInfo) {
    const now = currentTimestamp();
    const zone = sessionZone(info.io);
    const time = civilFromMicroseconds(toLocal(zone, now));
    const weekday = dayNames[(daysFromCivil(time.year, time.month, time.day) + 6) % 7] ?? '';
    const clock = `${two(time.hour)}:${two(time.minute)}:${two(time.second)}.${String(time.microsecond).padStart(6, '0')}`;
    return `${weekday} ${monthNames[time.month - 1]} ${two(time.day)} ${clock} ${time.year} ${offsetAtTimestamp(zone, now).abbreviation}`;
  },
});

fn('make_date', {
  // Errors of make_date alone show a negative year as the calendar counts it, one less negative.
  impl: (year: number, month: number, day: number) =>
    makeDate(year, month, day, year < 0 && year > -2147483648 ? year + 1 : year),
});
fn('make_time', { impl: (hour: number, minute: number, second: number) => makeTime(hour, minute, second) });
fn('make_timestamp', {
  impl: (year: number, month: number, day: number, hour: number, minute: number, second: number) =>
    makeTimestamp(year, month, day, hour, minute, second),
});
fn('make_timestamptz', {
  impl: (year: number, month: number, day: number, hour: number, minute: number, second: number, info: CallInfo) =>
    timestampInRange(fromLocal(sessionZone(info.io), makeTimestamp(year, month, day, hour, minute, second))),
});
fn('make_timestamptz_at_timezone', {
  impl(year: number, month: number, day: number, hour: number, minute: number, second: number, zone: string) {
    const local = makeTimestamp(year, month, day, hour, minute, second);
    return timestampInRange(fromLocal(statedZone(zone), local));
  },
});
/** The zone that make_timestamptz is told: a signed offset east of UTC, or a name. */
function statedZone(text: string): TimeZone {
  if (/^\d/.test(text)) {
    throw pgError(SqlState.invalidParameterValue, `invalid input syntax for type numeric time zone: "${text}"`, {
      hint: 'Numeric time zones must have "-" or "+" as first character.',
    });
  }
  if (!/^[+-]\d/.test(text)) return requireZone(text);
  const [, hours = '', minutes, seconds] = /^([+-]\d+)(?::(\d*)(?::(\d*))?)?$/.exec(text) ?? [];
  const offset = [hours, minutes, seconds].filter((part) => part !== undefined && part !== '').join(':');
  try {
    return fixedTimeZone(parseZoneOffset(offset));
  } catch (problem) {
    if (!(problem instanceof DateTimeProblem)) throw problem;
    const isSyntax = problem.fault === 'format';
    throw pgError(
      SqlState.invalidParameterValue,
      isSyntax
        ? `invalid input syntax for type numeric time zone: "${text}"`
        : `numeric time zone "${text}" out of range`,
    );
  }
}

fn('make_interval', {
  impl(
    years: number,
    months: number,
    weeks: number,
    days: number,
    hours: number,
    minutes: number,
    seconds: number,
  ): Interval {
    if (!Number.isFinite(seconds)) throw pgError(SqlState.datetimeFieldOverflow, 'interval out of range');
    if (!Number.isFinite(seconds * 1e6)) throw floatOverflow();
    const micro = BigInt(hours) * 3_600_000_000n + BigInt(minutes) * 60_000_000n;
    const rest = Math.round(seconds * 1e6);
    if (Math.abs(rest) > 9.2e18) throw pgError(SqlState.datetimeFieldOverflow, 'interval out of range');
    return makeInterval(BigInt(years) * 12n + BigInt(months), BigInt(weeks) * 7n + BigInt(days), micro + BigInt(rest));
  },
});

/** At least two characters, the sign among them. */
function padded(value: number): string {
  return value < 0 ? String(value) : String(value).padStart(2, '0');
}

function makeDate(year: number, month: number, day: number, shownYear = year): number {
  // Negative years are BC; there is no year 0.
  const civilYear = year < 0 ? year + 1 : year;
  const isValid = year !== 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(civilYear, month);
  if (!isValid)
    throw pgError(
      SqlState.datetimeFieldOverflow,
      `date field value out of range: ${shownYear}-${padded(month)}-${padded(day)}`,
    );
  try {
    return dateInRange(daysFromCivil(civilYear, month, day));
  } catch {
    throw pgError(SqlState.datetimeFieldOverflow, `date out of range: ${year}-${padded(month)}-${padded(day)}`);
  }
}

function makeTime(hour: number, minute: number, second: number): bigint {
  const micro = Math.round(second * 1e6);
  const isEndOfDay = hour === 24 && minute === 0 && micro === 0;
  const isValid =
    hour >= 0 &&
    hour <= 24 &&
    (hour < 24 || isEndOfDay) &&
    minute >= 0 &&
    minute <= 59 &&
    micro >= 0 &&
    micro <= 60_000_000;
  if (!isValid || Number.isNaN(second)) {
    throw pgError(
      SqlState.datetimeFieldOverflow,
      `time field value out of range: ${hour}:${padded(minute)}:${formatGeneral(second, 6).padStart(2, '0')}`,
    );
  }
  return microsecondsFromClock({ hour, minute, second: 0, microsecond: 0 }) + BigInt(micro);
}

/** The date's faults come before the time's. */
function makeTimestamp(
  ...[year, month, day, hour, minute, second]: [number, number, number, number, number, number]
): bigint {
  const date = BigInt(makeDate(year, month, day)) * microsecondsPerDay;
  return timestampInRange(date + makeTime(hour, minute, second));
}

tableFn('generate_series_timestamp', {
  rows: (start: bigint, stop: bigint, step: Interval) => series(start, stop, step, (at) => addToTimestamp(at, step)),
});
tableFn('generate_series_timestamptz', {
  rows: (start: bigint, stop: bigint, step: Interval, info: CallInfo) =>
    series(start, stop, step, (at) => addToMoment(at, step, sessionZone(info.io))),
});
tableFn('generate_series_timestamptz_at_zone', {
  rows(start: bigint, stop: bigint, step: Interval, name: string) {
    const zone = requireZone(name);
    return series(start, stop, step, (at) => addToMoment(at, step, zone));
  },
});

function* series(start: bigint, stop: bigint, step: Interval, next: (at: bigint) => bigint): Generator<bigint> {
  const length = (BigInt(step.months) * 30n + BigInt(step.days)) * microsecondsPerDay + step.microseconds;
  if (isInfinite(step)) throw pgError(SqlState.invalidParameterValue, 'step size cannot be infinite');
  if (length === 0n) throw pgError(SqlState.invalidParameterValue, 'step size cannot equal zero');
  for (let at = start; length > 0n ? at <= stop : at >= stop; at = next(at)) {
    yield at;
    if (isInfiniteTimestamp(at)) return;
  }
}

type Overlaps<T> = [T | null, T | null, T | null, T | null];
fn('overlaps_timestamp', {
  impl: (...[s1, e1, s2, e2]: Overlaps<bigint>) => overlaps([s1, e1, s2, e2], compareBigint),
});
fn('overlaps_time', { impl: (...[s1, e1, s2, e2]: Overlaps<bigint>) => overlaps([s1, e1, s2, e2], compareBigint) });
fn('overlaps_timetz', {
  impl: (...[s1, e1, s2, e2]: Overlaps<TimeTz>) =>
    overlaps(
      [s1, e1, s2, e2],
      (left, right) => compareBigint(momentOf(left), momentOf(right)) || left.zone - right.zone,
    ),
});

function compareBigint(left: bigint, right: bigint): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** SQL's OVERLAPS: ends in either order; unknown ends make the answer unknown unless what is known decides. */
function overlaps<T>(
  [start1, end1, start2, end2]: Overlaps<T>,
  compare: (left: T, right: T) => number,
): boolean | null {
  const first = ordered(start1, end1, compare);
  const second = ordered(start2, end2, compare);
  if (first === null || second === null) return null;
  const order = compare(first.start, second.start);
  if (order > 0) {
    if (second.end === null) return null;
    if (compare(first.start, second.end) < 0) return true;
    return first.end === null ? null : false;
  }
  if (order < 0) {
    if (first.end === null) return null;
    if (compare(second.start, first.end) < 0) return true;
    return second.end === null ? null : false;
  }
  return first.end === null || second.end === null ? null : true;
}

function ordered<T>(
  one: T | null,
  other: T | null,
  compare: (left: T, right: T) => number,
): { readonly start: T; readonly end: T | null } | null {
  if (one === null) return other === null ? null : { start: other, end: null };
  if (other === null) return { start: one, end: null };
  return compare(one, other) > 0 ? { start: other, end: one } : { start: one, end: other };
}
