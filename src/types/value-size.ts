// Bytes that values take in memory, roughly: for work_mem and for what statements are charged.
import { Jsonb, type JsonbNode, JsonbObject } from './jsonb.js';
import { Numeric } from './numeric.js';
import { PgMultirange, PgRange } from './range/range.js';
import { PgArray, PgRecord, type Row, type Value } from './value.js';

/** Bytes that a row takes in memory, roughly. */
export function rowBytes(row: Row): number {
  let bytes = 32 + row.length * 8;
  for (const value of row) bytes += valueBytes(value);
  return bytes;
}

/** Bytes of a value beyond the slot that it stands in. */
export function valueBytes(value: Value): number {
  switch (typeof value) {
    // Most texts have one byte a character.
    case 'string':
      return 16 + value.length;
    // Small integers stand in the row itself.
    case 'number':
      return (value | 0) === value ? 0 : 16;
    case 'bigint':
      return 24;
    case 'object':
      return value === null ? 0 : objectBytes(value);
    default:
      return 8;
  }
}

function objectBytes(value: object): number {
  if (Buffer.isBuffer(value)) return 100 + value.length;
  if (value instanceof PgArray) return 100 + elementsBytes(value.elements);
  if (value instanceof PgRecord) return value.values.reduce<number>((sum, field) => sum + 8 + valueBytes(field), 60);
  if (value instanceof Jsonb) return documentBytes(value);
  if (value instanceof PgRange) return 80 + valueBytes(value.lower) + valueBytes(value.upper);
  if (value instanceof PgMultirange) return value.ranges.reduce((sum, range) => sum + 8 + objectBytes(range), 60);
  return 80;
}

/** Large arrays are measured by some of their elements. */
const sampledElements = 1000;

function elementsBytes(elements: readonly Value[]): number {
  const step = Math.max(1, Math.floor(elements.length / sampledElements));
  let bytes = 0;
  for (let n = 0; n < elements.length; n += step) bytes += valueBytes(elements[n] as Value);
  return elements.length * 8 + bytes * step;
}

/** Documents are measured once: they never change. */
const documents = new WeakMap<Jsonb, number>();

function documentBytes(document: Jsonb): number {
  const { root } = document;
  if (typeof root !== 'object' || root === null || root instanceof Numeric) return 24 + nodeBytes(root);
  let bytes = documents.get(document);
  if (bytes === undefined) {
    bytes = 24 + nodeBytes(root);
    documents.set(document, bytes);
  }
  return bytes;
}

function nodeBytes(node: JsonbNode): number {
  if (typeof node === 'string') return 24 + node.length;
  if (typeof node !== 'object' || node === null) return 8;
  if (node instanceof Numeric) return 64;
  if (node instanceof JsonbObject) {
    let bytes = 120;
    for (const key of node.keys) bytes += 24 + key.length;
    return node.values.reduce<number>((sum, value) => sum + nodeBytes(value), bytes);
  }
  return (node as readonly JsonbNode[]).reduce<number>((sum, value) => sum + 8 + nodeBytes(value), 40);
}
