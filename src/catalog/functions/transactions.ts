// Transaction ids, positions in the log, and recovery functions that have nothing to control (manual, 9.26.5, 9.28.3).
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { CallInfo } from '../../functions/call-info.js';
import { fn } from '../../functions/registry.js';
import { typeOid } from '../oids.js';
import { catalogOf, outRecord } from './call.js';

fn('pg_current_xact_id', { impl: (info: CallInfo) => catalogOf(info).transactionId(true) });
fn('pg_current_xact_id_if_assigned', { impl: (info: CallInfo) => catalogOf(info).transactionId(false) });
fn('pg_trigger_depth', { impl: () => 0 });

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
