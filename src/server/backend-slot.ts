// A session's place among the backends of the process: its pid and secret, limits, and requests to cancel or end it.
import { addon } from '../base/addon.js';
import { fatalError, SqlState } from '../errors/pg-error.js';
import type { Interrupts, LoginDatabase, LoginRole } from '../wire/connection.js';

const cancelBit = 1;
const terminateBit = 2;

/** The words of all slots, mapped once per worker. */
let words: Uint32Array | null = null;
const listeners = new Map<number, Set<() => void>>();

export interface ConnectionLimits {
  readonly connectionsMax: number;
  readonly superuserReserved: number;
  readonly reserved: number;
}

/** The worker's mail says that the session in `slot` was interrupted. */
export function deliverInterrupt(slot: number): void {
  for (const listener of [...(listeners.get(slot) ?? [])]) listener();
}

/** Passes on a CancelRequest; says nothing of whether it fits, as the protocol wants. */
export function requestCancel(processId: number, secretKey: number): void {
  addon.backendInterrupt(processId, secretKey >>> 0, cancelBit);
}

export class BackendSlot implements Interrupts {
  private readonly slotWords: Uint32Array;
  private readonly own = new Set<() => void>();

  private constructor(
    readonly slot: number,
    readonly processId: number,
    readonly secretKey: number,
  ) {
    words ??= addon.backendInterruptWords();
    this.slotWords = words;
    listeners.set(slot, this.own);
  }

  /** Takes a slot; throws 53300 where all are taken. */
  static open(worker: number, limits: ConnectionLimits): BackendSlot {
    const row = addon.backendOpen(worker, 'client backend', limits.connectionsMax);
    if (row === null) throw fatalError(SqlState.tooManyConnections, 'sorry, too many clients already');
    return new BackendSlot(row.slot, row.pid, row.secret);
  }

  /** Notes who logged in; throws 53300 where a limit is reached. */
  logIn(role: LoginRole, database: LoginDatabase, limits: ConnectionLimits): void {
    const outcome = addon.backendLogIn(this.slot, {
      database: database.oid,
      role: role.oid,
      isSuperuser: role.isSuperuser,
      mayUseReserved: role.mayUseReserved,
      databaseLimit: database.connectionLimit,
      roleLimit: role.connectionLimit,
      ...limits,
    });
    if (outcome === 0) return;
    const messages = [
      '',
      'remaining connection slots are reserved for roles with the SUPERUSER attribute',
      'remaining connection slots are reserved for roles with privileges of the "pg_use_reserved_connections" role',
      `too many connections for database "${database.name}"`,
      `too many connections for role "${role.name}"`,
    ];
    throw fatalError(SqlState.tooManyConnections, messages[outcome] ?? '');
  }

  get pending(): boolean {
    return this.slotWords[this.slot] !== 0;
  }

  take(): 'cancel' | 'terminate' | null {
    const bits = addon.backendTakeInterrupts(this.slot);
    if ((bits & terminateBit) !== 0) return 'terminate';
    return (bits & cancelBit) !== 0 ? 'cancel' : null;
  }

  subscribe(listener: () => void): () => void {
    this.own.add(listener);
    return () => this.own.delete(listener);
  }

  close(): void {
    listeners.delete(this.slot);
    addon.backendClose(this.slot);
  }
}
