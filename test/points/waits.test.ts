// Prepared updates that meet a row lock: they wait in the addon, are left to the session where that takes long or is
// interrupted, and go on behind a commit that is not durable yet without a trace of that.
import { rmSync } from 'node:fs';
import pg from 'pg';
import { test } from 'tap';
import { type TestServer, newDirectory, startServer } from '../support/server.js';

const statements = {
  get: 'select balance from account where id = $1',
  add: 'update account set balance = balance + $2 where id = $1',
  begin: 'begin',
  commit: 'commit',
  rollback: 'rollback',
  log: 'insert into entry values ($1, $2)',
} as const;

/** Uses after which a prepared statement has its generic plan. */
const settledRuns = 7;
const writingMs = 1000;
/** Longer than the addon waits by itself. */
const longMs = 250;

type Client = Awaited<ReturnType<typeof settled>>;

/** A client whose statements are all settled. */
async function settled(server: TestServer) {
  const client = new pg.Client({ host: server.host, port: server.port, user: 'postgres', database: 'postgres' });
  client.on('error', () => {});
  await client.connect();
  const run = async (name: keyof typeof statements, ...values: number[]) => {
    const { rows, rowCount } = await client.query({ name, text: statements[name], values, rowMode: 'array' });
    return name === 'get' ? Number((rows as unknown[][])[0]?.[0]) : rowCount;
  };
  for (let n = 0; n < settledRuns; n++) {
    await run('begin');
    await run('get', 0);
    await run('add', 0, 0);
    await run('log', 0, 0);
    await run(n === 0 ? 'commit' : 'rollback');
  }
  const pid = Number((await client.query('select pg_backend_pid() pid')).rows[0]?.pid);
  return { run, pid, query: (sql: string) => client.query(sql), end: () => client.end() };
}

const after = (ms: number) => new Promise<'still'>((resolve) => setTimeout(resolve, ms, 'still'));

async function code(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(
    () => undefined,
    (error: { code?: string }) => error.code,
  );
}

/** Once a session waits for a lock: what others are told of it. */
async function waitOf(admin: Client, pid: number) {
  for (;;) {
    const { rows } = await admin.query(
      'select state, wait_event_type, wait_event, pg_blocking_pids(pid) blockers, ' +
        `(select count(*)::int from pg_locks l where l.pid = a.pid and not granted) locks ` +
        `from pg_stat_activity a where pid = ${pid} and wait_event_type = 'Lock'`,
    );
    if (rows[0] !== undefined) return rows[0];
  }
}

test('waits for row locks', { timeout: 120_000 }, async (t) => {
  const server = await startServer();
  t.teardown(() => server.stop());
  const admin = await prepare(server);
  const [first, second] = [await settled(server), await settled(server)];
  const balance = async (id: number) =>
    Number((await admin.query(`select balance from account where id = ${id}`)).rows[0]?.balance);

  await t.test('until the other transaction ends', async (t) => {
    for (const [end, ms] of [
      ['commit', 0],
      ['rollback', 0],
      ['commit', longMs],
    ] as const) {
      const before = await balance(1);
      await first.run('begin');
      await first.run('add', 1, 1);
      const waiting = second.run('add', 1, 10);
      t.same(await waitOf(admin, second.pid), {
        state: 'active',
        wait_event_type: 'Lock',
        wait_event: 'transactionid',
        blockers: [first.pid],
        locks: 1,
      });
      t.equal(await Promise.race([waiting, after(ms)]), 'still');
      await first.run(end);
      t.equal(await waiting, 1);
      t.equal(await balance(1), before + (end === 'commit' ? 11 : 10));
    }
  });

  await t.test('a row that was removed meanwhile, or has another in its place', async (t) => {
    for (const then of ['', 'insert into account values (2, 100)']) {
      await first.query('begin');
      await first.query('delete from account where id = 2');
      const waiting = second.run('add', 2, 10);
      await waitOf(admin, second.pid);
      if (then !== '') await first.query(then);
      await first.query('commit');
      t.equal(await waiting, 0);
      if (then === '') await admin.query('insert into account values (2, 100)');
      else t.equal(await balance(2), 100);
    }
  });

  await t.test('interrupts', async (t) => {
    for (const [interrupt, expected] of [
      ['pg_cancel_backend', '57014'],
      ['pg_terminate_backend', '57P01'],
    ]) {
      const client = await settled(server);
      await first.run('begin');
      await first.run('add', 3, 1);
      await client.run('begin');
      const waiting = code(client.run('add', 3, 10));
      await waitOf(admin, client.pid);
      await admin.query(`select ${interrupt}(${client.pid})`);
      t.equal(await waiting, expected);
      await first.run('rollback');
      if (expected === '57014') await client.run('rollback');
      await client.end();
    }
    t.equal(await balance(3), 100);
  });

  await t.test('timeouts and deadlocks', async (t) => {
    for (const setting of ['lock_timeout', 'statement_timeout']) {
      const client = await settled(server);
      await client.query(`set ${setting} = 100`);
      await first.run('begin');
      await first.run('add', 4, 1);
      t.equal(await code(client.run('add', 4, 10)), setting === 'lock_timeout' ? '55P03' : '57014');
      await first.run('commit');
      await client.end();
    }
    await first.run('begin');
    await second.run('begin');
    await first.run('add', 5, 1);
    await second.run('add', 6, 1);
    const crossed = await Promise.all([code(first.run('add', 6, 1)), code(second.run('add', 5, 1))]);
    t.same(
      crossed.filter((found) => found !== undefined),
      ['40P01'],
    );
    await Promise.all([first.run('rollback'), second.run('rollback')]);
    t.same([await balance(5), await balance(6)], [100, 100]);
  });

  await t.test('nobody sees half of a transaction that he goes on behind', async (t) => {
    const clients = await Promise.all(Array.from({ length: 8 }, () => settled(server)));
    const rounds = 40;
    const strange: unknown[] = [];
    await Promise.all(
      clients.map(async (client, index) => {
        for (let round = 0; round < rounds; round++) {
          await client.run('begin');
          await client.run('add', 7, 1);
          // Who has the first row's lock finds the second as its last owner left it.
          const other = await client.run('get', 8);
          const mine = await client.run('get', 7);
          if (index === 0 && round % 4 === 0) await client.query('select 1');
          await client.run('add', 8, 1);
          if (round % 5 === 4) await client.run('add', 700, 1);
          if (mine !== (other ?? 0) + 1) strange.push([mine, other]);
          await client.run('commit');
          const done = await client.run('get', 8);
          if ((done ?? 0) < (mine ?? 0)) strange.push(['lost', mine, done]);
        }
      }),
    );
    t.same(strange, []);
    const expected = 100 + rounds * clients.length;
    t.same([await balance(7), await balance(8)], [expected, expected]);
    await Promise.all(clients.map((client) => client.end()));
  });
  await Promise.all([admin, first, second].map((client) => client.end()));
});

test('a crash among transactions that queue for one row', { timeout: 60_000 }, async (t) => {
  const directory = await newDirectory();
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const server = await startServer({ directory });
  await (await prepare(server)).end();
  const clients = await Promise.all(Array.from({ length: 8 }, () => settled(server)));
  const acknowledged = clients.map(() => 0);
  const writing = Promise.allSettled(
    clients.map(async (client, index) => {
      for (let number = 1; ; number++) {
        await client.run('begin');
        await client.run('add', 7, 1);
        await client.run('log', index, number);
        await client.run('commit');
        acknowledged[index] = number;
      }
    }),
  );
  await after(writingMs);
  await server.kill();
  await writing;
  const again = await startServer({ directory });
  t.teardown(() => again.stop());
  const client = await settled(again);
  const { rows } = await client.query(
    'select max(number), count(*)::int from entry where number > 0 group by client order by client',
  );
  t.same(
    rows.filter(({ max, count }) => max !== count),
    [],
    'each is there that came before',
  );
  acknowledged.forEach((number, index) => {
    const max = Number(rows[index]?.max);
    t.ok(max === number || max === number + 1, `${max} of ${number}`);
  });
  const all = rows.reduce((sum, { count }) => sum + count, 0);
  t.equal(await client.run('get', 7), 100 + all);
  await client.end();
});

/** The first client: it makes the table. */
async function prepare(server: TestServer) {
  const client = new pg.Client({ host: server.host, port: server.port, user: 'postgres', database: 'postgres' });
  await client.connect();
  await client.query(`
    create table account (id int primary key, balance int not null);
    create table entry (client int, number int);
    insert into account select g, 100 from generate_series(0, 100) g`);
  await client.end();
  return settled(server);
}
