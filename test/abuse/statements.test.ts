// Statements that ask for more than there is: each ends in time, by its answer or by PostgreSQL 17's error, and the server
// goes on in bounded memory.
import { test } from 'tap';
import { WireClient } from '../../conformance/wire-client.js';
import { startServer } from '../support/server.js';
import { sizeOf } from './connections.js';

const timeoutMs = 1000;
/** Beyond the timeout: one step that can't be looked into, on a machine that is busy with other tests. */
const lateMsMax = 15_000;
const residentMbMax = 1500;
const timedOut = '57014';
const tooDeep = '54001';

/** A value, or the code of an error. */
const cases: readonly (readonly [sql: string, expected: string])[] = [
  // Deep.
  [`select ${'('.repeat(5000)}1${')'.repeat(5000)}`, '1'],
  [`select ${'1+'.repeat(20_000)}1`, tooDeep],
  [`select ('${'['.repeat(100_000)}${']'.repeat(100_000)}')::json is null`, tooDeep],
  [`select ('${'['.repeat(100_000)}${']'.repeat(100_000)}')::jsonb is null`, tooDeep],
  [`select '${'{'.repeat(100_000)}${'}'.repeat(100_000)}'::int[]`, '54000'],
  ['with recursive t(n) as (select 1 union all select n + 1 from t) select count(*) from t', timedOut],
  // Wide.
  [`select ${new Array(1665).fill('1').join()}`, '54011'],
  [`select count(*) from (${new Array(1500).fill('select 1').join(' union all ')}) t`, '1500'],
  [`select 1 where 1 in (${Array.from({ length: 50_000 }, (_, n) => n).join()})`, '1'],
  ['select count(*) from generate_series(1, 100000) a, generate_series(1, 100000) b where a + b < 0', timedOut],
  [
    `set work_mem = '64kB'; select max(x) from (select md5(g::text) x from generate_series(1, 20000000) g order by 1) t`,
    timedOut,
  ],
  ['select count(*) from generate_series(1::numeric, 1e30::numeric)', timedOut],
  // Patterns.
  [`select repeat('a', 60) || 'b' ~ '^(a+)+$'`, 'f'],
  [`select repeat('a', 5000) || 'c' ~ '(a|aa)+$'`, 'f'],
  [`select repeat('a', 5000) similar to '(a|aa|aaa)*b'`, 'f'],
  [`select length(regexp_replace(repeat('a', 100000), '(a*)*b', 'x', 'g'))`, '100000'],
  [`select repeat('a', 20000) ~ 'a*a*a*a*a*a*b'`, 'f'],
  [`select 'a' ~ 'a{256}'`, '2201B'],
  [`select repeat('a', 3000) like repeat('%a', 1500) || '%b'`, 'f'],
  [`select repeat('ab', 200000) like repeat('%b%a', 20000)`, 'f'],
  [`select repeat('aB', 20000) ilike repeat('%_b', 3000) || 'c'`, 'f'],
  // Large.
  [`select length(quote_literal(repeat('''', 100000000)))`, timedOut],
  [`select length(repeat('x', 2000000000))`, '54000'],
  [`select length(replace(repeat('a', 100000), 'a', repeat('b', 100000)))`, '54000'],
  ['select array_fill(1, array[2147483647])', '54000'],
  ['select factorial(32000) is null', 'f'],
  ['select exp(1000000::numeric)', '22003'],
];

test('each ends', { timeout: 280_000 }, async (t) => {
  const server = await startServer();
  t.teardown(() => server.stop());
  const address = { ...server, user: 'postgres', database: 'postgres' };
  const client = await WireClient.connect(address);
  const other = await WireClient.connect(address);
  await client.query(`set statement_timeout = ${timeoutMs}`);
  for (const [sql, expected] of cases) {
    const start = Date.now();
    const { rows, error } = await client.query(sql);
    const title = sql.length > 80 ? `${sql.slice(0, 50)} ... ${sql.slice(-25)}` : sql;
    t.equal(error?.code ?? rows.at(-1)?.[0], expected, title);
    t.ok(Date.now() - start < timeoutMs + lateMsMax, `in time: ${title}`);
  }
  // Values that are small where they lie and large where they are read.
  await client.query('set statement_timeout = 0');
  await client.query(`create table bomb as select repeat('x', 20000000) as v from generate_series(1, 5)`);
  t.same((await client.query('select sum(length(v)) from bomb')).rows, [['100000000']]);
  t.same((await client.query(`select count(*) from bomb where v like '%y'`)).rows, [['0']]);
  t.same((await other.query('select 1')).rows, [['1']], 'others go on');
  t.ok(sizeOf(server).residentMb < residentMbMax, `${sizeOf(server).residentMb} MB resident`);
  t.notMatch(server.output(), 'internal error');
  for (const each of [client, other]) each.close();
});
