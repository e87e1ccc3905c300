// The life of a session's transactions, as the session room drives it; `transaction.ts` implements it. At most one
// transaction is open at a time; SQL's named savepoints are kept by the session's transaction state, by depth.
import type { Awaitable } from '../base/awaitable.js';
import type { IsolationLevel, Transaction } from './api.js';
import type { AdoptedTransaction, LentTransaction } from './point-session.js';
import type { Preparation } from './prepared.js';

export interface TransactionManager {
  readonly current: Transaction | null;
  /** Opens a transaction. */
  begin(options: TransactionOptions): Transaction;
  /** Goes on with a transaction that the addon's point path began: of these modes, in which statements have run. */
  adopt(options: TransactionOptions, begun: AdoptedTransaction): Transaction;
  /** Gives the current transaction to the addon's point path, to go on there; null where something of it is known here
   *  alone. */
  lend(): LentTransaction | null;
  /** SET TRANSACTION before the first query: changes the current one's modes (25001 once a snapshot was taken). */
  setModes(options: Partial<TransactionOptions>): void;
  /** Throws what `setModes` would now that the transaction has a snapshot, and changes nothing. */
  checkModes(options: Partial<TransactionOptions>): void;
  /** pg_export_snapshot(): the name under which others may take the current snapshot until the transaction ends. */
  exportSnapshot(): string;
  /** SET TRANSACTION SNAPSHOT: reads what that transaction reads. */
  importSnapshot(name: string): void;
  /** Runs beforeCommit actions, commits durably, releases locks, runs afterCommit actions. If it rejects, the
   *  transaction was rolled back. */
  commit(options: { readonly synchronous: boolean }): Awaitable<void>;
  /** PREPARE TRANSACTION: runs beforeCommit actions and ends the session's part in the transaction, which keeps its
   *  writes and locks for whoever finishes it. If it rejects, the transaction was rolled back. */
  prepare(preparation: Preparation): Promise<void>;
  /** Rolls back, releases locks, runs afterRollback actions. */
  rollback(): void;
  /** Opens a subtransaction and returns its depth (1 for the first). */
  savepoint(): number;
  /** Ends subtransactions down to and including `depth`, keeping their work. */
  release(depth: number): void;
  /** Undoes everything since savepoint `depth` was made (locks taken since are released); the savepoint itself stays. */
  rollbackTo(depth: number): void;
}

export interface TransactionOptions {
  readonly isolation: IsolationLevel;
  readonly readOnly: boolean;
  readonly deferrable: boolean;
}
