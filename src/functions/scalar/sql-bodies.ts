// Built-in functions whose catalog row is written in SQL and says no more than "call another function": swapped or
// filled-in arguments, intervals turned into end points, waiting. They stand under `name(argument types)`.
import { currentTimestamp } from '../../base/clock.js';
import { microsecondsPerDay } from '../../types/datetime/calendar.js';
import { sessionZone } from '../../types/datetime/session-zone.js';
import { toLocal } from '../../types/datetime/time-zone.js';
import { notSupported } from '../../errors/pg-error.js';
import type { Interval, Value } from '../../types/value.js';
import type { CallInfo } from '../call-info.js';
import { builtinFunction, fn, type ScalarFunction } from '../registry.js';
import { dateToTimestamp, isInfiniteTimestamp } from './datetime-range.js';

/** The scalar under a symbol, found when it is first called: families load in any order. Throws 0A000 without it. */
function scalar(symbol: string): ScalarFunction['impl'] {
  let found: ScalarFunction['impl'] | null = null;
  return (...args) => {
    if (found === null) {
      const entry = builtinFunction(symbol);
      if (entry?.kind !== 'scalar') throw notSupported(`function ${symbol}`);
      found = entry.impl;
    }
    return found(...args);
  };
}

/** Registers f(a, b) as target(b, a). */
function swapped(symbol: string, target: string): void {
  const call = scalar(target);
  fn(symbol, { impl: (left: Value, right: Value, info: CallInfo) => call(right, left, info) });
}
swapped('timedate_pl(time,date)', 'datetime_timestamp');
swapped('timetzdate_pl(timetz,date)', 'datetimetz_timestamptz');
swapped('interval_pl_time(interval,time)', 'time_pl_interval');
swapped('interval_pl_date(interval,date)', 'date_pl_interval');
swapped('interval_pl_timetz(interval,timetz)', 'timetz_pl_interval');
swapped('interval_pl_timestamp(interval,timestamp)', 'timestamp_pl_interval');
swapped('interval_pl_timestamptz(interval,timestamptz)', 'timestamptz_pl_interval');
swapped('integer_pl_date(int4,date)', 'date_pli');
swapped('int8pl_inet(int8,inet)', 'inetpl');
swapped('path_contain_pt(path,point)', 'on_ppath');

const circlePolygon = scalar('circle_poly');
fn('polygon(circle)', { impl: (circle: Value, info: CallInfo) => circlePolygon(12, circle, info) });

const escapePattern = scalar('similar_to_escape_2');
const regexSubstring = scalar('textregexsubstr');
fn('substring(text,text,text)', {
  impl: (text: string, pattern: string, escapeText: string, info: CallInfo) =>
    regexSubstring(text, escapePattern(pattern, escapeText, info), info),
});

const timestampPart = scalar('timestamp_part');
fn('date_part(text,date)', {
  impl: (field: string, date: number, info: CallInfo) => timestampPart(field, dateToTimestamp(date), info),
});

const dateAtTime = scalar('datetime_timestamp');
const asMoment = scalar('timestamp_timestamptz');
fn('timestamptz(date,time)', {
  impl: (date: number, time: bigint, info: CallInfo) => asMoment(dateAtTime(date, time, info), info),
});

/** Today's midnight on the session's clock, as of the transaction's start. */
function todayOf(info: CallInfo): bigint {
  const local = toLocal(sessionZone(info.io), info.io.transactionTimestamp);
  return local - (((local % microsecondsPerDay) + microsecondsPerDay) % microsecondsPerDay);
}
const timestampAge = scalar('timestamp_age');
const timestamptzAge = scalar('timestamptz_age');
fn('age(timestamp)', { impl: (value: bigint, info: CallInfo) => timestampAge(todayOf(info), value, info) });
fn('age(timestamptz)', {
  impl: (value: bigint, info: CallInfo) => timestamptzAge(asMoment(todayOf(info), info), value, info),
});

type Ends = [Value, Value, Value, Value, CallInfo];

/** OVERLAPS with an interval as the second, the fourth or both arguments: start plus interval is the end. */
function overlapsWithIntervals(type: 'timestamp' | 'timestamptz' | 'time', target: string): void {
  const add = scalar(`${type}_pl_interval`);
  const overlaps = scalar(target);
  const end = (start: Value, span: Value, info: CallInfo) =>
    start === null || span === null ? null : add(start, span, info);
  fn(`overlaps(${type},${type},${type},interval)`, {
    impl: (...[s1, e1, s2, i2, info]: Ends) => overlaps(s1, e1, s2, end(s2, i2, info), info),
  });
  fn(`overlaps(${type},interval,${type},${type})`, {
    impl: (...[s1, i1, s2, e2, info]: Ends) => overlaps(s1, end(s1, i1, info), s2, e2, info),
  });
  fn(`overlaps(${type},interval,${type},interval)`, {
    impl: (...[s1, i1, s2, i2, info]: Ends) => overlaps(s1, end(s1, i1, info), s2, end(s2, i2, info), info),
  });
}
overlapsWithIntervals('timestamp', 'overlaps_timestamp');
overlapsWithIntervals('timestamptz', 'overlaps_timestamp');
overlapsWithIntervals('time', 'overlaps_time');

const sleep = scalar('pg_sleep');
const addToMoment = scalar('timestamptz_pl_interval');

async function sleepUntil(moment: bigint, info: CallInfo): Promise<null> {
  const seconds = isInfiniteTimestamp(moment)
    ? Math.sign(Number(moment)) * Number.POSITIVE_INFINITY
    : Number(moment - currentTimestamp()) / 1e6;
  return (await sleep(seconds, info)) as null;
}
fn('pg_sleep_until(timestamptz)', { waits: true, impl: sleepUntil });
fn('pg_sleep_for(interval)', {
  waits: true,
  impl: (span: Interval, info: CallInfo) => sleepUntil(addToMoment(currentTimestamp(), span, info) as bigint, info),
});

const xpath = scalar('xpath');
const xpathExists = scalar('xpath_exists');
fn('xpath(text,xml)', { impl: (path: string, xml: Value, info: CallInfo) => xpath(path, xml, null, info) });
fn('xpath_exists(text,xml)', {
  impl: (path: string, xml: Value, info: CallInfo) => xpathExists(path, xml, null, info),
});
