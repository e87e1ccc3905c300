// Statements that need more memory than their worker has: 53200, and the worker's other session goes on in the middle of
// its transaction.
import { test } from 'tap';
import { WireClient } from '../../conformance/wire-client.js';
import { startServer } from '../support/server.js';

const statements = [
  'select array_length(array_fill(1, array[100000000]), 1)',
  'select array_agg(g) from generate_series(1, 100000000) g',
  'select array(select g from generate_series(1, 100000000) g)',
  "select string_agg(g || repeat('x', 1000), ',') from generate_series(1, 100000000) g",
  "select jsonb_agg(repeat('x', 100) || g) from generate_series(1, 100000000) g",
  "select json_object_agg(g, 'x') from generate_series(1, 100000000) g",
  'select percentile_disc(0.5) within group (order by g) from generate_series(1, 100000000) g',
  "with recursive r(t) as (select repeat('x', 1000) union select t || 'x' from r) select count(*) from r",
  "select length(replace(repeat('x', 100000000), 'x', 'xy'))",
  "select string_to_array(repeat('x,', 100000000), ',')",
];

/** What spills or streams instead: results of any size in the same memory. */
const bounded = [
  ['select count(*) from (select g, count(*) from generate_series(1, 400000) g group by g) s', '400000'],
  ["select count(*) from (select g, repeat('x', 1000) t from generate_series(1, 200000) g order by t, g) s", '200000'],
  [
    "select sum(length(t)) from (select repeat('x', 1000000) t from generate_series(1, 400) g order by g) s",
    '400000000',
  ],
  ["select count(*) from (select sum(g) over (), repeat('x', 1000) from generate_series(1, 200000) g) s", '200000'],
  [
    "select count(*) from generate_series(1, 200000) a join (select g, repeat('x', 1000) t from generate_series(1, 200000) g) b on a = g where t > ''",
    '200000',
  ],
  [
    "with recursive r(n, t) as (select 1, repeat('x', 1000) union all select n + 1, t from r where n < 100000) select count(*) from r",
    '100000',
  ],
] as const;

test('a statement beyond the memory of its worker', { timeout: 280_000 }, async (t) => {
  const server = await startServer({ settings: ['heliosdb.workers=1', 'heliosdb.worker_memory=200MB'] });
  t.teardown(() => server.stop());
  const options = { host: server.host, port: server.port, user: 'postgres', database: 'postgres' };
  const other = await WireClient.connect(options);
  const client = await WireClient.connect(options);
  await other.query('begin; create temp table kept (n int); insert into kept values (1)');
  for (const sql of statements) {
    const running = client.query(sql);
    const { error } = await running;
    t.same([error?.code, error?.message], ['53200', 'out of memory'], sql);
    t.match(error?.detail, /^Failed on request of size \d+ in memory context "[A-Za-z ]+"\.$/);
    const { rows } = await other.query('select n from kept');
    t.same(rows, [['1']], 'the other session goes on');
  }
  for (const [sql, expected] of bounded) {
    const { rows, error } = await client.query(sql);
    t.equal(error, null, sql);
    t.same(rows, [[expected]], sql);
  }
  t.equal((await other.query('commit')).error, null);
  client.close();
  other.close();
});

test('a limit of its own', { timeout: 60_000 }, async (t) => {
  const server = await startServer({ settings: ['heliosdb.workers=1'] });
  t.teardown(() => server.stop());
  const options = { host: server.host, port: server.port, user: 'postgres', database: 'postgres' };
  const client = await WireClient.connect(options);
  await client.query("set heliosdb.statement_memory = '10MB'");
  const large = 'select array_length(array_agg(g), 1) from generate_series(1, 1000000) g';
  t.equal((await client.query(large)).error?.code, '53200');
  await client.query('reset heliosdb.statement_memory');
  t.same((await client.query(large)).rows, [['1000000']]);
  const cursor =
    "set work_mem = '64kB'; set heliosdb.statement_memory = '1MB'; begin; declare c scroll cursor for select g from generate_series(1, 100000) g; move all c; fetch absolute 77777 from c";
  t.same((await client.query(cursor)).rows, [['77777']], 'cursors spill');
  client.close();
});
