// String functions and operators on characters: length, substring, position, padding, trimming, replacing, and the
// casts between the character types. A character is a code point: texts without surrogates take the short way.
import { textUnitsMax, valueBytesMax } from '../../base/limits.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import { quoteIdentifier, quoteLiteral } from '../../types/quote.js';
import {
  byteOfChar,
  characterCount,
  characterPrefix,
  charOfByte,
  coerceBpchar,
  coerceVarchar,
  formatChar,
  parseChar,
  trimBlanks,
  truncateIdentifier,
} from '../../types/text-types.js';
import { requireMemory } from '../../types/memory.js';
import { TextBuilder, charactersOf, replaceText } from '../../types/text-builder.js';
import type { Value } from '../../types/value.js';
import type { CallInfo } from '../call-info.js';
import { builtinFunction, fn } from '../registry.js';
import { integerOutOfRange } from './integer.js';

const same = (value: string) => value;

fn('textcat', {
  impl: (left: string, right: string) => left + right,
  inline: (left = '', right = '') => `(${left} + ${right})`,
});
fn('textlen', { impl: characterCount });
fn('textoctetlen', { impl: (value: string) => Buffer.byteLength(value) });
fn('bpcharlen', { impl: (value: string) => characterCount(trimBlanks(value)) });
fn('bpcharoctetlen', { impl: (value: string) => Buffer.byteLength(value) });
fn('rtrim1', { impl: trimBlanks });
fn('btrim1', { impl: (value: string) => trimBlanks(value).replace(/^ +/, '') });
fn('ltrim1', { impl: (value: string) => value.replace(/^ +/, '') });
fn('name_text', { impl: same, inline: (value = '') => value });
fn('text_name', { impl: truncateIdentifier });
fn('bpchar_name', { impl: (value: string) => trimBlanks(truncateIdentifier(value)) });
fn('name_bpchar', { impl: same });
fn('char_text', { impl: formatChar });
fn('text_char', { impl: parseChar });
fn('char_bpchar', { impl: (value: string) => (value === '' ? '' : charOfByte(byteOfChar(value))) });
fn('chartoi4', { impl: (value: string) => (byteOfChar(value) << 24) >> 24 });
fn('i4tochar', {
  impl: (value: number) => {
    if (value < -128 || value > 127) {
      throw pgError(SqlState.numericValueOutOfRange, '"char" out of range');
    }
    return charOfByte(value & 0xff);
  },
});
fn('booltext', { impl: (value: boolean) => (value ? 'true' : 'false') });
fn('varchar', { impl: coerceVarchar });
fn('bpchar', { impl: coerceBpchar });
fn('nameconcatoid', {
  impl: (name: string, oid: number) => {
    const suffix = `_${oid}`;
    let head = name;
    while (Buffer.byteLength(head) + suffix.length > 63) head = [...head].slice(0, -1).join('');
    return head + suffix;
  },
});

/** A text's characters: the text itself where each is one unit. */
export function hasSurrogates(value: string): boolean {
  return /[\ud800-\udfff]/.test(value);
}

/** Characters [from, to), counted from 0. */
export function sliceCharacters(value: string, from: number, to: number): string {
  if (to <= from) return '';
  if (!hasSurrogates(value)) return value.slice(from, to);
  return charactersOf(value).slice(from, to).join('');
}

/** substring(value from start for length), as SQL counts: the window may begin before the text. */
export function substring(value: string, start: number, length: number | null): string {
  if (length === null) return sliceCharacters(value, Math.max(start, 1) - 1, Number.POSITIVE_INFINITY);
  if (length < 0) throw negativeSubstring();
  const end = start + length;
  return sliceCharacters(value, Math.max(start, 1) - 1, Math.max(end, 1) - 1);
}

/** 22011 of negative lengths. */
export function negativeSubstring(): Error {
  return pgError(SqlState.substringError, 'negative substring length not allowed');
}

fn('text_substr', { impl: (value: string, start: number, length: number) => substring(value, start, length) });
fn('text_substr_no_len', { impl: (value: string, start: number) => substring(value, start, null) });

function overlay(value: string, replacement: string, start: number, length: number): string {
  if (start <= 0) throw negativeSubstring();
  if (start + length > 2147483647) throw integerOutOfRange('integer');
  return substring(value, 1, start - 1) + replacement + substring(value, start + length, null);
}
fn('textoverlay', { impl: overlay });
fn('textoverlay_no_len', {
  impl: (value: string, replacement: string, start: number) =>
    overlay(value, replacement, start, characterCount(replacement)),
});
fn('textpos', {
  impl: (value: string, search: string, info: CallInfo) => {
    if (search === '') return 1;
    // Where the searched text is shorter nothing is compared, whatever the collation.
    if (Buffer.byteLength(value) < Buffer.byteLength(search)) return 0;
    refuseNondeterministic(info);
    const index = value.indexOf(search);
    return index <= 0 ? index + 1 : characterCount(value.slice(0, index)) + 1;
  },
});

/** 0A000: searching inside texts needs a deterministic collation. */
export function refuseNondeterministic(info: CallInfo): void {
  if (info.collation === 0) return;
  const rules = info.io.collation(info.collation);
  if (rules !== null && !rules.deterministic) {
    throw pgError(SqlState.featureNotSupported, 'nondeterministic collations are not supported for substring searches');
  }
}

fn('text_left', {
  impl: (value: string, count: number) =>
    count >= 0 ? characterPrefix(value, count) : characterPrefix(value, Math.max(characterCount(value) + count, 0)),
});
fn('text_right', {
  impl: (value: string, count: number) => {
    // -2^31 has no negation in 32 bits: PostgreSQL then takes the whole text.
    if (count === -2147483648) return value;
    const length = characterCount(value);
    const skip = count >= 0 ? Math.max(length - count, 0) : -count;
    return sliceCharacters(value, skip, Number.POSITIVE_INFINITY);
  },
});
fn('text_reverse', { impl: (value: string) => charactersOf(value).reverse().join('') });
fn('text_starts_with', {
  impl: (value: string, prefix: string, info: CallInfo) => {
    refuseNondeterministic(info);
    return value.startsWith(prefix);
  },
});

fn('repeat', {
  impl: (value: string, count: number) => {
    if (count <= 0 || value === '') return '';
    if (Buffer.byteLength(value) * count + 4 > valueBytesMax || value.length * count > textUnitsMax)
      throw lengthTooLarge();
    requireMemory(value.length * count);
    return value.repeat(count);
  },
});

/** 54000 of results that no value could hold. */
export function lengthTooLarge(): Error {
  return pgError(SqlState.programLimitExceeded, 'requested length too large');
}

function padding(fill: string, count: number): string {
  const characters = [...fill];
  let result = fill.repeat(Math.floor(count / characters.length));
  const rest = count % characters.length;
  if (rest > 0) result += characters.slice(0, rest).join('');
  return result;
}

function pad(value: string, length: number, fill: string, left: boolean): string {
  const wanted = Math.max(length, 0);
  if (wanted * 4 + 4 > valueBytesMax || wanted * 2 > textUnitsMax) throw lengthTooLarge();
  requireMemory(wanted);
  const missing = wanted - characterCount(value);
  if (missing <= 0) return characterPrefix(value, wanted);
  if (fill === '') return value;
  const extra = padding(fill, missing);
  return left ? extra + value : value + extra;
}
fn('lpad', { impl: (value: string, length: number, fill: string) => pad(value, length, fill, true) });
fn('rpad', { impl: (value: string, length: number, fill: string) => pad(value, length, fill, false) });
fn('lpad(text,int4)', { impl: (value: string, length: number) => pad(value, length, ' ', true) });
fn('rpad(text,int4)', { impl: (value: string, length: number) => pad(value, length, ' ', false) });

/** Takes off characters of `set` at one or both ends. */
function trim(value: string, set: string, left: boolean, right: boolean): string {
  const characters = new Set(set);
  let from = 0;
  let to = value.length;
  while (left && from < to) {
    const character = String.fromCodePoint(value.codePointAt(from) as number);
    if (!characters.has(character)) break;
    from += character.length;
  }
  while (right && to > from) {
    const unit = value.charCodeAt(to - 1);
    const width = unit >= 0xdc00 && unit <= 0xdfff && to - from > 1 ? 2 : 1;
    if (!characters.has(value.slice(to - width, to))) break;
    to -= width;
  }
  return value.slice(from, to);
}
fn('btrim', { impl: (value: string, set: string) => trim(value, set, true, true) });
fn('ltrim', { impl: (value: string, set: string) => trim(value, set, true, false) });
fn('rtrim', { impl: (value: string, set: string) => trim(value, set, false, true) });

fn('ascii', { impl: (value: string) => value.codePointAt(0) ?? 0 });
fn('chr', {
  impl: (code: number) => {
    const fail = (message: string) => pgError(SqlState.programLimitExceeded, message);
    if (code < 0) throw pgError(SqlState.invalidParameterValue, 'character number must be positive');
    if (code === 0) throw fail('null character not permitted');
    if (code > 0x10ffff) throw fail(`requested character too large for encoding: ${code}`);
    if (code >= 0xd800 && code <= 0xdfff) throw fail(`requested character not valid for encoding: ${code}`);
    return String.fromCodePoint(code);
  },
});
fn('translate', {
  impl: (value: string, from: string, to: string) => {
    if (value === '' || from === '') return value;
    const targets = [...to];
    const map = new Map<string, string>();
    [...from].forEach((char, at) => {
      if (!map.has(char)) map.set(char, targets[at] ?? '');
    });
    const result = new TextBuilder();
    for (const char of value) result.append(map.get(char) ?? char);
    return result.toString();
  },
});
fn('replace_text', {
  impl: (value: string, from: string, to: string, info: CallInfo) => {
    refuseNondeterministic(info);
    return from === '' ? value : replaceText(value, from, to);
  },
});

fn('quote_ident', { impl: quoteIdentifier });
fn('quote_literal', { impl: quoteLong });
fn('quote_nullable', {
  impl: (value: string | null, info: CallInfo) => (value === null ? 'NULL' : quoteLong(value, info)),
});
fn('quote_literal(anyelement)', { impl: (value: unknown, info: CallInfo) => quoteLong(castText(value, info), info) });
fn('quote_nullable(anyelement)', {
  impl: (value: unknown, info: CallInfo) => (value === null ? 'NULL' : quoteLong(castText(value, info), info)),
});

/** Characters that are quoted at a time. */
const quotedAtOnce = 1 << 16;

/** As `quoteText`, for texts so long that the statement may have to end meanwhile. */
function quoteLong(value: string, info: CallInfo): string {
  if (value.length <= quotedAtOnce) return quoteText(value);
  const hasBackslash = value.includes('\\');
  const result = new TextBuilder();
  result.append(hasBackslash ? "E'" : "'");
  for (let at = 0; at < value.length; at += quotedAtOnce) {
    info.session.checkInterrupts?.();
    const part = value.slice(at, at + quotedAtOnce).replaceAll("'", "''");
    result.append(hasBackslash ? part.replaceAll('\\', '\\\\') : part);
  }
  result.append("'");
  return result.toString();
}

/** A string literal as quote_literal prints it: with a blank before E. */
export function quoteText(value: string): string {
  const literal = quoteLiteral(value);
  return literal.startsWith('E') ? ` ${literal}`.trimStart() : literal;
}

/** The value cast to text: where the cast is a function of its own, not the output form. */
function castText(value: unknown, info: CallInfo): string {
  const [type] = info.argTypes;
  const base = type?.kind === 'd' ? info.io.typeByOid(type.baseType) : type;
  const symbol = base === undefined ? undefined : castsToText[base.input];
  const cast = symbol === undefined ? undefined : builtinFunction(symbol);
  return cast?.kind === 'scalar' ? (cast.impl(value, info) as string) : outputOf(value, info);
}

const castsToText: Readonly<Record<string, string | undefined>> = {
  boolin: 'booltext',
  bpcharin: 'rtrim1',
  inet_in: 'network_show',
  cidr_in: 'network_show',
};

function outputOf(value: unknown, info: CallInfo): string {
  const type = info.argTypes[0] ?? info.resultType;
  return type.behaviour.output(value as string, type, info.io);
}

fn('textanycat(text,anynonarray)', {
  impl: (left: string, right: Value, info: CallInfo) => left + anyText(right, 1, info),
});
fn('anytextcat(anynonarray,text)', {
  impl: (left: Value, right: string, info: CallInfo) => anyText(left, 0, info) + right,
});
fn('bit_length(text)', { impl: (value: string) => Buffer.byteLength(value) * 8 });

/** An argument's text as a cast to text gives it: char(n) loses its padding, booleans are spelled out. */
function anyText(value: Value, at: number, info: CallInfo): string {
  const type = info.argTypes[at] ?? info.resultType;
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  const symbol = castsToText[type.input];
  const cast = symbol === undefined ? undefined : builtinFunction(symbol);
  if (cast?.kind === 'scalar') return cast.impl(value, info) as string;
  const text = type.behaviour.output(value, type, info.io);
  return type.oid === 1042 ? trimBlanks(text) : text;
}
