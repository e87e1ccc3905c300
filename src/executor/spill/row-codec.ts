// Rows as bytes for temporary files, and their size in memory for work_mem. Values with a class of their own become
// tagged arrays (no SQL value is a plain array), everything else is what the structured-clone format knows.
import { deserialize, serialize } from 'node:v8';
import { Jsonb, type JsonbNode, JsonbObject } from '../../types/jsonb.js';
import { Numeric } from '../../types/numeric.js';
import { PgArray, PgRecord, type RecordField, type Row, type Value } from '../../types/value.js';

export function encodeRows(rows: readonly Row[]): Buffer {
  return serialize(rows.map((row) => row.map(pack)));
}

export function decodeRows(bytes: Buffer): Row[] {
  return (deserialize(bytes) as unknown[][]).map((row) => row.map(unpack));
}

const Tag = {
  numeric: 0,
  array: 1,
  record: 2,
  jsonb: 3,
  buffer: 4,
} as const;

function pack(value: Value): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Buffer.isBuffer(value)) return [Tag.buffer, new Uint8Array(value)];
  if (value instanceof Numeric)
    return [Tag.numeric, value.kind === 'finite' ? value.coefficient : value.kind, value.scale];
  if (value instanceof PgArray)
    return [Tag.array, value.elementType, value.dimensions, value.lowerBounds, value.elements.map(pack)];
  if (value instanceof PgRecord) return [Tag.record, value.type, value.values.map(pack), value.fields];
  if (value instanceof Jsonb) return [Tag.jsonb, packNode(value.root)];
  return value;
}

function unpack(packed: unknown): Value {
  if (!Array.isArray(packed)) return restoreBuffers(packed);
  const parts = packed as unknown[];
  switch (parts[0]) {
    case Tag.buffer:
      return Buffer.from(parts[1] as Uint8Array);
    case Tag.numeric:
      return unpackNumeric(parts[1] as bigint | string, parts[2] as number);
    case Tag.array:
      return new PgArray(
        parts[1] as number,
        parts[2] as number[],
        parts[3] as number[],
        (parts[4] as unknown[]).map(unpack),
      );
    case Tag.record:
      return new PgRecord(parts[1] as number, (parts[2] as unknown[]).map(unpack), parts[3] as RecordField[]);
    case Tag.jsonb:
      return new Jsonb(unpackNode(parts[1]));
    default:
      throw new Error('unknown tag in a temporary file');
  }
}

/** inet and bit strings hold Buffers, which come back as plain byte arrays. */
function restoreBuffers(value: unknown): Value {
  if (typeof value !== 'object' || value === null) return value as Value;
  const fields = value as Record<string, unknown>;
  for (const [name, field] of Object.entries(fields)) {
    if (field instanceof Uint8Array && !Buffer.isBuffer(field)) fields[name] = Buffer.from(field);
  }
  return fields as unknown as Value;
}

function unpackNumeric(value: bigint | string, scale: number): Numeric {
  if (typeof value === 'bigint') return Numeric.of(value, scale);
  return value === 'nan' ? Numeric.nan : value === 'infinity' ? Numeric.infinity : Numeric.minusInfinity;
}

function packNode(node: JsonbNode): unknown {
  if (node instanceof Numeric) return pack(node);
  if (node instanceof JsonbObject) return { keys: node.keys, values: node.values.map(packNode) };
  if (Array.isArray(node)) return [Tag.array, (node as readonly JsonbNode[]).map(packNode)];
  return node;
}

function unpackNode(packed: unknown): JsonbNode {
  if (Array.isArray(packed)) {
    if (packed[0] === Tag.numeric) return unpackNumeric(packed[1] as bigint | string, packed[2] as number);
    return (packed[1] as unknown[]).map(unpackNode);
  }
  if (typeof packed === 'object' && packed !== null) {
    const { keys, values } = packed as { keys: string[]; values: unknown[] };
    return new JsonbObject(keys, values.map(unpackNode));
  }
  return packed as JsonbNode;
}

/** Bytes that a row takes in memory, roughly. */
export function rowBytes(row: Row): number {
  let bytes = 32 + row.length * 8;
  for (const value of row) bytes += valueBytes(value);
  return bytes;
}

function valueBytes(value: Value): number {
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
      if (value === null) return 0;
      if (Buffer.isBuffer(value)) return 100 + value.length;
      if (value instanceof PgArray)
        return value.elements.reduce<number>((sum, element) => sum + 8 + valueBytes(element), 100);
      if (value instanceof PgRecord)
        return value.values.reduce<number>((sum, field) => sum + 8 + valueBytes(field), 60);
      if (value instanceof Jsonb) return 400;
      return 80;
    default:
      return 8;
  }
}
