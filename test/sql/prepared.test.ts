// Prepared transactions: what can't be prepared, who may finish what, and what a killed server finds again. The expected
// values are what PostgreSQL 17 does with the same statements.
import pg from 'pg';
import { test } from 'tap';
import { newDirectory, startServer } from '../support/server.js';
import type { TestServer } from '../support/server.js';
import { rmSync } from 'node:fs';

const settings = ['max_prepared_transactions=3', 'heliosdb.workers=2'];

async function connect(server: TestServer, options: { user?: string; database?: string } = {}): Promise<pg.Client> {
  const client = new pg.Client({
    host: server.host,
    port: server.port,
    user: options.user ?? 'postgres',
    database: options.database ?? 'postgres',
  });
  await client.connect();
  return client;
}

/** The statements one by one; the last one's first column. */
async function run(client: pg.Client, ...statements: string[]): Promise<unknown[]> {
  let rows: unknown[][] = [];
  for (const text of statements) ({ rows } = await client.query({ text, rowMode: 'array' }));
  return rows.map(([value]) => value);
}

/** SQLSTATE of the last statement's error; the transaction it left is ended. */
async function codeOf(client: pg.Client, ...statements: string[]): Promise<string | null> {
  try {
    await run(client, ...statements);
    return null;
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    await client.query('ROLLBACK');
  }
}

const waiting = 'SELECT gid FROM pg_prepared_xacts ORDER BY gid';

test('by default nothing can be prepared', { timeout: 60_000 }, async (t) => {
  const server = await startServer();
  const client = await connect(server);
  t.equal(await codeOf(client, 'BEGIN', "PREPARE TRANSACTION 'off'"), '55000');
  t.same(await run(client, 'SHOW max_prepared_transactions'), ['0']);
  await client.end();
  await server.stop();
});

test('prepared transactions', { timeout: 180_000 }, async (t) => {
  const directory = await newDirectory();
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  let server = await startServer({ directory, settings });
  let client = await connect(server);
  await run(
    client,
    'CREATE TABLE account (id int PRIMARY KEY, balance int)',
    'INSERT INTO account SELECT i, 100 FROM generate_series(1, 9) i',
    'CREATE TEMPORARY TABLE passing (a int)',
    'CREATE ROLE helper LOGIN',
    'CREATE DATABASE other',
  );

  await t.test('what can not be prepared', async (t) => {
    const prepare = "PREPARE TRANSACTION 'no'";
    t.equal(await codeOf(client, 'BEGIN', 'SELECT FROM passing', prepare), '0A000');
    t.equal(await codeOf(client, 'BEGIN', 'SAVEPOINT s', 'SELECT FROM passing', 'ROLLBACK TO s', prepare), '0A000');
    t.equal(await codeOf(client, 'BEGIN', 'CREATE TEMPORARY VIEW v AS SELECT 1', prepare), '0A000');
    t.equal(await codeOf(client, 'BEGIN', 'NOTIFY n', prepare), '0A000');
    t.equal(await codeOf(client, 'BEGIN', 'SELECT pg_export_snapshot()', prepare), '0A000');
    t.equal(await codeOf(client, 'BEGIN', 'DECLARE c CURSOR WITH HOLD FOR SELECT 1', prepare), '0A000');
    await run(client, 'SELECT pg_advisory_lock(1)');
    t.equal(await codeOf(client, 'BEGIN', 'SELECT pg_advisory_xact_lock_shared(1)', prepare), '0A000');
    t.equal(await codeOf(client, 'BEGIN', `PREPARE TRANSACTION '${'x'.repeat(200)}'`), '22023');
    t.same(await run(client, waiting), []);
    const failed = await client.query('BEGIN; SELECT 1; SELECT 1 / 0').catch(() => client.query(prepare));
    t.equal((failed as pg.QueryResult).command, 'ROLLBACK');
  });

  await t.test('finished by others, in the same database', async (t) => {
    await run(client, 'BEGIN', 'UPDATE account SET balance = 0 WHERE id = 1', "PREPARE TRANSACTION 'a'");
    t.same(await run(client, 'SELECT balance FROM account WHERE id = 1'), [100]);
    t.equal(await codeOf(client, 'BEGIN', "PREPARE TRANSACTION 'a'"), '42710');
    const helper = await connect(server, { user: 'helper' });
    t.equal(await codeOf(helper, "COMMIT PREPARED 'a'"), '42501');
    await helper.end();
    const away = await connect(server, { database: 'other' });
    t.equal(await codeOf(away, "COMMIT PREPARED 'a'"), '0A000');
    await run(away, 'BEGIN', 'CREATE TABLE t ()', "PREPARE TRANSACTION 'away'");
    await away.end();
    t.equal(await codeOf(client, 'DROP DATABASE other WITH (FORCE)'), '55006');
    t.equal(await codeOf(client, 'BEGIN', "COMMIT PREPARED 'a'"), '25001');
    await run(client, 'BEGIN', "PREPARE TRANSACTION 'last'");
    t.equal(await codeOf(client, 'BEGIN', "PREPARE TRANSACTION 'more'"), '53200');
    await run(client, "COMMIT PREPARED 'a'", "ROLLBACK PREPARED 'last'");
    t.same(await run(client, 'SELECT balance FROM account WHERE id = 1'), [0]);
    t.equal(await codeOf(client, "COMMIT PREPARED 'a'"), '42704');
    t.same(await run(client, waiting), ['away']);
  });

  await t.test('found again by a killed server, with their locks', async (t) => {
    await run(
      client,
      'BEGIN',
      'UPDATE account SET balance = balance - 10 WHERE id = 2',
      'INSERT INTO account VALUES (10, 10)',
      'SELECT FROM account WHERE id = 3 FOR SHARE',
      'SELECT pg_advisory_xact_lock(77)',
      'CREATE TABLE made (id serial PRIMARY KEY)',
      'INSERT INTO made DEFAULT VALUES',
      "PREPARE TRANSACTION 'kept'",
    );
    const locks = 'SELECT locktype || mode FROM pg_locks WHERE pid IS NULL ORDER BY 1';
    const held = await run(client, locks);
    t.same(await run(client, 'SELECT pg_try_advisory_lock(77)'), [false]);
    client.on('error', () => undefined);
    await server.kill();
    server = await startServer({ directory, settings });
    client = await connect(server);
    t.same(await run(client, waiting), ['away', 'kept']);
    t.same(await run(client, locks), held);
    t.same(await run(client, 'SELECT pg_try_advisory_lock(77)'), [false]);
    await run(client, "SET lock_timeout = '100ms'");
    t.equal(await codeOf(client, 'UPDATE account SET balance = 0 WHERE id = 2'), '55P03');
    t.equal(await codeOf(client, 'INSERT INTO account VALUES (10, 0)'), '55P03', 'the unique key is locked');
    t.equal(await codeOf(client, 'DELETE FROM account WHERE id = 3'), '55P03');
    t.equal(await codeOf(client, 'DROP TABLE account'), '55P03');
    t.same(await run(client, 'SELECT id FROM account WHERE id = 3 FOR SHARE'), [3]);
    t.equal(await codeOf(client, 'SELECT FROM made'), '42P01');
    // A waiter goes on once the transaction is finished, on another worker than its own.
    const waiter = await connect(server);
    const updated = waiter.query('UPDATE account SET balance = balance + 1 WHERE id = 2 RETURNING balance');
    while ((await run(client, 'SELECT count(*)::int FROM pg_locks WHERE NOT granted'))[0] === 0);
    await run(client, "COMMIT PREPARED 'kept'");
    t.same((await updated).rows, [{ balance: 91 }]);
    await waiter.end();
    // The crash cost the values that the log had reserved ahead.
    t.same(await run(client, 'INSERT INTO made DEFAULT VALUES RETURNING id'), [34]);
    t.same(await run(client, 'SELECT count(*)::int FROM account'), [10]);
    const away = await connect(server, { database: 'other' });
    await run(away, "ROLLBACK PREPARED 'away'", 'CREATE TABLE t ()');
    await away.end();
    t.same(await run(client, locks), []);
  });

  await client.end();
  await server.stop();
});
