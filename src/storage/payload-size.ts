// Bytes that PostgreSQL would need for variable-length values whose stored form here is another: numeric, jsonb, arrays,
// composites. For all other types the stored form is as long as PostgreSQL's. Without the length word.
import { ByteWriter } from '../base/bytes.js';
import { storageType } from '../types/domain.js';
import { JsonbObject, type Jsonb, type JsonbNode } from '../types/jsonb.js';
import { Numeric } from '../types/numeric.js';
import type { TypeLookup } from '../types/type-behaviour.js';
import type { TypeDescriptor } from '../types/type-descriptor.js';
import type { PgArray, PgRecord, Value } from '../types/value.js';
import { isPresent, type TupleAttribute, tupleAttribute, tupleBytes } from './tuple-size.js';

/** Computes a value's bytes; null where they are those of the stored form. */
export type PayloadSize = (value: Value, types: TypeLookup) => number;

/** Types whose size is not that of their stored form, by the symbol of their input function. */
const sizes: Readonly<Record<string, PayloadSize>> = {
  numeric_in: (value) => numericBytes(value as Numeric),
  jsonb_in: (value) => jsonbBytes((value as Jsonb).root),
  array_in: (value, types) => arrayBytes(value as PgArray, types),
  int2vectorin: (value, types) => arrayBytes(value as PgArray, types),
  oidvectorin: (value, types) => arrayBytes(value as PgArray, types),
  record_in: (value, types) => recordBytes(value as PgRecord, types),
};

/** How values of a type (no domain) are measured; null: by their stored form. */
export function payloadSize(type: TypeDescriptor): PayloadSize | null {
  return sizes[type.behaviour.symbol] ?? null;
}

const scratch = new ByteWriter(256);

/** Bytes of a value within another. */
function partBytes(value: Value, type: TypeDescriptor, types: TypeLookup): number {
  const size = payloadSize(type);
  if (size !== null) return size(value, types);
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (Buffer.isBuffer(value)) return value.length;
  scratch.reset();
  type.behaviour.store?.(value, type, scratch, types);
  return scratch.length;
}

/** Digits in base 10000 stand in two bytes each, without zeros at either end, behind a header of two bytes or four. */
function numericBytes(value: Numeric): number {
  if (!value.isFinite) return 2;
  const { coefficient, scale } = value;
  if (coefficient === 0n) return scale <= 63 ? 2 : 4;
  const pad = (4 - (scale & 3)) & 3;
  const { digits, zeros } =
    coefficient <= smallMax && coefficient >= -smallMax
      ? countSmall(Math.abs(Number(coefficient)) * (tens[pad] as number))
      : countLarge(`${coefficient < 0n ? -coefficient : coefficient}${'0'.repeat(pad)}`);
  const weight = digits + zeros - ((scale + 3) >> 2) - 1;
  return (scale <= 63 && weight >= -64 && weight <= 63 ? 2 : 4) + 2 * digits;
}

/** Up to here a coefficient times a thousand is exact as a float. */
const smallMax = 9_000_000_000_000n;
const tens = [1, 10, 100, 1000];

function countSmall(magnitude: number): { digits: number; zeros: number } {
  let rest = magnitude;
  let zeros = 0;
  while (rest % 10000 === 0) {
    rest /= 10000;
    zeros++;
  }
  let digits = 0;
  while (rest >= 1) {
    rest = Math.floor(rest / 10000);
    digits++;
  }
  return { digits, zeros };
}

function countLarge(text: string): { digits: number; zeros: number } {
  let end = text.length;
  while (text.charCodeAt(end - 1) === 0x30) end--;
  const zeros = (text.length - end) >> 2;
  return { digits: ((text.length + 3) >> 2) - zeros, zeros };
}

/** Header, dimensions, null bitmap, then the elements, each padded to their alignment. */
function arrayBytes(value: PgArray, types: TypeLookup): number {
  const element = storageType(types.typeByOid(value.elementType), types);
  const attribute = tupleAttribute(element);
  const { elements } = value;
  let data = 0;
  let hasNulls = false;
  for (const part of elements) {
    if (part === null) hasNulls = true;
    else {
      data += attribute.heapLength > 0 ? attribute.heapLength : partBytes(part, element, types) + 4;
      data = (data + attribute.alignMask) & ~attribute.alignMask;
    }
  }
  const header = 16 + 8 * value.dimensions.length + (hasNulls ? (elements.length + 7) >> 3 : 0);
  return ((header + 7) & ~7) + data - 4;
}

/** A composite value is a tuple of its own. */
function recordBytes(value: PgRecord, types: TypeLookup): number {
  const fields: TupleAttribute[] = [];
  const payloads: number[] = [];
  for (const [index, part] of value.values.entries()) {
    const type = storageType(types.typeByOid(value.fields[index]?.type ?? 0), types);
    fields.push(tupleAttribute(type));
    payloads.push(isPresent(part) && type.length === -1 ? partBytes(part, type, types) : 0);
  }
  return tupleBytes(fields, value.values, payloads) - 4;
}

/** A jsonb document (PostgreSQL's: a header word, an entry word for each child, keys, values); scalars stand in an array
 *  of one. */
function jsonbBytes(root: JsonbNode): number {
  const isContainer = root instanceof JsonbObject || Array.isArray(root);
  return containerEnd(isContainer ? (root as JsonbContainer) : [root], 0);
}

type JsonbContainer = JsonbObject | readonly JsonbNode[];

/** Where a container that begins at `start` (made a multiple of 4) ends. */
function containerEnd(node: JsonbContainer, start: number): number {
  let at = (start + 3) & ~3;
  if (!(node instanceof JsonbObject)) {
    at += 4 + 4 * node.length;
    for (const part of node) at = nodeEnd(part, at);
    return at;
  }
  at += 4 + 8 * node.keys.length;
  for (const key of node.keys) at += Buffer.byteLength(key);
  for (const part of node.values) at = nodeEnd(part, at);
  return at;
}

function nodeEnd(node: JsonbNode, start: number): number {
  if (node === null || typeof node === 'boolean') return start;
  if (typeof node === 'string') return start + Buffer.byteLength(node);
  if (node instanceof Numeric) return ((start + 3) & ~3) + 4 + numericBytes(node);
  return containerEnd(node as JsonbContainer, start);
}
