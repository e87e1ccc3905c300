// Characters of the sets beside UTF-8, as tables both ways (manual, section 23.3.4). Sets that the runtime decodes come
// from its decoders, without the control codes and private characters that PostgreSQL's tables don't have; LATIN1, LATIN5,
// LATIN10, WIN1252 and UHC are spelled out. A table is made when its set is first used.
import { notSupported } from '../errors/pg-error.js';

/** One set: characters by their code (the bytes as one big-endian number), and codes by character. */
export interface CharacterSet {
  readonly characters: ReadonlyMap<number, string>;
  readonly codes: ReadonlyMap<string, number>;
  /** How many bytes the character at `at` should have, by its first bytes; 0 where they begin none. */
  length(bytes: Buffer, at: number): number;
  /** True where the bytes are a character's form, in the table or not. */
  isWellFormed(bytes: Buffer): boolean;
}

/** The runtime's labels. */
const labels: Readonly<Record<string, string>> = {
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
  WIN1256: 'windows-1256',
  WIN1258: 'windows-1258',
  WIN866: 'ibm866',
  WIN874: 'windows-874',
  KOI8R: 'koi8-r',
  WIN1251: 'windows-1251',
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

/** 0x80 to 0x9f of WIN1252; a blank is a gap. */
const win1252Specials = '€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ';
/** 0xa0 to 0xff of LATIN10. */
const latin10Letters =
  '\u00a0ĄąŁ€„Š§š©Ș«Ź\u00adźŻ°±ČłŽ”¶·žčș»ŒœŸżÀÁÂĂÄĆÆÇÈÉÊËÌÍÎÏĐŃÒÓÔŐÖŚŰÙÚÛÜĘȚßàáâăäćæçèéêëìíîïđńòóôőöśűùúûüęțÿ';
const latin5Letters: Readonly<Record<number, string>> = {
  208: 'Ğ',
  221: 'İ',
  222: 'Ş',
  240: 'ğ',
  253: 'ı',
  254: 'ş',
};

const sets = new Map<string, CharacterSet>();

/** The set of PostgreSQL's name; throws 0A000 for those without tables here. */
export function characterSet(encoding: string): CharacterSet {
  let set = sets.get(encoding);
  if (set === undefined) {
    set = makeSet(encoding);
    sets.set(encoding, set);
  }
  return set;
}

function makeSet(encoding: string): CharacterSet {
  const characters = new Map<number, string>();
  const shape = shapes[encoding] ?? singleByte;
  const add = (code: number, character: string | undefined): void => {
    if (character !== undefined && !characters.has(code)) characters.set(code, character);
  };
  const spelled = spelledOut[encoding];
  if (spelled !== undefined) for (let code = 0x80; code < 0x100; code++) add(code, spelled(code));
  else decodeInto(add, encoding, shape);
  extras[encoding]?.(add, characters);
  const codes = new Map<string, number>();
  for (const [code, character] of characters) if (!codes.has(character)) codes.set(character, code);
  return { characters, codes, ...shape };
}

type Add = (code: number, character: string | undefined) => void;

const spelledOut: Readonly<Record<string, (code: number) => string | undefined>> = {
  LATIN1: (code) => String.fromCharCode(code),
  LATIN5: (code) => latin5Letters[code] ?? String.fromCharCode(code),
  LATIN10: (code) => (code < 0xa0 ? String.fromCharCode(code) : latin10Letters[code - 0xa0]),
  WIN1252: (code) => (code < 0xa0 ? noBlank(win1252Specials[code - 0x80]) : String.fromCharCode(code)),
};

function noBlank(character: string | undefined): string | undefined {
  return character === ' ' ? undefined : character;
}

/** Every well-formed sequence of one, two or (where the set has them) more bytes, as the runtime decodes it. */
function decodeInto(add: Add, encoding: string, shape: Shape): void {
  const label = labels[encoding];
  if (label === undefined) throw notSupported(`encoding ${encoding}`);
  const decoder = new TextDecoder(label);
  const isWindows = encoding.startsWith('WIN') && encoding !== 'WIN866';
  const decode = (bytes: Buffer): string | undefined => {
    const text = decoder.decode(bytes);
    const [first, second] = text;
    if (first === undefined || second !== undefined || first === '\ufffd' || isPrivate(first)) return undefined;
    return isWindows && first >= '\u0080' && first <= '\u009f' ? undefined : first;
  };
  for (const bytes of sequences(encoding, shape)) add(codeOf(bytes), decode(bytes));
}

function isPrivate(character: string): boolean {
  return character >= '\ue000' && character <= '\uf8ff';
}

/** A character's bytes as one number. */
export function codeOf(bytes: Buffer): number {
  return bytes.readUIntBE(0, bytes.length);
}

function* sequences(encoding: string, shape: Shape): Generator<Buffer, void, void> {
  for (let first = 0x80; first < 0x100; first++) {
    const single = Buffer.of(first);
    if (shape.length(single, 0) === 1) yield single;
    for (let second = 0x40; second < 0x100 && shape.length(single, 0) >= 2; second++) {
      const pair = Buffer.of(first, second);
      if (shape.isWellFormed(pair)) yield pair;
    }
  }
  if (encoding === 'EUC_JP') yield* supplementary();
  if (encoding === 'GB18030') yield* fourByte();
}

/** JIS X 0212: 0x8f and two bytes. */
function* supplementary(): Generator<Buffer, void, void> {
  for (let second = 0xa1; second < 0xff; second++) {
    for (let third = 0xa1; third < 0xff; third++) yield Buffer.of(0x8f, second, third);
  }
}

/** GB18030's characters of the basic plane that two bytes can't hold. */
function* fourByte(): Generator<Buffer, void, void> {
  for (let first = 0x81; first <= 0x84; first++) {
    for (let rest = 0; rest < 12600; rest++) {
      const second = 0x30 + Math.floor(rest / 1260);
      const third = 0x81 + (Math.floor(rest / 10) % 126);
      yield Buffer.of(first, second, third, 0x30 + (rest % 10));
    }
  }
}

type Shape = Pick<CharacterSet, 'length' | 'isWellFormed'>;

const singleByte: Shape = { length: () => 1, isWellFormed: () => true };

const isHigh = (byte: number | undefined): boolean => byte !== undefined && byte >= 0xa1 && byte <= 0xfe;

/** Two bytes, both high. */
const extendedUnix: Shape = {
  length: (bytes, at) => ((bytes[at] as number) < 0x80 ? 1 : 2),
  isWellFormed: (bytes) => (bytes[0] as number) < 0x80 || (isHigh(bytes[0]) && isHigh(bytes[1])),
};

/** Two bytes, the second one any but zero. */
const leadAndAny: Shape = {
  length: (bytes, at) => ((bytes[at] as number) < 0x80 ? 1 : 2),
  isWellFormed: (bytes) => (bytes[0] as number) < 0x80 || (bytes.length === 2 && bytes[1] !== 0),
};

const japaneseUnix: Shape = {
  length(bytes, at) {
    const first = bytes[at] as number;
    return first < 0x80 ? 1 : first === 0x8f ? 3 : 2;
  },
  isWellFormed(bytes) {
    const [first = 0, second = 0, third] = bytes;
    if (first < 0x80) return true;
    if (first === 0x8e) return second >= 0xa1 && second <= 0xdf;
    if (first === 0x8f) return isHigh(second) && isHigh(third);
    return isHigh(first) && isHigh(second);
  },
};

const shiftJis: Shape = {
  length(bytes, at) {
    const first = bytes[at] as number;
    return first < 0x80 || (first >= 0xa1 && first <= 0xdf) ? 1 : 2;
  },
  isWellFormed(bytes) {
    const [first = 0, second = 0] = bytes;
    if (bytes.length === 1) return true;
    const isLead = (first >= 0x81 && first <= 0x9f) || (first >= 0xe0 && first <= 0xfc);
    return isLead && second >= 0x40 && second <= 0xfc && second !== 0x7f;
  },
};

const gb18030: Shape = {
  length(bytes, at) {
    const [first, second = 0] = bytes.subarray(at, at + 2);
    return (first as number) < 0x80 ? 1 : second >= 0x30 && second <= 0x39 ? 4 : 2;
  },
  isWellFormed(bytes) {
    const [first = 0, second = 0, third = 0, fourth = 0] = bytes;
    if (first < 0x80) return true;
    if (first > 0xfe || first === 0x80) return false;
    if (bytes.length === 4) return third >= 0x81 && third <= 0xfe && fourth >= 0x30 && fourth <= 0x39;
    return (second >= 0x40 && second <= 0x7e) || (second >= 0x80 && second <= 0xfe);
  },
};

const shapes: Readonly<Record<string, Shape>> = {
  EUC_JP: japaneseUnix,
  EUC_CN: extendedUnix,
  EUC_KR: extendedUnix,
  SJIS: shiftJis,
  BIG5: leadAndAny,
  GBK: leadAndAny,
  UHC: leadAndAny,
  GB18030: gb18030,
};

/** Characters that PostgreSQL's tables have beyond the runtime's. */
const extras: Readonly<Record<string, (add: Add, characters: Map<number, string>) => void>> = {
  EUC_KR: koreanSigns,
  UHC(add, characters) {
    koreanSigns(add);
    addSyllables(add, characters);
  },
};

function koreanSigns(add: Add): void {
  add(0xa2e6, '\u20ac');
  add(0xa2e7, '\u00ae');
  add(0xa2e8, '\u327e');
}

/** UHC gives the syllables that KS X 1001 lacks the free codes, both in order. */
function addSyllables(add: Add, characters: Map<number, string>): void {
  const known = new Set(characters.values());
  const free = freeCodes();
  for (let point = 0xac00; point <= 0xd7a3; point++) {
    const syllable = String.fromCodePoint(point);
    if (known.has(syllable)) continue;
    const next = free.next();
    if (next.done) return;
    add(next.value, syllable);
  }
}

function* freeCodes(): Generator<number, void, void> {
  for (let first = 0x81; first <= 0xc6; first++) {
    const last = first <= 0xa0 ? 0xfe : 0xa0;
    for (let second = 0x41; second <= last; second++) {
      const isLetter = (second >= 0x41 && second <= 0x5a) || (second >= 0x61 && second <= 0x7a);
      if (isLetter || second >= 0x81) yield first * 256 + second;
    }
  }
}
