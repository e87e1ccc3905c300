// to_timestamp and to_date: the time that a text's fields make (manual, section 9.8). Fields that contradict each other are
// refused where they are read; here the ones that say more win: a Julian day over all, weeks over days.
import { SqlState, pgError } from '../../errors/pg-error.js';
import { civilFromDays, daysFromIsoWeek, daysInMonth, postgresEpochJulian } from '../../types/datetime/calendar.js';
import type { ZoneChoice } from '../../types/datetime/zone-words.js';
import { type FieldValues, readFields, readStandardFields } from './date-reader.js';
import { type DateTemplate, dateTemplate } from './date-template.js';

export interface ReadTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly microsecond: number;
  readonly zone: ZoneChoice | null;
  /** Digits of fractional seconds that the template asked for; -1 none. */
  readonly fractionDigits: number;
}

/** Hours of an offset from UTC stay below this. */
const offsetHoursMax = 15;

/** Reads `text`; throws 22007, 22008, 22009. */
export function readDateTime(text: string, format: string): ReadTime {
  return timeOfFields(readFields(text, dateTemplate(format)), text);
}

/** Reads `text` by a template of the SQL standard; throws 22007, 22008, 22009. */
export function readStandardDateTime(text: string, template: DateTemplate): ReadTime {
  return timeOfFields(readStandardFields(text, template), text);
}

function timeOfFields(values: FieldValues, text: string): ReadTime {
  const clock = clockOf(values);
  const date = dateOf(values, text);
  const { hour, minute, second, microsecond } = clock;
  const isBad = (value: number, end: number) => value < 0 || value >= end;
  if (isBad(hour, 24) || isBad(minute, 60) || isBad(second, 60) || isBad(microsecond, 1e6)) throw outOfRange(text);
  return { ...date, ...clock, zone: zoneOf(values, text), fractionDigits: values.fractionDigits };
}

function clockOf(values: FieldValues): Pick<ReadTime, 'hour' | 'minute' | 'second' | 'microsecond'> {
  const { secondOfDay } = values;
  let hour = values.hour || Math.trunc(secondOfDay / 3600);
  const minute = values.minute || Math.trunc(secondOfDay / 60) % 60;
  const second = values.second || secondOfDay % 60;
  if (values.is12Hour) {
    if (hour < 1 || hour > 12) {
      throw pgError(SqlState.invalidDatetimeFormat, `hour "${hour}" is invalid for the 12-hour clock`, {
        hint: 'Use the 24-hour clock, or give an hour between 1 and 12.',
      });
    }
    if (values.pm === 1 && hour < 12) hour += 12;
    else if (values.pm === 0 && hour === 12) hour = 0;
  }
  return { hour, minute, second, microsecond: values.millisecond * 1000 + values.microsecond };
}

interface Civil {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

function dateOf(values: FieldValues, text: string): Civil {
  const year = yearOf(values);
  const made = madeDate(values, year);
  const { month, day } = made;
  if (month !== null && (month < 1 || month > 12)) throw outOfRange(text);
  if (day !== null && (day < 1 || day > 31)) throw outOfRange(text);
  const civil = { year: made.year, month: month ?? 1, day: day ?? 1 };
  // Without a year no month is too short.
  if (made.hasYear && month !== null && day !== null && day > daysInMonth(civil.year, month)) throw outOfRange(text);
  return civil;
}

interface MadeDate {
  readonly year: number;
  readonly hasYear: boolean;
  /** null where nothing said. */
  readonly month: number | null;
  readonly day: number | null;
}

function madeDate(values: FieldValues, year: number): MadeDate {
  let made: MadeDate = { year, hasYear: values.year !== 0 || values.century !== 0, month: null, day: null };
  if (values.julian !== 0) made = { ...civilFromDays(values.julian - postgresEpochJulian), hasYear: true };
  let { dayOfYear, day } = values;
  if (values.week !== 0) {
    if (values.isIso) {
      // Sunday, the first weekday, is the week's last one.
      const weekday = values.weekday > 1 ? values.weekday - 1 : values.weekday === 1 ? 7 : 1;
      const monday = daysFromIsoWeek(made.year, values.week);
      made = { ...civilFromDays(monday + weekday - 1), hasYear: true };
    } else dayOfYear = (values.week - 1) * 7 + 1;
  }
  if (values.weekOfMonth !== 0) day = (values.weekOfMonth - 1) * 7 + 1;
  if (day !== 0) made = { ...made, day };
  if (values.month !== 0) made = { ...made, month: values.month };
  if (dayOfYear === 0 || ((made.month ?? 1) > 1 && (made.day ?? 1) > 1)) return made;
  if (made.year === 0 && values.bc === 0) {
    throw pgError(SqlState.invalidDatetimeFormat, 'cannot calculate day of year without year information');
  }
  if (values.isIso) return { ...civilFromDays(daysFromIsoWeek(made.year, 1) + dayOfYear - 1), hasYear: true };
  const [month, inMonth] = monthOfDay(made.year, dayOfYear);
  return {
    ...made,
    month: (made.month ?? 1) <= 1 ? month : made.month,
    day: (made.day ?? 1) <= 1 ? inMonth : made.day,
  };
}

/** Month and day of the month of a day of the year; month 13 after the last. */
function monthOfDay(year: number, dayOfYear: number): [number, number] {
  let month = 1;
  let left = dayOfYear;
  while (month <= 12 && left > daysInMonth(year, month)) {
    left -= daysInMonth(year, month);
    month++;
  }
  return [month, left];
}

/** The year as the calendar counts it: 1 BC is 0. */
function yearOf(values: FieldValues): number {
  const century = values.bc === 1 ? -values.century : values.century;
  if (values.year !== 0) {
    if (values.century !== 0 && values.yearDigits <= 2) {
      const within = values.year % 100;
      // Year 00 belongs to the century's end.
      if (within === 0) return century * 100 + (century >= 0 ? 0 : 1);
      return century < 0 ? (century + 1) * 100 - within + 1 : (century - 1) * 100 + within;
    }
    const year = values.bc === 1 ? -values.year : values.year;
    return year < 0 ? year + 1 : year;
  }
  if (values.century === 0) return 0;
  return century >= 0 ? (century - 1) * 100 + 1 : century * 100 + 1;
}

function zoneOf(values: FieldValues, text: string): ZoneChoice | null {
  const { zoneSign, zoneHour, zoneMinute } = values;
  if (zoneSign === 0) return values.zone;
  if (zoneHour < 0 || zoneHour > offsetHoursMax || zoneMinute < 0 || zoneMinute >= 60) {
    throw pgError(SqlState.invalidTimeZoneDisplacementValue, `time zone displacement out of range: "${text}"`);
  }
  return { kind: 'offset', offset: zoneSign * (zoneHour * 3600 + zoneMinute * 60) };
}

function outOfRange(text: string): Error {
  return pgError(SqlState.datetimeFieldOverflow, `date/time field value out of range: "${text}"`);
}
