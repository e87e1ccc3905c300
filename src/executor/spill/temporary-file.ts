// A temporary file of row batches: written once in sequence, read back batch by batch, gone when closed. Where the
// system allows it the file has no name, so that a crash leaves nothing behind.
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PgError, SqlState } from '../../errors/pg-error.js';
import type { Row } from '../../types/value.js';
import { decodeRows, encodeRows } from './row-codec.js';

export class TemporaryFile {
  private readonly descriptor: number;
  private readonly batches: { readonly offset: number; readonly length: number; readonly rowCount: number }[] = [];
  private end = 0;
  private isOpen = true;

  /** Its size is counted when it closes. */
  constructor(private readonly counts: { temporaryFile(bytes: number): void }) {
    const folder = mkdtempSync(join(tmpdir(), 'heliosdb-'));
    this.descriptor = openSync(join(folder, 'rows'), 'w+', 0o600);
    rmSync(folder, { recursive: true, force: true });
  }

  get batchCount(): number {
    return this.batches.length;
  }
  get bytes(): number {
    return this.end;
  }

  /** Appends a batch. Throws 53100 where the disk is full. */
  write(rows: readonly Row[]): void {
    const bytes = encodeRows(rows);
    try {
      for (let written = 0; written < bytes.length; ) {
        written += writeSync(this.descriptor, bytes, written, bytes.length - written, this.end + written);
      }
    } catch (error) {
      throw new PgError(SqlState.diskFull, `could not write to a temporary file: ${(error as Error).message}`);
    }
    this.batches.push({ offset: this.end, length: bytes.length, rowCount: rows.length });
    this.end += bytes.length;
  }

  /** The nth batch, 0-based. */
  read(index: number): Row[] {
    const batch = this.batches[index];
    if (batch === undefined) return [];
    const bytes = Buffer.allocUnsafe(batch.length);
    readSync(this.descriptor, bytes, 0, batch.length, batch.offset);
    return decodeRows(bytes);
  }

  close(): void {
    if (!this.isOpen) return;
    closeSync(this.descriptor);
    this.isOpen = false;
    this.counts.temporaryFile(this.end);
  }
}
