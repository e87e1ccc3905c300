// The part of the conformance suite that every test run has time for: regression files that pass, or nearly, by
// conformance/status.tsv are no worse now. Needs PostgreSQL's files beside the checkout and psql 17; without them there is
// nothing to run. A file that got better is no failure here: `npm run conformance` asks for the blessing.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { startServer } from '../test/support/server.js';
import { findPrograms } from './programs.js';
import { runRegress } from './regress/index.js';
import { neededFiles, scheduledFiles } from './regress/schedule.js';
import { sourceFolder } from './source-files.js';
import { statusWords } from './show.js';
import { type CaseStatus, readStatus, standing, statusOf } from './status-file.js';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const sources = join(root, '..', 'shared', 'postgresql-17');
const runMs = 280_000;
/** Files with less than this share depend too much on what is not built. */
const nearly = 0.9;
/** Files that say how others left the database, or how busy the server was. */
const dependent: ReadonlySet<string> = new Set(['sanity_check', 'oidjoins', 'type_sanity', 'stats', 'sysviews']);

const programs = findPrograms('');
const noFiles = sourceFolder(sources, 'regress') === null ? 'no files of PostgreSQL beside the checkout' : false;
const skip = 'problem' in programs ? programs.problem : noFiles;

test('regression files', { skip, timeout: runMs }, async (t) => {
  const server = await startServer({ settings: ['max_prepared_transactions=2'] });
  const out = mkdtempSync(join(tmpdir(), 'heliosdb-conformance-'));
  t.teardown(async () => {
    await server.stop();
    rmSync(out, { recursive: true, force: true });
  });
  const before = readStatus(join(root, 'conformance', 'status.tsv')).filter(isChosen);
  const lines = new Map(before.map((status) => [status.name, status]));
  const results = runRegress({
    server: { host: server.host, port: server.port, user: 'postgres', password: '', database: 'postgres' },
    isOwnServer: true,
    oracle: null,
    sources,
    bin: '',
    only: [...lines.keys()],
    out,
    dumps: '',
    seed: null,
    count: null,
    onStart: () => undefined,
  });
  for await (const result of results) {
    const now = statusOf(result);
    const was = lines.get(result.name);
    const differences = result.differences.slice(0, 3);
    t.not(standing(was, now), 'worse', `${statusWords(now)} ${now.reason}`, { was, differences });
  }
});

test('a single file is preceded by what it needs, in the order of the schedule', async (t) => {
  const scheduled = scheduledFiles(
    'test: test_setup\n# a remark\ntest: point circle\ntest: create_misc create_index\ntest: geometry\n',
  );
  t.same(scheduled, ['test_setup', 'point', 'circle', 'create_misc', 'create_index', 'geometry']);
  t.same(neededFiles(scheduled, ['geometry']), scheduled);
  t.same(neededFiles(scheduled, ['point']), ['test_setup', 'point', 'create_misc', 'create_index']);
});

function isChosen({ suite, name, verdict, same, total }: CaseStatus): boolean {
  if (suite !== 'regress' || dependent.has(name)) return false;
  return verdict === 'pass' || (same !== null && total !== null && same / total >= nearly);
}
