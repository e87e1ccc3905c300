// Commands that take several transactions (CREATE INDEX CONCURRENTLY and its kin): the next transaction, locks that outlive
// one, and waits for transactions that still work with what was true before.
import { setTimeout as sleep } from 'node:timers/promises';
import type { TransactionControl } from '../../commands/services.js';
import { SqlState, pgError } from '../../errors/pg-error.js';
import { conflictingModes, lockModeNumber } from '../../transaction/lock-modes.js';
import { backends, lockTable } from '../../transaction/server-services.js';
import { SessionLocks } from '../../transaction/session-locks.js';
import { commandContext } from '../corridor.js';
import type { Session } from '../session.js';

const pollMsMin = 5;
const pollMsMax = 100;

/** A transaction that others wait for: a session's pid and when its transaction began. */
interface Other {
  readonly processId: number;
  readonly start: bigint;
}

export function transactionControlOf(session: Session): TransactionControl {
  const database = session.connection.database.oid;
  return {
    async next(context) {
      await session.transactions.finishStatement();
      return commandContext(session, context.sourceText, []);
    },
    async holdRelation(relation, mode) {
      const { processId } = session.connection;
      const locks = new SessionLocks(processId, database, session.waitEnvironment);
      const name = () => session.catalog.relation(relation)?.name ?? String(relation);
      try {
        await locks.relation(database, relation, lockModeNumber[mode], false, name);
      } catch (error) {
        locks.close();
        throw error;
      }
      return () => locks.close();
    },
    waitForLockers(relation, mode) {
      const modes = conflictingModes(lockModeNumber[mode]);
      const holders = () =>
        new Set(
          lockTable
            .rows()
            .filter((row) => row.granted && row.lockType === 'relation' && row.relation === relation)
            .filter((row) => row.database === database && modes.includes(row.mode))
            .map((row) => row.processId),
        );
      return waitUntilGone(session, () => others(session, (other) => holders().has(other.processId)));
    },
    waitForSnapshots() {
      const before = session.store.visibleSequence?.() ?? 0;
      return waitUntilGone(session, () =>
        others(session, ({ xmin, database: of }) => of === database && xmin !== null && Number(xmin) < before),
      );
    },
  };
}

type Backend = ReturnType<typeof backends.list>[number];

function others(session: Session, which: (other: Backend) => boolean): Other[] {
  const own = session.connection.processId;
  return backends
    .list()
    .filter((other) => other.processId !== own && which(other))
    .flatMap(({ processId, transactionStart: start }) => (start === null ? [] : [{ processId, start }]));
}

/** Waits for those that are there now; who comes later doesn't matter. Throws 40P01, 55P03, 57014. */
async function waitUntilGone(session: Session, find: () => readonly Other[]): Promise<void> {
  let waiting = find();
  const began = performance.now();
  try {
    for (let ms = pollMsMin; waiting.length > 0; ms = Math.min(ms * 2, pollMsMax)) {
      session.activity.setWait('Lock:virtualxid');
      await sleep(ms);
      session.checkInterrupts();
      const waited = performance.now() - began;
      requireInTime(session, waited);
      if (waited > session.settings.int('deadlock_timeout')) requireNoDeadlock(session, waiting);
      const now = find();
      waiting = waiting.filter((one) => now.some((other) => isSame(one, other)));
    }
  } finally {
    session.activity.setWait(null);
  }
}

function isSame(one: Other, other: Other): boolean {
  return one.processId === other.processId && one.start === other.start;
}

function requireInTime(session: Session, waitedMs: number): void {
  const limit = session.settings.int('lock_timeout');
  if (limit > 0 && waitedMs >= limit)
    throw pgError(SqlState.lockNotAvailable, 'canceling statement due to lock timeout');
}

/** Whoever is waited for must not wait for us. */
function requireNoDeadlock(session: Session, waiting: readonly Other[]): void {
  const own = session.connection.processId;
  const stuck = waiting.find((other) => lockTable.blockingPids(other.processId).includes(own));
  if (stuck === undefined) return;
  session.statistics.deadlock();
  throw pgError(SqlState.tRDeadlockDetected, 'deadlock detected', {
    detail:
      `Process ${own} waits for ShareLock on a virtual transaction; blocked by process ${stuck.processId}.\n` +
      `Process ${stuck.processId} waits for a lock; blocked by process ${own}.`,
    hint: 'See server log for query details.',
  });
}
