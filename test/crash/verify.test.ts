// `heliosdb verify`: silent about a sound directory, loud about a damaged copy, and not to be had while a server runs.
// Files are damaged by a flipped byte, what is in them by writes that go past the rooms above the store.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'tap';
import { WireClient } from '../../conformance/wire-client.js';
import type { LayoutAttribute, RelationFile, Store } from '../../src/storage/api.js';
import { closeStore, openStore } from '../../src/storage/store.js';
import type { StorageClass, TypeBehaviour } from '../../src/types/type-behaviour.js';
import type { TypeDescriptor } from '../../src/types/type-descriptor.js';
import { newDirectory, startServer } from '../support/server.js';
import { runVerify } from './run-verify.js';

const schema = `
create schema apart;
create table apart.item (id int primary key, label text unique);
insert into apart.item select n, 'needle ' || n from generate_series(1, 500) n;
checkpoint;
`;

test('a damaged copy is found', { timeout: 250_000 }, async (t) => {
  const directory = await newDirectory();
  const copies = mkdtempSync(join(tmpdir(), 'heliosdb-verify-'));
  t.teardown(() => {
    for (const folder of [directory, copies]) rmSync(folder, { recursive: true, force: true });
  });
  const server = await startServer({ directory });
  const client = await WireClient.connect({ ...server, user: 'postgres', database: 'postgres' });
  t.equal((await client.query(schema)).error, null);
  const { rows } = await client.query(
    `select d.oid, c.relname, c.relfilenode from pg_class c, pg_database d
     where datname = current_database() and relname ~ '^item'`,
  );
  const online = await client.query(
    `create extension amcheck;
     select bt_index_check('apart.item_pkey', true, true), bt_index_parent_check('apart.item_label_key', true),
       (select count(*) from verify_heapam('apart.item'))`,
  );
  t.same([online.error, online.rows], [null, [['', '', '0']]]);
  client.close();
  const files = new Map(
    rows.map(([database, name, filenode]): [string, RelationFile] => [
      String(name),
      { database: Number(database), filenode: Number(filenode), temporaryOwner: 0 },
    ]),
  );
  const refused = await runVerify(directory);
  t.match(refused, { code: 1, output: /lock file "heliosdb.lock" already exists\nAnother server/ });
  await server.stop();

  const sound = await runVerify(directory);
  t.match(sound, { code: 0, output: /Nothing is wrong/, problems: [] });

  const flipped = join(copies, 'flipped');
  cpSync(directory, flipped, { recursive: true });
  const base = join(flipped, 'store', 'base', 'data.mdb');
  const bytes = readFileSync(base);
  // Also on pages that are free by now.
  for (let at = bytes.indexOf('needle 77'); at >= 0; at = bytes.indexOf('needle 77', at + 1)) {
    bytes[at + 1] = (bytes[at + 1] ?? 0) ^ 4;
  }
  writeFileSync(base, bytes);
  const found = await runVerify(flipped);
  t.equal(found.code, 1);
  t.match(found.problems[0], /data.mdb: page \d+ at offset \d+ has an entry whose checksum is wrong/);

  const crossed = join(copies, 'crossed');
  cpSync(directory, crossed, { recursive: true });
  await writePast(join(crossed, 'store'), files);
  const { code, problems } = await runVerify(crossed);
  t.equal(code, 1);
  const all = problems.join('\n');
  for (const wanted of [
    /index "item_pkey" has an entry of row \(0,1\), which table "item" does not have/,
    /index "item_label_key" has an entry of row \(0,1\)/,
    /index "item_label_key" has 1 entries that no row has/,
    /heap tuple \(\d+,\d+\) from table "item" lacks matching index tuple within index "item_pkey"/,
    /file 999999 of database \d+ has 1 entries, but no relation is its own/,
    /pg_namespace does not have/,
  ]) {
    t.match(all, wanted);
  }
});

/** Takes a row away under its entries, adds a row and an entry that nothing goes with, a file of nobody's, and takes a
 *  schema away. */
async function writePast(directory: string, files: ReadonlyMap<string, RelationFile>): Promise<void> {
  const store = openStore(directory);
  const item = files.get('item');
  const labels = files.get('item_label_key');
  if (item === undefined || labels === undefined) throw new Error('the relations are missing');
  const rows = store.table(
    item,
    { attributes: [stored('int4in', 'int4', 4), stored('textin', 'varlen', -1)] },
    noTypes,
  );
  const txn = store.begin(1);
  rows.delete(txn, 1, 1);
  rows.insert(txn, 1, [100_000, null]);
  const labelIndex = store.index(labels);
  labelIndex.insert(txn, 1, Buffer.from('nonsense'), 2, null);
  store.index({ ...item, filenode: 999_999 }).insert(txn, 1, Buffer.from('lost'), 1, null);
  const namespaces = store.table({ ...item, filenode: namespaceCatalog }, { attributes: [] }, noTypes);
  namespaces.delete(txn, 1, lastRow(store, namespaces));
  await txn.commit({ synchronous: true });
  closeStore();
}

/** pg_namespace. */
const namespaceCatalog = 2615;

function lastRow(store: Store, table: ReturnType<Store['table']>): number {
  const view = { snapshot: store.takeSnapshot(), transaction: null, command: 0 };
  const cursor = table.scan(view, { attributes: [], direction: 'backward' });
  const [last = 0] = cursor.next(1).rowids;
  cursor.close();
  view.snapshot.release();
  return last;
}

/** A column whose type only stores. */
function stored(symbol: string, storage: StorageClass, length: number): LayoutAttribute {
  const behaviour: Partial<TypeBehaviour> = {
    symbol,
    storage,
    store: (value, _type, writer) => {
      writer.utf8(value as string);
    },
    load: (reader) => reader.utf8(reader.remaining),
  };
  return { type: { oid: 1, name: symbol, kind: 'b', length, behaviour } as unknown as TypeDescriptor, missing: null };
}

const noTypes = {
  typeByOid(): TypeDescriptor {
    throw new Error('not asked for');
  },
};
