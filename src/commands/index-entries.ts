// Entries of an index under construction: keys after each other in large buffers, rowids beside them. A table has millions
// of rows: an object for each would cost more than the keys, in memory and in the collector's time.

const firstKeyBytes = 64 * 1024;
const firstCount = 1024;

export class IndexEntries {
  count = 0;
  private bytes = Buffer.allocUnsafe(firstKeyBytes);
  /** Where each key begins; the next one's begin is its end. */
  private starts = new Float64Array(firstCount + 1);
  private rowids = new Float64Array(firstCount);
  private nulls = new Uint8Array(firstCount);
  /** Keys came in order so far. */
  private isOrdered = true;

  /** Adds an entry; the key's bytes are copied. */
  add(key: Buffer, rowid: number, hasNull: boolean): void {
    const at = this.count;
    if (at === this.rowids.length) this.growCount();
    const start = this.starts[at] as number;
    const end = start + key.length;
    if (end > this.bytes.length) this.growBytes(end);
    this.bytes.set(key, start);
    this.starts[at + 1] = end;
    this.rowids[at] = rowid;
    this.nulls[at] = hasNull ? 1 : 0;
    this.count++;
    if (this.isOrdered && at > 0 && this.compare(at - 1, at) > 0) this.isOrdered = false;
  }

  /** The key, a view. */
  key(at: number): Buffer {
    return this.bytes.subarray(this.starts[at] as number, this.starts[at + 1] as number);
  }

  rowid(at: number): number {
    return this.rowids[at] as number;
  }

  hasNull(at: number): boolean {
    return this.nulls[at] === 1;
  }

  sameKey(left: number, right: number): boolean {
    return this.compareKeys(left, right) === 0;
  }

  /** Positions in the order of keys, then rowids. */
  sorted(): Uint32Array {
    const order = new Uint32Array(this.count);
    for (let at = 0; at < order.length; at++) order[at] = at;
    return this.isOrdered ? order : order.sort((left, right) => this.compare(left, right));
  }

  private compare(left: number, right: number): number {
    return this.compareKeys(left, right) || this.rowid(left) - this.rowid(right);
  }

  private compareKeys(left: number, right: number): number {
    const { bytes, starts } = this;
    return bytes.compare(
      bytes,
      starts[right] as number,
      starts[right + 1] as number,
      starts[left] as number,
      starts[left + 1] as number,
    );
  }

  private growCount(): void {
    const count = this.rowids.length * 2;
    this.starts = grown(this.starts, new Float64Array(count + 1));
    this.rowids = grown(this.rowids, new Float64Array(count));
    this.nulls = grown(this.nulls, new Uint8Array(count));
  }

  private growBytes(needed: number): void {
    this.bytes = grown(this.bytes, Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2)));
  }
}

function grown<T extends Uint8Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
