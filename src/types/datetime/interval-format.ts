// Intervals as text, in the four styles of IntervalStyle (manual, section 8.5.5).
import type { Interval } from '../value.js';
import { fractionText, two } from './format.js';

export type IntervalStyle = 'postgres' | 'postgres_verbose' | 'sql_standard' | 'iso_8601';

/** The three units split for printing; each part has its unit's sign. */
interface Parts {
  readonly years: number;
  readonly months: number;
  readonly days: number;
  readonly hours: bigint;
  readonly minutes: number;
  readonly seconds: number;
  readonly microseconds: number;
}

export function formatInterval(interval: Interval, style: IntervalStyle): string {
  const parts = split(interval);
  switch (style) {
    case 'postgres':
      return postgresText(parts, interval);
    case 'postgres_verbose':
      return verboseText(parts);
    case 'sql_standard':
      return standardText(parts);
    case 'iso_8601':
      return isoText(parts);
  }
}

function split({ months, days, microseconds }: Interval): Parts {
  const seconds = microseconds / 1_000_000n;
  return {
    years: Math.trunc(months / 12),
    months: months % 12,
    days,
    hours: seconds / 3600n,
    minutes: Number((seconds / 60n) % 60n),
    seconds: Number(seconds % 60n),
    microseconds: Number(microseconds % 1_000_000n),
  };
}

/** 1 year 2 mons -3 days +04:05:06: a sign shows where it differs from the one before. */
function postgresText(parts: Parts, interval: Interval): string {
  const words: string[] = [];
  let isNegative = false;
  const unit = (value: number, singular: string) => {
    if (value === 0) return;
    const plus = isNegative && value > 0 ? '+' : '';
    words.push(`${plus}${value} ${singular}${value === 1 ? '' : 's'}`);
    isNegative = value < 0;
  };
  unit(parts.years, 'year');
  unit(parts.months, 'mon');
  unit(parts.days, 'day');
  if (words.length === 0 || interval.microseconds !== 0n) {
    const sign = interval.microseconds < 0n ? '-' : isNegative ? '+' : '';
    words.push(sign + clock(parts));
  }
  return words.join(' ');
}

/** @ 1 year 2 mons 3 days 4 hours ago: the first part decides about `ago`, the others count relative to it. */
function verboseText(parts: Parts): string {
  let text = '@';
  let isBefore = false;
  let isEmpty = true;
  const unit = (value: number | bigint, singular: string) => {
    if (Number(value) === 0) return;
    let shown = value;
    if (isEmpty) {
      isBefore = value < 0;
      shown = value < 0 ? -value : value;
    } else if (isBefore) shown = -value;
    text += ` ${shown} ${singular}${Number(shown) === 1 ? '' : 's'}`;
    isEmpty = false;
  };
  unit(parts.years, 'year');
  unit(parts.months, 'mon');
  unit(parts.days, 'day');
  unit(parts.hours, 'hour');
  unit(parts.minutes, 'min');
  if (parts.seconds !== 0 || parts.microseconds !== 0) {
    const isNegative = parts.seconds < 0 || parts.microseconds < 0;
    if (isEmpty) isBefore = isNegative;
    const sign = !isEmpty && isNegative !== isBefore ? '-' : '';
    const seconds = Math.abs(parts.seconds);
    const fraction = fractionText(Math.abs(parts.microseconds));
    text += ` ${sign}${seconds}${fraction} sec${seconds === 1 && fraction === '' ? '' : 's'}`;
    isEmpty = false;
  }
  if (isEmpty) return '@ 0';
  return isBefore ? `${text} ago` : text;
}

/** 1-2 3 4:05:06, with signs on every part where they are mixed or there are both months and days or times. */
function standardText(parts: Parts): string {
  const values = [
    parts.years,
    parts.months,
    parts.days,
    Number(parts.hours),
    parts.minutes,
    parts.seconds,
    parts.microseconds,
  ];
  const hasNegative = values.some((value) => value < 0);
  const hasPositive = values.some((value) => value > 0);
  const hasYearMonth = parts.years !== 0 || parts.months !== 0;
  const hasTime = values.slice(3).some((value) => value !== 0);
  const hasDay = parts.days !== 0;
  const isStandard = !(hasNegative && hasPositive) && !(hasYearMonth && (hasDay || hasTime));
  if (!hasNegative && !hasPositive) return '0';
  if (!isStandard) {
    const yearSign = parts.years < 0 || parts.months < 0 ? '-' : '+';
    const daySign = parts.days < 0 ? '-' : '+';
    const timeSign = values.slice(3).some((value) => value < 0) ? '-' : '+';
    const yearMonth = `${yearSign}${Math.abs(parts.years)}-${Math.abs(parts.months)}`;
    return `${yearMonth} ${daySign}${Math.abs(parts.days)} ${timeSign}${shortClock(parts)}`;
  }
  const sign = hasNegative ? '-' : '';
  if (hasYearMonth) return `${sign}${Math.abs(parts.years)}-${Math.abs(parts.months)}`;
  if (hasDay)
    return hasTime ? `${sign}${Math.abs(parts.days)} ${shortClock(parts)}` : `${sign}${Math.abs(parts.days)} 0:00:00`;
  return `${sign}${shortClock(parts)}`;
}

/** P1Y2M3DT4H5M6S */
function isoText(parts: Parts): string {
  const part = (value: number | bigint, unit: string) => (Number(value) === 0 ? '' : `${value}${unit}`);
  const date = part(parts.years, 'Y') + part(parts.months, 'M') + part(parts.days, 'D');
  const isNegative = parts.seconds < 0 || parts.microseconds < 0;
  const fraction = fractionText(Math.abs(parts.microseconds));
  const seconds =
    parts.seconds === 0 && fraction === '' ? '' : `${isNegative ? '-' : ''}${Math.abs(parts.seconds)}${fraction}S`;
  const time = part(parts.hours, 'H') + part(parts.minutes, 'M') + seconds;
  if (date === '' && time === '') return 'PT0S';
  return `P${date}${time === '' ? '' : `T${time}`}`;
}

function clock(parts: Parts): string {
  const hours = parts.hours < 0n ? -parts.hours : parts.hours;
  const rest = `${two(Math.abs(parts.minutes))}:${two(Math.abs(parts.seconds))}${fractionText(Math.abs(parts.microseconds))}`;
  return `${String(hours).padStart(2, '0')}:${rest}`;
}

function shortClock(parts: Parts): string {
  const hours = parts.hours < 0n ? -parts.hours : parts.hours;
  return `${hours}:${two(Math.abs(parts.minutes))}:${two(Math.abs(parts.seconds))}${fractionText(Math.abs(parts.microseconds))}`;
}
