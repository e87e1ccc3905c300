// Comparisons among dates, times, timestamps and intervals, and between dates and timestamps (manual, section 9.9).
import { microsecondsPerDay } from '../../types/datetime/calendar.js';
import { sessionZone } from '../../types/datetime/session-zone.js';
import { fromLocal } from '../../types/datetime/time-zone.js';
import { momentOf } from '../../types/datetime-types.js';
import { intervalLength } from '../../types/interval.js';
import { dateInfinity, dateMinusInfinity, timestampInfinity, timestampMinusInfinity } from '../../types/value.js';
import type { Interval, TimeTz } from '../../types/value.js';
import type { CallInfo } from '../call-info.js';
import { fn } from '../registry.js';
import { hashWord, hashWordExtended } from '../hash.js';
import { comparisonFamily } from './comparison.js';

type Operators = readonly [string, string, string, string, string, string];

function operators(stem: string, suffix = ''): Operators {
  return [
    `${stem}_eq${suffix}`,
    `${stem}_ne${suffix}`,
    `${stem}_lt${suffix}`,
    `${stem}_le${suffix}`,
    `${stem}_gt${suffix}`,
    `${stem}_ge${suffix}`,
  ];
}

function order<T extends number | bigint>(left: T, right: T): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

const whole = (stem: string) => ({
  operators: operators(stem),
  support: `${stem}_cmp`,
  larger: `${stem}_larger`,
  smaller: `${stem}_smaller`,
});
comparisonFamily<number>(whole('date'), order);
comparisonFamily<bigint>(whole('time'), order);
comparisonFamily<TimeTz>(
  whole('timetz'),
  (left, right) => order(momentOf(left), momentOf(right)) || left.zone - right.zone,
);
comparisonFamily<bigint>(whole('timestamp'), order);
comparisonFamily<Interval>(whole('interval'), (left, right) => order(intervalLength(left), intervalLength(right)));

const across = (stem: string, other: string) => ({
  operators: operators(stem, `_${other}`),
  support: `${stem}_cmp_${other}`,
});
comparisonFamily<number, bigint>(across('date', 'timestamp'), (date, timestamp) =>
  order(dateAsTimestamp(date), timestamp),
);
comparisonFamily<bigint, number>(across('timestamp', 'date'), (timestamp, date) =>
  order(timestamp, dateAsTimestamp(date)),
);
comparisonFamily<number, bigint>(across('date', 'timestamptz'), (date, moment, info) =>
  order(localAsMoment(dateAsTimestamp(date), info), moment),
);
comparisonFamily<bigint, number>(across('timestamptz', 'date'), (moment, date, info) =>
  order(moment, localAsMoment(dateAsTimestamp(date), info)),
);
comparisonFamily<bigint>(across('timestamp', 'timestamptz'), (local, moment, info) =>
  order(localAsMoment(local, info), moment),
);
comparisonFamily<bigint>(across('timestamptz', 'timestamp'), (moment, local, info) =>
  order(moment, localAsMoment(local, info)),
);

/** Midnight of a date, wider than timestamps reach: comparisons never overflow. */
function dateAsTimestamp(days: number): bigint {
  if (days === dateInfinity) return timestampInfinity;
  if (days === dateMinusInfinity) return timestampMinusInfinity;
  return BigInt(days) * microsecondsPerDay;
}

function localAsMoment(local: bigint, info: CallInfo): bigint {
  if (local === timestampInfinity || local === timestampMinusInfinity) return local;
  return fromLocal(sessionZone(info.io), local);
}

/** hashint8 of PostgreSQL: the halves folded so that equal int4 and int8 values hash alike. */
function foldInt8(value: bigint): number {
  const low = Number(BigInt.asUintN(32, value));
  const high = Number(BigInt.asUintN(32, value >> 32n));
  return (low ^ (value >= 0n ? high : ~high)) >>> 0;
}

for (const type of ['time', 'timestamp']) {
  fn(`${type}_hash`, { impl: (value: bigint) => hashWord(foldInt8(value)) });
  fn(`${type}_hash_extended`, { impl: (value: bigint, seed: bigint) => hashWordExtended(foldInt8(value), seed) });
}
fn('timetz_hash', { impl: (value: TimeTz) => hashWord(foldInt8(value.microseconds)) ^ hashWord(value.zone) });
fn('timetz_hash_extended', {
  impl: (value: TimeTz, seed: bigint) =>
    BigInt.asIntN(64, hashWordExtended(foldInt8(value.microseconds), seed) ^ hashWordExtended(value.zone, seed)),
});
// Equal intervals have equal lengths; the lower 64 bits of the length are what PostgreSQL hashes.
fn('interval_hash', { impl: (value: Interval) => hashWord(foldInt8(BigInt.asIntN(64, intervalLength(value)))) });
fn('interval_hash_extended', {
  impl: (value: Interval, seed: bigint) => hashWordExtended(foldInt8(BigInt.asIntN(64, intervalLength(value))), seed),
});

fn('date_finite', { impl: (value: number) => value !== dateInfinity && value !== dateMinusInfinity });
fn('timestamp_finite', { impl: (value: bigint) => value !== timestampInfinity && value !== timestampMinusInfinity });
