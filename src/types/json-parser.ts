// Reads JSON text: builds jsonb's tree, or only checks the text (type json keeps it as written). Errors are
// PostgreSQL's: 22P02 with a detail naming the token and a context line, 22P05 for \u0000.
import { jsonDepthMax } from '../base/limits.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import { Numeric } from './numeric.js';
import { JsonbObject, type JsonbNode } from './jsonb.js';
import { invalidSyntax } from './input-error.js';

/** What the parser makes of each value, given where it stands: `start` and `end` are offsets into the text. */
export interface JsonBuilder<T> {
  string(value: string, start: number, end: number): T;
  number(word: string, start: number, end: number): T;
  literal(value: boolean | null, start: number, end: number): T;
  object(members: readonly (readonly [string, T])[], start: number, end: number): T;
  array(elements: readonly T[], start: number, end: number): T;
}

/** Parses text into jsonb's tree. */
export function parseJsonb(text: string): JsonbNode {
  return parseJson(text, jsonbBuilder);
}

/** Parses text with escapes resolved, building whatever the builder makes; throws 22P02, 22P05. */
export function parseJson<T>(text: string, builder: JsonBuilder<T>): T {
  return new JsonParser(text, true, builder).document();
}

/** Throws unless the text is JSON. Escapes are checked for their form only, as type json does. */
export function checkJson(text: string): void {
  new JsonParser(text, false, checkBuilder).document();
}

const jsonbBuilder: JsonBuilder<JsonbNode> = {
  string: (value) => value,
  number: (word) => numberOf(word),
  literal: (value) => value,
  object: (members) => JsonbObject.from(members),
  array: (elements) => elements,
};

const checkBuilder: JsonBuilder<null> = {
  string: () => null,
  number: () => null,
  literal: () => null,
  object: () => null,
  array: () => null,
};

type TokenKind = '{' | '}' | '[' | ']' | ':' | ',' | 'string' | 'number' | 'true' | 'false' | 'null' | 'end';

class JsonParser<T> {
  private kind: TokenKind = 'end';
  private start = 0;
  private position = 0;
  private value = '';
  private depth = 0;

  constructor(
    private readonly text: string,
    private readonly build: boolean,
    private readonly builder: JsonBuilder<T>,
  ) {}

  document(): T {
    this.next();
    const root = this.node();
    if (!this.is('end')) throw this.unexpected('Expected end of input, but found');
    return root;
  }

  private node(): T {
    const { builder, start, kind } = this;
    switch (kind) {
      case '{':
      case '[': {
        if (++this.depth > jsonDepthMax) throw tooDeep();
        const node = kind === '{' ? this.object(start) : this.array(start);
        this.depth -= 1;
        return node;
      }
      case 'string': {
        const node = builder.string(this.value, start, this.position);
        this.next();
        return node;
      }
      case 'number': {
        const node = builder.number(this.text.slice(start, this.position), start, this.position);
        this.next();
        return node;
      }
      case 'true':
      case 'false':
      case 'null': {
        const node = builder.literal(kind === 'null' ? null : kind === 'true', start, this.position);
        this.next();
        return node;
      }
      default:
        throw this.unexpected('Expected JSON value, but found');
    }
  }

  private object(start: number): T {
    const members: [string, T][] = [];
    this.next();
    if (!this.is('}')) {
      if (!this.is('string')) throw this.unexpected('Expected string or "}", but found');
      for (;;) {
        const key = this.value;
        this.next();
        if (!this.is(':')) throw this.unexpected('Expected ":", but found');
        this.next();
        members.push([key, this.node()]);
        if (this.is('}')) break;
        if (!this.is(',')) throw this.unexpected('Expected "," or "}", but found');
        this.next();
        if (!this.is('string')) throw this.unexpected('Expected string, but found');
      }
    }
    const node = this.builder.object(members, start, this.position);
    this.next();
    return node;
  }

  private array(start: number): T {
    const elements: T[] = [];
    this.next();
    if (!this.is(']')) {
      for (;;) {
        elements.push(this.node());
        if (this.is(']')) break;
        if (!this.is(',')) throw this.unexpected('Expected "," or "]", but found');
        this.next();
      }
    }
    const node = this.builder.array(elements, start, this.position);
    this.next();
    return node;
  }

  private is(kind: TokenKind): boolean {
    return this.kind === kind;
  }

  private next(): void {
    const { text } = this;
    let at = this.position;
    for (; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (unit !== 32 && unit !== 10 && unit !== 13 && unit !== 9) break;
    }
    this.start = at;
    const char = text[at];
    if (char === undefined) {
      this.position = at;
      this.kind = 'end';
    } else if (char === '"') {
      this.string();
    } else if (char === '-' || (char >= '0' && char <= '9')) {
      this.number();
    } else if ('{}[]:,'.includes(char)) {
      this.position = at + 1;
      this.kind = char as TokenKind;
    } else {
      this.word();
    }
  }

  private word(): void {
    alphanumeric.lastIndex = this.start;
    const match = alphanumeric.exec(this.text);
    this.position = this.start + Math.max(match?.[0].length ?? 0, 1);
    const word = this.text.slice(this.start, this.position);
    if (word !== 'true' && word !== 'false' && word !== 'null') throw this.invalidToken();
    this.kind = word;
  }

  private number(): void {
    const { text } = this;
    numberForm.lastIndex = this.start;
    const match = numberForm.exec(text)?.[0] ?? '';
    const stop = this.start + Math.max(match.length, 1);
    // A point or exponent that leads nowhere belongs to the bad token.
    let tail = stop;
    if (match !== '' && !/[.eE]/.test(match) && text[tail] === '.') tail += 1;
    else if (match !== '' && !/[eE]/.test(match) && /^[eE][+-]/.test(text.slice(tail, tail + 2))) tail += 2;
    alphanumeric.lastIndex = tail;
    tail += alphanumeric.exec(text)?.[0].length ?? 0;
    this.position = tail;
    if (match === '' || tail > stop) throw this.invalidToken();
    this.kind = 'number';
  }

  private string(): void {
    const { text } = this;
    let value = '';
    let at = this.start + 1;
    for (;;) {
      plainRun.lastIndex = at;
      const run = plainRun.exec(text)?.[0] ?? '';
      value += run;
      at += run.length;
      const char = text[at];
      if (char === '"') break;
      if (char === undefined) {
        this.position = at;
        throw this.invalidToken();
      }
      if (char !== '\\') {
        const code = char.charCodeAt(0).toString(16).padStart(2, '0');
        throw this.failAt(at, `Character with value 0x${code} must be escaped.`);
      }
      const [piece, next] = this.escape(at);
      value += piece;
      at = next;
    }
    this.position = at + 1;
    this.value = value;
    this.kind = 'string';
  }

  /** Reads the escape sequence at `at`: its text and where it ends. */
  private escape(at: number): [string, number] {
    const char = this.text[at + 1];
    if (char === undefined) {
      this.position = at + 1;
      throw this.invalidToken();
    }
    const simple = simpleEscapes[char];
    if (simple !== undefined) return [simple, at + 2];
    if (char !== 'u')
      throw this.failAt(
        at + 1 + characterAt(this.text, at + 1).length,
        `Escape sequence "\\${characterAt(this.text, at + 1)}" is invalid.`,
      );
    const unit = this.hexUnit(at + 2);
    if (!this.build) return ['', at + 6];
    if (unit === 0) {
      throw this.failAt(at + 6, '\\u0000 cannot be converted to text.', SqlState.untranslatableCharacter);
    }
    if (unit >= 0xdc00 && unit <= 0xdfff)
      throw this.failAt(at + 6, 'Unicode low surrogate must follow a high surrogate.');
    if (unit < 0xd800 || unit > 0xdbff) return [String.fromCharCode(unit), at + 6];
    return this.lowSurrogate(unit, at + 6);
  }

  private lowSurrogate(high: number, at: number): [string, number] {
    if (this.text[at] !== '\\' || this.text[at + 1] !== 'u') {
      const stop = this.text[at] === '\\' ? at + 2 : at + 1;
      throw this.failAt(Math.min(stop, this.text.length), 'Unicode low surrogate must follow a high surrogate.');
    }
    const low = this.hexUnit(at + 2);
    if (low >= 0xd800 && low <= 0xdbff) {
      throw this.failAt(at + 6, 'Unicode high surrogate must not follow a high surrogate.');
    }
    if (low < 0xdc00 || low > 0xdfff) throw this.failAt(at + 6, 'Unicode low surrogate must follow a high surrogate.');
    return [String.fromCharCode(high, low), at + 6];
  }

  private hexUnit(at: number): number {
    for (let index = at; index < at + 4; index++) {
      const char = this.text[index];
      if (char === undefined) {
        this.position = index;
        throw this.invalidToken();
      }
      if (!/[0-9a-fA-F]/.test(char)) {
        const stop = index + characterAt(this.text, index).length;
        throw this.failAt(stop, '"\\u" must be followed by four hexadecimal digits.');
      }
    }
    return Number.parseInt(this.text.slice(at, at + 4), 16);
  }

  private failAt(stop: number, detail: string, state?: SqlState): Error {
    this.position = stop;
    return this.error(detail, state);
  }

  private invalidToken(): Error {
    return this.error(`Token "${this.text.slice(this.start, this.position)}" is invalid.`);
  }

  private unexpected(expectation: string): Error {
    if (this.is('end')) return this.error('The input string ended unexpectedly.');
    return this.error(`${expectation} "${this.text.slice(this.start, this.position)}".`);
  }

  private error(detail: string, state: SqlState = SqlState.invalidTextRepresentation): Error {
    const message = state === SqlState.untranslatableCharacter ? 'unsupported Unicode escape sequence' : invalidJson;
    return pgError(state, message, { detail, where: this.context() });
  }

  // The line up to the offending token's end, cut to fifty bytes.
  private context(): string {
    const { text, position } = this;
    const before = text.slice(0, this.start);
    const lineStart = before.lastIndexOf('\n') + 1;
    const line = before.split('\n').length;
    let from = lineStart;
    while (Buffer.byteLength(text.slice(from, position)) >= 50) from += characterAt(text, from).length;
    if (Buffer.byteLength(text.slice(lineStart, from)) <= 3) from = lineStart;
    const following = text[position];
    const more = !this.is('end') || position < text.length;
    const suffix = more && following !== undefined && following !== '\n' && following !== '\r' ? '...' : '';
    return `JSON data, line ${line}: ${from > lineStart ? '...' : ''}${text.slice(from, position)}${suffix}`;
  }
}

function tooDeep(): Error {
  return pgError(SqlState.statementTooComplex, 'stack depth limit exceeded', {
    hint: 'Increase the configuration parameter "max_stack_depth" (currently 2048kB), after ensuring the platform\'s stack depth limit is adequate.',
  });
}

const invalidJson = 'invalid input syntax for type json';
const alphanumeric = /[A-Za-z0-9_\u0080-\uffff]*/y;
const numberForm = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const plainRun = /[^"\\\u0000-\u001f]*/y;
const simpleEscapes: Readonly<Record<string, string>> = Object.assign(Object.create(null), {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
});

function numberOf(word: string): Numeric {
  const value = Numeric.parse(word);
  if (value === null) throw invalidSyntax('numeric', word);
  return value;
}

function characterAt(text: string, at: number): string {
  return String.fromCodePoint(text.codePointAt(at) ?? 0);
}
