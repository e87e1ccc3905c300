// Character set names and conversions: the server encoding is UTF-8; other sets are converted through the platform's
// decoders, encoders are the decoders' inverse tables. Names and numbers are PostgreSQL's (manual, table 24.3).
import { pgError, SqlState } from '../errors/pg-error.js';

/** PostgreSQL's encoding names by number. */
const names = [
  'SQL_ASCII',
  'EUC_JP',
  'EUC_CN',
  'EUC_KR',
  'EUC_TW',
  'EUC_JIS_2004',
  'UTF8',
  'MULE_INTERNAL',
  'LATIN1',
  'LATIN2',
  'LATIN3',
  'LATIN4',
  'LATIN5',
  'LATIN6',
  'LATIN7',
  'LATIN8',
  'LATIN9',
  'LATIN10',
  'WIN1256',
  'WIN1258',
  'WIN866',
  'WIN874',
  'KOI8R',
  'WIN1251',
  'WIN1252',
  'ISO_8859_5',
  'ISO_8859_6',
  'ISO_8859_7',
  'ISO_8859_8',
  'WIN1250',
  'WIN1253',
  'WIN1254',
  'WIN1255',
  'WIN1257',
  'KOI8U',
  'SJIS',
  'BIG5',
  'GBK',
  'UHC',
  'GB18030',
  'JOHAB',
  'SHIFT_JIS_2004',
] as const;

const aliases: Readonly<Record<string, string>> = {
  unicode: 'UTF8',
  utf8: 'UTF8',
  sqlascii: 'SQL_ASCII',
  alt: 'WIN866',
  abc: 'WIN1258',
  iso88591: 'LATIN1',
  iso88592: 'LATIN2',
  iso88593: 'LATIN3',
  iso88594: 'LATIN4',
  iso88599: 'LATIN5',
  iso885910: 'LATIN6',
  iso885913: 'LATIN7',
  iso885914: 'LATIN8',
  iso885915: 'LATIN9',
  iso885916: 'LATIN10',
  koi8: 'KOI8R',
  mskanji: 'SJIS',
  shiftjis: 'SJIS',
  tcvn: 'WIN1258',
  tcvn5712: 'WIN1258',
  vscii: 'WIN1258',
  win: 'WIN1251',
  win932: 'SJIS',
  win936: 'GBK',
  win949: 'UHC',
  win950: 'BIG5',
  windows1250: 'WIN1250',
  windows1251: 'WIN1251',
  windows1252: 'WIN1252',
  windows1253: 'WIN1253',
  windows1254: 'WIN1254',
  windows1255: 'WIN1255',
  windows1256: 'WIN1256',
  windows1257: 'WIN1257',
  windows1258: 'WIN1258',
  windows866: 'WIN866',
  windows874: 'WIN874',
  windows932: 'SJIS',
  windows936: 'GBK',
  windows949: 'UHC',
  windows950: 'BIG5',
};

const decoders: Readonly<Record<string, string>> = {
  EUC_JP: 'euc-jp',
  EUC_CN: 'gb2312',
  EUC_KR: 'euc-kr',
  LATIN2: 'iso-8859-2',
  LATIN3: 'iso-8859-3',
  LATIN4: 'iso-8859-4',
  LATIN6: 'iso-8859-10',
  LATIN7: 'iso-8859-13',
  LATIN8: 'iso-8859-14',
  LATIN9: 'iso-8859-15',
  LATIN10: 'iso-8859-16',
  WIN1256: 'windows-1256',
  WIN1258: 'windows-1258',
  WIN866: 'ibm866',
  WIN874: 'windows-874',
  KOI8R: 'koi8-r',
  WIN1251: 'windows-1251',
  WIN1252: 'windows-1252',
  ISO_8859_5: 'iso-8859-5',
  ISO_8859_6: 'iso-8859-6',
  ISO_8859_7: 'iso-8859-7',
  ISO_8859_8: 'iso-8859-8',
  WIN1250: 'windows-1250',
  WIN1253: 'windows-1253',
  WIN1254: 'windows-1254',
  WIN1255: 'windows-1255',
  WIN1257: 'windows-1257',
  KOI8U: 'koi8-u',
  SJIS: 'shift_jis',
  BIG5: 'big5',
  GBK: 'gbk',
  UHC: 'euc-kr',
  GB18030: 'gb18030',
};

/** PostgreSQL's name of an encoding, null where there is none of that spelling. */
export function encodingName(spelling: string): string | null {
  const key = spelling.toLowerCase().replace(/[^a-z0-9]/g, '');
  const exact = names.find((name) => name.toLowerCase().replaceAll('_', '') === key);
  return exact ?? aliases[key] ?? null;
}

/** PostgreSQL's name of an encoding number, null where there is none. */
export function encodingOfNumber(number: number): string | null {
  return names[number] ?? null;
}

/** Bytes in an encoding as text. Throws 22021 for invalid sequences, 0A000 for sets without a decoder. */
export function decodeText(bytes: Buffer, encoding: string): string {
  if (encoding === 'UTF8' || encoding === 'SQL_ASCII') return decodeUtf8(bytes);
  const zero = bytes.indexOf(0);
  if (zero >= 0) throw invalidSequence(encoding, bytes.subarray(zero, zero + 1));
  if (encoding === 'LATIN1') return bytes.latin1Slice();
  const decoder = decoderOf(encoding);
  const text = decoder.decode(bytes);
  if (!text.includes('\ufffd')) return text;
  const bad = bytes.findIndex((_byte, at) => decoder.decode(bytes.subarray(0, at + 1)).includes('\ufffd'));
  throw pgError(
    SqlState.untranslatableCharacter,
    `character with byte sequence ${hexBytes(bytes.subarray(bad, bad + 1))} in encoding "${encoding}" has no equivalent in encoding "UTF8"`,
  );
}

/** Text as bytes in an encoding. Throws 22P05 for characters that the set lacks. */
export function encodeText(text: string, encoding: string): Buffer {
  if (encoding === 'UTF8' || encoding === 'SQL_ASCII') return Buffer.from(text);
  const table = encodeTable(encoding);
  const parts: Buffer[] = [];
  for (const char of text) {
    const bytes = char < '\u0080' ? Buffer.from(char) : table.get(char);
    if (bytes === undefined) {
      throw pgError(
        SqlState.untranslatableCharacter,
        `character with byte sequence ${hexBytes(Buffer.from(char))} in encoding "UTF8" has no equivalent in encoding "${encoding}"`,
      );
    }
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}

function decodeUtf8(bytes: Buffer): string {
  const bad = invalidUtf8(bytes);
  if (bad !== null) throw invalidSequence('UTF8', bad);
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

function hexBytes(bytes: Buffer): string {
  return [...bytes].map((byte) => `0x${byte.toString(16).padStart(2, '0')}`).join(' ');
}

function decoderOf(encoding: string): InstanceType<typeof TextDecoder> {
  const label = decoders[encoding];
  if (label === undefined)
    throw pgError(SqlState.featureNotSupported, `conversion with encoding "${encoding}" is not supported yet`);
  return new TextDecoder(label);
}

const tables = new Map<string, Map<string, Buffer>>();

function encodeTable(encoding: string): Map<string, Buffer> {
  let table = tables.get(encoding);
  if (table === undefined) {
    table = encoding === 'LATIN1' ? latin1Table() : inverseTable(encoding);
    tables.set(encoding, table);
  }
  return table;
}

function latin1Table(): Map<string, Buffer> {
  return new Map(Array.from({ length: 128 }, (_, at) => [String.fromCharCode(128 + at), Buffer.of(128 + at)]));
}

function inverseTable(encoding: string): Map<string, Buffer> {
  const decoder = decoderOf(encoding);
  const table = new Map<string, Buffer>();
  for (let first = 0x80; first < 0x100; first++) {
    const single = decoder.decode(Buffer.of(first));
    if (single !== '\ufffd' && !table.has(single)) table.set(single, Buffer.of(first));
    for (let second = 0x40; second < 0x100 && single === '\ufffd'; second++) {
      const pair = Buffer.of(first, second);
      const char = decoder.decode(pair);
      if ([...char].length === 1 && char !== '\ufffd' && !table.has(char)) table.set(char, pair);
    }
  }
  return table;
}
