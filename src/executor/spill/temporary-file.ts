// A temporary file of row batches: written once in sequence, read back batch by batch, gone when closed. Where the
// system allows it the file has no name, so that a crash leaves nothing behind. What a file held before is overwritten.
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getSystemErrorMap } from 'node:util';
import { type PgError, SqlState, pgError } from '../../errors/pg-error.js';
import type { Row } from '../../types/value.js';
import { rowBytes } from '../../types/value-size.js';
import { decodeRows, encodeRows } from './row-codec.js';

/** Rows of one batch at most, and bytes in memory from which on a batch has enough of them. */
const batchRowsMax = 1024;
const batchBytesMax = 256 * 1024;

/** Files of small contents that wait for their next use: making and freeing one takes longer than filling it. How many
 *  there are, and how large they may be. */
const spareMax = 64;
const spareBytesMax = 512 * 1024;
const spare: number[] = [];

export class TemporaryFile {
  private readonly descriptor: number;
  private readonly batches: { readonly offset: number; readonly length: number; readonly rowCount: number }[] = [];
  private end = 0;
  private isOpen = true;

  /** Its size is counted when it closes. Throws 53100 where the disk is full, 53000 without file descriptors. */
  constructor(private readonly counts: { temporaryFile(bytes: number): void }) {
    this.descriptor = spare.pop() ?? attempt('create a temporary file', openNameless);
  }

  get batchCount(): number {
    return this.batches.length;
  }
  get bytes(): number {
    return this.end;
  }
  /** Bytes of the largest batch. */
  get batchBytes(): number {
    return this.batches.reduce((most, { length }) => Math.max(most, length), 0);
  }

  /** Appends rows as one batch. Throws 53100 where the disk is full. */
  write(rows: readonly Row[]): void {
    const bytes = encodeRows(rows);
    attempt('write to a temporary file', () => {
      for (let written = 0; written < bytes.length; ) {
        written += writeSync(this.descriptor, bytes, written, bytes.length - written, this.end + written);
      }
    });
    this.batches.push({ offset: this.end, length: bytes.length, rowCount: rows.length });
    this.end += bytes.length;
  }

  /** Appends rows in batches of a good size; how many went to each. */
  writeAll(rows: readonly Row[]): number[] {
    const counts: number[] = [];
    for (let from = 0; from < rows.length; ) {
      let to = from;
      for (let bytes = 0; to < rows.length && to - from < batchRowsMax && bytes < batchBytesMax; to++) {
        bytes += rowBytes(rows[to] as Row);
      }
      this.write(rows.slice(from, to));
      counts.push(to - from);
      from = to;
    }
    return counts;
  }

  /** The nth batch, 0-based. */
  read(index: number): Row[] {
    const batch = this.batches[index];
    if (batch === undefined) return [];
    const bytes = Buffer.allocUnsafe(batch.length);
    attempt('read from a temporary file', () => {
      for (let done = 0; done < batch.length; ) {
        const count = readSync(this.descriptor, bytes, done, batch.length - done, batch.offset + done);
        if (count === 0) throw new Error('the file has ended');
        done += count;
      }
    });
    return decodeRows(bytes);
  }

  /** All rows, batch by batch. */
  *all(): Generator<Row[], void, void> {
    for (let n = 0; n < this.batches.length; n++) yield this.read(n);
  }

  close(): void {
    if (!this.isOpen) return;
    if (this.end <= spareBytesMax && spare.length < spareMax) spare.push(this.descriptor);
    else closeSync(this.descriptor);
    this.isOpen = false;
    this.counts.temporaryFile(this.end);
  }
}

function openNameless(): number {
  const folder = mkdtempSync(join(tmpdir(), 'heliosdb-'));
  try {
    return openSync(join(folder, 'rows'), 'wx+', 0o600);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function attempt<T>(what: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw fileError(what, error as NodeJS.ErrnoException);
  }
}

function fileError(what: string, error: NodeJS.ErrnoException): PgError {
  const [, reason] = getSystemErrorMap().get(error.errno ?? 0) ?? [];
  return pgError(fileState(error.code), `could not ${what}: ${reason ?? error.message}`);
}

/** The SQLSTATE that PostgreSQL gives a failed file operation; a file size limit is a full disk, too. */
function fileState(code: string | undefined): SqlState {
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') return SqlState.diskFull;
  if (code === 'EMFILE' || code === 'ENFILE') return SqlState.insufficientResources;
  return SqlState.ioError;
}
