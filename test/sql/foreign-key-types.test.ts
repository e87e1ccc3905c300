// Foreign keys between columns of different types: values are compared as the key's operator does, whatever they look like
// in the other type. The expected values are what PostgreSQL 17 gave.
import { test } from 'tap';
import { WireClient } from '../../conformance/wire-client.js';
import { startServer } from '../support/server.js';

/** Type of the parent's key, its values, type of the child's, and statements with what they give. */
const cases: readonly {
  readonly key: string;
  readonly parents: string;
  readonly child: string;
  readonly steps: readonly (readonly [sql: string, gives: string])[];
}[] = [
  {
    key: 'char(4)',
    parents: `('a'), ('b')`,
    child: 'varchar(5) references parent on update cascade on delete cascade',
    steps: [
      [`insert into child values ('a'), ('a  '), ('b ')`, 'INSERT'],
      [`insert into child values ('c')`, '23503'],
      [`update parent set id = 'z' where id = 'a'`, 'UPDATE'],
      [`delete from parent where id = 'b'`, 'DELETE'],
      [`select string_agg('[' || id || ']', '') from child`, '[z][z]'],
    ],
  },
  {
    key: 'float8',
    parents: '(0.5), (0.1)',
    child: 'float4 references parent on delete cascade',
    steps: [
      ['insert into child values (0.5)', 'INSERT'],
      ['insert into child values (0.1)', '23503'],
      ['delete from parent', 'DELETE'],
      ['select count(*) from child', '0'],
    ],
  },
  {
    key: 'date',
    parents: `('2020-01-01')`,
    child: 'timestamp references parent',
    steps: [
      [`insert into child values ('2020-01-01 10:00')`, '23503'],
      [`insert into child values ('2020-01-01')`, 'INSERT'],
      ['delete from parent', '23503'],
    ],
  },
  {
    key: 'numeric',
    parents: '(1.0), (2.50), (99999999999)',
    child: 'int references parent on delete cascade',
    steps: [
      ['insert into child values (1)', 'INSERT'],
      ['delete from parent', 'DELETE'],
      ['select count(*) from child', '0'],
    ],
  },
  {
    key: 'bigint',
    parents: '(1), (5000000000)',
    child: 'smallint references parent on update cascade',
    steps: [
      ['insert into child values (1)', 'INSERT'],
      ['delete from parent where id = 5000000000', 'DELETE'],
      ['update parent set id = 70000', '22003'],
    ],
  },
  {
    key: 'int4range',
    parents: `('[1,5)')`,
    child: 'int4range references parent on delete cascade',
    steps: [
      [`insert into child values ('[1,4]')`, 'INSERT'],
      [`insert into child values ('[1,3]')`, '23503'],
      ['delete from parent', 'DELETE'],
      ['select count(*) from child', '0'],
    ],
  },
];

test('foreign keys between types', { timeout: 60_000 }, async (t) => {
  const server = await startServer();
  t.teardown(() => server.stop());
  const client = await WireClient.connect({ ...server, user: 'postgres', database: 'postgres' });
  for (const { key, parents, child, steps } of cases) {
    const setup = `drop table if exists child, parent; create table parent (id ${key} primary key);
      insert into parent values ${parents}; create table child (id ${child})`;
    t.equal((await client.query(setup)).error, null, setup);
    for (const [sql, gives] of steps) {
      const { error, rows } = await client.query(sql);
      t.equal(error?.code ?? rows[0]?.[0] ?? sql.split(' ', 1)[0]?.toUpperCase(), gives, `${key}: ${sql}`);
    }
  }
  client.close();
});
