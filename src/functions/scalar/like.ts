// LIKE and ILIKE for the character types and bytea. A pattern is compiled once per call site while it stays the same:
// plain texts, prefixes, suffixes and infixes become string searches, the rest a backtracking match in linear space.
import { pgError, SqlState } from '../../errors/pg-error.js';
import { charactersOf } from '../../types/text-builder.js';
import type { CallInfo } from '../call-info.js';
import { fn } from '../registry.js';
import { lowerCollated } from './text-case.js';

type Matcher = (text: string) => boolean;

interface LikeMemo {
  readonly pattern: string;
  readonly matches: Matcher;
}

function matcher(pattern: string, info: CallInfo): Matcher {
  const memo = info.memo as LikeMemo | undefined;
  if (memo !== undefined && memo.pattern === pattern) return memo.matches;
  const matches = compile(pattern);
  info.memo = { pattern, matches } satisfies LikeMemo;
  return matches;
}

/** Builds the test for a LIKE pattern with backslash as its escape character. */
export function compile(pattern: string): Matcher {
  if (!/[_\\]/.test(pattern)) {
    const parts = pattern.split('%');
    const [head = '', tail = ''] = [parts[0], parts[parts.length - 1]];
    if (parts.length === 1) return (text) => text === pattern;
    if (parts.length === 2) {
      if (tail === '') return (text) => text.startsWith(head);
      return (text) => text.length >= head.length + tail.length && text.startsWith(head) && text.endsWith(tail);
    }
    if (parts.length === 3 && head === '' && tail === '') {
      const infix = parts[1] as string;
      return (text) => text.includes(infix);
    }
  }
  const elements = parse(pattern);
  return (text) => match(text, elements);
}

const anyRun = 0;
const anyOne = 1;
const escapeAtEnd = 2;
type Element = typeof anyRun | typeof anyOne | typeof escapeAtEnd | string;

function parse(pattern: string): Element[] {
  const elements: Element[] = [];
  const characters = [...pattern];
  for (let index = 0; index < characters.length; index++) {
    const char = characters[index] as string;
    if (char === '%') elements.push(anyRun);
    else if (char === '_') elements.push(anyOne);
    else if (char === '\\') elements.push(characters[++index] ?? escapeAtEnd);
    else elements.push(char);
  }
  return elements;
}

function match(text: string, elements: readonly Element[]): boolean {
  const characters = charactersOf(text);
  let at = 0;
  let element = 0;
  let retryElement = -1;
  let retryAt = 0;
  for (;;) {
    const current = elements[element];
    if (current === anyRun) {
      retryElement = ++element;
      retryAt = at;
      if (elements[element] === escapeAtEnd) throw escapeError();
      if (element === elements.length) return true;
      continue;
    }
    if (at < characters.length) {
      if (current === escapeAtEnd) throw escapeError();
      if (current === anyOne || (current !== undefined && current === characters[at])) {
        at++;
        element++;
        continue;
      }
    } else if (current === undefined) {
      return true;
    }
    if (retryElement < 0 || retryAt >= characters.length) return false;
    at = ++retryAt;
    element = retryElement;
  }
}

function escapeError(): Error {
  return pgError(SqlState.invalidEscapeSequence, 'LIKE pattern must not end with escape character');
}

function refuseNondeterministic(info: CallInfo, what: string): void {
  const rules = info.collation === 0 ? null : info.io.collation(info.collation);
  if (rules !== null && !rules.deterministic) {
    throw pgError(SqlState.featureNotSupported, `nondeterministic collations are not supported for ${what}`);
  }
}

function like(text: string, pattern: string, info: CallInfo): boolean {
  refuseNondeterministic(info, 'LIKE');
  return matcher(pattern, info)(text);
}

function ilike(text: string, pattern: string, info: CallInfo): boolean {
  refuseNondeterministic(info, 'ILIKE');
  return matcher(lowerCollated(pattern, info), info)(lowerCollated(text, info));
}

for (const prefix of ['text', 'name']) {
  fn(`${prefix}like`, { impl: like });
  fn(`${prefix}nlike`, { impl: (text: string, pattern: string, info: CallInfo) => !like(text, pattern, info) });
  fn(`${prefix}iclike`, { impl: ilike });
  fn(`${prefix}icnlike`, { impl: (text: string, pattern: string, info: CallInfo) => !ilike(text, pattern, info) });
}
// char(n) keeps its padding here: it counts as text of its full length.
fn('bpchariclike', { impl: ilike });
fn('bpcharicnlike', { impl: (text: string, pattern: string, info: CallInfo) => !ilike(text, pattern, info) });

// Bytes match as Latin-1 characters do.
function byteLike(value: Buffer, pattern: Buffer, info: CallInfo): boolean {
  return matcher(pattern.latin1Slice(), info)(value.latin1Slice());
}
fn('bytealike', { impl: byteLike });
fn('byteanlike', { impl: (value: Buffer, pattern: Buffer, info: CallInfo) => !byteLike(value, pattern, info) });

/** A pattern with its own escape character rewritten to use a backslash. */
function rewriteEscape(pattern: string, escapeText: string): string {
  const escapeCharacters = [...escapeText];
  if (escapeCharacters.length > 1) {
    throw pgError(SqlState.invalidEscapeSequence, 'invalid escape string', {
      hint: 'Escape string must be empty or one character.',
    });
  }
  if (escapeText === '') return pattern.replaceAll('\\', '\\\\');
  if (escapeText === '\\') return pattern;
  let result = '';
  let escaped = false;
  for (const char of pattern) {
    if (char === escapeText && !escaped) {
      result += '\\';
      escaped = true;
    } else if (char === '\\') {
      result += escaped ? '\\' : '\\\\';
      escaped = false;
    } else {
      result += char;
      escaped = false;
    }
  }
  return result;
}
fn('like_escape', { impl: rewriteEscape });
fn('like_escape_bytea', {
  impl: (pattern: Buffer, escapeBytes: Buffer) =>
    Buffer.from(rewriteEscape(pattern.latin1Slice(), escapeBytes.latin1Slice()), 'latin1'),
});
