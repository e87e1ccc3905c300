// POSIX time zone specifications: `EST5EDT,M3.2.0,M11.1.0`, as users write them and as TZif files end with. Offsets in
// the text count west of UTC; ours count east.
import {
  dayOfWeek,
  daysFromCivil,
  daysInMonth,
  epochShiftSeconds,
  civilFromDays,
  isLeapYear,
  secondsPerDay,
} from './calendar.js';
import type { ZoneOffset } from './tzif.js';

export interface PosixRule {
  readonly standard: ZoneOffset;
  readonly daylight: { readonly zone: ZoneOffset; readonly start: ChangeDay; readonly end: ChangeDay } | null;
}

/** Day of the year on which the change comes, and the local second of that day. */
type ChangeDay = (
  | { readonly kind: 'monthWeekDay'; readonly month: number; readonly week: number; readonly weekday: number }
  /** 1 to 365, February 29 never counted / 0 to 365, counted. */
  | { readonly kind: 'julian'; readonly day: number }
  | { readonly kind: 'zeroBased'; readonly day: number }
) & { readonly second: number };

/** A bare name ends where an offset or a date begins. */
const namePattern = /^(?:<([^>]*)>|([^\d,+-]+))/;
/** As above; an offset alone has an empty name. */
const firstNamePattern = /^(?:<([^>]*)>|([^\d,+-]*))/;
const offsetPattern = /^[+-]?\d{1,3}(?::\d{1,2}(?::\d{1,2})?)?/;

/** Rules of the United States since 2007, which a specification without dates means. */
const defaultStart: ChangeDay = { kind: 'monthWeekDay', month: 3, week: 2, weekday: 0, second: 7200 };
const defaultEnd: ChangeDay = { kind: 'monthWeekDay', month: 11, week: 1, weekday: 0, second: 7200 };

/** Null where the text is no POSIX specification. */
export function parsePosixZone(text: string): PosixRule | null {
  let rest = text;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    const match = pattern.exec(rest);
    if (match) rest = rest.slice(match[0].length);
    return match;
  };
  const name = take(firstNamePattern);
  if (!name) return null;
  const offset = take(offsetPattern);
  if (!offset) return null;
  const standard: ZoneOffset = { offset: -seconds(offset[0]), isDst: false, abbreviation: name[1] ?? name[2] ?? '' };
  if (rest === '') return { standard, daylight: null };
  const daylightName = take(namePattern);
  if (!daylightName) return null;
  const daylightOffset = take(offsetPattern);
  const zone: ZoneOffset = {
    offset: daylightOffset ? -seconds(daylightOffset[0]) : standard.offset + 3600,
    isDst: true,
    abbreviation: daylightName[1] ?? daylightName[2] ?? '',
  };
  if (rest === '') return { standard, daylight: { zone, start: defaultStart, end: defaultEnd } };
  const parts = rest.split(',');
  const start = parts[1] === undefined ? null : changeDay(parts[1]);
  const end = parts[2] === undefined ? null : changeDay(parts[2]);
  if (parts[0] !== '' || parts.length !== 3 || !start || !end) return null;
  return { standard, daylight: { zone, start, end } };
}

function seconds(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1;
  const [hours = 0, minutes = 0, rest = 0] = text.replace(/^[+-]/, '').split(':').map(Number);
  return sign * ((hours * 60 + minutes) * 60 + rest);
}

function changeDay(text: string): ChangeDay | null {
  const [day = '', time] = text.split('/');
  const second = time === undefined ? 7200 : seconds(time);
  const monthly = /^M(\d{1,2})\.(\d)\.(\d)$/.exec(day);
  if (monthly)
    return {
      kind: 'monthWeekDay',
      month: Number(monthly[1]),
      week: Number(monthly[2]),
      weekday: Number(monthly[3]),
      second,
    };
  if (/^J\d+$/.test(day)) return { kind: 'julian', day: Number(day.slice(1)), second };
  if (/^\d+$/.test(day)) return { kind: 'zeroBased', day: Number(day), second };
  return null;
}

/** What holds at a moment (Unix seconds). */
export function posixOffset(rule: PosixRule, unixSeconds: number): ZoneOffset {
  const { standard, daylight } = rule;
  if (!daylight) return standard;
  const days = Math.floor((unixSeconds + standard.offset - epochShiftSeconds) / secondsPerDay);
  const { year } = civilFromDays(days);
  const start = changeTime(daylight.start, year) - standard.offset;
  const end = changeTime(daylight.end, year) - daylight.zone.offset;
  const isDaylight =
    start < end ? unixSeconds >= start && unixSeconds < end : unixSeconds < end || unixSeconds >= start;
  return isDaylight ? daylight.zone : standard;
}

/** Local change time in a year, as Unix seconds without offset. */
function changeTime(change: ChangeDay, year: number): number {
  return dayOf(change, year) * secondsPerDay + epochShiftSeconds + change.second;
}

function dayOf(change: ChangeDay, year: number): number {
  if (change.kind === 'zeroBased') return daysFromCivil(year, 1, 1) + change.day;
  if (change.kind === 'julian') {
    const skipsLeapDay = isLeapYear(year) && change.day >= 60;
    return daysFromCivil(year, 1, 1) + change.day - (skipsLeapDay ? 0 : 1);
  }
  const first = daysFromCivil(year, change.month, 1);
  let day = ((change.weekday - dayOfWeek(first) + 7) % 7) + (change.week - 1) * 7;
  // Week 5 is the last one.
  while (day >= daysInMonth(year, change.month)) day -= 7;
  return first + day;
}
