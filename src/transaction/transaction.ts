// A session's transactions over the store and the lock table: isolation levels, statement views, the command counter,
// subtransactions, what runs at commit and rollback, and the release of everything at the end.
import { addon } from '../base/addon.js';
import { currentTimestamp } from '../base/clock.js';
import { assert, defined } from '../errors/unreachable.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { ReadView, RelationFile, RowId, SerializableLimits, Store, StoreTransaction } from '../storage/api.js';
import type { Awaitable } from '../base/awaitable.js';
import type { IsolationLevel, LockMode, LockWait, RowLockMode, RowWait, Transaction, WaitPurpose } from './api.js';
import { EndActions } from './end-actions.js';
import { discardNotifications, publishNotifications } from './notifications.js';
import type { SessionNotifications } from './notifications.js';
import { fileTag, isSharedRelation, lockModeNumber, rowLockModeNumber } from './lock-modes.js';
import type { TransactionManager, TransactionOptions } from './manager-api.js';
import { type AdoptedTransaction, type LentTransaction, addUses } from './point-session.js';
import { preparationLocksRefused, preparationRefused, requirePreparable } from './prepared.js';
import type { Preparation } from './prepared.js';
import { notAvailableError, SessionLocks } from './session-locks.js';
import type { WaitEnvironment } from './session-locks.js';
import { SessionStatistics } from './session-statistics.js';
import type { StatisticsMark, TransactionStatistics } from './session-statistics.js';
import { snapshotXids } from './snapshot-xids.js';
import type { SnapshotXids } from './snapshot-xids.js';
import type { Speculation } from './speculation.js';
import { SerializableReads } from './serializable-reads.js';
import { Snapshots } from './snapshots.js';
import { waitersOf } from './wait-context.js';

/** What a session tells its transactions about itself. */
export interface TransactionEnvironment {
  readonly processId: number;
  /** Small number of the session, for its virtual transaction ids; 0 where it has none. */
  readonly backend?: number;
  readonly database: number;
  readonly waits: WaitEnvironment;
  /** A transaction began (its start in microseconds since 2000-01-01 UTC), got its id, or ended: for pg_stat_activity. */
  transactionChanged?(change: { readonly start: bigint | null } | { readonly xid: bigint }): void;
  /** A statement view was taken: the last commit that it contains. */
  viewTaken?(sequence: number): void;
  /** What it listens to and notifies of; left out, nobody asks. */
  readonly notifications?: SessionNotifications;
  /** How much serializable transactions remember; asked for by each. */
  serializableLimits?(): SerializableLimits;
  /** Where rows scanned and written are counted; left out, nothing is kept. */
  readonly statistics?: SessionStatistics;
  /** A temporary relation: what locks it can't be prepared. */
  isTemporary?(relation: number): boolean;
  /** Name for 55P03 of LOCK TABLE ... NOWAIT. */
  describeRelation(relation: number): string;
}

/** The session's manager; `close` ends the session: its locks, those of the session included, are released. */
export interface SessionTransactions extends TransactionManager {
  readonly locks: SessionLocks;
  close(): void;
}

/** Makes a session's transaction manager over the store. */
export function createTransactionManager(store: Store, environment: TransactionEnvironment): SessionTransactions {
  return new Manager(store, environment);
}

class Manager implements SessionTransactions {
  private open: OpenTransaction | null = null;
  readonly locks: SessionLocks;
  private readonly statistics: SessionStatistics;

  constructor(
    private readonly store: Store,
    private readonly environment: TransactionEnvironment,
  ) {
    this.statistics = environment.statistics ?? new SessionStatistics(environment.database, null);
    this.locks = new SessionLocks(environment.processId, environment.database, environment.waits, () =>
      this.statistics.deadlock(),
    );
  }

  get current(): Transaction | null {
    return this.open;
  }

  begin(options: TransactionOptions): Transaction {
    assert(this.open === null, 'one transaction at a time');
    this.statistics.transactionStarted();
    this.open = new OpenTransaction(this.store, this.locks, this.environment, this.statistics, options);
    return this.open;
  }

  adopt(options: TransactionOptions, begun: AdoptedTransaction): Transaction {
    assert(this.open === null, 'one transaction at a time');
    this.statistics.transactionStarted();
    this.locks.noteAsked();
    this.open = new OpenTransaction(this.store, this.locks, this.environment, this.statistics, options, begun);
    addUses(this.statistics, begun.uses);
    return this.open;
  }

  lend(): LentTransaction | null {
    const { open } = this;
    if (open?.isPlain !== true || this.environment.notifications?.isPending === true) return null;
    const lent = open.leave();
    if (lent !== null) this.open = null;
    return lent;
  }

  setModes(options: Partial<TransactionOptions>): void {
    this.required().setModes(options);
  }

  checkModes(options: Partial<TransactionOptions>): void {
    this.required().checkModes(options);
  }

  exportSnapshot(): string {
    return this.required().exportSnapshot();
  }

  importSnapshot(name: string): void {
    this.required().importSnapshot(name);
  }

  commit(options: { readonly synchronous: boolean }): Awaitable<void> {
    const open = this.required();
    const isNotifying = this.environment.notifications?.isPending === true;
    const { hasWrites, usesSequences } = open.store;
    if (hasWrites || usesSequences || !open.actions.isEmpty || isNotifying) return this.commitWrites(open, options);
    if (open.isTracked) return this.commitReads(open);
    open.store.end();
    this.committed(open);
    return undefined;
  }

  /** A serializable transaction that wrote nothing: the store decides whether it may commit. */
  private commitReads(open: OpenTransaction): void {
    try {
      open.commitReads();
    } catch (error) {
      this.rollback();
      throw error;
    }
    this.committed(open);
  }

  private async commitWrites(open: OpenTransaction, options: { readonly synchronous: boolean }): Promise<void> {
    let notifications = 0;
    try {
      await open.actions.runBeforeCommit();
      notifications = this.environment.notifications?.stage() ?? 0;
      const { hasWrites, usesSequences } = open.store;
      if (hasWrites || usesSequences || open.isTracked) await open.store.commit({ ...options, notifications });
      else {
        open.store.end();
        publishNotifications(notifications);
      }
    } catch (error) {
      discardNotifications(notifications);
      // The session may have rolled it back itself while the actions ran.
      if (this.open === open) this.rollback();
      throw error;
    }
    this.committed(open);
  }

  async prepare(preparation: Preparation): Promise<void> {
    const open = this.required();
    const successor = this.locks.addSuccessor();
    try {
      await open.actions.runBeforeCommit();
      await open.prepare(preparation, successor);
    } catch (error) {
      this.locks.dropSuccessor(successor);
      if (this.open === open) this.rollback();
      throw error;
    }
    this.locks.goOnAs(successor);
    this.open = null;
    open.finish();
    this.statistics.transactionPrepared(preparation.gid);
  }

  private committed(open: OpenTransaction): void {
    this.open = null;
    this.environment.notifications?.committed();
    open.finish();
    this.statistics.transactionEnded(true);
    open.actions.runAfterCommit();
  }

  rollback(): void {
    const { open } = this;
    if (open === null) return;
    this.open = null;
    this.environment.notifications?.rolledBack();
    open.store.rollback();
    open.finish();
    this.statistics.transactionEnded(false);
    open.actions.runAfterRollback();
  }

  savepoint(): number {
    return this.required().savepoint();
  }

  release(depth: number): void {
    this.required().release(depth);
  }

  rollbackTo(depth: number): void {
    this.required().rollbackTo(depth);
  }

  close(): void {
    this.rollback();
    this.environment.notifications?.stop();
    this.statistics.flush();
    this.locks.close();
  }

  private required(): OpenTransaction {
    return defined(this.open, 'the transaction');
  }
}

/** What a subtransaction returns to when it is undone. */
interface Level {
  readonly storeDepth: number;
  readonly lockMark: number;
  readonly actionMark: number;
  readonly notificationMark: number;
  readonly readOnly: boolean;
  readonly statistics: StatisticsMark;
}

class OpenTransaction implements Transaction {
  readonly store: StoreTransaction;
  readonly startTimestamp: bigint;
  readonly actions = new EndActions();
  isolation: IsolationLevel;
  readOnly: boolean;
  deferrable: boolean;
  command = 1;
  step = 0;

  private readonly levels: Level[] = [];
  private readonly whole: Store;
  private readonly snapshots: Snapshots;
  private readonly serializable: SerializableReads;
  /** Exported names, with the views that keep their snapshots. */
  private readonly exported = new Map<string, ReadView>();
  /** A statement has read: modes can't change any more. */
  private hasView = false;
  private firstView: ReadView | null = null;
  /** What the running statement reads. */
  private lastView: ReadView | null = null;
  /** Relation locks held for sure, by relation: bit n for mode n. Spares the call for those asked for again. */
  private relationLocks = new Map<number, number>();
  /** The running command has written: what comes next is another one. */
  private isCommandUsed = false;
  /** So many levels of savepoints have their ids, as others are told; -1: nor has the transaction. */
  private identified = -1;
  private hasUsedTemporary = false;

  constructor(
    store: Store,
    private readonly locks: SessionLocks,
    private readonly environment: TransactionEnvironment,
    private readonly counters: SessionStatistics,
    options: TransactionOptions,
    /** Begun by the addon's point path, which has run statements in it. */
    begun: AdoptedTransaction | null = null,
  ) {
    this.whole = store;
    this.startTimestamp = begun?.start ?? currentTimestamp();
    this.store = begun === null ? store.begin(environment.processId) : adopted(store, environment.processId, begun);
    if (begun !== null) {
      this.command = begun.command;
      this.hasView = begun.hasRead;
      this.identified = begun.xid === undefined ? -1 : 0;
    }
    this.snapshots = new Snapshots(store, this.store);
    this.serializable = new SerializableReads(store, this.store, this.snapshots, environment);
    this.isolation = options.isolation;
    this.readOnly = options.readOnly;
    this.deferrable = options.deferrable;
    environment.transactionChanged?.({ start: this.startTimestamp });
  }

  get savepointDepth(): number {
    return this.levels.length;
  }

  get statistics(): TransactionStatistics {
    return this.counters;
  }

  useCommand(): number {
    this.isCommandUsed = true;
    return this.command;
  }

  advanceCommand(): void {
    this.step++;
    if (!this.isCommandUsed) return;
    this.isCommandUsed = false;
    this.command++;
  }

  statementView(): ReadView {
    if (this.mustWaitForSafety) return this.latestView();
    this.hasView = true;
    if (!this.keepsSnapshot) return this.shown(this.snapshots.take(this.command));
    this.firstView ??= this.remembered(this.shown(this.takeFirst()));
    if (this.firstView.command === this.command) return this.firstView;
    return { snapshot: this.firstView.snapshot, transaction: this.store, command: this.command };
  }

  /** A snapshot that is kept is asked for the ids that it does not see while that can still be said. */
  private remembered(view: ReadView): ReadView {
    snapshotXids(this.whole, view.snapshot);
    return view;
  }

  private takeFirst(): ReadView {
    if (this.isolation === 'serializable') return this.serializable.take(this.readOnly, this.command);
    return this.snapshots.take(this.command);
  }

  /** All statements read one snapshot: REPEATABLE READ and SERIALIZABLE. */
  private get keepsSnapshot(): boolean {
    return this.isolation === 'repeatable read' || this.isolation === 'serializable';
  }

  /** Its commit must be decided by the store even where nothing was written. */
  get isTracked(): boolean {
    return this.serializable.isTracked;
  }

  commitReads(): void {
    this.serializable.commit();
  }

  private get mustWaitForSafety(): boolean {
    return this.deferrable && this.readOnly && this.isolation === 'serializable' && this.firstView === null;
  }

  safeSnapshot(): Awaitable<void> {
    if (!this.mustWaitForSafety) return undefined;
    return this.serializable
      .takeSafe(this.command, () => this.locks.safeSnapshot(this.store, this.whole))
      .then((view) => {
        this.hasView = true;
        this.firstView = this.shown(view);
      });
  }

  beginCommand(): void {
    this.hasView = true;
    if (this.keepsSnapshot) this.statementView();
  }

  /** pg_stat_activity says since which commit old rows are held. */
  private shown(view: ReadView): ReadView {
    this.lastView = view;
    this.environment.viewTaken?.(view.snapshot.sequence);
    return view;
  }

  snapshotXids(): SnapshotXids {
    const { snapshot } = this.firstView ?? this.lastView ?? this.statementView();
    return snapshotXids(this.whole, snapshot);
  }

  readsNewest(): boolean {
    if (this.keepsSnapshot) return false;
    this.hasView = true;
    return true;
  }

  latestView(): ReadView {
    return this.snapshots.takeShared(this.command + 1);
  }

  constraintView(): ReadView {
    return this.serializable.constraintView(this.command + 1) ?? this.latestView();
  }

  uniqueKeyFound(index: RelationFile, key: Buffer): void {
    this.serializable.keyFound(index, key);
  }

  requireWritable(command: string): void {
    if (!this.readOnly) return;
    throw pgError(SqlState.readOnlySqlTransaction, `cannot execute ${command} in a read-only transaction`);
  }

  lockRelation(
    relation: number,
    mode: LockMode,
    options?: { readonly noWait?: boolean; readonly name?: string },
  ): LockWait {
    const number = lockModeNumber[mode];
    const held = this.relationLocks.get(relation) ?? 0;
    if ((held & (1 << number)) !== 0) return undefined;
    if (this.environment.isTemporary?.(relation) === true) this.noteTemporary();
    const database = isSharedRelation(relation) ? 0 : this.environment.database;
    const name = () => options?.name ?? this.environment.describeRelation(relation);
    const wait = this.locks.relation(database, relation, number, options?.noWait ?? false, name);
    const note = () => {
      this.relationLocks.set(relation, (this.relationLocks.get(relation) ?? 0) | (1 << number));
    };
    if (wait !== undefined) return wait.then(note);
    note();
    return undefined;
  }

  holdsRelationLock(relation: number, mode: LockMode): boolean {
    const number = lockModeNumber[mode];
    if ((this.relationLocks.get(relation) ?? 0) >> number !== 0) return true;
    const database = isSharedRelation(relation) ? 0 : this.environment.database;
    return addon.locksHeldRelation(this.locks.owner, database, relation) >> number !== 0;
  }

  lockObject(catalog: number, object: number, mode: LockMode): LockWait {
    const database = isSharedRelation(catalog) ? 0 : this.environment.database;
    return this.locks.object(database, catalog, object, lockModeNumber[mode]);
  }

  lockRow(
    file: number,
    rowid: RowId,
    mode: RowLockMode,
    policy: 'block' | 'skip' | 'error',
    purpose?: WaitPurpose,
  ): 'granted' | 'skipped' | Promise<'granted' | 'skipped'> {
    this.identify();
    const tag = fileTag(file, this.environment.database);
    const wait = this.locks.row(tag, rowid, rowLockModeNumber[mode], policy !== 'block', purpose);
    if (wait === undefined) return 'granted';
    if (wait !== null) return wait.then(() => 'granted');
    if (policy === 'skip') return 'skipped';
    throw notAvailableError(`row in relation "${purpose?.relation ?? this.environment.describeRelation(file)}"`);
  }

  rowHasWaiters(file: number, rowid: RowId): boolean {
    return waitersOf(fileTag(file, this.environment.database), rowid).length > 0;
  }

  requireNoWaiters(file: number, rowid: RowId): void {
    this.locks.requireNoWaiters(fileTag(file, this.environment.database), rowid);
  }

  rowGone(file: number, rowid: RowId): void {
    this.locks.rowGone(fileTag(file, this.environment.database), rowid);
  }

  awaitRemoval(file: number, rowid: RowId, insert?: RowWait): LockWait {
    const wait = this.locks.removal(fileTag(file, this.environment.database), rowid, insert);
    // ON CONFLICT that finds a row needs no id.
    if (wait !== undefined) this.identify();
    return wait;
  }

  lockUniqueKey(indexFile: number, key: Buffer, insert?: RowWait): LockWait {
    this.identify();
    return this.locks.uniqueKey(fileTag(indexFile, this.environment.database), key, insert);
  }

  tryUniqueKey(indexFile: number, key: Buffer): boolean {
    if (!this.locks.tryUniqueKey(fileTag(indexFile, this.environment.database), key)) return false;
    this.identify();
    return true;
  }

  isFreeKey(indexFile: number, key: Buffer): boolean {
    return this.locks.isFreeKey(fileTag(indexFile, this.environment.database), key);
  }

  awaitUniqueKey(indexFile: number, key: Buffer): Promise<(() => void) | null> {
    return this.locks.awaitUniqueKey(fileTag(indexFile, this.environment.database), key);
  }

  speculate(): Speculation {
    this.identify();
    const { note, end } = this.locks.speculate(this.store.xid());
    return { note: (file, key) => note(fileTag(file, this.environment.database), key), end };
  }

  noteTemporary(): void {
    this.hasUsedTemporary = true;
  }

  /** Hands it over to be prepared; throws in PostgreSQL's order what it must not have done. */
  async prepare(preparation: Preparation, lockSuccessor: number): Promise<void> {
    if (this.hasUsedTemporary) throw preparationRefused('operated on temporary objects');
    if (this.exported.size > 0) throw preparationRefused('exported snapshots');
    requirePreparable(preparation);
    if (this.environment.notifications?.isPending === true)
      throw preparationRefused('executed LISTEN, UNLISTEN, or NOTIFY');
    this.identify();
    const { gid, owner } = preparation;
    const { database } = this.environment;
    const lockOwner = this.locks.owner;
    const preparedAt = currentTimestamp();
    const request = { gid, owner, database, preparedAt, lockOwner, lockSuccessor };
    if (!(await this.store.prepare(request))) throw preparationLocksRefused();
  }

  beforeCommit(action: () => Promise<void>): void {
    this.actions.beforeCommit(action);
  }

  afterCommit(action: () => void): void {
    this.actions.afterCommit(action);
  }

  afterRollback(action: () => void): void {
    this.actions.afterRollback(action);
  }

  setModes(options: Partial<TransactionOptions>): void {
    const { isolation, readOnly, deferrable } = options;
    this.checkModes(options, this.hasView);
    if (isolation !== undefined) this.isolation = isolation;
    if (readOnly !== undefined) this.setReadOnly(readOnly);
    if (deferrable !== undefined) this.deferrable = deferrable;
  }

  checkModes({ isolation, deferrable }: Partial<TransactionOptions>, hasView = true): void {
    if (isolation !== undefined && isolation !== this.isolation) {
      const subject = 'SET TRANSACTION ISOLATION LEVEL must';
      if (hasView) throw activeTransaction(`${subject} be called before any query`);
      if (this.levels.length > 0) throw activeTransaction(`${subject} not be called in a subtransaction`);
    }
    if (deferrable === undefined) return;
    const subject = 'SET TRANSACTION [NOT] DEFERRABLE';
    if (this.levels.length > 0) throw activeTransaction(`${subject} cannot be called within a subtransaction`);
    if (hasView) throw activeTransaction(`${subject} must be called before any query`);
  }

  exportSnapshot(): string {
    if (this.levels.length > 0) throw activeTransaction('cannot export a snapshot from a subtransaction');
    const { processId, database } = this.environment;
    const view = this.keepsSnapshot ? this.statementView() : this.snapshots.take(this.command);
    const word = (value: number) => value.toString(16).toUpperCase().padStart(8, '0');
    const name = `${word(processId)}-${word(++exportCount)}-1`;
    const serializable = this.isolation === 'serializable';
    this.whole.exportSnapshot?.(view.snapshot, `${database}/${name}`, { serializable, readOnly: this.readOnly });
    this.exported.set(`${database}/${name}`, view);
    return name;
  }

  importSnapshot(name: string): void {
    this.requireFirst(
      'SET TRANSACTION SNAPSHOT must',
      'not be called in a subtransaction',
      'be called before any query',
    );
    if (!this.keepsSnapshot) {
      const message = 'a snapshot-importing transaction must have isolation level SERIALIZABLE or REPEATABLE READ';
      throw pgError(SqlState.featureNotSupported, message);
    }
    if (!/^[0-9A-F-]+$/.test(name)) {
      throw pgError(SqlState.invalidParameterValue, `invalid snapshot identifier: "${name}"`);
    }
    const fullName = `${this.environment.database}/${name}`;
    const view =
      this.isolation === 'serializable'
        ? this.serializable.import(fullName, { readOnly: this.readOnly, deferrable: this.deferrable }, this.command)
        : this.snapshots.import(fullName, this.command);
    if (view === null) throw pgError(SqlState.undefinedObject, `snapshot "${name}" does not exist`);
    this.firstView = view;
    this.hasView = true;
  }

  savepoint(): number {
    this.levels.push({
      storeDepth: this.store.savepoint(),
      lockMark: this.locks.mark(),
      actionMark: this.actions.mark(),
      notificationMark: this.environment.notifications?.mark() ?? 0,
      readOnly: this.readOnly,
      statistics: this.counters.mark(),
    });
    this.advanceCommand();
    return this.levels.length;
  }

  release(depth: number): void {
    const level = defined(this.levels[depth - 1], 'the savepoint');
    this.store.release(level.storeDepth);
    this.identified = Math.min(this.identified, depth - 1);
    this.levels.length = depth - 1;
    this.readOnly = level.readOnly;
    this.advanceCommand();
  }

  rollbackTo(depth: number): void {
    const level = defined(this.levels[depth - 1], 'the savepoint');
    this.store.rollbackTo(level.storeDepth);
    this.identified = Math.min(this.identified, depth - 1);
    this.counters.undoTo(level.statistics);
    this.locks.release(level.lockMark === 0 ? this.releaseAllMark() : level.lockMark);
    this.environment.notifications?.rollBackTo(level.notificationMark);
    this.relationLocks = new Map();
    this.levels.length = depth;
    this.readOnly = level.readOnly;
    this.advanceCommand();
    this.actions.rollBackTo(level.actionMark);
  }

  /** Locks, writes and the count of commands are all that there is to it. */
  get isPlain(): boolean {
    return (
      this.isolation === 'read committed' &&
      !this.readOnly &&
      !this.deferrable &&
      !this.hasUsedTemporary &&
      this.levels.length === 0 &&
      this.exported.size === 0 &&
      this.actions.isEmpty
    );
  }

  /** It goes on in the addon's point path, with its locks; null where it can't. */
  leave(): LentTransaction | null {
    const { store, startTimestamp, command } = this;
    const lent = store.lend?.() ?? null;
    if (lent === null) return null;
    this.snapshots.releaseAll();
    return {
      ...lent,
      start: startTimestamp,
      command,
      hasRead: this.hasView,
      ...(this.identified >= 0 && { xid: store.xid() }),
    };
  }

  /** The store is through with it, either way: gives back locks and snapshots. */
  finish(): void {
    for (const name of this.exported.keys()) this.whole.withdrawSnapshot?.(name);
    this.exported.clear();
    this.snapshots.releaseAll();
    this.locks.release(0);
    this.environment.transactionChanged?.({ start: null });
  }

  /** A savepoint at which nothing was locked: releasing all forgets the transaction id too, so show it again. */
  private releaseAllMark(): number {
    this.identified = -1;
    return 0;
  }

  /** Who waits for this transaction's rows is told its id. */
  identify(): void {
    if (this.identified === this.levels.length) return;
    if (this.identified < 0) {
      const xid = this.store.xid();
      this.locks.setXid(xid);
      this.environment.transactionChanged?.({ xid });
    }
    if (this.levels.length > 0) this.store.currentXid();
    this.identified = this.levels.length;
  }

  private setReadOnly(readOnly: boolean): void {
    if (!readOnly && this.readOnly) {
      if (this.levels.length > 0) {
        throw activeTransaction('cannot set transaction read-write mode inside a read-only transaction');
      }
      if (this.hasView) throw activeTransaction('transaction read-write mode must be set before any query');
    }
    this.readOnly = readOnly;
  }

  private requireFirst(subject: string, inSubtransaction: string, afterQuery: string): void {
    if (this.hasView) throw activeTransaction(`${subject} ${afterQuery}`);
    if (this.levels.length > 0) throw activeTransaction(`${subject} ${inSubtransaction}`);
  }
}

function adopted(store: Store, processId: number, begun: AdoptedTransaction): StoreTransaction {
  return defined(store.adopt?.(processId, begun), 'a store of the addon');
}

/** Exports of this worker so far: part of their names. */
let exportCount = 0;

function activeTransaction(message: string): Error {
  return pgError(SqlState.activeSqlTransaction, message);
}
