// Files that may not grow any more (ulimit -f stands for a full disk): temporary files fail their statement, the store
// refuses writes until a restart; what was acknowledged is there afterwards.
import { rmSync } from 'node:fs';
import { test } from 'tap';
import { WireClient } from '../../conformance/wire-client.js';
import { newDirectory, startServer } from '../support/server.js';

test('temporary files without room', { timeout: 100_000 }, async (t) => {
  const directory = await newDirectory();
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  // Segments of the log have 64 MiB.
  const server = await startServer({ directory, fileSizeMaxKb: 80_000 });
  const client = await connect(server);
  for (const sql of [
    "with c as materialized (select g, repeat('x', 1000) t from generate_series(1, 200000) g) select max(t) from c",
    "select max(t), max(s) from (select sum(g) over () s, t from (select g, repeat('x', 1000) t from generate_series(1, 200000) g offset 0) a) b",
    "begin; declare c cursor with hold for select g, repeat('x', 1000) from generate_series(1, 200000) g; commit",
  ]) {
    const { error } = await client.query(sql);
    t.equal(error?.code, '53100', sql);
    await client.query('rollback');
  }
  t.equal((await client.query('create table after (n int); insert into after values (1)')).error, null);
  t.same((await client.query('select n from after')).rows, [['1']]);
  client.close();
  await server.stop();
});

test('a base without room', { timeout: 200_000 }, async (t) => {
  const directory = await newDirectory();
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const server = await startServer({ directory, fileSizeMaxKb: 80_000 });
  const client = await connect(server);
  t.equal((await client.query('create table item (n int primary key, t text)')).error, null);
  let acknowledged = 0;
  let refused = null;
  // What the log holds goes to the base, whose file can't grow with it.
  while (refused === null && acknowledged < 10000) {
    const text = "(select string_agg(md5(n || ' ' || g), '') from generate_series(1, 4000) g)";
    const numbers = `generate_series(${acknowledged}, ${acknowledged + 24}) n`;
    refused = (await client.query(`insert into item select n, ${text} from ${numbers}`)).error;
    if (refused === null) acknowledged += 25;
  }
  t.equal(refused?.code, '53100');
  const again = (await client.query('insert into item values (-1)')).error;
  t.same([again?.code, again?.message], ['53100', 'the server accepts no writes until it is restarted']);
  const count = `select count(*), min(n), max(n) from item`;
  const expected = [[String(acknowledged), '0', String(acknowledged - 1)]];
  t.same((await client.query(count)).rows, expected, 'reads go on');
  client.close();
  await server.stop();
  const next = await startServer({ directory });
  const reader = await connect(next);
  t.same((await reader.query(count)).rows, expected, 'all that was acknowledged, and nothing else');
  t.equal((await reader.query('insert into item values (-1)')).error, null);
  reader.close();
  await next.stop();
});

function connect({ host, port }: { readonly host: string; readonly port: number }): Promise<WireClient> {
  return WireClient.connect({ host, port, user: 'postgres', database: 'postgres' });
}
