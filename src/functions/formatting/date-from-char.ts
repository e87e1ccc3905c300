// to_timestamp and to_date: reads text by a template (manual, section 9.8). Outside FX mode a template's separator matches
// any separator or none, and spaces before fields don't count.
import { SqlState, pgError } from '../../errors/pg-error.js';
import {
  civilFromDays,
  daysFromCivil,
  daysFromIsoWeek,
  daysInMonth,
  postgresEpochJulian,
} from '../../types/datetime/calendar.js';
import { findAbbreviation } from '../../types/datetime/zone-words.js';
import type { ZoneChoice } from '../../types/datetime/zone-words.js';
import { dateTemplate } from './date-template.js';
import type { DateTemplate, TemplateField, TemplateNode } from './date-template.js';

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

/** Values by field, as they were read. */
interface Values {
  [name: string]: number | undefined;
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const fullMonths = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const fullDays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const romanMonths = ['xii', 'xi', 'x', 'ix', 'viii', 'vii', 'vi', 'v', 'iv', 'iii', 'ii', 'i'];

/** Reads `text`; throws 22007, 22008. */
export function readDateTime(text: string, format: string): ReadTime {
  const template = dateTemplate(format);
  requireOneConvention(template);
  const reader = new Reader(text, template);
  return resolve(reader.read(), reader, text);
}

/** ISO week dates and Gregorian ones must not be mixed. */
function requireOneConvention(template: DateTemplate): void {
  const isoFields = new Set(['ID', 'IDDD', 'IW', 'IYYY', 'IYY', 'IY', 'I']);
  const plainFields = new Set([
    'YYYY',
    'YYY',
    'YY',
    'Y',
    'Y,YYY',
    'MM',
    'MON',
    'MONTH',
    'DD',
    'DDD',
    'D',
    'WW',
    'W',
    'DAY',
    'DY',
    'RM',
    'Q',
    'CC',
    'BC',
    'AD',
    'B.C.',
    'A.D.',
  ]);
  const names = template.nodes.flatMap((node) => (node.kind === 'field' ? [node.name] : []));
  const isMixed =
    names.some((name) => isoFields.has(name)) &&
    names.some((name) => plainFields.has(name) && !['BC', 'AD', 'B.C.', 'A.D.', 'DAY', 'DY'].includes(name));
  if (!isMixed) return;
  throw pgError(SqlState.invalidDatetimeFormat, 'invalid combination of date conventions', {
    hint: 'Do not mix Gregorian and ISO week date conventions in a formatting template.',
  });
}

class Reader {
  zone: ZoneChoice | null = null;
  fractionDigits = -1;
  private at = 0;
  private extraSkip = 0;
  private readonly values: Values = {};

  constructor(
    private readonly text: string,
    private readonly template: DateTemplate,
  ) {}

  read(): Values {
    const { nodes, isExact } = this.template;
    nodes.forEach((node, index) => {
      if (this.at >= this.text.length) return;
      if (!isExact && (node.kind === 'field' || index === 0)) this.skipSpaces();
      if (this.at >= this.text.length && node.kind !== 'field') return;
      if (node.kind !== 'field') {
        this.skipLiteral(node.kind, isExact);
        return;
      }
      if (this.at >= this.text.length) return;
      this.field(node, nodes[index + 1]);
      if (!isExact) {
        this.extraSkip = 0;
        this.skipSpaces();
      }
    });
    return this.values;
  }

  private skipSpaces(): void {
    while (/\s/.test(this.text[this.at] ?? '')) {
      this.at++;
      this.extraSkip++;
    }
  }

  private skipLiteral(kind: 'text' | 'separator' | 'space', isExact: boolean): void {
    if (isExact) {
      this.at++;
      return;
    }
    if (kind === 'text') {
      if (this.extraSkip > 0) this.extraSkip--;
      else this.at++;
      return;
    }
    this.extraSkip--;
    if (/[\s!-/:-@[-`{-~]/.test(this.text[this.at] ?? '')) {
      this.at++;
      this.extraSkip++;
    }
  }

  private set(name: string, value: number, field: TemplateField): void {
    const before = this.values[name];
    if (before !== undefined && before !== value) {
      throw pgError(
        SqlState.invalidDatetimeFormat,
        `conflicting values for "${field.text}" field in formatting string`,
        {
          detail: 'This value contradicts a previous setting for the same field type.',
        },
      );
    }
    this.values[name] = value;
  }

  /** Digits of a field: as many as it has room for, or all there are where nothing can be mistaken for more. */
  private integer(field: TemplateField, width: number, next: TemplateNode | undefined, name: string): number {
    const { text } = this;
    const start = this.at;
    const isOpenEnded = field.fill || isNextSeparator(next);
    const part = isOpenEnded ? text.slice(start) : text.slice(start, start + width);
    const digits = /^\s*[+-]?\d+/.exec(part)?.[0];
    if (!isOpenEnded && [...part].length < width) {
      throw pgError(SqlState.invalidDatetimeFormat, `source string too short for "${field.text}" formatting field`, {
        detail: `Field requires ${width} characters, but only ${part.length} remain.`,
        hint: 'If your source string is not fixed-width, try using the "FM" modifier.',
      });
    }
    if (digits === undefined) {
      throw pgError(SqlState.invalidDatetimeFormat, `invalid value "${part.slice(0, width)}" for "${field.text}"`, {
        detail: 'Value must be an integer.',
      });
    }
    if (!isOpenEnded && digits.length < part.length && digits.length < width) {
      throw pgError(SqlState.invalidDatetimeFormat, `invalid value "${part}" for "${field.text}"`, {
        detail: `Field requires ${width} characters, but only ${digits.length} could be parsed.`,
        hint: 'If your source string is not fixed-width, try using the "FM" modifier.',
      });
    }
    const value = Number(digits);
    if (Math.abs(value) > 2147483647) {
      throw pgError(SqlState.datetimeFieldOverflow, `value for "${field.text}" in source string is out of range`, {
        detail: 'Value must be in the range -2147483648 to 2147483647.',
      });
    }
    this.at = start + digits.length;
    if (name !== '') this.set(name, value, field);
    this.ordinal(field);
    return value;
  }

  private ordinal(field: TemplateField): void {
    if (field.ordinal !== '') this.at += 2;
  }

  /** One of a list of words; its index. */
  private word(field: TemplateField, words: readonly string[]): number {
    const rest = this.text.slice(this.at).toLowerCase();
    const index = words.findIndex((word) => rest.startsWith(word));
    if (index < 0) {
      throw pgError(
        SqlState.invalidDatetimeFormat,
        `invalid value "${firstWord(this.text.slice(this.at))}" for "${field.text}"`,
        {
          detail: 'The given value did not match any of the allowed values for this field.',
        },
      );
    }
    this.at += (words[index] ?? '').length;
    return index;
  }

  private field(field: TemplateField, next: TemplateNode | undefined): void {
    const width = fieldWidths[field.name];
    if (width !== undefined) {
      const [name, digits] = width;
      this.integer(field, digits, next, name);
      return;
    }
    switch (field.name) {
      case 'A.M.':
      case 'P.M.':
        this.set('pm', this.word(field, ['a.m.', 'p.m.']), field);
        return;
      case 'AM':
      case 'PM':
        this.set('pm', this.word(field, ['am', 'pm']), field);
        return;
      case 'A.D.':
      case 'B.C.':
        this.set('bc', this.word(field, ['a.d.', 'b.c.']), field);
        return;
      case 'AD':
      case 'BC':
        this.set('bc', this.word(field, ['ad', 'bc']), field);
        return;
      case 'MONTH':
        this.set('month', this.word(field, fullMonths) + 1, field);
        return;
      case 'MON':
        this.set('month', this.word(field, months) + 1, field);
        return;
      case 'RM':
        this.set('month', 12 - this.word(field, romanMonths), field);
        return;
      case 'DAY':
        this.set('weekday', this.word(field, fullDays) + 1, field);
        return;
      case 'DY':
        this.set('weekday', this.word(field, days) + 1, field);
        return;
      default:
        this.specialField(field, next);
    }
  }

  private specialField(field: TemplateField, next: TemplateNode | undefined): void {
    const { name } = field;
    if (/^(MS|US|FF\d)$/.test(name)) {
      this.fraction(field, next);
    } else if (/^(YYYY|IYYY|YYY|IYY|YY|IY|Y|I)$/.test(name)) {
      this.year(field, next);
    } else if (name === 'Y,YYY') {
      const match = /^(\d+),(\d{3})/.exec(this.text.slice(this.at));
      if (!match) {
        throw pgError(
          SqlState.invalidDatetimeFormat,
          `invalid value "${firstWord(this.text.slice(this.at))}" for "Y,YYY"`,
        );
      }
      this.set('year', Number(match[1]) * 1000 + Number(match[2]), field);
      this.at += match[0].length;
      this.ordinal(field);
    } else if (name === 'ID') {
      const value = this.integer(field, 1, next, '');
      this.set('isoWeekday', value, field);
    } else if (name === 'TZ' || name === 'OF' || name === 'TZH' || name === 'TZM') {
      this.zoneField(field, next);
    }
  }

  private fraction(field: TemplateField, next: TemplateNode | undefined): void {
    const digits = field.name === 'MS' ? 3 : field.name === 'US' ? 6 : Number(field.name[2]);
    const before = this.at;
    this.integer(field, digits, next, '');
    const shown = this.text.slice(before, this.at).trim();
    const value = Math.round(Number(`0.${shown}`) * 1e6);
    this.set('microsecond', value, field);
    if (field.name.startsWith('FF')) this.fractionDigits = digits;
  }

  private year(field: TemplateField, next: TemplateNode | undefined): void {
    const digits = field.name.length;
    const value = this.integer(field, digits, next, '');
    this.set(field.name.startsWith('I') ? 'isoYear' : 'year', digits < 4 ? fullYear(value) : value, field);
    this.values.yearDigits = digits;
  }

  private zoneField(field: TemplateField, next: TemplateNode | undefined): void {
    if (field.name === 'TZM') {
      const minutes = this.integer(field, 2, next, 'zoneMinute');
      this.offset(this.values.zoneHour ?? 0, minutes);
      return;
    }
    const rest = this.text.slice(this.at);
    const named = field.name === 'TZ' ? /^[A-Za-z]+/.exec(rest) : null;
    if (named) {
      // The longest abbreviation that the letters begin with.
      let length = named[0].length;
      while (length > 0 && findAbbreviation(named[0].slice(0, length).toLowerCase()) === null) length--;
      const zone = findAbbreviation(named[0].slice(0, length).toLowerCase());
      if (!zone) {
        throw pgError(SqlState.invalidDatetimeFormat, `invalid value "${named[0]}" for "${field.text}"`, {
          detail: 'Time zone abbreviation is not recognized.',
        });
      }
      this.zone = zone;
      this.at += length;
      return;
    }
    const sign = /^[+\- ]/.exec(rest)?.[0];
    // A minus that was taken for the template's separator is the sign.
    const isSkippedMinus = sign === undefined && this.extraSkip > 0 && this.text[this.at - 1] === '-';
    this.values.zoneSign = sign === '-' || isSkippedMinus ? -1 : 1;
    if (sign !== undefined) this.at++;
    const hours = this.integer(field, 2, next, 'zoneHour');
    this.offset(hours, 0);
    if (field.name === 'TZH' || this.text[this.at] !== ':') return;
    this.at++;
    this.offset(hours, this.integer(field, 2, next, ''));
  }

  private offset(hours: number, minutes: number): void {
    this.zone = { kind: 'offset', offset: (this.values.zoneSign ?? 1) * (hours * 3600 + minutes * 60) };
  }
}

/** Fields that are plain numbers: what they set, and how many digits they have room for. */
const fieldWidths: Readonly<Record<string, readonly [string, number] | undefined>> = {
  HH: ['hour12', 2],
  HH12: ['hour12', 2],
  HH24: ['hour', 2],
  MI: ['minute', 2],
  SS: ['second', 2],
  SSSS: ['secondOfDay', 5],
  SSSSS: ['secondOfDay', 5],
  MM: ['month', 2],
  DD: ['day', 2],
  DDD: ['dayOfYear', 3],
  IDDD: ['isoDayOfYear', 3],
  D: ['weekday', 1],
  WW: ['week', 2],
  IW: ['isoWeek', 2],
  W: ['weekOfMonth', 1],
  Q: ['quarter', 1],
  CC: ['century', 2],
  J: ['julian', 7],
};

function isNextSeparator(next: TemplateNode | undefined): boolean {
  if (next === undefined) return true;
  if (next.kind !== 'field') return true;
  return /^(A\.?[DM]\.?|B\.?C\.?|P\.?M\.?|MON|MONTH|DAY|DY|RM|TZ)$/.test(next.name);
}

function firstWord(text: string): string {
  return /^\S*/.exec(text)?.[0] ?? '';
}

/** Years of fewer than four digits: the one nearest to 2020. */
function fullYear(year: number): number {
  if (year < 0) return year;
  if (year < 70) return year + 2000;
  if (year < 100) return year + 1900;
  if (year < 520) return year + 2000;
  return year < 1000 ? year + 1000 : year;
}

function resolve(values: Values, reader: Reader, text: string): ReadTime {
  const clock = resolveClock(values, text);
  const date = resolveDate(values, text);
  return { ...date, ...clock, zone: reader.zone, fractionDigits: reader.fractionDigits };
}

function resolveClock(values: Values, text: string): Pick<ReadTime, 'hour' | 'minute' | 'second' | 'microsecond'> {
  let hour = values.hour ?? 0;
  let minute = values.minute ?? 0;
  let second = values.second ?? 0;
  if (values.secondOfDay !== undefined) {
    hour = Math.trunc(values.secondOfDay / 3600);
    minute = Math.trunc(values.secondOfDay / 60) % 60;
    second = values.secondOfDay % 60;
  }
  if (values.hour12 !== undefined) {
    if (values.hour12 < 1 || values.hour12 > 12) {
      throw pgError(SqlState.invalidDatetimeFormat, `hour "${values.hour12}" is invalid for the 12-hour clock`, {
        hint: 'Use the 24-hour clock, or give an hour between 1 and 12.',
      });
    }
    hour =
      values.pm === 1 && values.hour12 < 12
        ? values.hour12 + 12
        : values.pm !== 1 && values.hour12 === 12
          ? 0
          : values.hour12;
  } else if (values.pm === 1 && hour < 12) hour += 12;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) throw outOfRange(text);
  return { hour, minute, second, microsecond: values.microsecond ?? 0 };
}

function resolveDate(values: Values, text: string): Pick<ReadTime, 'year' | 'month' | 'day'> {
  if (values.julian !== undefined) return civilFromDays(values.julian - postgresEpochJulian);
  let year = values.year ?? (values.century === undefined ? 0 : undefined);
  if (values.century !== undefined) year = centuryYear(values, year);
  if (values.bc === 1 && year !== undefined && year > 0) year = -(year - 1);
  else if (values.bc !== 1 && values.year !== undefined && year !== undefined && year < 0) year += 1;
  if (values.isoYear !== undefined || values.isoWeek !== undefined || values.isoDayOfYear !== undefined)
    return isoDate(values);
  const civilYear = year ?? 0;
  if (values.dayOfYear !== undefined && values.month === undefined) {
    if (values.year === undefined && values.century === undefined) {
      throw pgError(SqlState.invalidDatetimeFormat, 'cannot calculate day of year without year information');
    }
    const length = daysFromCivil(civilYear + 1, 1, 1) - daysFromCivil(civilYear, 1, 1);
    if (values.dayOfYear < 1 || values.dayOfYear > length) throw outOfRange(text);
    return civilFromDays(daysFromCivil(civilYear, 1, 1) + values.dayOfYear - 1);
  }
  if (values.week !== undefined) return civilFromDays(daysFromCivil(civilYear, 1, 1) + (values.week - 1) * 7);
  const month = values.month ?? 1;
  const day =
    values.weekOfMonth !== undefined && values.day === undefined ? (values.weekOfMonth - 1) * 7 + 1 : (values.day ?? 1);
  const isNamed =
    values.year !== undefined || values.century !== undefined || values.month !== undefined || values.day !== undefined;
  // Without any date the moment is in 1 BC, as PostgreSQL's zero year.
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(civilYear, month)) throw outOfRange(text);
  return { year: isNamed ? civilYear : 0, month, day };
}

function centuryYear(values: Values, year: number | undefined): number {
  const century = values.century ?? 0;
  if (values.year !== undefined && (values.yearDigits ?? 4) <= 2) {
    const within = values.year % 100;
    // Year 00 belongs to the century's end.
    return century >= 0
      ? within === 0
        ? century * 100
        : (century - 1) * 100 + within
      : (century + 1) * 100 - within + 1;
  }
  if (values.year !== undefined && year !== undefined) return year;
  return century >= 0 ? (century - 1) * 100 + 1 : century * 100 + 1;
}

function isoDate(values: Values): Pick<ReadTime, 'year' | 'month' | 'day'> {
  const year = values.isoYear ?? 0;
  const start = daysFromIsoWeek(year, 1);
  if (values.isoDayOfYear !== undefined) return civilFromDays(start + values.isoDayOfYear - 1);
  const weekday = values.isoWeekday ?? (values.weekday !== undefined ? ((values.weekday + 5) % 7) + 1 : 1);
  return civilFromDays(start + ((values.isoWeek ?? 1) - 1) * 7 + weekday - 1);
}

function outOfRange(text: string): Error {
  return pgError(SqlState.datetimeFieldOverflow, `date/time field value out of range: "${text}"`);
}
