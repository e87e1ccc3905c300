// pg_snapshot and its older twin txid_snapshot: xmin:xmax:xip,xip,... The value is that text in canonical form.
import type { ByteReader, ByteWriter } from '../base/bytes.js';
import { invalidBinary, invalidSyntax } from './input-error.js';
import { defineType } from './type-behaviour.js';

for (const name of ['pg_snapshot', 'txid_snapshot']) {
  defineType<string>({
    symbol: `${name}_in`,
    storage: 'varlen',
    input: (text) => formatSnapshot(parseSnapshot(text)),
    output: (value) => value,
    receive: receiveSnapshot,
    send: (value, _type, writer) => sendSnapshot(value, writer),
    store: (value, _type, writer) => void writer.utf8(value),
    load: (reader) => reader.utf8(reader.remaining),
  });
}

export interface SnapshotParts {
  readonly xmin: bigint;
  readonly xmax: bigint;
  /** Transactions in progress, ascending. */
  readonly inProgress: readonly bigint[];
}

/** Reads a snapshot; throws 22P02. Equal neighbours in the list count once. */
export function parseSnapshot(text: string): SnapshotParts {
  const match = /^\s*(\d+):\s*(\d+):((?:\s*\d+(?:,\s*\d+)*)?)$/.exec(text);
  if (match === null) throw invalidSyntax('pg_snapshot', text);
  const xmin = BigInt(match[1] as string);
  const xmax = BigInt(match[2] as string);
  if (xmin === 0n || xmax === 0n || xmin > xmax || xmax > 0x7fffffffffffffffn) throw invalidSyntax('pg_snapshot', text);
  const inProgress: bigint[] = [];
  for (const word of match[3] === '' ? [] : (match[3] as string).split(',')) {
    const xid = BigInt(word);
    const last = inProgress[inProgress.length - 1] ?? 0n;
    if (xid < xmin || xid >= xmax || xid < last) throw invalidSyntax('pg_snapshot', text);
    if (xid !== last) inProgress.push(xid);
  }
  return { xmin, xmax, inProgress };
}

/** Prints a snapshot. */
export function formatSnapshot(parts: SnapshotParts): string {
  return `${parts.xmin}:${parts.xmax}:${parts.inProgress.join(',')}`;
}

function receiveSnapshot(reader: ByteReader): string {
  const count = reader.int32();
  const xmin = reader.int64();
  const xmax = reader.int64();
  const inProgress: bigint[] = [];
  if (count < 0 || xmin <= 0n || xmax <= 0n || xmin > xmax) throw invalidBinary('invalid external pg_snapshot data');
  for (let index = 0; index < count; index++) {
    const xid = reader.int64();
    const last = inProgress[inProgress.length - 1] ?? 0n;
    if (xid < last || xid < xmin || xmax < xid) throw invalidBinary('invalid external pg_snapshot data');
    if (xid !== last) inProgress.push(xid);
  }
  return formatSnapshot({ xmin, xmax, inProgress });
}

function sendSnapshot(value: string, writer: ByteWriter): void {
  const parts = parseSnapshot(value);
  writer.int32(parts.inProgress.length);
  writer.int64(parts.xmin);
  writer.int64(parts.xmax);
  for (const xid of parts.inProgress) writer.int64(xid);
}
