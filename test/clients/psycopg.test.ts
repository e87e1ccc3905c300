// psycopg 3 from PyPI, in a virtual environment of its own: what it checks is in psycopg_check.py.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { clientEnvironment, hasProgram, installFolder, runProgram, startClientServer, testMs } from './run-client.js';

const python = 'python3';

test('psycopg 3', { timeout: testMs, skip: hasProgram(python) ? false : `no ${python} here` }, async (t) => {
  const folder = installFolder('psycopg');
  const own = join(folder, 'bin', 'python');
  if (!existsSync(join(folder, 'bin', 'pip'))) {
    const made = await runProgram([python, '-m', 'venv', folder]);
    if (made.code !== 0) t.fail(`no virtual environment: ${made.output}`);
  }
  if ((await runProgram([own, '-c', 'import psycopg'])).code !== 0) {
    const installed = await runProgram([own, '-m', 'pip', 'install', '--quiet', 'psycopg[binary]==3.3.*']);
    if (installed.code !== 0) t.fail(`psycopg could not be installed: ${installed.output}`);
  }
  const server = await startClientServer();
  t.teardown(() => server.stop());
  const run = await runProgram([own, 'psycopg_check.py'], { env: clientEnvironment(server) });
  t.equal(run.output, 'ok\n');
  t.equal(run.code, 0);
});
