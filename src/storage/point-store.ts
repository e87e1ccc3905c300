// Single rows of a table by whole keys of one of its unique indexes: index entry and row come from one call.
import { addon } from '../base/addon.js';
import type { TypeLookup } from '../types/type-behaviour.js';
import type { Row } from '../types/value.js';
import type { PointFiles, PointStore, ReadView, RowLayout, StoredRow, StoreTransaction } from './api.js';
import { filling, growRead, growWrite, readBuffer, writeBuffer } from './exchange.js';
import { native } from './native-error.js';
import { makeRowDecoder, type RowDecoder } from './row-decoder.js';
import { storedAttributes } from './row-layout.js';
import { type NativeTransaction, snapshotHandle, transactionHandle } from './store-transaction.js';

/** Words of a batch's header: where rowids and stamps stand. */
const rowidsWord = 1;
const stampsWord = 2;
/** The addon's answer where a lock or a change of the catalogs asks for the general path. */
const stale = -1;

/** The point reader of a permanent table's unique index; `attributes` as in `TableStore.get`. */
export function makePointStore(
  files: PointFiles,
  layout: RowLayout,
  attributes: readonly number[] | null,
  types: TypeLookup,
): PointStore {
  const stored = storedAttributes(layout, types);
  const indexes = attributes === null ? [...stored.keys()] : attributes.map((number) => number - 1);
  const decoder = makeRowDecoder(stored, indexes, types);
  const { index, table, relation } = files;
  const number = native(() =>
    addon.pointPath(table.database, index.filenode, table.filenode, relation, decoder.columns),
  );
  return new NativePoint(number, decoder);
}

class NativePoint implements PointStore {
  constructor(
    private readonly number: number,
    private readonly decoder: RowDecoder,
  ) {}

  newest(catalogVersion: number, key: Uint8Array): Row | null | undefined {
    put(key);
    for (;;) {
      const count = native(() => addon.pointNewest(this.number, catalogVersion, key.length));
      if (count === stale) return undefined;
      if (count >= 0) return count === 0 ? null : (this.decoder.decode(1)[0] as Row);
      growRead(-count);
    }
  }

  newestIn(transaction: StoreTransaction, command: number, key: Uint8Array): Row | null {
    put(key);
    const handle = (transaction as NativeTransaction).handle;
    const count = native(() => filling(() => addon.pointNewestIn(this.number, handle, command, key.length)));
    return count === 0 ? null : (this.decoder.decode(1)[0] as Row);
  }

  get(view: ReadView, key: Uint8Array): StoredRow | null {
    put(key);
    const snapshot = snapshotHandle(view);
    const transaction = transactionHandle(view);
    const count = native(() =>
      filling(() => addon.pointGet(this.number, snapshot, transaction, view.command, key.length)),
    );
    if (count === 0) return null;
    const views = readBuffer();
    const rowid = views.f64[(views.u32[rowidsWord] as number) >> 3] as number;
    const stamp = views.u64[(views.u32[stampsWord] as number) >> 3] as bigint;
    return { rowid, stamp, values: this.decoder.decode(1)[0] as Row };
  }
}

function put(key: Uint8Array): void {
  const views = writeBuffer().u8.length < key.length ? growWrite(key.length) : writeBuffer();
  views.u8.set(key, 0);
}
