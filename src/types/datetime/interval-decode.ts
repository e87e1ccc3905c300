// Interval input (manual, section 8.5.4): quantities with units, the SQL standard's forms, ISO 8601. Fields are read from
// right to left, so that a quantity's unit is known before it.
import type { Interval } from '../value.js';
import { fault } from './input-errors.js';
import type { IntervalStyle } from './interval-format.js';
import { unitWord } from './words.js';
import type { Unit } from './words.js';

/** Years, months, days and microseconds while they are added up. */
interface Sum {
  years: bigint;
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
  const trimmed = text
    .trim()
    .toLowerCase()
    .replace(/(?<=infinity)[\s!-*,/:-@[-`{-~]+$/, '');
  if (/^\+?infinity$/.test(trimmed)) return intervalInfinity;
  if (/^-infinity$/.test(trimmed)) return intervalMinusInfinity;
  const sum: Sum = { years: 0n, months: 0n, days: 0n, microseconds: 0n };
  if (/^p/.test(trimmed)) decodeIso(trimmed.slice(1), sum);
  else decodeFields(trimmed, sum, style, lowest, isMinuteSecond);
  return checked(sum);
}

function fits(sum: Sum): boolean {
  return (
    BigInt.asIntN(32, sum.years) === sum.years &&
    BigInt.asIntN(32, sum.months) === sum.months &&
    BigInt.asIntN(32, sum.days) === sum.days &&
    BigInt.asIntN(64, sum.microseconds) === sum.microseconds
  );
}

function checked(sum: Sum): Interval {
  if (!fits(sum)) throw fault('interval');
  const months = sum.years * 12n + sum.months;
  if (BigInt.asIntN(32, months) !== months) throw fault('intervalTotal');
  return { months: Number(months), days: Number(sum.days), microseconds: sum.microseconds };
}

const fieldPattern = /[+-]?\d+-\d+|[+-]?\s*\d*:[\d:.]+|[+-]?\s*(?:\d+\.?\d*|\.\d+)|[a-z]+|[!-*,/:-@[-`{-~]/y;

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
    if (match[0].length === 1 && /[!-*,/:-@[-`{-~]/.test(match[0])) continue;
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
      note(seen, 'hour', 'minute', ...secondUnits);
      sum.microseconds += clock(field.replace(/^[+-]/, ''), isMinuteSecond) * (isNegative ? -1n : 1n);
      unit = 'day';
      continue;
    }
    if (/^[+-]?\d+-\d+$/.test(field)) {
      note(seen, 'month');
      const [years = '0', months = '0'] = field.replace(/^[+-]/, '').split('-');
      if (Number(months) > 11) throw fault('field');
      sum.years += BigInt(years) * (isNegative ? -1n : 1n);
      sum.months += BigInt(months) * (isNegative ? -1n : 1n);
      hasUnitWord = false;
      unit = 'month';
      continue;
    }
    const chosen: Unit = unit ?? lowest ?? 'second';
    add(sum, chosen, field, leadingMinus && index > 0);
    // A value that is too large is told before a unit that comes twice.
    if (!fits(sum)) throw fault('interval');
    if (chosen === 'second' && /[.]\d*[1-9]/.test(field)) note(seen, ...secondUnits);
    else note(seen, chosen);
    // A bare number before hours counts days.
    unit = chosen === 'hour' ? 'day' : chosen;
    hasUnitWord = false;
  }
  if (hasUnitWord || seen.size === 0) throw fault('format');
  if (isAgo) {
    sum.years = -sum.years;
    sum.months = -sum.months;
    sum.days = -sum.days;
    sum.microseconds = -sum.microseconds;
  }
}

const secondUnits = ['second', 'millisecond', 'microsecond'] as const;

/** No unit may come twice. */
function note(seen: Set<string>, ...units: readonly string[]): void {
  for (const unit of units) {
    if (seen.has(unit)) throw fault('format');
    seen.add(unit);
  }
}

/** h:mm, h:mm:ss[.f], mm:ss.f as microseconds. */
function clock(text: string, isMinuteSecond: boolean): bigint {
  const match = /^(\d*):(\d*)(?::(\d*))?(\.\d*)?$/.exec(text);
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
const unitYears: Partial<Record<Unit, bigint>> = { year: 1n, decade: 10n, century: 100n, millennium: 1000n };

/** Adds a quantity; fractions of months become days (30 a month), fractions of days become time. */
function add(sum: Sum, unit: Unit, quantity: string, negate: boolean): void {
  const match = /^([+-]?)(\d*)(\.\d*)?(?:e([+-]?\d+))?$/.exec(quantity);
  if (!match) throw fault('format');
  let [, sign = '', whole = '', fraction = ''] = match;
  if (match[4] !== undefined) [whole, fraction] = shiftPoint(whole, fraction, Number(match[4]));
  const factor = (sign === '-') !== negate ? -1n : 1n;
  const count = BigInt(whole || 0) * factor;
  const part = fraction === '' || fraction === '.' ? 0 : Number(`0${fraction}`) * Number(factor);
  addParts(sum, unit, count, part);
}

/** Numbers of ISO 8601's forms are read as floats, with what that costs large ones of their fraction. */
function addFloat(sum: Sum, unit: Unit, quantity: string): void {
  const value = Number(quantity);
  const whole = Math.trunc(value);
  if (!(Math.abs(whole) < 2 ** 63)) throw fault('interval');
  addParts(sum, unit, BigInt(whole), value - whole);
}

function addParts(sum: Sum, unit: Unit, count: bigint, part: number): void {
  const micro = unitMicroseconds[unit];
  if (micro !== undefined) {
    sum.microseconds += count * micro + BigInt(Math.round(part * Number(micro)));
    return;
  }
  const years = unitYears[unit];
  if (years !== undefined) {
    sum.years += count * years;
    // Fractions of years and more are rounded to months.
    sum.months += BigInt(Math.round(part * Number(years) * 12));
    return;
  }
  if (unit === 'month') {
    sum.months += count;
    addDayFraction(sum, part * 30);
    return;
  }
  sum.days += count * (unit === 'week' ? 7n : 1n);
  addDayFraction(sum, part * (unit === 'week' ? 7 : 1));
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

const isoNumber = String.raw`-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?`;
const isoUnits: Readonly<Record<string, Unit>> = { y: 'year', m: 'month', w: 'week', d: 'day' };
const isoTimeUnits: Readonly<Record<string, Unit>> = { h: 'hour', m: 'minute', s: 'second' };
const isoDate = new RegExp(`^(${isoNumber})(?:-(${isoNumber})(?:-(${isoNumber}))?)?$`);
const isoTime = new RegExp(`^(${isoNumber})(?::(${isoNumber})(?::(${isoNumber}))?)?$`);

/** What follows P: nYnMnWnDTnHnMnS, yyyy-mm-ddThh:mm:ss with trailing parts left out, or yyyymmddThhmmss. */
function decodeIso(text: string, sum: Sum): void {
  if (text === '') throw fault('format');
  const at = text.indexOf('t');
  const date = at < 0 ? text : text.slice(0, at);
  const isDateDone = decodeIsoAlternative(/^(\d{4})(\d\d)(\d\d)$/.exec(date) ?? isoDate.exec(date), dateUnits, sum);
  if (!isDateDone) decodeIsoPart(date, isoUnits, sum);
  if (at < 0) return;
  const time = text.slice(at + 1);
  const parts = /^(\d\d)(\d\d)(\d\d(?:\.\d*)?)$/.exec(time) ?? isoTime.exec(time);
  if (!decodeIsoAlternative(parts, timeUnits, sum)) decodeIsoPart(time, isoTimeUnits, sum);
}

const isoPart = new RegExp(`^(${isoNumber})([a-z])`);

function decodeIsoPart(text: string, units: Readonly<Record<string, Unit>>, sum: Sum): void {
  let rest = text;
  while (rest !== '') {
    const match = isoPart.exec(rest);
    const unit = match ? units[match[2] ?? ''] : undefined;
    if (!match || !unit) throw fault('format');
    addFloat(sum, unit, match[1] ?? '');
    rest = rest.slice(match[0].length);
  }
}

const dateUnits: readonly Unit[] = ['year', 'month', 'day'];
const timeUnits: readonly Unit[] = ['hour', 'minute', 'second'];

/** Adds the parts of a match in the order of `units`; false where there is no match. */
function decodeIsoAlternative(match: RegExpExecArray | null, units: readonly Unit[], sum: Sum): boolean {
  if (!match) return false;
  units.forEach((unit, index) => {
    const part = match[index + 1];
    if (part !== undefined) addFloat(sum, unit, part);
  });
  return true;
}
