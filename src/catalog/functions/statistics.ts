// pg_stat_get_*: cumulative statistics of relations and databases (manual, section 27.2), from the counters that the
// server keeps for all workers. What nothing counts here reads as 0.
import type { CallInfo } from '../../functions/call-info.js';
import { fn, tableFn } from '../../functions/registry.js';
import {
  backendsService,
  type FunctionCounter,
  type StatisticsCounter,
  statisticsService,
} from '../../functions/server-services.js';
import { Numeric } from '../../types/numeric.js';
import { outRecord, catalogOf, pgTimestamp } from './call.js';
import { typeOid } from '../oids.js';

/** Counters start with the server. */
const countingSince = pgTimestamp(performance.timeOrigin);

const statistics = (info: CallInfo) => info.session.service(statisticsService);

/** Shared relations are counted under database 0. */
function databaseOf(info: CallInfo, relation: number): number {
  const catalog = catalogOf(info);
  return catalog.relation(relation)?.isShared === true ? 0 : catalog.database;
}

const relationCounters: Readonly<Record<string, StatisticsCounter>> = {
  pg_stat_get_numscans: 'numscans',
  pg_stat_get_tuples_returned: 'tuplesReturned',
  pg_stat_get_tuples_fetched: 'tuplesFetched',
  pg_stat_get_tuples_inserted: 'tuplesInserted',
  pg_stat_get_tuples_updated: 'tuplesUpdated',
  pg_stat_get_tuples_deleted: 'tuplesDeleted',
  pg_stat_get_tuples_hot_updated: 'tuplesHotUpdated',
  pg_stat_get_tuples_newpage_updated: 'tuplesNewpageUpdated',
  pg_stat_get_live_tuples: 'liveTuples',
  pg_stat_get_dead_tuples: 'deadTuples',
  pg_stat_get_mod_since_analyze: 'modSinceAnalyze',
  pg_stat_get_ins_since_vacuum: 'insSinceVacuum',
  pg_stat_get_blocks_fetched: 'blocksFetched',
  pg_stat_get_blocks_hit: 'blocksHit',
  pg_stat_get_vacuum_count: 'vacuumCount',
  pg_stat_get_autovacuum_count: 'autovacuumCount',
  pg_stat_get_analyze_count: 'analyzeCount',
  pg_stat_get_autoanalyze_count: 'autoanalyzeCount',
};
for (const [symbol, counter] of Object.entries(relationCounters)) {
  fn(symbol, {
    impl: (relation: number, info: CallInfo) =>
      BigInt(statistics(info).counter(databaseOf(info, relation), relation, counter)),
  });
}

const relationTimes: Readonly<Record<string, StatisticsCounter>> = {
  pg_stat_get_lastscan: 'lastScan',
  pg_stat_get_last_vacuum_time: 'lastVacuum',
  pg_stat_get_last_autovacuum_time: 'lastAutovacuum',
  pg_stat_get_last_analyze_time: 'lastAnalyze',
  pg_stat_get_last_autoanalyze_time: 'lastAutoanalyze',
};
for (const [symbol, counter] of Object.entries(relationTimes)) {
  fn(symbol, {
    impl: (relation: number, info: CallInfo) => statistics(info).time(databaseOf(info, relation), relation, counter),
  });
}

const databaseCounters: Readonly<Record<string, StatisticsCounter>> = {
  pg_stat_get_db_xact_commit: 'transactionsCommitted',
  pg_stat_get_db_xact_rollback: 'transactionsRolledBack',
  pg_stat_get_db_blocks_fetched: 'blocksFetched',
  pg_stat_get_db_blocks_hit: 'blocksHit',
  pg_stat_get_db_tuples_returned: 'tuplesReturned',
  pg_stat_get_db_tuples_fetched: 'tuplesFetched',
  pg_stat_get_db_tuples_inserted: 'tuplesInserted',
  pg_stat_get_db_tuples_updated: 'tuplesUpdated',
  pg_stat_get_db_tuples_deleted: 'tuplesDeleted',
  pg_stat_get_db_temp_files: 'tempFiles',
  pg_stat_get_db_temp_bytes: 'tempBytes',
  pg_stat_get_db_deadlocks: 'deadlocks',
  pg_stat_get_db_sessions: 'sessions',
};
for (const [symbol, counter] of Object.entries(databaseCounters)) {
  fn(symbol, { impl: (database: number, info: CallInfo) => BigInt(statistics(info).counter(database, 0, counter)) });
}
fn('pg_stat_get_db_numbackends', {
  impl: (database: number, info: CallInfo) =>
    info.session
      .service(backendsService)
      .list()
      .filter((backend) => backend.database === database).length,
});
fn('pg_stat_get_wal', {
  impl: () =>
    outRecord(
      ['wal_records', typeOid.int8, 0n],
      ['wal_fpi', typeOid.int8, 0n],
      ['wal_bytes', typeOid.numeric, Numeric.zero],
      ['wal_buffers_full', typeOid.int8, 0n],
      ['wal_write', typeOid.int8, 0n],
      ['wal_sync', typeOid.int8, 0n],
      ['wal_write_time', typeOid.float8, 0],
      ['wal_sync_time', typeOid.float8, 0],
      ['stats_reset', typeOid.timestamptz, countingSince],
    ),
});
fn('pg_stat_get_db_stat_reset_time', {
  impl: (database: number, info: CallInfo) => statistics(info).time(database, 0, 'statsReset'),
});

/** Events that this server has no cause for: recovery conflicts, checksum failures, abandoned connections. */
for (const name of [
  'conflict_all',
  'conflict_bufferpin',
  'conflict_lock',
  'conflict_logicalslot',
  'conflict_snapshot',
  'conflict_startup_deadlock',
  'conflict_tablespace',
  'checksum_failures',
  'sessions_abandoned',
  'sessions_fatal',
  'sessions_killed',
])
  fn(`pg_stat_get_db_${name}`, { impl: () => 0n });
fn('pg_stat_get_db_checksum_last_failure', { impl: () => null });
for (const name of ['blk_read_time', 'blk_write_time', 'session_time', 'active_time', 'idle_in_transaction_time'])
  fn(`pg_stat_get_db_${name}`, { impl: () => 0 });

/** What the session has counted and not yet added to the totals. */
for (const name of [
  'numscans',
  'tuples_returned',
  'tuples_fetched',
  'tuples_inserted',
  'tuples_updated',
  'tuples_deleted',
  'tuples_hot_updated',
  'tuples_newpage_updated',
  'blocks_fetched',
  'blocks_hit',
]) {
  const counter = relationCounters[`pg_stat_get_${name}`];
  fn(`pg_stat_get_xact_${name}`, {
    impl: (relation: number, info: CallInfo) =>
      counter === undefined ? 0n : BigInt(statistics(info).pending(relation, counter)),
  });
}

const functionCounters: Readonly<Record<string, FunctionCounter>> = {
  calls: 'functionCalls',
  total_time: 'functionTotalTime',
  self_time: 'functionSelfTime',
};
for (const [name, counter] of Object.entries(functionCounters)) {
  const asValue = (count: number | null) => (counter === 'functionCalls' && count !== null ? BigInt(count) : count);
  fn(`pg_stat_get_function_${name}`, {
    impl: (oid: number, info: CallInfo) => asValue(statistics(info).functionCounter(oid, counter)),
  });
  fn(`pg_stat_get_xact_function_${name}`, {
    impl: (oid: number, info: CallInfo) => asValue(statistics(info).pendingFunction(oid, counter)),
  });
}

/** The background writer and checkpointer of PostgreSQL's buffer cache have no counterpart. */
for (const name of [
  'bgwriter_buf_written_clean',
  'bgwriter_maxwritten_clean',
  'buf_alloc',
  'checkpointer_buffers_written',
  'checkpointer_num_requested',
  'checkpointer_num_timed',
  'checkpointer_restartpoints_performed',
  'checkpointer_restartpoints_requested',
  'checkpointer_restartpoints_timed',
])
  fn(`pg_stat_get_${name}`, { impl: () => 0n });
for (const name of ['checkpointer_sync_time', 'checkpointer_write_time']) fn(`pg_stat_get_${name}`, { impl: () => 0 });
for (const name of ['bgwriter_stat_reset_time', 'checkpointer_stat_reset_time'])
  fn(`pg_stat_get_${name}`, { impl: () => countingSince });

fn('pg_stat_get_archiver', {
  impl: () =>
    outRecord(
      ['archived_count', typeOid.int8, 0n],
      ['last_archived_wal', typeOid.text, null],
      ['last_archived_time', typeOid.timestamptz, null],
      ['failed_count', typeOid.int8, 0n],
      ['last_failed_wal', typeOid.text, null],
      ['last_failed_time', typeOid.timestamptz, null],
      ['stats_reset', typeOid.timestamptz, countingSince],
    ),
});

fn('pg_stat_get_snapshot_timestamp', { impl: (info: CallInfo) => statistics(info).snapshotTime() });
fn('pg_stat_clear_snapshot', {
  impl(info: CallInfo) {
    statistics(info).clearSnapshot();
    return null;
  },
});
fn('pg_stat_force_next_flush', {
  impl(info: CallInfo) {
    statistics(info).forceFlush();
    return null;
  },
});
fn('pg_stat_have_stats', {
  impl: (kind: string, database: number, relation: number, info: CallInfo) =>
    kind === 'function'
      ? statistics(info).functionCounter(relation, 'functionCalls') !== null
      : (kind === 'relation' || kind === 'database') && statistics(info).has(database, relation),
});
fn('pg_stat_reset', {
  impl(info: CallInfo) {
    statistics(info).reset(catalogOf(info).database, null);
    return null;
  },
});
fn('pg_stat_reset_single_table_counters', {
  impl(relation: number, info: CallInfo) {
    statistics(info).reset(databaseOf(info, relation), relation);
    return null;
  },
});
fn('pg_stat_reset_single_function_counters', {
  impl(oid: number, info: CallInfo) {
    statistics(info).resetFunction(oid);
    return null;
  },
});
fn('pg_stat_reset_slru', {
  impl(name: string | null, info: CallInfo) {
    statistics(info).resetSlru(name);
    return null;
  },
});
/** Of PostgreSQL's page caches only the queue of notifications has a counterpart, and of its counters the pages begun. */
tableFn('pg_stat_get_slru', {
  *rows(info: CallInfo) {
    for (const { name, blocksZeroed, resetTime } of statistics(info).slru())
      yield [name, BigInt(blocksZeroed), 0n, 0n, 0n, 0n, 0n, 0n, resetTime ?? countingSince];
  },
});
for (const symbol of ['pg_stat_reset_shared', 'pg_stat_reset_replication_slot']) fn(symbol, { impl: () => null });

/** A slot or subscription that is not there has no row. */
for (const symbol of ['pg_stat_get_subscription_stats', 'pg_stat_get_replication_slot'])
  fn(symbol, { impl: () => null });

/** Nothing of these kinds exists on this server: no replication, slots, subscriptions, buffer cache rings, progress. */
for (const symbol of [
  'pg_stat_get_io',
  'pg_stat_get_wal_senders',
  'pg_stat_get_subscription',
  'pg_stat_get_progress_info',
  'pg_get_replication_slots',
  'pg_show_replication_origin_status',
  'pg_get_shmem_allocations',
  'pg_get_backend_memory_contexts',
  'pg_ident_file_mappings',
  'show_all_file_settings',
  'pg_get_wait_events',
  'pg_get_publication_tables',
  'pg_stat_get_recovery_prefetch',
])
  tableFn(symbol, { rows: () => [] });
fn('pg_stat_get_wal_receiver', { impl: () => null });
