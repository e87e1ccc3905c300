// Every psql that is installed: trust and SCRAM, with and without TLS, a transaction, parameters by \bind where psql
// knows it (16 and later), COPY both ways, the SQLSTATE of an error, and cancelling with an interrupt.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import type { TestServer } from '../support/server.js';
import { WireClient } from '../../conformance/wire-client.js';
import {
  clientEnvironment,
  createSecretRole,
  findPrograms,
  runProgram,
  startClientServer,
  testMs,
} from './run-client.js';
import { secretPassword, secretUser } from './run-client.js';

const programs = findPrograms('psql', [...versionsUnder('/usr/lib/postgresql'), ...versionsUnder('/opt')]);
const script = `
create table item (id int primary key, name text);
begin;
insert into item values (1, 'one'), (2, null);
savepoint a;
delete from item;
rollback to a;
commit;
copy item from stdin;
3\tthree
4\t\\N
\\.
copy (select * from item order by id) to stdout with (format csv, null 'nothing');
\\set VERBOSITY sqlstate
insert into item values (1, 'again');
\\echo :SQLSTATE
select name from item where id = 1;
drop table item;
`;
const expected =
  'CREATE TABLE\nBEGIN\nINSERT 0 2\nSAVEPOINT\nDELETE 2\nROLLBACK\nCOMMIT\nCOPY 2\n1,one\n2,nothing\n3,three\n4,nothing\n23505\none\nDROP TABLE\n';

test('psql', { timeout: testMs, skip: programs.length > 0 ? false : 'no psql is installed' }, async (t) => {
  const server = await startClientServer();
  t.teardown(() => server.stop());
  const admin = await WireClient.connect({
    host: server.host,
    port: server.port,
    user: 'postgres',
    database: 'postgres',
  });
  t.teardown(() => admin.close());
  t.equal((await admin.query(createSecretRole)).error, null);
  for (const program of programs) {
    const version = (await runProgram([program, '--version'])).output.trim();
    await t.test(`${version} connects`, async (t) => {
      for (const sslmode of ['disable', 'require']) {
        const env = { ...clientEnvironment(server), PGSSLMODE: sslmode };
        t.same(await psql(program, env, 'select current_user'), { code: 0, output: 'postgres\n' });
        const secret = { ...env, PGUSER: secretUser, PGPASSWORD: secretPassword };
        t.same(await psql(program, secret, 'select current_user'), { code: 0, output: `${secretUser}\n` });
        const wrong = await psql(program, { ...secret, PGPASSWORD: 'wrong' }, 'select 1');
        t.equal(wrong.code, 2);
        t.match(wrong.output, 'password authentication failed for user "secret"');
      }
    });
    await t.test(`${version} runs a script`, async (t) => {
      const run = await psql(program, clientEnvironment(server), script);
      t.equal(run.output.replace(/^psql:.*ERROR: .*\n/m, ''), expected);
    });
    await t.test(`${version} cancels`, async (t) => {
      t.match(await interrupted(program, server, admin), 'ERROR:  canceling statement due to user request');
    });
    if (/ 1[6-9]\./.test(version)) {
      await t.test(`${version} binds parameters`, async (t) => {
        const run = await psql(
          program,
          clientEnvironment(server),
          "select $1::int + 1, $2::text \\bind 41 'x y' \\g\n",
        );
        t.equal(run.output, '42|x y\n');
      });
    }
  }
});

function psql(program: string, env: Record<string, string>, input: string) {
  return runProgram([program, '-X', '-A', '-t', '-w', '-f', '-'], { env, input });
}

/** What psql prints when it is interrupted while a query runs. */
async function interrupted(program: string, server: TestServer, admin: WireClient): Promise<string> {
  const child = spawn(program, ['-X', '-w', '-c', 'select pg_sleep(600)'], {
    env: { ...process.env, ...clientEnvironment(server), PGAPPNAME: 'interrupted' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const asleep = "select 1 from pg_stat_activity where application_name = 'interrupted' and state = 'active'";
  while ((await admin.query(asleep)).rows.length === 0);
  child.kill('SIGINT');
  await ended;
  return output;
}

function versionsUnder(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).map((version) => join(folder, version, 'bin')) : [];
}
