// The `id` that keyvalue() gives: where an object begins within the document that the path started from, counted in the
// bytes of PostgreSQL's binary form of jsonb, so that equal documents give the same numbers there and here.
import { base10000 } from '../../../types/numeric-type.js';
import { Numeric } from '../../../types/numeric.js';
import { type JsonbNode, JsonbObject } from '../../../types/jsonb.js';

/** Offsets of the containers of one document. */
export class ContainerOffsets {
  private readonly offsets = new Map<object, number>();

  constructor(root: JsonbNode) {
    this.place(root, 0);
  }

  /** The offset of an object or array of the document; 0 for others. */
  of(node: JsonbNode): number {
    return typeof node === 'object' && node !== null ? (this.offsets.get(node) ?? 0) : 0;
  }

  /** Where a value placed at `start` ends. */
  private place(node: JsonbNode, start: number): number {
    if (node === null || typeof node === 'boolean') return start;
    if (typeof node === 'string') return start + Buffer.byteLength(node);
    const aligned = Math.ceil(start / 4) * 4;
    if (node instanceof Numeric) return aligned + numericBytes(node);
    this.offsets.set(node, aligned);
    // A header, then an entry of four bytes for each key and value, then their data.
    if (node instanceof JsonbObject) {
      const keys = node.keys.reduce((end, key) => end + Buffer.byteLength(key), aligned + 4 + node.keys.length * 8);
      return node.values.reduce((end: number, value) => this.place(value, end), keys);
    }
    return node.reduce((end: number, element) => this.place(element, end), aligned + 4 + node.length * 4);
  }
}

function numericBytes(value: Numeric): number {
  if (!value.isFinite) return 6;
  const { digits, weight } = base10000(value);
  const isShort = value.scale <= 63 && weight >= -64 && weight <= 63;
  return 4 + (isShort ? 2 : 4) + digits.length * 2;
}
