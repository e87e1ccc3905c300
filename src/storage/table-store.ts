// One table's rows over the addon: encodes what goes in, decodes the batches that come out.
import { addon } from '../base/addon.js';
import type { TypeLookup } from '../types/type-behaviour.js';
import type { Row } from '../types/value.js';
import type {
  CopyColumn,
  CopyLineFormat,
  CopyLoader,
  ReadView,
  RelationFile,
  RowId,
  RowLayout,
  RowPlacement,
  StoreTransaction,
  StoredRow,
  TableBatch,
  TableCursor,
  TableScanOptions,
  TableStore,
} from './api.js';
import { makeCopyLoader, placementFlags } from './copy-loader.js';
import { rowidOfPage } from './ctid.js';
import { filling, growRead, growWrite, readBuffer, writeBuffer } from './exchange.js';
import { native } from './native-error.js';
import { makeRowDecoder, type RowDecoder } from './row-decoder.js';
import { encodeRows, encodeSingleRow, markLocked, rowTupleBytes } from './row-encoder.js';
import { type StoredLayout, storedLayout } from './row-layout.js';
import { snapshotHandle, transactionHandle, writing } from './store-transaction.js';

/** Words of a batch's header: where rowids and stamps stand. */
const rowidsWord = 1;
const stampsWord = 2;
/** Rowids are below 2^53, see the contract. */
const rowidMax = Number.MAX_SAFE_INTEGER;

/** The table store of a file whose rows have this layout. */
export function makeTableStore(file: RelationFile, layout: RowLayout, types: TypeLookup): TableStore {
  return new NativeTable(file, layout, types);
}

class NativeTable implements TableStore {
  private readonly layout: StoredLayout;
  private readonly decoders = new Map<string, RowDecoder>();
  private everything: RowDecoder | null = null;

  constructor(
    private readonly file: RelationFile,
    layout: RowLayout,
    private readonly types: TypeLookup,
  ) {
    this.layout = storedLayout(layout, types);
  }

  insert(txn: StoreTransaction, command: number, values: Row): RowId {
    return this.place(txn, command, [values]);
  }

  insertMany(txn: StoreTransaction, command: number, rows: readonly Row[], placement?: RowPlacement): ArrayLike<RowId> {
    if (rows.length === 0) return [];
    const first = this.place(txn, command, rows, placement);
    return rows.length === 1 ? [first] : readBuffer().f64.slice(0, rows.length);
  }

  /** Inserts rows, whose rowids then stand in the read buffer; the first of them. */
  private place(txn: StoreTransaction, command: number, rows: readonly Row[], placement?: RowPlacement): RowId {
    const { database, filenode, temporaryOwner } = this.file;
    const flags = placementFlags(txn, filenode, placement);
    const statement = placement?.statement ?? 0;
    if (readBuffer().f64.length < rows.length) growRead(rows.length * 8);
    for (;;) {
      const length = encodeRows(this.layout, rows, this.types);
      const { reservedBytes } = this.layout;
      const result = native(() =>
        addon.tableInsert(
          writing(txn),
          command,
          database,
          filenode,
          temporaryOwner,
          length,
          reservedBytes,
          statement,
          flags,
        ),
      );
      if (result > 0) return result;
      this.measurePage(-1 - result);
    }
  }

  /** After a start: tells the addon what the rows on the file's last page take up. */
  private measurePage(page: number): void {
    const { database, filenode, temporaryOwner } = this.file;
    const decoder = this.decoder(null);
    const snapshot = native(() => addon.storeTakeSnapshot());
    let bytes = 0;
    try {
      const [from, to] = [rowidOfPage(page), rowidOfPage(page + 1) - 1];
      const scan = native(() =>
        addon.tableScan(snapshot, 0, 0, database, filenode, temporaryOwner, decoder.columns, from, to, false),
      );
      const cursor = new NativeTableCursor(scan, decoder);
      for (let batch = cursor.next(1024); batch.rowCount > 0; batch = cursor.next(1024)) {
        for (const row of batch.rows) bytes += (rowTupleBytes(this.layout, row, this.types) + 7) & ~7;
      }
    } finally {
      addon.storeReleaseSnapshot(snapshot);
    }
    native(() => addon.pageMeasured(database, filenode, temporaryOwner, page, bytes));
  }

  update(txn: StoreTransaction, command: number, rowid: RowId, values: Row, wasLocked = false): void {
    const { database, filenode, temporaryOwner } = this.file;
    const length = encodeSingleRow(this.layout, values, this.types);
    markLocked(wasLocked);
    native(() => addon.tableUpdate(writing(txn), command, database, filenode, temporaryOwner, rowid, length));
  }

  delete(txn: StoreTransaction, command: number, rowid: RowId): void {
    const { database, filenode, temporaryOwner } = this.file;
    native(() => addon.tableDelete(writing(txn), command, database, filenode, temporaryOwner, rowid));
  }

  get(view: ReadView, rowid: RowId, attributes: readonly number[] | null): StoredRow | null {
    const { database, filenode, temporaryOwner } = this.file;
    const decoder = this.decoder(attributes);
    const snapshot = snapshotHandle(view);
    const txn = transactionHandle(view);
    native(() =>
      filling(() =>
        addon.tableGet(snapshot, txn, view.command, database, filenode, temporaryOwner, decoder.columns, rowid),
      ),
    );
    const views = readBuffer();
    if (views.f64[(views.u32[rowidsWord] as number) >> 3] === 0) return null;
    const stamp = views.u64[(views.u32[stampsWord] as number) >> 3] as bigint;
    return { rowid, stamp, values: decoder.decode(1)[0] as Row };
  }

  getMany(view: ReadView, rowids: readonly RowId[], attributes: readonly number[] | null): (StoredRow | null)[] {
    const decoder = this.decoder(attributes);
    const result: (StoredRow | null)[] = [];
    while (result.length < rowids.length) this.getSome(view, rowids, decoder, result);
    return result;
  }

  scan(view: ReadView, options: TableScanOptions): TableCursor {
    const { database, filenode, temporaryOwner } = this.file;
    const decoder = this.decoder(options.attributes);
    const cursor = native(() =>
      addon.tableScan(
        snapshotHandle(view),
        transactionHandle(view),
        view.command,
        database,
        filenode,
        temporaryOwner,
        decoder.columns,
        options.from ?? 0,
        options.to ?? rowidMax,
        options.direction === 'backward',
      ),
    );
    return new NativeTableCursor(cursor, decoder);
  }

  copyLoader(columns: readonly CopyColumn[], format: CopyLineFormat): CopyLoader | null {
    return makeCopyLoader({ file: this.file, layout: this.layout, columns, format }, (page) => this.measurePage(page));
  }

  /** Fetches as many of the rowids not answered yet as fit one batch. */
  private getSome(view: ReadView, rowids: readonly RowId[], decoder: RowDecoder, result: (StoredRow | null)[]): void {
    const { database, filenode, temporaryOwner } = this.file;
    const from = result.length;
    const wanted = Math.min(rowids.length - from, 4096);
    const buffer = writeBuffer().f64.length < wanted ? growWrite(wanted * 8) : writeBuffer();
    for (let index = 0; index < wanted; index++) buffer.f64[index] = rowids[from + index] as number;
    const snapshot = snapshotHandle(view);
    const txn = transactionHandle(view);
    const count = native(() =>
      filling(() =>
        addon.tableGetMany(snapshot, txn, view.command, database, filenode, temporaryOwner, decoder.columns, wanted),
      ),
    );
    const views = readBuffer();
    const rowidsAt = (views.u32[rowidsWord] as number) >> 3;
    const stampsAt = (views.u32[stampsWord] as number) >> 3;
    // Taken before decoding, which may read into the buffer again.
    const found = views.f64.slice(rowidsAt, rowidsAt + count);
    const stamps = views.u64.slice(stampsAt, stampsAt + count);
    const rows = decoder.decode(count);
    for (let index = 0; index < count; index++) {
      const rowid = found[index] as number;
      result.push(rowid === 0 ? null : { rowid, stamp: stamps[index] as bigint, values: rows[index] as Row });
    }
  }

  private decoder(attributes: readonly number[] | null): RowDecoder {
    if (attributes === null) {
      this.everything ??= makeRowDecoder(this.layout.attributes, [...this.layout.attributes.keys()], this.types);
      return this.everything;
    }
    const key = attributes.join();
    let decoder = this.decoders.get(key);
    if (decoder === undefined) {
      const indexes = [...new Set(attributes)].filter((number) => number > 0).map((number) => number - 1);
      decoder = makeRowDecoder(
        this.layout.attributes,
        indexes.sort((left, right) => left - right),
        this.types,
      );
      this.decoders.set(key, decoder);
    }
    return decoder;
  }
}

class NativeTableCursor implements TableCursor {
  private open = true;

  constructor(
    private readonly handle: number,
    private readonly decoder: RowDecoder,
  ) {}

  next(rowCountMax: number): TableBatch {
    if (!this.open) return emptyBatch;
    const count = native(() => filling(() => addon.tableNext(this.handle, rowCountMax)));
    if (count === 0) {
      this.close();
      return emptyBatch;
    }
    const views = readBuffer();
    const rowidsAt = (views.u32[rowidsWord] as number) >> 3;
    const stampsAt = (views.u32[stampsWord] as number) >> 3;
    return new NativeTableBatch(
      count,
      views.f64.slice(rowidsAt, rowidsAt + count),
      views.u64.slice(stampsAt, stampsAt + count),
      this.decoder.decode(count),
    );
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    addon.cursorClose(this.handle);
  }
}

/** Rowids and stamps become arrays only when somebody asks. */
class NativeTableBatch implements TableBatch {
  private rowidArray: readonly RowId[] | null = null;
  private stampArray: readonly bigint[] | null = null;

  constructor(
    readonly rowCount: number,
    private readonly rowidValues: Float64Array,
    private readonly stampValues: BigUint64Array,
    readonly rows: Row[],
  ) {}

  get rowids(): readonly RowId[] {
    this.rowidArray ??= Array.from(this.rowidValues);
    return this.rowidArray;
  }

  get stamps(): readonly bigint[] {
    this.stampArray ??= Array.from(this.stampValues);
    return this.stampArray;
  }
}

const emptyBatch: TableBatch = { rowCount: 0, rowids: [], stamps: [], rows: [] };
