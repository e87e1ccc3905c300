// What the functions of this room share: reaching the session's catalog, and building records.
import type { CallInfo } from '../../functions/call-info.js';
import { type Inet, PgArray, PgRecord, type Value } from '../../types/value.js';
import type { Catalog } from '../api.js';
import { typeOid } from '../oids.js';
import { catalogService } from '../service.js';

export function catalogOf(info: CallInfo): Catalog {
  return info.session.service(catalogService);
}

/** A record of OUT columns: [name, type oid, value]. */
export function outRecord(...columns: readonly (readonly [name: string, type: number, value: Value])[]): PgRecord {
  return new PgRecord(
    typeOid.record,
    columns.map(([, , value]) => value),
    columns.map(([name, type]) => ({ name, type, typmod: -1 })),
  );
}

export function textArray(values: readonly (string | null)[]): PgArray {
  return PgArray.of(typeOid.text, values);
}

/** Time functions of the server's clock: microseconds since 2000-01-01 UTC of a Unix time in milliseconds. */
export function pgTimestamp(unixMs: number): bigint {
  return BigInt(Math.round(unixMs * 1000)) - 946684800000000n;
}

/** Host address as inet; null for local sockets. */
export function parseHostAddress(text: string): Inet | null {
  const plain = text.replace(/^::ffff:(?=\d+\.)/i, '');
  if (/^\d+\.\d+\.\d+\.\d+$/.test(plain))
    return { family: 4, bits: 32, address: Buffer.from(plain.split('.').map(Number)) };
  if (!plain.includes(':')) return null;
  const [head = '', tail] = plain.replace(/%.*$/, '').split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const all = [...left, ...Array<number>(Math.max(8 - left.length - right.length, 0)).fill(0), ...right];
  const address = Buffer.alloc(16);
  all.forEach((group, at) => {
    address.writeUInt16BE(group & 0xffff, at * 2);
  });
  return { family: 6, bits: 128, address };
}
