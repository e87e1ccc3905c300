// One transaction's dealings with serializable snapshot isolation: its snapshot, whose reads are tracked, waiting for a safe
// one, taking over an exported one, and what constraints read. Of no use, and no cost, to transactions of other levels.
import { pgError, SqlState } from '../errors/pg-error.js';
import { defined } from '../errors/unreachable.js';
import type {
  ReadView,
  RelationFile,
  SerializableLimits,
  SerializableSession,
  SerializableStore,
  Snapshot,
  Store,
  StoreTransaction,
} from '../storage/api.js';
import type { Snapshots } from './snapshots.js';

/** What the session says of itself and its settings. */
export interface SerializableEnvironment {
  readonly processId: number;
  readonly backend?: number;
  serializableLimits?(): SerializableLimits;
}

export class SerializableReads {
  /** The transaction is registered with the store: its commit is decided there. */
  isTracked = false;

  constructor(
    private readonly store: Store,
    private readonly transaction: StoreTransaction,
    private readonly snapshots: Snapshots,
    private readonly environment: SerializableEnvironment,
  ) {}

  /** The view of the transaction's one snapshot. */
  take(readOnly: boolean, command: number): ReadView {
    this.isTracked = true;
    return this.snapshots.keep(this.begin(readOnly), command);
  }

  /** The same for a read-only transaction, once a snapshot has turned out to be safe. `wait` waits until that is known. */
  async takeSafe(command: number, wait: () => Promise<void>): Promise<ReadView> {
    for (;;) {
      const snapshot = this.begin(true);
      try {
        if (this.level.isSafe(this.transaction) === null) await wait();
        if (this.level.isSafe(this.transaction) === true) return this.snapshots.keep(snapshot, command);
      } catch (error) {
        snapshot.release();
        throw error;
      }
      snapshot.release();
    }
  }

  /** The view of an exported snapshot; null where no such name is exported. Throws 0A000 where its transaction is of
   *  another kind. */
  import(
    name: string,
    modes: { readonly readOnly: boolean; readonly deferrable: boolean },
    command: number,
  ): ReadView | null {
    const { readOnly, deferrable } = modes;
    if (readOnly && deferrable) throw refused('a snapshot-importing transaction must not be READ ONLY DEFERRABLE');
    const answer = this.level.importSnapshot(name, this.transaction, this.session(readOnly));
    switch (answer) {
      case 'absent':
        return null;
      case 'notSerializable':
        throw refused('a serializable transaction cannot import a snapshot from a non-serializable transaction');
      case 'readOnly':
        throw refused('a non-read-only serializable transaction cannot import a snapshot from a read-only transaction');
      default:
        this.isTracked = true;
        return this.snapshots.keep(answer, command);
    }
  }

  /** Commits a transaction that wrote nothing. Throws 40001. */
  commit(): void {
    this.level.commitReads(this.transaction);
  }

  /** The newest state for a constraint's reads; null where they need not be tracked. */
  constraintView(command: number): ReadView | null {
    return this.isTracked ? this.snapshots.takeConstraint(this.level, command) : null;
  }

  keyFound(index: RelationFile, key: Buffer): void {
    if (this.isTracked) this.level.keyFound(this.transaction, index, key);
  }

  private begin(readOnly: boolean): Snapshot {
    const limits = this.environment.serializableLimits?.();
    if (limits !== undefined) this.level.configure(limits);
    return this.level.takeSnapshot(this.transaction, this.session(readOnly));
  }

  private session(readOnly: boolean): SerializableSession {
    const { processId, backend = 0 } = this.environment;
    return { processId, backend, readOnly };
  }

  private get level(): SerializableStore {
    return defined(this.store.serializable, 'serializable transactions');
  }
}

function refused(message: string): Error {
  return pgError(SqlState.featureNotSupported, message);
}
