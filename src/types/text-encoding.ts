// Text in other encodings than the server's UTF-8: to and from bytes, with PostgreSQL's errors. Strings inside are checked
// Unicode without NUL.
import { isUtf8 } from 'node:buffer';
import { pgError, SqlState } from '../errors/pg-error.js';
import { characterSet, codeOf } from './character-set.js';

/** Bytes in an encoding as text. Throws 22021 for malformed sequences, 22P05 for characters without equivalent, 0A000 for
 *  encodings that are not known here. */
export function decodeText(bytes: Buffer, encoding: string): string {
  if (encoding === 'UTF8' || encoding === 'SQL_ASCII') return decodeUtf8(bytes);
  if (isAscii(bytes)) return bytes.latin1Slice();
  const zero = bytes.indexOf(0);
  if (encoding === 'LATIN1') {
    if (zero >= 0) throw invalidSequence(encoding, bytes.subarray(zero, zero + 1));
    return bytes.latin1Slice();
  }
  const set = characterSet(encoding);
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
  if (asciiOnly.test(text) || (encoding === 'LATIN1' && latin1Only.test(text))) return Buffer.from(text, 'latin1');
  const { codes } = characterSet(encoding);
  const parts: Buffer[] = [];
  for (const character of text) {
    if (character < '\u0080') parts.push(Buffer.from(character));
    else {
      const code = codes.get(character);
      parts.push(code === undefined ? (supplementary(character, encoding) ?? missing(character)) : bytesOf(code));
    }
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
  if (encoding === 'SQL_ASCII') return bytes.length;
  if (encoding === 'UTF8') return [...decodeUtf8(bytes)].length;
  const set = characterSet(encoding);
  let count = 0;
  for (let at = 0; at < bytes.length; count++) {
    const length = bytes[at] === 0 ? 1 : set.length(bytes, at);
    const character = bytes.subarray(at, at + length);
    if (bytes[at] === 0 || character.length < length || !set.isWellFormed(character))
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
    const length = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
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
