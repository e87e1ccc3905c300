// Tables of conversions between character sets, unpacked when first used: codes (a character's bytes as one big-endian
// number; of UTF8 the code point, two of them as first * 2^21 + second) by codes. Facts of PostgreSQL's conversions.
import { brotliDecompressSync } from 'node:zlib';
import { conversionTables } from './generated/character-sets.js';

const tables = new Map<string, ReadonlyMap<number, number>>();

/** What codes of one set become in another; null where PostgreSQL has no conversion, or none in these tables. */
export function conversionTable(from: string, to: string): ReadonlyMap<number, number> | null {
  const name = `${from}>${to}`;
  const packed = Object.hasOwn(conversionTables, name) ? conversionTables[name] : undefined;
  if (packed === undefined) return null;
  let table = tables.get(name);
  if (table === undefined) {
    table = unpack(brotliDecompressSync(Buffer.from(packed, 'base64')));
    tables.set(name, table);
  }
  return table;
}

/** Runs of codes that go up together: distance from the last run, length, distance of the targets (zigzag). */
function unpack(bytes: Buffer): Map<number, number> {
  const table = new Map<number, number>();
  let at = 0;
  const number = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte % 128) * factor;
      if (byte < 128) return value;
    }
  };
  let from = 0;
  let to = 0;
  while (at < bytes.length) {
    from += number();
    const length = number();
    const step = number();
    to += step % 2 === 0 ? step / 2 : -(step + 1) / 2;
    for (let index = 0; index < length; index++) table.set(from++, to++);
  }
  return table;
}

/** The characters of a code in tables to UTF8. */
export function charactersOf(code: number): string {
  if (code <= 0x10ffff) return String.fromCodePoint(code);
  return String.fromCodePoint(Math.floor(code / 2 ** 21), code % 2 ** 21);
}
