// LISTEN and NOTIFY between sessions of several workers: what arrives, when, in which order. The expected values are what
// PostgreSQL 17 does with the same statements.
import pg from 'pg';
import { test } from 'tap';
import { startServer } from '../support/server.js';
import type { TestServer } from '../support/server.js';

/** A client that keeps what it is notified of as `channel:payload`. */
class Listener {
  readonly heard: string[] = [];
  private waiting: (() => void) | null = null;

  private constructor(readonly client: pg.Client) {
    client.on('notification', ({ channel, payload }) => {
      this.heard.push(`${channel}:${payload}`);
      this.waiting?.();
    });
  }

  static async connect(server: TestServer, database = 'postgres'): Promise<Listener> {
    const client = new pg.Client({ host: server.host, port: server.port, user: 'postgres', database });
    await client.connect();
    return new Listener(client);
  }

  /** Runs the statements one by one. */
  async run(...statements: string[]): Promise<void> {
    for (const statement of statements) await this.client.query(statement);
  }

  /** Waits until so many have come. */
  async hears(count: number): Promise<readonly string[]> {
    while (this.heard.length < count) {
      await new Promise<void>((resolve) => {
        this.waiting = resolve;
      });
    }
    return this.heard;
  }
}

const codeOf = (action: Promise<unknown>): Promise<string | null> =>
  action.then(
    () => null,
    (error: { code: string }) => error.code,
  );

test('notifications', { timeout: 120_000 }, async (t) => {
  const server = await startServer({ settings: ['max_notify_queue_pages=64', 'heliosdb.workers=2'] });
  const one = await Listener.connect(server);
  const other = await Listener.connect(server);

  await t.test('of the session itself', async (t) => {
    const rows = async () =>
      (await one.client.query('SELECT pg_listening_channels() AS c')).rows.map(({ c }: { c: string }) => c);
    await one.run('LISTEN b', 'LISTEN a', 'BEGIN', 'LISTEN c');
    t.same(await rows(), ['b', 'a'], 'LISTEN takes effect at commit');
    await one.run(
      "NOTIFY c, '1'",
      "NOTIFY c, '2'",
      "NOTIFY c, '1'",
      'SAVEPOINT s',
      "NOTIFY c, '3'",
      "SELECT pg_notify('c', '2')",
      'LISTEN lost',
      'ROLLBACK TO s',
      "NOTIFY c, '4'",
      'UNLISTEN b',
    );
    t.same(one.heard, [], 'nothing before the commit');
    await one.run('COMMIT');
    t.same(one.heard.splice(0), ['c:1', 'c:2', 'c:4'], 'before the commit is answered, duplicates dropped');
    t.same(await rows(), ['a', 'c']);
    await one.run('BEGIN', "NOTIFY a, 'never'", 'UNLISTEN *', 'ROLLBACK');
    await one.client.query("NOTIFY a; SELECT 1; NOTIFY b; NOTIFY c, 'last'");
    t.same(one.heard.splice(0), ['a:', 'c:last']);
    t.equal(await codeOf(one.client.query("SELECT pg_notify('', 'x')")), '22023');
    t.equal(await codeOf(one.client.query("SELECT pg_notify(repeat('a', 64), 'x')")), '22023');
    t.equal(await codeOf(one.client.query("SELECT pg_notify('a', repeat('x', 8000))")), '22023');
    await one.run('DISCARD ALL');
    t.same(await rows(), []);
  });

  await t.test('to an idle session at once, to one in a transaction after it', async (t) => {
    await other.run('LISTEN news');
    await one.run("NOTIFY news, 'now'");
    t.same(await other.hears(1), ['news:now']);
    await other.run('BEGIN');
    await one.run("NOTIFY news, 'later'", 'NOTIFY elsewhere');
    await other.run('SELECT 1');
    t.equal(await codeOf(other.client.query('SELECT 1 / 0')), '22012');
    t.same(other.heard, ['news:now']);
    await other.run('ROLLBACK');
    t.same(other.heard.splice(0), ['news:now', 'news:later']);
  });

  await t.test('not to other databases', async (t) => {
    const apart = await Listener.connect(server, 'template1');
    await apart.run('LISTEN news');
    await one.run("NOTIFY news, 'here'");
    await apart.run("NOTIFY news, 'there'");
    t.same(await other.hears(1), ['news:here']);
    t.same(apart.heard, ['news:there']);
    other.heard.length = 0;
    await apart.client.end();
  });

  await t.test('in the order of commits', async (t) => {
    await one.run('CREATE TABLE counter AS SELECT 0 AS n');
    await other.run('LISTEN counted');
    const each = 25;
    const writers = await Promise.all([1, 2, 3, 4].map(() => Listener.connect(server)));
    const write = async (writer: Listener) => {
      for (let round = 0; round < each; round++) {
        await writer.run('BEGIN', "SELECT pg_notify('counted', n::text) FROM counter LIMIT 0");
        const { rows } = await writer.client.query('UPDATE counter SET n = n + 1 RETURNING n');
        await writer.run(`NOTIFY counted, '${rows[0].n}'`, 'COMMIT');
      }
    };
    await Promise.all(writers.map(write));
    await other.hears(writers.length * each);
    t.same(
      other.heard.splice(0),
      Array.from({ length: writers.length * each }, (_, index) => `counted:${index + 1}`),
    );
    await Promise.all(writers.map((writer) => writer.client.end()));
  });

  await t.test('until the queue is full', async (t) => {
    const usage = async () => {
      const { rows } = await one.client.query('SELECT pg_notification_queue_usage() AS used');
      return rows[0].used as number;
    };
    await other.run('LISTEN flood', 'BEGIN');
    t.equal(await usage(), 0);
    // 64 pages of 8192 bytes: a hundred texts of 5,000 bytes fit, not one of 7,999 for each page.
    await one.run("SELECT pg_notify('flood', i || repeat('x', 4990)) FROM generate_series(1, 100) i");
    t.ok((await usage()) > 0.9);
    t.equal(
      await codeOf(one.client.query("SELECT pg_notify('flood', i || repeat('x', 7990)) FROM generate_series(1, 9) i")),
      '54000',
    );
    await one.run("NOTIFY flood, 'end'");
    await other.run('COMMIT');
    const heard = await other.hears(101);
    t.equal(heard.length, 101);
    t.equal(heard[100], 'flood:end');
    t.equal(await usage(), 0);
  });

  await one.client.end();
  await other.client.end();
  await server.stop();
});
