// Building an index in the addon: it makes the keys of plain columns from the stored rows, or takes keys made here, sorts
// them and makes them the index's entries at once.
import { addon } from '../base/addon.js';
import type { TypeDescriptor } from '../types/type-descriptor.js';
import type {
  IndexBuilder,
  IndexBuildOptions,
  KeyOfRow,
  ReadView,
  RelationFile,
  RowId,
  StoreTransaction,
} from './api.js';
import { growWrite, writeBuffer } from './exchange.js';
import { native } from './native-error.js';
import { snapshotHandle, transactionHandle, writing } from './store-transaction.js';

/** Kinds of key columns that the addon makes itself (native/crates/columns/src/keys.rs), by pg_type.typinput. */
const kinds: Readonly<Record<string, number>> = {
  boolin: 0,
  int2in: 1,
  int4in: 2,
  date_in: 2,
  int8in: 3,
  time_in: 3,
  timestamp_in: 3,
  timestamptz_in: 3,
  oidin: 4,
  float4in: 5,
  float8in: 6,
  textin: 7,
  varcharin: 7,
  namein: 7,
  bpcharin: 8,
  uuid_in: 9,
};

/** Bytes of entries that go to the addon at once. */
const batchBytes = 256 * 1024;
const entryHeaderBytes = 12;
const nullBit = 0x80000000;

/** Kind of key column for a type whose values are ordered by code point where they are text; null where keys must be
 *  made by the type's own `sortKey`. */
export function nativeKeyKind(type: TypeDescriptor): number | null {
  return type.kind === 'b' ? (kinds[type.input] ?? null) : null;
}

export function makeIndexBuilder(
  file: RelationFile,
  txn: StoreTransaction,
  command: number,
  options: IndexBuildOptions,
): IndexBuilder {
  const { database, filenode, temporaryOwner } = file;
  const build = native(() =>
    addon.indexBuildBegin(
      writing(txn),
      command,
      database,
      filenode,
      temporaryOwner,
      options.isUnique,
      options.nullsDistinct,
    ),
  );
  return new NativeBuilder(build);
}

class NativeBuilder implements IndexBuilder {
  private open = true;
  private cursor: number | null = null;
  /** Entries in the write buffer's likeness, not yet handed over. */
  private bytes = Buffer.allocUnsafe(batchBytes);
  private length = 0;
  private count = 0;

  constructor(private readonly build: number) {}

  scan(view: ReadView, table: RelationFile, columns: readonly KeyOfRow[]): void {
    const numbers = columns.flatMap(({ attribute, kind, descending, nullsFirst }) => [
      attribute - 1,
      kind,
      descending ? 1 : 0,
      nullsFirst ? 1 : 0,
    ]);
    this.cursor = native(() =>
      addon.indexBuildScan(
        this.build,
        snapshotHandle(view),
        transactionHandle(view),
        view.command,
        table.database,
        table.filenode,
        table.temporaryOwner,
        numbers,
      ),
    );
  }

  takeRows(rowCountMax: number): number {
    const { cursor } = this;
    return cursor === null ? 0 : native(() => addon.indexBuildRows(this.build, cursor, rowCountMax));
  }

  add(key: Buffer, rowid: RowId, hasNull: boolean): void {
    const needed = entryHeaderBytes + key.length;
    if (this.length + needed > this.bytes.length) {
      this.handOver();
      if (needed > this.bytes.length) this.bytes = Buffer.allocUnsafe(needed);
    }
    const { bytes, length } = this;
    bytes.writeUInt32LE(hasNull ? key.length + nullBit : key.length, length);
    bytes.writeDoubleLE(rowid, length + 4);
    bytes.set(key, length + entryHeaderBytes);
    this.length += needed;
    this.count++;
  }

  finish(): RowId | null {
    this.handOver();
    this.closeCursor();
    this.open = false;
    const duplicate = native(() => addon.indexBuildFinish(this.build));
    return duplicate === 0 ? null : duplicate;
  }

  close(): void {
    this.closeCursor();
    if (this.open) addon.indexBuildDrop(this.build);
    this.open = false;
  }

  private handOver(): void {
    if (this.count === 0) return;
    const views = writeBuffer().u8.length < this.length ? growWrite(this.length) : writeBuffer();
    views.u8.set(this.bytes.subarray(0, this.length));
    const { length, count } = this;
    this.length = 0;
    this.count = 0;
    native(() => addon.indexBuildAdd(this.build, length, count));
  }

  private closeCursor(): void {
    if (this.cursor !== null) addon.cursorClose(this.cursor);
    this.cursor = null;
  }
}
