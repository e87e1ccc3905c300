// Splitting texts (split_part, string_to_array, string_to_table, parse_ident) and joining arrays (array_to_string).
import { pgError, SqlState } from '../../errors/pg-error.js';
import { TextBuilder, charactersOf, splitText } from '../../types/text-builder.js';
import { PgArray, type Value } from '../../types/value.js';
import type { CallInfo } from '../call-info.js';
import { fn, tableFn } from '../registry.js';
import { refuseNondeterministic } from './text.js';

const textOid = 25;

fn('split_part', {
  impl: (value: string, delimiter: string, position: number, info: CallInfo) => {
    if (position === 0) throw pgError(SqlState.invalidParameterValue, 'field position must not be zero');
    if (value === '') return '';
    if (delimiter !== '') refuseNondeterministic(info);
    const fields = delimiter === '' ? [value] : splitText(value, delimiter);
    return (position > 0 ? fields[position - 1] : fields[fields.length + position]) ?? '';
  },
});

/** Pieces between delimiters: characters where the delimiter is null, the whole where it is empty. */
function pieces(value: string, delimiter: string | null, nullText: string | null, info: CallInfo): (string | null)[] {
  if (value === '') return [];
  if (delimiter !== null && delimiter !== '') refuseNondeterministic(info);
  const parts = delimiter === null ? charactersOf(value) : delimiter === '' ? [value] : splitText(value, delimiter);
  return nullText === null ? parts : parts.map((part) => (part === nullText ? null : part));
}

fn('text_to_array', {
  impl: (value: string | null, delimiter: string | null, info: CallInfo) =>
    value === null ? null : PgArray.of(textOid, pieces(value, delimiter, null, info)),
});
fn('text_to_array_null', {
  impl: (value: string | null, delimiter: string | null, nullText: string | null, info: CallInfo) =>
    value === null ? null : PgArray.of(textOid, pieces(value, delimiter, nullText, info)),
});
tableFn('text_to_table', {
  rows: (value: string | null, delimiter: string | null, info: CallInfo) =>
    value === null ? [] : pieces(value, delimiter, null, info),
});
tableFn('text_to_table_null', {
  rows: (value: string | null, delimiter: string | null, nullText: string | null, info: CallInfo) =>
    value === null ? [] : pieces(value, delimiter, nullText, info),
});

/** Elements' text joined by the delimiter; nulls are left out, or stand as `nullText`. */
function joined(array: PgArray, delimiter: string, nullText: string | null, info: CallInfo): string {
  const type = info.io.typeByOid(array.elementType);
  const result = new TextBuilder();
  let isFirst = true;
  for (const element of array.elements) {
    const part = element === null ? nullText : type.behaviour.output(element, type, info.io);
    if (part === null) continue;
    if (!isFirst) result.append(delimiter);
    isFirst = false;
    result.append(part);
  }
  return result.toString();
}
fn('array_to_text', {
  impl: (array: PgArray, delimiter: string, info: CallInfo) => joined(array, delimiter, null, info),
});
fn('array_to_text_null', {
  impl: (array: PgArray | null, delimiter: string | null, nullText: string | null, info: CallInfo) =>
    array === null || delimiter === null ? null : joined(array, delimiter, nullText, info),
});

fn('parse_ident', {
  impl: (value: string, strict: boolean): Value => PgArray.of(textOid, identifierParts(value, strict)),
});

/** Splits a qualified identifier as SQL reads it: folds case, unquotes. Throws 22023. */
function identifierParts(text: string, strict: boolean): string[] {
  const fail = (detail?: string) =>
    pgError(SqlState.invalidParameterValue, `string is not a valid identifier: "${text}"`, { detail });
  const parts: string[] = [];
  const space = /[ \t\n\r\f\v]*/y;
  let at = 0;
  const skip = () => {
    space.lastIndex = at;
    at += space.exec(text)?.[0].length ?? 0;
  };
  skip();
  for (let afterDot = false; ; afterDot = true) {
    const quoted = /"((?:[^"]|"")*)("?)/y;
    const plain = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y;
    quoted.lastIndex = at;
    plain.lastIndex = at;
    const quotedMatch = quoted.exec(text);
    const plainMatch = plain.exec(text);
    if (quotedMatch !== null) {
      if (quotedMatch[2] === '') throw fail('String has unclosed double quotes.');
      if (quotedMatch[1] === '') throw fail('Quoted identifier must not be empty.');
      parts.push((quotedMatch[1] as string).replaceAll('""', '"'));
      at += quotedMatch[0].length;
    } else if (plainMatch !== null) {
      parts.push(plainMatch[0].replace(/[A-Z]+/g, (word) => word.toLowerCase()));
      at += plainMatch[0].length;
    } else if (text[at] === '.') {
      throw fail('No valid identifier before ".".');
    } else {
      throw afterDot ? fail('No valid identifier after ".".') : fail();
    }
    skip();
    if (text[at] === '.') {
      at++;
      skip();
    } else if (at >= text.length) {
      return parts;
    } else {
      if (strict) throw fail();
      return parts;
    }
  }
}
