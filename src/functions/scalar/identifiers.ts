// Identifiers of the system as values: pg_lsn arithmetic, transaction ids and snapshots, oidvectors, uuids.
import { pgError, SqlState } from '../../errors/pg-error.js';
import { Numeric } from '../../types/numeric.js';
import { addNumerics, roundedInteger } from '../../types/numeric-math.js';
import { parseSnapshot } from '../../types/snapshot-type.js';
import type { PgArray } from '../../types/value.js';
import type { CallInfo } from '../call-info.js';
import { fn, tableFn } from '../registry.js';

fn('pg_lsn_mi', { impl: (left: bigint, right: bigint) => Numeric.fromBigInt(left - right) });
fn('pg_wal_lsn_diff', { impl: (left: bigint, right: bigint) => Numeric.fromBigInt(left - right) });

function offset(lsn: bigint, bytes: Numeric, sign: 1n | -1n): bigint {
  if (bytes.isNaN) {
    throw pgError(
      SqlState.featureNotSupported,
      sign === 1n ? 'cannot add NaN to pg_lsn' : 'cannot subtract NaN from pg_lsn',
    );
  }
  if (!bytes.isFinite) throw pgError(SqlState.featureNotSupported, 'cannot convert infinity to pg_lsn');
  const moved = addNumerics(Numeric.fromBigInt(lsn), Numeric.of(sign * bytes.coefficient, bytes.scale));
  const result = roundedInteger(moved);
  if (result < 0n || result > 0xffffffffffffffffn) throw pgError(SqlState.invalidParameterValue, 'pg_lsn out of range');
  return result;
}
fn('pg_lsn_pli', { impl: (lsn: bigint, bytes: Numeric) => offset(lsn, bytes, 1n) });
fn('pg_lsn_mii', { impl: (lsn: bigint, bytes: Numeric) => offset(lsn, bytes, -1n) });
fn('numeric_pl_pg_lsn(numeric,pg_lsn)', { impl: (bytes: Numeric, lsn: bigint) => offset(lsn, bytes, 1n) });

fn('numeric_pg_lsn', {
  impl: (value: Numeric) => {
    if (!value.isFinite) {
      const what = value.isNaN ? 'NaN' : 'infinity';
      throw pgError(SqlState.featureNotSupported, `cannot convert ${what} to pg_lsn`);
    }
    return offset(0n, value, 1n);
  },
});

fn('xid8toxid', { impl: (value: bigint) => Number(BigInt.asUintN(32, value)) });

fn('pg_snapshot_xmin', { impl: (snapshot: string) => parseSnapshot(snapshot).xmin });
fn('pg_snapshot_xmax', { impl: (snapshot: string) => parseSnapshot(snapshot).xmax });
tableFn('pg_snapshot_xip', { rows: (snapshot: string) => parseSnapshot(snapshot).inProgress });
fn('pg_visible_in_snapshot', {
  impl: (xid: bigint, snapshot: string) => {
    const { xmin, xmax, inProgress } = parseSnapshot(snapshot);
    if (xid < xmin) return true;
    return xid < xmax && !inProgress.includes(xid);
  },
});

fn('oidvectortypes', {
  impl: (types: PgArray, info: CallInfo) =>
    types.elements.map((oid) => info.io.names.toText('regtype', oid as number)).join(', '),
});
fn('text_regclass', { impl: (name: string, info: CallInfo) => info.io.names.toOid('regclass', name, false) });

fn('uuid_extract_version', {
  impl: (value: Buffer) => (isStandardUuid(value) ? (value[6] as number) >> 4 : null),
});
fn('uuid_extract_timestamp', {
  impl: (value: Buffer) => {
    const version = (value[6] as number) >> 4;
    if (!isStandardUuid(value) || version !== 1) return null;
    const low = BigInt(value.readUInt32BE(0));
    const middle = BigInt(value.readUInt16BE(4));
    const high = BigInt(value.readUInt16BE(6) & 0x0fff);
    // 100-nanosecond steps since 1582-10-15.
    const steps = (high << 48n) | (middle << 32n) | low;
    return steps / 10n - 152_384n * 86_400_000_000n;
  },
});

/** The variant that RFC 9562 describes. */
function isStandardUuid(value: Buffer): boolean {
  return ((value[8] as number) & 0xc0) === 0x80;
}

// Whether equal values of a B-tree class are equal bytes: for texts, where the collation is deterministic.
fn('btequalimage', { impl: (_type: number) => true });
fn('btvarstrequalimage', {
  impl: (_type: number, info: CallInfo) => {
    if (info.collation === 0) {
      throw pgError(
        SqlState.indeterminateCollation,
        'could not determine which collation to use for string comparison',
        {
          hint: 'Use the COLLATE clause to set the collation explicitly.',
        },
      );
    }
    return info.io.collation(info.collation)?.deterministic ?? true;
  },
});
