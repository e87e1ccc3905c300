// What the log says of connections, statements, durations and errors, as PostgreSQL 17 says it; durations are masked.
import { test } from 'tap';
import { WireClient } from '../../conformance/wire-client.js';
import { type TestServer, startServer } from '../support/server.js';

interface Line {
  readonly error_severity?: string;
  readonly state_code?: string;
  readonly msg: string;
  readonly detail?: string;
  readonly context?: string;
  readonly statement?: string;
  readonly duration?: number;
  readonly user?: string;
  readonly dbname?: string;
  readonly pid?: number;
  readonly session_id?: string;
}

function lines(server: TestServer): Line[] {
  return server
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line)
    .filter((line) => line.error_severity !== undefined);
}

const masked = (text: string) => text.replace(/\d+\.\d{3} ms/, 'T ms').replace(/port=\d+/, 'port=P');

/** Runs statements in a session of their own; the messages that they left. */
async function logOf(server: TestServer, statements: readonly string[]): Promise<string[]> {
  const before = lines(server).length;
  const client = await WireClient.connect({ ...server, user: 'postgres', database: 'postgres' });
  for (const statement of statements) await client.query(statement);
  client.close();
  const isOver = () => lines(server).some((line, n) => n >= before && line.msg.startsWith('disconnection'));
  while (!isOver()) await new Promise((resolve) => setTimeout(resolve, 20));
  return lines(server)
    .slice(before)
    .filter(({ msg }) => !/^(connection|disconnection)/.test(msg))
    .map((line) => [masked(line.msg), line.detail, line.statement].filter((part) => part !== undefined).join(' | '));
}

test('the log', { timeout: 100_000 }, async (t) => {
  const server = await startServer({
    settings: ['heliosdb.workers=1', 'log_connections=on', 'log_disconnections=on'],
  });
  t.teardown(() => server.stop());

  await t.test('log_statement and durations', async (t) => {
    t.same(
      await logOf(server, [
        "set log_statement = 'all'",
        'select 1; select 2',
        'prepare p(int) as select $1',
        'execute p(3)',
        'set log_duration = on',
        'select 3',
        "set log_statement = 'none'",
        'set log_min_duration_statement = 0',
        'execute p(4)',
        'reset log_min_duration_statement',
        'reset log_duration',
        'select 4',
      ]),
      [
        'statement: select 1; select 2',
        'statement: prepare p(int) as select $1',
        'statement: execute p(3) | prepare: prepare p(int) as select $1',
        'statement: set log_duration = on',
        'duration: T ms',
        'statement: select 3',
        'duration: T ms',
        "statement: set log_statement = 'none'",
        'duration: T ms',
        'duration: T ms  statement: set log_min_duration_statement = 0',
        'duration: T ms  statement: execute p(4) | prepare: prepare p(int) as select $1',
        'duration: T ms',
      ],
    );
  });

  await t.test('levels of log_statement', async (t) => {
    t.same(
      await logOf(server, [
        "set log_statement = 'ddl'",
        'create table logged (a int)',
        'insert into logged values (1)',
        'select 1 into temp copied',
        "set log_statement = 'mod'",
        'insert into logged values (1)',
        'explain select 1',
        'explain analyze delete from logged',
        'select 1',
        'truncate logged',
        'vacuum logged',
        'drop table logged',
      ]),
      [
        'statement: create table logged (a int)',
        'statement: select 1 into temp copied',
        'statement: insert into logged values (1)',
        'statement: explain analyze delete from logged',
        'statement: truncate logged',
        'statement: drop table logged',
      ],
    );
  });

  await t.test('sampled transactions', async (t) => {
    t.same(
      await logOf(server, [
        'set log_transaction_sample_rate = 1',
        'begin',
        'select 1',
        'commit',
        'set log_transaction_sample_rate = 0',
        'select 2',
      ]),
      ['begin', 'select 1', 'commit', 'set log_transaction_sample_rate = 0'].map(
        (text) => `duration: T ms  statement: ${text}`,
      ),
    );
  });

  await t.test('messages by log_min_messages, with their statement by log_min_error_statement', async (t) => {
    t.same(
      await logOf(server, [
        'select 1/0',
        'drop table if exists nowhere',
        "set log_min_error_statement = 'fatal'",
        'select 2/0',
        "set log_min_messages = 'notice'",
        'drop table if exists nowhere',
        "set log_min_messages = 'fatal'",
        'select 3/0',
        'reset log_min_messages',
      ]),
      ['division by zero | select 1/0', 'division by zero', 'table "nowhere" does not exist, skipping'],
    );
  });

  await t.test('passwords do not appear', async (t) => {
    const logged = await logOf(server, [
      "set log_statement = 'all'",
      "create role hidden password 'secret one'",
      "alter role hidden encrypted password E'secret \\'two'",
      'alter role hidden password $x$secret three$x$ nonsense',
      "alter role hidden password 'secret four",
      'drop role hidden',
    ]);
    t.same(logged, [
      "statement: create role hidden password '********'",
      "statement: alter role hidden encrypted password '********'",
      `unrecognized role option "nonsense" | alter role hidden password '********' nonsense`,
      `unterminated quoted string at or near "'********'" | alter role hidden password '********'`,
      'statement: drop role hidden',
    ]);
    t.notMatch(server.output(), 'secret');
  });

  await t.test('connections, and whose lines they are', async (t) => {
    await logOf(server, ["set application_name = 'me'", 'select 1/0']);
    const all = lines(server);
    const error = all[all.findLastIndex(({ msg }) => msg === 'division by zero')];
    t.match(error, { error_severity: 'ERROR', state_code: '22012', user: 'postgres', dbname: 'postgres' });
    t.match(error, { application_name: 'me', remote_host: '127.0.0.1', session_id: /^[0-9a-f]+\.[0-9a-f]+$/ });
    t.same(
      all.slice(-5).map(({ msg }) => masked(msg).replace(/\d:\d\d:\d\d\.\d{3}/, 'T')),
      [
        'connection received: host=127.0.0.1 port=P',
        'connection authenticated: identity="postgres" method=trust',
        'connection authorized: user=postgres database=postgres',
        'division by zero',
        'disconnection: session time: T user=postgres database=postgres host=127.0.0.1 port=P',
      ],
    );
    await WireClient.connect({ ...server, user: 'postgres', database: 'nowhere' }).catch(() => {});
    t.match(lines(server).at(-1), {
      error_severity: 'FATAL',
      state_code: '3D000',
      dbname: 'nowhere',
      msg: 'database "nowhere" does not exist',
    });
  });

  await t.test('waits for locks', async (t) => {
    const connect = () => WireClient.connect({ ...server, user: 'postgres', database: 'postgres' });
    const [holder, waiter] = [await connect(), await connect()];
    await holder.query('create table waited (a int)');
    await holder.query('begin; lock table waited');
    const [[holding], [waiting]] = [
      (await holder.query('select pg_backend_pid()')).rows[0] ?? [],
      (await waiter.query('select pg_backend_pid()')).rows[0] ?? [],
    ].map((row) => [row[0] ?? '']) as [[string], [string]];
    const before = lines(server).length;
    await waiter.query('set log_lock_waits = on; set deadlock_timeout = 20');
    const select = waiter.query('select 1 from waited');
    const told = () => lines(server).slice(before);
    while (!told().some(({ msg }) => msg.includes('still waiting'))) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await holder.query('commit');
    await select;
    t.match(told(), [
      {
        msg: /^process \d+ still waiting for AccessShareLock on relation \d+ of database 5 after \d+\.\d{3} ms$/,
        detail: `Process holding the lock: ${holding}. Wait queue: ${waiting}.`,
      },
      { msg: /^process \d+ acquired AccessShareLock on relation \d+ of database 5 after \d+\.\d{3} ms$/ },
    ]);
    holder.close();
    waiter.close();
  });
});
