// PL/pgSQL's tokens by PostgreSQL's lexical rules (manual, section 4.1): identifiers folded, strings of every kind,
// numbers, operators. SQL inside a body is taken over as text, so tokens carry where they stand; strings are read out
// only for the few places that need them. Offsets are UTF-16 indexes of the source.
import { type PgError, pgError, SqlState } from '../../errors/pg-error.js';

export type TokenKind = 'word' | 'string' | 'number' | 'param' | 'operator' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** Words: folded and truncated name; strings: their value; everything else as written. '' at the end. */
  readonly text: string;
  readonly quoted: boolean;
  readonly start: number;
  readonly end: number;
}

const identifierBytesMax = 63;
const whitespace = /[ \t\n\r\f\v]/;
const identifierStart = /[A-Za-z_\u0080-\uffff]/;
const identifierPart = /[A-Za-z0-9_$\u0080-\uffff]/;
const operatorCharacter = /[~!@#^&|`?+\-*/%<>=]/;
const pairs: readonly string[] = [':=', '..', '::'];

/** All tokens of a function's source, an `end` token last. Throws 42601 for what never ends. */
export function scan(source: string): readonly Token[] {
  const scanner = new Scanner(source);
  const tokens: Token[] = [];
  for (;;) {
    const token = scanner.next();
    tokens.push(token);
    if (token.kind === 'end') return tokens;
  }
}

class Scanner {
  private at = 0;

  constructor(private readonly source: string) {}

  next(): Token {
    this.skipBlank();
    const { source } = this;
    const start = this.at;
    const first = source[start];
    if (first === undefined) return { kind: 'end', text: '', quoted: false, start, end: start };
    if (first === "'") return this.string(start, start + 1, false);
    if (first === '"') return this.quotedWord(start, start + 1);
    if (first === '$') return this.dollar(start);
    if (/[0-9]/.test(first) || (first === '.' && /[0-9]/.test(source[start + 1] ?? ''))) return this.number(start);
    if (identifierStart.test(first)) return this.word(start);
    return this.symbol(start, first);
  }

  private token(kind: TokenKind, text: string, start: number, end: number, quoted = false): Token {
    this.at = end;
    return { kind, text, quoted, start, end };
  }

  private skipBlank(): void {
    const { source } = this;
    for (;;) {
      const character = source[this.at];
      if (character === undefined) return;
      if (whitespace.test(character)) this.at += 1;
      else if (character === '-' && source[this.at + 1] === '-') this.skipLine();
      else if (character === '/' && source[this.at + 1] === '*') this.skipComment();
      else return;
    }
  }

  private skipLine(): void {
    while (this.at < this.source.length && !/[\n\r]/.test(this.source[this.at] ?? '')) this.at += 1;
  }

  private skipComment(): void {
    const start = this.at;
    let depth = 0;
    do {
      const pair = this.source.slice(this.at, this.at + 2);
      if (pair === '') throw this.unterminated('unterminated /* comment', start);
      if (pair === '/*') depth += 1;
      if (pair === '*/') depth -= 1;
      this.at += pair === '/*' || pair === '*/' ? 2 : 1;
    } while (depth > 0);
  }

  private word(start: number): Token {
    const { source } = this;
    const next = source[start + 1];
    const letter = (source[start] ?? '').toLowerCase();
    if (next === "'" && 'bxn'.includes(letter)) return this.string(start, start + 2, false);
    if (next === "'" && letter === 'e') return this.string(start, start + 2, true);
    if (letter === 'u' && next === '&' && source[start + 2] === "'") return this.string(start, start + 3, false);
    if (letter === 'u' && next === '&' && source[start + 2] === '"') return this.quotedWord(start, start + 3);
    let end = start + 1;
    while (end < source.length && identifierPart.test(source[end] ?? '')) end += 1;
    const folded = source.slice(start, end).replace(/[A-Z]/g, (capital) => capital.toLowerCase());
    return this.token('word', truncated(folded), start, end);
  }

  private quotedWord(start: number, from: number): Token {
    const { source } = this;
    let name = '';
    let at = from;
    for (;;) {
      const character = source[at];
      if (character === undefined) throw this.unterminated('unterminated quoted identifier', start);
      if (character === '"' && source[at + 1] !== '"') break;
      name += character;
      at += character === '"' ? 2 : 1;
    }
    if (name === '') throw pgError(SqlState.syntaxError, 'zero-length delimited identifier', place(source, start));
    return this.token('word', truncated(name), start, at + 1, true);
  }

  /** 'abc' 'def' over several lines is one string. */
  private string(start: number, from: number, escapes: boolean): Token {
    let { value, end } = this.quoted(start, from, escapes);
    for (;;) {
      const more = /^[ \t\f\v]*[\n\r][ \t\n\r\f\v]*'/.exec(this.source.slice(end));
      if (more === null) break;
      const next = this.quoted(start, end + more[0].length, escapes);
      value += next.value;
      end = next.end;
    }
    return this.token('string', value, start, end);
  }

  private quoted(start: number, from: number, escapes: boolean): { readonly value: string; readonly end: number } {
    const { source } = this;
    let value = '';
    let at = from;
    for (;;) {
      const character = source[at];
      if (character === undefined) throw this.unterminated('unterminated quoted string', start);
      if (character === "'") {
        if (source[at + 1] !== "'") return { value, end: at + 1 };
        value += "'";
        at += 2;
      } else if (character === '\\' && escapes) {
        const { text, length } = unescaped(source, at);
        value += text;
        at += length;
      } else {
        value += character;
        at += 1;
      }
    }
  }

  private dollar(start: number): Token {
    const { source } = this;
    const param = /^\$[0-9]+/.exec(source.slice(start, start + 20));
    if (param !== null) return this.token('param', param[0], start, start + param[0].length);
    const tag = /^\$([A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/.exec(source.slice(start));
    if (tag === null) return this.token('operator', '$', start, start + 1);
    const from = start + tag[0].length;
    const end = source.indexOf(tag[0], from);
    if (end < 0) throw this.unterminated('unterminated dollar-quoted string', start);
    return this.token('string', source.slice(from, end), start, end + tag[0].length);
  }

  private number(start: number): Token {
    const rest = this.source.slice(start, start + 400);
    const match = /^(0[xX](_?[0-9a-fA-F])+|0[oO](_?[0-7])+|0[bB](_?[01])+)/.exec(rest) ??
      /^([0-9](_?[0-9])*(\.(?!\.)([0-9](_?[0-9])*)?)?|\.[0-9](_?[0-9])*)([eE][+-]?[0-9](_?[0-9])*)?/.exec(rest) ?? [
        rest[0] ?? '',
      ];
    return this.token('number', match[0] ?? '', start, start + (match[0] ?? '').length);
  }

  private symbol(start: number, first: string): Token {
    const { source } = this;
    const pair = source.slice(start, start + 2);
    if (pairs.includes(pair)) return this.token('operator', pair, start, start + 2);
    if (!operatorCharacter.test(first)) return this.token('operator', first, start, start + 1);
    let end = start + 1;
    while (end < source.length && operatorCharacter.test(source[end] ?? '')) end += 1;
    let text = source.slice(start, end);
    const comment = /--|\/\*/.exec(text);
    if (comment !== null && comment.index > 0) text = text.slice(0, comment.index);
    // + and - end an operator only where it holds a character that no SQL operator has.
    while (text.length > 1 && /[+-]$/.test(text) && !/[~!@#^&|`?%]/.test(text)) text = text.slice(0, -1);
    return this.token('operator', text, start, start + text.length);
  }

  private unterminated(message: string, start: number): PgError {
    const near = this.source.slice(start);
    return pgError(SqlState.syntaxError, `${message} at or near "${near}"`, place(this.source, start));
  }
}

/** The position of a place in a function's source. */
export function place(source: string, at: number): { readonly position: number } {
  return { position: [...source.slice(0, at)].length + 1 };
}

function truncated(name: string): string {
  if (Buffer.byteLength(name) <= identifierBytesMax) return name;
  let short = name;
  while (Buffer.byteLength(short) > identifierBytesMax) short = short.slice(0, -1);
  return short;
}

const simpleEscapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

function unescaped(source: string, at: number): { readonly text: string; readonly length: number } {
  const rest = source.slice(at + 1, at + 10);
  const code = /^u([0-9a-fA-F]{4})/.exec(rest) ?? /^U([0-9a-fA-F]{8})/.exec(rest) ?? /^x([0-9a-fA-F]{1,2})/.exec(rest);
  if (code !== null) {
    const text = String.fromCodePoint(Math.min(Number.parseInt(code[1] ?? '0', 16), 0x10ffff));
    return { text, length: code[0].length + 1 };
  }
  const octal = /^[0-7]{1,3}/.exec(rest);
  if (octal !== null)
    return { text: String.fromCharCode(Number.parseInt(octal[0], 8) & 255), length: octal[0].length + 1 };
  const character = rest[0] ?? '';
  return { text: simpleEscapes[character] ?? character, length: 2 };
}
