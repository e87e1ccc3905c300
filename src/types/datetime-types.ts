// date, time, timetz, timestamp and timestamptz (manual, section 8.5).
import { SqlState, pgError } from '../errors/pg-error.js';
import {
  daysFromCivil,
  dateEnd,
  dateMin,
  epochShiftSeconds,
  isTimestampInRange,
  microsecondsFromClock,
  microsecondsPerDay,
  microsecondsPerSecond,
  secondsPerDay,
} from './datetime/calendar.js';
import { decodeDateTime } from './datetime/decode.js';
import type { DecodedDateTime, DecodedSpecial } from './datetime/decode.js';
import { formatDate, formatTime, formatTimestamp } from './datetime/format.js';
import { decoding, fault } from './datetime/input-errors.js';
import { sessionZone } from './datetime/session-zone.js';
import { fromLocal, isoOffsetText, localOffset, offsetAtTimestamp, toLocal } from './datetime/time-zone.js';
import type { ZoneChoice } from './datetime/zone-words.js';
import type { IoContext } from './io-context.js';
import { int32SortKey, int64SortKey } from './sort-key.js';
import { defineType } from './type-behaviour.js';
import { dateInfinity, dateMinusInfinity, timestampInfinity, timestampMinusInfinity } from './value.js';
import type { TimeTz } from './value.js';

/** Julian days from PostgreSQL's epoch to Unix's. */
const unixEpochDays = -epochShiftSeconds / secondsPerDay;

defineType<number>({
  symbol: 'date_in',
  storage: 'int4',
  input: (text, _type, _typmod, io) => decoding(text, 'date', () => parseDate(text, io)),
  output: (value, _type, io) => formatDate(value, io),
  receive(reader) {
    const days = reader.int32();
    if (days !== dateInfinity && days !== dateMinusInfinity && (days < dateMin || days >= dateEnd))
      throw dateOutOfRange();
    return days;
  },
  send: (value, _type, writer) => writer.int32(value),
  compare: (left, right) => left - right,
  hashKey: (value) => value,
  sortKey: (value, _type, writer) => int32SortKey(value, writer),
});

defineType<bigint>({
  symbol: 'time_in',
  storage: 'int8',
  input: (text, _type, typmod, io) =>
    decoding(text, 'time', () => roundTime(parseTime(text, io, 'time').microseconds, typmod)),
  output: (value) => formatTime(value),
  receive(reader, _type, typmod) {
    const time = reader.int64();
    if (time < 0n || time > microsecondsPerDay) throw pgError(SqlState.datetimeFieldOverflow, 'time out of range');
    return roundTime(time, typmod);
  },
  send: (value, _type, writer) => writer.int64(value),
  compare: compareBigint,
  hashKey: (value) => value,
  sortKey: (value, _type, writer) => int64SortKey(value, writer),
});

defineType<TimeTz>({
  symbol: 'timetz_in',
  storage: 'varlen',
  input: (text, _type, typmod, io) =>
    decoding(text, 'time with time zone', () => {
      const time = parseTime(text, io, 'timetz');
      return { microseconds: roundTime(time.microseconds, typmod), zone: time.zone };
    }),
  output: (value) => formatTime(value.microseconds) + isoOffsetText(-value.zone),
  receive(reader, _type, typmod) {
    const microseconds = reader.int64();
    const zone = reader.int32();
    if (microseconds < 0n || microseconds > microsecondsPerDay)
      throw pgError(SqlState.datetimeFieldOverflow, 'time out of range');
    if (Math.abs(zone) >= 16 * 3600)
      throw pgError(SqlState.invalidTimeZoneDisplacementValue, 'time zone displacement out of range');
    return { microseconds: roundTime(microseconds, typmod), zone };
  },
  send(value, _type, writer) {
    writer.int64(value.microseconds);
    writer.int32(value.zone);
  },
  store(value, _type, writer) {
    writer.int64(value.microseconds);
    writer.int32(value.zone);
  },
  load: (reader) => ({ microseconds: reader.int64(), zone: reader.int32() }),
  // By the moment first, then by zone: equal moments in different zones differ.
  compare: (left, right) => compareBigint(momentOf(left), momentOf(right)) || left.zone - right.zone,
  hashKey: (value) => `${value.microseconds}:${value.zone}`,
  sortKey(value, _type, writer) {
    int64SortKey(momentOf(value), writer);
    int32SortKey(value.zone, writer);
  },
});

defineType<bigint>({
  symbol: 'timestamp_in',
  storage: 'int8',
  input: (text, _type, typmod, io) =>
    decoding(text, 'timestamp', () => roundTimestamp(parseTimestamp(text, io, false), typmod)),
  output: (value, _type, io) => infinityText(value) ?? formatTimestamp(value, null, io),
  receive: (reader, _type, typmod) => roundTimestamp(requireTimestamp(reader.int64()), typmod),
  send: (value, _type, writer) => writer.int64(value),
  compare: compareBigint,
  hashKey: (value) => value,
  sortKey: (value, _type, writer) => int64SortKey(value, writer),
});

defineType<bigint>({
  symbol: 'timestamptz_in',
  storage: 'int8',
  input: (text, _type, typmod, io) =>
    decoding(text, 'timestamp with time zone', () => roundTimestamp(parseTimestamp(text, io, true), typmod)),
  output(value, _type, io) {
    const zone = sessionZone(io);
    return infinityText(value) ?? formatTimestamp(toLocal(zone, value), offsetAtTimestamp(zone, value), io);
  },
  receive: (reader, _type, typmod) => roundTimestamp(requireTimestamp(reader.int64()), typmod),
  send: (value, _type, writer) => writer.int64(value),
  compare: compareBigint,
  hashKey: (value) => value,
  sortKey: (value, _type, writer) => int64SortKey(value, writer),
});

/** Microseconds since midnight UTC, unwrapped: the order of timetz. */
export function momentOf(value: TimeTz): bigint {
  return value.microseconds + BigInt(value.zone) * microsecondsPerSecond;
}

function compareBigint(left: bigint, right: bigint): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function infinityText(value: bigint): string | null {
  if (value === timestampInfinity) return 'infinity';
  return value === timestampMinusInfinity ? '-infinity' : null;
}

function parseDate(text: string, io: IoContext): number {
  const decoded = decodeDateTime(text, io.dateOrder);
  if (decoded.kind === 'special') return specialDate(decoded, text, io);
  if (!decoded.date) throw fault('format');
  const days = daysFromCivil(decoded.date.year, decoded.date.month, decoded.date.day);
  if (days < dateMin || days >= dateEnd) throw dateOutOfRange(text);
  return days;
}

function specialDate(decoded: DecodedSpecial, text: string, io: IoContext): number {
  switch (decoded.value) {
    case 'infinity':
      return dateInfinity;
    case '-infinity':
      return dateMinusInfinity;
    case 'epoch':
      return unixEpochDays;
    default: {
      const today = Number(toLocal(sessionZone(io), io.transactionTimestamp) / microsecondsPerDay);
      if (decoded.time) throw pgError(SqlState.invalidDatetimeFormat, `invalid input syntax for type date: "${text}"`);
      return today + dayShift(decoded.value);
    }
  }
}

function dayShift(value: DecodedSpecial['value']): number {
  return value === 'tomorrow' ? 1 : value === 'yesterday' ? -1 : 0;
}

/** A time of day; `zone` is seconds west, taken from the text, its date, or the session. */
function parseTime(text: string, io: IoContext, type: 'time' | 'timetz'): TimeTz {
  const decoded = decodeDateTime(text, io.dateOrder, true);
  const zone = sessionZone(io);
  if (decoded.kind === 'special') {
    if (decoded.value !== 'now') throw fault('format');
    const local = toLocal(zone, io.transactionTimestamp);
    return {
      microseconds: ((local % microsecondsPerDay) + microsecondsPerDay) % microsecondsPerDay,
      zone: -offsetAtTimestamp(zone, io.transactionTimestamp).offset,
    };
  }
  if (!decoded.time) throw fault('format');
  // A zone that needs a date to tell its offset needs that date.
  if (decoded.zone?.kind === 'zone' && !decoded.date && type === 'time' && /[/_]/.test(text)) throw fault('format');
  const microseconds = microsecondsFromClock(decoded.time);
  if (type === 'time') return { microseconds, zone: 0 };
  if (decoded.zone?.kind === 'offset') return { microseconds, zone: -decoded.zone.offset };
  if (decoded.zone?.kind === 'zone' && !decoded.date && zoneChanges(decoded.zone)) throw fault('format');
  const rules = decoded.zone?.kind === 'zone' ? decoded.zone.zone : zone;
  const days = decoded.date ? daysFromCivil(decoded.date.year, decoded.date.month, decoded.date.day) : localToday(io);
  const seconds = days * secondsPerDay + epochShiftSeconds + Number(microseconds / microsecondsPerSecond);
  return { microseconds, zone: -localOffset(rules, seconds) };
}

/** The zone's offset depends on the date. */
function zoneChanges(choice: Extract<ZoneChoice, { kind: 'zone' }>): boolean {
  const offsets = new Set<number>();
  for (let month = 0; month < 12; month++)
    offsets.add(choice.zone.at(epochShiftSeconds + (25 * 365 + month * 30) * secondsPerDay).offset);
  return offsets.size > 1;
}

function localToday(io: IoContext): number {
  const local = toLocal(sessionZone(io), io.transactionTimestamp);
  return Number(
    (local - (((local % microsecondsPerDay) + microsecondsPerDay) % microsecondsPerDay)) / microsecondsPerDay,
  );
}

function parseTimestamp(text: string, io: IoContext, withZone: boolean): bigint {
  const decoded = decodeDateTime(text, io.dateOrder);
  const zone = sessionZone(io);
  if (decoded.kind === 'special') return specialTimestamp(decoded, io, withZone);
  if (!decoded.date) throw fault('format');
  const local = localMicroseconds(decoded);
  if (!withZone) {
    if (!isTimestampInRange(local)) throw timestampOutOfRange(text);
    return local;
  }
  const moment = decoded.zone ? applyZone(local, decoded.zone) : fromLocal(zone, local);
  if (!isTimestampInRange(moment)) throw timestampOutOfRange(text);
  return moment;
}

function localMicroseconds(decoded: DecodedDateTime): bigint {
  const { date } = decoded;
  const days = date ? daysFromCivil(date.year, date.month, date.day) : 0;
  return BigInt(days) * microsecondsPerDay + (decoded.time ? microsecondsFromClock(decoded.time) : 0n);
}

function applyZone(local: bigint, choice: ZoneChoice): bigint {
  return choice.kind === 'offset'
    ? local - BigInt(choice.offset) * microsecondsPerSecond
    : fromLocal(choice.zone, local);
}

function specialTimestamp(decoded: DecodedSpecial, io: IoContext, withZone: boolean): bigint {
  const zone = sessionZone(io);
  switch (decoded.value) {
    case 'infinity':
      return timestampInfinity;
    case '-infinity':
      return timestampMinusInfinity;
    case 'epoch':
      return BigInt(-epochShiftSeconds) * microsecondsPerSecond;
    case 'now':
      if (decoded.time) throw fault('format');
      return withZone ? io.transactionTimestamp : toLocal(zone, io.transactionTimestamp);
    default: {
      const days = BigInt(localToday(io) + dayShift(decoded.value));
      const local = days * microsecondsPerDay + (decoded.time ? microsecondsFromClock(decoded.time) : 0n);
      if (!withZone) return local;
      return decoded.zone ? applyZone(local, decoded.zone) : fromLocal(zone, local);
    }
  }
}

function requireTimestamp(value: bigint): bigint {
  if (value === timestampInfinity || value === timestampMinusInfinity || isTimestampInRange(value)) return value;
  throw pgError(SqlState.datetimeFieldOverflow, 'timestamp out of range');
}

/** Rounds to `typmod` digits of fractional seconds, half away from zero. */
export function roundTimestamp(value: bigint, typmod: number): bigint {
  if (typmod < 0 || typmod >= 6 || value === timestampInfinity || value === timestampMinusInfinity) return value;
  const unit = 10n ** BigInt(6 - typmod);
  const half = unit / 2n;
  return value >= 0n ? ((value + half) / unit) * unit : -(((-value + half) / unit) * unit);
}

export function roundTime(value: bigint, typmod: number): bigint {
  return roundTimestamp(value, typmod);
}

function dateOutOfRange(text?: string): Error {
  return pgError(
    SqlState.datetimeFieldOverflow,
    text === undefined ? 'date out of range' : `date out of range: "${text}"`,
  );
}

function timestampOutOfRange(text: string): Error {
  return pgError(SqlState.datetimeFieldOverflow, `timestamp out of range: "${text}"`);
}
