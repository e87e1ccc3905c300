// Runs the isolation suite by itself: verdicts as they come, the first differences of those that fail.
// Usage: node .../conformance/isolation/main.js --port N [--sources DIR] [--only NAME]... [--out DIR]
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runIsolation } from './index.js';

const { values } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '5432' },
    user: { type: 'string', default: 'postgres' },
    sources: { type: 'string', default: '../shared/postgresql-17' },
    only: { type: 'string', multiple: true },
    out: { type: 'string' },
  },
});
const out = values.out ?? mkdtempSync(join(tmpdir(), 'isolation-'));
mkdirSync(out, { recursive: true });
const counts = { pass: 0, fail: 0, skip: 0 };
const suite = runIsolation({
  server: { host: values.host, port: Number(values.port), user: values.user, password: '', database: 'postgres' },
  sources: values.sources,
  only: values.only?.flatMap((names) => names.split(',')) ?? null,
  out,
});
for await (const result of suite) {
  counts[result.verdict]++;
  const parts = `${result.same ?? 0}/${result.total ?? 0}`;
  console.log(`${result.verdict}\t${result.name}\t${parts}\t${result.seconds.toFixed(1)}s\t${result.reason}`);
  if (values.only === undefined) continue;
  for (const { input, expected, got } of result.differences.slice(0, 3))
    console.log([input, '--- expected', ...expected, '--- got', ...got].join('\n'));
}
console.log(`transcripts in ${out}`);
console.log(`${counts.pass} passed, ${counts.fail} failed, ${counts.skip} skipped`);
process.exitCode = counts.fail === 0 ? 0 : 1;
