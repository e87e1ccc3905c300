// Statements at the limits of SQL. Expected answers are PostgreSQL 17's.
import { test } from 'tap';
import { WireClient } from '../../conformance/wire-client.js';
import { startServer } from '../support/server.js';

const numbers = (count: number, text: (n: number) => string, between = ',') =>
  Array.from({ length: count }, (_, n) => text(n)).join(between);

const answered: readonly (readonly [what: string, sql: string, answer: string])[] = [
  ['10,000 conditions with AND', `select ${numbers(10_000, () => 'true', ' and ')}`, 't'],
  [
    '10,000 conditions with OR',
    `select count(*) from generate_series(1, 9) g where ${numbers(10_000, (n) => `g = ${n}`, ' or ')}`,
    '9',
  ],
  ['100,000 in a list', `select count(*) from generate_series(1, 9) g where g in (${numbers(100_000, String)})`, '9'],
  ['100,000 rows of VALUES', `select count(*) from (values ${numbers(100_000, (n) => `(${n})`)}) v`, '100000'],
  ['1,000 parentheses', `select ${'('.repeat(1000)}1${')'.repeat(1000)}`, '1'],
  ['1,664 columns', `select count(*) from (select ${numbers(1664, (n) => `${n} c${n}`)}) s`, '1'],
  ['a literal of 30 MB', `select length('${'x'.repeat(30_000_000)}')`, '30000000'],
  ['a literal with escapes of 10 MB', `select length(E'${'x\\n'.repeat(3_000_000)}')`, '6000000'],
  ['a comment of 20 MB', `select 1 /* ${'x'.repeat(20_000_000)} */`, '1'],
  [
    '300 CTEs in a row',
    `with c0 as (select 1 x), ${numbers(299, (n) => `c${n + 1} as (select x + 1 x from c${n})`)} select x from c299`,
    '300',
  ],
];

const refused: readonly (readonly [what: string, sql: string, code: string, message: string])[] = [
  [
    '10,000 parentheses',
    `select ${'('.repeat(10_000)}1${')'.repeat(10_000)}`,
    '42601',
    'memory exhausted at or near "("',
  ],
  [
    '10,000 subqueries',
    `select ${'(select '.repeat(10_000)}1${')'.repeat(10_000)}`,
    '42601',
    'memory exhausted at or near "("',
  ],
  [
    '10,000 calls',
    `select ${'abs('.repeat(10_000)}1${')'.repeat(10_000)}`,
    '42601',
    'memory exhausted at or near "abs"',
  ],
  ['1,665 columns', `select ${numbers(1665, String)}`, '54011', 'target lists can have at most 1664 entries'],
  [
    'a table of 1,601 columns',
    `create table t (${numbers(1601, (n) => `c${n} int`)})`,
    '54011',
    'tables can have at most 1600 columns',
  ],
  [
    'a call with 101 arguments',
    `select f(${numbers(101, String)})`,
    '54023',
    'cannot pass more than 100 arguments to a function',
  ],
  ['a parameter out of range', 'prepare p as select $65536', '42P18', 'could not determine data type of parameter $1'],
  ['a parameter passed over', 'prepare p as select $2::int', '42P18', 'could not determine data type of parameter $1'],
  ['an endless function', 'select endless(1)', '54001', 'stack depth limit exceeded'],
  ['a text of no length', "select repeat('x', 1073741824)", '54000', 'requested length too large'],
  [
    'an array of too many',
    'select array_fill(1, array[134217728])',
    '54000',
    'array size exceeds the maximum allowed (134217727)',
  ],
  ['a zero byte', 'select chr(0)', '54000', 'null character not permitted'],
  ['a date too far', "select '5874898-01-01'::date", '22008', 'date out of range: "5874898-01-01"'],
];

test('statements at the limits', { timeout: 100_000 }, async (t) => {
  const server = await startServer({ settings: ['heliosdb.workers=1'] });
  t.teardown(() => server.stop());
  const client = await WireClient.connect({ ...server, user: 'postgres', database: 'postgres' });
  await client.query("create function endless(int) returns int language sql as 'select 1'");
  await client.query("create or replace function endless(int) returns int language sql as 'select endless($1 + 1)'");
  for (const [what, sql, answer] of answered) {
    const { rows, error } = await client.query(sql);
    t.same([error, rows], [null, [[answer]]], what);
  }
  for (const [what, sql, code, message] of refused) {
    const { error } = await client.query(sql);
    t.same([error?.code, error?.message], [code, message], what);
  }
  t.same((await client.query('show is_superuser')).rows, [['on']]);
  client.close();
});
