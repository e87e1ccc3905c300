// Counts of a session: what savepoints, TRUNCATE and the transaction's end make of them. Figures as PostgreSQL 17 shows
// them in pg_stat_user_tables after the same steps.
import { test } from 'tap';
import { type CounterSink, type ObjectCounters, SessionStatistics } from './session-statistics.js';

function counting() {
  const totals: Record<string, number> = {};
  const prepared = new Map<string, readonly number[]>();
  const relations: ObjectCounters = {
    open() {},
    add(_, relation, deltas) {
      if (relation !== 20000) return;
      for (const [name, delta] of Object.entries(deltas)) totals[name] = (totals[name] ?? 0) + delta;
    },
    set(_, relation, counter, value) {
      if (relation === 20000) totals[counter] = value;
    },
    forget() {},
  };
  const sink: CounterSink = {
    relations,
    functions: { ...relations, add() {}, set() {} },
    keepPrepared: (gid, counts) => void prepared.set(gid, counts),
    takePrepared: (gid) => prepared.get(gid) ?? [],
  };
  const statistics = new SessionStatistics(5, sink);
  const run = (committed: boolean, work: () => void) => {
    statistics.isForced = true;
    statistics.transactionStarted();
    work();
    statistics.transactionEnded(committed);
  };
  return { statistics, totals, run };
}

test('rows of a rolled back savepoint are dead', async (t) => {
  const { statistics, totals, run } = counting();
  run(true, () => {
    statistics.of(20000).inserted(10);
    const mark = statistics.mark();
    statistics.of(20000).inserted(3);
    statistics.undoTo(mark);
    statistics.of(20000).deleted();
  });
  t.match(totals, { tuplesInserted: 13, tuplesDeleted: 1, liveTuples: 9, deadTuples: 4, modSinceAnalyze: 11 });
});

test('a truncated table starts from nothing, unless that is rolled back', async (t) => {
  const { statistics, totals, run } = counting();
  run(true, () => statistics.of(20000).inserted(10));
  run(false, () => {
    statistics.of(20000).inserted(5);
    statistics.of(20000).truncated();
    statistics.of(20000).inserted(1);
  });
  t.match(totals, { tuplesInserted: 15, liveTuples: 10, deadTuples: 5 });
  run(true, () => {
    statistics.of(20000).truncated();
    statistics.of(20000).inserted(2);
  });
  t.match(totals, { tuplesInserted: 17, liveTuples: 2, deadTuples: 0 });
});

test('savepoints take back a second truncation', async (t) => {
  const { statistics, totals, run } = counting();
  run(true, () => {
    const counts = statistics.of(20000);
    counts.truncated();
    counts.inserted(2);
    const mark = statistics.mark();
    counts.inserted(3);
    counts.truncated();
    counts.inserted(1);
    statistics.undoTo(mark);
    counts.inserted(1);
  });
  t.match(totals, { tuplesInserted: 6, liveTuples: 3, deadTuples: 0 });
});

test('a prepared transaction counts when it is finished', async (t) => {
  for (const committed of [true, false]) {
    const { statistics, totals, run } = counting();
    run(true, () => statistics.of(20000).inserted(10));
    statistics.isForced = true;
    statistics.transactionStarted();
    statistics.of(20000).updated(false, 2);
    statistics.of(20000).truncated();
    statistics.of(20000).inserted(1);
    statistics.dropped('relation', 20000);
    statistics.transactionPrepared('one');
    t.match(totals, { tuplesInserted: 10, tuplesUpdated: 0, liveTuples: 10 });
    statistics.isForced = true;
    statistics.preparedFinished('one', committed);
    t.match(totals, { tuplesUpdated: committed ? 0 : 2, deadTuples: committed ? 0 : 2 });
  }
});
