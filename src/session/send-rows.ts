// From a row source to the client: RowDescription and DataRows, in batches, never faster than the client reads.
import type { ByteWriter } from '../base/bytes.js';
import type { Awaitable } from '../base/awaitable.js';
import type { ResultColumn } from '../executor/api.js';
import { writeRowDescription } from '../wire/backend.js';
import { type RowEncoder, rowEncoder } from '../wire/row-encoder.js';
import type { Row } from '../types/value.js';
import { batchRowsFirst, batchRowsMax } from '../base/limits.js';
import { formatOf, givenFormat } from './parameters.js';
import type { Session } from './session.js';

/** Bytes of unsent output after which they are handed to the socket. */
const outputFlushBytes = 64 * 1024;

/** Anything rows can be taken from in batches. */
export interface RowStream {
  readonly columns: readonly ResultColumn[];
  next(rowCountMax: number): Awaitable<readonly Row[] | null>;
}

/** Appends RowDescription; `formats` as in Bind. */
export function writeColumns(session: Session, columns: readonly ResultColumn[], formats: readonly number[]): void {
  const { out } = session.connection;
  const known = descriptions.get(columns);
  if (known !== undefined && sameFormats(known.formats, formats)) {
    out.append(known.bytes);
    return;
  }
  const start = out.length;
  writeRowDescriptionOf(out, session, columns, formats);
  descriptions.set(columns, { formats, bytes: Buffer.from(out.view().subarray(start)) });
}

/** Appends RowDescription to any output. */
export function writeRowDescriptionOf(
  out: ByteWriter,
  session: Session,
  columns: readonly ResultColumn[],
  formats: readonly number[],
): void {
  writeRowDescription(
    out,
    columns.map((column, index) => ({
      name: column.name,
      tableOid: column.originTable,
      columnNumber: column.originColumn,
      typeOid: wireType(session, column).oid,
      typeLength: wireType(session, column).length,
      typmod: column.typmod,
      format: givenFormat(formats, index),
    })),
  );
}

/** The RowDescription last written for each result shape. */
const descriptions = new WeakMap<
  readonly ResultColumn[],
  { readonly formats: readonly number[]; readonly bytes: Buffer }
>();

/** Appends the rows of a result that is all there. */
export function writeRows(
  session: Session,
  columns: readonly ResultColumn[],
  formats: readonly number[],
  rows: readonly Row[],
): void {
  encoderOf(columns, formats).rows(rows, session.connection.out, session.catalog.io);
}

/** Sends up to `rowCountMax` rows; `atEnd` says that the source has no more. */
export function sendRows(
  session: Session,
  source: RowStream,
  formats: readonly number[],
  rowCountMax: number,
): Awaitable<Sent> {
  return new RowSender(session, source, encoderOf(source.columns, formats), rowCountMax).run();
}

/** How far the sending of a source's rows has come. */
export interface Sent {
  readonly sent: number;
  readonly atEnd: boolean;
}

class RowSender {
  private sent = 0;
  private size = batchRowsFirst;

  constructor(
    private readonly session: Session,
    private readonly source: RowStream,
    private readonly encoder: RowEncoder,
    private readonly rowCountMax: number,
  ) {}

  /** Sends batch after batch; goes on in `resume` from the first thing that has to be waited for. */
  run(): Awaitable<Sent> {
    while (this.sent < this.rowCountMax) {
      const rows = this.fetch();
      if (rows instanceof Promise) return this.resume(rows);
      if (rows === null) return { sent: this.sent, atEnd: true };
      const wait = this.put(rows);
      if (wait !== undefined && this.sent < this.rowCountMax) return this.resume(this.fetchAfter(wait));
    }
    return { sent: this.sent, atEnd: false };
  }

  private async resume(first: Promise<readonly Row[] | null>): Promise<Sent> {
    let rows = await first;
    while (rows !== null) {
      const wait = this.put(rows);
      if (this.sent >= this.rowCountMax) return { sent: this.sent, atEnd: false };
      rows = wait === undefined ? await this.fetch() : await this.fetchAfter(wait);
    }
    return { sent: this.sent, atEnd: true };
  }

  private fetch(): Awaitable<readonly Row[] | null> {
    const { size } = this;
    this.size = Math.min(size * 2, batchRowsMax);
    return this.source.next(Math.min(size, this.rowCountMax - this.sent));
  }

  private async fetchAfter(wait: Promise<void>): Promise<readonly Row[] | null> {
    await wait;
    this.session.checkInterrupts();
    return this.fetch();
  }

  /** Appends rows to the output; a promise where the client must catch up first. */
  private put(rows: readonly Row[]): Promise<void> | undefined {
    const { connection } = this.session;
    this.encoder.rows(rows, connection.out, this.session.catalog.io);
    this.sent += rows.length;
    if (connection.out.length < outputFlushBytes) return undefined;
    const wait = connection.flush();
    if (wait === undefined) this.session.checkInterrupts();
    return wait;
  }
}

/** The encoder last used with each result shape, which lives as long as its plan. */
const encoders = new WeakMap<
  readonly ResultColumn[],
  { readonly formats: readonly number[]; readonly encoder: RowEncoder }
>();

function encoderOf(columns: readonly ResultColumn[], formats: readonly number[]): RowEncoder {
  const known = encoders.get(columns);
  if (known !== undefined && sameFormats(known.formats, formats)) return known.encoder;
  const encoder = rowEncoder(columns.map((column, index) => ({ type: column.type, format: formatOf(formats, index) })));
  encoders.set(columns, { formats, encoder });
  return encoder;
}

function sameFormats(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((format, index) => format === right[index]);
}

/** Domains show their base type on the wire. */
function wireType(session: Session, column: ResultColumn): ResultColumn['type'] {
  let type = column.type;
  while (type.kind === 'd') type = session.catalog.typeByOid(type.baseType);
  return type;
}
