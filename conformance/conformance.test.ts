// The part of the conformance suite that every test run has time for: what passes, or nearly, by conformance/status.tsv
// is no worse now.
// Needs PostgreSQL's files beside the checkout, and psql 17 for the regression files; without them there is nothing to
// run. A case that got better is no failure here: `npm run conformance` asks for the blessing.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { startServer } from '../test/support/server.js';
import type { SuiteName } from './case-result.js';
import { findPrograms } from './programs.js';
import { sourceFolder } from './source-files.js';
import { statusWords } from './show.js';
import { type CaseStatus, readStatus, standing, statusOf } from './status-file.js';
import { suites } from './suites.js';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const sources = join(root, '..', 'shared', 'postgresql-17');
const suiteMs = 240_000;
/** Files with less than this share depend too much on what is not built. */
const nearly = 0.9;
const programs = findPrograms('');
const noPsql = 'problem' in programs ? programs.problem : false;

/** Isolation specs take seconds each, most of them waiting: every so many of them is run. */
const parts = [{ suite: 'regress', folder: 'regress', lacking: noPsql, every: 1 }] as const satisfies readonly {
  suite: SuiteName;
  folder: 'regress' | 'isolation';
  lacking: string | false;
  every: number;
}[];

for (const { suite, folder, lacking, every } of parts) {
  const skip =
    sourceFolder(sources, folder) === null ? `no ${folder} files of PostgreSQL beside the checkout` : lacking;
  test(suite, { skip, timeout: suiteMs }, async (t) => {
    const server = await startServer({ settings: ['max_prepared_transactions=2'] });
    const out = mkdtempSync(join(tmpdir(), 'heliosdb-conformance-'));
    t.teardown(async () => {
      await server.stop();
      rmSync(out, { recursive: true, force: true });
    });
    const before = readStatus(join(root, 'conformance', 'status.tsv')).filter(
      (status) => status.suite === suite && isNearlyPassed(status),
    );
    const lines = new Map(before.map((status) => [status.name, status]));
    const results = suites[suite]({
      server: { host: server.host, port: server.port, user: 'postgres', password: '', database: 'postgres' },
      isOwnServer: true,
      oracle: null,
      sources,
      bin: '',
      only: [...lines.keys()].filter((_, index) => index % every === 0),
      out,
      dumps: '',
      seed: null,
      count: null,
      onStart: () => undefined,
    });
    for await (const result of results) {
      const now = statusOf(result);
      const was = lines.get(result.name);
      const words = `${statusWords(now)} ${now.reason}`;
      t.not(standing(was, now), 'worse', words, { was, differences: result.differences.slice(0, 3) });
    }
  });
}

function isNearlyPassed({ verdict, same, total }: CaseStatus): boolean {
  return verdict === 'pass' || (same !== null && total !== null && same / total >= nearly);
}
