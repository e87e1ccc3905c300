// What every implementation of src/storage/api.ts must do, run against the store of this process.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'tap';
import type { ReadView, RowLayout, Store, StoreTransaction } from '../../src/storage/api.js';
import { closeStore, openStore } from '../../src/storage/store.js';
import type { StorageClass, TypeBehaviour, TypeLookup } from '../../src/types/type-behaviour.js';
import type { TypeDescriptor } from '../../src/types/type-descriptor.js';
import type { Row, Value } from '../../src/types/value.js';

// A small memtable, so that what one test commits is in the base when the next one reads it.
const directory = mkdtempSync(join(tmpdir(), 'heliosdb-store-'));
const options = { fsync: false, memtableBytes: 64 * 1024 };
let store = openStore(directory, options);
const latest = 0xffffffff;

/** A type that only stores: text as UTF-8, the rest by its storage class. */
function storedType(symbol: string, storage: StorageClass): TypeDescriptor {
  const behaviour: Partial<TypeBehaviour> = {
    symbol,
    storage,
    store: (value, _type, writer) => {
      writer.utf8(value as string);
    },
    load: (reader) => reader.utf8(reader.remaining),
  };
  const length = { bool: 1, int2: 2, int4: 4, uint4: 4, int8: 8, float4: 4, float8: 8, varlen: -1 }[storage];
  return { oid: 1, name: symbol, kind: 'b', length, behaviour } as unknown as TypeDescriptor;
}

const types: TypeLookup = {
  typeByOid: () => {
    throw new Error('not asked for');
  },
};
const attribute = (type: TypeDescriptor | null, missing: Value = null) => ({ type, missing });
const layout: RowLayout = {
  attributes: [
    attribute(storedType('int4in', 'int4')),
    attribute(storedType('textin', 'varlen')),
    attribute(storedType('int8in', 'int8')),
    attribute(storedType('boolin', 'bool')),
    attribute(storedType('float8in', 'float8')),
    attribute(storedType('int2in', 'int2')),
  ],
};

let nextFile = 20000;
const newFile = (temporaryOwner = 0) => ({ database: 5, filenode: nextFile++, temporaryOwner });
const row = (id: number): Row => [id, `row ${id}`, BigInt(id) * 10n, id % 2 === 0, id / 2, id % 7];

function viewOf(txn: StoreTransaction | null, command = latest): ReadView {
  return { snapshot: store.takeSnapshot(), transaction: txn, command };
}

function idsOf(
  view: ReadView,
  table: ReturnType<Store['table']>,
  direction: 'forward' | 'backward' = 'forward',
): Value[] {
  const cursor = table.scan(view, { attributes: [1], direction });
  const ids: Value[] = [];
  for (;;) {
    const batch = cursor.next(3);
    if (batch.rowCount === 0) return ids;
    for (const values of batch.rows) ids.push(values[0] ?? null);
  }
}

test('rows come back as they went in, committed or not, permanent or temporary', async (t) => {
  for (const owner of [0, 7]) {
    const table = store.table(newFile(owner), layout, types);
    const txn = store.begin(7);
    const rows = [row(1), row(2), row(3), [4, null, null, null, null, null]];
    const [first = 0, second = 0, , fourth = 0] = Array.from(table.insertMany(txn, 1, rows));
    t.equal(table.get(viewOf(null), first, null), null);
    t.equal(table.get(viewOf(txn, 1), first, null), null, 'a command does not see its own writes');
    t.same(table.get(viewOf(txn, 2), first, null)?.values, row(1));
    await txn.commit({ synchronous: true });
    const view = viewOf(null);
    t.same(table.get(view, second, null)?.values, row(2));
    t.same(table.get(view, second, [2])?.values, [null, 'row 2', null, null, null, null]);
    t.equal(table.get(view, second, [2])?.stamp, txn.assignedXid);
    t.same(
      table.getMany(view, [fourth, 9999, first], [1]).map((found) => found?.values[0] ?? null),
      [4, null, 1],
    );
    t.same(idsOf(view, table), [1, 2, 3, 4]);
    t.same(idsOf(view, table, 'backward'), [4, 3, 2, 1]);
  }
});

test('snapshots keep what they saw; savepoints take back', async (t) => {
  const table = store.table(newFile(), layout, types);
  const setup = store.begin(1);
  const [first = 0, second = 0] = Array.from(table.insertMany(setup, 1, [row(1), row(2)]));
  await setup.commit({ synchronous: true });
  const before = viewOf(null);
  const txn = store.begin(1);
  table.update(txn, 1, first, row(11));
  const depth = txn.savepoint();
  table.delete(txn, 2, second);
  table.insert(txn, 2, row(3));
  t.same(idsOf(viewOf(txn), table), [11, 3]);
  t.same(idsOf(viewOf(txn, 2), table), [11, 2]);
  txn.rollbackTo(depth);
  t.same(idsOf(viewOf(txn), table), [11, 2]);
  await txn.commit({ synchronous: true });
  t.same(idsOf(before, table), [1, 2]);
  t.same(idsOf(viewOf(null), table), [11, 2]);
  const undone = store.begin(1);
  table.delete(undone, 1, first);
  undone.rollback();
  t.same(idsOf(viewOf(null), table), [11, 2]);
});

test('rows written before a column came or went', async (t) => {
  const file = newFile();
  const txn = store.begin(1);
  const rowid = store.table(file, layout, types).insert(txn, 1, row(5));
  await txn.commit({ synchronous: true });
  const later: RowLayout = {
    attributes: [
      ...layout.attributes.map((one, index) => (index === 1 ? attribute(null) : one)),
      attribute(storedType('textin', 'varlen'), 'default'),
    ],
  };
  t.same(store.table(file, later, types).get(viewOf(null), rowid, null)?.values, [
    5,
    null,
    50n,
    false,
    2.5,
    5,
    'default',
  ]);
});

test('large values and large batches', async (t) => {
  const table = store.table(newFile(), layout, types);
  const long = 'abcdefghij'.repeat(300_000);
  const txn = store.begin(1);
  const rowid = table.insert(txn, 1, [1, long, 1n, true, 0, 0]);
  table.insertMany(
    txn,
    1,
    Array.from({ length: 20_000 }, (_, index) => row(index + 2)),
  );
  await txn.commit({ synchronous: true });
  t.equal(table.get(viewOf(null), rowid, [2])?.values[1], long);
  const cursor = table.scan(viewOf(null), { attributes: null, direction: 'forward' });
  let count = 0;
  for (let batch = cursor.next(4096); batch.rowCount > 0; batch = cursor.next(4096)) count += batch.rowCount;
  t.equal(count, 20_001);
});

test('index entries in key order with payloads', async (t) => {
  const index = store.index(newFile());
  const txn = store.begin(1);
  for (const [key, rowid] of [
    ['b', 2],
    ['a', 9],
    ['b', 1],
    ['c', 3],
  ] as const) {
    index.insert(txn, 1, Buffer.from(key), rowid, rowid === 3 ? null : Buffer.from(`p${rowid}`));
  }
  await txn.commit({ synchronous: true });
  const view = viewOf(null);
  const all = { lower: null, lowerInclusive: true, upper: null, upperInclusive: true };
  const scanned = index.scan(view, all, 'forward').next(10);
  t.same(scanned.rowids, [9, 1, 2, 3]);
  t.same(
    scanned.payloads.map((payload) => payload?.toString() ?? null),
    ['p9', 'p1', 'p2', null],
  );
  t.same(index.scan(view, { ...all, lower: Buffer.from('b') }, 'backward').next(10).rowids, [3, 2, 1]);
  const exclusive = { lower: Buffer.from('a'), lowerInclusive: false, upper: Buffer.from('c'), upperInclusive: false };
  t.same(index.scan(view, exclusive, 'forward').next(10).rowids, [1, 2]);
  t.same(index.lookup(view, Buffer.from('b')), [1, 2]);
  const removal = store.begin(1);
  index.delete(removal, 1, Buffer.from('b'), 1);
  t.same(index.lookup(viewOf(removal), Buffer.from('b')), [2]);
  removal.rollback();
});

test('sequences, oids, sizes, catalog version', async (t) => {
  const file = newFile();
  const definition = { start: 1n, increment: 1n, min: 1n, max: 3n, cache: 1n, cycle: false };
  const txn = store.begin(1);
  store.sequences.create(txn, file, definition);
  t.same(store.sequences.next(file, definition, 's'), { first: 1n, last: 1n });
  await txn.commit({ synchronous: true });
  store.sequences.set(file, 3n, false);
  t.same(store.sequences.next(file, definition, 's'), { first: 3n, last: 3n });
  t.throws(() => store.sequences.next(file, definition, 's'), { code: '2200H' });
  const oid = store.nextOid();
  t.equal(store.nextOid(), oid + 1);
  const before = store.catalogVersion();
  const ddl = store.begin(1);
  store.markCatalogChanged(ddl);
  const sized = newFile();
  store.table(sized, layout, types).insertMany(ddl, 1, [row(1), row(2)]);
  await ddl.commit({ synchronous: true });
  t.not(store.catalogVersion(), before);
  t.equal(store.size(sized).entries, 2);
});

test('databases are copied', async (t) => {
  const file = newFile();
  const txn = store.begin(1);
  const rowid = store.table(file, layout, types).insert(txn, 1, row(1));
  await txn.commit({ synchronous: true });
  const copy = store.begin(1);
  await store.copyDatabase(copy, 5, 6);
  await copy.commit({ synchronous: true });
  const table = store.table({ ...file, database: 6 }, layout, types);
  t.same(table.get(viewOf(null), rowid, null)?.values, row(1));
});

test('everything is there again after a checkpoint and a restart', async (t) => {
  const file = newFile();
  const txn = store.begin(1);
  const rowid = store.table(file, layout, types).insert(txn, 1, row(1));
  const lsn = await txn.commit({ synchronous: false });
  await store.checkpoint();
  const size = store.size(file);
  const oid = store.nextOid();
  closeStore();
  store = openStore(directory, options);
  const table = store.table(file, layout, types);
  t.same(table.get(viewOf(null), rowid, null)?.values, row(1));
  t.same(store.size(file), size);
  t.equal(store.nextOid(), oid + 1);
  t.ok(store.currentLsn() >= lsn);
  const next = store.begin(1);
  t.equal(table.insert(next, 1, row(2)), rowid + 1);
  next.rollback();
  closeStore();
  rmSync(directory, { recursive: true });
});
