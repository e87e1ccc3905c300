// Dates and times within JSON paths: items that only live while a path runs (manual, section 9.16.2.3). Reading them by a
// template or one of the standard's forms, casts among them, comparison, and their text. Casts that depend on the
// session's time zone are for the *_tz functions alone.
import { pgError, PgError, SqlState } from '../../../errors/pg-error.js';
import {
  daysFromCivil,
  microsecondsFromCivil,
  microsecondsFromClock,
  microsecondsPerSecond,
} from '../../../types/datetime/calendar.js';
import { formatDate, formatTime, formatTimestamp } from '../../../types/datetime/format.js';
import { sessionZone } from '../../../types/datetime/session-zone.js';
import { offsetAtTimestamp } from '../../../types/datetime/time-zone.js';
import { offsetOfChoice } from '../../../types/datetime/zone-words.js';
import { momentOf, roundTime, roundTimestamp } from '../../../types/datetime-types.js';
import { type TimeTz, timestampInfinity, timestampMinusInfinity } from '../../../types/value.js';
import type { CallInfo } from '../../call-info.js';
import { type ReadTime, readStandardDateTime } from '../../formatting/date-from-char.js';
import { type DateTemplate, standardTemplate } from '../../formatting/date-template.js';
import { builtinFunction } from '../../registry.js';
import { dateInRange, timestampInRange } from '../../scalar/datetime-range.js';

export type DateTimeType = 'date' | 'time' | 'timetz' | 'timestamp' | 'timestamptz';

/** Names of the types as type() gives them. */
export const dateTimeTypeNames: Readonly<Record<DateTimeType, string>> = {
  date: 'date',
  time: 'time without time zone',
  timetz: 'time with time zone',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
};

export class PathDateTime {
  constructor(
    readonly type: DateTimeType,
    readonly value: number | bigint | TimeTz,
    /** Seconds east of UTC that a timestamptz is shown with. */
    readonly offset = 0,
  ) {}

  /** ISO form with a T, minutes always in the offset. */
  toString(): string {
    const iso = { dateStyle: 'ISO', dateOrder: 'YMD' } as const;
    switch (this.type) {
      case 'date':
        return formatDate(this.value as number, iso);
      case 'time':
        return formatTime(this.value as bigint);
      case 'timetz': {
        const { microseconds, zone } = this.value as TimeTz;
        return formatTime(microseconds) + offsetText(-zone);
      }
      case 'timestamp':
        return formatTimestamp(this.value as bigint, null, iso).replace(' ', 'T');
      case 'timestamptz': {
        const local = (this.value as bigint) + BigInt(this.offset) * microsecondsPerSecond;
        return formatTimestamp(local, null, iso).replace(' ', 'T') + offsetText(this.offset);
      }
    }
  }
}

function offsetText(offset: number): string {
  const size = Math.abs(offset);
  const two = (value: number) => String(Math.trunc(value)).padStart(2, '0');
  const seconds = size % 60 === 0 ? '' : `:${two(size % 60)}`;
  return `${offset < 0 ? '-' : '+'}${two(size / 3600)}:${two((size / 60) % 60)}${seconds}`;
}

const dateFields = /^(Y|I)+$|^Y,YYY$|^(CC|D|DD|DDD|DAY|DY|ID|IDDD|IW|J|MM|MON|MONTH|Q|RM|W|WW|AD|BC|A\.D\.|B\.C\.)$/;
const zoneFields = /^(TZ|TZH|TZM|OF)$/;

/** Reads a text by a template; throws 22007 and others. */
export function readByTemplate(text: string, format: string): PathDateTime {
  return readBy(text, standardTemplate(format));
}

/** The forms without a template, in the order they are tried. */
const standardForms = [
  'yyyy-mm-dd',
  'HH24:MI:SS.USTZ',
  'HH24:MI:SSTZ',
  'HH24:MI:SS.US',
  'HH24:MI:SS',
  ...[' ', '"T"'].flatMap((between) => ['.USTZ', 'TZ', '.US', ''].map((end) => `yyyy-mm-dd${between}HH24:MI:SS${end}`)),
].map((format) => standardTemplate(format));

/** Reads a text in one of the standard's forms; null where it has none of them. */
export function readStandardForm(text: string): PathDateTime | null {
  for (const template of standardForms) {
    try {
      return readBy(text, template);
    } catch (error) {
      if (!(error instanceof PgError)) throw error;
    }
  }
  return null;
}

function readBy(text: string, template: DateTemplate): PathDateTime {
  const names = template.nodes.flatMap((node) => (node.kind === 'field' ? [node.name] : []));
  const isZoned = names.some((name) => zoneFields.test(name));
  const isDated = names.some((name) => dateFields.test(name));
  const isTimed = names.some((name) => !zoneFields.test(name) && !dateFields.test(name));
  const read = readStandardDateTime(text, template);
  const fault = (message: string) => pgError(SqlState.invalidDatetimeFormat, message);
  if (!isTimed && isZoned) throw fault('datetime format is zoned but not timed');
  if (!isTimed && !isDated) throw fault('datetime format is not dated and not timed');
  if (!isTimed) return new PathDateTime('date', dateInRange(daysFromCivil(read.year, read.month, read.day)));
  return isDated ? timestampOf(read, isZoned) : timeOf(read, isZoned);
}

function timestampOf(read: ReadTime, isZoned: boolean): PathDateTime {
  const local = microsecondsFromCivil(read);
  if (!isZoned) return new PathDateTime('timestamp', timestampInRange(roundTimestamp(local, read.fractionDigits)));
  const offset = offsetOf(read, local);
  const moment = local - BigInt(offset) * microsecondsPerSecond;
  return new PathDateTime('timestamptz', timestampInRange(roundTimestamp(moment, read.fractionDigits)), offset);
}

function timeOf(read: ReadTime, isZoned: boolean): PathDateTime {
  const microseconds = roundTime(microsecondsFromClock(read), read.fractionDigits);
  if (!isZoned) return new PathDateTime('time', microseconds);
  return new PathDateTime('timetz', { microseconds, zone: -offsetOf(read, microseconds) });
}

function offsetOf(read: ReadTime, local: bigint): number {
  return read.zone === null ? 0 : offsetOfChoice(read.zone, local);
}

const typeWords: Readonly<Record<DateTimeType, string>> = {
  date: 'date',
  time: 'time',
  timetz: 'timetz',
  timestamp: 'timestamp',
  timestamptz: 'timestamptz',
};

/** Casts that keep or drop parts, by the symbol of the cast's function; the others are none. */
const casts: Readonly<Partial<Record<`${DateTimeType} ${DateTimeType}`, string>>> = {
  'timestamp date': 'timestamp_date',
  'timestamptz date': 'timestamptz_date',
  'timetz time': 'timetz_time',
  'timestamp time': 'timestamp_time',
  'timestamptz time': 'timestamptz_time',
  'time timetz': 'time_timetz',
  'timestamptz timetz': 'timestamptz_timetz',
  'date timestamp': 'date_timestamp',
  'timestamptz timestamp': 'timestamptz_timestamp',
  'date timestamptz': 'date_timestamptz',
  'timestamp timestamptz': 'timestamp_timestamptz',
};
const castsWithoutZone: ReadonlySet<string> = new Set([
  'timestamp date',
  'timestamp time',
  'date timestamp',
  'timestamptz timetz',
]);

/** Casts; null where there is no such cast. Throws 0A000 where it needs the session's zone and may not use it. */
export function castDateTime(
  item: PathDateTime,
  type: DateTimeType,
  call: CallInfo,
  mayUseZone: boolean,
): PathDateTime | null {
  if (item.type === type) return item;
  const words = `${item.type} ${type}` as const;
  const entry = builtinFunction(casts[words] ?? '');
  if (entry?.kind !== 'scalar') return null;
  if (!mayUseZone && !castsWithoutZone.has(words))
    throw pgError(
      SqlState.featureNotSupported,
      `cannot convert value from ${typeWords[item.type]} to ${typeWords[type]} without time zone usage`,
      { hint: 'Use *_tz() function for time zone support.' },
    );
  const value = entry.impl(item.value, call) as number | bigint | TimeTz;
  const offset = type === 'timestamptz' ? offsetAtTimestamp(sessionZone(call.io), value as bigint).offset : 0;
  return new PathDateTime(type, value, offset);
}

/** Rounds to digits of fractional seconds. */
export function roundDateTime({ type, value, offset }: PathDateTime, digits: number): PathDateTime {
  if (type === 'date') return new PathDateTime(type, value);
  if (type === 'timetz') {
    const { microseconds, zone } = value as TimeTz;
    return new PathDateTime(type, { microseconds: roundTime(microseconds, digits), zone });
  }
  return new PathDateTime(type, roundTimestamp(value as bigint, digits), offset);
}

/** The type in which two are compared; null where they can't be. */
function commonType(left: DateTimeType, right: DateTimeType): DateTimeType | null {
  const ranks: readonly DateTimeType[] = ['date', 'timestamp', 'timestamptz'];
  const times: readonly DateTimeType[] = ['time', 'timetz'];
  for (const family of [ranks, times]) {
    const at = Math.min(family.indexOf(left), family.indexOf(right));
    if (at >= 0) return family[Math.max(family.indexOf(left), family.indexOf(right))] ?? null;
  }
  return null;
}

/** Negative, zero or positive; null where they can't be compared. */
export function compareDateTimes(
  left: PathDateTime,
  right: PathDateTime,
  call: CallInfo,
  mayUseZone: boolean,
): number | null {
  const type = commonType(left.type, right.type);
  if (type === null) return null;
  const cast = (item: PathDateTime) => withinTimestamps(item, () => castDateTime(item, type, call, mayUseZone));
  const [a, b] = [cast(left), cast(right)];
  if (a === null || b === null) return null;
  if (type === 'timetz') {
    const [one, other] = [a.value as TimeTz, b.value as TimeTz];
    return Number(momentOf(one) - momentOf(other)) || one.zone - other.zone;
  }
  return a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
}

/** A date that no timestamp can hold lies before or after all of them. */
function withinTimestamps(item: PathDateTime, cast: () => PathDateTime | null): PathDateTime | null {
  try {
    return cast();
  } catch (error) {
    const isOverflow = error instanceof PgError && error.code === SqlState.datetimeFieldOverflow;
    if (!isOverflow || item.type !== 'date') throw error;
    return new PathDateTime('timestamp', (item.value as number) > 0 ? timestampInfinity : timestampMinusInfinity);
  }
}
