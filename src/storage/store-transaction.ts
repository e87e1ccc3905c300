// A transaction's private writes, held by the addon under a number. Commits of this thread are answered once a group:
// the writer wakes the thread, which settles their promises.
import { MessageChannel } from 'node:worker_threads';
import { addon } from '../base/addon.js';
import { atTurnEnd } from '../base/turn-end.js';
import type { BegunTransaction, CommitOptions, PrepareRequest, ReadView, Snapshot, StoreTransaction } from './api.js';
import { readBuffer } from './exchange.js';
import { native } from './native-error.js';
import { makeStamp, stampXid } from './row-stamp.js';

export class NativeTransaction implements StoreTransaction {
  private known: bigint | null = null;
  private wrote = false;
  usesSequences = false;
  /** The addon's number of the transaction, 0 as long as it has done nothing that the addon must know of. */
  private number = 0;
  private newFiles: Map<number, number> | null = null;
  /** Open savepoints, and whether there ever was one. */
  private depth = 0;
  private hasNested = false;
  /** The id of the innermost one's subtransaction, where it is known to have one. */
  private current: bigint | null = null;

  constructor(readonly session: number) {}

  static adopt(session: number, { number, xid, hasWritten }: BegunTransaction): NativeTransaction {
    const adopted = new NativeTransaction(session);
    adopted.number = number;
    adopted.known = xid ?? null;
    adopted.wrote = hasWritten;
    return adopted;
  }

  /** Its number for reads: what it wrote itself is seen through it. */
  get handle(): number {
    return this.number;
  }

  /** Its number, made known to the addon. */
  begun(): number {
    if (this.number === 0) this.number = native(() => addon.storeBegin(this.session));
    return this.number;
  }

  get hasWrites(): boolean {
    return this.wrote;
  }

  noteSequence(): void {
    this.usesSequences = true;
  }

  get assignedXid(): bigint | null {
    return this.known ?? (this.wrote ? this.xid() : null);
  }

  currentXid(): bigint {
    if (this.depth === 0) return this.xid();
    this.current ??= native(() => addon.storeCurrentXid(this.begun()));
    return this.current;
  }

  isOwn(stamp: bigint): boolean {
    const own = this.assignedXid;
    const xid = stampXid(stamp);
    // Subtransactions get their ids after the transaction's.
    if (own === null || !this.hasNested || xid <= own) return xid === own;
    return native(() => addon.storeOwnsXid(this.begun(), xid));
  }

  stamp(command: number): bigint {
    return makeStamp(this.currentXid(), command);
  }

  /** Marks it as writing; its number for the addon. */
  writing(): number {
    this.wrote = true;
    return this.begun();
  }

  xid(): bigint {
    this.known ??= native(() => addon.storeXid(this.begun()));
    return this.known;
  }

  noteNewFile(filenode: number, depth: number): void {
    this.newFiles ??= new Map();
    this.newFiles.set(filenode, depth);
  }

  newFileDepth(filenode: number): number | null {
    return this.newFiles?.get(filenode) ?? null;
  }

  isNewFile(filenode: number): boolean {
    return this.newFiles?.has(filenode) ?? false;
  }

  savepoint(): number {
    this.hasNested = true;
    return this.entered(native(() => addon.storeSavepoint(this.begun())));
  }

  rollbackTo(depth: number): void {
    native(() => addon.storeRollbackTo(this.begun(), depth));
    this.entered(depth);
  }

  release(depth: number): void {
    native(() => addon.storeReleaseSavepoint(this.begun(), depth));
    this.entered(depth - 1);
  }

  private entered(depth: number): number {
    this.current = null;
    this.depth = depth;
    return depth;
  }

  commit(options: CommitOptions): Promise<bigint> {
    if (this.wrote) this.xid();
    return new Promise((resolve, reject) => {
      // The commits of one turn reach the writer together: it makes one group of them.
      atTurnEnd('first', () => {
        try {
          const token = nextToken();
          const isWaiting = native(() =>
            addon.storeCommit(this.begun(), token, options.synchronous, options.notifications ?? 0),
          );
          if (isWaiting) expectAnswer(token, { resolve, reject });
          else resolve(addon.storeCurrentLsn());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  async prepare(request: PrepareRequest): Promise<boolean> {
    this.xid();
    const token = nextToken();
    if (!native(() => addon.storePrepare(this.begun(), token, request))) return false;
    await new Promise((resolve, reject) => expectAnswer(token, { resolve, reject }));
    return true;
  }

  lend(): BegunTransaction | null {
    if (this.newFiles !== null || this.usesSequences) return null;
    const xid = this.assignedXid;
    return { number: this.begun(), hasWritten: this.wrote, ...(xid !== null && { xid }) };
  }

  end(): void {
    if (this.number !== 0) native(() => addon.storeEnd(this.number));
  }

  commitReads(): void {
    native(() => addon.serializableCommitReads(this.begun()));
  }

  rollback(): void {
    if (this.wrote) this.xid();
    if (this.number !== 0) native(() => addon.storeRollback(this.number));
  }
}

/** A committed state, held by the addon under a number. */
export class NativeSnapshot implements Snapshot {
  private released = false;

  constructor(
    readonly handle: number,
    readonly sequence: number,
  ) {}

  /** The addon's snapshot under this number, which the addon has just made. */
  static made(handle: number): NativeSnapshot {
    return new NativeSnapshot(handle, readBuffer().f64[0] as number);
  }

  release(): void {
    if (this.released) return;
    this.released = true;
    addon.storeReleaseSnapshot(this.handle);
  }
}

/** The addon's numbers of a view: snapshot, transaction (0 for none), command. */
export function snapshotHandle(view: ReadView): number {
  return (view.snapshot as NativeSnapshot).handle;
}
export function transactionHandle(view: ReadView): number {
  return view.transaction === null ? 0 : (view.transaction as NativeTransaction).handle;
}
/** The addon's number of a transaction that is about to write. */
export function writing(txn: StoreTransaction): number {
  return (txn as NativeTransaction).writing();
}

interface PendingCommit {
  resolve(lsn: bigint): void;
  reject(error: unknown): void;
}

const pending = new Map<number, PendingCommit>();
let lastToken = 0;

/** Holds the event loop while commits are under way; the writer's wake-up itself does not. */
const keepAlive = new MessageChannel().port1;
keepAlive.unref();

function nextToken(): number {
  // The upper half is that of the addon's point path.
  lastToken = (lastToken + 1) & 0x7fffffff;
  return lastToken;
}

/** The writer's answer under the token settles `waiter`. */
function expectAnswer(token: number, waiter: PendingCommit): void {
  if (pending.size === 0) keepAlive.ref();
  pending.set(token, waiter);
}

/** Makes a request under a fresh token; resolves to the LSN of the writer's answer. */
export function answered(request: (token: number) => unknown): Promise<bigint> {
  const token = nextToken();
  native(() => request(token));
  return new Promise((resolve, reject) => expectAnswer(token, { resolve, reject }));
}

/** Called by the addon with pairs (token, LSN), LSN -1 for a commit that failed; with none when the base has changed. */
export function settleCommits(pairs: readonly number[]): void {
  if (pairs.length === 0) addon.storeRefresh();
  for (let index = 0; index < pairs.length; index += 2) {
    const token = pairs[index] as number;
    const lsn = pairs[index + 1] as number;
    const waiter = pending.get(token);
    pending.delete(token);
    try {
      native(() => addon.storeCommitFinished(token, lsn >= 0));
      if (lsn < 0) native(() => addon.storeCommitFailure(token));
      waiter?.resolve(BigInt(lsn));
    } catch (error) {
      waiter?.reject(error);
    }
  }
  if (pending.size === 0) keepAlive.unref();
}
