// How results stand to the status file and what a blessing keeps.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'tap';
import { blessed, type CaseStatus, readStatus, standing, vanished, writeStatus } from './status-file.js';

function line(name: string, verdict: CaseStatus['verdict'], same: number | null = null): CaseStatus {
  return { suite: 'regress', name, verdict, same, total: same === null ? null : 10, reason: '' };
}

test('standing', async (t) => {
  t.equal(standing(line('a', 'fail', 5), line('a', 'fail', 5)), 'as before');
  t.equal(standing(line('a', 'fail', 5), line('a', 'fail', 4)), 'worse');
  t.equal(standing(line('a', 'fail', 5), line('a', 'fail', 6)), 'better');
  t.equal(standing(line('a', 'fail', 5), line('a', 'pass', 10)), 'better');
  t.equal(standing(line('a', 'pass'), line('a', 'fail')), 'worse');
  t.equal(standing(line('a', 'pass'), line('a', 'skip')), 'worse');
  t.equal(standing(undefined, line('a', 'pass')), 'unknown');
});

test('a blessing replaces what was run, keeps the rest and drops what is gone', async (t) => {
  const before = [line('a', 'fail', 5), line('b', 'pass', 10), line('c', 'pass', 10)];
  const results = [line('a', 'pass', 10), line('b', 'pass', 10)];
  t.same(vanished(before, results, ['regress']), [line('c', 'pass', 10)]);
  t.same(vanished(before, results, ['dumps']), []);
  t.same(blessed(before, results, []), [line('a', 'pass', 10), before[1], before[2]]);
  t.same(blessed(before, results, [line('c', 'pass', 10)]), results);
});

test('the file is read as it was written', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'heliosdb-status-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'status.tsv');
  const cases = [line('a', 'fail', 5), { ...line('b', 'skip'), reason: 'two  words\tand a tab' }];
  writeStatus(path, cases);
  t.same(readStatus(path), [cases[0], { ...line('b', 'skip'), reason: 'two words and a tab' }]);
  t.same(readStatus(join(folder, 'none')), []);
});
