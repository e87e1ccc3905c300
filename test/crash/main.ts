// Many rounds of the crash test: npm run crash -- [--rounds 300] [--seed 1] [--recovery-ms 5000]. Prints a line a round and
// ends with 1 where anything was wrong; the data directory is kept then.
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { newDirectory } from '../support/server.js';
import { crashRounds } from './rounds.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
    'recovery-ms': { type: 'string', default: '5000' },
  },
});
const directory = await newDirectory();
const reports = await crashRounds(directory, {
  rounds: Number(values.rounds),
  seed: Number(values.seed),
  recoveryMsMax: Number(values['recovery-ms']),
  onRound({ round, acknowledged, recoveryMs, problems }) {
    const verdict = problems.length === 0 ? 'ok' : problems.slice(0, 20).join('; ');
    console.log(`round ${round}: ${acknowledged} acknowledged, up again after ${recoveryMs} ms: ${verdict}`);
  },
});
if (reports.some((report) => report.problems.length > 0)) {
  console.log(`see ${directory}`);
  process.exitCode = 1;
} else {
  rmSync(directory, { recursive: true, force: true });
}
