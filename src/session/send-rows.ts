// From a row source to the client: RowDescription and DataRows, in batches, never faster than the client reads.
import type { ResultColumn } from '../executor/api.js';
import { writeRowDescription } from '../wire/backend.js';
import { rowEncoder } from '../wire/row-encoder.js';
import type { Row } from '../types/value.js';
import { batchRowsFirst, batchRowsMax } from '../base/limits.js';
import { formatOf } from './parameters.js';
import type { Session } from './session.js';

/** Bytes of unsent output after which they are handed to the socket. */
const outputFlushBytes = 64 * 1024;

/** Anything rows can be taken from in batches. */
export interface RowStream {
  readonly columns: readonly ResultColumn[];
  next(rowCountMax: number): Promise<readonly Row[] | null>;
}

/** Appends RowDescription; `formats` as in Bind. */
export function writeColumns(session: Session, columns: readonly ResultColumn[], formats: readonly number[]): void {
  writeRowDescription(
    session.connection.out,
    columns.map((column, index) => ({
      name: column.name,
      tableOid: column.originTable,
      columnNumber: column.originColumn,
      typeOid: wireType(session, column).oid,
      typeLength: wireType(session, column).length,
      typmod: column.typmod,
      format: formatOf(formats, index),
    })),
  );
}

/** Sends up to `rowCountMax` rows; `atEnd` says that the source has no more. */
export async function sendRows(
  session: Session,
  source: RowStream,
  formats: readonly number[],
  rowCountMax: number,
): Promise<{ readonly sent: number; readonly atEnd: boolean }> {
  const { connection } = session;
  const encoder = rowEncoder(
    source.columns.map((column, index) => ({ type: column.type, format: formatOf(formats, index) })),
  );
  const io = session.catalog.io;
  let sent = 0;
  let size = batchRowsFirst;
  while (sent < rowCountMax) {
    const rows = await source.next(Math.min(size, rowCountMax - sent));
    if (rows === null) return { sent, atEnd: true };
    encoder.rows(rows, connection.out, io);
    sent += rows.length;
    size = Math.min(size * 2, batchRowsMax);
    if (connection.out.length >= outputFlushBytes) {
      const wait = connection.flush();
      if (wait) await wait;
      session.checkInterrupts();
    }
  }
  return { sent, atEnd: false };
}

/** Domains show their base type on the wire. */
function wireType(session: Session, column: ResultColumn): ResultColumn['type'] {
  let type = column.type;
  while (type.kind === 'd') type = session.catalog.typeByOid(type.baseType);
  return type;
}
