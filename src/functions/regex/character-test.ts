// Whether a code point belongs to a set of a regular expression, and the same set in JavaScript's syntax.
import type { CharacterClass, CharacterSet } from './ast.js';

/** Each class as the inside of a JavaScript character class (with the u flag), after C.UTF-8's character types. */
export const classSources: Readonly<Record<CharacterClass, string>> = {
  alnum: '\\p{Alphabetic}\\p{M}0-9',
  alpha: '\\p{Alphabetic}\\p{M}',
  ascii: '\\0-\\x7f',
  blank: ' \\t\\u1680\\u2000-\\u2006\\u2008-\\u200a\\u205f\\u3000',
  cntrl: '\\0-\\x1f\\x7f-\\x9f\\u2028\\u2029',
  digit: '0-9',
  graph: '\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}',
  lower: '\\p{Lowercase}',
  print: '\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}\\p{Zs}',
  punct: '\\p{P}\\p{S}',
  space: ' \\t-\\r\\u1680\\u2000-\\u2006\\u2008-\\u200a\\u2028\\u2029\\u205f\\u3000',
  upper: '\\p{Uppercase}',
  xdigit: '0-9A-Fa-f',
  word: '\\p{Alphabetic}\\p{M}0-9_',
};

/** A set as a JavaScript character class. Only code points and class names enter the source, never pattern text. */
export function setSource(set: CharacterSet): string {
  const ranges = set.ranges.map(([from, to]) =>
    from === to ? escapeCode(from) : `${escapeCode(from)}-${escapeCode(to)}`,
  );
  const body = ranges.join('') + set.classes.map((name) => classSources[name]).join('');
  if (set.notClasses.length === 0) {
    if (body === '') return set.negated ? '[\\s\\S]' : '[^\\s\\S]';
    return `[${set.negated ? '^' : ''}${body}]`;
  }
  // A complemented class inside brackets can't be written in a plain class: alternatives, or none of them.
  const parts = [...(body === '' ? [] : [`[${body}]`]), ...set.notClasses.map((name) => `[^${classSources[name]}]`)];
  return set.negated ? `(?!${parts.join('|')})[\\s\\S]` : `(?:${parts.join('|')})`;
}

function escapeCode(code: number): string {
  return `\\u{${code.toString(16)}}`;
}

/** A fast test for one set. */
export function setTest(set: CharacterSet, ignoreCase: boolean): (code: number) => boolean {
  const pattern = new RegExp(`^(?:${setSource(set)})$`, ignoreCase ? 'iu' : 'u');
  const ascii = new Uint8Array(128);
  for (let code = 0; code < 128; code++) ascii[code] = pattern.test(String.fromCharCode(code)) ? 1 : 0;
  return (code) => (code < 128 ? ascii[code] === 1 : pattern.test(String.fromCodePoint(code)));
}

const wordPattern = new RegExp(`[${classSources.word}]`, 'u');

/** A word character, for \m \M \y \Y. */
export function isWordCode(code: number): boolean {
  return wordPattern.test(String.fromCodePoint(code));
}
