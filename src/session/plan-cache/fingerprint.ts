// A statement's text without its literals: a fast scan that finds plain numbers and strings and puts a mark in the place
// of each. It gives up (null) on whatever the grammar reads in more than one way: comments, parameters, escapes, dollar
// quotes, continued strings, unusual numbers. Invariant: texts with one skeleton differ in nothing but these literals,
// each of the same kind, so that they parse to the same tree but for the literals' values and places.
import { fingerprintCharactersMax, fingerprintLiteralsMax } from '../../base/limits.js';

/** int4, int8: digits in range; numeric: digits with one point; text: a string. */
export type LiteralKind = 'int4' | 'int8' | 'numeric' | 'text';

export interface Literal {
  readonly kind: LiteralKind;
  /** Place of the literal in the text, and of a minus before it (-1 for none): constants are known by either. */
  readonly start: number;
  readonly minus: number;
  /** A number as written, a string without its quotes. */
  readonly text: string;
}

export interface Fingerprint {
  readonly skeleton: string;
  readonly literals: readonly Literal[];
}

const marks: Readonly<Record<LiteralKind, string>> = {
  int4: '\u0001',
  int8: '\u0002',
  numeric: '\u0003',
  text: '\u0004',
};

/** Null where the text holds no literal, or something that the scan leaves to the parser. */
export function fingerprint(sql: string): Fingerprint | null {
  if (sql.length > fingerprintCharactersMax) return null;
  const scan = new Scan(sql);
  return scan.run() && scan.literals.length > 0 ? { skeleton: scan.skeleton(), literals: scan.literals } : null;
}

/** The text as the addon knows a statement without literals by; null where the scan gives up or finds some. */
export function plainText(sql: string): string | null {
  const scan = new Scan(sql);
  return scan.run() && scan.literals.length === 0 ? sql : null;
}

class Scan {
  readonly literals: Literal[] = [];
  private pieces = '';
  /** End of the last literal: text from here on is not in the skeleton yet. */
  private copied = 0;
  private at = 0;
  /** Place of a minus that nothing but space follows so far; -1 for none. */
  private minus = -1;

  constructor(private readonly sql: string) {}

  skeleton(): string {
    return this.pieces + this.sql.slice(this.copied);
  }

  /** Walks over the text; false where it gives up. */
  run(): boolean {
    const { sql } = this;
    while (this.at < sql.length) {
      const code = sql.charCodeAt(this.at);
      if (code === space || code === newline || code === tab || code === carriageReturn) this.at++;
      else if (isWordStart(code)) {
        if (!this.word()) return false;
      } else if (isDigit(code)) {
        if (!this.number()) return false;
      } else if (code === quote) {
        if (!this.string()) return false;
      } else if (!this.other(code)) return false;
      if (this.literals.length > fingerprintLiteralsMax) return false;
    }
    return true;
  }

  private word(): boolean {
    this.minus = -1;
    do this.at++;
    while (isWordPart(this.sql.charCodeAt(this.at)));
    // E'', B'', X'', N'', U&'' and U&"".
    const next = this.sql.charCodeAt(this.at);
    return next !== quote && next !== ampersand;
  }

  private number(): boolean {
    const { sql } = this;
    const start = this.at;
    while (isDigit(sql.charCodeAt(this.at))) this.at++;
    const digits = this.at - start;
    let kind: LiteralKind = digits <= 9 ? 'int4' : 'int8';
    if (sql.charCodeAt(this.at) === point) {
      const fraction = ++this.at;
      while (isDigit(sql.charCodeAt(this.at))) this.at++;
      if (this.at === fraction) return false;
      kind = 'numeric';
    } else if (digits >= 10) {
      const value = Number(sql.slice(start, this.at));
      // One more than the largest int4 is an int4 where a minus stands before it.
      if (digits > 18 || value === int4Max + 1) return false;
      if (value <= int4Max) kind = 'int4';
    }
    const next = sql.charCodeAt(this.at);
    if (next === point || isWordPart(next)) return false;
    this.add(kind, start, sql.slice(start, this.at));
    return true;
  }

  private string(): boolean {
    const { sql } = this;
    const start = this.at;
    let end = sql.indexOf("'", start + 1);
    let isDoubled = false;
    while (end >= 0 && sql.charCodeAt(end + 1) === quote) {
      isDoubled = true;
      end = sql.indexOf("'", end + 2);
    }
    if (end < 0) return false;
    this.at = end + 1;
    const text = sql.slice(start + 1, end);
    this.add('text', start, isDoubled ? text.replaceAll("''", "'") : text);
    return !/^\s*'/.test(sql.slice(end + 1, end + 64)) && !text.includes('\0');
  }

  private other(code: number): boolean {
    const next = this.sql.charCodeAt(this.at + 1);
    this.minus = -1;
    switch (code) {
      case doubleQuote: {
        const end = this.sql.indexOf('"', this.at + 1);
        if (end < 0) return false;
        this.at = end + 1;
        return true;
      }
      case minusSign:
        if (next === minusSign) return false;
        this.minus = this.at;
        break;
      case slash:
        if (next === asterisk) return false;
        break;
      case point:
        if (isDigit(next)) return false;
        break;
      case dollar:
        return false;
      default:
        if (code < space) return false;
    }
    this.at++;
    return true;
  }

  private add(kind: LiteralKind, start: number, text: string): void {
    this.literals.push({ kind, start, minus: this.minus, text });
    this.pieces += this.sql.slice(this.copied, start) + marks[kind];
    this.copied = this.at;
    this.minus = -1;
  }
}

const tab = 9;
const newline = 10;
const carriageReturn = 13;
const space = 32;
const doubleQuote = 34;
const dollar = 36;
const ampersand = 38;
const quote = 39;
const asterisk = 42;
const minusSign = 45;
const point = 46;
const slash = 47;
const int4Max = 2147483647;

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function isWordStart(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95 || code >= 128;
}

function isWordPart(code: number): boolean {
  return isWordStart(code) || isDigit(code) || code === dollar;
}
