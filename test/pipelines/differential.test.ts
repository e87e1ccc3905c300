// Random aggregations, run twice: by the executor's nodes and as native pipelines.
import pg from 'pg';
import { test } from 'tap';
import { randomNumbers } from '../support/random.js';
import { startServer } from '../support/server.js';
import { makeTables } from './tables.js';

const seed = 20_261_124;
const statementCount = 400;

type Random = (below: number) => number;

type Kind = 'bool' | 'whole' | 'float' | 'numeric' | 'date' | 'timestamp' | 'text';

const leaves: Record<Kind, readonly string[]> = {
  bool: ['b', 'b', 'true', 'null::bool'],
  whole: ['s', 'i', 'i', 'l', '3', '-7', '2147483647', 'i::int8', 's::int4'],
  float: ['f', 'f', '1.5::float8', 'i::float8', '0::float8'],
  numeric: ['n', 'm', 'm', '2', '1.250', '0.0', 'i::numeric', 'l::numeric'],
  date: ['d', 'd', "date '2000-01-10'", "date '1999-12-31'"],
  timestamp: ['ts', 'ts', "timestamp '2000-03-01'"],
  text: ['t', 't', 'v', "'text 3'", "''", "'käse'"],
};

const kinds = Object.keys(leaves) as Kind[];

function pick<T>(random: Random, from: readonly T[]): T {
  return from[random(from.length)] as T;
}

function expression(random: Random, kind: Kind, depth: number): string {
  if (depth === 0 || random(3) === 0) return pick(random, leaves[kind]);
  const sub = (of: Kind) => expression(random, of, depth - 1);
  if (random(8) === 0) return `case when ${sub('bool')} then ${sub(kind)} else ${sub(kind)} end`;
  if (random(12) === 0) return `coalesce(${sub(kind)}, ${sub(kind)})`;
  switch (kind) {
    case 'bool':
      return condition(random, depth);
    case 'whole':
      return `(${sub('whole')} ${pick(random, ['+', '-', '*', '/', '%'])} ${sub('whole')})`;
    case 'float':
      return `(${sub('float')} ${pick(random, ['+', '-', '*'])} ${sub('float')})`;
    case 'numeric':
      return random(6) === 0
        ? `extract(${pick(random, ['year', 'month', 'day'])} from ${sub('date')})`
        : `(${sub('numeric')} ${pick(random, ['+', '-', '*'])} ${sub('numeric')})`;
    case 'date':
      return `(${sub('date')} ${pick(random, ['+', '-'])} ${pick(random, ['1', '40', 's::int4'])})`;
    case 'timestamp':
      return pick(random, leaves.timestamp);
    default:
      return `substring(${sub('text')} from ${random(4) - 1} for ${random(5)})`;
  }
}

function condition(random: Random, depth: number): string {
  const sub = (of: Kind) => expression(random, of, depth - 1);
  const kind = pick(random, kinds);
  const operator = pick(random, ['=', '<>', '<', '<=', '>', '>=']);
  switch (random(10)) {
    case 0:
      return `(${sub('bool')} ${pick(random, ['and', 'or'])} ${sub('bool')})`;
    case 1:
      return `(not ${sub('bool')})`;
    case 2:
      return `(${sub(kind)} is ${pick(random, ['', 'not '])}null)`;
    case 3:
      return `(${sub('bool')} is ${pick(random, ['', 'not '])}${pick(random, ['true', 'false', 'unknown'])})`;
    case 4:
      return `(${pick(random, ['t', 'v', 'c'])} ${pick(random, ['', 'not '])}like ${pick(random, likes)})`;
    case 5:
      return `(i ${pick(random, ['', 'not '])}in (1, 4, ${random(9) - 4}))`;
    case 6:
      return `(t ${pick(random, ['', 'not '])}in ('', 'text 2', ${pick(random, ["'käse'", 'null'])}))`;
    case 7:
      return `(d ${operator} ts)`;
    case 8:
      return `(c ${operator} 'B')`;
    default:
      return `(${sub(kind)} ${operator} ${sub(kind)})`;
  }
}

const likes = ["'%a%'", "'text _'", "'a\\%%'", "'%e'", "'l%g%'", "'%k_se%'", "''", "'%'", "'B%'"];

function aggregate(random: Random): string {
  const of = (kind: Kind) => expression(random, kind, 2);
  const filter = random(5) === 0 ? ` filter (where ${condition(random, 1)})` : '';
  const name = pick(random, ['sum', 'avg', 'min', 'max']);
  switch (random(9)) {
    case 0:
      return `count(*)${filter}`;
    case 1:
      return `count(${of(pick(random, kinds))})${filter}`;
    case 2:
      return `count(distinct ${of(pick(random, kinds))})`;
    case 3:
      return `${name}(${of('whole')})${filter}`;
    case 4:
      return `${name}(${of('float')})${filter}`;
    case 5:
      return `${pick(random, ['bool_and', 'bool_or'])}(${of('bool')})${filter}`;
    case 6:
      return `${pick(random, ['min', 'max'])}(${of(pick(random, ['date', 'timestamp', 'text']))})${filter}`;
    default:
      return `${name}(${of('numeric')})${filter}`;
  }
}

const keys = [
  'b',
  's',
  'i',
  'o',
  'f',
  'n',
  'm',
  'd',
  'ts',
  'tz',
  'ti',
  't',
  'v',
  'c',
  'i % 3',
  'n * 2',
  'extract(year from d)',
];

function statement(random: Random): string {
  const aggregates = Array.from({ length: 1 + random(3) }, () => aggregate(random));
  const where = random(3) === 0 ? '' : ` where ${condition(random, 2)}`;
  const grouped = Array.from({ length: random(3) }, () => pick(random, keys));
  if (grouped.length === 0) return `select ${aggregates.join(', ')} from small${where}`;
  const having = random(6) === 0 ? ' having count(*) > 20' : '';
  const order = random(4) === 0 ? ' order by 1' : '';
  return `select ${[...grouped, ...aggregates].join(', ')} from small${where} group by ${grouped.join(', ')}${having}${order}`;
}

const large = [
  'select count(*), sum(i), min(n), max(t), avg(n), count(late), sum(late) from large',
  'select g, count(*), sum(n), sum(f), avg(i), min(t) from large where i % 3 > 0 group by g',
  'select g, t, count(*) from large where n < 100 group by g, t order by count(*) desc, g, t limit 20',
  'select count(distinct g), count(distinct t), count(distinct n) from large where i > 1000',
  'select t, sum(n) from large group by t having sum(n) > 190000',
  "select count(*) from large where t like '%7%' and n between 10 and 20.5",
  'select sum(i::int8 * 100000000000000) from large',
  'select sum(1 / (i - 60000)) from large',
  'select late, count(*) from large group by late',
  'select i, t, n from large where i % 1000 = 7',
  "select * from large where t = 'row 5' and n > 200 and g in (1, 2, 3)",
  'select i from large where g < 400',
  'select i from large where n = 3.25 limit 3',
  'select a.i, b.g from large a join large b on a.i = b.i + 1 where a.g = 499 and b.t <> a.t order by 1',
  'select i from large where 1 / (i - 110000) = 1',
  "update large set t = 'new' where g = 7 and i % 2 = 0 returning i",
  "select count(*) from large where t = 'new'",
];

type Answer = { readonly rows: readonly (readonly unknown[])[] } | { readonly error: string };

async function run(client: pg.Client, text: string, mode: string): Promise<Answer> {
  await client.query(`set heliosdb.native_pipelines = ${mode}`);
  try {
    return { rows: (await client.query({ text, rowMode: 'array' })).rows };
  } catch (error) {
    return { error: `${(error as { code: string }).code} ${(error as Error).message}` };
  }
}

test('pipelines answer as the nodes do', { timeout: 240_000 }, async (t) => {
  const server = await startServer();
  t.teardown(() => server.stop());
  const client = new pg.Client({ host: server.host, port: server.port, user: 'postgres', database: 'postgres' });
  await client.connect();
  await client.query("set time zone 'UTC'");
  await makeTables(client);
  const random = randomNumbers(seed);
  const statements = [...large, ...Array.from({ length: statementCount }, () => statement(random))];
  let answered = 0;
  for (const sql of statements) {
    const [nodes, native] = [await run(client, sql, 'off'), await run(client, sql, 'force')];
    if ('rows' in nodes) answered += 1;
    if (JSON.stringify(nodes) !== JSON.stringify(native)) t.same(native, nodes, sql);
  }
  t.ok(answered > statements.length / 3, `${answered} of ${statements.length} have an answer`);
  await client.end();
});
