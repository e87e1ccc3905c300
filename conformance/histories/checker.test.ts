// Each phenomenon in a history of its own, and what is none.
import { test } from 'tap';
import { findPhenomena } from './checker.js';
import { judge } from './index.js';
import { type HistoryTransaction, type Operation, versionsOf, type Workload } from './history.js';

const read = (key: number, ...values: number[]): Operation => ({ kind: 'read', key, values });
const write = (key: number, value: number): Operation => ({ kind: 'write', key, value });

function found(workload: Workload, ...transactions: (readonly Operation[] | 'aborted')[]): string[] {
  const history: HistoryTransaction[] = [];
  let committed = true;
  for (const operations of transactions) {
    if (operations === 'aborted') committed = false;
    else {
      history.push({ id: history.length + 1, committed, operations });
      committed = true;
    }
  }
  return findPhenomena(history, versionsOf(workload, history), true).map(({ phenomenon }) => phenomenon);
}

test('lists', (t) => {
  t.same(found('lists', [write(1, 1)], [read(1, 1), write(1, 2)], [read(1, 1, 2)]), []);
  t.same(found('lists', [write(1, 1), read(1, 1), write(1, 2), read(1, 1, 2)]), []);
  const end = [read(1, 1, 2), read(2, 12, 11)];
  t.same(found('lists', [write(1, 1), write(2, 11)], [write(1, 2), write(2, 12)], end).slice(0, 1), ['G0 write cycle']);
  t.same(found('lists', 'aborted', [write(1, 1)], [read(1, 1)]), ['G1a aborted read']);
  t.same(found('lists', [write(1, 1), write(1, 2)], [read(1, 1)], [read(1, 1, 2)])[0], 'G1b intermediate read');
  t.same(found('lists', [write(1, 1), read(2, 2)], [write(2, 2), read(1, 1)]), ['G1c circular information flow']);
  t.same(found('lists', [write(1, 1)], [write(1, 2)], [read(1, 1)], [read(1, 2, 1)])[0], 'disorder of versions');
  t.same(found('lists', [read(1), read(1, 1)], [write(1, 1)])[0], 'internal inconsistency');
  t.same(found('lists', [read(1), read(2, 2)], [write(1, 1), write(2, 2)], [read(1, 1)]), ['G-single read skew']);
  const skew = [
    [read(1), write(2, 2)],
    [read(2), write(1, 1)],
    [read(1, 1), read(2, 2)],
  ];
  t.same(found('lists', ...skew), ['G2 anti-dependency cycle']);
  t.end();
});

test('registers', (t) => {
  t.same(found('registers', [read(1), write(1, 1)], [read(1, 1), write(1, 2)], [read(1, 2)]), []);
  t.same(found('registers', [read(1), write(1, 1)], [read(1), write(1, 2)])[0], 'lost update');
  const skew = [
    [read(1), read(2), write(1, 1)],
    [read(1), read(2), write(2, 2)],
  ];
  t.same(found('registers', ...skew), ['G2 anti-dependency cycle']);
  t.end();
});

const info = (id: number, ...operations: Operation[]): HistoryTransaction => ({ id, committed: null, operations });
const told = (id: number, ...operations: Operation[]): HistoryTransaction => ({ id, committed: true, operations });
const lost = (id: number, ...operations: Operation[]): HistoryTransaction => ({ id, committed: false, operations });

/** The phenomena that a level forbids; the last transaction reads what is there in the end. */
function forbiddenIn(workload: Workload, ...history: HistoryTransaction[]): string[] {
  const timed = history.map((each, n) => ({ ...each, began: 2 * n, ended: 2 * n + 1 }));
  return judge({ workload, level: 'serializable' }, timed).bad.map(({ phenomenon }) => phenomenon);
}

test('a commit without an answer may have happened or not', (t) => {
  const attempt = info(1, write(1, 1), write(2, 2));
  t.same(forbiddenIn('lists', attempt, told(2, read(1), read(2))), []);
  t.same(forbiddenIn('lists', attempt, told(2, read(1, 1), read(2, 2))), []);
  t.same(forbiddenIn('lists', attempt, told(2, read(1, 1), read(2)))[0], 'lost write', 'not in part');
  const early = told(2, read(1, 1), read(2, 2));
  t.same(forbiddenIn('lists', attempt, early, told(3, read(1), read(2)))[0], 'lost write', 'not once it was seen');
  t.same(
    forbiddenIn('lists', lost(1, write(1, 1)), told(2, read(1, 1))),
    ['G1a aborted read'],
    'never before its commit',
  );
  // What it has read constrains it only where it has committed.
  const skewed = (w: number) => [
    info(1, read(1), write(2, 2)),
    told(2, read(2), write(1, 1)),
    told(3, read(1, 1), read(2, ...[2].slice(w))),
  ];
  t.same(forbiddenIn('lists', ...skewed(0)), ['G2 anti-dependency cycle']);
  t.same(forbiddenIn('lists', ...skewed(1)), []);
  t.end();
});

test('what was told to be committed is there in the end', (t) => {
  t.same(forbiddenIn('lists', told(1, write(1, 1)), told(2, read(1))), ['lost write']);
  t.same(forbiddenIn('registers', told(1, read(1), write(1, 1)), told(2, read(1)))[0], 'lost write');
  const [first, second] = [told(1, read(1), write(1, 1)), told(2, read(1, 1), write(1, 2))];
  t.same(forbiddenIn('registers', first, second, told(3, read(1, 2))), []);
  t.same(forbiddenIn('registers', first, second, told(3, read(1, 1)))[0], 'lost write');
  t.same(forbiddenIn('registers', first, info(2, read(1, 1), write(1, 2)), told(3, read(1, 1))), []);
  t.end();
});
