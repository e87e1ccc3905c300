// One session's requests to the lock table: grants at once, or a wait that ends by the grant, by a deadlock (looked for
// after deadlock_timeout), by lock_timeout, or by an interrupt (cancel, terminate, statement_timeout).
import { addon, autovacuumKind } from '../base/addon.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import { defined } from '../errors/unreachable.js';
import type { Store, StoreTransaction } from '../storage/api.js';
import { deadlockError, describeWait, safeSnapshotEvent, tokenKind, waitEvent } from './lock-description.js';
import { type Speculation, type Token, beginSpeculation, speculativeToken, tokenSub } from './speculation.js';
import { addOwner, awaitTicket, forgetTicket, workerNumber } from './worker-locks.js';
import type { WaitEvent } from './activity.js';
import type { LockWait, RowWait, WaitPurpose } from './api.js';
import { awaitRemovalNumber, lockModeNumber } from './lock-modes.js';
import { waitersOf, withWaitContext } from './wait-context.js';

/** What a wait needs to know of its session. */
export interface WaitEnvironment {
  lockTimeoutMs(): number;
  deadlockTimeoutMs(): number;
  /** Calls `listener` when something may have come that ends the statement; returns how to stop listening. */
  onInterrupt(listener: () => void): () => void;
  /** Throws 57014 or 57P01 where the statement must end. */
  checkInterrupts(): void;
  /** The wait for pg_stat_activity: null once it is over. */
  showWait(event: WaitEvent | null): void;
  /** log_lock_waits: says that a wait goes on, or is over; `detail` is for the log alone. */
  readonly waitLog?: { isOn(): boolean; tell(message: string, detail: string | null): void };
}

/** What the lock table answers, but for 0 (granted) and the ticket of a wait; below these: a wait that ends in a deadlock
 *  for sure. */
const notAvailable = -1;
const unknownOwner = -2;
/** Rows' and unique keys' locks among the lock table's kinds. */
const rowKind = 2;
const keyKind = 3;

export class SessionLocks {
  private current: number;
  /** Something was asked for since all was released: the lock table need not be told of ends without. */
  private hasAsked = false;
  /** Speculative insertions so far. */
  private tokenCount = 0;
  /** The row waited for last, and the mark before its lock. */
  private waitedRow: { readonly file: number; readonly rowid: number; readonly mark: number } | null = null;

  constructor(
    private readonly processId: number,
    readonly database: number,
    private readonly environment: WaitEnvironment,
    /** Counts a deadlock that a wait of this session ended in. */
    private readonly deadlocked: () => void = () => undefined,
  ) {
    this.current = addOwner(processId);
  }

  /** The session's number in the lock table. */
  get owner(): number {
    return this.current;
  }

  /** Locks were taken under the session's number elsewhere. */
  noteAsked(): void {
    this.hasAsked = true;
  }

  /** A further number of the session, for when its transaction is prepared under the present one. */
  addSuccessor(): number {
    return addOwner(this.processId);
  }

  /** The present number is the prepared transaction's from now on. */
  goOnAs(successor: number): void {
    this.current = successor;
  }

  dropSuccessor(successor: number): void {
    addon.locksDropOwner(successor);
  }

  relation(database: number, relation: number, mode: number, noWait: boolean, name: () => string): LockWait {
    this.hasAsked = true;
    const answer = addon.lockRelation(this.owner, database, relation, mode, noWait);
    if (answer === 0) return undefined;
    if (answer === notAvailable) throw notAvailableError(`relation "${name()}"`);
    return this.wait(answer, 0);
  }

  object(database: number, catalog: number, object: number, mode: number): LockWait {
    this.hasAsked = true;
    return this.settle(addon.lockObject(this.owner, database, catalog, object, mode), 1);
  }

  /** Null: it would have to wait, and `noWait` was asked. */
  row(file: number, rowid: number, mode: number, noWait: boolean, purpose?: WaitPurpose): LockWait | null {
    this.hasAsked = true;
    if (addon.lockRow(this.owner, file, rowid, mode, true) === 0) return undefined;
    if (noWait) return null;
    this.waitedRow = { file, rowid, mark: this.mark() };
    const answer = addon.lockRow(this.owner, file, rowid, mode, false);
    return this.settle(answer, rowKind, purpose === undefined ? null : { purpose, rowid });
  }

  /** Gives the lock of the row waited for last back, where nothing was locked since: others need not wait for it. */
  rowGone(file: number, rowid: number): void {
    const { waitedRow } = this;
    if (waitedRow === null || waitedRow.file !== file || waitedRow.rowid !== rowid) return;
    this.waitedRow = null;
    if (waitedRow.mark > 0 && this.mark() === waitedRow.mark + 1) this.release(waitedRow.mark);
  }

  /** Throws 40P01 where others wait for the row, which this session holds and wants to overwrite in place: they come first. */
  requireNoWaiters(file: number, rowid: number): void {
    const waiter = waitersOf(file, rowid)[0];
    if (waiter === undefined) return;
    this.deadlocked();
    throw deadlockError([
      { ...waiter, waiterPid: this.processId, blockerPid: waiter.pid, blockerXid: waiter.xid },
      { ...waiter, waiterPid: waiter.pid, blockerPid: this.processId, blockerXid: waiter.blockerXid },
    ]);
  }

  /** Until nobody has the row locked for removal. */
  removal(file: number, rowid: number, insert: RowWait | undefined): LockWait {
    this.hasAsked = true;
    return this.settle(addon.lockRow(this.owner, file, rowid, awaitRemovalNumber, false), rowKind, insert);
  }

  uniqueKey(file: number, key: Buffer, insert: RowWait | undefined): LockWait {
    this.hasAsked = true;
    const answer = addon.lockUniqueKey(this.owner, file, key);
    if (answer === 0 || answer === unknownOwner) return this.settle(answer, keyKind, insert);
    const token = speculativeToken(this.owner, file, key);
    if (token === null) return this.wait(answer, keyKind, insert);
    if (!this.takeBack(answer)) return undefined;
    return this.awaitToken(token).then(() => this.uniqueKey(file, key, insert));
  }

  /** False where another holds the key. */
  tryUniqueKey(file: number, key: Buffer): boolean {
    this.hasAsked = true;
    const answer = addon.lockUniqueKey(this.owner, file, key);
    return answer === 0 || (answer !== unknownOwner && !this.takeBack(answer));
  }

  /** Whether the key could be had now. */
  isFreeKey(file: number, key: Buffer): boolean {
    const mark = this.mark();
    const isFree = this.tryUniqueKey(file, key);
    if (isFree) this.releaseFrom(mark);
    return isFree;
  }

  /** Waits for the end of the speculative insertion that has the key: null then. Else for the end of its transaction, and
   *  takes the key: how to give it back. */
  async awaitUniqueKey(file: number, key: Buffer): Promise<(() => void) | null> {
    const token = speculativeToken(this.owner, file, key);
    if (token !== null) {
      await this.awaitToken(token);
      return null;
    }
    this.hasAsked = true;
    const mark = this.mark();
    await this.settle(addon.lockUniqueKey(this.owner, file, key), keyKind);
    return () => this.releaseFrom(mark);
  }

  /** A speculative insertion begins, in the transaction of that id. */
  speculate(xid: bigint): Speculation {
    return beginSpeculation(this.owner, xid, ++this.tokenCount);
  }

  /** Gives up a wait that was asked for; false where it was granted meanwhile. */
  private takeBack(answer: number): boolean {
    const isWaiting = addon.locksCancelWait(this.owner);
    forgetTicket(answer < unknownOwner ? unknownOwner - answer : answer);
    return isWaiting;
  }

  /** Until the speculative insertion is over. */
  private async awaitToken({ a, b, c }: Token): Promise<void> {
    try {
      await this.settle(addon.lockAdvisory(this.owner, a, b, c, tokenSub, tokenWaitMode, false, true), tokenKind);
    } finally {
      addon.unlockAdvisory(this.owner, a, b, c, tokenSub, tokenWaitMode);
    }
  }

  /** Releases what was taken since the mark; a transaction without an earlier lock keeps it. */
  private releaseFrom(mark: number): void {
    if (mark > 0) addon.locksRelease(this.owner, mark);
  }

  /** Null: it would have to wait, and `noWait` was asked. */
  advisory(
    key: AdvisoryKey,
    mode: number,
    options: { readonly noWait: boolean; readonly forSession: boolean },
  ): LockWait | null {
    const { high, low, sub } = key;
    const { noWait, forSession } = options;
    this.hasAsked = true;
    const answer = addon.lockAdvisory(this.owner, this.database, high, low, sub, mode, noWait, forSession);
    return answer === notAvailable ? null : this.settle(answer, 4);
  }

  /** False: the session doesn't hold it. */
  unlockAdvisory(key: AdvisoryKey, mode: number): boolean {
    return addon.unlockAdvisory(this.owner, this.database, key.high, key.low, key.sub, mode);
  }

  unlockAllAdvisory(): void {
    addon.unlockAllAdvisory(this.owner);
  }

  /** Mark of a savepoint for `release`. */
  mark(): number {
    return addon.locksSavepoint(this.owner);
  }

  /** Releases the transaction's locks taken since the mark; 0: all. */
  release(mark: number): void {
    if (mark === 0 && !this.hasAsked) return;
    if (mark === 0) this.hasAsked = false;
    addon.locksRelease(this.owner, mark);
  }

  /** Transaction id under which others see their waits for this session's rows. */
  setXid(xid: bigint): void {
    this.hasAsked = true;
    addon.locksSetXid(this.owner, Number(xid));
  }

  /** Tells others that this session waits for the transaction of another one to end; null once it doesn't. */
  showSessionWait(processId: number | null): void {
    addon.locksSetSessionWait(this.owner, processId ?? 0);
  }

  /** Throws 40P01 where the session waits for itself by way of others. */
  requireNoDeadlock(): void {
    const cycle = addon.locksDetectDeadlock(this.owner);
    if (cycle.length === 0) return;
    this.deadlocked();
    throw deadlockError(cycle);
  }

  /** The session is over. */
  close(): void {
    addon.locksDropOwner(this.owner);
  }

  /** Who looks after a table by itself gives way to whoever has waited for it this long. */
  private sendAutovacuumAway(): void {
    const blocking = addon.locksBlockingPids(this.processId);
    for (const { pid, kind } of addon.backendList()) {
      if (kind === autovacuumKind && blocking.includes(pid)) addon.backendInterrupt(pid, null, cancelBit);
    }
  }

  /** Waits until it is known whether the read-only transaction's snapshot is safe. */
  safeSnapshot(txn: StoreTransaction, store: Store): Promise<void> {
    const serializable = defined(store.serializable, 'serializable transactions');
    const { environment } = this;
    return new Promise((resolve, reject) => {
      const ticket = serializable.awaitSafe(txn, workerNumber());
      const finish = () => {
        stopListening();
        environment.showWait(null);
      };
      const stopListening = environment.onInterrupt(() => {
        try {
          environment.checkInterrupts();
        } catch (error) {
          serializable.stopWaiting(txn);
          forgetTicket(ticket);
          finish();
          reject(error);
        }
      });
      awaitTicket(ticket, () => {
        finish();
        resolve();
      });
      environment.showWait(safeSnapshotEvent);
    });
  }

  /** Logs a wait that goes on where log_lock_waits asks for it; the lock, or null where nothing was said. */
  private tellOfWait(start: number): string | null {
    if (this.environment.waitLog?.isOn() !== true) return null;
    const wait = describeWait(this.processId);
    if (wait === null) return null;
    this.tell('still waiting for', wait.lock, start, wait.detail);
    return wait.lock;
  }

  private tell(what: string, lock: string, start: number, detail: string | null): void {
    const waited = (performance.now() - start).toFixed(3);
    this.environment.waitLog?.tell(`process ${this.processId} ${what} ${lock} after ${waited} ms`, detail);
  }

  private settle(answer: number, kind: number, row: RowWait | null = null): LockWait {
    return answer === 0 ? undefined : this.wait(answer, kind, row);
  }

  private wait(answer: number, kind: number, row: RowWait | null = null): Promise<void> {
    if (answer === unknownOwner) throw new Error('the session is not registered with the lock table');
    const { environment } = this;
    const isDeadlock = answer < unknownOwner;
    const ticket = isDeadlock ? unknownOwner - answer : answer;
    const start = performance.now();
    /** The lock, once the log was told of the wait. */
    let told: string | null = null;
    return new Promise((resolve, reject) => {
      const timers: NodeJS.Timeout[] = [];
      const stopListening = environment.onInterrupt(() => {
        try {
          environment.checkInterrupts();
        } catch (error) {
          giveUp(error);
        }
      });
      const finish = () => {
        stopListening();
        for (const timer of timers) clearTimeout(timer);
        environment.showWait(null);
      };
      const giveUp = (reason: unknown) => {
        const error = withWaitContext(reason, row, this.processId);
        // Granted meanwhile: its wake-up is on the way, and the transaction's end releases it.
        if (addon.locksCancelWait(this.owner)) forgetTicket(ticket);
        finish();
        reject(error);
      };
      awaitTicket(ticket, () => {
        finish();
        if (told !== null) this.tell('acquired', told, start, null);
        resolve();
      });
      const after = (ms: number, action: () => void) => {
        if (ms > 0) timers.push(setTimeout(action, ms));
      };
      const lookForDeadlock = () => {
        const cycle = addon.locksDetectDeadlock(this.owner);
        if (cycle.length === 0) {
          this.sendAutovacuumAway();
          told = this.tellOfWait(start);
          return;
        }
        this.deadlocked();
        giveUp(deadlockError(cycle));
      };
      after(environment.deadlockTimeoutMs(), lookForDeadlock);
      after(environment.lockTimeoutMs(), () => {
        giveUp(pgError(SqlState.lockNotAvailable, 'canceling statement due to lock timeout'));
      });
      environment.showWait(waitEvent(kind));
      try {
        // Of a wait that the addon's point path began, an interrupt may have come already.
        environment.checkInterrupts();
        if (isDeadlock) lookForDeadlock();
      } catch (error) {
        giveUp(error);
      }
    });
  }
}

const tokenWaitMode = lockModeNumber.ShareLock;

/** Requests to end as the registry of backends keeps them. */
const cancelBit = 1;

/** An advisory lock's key: the halves of one bigint (sub 1) or two ints (sub 2), unsigned. */
export interface AdvisoryKey {
  readonly high: number;
  readonly low: number;
  readonly sub: 1 | 2;
}

/** 55P03 of NOWAIT. */
export function notAvailableError(what: string): Error {
  return pgError(SqlState.lockNotAvailable, `could not obtain lock on ${what}`);
}
