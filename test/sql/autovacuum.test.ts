// Tables that changed much are analyzed without anybody's asking; others, temporary ones and those told not to be, aren't.
import pg from 'pg';
import { test } from 'tap';
import { startServer } from '../support/server.js';

const report = `SELECT relname, autoanalyze_count > 0 AS analyzed, last_autoanalyze IS NOT NULL AS dated,
    n_mod_since_analyze::int AS changes FROM pg_stat_user_tables ORDER BY relname`;

test('automatic ANALYZE', { timeout: 120_000 }, async (t) => {
  const server = await startServer({ settings: ['autovacuum_naptime=1'] });
  const client = new pg.Client({ host: server.host, port: server.port, user: 'postgres', database: 'postgres' });
  await client.connect();
  await client.query(`
    CREATE TABLE few (a int);
    CREATE TABLE kept (a int) WITH (autovacuum_enabled = off);
    CREATE TABLE many (a int, b text);
    CREATE TEMPORARY TABLE passing (a int)`);
  await client.query(`
    INSERT INTO few SELECT generate_series(1, 50);
    INSERT INTO kept SELECT generate_series(1, 500);
    INSERT INTO passing SELECT generate_series(1, 500);
    SELECT pg_stat_force_next_flush()`);
  // Last, so that a round which has seen this table has seen the others.
  await client.query(
    "INSERT INTO many SELECT g, 'x' FROM generate_series(1, 500) g; SELECT pg_stat_force_next_flush()",
  );
  for (;;) {
    const { rows } = await client.query(report);
    if (rows.some(({ relname, analyzed }) => relname === 'many' && analyzed)) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { rows } = await client.query(report);
  t.same(
    rows.filter(({ relname }) => relname !== 'passing'),
    [
      { relname: 'few', analyzed: false, dated: false, changes: 50 },
      { relname: 'kept', analyzed: false, dated: false, changes: 500 },
      { relname: 'many', analyzed: true, dated: true, changes: 0 },
    ],
  );
  t.equal(rows.find(({ relname }) => relname === 'passing')?.analyzed, false);
  const size = await client.query("SELECT reltuples::int AS n FROM pg_class WHERE relname = 'many'");
  t.same(size.rows, [{ n: 500 }]);
  await client.end();
  await server.stop();
});
