// extract, date_part, date_trunc and date_bin (manual, section 9.9.1 to 9.9.3).
import { SqlState, pgError } from '../../errors/pg-error.js';
import {
  civilFromDays,
  civilFromMicroseconds,
  clockFromMicroseconds,
  dayOfWeek,
  dayOfYear,
  daysFromCivil,
  daysFromIsoWeek,
  epochShiftSeconds,
  floorDivide,
  isoWeek,
  microsecondsFromCivil,
  microsecondsPerDay,
  postgresEpochJulian,
} from '../../types/datetime/calendar.js';
import type { CivilTime } from '../../types/datetime/calendar.js';
import { sessionZone } from '../../types/datetime/session-zone.js';
import { fromLocal, offsetAtTimestamp, toLocal } from '../../types/datetime/time-zone.js';
import type { TimeZone } from '../../types/datetime/time-zone.js';
import { isInfinite } from '../../types/interval.js';
import { Numeric } from '../../types/numeric.js';
import type { Interval, TimeTz } from '../../types/value.js';
import type { CallInfo } from '../call-info.js';
import { fn } from '../registry.js';
import { infinitySign, isInfiniteDate, isInfiniteTimestamp, timestampInRange } from './datetime-range.js';
import { requireZone } from './datetime-zone.js';
import { asciiLower, extractField } from './datetime-fields.js';
import type { ExtractField } from './datetime-fields.js';

/** A part: digits scaled by 10^scale, exact. */
interface Part {
  readonly value: bigint;
  readonly scale: number;
}
const whole = (value: number | bigint): Part => ({ value: BigInt(value), scale: 0 });

/** null: the field is NULL for an infinite value; infinite: it grows without bound. */
type PartResult = Part | 'infinity' | '-infinity' | null;

function asNumeric(part: PartResult): Numeric | null {
  if (part === null) return null;
  if (part === 'infinity' || part === '-infinity')
    return part === 'infinity' ? Numeric.infinity : Numeric.minusInfinity;
  return Numeric.of(part.value, part.scale);
}

function asFloat(part: PartResult): number | null {
  if (part === null) return null;
  if (part === 'infinity') return Number.POSITIVE_INFINITY;
  if (part === '-infinity') return Number.NEGATIVE_INFINITY;
  return part.scale === 0 ? Number(part.value) : Number(part.value) / 10 ** part.scale;
}

/** Both forms of a type's function: extract (numeric) and date_part (double precision). */
function partFunctions<V>(
  extract: string,
  part: string | null,
  typeName: string,
  read: (field: ExtractField, value: V, info: CallInfo) => PartResult | undefined,
): void {
  const run = (name: string, value: V, info: CallInfo): PartResult => {
    const field = extractField(name);
    if (field === null)
      throw pgError(SqlState.invalidParameterValue, `unit "${asciiLower(name)}" not recognized for type ${typeName}`);
    const found = read(field, value, info);
    if (found !== undefined) return found;
    throw pgError(SqlState.featureNotSupported, `unit "${asciiLower(name)}" not supported for type ${typeName}`);
  };
  fn(extract, { impl: (name: string, value: V, info: CallInfo) => asNumeric(run(name, value, info)) });
  if (part !== null) fn(part, { impl: (name: string, value: V, info: CallInfo) => asFloat(run(name, value, info)) });
}

/** Fields that grow with time: infinite for infinite values, where the others are NULL. */
const growing = new Set<ExtractField>(['year', 'decade', 'century', 'millennium', 'julian', 'isoyear', 'epoch']);

partFunctions<number>('extract_date', null, 'date', (field, date) => {
  if (isInfiniteDate(date)) return dateFields.has(field) ? infinitePart(field, date > 0) : undefined;
  if (field === 'epoch') return whole(BigInt(date) * 86400n + BigInt(epochShiftSeconds));
  return dateFields.has(field) ? datePart(field, date) : undefined;
});

partFunctions<bigint>('extract_timestamp', 'timestamp_part', 'timestamp without time zone', (field, value) => {
  if (isInfiniteTimestamp(value)) return zoneFields.has(field) ? undefined : infinitePart(field, value > 0n);
  return timestampPart(field, value, value);
});

partFunctions<bigint>('extract_timestamptz', 'timestamptz_part', 'timestamp with time zone', (field, value, info) => {
  if (isInfiniteTimestamp(value)) return infinitePart(field, value > 0n);
  const zone = sessionZone(info.io);
  if (zoneFields.has(field)) return zonePart(field, offsetAtTimestamp(zone, value).offset);
  return timestampPart(field, toLocal(zone, value), value);
});

partFunctions<bigint>('extract_time', 'time_part', 'time without time zone', (field, time) =>
  field === 'epoch' ? { value: time, scale: 6 } : clockPart(field, time),
);

partFunctions<TimeTz>('extract_timetz', 'timetz_part', 'time with time zone', (field, time) => {
  if (field === 'epoch') return { value: time.microseconds + BigInt(time.zone) * 1_000_000n, scale: 6 };
  return zoneFields.has(field) ? zonePart(field, -time.zone) : clockPart(field, time.microseconds);
});

partFunctions<Interval>('extract_interval', 'interval_part', 'interval', (field, span) => {
  if (isInfinite(span)) return infiniteInterval(field, infinitySign(span) > 0);
  return intervalPart(field, span);
});

const zoneFields = new Set<ExtractField>(['timezone', 'timezone_hour', 'timezone_minute']);
const dateFields = new Set<ExtractField>([
  'day',
  'month',
  'year',
  'decade',
  'century',
  'millennium',
  'quarter',
  'week',
  'dow',
  'isodow',
  'doy',
  'isoyear',
  'julian',
  'epoch',
]);

function infinitePart(field: ExtractField, isPositive: boolean): PartResult {
  if (!growing.has(field)) return null;
  return isPositive ? 'infinity' : '-infinity';
}

function datePart(field: ExtractField, days: number): Part | undefined {
  const { year, month, day } = civilFromDays(days);
  switch (field) {
    case 'day':
      return whole(day);
    case 'month':
      return whole(month);
    case 'year':
      // There is no year 0: 1 BC is -1.
      return whole(year > 0 ? year : year - 1);
    case 'decade':
      return whole(Math.floor(year / 10));
    case 'century':
      return whole(year > 0 ? Math.trunc((year + 99) / 100) : -Math.trunc((99 - (year - 1)) / 100));
    case 'millennium':
      return whole(year > 0 ? Math.trunc((year + 999) / 1000) : -Math.trunc((999 - (year - 1)) / 1000));
    case 'quarter':
      return whole(Math.trunc((month - 1) / 3) + 1);
    case 'week':
      return whole(isoWeek(days).week);
    case 'isoyear': {
      const iso = isoWeek(days).year;
      return whole(iso > 0 ? iso : iso - 1);
    }
    case 'dow':
      return whole(dayOfWeek(days));
    case 'isodow':
      return whole(dayOfWeek(days) || 7);
    case 'doy':
      return whole(dayOfYear(days));
    case 'julian':
      return whole(days + postgresEpochJulian);
    default:
      return undefined;
  }
}

function timestampPart(field: ExtractField, local: bigint, moment: bigint): Part | undefined {
  if (field === 'epoch') return { value: moment + BigInt(epochShiftSeconds) * 1_000_000n, scale: 6 };
  const days = floorDivide(local, microsecondsPerDay);
  const time = local - days * microsecondsPerDay;
  if (field === 'julian') return julianPart(Number(days), time);
  return datePart(field, Number(days)) ?? clockPart(field, time);
}

/** Julian days with the day's fraction. */
function julianPart(days: number, time: bigint): Part {
  const julian = BigInt(days + postgresEpochJulian);
  if (time === 0n) return { value: julian * 10n ** 0n, scale: 0 };
  const scale = 20;
  const fraction = (time * 10n ** BigInt(scale) + microsecondsPerDay / 2n) / microsecondsPerDay;
  return { value: julian * 10n ** BigInt(scale) + fraction, scale };
}

function clockPart(field: ExtractField, time: bigint): Part | undefined {
  const clock = clockFromMicroseconds(time);
  const seconds = BigInt(clock.second) * 1_000_000n + BigInt(clock.microsecond);
  switch (field) {
    case 'hour':
      return whole(clock.hour);
    case 'minute':
      return whole(clock.minute);
    case 'second':
      return { value: seconds, scale: 6 };
    case 'milliseconds':
      return { value: seconds, scale: 3 };
    case 'microseconds':
      return whole(seconds);
    default:
      return undefined;
  }
}

function zonePart(field: ExtractField, offset: number): Part {
  if (field === 'timezone') return whole(offset);
  return whole(field === 'timezone_hour' ? Math.trunc(offset / 3600) : Math.trunc((offset % 3600) / 60));
}

function infiniteInterval(field: ExtractField, isPositive: boolean): PartResult | undefined {
  switch (field) {
    case 'microseconds':
    case 'milliseconds':
    case 'second':
    case 'minute':
    case 'month':
    case 'quarter':
      return null;
    case 'hour':
    case 'day':
    case 'year':
    case 'decade':
    case 'century':
    case 'millennium':
    case 'epoch':
      return isPositive ? 'infinity' : '-infinity';
    default:
      return undefined;
  }
}

function intervalPart(field: ExtractField, span: Interval): Part | undefined {
  const years = Math.trunc(span.months / 12);
  const seconds = span.microseconds % 60_000_000n;
  switch (field) {
    case 'microseconds':
      return whole(seconds);
    case 'milliseconds':
      return { value: seconds, scale: 3 };
    case 'second':
      return { value: seconds, scale: 6 };
    case 'minute':
      return whole((span.microseconds / 60_000_000n) % 60n);
    case 'hour':
      return whole(span.microseconds / 3_600_000_000n);
    case 'day':
      return whole(span.days);
    case 'month':
      return whole(span.months % 12);
    case 'quarter':
      return whole(Math.trunc((span.months % 12) / 3) + 1);
    case 'year':
      return whole(years);
    case 'decade':
      return whole(Math.trunc(years / 10));
    case 'century':
      return whole(Math.trunc(years / 100));
    case 'millennium':
      return whole(Math.trunc(years / 1000));
    case 'epoch': {
      // A year has 365.25 days here, a month 30.
      const months = BigInt(years) * 31557600n + BigInt(span.months % 12) * 2592000n + BigInt(span.days) * 86400n;
      return { value: months * 1_000_000n + span.microseconds, scale: 6 };
    }
    default:
      return undefined;
  }
}

fn('timestamp_trunc', {
  impl(name: string, value: bigint) {
    if (isInfiniteTimestamp(value)) return value;
    return timestampInRange(truncLocal(truncField(name, 'timestamp without time zone'), value));
  },
});
fn('timestamptz_trunc', {
  impl: (name: string, value: bigint, info: CallInfo) => truncMoment(name, value, () => sessionZone(info.io)),
});
fn('timestamptz_trunc_zone', {
  impl: (name: string, value: bigint, zone: string) => truncMoment(name, value, () => requireZone(zone)),
});
fn('interval_trunc', { impl: (name: string, span: Interval) => truncInterval(name, span) });

const truncFields = new Set<ExtractField>([
  'millennium',
  'century',
  'decade',
  'year',
  'quarter',
  'month',
  'week',
  'day',
  'hour',
  'minute',
  'second',
  'milliseconds',
  'microseconds',
]);

/** Parts of a time zone are units too, which nothing can be cut to; all other fields are none. */
function truncField(name: string, typeName: string): ExtractField {
  const field = extractField(name);
  if (field !== null && truncFields.has(field)) return field;
  const shown = asciiLower(name);
  if (field !== null && zoneFields.has(field)) {
    throw pgError(SqlState.featureNotSupported, `unit "${shown}" not supported for type ${typeName}`);
  }
  throw pgError(SqlState.invalidParameterValue, `unit "${shown}" not recognized for type ${typeName}`);
}

function truncMoment(name: string, value: bigint, zoneOf: () => TimeZone): bigint {
  if (isInfiniteTimestamp(value)) return value;
  const zone = zoneOf();
  const field = truncField(name, 'timestamp with time zone');
  const local = toLocal(zone, value);
  const cut = truncLocal(field, local);
  // Up to the hour the offset stays; a day and more may begin under another one.
  const keepsOffset =
    field === 'hour' ||
    field === 'minute' ||
    field === 'second' ||
    field === 'milliseconds' ||
    field === 'microseconds';
  return timestampInRange(keepsOffset ? value - (local - cut) : fromLocal(zone, cut));
}

/** Cuts a local timestamp down to a field. */
function truncLocal(field: ExtractField, local: bigint): bigint {
  const time = civilFromMicroseconds(local);
  if (field === 'week') {
    const iso = isoWeek(daysFromCivil(time.year, time.month, time.day));
    return BigInt(daysFromIsoWeek(iso.year, iso.week)) * microsecondsPerDay;
  }
  return microsecondsFromCivil(truncCivil(field, time));
}

function truncCivil(field: ExtractField, time: CivilTime): CivilTime {
  const { year, month } = time;
  const start = { month: 1, day: 1, hour: 0, minute: 0, second: 0, microsecond: 0 };
  switch (field) {
    case 'millennium':
      return {
        ...start,
        year:
          year > 0 ? Math.trunc((year + 999) / 1000) * 1000 - 999 : -Math.trunc((999 - (year - 1)) / 1000) * 1000 + 1,
      };
    case 'century':
      return {
        ...start,
        year: year > 0 ? Math.trunc((year + 99) / 100) * 100 - 99 : -Math.trunc((99 - (year - 1)) / 100) * 100 + 1,
      };
    case 'decade':
      return { ...start, year: Math.floor(year / 10) * 10 };
    case 'year':
      return { ...start, year };
    case 'quarter':
      return { ...start, year, month: Math.trunc((month - 1) / 3) * 3 + 1 };
    case 'month':
      return { ...start, year, month };
    case 'day':
      return { ...time, hour: 0, minute: 0, second: 0, microsecond: 0 };
    case 'hour':
      return { ...time, minute: 0, second: 0, microsecond: 0 };
    case 'minute':
      return { ...time, second: 0, microsecond: 0 };
    case 'second':
      return { ...time, microsecond: 0 };
    case 'milliseconds':
      return { ...time, microsecond: Math.trunc(time.microsecond / 1000) * 1000 };
    default:
      return time;
  }
}

function truncInterval(name: string, span: Interval): Interval {
  if (isInfinite(span)) return span;
  const field = truncField(name, 'interval');
  if (field === 'week') {
    throw pgError(SqlState.featureNotSupported, `unit "${asciiLower(name)}" not supported for type interval`, {
      detail: 'Months usually have fractional weeks.',
    });
  }
  const months = intervalMonths[field];
  if (months !== undefined) return { months: Math.trunc(span.months / months) * months, days: 0, microseconds: 0n };
  if (field === 'day') return { ...span, microseconds: 0n };
  const unit = intervalUnits[field] ?? 1n;
  return { ...span, microseconds: (span.microseconds / unit) * unit };
}

const intervalMonths: Partial<Record<ExtractField, number>> = {
  millennium: 12000,
  century: 1200,
  decade: 120,
  year: 12,
  quarter: 3,
  month: 1,
};
const intervalUnits: Partial<Record<ExtractField, bigint>> = {
  hour: 3_600_000_000n,
  minute: 60_000_000n,
  second: 1_000_000n,
  milliseconds: 1000n,
};

for (const symbol of ['timestamp_bin', 'timestamptz_bin']) {
  fn(symbol, { impl: (stride: Interval, value: bigint, origin: bigint) => bin(stride, value, origin) });
}

function bin(stride: Interval, value: bigint, origin: bigint): bigint {
  if (isInfiniteTimestamp(value)) return value;
  if (isInfiniteTimestamp(origin)) throw pgError(SqlState.datetimeFieldOverflow, 'origin out of range');
  if (isInfinite(stride))
    throw pgError(SqlState.datetimeFieldOverflow, 'timestamps cannot be binned into infinite intervals');
  if (stride.months !== 0) {
    throw pgError(
      SqlState.featureNotSupported,
      'timestamps cannot be binned into intervals containing months or years',
    );
  }
  const step = BigInt(stride.days) * microsecondsPerDay + stride.microseconds;
  if (BigInt.asIntN(64, step) !== step) throw pgError(SqlState.datetimeFieldOverflow, 'interval out of range');
  if (step <= 0n) throw pgError(SqlState.datetimeFieldOverflow, 'stride must be greater than zero');
  const difference = value - origin;
  if (BigInt.asIntN(64, difference) !== difference)
    throw pgError(SqlState.datetimeFieldOverflow, 'interval out of range');
  return timestampInRange(origin + floorDivide(difference, step) * step);
}
