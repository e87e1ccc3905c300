// Transaction ids, positions in the log, and recovery functions that have nothing to control (manual, 9.26.5, 9.28.3).
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { CallInfo } from '../../functions/call-info.js';
import { fn, tableFn } from '../../functions/registry.js';
import { triggerDepth } from '../../functions/trigger-depth.js';
import { Numeric } from '../../types/numeric.js';
import { formatSnapshot } from '../../types/snapshot-type.js';
import type { Catalog } from '../api.js';
import { typeOid } from '../oids.js';
import { catalogOf, outRecord } from './call.js';

fn('pg_current_xact_id', { impl: (info: CallInfo) => catalogOf(info).transactionId(true) });
fn('pg_current_xact_id_if_assigned', { impl: (info: CallInfo) => catalogOf(info).transactionId(false) });
/** Ids below this one are the system's own, older than any. */
const firstNormalXid = 3n;
const agesMax = 2147483647;

fn('xid_age', {
  impl(xid: number, info: CallInfo) {
    if (BigInt(xid) < firstNormalXid) return agesMax;
    return Number(BigInt.asIntN(32, catalogOf(info).stableNextTransactionId() - BigInt(xid)));
  },
});
/** Rows are locked without multixacts: none was ever made, and the first one would be 1. */
fn('mxid_age', { impl: (multi: number) => (multi === 0 ? agesMax : (1 - multi) | 0) });
tableFn('pg_get_multixact_members', {
  rows(multi: number) {
    if (multi === 0) throw pgError(SqlState.invalidParameterValue, 'invalid MultiXactId: 0');
    throw pgError(SqlState.internalError, `MultiXactId ${multi} has not been created yet -- apparent wraparound`);
  },
});

fn('pg_current_snapshot', {
  impl(info: CallInfo) {
    const { next: xmax, inProgress } = catalogOf(info).snapshotXids();
    const own = catalogOf(info).transactionId(false);
    const others = inProgress.filter((xid) => xid !== own);
    // The own id is not in the list, but counts for the lowest one, as in PostgreSQL.
    const xmin = [own, others[0], xmax].reduce((low: bigint, xid) => (xid != null && xid < low ? xid : low), xmax);
    return formatSnapshot({ xmin, xmax, inProgress: others });
  },
});

fn('pg_xact_status', {
  impl(xid: bigint, info: CallInfo) {
    const id = BigInt.asUintN(64, xid);
    const catalog = catalogOf(info);
    const status = catalog.transactionStatus(id);
    if (status === 'future') throw pgError(SqlState.invalidParameterValue, `transaction ID ${id} is in the future`);
    if (id === 0n) return null;
    // What was there from the beginning is known to have committed, not by which transaction.
    if (id >= firstNormalXid && id < oldestKnownXid(catalog)) return null;
    return status;
  },
});

/** pg_database.datfrozenxid: what became of older ids is not kept. */
function oldestKnownXid(catalog: Catalog): bigint {
  const row = catalog.tables.findOne('pg_database', { oid: catalog.database })?.row;
  return BigInt(row?.datfrozenxid ?? 0);
}

// Times of commits are not kept (track_commit_timestamp is off and can't be set).
for (const name of ['pg_xact_commit_timestamp', 'pg_xact_commit_timestamp_origin', 'pg_last_committed_xact']) {
  fn(name, {
    impl() {
      throw pgError(SqlState.objectNotInPrerequisiteState, 'could not get commit timestamp data', {
        hint: 'Make sure the configuration parameter "track_commit_timestamp" is set.',
      });
    },
  });
}

fn('pg_trigger_depth', { impl: (info: CallInfo) => triggerDepth(info.session).depth });

for (const name of ['pg_current_wal_lsn', 'pg_current_wal_insert_lsn', 'pg_current_wal_flush_lsn'])
  fn(name, { impl: (info: CallInfo) => catalogOf(info).walPosition() });

/** Files of the log as PostgreSQL counts them: 16 MiB each, timeline 1. */
const segmentBytes = 0x1000000n;
const segmentsPerId = 0x100000000n / segmentBytes;

function walFileName(segment: bigint): string {
  const part = (value: bigint) => value.toString(16).toUpperCase().padStart(8, '0');
  return part(1n) + part(segment / segmentsPerId) + part(segment % segmentsPerId);
}

fn('pg_walfile_name', { impl: (position: bigint) => walFileName(position / segmentBytes) });
fn('pg_walfile_name_offset', {
  impl: (position: bigint) =>
    outRecord(
      ['file_name', typeOid.text, walFileName(position / segmentBytes)],
      ['file_offset', typeOid.int4, Number(position % segmentBytes)],
    ),
});

fn('pg_split_walfile_name', {
  impl(name: string) {
    const parts = /^([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})$/.exec(name.toUpperCase());
    if (parts === null) throw pgError(SqlState.invalidParameterValue, `invalid WAL file name "${name}"`);
    const [timeline = 0n, id = 0n, segment = 0n] = parts.slice(1).map((part) => BigInt(`0x${part}`));
    return outRecord(
      ['segment_number', typeOid.numeric, Numeric.of(id * segmentsPerId + segment, 0)],
      ['timeline_id', typeOid.int8, timeline],
    );
  },
});

for (const name of ['pg_last_wal_receive_lsn', 'pg_last_wal_replay_lsn', 'pg_last_xact_replay_timestamp'])
  fn(name, { impl: () => null });
for (const name of [
  'pg_is_wal_replay_paused',
  'pg_wal_replay_pause',
  'pg_wal_replay_resume',
  'pg_get_wal_replay_pause_state',
  'pg_promote',
]) {
  fn(name, {
    impl() {
      throw pgError(SqlState.objectNotInPrerequisiteState, 'recovery is not in progress', {
        hint: 'Recovery control functions can only be executed during recovery.',
      });
    },
  });
}
