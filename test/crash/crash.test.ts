// A few rounds of kill -9 under eight writers; main.ts runs many.
import { rmSync } from 'node:fs';
import { test } from 'tap';
import { newDirectory } from '../support/server.js';
import { crashRounds } from './rounds.js';

const rounds = 20;
/** Where other work holds the machine up, fewer rounds have to do. */
const roundsMin = 3;
const stopAfterMs = 180_000;
/** On a machine that is busy with other tests; main.ts asks for five seconds. */
const recoveryMsMax = 30_000;

test('nothing acknowledged is lost, nothing is there in part', { timeout: 280_000 }, async (t) => {
  const directory = await newDirectory();
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const reports = await crashRounds(directory, { rounds, seed: 1, recoveryMsMax, stopAfterMs });
  t.same(
    reports.flatMap((report) => report.problems),
    [],
  );
  t.ok(reports.length >= roundsMin, `${reports.length} rounds`);
  t.ok((reports.at(-1)?.acknowledged ?? 0) > 0);
});
