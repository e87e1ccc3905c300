// What the rooms above see of a session's transactions and locks; `transaction.ts` implements it over the store and the
// lock table. Waits are Promises; a lock that is free is granted at once and returns undefined.
import type { Awaitable } from '../base/awaitable.js';
import type { ReadView, RelationFile, RowId, StoreTransaction } from '../storage/api.js';
import type { SnapshotXids } from './snapshot-xids.js';
import type { TransactionStatistics } from './session-statistics.js';
import type { Speculation } from './speculation.js';

export type IsolationLevel = 'read uncommitted' | 'read committed' | 'repeatable read' | 'serializable';

/** PostgreSQL's table lock modes, weakest first (manual, section 13.3.1). */
export type LockMode =
  | 'AccessShareLock'
  | 'RowShareLock'
  | 'RowExclusiveLock'
  | 'ShareUpdateExclusiveLock'
  | 'ShareLock'
  | 'ShareRowExclusiveLock'
  | 'ExclusiveLock'
  | 'AccessExclusiveLock';

/** The four row lock modes, weakest first (manual, section 13.3.2), and `remove`: FOR UPDATE by who also takes the row's
 *  key away, by a delete or a change of it. */
export type RowLockMode = 'keyShare' | 'share' | 'noKeyUpdate' | 'update' | 'remove';

/** What a wait for a row or a unique key is for: errors raised meanwhile say it in their CONTEXT. */
export interface WaitPurpose {
  readonly doing: 'updating' | 'deleting' | 'locking' | 'inserting index';
  /** The table, or for `inserting index` the index. */
  readonly relation: string;
}

/** A row and what is to be done with it. */
export interface RowWait {
  readonly purpose: WaitPurpose;
  readonly rowid: RowId;
}

/** A wait's outcome: undefined at once, or a Promise. Rejects with 40P01, 55P03, 57014, 57P01. */
export type LockWait = undefined | Promise<void>;

export interface Transaction {
  readonly isolation: IsolationLevel;
  readonly readOnly: boolean;
  readonly deferrable: boolean;
  /** Microseconds since 2000-01-01 UTC. */
  readonly startTimestamp: bigint;
  readonly store: StoreTransaction;
  /** Where scans and writes are counted. */
  readonly statistics: TransactionStatistics;

  /** Number of the running command, from 1: one more than what cmin shows of its writes. */
  readonly command: number;
  /** The same for a command that writes rows or locks them: the next `advanceCommand` counts on. */
  useCommand(): number;
  /** It is about to write: assigns what ids it and its subtransactions are to have, and tells others. Locks do that too. */
  identify(): void;
  /** Makes what the current command wrote visible to the next one (PostgreSQL's CommandCounterIncrement). */
  advanceCommand(): void;
  /** Changes with every step that may change what the transaction sees of its own writes. */
  readonly step: number;
  /** What a new statement reads: READ COMMITTED takes a new snapshot, REPEATABLE READ keeps its first. */
  statementView(): ReadView;
  /** A command begins that has no view of its own: what keeps one snapshot for all its statements takes it now. */
  beginCommand(): void;
  /** A statement that reads one committed state at once may take the newest: notes that it has read. False where it must
   *  read under `statementView`. */
  readsNewest(): boolean;
  /** The newest committed state plus all own writes so far: for rechecks, unique checks, foreign keys, catalogs. */
  latestView(): ReadView;
  /** As `latestView`, for what a constraint reads of other rows: a serializable transaction counts it as read. Valid until
   *  the next call. */
  constraintView(): ReadView;
  /** A unique index has the key already. Throws 40001 where a serializable transaction must fail for that. */
  uniqueKeyFound(index: RelationFile, key: Buffer): void;
  /** SERIALIZABLE READ ONLY DEFERRABLE: waits, before its first statement, for a snapshot in which no anomaly can be seen. */
  safeSnapshot(): Awaitable<void>;
  /** Throws 25006 in a read-only transaction; `command` is the SQL command's name. */
  requireWritable(command: string): void;

  lockRelation(
    relation: number,
    mode: LockMode,
    options?: { readonly noWait?: boolean; readonly name?: string },
  ): LockWait;
  /** True where this transaction holds the mode or a stronger one. */
  holdsRelationLock(relation: number, mode: LockMode): boolean;
  /** Any other object by (catalog oid, object oid): databases, roles, schemas. */
  lockObject(catalog: number, object: number, mode: LockMode): LockWait;
  /** 'skipped' only with policy skip; policy error rejects with 55P03. */
  lockRow(
    file: number,
    rowid: RowId,
    mode: RowLockMode,
    policy: 'block' | 'skip' | 'error',
    /** Its relation is named by 55P03 too: `could not obtain lock on row in relation "x"`. */
    purpose?: WaitPurpose,
  ): 'granted' | 'skipped' | Promise<'granted' | 'skipped'>;
  /** Others wait for the row: who asks now queues behind them. Key share locks and waits for a removal don't count. */
  rowHasWaiters(file: number, rowid: RowId): boolean;
  /** Throws 40P01 where others wait for a row that this transaction holds and wants to overwrite in place. */
  requireNoWaiters(file: number, rowid: RowId): void;
  /** The row locked last turned out to be gone: who else waited for it may see that too. */
  rowGone(file: number, rowid: RowId): void;
  /** Waits until nobody else has the row locked for removal: whether its key is still there is decided then. `insert`:
   *  the row that the key is for. */
  awaitRemoval(file: number, rowid: RowId, insert?: RowWait): LockWait;
  /** Serialises writers of one key of a unique index, to the transaction's end. `insert`: the row that the key is for. */
  lockUniqueKey(indexFile: number, key: Buffer, insert?: RowWait): LockWait;
  /** As `lockUniqueKey`, but false where another holds the key. */
  tryUniqueKey(indexFile: number, key: Buffer): boolean;
  /** Whether nobody else holds the key; takes nothing. */
  isFreeKey(indexFile: number, key: Buffer): boolean;
  /** Waits until the one that holds the key is through with its transaction, and takes the key: how to give it back, to be
   *  called at once where it is not wanted. Null where there was a speculative insertion of the key to wait for. */
  awaitUniqueKey(indexFile: number, key: Buffer): Promise<(() => void) | null>;
  /** Begins an insertion that may be taken back: others wait for its end where they meet one of its keys. */
  speculate(): Speculation;

  /** Runs in order at commit, before the store's commit (deferred constraints, ON COMMIT); may throw. */
  beforeCommit(action: () => Promise<void>): void;
  /** Runs after the commit is durable, or after the rollback; must not throw. Registered in a subtransaction that rolls
   *  back, `afterRollback` runs then and `afterCommit` never. */
  afterCommit(action: () => void): void;
  afterRollback(action: () => void): void;

  /** The transactions that the running statement's snapshot does not see. */
  snapshotXids(): SnapshotXids;
  /** It has used temporary objects: it can't be prepared. */
  noteTemporary(): void;

  /** Internal savepoints (PL/pgSQL blocks, portals) and SQL's named ones share one stack. */
  readonly savepointDepth: number;
}
