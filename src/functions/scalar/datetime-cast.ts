// Casts among date/time types, and rounding to a type modifier's precision.
import { floorDivide, isTimestampInRange, microsecondsPerDay } from '../../types/datetime/calendar.js';
import { sessionZone } from '../../types/datetime/session-zone.js';
import { fromLocal, offsetAtTimestamp, toLocal } from '../../types/datetime/time-zone.js';
import { roundTime, roundTimestamp } from '../../types/datetime-types.js';
import { adjustInterval, isInfinite } from '../../types/interval.js';
import { dateInfinity, dateMinusInfinity, timestampInfinity } from '../../types/value.js';
import type { Interval, TimeTz } from '../../types/value.js';
import { SqlState, pgError } from '../../errors/pg-error.js';
import type { CallInfo } from '../call-info.js';
import { fn } from '../registry.js';
import { dateToTimestamp, isInfiniteTimestamp, timestampInRange } from './datetime-range.js';

fn('date_timestamp', { impl: (date: number) => dateToTimestamp(date) });
fn('date_timestamptz', {
  impl(date: number, info: CallInfo) {
    const local = dateToTimestamp(date);
    if (isInfiniteTimestamp(local)) return local;
    const moment = fromLocal(sessionZone(info.io), local);
    if (isTimestampInRange(moment)) return moment;
    throw pgError(SqlState.datetimeFieldOverflow, 'date out of range for timestamp');
  },
});
fn('timestamp_date', { impl: (value: bigint) => dateOf(value) });
fn('timestamptz_date', { impl: (value: bigint, info: CallInfo) => dateOf(localOf(value, info)) });
fn('timestamp_timestamptz', { impl: (value: bigint, info: CallInfo) => momentOf(value, info) });
fn('timestamptz_timestamp', { impl: (value: bigint, info: CallInfo) => localOf(value, info) });
fn('timestamp_time', { impl: (value: bigint) => (isInfiniteTimestamp(value) ? null : timeOfDay(value)) });
fn('timestamptz_time', {
  impl: (value: bigint, info: CallInfo) => (isInfiniteTimestamp(value) ? null : timeOfDay(localOf(value, info))),
});
fn('timestamptz_timetz', {
  impl(value: bigint, info: CallInfo): TimeTz | null {
    if (isInfiniteTimestamp(value)) return null;
    return {
      microseconds: timeOfDay(localOf(value, info)),
      zone: -offsetAtTimestamp(sessionZone(info.io), value).offset,
    };
  },
});
fn('time_interval', { impl: (time: bigint): Interval => ({ months: 0, days: 0, microseconds: time }) });
fn('interval_time', {
  impl(span: Interval) {
    if (isInfinite(span)) throw pgError(SqlState.datetimeFieldOverflow, 'cannot convert infinite interval to time');
    return timeOfDay(span.microseconds);
  },
});
fn('time_timetz', {
  impl(time: bigint, info: CallInfo): TimeTz {
    const zone = sessionZone(info.io);
    const today = floorDivide(toLocal(zone, info.io.transactionTimestamp), microsecondsPerDay);
    const moment = fromLocal(zone, today * microsecondsPerDay + time);
    return { microseconds: time, zone: -offsetAtTimestamp(zone, moment).offset };
  },
});
fn('timetz_time', { impl: (time: TimeTz) => time.microseconds });

fn('time_scale', { impl: (time: bigint, typmod: number) => roundTime(time, typmod) });
fn('timetz_scale', {
  impl: (time: TimeTz, typmod: number) => ({ microseconds: roundTime(time.microseconds, typmod), zone: time.zone }),
});
for (const symbol of ['timestamp_scale', 'timestamptz_scale']) {
  fn(symbol, {
    impl(value: bigint, typmod: number) {
      if (!isInfiniteTimestamp(value) && typmod !== -1 && (typmod < 0 || typmod > 6)) {
        throw pgError(SqlState.invalidParameterValue, `timestamp(${typmod}) precision must be between 0 and 6`);
      }
      return roundTimestamp(value, typmod);
    },
  });
}
fn('interval_scale', { impl: (span: Interval, typmod: number) => adjustInterval(span, typmod) });

fn('float8_timestamptz', {
  impl(seconds: number) {
    if (Number.isNaN(seconds)) throw pgError(SqlState.datetimeFieldOverflow, 'timestamp cannot be NaN');
    if (seconds === Number.POSITIVE_INFINITY) return timestampInfinity;
    if (seconds === Number.NEGATIVE_INFINITY) return -timestampInfinity - 1n;
    const whole = Math.floor(seconds);
    if (Math.abs(whole) > 1e14) throw outOfRange(seconds);
    const micro = Math.round((seconds - whole) * 1e6);
    const value = (BigInt(whole) - 946684800n) * 1_000_000n + BigInt(micro);
    try {
      return timestampInRange(value);
    } catch {
      throw outOfRange(seconds);
    }
  },
});

function outOfRange(seconds: number): Error {
  return pgError(SqlState.datetimeFieldOverflow, `timestamp out of range: "${seconds}"`);
}

function dateOf(local: bigint): number {
  if (isInfiniteTimestamp(local)) return local > 0n ? dateInfinity : dateMinusInfinity;
  return Number(floorDivide(local, microsecondsPerDay));
}

function timeOfDay(local: bigint): bigint {
  return local - floorDivide(local, microsecondsPerDay) * microsecondsPerDay;
}

function localOf(moment: bigint, info: CallInfo): bigint {
  return isInfiniteTimestamp(moment) ? moment : timestampInRange(toLocal(sessionZone(info.io), moment));
}

function momentOf(local: bigint, info: CallInfo): bigint {
  return isInfiniteTimestamp(local) ? local : timestampInRange(fromLocal(sessionZone(info.io), local));
}
