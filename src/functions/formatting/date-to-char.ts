// to_char of timestamps and intervals.
import { SqlState, pgError } from '../../errors/pg-error.js';
import {
  dayOfWeek,
  dayOfYear,
  daysFromCivil,
  daysFromIsoWeek,
  isoWeek,
  postgresEpochJulian,
} from '../../types/datetime/calendar.js';
import type { ZoneOffset } from '../../types/datetime/tzif.js';
import type { DateTemplate, TemplateField } from './date-template.js';
import { ordinalSuffix, romanNumeral } from './ordinal.js';

/** What is printed: a local time, or an interval's parts (years unbounded, hours beyond 24). */
export interface PrintedTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly microsecond: number;
  readonly isInterval: boolean;
  /** Null for times without zone. */
  readonly zone: ZoneOffset | null;
}

const monthNames = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const dayNames = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

export function formatDateTime(template: DateTemplate, time: PrintedTime): string {
  return template.nodes.map((node) => (node.kind === 'field' ? formatField(node, time) : node.text)).join('');
}

function formatField(field: TemplateField, time: PrintedTime): string {
  const number = numberOf(field.name, time);
  if (number !== null) {
    // Fractions keep their zeros whatever FM says.
    const isFilled = field.fill && !/^(FF\d|MS|US)$/.test(field.name);
    const text = isFilled ? String(number.value) : padNumber(number.value, number.width);
    return field.ordinal === '' ? text : text + ordinalSuffix(text, field.ordinal);
  }
  return wordOf(field, time);
}

function padNumber(value: number | bigint, width: number): string {
  return value < 0 ? `-${String(-value).padStart(width, '0')}` : String(value).padStart(width, '0');
}

/** Numeric fields and their widths; null for the others. */
function numberOf(name: string, time: PrintedTime): { readonly value: number; readonly width: number } | null {
  const { hour, minute, second, microsecond, month, day } = time;
  switch (name) {
    case 'HH':
    case 'HH12':
      return { value: hour % 12 === 0 ? 12 : hour % 12, width: 2 };
    case 'HH24':
      return { value: hour, width: 2 };
    case 'MI':
      return { value: minute, width: 2 };
    case 'SS':
      return { value: second, width: 2 };
    case 'MS':
    case 'FF3':
      return { value: Math.trunc(microsecond / 1000), width: 3 };
    case 'US':
    case 'FF6':
      return { value: microsecond, width: 6 };
    case 'FF1':
      return { value: Math.trunc(microsecond / 100000), width: 1 };
    case 'FF2':
      return { value: Math.trunc(microsecond / 10000), width: 2 };
    case 'FF4':
      return { value: Math.trunc(microsecond / 100), width: 4 };
    case 'FF5':
      return { value: Math.trunc(microsecond / 10), width: 5 };
    case 'SSSS':
    case 'SSSSS':
      return { value: (hour * 60 + minute) * 60 + second, width: 1 };
    case 'MM':
      return { value: month, width: 2 };
    case 'DD':
      return { value: day, width: 2 };
    case 'DDD':
      return { value: yearDay(time), width: 3 };
    case 'IDDD':
      return { value: daysOf(time) - daysFromIsoWeek(isoWeek(daysOf(time)).year, 1) + 1, width: 3 };
    case 'D':
      requireDate(time);
      return { value: dayOfWeek(daysOf(time)) + 1, width: 1 };
    case 'ID':
      requireDate(time);
      return { value: dayOfWeek(daysOf(time)) || 7, width: 1 };
    case 'W':
      return { value: Math.trunc((day - 1) / 7) + 1, width: 1 };
    case 'WW':
      return { value: Math.trunc((yearDay(time) - 1) / 7) + 1, width: 2 };
    case 'IW':
      return { value: isoWeek(daysOf(time)).week, width: 2 };
    case 'Q':
      return month === 0 ? { value: 0, width: 0 } : { value: Math.trunc((month - 1) / 3) + 1, width: 1 };
    case 'J':
      return { value: daysOf(time) + postgresEpochJulian, width: 1 };
    default:
      return yearOf(name, time);
  }
}

/** Day of the year; of an interval all its days, years and months of 360 and 30 among them. */
function yearDay(time: PrintedTime): number {
  return time.isInterval ? time.year * 360 + time.month * 30 + time.day : dayOfYear(daysOf(time));
}

function yearOf(name: string, time: PrintedTime): { readonly value: number; readonly width: number } | null {
  const isIso = name.startsWith('I');
  const raw = isIso ? isoWeek(daysOf(time)).year : time.year;
  const year = time.isInterval || raw > 0 ? raw : 1 - raw;
  // The sign has room of its own only where the interval's own year is negative.
  const room = year < 0 && time.year >= 0 ? 1 : 0;
  switch (name) {
    case 'YYYY':
    case 'IYYY':
      return { value: year, width: 4 - room };
    case 'YYY':
    case 'IYY':
      return { value: year % 1000, width: 3 - room };
    case 'YY':
    case 'IY':
      return { value: year % 100, width: 2 - room };
    case 'Y':
    case 'I':
      return { value: year % 10, width: 1 };
    case 'CC': {
      if (time.isInterval) return { value: Math.trunc(time.year / 100), width: 2 };
      return {
        value: time.year > 0 ? Math.trunc((time.year - 1) / 100) + 1 : Math.trunc(time.year / 100) - 1,
        width: 2,
      };
    }
    default:
      return null;
  }
}

function wordOf(field: TemplateField, time: PrintedTime): string {
  const { name, text } = field;
  switch (name) {
    case 'AM':
    case 'PM':
      return cased(time.hour % 24 >= 12 ? 'PM' : 'AM', text);
    case 'A.M.':
    case 'P.M.':
      return cased(time.hour % 24 >= 12 ? 'P.M.' : 'A.M.', text);
    case 'AD':
    case 'BC':
      requireDate(time);
      return cased(time.year > 0 ? 'AD' : 'BC', text);
    case 'A.D.':
    case 'B.C.':
      requireDate(time);
      return cased(time.year > 0 ? 'A.D.' : 'B.C.', text);
    case 'MONTH':
      return nameText(field, monthName(time), 9);
    case 'MON':
      return nameText(field, monthName(time).slice(0, 3), 3);
    case 'DAY':
      requireDate(time);
      return nameText(field, dayNames[dayOfWeek(daysOf(time))] ?? '', 9);
    case 'DY':
      requireDate(time);
      return nameText(field, (dayNames[dayOfWeek(daysOf(time))] ?? '').slice(0, 3), 3);
    case 'RM':
      return romanMonth(field, time);
    case 'Y,YYY': {
      const year = time.isInterval || time.year > 0 ? time.year : 1 - time.year;
      const shown = `${Math.trunc(year / 1000)},${year < 0 ? `-${String(-year % 1000).padStart(2, '0')}` : String(year % 1000).padStart(3, '0')}`;
      return field.ordinal === '' ? shown : shown + ordinalSuffix(shown, field.ordinal);
    }
    default:
      return zoneText(field, time);
  }
}

function zoneText(field: TemplateField, time: PrintedTime): string {
  if (!['TZ', 'TZH', 'TZM', 'OF'].includes(field.name)) return '';
  requireDate(time);
  const { zone } = time;
  if (field.name === 'TZ') {
    if (!zone) return '';
    return field.text === 'tz' ? zone.abbreviation.toLowerCase() : zone.abbreviation;
  }
  const offset = zone?.offset ?? 0;
  const sign = offset < 0 ? '-' : '+';
  const hours = String(Math.trunc(Math.abs(offset) / 3600)).padStart(2, '0');
  const minutes = String(Math.trunc((Math.abs(offset) % 3600) / 60)).padStart(2, '0');
  if (field.name === 'TZH') return sign + hours;
  if (field.name === 'TZM') return minutes;
  const shown = field.fill ? String(Number(hours)) : hours;
  return `${sign}${shown}${minutes === '00' ? '' : `:${minutes}`}`;
}

function monthName(time: PrintedTime): string {
  requireDate(time);
  return monthNames[time.month - 1] ?? '';
}

/** MONTH, Month, month: in the case of the pattern, padded to its full width. */
function nameText(field: TemplateField, name: string, width: number): string {
  const shown = cased(name, field.text);
  return field.fill || field.translate ? shown : shown.padEnd(width);
}

function cased(name: string, pattern: string): string {
  if (pattern === pattern.toUpperCase()) return name.toUpperCase();
  return pattern[0] === pattern[0]?.toUpperCase()
    ? (name[0] ?? '').toUpperCase() + name.slice(1).toLowerCase()
    : name.toLowerCase();
}

function romanMonth(field: TemplateField, time: PrintedTime): string {
  // Intervals count their months from 0, backwards where they are negative.
  let { month } = time;
  if (time.isInterval) {
    if (month === 0 && time.year === 0) return '';
    if (month === 0) month = time.year >= 0 ? 12 : 1;
    else if (month < 0) month = 12 + month + 1;
  }
  const text = romanNumeral(month);
  const shown = field.text === 'rm' ? text.toLowerCase() : text;
  return field.fill ? shown : shown.padEnd(4);
}

function daysOf(time: PrintedTime): number {
  return daysFromCivil(time.year, time.month, time.day);
}

function requireDate(time: PrintedTime): void {
  if (!time.isInterval) return;
  throw pgError(SqlState.invalidDatetimeFormat, 'invalid format specification for an interval value', {
    hint: 'Intervals are not tied to specific calendar dates.',
  });
}
