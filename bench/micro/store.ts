// Times the store's calls that everything waits for: point get, scan, insert, index lookup, commit.
import type { ReadView, RowLayout, Store, TableStore } from '../../src/storage/api.js';
import type { StorageClass } from '../../src/types/type-behaviour.js';
import type { TypeDescriptor } from '../../src/types/type-descriptor.js';
import { report, timed } from './figures.js';

const rowCount = 200_000;
const lastCommand = 0xffffffff;
const types = { typeByOid: neverAsked };

/** Prints nanoseconds of one call or row, milliseconds of a commit or checkpoint. */
export async function measureStore(store: Store): Promise<void> {
  const integers = layoutOf(['int4', 'int4', 'int4', 'int4']);
  const mixed = layoutOf(['int4', 'varlen', 'int8', 'varlen']);
  const row = (id: number) => [id, `name ${id}`, BigInt(id), 'a somewhat longer text'];
  await measureTable(store, { name: '4 int4', filenode: 30001 }, integers, (id) => [id, id + 1, id % 7, -id]);
  await measureTable(store, { name: 'int4 text int8 text', filenode: 30002 }, mixed, row);
  await measureIndex(store);
  await measureCommits(store);
}

function layoutOf(storages: readonly StorageClass[]): RowLayout {
  return {
    attributes: storages.map((storage) => ({
      type: {
        kind: 'b',
        name: storage,
        behaviour: {
          symbol: storage === 'varlen' ? 'textin' : storage,
          storage,
          store: (value: string, _type: unknown, writer: { utf8(text: string): number }) => writer.utf8(value),
          load: (reader: { readonly remaining: number; utf8(length: number): string }) => reader.utf8(reader.remaining),
        },
      } as unknown as TypeDescriptor,
      missing: null,
    })),
  };
}

function neverAsked(): never {
  throw new Error('no type is looked up here');
}

function view(store: Store): ReadView {
  return { snapshot: store.takeSnapshot(), transaction: null, command: lastCommand };
}

async function measureTable(
  store: Store,
  { name, filenode }: { readonly name: string; readonly filenode: number },
  layout: RowLayout,
  row: (id: number) => readonly never[] | readonly unknown[],
) {
  const table = store.table({ database: 1, filenode, temporaryOwner: 0 }, layout, types);
  const txn = store.begin(1);
  const insert = timed(() => {
    for (let id = 0; id < rowCount; id += 1000) {
      const rows = Array.from({ length: 1000 }, (_, at) => row(id + at)) as never[];
      table.insertMany(txn, 1, rows);
    }
  });
  const committed = performance.now();
  await txn.commit({ synchronous: true });
  report(`${name}: insert`, insert / rowCount, 'ns a row');
  report(`${name}: commit of ${rowCount} rows`, performance.now() - committed, 'ms');
  measureReads(store, `${name}, memtable`, table);
  const flushed = performance.now();
  await store.checkpoint();
  report(`${name}: checkpoint`, performance.now() - flushed, 'ms');
  measureReads(store, `${name}, base`, table);
}

function measureReads(store: Store, name: string, table: TableStore) {
  const reading = view(store);
  for (let round = 0; round < 2; round++) {
    const scan = timed(() => scanAll(reading, table, null));
    const count = timed(() => scanAll(reading, table, []));
    const gets = 100_000;
    const get = timed(() => {
      for (let index = 0; index < gets; index++) table.get(reading, 1 + ((index * 7919) % rowCount), null);
    });
    if (round === 0) continue;
    report(`${name}: scan`, scan / rowCount, 'ns a row');
    report(`${name}: scan without columns`, count / rowCount, 'ns a row');
    report(`${name}: get`, get / gets, 'ns');
  }
  reading.snapshot.release();
}

function scanAll(reading: ReadView, table: TableStore, attributes: readonly number[] | null) {
  const cursor = table.scan(reading, { attributes, direction: 'forward' });
  while (cursor.next(4096).rowCount > 0);
  cursor.close();
}

async function measureIndex(store: Store) {
  const index = store.index({ database: 1, filenode: 30003, temporaryOwner: 0 });
  const txn = store.begin(1);
  const key = Buffer.alloc(5);
  const insert = timed(() => {
    for (let id = 1; id <= rowCount; id++) {
      key.writeUInt32BE(id, 1);
      index.insert(txn, 1, key, id, null);
    }
  });
  report('index: insert', insert / rowCount, 'ns');
  await txn.commit({ synchronous: true });
  await store.checkpoint();
  const reading = view(store);
  const lookup = timed(() => {
    for (let id = 1; id <= rowCount; id++) {
      key.writeUInt32BE(1 + ((id * 7919) % rowCount), 1);
      index.lookup(reading, key);
    }
  });
  report('index: lookup', lookup / rowCount, 'ns');
  reading.snapshot.release();
}

async function measureCommits(store: Store) {
  const table = store.table({ database: 1, filenode: 30004, temporaryOwner: 0 }, layoutOf(['int4', 'int4']), types);
  for (const clients of [1, 8, 32]) {
    const perClient = Math.ceil(2000 / clients);
    const start = performance.now();
    await Promise.all(Array.from({ length: clients }, () => commits(store, table, perClient)));
    const total = perClient * clients;
    report(`commit, ${clients} clients`, (total / (performance.now() - start)) * 1000, 'a second');
  }
}

async function commits(on: Store, table: TableStore, count: number) {
  for (let index = 0; index < count; index++) {
    const txn = on.begin(1);
    table.insert(txn, 1, [index, index]);
    table.insert(txn, 1, [index, -index]);
    await txn.commit({ synchronous: true });
  }
}
