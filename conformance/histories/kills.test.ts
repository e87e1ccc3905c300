// Short histories of a server that is killed, and the proof that the checker sees what a faulty one would show: the same
// histories with one answer changed.
import { test } from 'tap';
import type { HistoryTransaction, Operation } from './history.js';
import { judge, runKilled } from './index.js';
import type { WorkloadOptions } from './workload.js';

const transactionsPerKill = 120;

for (const workload of ['lists', 'registers'] as const) {
  const run: WorkloadOptions = { workload, level: 'serializable', seed: 7, transactionCount: 400 };

  test(`${workload}: killed and started again, the server shows no anomaly`, { timeout: 240_000 }, async (t) => {
    const { history, deaths } = await runKilled(run, transactionsPerKill);
    t.equal(deaths, 3);
    t.same(judge(run, history).bad, []);
    t.ok(history.filter(({ committed }) => committed === true).length > 100);
    for (const [fault, broken] of Object.entries(faults(workload, history)))
      t.not(judge(run, broken).bad.length, 0, `found: ${fault}`);
  });
}

/** The history as a server with that fault would have made it. */
function faults(
  workload: WorkloadOptions['workload'],
  history: readonly HistoryTransaction[],
): Record<string, HistoryTransaction[]> {
  const end = history.length - 1;
  const inTheEnd = history[end]?.operations ?? [];
  const dirty = history.filter(({ committed }) => committed === false).flatMap(writesOf)[0];
  const updater = history.findIndex((each) => each.committed === true && updatedAt(each) >= 0);
  const update = updatedAt(history[updater] as HistoryTransaction);
  /** What a read of the operation's place would have seen without the last write. */
  const earlier = (values: readonly number[]) => (workload === 'lists' ? values.slice(0, -1) : []);
  const changed = (transaction: number, at: number, change: (values: readonly number[]) => readonly number[]) =>
    history.map((each, n) => (n === transaction ? withRead(each, at, change) : each));
  return {
    'an acknowledged write is gone': changed(end, inTheEnd.findIndex(isThere), earlier),
    'a write that was rolled back is seen': changed(
      end,
      inTheEnd.findIndex(({ key }) => key === dirty?.key),
      (values) => [...values, dirty?.value ?? 0],
    ),
    'an update has not seen what it updates': changed(updater, update, earlier),
  };
}

function writesOf({ operations }: HistoryTransaction) {
  return operations.filter((each) => each.kind === 'write');
}

function isThere(operation: Operation | undefined): boolean {
  return operation?.kind === 'read' && operation.values.length > 0;
}

/** The place of a first read of a key that the next operation writes anew; -1 where there is none. */
function updatedAt({ operations }: HistoryTransaction): number {
  return operations.findIndex(({ key }, n) => {
    const next = operations[n + 1];
    const isFirst = operations.findIndex((other) => other.key === key) === n;
    return isFirst && isThere(operations[n]) && next?.kind === 'write' && next.key === key;
  });
}

function withRead(
  transaction: HistoryTransaction,
  at: number,
  change: (values: readonly number[]) => readonly number[],
): HistoryTransaction {
  const operations = transaction.operations.map((each, n) =>
    n === at && each.kind === 'read' ? { ...each, values: change(each.values) } : each,
  );
  return { ...transaction, operations };
}
