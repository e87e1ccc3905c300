// Dates, times and timestamps as text, in the four styles of DateStyle (manual, section 8.5.2).
import { civilFromDays, clockFromMicroseconds, civilFromMicroseconds, dayOfWeek, daysFromCivil } from './calendar.js';
import type { CivilDate, CivilTime } from './calendar.js';
import { dateInfinity, dateMinusInfinity } from '../value.js';
import { isoOffsetText } from './time-zone.js';
import type { ZoneOffset } from './tzif.js';

export interface DateFormat {
  readonly dateStyle: 'ISO' | 'SQL' | 'Postgres' | 'German';
  readonly dateOrder: 'MDY' | 'DMY' | 'YMD';
}

export const monthNames = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;
export const dayNames = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;

/** A date (days since 2000-01-01). */
export function formatDate(days: number, format: DateFormat): string {
  if (days === dateInfinity) return 'infinity';
  if (days === dateMinusInfinity) return '-infinity';
  const date = civilFromDays(days);
  return dateText(date, format) + eraSuffix(date);
}

/** HH:MM:SS[.ffffff]; a day's end is 24:00:00. */
export function formatTime(microseconds: bigint): string {
  return clockText(clockFromMicroseconds(microseconds));
}

/** A local timestamp; `zone` for timestamps with time zone. */
export function formatTimestamp(local: bigint, zone: ZoneOffset | null, format: DateFormat): string {
  const time = civilFromMicroseconds(local);
  switch (format.dateStyle) {
    case 'ISO': {
      const offset = zone ? isoOffsetText(zone.offset) : '';
      return `${dateText(time, format)} ${clockText(time)}${offset}${eraSuffix(time)}`;
    }
    case 'Postgres': {
      const weekday = dayNames[dayOfWeek(daysFromCivil(time.year, time.month, time.day))] ?? '';
      const month = monthNames[time.month - 1] ?? '';
      const dayAndMonth = format.dateOrder === 'DMY' ? `${two(time.day)} ${month}` : `${month} ${two(time.day)}`;
      const suffix = zone ? ` ${zone.abbreviation}` : '';
      return `${weekday} ${dayAndMonth} ${clockText(time)} ${yearText(time)}${suffix}${eraSuffix(time)}`;
    }
    default: {
      const suffix = zone ? ` ${zone.abbreviation}` : '';
      return `${dateText(time, format)} ${clockText(time)}${suffix}${eraSuffix(time)}`;
    }
  }
}

function dateText(date: CivilDate, format: DateFormat): string {
  const year = yearText(date);
  const month = two(date.month);
  const day = two(date.day);
  const dayFirst = format.dateOrder === 'DMY';
  switch (format.dateStyle) {
    case 'ISO':
      return `${year}-${month}-${day}`;
    case 'SQL':
      return dayFirst ? `${day}/${month}/${year}` : `${month}/${day}/${year}`;
    case 'German':
      return `${day}.${month}.${year}`;
    case 'Postgres':
      return dayFirst ? `${day}-${month}-${year}` : `${month}-${day}-${year}`;
  }
}

function yearText(date: CivilDate): string {
  return String(date.year > 0 ? date.year : 1 - date.year).padStart(4, '0');
}

function eraSuffix(date: CivilDate): string {
  return date.year > 0 ? '' : ' BC';
}

function clockText(time: Pick<CivilTime, 'hour' | 'minute' | 'second' | 'microsecond'>): string {
  return `${two(time.hour)}:${two(time.minute)}:${two(time.second)}${fractionText(time.microsecond)}`;
}

/** .ffffff without trailing zeros; '' for none. */
export function fractionText(microsecond: number): string {
  return microsecond === 0 ? '' : `.${String(microsecond).padStart(6, '0').replace(/0+$/, '')}`;
}

export function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
