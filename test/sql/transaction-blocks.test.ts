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

  const locally = (name: string) => `parameter "${name}" cannot be set locally in functions`;
  const made = (setting: string) =>
    `CREATE FUNCTION made() RETURNS text LANGUAGE sql SET ${setting} AS 'SELECT current_user'`;
  await refused(made('transaction_read_only = on'), locally('transaction_read_only'), '0A000');
  await refused(made('seed = 0.5'), locally('seed'), '0A000');
  await refused(
    made("transaction_isolation = 'serializable'"),
    'SET TRANSACTION ISOLATION LEVEL must be called before any query',
    '25001',
  );
  await run('CREATE ROLE chosen', made('role = chosen'));
  t.same(await run('SELECT made()'), ['chosen']);
  t.same(await run('SELECT current_user::text'), ['postgres']);
  await run('ALTER FUNCTION made() RESET role', 'ALTER FUNCTION made() SET transaction_read_only = on');
  await refused('SELECT made()', locally('transaction_read_only'), '0A000');
  await refused('ALTER FUNCTION made() RESET seed', 'parameter "seed" cannot be reset', '0A000');
  await refused(
    "ALTER ROLE chosen SET transaction_isolation = 'serializable'",
    'SET TRANSACTION ISOLATION LEVEL must be called before any query',
    '25001',
  );
  await run('ALTER ROLE chosen SET transaction_read_only = on', 'ALTER ROLE chosen RESET transaction_isolation');

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
