// Times scans in a transaction that has changed the last rows of a table, then all of them beyond a savepoint, and rolled
// that back: they should cost what they do without. Usage: node dist/bench/micro/savepoint.js [directory]. Prints nanoseconds of a
// row scanned, and milliseconds of the rollback.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RowLayout, StoreTransaction } from '../../src/storage/api.js';
import { closeStore, openStore } from '../../src/storage/store.js';
import type { TypeDescriptor } from '../../src/types/type-descriptor.js';

/** Rows changed before the savepoint. */
const keptCount = 100_000;
const rolledBackCount = 2_000_000;
const lastCommand = 0xffffffff;
const types = {
  typeByOid: (): never => {
    throw new Error('no type is looked up here');
  },
};

const parent = process.argv[2] ?? tmpdir();
const directory = mkdtempSync(join(parent, 'heliosdb-bench-'));
const store = openStore(directory);
try {
  const integer = { kind: 'b', name: 'int4', behaviour: { symbol: 'int4in', storage: 'int4' } };
  const layout: RowLayout = {
    attributes: [1, 2, 3].map(() => ({ type: integer as unknown as TypeDescriptor, missing: null })),
  };
  const table = store.table({ database: 1, filenode: 30001, temporaryOwner: 0 }, layout, types);
  const load = store.begin(1);
  const rowids: number[] = [];
  for (let id = 0; id < rolledBackCount; id += 1000) {
    const rows = Array.from({ length: 1000 }, (_, at) => [id + at, 0, 0]);
    rowids.push(...Array.from(table.insertMany(load, 1, rows)));
  }
  await load.commit({ synchronous: true });
  await store.checkpoint();

  const update = (txn: StoreTransaction, command: number, from: number) => {
    for (const [at, rowid] of rowids.slice(from).entries()) table.update(txn, command, rowid, [at, command, 0]);
  };
  const scan = (txn: StoreTransaction): number => {
    const snapshot = store.takeSnapshot();
    const start = performance.now();
    const cursor = table.scan(
      { snapshot, transaction: txn, command: lastCommand },
      { attributes: [], direction: 'forward' },
    );
    while (cursor.next(4096).rowCount > 0);
    cursor.close();
    snapshot.release();
    return performance.now() - start;
  };
  const report = (what: string, milliseconds: number) =>
    console.log(`${what.padEnd(44)} ${((milliseconds * 1e6) / rolledBackCount).toFixed(0).padStart(9)} ns a row`);

  const plain = store.begin(1);
  update(plain, 1, rolledBackCount - keptCount);
  const back = store.begin(1);
  update(back, 1, rolledBackCount - keptCount);
  const depth = back.savepoint();
  update(back, 2, 0);
  report('scan before the rollback', scan(back));
  const start = performance.now();
  back.rollbackTo(depth);
  console.log(`${'rollback'.padEnd(44)} ${(performance.now() - start).toFixed(0).padStart(9)} ms`);
  for (let round = 0; round < 3; round++) {
    report('scan without the rows', scan(plain));
    report('scan after their rollback', scan(back));
  }
  plain.rollback();
  back.rollback();
} finally {
  closeStore();
  rmSync(directory, { recursive: true });
}
