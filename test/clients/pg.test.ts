// node-postgres against our server: trust and SCRAM, with and without TLS, transactions with parameters in text and
// binary, COPY both ways, SQLSTATEs and cancelling.
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import copyStreams from 'pg-copy-streams';
import { test } from 'tap';
import { startServer } from '../support/server.js';
import type { TestServer } from '../support/server.js';

const hba = [
  'hostssl all secret 127.0.0.1/32 scram-sha-256',
  'hostnossl all secret 127.0.0.1/32 scram-sha-256',
  'host all all 127.0.0.1/32 trust',
];

test('node-postgres', { timeout: 200_000 }, async (t) => {
  const server = await startServer({ tls: true, hba });
  t.teardown(() => server.stop());
  await withClient(server, {}, async (client) => {
    await client.query("create role secret login password 'pass word'");
    await client.query('create table item (id int primary key, name text, price numeric, at timestamptz, raw bytea)');
  });

  for (const ssl of [false, { rejectUnauthorized: false }]) {
    await t.test(`connects ${ssl ? 'with' : 'without'} TLS`, async (t) => {
      await withClient(server, { ssl, user: 'secret', password: 'pass word' }, async (client) => {
        t.same((await client.query('select current_user as me')).rows, [{ me: 'secret' }]);
      });
      await t.rejects(
        withClient(server, { ssl, user: 'secret', password: 'wrong' }, async () => undefined),
        { code: '28P01' },
      );
      await withClient(server, { ssl }, async (client) => {
        t.same((await client.query('select 1 as one')).rows, [{ one: 1 }]);
      });
    });
  }

  await t.test('transactions with parameters', async (t) => {
    await withClient(server, {}, async (client) => {
      const raw = Buffer.from([0, 1, 255]);
      const insert = 'insert into item values ($1, $2, $3, $4, $5)';
      await client.query('begin');
      await client.query(insert, [1, 'a', '1.50', '2024-02-29T12:00:00Z', raw]);
      await client.query({ name: 'insert', text: insert, values: [2, null, null, null, null] });
      await client.query({ name: 'insert', text: insert, values: [3, 'ü', '-0.01', null, null] });
      await client.query('commit');
      await client.query('begin');
      await client.query('delete from item');
      await client.query('rollback');
      const text = await client.query('select id, name, price, raw from item where id <= $1 order by id', [2]);
      t.same(text.rows, [
        { id: 1, name: 'a', price: '1.50', raw },
        { id: 2, name: null, price: null, raw: null },
      ]);
      const binary = await client.query({
        text: 'select id, name, 2.5::float8 as half, true as yes from item where id = $1',
        values: [3],
        binary: true,
      } as pg.QueryConfig);
      t.same(binary.rows, [{ id: 3, name: 'ü', half: 2.5, yes: true }]);
    });
  });

  await t.test('copies both ways', async (t) => {
    await withClient(server, {}, async (client) => {
      await client.query('create table copied (id int, name text)');
      const into = client.query(copyStreams.from('copy copied from stdin'));
      await pipeline(Readable.from(['1\ton', 'e\n2\t\\N\n']), into);
      t.equal(into.rowCount, 2);
      const out = client.query(copyStreams.to('copy (select * from copied order by id) to stdout (format csv)'));
      t.equal(await text(out), '1,one\n2,\n');
      const bad = client.query(copyStreams.from('copy copied from stdin'));
      await t.rejects(pipeline(Readable.from(['x\tone\n']), bad), { code: '22P02', where: /^COPY copied, line 1/ });
      t.same((await client.query('select 1 as alive')).rows, [{ alive: 1 }]);
    });
  });

  await t.test('errors carry their SQLSTATE and fields', async (t) => {
    await withClient(server, {}, async (client) => {
      await t.rejects(client.query('insert into item values ($1)', [1]), {
        code: '23505',
        constraint: 'item_pkey',
        table: 'item',
        detail: 'Key (id)=(1) already exists.',
      });
      await t.rejects(client.query('select nothing'), { code: '42703', position: '8' });
      t.same((await client.query('select 1 as alive')).rows, [{ alive: 1 }]);
    });
  });

  await t.test('cancels a query', async (t) => {
    await withClient(server, {}, async (client) => {
      const { processID } = client as unknown as { processID: number };
      const sleeping = t.rejects(client.query('select pg_sleep(600)'), { code: '57014' });
      await withClient(server, {}, async (other) => {
        const asleep = "select 1 from pg_stat_activity where pid = $1 and state = 'active'";
        while ((await other.query(asleep, [processID])).rowCount === 0);
        await other.query('select pg_cancel_backend($1)', [processID]);
      });
      await sleeping;
      t.same((await client.query('select 1 as alive')).rows, [{ alive: 1 }]);
    });
  });
});

async function withClient(
  server: TestServer,
  config: pg.ClientConfig,
  use: (client: pg.Client) => Promise<void>,
): Promise<void> {
  const client = new pg.Client({
    host: server.host,
    port: server.port,
    user: 'postgres',
    database: 'postgres',
    ...config,
  });
  await client.connect();
  try {
    await use(client);
  } finally {
    await client.end();
  }
}
