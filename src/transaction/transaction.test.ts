// Sessions of one process against the real lock table, over a store that only counts.
import { test } from 'tap';
import { PgError } from '../errors/pg-error.js';
import type { Store, StoreTransaction } from '../storage/api.js';
import { createTransactionManager } from './transaction.js';
import type { SessionTransactions } from './transaction.js';
import type { WaitEnvironment } from './session-locks.js';

const readCommitted = { isolation: 'read committed', readOnly: false, deferrable: false } as const;

let nextPid = 1000;

function fakeStore(log: string[]): Store {
  let sequence = 0;
  let depth = 0;
  const transaction: Partial<StoreTransaction> = {
    xid: () => 700n,
    currentXid: () => 701n,
    hasWrites: true,
    savepoint: () => ++depth,
    rollbackTo: (to) => void log.push(`rollback to ${to}`),
    release: (to) => void log.push(`release ${to}`),
    commit: async () => {
      log.push('commit');
      return BigInt(++sequence);
    },
    rollback: () => void log.push('rollback'),
  };
  const store: Partial<Store> = {
    begin: () => transaction as StoreTransaction,
    takeSnapshot: () => {
      const own = ++sequence;
      return { sequence: own, release: () => void log.push(`snapshot ${own} released`) };
    },
    unseenXids: () => ({ next: 1n, inProgress: [] }),
  };
  return store as Store;
}

interface Bench {
  readonly manager: SessionTransactions;
  readonly processId: number;
  readonly log: string[];
  interrupt(error: Error): void;
}

function session(options: { lockTimeoutMs?: number; deadlockTimeoutMs?: number } = {}): Bench {
  const log: string[] = [];
  const listeners = new Set<() => void>();
  let pending: Error | null = null;
  const waits: WaitEnvironment = {
    lockTimeoutMs: () => options.lockTimeoutMs ?? 0,
    deadlockTimeoutMs: () => options.deadlockTimeoutMs ?? 10,
    onInterrupt(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    checkInterrupts() {
      if (pending) throw pending;
    },
    showWait: (event) => log.push(event ?? 'no wait'),
  };
  const processId = nextPid++;
  const describeRelation = (relation: number) => `table${relation}`;
  const manager = createTransactionManager(fakeStore(log), { processId, database: 5, waits, describeRelation });
  return {
    manager,
    processId,
    log,
    interrupt(error) {
      pending = error;
      for (const listener of listeners) listener();
    },
  };
}

async function failure(promise: Promise<unknown> | undefined): Promise<PgError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof PgError) return error;
    throw error;
  }
  throw new Error('should have failed');
}

test('a conflicting lock waits for the holder to commit', async (t) => {
  const [first, second] = [session(), session()];
  t.equal(first.manager.begin(readCommitted).lockRelation(20000, 'RowExclusiveLock'), undefined);
  const wait = second.manager.begin(readCommitted).lockRelation(20000, 'ShareLock');
  t.ok(wait instanceof Promise);
  await first.manager.commit({ synchronous: true });
  await wait;
  t.ok(second.manager.current?.holdsRelationLock(20000, 'RowShareLock'));
  t.notOk(second.manager.current?.holdsRelationLock(20000, 'AccessExclusiveLock'));
  t.strictSame(second.log, ['Lock:relation', 'no wait']);
  for (const bench of [first, second]) bench.manager.close();
});

test('NOWAIT, SKIP LOCKED and lock_timeout refuse', async (t) => {
  const [first, second] = [session(), session({ lockTimeoutMs: 5 })];
  const holder = first.manager.begin(readCommitted);
  holder.lockRelation(20001, 'AccessExclusiveLock');
  holder.lockRow(20002, 1, 'update', 'block');
  const other = second.manager.begin(readCommitted);
  t.throws(() => other.lockRelation(20001, 'AccessShareLock', { noWait: true }), {
    code: '55P03',
    message: 'could not obtain lock on relation "table20001"',
  });
  t.equal(other.lockRow(20002, 1, 'keyShare', 'skip'), 'skipped');
  t.throws(() => other.lockRow(20002, 1, 'share', 'error', { doing: 'locking', relation: 'people' }), {
    message: 'could not obtain lock on row in relation "people"',
  });
  const error = await failure(other.lockRelation(20001, 'AccessShareLock'));
  t.match(error, { code: '55P03', message: 'canceling statement due to lock timeout' });
  for (const bench of [first, second]) bench.manager.close();
});

test('a deadlock is reported to one of its members, the other goes on', async (t) => {
  const [first, second] = [session({ deadlockTimeoutMs: 500 }), session()];
  const [one, two] = [first.manager.begin(readCommitted), second.manager.begin(readCommitted)];
  one.lockRow(20003, 1, 'update', 'block');
  two.lockRelation(20004, 'AccessExclusiveLock');
  const waitOne = one.lockRelation(20004, 'RowExclusiveLock');
  const error = await failure(two.lockRow(20003, 1, 'noKeyUpdate', 'block') as Promise<unknown>);
  t.equal(error.code, '40P01');
  t.equal(error.message, 'deadlock detected');
  t.equal(
    error.fields.detail,
    `Process ${second.processId} waits for ShareLock on transaction 700; blocked by process ${first.processId}.\n` +
      `Process ${first.processId} waits for RowExclusiveLock on relation 20004 of database 5; blocked by process ${second.processId}.`,
  );
  second.manager.rollback();
  await waitOne;
  for (const bench of [first, second]) bench.manager.close();
});

test('a cancelled wait rejects and leaves the queue', async (t) => {
  const [first, second] = [session(), session()];
  first.manager.begin(readCommitted).lockUniqueKey(20005, Buffer.from('k'));
  const wait = second.manager.begin(readCommitted).lockUniqueKey(20005, Buffer.from('k'));
  second.interrupt(new PgError('57014', 'canceling statement due to user request'));
  t.equal((await failure(wait)).code, '57014');
  for (const bench of [first, second]) bench.manager.close();
});

test('savepoints nest; actions of an undone one run or are forgotten', async (t) => {
  const { manager, log } = session();
  const transaction = manager.begin(readCommitted);
  transaction.afterCommit(() => log.push('outer'));
  t.equal(manager.savepoint(), 1);
  transaction.afterCommit(() => log.push('inner'));
  transaction.afterRollback(() => log.push('undone'));
  transaction.lockRow(20006, 1, 'update', 'block');
  manager.rollbackTo(1);
  t.equal(session().manager.begin(readCommitted).lockRow(20006, 1, 'update', 'skip'), 'granted');
  manager.release(1);
  await manager.commit({ synchronous: true });
  t.strictSame(log, ['rollback to 1', 'undone', 'release 1', 'commit', 'outer']);
  t.equal(manager.current, null);
  manager.close();
});

test('REPEATABLE READ keeps its first snapshot, READ COMMITTED takes one a statement', (t) => {
  const { manager, log } = session();
  const repeatable = manager.begin({ ...readCommitted, isolation: 'repeatable read' });
  const view = repeatable.statementView();
  repeatable.useCommand();
  repeatable.advanceCommand();
  repeatable.advanceCommand();
  t.equal(repeatable.statementView().snapshot, view.snapshot);
  t.equal(repeatable.statementView().command, 2, 'a command that wrote nothing counts for none');
  t.throws(() => manager.setModes({ isolation: 'read committed' }), { code: '25001' });
  manager.rollback();
  const committed = manager.begin(readCommitted);
  t.not(committed.statementView().snapshot, committed.statementView().snapshot);
  manager.rollback();
  t.strictSame(
    log.filter((line) => line.startsWith('snapshot')),
    ['snapshot 1 released', 'snapshot 2 released', 'snapshot 3 released'],
  );
  manager.close();
  t.end();
});
