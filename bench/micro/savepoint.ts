// Times scans in a transaction that has changed the last rows of a table, then all of them beyond a savepoint, and rolled
// that back: they should cost what they do without.
import type { RowLayout, Store, StoreTransaction } from '../../src/storage/api.js';
import type { TypeDescriptor } from '../../src/types/type-descriptor.js';
import { report } from './figures.js';

/** Rows changed before the savepoint. */
const keptCount = 100_000;
const rolledBackCount = 2_000_000;
const lastCommand = 0xffffffff;
const types = {
  typeByOid: (): never => {
    throw new Error('no type is looked up here');
  },
};

/** Prints nanoseconds of a row scanned, and milliseconds of the rollback. */
export async function measureSavepoints(store: Store): Promise<void> {
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
  const perRow = (what: string, milliseconds: number) =>
    report(what, (milliseconds * 1e6) / rolledBackCount, 'ns a row');

  const plain = store.begin(1);
  update(plain, 1, rolledBackCount - keptCount);
  const back = store.begin(1);
  update(back, 1, rolledBackCount - keptCount);
  const depth = back.savepoint();
  update(back, 2, 0);
  perRow('scan before the rollback', scan(back));
  const start = performance.now();
  back.rollbackTo(depth);
  report('rollback', performance.now() - start, 'ms');
  for (let round = 0; round < 3; round++) {
    perRow('scan without the rows', scan(plain));
    perRow('scan after their rollback', scan(back));
  }
  plain.rollback();
  back.rollback();
}
