// Which statements the addon really runs by itself: a module that the server's threads load first has it tell, at the end
// of each session, how often it ran which.
import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { test } from 'tap';
import { newDirectory, startServer } from '../support/server.js';

const dist = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const addonPath = join(dirname(dist), 'native', 'heliosdb.node');

const preloaded = `
import { createRequire } from 'node:module';
const addon = createRequire(import.meta.url)(${JSON.stringify(addonPath)});
const { pointsPrepare, pointsDetach } = addon;
const names = new Map();
addon.pointsPrepare = (descriptor, name, program) => {
  names.set(descriptor, (names.get(descriptor) ?? new Set()).add(name));
  pointsPrepare(descriptor, name, program);
};
addon.pointsDetach = (descriptor) => {
  const runs = [...(names.get(descriptor) ?? [])].map((name) => [name, addon.pointsRuns(descriptor, name)]);
  process.stdout.write('ran natively ' + JSON.stringify(Object.fromEntries(runs)) + '\\n');
  pointsDetach(descriptor);
};
`;

const schema = `
  create table item (id int primary key, code text not null, n bigint, flag boolean, at timestamp, m int, unique (code, n));
  create table log (item int, at timestamptz, note varchar);
  create table checked (id int primary key, n int check (n > 0));
  create table child (item int references item, n int);
  create table watched (id int primary key, n int);
  create function nothing() returns trigger language plpgsql as 'begin return new; end';
  create trigger watch before insert or update on watched for each row execute function nothing();
  create table small (code text, id int, n int, primary key (code, id));
  insert into small select 'c', g, g from generate_series(1, 5) g;
  analyze small;
  insert into item select g, 'c' || g, g, true, now(), g from generate_series(1, 20) g;
  insert into checked select g, g from generate_series(1, 20) g;
  insert into watched select g, g from generate_series(1, 20) g`;

/** What is run `runs` times, by name; `n` is a number that no run before had. */
const native: Readonly<Record<string, readonly [sql: string, values: (n: number) => unknown[]]>> = {
  byId: ['select id, code, n, flag from item where id = $1', () => [3]],
  byCode: ['select id from item where n = $2 and code = $1', () => ['c3', 3]],
  change: ['update item set m = m * 2 - $2, flag = false, at = current_timestamp where id = $1', () => [3, 3]],
  add: ['insert into item (id, code, n) values ($1, $2, 7)', (n) => [n, `new ${n}`]],
  // All of a small table would be read; the key says which row.
  small: ["update small set n = n + $2 where id = $1 and code = 'c'", () => [3, 1]],
  note: ['insert into log values ($1, now(), $2)', (n) => [n, 'x']],
  begin: ['begin', () => []],
  commit: ['commit', () => []],
};
/** What the general path keeps. */
const general: typeof native = {
  checked: ['update checked set n = $2 where id = $1', () => [3, 5]],
  child: ['insert into child values (3, $1)', (n) => [n]],
  watched: ['update watched set n = $2 where id = $1', () => [3, 5]],
  keyed: ['update item set n = n + 1 where id = $1', () => [3]],
  more: ['select at from item where id = $1', () => [3]],
  scan: ['select id from item where flag = $1 and id = $2', () => [true, 4]],
  half: ['update small set n = 0 where id = $1', () => [3]],
  locked: ['select id from item where id = $1 for update', () => [3]],
  returned: ['update item set flag = true where id = $1 returning id', () => [3]],
};
const runs = 20;
/** Runs before a generic plan is settled and its privileges are known, and the one that finds out. */
const runsBefore = 8;

test('what the addon runs by itself', { timeout: 60_000 }, async (t) => {
  const directory = await newDirectory();
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const preload = join(directory, 'preload.mjs');
  writeFileSync(preload, preloaded);
  const server = await startServer({ directory, preload, settings: ['heliosdb.workers=1'] });
  t.teardown(() => server.stop());
  const client = new pg.Client({ host: server.host, port: server.port, user: 'postgres', database: 'postgres' });
  await client.connect();
  await client.query(schema);
  const all = Object.entries({ ...native, ...general }).filter(([name]) => name !== 'begin' && name !== 'commit');
  for (const [name, [text, values]] of all) {
    for (let n = 0; n < runs; n++) {
      const number = 1000 + n;
      await client.query({ name: 'begin', text: 'begin' });
      await client.query({ name, text, values: values(number) });
      await client.query({ name: 'commit', text: 'commit' });
    }
  }
  // A block that the session had a part in goes on natively.
  for (let n = 0; n < runs; n++) {
    await client.query({ name: 'begin', text: 'begin' });
    await client.query('select count(*) from item');
    await client.query({ name: 'change', text: native.change?.[0] ?? '', values: [3, 3] });
    await client.query({ name: 'mixedCommit', text: 'commit' });
  }
  await client.end();
  const told = /ran natively (\{.*\})/;
  while (!told.test(server.output())) await new Promise((resolve) => setTimeout(resolve, 20));
  const counts = JSON.parse(told.exec(server.output())?.[1] ?? '{}') as Record<string, number>;
  for (const name of [...Object.keys(native), 'mixedCommit'])
    t.ok((counts[name] ?? 0) >= runs - runsBefore, `${name}: ${counts[name]}`);
  for (const name of Object.keys(general)) t.equal(counts[name] ?? 0, 0, name);
});
