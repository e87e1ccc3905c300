// Prepared statements by key that the addon answers by itself, and everything at which it hands over to the session.
import pg from 'pg';
import { test } from 'tap';
import { type TestServer, startServer } from '../support/server.js';

const setUp = `
  create table account (id int primary key, balance int not null, note text);
  insert into account select g, 100, 'note ' || g from generate_series(1, 100) g;
  create table entry (account int, amount int, at timestamptz, local timestamp, note text);
  create table stock (code text, place int, count bigint); create unique index on stock (code, place desc);
  insert into stock values ('a', 1, 5), ('a', 2, 6), ('b', 1, null)`;

const statements = {
  get: 'select id, balance, note from account where id = $1',
  count: 'select count from stock where place = $2 and code = $1',
  add: 'update account set balance = balance + $2, note = $3 where id = $1',
  log: 'insert into entry (account, amount, at, local, note) values ($1, $2, current_timestamp, current_timestamp, $3)',
  begin: 'begin',
  commit: 'commit',
  rollback: 'rollback',
} as const;
type Name = keyof typeof statements;

/** Uses after which a prepared statement has its generic plan. */
const settledRuns = 7;

async function connect(server: TestServer): Promise<pg.Client> {
  const client = new pg.Client({ host: server.host, port: server.port, user: 'postgres', database: 'postgres' });
  client.on('error', () => {});
  await client.connect();
  return client;
}

function run(client: pg.Client, name: Name, values: unknown[] = []): Promise<pg.QueryArrayResult> {
  return client.query({ name, text: statements[name], values, rowMode: 'array' });
}

/** How often the statement was run with its generic plan, the addon's runs included. */
async function genericRuns(client: pg.Client, name: string): Promise<number> {
  const found = await client.query('select generic_plans n from pg_prepared_statements where name = $1', [name]);
  return Number(found.rows[0]?.n ?? 0);
}

/** A client whose statements are all settled. */
async function settled(server: TestServer): Promise<pg.Client> {
  const client = await connect(server);
  for (let n = 0; n < settledRuns; n++) {
    await run(client, 'begin');
    await run(client, 'get', [1]);
    await run(client, 'count', ['a', 1]);
    await run(client, 'add', [1, 0, 'note 1']);
    await run(client, 'log', [1, 0, null]);
    await run(client, n === 0 ? 'commit' : 'rollback');
  }
  return client;
}

async function code(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(
    () => undefined,
    (error: { code?: string }) => error.code,
  );
}

test('prepared statements by key', { timeout: 120_000 }, async (t) => {
  const server = await startServer();
  t.teardown(() => server.stop());
  const admin = await connect(server);
  await admin.query(setUp);

  await t.test('rows and their changes', async (t) => {
    const client = await settled(server);
    const before = await genericRuns(client, 'get');
    t.same((await run(client, 'get', [7])).rows, [[7, 100, 'note 7']]);
    t.same((await run(client, 'get', [101])).rows, []);
    t.same((await run(client, 'get', [null])).rows, []);
    t.equal(await genericRuns(client, 'get'), before + 3);
    t.same((await run(client, 'count', ['a', 2])).rows, [['6']]);
    t.same((await run(client, 'count', ['b', 1])).rows, [[null]]);
    t.equal((await run(client, 'add', [7, -30, 'käse'])).rowCount, 1);
    t.equal((await run(client, 'add', [700, -30, ''])).rowCount, 0);
    t.same((await admin.query('select balance, note from account where id = 7')).rows, [{ balance: 70, note: 'käse' }]);
    t.equal((await run(client, 'add', [7, 30, null])).rowCount, 1);
    t.same((await admin.query('select balance, note from account where id = 7')).rows, [{ balance: 100, note: null }]);
    t.equal((await run(client, 'log', [7, 30, 'x'])).command, 'INSERT');
    const entry = await admin.query(
      "select account, amount, note, at = local at time zone current_setting('timezone') same, " +
        "at between now() - interval '1 minute' and now() recent from entry where amount = 30",
    );
    t.same(entry.rows, [{ account: 7, amount: 30, note: 'x', same: true, recent: true }]);
    t.equal(await genericRuns(client, 'add'), settledRuns - 5 + 3);
    await client.end();
  });

  await t.test('blocks that go on in the session, and back', async (t) => {
    const client = await settled(server);
    await run(client, 'begin');
    await run(client, 'add', [8, 1, 'mine']);
    t.same((await run(client, 'get', [8])).rows, [[8, 101, 'mine']]);
    t.same((await admin.query('select balance from account where id = 8')).rows, [{ balance: 100 }]);
    // The general path reads and writes in the same transaction.
    t.same((await client.query('select sum(balance) s from account')).rows, [{ s: '10001' }]);
    t.equal(
      (await client.query('select xmin::text = pg_current_xact_id()::text mine from account where id = 8')).rows[0]
        .mine,
      true,
    );
    await client.query('savepoint s');
    await run(client, 'add', [8, 10, 'more']);
    await client.query('rollback to s');
    t.same((await run(client, 'get', [8])).rows, [[8, 101, 'mine']]);
    await run(client, 'commit');
    t.same((await admin.query('select balance from account where id = 8')).rows, [{ balance: 101 }]);
    await run(client, 'begin');
    await run(client, 'add', [8, 50, '']);
    await run(client, 'rollback');
    t.same((await run(client, 'get', [8])).rows, [[8, 101, 'mine']]);
    // Twice the same row.
    await run(client, 'begin');
    await run(client, 'add', [8, 1, 'a']);
    await run(client, 'add', [8, 1, 'b']);
    t.same((await run(client, 'get', [8])).rows, [[8, 103, 'b']]);
    await run(client, 'commit');
    t.same((await admin.query('select balance, note from account where id = 8')).rows, [{ balance: 103, note: 'b' }]);
    await client.end();
  });

  await t.test("errors are the general path's", async (t) => {
    const client = await settled(server);
    t.equal(await code(run(client, 'add', [9, 2147483647, ''])), '22003');
    t.equal(await code(run(client, 'add', [9, null, ''])), '23502');
    t.equal(await code(run(client, 'get', ['nine'])), '22P02');
    t.equal(await code(run(client, 'get', ['99999999999'])), '22003');
    t.equal(await code(run(client, 'log', [9, 1, 'a\0b'])), '22021');
    await run(client, 'begin');
    await run(client, 'add', [9, 1, 'kept?']);
    t.equal(await code(run(client, 'add', [9, 2147483647, ''])), '22003');
    t.equal(await code(run(client, 'get', [9])), '25P02');
    t.equal((await run(client, 'commit')).command, 'ROLLBACK');
    t.same((await run(client, 'get', [9])).rows, [[9, 100, 'note 9']]);
    await client.query('begin');
    await client.query('commit');
    t.equal((await run(client, 'commit')).command, 'COMMIT');
    await client.end();
  });

  await t.test('a row that another has is waited for', async (t) => {
    const [first, second] = [await settled(server), await settled(server)];
    await run(first, 'begin');
    await run(first, 'add', [10, 1, 'first']);
    await run(second, 'begin');
    const waiting = run(second, 'add', [10, 2, 'second']);
    const isWaiting = async () =>
      (await admin.query("select 1 from pg_stat_activity where wait_event_type = 'Lock'")).rows.length > 0;
    while (!(await isWaiting()));
    await run(first, 'commit');
    t.equal((await waiting).rowCount, 1);
    await run(second, 'commit');
    t.same((await run(first, 'get', [10])).rows, [[10, 103, 'second']]);
    await first.end();
    await second.end();
  });

  await t.test('the client goes away in the middle', async (t) => {
    const client = await settled(server);
    await run(client, 'begin');
    await run(client, 'add', [11, 1, 'lost']);
    const { rows } = await admin.query("select pid, state from pg_stat_activity where query like 'update account%'");
    t.equal(rows[0]?.state, 'idle in transaction');
    await client.end();
    const other = await settled(server);
    t.equal((await run(other, 'add', [11, 5, 'kept'])).rowCount, 1);
    t.same((await run(other, 'get', [11])).rows, [[11, 105, 'kept']]);
    // Or is sent away.
    await run(other, 'begin');
    await run(other, 'add', [12, 1, 'lost']);
    // It is told at once, or with its next statement.
    const told = new Promise((resolve) => other.once('error', (error: { code?: string }) => resolve(error.code)));
    const { rows: sessions } = await admin.query(
      "select pg_terminate_backend(pid) done from pg_stat_activity where state = 'idle in transaction'",
    );
    t.same(sessions, [{ done: true }]);
    const answered = run(other, 'get', [12]).then(
      () => 'answered',
      (error: { code?: string }) => error.code ?? told,
    );
    t.equal(await answered, '57P01');
    t.equal((await admin.query('update account set balance = 1 where id = 12')).rowCount, 1);
  });

  await t.test('the catalogs change', async (t) => {
    const client = await settled(server);
    await admin.query('alter table account add extra int default 7');
    t.equal((await run(client, 'add', [13, 1, 'n'])).rowCount, 1);
    t.same((await admin.query('select balance, extra from account where id = 13')).rows, [{ balance: 101, extra: 7 }]);
    await admin.query('alter table account add check (balance < 1000)');
    t.equal(await code(run(client, 'add', [13, 2000, ''])), '23514');
    await admin.query('create role reader; grant select on account to reader');
    await client.query('set role reader');
    t.same((await run(client, 'get', [13])).rows, [[13, 101, 'n']]);
    t.equal(await code(run(client, 'add', [13, 1, ''])), '42501');
    await client.query('reset role');
    t.equal((await run(client, 'add', [13, 1, 'm'])).rowCount, 1);
    await client.query('deallocate "get"');
    t.equal(await code(run(client, 'get', [13])), '26000');
    await client.end();
  });

  await t.test('statistics count them; a table is dropped', async (t) => {
    const client = await settled(server);
    const counted = async () =>
      (
        await admin.query(
          "select n_tup_upd u, n_tup_hot_upd h, idx_scan i, (select xact_commit from pg_stat_database where datname = 'postgres') c " +
            "from pg_stat_user_tables where relname = 'stock'",
        )
      ).rows[0];
    await client.query('select pg_stat_force_next_flush()');
    await client.query('select 1');
    const before = await counted();
    for (let n = 0; n < 20; n++) await run(client, 'count', ['a', 1]);
    await client.query('select pg_stat_force_next_flush()');
    await client.query('select 1');
    const after = await counted();
    t.equal(Number(after.i) - Number(before.i), 20);
    t.ok(Number(after.c) - Number(before.c) >= 20);
    await admin.query('drop table entry');
    t.equal(await code(run(client, 'log', [1, 1, ''])), '42P01');
    await client.end();
  });
  await admin.end();
});
