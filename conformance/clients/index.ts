// The client programs of test/clients as a suite: each is a test file that starts a server of its own and prints TAP.
// Where a client's language is not installed its file says so and counts as skipped.
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CaseResult, SuiteOptions } from '../case-result.js';
import { runProgram } from '../programs.js';

const clients = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'test', 'clients');
const fileMs = 300_000;

/** Yields a result for each test file of test/clients. */
export async function* runClients(options: SuiteOptions): AsyncGenerator<CaseResult> {
  const names = readdirSync(clients)
    .filter((file) => file.endsWith('.test.js'))
    .map((file) => basename(file, '.test.js'))
    .filter((name) => options.only?.includes(name) ?? true);
  for (const name of names.sort()) {
    options.onStart(name);
    yield options.isOwnServer
      ? await runFile(name)
      : { ...empty(name, 'skip'), isUnavailable: true, reason: 'needs a server of its own, with TLS and passwords' };
  }
}

async function runFile(name: string): Promise<CaseResult> {
  const begun = performance.now();
  const run = await runProgram(process.execPath, [join(clients, `${name}.test.js`)], {
    env: { ...process.env, TAP_TIMEOUT: String(fileMs / 1000) },
    timeoutMs: fileMs,
  });
  const lines = run.output.split('\n');
  const seconds = (performance.now() - begun) / 1000;
  const failed = lines.filter((line) => /^ *not ok /.test(line)).map((line) => line.trim());
  if (run.code !== 0 || failed.length > 0) {
    const differences = [{ input: `test/clients/${name}`, expected: ['ok'], got: lines }];
    return { ...empty(name, 'fail'), reason: failed[0] ?? `ended with ${run.code}`, differences, seconds };
  }
  const skips = lines.filter((line) => /^ok .*# SKIP/i.test(line));
  const passes = lines.filter((line) => /^ok /.test(line)).length - skips.length;
  if (passes > 0) return { ...empty(name, 'pass'), seconds };
  const reason = /# SKIP (.*)/i.exec(skips[0] ?? '')?.[1] ?? 'it tested nothing';
  return { ...empty(name, 'skip'), isUnavailable: true, reason, seconds };
}

function empty(name: string, verdict: CaseResult['verdict']): CaseResult {
  return { suite: 'clients', name, verdict, reason: '', differences: [], seconds: 0 };
}
