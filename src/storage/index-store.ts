// One index's entries over the addon.
import { addon } from '../base/addon.js';
import type {
  IndexBatch,
  IndexCursor,
  IndexStore,
  KeyRange,
  ReadView,
  RelationFile,
  RowId,
  StoreTransaction,
} from './api.js';
import { makeIndexBuilder } from './index-builder.js';
import { filling, growWrite, readBuffer, writeBuffer } from './exchange.js';
import { native } from './native-error.js';
import { snapshotHandle, transactionHandle, writing } from './store-transaction.js';

/** The index store of a file. */
export function makeIndexStore(file: RelationFile): IndexStore {
  const { database, filenode, temporaryOwner } = file;
  return {
    insert(txn, command, key, rowid, payload) {
      put(key, payload);
      const payloadLength = payload === null ? -1 : payload.length;
      native(() =>
        addon.indexInsert(writing(txn), command, database, filenode, temporaryOwner, rowid, key.length, payloadLength),
      );
    },
    delete(txn: StoreTransaction, command: number, key: Buffer, rowid: RowId): void {
      put(key, null);
      native(() => addon.indexDelete(writing(txn), command, database, filenode, temporaryOwner, rowid, key.length));
    },
    scan(view: ReadView, range: KeyRange, direction): IndexCursor {
      put(range.lower, range.upper);
      const cursor = native(() =>
        addon.indexScan(
          snapshotHandle(view),
          transactionHandle(view),
          view.command,
          database,
          filenode,
          temporaryOwner,
          range.lower === null ? -1 : range.lower.length,
          range.lowerInclusive,
          range.upper === null ? -1 : range.upper.length,
          range.upperInclusive,
          direction === 'backward',
        ),
      );
      return new NativeIndexCursor(cursor);
    },
    lookup(view: ReadView, key: Buffer): RowId[] {
      put(key, null);
      const snapshot = snapshotHandle(view);
      const txn = transactionHandle(view);
      const count = native(() =>
        filling(() => addon.indexLookup(snapshot, txn, view.command, database, filenode, temporaryOwner, key.length)),
      );
      const { f64 } = readBuffer();
      const rowids: RowId[] = [];
      for (let index = 0; index < count; index++) rowids.push(f64[index] as number);
      return rowids;
    },
    build: (txn, command, options) => makeIndexBuilder(file, txn, command, options),
  };
}

/** Puts one or two byte strings into the write buffer, one after the other. */
function put(first: Buffer | null, second: Buffer | null): void {
  const firstLength = first === null ? 0 : first.length;
  const length = firstLength + (second === null ? 0 : second.length);
  const views = writeBuffer().u8.length < length ? growWrite(length) : writeBuffer();
  if (first !== null) views.u8.set(first, 0);
  if (second !== null) views.u8.set(second, firstLength);
}

/** Bit of a payload's end that says there is none. */
const noPayload = 0x80000000;

class NativeIndexCursor implements IndexCursor {
  private open = true;

  constructor(private readonly handle: number) {}

  next(entryCountMax: number): IndexBatch {
    if (!this.open) return emptyBatch;
    const count = native(() => filling(() => addon.indexNext(this.handle, entryCountMax)));
    if (count === 0) {
      this.close();
      return emptyBatch;
    }
    // Layout: count, capacity, rowids, payload ends, payloads (native/crates/store/README.md).
    const views = readBuffer();
    const capacity = views.u32[1] as number;
    const rowids: RowId[] = [];
    for (let index = 0; index < count; index++) rowids.push(views.f64[1 + index] as number);
    const endsWord = 2 + capacity * 2;
    const dataFrom = (endsWord + capacity) * 4;
    const dataEnd = (views.u32[endsWord + count - 1] as number) & ~noPayload;
    if (dataEnd <= dataFrom) return { rowids, payloads: payloadsOfNoBytes(views.u32, endsWord, count) };
    const ends = views.u32.slice(endsWord, endsWord + count);
    return new PayloadBatch(rowids, ends, dataFrom, Buffer.from(views.bytes.subarray(dataFrom, dataEnd)));
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    addon.cursorClose(this.handle);
  }
}

const emptyBytes = Buffer.alloc(0);

function payloadsOfNoBytes(words: Uint32Array, endsWord: number, count: number): (Buffer | null)[] {
  const payloads: (Buffer | null)[] = [];
  for (let index = 0; index < count; index++) {
    payloads.push((words[endsWord + index] as number) >= noPayload ? null : emptyBytes);
  }
  return payloads;
}

/** Payloads become Buffers only when somebody asks. */
class PayloadBatch implements IndexBatch {
  private made: readonly (Buffer | null)[] | null = null;

  constructor(
    readonly rowids: readonly RowId[],
    private readonly ends: Uint32Array,
    private readonly dataFrom: number,
    private readonly bytes: Buffer,
  ) {}

  get payloads(): readonly (Buffer | null)[] {
    this.made ??= this.make();
    return this.made;
  }

  private make(): (Buffer | null)[] {
    const payloads: (Buffer | null)[] = [];
    let start = 0;
    for (const end of this.ends) {
      const stop = ((end & ~noPayload) >>> 0) - this.dataFrom;
      payloads.push(end >= noPayload ? null : this.bytes.subarray(start, stop));
      start = stop;
    }
    return payloads;
  }
}

const emptyBatch: IndexBatch = { rowids: [], payloads: [] };
