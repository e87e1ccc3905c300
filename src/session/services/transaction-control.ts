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

/** A transaction that others wait for: a session's, told by when it began, or a prepared one, told by its name. */
interface Other {
  /** Null for a prepared transaction. */
  readonly processId: number | null;
  readonly id: bigint | string;
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
        lockTable
          .rows()
          .filter((row) => row.granted && row.lockType === 'relation' && row.relation === relation)
          .filter((row) => row.database === database && modes.includes(row.mode));
      return waitUntilGone(session, () => {
        const rows = holders();
        const pids = new Set(rows.map((row) => row.processId));
        const prepared = rows.filter((row) => row.processId === null);
        return [
          ...others(session, (other) => pids.has(other.processId)),
          ...prepared.map((row) => ({ processId: null, id: row.virtualTransaction })),
        ];
      });
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
    .flatMap(({ processId, transactionStart: start }) => (start === null ? [] : [{ processId, id: start }]));
}

/** Waits for those that are there now; who comes later doesn't matter. Throws 40P01, 55P03, 57014. */
async function waitUntilGone(session: Session, find: () => readonly Other[]): Promise<void> {
  let waiting = find();
  const began = performance.now();
  try {
    for (let ms = pollMsMin; waiting.length > 0; ms = Math.min(ms * 2, pollMsMax)) {
      session.activity.setWait('Lock:virtualxid');
      // Others see whom this session waits for: the first that is left, as PostgreSQL waits for one after the other.
      session.locks.showSessionWait(waiting[0]?.processId ?? null);
      await sleep(ms);
      session.checkInterrupts();
      const waited = performance.now() - began;
      requireInTime(session, waited);
      if (waited > session.settings.int('deadlock_timeout')) session.locks.requireNoDeadlock();
      const now = find();
      waiting = waiting.filter((one) => now.some((other) => isSame(one, other)));
    }
  } finally {
    session.locks.showSessionWait(null);
    session.activity.setWait(null);
  }
}

function isSame(one: Other, other: Other): boolean {
  return one.processId === other.processId && one.id === other.id;
}

function requireInTime(session: Session, waitedMs: number): void {
  const limit = session.settings.int('lock_timeout');
  if (limit > 0 && waitedMs >= limit)
    throw pgError(SqlState.lockNotAvailable, 'canceling statement due to lock timeout');
}
