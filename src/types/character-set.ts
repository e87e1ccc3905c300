// Characters of the sets beside UTF-8, as tables both ways (manual, section 23.3.4): PostgreSQL's own conversions. A table
// is made when its set is first used.
import { charactersOf, conversionTable } from './conversion-tables.js';

/** One set: characters by their code (the bytes as one big-endian number), and codes by character. */
export interface CharacterSet {
  readonly characters: ReadonlyMap<number, string>;
  readonly codes: ReadonlyMap<string, number>;
  /** Some codes stand for two code points. */
  readonly hasPairs: boolean;
  /** How many bytes the character at `at` should have, by its first bytes; 0 where they begin none. */
  length(bytes: Buffer, at: number): number;
  /** True where the bytes are a character's form, in the table or not. */
  isWellFormed(bytes: Buffer): boolean;
}

const sets = new Map<string, CharacterSet>();

/** The set of PostgreSQL's name; null for MULE_INTERNAL, which has no conversion to Unicode. */
export function characterSet(encoding: string): CharacterSet | null {
  let set = sets.get(encoding) ?? null;
  if (set === null) {
    set = makeSet(encoding);
    if (set !== null) sets.set(encoding, set);
  }
  return set;
}

/** How long the set's characters are, and which byte sequences are characters; needs no table. */
export function shapeOf(encoding: string): Shape {
  return shapes[encoding] ?? singleByte;
}

function makeSet(encoding: string): CharacterSet | null {
  const decoding = conversionTable(encoding, 'UTF8');
  const encodingChanges = conversionTable('UTF8', encoding);
  if (decoding === null || encodingChanges === null) return null;
  const characters = new Map<number, string>();
  const codes = new Map<string, number>();
  let hasPairs = false;
  for (const [code, point] of decoding) {
    const text = charactersOf(point);
    if (point > 0x10ffff) hasPairs = true;
    characters.set(code, text);
    if (!codes.has(text)) codes.set(text, code);
  }
  for (const [point, code] of encodingChanges) {
    if (code === 0) codes.delete(charactersOf(point));
    else codes.set(charactersOf(point), code);
  }
  return { characters, codes, hasPairs, ...shapeOf(encoding) };
}

/** A character's bytes as one number. */
export function codeOf(bytes: Buffer): number {
  return bytes.readUIntBE(0, bytes.length);
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

const taiwaneseUnix: Shape = {
  length(bytes, at) {
    const first = bytes[at] as number;
    return first < 0x80 ? 1 : first === 0x8e ? 4 : first === 0x8f ? 3 : 2;
  },
  isWellFormed(bytes) {
    const [first = 0, second = 0, third, fourth] = bytes;
    if (first < 0x80) return true;
    if (first === 0x8f) return false;
    if (first === 0x8e) return second >= 0xa1 && second <= 0xa7 && isHigh(third) && isHigh(fourth);
    return isHigh(second);
  },
};

/** Characters of JOHAB beyond the sets of EUC are refused, as PostgreSQL's check refuses them. */
const johab: Shape = {
  length(bytes, at) {
    const first = bytes[at] as number;
    return first < 0x80 ? 1 : first === 0x8f ? 3 : 2;
  },
  isWellFormed: (bytes) => (bytes[0] as number) < 0x80 || [...bytes.subarray(1)].every(isHigh),
};

/** A leading byte that names the set of those behind it. */
const muleInternal: Shape = {
  length(bytes, at) {
    const first = bytes[at] as number;
    if (first >= 0x81 && first <= 0x8d) return 2;
    if ((first >= 0x90 && first <= 0x99) || first === 0x9a || first === 0x9b) return 3;
    return first === 0x9c || first === 0x9d ? 4 : 1;
  },
  isWellFormed: (bytes) => bytes.subarray(1).every((byte) => byte >= 0x80),
};

const shapes: Readonly<Record<string, Shape>> = {
  EUC_JP: japaneseUnix,
  EUC_JIS_2004: japaneseUnix,
  EUC_CN: extendedUnix,
  EUC_KR: extendedUnix,
  EUC_TW: taiwaneseUnix,
  JOHAB: johab,
  MULE_INTERNAL: muleInternal,
  SJIS: shiftJis,
  SHIFT_JIS_2004: shiftJis,
  BIG5: leadAndAny,
  GBK: leadAndAny,
  UHC: leadAndAny,
  GB18030: gb18030,
};
