// Text in other encodings than the server's UTF-8: to and from bytes, with PostgreSQL's errors. Strings inside are checked
// Unicode without NUL.
import { isUtf8 } from 'node:buffer';
import { pgError, SqlState } from '../errors/pg-error.js';
import { type CharacterSet, characterSet, codeOf, shapeOf } from './character-set.js';
import { conversionTable } from './conversion-tables.js';

/** Bytes in an encoding as text. Throws 22021 for malformed sequences, 22P05 for characters without equivalent, 42883 for
 *  encodings without a conversion. */
export function decodeText(bytes: Buffer, encoding: string): string {
  if (encoding === 'SQL_ASCII' || encoding === 'MULE_INTERNAL') countCharacters(bytes, encoding);
  if (encoding === 'UTF8' || encoding === 'SQL_ASCII') return decodeUtf8(bytes);
  const set = encoding === 'LATIN1' ? null : requireSet(bytes.length, encoding, 'UTF8', encoding);
  if (isAscii(bytes)) return bytes.latin1Slice();
  const zero = bytes.indexOf(0);
  if (set === null) {
    if (zero >= 0) throw invalidSequence(encoding, bytes.subarray(zero, zero + 1));
    return bytes.latin1Slice();
  }
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at] as number;
    const length = first === 0 ? 1 : set.length(bytes, at);
    const character = bytes.subarray(at, at + length);
    if (first === 0 || character.length < length || !set.isWellFormed(character))
      throw invalidSequence(encoding, character);
    if (length === 1 && first < 0x80) text += String.fromCharCode(first);
    else text += set.characters.get(codeOf(character)) ?? beyondTable(character, encoding);
    at += length;
  }
  return text;
}

/** Text as bytes in an encoding. Throws 22P05 for characters that the set lacks. */
export function encodeText(text: string, encoding: string): Buffer {
  if (encoding === 'UTF8' || encoding === 'SQL_ASCII') return Buffer.from(text);
  return encode(text, encoding, (character) => {
    throw untranslatable(Buffer.from(character), 'UTF8', encoding);
  });
}

/** As encodeText, with a question mark for each character that the set lacks: for error messages. */
export function encodeLeniently(text: string, encoding: string): Buffer {
  return encode(text, encoding, () => Buffer.from('?'));
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII
const asciiOnly = /^[\0-\x7f]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: all of LATIN1
const latin1Only = /^[\0-\xff]*$/;

function encode(text: string, encoding: string, missing: (character: string) => Buffer): Buffer {
  if (encoding === 'LATIN1' && latin1Only.test(text)) return Buffer.from(text, 'latin1');
  const set = requireSet(text.length, 'UTF8', encoding, encoding);
  if (asciiOnly.test(text) || set === null) return Buffer.from(text, 'latin1');
  const { codes } = set;
  const parts: Buffer[] = [];
  const characters = [...text];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] as string;
    const pair = set.hasPairs ? codes.get(character + (characters[at + 1] ?? '')) : undefined;
    if (pair !== undefined && at + 1 < characters.length) {
      parts.push(bytesOf(pair));
      at++;
    } else if (character < '\u0080') parts.push(Buffer.from(character));
    else {
      const code = codes.get(character);
      parts.push(code === undefined ? (supplementary(character, encoding) ?? missing(character)) : bytesOf(code));
    }
  }
  return Buffer.concat(parts);
}

/** The set of an encoding; 42883 where text has no conversion. Nothing needs none. */
function requireSet(length: number, from: string, to: string, encoding: string): CharacterSet | null {
  const set = length === 0 ? null : characterSet(encoding);
  if (set === null && length > 0) throw noConversion(from, to);
  return set;
}

function noConversion(from: string, to: string): Error {
  return pgError(
    SqlState.undefinedFunction,
    `default conversion function for encoding "${from}" to "${to}" does not exist`,
  );
}

/** Bytes of one encoding in another. SQL_ASCII takes bytes as they are. Throws 22021, 22P05 and 42883. */
export function convertBytes(bytes: Buffer, from: string, to: string): Buffer {
  countCharacters(bytes, from);
  if (bytes.length === 0 || from === to || to === 'SQL_ASCII') return bytes;
  if (from === 'SQL_ASCII') {
    countCharacters(bytes, to);
    return bytes;
  }
  if (from === 'UTF8') return encodeText(bytes.utf8Slice(), to);
  if (to === 'UTF8') return Buffer.from(decodeText(bytes, from));
  const table = conversionTable(from, to);
  if (table === null) throw noConversion(from, to);
  const shape = shapeOf(from);
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = shape.length(bytes, at);
    const character = bytes.subarray(at, at + length);
    const isPlain = length === 1 && (bytes[at] as number) < 0x80;
    const code = isPlain ? undefined : table.get(codeOf(character));
    if (!isPlain && code === undefined) throw untranslatable(character, from, to);
    parts.push(code === undefined ? character : bytesOf(code));
    at += length;
  }
  return Buffer.concat(parts);
}

function bytesOf(code: number): Buffer {
  const length = code < 0x100 ? 1 : code < 0x10000 ? 2 : code < 0x1000000 ? 3 : 4;
  const bytes = Buffer.allocUnsafe(length);
  bytes.writeUIntBE(code, 0, length);
  return bytes;
}

/** GB18030 counts the supplementary planes through from 0x90308130. */
function supplementary(character: string, encoding: string): Buffer | null {
  const point = character.codePointAt(0) as number;
  if (encoding !== 'GB18030' || point < 0x10000) return null;
  const index = point - 0x10000;
  return Buffer.of(
    0x90 + Math.floor(index / 12600),
    0x30 + (Math.floor(index / 1260) % 10),
    0x81 + (Math.floor(index / 10) % 126),
    0x30 + (index % 10),
  );
}

function beyondTable(bytes: Buffer, encoding: string): string {
  const [first = 0, second = 0, third = 0, fourth = 0] = bytes;
  if (encoding === 'GB18030' && bytes.length === 4 && first >= 0x90) {
    const index = (first - 0x90) * 12600 + (second - 0x30) * 1260 + (third - 0x81) * 10 + fourth - 0x30;
    if (index <= 0xfffff) return String.fromCodePoint(0x10000 + index);
  }
  throw untranslatable(bytes, encoding, 'UTF8');
}

function isAscii(bytes: Buffer): boolean {
  for (const byte of bytes) if (byte === 0 || byte >= 0x80) return false;
  return true;
}

/** Number of characters of bytes in an encoding, malformed ones refused with 22021. */
export function countCharacters(bytes: Buffer, encoding: string): number {
  if (encoding === 'SQL_ASCII') {
    if (bytes.includes(0)) throw invalidSequence(encoding, Buffer.of(0));
    return bytes.length;
  }
  if (encoding === 'UTF8') return [...decodeUtf8(bytes)].length;
  const shape = shapeOf(encoding);
  let count = 0;
  for (let at = 0; at < bytes.length; count++) {
    const length = bytes[at] === 0 ? 1 : shape.length(bytes, at);
    const character = bytes.subarray(at, at + length);
    if (bytes[at] === 0 || character.length < length || !shape.isWellFormed(character))
      throw invalidSequence(encoding, character);
    at += length;
  }
  return count;
}

function decodeUtf8(bytes: Buffer): string {
  if (!isUtf8(bytes) || bytes.includes(0)) throw invalidSequence('UTF8', invalidUtf8(bytes) ?? bytes);
  return bytes.utf8Slice();
}

/** The first invalid sequence, as PostgreSQL shows it; null where the bytes are valid UTF-8 without NUL. */
export function invalidUtf8(bytes: Buffer): Buffer | null {
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at] as number;
    const length = lead < 0x80 || lead >= 0xf8 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    const sequence = bytes.subarray(at, at + length);
    if (lead === 0 || !validSequence(sequence, length)) return sequence;
    at += length;
  }
  return null;
}

function validSequence(sequence: Buffer, length: number): boolean {
  if (sequence.length < length) return false;
  const lead = sequence[0] as number;
  if (length === 1) return lead < 0x80;
  if (lead < 0xc2 || lead > 0xf4) return false;
  for (let index = 1; index < length; index++) if (((sequence[index] as number) & 0xc0) !== 0x80) return false;
  const second = sequence[1] as number;
  if (lead === 0xe0) return second >= 0xa0;
  if (lead === 0xed) return second <= 0x9f;
  if (lead === 0xf0) return second >= 0x90;
  return lead !== 0xf4 || second <= 0x8f;
}

/** 22021 naming the bytes. */
export function invalidSequence(encoding: string, bytes: Buffer): Error {
  return pgError(
    SqlState.characterNotInRepertoire,
    `invalid byte sequence for encoding "${encoding}": ${hexBytes(bytes)}`,
  );
}

function untranslatable(bytes: Buffer, from: string, to: string): Error {
  return pgError(
    SqlState.untranslatableCharacter,
    `character with byte sequence ${hexBytes(bytes)} in encoding "${from}" has no equivalent in encoding "${to}"`,
  );
}

function hexBytes(bytes: Buffer): string {
  return [...bytes].map((byte) => `0x${byte.toString(16).padStart(2, '0')}`).join(' ');
}
