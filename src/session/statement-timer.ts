// A statement's limits in time: statement_timeout, transaction_timeout's remainder, and requests to cancel or terminate,
// looked at between batches and while waiting.
import { SqlState, fatalError, pgError } from '../errors/pg-error.js';
import type { PgError } from '../errors/pg-error.js';
import type { SessionSettings } from '../config/api.js';
import type { Interrupts } from '../wire/connection.js';

export class StatementTimer {
  private timer: NodeJS.Timeout | null = null;
  private isTimedOut = false;
  /** When the statement's time is over: a step that holds the event loop keeps the timer from saying so. */
  private deadline: number | null = null;
  private transactionTimer: NodeJS.Timeout | undefined;
  private transactionDeadline: number | null = null;
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly settings: SessionSettings,
    private readonly interrupts: Interrupts,
  ) {}

  /** Calls `listener` when `check` may have become one that throws, to wake what waits; returns how to stop it. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    const unsubscribe = this.interrupts.subscribe(listener);
    return () => {
      this.listeners.delete(listener);
      unsubscribe();
    };
  }

  /** A statement begins; one that already runs keeps its deadline. */
  start(): void {
    const timeoutMs = this.settings.int('statement_timeout');
    if (timeoutMs <= 0 || this.timer !== null) return;
    this.isTimedOut = false;
    this.deadline = performance.now() + timeoutMs;
    this.timer = setTimeout(() => {
      this.isTimedOut = true;
      for (const listener of this.listeners) listener();
    }, timeoutMs);
  }

  /** A transaction begins: transaction_timeout counts from here, while it runs and while it idles. */
  startTransaction(): void {
    const timeoutMs = this.settings.int('transaction_timeout');
    if (timeoutMs <= 0) return;
    this.transactionDeadline = performance.now() + timeoutMs;
    this.transactionTimer = setTimeout(() => {
      for (const listener of this.listeners) listener();
    }, timeoutMs);
  }

  stopTransaction(): void {
    if (this.transactionDeadline === null) return;
    clearTimeout(this.transactionTimer);
    this.transactionDeadline = null;
  }

  /** Milliseconds that the transaction may still take, null where nothing limits it. */
  transactionRestMs(): number | null {
    return this.transactionDeadline === null ? null : Math.max(1, this.transactionDeadline - performance.now());
  }

  /** The next statement of the same query string begins. */
  restart(): void {
    this.stop();
    this.start();
  }

  stop(): void {
    if (this.timer === null) return;
    clearTimeout(this.timer);
    this.timer = null;
    this.deadline = null;
    this.isTimedOut = false;
  }

  /** Throws where the statement must end: 57014, 57P01 FATAL. */
  check(): void {
    if (this.interrupts.pending) {
      const request = this.interrupts.take();
      if (request === 'terminate') {
        throw fatalError(SqlState.adminShutdown, 'terminating connection due to administrator command');
      }
      if (request === 'cancel') throw pgError(SqlState.queryCanceled, 'canceling statement due to user request');
    }
    if (this.transactionDeadline !== null && performance.now() >= this.transactionDeadline) throw transactionTimedOut();
    if (!this.isTimedOut && (this.deadline === null || performance.now() < this.deadline)) return;
    this.isTimedOut = false;
    this.deadline = null;
    throw pgError(SqlState.queryCanceled, 'canceling statement due to statement timeout');
  }
}

/** 25P04, which ends the session. */
export function transactionTimedOut(): PgError {
  return fatalError(SqlState.transactionTimeout, 'terminating connection due to transaction timeout');
}
