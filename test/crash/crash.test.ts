// A few rounds of kill -9 under eight writers; main.ts runs many.
import { rmSync } from 'node:fs';
import { test } from 'tap';
import { newDirectory } from '../support/server.js';
import { crashRounds } from './rounds.js';

test('nothing acknowledged is lost, nothing is there in part', { timeout: 200_000 }, async (t) => {
  const directory = await newDirectory();
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const reports = await crashRounds(directory, { rounds: 5, seed: 1 });
  t.same(
    reports.flatMap((report) => report.problems),
    [],
  );
  t.equal(reports.length, 5);
  t.ok((reports.at(-1)?.acknowledged ?? 0) > 0);
});
