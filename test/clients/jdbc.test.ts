// PostgreSQL's JDBC driver from Maven's repository, run from one Java file: what it checks is in JdbcCheck.java.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { clientEnvironment, hasProgram, installFolder, runProgram, startClientServer, testMs } from './run-client.js';

const version = '42.7.7';
const missing = ['java', 'mvn'].filter((program) => !hasProgram(program));

test('JDBC', { timeout: testMs, skip: missing.length === 0 ? false : `no ${missing.join(', ')} here` }, async (t) => {
  const folder = installFolder('jdbc');
  const jar = join(folder, `postgresql-${version}.jar`);
  if (!existsSync(jar)) {
    const artifact = `-Dartifact=org.postgresql:postgresql:${version}`;
    const installed = await runProgram(
      ['mvn', '-q', '-B', 'dependency:copy', artifact, `-DoutputDirectory=${folder}`],
      {
        cwd: folder,
      },
    );
    if (installed.code !== 0) t.fail(`the driver could not be installed: ${installed.output}`);
  }
  const server = await startClientServer();
  t.teardown(() => server.stop());
  const java = ['java', '-XX:TieredStopAtLevel=1', '-cp', jar, 'JdbcCheck.java'];
  const run = await runProgram(java, { env: clientEnvironment(server) });
  t.equal(run.output, 'ok\n');
  t.equal(run.code, 0);
});
