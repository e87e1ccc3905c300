// Locks in PostgreSQL's words: the deadlock report, and the rows of pg_locks.
import { addon } from '../base/addon.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { PgError } from '../errors/pg-error.js';
import { lockModeName } from './lock-modes.js';
import type { WaitEvent } from './activity.js';
import { isToken, transactionOfToken } from './speculation.js';

/** One step of a deadlock as the lock table reports it. */
export interface DeadlockStep extends LockTag {
  readonly waiterPid: number;
  readonly blockerPid: number;
  readonly blockerXid: number;
  readonly mode: number;
}

/** kind: 0 relation, 1 object, 2 row, 3 unique key, 4 advisory, 5 a session's transaction by its pid. */
export interface LockTag {
  readonly kind: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly sub: number;
}

/** 40P01 with who waits for whom. */
export function deadlockError(steps: readonly DeadlockStep[]): PgError {
  const lines = steps.map((step) => {
    // Rows and unique keys are waited for as their transaction, in ShareLock.
    const mode = isTransactional(step) ? 'ShareLock' : lockModeName(step.mode);
    const what = isTransactional(step) ? `transaction ${step.blockerXid}` : describe(step);
    return `Process ${step.waiterPid} waits for ${mode} on ${what}; blocked by process ${step.blockerPid}.`;
  });
  return pgError(SqlState.tRDeadlockDetected, 'deadlock detected', {
    detail: lines.join('\n'),
    hint: 'See server log for query details.',
  });
}

/** A wait as log_lock_waits tells of it: which lock, and who has it and who else wants it. */
export interface WaitDescription {
  /** `ShareLock on transaction 731` */
  readonly lock: string;
  readonly detail: string;
}

/** What a session waits for now; null where it waits no more. */
export function describeWait(processId: number): WaitDescription | null {
  const rows = addon.locksReport();
  const mine = rows.find(({ pid, granted }) => pid === processId && !granted);
  if (mine === undefined) return null;
  const same = rows.filter(
    ({ kind, a, b, c, sub }) => kind === mine.kind && a === mine.a && b === mine.b && c === mine.c && sub === mine.sub,
  );
  const granted = same.filter((row) => row.granted).map(({ pid }) => pid);
  const holders = granted.length > 0 ? granted : addon.locksBlockingPids(processId);
  const queue = same.filter((row) => !row.granted).sort((left, right) => left.sinceMs - right.sinceMs);
  const lock = isTransactional(mine)
    ? `ShareLock on transaction ${mine.blockerXid}`
    : `${lockModeName(mine.mode)} on ${describe(mine)}`;
  const holding = `${holders.length === 1 ? 'Process' : 'Processes'} holding the lock: ${holders.join(', ')}.`;
  return { lock, detail: `${holding} Wait queue: ${queue.map(({ pid }) => pid).join(', ')}.` };
}

/** pg_stat_activity's wait event of a wait for such a lock. */
export function waitEvent(kind: number): WaitEvent {
  return waitEvents[kind] ?? 'Lock:relation';
}

const waitEvents: readonly WaitEvent[] = [
  'Lock:relation',
  'Lock:object',
  'Lock:transactionid',
  'Lock:transactionid',
  'Lock:advisory',
  'Lock:virtualxid',
  'Lock:spectoken',
];

/** Number, for `waitEvent` alone, of waits for speculative insertions. */
export const tokenKind = 6;

/** The wait event of a wait for a safe snapshot. */
export const safeSnapshotEvent: WaitEvent = 'IPC:SafeSnapshot';

/** Rows and unique keys: locks that PostgreSQL shows as waits for a transaction. */
export function isTransactional(tag: LockTag): boolean {
  return tag.kind === 2 || tag.kind === 3;
}

/** A session's virtual transaction id, as pg_locks has it; undefined where the session is gone. */
export function virtualTransactionOf(processId: number): string | undefined {
  const backend = addon.backendList().find(({ pid }) => pid === processId);
  return backend === undefined ? undefined : `${backend.slot + 1}/${processId}`;
}

function describe(tag: LockTag): string {
  if (isToken(tag)) return `speculative token ${tag.c} of transaction ${transactionOfToken(tag)}`;
  switch (tag.kind) {
    case 0:
      return `relation ${tag.b} of database ${tag.a}`;
    case 1:
      return `object ${tag.c} of class ${tag.b} of database ${tag.a}`;
    case 5:
      return `virtual transaction ${virtualTransactionOf(tag.a) ?? ''}`;
    default:
      return `advisory lock [${tag.a},${tag.b},${tag.c},${tag.sub}]`;
  }
}
