// pg_lsn arithmetic, transaction identifiers and snapshots as values.
import { pgError, SqlState } from '../../errors/pg-error.js';
import { Numeric } from '../../types/numeric.js';
import { addNumerics, roundedInteger } from '../../types/numeric-math.js';
import { parseSnapshot } from '../../types/snapshot-type.js';
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
  if (!bytes.isFinite) throw pgError(SqlState.invalidParameterValue, 'pg_lsn out of range');
  const moved = addNumerics(Numeric.fromBigInt(lsn), Numeric.of(sign * bytes.coefficient, bytes.scale));
  const result = roundedInteger(moved);
  if (result < 0n || result > 0xffffffffffffffffn) throw pgError(SqlState.invalidParameterValue, 'pg_lsn out of range');
  return result;
}
fn('pg_lsn_pli', { impl: (lsn: bigint, bytes: Numeric) => offset(lsn, bytes, 1n) });
fn('pg_lsn_mii', { impl: (lsn: bigint, bytes: Numeric) => offset(lsn, bytes, -1n) });
fn('numeric_pl_pg_lsn(numeric,pg_lsn)', { impl: (bytes: Numeric, lsn: bigint) => offset(lsn, bytes, 1n) });

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
