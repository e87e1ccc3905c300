// PL/pgSQL over the wire: results, messages with their context, errors with theirs, transactions that procedures end. The
// expected values are what PostgreSQL 17 does with the same statements.
import pg from 'pg';
import { test } from 'tap';
import { startServer } from '../support/server.js';

test('PL/pgSQL', { timeout: 60_000 }, async (t) => {
  const server = await startServer();
  const client = new pg.Client({ host: server.host, port: server.port, user: 'postgres', database: 'postgres' });
  await client.connect();
  const told: string[] = [];
  client.on('notice', (notice) => told.push(`${notice.message} | ${notice.where ?? ''}`));
  const run = async (...statements: string[]) => {
    let rows: unknown[][] = [];
    for (const text of statements) ({ rows } = await client.query({ text, rowMode: 'array' }));
    return rows;
  };
  const refused = (statement: string, fields: { code: string; [field: string]: string }) =>
    t.rejects(client.query(statement), fields);

  await run(
    'CREATE TABLE item (id int PRIMARY KEY, name text)',
    "INSERT INTO item SELECT g, 'n' || g FROM generate_series(1, 5) g",
    `CREATE FUNCTION sums(n int, OUT total int, OUT words text) LANGUAGE plpgsql AS $$
     DECLARE r item; q record;
     BEGIN
       total := 0; words := '';
       FOR r IN SELECT * FROM item WHERE id <= n ORDER BY id LOOP total := total + r.id; END LOOP;
       FOR q IN EXECUTE 'SELECT name FROM item WHERE id = $1' USING n LOOP words := words || q.name; END LOOP;
     END $$`,
    `CREATE FUNCTION guarded(a int) RETURNS text LANGUAGE plpgsql AS $$
     DECLARE context text;
     BEGIN
       INSERT INTO item VALUES (100, 'kept?');
       RETURN 10 / a;
     EXCEPTION WHEN division_by_zero THEN
       GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
       RAISE NOTICE '% at %', SQLERRM, context USING HINT = 'no zero';
       RETURN SQLSTATE || (SELECT count(*) FROM item);
     END $$`,
  );
  t.same(await run('SELECT * FROM sums(3)'), [[6, 'n3']]);
  t.same(await run('SELECT guarded(0)'), [['220125']], 'the block is undone');
  t.same(told.splice(0), [
    'division by zero at PL/pgSQL function guarded(integer) line 5 at RETURN | PL/pgSQL function guarded(integer) line 8 at RAISE',
  ]);

  await run(`CREATE FUNCTION outer_one() RETURNS int LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM nothing FROM item;
      RETURN 1;
    END $$`);
  await refused('SELECT outer_one()', {
    code: '42703',
    message: 'column "nothing" does not exist',
    internalQuery: 'SELECT nothing FROM item',
    internalPosition: '8',
    where: 'PL/pgSQL function outer_one() line 3 at PERFORM',
  });
  await refused('DO $$ BEGIN RETURN 1; END $$', {
    code: '42804',
    message: 'RETURN cannot have a parameter in function returning void',
    position: '20',
  });

  await run(`CREATE PROCEDURE batches(INOUT done int) LANGUAGE plpgsql AS $$
    BEGIN
      FOR i IN 10..13 LOOP
        INSERT INTO item VALUES (i, 'batch');
        IF i % 2 = 0 THEN COMMIT; done := done + 1; ELSE ROLLBACK; END IF;
      END LOOP;
    END $$`);
  t.same(await run('CALL batches(5)'), [[7]]);
  t.same(await run("SELECT array_agg(id ORDER BY id) FROM item WHERE name = 'batch'"), [[[10, 12]]]);
  await run('DELETE FROM item WHERE id = 10', 'BEGIN');
  await refused('CALL batches(0)', { code: '2D000', message: 'invalid transaction termination' });
  await run('ROLLBACK');

  await run(
    `CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN
       IF NEW.id < 0 THEN RETURN NULL; END IF;
       NEW.name := upper(NEW.name) || TG_ARGV[0];
       RETURN NEW;
     END $$`,
    "CREATE TRIGGER shouting BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION shout('!')",
  );
  t.same(await run("INSERT INTO item VALUES (-1, 'a'), (50, 'b') RETURNING id, name"), [[50, 'B!']]);

  await run("SET statement_timeout = '200ms'");
  await refused('DO $$ BEGIN LOOP NULL; END LOOP; END $$', { code: '57014' });
  await run(
    'RESET statement_timeout',
    'CREATE FUNCTION endless() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN endless(); END $$',
  );
  await refused('SELECT endless()', { code: '54001', message: 'stack depth limit exceeded' });

  await client.end();
  await server.stop();
});
