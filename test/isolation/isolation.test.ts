// Interleavings of several sessions give what PostgreSQL 17 gave for them: who waits, in which order they go on, with what
// results and errors.
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { compareTranscripts } from '../../conformance/isolation/expected.js';
import { runSpec } from '../../conformance/isolation/run-spec.js';
import { startServer } from '../support/server.js';
import { specFiles, stepMs } from './specs.js';

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

test('interleavings', { timeout: 120_000 }, async (t) => {
  const server = await startServer();
  t.teardown(() => server.stop());
  const address = { host: server.host, port: server.port, user: 'postgres', password: '', database: 'postgres' };
  for (const { name, text, transcript } of specFiles(root)) {
    const run = await runSpec(text, { ...address, name, stepMs });
    t.strictSame(compareTranscripts(readFileSync(transcript, 'utf8'), run.text).differences, [], name);
  }
});
