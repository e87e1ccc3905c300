// Cuts the text of a JSON path into tokens. The longest rule wins, as in PostgreSQL's scanner: `0755` is a name, `00` a
// number with junk behind it. Errors are 42601 and name the text of the token they were met at.
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { PgError } from '../../errors/pg-error.js';

export type TokenKind = 'end' | 'name' | 'string' | 'variable' | 'integer' | 'number' | 'symbol';

export interface Token {
  readonly kind: TokenKind;
  /** The name, string or variable with escapes resolved; the digits; the symbol. */
  readonly value: string;
  /** What an error says it was met at; empty for the end. */
  readonly text: string;
}

const special = '?%$.\\[\\]{}()|&!=<>@#,*:\\-+/';
const other = `[^${special}\\\\" \\t\\n\\r\\f]`;
const integer = '(?:0|[1-9](?:_?[0-9])*)';
const digits = '[0-9](?:_?[0-9])*';
const decimal = `(?:${integer}\\.(?:${digits})?|\\.${digits})`;
const real = `(?:${decimal}|${integer})[Ee][-+]?${digits}`;

type Rule = readonly ['number' | 'integer' | 'fail' | 'junk' | 'name', RegExp];

/** In the order that decides between rules that match equally much. */
const rules: readonly Rule[] = (
  [
    ['number', real],
    ['number', decimal],
    ['integer', integer],
    ['integer', '0[xX][0-9a-fA-F](?:_?[0-9a-fA-F])*'],
    ['integer', '0[oO][0-7](?:_?[0-7])*'],
    ['integer', '0[bB][01](?:_?[01])*'],
    ['fail', `(?:${decimal}|${integer})[Ee][-+]`],
    ['junk', `${integer}${other}`],
    ['junk', `${decimal}${other}`],
    ['junk', `${real}${other}`],
    ['name', `${other}+`],
  ] as const
).map(([kind, pattern]) => [kind, new RegExp(pattern, 'uy')]);

const blank = /[ \t\n\r\f]+/y;
const otherRun = new RegExp(`${other}+`, 'uy');
const symbols = /&&|\|\||\*\*|<=|==|<>|!=|>=|[?%$.[\]{}()|&!=<>@#,*:\-+/]/y;

export class PathScanner {
  private at = 0;

  constructor(private readonly input: string) {}

  /** The next token; kind `end` when nothing is left. */
  next(): Token {
    this.skipBlanks();
    if (this.at >= this.input.length) return { kind: 'end', value: '', text: '' };
    const character = this.input[this.at];
    if (character === '"') {
      this.at++;
      return { kind: 'string', value: this.quoted(), text: '"' };
    }
    if (character === '$') {
      const variable = this.variable();
      if (variable !== null) return variable;
    }
    if (character === '\\') return this.name();
    return this.number() ?? this.symbol();
  }

  /** 42601 that names a token. */
  static error(message: string, text: string): PgError {
    const place = text === '' ? 'at end' : `at or near "${text}"`;
    return pgError(SqlState.syntaxError, `${message} ${place} of jsonpath input`);
  }

  private skipBlanks(): void {
    for (;;) {
      this.match(blank);
      if (!this.input.startsWith('/*', this.at)) return;
      const end = this.input.indexOf('*/', this.at + 2);
      if (end < 0) throw PathScanner.error('unexpected end of comment', '');
      this.at = end + 2;
    }
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.input)?.[0] ?? '';
    this.at += found.length;
    return found;
  }

  private number(): Token | null {
    let kind: Rule[0] | null = null;
    let length = 0;
    for (const [each, pattern] of rules) {
      pattern.lastIndex = this.at;
      const found = pattern.exec(this.input)?.[0].length ?? 0;
      if (found > length) [kind, length] = [each, found];
    }
    if (kind === null) return null;
    if (kind === 'name') return this.name();
    const text = this.input.slice(this.at, this.at + length);
    if (kind === 'junk') throw PathScanner.error('trailing junk after numeric literal', text);
    if (kind === 'fail') throw PathScanner.error('invalid numeric literal', text);
    this.at += length;
    return { kind, value: text, text };
  }

  private symbol(): Token {
    const text = this.match(symbols);
    return { kind: 'symbol', value: text === '<>' ? '!=' : text === '=' ? '==' : text, text };
  }

  /** `$name` or `$"name"`; null for the context item alone. */
  private variable(): Token | null {
    if (this.input[this.at + 1] === '"') {
      this.at += 2;
      return { kind: 'variable', value: this.quoted(), text: '"' };
    }
    this.at++;
    const value = this.unquoted();
    if (value !== '') return { kind: 'variable', value, text: this.input[this.at] === ' ' ? ' ' : '' };
    this.at--;
    return null;
  }

  /** A blank behind a name is part of it for errors; what else ends it is not. */
  private name(): Token {
    const value = this.unquoted();
    const text = /^[ \t\n\r\f]$/.test(this.input[this.at] ?? '') ? (this.input[this.at] as string) : '';
    return { kind: 'name', value, text };
  }

  private unquoted(): string {
    let value = '';
    for (;;) {
      const run = this.match(otherRun);
      value += run;
      if (this.input[this.at] === '\\') value += this.escape();
      else if (run === '') return value;
    }
  }

  private quoted(): string {
    let value = '';
    for (;;) {
      const character = this.input[this.at];
      if (character === undefined) throw PathScanner.error('unterminated quoted string', '');
      if (character === '"') {
        this.at++;
        return value;
      }
      if (character === '\\') value += this.escape();
      else {
        value += character;
        this.at++;
      }
    }
  }

  private escape(): string {
    const { input } = this;
    const letter = input[this.at + 1];
    if (letter === undefined) throw PathScanner.error('unexpected end after backslash', '');
    if (letter === 'u') return this.unicode();
    if (letter === 'x') {
      const hex = /^[0-9a-fA-F]{2}/.exec(input.slice(this.at + 2, this.at + 4))?.[0];
      if (hex === undefined) throw PathScanner.error('invalid hexadecimal character sequence', '\\x');
      this.at += 4;
      return character(Number.parseInt(hex, 16));
    }
    const code = input.codePointAt(this.at + 1) ?? 0;
    const written = String.fromCodePoint(code);
    this.at += 1 + written.length;
    return escapes[written] ?? written;
  }

  /** `\uXXXX` (two of them for a surrogate pair) or `\u{X...}`. */
  private unicode(): string {
    const one = /\\u(?:\{([0-9a-fA-F]{1,6})\}|([0-9a-fA-F]{4}))/y;
    one.lastIndex = this.at;
    const found = one.exec(this.input);
    if (found === null) throw PathScanner.error('invalid Unicode escape sequence', '\\u');
    this.at = one.lastIndex;
    const code = Number.parseInt(found[1] ?? found[2] ?? '', 16);
    if (code >= 0xdc00 && code < 0xe000) throw surrogateFault('Unicode low surrogate must follow a high surrogate.');
    if (code < 0xd800 || code >= 0xdc00) return character(code);
    one.lastIndex = this.at;
    const second = one.exec(this.input);
    const low = Number.parseInt(second?.[1] ?? second?.[2] ?? '', 16);
    if (!(low >= 0xdc00 && low < 0xe000))
      throw surrogateFault(
        second !== null && low >= 0xd800 && low < 0xdc00
          ? 'Unicode high surrogate must not follow a high surrogate.'
          : 'Unicode low surrogate must follow a high surrogate.',
      );
    this.at = one.lastIndex;
    return String.fromCharCode(code, low);
  }
}

const escapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

function character(code: number): string {
  if (code === 0)
    throw pgError(SqlState.untranslatableCharacter, 'unsupported Unicode escape sequence', {
      detail: '\\u0000 cannot be converted to text.',
    });
  if (code > 0x10ffff) throw pgError(SqlState.untranslatableCharacter, 'could not convert Unicode to server encoding');
  return String.fromCodePoint(code);
}

function surrogateFault(detail: string): PgError {
  return pgError(SqlState.invalidTextRepresentation, 'invalid input syntax for type jsonpath', { detail });
}
