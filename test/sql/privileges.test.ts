// What a role may not do, in PostgreSQL 17's words: membership grants, relations behind views and plans, error details.
import pg from 'pg';
import { test } from 'tap';
import { startServer } from '../support/server.js';

const setup = [
  'CREATE ROLE maker CREATEROLE',
  'CREATE ROLE other',
  'CREATE TABLE secret (a int, b int, c int NOT NULL, UNIQUE (a, b))',
  'INSERT INTO secret VALUES (1, 1, 1)',
  'GRANT INSERT, SELECT (a), UPDATE (c) ON secret TO other',
  'CREATE FUNCTION shout(text) RETURNS bool LANGUAGE sql COST 0.0001 AS $$ SELECT length($1) / (1 - (random() < 2)::int) > 0 $$',
  'CREATE TABLE rows (p text, v text)',
  "INSERT INTO rows VALUES ('hidden', 'private')",
  "CREATE VIEW shown WITH (security_barrier) AS SELECT p FROM rows WHERE v = 'public'",
];

/** Role, statement, and the error's code, message and detail; null where it succeeds. */
const cases: readonly (readonly [string, string, readonly [string, string, string?] | null])[] = [
  [
    'maker',
    'CREATE ROLE reader IN ROLE pg_read_all_data',
    [
      '42501',
      'permission denied to grant role "pg_read_all_data"',
      'Only roles with the ADMIN option on role "pg_read_all_data" may grant this role.',
    ],
  ],
  ['maker', 'CREATE ROLE made ROLE other', null],
  [
    'maker',
    'GRANT made TO other GRANTED BY postgres',
    [
      '42501',
      'permission denied to grant privileges as role "postgres"',
      'Only roles with privileges of role "postgres" may grant privileges as this role.',
    ],
  ],
  ['other', 'EXPLAIN SELECT b FROM secret', ['42501', 'permission denied for table secret']],
  [
    'other',
    'SELECT * FROM (SELECT b FROM secret OFFSET 0) x WHERE false',
    ['42501', 'permission denied for table secret'],
  ],
  [
    'other',
    'INSERT INTO secret VALUES (1, 1, 1)',
    ['23505', 'duplicate key value violates unique constraint "secret_a_b_key"'],
  ],
  [
    'other',
    'INSERT INTO secret (a, c) VALUES (5, NULL)',
    [
      '23502',
      'null value in column "c" of relation "secret" violates not-null constraint',
      'Failing row contains (a, c) = (5, null).',
    ],
  ],
  [
    'other',
    'MERGE INTO rows USING (SELECT 1) ON true WHEN MATCHED THEN DO NOTHING',
    ['42501', 'permission denied for table rows'],
  ],
  ['postgres', "UPDATE shown SET p = 'x' WHERE shout(p)", null],
  ['postgres', 'DELETE FROM shown WHERE shout(p)', null],
];

test('privileges are those of PostgreSQL', { timeout: 120_000 }, async (t) => {
  const server = await startServer();
  const client = new pg.Client({ host: server.host, port: server.port, user: 'postgres', database: 'postgres' });
  await client.connect();
  for (const sql of setup) await client.query(sql);
  for (const [role, sql, expected] of cases) {
    await client.query(`SET ROLE ${role}`);
    const error = await client.query(sql).then(
      () => null,
      (reason: pg.DatabaseError) => [reason.code, reason.message, reason.detail],
    );
    await client.query('RESET ROLE');
    t.same(error, expected === null ? null : [expected[0], expected[1], expected[2]], sql);
  }
  await client.query('ANALYZE');
  t.pass('ANALYZE takes columns whose elements have no order');
  await client.end();
  await server.stop();
});
