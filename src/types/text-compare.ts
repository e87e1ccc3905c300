// Order of text: by code point (C, POSIX, C.UTF-8 and the default collation), or by a collation's own rules.
import type { ByteWriter } from '../base/bytes.js';
import { bytesSortKey, codePointSortKey } from './sort-key.js';
import type { CompareContext } from './type-behaviour.js';

/** Code point order of two texts. JavaScript's own `<` is the order of UTF-16 units, which puts surrogates before
 *  U+E000..U+FFFF; UTF-8 bytes and code points put them after. */
export function compareCodePoints(left: string, right: string): number {
  if (left === right) return 0;
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a !== b) {
      if (a >= 0xd800 && b >= 0xd800) {
        const aSurrogate = a < 0xe000;
        if (aSurrogate !== b < 0xe000) return aSurrogate ? 1 : -1;
      }
      return a - b;
    }
  }
  return left.length - right.length;
}

/** Order under the call's collation, as varstr_cmp: equal only where a nondeterministic collation says so. */
export function compareText(left: string, right: string, io: CompareContext): number {
  if (io.collationOid === 0 || left === right) return compareCodePoints(left, right);
  const rules = io.collation(io.collationOid);
  if (rules === null) return compareCodePoints(left, right);
  const order = rules.compare(left, right);
  return order === 0 && rules.deterministic ? compareCodePoints(left, right) : order;
}

/** Equality under the call's collation. */
export function equalText(left: string, right: string, io: CompareContext): boolean {
  if (left === right) return true;
  if (io.collationOid === 0) return false;
  const rules = io.collation(io.collationOid);
  return rules !== null && !rules.deterministic && rules.compare(left, right) === 0;
}

/** A key equal exactly for texts that are equal under the collation. */
export function textHashKey(text: string, io: CompareContext): string {
  if (io.collationOid === 0) return text;
  const rules = io.collation(io.collationOid);
  return rules === null || rules.deterministic ? text : rules.sortKey(text).toString('latin1');
}

/** Order-preserving key of a text under the collation. */
export function textSortKey(text: string, writer: ByteWriter, io: CompareContext): void {
  const rules = io.collationOid === 0 ? null : io.collation(io.collationOid);
  if (rules === null) {
    codePointSortKey(text, writer);
    return;
  }
  bytesSortKey(rules.sortKey(text), writer);
  if (rules.deterministic) codePointSortKey(text, writer);
}
