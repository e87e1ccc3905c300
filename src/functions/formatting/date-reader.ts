// Reads a text by a date/time template, field by field (manual, section 9.8): what each field said, not yet what it means.
// Outside FX mode a template's separator matches any separator or none, and spaces before fields don't count. A field's
// zero is as if it were not there: only other values contradict each other, and only they count when the time is made.
import { SqlState, pgError } from '../../errors/pg-error.js';
import { findAbbreviation } from '../../types/datetime/zone-words.js';
import type { ZoneChoice } from '../../types/datetime/zone-words.js';
import type { DateTemplate, TemplateField, TemplateNode } from './date-template.js';

/** What the fields said; 0 where none did. */
export interface FieldValues {
  hour: number;
  /** 1 for PM. */
  pm: number;
  minute: number;
  second: number;
  secondOfDay: number;
  /** Sunday is 1. */
  weekday: number;
  day: number;
  dayOfYear: number;
  month: number;
  millisecond: number;
  microsecond: number;
  year: number;
  /** 1 for BC. */
  bc: number;
  /** Week of the year, ISO or not. */
  week: number;
  weekOfMonth: number;
  century: number;
  julian: number;
  /** Digits of the year's field. */
  yearDigits: number;
  is12Hour: boolean;
  isIso: boolean;
  /** Digits of fractional seconds that the template asked for; -1 none. */
  fractionDigits: number;
  /** 0 where there is no offset. */
  zoneSign: number;
  zoneHour: number;
  zoneMinute: number;
  zone: ZoneChoice | null;
}

const months = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const fullMonths = 'january february march april may june july august september october november december'.split(' ');
const days = 'sun mon tue wed thu fri sat'.split(' ');
const fullDays = 'sunday monday tuesday wednesday thursday friday saturday'.split(' ');
const romanMonths = 'xii xi x ix viii vii vi v iv iii ii i'.split(' ');

/** Fields that are plain numbers: what they set, and how many digits they have room for. */
const numbers: Readonly<Record<string, readonly [keyof FieldValues & NumberKey, number] | undefined>> = {
  HH: ['hour', 2],
  HH12: ['hour', 2],
  HH24: ['hour', 2],
  MI: ['minute', 2],
  SS: ['second', 2],
  SSSS: ['secondOfDay', 5],
  SSSSS: ['secondOfDay', 5],
  MM: ['month', 2],
  DD: ['day', 2],
  DDD: ['dayOfYear', 3],
  IDDD: ['dayOfYear', 3],
  D: ['weekday', 1],
  WW: ['week', 2],
  IW: ['week', 2],
  W: ['weekOfMonth', 1],
  CC: ['century', 2],
  J: ['julian', 7],
};
type NumberKey = Exclude<keyof FieldValues, 'is12Hour' | 'isIso' | 'zone'>;

/** Fields that fix the calendar: ISO weeks or the Gregorian one. The others go with both. */
const isoFields = new Set(['ID', 'IDDD', 'IW', 'IYYY', 'IYY', 'IY', 'I']);
const gregorianFields = new Set('MONTH MON MM DDD DD D WW W Y,YYY YYYY YYY YY Y RM'.split(' '));

/** Reads `text` by the template; throws 22007, 22008. */
export function readFields(text: string, template: DateTemplate): FieldValues {
  return new Reader(text, template).read();
}

/** Reads `text` by a template of the SQL standard: every field and separator must be there, and nothing behind them but
 *  spaces. Throws 22007, 22008. */
export function readStandardFields(text: string, template: DateTemplate): FieldValues {
  return new Reader(text, template).readStandard();
}

class Reader {
  private at = 0;
  private extraSkip = 0;
  private mode: 'iso' | 'gregorian' | null = null;
  private readonly values: FieldValues = {
    hour: 0,
    pm: 0,
    minute: 0,
    second: 0,
    secondOfDay: 0,
    weekday: 0,
    day: 0,
    dayOfYear: 0,
    month: 0,
    millisecond: 0,
    microsecond: 0,
    year: 0,
    bc: 0,
    week: 0,
    weekOfMonth: 0,
    century: 0,
    julian: 0,
    yearDigits: 0,
    is12Hour: false,
    isIso: false,
    fractionDigits: -1,
    zoneSign: 0,
    zoneHour: 0,
    zoneMinute: 0,
    zone: null,
  };

  constructor(
    private readonly text: string,
    private readonly template: DateTemplate,
  ) {}

  read(): FieldValues {
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
      this.takeMode(node.name);
      this.field(node, nodes[index + 1]);
      if (!isExact) {
        this.extraSkip = 0;
        this.skipSpaces();
      }
    });
    this.values.isIso = this.mode === 'iso';
    return this.values;
  }

  readStandard(): FieldValues {
    const { nodes } = this.template;
    nodes.forEach((node, index) => {
      if (this.at >= this.text.length)
        throw pgError(SqlState.invalidDatetimeFormat, 'input string is too short for datetime format');
      if (node.kind === 'field') {
        this.takeMode(node.name);
        this.field(node, nodes[index + 1]);
      } else if (this.text.startsWith(node.text, this.at)) {
        this.at += node.text.length;
      } else {
        const what = node.kind === 'text' ? 'character' : 'separator';
        throw pgError(SqlState.invalidDatetimeFormat, `unmatched format ${what} "${node.text}"`);
      }
    });
    this.skipSpaces();
    if (this.at < this.text.length)
      throw pgError(SqlState.invalidDatetimeFormat, 'trailing characters remain in input string after datetime format');
    this.values.isIso = this.mode === 'iso';
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

  /** ISO week dates and Gregorian ones must not be mixed. */
  private takeMode(name: string): void {
    const mode = isoFields.has(name) ? 'iso' : gregorianFields.has(name) ? 'gregorian' : null;
    if (mode === null) return;
    if (this.mode !== null && this.mode !== mode) {
      throw pgError(SqlState.invalidDatetimeFormat, 'invalid combination of date conventions', {
        hint: 'Do not mix Gregorian and ISO week date conventions in a formatting template.',
      });
    }
    this.mode = mode;
  }

  private set(name: NumberKey, value: number, field: TemplateField): void {
    const before = this.values[name];
    if (before !== 0 && before !== value) {
      throw pgError(
        SqlState.invalidDatetimeFormat,
        `conflicting values for "${field.text}" field in formatting string`,
        { detail: 'This value contradicts a previous setting for the same field type.' },
      );
    }
    this.values[name] = value;
  }

  /** Digits of a field: as many as it has room for, or all there are where nothing can be mistaken for more. */
  private integer(field: TemplateField, width: number, next: TemplateNode | undefined): number {
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
    const { values } = this;
    if (/^HH(12)?$/.test(field.name)) values.is12Hour = true;
    const number = numbers[field.name];
    if (number !== undefined) {
      const [name, digits] = number;
      this.set(name, this.integer(field, digits, next), field);
      this.ordinal(field);
      return;
    }
    switch (field.name) {
      case 'A.M.':
      case 'P.M.':
        this.set('pm', this.word(field, ['a.m.', 'p.m.']), field);
        values.is12Hour = true;
        return;
      case 'AM':
      case 'PM':
        this.set('pm', this.word(field, ['am', 'pm']), field);
        values.is12Hour = true;
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
        this.weekday(field, this.word(field, fullDays));
        return;
      case 'DY':
        this.weekday(field, this.word(field, days));
        return;
      default:
        this.specialField(field, next);
    }
  }

  /** Weekdays are compared as they are read and kept one higher, so that one day named twice contradicts itself. */
  private weekday(field: TemplateField, value: number): void {
    this.set('weekday', value, field);
    this.values.weekday = value >= 7 ? 1 : value + 1;
  }

  private specialField(field: TemplateField, next: TemplateNode | undefined): void {
    const { name } = field;
    if (/^(MS|US|FF\d)$/.test(name)) {
      this.fraction(field, next);
    } else if (/^(YYYY|IYYY|YYY|IYY|YY|IY|Y|I)$/.test(name)) {
      this.year(field, next);
    } else if (name === 'Y,YYY') {
      this.yearWithComma(field);
    } else if (name === 'Q') {
      // A quarter is read and counts for nothing.
      this.integer(field, 1, next);
      this.ordinal(field);
    } else if (name === 'ID') {
      this.weekday(field, this.integer(field, 1, next));
      this.ordinal(field);
    } else if (name === 'TZ' || name === 'OF' || name === 'TZH' || name === 'TZM') {
      this.zoneField(field, next);
    }
  }

  /** Digits of a fraction; digits past the sixth are not cut off, so that the value falls out of range. */
  private fraction(field: TemplateField, next: TemplateNode | undefined): void {
    const isMilliseconds = field.name === 'MS';
    const width = isMilliseconds ? 3 : field.name === 'US' ? 6 : Number(field.name[2]);
    const start = this.at;
    const value = this.integer(field, width, next);
    const factor = 10 ** Math.max((isMilliseconds ? 3 : 6) - (this.at - start), 0);
    this.set(isMilliseconds ? 'millisecond' : 'microsecond', value * factor, field);
    if (field.name.startsWith('FF')) this.values.fractionDigits = width;
    this.ordinal(field);
  }

  private year(field: TemplateField, next: TemplateNode | undefined): void {
    const width = field.name.length;
    const start = this.at;
    const value = this.integer(field, width, next);
    this.set('year', width < 4 && this.at - start < 4 ? fullYear(value) : value, field);
    this.values.yearDigits = width;
    this.ordinal(field);
  }

  private yearWithComma(field: TemplateField): void {
    const match = /^\s*([+-]?\d+),(\d{3})/.exec(this.text.slice(this.at));
    if (!match) throw pgError(SqlState.invalidDatetimeFormat, `invalid input string for "Y,YYY"`);
    this.set('year', Number(match[1]) * 1000 + Number(match[2]), field);
    this.values.yearDigits = 4;
    this.at += match[0].length;
    this.ordinal(field);
  }

  private zoneField(field: TemplateField, next: TemplateNode | undefined): void {
    const { values } = this;
    if (field.name === 'TZM') {
      // Minutes alone are an offset east of UTC.
      if (values.zoneSign === 0) values.zoneSign = 1;
      this.set('zoneMinute', this.integer(field, 2, next), field);
      return;
    }
    const rest = this.text.slice(this.at);
    if (field.name === 'TZ' && this.abbreviation(field, rest)) return;
    const sign = /^[+\- ]/.exec(rest)?.[0];
    // A minus that was taken for the template's separator is the sign.
    const isSkippedMinus = sign === undefined && this.extraSkip > 0 && this.text[this.at - 1] === '-';
    values.zoneSign = sign === '-' || isSkippedMinus ? -1 : 1;
    if (sign !== undefined) this.at++;
    this.set('zoneHour', this.integer(field, 2, next), field);
    if (field.name === 'TZH' || this.text[this.at] !== ':') return;
    this.at++;
    this.set('zoneMinute', this.integer(field, 2, next), field);
  }

  /** The longest abbreviation that the letters begin with; false where there are no letters. */
  private abbreviation(field: TemplateField, rest: string): boolean {
    const letters = /^[A-Za-z]+/.exec(rest)?.[0];
    if (letters === undefined) return false;
    let { length } = letters;
    while (length > 0 && findAbbreviation(letters.slice(0, length).toLowerCase()) === null) length--;
    const zone = findAbbreviation(letters.slice(0, length).toLowerCase());
    if (!zone) {
      throw pgError(SqlState.invalidDatetimeFormat, `invalid value "${rest}" for "${field.text}"`, {
        detail: 'Time zone abbreviation is not recognized.',
      });
    }
    this.values.zone = zone;
    this.values.zoneSign = 0;
    this.at += length;
    return true;
  }
}

function isNextSeparator(next: TemplateNode | undefined): boolean {
  if (next === undefined) return true;
  if (next.kind !== 'field') return true;
  return /^(A\.?[DM]\.?|B\.?C\.?|P\.?M\.?|MON|MONTH|DAY|DY|RM|TZ|TZH|OF)$/.test(next.name);
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
