// Encodings of COPY's files: PostgreSQL's names and the decoders behind them. The database is UTF8 throughout.
import { isUtf8 } from 'node:buffer';
import { TextDecoder } from 'node:util';
import { notSupported, pgError, SqlState } from '../../errors/pg-error.js';

/** PostgreSQL's encoding names with the label that the Encoding Standard has for them; '' is decoded here. */
const labels: Readonly<Record<string, string>> = {
  UTF8: '',
  SQL_ASCII: '',
  LATIN1: '',
  LATIN2: 'iso-8859-2',
  LATIN3: 'iso-8859-3',
  LATIN4: 'iso-8859-4',
  LATIN5: 'windows-1254',
  LATIN6: 'iso-8859-10',
  LATIN7: 'iso-8859-13',
  LATIN8: 'iso-8859-14',
  LATIN9: 'iso-8859-15',
  LATIN10: 'iso-8859-16',
  ISO_8859_5: 'iso-8859-5',
  ISO_8859_6: 'iso-8859-6',
  ISO_8859_7: 'iso-8859-7',
  ISO_8859_8: 'iso-8859-8',
  KOI8R: 'koi8-r',
  KOI8U: 'koi8-u',
  WIN866: 'ibm866',
  WIN874: 'windows-874',
  WIN1250: 'windows-1250',
  WIN1251: 'windows-1251',
  WIN1252: 'windows-1252',
  WIN1253: 'windows-1253',
  WIN1254: 'windows-1254',
  WIN1255: 'windows-1255',
  WIN1256: 'windows-1256',
  WIN1257: 'windows-1257',
  WIN1258: 'windows-1258',
  EUC_JP: 'euc-jp',
  EUC_KR: 'euc-kr',
  EUC_CN: 'gbk',
  SJIS: 'shift_jis',
  BIG5: 'big5',
  GBK: 'gbk',
  GB18030: 'gb18030',
};

const aliases: Readonly<Record<string, string>> = {
  utf8: 'UTF8',
  unicode: 'UTF8',
  sqlascii: 'SQL_ASCII',
  iso88591: 'LATIN1',
  iso885915: 'LATIN9',
  koi8: 'KOI8R',
  win: 'WIN1251',
  windows1252: 'WIN1252',
};

/** PostgreSQL's name of an encoding; null for an unknown one. Case and punctuation don't matter. */
export function normalizeEncoding(name: string): string | null {
  const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '');
  const wanted = plain(name);
  return aliases[wanted] ?? Object.keys(labels).find((known) => plain(known) === wanted) ?? null;
}

/** Turns bytes of an encoding (cut at character borders) into text; throws 22021, 22P05. */
export type Decoder = (bytes: Buffer) => string;

export function decoderFor(encoding: string): Decoder {
  if (encoding === 'UTF8' || encoding === 'SQL_ASCII') return decodeUtf8;
  if (encoding === 'LATIN1') return (bytes) => bytes.latin1Slice(0, bytes.length);
  const label = labels[encoding];
  if (label === undefined) throw notSupported(`COPY encoding ${encoding}`);
  const decoder = new TextDecoder(label, { fatal: true });
  return (bytes) => {
    try {
      return decoder.decode(bytes);
    } catch {
      throw pgError(SqlState.characterNotInRepertoire, `invalid byte sequence for encoding "${encoding}"`);
    }
  };
}

/** True where newline and the ASCII characters stand for themselves in every position. */
export function isAsciiSafe(encoding: string): boolean {
  return !['SJIS', 'BIG5', 'GBK', 'GB18030'].includes(encoding);
}

function decodeUtf8(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw invalidUtf8(bytes);
  const text = bytes.utf8Slice(0, bytes.length);
  if (bytes.includes(0))
    throw pgError(SqlState.characterNotInRepertoire, 'invalid byte sequence for encoding "UTF8": 0x00');
  return text;
}

/** 22021 with the bytes that break it, as PostgreSQL prints them. */
function invalidUtf8(bytes: Buffer): Error {
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes[at] as number);
    if (length === 0 || at + length > bytes.length || !isUtf8(bytes.subarray(at, at + length))) break;
    at += length;
  }
  const shown = bytes.subarray(at, Math.min(at + Math.max(sequenceLength(bytes[at] ?? 0), 1), bytes.length));
  const hex = [...shown].map((byte) => `0x${byte.toString(16).padStart(2, '0')}`).join(' ');
  return pgError(SqlState.characterNotInRepertoire, `invalid byte sequence for encoding "UTF8": ${hex}`);
}

function sequenceLength(first: number): number {
  if (first < 0x80) return 1;
  if (first >= 0xf0) return 4;
  if (first >= 0xe0) return 3;
  return first >= 0xc0 ? 2 : 1;
}

/** Text as bytes of the encoding. */
export function encoderFor(encoding: string): (text: string) => Buffer {
  if (encoding === 'UTF8' || encoding === 'SQL_ASCII') return (text) => Buffer.from(text);
  if (encoding === 'LATIN1') {
    return (text) => {
      for (const character of text) {
        if ((character.codePointAt(0) as number) > 255) throw untranslatable(character, encoding);
      }
      return Buffer.from(text, 'latin1');
    };
  }
  throw notSupported(`COPY TO in encoding ${encoding}`);
}

function untranslatable(character: string, encoding: string): Error {
  const hex = [...Buffer.from(character)].map((byte) => `0x${byte.toString(16)}`).join(' ');
  return pgError(
    SqlState.untranslatableCharacter,
    `character with byte sequence ${hex} in encoding "UTF8" has no equivalent in encoding "${encoding}"`,
  );
}
