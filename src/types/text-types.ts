// Character types: text, varchar, bpchar, name, "char", cstring, unknown, refcursor (which uses text's functions) and
// pg_node_tree. All are JavaScript strings; the stored form is UTF-8. A varchar or bpchar modifier is length + 4.
import { identifierBytesMax } from '../base/limits.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import { cannotAccept } from './input-error.js';
import { codePointSortKey } from './sort-key.js';
import { compareCodePoints, compareText, textHashKey, textSortKey } from './text-compare.js';
import { defineType, type TypeBehaviour } from './type-behaviour.js';

const textForm = {
  storage: 'varlen',
  output: (value) => value,
  receive: (reader) => reader.utf8(reader.remaining),
  send: (value, _type, writer) => void writer.utf8(value),
  store: (value, _type, writer) => void writer.utf8(value),
  load: (reader) => reader.utf8(reader.remaining),
} satisfies Partial<TypeBehaviour<string>>;

const textOrder = {
  compare: (left, right, _type, io) => compareText(left, right, io),
  hashKey: (value, _type, io) => textHashKey(value, io),
  sortKey: (value, _type, writer, io) => textSortKey(value, writer, io),
} satisfies Partial<TypeBehaviour<string>>;

defineType<string>({ symbol: 'textin', ...textForm, ...textOrder, input: (text) => text });

defineType<string>({
  symbol: 'varcharin',
  ...textForm,
  ...textOrder,
  input: (text, _type, typmod) => coerceVarchar(text, typmod, false),
  receive: (reader, _type, typmod) => coerceVarchar(reader.utf8(reader.remaining), typmod, false),
});

defineType<string>({
  symbol: 'bpcharin',
  ...textForm,
  input: (text, _type, typmod) => coerceBpchar(text, typmod, false),
  receive: (reader, _type, typmod) => coerceBpchar(reader.utf8(reader.remaining), typmod, false),
  compare: (left, right, _type, io) => compareText(trimBlanks(left), trimBlanks(right), io),
  hashKey: (value, _type, io) => textHashKey(trimBlanks(value), io),
  sortKey: (value, _type, writer, io) => textSortKey(trimBlanks(value), writer, io),
});

// name's default collation is "C": its order is by bytes unless the call says otherwise.
defineType<string>({
  symbol: 'namein',
  ...textForm,
  input: (text) => truncateIdentifier(text),
  receive: (reader) => receiveName(reader.utf8(reader.remaining)),
  compare: compareCodePoints,
  hashKey: (value) => value,
  sortKey: (value, _type, writer) => codePointSortKey(value, writer),
});

defineType<string>({
  symbol: 'charin',
  storage: 'varlen',
  input: (text) => parseChar(text),
  output: formatChar,
  receive: (reader) => charOfByte(reader.uint8()),
  send: (value, _type, writer) => writer.uint8(byteOfChar(value)),
  store: (value, _type, writer) => writer.uint8(byteOfChar(value)),
  load: (reader) => charOfByte(reader.uint8()),
  compare: (left, right) => byteOfChar(left) - byteOfChar(right),
  hashKey: (value) => value,
  sortKey: (value, _type, writer) => writer.uint8(byteOfChar(value)),
});

for (const symbol of ['cstring_in', 'unknownin']) {
  defineType<string>({
    symbol,
    ...textForm,
    input: (text) => text,
    compare: compareCodePoints,
    hashKey: (value) => value,
    sortKey: (value, _type, writer) => codePointSortKey(value, writer),
  });
}

for (const name of ['pg_node_tree', 'pg_ndistinct', 'pg_dependencies', 'pg_mcv_list']) {
  defineType<string>({
    symbol: `${name}_in`,
    ...textForm,
    ...textOrder,
    input: () => {
      throw cannotAccept(name);
    },
    receive: () => {
      throw cannotAccept(name);
    },
  });
}

/** Length of a text in characters. */
export function characterCount(text: string): number {
  let count = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit >= 0xd800 && unit < 0xdc00) {
      count--;
      index++;
    }
  }
  return count;
}

/** The first `count` characters. */
export function characterPrefix(text: string, count: number): string {
  if (text.length <= count) return text;
  let index = 0;
  for (let taken = 0; taken < count && index < text.length; taken++) {
    const unit = text.charCodeAt(index);
    index += unit >= 0xd800 && unit < 0xdc00 ? 2 : 1;
  }
  return text.slice(0, index);
}

/** varchar(n): too long a text is cut by an explicit cast or where only blanks are lost, else 22001. */
export function coerceVarchar(text: string, typmod: number, explicit: boolean): string {
  if (typmod < 4) return text;
  const length = typmod - 4;
  if (text.length <= length) return text;
  const kept = characterPrefix(text, length);
  if (!explicit && /[^ ]/.test(text.slice(kept.length))) throw tooLong('character varying', length);
  return kept;
}

/** char(n): blank-padded to n characters, cut as varchar is. */
export function coerceBpchar(text: string, typmod: number, explicit: boolean): string {
  if (typmod < 4) return text;
  const length = typmod - 4;
  const missing = length - characterCount(text);
  if (missing >= 0) return missing === 0 ? text : text + ' '.repeat(missing);
  const kept = characterPrefix(text, length);
  if (!explicit && /[^ ]/.test(text.slice(kept.length))) throw tooLong('character', length);
  return kept;
}

/** bpchar without its padding, which means nothing in comparisons. */
export function trimBlanks(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 32) end--;
  return end === text.length ? text : text.slice(0, end);
}

/** An identifier cut to 63 bytes at a character's end. */
export function truncateIdentifier(text: string): string {
  if (text.length * 3 <= identifierBytesMax || Buffer.byteLength(text) <= identifierBytesMax) return text;
  const bytes = Buffer.from(text);
  let end = identifierBytesMax;
  while (((bytes[end] as number) & 0xc0) === 0x80) end--;
  return bytes.utf8Slice(0, end);
}

/** The byte of a "char" value; '' stands for byte 0. */
export function byteOfChar(value: string): number {
  return value === '' ? 0 : value.charCodeAt(0);
}

/** The "char" value of a byte. */
export function charOfByte(byte: number): string {
  return byte === 0 ? '' : String.fromCharCode(byte);
}

/** "char" input: the first byte, or \ooo. */
export function parseChar(text: string): string {
  if (/^\\[0-7]{3}$/.test(text)) return charOfByte(Number.parseInt(text.slice(1), 8) & 0xff);
  return text === '' ? '' : charOfByte(Buffer.from(text)[0] as number);
}

/** "char" output: ASCII as it is, other bytes as \ooo. */
export function formatChar(value: string): string {
  const byte = byteOfChar(value);
  return byte < 0x80 ? value : `\\${byte.toString(8)}`;
}

function receiveName(text: string): string {
  if (Buffer.byteLength(text) > identifierBytesMax) {
    throw pgError(SqlState.nameTooLong, 'identifier too long', {
      detail: `Identifier must be less than ${identifierBytesMax + 1} characters.`,
    });
  }
  return text;
}

function tooLong(typeName: string, length: number): Error {
  return pgError(SqlState.stringDataRightTruncation, `value too long for type ${typeName}(${length})`);
}
