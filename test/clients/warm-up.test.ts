// The server's own first client: a worker that warms up while nobody needs it (src/session/warm-up.ts).
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { WireClient } from '../../conformance/wire-client.js';
import { startServer } from '../support/server.js';
import { testMs } from './run-client.js';

test('every statement of the warm-up runs', { timeout: testMs }, async (t) => {
  const server = await startServer();
  t.teardown(() => server.stop());
  const client = await WireClient.connect({ ...server, user: 'postgres', database: 'postgres' });
  const file = fileURLToPath(new URL('../../src/session/warm-up.sql', import.meta.url));
  const statements = readFileSync(file, 'utf8').trim().split(/\n\n+/).slice(1);
  for (const sql of statements) t.equal((await client.query(sql)).error, null, sql.slice(0, 60));
  client.close();
});

test('a server stops while it warms up, and shows no session of its own', { timeout: testMs }, async (t) => {
  const server = await startServer({ settings: ['heliosdb.warm_up=on'] });
  const client = await WireClient.connect({ ...server, user: 'postgres', database: 'postgres' });
  for (let turn = 0; turn < 10; turn++) {
    const { rows } = await client.query('select count(*), min(backend_type) from pg_stat_activity');
    t.same(rows, [['1', 'client backend']]);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  client.close();
  t.equal(await server.stop(), 0);
  t.notMatch(server.output(), /internal error/);
});
