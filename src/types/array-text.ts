// Text form of arrays (manual, section 8.15): dimensions, braces, quoting. Works on element texts only; turning them
// into values is array-type.ts's part.
import { escapeCharacters } from './escape.js';
import { arrayDimensionsMax, arrayElementsMax } from '../base/limits.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import { isSpace } from './input-error.js';
import { watchGrowth } from './memory.js';

export interface ArrayLiteral<T> {
  readonly dimensions: number[];
  readonly lowerBounds: number[];
  /** Elements in row-major order. */
  readonly elements: T[];
}

/** Parses an array literal, turning each element's text (null for NULL) into a value as it is met; throws 22P02
 *  "malformed array literal" with PostgreSQL's details, 2202E, 22003, 54000. */
export function parseArrayLiteral<T>(
  text: string,
  delimiter: string,
  element: (text: string | null) => T,
  readsNulls = true,
): ArrayLiteral<T> {
  const scanner = new Scanner(text, delimiter, readsNulls);
  const bounds = scanner.dimensions();
  const literal = new ContentParser(scanner, bounds.dimensions, element).parse();
  scanner.skipSpace();
  if (scanner.position < text.length) throw malformed(text, 'Junk after closing right brace.');
  if (literal.elements.length === 0) return { dimensions: [], lowerBounds: [], elements: [] };
  const lowerBounds = bounds.dimensions.length > 0 ? bounds.lowerBounds : literal.dimensions.map(() => 1);
  return { dimensions: literal.dimensions, lowerBounds, elements: literal.elements };
}

/** Prints element texts as an array; null elements as NULL. */
export function formatArrayLiteral(
  elements: readonly (string | null)[],
  dimensions: readonly number[],
  lowerBounds: readonly number[],
  delimiter: string,
): string {
  if (elements.length === 0) return '{}';
  let next = 0;
  const level = (depth: number): string => {
    if (depth === dimensions.length) {
      const element = elements[next++];
      return element === null || element === undefined ? 'NULL' : quoteElement(element, delimiter);
    }
    const parts: string[] = [];
    for (let index = 0; index < (dimensions[depth] as number); index++) parts.push(level(depth + 1));
    return `{${parts.join(delimiter)}}`;
  };
  const body = level(0);
  if (lowerBounds.every((bound) => bound === 1)) return body;
  const bounds = dimensions.map((length, at) => `[${lowerBounds[at]}:${(lowerBounds[at] as number) + length - 1}]`);
  return `${bounds.join('')}=${body}`;
}

function quoteElement(text: string, delimiter: string): string {
  if (text !== '' && !/["\\{} \t\n\r\f\v]/.test(text) && !text.includes(delimiter) && !/^null$/i.test(text))
    return text;
  return `"${escapeCharacters(text, /["\\]/g, (character) => `\\${character}`)}"`;
}

function malformed(text: string, detail: string): Error {
  return pgError(SqlState.invalidTextRepresentation, `malformed array literal: "${text}"`, { detail });
}

type Token =
  | { readonly kind: 'start' | 'end' | 'delimiter' }
  | { readonly kind: 'element'; readonly text: string | null };

class Scanner {
  position = 0;

  constructor(
    readonly text: string,
    readonly delimiter: string,
    private readonly readsNulls: boolean,
  ) {}

  skipSpace(): void {
    while (isSpace(this.text[this.position])) this.position++;
  }

  dimensions(): { dimensions: number[]; lowerBounds: number[] } {
    const dimensions: number[] = [];
    const lowerBounds: number[] = [];
    for (this.skipSpace(); this.text[this.position] === '['; this.skipSpace()) {
      this.position++;
      if (dimensions.length >= arrayDimensionsMax) throw tooManyDimensions();
      const [lower, upper] = this.bounds();
      if (upper < lower) {
        throw pgError(SqlState.arraySubscriptError, 'upper bound cannot be less than lower bound');
      }
      if (upper === 2147483647) {
        throw pgError(SqlState.programLimitExceeded, `array upper bound is too large: ${upper}`);
      }
      dimensions.push(upper - lower + 1);
      lowerBounds.push(lower);
    }
    if (dimensions.reduce((size, length) => size * length, 1) > arrayElementsMax) throw tooManyElements();
    this.expectContents(dimensions.length > 0);
    return { dimensions, lowerBounds };
  }

  private bounds(): [number, number] {
    const first = this.integer();
    if (first === null) throw malformed(this.text, '"[" must introduce explicitly-specified array dimensions.');
    let lower = 1;
    let upper = first;
    if (this.text[this.position] === ':') {
      this.position++;
      lower = first;
      const second = this.integer();
      if (second === null) throw malformed(this.text, 'Missing array dimension value.');
      upper = second;
    }
    if (this.text[this.position] !== ']') throw malformed(this.text, 'Missing "]" after array dimensions.');
    this.position++;
    return [lower, upper];
  }

  private expectContents(explicit: boolean): void {
    if (!explicit) {
      if (this.text[this.position] !== '{') {
        throw malformed(this.text, 'Array value must start with "{" or dimension information.');
      }
      return;
    }
    if (this.text[this.position] !== '=') throw malformed(this.text, 'Missing "=" after array dimensions.');
    this.position++;
    this.skipSpace();
    if (this.text[this.position] !== '{') throw malformed(this.text, 'Array contents must start with "{".');
  }

  private integer(): number | null {
    const match = /^[+-]?\d+/.exec(this.text.slice(this.position, this.position + 32));
    if (match === null) return null;
    this.position += match[0].length;
    const value = Number(match[0]);
    if (value > 2147483647 || value < -2147483648) {
      throw pgError(SqlState.numericValueOutOfRange, 'array bound is out of integer range');
    }
    return value;
  }

  token(): Token {
    this.skipSpace();
    const char = this.text[this.position];
    if (char === undefined) throw malformed(this.text, 'Unexpected end of input.');
    if (char === '{' || char === '}') {
      this.position++;
      return { kind: char === '{' ? 'start' : 'end' };
    }
    if (char === '"') return { kind: 'element', text: this.quoted() };
    if (char === this.delimiter) {
      this.position++;
      return { kind: 'delimiter' };
    }
    return { kind: 'element', text: this.unquoted() };
  }

  private quoted(): string {
    let value = '';
    for (this.position++; ; this.position++) {
      let char = this.text[this.position];
      if (char === '"') break;
      if (char === '\\') char = this.text[++this.position];
      if (char === undefined) throw malformed(this.text, 'Unexpected end of input.');
      value += char;
    }
    this.position++;
    this.skipSpace();
    const next = this.text[this.position];
    if (next === undefined) throw malformed(this.text, 'Unexpected end of input.');
    if (next !== this.delimiter && next !== '}') throw malformed(this.text, 'Incorrectly quoted array element.');
    return value;
  }

  private unquoted(): string | null {
    let value = '';
    let kept = 0;
    let escaped = false;
    for (; ; this.position++) {
      const char = this.text[this.position];
      if (char === undefined) throw malformed(this.text, 'Unexpected end of input.');
      if (char === '{') throw malformed(this.text, 'Unexpected "{" character.');
      if (char === '"') throw malformed(this.text, 'Incorrectly quoted array element.');
      if (char === '}' || char === this.delimiter) break;
      if (char === '\\') {
        const next = this.text[++this.position];
        if (next === undefined) throw malformed(this.text, 'Unexpected end of input.');
        value += next;
        kept = value.length;
        escaped = true;
        continue;
      }
      value += char;
      if (!isSpace(char)) kept = value.length;
    }
    const text = value.slice(0, kept);
    return this.readsNulls && !escaped && /^null$/i.test(text) ? null : text;
  }
}

class ContentParser<T> {
  private readonly counts: number[] = [];
  private readonly lengths: number[];
  private readonly elements: T[] = [];
  private depth = 0;
  private ndim: number;
  private frozen: boolean;
  private expectDelimiter = false;

  constructor(
    private readonly scanner: Scanner,
    private readonly specified: readonly number[],
    private readonly element: (text: string | null) => T,
  ) {
    this.lengths = [...specified];
    this.ndim = specified.length;
    this.frozen = specified.length > 0;
  }

  parse(): { dimensions: number[]; elements: T[] } {
    do this.step(this.scanner.token());
    while (this.depth > 0);
    return { dimensions: this.lengths.slice(0, this.ndim), elements: this.elements };
  }

  private step(token: Token): void {
    switch (token.kind) {
      case 'start':
        return this.open();
      case 'end':
        return this.close();
      case 'delimiter':
        if (!this.expectDelimiter) throw this.unexpected(this.scanner.delimiter);
        this.expectDelimiter = false;
        return;
      case 'element':
        if (this.expectDelimiter) throw malformed(this.scanner.text, 'Unexpected array element.');
        if (this.elements.length >= arrayElementsMax) throw tooManyElements();
        watchGrowth(this.elements);
        this.elements.push(this.element(token.text));
        this.frozen = true;
        if (this.depth !== this.ndim) throw this.mismatch();
        this.counts[this.depth - 1] = (this.counts[this.depth - 1] as number) + 1;
        this.expectDelimiter = true;
    }
  }

  private open(): void {
    if (this.expectDelimiter) throw this.unexpected('{');
    if (this.depth >= arrayDimensionsMax) throw tooManyDimensions();
    this.counts[this.depth++] = 0;
    if (this.ndim < this.depth) {
      if (this.frozen) throw this.mismatch();
      this.ndim = this.depth;
    }
  }

  private close(): void {
    const count = this.counts[this.depth - 1] as number;
    if (count > 0 && !this.expectDelimiter) throw this.unexpected('}');
    this.depth--;
    if (this.depth > 0) this.counts[this.depth - 1] = (this.counts[this.depth - 1] as number) + 1;
    const length = this.lengths[this.depth];
    if (length === undefined) this.lengths[this.depth] = count;
    else if (length !== count) throw this.mismatch();
    this.expectDelimiter = true;
  }

  private unexpected(char: string): Error {
    return malformed(this.scanner.text, `Unexpected "${char}" character.`);
  }

  private mismatch(): Error {
    return malformed(
      this.scanner.text,
      this.specified.length > 0
        ? 'Specified array dimensions do not match array contents.'
        : 'Multidimensional arrays must have sub-arrays with matching dimensions.',
    );
  }
}

function tooManyDimensions(): Error {
  return pgError(
    SqlState.programLimitExceeded,
    `number of array dimensions exceeds the maximum allowed (${arrayDimensionsMax})`,
  );
}

/** 54000: more elements than an array may have. */
export function tooManyElements(): Error {
  return pgError(SqlState.programLimitExceeded, `array size exceeds the maximum allowed (${arrayElementsMax})`);
}
