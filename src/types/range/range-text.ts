// The text form of ranges and multiranges (manual, section 8.17.5): brackets, bounds with quotes where they need them.
import { pgError, SqlState } from '../../errors/pg-error.js';
import { isSpace } from '../input-error.js';

/** A range's text taken apart; bounds are null where they are infinite. */
export interface RangeLiteral {
  readonly isEmpty: boolean;
  readonly lower: string | null;
  readonly upper: string | null;
  readonly lowerInclusive: boolean;
  readonly upperInclusive: boolean;
}

const emptyLiteral: RangeLiteral = {
  isEmpty: true,
  lower: null,
  upper: null,
  lowerInclusive: false,
  upperInclusive: false,
};

function malformed(kind: 'range' | 'multirange', text: string, detail: string): Error {
  return pgError(SqlState.invalidTextRepresentation, `malformed ${kind} literal: "${text}"`, { detail });
}

/** Takes a range's text apart; throws 22P02. */
export function parseRangeLiteral(text: string): RangeLiteral {
  const bad = (detail: string) => malformed('range', text, detail);
  let at = skipSpaces(text, 0);
  if (text.slice(at, at + 5).toLowerCase() === 'empty') {
    if (skipSpaces(text, at + 5) < text.length) throw bad('Junk after "empty" key word.');
    return emptyLiteral;
  }
  const open = text[at];
  if (open !== '[' && open !== '(') throw bad('Missing left parenthesis or bracket.');
  const lower = readBound(text, at + 1, bad);
  if (text[lower.end] !== ',') throw bad('Missing comma after lower bound.');
  const upper = readBound(text, lower.end + 1, bad);
  const close = text[upper.end];
  if (close !== ']' && close !== ')') {
    throw bad(close === ',' ? 'Too many commas.' : 'Missing right parenthesis or bracket.');
  }
  at = skipSpaces(text, upper.end + 1);
  if (at < text.length) throw bad('Junk after right parenthesis or bracket.');
  return {
    isEmpty: false,
    lower: lower.value,
    upper: upper.value,
    lowerInclusive: open === '[',
    upperInclusive: close === ']',
  };
}

function skipSpaces(text: string, start: number): number {
  let at = start;
  while (at < text.length && isSpace(text[at])) at++;
  return at;
}

function readBound(
  text: string,
  start: number,
  bad: (detail: string) => Error,
): { readonly value: string | null; readonly end: number } {
  if (/^[,)\]]$/.test(text[start] ?? '')) return { value: null, end: start };
  let value = '';
  let isQuoted = false;
  let at = start;
  for (; isQuoted || !/^[,)\]]$/.test(text[at] ?? ''); at++) {
    const character = text[at];
    if (character === undefined) throw bad('Unexpected end of input.');
    if (character === '\\') {
      const next = text[++at];
      if (next === undefined) throw bad('Unexpected end of input.');
      value += next;
    } else if (character === '"') {
      // Two quotes within quotes are one of the value.
      if (isQuoted && text[at + 1] === '"') {
        value += '"';
        at++;
      } else isQuoted = !isQuoted;
    } else value += character;
  }
  return { value, end: at };
}

/** The text of a range, given those of its bounds (null: infinite). */
export function formatRangeLiteral(literal: RangeLiteral): string {
  if (literal.isEmpty) return 'empty';
  const bound = (text: string | null) => (text === null ? '' : quoteBound(text));
  return `${literal.lowerInclusive ? '[' : '('}${bound(literal.lower)},${bound(literal.upper)}${literal.upperInclusive ? ']' : ')'}`;
}

function quoteBound(text: string): string {
  if (text !== '' && !/["\\()[\],\s]/.test(text)) return text;
  return `"${text.replace(/["\\]/g, '$&$&')}"`;
}

/** Takes a multirange's text apart and reads each range as it comes; throws 22P02. */
export function parseMultirangeLiteral<T>(text: string, read: (range: string) => T): T[] {
  const bad = (detail: string) => malformed('multirange', text, detail);
  let at = skipSpaces(text, 0);
  if (text[at] !== '{') throw bad('Missing left brace.');
  at = skipSpaces(text, at + 1);
  const ranges: T[] = [];
  if (text[at] === '}') at++;
  else {
    for (;;) {
      const end = rangeEnd(text, at, bad);
      ranges.push(read(text.slice(at, end)));
      at = skipSpaces(text, end);
      if (text[at] === '}') {
        at++;
        break;
      }
      if (text[at] === undefined) throw bad('Unexpected end of input.');
      if (text[at] !== ',') throw bad('Expected comma or end of multirange.');
      at = skipSpaces(text, at + 1);
    }
  }
  if (skipSpaces(text, at) < text.length) throw bad('Junk after closing right brace.');
  return ranges;
}

/** Where a range within a multirange ends. */
function rangeEnd(text: string, start: number, bad: (detail: string) => Error): number {
  if (text.slice(start, start + 5).toLowerCase() === 'empty') return start + 5;
  if (text[start] === undefined) throw bad('Unexpected end of input.');
  if (text[start] !== '[' && text[start] !== '(') throw bad('Expected range start.');
  let isQuoted = false;
  for (let at = start + 1; ; at++) {
    const character = text[at];
    if (character === undefined) throw bad('Unexpected end of input.');
    if (character === '\\') at++;
    else if (character === '"') isQuoted = !isQuoted;
    else if (!isQuoted && (character === ']' || character === ')')) return at + 1;
  }
}
