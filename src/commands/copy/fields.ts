// Splits a record into fields: text format with its backslash escapes, CSV with its quotes. A field is its text, null for
// the NULL representation, or useDefault for the DEFAULT one.
import { pgError, SqlState } from '../../errors/pg-error.js';
import { decodeText } from '../../types/text-encoding.js';
import type { CopyOptions } from './options.js';

export const useDefault: unique symbol = Symbol('DEFAULT');
export type Field = string | null | typeof useDefault;

export type FieldSplitter = (record: string) => Field[];

/** `forceNotNull`, `forceNull`: by position among the copied columns. */
export function fieldSplitter(
  options: CopyOptions,
  force: { readonly notNull: readonly boolean[]; readonly asNull: readonly boolean[] },
): FieldSplitter {
  return options.format === 'csv' ? csvSplitter(options, force) : textSplitter(options);
}

function textSplitter(options: CopyOptions): FieldSplitter {
  const { delimiter, nullText, defaultText } = options;
  const resolve = (raw: string): Field => {
    if (raw === nullText) return null;
    if (raw === defaultText) return useDefault;
    return raw.includes('\\') ? unescape(raw) : raw;
  };
  return (record) => {
    if (!record.includes('\\')) {
      const fields: Field[] = record.split(delimiter);
      for (let n = 0; n < fields.length; n++) {
        if (fields[n] === nullText) fields[n] = null;
        else if (fields[n] === defaultText) fields[n] = useDefault;
      }
      return fields;
    }
    return splitEscaped(record, delimiter).map(resolve);
  };
}

/** Raw fields: a delimiter after a backslash is data. */
function splitEscaped(record: string, delimiter: string): string[] {
  const fields: string[] = [];
  let start = 0;
  for (let n = 0; n < record.length; n++) {
    if (record[n] === '\\') n++;
    else if (record[n] === delimiter) {
      fields.push(record.slice(start, n));
      start = n + 1;
    }
  }
  fields.push(record.slice(start));
  return fields;
}

const simpleEscapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

function unescape(raw: string): string {
  let result = '';
  let bytes: number[] = [];
  const flush = (): void => {
    if (bytes.length === 0) return;
    result += decodeBytes(bytes);
    bytes = [];
  };
  for (let n = 0; n < raw.length; n++) {
    if (raw[n] !== '\\' || n === raw.length - 1) {
      flush();
      result += raw[n];
      continue;
    }
    const next = raw[++n] as string;
    const code = byteEscape(raw, n);
    if (code !== null) {
      bytes.push(code.value);
      n += code.length - 1;
    } else {
      flush();
      result += simpleEscapes[next] ?? next;
    }
  }
  flush();
  return result;
}

/** \ooo and \xhh: bytes, which together must be valid UTF-8. */
function byteEscape(raw: string, at: number): { readonly value: number; readonly length: number } | null {
  const octal = /^[0-7]{1,3}/.exec(raw.slice(at, at + 3));
  if (octal) return { value: Number.parseInt(octal[0], 8) & 0xff, length: octal[0].length };
  const hex = /^x[0-9a-fA-F]{1,2}/.exec(raw.slice(at, at + 3));
  return hex ? { value: Number.parseInt(hex[0].slice(1), 16), length: hex[0].length } : null;
}

function decodeBytes(bytes: readonly number[]): string {
  return decodeText(Buffer.from(bytes), 'UTF8');
}

function csvSplitter(
  options: CopyOptions,
  force: { readonly notNull: readonly boolean[]; readonly asNull: readonly boolean[] },
): FieldSplitter {
  const { delimiter, quote, nullText, defaultText } = options;
  const resolve = (text: string, isQuoted: boolean, position: number): Field => {
    if (text === nullText && (isQuoted ? force.asNull[position] === true : force.notNull[position] !== true))
      return null;
    if (text === defaultText && !isQuoted) return useDefault;
    return text;
  };
  return (record) => {
    if (!record.includes(quote)) return record.split(delimiter).map((text, position) => resolve(text, false, position));
    return splitQuoted(record, options).map((field, position) => resolve(field.text, field.isQuoted, position));
  };
}

interface CsvField {
  text: string;
  isQuoted: boolean;
}

function splitQuoted(record: string, options: CopyOptions): CsvField[] {
  const { delimiter, quote, escape } = options;
  const fields: CsvField[] = [];
  let field: CsvField = { text: '', isQuoted: false };
  let inside = false;
  for (let n = 0; n < record.length; n++) {
    const character = record[n] as string;
    const next = record[n + 1];
    if (inside && character === escape && (next === quote || next === escape) && (escape !== quote || next === quote)) {
      field.text += next;
      n++;
    } else if (character === quote) {
      inside = !inside;
      field.isQuoted = true;
    } else if (!inside && character === delimiter) {
      fields.push(field);
      field = { text: '', isQuoted: false };
    } else {
      field.text += character;
    }
  }
  if (inside) throw pgError(SqlState.badCopyFileFormat, 'unterminated CSV quoted field');
  fields.push(field);
  return fields;
}
