// Interval input (manual, section 8.5.4): quantities with units, the SQL standard's forms, ISO 8601. Fields are read from
// right to left, so that a quantity's unit is known before it.
import type { Interval } from '../value.js';
import { fault } from './input-errors.js';
import type { IntervalStyle } from './interval-format.js';
import { unitWord } from './words.js';
import type { Unit } from './words.js';

/** Months, days and microseconds while they are added up. */
interface Sum {
  months: bigint;
  days: bigint;
  microseconds: bigint;
}

/** Largest field of `INTERVAL '...' range`: what a bare number counts. */
export type IntervalRange = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | null;

export const intervalInfinity: Interval = { months: 2147483647, days: 2147483647, microseconds: 9223372036854775807n };
export const intervalMinusInfinity: Interval = {
  months: -2147483648,
  days: -2147483648,
  microseconds: -9223372036854775808n,
};

/** Reads an interval. Throws DateTimeProblem. `lowest`: smallest field of the range, which a bare number counts;
 *  `isMinuteSecond`: the range is MINUTE TO SECOND, where mm:ss needs no hours. */
export function decodeInterval(
  text: string,
  style: IntervalStyle,
  lowest: IntervalRange,
  isMinuteSecond: boolean,
): Interval {
  const trimmed = text.trim().toLowerCase();
  if (/^\+?infinity$/.test(trimmed)) return intervalInfinity;
  if (/^-infinity$/.test(trimmed)) return intervalMinusInfinity;
  const sum: Sum = { months: 0n, days: 0n, microseconds: 0n };
  if (/^p/.test(trimmed)) decodeIso(trimmed.slice(1), sum);
  else decodeFields(trimmed, sum, style, lowest, isMinuteSecond);
  return checked(sum);
}

function checked(sum: Sum): Interval {
  const fits =
    BigInt.asIntN(32, sum.months) === sum.months &&
    BigInt.asIntN(32, sum.days) === sum.days &&
    BigInt.asIntN(64, sum.microseconds) === sum.microseconds;
  if (!fits) throw fault('interval');
  const interval = { months: Number(sum.months), days: Number(sum.days), microseconds: sum.microseconds };
  const isInfinite = [intervalInfinity, intervalMinusInfinity].some(
    (end) => end.months === interval.months && end.days === interval.days && end.microseconds === interval.microseconds,
  );
  if (isInfinite) throw fault('interval');
  return interval;
}

const fieldPattern = /[+-]?\d+-\d+|[+-]?\d*:[\d:.]+|[+-]?\s*(?:\d+\.?\d*|\.\d+)|[a-z]+|@|[,;]/y;

function cut(text: string): string[] {
  const fields: string[] = [];
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text[at] ?? '')) {
      at++;
      continue;
    }
    fieldPattern.lastIndex = at;
    const match = fieldPattern.exec(text);
    if (!match) throw fault('format');
    at = fieldPattern.lastIndex;
    if (/[@,;]/.test(match[0])) continue;
    fields.push(match[0].replace(/\s+/g, ''));
  }
  return fields;
}

function decodeFields(
  text: string,
  sum: Sum,
  style: IntervalStyle,
  lowest: IntervalRange,
  isMinuteSecond: boolean,
): void {
  const fields = cut(text);
  if (fields.length === 0) throw fault('format');
  const isAgo = fields.at(-1) === 'ago';
  if (isAgo) fields.pop();
  // SQL's rule: one sign at the front counts for all parts, where no other part has one.
  const leadingMinus =
    style === 'sql_standard' && /^-/.test(fields[0] ?? '') && !fields.slice(1).some((field) => /^[+-]/.test(field));
  const seen = new Set<string>();
  let unit: Unit | null = null;
  let hasUnitWord = false;
  for (let index = fields.length - 1; index >= 0; index--) {
    const field = fields[index] ?? '';
    const isNegative = field.startsWith('-') || (leadingMinus && index > 0);
    if (/^[a-z]/.test(field)) {
      if (hasUnitWord) throw fault('format');
      const found = unitWord(field);
      if (!found) throw fault('format');
      unit = found;
      hasUnitWord = true;
      continue;
    }
    if (field.includes(':')) {
      if (hasUnitWord) throw fault('format');
      note(seen, 'hour', 'minute', 'second');
      sum.microseconds += clock(field.replace(/^[+-]/, ''), isMinuteSecond) * (isNegative ? -1n : 1n);
      unit = 'day';
      continue;
    }
    if (/^[+-]?\d+-\d+$/.test(field)) {
      note(seen, 'year', 'month');
      const [years = '0', months = '0'] = field.replace(/^[+-]/, '').split('-');
      if (Number(months) > 11) throw fault('field');
      sum.months += (BigInt(years) * 12n + BigInt(months)) * (isNegative ? -1n : 1n);
      hasUnitWord = false;
      unit = 'day';
      continue;
    }
    const chosen: Unit = unit ?? lowest ?? 'second';
    note(seen, chosen);
    add(sum, chosen, field, leadingMinus && index > 0);
    unit = chosen;
    hasUnitWord = false;
  }
  if (hasUnitWord || seen.size === 0) throw fault('format');
  if (isAgo) {
    sum.months = -sum.months;
    sum.days = -sum.days;
    sum.microseconds = -sum.microseconds;
  }
}

/** No unit may come twice. */
function note(seen: Set<string>, ...units: readonly string[]): void {
  for (const unit of units) {
    if (seen.has(unit)) throw fault('format');
    seen.add(unit);
  }
}

/** h:mm, h:mm:ss[.f], mm:ss.f as microseconds. */
function clock(text: string, isMinuteSecond: boolean): bigint {
  const match = /^(\d*):(\d+)(?::(\d+))?(\.\d*)?$/.exec(text);
  if (!match) throw fault('format');
  const [, first = '', second = '', third, fraction] = match;
  const shifts = third === undefined && (fraction !== undefined || isMinuteSecond);
  const hours = shifts ? 0n : BigInt(first || 0);
  const minutes = Number(shifts ? first : second);
  const seconds = Number(shifts ? second : (third ?? 0));
  if (minutes > 59 || seconds > 60) throw fault('field');
  return (
    (hours * 3600n + BigInt(minutes * 60 + seconds)) * 1_000_000n + fractionMicroseconds(fraction ?? '', 1_000_000n)
  );
}

/** What `.fraction` of a quantity that is worth `unitMicroseconds` comes to, rounded. */
function fractionMicroseconds(fraction: string, unitMicroseconds: bigint): bigint {
  if (fraction === '' || fraction === '.') return 0n;
  return BigInt(Math.round(Number(`0${fraction}`) * Number(unitMicroseconds)));
}

const dayMicroseconds = 86_400_000_000n;
const unitMicroseconds: Partial<Record<Unit, bigint>> = {
  microsecond: 1n,
  millisecond: 1000n,
  second: 1_000_000n,
  minute: 60_000_000n,
  hour: 3_600_000_000n,
};
const unitMonths: Partial<Record<Unit, bigint>> = {
  month: 1n,
  quarter: 3n,
  year: 12n,
  decade: 120n,
  century: 1200n,
  millennium: 12000n,
};

/** Adds a quantity; fractions of months become days (30 a month), fractions of days become time. */
function add(sum: Sum, unit: Unit, quantity: string, negate: boolean): void {
  const match = /^([+-]?)(\d*)(\.\d*)?(?:e([+-]?\d+))?$/.exec(quantity);
  if (!match) throw fault('format');
  let [, sign = '', whole = '', fraction = ''] = match;
  if (match[4] !== undefined) [whole, fraction] = shiftPoint(whole, fraction, Number(match[4]));
  const factor = (sign === '-') !== negate ? -1n : 1n;
  const count = BigInt(whole || 0) * factor;
  const part = fraction === '' || fraction === '.' ? 0 : Number(`0${fraction}`) * Number(factor);
  const micro = unitMicroseconds[unit];
  if (micro !== undefined) {
    sum.microseconds += count * micro + BigInt(Math.round(part * Number(micro)));
    return;
  }
  const months = unitMonths[unit];
  if (months !== undefined) {
    sum.months += count * months;
    addMonthFraction(sum, part * Number(months), unit);
    return;
  }
  sum.days += count * (unit === 'week' ? 7n : 1n);
  addDayFraction(sum, part * (unit === 'week' ? 7 : 1));
}

function addMonthFraction(sum: Sum, months: number, unit: Unit): void {
  if (unit !== 'month') {
    // Fractions of years and more are rounded to months.
    sum.months += BigInt(Math.round(months));
    return;
  }
  addDayFraction(sum, months * 30);
}

function addDayFraction(sum: Sum, days: number): void {
  const whole = Math.trunc(days);
  sum.days += BigInt(whole);
  sum.microseconds += BigInt(Math.round((days - whole) * Number(dayMicroseconds)));
}

function shiftPoint(whole: string, fraction: string, exponent: number): [string, string] {
  const digits = whole + fraction.replace('.', '');
  const point = whole.length + exponent;
  if (point > 40) throw fault('interval');
  if (point <= 0) return ['0', `.${'0'.repeat(-point)}${digits}`];
  return [digits.slice(0, point).padEnd(point, '0'), digits.length > point ? `.${digits.slice(point)}` : ''];
}

/** What follows P: nYnMnWnDTnHnMnS, or yyyy-mm-ddThh:mm:ss. */
function decodeIso(text: string, sum: Sum): void {
  if (text === '') throw fault('format');
  const [date = '', time] = text.split('t');
  if (/^[+-]?\d+-\d+-\d+$|^\d{8}$/.test(date) || (time !== undefined && /:/.test(time)))
    decodeIsoAlternative(date, time, sum);
  else {
    decodeIsoPart(date, { y: 'year', m: 'month', w: 'week', d: 'day' }, sum);
    if (time !== undefined) decodeIsoPart(time, { h: 'hour', m: 'minute', s: 'second' }, sum, true);
  }
}

function decodeIsoPart(text: string, units: Readonly<Record<string, Unit>>, sum: Sum, needsAny = false): void {
  let rest = text;
  if (rest === '' && needsAny) throw fault('format');
  while (rest !== '') {
    const match = /^([+-]?\d*\.?\d*(?:e[+-]?\d+)?)([a-z])/.exec(rest);
    const unit = match ? units[match[2] ?? ''] : undefined;
    if (!match || !unit || !/\d/.test(match[1] ?? '')) throw fault('format');
    add(sum, unit, match[1] ?? '', false);
    rest = rest.slice(match[0].length);
  }
}

function decodeIsoAlternative(date: string, time: string | undefined, sum: Sum): void {
  const parts = /^([+-]?\d+)-(\d+)-(\d+)$/.exec(date) ?? /^(\d{4})(\d\d)(\d\d)$/.exec(date);
  if (date !== '' && !parts) throw fault('format');
  if (parts) {
    add(sum, 'year', parts[1] ?? '0', false);
    add(sum, 'month', parts[2] ?? '0', false);
    add(sum, 'day', parts[3] ?? '0', false);
  }
  if (time === undefined) return;
  const clockParts = /^(\d+):(\d+)(?::(\d+(?:\.\d*)?))?$/.exec(time) ?? /^(\d\d)(\d\d)(\d\d(?:\.\d*)?)$/.exec(time);
  if (!clockParts) throw fault('format');
  add(sum, 'hour', clockParts[1] ?? '0', false);
  add(sum, 'minute', clockParts[2] ?? '0', false);
  add(sum, 'second', clockParts[3] ?? '0', false);
}
