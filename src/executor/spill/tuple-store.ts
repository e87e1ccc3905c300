// Rows kept in the order they came, in memory up to a budget and in a temporary file beyond it; any number of readers.
import type { Row } from '../../types/value.js';
import { rowBytes } from '../../types/value-size.js';
import { TemporaryFile } from './temporary-file.js';

const cachedBatchesMax = 4;

export class TupleStore {
  rowCount = 0;
  private memory: Row[] = [];
  private memoryBytes = 0;
  private file: TemporaryFile | null = null;
  /** Rows in each batch that went to the file, summed up to its end. */
  private readonly batchEnds: number[] = [];

  constructor(
    private readonly bytesMax: number,
    private readonly counts: { temporaryFile(bytes: number): void },
  ) {}

  get spilledBytes(): number {
    return this.file?.bytes ?? 0;
  }
  get usedBytes(): number {
    return this.memoryBytes;
  }

  append(row: Row): void {
    this.memory.push(row);
    this.rowCount += 1;
    this.memoryBytes += rowBytes(row);
    if (this.memoryBytes > this.bytesMax) this.spill();
  }

  /** Up to `count` rows from position `from` on; fewer only at a batch's or the store's end. */
  slice(from: number, count: number): readonly Row[] {
    const inFile = this.batchEnds[this.batchEnds.length - 1] ?? 0;
    if (from >= inFile) return this.memory.slice(from - inFile, from - inFile + count);
    const index = this.batchAt(from);
    const start = index === 0 ? 0 : (this.batchEnds[index - 1] as number);
    const rows = this.cachedBatch(index);
    return rows.slice(from - start, from - start + count);
  }

  get(position: number): Row {
    const inFile = this.batchEnds[this.batchEnds.length - 1] ?? 0;
    let row: Row | undefined;
    if (position >= inFile) row = this.memory[position - inFile];
    else {
      const index = this.batchAt(position);
      row = this.cachedBatch(index)[position - (index === 0 ? 0 : (this.batchEnds[index - 1] as number))];
    }
    if (row === undefined) throw new Error('tuple store position out of range');
    return row;
  }

  clear(): void {
    this.memory = [];
    this.memoryBytes = 0;
    this.rowCount = 0;
    this.batchEnds.length = 0;
    this.cached.clear();
    this.file?.close();
    this.file = null;
  }

  /** Batches read last, oldest first: as many as readers usually stand apart. */
  private readonly cached = new Map<number, Row[]>();

  private cachedBatch(index: number): Row[] {
    const known = this.cached.get(index);
    if (known !== undefined) return known;
    const rows = this.file?.read(index) ?? [];
    if (this.cached.size >= cachedBatchesMax) {
      const [oldest = index] = this.cached.keys();
      this.cached.delete(oldest);
    }
    this.cached.set(index, rows);
    return rows;
  }

  private batchAt(position: number): number {
    let low = 0;
    let high = this.batchEnds.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.batchEnds[middle] as number) > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  private spill(): void {
    this.file ??= new TemporaryFile(this.counts);
    for (const count of this.file.writeAll(this.memory)) {
      this.batchEnds.push((this.batchEnds[this.batchEnds.length - 1] ?? 0) + count);
    }
    this.memory = [];
    this.memoryBytes = 0;
  }
}
