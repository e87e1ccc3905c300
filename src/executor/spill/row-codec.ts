// Rows as bytes for temporary files. Values with a class of their own become
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
  /** An array whose elements are stored as they are. */
  plainArray: 5,
} as const;

function pack(value: Value): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Buffer.isBuffer(value)) return [Tag.buffer, new Uint8Array(value)];
  if (value instanceof Numeric)
    return [Tag.numeric, value.kind === 'finite' ? value.coefficient : value.kind, value.scale];
  if (value instanceof PgArray) return packArray(value);
  if (value instanceof PgRecord) return [Tag.record, value.type, value.values.map(pack), value.fields];
  if (value instanceof Jsonb) return [Tag.jsonb, packNode(value.root)];
  return value;
}

function packArray({ elementType, dimensions, lowerBounds, elements }: PgArray): unknown {
  const isPlain = elements.every((element) => typeof element !== 'object' || element === null);
  return isPlain
    ? [Tag.plainArray, elementType, dimensions, lowerBounds, elements]
    : [Tag.array, elementType, dimensions, lowerBounds, elements.map(pack)];
}

function unpack(packed: unknown): Value {
  if (!Array.isArray(packed)) return restoreBuffers(packed);
  const parts = packed as unknown[];
  switch (parts[0]) {
    case Tag.buffer:
      return Buffer.from(parts[1] as Uint8Array);
    case Tag.numeric:
      return unpackNumeric(parts[1] as bigint | string, parts[2] as number);
    case Tag.plainArray:
      return new PgArray(parts[1] as number, parts[2] as number[], parts[3] as number[], parts[4] as Value[]);
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
