// Random statements on single rows: prepared, so that the addon answers them where it can, and as plain text with the values
// written in, which the general path answers. Both work on tables of their own; what they answer must be the same.
import { isDeepStrictEqual } from 'node:util';
import pg from 'pg';
import { test } from 'tap';
import { randomNumbers } from '../support/random.js';
import { startServer } from '../support/server.js';

const seed = 20_261_123;
const steps = 2500;
const keys = 3;

const shape = `(a smallint, b text, i int not null, l bigint, s smallint, f boolean, t varchar, o oid, primary key (b, a))`;

interface Kind {
  readonly name: string;
  /** With T for the table's name, and $n for values of the types. */
  readonly sql: string;
  readonly types: readonly string[];
}

const kinds: readonly Kind[] = [
  { name: 'all', sql: 'select * from T where a = $1 and b = $2', types: ['int2', 'text'] },
  { name: 'some', sql: 'select t, i, f from T where b = $2 and a = $1', types: ['int2', 'text'] },
  { name: 'wide', sql: 'select l from T where b = $2 and a = $1', types: ['int8', 'text'] },
  { name: 'add', sql: 'update T set i = i + $1 where a = $2 and b = $3', types: ['int4', 'int2', 'text'] },
  { name: 'long', sql: 'update T set l = l * $1 - i where a = $2 and b = $3', types: ['int8', 'int2', 'text'] },
  {
    name: 'short',
    sql: 'update T set s = $1, f = $4, o = $5 where a = $2 and b = $3',
    types: ['int2', 'int2', 'text', 'bool', 'oid'],
  },
  { name: 'text', sql: 'update T set t = $1, i = 5 where a = $2 and b = $3', types: ['varchar', 'int2', 'text'] },
  { name: 'log', sql: 'insert into T_log values ($1, $2, $3, null, 7)', types: ['int4', 'text', 'bool'] },
  { name: 'new', sql: 'insert into T (a, b, i, t) values ($1, $2, 3, $2)', types: ['int2', 'text'] },
  { name: 'gone', sql: 'delete from T where a = $1 and b = $2', types: ['int2', 'text'] },
  { name: 'keyed', sql: 'insert into T_key values ($1, $2, $3)', types: ['int4', 'varchar', 'int8'] },
  // What only the session does, in the same blocks.
  { name: 'sum', sql: 'select count(*), sum(i), sum(l), min(t), sum(cmin::text::int) from T', types: [] },
  { name: 'many', sql: 'update T set i = i + 1 where f', types: [] },
  {
    name: 'upsert',
    sql: 'insert into T (a, b, i) values ($1, $2, 3) on conflict (b, a) do update set i = T.i + 1 returning xmax <> 0',
    types: ['int2', 'text'],
  },
  { name: 'save', sql: 'savepoint s', types: [] },
  { name: 'back', sql: 'rollback to s', types: [] },
  { name: 'set', sql: "set local work_mem = '1MB'", types: [] },
  { name: 'show', sql: 'show work_mem', types: [] },
  { name: 'begin', sql: 'begin', types: [] },
  { name: 'commit', sql: 'commit', types: [] },
  { name: 'rollback', sql: 'rollback', types: [] },
];

const texts = ['', 'x', 'käse', 'a b', 'y'.repeat(300), "it's", '\\', '€'];

function valueOf(type: string, random: (below: number) => number): string | null {
  if (random(12) === 0) return null;
  switch (type) {
    case 'int2':
      return String(random(40) === 0 ? 40000 : random(keys));
    case 'int4':
      return String(random(20) === 0 ? 2147483647 : random(2000) - 1000);
    case 'int8':
      return random(20) === 0 ? '9223372036854775807' : String(random(30) === 0 ? 'x' : random(5));
    case 'bool':
      return random(2) === 0 ? 't' : 'false';
    case 'oid':
      return String(random(10) === 0 ? 4294967295 : random(100));
    default:
      return texts[random(texts.length)] as string;
  }
}

function literal(value: string | null, type: string): string {
  return value === null ? `null::${type}` : `'${value.replaceAll("'", "''")}'::${type}`;
}

interface Answer {
  readonly rows: readonly unknown[];
  readonly command: string;
  readonly count: number | null;
  readonly code: string | null;
}

async function answer(promise: Promise<pg.QueryArrayResult>): Promise<Answer> {
  try {
    const { rows, command, rowCount } = await promise;
    return { rows, command, count: rowCount, code: null };
  } catch (error) {
    return { rows: [], command: '', count: null, code: (error as { code: string }).code };
  }
}

test('prepared and plain statements agree', { timeout: 120_000 }, async (t) => {
  const server = await startServer();
  t.teardown(() => server.stop());
  const open = async () => {
    const client = new pg.Client({ host: server.host, port: server.port, user: 'postgres', database: 'postgres' });
    await client.connect();
    return client;
  };
  const [prepared, plain] = [await open(), await open()];
  const random = randomNumbers(seed);
  for (const table of ['p', 'q']) {
    await plain.query(
      `create table ${table} ${shape}; create table ${table}_log (i int, t text, f boolean, n text, k bigint); create table ${table}_key (i int, t varchar, l bigint, unique (i, l), unique nulls not distinct (t, i)); create index on ${table}_key (l desc, t)`,
    );
    const rows = texts.flatMap((text) => Array.from({ length: keys }, (_, a) => ({ text: literal(text, 'text'), a })));
    for (const { text, a } of rows)
      await plain.query(
        `insert into ${table} values (${a}, ${text}, ${a * 10}, ${a}, ${a}, ${a === 1}, ${text}, ${a})`,
      );
  }
  for (let step = 0; step < steps; step++) {
    const kind = kinds[random(kinds.length)] as Kind;
    const values = kind.types.map((type) => valueOf(type, random));
    const typed = kind.types.reduce((sql, type, n) => sql.replaceAll(`$${n + 1}`, `$${n + 1}::${type}`), kind.sql);
    const one = await answer(
      prepared.query({ name: kind.name, text: typed.replaceAll('T', 'p'), values, rowMode: 'array' }),
    );
    const written = values.reduce<string>(
      (sql, value, n) => sql.replaceAll(`$${n + 1}`, () => literal(value, kind.types[n] as string)),
      kind.sql.replaceAll('T', 'q'),
    );
    const other = await answer(plain.query({ text: written, rowMode: 'array' }));
    if (!isDeepStrictEqual(one, other)) return void t.same(one, other, `step ${step}: ${written}`);
  }
  await prepared.query('rollback');
  await plain.query('rollback');
  for (const suffix of ['', '_log', '_key']) {
    const rows = async (table: string) =>
      (
        await plain.query({
          text: `select r::text, cmin::text, xmax <> 0 from ${table}${suffix} r order by 1, 2, 3`,
          rowMode: 'array',
        })
      ).rows;
    t.same(await rows('p'), await rows('q'));
  }
  await plain.query('create extension amcheck');
  for (const table of ['p', 'p_key'])
    await plain.query(
      `select bt_index_check(indexrelid, true) from pg_index where indrelid = '${table}'::regclass and indisvalid`,
    );
  const used = await prepared.query('select count(*) n from pg_prepared_statements where generic_plans > 10');
  t.ok(Number(used.rows[0].n) >= 7, 'generic plans were used');
  await prepared.end();
  await plain.end();
});
