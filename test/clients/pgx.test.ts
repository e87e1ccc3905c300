// pgx as a Go module: what it checks is in pgx/main.go.
import { join } from 'node:path';
import { test } from 'tap';
import { clientEnvironment, clientSources, hasProgram, installFolder, runProgram } from './run-client.js';
import { startClientServer, testMs } from './run-client.js';

test('pgx', { timeout: testMs, skip: hasProgram('go', 'version') ? false : 'no go here' }, async (t) => {
  const program = join(installFolder('pgx'), 'pgx-check');
  const built = await runProgram(['go', 'build', '-o', program, '.'], { cwd: join(clientSources, 'pgx') });
  t.equal(built.code, 0, built.output);
  const server = await startClientServer();
  t.teardown(() => server.stop());
  const run = await runProgram([program], { env: clientEnvironment(server) });
  t.equal(run.output, 'ok\n');
  t.equal(run.code, 0);
});
