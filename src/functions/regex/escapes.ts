// Escapes of advanced regular expressions: classes (\d \w \s) and single characters (\n \x41 \u00e9 ...).
import { SqlState, pgError } from '../../errors/pg-error.js';
import type { CharacterClass } from './ast.js';
import type { PatternReader } from './pattern-reader.js';

export const classEscapes: Readonly<
  Record<string, { readonly name: CharacterClass; readonly negated: boolean } | undefined>
> = Object.assign(Object.create(null), {
  d: { name: 'digit', negated: false },
  s: { name: 'space', negated: false },
  w: { name: 'word', negated: false },
  D: { name: 'digit', negated: true },
  S: { name: 'space', negated: true },
  W: { name: 'word', negated: true },
});

const simpleEscapes: Readonly<Record<string, number | undefined>> = Object.assign(Object.create(null), {
  a: 7,
  b: 8,
  B: 92,
  e: 27,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
});

const codePointMax = 0x10ffff;

/** The code point of a character escape; the reader stands behind the backslash. Throws 2201B. */
export function readCharacterEscape(reader: PatternReader): number {
  const letter = reader.peek();
  const simple = simpleEscapes[letter];
  if (simple !== undefined) {
    reader.next();
    return simple;
  }
  if (letter === 'c') {
    const match = /^c([\s\S])/.exec(reader.rest());
    if (!match) throw invalidEscape();
    reader.skip(2);
    return (match[1]?.charCodeAt(0) ?? 0) & 0x1f;
  }
  if (letter === 'u' || letter === 'U')
    return hexadecimal(reader, letter === 'u' ? /^u([0-9a-fA-F]{4})/ : /^U([0-9a-fA-F]{8})/);
  if (letter === 'x') return hexadecimal(reader, /^x([0-9a-fA-F]+)/);
  const octal = /^(0[0-7]{0,2}|[1-7][0-7]{1,2})/.exec(reader.rest());
  if (octal) {
    reader.skip(octal[0].length);
    return Number.parseInt(octal[0], 8);
  }
  if (/[0-9A-Za-z]/.test(letter)) throw invalidEscape();
  return reader.next();
}

function hexadecimal(reader: PatternReader, pattern: RegExp): number {
  const match = pattern.exec(reader.rest());
  if (!match) throw invalidEscape();
  reader.skip(match[0].length);
  const code = Number.parseInt(match[1] ?? '', 16);
  if (code > codePointMax) throw invalidEscape();
  return code;
}

function invalidEscape(): Error {
  return pgError(SqlState.invalidRegularExpression, 'invalid regular expression: invalid escape \\ sequence');
}
