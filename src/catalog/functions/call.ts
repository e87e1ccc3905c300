// What the functions of this room share: reaching the session's catalog, and building records.
import type { CallInfo } from '../../functions/call-info.js';
import { PgArray, PgRecord, type Value } from '../../types/value.js';
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
