// Text on the wire, in the client's encoding. What arrives is checked, without NUL bytes, or 22021 in PostgreSQL's words: everything
// the rooms behind the wire see as a string has passed here.
import { isUtf8 } from 'node:buffer';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { PgError } from '../errors/pg-error.js';
import { decodeText as decodeEncoded, encodeText } from '../types/text-encoding.js';

/** Texts up to this many bytes are checked in JavaScript: cheaper than a call into the runtime. */
const shortTextBytes = 48;

/** The bytes as a string; throws 22021 on malformed text or a NUL byte, 22P05 on characters without equivalent. */
export function decodeText(bytes: Buffer, start = 0, end = bytes.length, encoding = 'UTF8'): string {
  if (end - start <= shortTextBytes) {
    let at = start;
    for (; at < end; at++) {
      const byte = bytes[at] as number;
      if (byte === 0 || byte >= 0x80) break;
    }
    if (at === end) return bytes.latin1Slice(start, end);
  }
  const part = bytes.subarray(start, end);
  if (encoding !== 'UTF8') return decodeEncoded(part, encoding);
  if (!isUtf8(part) || part.includes(0)) throw invalidByteSequence(part);
  return bytes.utf8Slice(start, end);
}

/** PostgreSQL's error for the first invalid sequence in `bytes` (which has one). */
export function invalidByteSequence(bytes: Uint8Array): PgError {
  const at = firstInvalid(bytes);
  const shown = bytes.subarray(at, at + sequenceLength(bytes[at] ?? 0));
  const hex = Array.from(shown, (byte) => `0x${byte.toString(16).padStart(2, '0')}`).join(' ');
  return pgError(SqlState.characterNotInRepertoire, `invalid byte sequence for encoding "UTF8": ${hex}`);
}

function firstInvalid(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes[at] as number);
    const sequence = bytes.subarray(at, at + length);
    if (bytes[at] === 0 || sequence.length < length || !isUtf8(sequence)) return at;
    at += length;
  }
  return 0;
}

/** Bytes that the sequence would have by its first byte; 1 for bytes that start none. */
function sequenceLength(first: number): number {
  if ((first & 0xe0) === 0xc0) return 2;
  if ((first & 0xf0) === 0xe0) return 3;
  if ((first & 0xf8) === 0xf0) return 4;
  return 1;
}

/** How text goes to a client of this encoding; null where it goes as it is: UTF-8, and SQL_ASCII, which converts nothing. */
export function clientEncoder(encoding: string): ((text: string) => Buffer) | null {
  return encoding === 'UTF8' || encoding === 'SQL_ASCII' ? null : (text) => encodeText(text, encoding);
}
