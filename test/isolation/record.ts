// Writes the transcripts of the specs from a real PostgreSQL 17.
// Usage: node dist/test/isolation/record.js postgresql://user@host:port/database [NAME ...]
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serverAddress } from '../../conformance/command-line.js';
import { runSpec } from '../../conformance/isolation/run-spec.js';
import { specFiles, stepMs } from './specs.js';

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const [url = '', ...names] = process.argv.slice(2);
const address = serverAddress(url);

for (const { name, text, transcript } of specFiles(root)) {
  if (names.length > 0 && !names.includes(name)) continue;
  const run = await runSpec(text, { ...address, name, stepMs });
  if (run.isCut) throw new Error(`${name} did not run to its end:\n${run.text}`);
  mkdirSync(dirname(transcript), { recursive: true });
  writeFileSync(transcript, run.text);
}
