// The meaning of date/time fields, in their order (manual, appendix B.1). Each field is judged by what is known so far:
// a number may be a year, a month, a day, a run-together date or a time.
import { pgError, SqlState } from '../../errors/pg-error.js';
import { daysInMonth, julianDay, civilFromJulian } from './calendar.js';
import { fault } from './input-errors.js';
import { splitFields } from './tokens.js';
import type { Field } from './tokens.js';
import { dateWord } from './words.js';
import type { Word } from './words.js';
import { findZoneWord, parseZoneOffset } from './zone-words.js';
import type { ZoneChoice } from './zone-words.js';

export type DateOrder = 'MDY' | 'DMY' | 'YMD';

export interface DecodedDateTime {
  readonly kind: 'value';
  readonly date: { readonly year: number; readonly month: number; readonly day: number } | null;
  /** Local time of day; hour may be 24 and second 60. */
  readonly time: DecodedTime | null;
  readonly zone: ZoneChoice | null;
}
export interface DecodedTime {
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly microsecond: number;
}
export interface DecodedSpecial {
  readonly kind: 'special';
  readonly value: Extract<Word, { kind: 'special' }>['value'];
  readonly time: DecodedTime | null;
  readonly zone: ZoneChoice | null;
}

/** Decodes a date, time or timestamp. Throws DateTimeProblem; 22023 for unknown zones. */
export function decodeDateTime(input: string, order: DateOrder, timeOnly = false): DecodedDateTime | DecodedSpecial {
  const fields = splitFields(input);
  if (!fields || fields.length === 0) throw fault('format');
  const decoder = new Decoder(order, timeOnly);
  for (const [index, field] of fields.entries()) {
    if (timeOnly && isMisplacedDate(field, index)) throw fault('format');
    decoder.field(field, fields[index + 1]);
  }
  return decoder.finish();
}

/** In input of time and timetz a date stands in front, in one piece; its words and numbers don't stand alone. */
function isMisplacedDate(field: Field, index: number): boolean {
  if (field.kind === 'date') return index > 0 && /^\d/.test(field.text);
  if (field.kind !== 'word') return false;
  const word = dateWord(field.text);
  if (word?.kind === 'special') return word.value !== 'allballs';
  return word?.kind === 'month' || word?.kind === 'weekday';
}

class Decoder {
  private year: number | null = null;
  private month: number | null = null;
  private day: number | null = null;
  private dayOfYear: number | null = null;
  private hasTextMonth = false;
  private isTwoDigitYear = false;
  private isBc = false;
  private hasEra = false;
  private time: DecodedTime | null = null;
  private meridiem: { readonly pm: boolean } | null = null;
  private zone: ZoneChoice | null = null;
  private special: DecodedSpecial['value'] | null = null;
  private hasWeekday = false;
  /** What a word before announced for the next number: J2451187, T040506. */
  private announced: 'julian' | 'isoTime' | null = null;

  constructor(
    private readonly order: DateOrder,
    /** A number that could be a date is a time: input of time and timetz. */
    private readonly timeOnly: boolean,
  ) {}

  field(field: Field, next: Field | undefined): void {
    switch (field.kind) {
      case 'date':
        this.dateField(field.text);
        return;
      case 'time':
        this.timeField(field.text);
        return;
      case 'zone':
        this.zoneField(field.text);
        return;
      case 'number':
        this.numberField(field.text);
        return;
      case 'word':
        this.wordField(field.text, next);
    }
  }

  finish(): DecodedDateTime | DecodedSpecial {
    if (this.announced !== null) throw fault('format');
    const isEndless = this.special !== null && /infinity|epoch/.test(this.special);
    if (isEndless && (this.time !== null || this.meridiem !== null)) throw fault('format');
    const time = this.finishTime();
    if (this.special !== null) {
      const isDay = ['today', 'tomorrow', 'yesterday', 'now'].includes(this.special);
      if (this.hasAnyDate() || (!isDay && time !== null)) throw fault('format');
      return { kind: 'special', value: this.special, time, zone: this.zone };
    }
    if (this.dayOfYear !== null && this.year !== null) this.setFromDayOfYear();
    if (!this.hasAnyDate()) {
      if (time === null) throw fault('format');
      return { kind: 'value', date: null, time, zone: this.zone };
    }
    return { kind: 'value', date: this.finishDate(), time, zone: this.zone };
  }

  private hasAnyDate(): boolean {
    return this.year !== null || this.month !== null || this.day !== null;
  }

  private get hasFullDate(): boolean {
    return (
      (this.year !== null && this.month !== null && this.day !== null) ||
      (this.year !== null && this.dayOfYear !== null)
    );
  }

  private dateField(text: string): void {
    if (this.announced === 'isoTime') throw fault('format');
    // A word with delimiters is a date with a month's name, else a zone.
    if (/^[a-z]/.test(text) && !startsWithMonth(text)) {
      this.zoneName(text);
      return;
    }
    if (this.announced === 'julian') {
      // J2452271-08: the day and a zone.
      const [, day = '', zone = ''] = /^(\d+)(-[\d:]+)$/.exec(text) ?? [];
      if (day === '') throw fault('format');
      this.announced = null;
      this.setJulian(day);
      this.zoneField(zone);
      return;
    }
    if (this.hasFullDate) {
      // Behind a date and time: 1999-01-08 04:05:06-08, cut as 04:05:06 and -08 elsewhere; here 20011225T040506-08.
      const trailing = /^(\d+)-(.+)$/.exec(text);
      if (!trailing || this.time !== null) throw fault('format');
      this.numberGroup(trailing[1] ?? '');
      this.zoneField(`-${trailing[2]}`);
      return;
    }
    if (/[-/.]$/.test(text)) throw fault('format');
    const parts = text.split(/[-/.]/).filter((part) => part !== '');
    if (parts.length > 3) throw fault('format');
    const months = parts.findIndex((part) => /^[a-z]/.test(part));
    const words = parts.filter((part) => /^[a-z]/.test(part));
    for (const word of words) {
      const found = dateWord(word);
      if (found?.kind !== 'month' || this.month !== null) throw fault('format');
      this.month = found.month;
      this.hasTextMonth = true;
    }
    parts.forEach((part, index) => {
      if (index === months && words.length > 0) return;
      if (!/^\d+$/.test(part)) throw fault('format');
      this.dateNumber(part);
    });
  }

  private timeField(text: string): void {
    if (this.time !== null) throw fault('format');
    this.announced = this.announced === 'isoTime' ? null : this.announced;
    const match = /^(\d+):(\d+)(?::(\d+)(\.\d*)?|(\.\d*))?$/.exec(text);
    if (!match) throw fault('format');
    const [, hour = '', minute = '', second, fraction, shortFraction] = match;
    // mm:ss.fff without hours is minutes and seconds only in intervals.
    if (shortFraction !== undefined) throw fault('format');
    this.setTime(Number(hour), Number(minute), Number(second ?? 0), fraction ?? '');
  }

  private setTime(hour: number, minute: number, second: number, fraction: string): void {
    const { seconds, microsecond } = roundFraction(second, fraction);
    const isEndOfDay = hour === 24 && minute === 0 && seconds === 0 && microsecond === 0;
    if (minute > 59 || seconds > 60 || hour > 24 || (hour === 24 && !isEndOfDay) || (seconds === 60 && microsecond > 0))
      throw fault('field');
    this.time = { hour, minute, second: seconds, microsecond };
  }

  private zoneField(text: string): void {
    const offset = parseZoneOffset(text);
    if (this.zone !== null) throw fault('format');
    this.zone = { kind: 'offset', offset };
  }

  private zoneName(text: string): void {
    if (this.zone !== null) throw fault('format');
    const zone = findZoneWord(text);
    if (!zone) throw unknownZone(text);
    this.zone = zone;
  }

  private numberField(text: string): void {
    if (this.announced === 'julian') {
      this.announced = null;
      this.setJulian(text);
      return;
    }
    if (this.announced === 'isoTime') {
      this.announced = null;
      if (text.length < 4) throw fault('format');
      this.runTogetherTime(text);
      return;
    }
    const dot = text.indexOf('.');
    if (this.timeOnly && (this.hasAnyDate() || !/^\d{4}(\d\d(\.\d*)?)?$/.test(text))) throw fault('format');
    if (this.timeOnly && !this.hasAnyDate() && this.time === null && /^\d{4}(\d\d(\.\d*)?)?$/.test(text)) {
      this.runTogetherTime(text);
      return;
    }
    if (dot >= 0) {
      if (!this.hasAnyDate()) {
        this.dottedDate(text);
        return;
      }
      if (dot > 2) {
        this.numberGroup(text);
        return;
      }
      throw fault('format');
    }
    const isYear = this.month !== null && this.day !== null && this.year === null;
    if (text.length >= 6 && !isYear && (!this.hasFullDate || this.time === null)) this.numberGroup(text);
    else this.dateNumber(text);
  }

  /** 1999.008 (year and day of it) or 08.01 (no date). */
  private dottedDate(text: string): void {
    const [first = '', second = ''] = text.split('.');
    if (first === '') throw fault('format');
    this.dateNumber(first);
    if (second !== '') this.dateNumber(second);
  }

  /** A run-together date or time: 19990108, 990108, 040506.789, 0405. */
  private numberGroup(text: string): void {
    if (text.includes('.')) {
      this.runTogetherTime(text);
      return;
    }
    if (!this.hasFullDate && text.length >= 6) {
      const year = text.slice(0, -4);
      this.setOnce('year', Number(year));
      this.isTwoDigitYear = year.length === 2;
      this.setOnce('month', Number(text.slice(-4, -2)));
      this.setOnce('day', Number(text.slice(-2)));
      return;
    }
    this.runTogetherTime(text);
  }

  private runTogetherTime(text: string): void {
    if (this.time !== null) throw fault('format');
    const [digits = '', fraction] = text.split('.');
    if (digits.length === 6) {
      const parts = [digits.slice(0, 2), digits.slice(2, 4), digits.slice(4)].map(Number);
      this.setTime(parts[0] ?? 0, parts[1] ?? 0, parts[2] ?? 0, fraction === undefined ? '' : `.${fraction}`);
    } else if (digits.length === 4 && fraction === undefined) {
      this.setTime(Number(digits.slice(0, 2)), Number(digits.slice(2)), 0, '');
    } else if (digits.length <= 2 && fraction === undefined && this.time === null) {
      this.setTime(Number(digits), 0, 0, '');
    } else throw fault('format');
  }

  /** One number of a date: year, month or day, by the order of dates and by what is known. */
  private dateNumber(text: string): void {
    const value = Number(text);
    const isLong = text.length >= 3;
    const { year, month, day } = this;
    if (text.length === 3 && year !== null && month === null && day === null && value >= 1 && value <= 366) {
      this.dayOfYear = value;
      return;
    }
    if (year === null && month === null && day === null) {
      if (isLong || this.order === 'YMD') this.setYear(text);
      else if (this.order === 'DMY') this.day = value;
      else this.month = value;
    } else if (year !== null && month === null && day === null) this.month = value;
    else if (year === null && month !== null && day === null) {
      if (this.hasTextMonth && (isLong || this.order === 'YMD')) this.setYear(text);
      else this.day = value;
    } else if (year !== null && month !== null && day === null) {
      if (this.hasTextMonth && isLong && this.isTwoDigitYear) {
        // 15-Jan-1999 in YMD order: what was taken for the year was the day.
        this.day = year;
        this.setYear(text);
      } else this.day = value;
    } else if (year === null && month === null && day !== null) this.month = value;
    else if (year === null && month !== null && day !== null) this.setYear(text);
    else if (this.hasFullDate && this.time === null) this.runTogetherTime(text);
    else throw fault('format');
  }

  private setYear(text: string): void {
    this.year = Number(text);
    this.isTwoDigitYear = text.length <= 2;
  }

  private setOnce(name: 'year' | 'month' | 'day', value: number): void {
    if (this[name] !== null) throw fault('format');
    this[name] = value;
  }

  private setJulian(text: string): void {
    const [whole = '', fraction] = text.split('.');
    const date = civilFromJulian(Number(whole));
    this.setOnce('year', date.year);
    this.setOnce('month', date.month);
    this.setOnce('day', date.day);
    this.isTwoDigitYear = false;
    this.isAstronomicalYear = true;
    if (fraction === undefined) return;
    const microseconds = Math.round(Number(`0.${fraction}`) * 86_400_000_000);
    const second = Math.floor(microseconds / 1_000_000);
    this.time = {
      hour: Math.floor(second / 3600),
      minute: Math.floor(second / 60) % 60,
      second: second % 60,
      microsecond: microseconds % 1_000_000,
    };
  }
  /** The year counts with a year 0, as Julian days give it. */
  private isAstronomicalYear = false;

  private wordField(text: string, next: Field | undefined): void {
    const word = dateWord(text);
    if (word === undefined) {
      this.zoneName(text);
      return;
    }
    switch (word.kind) {
      case 'month':
        this.monthWord(word.month);
        return;
      case 'weekday':
        if (this.hasWeekday) throw fault('format');
        this.hasWeekday = true;
        return;
      case 'special':
        if (this.special !== null) throw fault('format');
        if (word.value === 'allballs') {
          if (this.time !== null) throw fault('format');
          this.time = { hour: 0, minute: 0, second: 0, microsecond: 0 };
          this.zone = { kind: 'offset', offset: 0 };
        } else this.special = word.value;
        return;
      case 'meridiem':
        this.meridiem = word;
        return;
      case 'era':
        if (this.hasEra) throw fault('format');
        this.hasEra = true;
        this.isBc = word.bc;
        return;
      case 'julian':
        if (this.hasAnyDate() || (next?.kind !== 'number' && next?.kind !== 'date')) throw fault('format');
        this.announced = 'julian';
        return;
      case 'isoTime':
        if (
          (!this.hasFullDate && !this.timeOnly) ||
          (next?.kind !== 'number' && next?.kind !== 'time' && next?.kind !== 'date')
        )
          throw fault('format');
        this.announced = next.kind === 'number' ? 'isoTime' : null;
        return;
      case 'dst':
        this.shiftToDst();
        return;
      case 'ignored':
    }
  }

  private monthWord(month: number): void {
    // A number before a month's name was no month but a day.
    if (this.month !== null && !this.hasTextMonth && this.day === null && this.month <= 31) {
      this.day = this.month;
      this.month = null;
    }
    if (this.month !== null) throw fault('format');
    this.month = month;
    this.hasTextMonth = true;
  }

  private shiftToDst(): void {
    if (this.zone?.kind !== 'offset') throw fault('format');
    this.zone = { kind: 'offset', offset: this.zone.offset + 3600 };
  }

  private finishTime(): DecodedTime | null {
    if (this.meridiem === null) return this.time;
    if (this.time === null) throw fault('format');
    const { hour } = this.time;
    if (hour > 12) throw fault('field');
    const shifted = this.meridiem.pm ? (hour === 12 ? 12 : hour + 12) : hour === 12 ? 0 : hour;
    return { ...this.time, hour: shifted };
  }

  private setFromDayOfYear(): void {
    const date = civilFromJulian(julianDay(this.fullYear(), 1, 1) + (this.dayOfYear ?? 1) - 1);
    this.month = date.month;
    this.day = date.day;
  }

  private fullYear(): number {
    const year = this.year ?? 0;
    if (this.isAstronomicalYear) return year;
    if (this.isBc) {
      // There is no year 0, and 1 BC is the year before 1.
      if (year <= 0) throw fault('field');
      return 1 - year;
    }
    if (this.isTwoDigitYear) return year < 70 ? year + 2000 : year < 100 ? year + 1900 : year;
    if (year <= 0) throw fault('field');
    return year;
  }

  private finishDate(): { readonly year: number; readonly month: number; readonly day: number } {
    const { month, day } = this;
    // Parts out of range are told before parts that lack.
    if (month !== null && (month < 1 || month > 12)) throw fault('order');
    if (day !== null && (day < 1 || day > 31)) throw fault('order');
    if (this.year === null || month === null || day === null) throw fault('format');
    const year = this.fullYear();
    if (day > daysInMonth(year, month)) throw fault('field');
    return { year, month, day };
  }
}

function startsWithMonth(text: string): boolean {
  return dateWord(/^[a-z]+/.exec(text)?.[0] ?? '')?.kind === 'month';
}

/** Seconds with their fraction rounded to microseconds, carried over where it rounds up to one. */
export function roundFraction(
  second: number,
  fraction: string,
): { readonly seconds: number; readonly microsecond: number } {
  if (fraction === '' || fraction === '.') return { seconds: second, microsecond: 0 };
  const microsecond = Math.round(Number(`0${fraction}`) * 1_000_000);
  return microsecond >= 1_000_000 ? { seconds: second + 1, microsecond: 0 } : { seconds: second, microsecond };
}

function unknownZone(text: string): Error {
  // A word alone is no zone but nonsense; one that looks like a zone's name is an unknown zone.
  if (!/[/_]/.test(text)) return fault('format');
  return pgError(SqlState.invalidParameterValue, `time zone "${text}" not recognized`);
}
