// What errors say of the wait that they ended: CONTEXT as PostgreSQL 17 gave it for the same statements.
import { test } from 'tap';
import { WireClient } from '../../conformance/wire-client.js';
import { startServer } from '../support/server.js';

const tables = `drop table if exists child, child2, parent, item;
create table item (id int primary key, n int unique); insert into item values (1, 1), (2, 2);
create table parent (id int primary key, code varchar(5) unique); insert into parent values (1, 'a'), (2, 'b');
create table child (id int primary key, parent int references parent on delete cascade);
create table child2 (id int primary key, code varchar(3) references parent (code) on update cascade);
insert into child values (1, 1); insert into child2 values (1, 'b')`;

/** What one session does and leaves open, what the other one waits in, and the context. */
const cases: readonly (readonly [string, string, string])[] = [
  [
    'update item set n = 9 where id = 1',
    'update item set n = 8 where id = 1',
    'while updating tuple (0,1) in relation "item"',
  ],
  ['update item set n = 9 where id = 2', 'delete from item', 'while deleting tuple (0,2) in relation "item"'],
  ['update item set n = 9 where id = 2', 'select from item for share', 'while locking tuple (0,2) in relation "item"'],
  [
    'insert into item values (3, 3)',
    'insert into item values (4, 3)',
    'while inserting index tuple (0,4) in relation "item_n_key"',
  ],
  [
    'delete from item where id = 1',
    'insert into item values (1, 8)',
    'while inserting index tuple (0,3) in relation "item_pkey"',
  ],
  [
    'update item set n = 9 where id = 1',
    'insert into item values (1, 1) on conflict (id) do update set n = 7',
    'while inserting index tuple (0,1) in relation "item"',
  ],
  [
    'update item set n = 9 where id = 2',
    'merge into item using item as other on item.id = other.id when matched then delete',
    'while deleting tuple (0,2) in relation "item"',
  ],
  [
    'select from parent where id = 2 for update',
    'insert into child values (2, 2)',
    'while locking tuple (0,2) in relation "parent"\nSQL statement "SELECT 1 FROM ONLY "public"."parent" x WHERE "id" OPERATOR(pg_catalog.=) $1 FOR KEY SHARE OF x"',
  ],
  [
    'select from parent for update',
    `insert into child2 values (2, 'a')`,
    'while locking tuple (0,1) in relation "parent"\nSQL statement "SELECT 1 FROM ONLY "public"."parent" x WHERE "code"::pg_catalog.text OPERATOR(pg_catalog.=) $1::pg_catalog.text FOR KEY SHARE OF x"',
  ],
  [
    'select from child for update',
    'delete from parent where id = 1',
    'while deleting tuple (0,1) in relation "child"\nSQL statement "DELETE FROM ONLY "public"."child" WHERE $1 OPERATOR(pg_catalog.=) "parent""',
  ],
  [
    'select from child for update',
    'update parent set id = 7 where id = 1',
    'while locking tuple (0,1) in relation "child"\nSQL statement "SELECT 1 FROM ONLY "public"."child" x WHERE $1 OPERATOR(pg_catalog.=) "parent" FOR KEY SHARE OF x"',
  ],
  [
    'select from child2 for update',
    `update parent set code = 'c' where id = 2`,
    'while updating tuple (0,1) in relation "child2"\nSQL statement "UPDATE ONLY "public"."child2" SET "code" = $1 WHERE $2::pg_catalog.text OPERATOR(pg_catalog.=) "code"::pg_catalog.text"',
  ],
];

test('errors tell what was waited for', { timeout: 60_000 }, async (t) => {
  const server = await startServer();
  t.teardown(() => server.stop());
  const [holder, waiter, next] = await Promise.all(
    [1, 2, 3].map(() => WireClient.connect({ ...server, user: 'postgres', database: 'postgres' })),
  );
  if (holder === undefined || waiter === undefined || next === undefined) return;
  await waiter.query(`set lock_timeout = '50ms'`);
  for (const [held, waiting, context] of cases) {
    t.equal((await holder.query(tables)).error, null);
    await holder.query(`begin; ${held}`);
    const { error, messages } = await waiter.query(waiting);
    t.equal(error?.code, '55P03', waiting);
    t.equal(messages.at(-1)?.get('W'), context);
    await holder.query('rollback');
  }

  await holder.query('begin; update item set n = 9 where id = 1');
  await waiter.query(`set lock_timeout = 0; set deadlock_timeout = '1h'`);
  const first = waiter.query('update item set n = 8 where id = 1');
  while ((await holder.query('select from pg_locks where not granted')).rows.length === 0);
  await next.query(`set lock_timeout = '300ms'`);
  const behind = await next.query('update item set n = 7 where id = 1');
  t.equal(behind.messages.at(-1)?.get('W'), undefined, 'queued behind another waiter');
  await holder.query('rollback');
  await first;
  for (const client of [holder, waiter, next]) client.close();
});
