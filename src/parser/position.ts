// Places in a statement's source. The parser reports 0-based byte offsets of the UTF-8 text; clients are told 1-based
// character positions (code points, as PostgreSQL counts them).

/** Character position (from 1) of a 0-based byte offset in `source`; undefined where the offset is unknown (< 0). */
export function characterPosition(source: string, byteOffset: number): number | undefined {
  if (byteOffset < 0) return undefined;
  let bytes = 0;
  let characters = 0;
  for (const character of source) {
    if (bytes >= byteOffset) break;
    bytes += utf8Length(character.codePointAt(0) ?? 0);
    characters++;
  }
  return characters + 1;
}

/** UTF-16 index of a 0-based byte offset in `source`; the text's length where the offset lies behind its end. */
export function stringIndex(source: string, byteOffset: number): number {
  let bytes = 0;
  let index = 0;
  while (index < source.length && bytes < byteOffset) {
    const codePoint = source.codePointAt(index) ?? 0;
    bytes += utf8Length(codePoint);
    index += codePoint > 0xffff ? 2 : 1;
  }
  return index;
}

/** The part of `source` between a statement's byte location and length (0: up to the end). */
export function sliceBytes(source: string, location: number, length: number): string {
  const bytes = bytesOf(source);
  if (bytes === null) return length === 0 ? source.slice(location) : source.slice(location, location + length);
  return bytes.toString('utf8', location, length === 0 ? bytes.length : location + length);
}

/** The text that was sliced last and, where it isn't ASCII, its bytes: a string of many statements is cut many times. */
let last: { readonly source: string; readonly bytes: Buffer | null } = { source: '', bytes: null };

function bytesOf(source: string): Buffer | null {
  if (last.source !== source) last = { source, bytes: isAscii(source) ? null : Buffer.from(source, 'utf8') };
  return last.bytes;
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 127) return false;
  return true;
}

function utf8Length(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}
