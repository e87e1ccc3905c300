// What runs as a pipeline and what does not, as EXPLAIN ANALYZE tells it.
import pg from 'pg';
import { test } from 'tap';
import { startServer } from '../support/server.js';
import { makeTables } from './tables.js';

const native = [
  'select count(*) from small',
  "select c, sum(m * (1 - m)), avg(f) from small where d <= date '2000-01-05' and t like 'text%' group by c order by c",
  'select i % 3, min(d), max(t), count(distinct l) from small group by 1',
  "select count(*) from small where ts >= date '2000-03-01' and tz < timestamptz '2000-01-01' + interval '3 days'",
  'select count(*) filter (where i in (1, 2)), sum(case when b then n else 0 end) from small where s is not null',
];

const byNodes = [
  'select array_agg(i) from small',
  'select sum(i order by l) from small',
  'select count(*) from small where j is not null',
  'select count(*) from small where random() < 2',
  'select s, count(*) from small group by grouping sets ((s), ())',
  'select count(*) from small where t < \'a\' collate "en-x-icu"',
  'select sum(n) from (values (1.5), (2)) v (n)',
  'select count(*) from pg_class a join pg_class b on a.oid = b.oid',
];

async function threads(client: pg.Client, sql: string): Promise<number> {
  const { rows } = await client.query(`explain (analyze, format json) ${sql}`);
  return Number(/"Native Pipeline Threads": (\d+)/.exec(JSON.stringify(rows[0]['QUERY PLAN'], null, 1))?.[1] ?? 0);
}

test('which statements run as pipelines', async (t) => {
  const server = await startServer();
  t.teardown(() => server.stop());
  const client = new pg.Client({ host: server.host, port: server.port, user: 'postgres', database: 'postgres' });
  await client.connect();
  await makeTables(client);
  await client.query('set heliosdb.native_pipelines = force');
  for (const sql of native) t.equal(await threads(client, sql), 1, sql);
  for (const sql of byNodes) t.equal(await threads(client, sql), 0, sql);

  await client.query('set heliosdb.native_pipelines = on');
  t.equal(await threads(client, 'select count(*) from small'), 0, 'a small table is read sooner');
  t.ok((await threads(client, 'select count(*) from large')) >= 1, 'a large one is not');

  t.ok(
    (await threads(client, 'select * from large where i % 5000 = 1')) >= 1,
    'rows that few pass a filter are looked for',
  );
  t.equal(await threads(client, 'select * from large where g > 10'), 0, 'those that most pass are read');
  t.equal(await threads(client, 'select * from large where g > 10 limit 100'), 0);

  await client.query('begin');
  await client.query("insert into large values (0, 0, 0, 0, 'mine')");
  const own = await client.query('select count(*)::int n from large');
  t.equal(own.rows[0].n, 120_001, 'own rows are seen');
  t.equal(await threads(client, 'select count(*) from large'), 0, 'by the nodes');
  await client.query('rollback');

  await client.query('begin isolation level repeatable read');
  await client.query('select 1');
  const other = new pg.Client({ host: server.host, port: server.port, user: 'postgres', database: 'postgres' });
  await other.connect();
  await other.query('delete from large where i <= 1000');
  const before = await client.query('select count(*)::int n from large');
  t.equal(before.rows[0].n, 120_000, 'a snapshot is kept to');
  await client.query('commit');
  const after = await client.query('select count(*)::int n from large');
  t.equal(after.rows[0].n, 119_000);
  await other.end();

  await client.query("set work_mem = '64kB'");
  t.equal(await threads(client, 'select i, count(*) from large group by i'), 0, 'too many groups for work_mem');
  const plan = await client.query(
    'explain (analyze, costs off, timing off, summary off) select count(*) from large where g = 1',
  );
  const lines = plan.rows.map((row) => row['QUERY PLAN'] as string);
  t.match(lines[0], /^Aggregate \(actual rows=1 loops=1\)/);
  t.match(lines[1], /^ {2}Native Pipeline Threads: [12]$/);
  t.match(lines[2], /Seq Scan on large \(actual rows=23\d loops=1\)/);
  t.match(lines[4], /Rows Removed by Filter: 118\d+/);

  await client.query("set statement_timeout = '1ms'");
  await t.rejects(client.query("select count(*) from large where t like '%a%b%c%d%'"), { code: '57014' });
  await client.end();
});
