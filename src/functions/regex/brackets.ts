// Bracket expressions: [a-z[:digit:]], [^...], [[.hyphen.]], [[=e=]], and the word constraints [[:<:]] and [[:>:]].
import { SqlState, pgError } from '../../errors/pg-error.js';
import type { PgError } from '../../errors/pg-error.js';
import { characterClasses } from './ast.js';
import type { CharacterClass, CharacterSet, RegexNode } from './ast.js';
import { classEscapes, readCharacterEscape } from './escapes.js';
import type { PatternReader } from './pattern-reader.js';

interface Content {
  readonly ranges: (readonly [number, number])[];
  readonly classes: CharacterClass[];
  readonly notClasses: CharacterClass[];
}

/** Reads up to and including the closing bracket; the opening one was taken. `escapes`: backslash is special (ARE). */
export function parseBrackets(reader: PatternReader, escapes: boolean): RegexNode {
  if (reader.take('[:<:]]')) return { kind: 'assert', at: 'wordStart' };
  if (reader.take('[:>:]]')) return { kind: 'assert', at: 'wordEnd' };
  const negated = reader.takeRaw('^');
  const content: Content = { ranges: [], classes: [], notClasses: [] };
  let isFirst = true;
  while (isFirst || !reader.sees(']')) {
    if (reader.atEnd) throw bracketError('brackets [] not balanced');
    parseItem(reader, escapes, content);
    isFirst = false;
  }
  reader.take(']');
  const set: CharacterSet = { kind: 'set', ...content, negated };
  return set;
}

function parseItem(reader: PatternReader, escapes: boolean, content: Content): void {
  if (reader.takeRaw('[:')) {
    content.classes.push(namedClass(readUntil(reader, ':]')));
    return;
  }
  if (reader.takeRaw('[=')) {
    const code = collatingElement(readUntil(reader, '=]'));
    content.ranges.push([code, code]);
    return;
  }
  const escape = escapes && reader.sees('\\') ? classEscapes[reader.rest()[1] ?? ''] : undefined;
  if (escape) {
    reader.nextRaw();
    reader.nextRaw();
    (escape.negated ? content.notClasses : content.classes).push(escape.name);
    return;
  }
  const from = endpoint(reader, escapes);
  if (!reader.sees('-') || reader.sees('-]')) {
    content.ranges.push([from, from]);
    return;
  }
  reader.takeRaw('-');
  if (reader.sees('[:') || reader.sees('[=')) throw bracketError('invalid character range');
  const to = endpoint(reader, escapes);
  if (to < from) throw bracketError('invalid character range');
  content.ranges.push([from, to]);
}

function endpoint(reader: PatternReader, escapes: boolean): number {
  if (reader.takeRaw('[.')) return collatingElement(readUntil(reader, '.]'));
  if (escapes && reader.takeRaw('\\')) return readCharacterEscape(reader);
  return reader.nextRaw();
}

function readUntil(reader: PatternReader, close: string): string {
  const end = reader.rest().indexOf(close);
  if (end < 0) throw bracketError('brackets [] not balanced');
  const text = reader.rest().slice(0, end);
  for (const _ of text) reader.nextRaw();
  reader.takeRaw(close);
  return text;
}

function namedClass(name: string): CharacterClass {
  const found = characterClasses.find((known) => known === name);
  if (!found) throw bracketError('invalid character class');
  return found;
}

/** POSIX's names of characters that have one; others stand for themselves. */
const collatingNames: Readonly<Record<string, number | undefined>> = Object.assign(Object.create(null), {
  NUL: 0,
  alert: 7,
  backspace: 8,
  tab: 9,
  newline: 10,
  'vertical-tab': 11,
  'form-feed': 12,
  'carriage-return': 13,
  space: 32,
  'exclamation-mark': 33,
  'quotation-mark': 34,
  'number-sign': 35,
  'dollar-sign': 36,
  'percent-sign': 37,
  ampersand: 38,
  apostrophe: 39,
  'left-parenthesis': 40,
  'right-parenthesis': 41,
  asterisk: 42,
  'plus-sign': 43,
  comma: 44,
  hyphen: 45,
  'hyphen-minus': 45,
  period: 46,
  'full-stop': 46,
  slash: 47,
  solidus: 47,
  colon: 58,
  semicolon: 59,
  'less-than-sign': 60,
  'equals-sign': 61,
  'greater-than-sign': 62,
  'question-mark': 63,
  'commercial-at': 64,
  'left-square-bracket': 91,
  backslash: 92,
  'reverse-solidus': 92,
  'right-square-bracket': 93,
  circumflex: 94,
  'circumflex-accent': 94,
  underscore: 95,
  'low-line': 95,
  'grave-accent': 96,
  'left-brace': 123,
  'left-curly-bracket': 123,
  'vertical-line': 124,
  'right-brace': 125,
  'right-curly-bracket': 125,
  tilde: 126,
  DEL: 127,
});

function collatingElement(name: string): number {
  const characters = [...name];
  const code = characters.length === 1 ? name.codePointAt(0) : collatingNames[name];
  if (code === undefined) throw bracketError('invalid collating element');
  return code;
}

function bracketError(detail: string): PgError {
  return pgError(SqlState.invalidRegularExpression, `invalid regular expression: ${detail}`);
}
