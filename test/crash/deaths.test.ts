// Threads of the server that die: a worker by an exception or by its memory takes only its own sessions along; the
// store's writer takes the server along, which says why and has everything acknowledged at the next start.
// A module that each thread loads first waits for files in the data directory that say what is to happen.
import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { WireClient } from '../../conformance/wire-client.js';
import type { TestServer } from '../support/server.js';
import { newDirectory, startServer } from '../support/server.js';

const dist = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const addonPath = join(dirname(dist), 'native', 'heliosdb.node');

const preloaded = `
import { createRequire } from 'node:module';
import { unlinkSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
const wanted = (name) => { try { unlinkSync(name); return true; } catch { return false; } };
setInterval(() => {
  if (isMainThread) {
    if (wanted('die-writer')) createRequire(import.meta.url)(${JSON.stringify(addonPath)}).storePanic();
  } else if (wanted('die-exception')) throw new Error('asked for by a test');
  else if (wanted('die-memory')) for (const kept = []; ; ) kept.push(new Array(100_000).fill(kept.length));
}, 20).unref();
`;

async function startDoomed(): Promise<TestServer> {
  const directory = await newDirectory();
  const preload = join(directory, 'preload.mjs');
  writeFileSync(preload, preloaded);
  return startServer({ directory, preload, settings: ['heliosdb.workers=2', 'heliosdb.worker_memory=256'] });
}

const connect = ({ host, port }: TestServer) =>
  WireClient.connect({ host, port, user: 'postgres', database: 'postgres' });

interface Outcome {
  /** SQLSTATE of the last error; null where there was none. */
  readonly code: string | null;
  readonly isLost: boolean;
}

async function ask(client: WireClient, sql: string): Promise<Outcome> {
  try {
    const { error } = await client.query(sql);
    return { code: error?.code ?? null, isLost: false };
  } catch (error) {
    return { code: /^\w{5}(?= )/.exec((error as Error).message)?.[0] ?? null, isLost: true };
  }
}

for (const cause of ['exception', 'memory']) {
  test(`a worker that dies by ${cause} takes only its sessions along`, { timeout: 120_000 }, async (t) => {
    const server = await startDoomed();
    t.teardown(() => rmSync(server.directory, { recursive: true, force: true }));
    const clients: WireClient[] = [];
    for (let n = 0; n < 8; n++) clients.push(await connect(server));
    await clients[0]?.query('create table t (n int primary key); insert into t select generate_series(0, 7)');
    // Each holds a row, a lock and a snapshot when the end comes.
    for (const [n, client] of clients.entries()) {
      await client.query('begin isolation level repeatable read');
      await client.query(`update t set n = n where n = ${n}; select pg_advisory_lock(${n})`);
    }
    const asked = clients.map((client) => ask(client, 'select pg_sleep(3)'));
    await new Promise((resolve) => setTimeout(resolve, 300));
    writeFileSync(join(server.directory, `die-${cause}`), '');
    await untilPrinted(server, 'it is replaced');
    const outcomes = await Promise.all(asked);
    const lost = outcomes.filter(({ isLost }) => isLost);
    t.equal(lost.length, 4, 'half of the sessions were its own');
    if (cause === 'exception') t.ok(lost.every(({ code }) => code === '57P02'));
    // What the dead ones held is free; the others' work goes on.
    const next = await connect(server);
    for (const [n, { isLost }] of outcomes.entries()) {
      const client = clients[n] as WireClient;
      if (!isLost) t.equal((await ask(client, 'commit')).code, null);
      else {
        const sql = `set lock_timeout = '10s'; update t set n = n where n = ${n}; select pg_advisory_lock(${n})`;
        t.same(await ask(next, sql), { code: null, isLost: false });
      }
    }
    const others = await Promise.all([1, 2, 3].map(() => connect(server)));
    for (const client of [next, ...others]) t.equal((await ask(client, 'select count(*) from t')).code, null);
    const left = clients.filter((_, n) => outcomes[n]?.isLost === false);
    for (const client of [next, ...others, ...left]) client.close();
    t.equal(await server.stop(), 0);
  });
}

test('a writer thread that dies stops the server', { timeout: 120_000 }, async (t) => {
  const server = await startDoomed();
  const { directory } = server;
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const [writer, idle] = [await connect(server), await connect(server)];
  await writer.query('create table t (n int)');
  t.equal((await ask(writer, 'insert into t values (1)')).code, null);
  const asked = [writer, idle].map((client) => ask(client, 'select pg_sleep(100)'));
  writeFileSync(join(directory, 'die-writer'), '');
  t.equal(await server.ended, 1);
  t.match(server.output(), /the store's writer has failed: asked for by a test; the server stops/);
  t.same(await Promise.all(asked), [
    { code: '57P02', isLost: true },
    { code: '57P02', isLost: true },
  ]);
  const next = await startServer({ directory });
  const reader = await connect(next);
  t.same((await reader.query('select n from t')).rows, [['1']]);
  t.equal((await ask(reader, 'insert into t values (2)')).code, null);
  reader.close();
  await next.stop();
});

async function untilPrinted(server: TestServer, text: string): Promise<void> {
  while (!server.output().includes(text)) await new Promise((resolve) => setTimeout(resolve, 20));
}
