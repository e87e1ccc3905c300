// The proleptic Gregorian calendar in PostgreSQL's units: days since 2000-01-01 for dates, microseconds since then for
// timestamps. Year 0 is 1 BC.

export const microsecondsPerSecond = 1_000_000n;
export const microsecondsPerMinute = 60_000_000n;
export const microsecondsPerHour = 3_600_000_000n;
export const microsecondsPerDay = 86_400_000_000n;
export const secondsPerDay = 86_400;

/** Julian day of 2000-01-01, PostgreSQL's epoch, and of 1970-01-01. */
export const postgresEpochJulian = 2451545;
export const unixEpochJulian = 2440588;
/** Seconds from the Unix epoch to PostgreSQL's. */
export const epochShiftSeconds = (postgresEpochJulian - unixEpochJulian) * secondsPerDay;

/** Bounds of dates (days) and timestamps (microseconds): 4714-11-24 BC to 5874897-12-31 and 294276-12-31. */
export const dateMin = -postgresEpochJulian;
export const dateEnd = 2147483494 - postgresEpochJulian;
export const timestampMin = -211813488000000000n;
export const timestampEnd = 9223371331200000000n;

export interface CivilDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** Day number of a date (days since 2000-01-01); months and days may lie outside their range. */
export function daysFromCivil(year: number, month: number, day: number): number {
  return julianDay(year, month, day) - postgresEpochJulian;
}

export function civilFromDays(days: number): CivilDate {
  return civilFromJulian(days + postgresEpochJulian);
}

/** Julian day number (algorithm: Hatcher 1984, for a year that begins in March). */
export function julianDay(year: number, month: number, day: number): number {
  const shifted = month > 2 ? month + 1 : month + 13;
  const base = month > 2 ? year + 4800 : year + 4799;
  const century = Math.floor(base / 100);
  let julian = base * 365 - 32167;
  julian += Math.floor(base / 4) - century + Math.floor(century / 4);
  return julian + Math.floor((7834 * shifted) / 256) + day;
}

export function civilFromJulian(julian: number): CivilDate {
  // Days from 0000-03-01, in cycles of 400 years (146097 days).
  const days = julian - 1721120;
  const era = Math.floor(days / 146097);
  const dayOfEra = days - era * 146097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

export function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

const monthLengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

export function daysInMonth(year: number, month: number): number {
  return month === 2 && isLeapYear(year) ? 29 : (monthLengths[month - 1] ?? 31);
}

/** 0 Sunday to 6 Saturday. */
export function dayOfWeek(days: number): number {
  return (((days + 6) % 7) + 7) % 7;
}

/** ISO 8601 year and week of a day. */
export function isoWeek(days: number): { readonly year: number; readonly week: number } {
  const weekday = (dayOfWeek(days) + 6) % 7;
  const thursday = days - weekday + 3;
  const { year } = civilFromDays(thursday);
  return { year, week: Math.floor((thursday - daysFromCivil(year, 1, 1)) / 7) + 1 };
}

/** Monday of an ISO week. */
export function daysFromIsoWeek(year: number, week: number): number {
  const fourth = daysFromCivil(year, 1, 4);
  return fourth - ((dayOfWeek(fourth) + 6) % 7) + (week - 1) * 7;
}

export function dayOfYear(days: number): number {
  return days - daysFromCivil(civilFromDays(days).year, 1, 1) + 1;
}

/** Broken-down local time. `second` has no fraction; `microsecond` is the rest. */
export interface CivilTime extends CivilDate {
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly microsecond: number;
}

/** Splits local microseconds since 2000-01-01. */
export function civilFromMicroseconds(local: bigint): CivilTime {
  const days = floorDivide(local, microsecondsPerDay);
  return { ...civilFromDays(Number(days)), ...clockFromMicroseconds(local - days * microsecondsPerDay) };
}

export function clockFromMicroseconds(time: bigint): Pick<CivilTime, 'hour' | 'minute' | 'second' | 'microsecond'> {
  const whole = Number(time / microsecondsPerSecond);
  return {
    hour: Math.trunc(whole / 3600),
    minute: Math.trunc(whole / 60) % 60,
    second: whole % 60,
    microsecond: Number(time % microsecondsPerSecond),
  };
}

export function microsecondsFromCivil(time: CivilTime): bigint {
  const days = BigInt(daysFromCivil(time.year, time.month, time.day));
  return days * microsecondsPerDay + microsecondsFromClock(time);
}

export function microsecondsFromClock(time: Pick<CivilTime, 'hour' | 'minute' | 'second' | 'microsecond'>): bigint {
  return BigInt((time.hour * 60 + time.minute) * 60 + time.second) * microsecondsPerSecond + BigInt(time.microsecond);
}

export function floorDivide(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend % divisor !== 0n && dividend < 0n !== divisor < 0n ? quotient - 1n : quotient;
}

/** True for a timestamp that PostgreSQL can hold (infinities aside). */
export function isTimestampInRange(microseconds: bigint): boolean {
  return microseconds >= timestampMin && microseconds < timestampEnd;
}
