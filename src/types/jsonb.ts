// jsonb as a JavaScript value: an immutable parsed tree. Objects keep each key once (the last one written wins), in
// PostgreSQL's order: by length of the key's UTF-8 bytes, then by those bytes. Numbers are Numeric, so that 1.10 keeps
// its scale. Parsing of JSON text is in json-parser.ts; the order of whole documents in jsonb-type.ts.
import type { Numeric } from './numeric.js';

/** A JSON value inside a document. null is JSON's null, not SQL's. */
export type JsonbNode = null | boolean | string | Numeric | readonly JsonbNode[] | JsonbObject;

/** An object's members: `keys` ascending in jsonb order, `values` beside them. */
export class JsonbObject {
  constructor(
    readonly keys: readonly string[],
    readonly values: readonly JsonbNode[],
  ) {}

  /** From members in written order: sorts, and keeps the last of equal keys. */
  static from(members: Iterable<readonly [string, JsonbNode]>): JsonbObject {
    const last = new Map(members);
    const keys = [...last.keys()].sort(compareJsonbKeys);
    return new JsonbObject(
      keys,
      keys.map((key) => last.get(key) as JsonbNode),
    );
  }

  /** The member's value, undefined where there is none. */
  get(key: string): JsonbNode | undefined {
    const index = this.indexOf(key);
    return index < 0 ? undefined : this.values[index];
  }

  /** Position of a key, -1 where there is none. */
  indexOf(key: string): number {
    let low = 0;
    let high = this.keys.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const order = compareJsonbKeys(this.keys[middle] as string, key);
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }
}

export class Jsonb {
  constructor(readonly root: JsonbNode) {}
}

/** Order of keys within an object: shorter first (in UTF-8 bytes), then by bytes. */
export function compareJsonbKeys(left: string, right: string): number {
  if (left === right) return 0;
  const byLength = Buffer.byteLength(left) - Buffer.byteLength(right);
  return byLength !== 0 ? byLength : Buffer.compare(Buffer.from(left), Buffer.from(right));
}
