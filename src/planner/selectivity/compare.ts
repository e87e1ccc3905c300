// Comparing statistics' values with constants, and placing values on a linear scale for interpolation.
import type { Catalog } from '../../catalog/api.js';
import type { CompareContext } from '../../types/type-behaviour.js';
import { withPartTypes } from '../../types/part-order.js';
import type { Value } from '../../types/value.js';

/** Three-way comparison by the type's default order; null where it can't be done. */
export type Comparator = (left: Value, right: Value) => number;

/** The default order of values of `leftType` and `rightType` (cross-type for numbers). */
export function comparatorFor(
  catalog: Catalog,
  leftType: number,
  rightType: number,
  collation: number,
): Comparator | null {
  const type = catalog.findTypeByOid(leftType);
  const other = catalog.findTypeByOid(rightType);
  if (type === null || other === null) return null;
  const context: CompareContext = {
    typeByOid: (oid) => catalog.typeByOid(oid),
    collation: (oid) => catalog.io.collation(oid),
    collationOid: collation,
  };
  const { behaviour } = type;
  const sameRepresentation = leftType === rightType || behaviour.symbol === other.behaviour.symbol;
  const parts = withPartTypes(type, context.typeByOid);
  const isOrdered = parts.every((part) => part.behaviour.compare !== undefined);
  const isHashed = parts.every((part) => part.behaviour.hashKey !== undefined);
  return (left, right) => {
    const numeric = (value: Value): value is number | bigint => typeof value === 'number' || typeof value === 'bigint';
    if (numeric(left) && numeric(right)) return left < right ? -1 : left > right ? 1 : 0;
    if (sameRepresentation && isOrdered && behaviour.compare) return behaviour.compare(left, right, type, context);
    // Types without an order have no histograms: all that is asked is whether values are equal.
    if (sameRepresentation && isHashed && behaviour.hashKey)
      return behaviour.hashKey(left, type, context) === behaviour.hashKey(right, type, context) ? 0 : 1;
    if (typeof left === 'string' && typeof right === 'string') return left < right ? -1 : left > right ? 1 : 0;
    const first = toScalar(left);
    const second = toScalar(right);
    return first === null || second === null ? 0 : first - second;
  };
}

/** A number that grows with the value; null where the type has no such scale. Strings go by `textScale`. */
export function toScalar(value: Value): number | null {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value === null || typeof value !== 'object') return null;
  if ('microseconds' in value && 'months' in value) {
    return Number(value.microseconds) + (value.days + value.months * (365.25 / 12)) * 86400000000;
  }
  if ('microseconds' in value && 'zone' in value) return Number(value.microseconds) + value.zone * 1000000;
  if (Buffer.isBuffer(value)) return bytesToScalar(value);
  const text = String(value);
  const parsed = Number(text);
  return Number.isNaN(parsed) ? null : parsed;
}

function bytesToScalar(bytes: Buffer): number {
  let result = 0;
  let factor = 1 / 256;
  for (let index = 0; index < Math.min(bytes.length, 12); index++) {
    result += (bytes[index] ?? 0) * factor;
    factor /= 256;
  }
  return result;
}

/** Places `value` between `low` and `high`, 0 to 1; null where they can't be put on a scale. */
export function interpolate(value: Value, low: Value, high: Value): number | null {
  if (typeof value === 'string' && typeof low === 'string' && typeof high === 'string') {
    return interpolateText(value, low, high);
  }
  const at = toScalar(value);
  const from = toScalar(low);
  const to = toScalar(high);
  if (at === null || from === null || to === null) return null;
  if (to <= from) return 0.5;
  if (at <= from) return 0;
  if (at >= to) return 1;
  const fraction = (at - from) / (to - from);
  return Number.isNaN(fraction) ? 0.5 : fraction;
}

/** Strings as fractions in the base of the characters that occur, after the common prefix. */
function interpolateText(value: string, low: string, high: string): number {
  let rangeLow = high.charCodeAt(0) || 0;
  let rangeHigh = rangeLow;
  for (const text of [value, low, high]) {
    for (let index = 0; index < text.length; index++) {
      const code = Math.min(text.charCodeAt(index), 255);
      rangeLow = Math.min(rangeLow, code);
      rangeHigh = Math.max(rangeHigh, code);
    }
  }
  const widen = (from: number, to: number): void => {
    if (rangeLow <= to && rangeHigh >= from) {
      rangeLow = Math.min(rangeLow, from);
      rangeHigh = Math.max(rangeHigh, to);
    }
  };
  widen(65, 90);
  widen(97, 122);
  widen(48, 57);
  if (rangeHigh - rangeLow < 9) {
    rangeLow = 32;
    rangeHigh = 127;
  }
  let prefix = 0;
  while (prefix < low.length && low[prefix] === high[prefix] && low[prefix] === value[prefix]) prefix++;
  const scale = (text: string): number => {
    const base = rangeHigh - rangeLow + 1;
    let result = 0;
    let denominator = base;
    for (let index = prefix; index < Math.min(text.length, prefix + 12); index++) {
      const code = Math.max(rangeLow - 1, Math.min(rangeHigh + 1, text.charCodeAt(index)));
      result += (code - rangeLow) / denominator;
      denominator *= base;
    }
    return result;
  };
  const from = scale(low);
  const to = scale(high);
  const at = scale(value);
  if (to <= from) return 0.5;
  return at <= from ? 0 : at >= to ? 1 : (at - from) / (to - from);
}
