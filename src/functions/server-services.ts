// What functions ask of the running server beside their session: advisory locks, the lock table, the other sessions,
// cumulative statistics. Declared here, filled by the session from the transaction room.
import { serviceKey } from './call-info.js';

/** An advisory lock's key: the halves of one bigint (sub 1) or two ints (sub 2), as unsigned 32-bit numbers. */
export interface AdvisoryLockKey {
  readonly high: number;
  readonly low: number;
  readonly sub: 1 | 2;
}

/** pg_advisory_*: each call takes or gives back one lock. */
export interface AdvisoryLocks {
  /** Waits; rejects with 40P01, 55P03, 57014. */
  lock(key: AdvisoryLockKey, options: AdvisoryLockOptions): undefined | Promise<void>;
  /** True where it was granted at once. */
  tryLock(key: AdvisoryLockKey, options: AdvisoryLockOptions): boolean;
  /** Session-level locks only; false where the session doesn't hold it. */
  unlock(key: AdvisoryLockKey, isShared: boolean): boolean;
  unlockAll(): void;
}
export interface AdvisoryLockOptions {
  readonly isShared: boolean;
  /** Held by the session instead of the transaction. */
  readonly forSession: boolean;
}
export const advisoryLocks = serviceKey<AdvisoryLocks>('advisoryLocks');

/** pg_notify, pg_listening_channels, pg_notification_queue_usage. */
export interface NotificationService {
  /** Takes effect at commit. Throws 22023. */
  notify(channel: string, payload: string): void;
  readonly listening: readonly string[];
  /** Part of the queue that is in use, 0 to 1. */
  queueUsage(): number;
}
export const notificationService = serviceKey<NotificationService>('notifications');

/** pg_prepared_xact. */
export interface PreparedTransactionsService {
  list(): readonly {
    readonly xid: bigint;
    readonly gid: string;
    /** Microseconds since 2000-01-01 UTC. */
    readonly preparedAt: bigint;
    readonly owner: number;
    readonly database: number;
  }[];
}
export const preparedTransactionsService = serviceKey<PreparedTransactionsService>('preparedTransactions');

/** pg_export_snapshot: the name under which other sessions may take the transaction's snapshot. */
export interface SnapshotExport {
  export(): string;
}
export const snapshotExport = serviceKey<SnapshotExport>('snapshotExport');

/** amcheck's functions. */
export interface RelationChecks {
  /** Rejects with XX001 or XX002 where the index and its table don't agree. */
  index(
    index: number,
    check: { readonly allRows: boolean; readonly unique: boolean; readonly locksOut: boolean },
  ): Promise<void>;
  heap(
    relation: number,
    range: { readonly stopsAtFirst: boolean; readonly from: bigint | null; readonly to: bigint | null },
  ): Promise<
    readonly {
      readonly block: number;
      readonly offset: number;
      readonly attribute: number | null;
      readonly message: string;
    }[]
  >;
}
export const relationChecks = serviceKey<RelationChecks>('relationChecks');

/** pg_locks and pg_blocking_pids. */
export interface LockTableService {
  rows(): readonly LockStatus[];
  blockingPids(processId: number): readonly number[];
  /** Those for which a session waits that waits for a safe snapshot. */
  safeSnapshotBlockingPids(processId: number): readonly number[];
}
/** A row of pg_lock_status(): null where the column doesn't apply. */
export interface LockStatus {
  readonly lockType: string;
  readonly database: number | null;
  /** Read locks of serializable transactions: number of the relation's file. */
  readonly relation: number | null;
  readonly isFile: boolean;
  readonly page: number | null;
  readonly tuple: number | null;
  readonly transactionId: number | null;
  readonly virtualXid: string | null;
  readonly classId: number | null;
  readonly objectId: number | null;
  readonly objectSubId: number | null;
  readonly virtualTransaction: string;
  /** Null for a prepared transaction. */
  readonly processId: number | null;
  readonly mode: string;
  readonly granted: boolean;
  /** Microseconds since 2000-01-01 UTC. */
  readonly waitStart: bigint | null;
}
export const lockTableService = serviceKey<LockTableService>('lockTable');

/** pg_reload_conf. */
export interface ServerControl {
  reload(): void;
}
export const serverControl = serviceKey<ServerControl>('serverControl');

/** pg_stat_activity, pg_cancel_backend, pg_terminate_backend. */
export interface BackendsService {
  list(): readonly BackendStatus[];
  find(processId: number): BackendStatus | null;
  /** False where there is no such session. */
  signal(processId: number, request: 'cancel' | 'terminate'): boolean;
}
/** One session. Times are microseconds since 2000-01-01 UTC, null where there is none. */
export interface BackendStatus {
  /** Small number of the session, unique while it lives (pg_stat_get_backend_idset). */
  readonly backendId: number;
  readonly processId: number;
  readonly kind: string;
  /** 0 where it has none. */
  readonly database: number;
  readonly role: number;
  readonly isSuperuser: boolean;
  readonly applicationName: string;
  /** '' for a Unix-domain socket. */
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly tls: { readonly protocol: string; readonly cipher: string; readonly bits: number } | null;
  readonly backendStart: bigint | null;
  readonly transactionStart: bigint | null;
  readonly queryStart: bigint | null;
  readonly stateChange: bigint | null;
  readonly waitEventType: string | null;
  readonly waitEvent: string | null;
  readonly state: string | null;
  readonly xid: bigint | null;
  readonly xmin: bigint | null;
  readonly queryId: bigint | null;
  readonly query: string;
}
export const backendsService = serviceKey<BackendsService>('backends');

/** Counters of pg_stat_user_tables, pg_statio_*, pg_stat_database; 0 where nothing was counted. */
export interface StatisticsService {
  /** Relation 0: the database's own. */
  counter(database: number, relation: number, counter: StatisticsCounter): number;
  /** A time counter: microseconds since 2000-01-01 UTC, null where it never happened. */
  time(database: number, relation: number, counter: StatisticsCounter): bigint | null;
  /** A function's counter, times in milliseconds; null where its calls were never counted. */
  functionCounter(oid: number, counter: FunctionCounter): number | null;
  /** A call begins that `track_functions` at this level asks to count; what is returned is called when it succeeded. */
  functionCalled(oid: number, level: 'pl' | 'all'): (() => void) | null;
  /** pg_stat_slru. */
  slru(): readonly SlruCounters[];
  /** True where anything was counted of the relation (0: the database). */
  has(database: number, relation: number): boolean;
  /** What this session's transaction has counted and not yet added (pg_stat_get_xact_*). */
  pending(relation: number, counter: StatisticsCounter): number;
  pendingFunction(oid: number, counter: FunctionCounter): number | null;
  /** What stats_fetch_consistency keeps for the rest of the transaction is forgotten. */
  clearSnapshot(): void;
  /** When everything was read at once: microseconds since 2000-01-01 UTC; null where it was not. */
  snapshotTime(): bigint | null;
  /** pg_stat_force_next_flush: the transaction's end adds its counts at once. */
  forceFlush(): void;
  /** VACUUM and ANALYZE are through with a relation: counters to set, and the one that counts the run. */
  maintained(
    database: number,
    relation: number,
    changes: { readonly set: Readonly<Partial<Record<StatisticsCounter, number>>>; readonly count: StatisticsCounter },
  ): void;
  /** pg_stat_reset: one relation, or with null all of the database. */
  reset(database: number, relation: number | null): void;
  resetFunction(oid: number): void;
  /** By its name, of which unknown ones are `other`; null: all. */
  resetSlru(name: string | null): void;
  /** The database was dropped. */
  forgetDatabase(database: number): void;
}
export type FunctionCounter = 'functionCalls' | 'functionTotalTime' | 'functionSelfTime';
export interface SlruCounters {
  readonly name: string;
  readonly blocksZeroed: number;
  /** Microseconds since 2000-01-01 UTC; null: since the server's start. */
  readonly resetTime: bigint | null;
}
export const statisticsCounters = [
  'numscans',
  'tuplesReturned',
  'tuplesFetched',
  'tuplesInserted',
  'tuplesUpdated',
  'tuplesDeleted',
  'tuplesHotUpdated',
  'tuplesNewpageUpdated',
  'liveTuples',
  'deadTuples',
  'modSinceAnalyze',
  'insSinceVacuum',
  'blocksFetched',
  'blocksHit',
  'lastScan',
  'lastVacuum',
  'lastAutovacuum',
  'lastAnalyze',
  'lastAutoanalyze',
  'vacuumCount',
  'autovacuumCount',
  'analyzeCount',
  'autoanalyzeCount',
  'transactionsCommitted',
  'transactionsRolledBack',
  'deadlocks',
  'tempFiles',
  'tempBytes',
  'sessions',
  'statsReset',
] as const;
export type StatisticsCounter = (typeof statisticsCounters)[number];
export const statisticsService = serviceKey<StatisticsService>('statistics');
