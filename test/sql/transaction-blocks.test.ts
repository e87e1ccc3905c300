// What errors leave of transaction blocks: the modes that AND CHAIN goes on with, portals, settings of the transaction. The
// expected values are what PostgreSQL 17 does with the same statements.
import pg from 'pg';
import { test } from 'tap';
import { startServer } from '../support/server.js';

test('transaction blocks', { timeout: 60_000 }, async (t) => {
  const server = await startServer();
  const client = new pg.Client({ host: server.host, port: server.port, user: 'postgres', database: 'postgres' });
  await client.connect();
  const run = async (...statements: string[]) => {
    let rows: unknown[][] = [];
    for (const text of statements) ({ rows } = await client.query({ text, rowMode: 'array' }));
    return rows.map(([value]) => value);
  };
  const refused = (statement: string, message: string, code: string) =>
    t.rejects(client.query(statement), { message, code });

  await run('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY, DEFERRABLE');
  await refused('SELECT 1 / 0', 'division by zero', '22012');
  await run('COMMIT AND CHAIN');
  t.same(await run('SHOW transaction_isolation'), ['repeatable read'], 'the chain has the modes of the failed block');
  t.same(await run('SHOW transaction_read_only'), ['on']);
  t.same(await run('SHOW transaction_deferrable'), ['on']);
  await run('ROLLBACK');

  await run('BEGIN', 'DECLARE c CURSOR FOR SELECT 10 / (5 - g) FROM generate_series(1, 9) g', 'SAVEPOINT s');
  await refused('FETCH 10 FROM c', 'division by zero', '22012');
  await run('ROLLBACK TO s');
  await refused('FETCH 10 FROM c', 'portal "c" cannot be run', '55000');
  await run('ROLLBACK');

  await refused('RESET transaction_isolation', 'parameter "transaction_isolation" cannot be reset', '0A000');
  await refused(
    "SET transaction_isolation = 'foo'",
    'invalid value for parameter "transaction_isolation": "foo"',
    '22023',
  );
  await refused(
    "SET transaction_read_only = 'foo'",
    'parameter "transaction_read_only" requires a Boolean value',
    '22023',
  );

  await client.end();
  await server.stop();
});
