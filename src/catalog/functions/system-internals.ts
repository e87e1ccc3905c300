// Functions that the system calls itself, or that pg_upgrade calls, as SQL may call them: what they say then, and facts of
// the server's make (manual, section 9.28).
import { readDataFile } from '../data-files.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { CallInfo } from '../../functions/call-info.js';
import { builtinSymbols, fn, tableFn } from '../../functions/registry.js';
import { backendsService } from '../../functions/server-services.js';
import { typeOid } from '../oids.js';
import { typmodText } from '../typmod-text.js';
import { catalogOf, outRecord, textArray } from './call.js';

const triggerActions = [
  'check_ins',
  'check_upd',
  'cascade_del',
  'cascade_upd',
  'restrict_del',
  'restrict_upd',
  'setnull_del',
  'setnull_upd',
  'setdefault_del',
  'setdefault_upd',
  'noaction_del',
  'noaction_upd',
];
for (const name of [...triggerActions.map((action) => `RI_FKey_${action}`), 'unique_key_recheck']) {
  fn(name, {
    impl() {
      throw pgError(SqlState.eRIETriggerProtocolViolated, `function "${name}" was not called by trigger manager`);
    },
  });
}

for (const what of 'pg_type array_pg_type multirange_pg_type multirange_array_pg_type heap_pg_class index_pg_class toast_pg_class pg_enum pg_authid pg_tablespace'.split(
  ' ',
)) {
  requireUpgrade(`binary_upgrade_set_next_${what}_oid`);
}
for (const what of ['heap', 'index', 'toast']) requireUpgrade(`binary_upgrade_set_next_${what}_relfilenode`);
requireUpgrade('binary_upgrade_set_record_init_privs');
requireUpgrade('binary_upgrade_set_missing_value');
requireUpgrade('binary_upgrade_create_empty_extension');

function requireUpgrade(name: string): void {
  fn(name, {
    impl() {
      throw pgError(
        SqlState.cantChangeRuntimeParam,
        'function can only be called when server is in binary upgrade mode',
      );
    },
  });
}

/** Modifiers of date/time types as text; the other types' functions stand with their families. */
const timeModifiers: Readonly<Record<string, string>> = {
  timetypmodout: ' without time zone',
  timetztypmodout: ' with time zone',
  timestamptypmodout: ' without time zone',
  timestamptztypmodout: ' with time zone',
  intervaltypmodout: '',
};
const known = new Set(builtinSymbols());
for (const [symbol, bare] of Object.entries(timeModifiers)) {
  if (!known.has(symbol)) fn(symbol, { impl: (typmod: number) => (typmod < 0 ? bare : typmodText(symbol, typmod)) });
}

fn('pg_control_init', {
  impl: () =>
    outRecord(
      ['max_data_alignment', typeOid.int4, 8],
      ['database_block_size', typeOid.int4, 8192],
      ['blocks_per_segment', typeOid.int4, 131072],
      ['wal_block_size', typeOid.int4, 8192],
      ['bytes_per_wal_segment', typeOid.int4, 16777216],
      ['max_identifier_length', typeOid.int4, 64],
      ['max_index_columns', typeOid.int4, 32],
      ['max_toast_chunk_size', typeOid.int4, 1996],
      ['large_object_chunk_size', typeOid.int4, 2048],
      ['float8_pass_by_value', typeOid.bool, true],
      ['data_page_checksum_version', typeOid.int4, 0],
    ),
});
/** pg_lsn. */
const pgLsnOid = 3220;
fn('pg_control_recovery', {
  impl: () =>
    outRecord(
      ['min_recovery_end_lsn', pgLsnOid, 0n],
      ['min_recovery_end_timeline', typeOid.int4, 0],
      ['backup_start_lsn', pgLsnOid, 0n],
      ['backup_end_lsn', pgLsnOid, 0n],
      ['end_of_backup_record_required', typeOid.bool, false],
    ),
});

const walManagers =
  'XLOG Transaction Storage CLOG Database Tablespace MultiXact RelMap Standby Heap2 Heap Btree Hash Gin Gist Sequence SPGist BRIN CommitTs ReplicationOrigin Generic LogicalMessage'.split(
    ' ',
  );
tableFn('pg_get_wal_resource_managers', { rows: () => walManagers.map((name, index) => [index, name, true]) });

/** Phases of a B-tree's build as pg_stat_progress_create_index names them. */
const btreeAccessMethod = 403;
const buildPhases = [
  'initializing',
  'scanning table',
  'sorting live tuples',
  'sorting dead tuples',
  'loading tuples in tree',
];
fn('pg_indexam_progress_phasename', {
  impl: (accessMethod: number, phase: bigint) =>
    accessMethod === btreeAccessMethod ? (buildPhases[Number(phase) - 1] ?? null) : null,
});

tableFn('pg_get_catalog_foreign_keys', {
  *rows(info: CallInfo) {
    const { names } = catalogOf(info);
    const words = (list: string | null) => textArray((list ?? '{}').slice(1, -1).split(','));
    for (const [table, columns, target, targetColumns, isArray, isOptional] of readDataFile('catalog_foreign_keys')) {
      const [from, to] = [table, target].map((name) => names.toOid('regclass', `pg_catalog.${name}`, false));
      yield [from, words(columns ?? null), to, words(targetColumns ?? null), isArray === 't', isOptional === 't'];
    }
  },
});

fn('pg_log_backend_memory_contexts', {
  impl(processId: number, info: CallInfo) {
    if (info.session.service(backendsService).find(processId) !== null) return true;
    info.session.notice({
      severity: 'WARNING',
      code: SqlState.warning,
      message: `PID ${processId} is not a PostgreSQL server process`,
      fields: {},
    });
    return false;
  },
});
