// Transaction ids, snapshots as text and exported snapshots, as several sessions see them. The expected values are what
// PostgreSQL 17 does with the same statements.
import { rmSync } from 'node:fs';
import pg from 'pg';
import { test } from 'tap';
import { newDirectory, startServer } from '../support/server.js';
import type { TestServer } from '../support/server.js';

async function connect(server: TestServer): Promise<pg.Client> {
  const client = new pg.Client({ host: server.host, port: server.port, user: 'postgres', database: 'postgres' });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** The statements one by one; the first column of the last one's first row. */
async function run(client: pg.Client, ...statements: string[]): Promise<string> {
  let rows: unknown[][] = [];
  for (const text of statements) ({ rows } = await client.query({ text, rowMode: 'array' }));
  return String(rows[0]?.[0]);
}

test('transaction ids', { timeout: 180_000 }, async (t) => {
  const directory = await newDirectory();
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const settings = ['heliosdb.workers=2', 'autovacuum=off', 'max_prepared_transactions=1'];
  let server = await startServer({ directory, settings });
  let one = await connect(server);
  let other = await connect(server);
  const status = (xid: string) => run(other, `SELECT pg_xact_status('${xid}')`);
  const current = 'SELECT pg_current_snapshot()';
  await run(one, 'CREATE TABLE t (a int)');

  await t.test('what became of one', async (t) => {
    const committed = await run(one, 'BEGIN', 'INSERT INTO t VALUES (1)', 'SELECT pg_current_xact_id()');
    t.equal(await status(committed), 'in progress');
    await run(one, 'COMMIT');
    t.equal(await status(committed), 'committed');
    const empty = await run(one, 'BEGIN', 'SELECT pg_current_xact_id()');
    await run(one, 'COMMIT');
    t.equal(await status(empty), 'committed', 'without writes, too');
    const rolledBack = await run(one, 'BEGIN', 'INSERT INTO t VALUES (2)', 'SELECT txid_current()');
    await run(one, 'ROLLBACK');
    t.equal(await status(rolledBack), 'aborted');
    t.equal(await status('3'), 'null', 'too old to tell');
    const next = String(BigInt(rolledBack) + 1n);
    await t.rejects(status(next), { message: `transaction ID ${next} is in the future`, code: '22023' });
    t.equal(await run(one, current), `${next}:${next}:`, 'looking takes none');
    await server.kill();
    server = await startServer({ directory, settings });
    one = await connect(server);
    other = await connect(server);
    t.equal(await status(committed), 'committed', 'after a crash');
    t.equal(await run(one, `SELECT xmin = '${committed}'::xid FROM t`), 'true');
  });

  await t.test('subtransactions and commands', async (t) => {
    await run(one, 'CREATE TABLE sub (a int)', 'BEGIN');
    const top = BigInt(await run(one, 'SAVEPOINT a', 'SAVEPOINT b', 'SELECT pg_current_xact_id()'));
    const after = (text: string) => run(one, text.replaceAll('TOP', String(top)));
    const versions = 'SELECT array_agg(ARRAY[a, xmin::text::int8 - TOP, cmin::text::int8] ORDER BY a)::text FROM sub';
    const held = `SELECT array_agg(transactionid::text::int8 - TOP ORDER BY transactionid::text::int8)::text FROM pg_locks
      WHERE locktype = 'transactionid' AND pid = pg_backend_pid()`;
    const statuses = async () => (await Promise.all([0n, 1n, 2n, 3n].map((n) => status(String(top + n))))).join();
    await t.rejects(status(String(top + 1n)), { code: '22023' }, 'only a write takes one');
    await run(one, 'INSERT INTO sub VALUES (1)', 'SELECT 1', 'INSERT INTO sub VALUES (2)', 'SAVEPOINT c');
    t.equal(await after(held), '{0,1,2}', 'those around it have theirs before');
    await run(one, 'INSERT INTO sub VALUES (3)', 'RELEASE c', 'INSERT INTO sub VALUES (4)');
    t.equal(await after(versions), '{{1,2,0},{2,2,1},{3,3,2},{4,2,3}}');
    t.equal(await after(held), '{0,1,2}');
    t.equal(await statuses(), 'in progress,in progress,in progress,in progress');
    await run(one, 'ROLLBACK TO b');
    t.equal(await after(held), '{0,1}');
    t.equal(await statuses(), 'in progress,in progress,aborted,aborted');
    await run(one, 'INSERT INTO sub VALUES (5)', 'ROLLBACK TO a', 'INSERT INTO sub VALUES (6)');
    const block = 'INSERT INTO sub VALUES (7); BEGIN INSERT INTO sub VALUES (8); EXCEPTION WHEN others THEN NULL; END;';
    await run(one, `DO $$ BEGIN ${block} END $$`);
    t.equal(await after(versions), '{{6,5,5},{7,5,6},{8,6,7}}');
    await run(one, "PREPARE TRANSACTION 'sub'");
    const ended = async () => (await Promise.all([1n, 5n, 6n].map((n) => status(String(top + n))))).join();
    t.equal(await ended(), 'aborted,in progress,in progress');
    await server.kill();
    server = await startServer({ directory, settings });
    one = await connect(server);
    other = await connect(server);
    t.equal(await ended(), 'aborted,in progress,in progress', 'after a crash');
    await run(one, "COMMIT PREPARED 'sub'");
    await server.kill();
    server = await startServer({ directory, settings });
    one = await connect(server);
    other = await connect(server);
    t.equal(await ended(), 'aborted,committed,committed', 'after another');
    t.equal(await after(versions), '{{6,5,5},{7,5,6},{8,6,7}}', 'others see the same');
    t.ok(BigInt(await run(one, 'SELECT pg_current_xact_id()')) > top + 6n);
  });

  await t.test('rows that were locked before they were written', async (t) => {
    await run(one, 'CREATE TABLE up (id int PRIMARY KEY, v int)', 'INSERT INTO up VALUES (1, 1), (2, 2)');
    const upsert = 'INSERT INTO up VALUES (1, 5), (3, 3) ON CONFLICT (id) DO UPDATE SET v = excluded.v';
    t.equal(
      await run(
        one,
        `WITH u AS (${upsert} RETURNING id, xmax = 0 AS new) SELECT array_agg(u ORDER BY id)::text FROM u`,
      ),
      '{"(1,f)","(3,t)"}',
    );
    const marks = 'SELECT array_agg(xmax = xmin ORDER BY id)::text FROM up';
    t.equal(await run(one, marks), '{t,f,f}');
    t.equal(await run(one, 'UPDATE up SET v = 0', marks), '{f,f,f}');
    const deleted =
      'DELETE FROM up WHERE id = 1 RETURNING xmin <> xmax AND xmax = pg_current_xact_id()::xid AND cmax::text = $$1$$';
    t.equal(await run(one, 'BEGIN', 'INSERT INTO up VALUES (9)', deleted), 'true');
    await run(one, 'ROLLBACK');
  });

  await t.test('what a snapshot does not see', async (t) => {
    const running = await run(other, 'BEGIN', 'SELECT pg_current_xact_id()');
    const later = await run(one, 'BEGIN', 'SELECT pg_current_xact_id()');
    await run(one, 'COMMIT');
    const end = String(BigInt(later) + 1n);
    const kept = await run(one, 'BEGIN ISOLATION LEVEL REPEATABLE READ', current);
    t.equal(kept, `${running}:${end}:${running}`);
    await run(other, 'INSERT INTO t VALUES (3)', 'COMMIT');
    t.equal(await run(one, current), kept, 'REPEATABLE READ keeps it');
    t.equal(await run(other, current), `${end}:${end}:`);
    t.equal(await run(one, `SELECT pg_visible_in_snapshot('${running}', pg_current_snapshot())`), 'false');
    t.equal(await run(one, 'SELECT count(*) FROM t'), '1');
    const own = await run(one, 'SELECT pg_current_xact_id()');
    t.equal(await run(one, current), `${running}:${end}:${running}`);
    t.equal(own, end);
    await run(one, 'COMMIT');
  });

  await t.test('exported for others, also once later commits are in the base', async (t) => {
    const name = await run(one, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', 'SELECT pg_export_snapshot()');
    await run(other, 'INSERT INTO t VALUES (4)', 'CREATE TABLE later ()', 'CHECKPOINT', 'INSERT INTO t VALUES (5)');
    const importers = await Promise.all(Array.from({ length: 4 }, () => connect(server)));
    for (const importer of importers) {
      await run(importer, 'BEGIN ISOLATION LEVEL REPEATABLE READ', `SET TRANSACTION SNAPSHOT '${name}'`);
      t.equal(await run(importer, 'SELECT count(*) FROM t'), '2');
    }
    await run(one, 'COMMIT');
    t.equal(await run(importers[0] as pg.Client, 'SELECT count(*) FROM t'), '2');
    await Promise.all(importers.map((importer) => importer.end()));
    await run(other, 'BEGIN ISOLATION LEVEL REPEATABLE READ');
    await t.rejects(run(other, `SET TRANSACTION SNAPSHOT '${name}'`), { code: '42704' });
    await run(other, 'ROLLBACK');
  });

  await one.end();
  await other.end();
  await server.stop();
});
