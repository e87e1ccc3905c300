// A session's transaction block: which state it is in, what BEGIN, COMMIT, SAVEPOINT and errors do to it. States follow
// the manual (sections 53.2.2.1 and 3.4): every statement runs in a transaction; outside a block it is the statement's
// own; the statements of one simple Query, and those up to a Sync, share an implicit one.
import { type Awaitable, chain } from '../base/awaitable.js';
import { assert } from '../errors/unreachable.js';
import { SqlState, pgError } from '../errors/pg-error.js';
import type { Notice, PgError } from '../errors/pg-error.js';
import type { SessionSettings } from '../config/api.js';
import type { Transaction } from '../transaction/api.js';
import type { AdoptedTransaction, LentTransaction } from '../transaction/point-session.js';
import type { Preparation } from '../transaction/prepared.js';
import type { TransactionManager, TransactionOptions } from '../transaction/manager-api.js';

/** none: no transaction, or a single statement's own. failed: in a block, after an error. */
export type BlockState = 'none' | 'implicit' | 'block' | 'failed';

export interface TransactionEvents {
  notice(notice: Notice): void;
  /** Before a commit: holdable cursors read their rest, others close. May throw: then the transaction rolls back. */
  beforeCommit(): Awaitable<void>;
  /** Before PREPARE TRANSACTION: portals end. May throw: then the transaction rolls back. */
  beforePrepare(): Awaitable<void>;
  /** After commit (true) or rollback (false) of the top transaction. */
  ended(committed: boolean): void;
  /** After a rollback to a savepoint: portals and other things made deeper than `depth` go away. */
  rolledBackTo(depth: number): void;
}

interface Savepoint {
  readonly name: string;
  readonly depth: number;
}

export class TransactionState {
  private block: BlockState = 'none';
  private savepoints: Savepoint[] = [];
  private mustCommit = false;
  /** A procedure ends the transaction: the statement that called it goes on. */
  endsWithin = false;

  constructor(
    private readonly manager: TransactionManager,
    private readonly settings: SessionSettings,
    private readonly events: TransactionEvents,
  ) {}

  get current(): Transaction | null {
    return this.manager.current;
  }

  get state(): BlockState {
    return this.block;
  }

  /** ReadyForQuery's status byte. */
  get statusByte(): 'I' | 'T' | 'E' {
    return this.block === 'block' ? 'T' : this.block === 'failed' ? 'E' : 'I';
  }

  get isInBlock(): boolean {
    return this.block === 'block' || this.block === 'failed';
  }

  /** In a block, or in the implicit one of a string or pipeline of several statements: what may only run in a block runs
   *  there too, what must not run in one does not. */
  get isInAnyBlock(): boolean {
    return this.block !== 'none';
  }

  /** No transaction is open: a statement that reads one row of one committed state need not begin one. At SERIALIZABLE
   *  that goes for rows that are found (see `mustFind`), and not for who waits for a safe snapshot. */
  get isOutside(): boolean {
    if (this.manager.current !== null || this.block !== 'none') return false;
    return !this.mustFind || !this.settings.bool('default_transaction_deferrable');
  }

  /** Outside of a transaction, a row that is not there must be looked for in one that is tracked. A row that is there need
   *  not: whoever replaces it has seen all that it rests on, or fails as an update of one snapshot (40001). So no cycle of
   *  dependencies passes through a transaction that has read that row and nothing else. */
  get mustFind(): boolean {
    return this.settings.text('default_transaction_isolation') === 'serializable';
  }

  /** The transaction that a statement runs in, begun where there is none. */
  ensure(): Transaction {
    // A failed block is still the one that was begun: AND CHAIN goes on with its modes.
    return this.manager.current ?? this.start(this.block === 'failed' ? this.failedModes : this.defaults());
  }

  /** Goes on with a transaction that the addon's point path began: in its block, or with what comes before the next Sync. */
  adopt(begun: AdoptedTransaction): void {
    assert(this.savepoints.length === 0, 'a new transaction has no savepoints');
    this.settings.begin();
    this.failedModes = this.defaults();
    this.manager.adopt(this.failedModes, begun);
    this.block = begun.inBlock ? 'block' : 'implicit';
  }

  /** Gives the block to the addon's point path, to go on there; null where something of it is known here alone. */
  lend(): LentTransaction | null {
    if (this.block !== 'block' || this.savepoints.length > 0 || !this.settings.isUnchanged) return null;
    const lent = this.manager.lend();
    if (lent === null) return null;
    this.block = 'none';
    this.settings.commit();
    return lent;
  }

  /** Statements of one Query string or pipeline belong together from here on. */
  beginImplicit(): void {
    if (this.block === 'none') this.block = 'implicit';
  }

  /** The statement that runs is alone in its transaction: it commits at its end, whatever follows in the pipeline. */
  commitAlone(): void {
    this.mustCommit = true;
  }

  /** Whether the statement that ends now commits, having asked to. */
  get isCommittedAlone(): boolean {
    return this.mustCommit;
  }

  /** Ends a statement outside a block: commits what it did. */
  finishStatement(): Awaitable<void> {
    this.mustCommit = false;
    if (this.isInBlock) {
      // The block's next statement sees what this one wrote.
      this.manager.current?.advanceCommand();
      return undefined;
    }
    this.block = 'none';
    return this.manager.current ? this.commitNow() : undefined;
  }

  /** After an error: a block turns failed and keeps what its savepoints hold, anything else is rolled back. */
  abort(): void {
    this.mustCommit = false;
    if (this.block === 'failed') return;
    if (this.block === 'block') {
      this.block = 'failed';
      const innermost = this.savepoints.at(-1);
      if (innermost && this.manager.current) this.undoTo(innermost.depth);
      else this.rollbackNow();
      return;
    }
    this.block = 'none';
    this.rollbackNow();
  }

  /** Throws 25P02 in a failed block. */
  requireNotFailed(): void {
    if (this.block !== 'failed') return;
    throw failedTransaction();
  }

  begin(options: Partial<TransactionOptions>): void {
    if (this.block === 'block') {
      this.warn(SqlState.activeSqlTransaction, 'there is already a transaction in progress');
      return;
    }
    this.ensure();
    if (Object.keys(options).length > 0) this.setModes(options);
    this.block = 'block';
  }

  /** SET TRANSACTION and BEGIN's modes. */
  setModes(options: Partial<TransactionOptions>): void {
    this.ensure();
    this.manager.setModes(options);
  }

  /** Throws where a command that stores these modes as settings may not try them in the present transaction. */
  checkModes(options: Partial<TransactionOptions>): void {
    this.manager.checkModes(options);
  }

  /** pg_export_snapshot(). */
  exportSnapshot(): string {
    this.ensure();
    return this.manager.exportSnapshot();
  }

  /** SET TRANSACTION SNAPSHOT. */
  importSnapshot(name: string): void {
    this.ensure();
    this.manager.importSnapshot(name);
  }

  /** COMMIT / END. Returns the tag: ROLLBACK where the block had failed. */
  async commit(chain: boolean): Promise<'COMMIT' | 'ROLLBACK'> {
    if (!this.isInBlock) {
      if (chain) throw noTransaction('COMMIT AND CHAIN');
      this.warn(SqlState.noActiveSqlTransaction, 'there is no transaction in progress');
      return 'COMMIT';
    }
    const failed = this.block === 'failed';
    const options = this.manager.current ? modesOf(this.manager.current) : this.failedModes;
    this.block = 'none';
    if (failed) this.rollbackNow();
    else await this.commitNow();
    if (chain) this.chain(options);
    return failed ? 'ROLLBACK' : 'COMMIT';
  }

  /** PREPARE TRANSACTION. Returns the tag: ROLLBACK where there was nothing to prepare or the block had failed. */
  async prepare(preparation: Preparation): Promise<'PREPARE TRANSACTION' | 'ROLLBACK'> {
    if (!this.isInBlock) {
      this.warn(SqlState.noActiveSqlTransaction, 'there is no transaction in progress');
      if (this.block === 'none') return 'ROLLBACK';
    }
    const failed = this.block === 'failed';
    this.block = 'none';
    if (failed) {
      this.rollbackNow();
      return 'ROLLBACK';
    }
    this.ensure();
    try {
      await this.events.beforePrepare();
      await this.manager.prepare(preparation);
    } catch (error) {
      this.commitFailed(error);
    }
    this.noteCommitted();
    return 'PREPARE TRANSACTION';
  }

  rollback(chain: boolean): void {
    if (!this.isInBlock) {
      if (chain) throw noTransaction('ROLLBACK AND CHAIN');
      this.warn(SqlState.noActiveSqlTransaction, 'there is no transaction in progress');
      this.rollbackNow();
      return;
    }
    const options = this.manager.current ? modesOf(this.manager.current) : this.failedModes;
    this.block = 'none';
    this.rollbackNow();
    if (chain) this.chain(options);
  }

  savepoint(name: string): void {
    if (this.block !== 'block') throw noTransaction('SAVEPOINT');
    this.savepoints.push({ name, depth: this.manager.savepoint() });
    this.settings.savepoint();
  }

  releaseSavepoint(name: string): void {
    if (this.block !== 'block') throw noTransaction('RELEASE SAVEPOINT');
    const index = this.findSavepoint(name);
    for (let level = this.savepoints.length; level > index; level--) this.settings.releaseSavepoint();
    this.manager.release((this.savepoints[index] as Savepoint).depth);
    this.savepoints.length = index;
  }

  rollbackToSavepoint(name: string): void {
    if (!this.isInBlock) throw noTransaction('ROLLBACK TO SAVEPOINT');
    const index = this.findSavepoint(name);
    for (let level = this.savepoints.length - 1; level > index; level--) this.settings.rollbackToSavepoint();
    this.savepoints.length = index + 1;
    this.undoTo((this.savepoints[index] as Savepoint).depth);
    this.block = 'block';
  }

  /** A block with exception handlers begins: what happens from here on can be undone by itself. */
  beginSubtransaction(): number {
    this.ensure();
    const depth = this.manager.savepoint();
    this.settings.savepoint();
    return depth;
  }

  /** The block ended well. */
  releaseSubtransaction(depth: number): void {
    this.settings.releaseSavepoint();
    this.manager.release(depth);
  }

  /** Undoes all that happened since the block began. */
  rollbackSubtransaction(depth: number): void {
    this.manager.rollbackTo(depth);
    this.settings.rollbackToSavepoint();
    this.events.rolledBackTo(depth);
    this.manager.release(depth);
  }

  /** COMMIT and ROLLBACK in a procedure: the statement goes on in a transaction of its own, with the same modes where
   *  they are chained. */
  async endWithin(commit: boolean, chain: boolean): Promise<void> {
    const options = this.manager.current ? modesOf(this.manager.current) : this.defaults();
    this.endsWithin = true;
    try {
      if (commit) await this.commitNow();
      else this.rollbackNow();
    } finally {
      this.endsWithin = false;
    }
    this.start(chain ? options : this.defaults());
  }

  /** The session ends: nothing survives. */
  end(): void {
    this.block = 'none';
    this.rollbackNow();
  }

  private failedModes: TransactionOptions = { isolation: 'read committed', readOnly: false, deferrable: false };

  private findSavepoint(name: string): number {
    const index = this.savepoints.findLastIndex((savepoint) => savepoint.name === name);
    if (index < 0) throw pgError(SqlState.sEInvalidSpecification, `savepoint "${name}" does not exist`);
    return index;
  }

  /** Undoes to a savepoint and stands right behind it again, in settings as in storage. */
  private undoTo(depth: number): void {
    this.manager.rollbackTo(depth);
    this.settings.rollbackToSavepoint();
    this.settings.savepoint();
    this.events.rolledBackTo(depth);
  }

  private chain(options: TransactionOptions): void {
    this.start(options);
    this.block = 'block';
  }

  private start(options: TransactionOptions): Transaction {
    assert(this.savepoints.length === 0, 'a new transaction has no savepoints');
    this.settings.begin();
    this.failedModes = options;
    return this.manager.begin(options);
  }

  private commitNow(): Awaitable<void> {
    try {
      const committed = chain(this.events.beforeCommit(), () => this.manager.commit(this.commitOptions()));
      if (!(committed instanceof Promise)) return this.noteCommitted();
      return committed.then(
        () => this.noteCommitted(),
        (error: unknown) => this.commitFailed(error),
      );
    } catch (error) {
      return this.commitFailed(error);
    }
  }

  private commitOptions(): { readonly synchronous: boolean } {
    return { synchronous: this.settings.text('synchronous_commit') !== 'off' };
  }

  private commitFailed(error: unknown): never {
    this.rollbackNow();
    throw error;
  }

  private noteCommitted(): void {
    this.savepoints = [];
    this.settings.commit();
    this.events.ended(true);
  }

  private rollbackNow(): void {
    const wasOpen = this.manager.current !== null;
    this.savepoints = [];
    if (wasOpen) {
      this.failedModes = modesOf(this.manager.current as Transaction);
      this.manager.rollback();
      this.settings.rollback();
      this.events.ended(false);
    }
  }

  private defaults(): TransactionOptions {
    return {
      isolation: this.settings.text('default_transaction_isolation') as TransactionOptions['isolation'],
      readOnly: this.settings.bool('default_transaction_read_only'),
      deferrable: this.settings.bool('default_transaction_deferrable'),
    };
  }

  private warn(code: Notice['code'], message: string): void {
    this.events.notice({ severity: 'WARNING', code, message, fields: {} });
  }
}

/** 25P02, for anything but the end of a failed block. */
export function failedTransaction(): PgError {
  return pgError(
    SqlState.inFailedSqlTransaction,
    'current transaction is aborted, commands ignored until end of transaction block',
  );
}

function noTransaction(command: string): PgError {
  return pgError(SqlState.noActiveSqlTransaction, `${command} can only be used in transaction blocks`);
}

function modesOf(transaction: Transaction): TransactionOptions {
  return {
    isolation: transaction.isolation,
    readOnly: transaction.readOnly,
    deferrable: transaction.deferrable,
  };
}
