// Rows of one part of a hash table's input, on disk: hash joins and hashed aggregation split by key what outgrows their
// memory, and split a part again, by another hash, where it is still too large.
import type { Row } from '../../types/value.js';
import { rowBytes } from '../../types/value-size.js';
import { TemporaryFile } from './temporary-file.js';

/** Parts that an input is split into. */
export const partitionCount = 32;
/** How often parts are split again: 32 to that power is beyond any disk. */
export const partitionLevelsMax = 6;
/** Rows and bytes gathered for a part before they are written as one batch. */
const batchRows = 256;
const batchBytesMax = 128 * 1024;

/** Which part a key belongs to; each level spreads the keys of one part of the level before. */
export function partitionOf(key: unknown, level = 0): number {
  const text = String(key);
  let h = 0x811c9dc5 ^ Math.imul(level, 0x9e3779b1);
  for (let n = 0; n < text.length; n++) h = Math.imul(h ^ text.charCodeAt(n), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  return ((h ^ (h >>> 13)) >>> 0) % partitionCount;
}

/** Rows of one part. */
export class Partition {
  /** Bytes that the rows would take in memory. */
  bytes = 0;
  private rows: Row[] = [];
  private rowsBytes = 0;
  private file: TemporaryFile | null = null;

  constructor(private readonly counts: { temporaryFile(bytes: number): void }) {}

  add(row: Row): void {
    const bytes = rowBytes(row);
    this.bytes += bytes;
    this.rowsBytes += bytes;
    this.rows.push(row);
    if (this.rows.length < batchRows && this.rowsBytes < batchBytesMax) return;
    this.file ??= new TemporaryFile(this.counts);
    this.file.write(this.rows);
    this.rows = [];
    this.rowsBytes = 0;
  }

  *batches(): Generator<Row[], void, void> {
    if (this.file !== null) yield* this.file.all();
    if (this.rows.length > 0) yield this.rows;
  }

  close(): void {
    this.file?.close();
    this.file = null;
    this.rows = [];
  }
}

export function makePartitions(counts: { temporaryFile(bytes: number): void }): Partition[] {
  return Array.from({ length: partitionCount }, () => new Partition(counts));
}
