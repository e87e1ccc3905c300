// The store of the process. The main thread opens it, every thread that uses it attaches; the addon's statics are shared
// by all of them, the numbers under which it keeps snapshots, transactions and cursors belong to one thread.
import { addon } from '../base/addon.js';
import type { RelationFile, SequenceDefinition, SequenceStore, Store, StoreTransaction, XidStatus } from './api.js';
import { registerExchange } from './exchange.js';
import { makeIndexStore } from './index-store.js';
import { native } from './native-error.js';
import { answered, NativeSnapshot, NativeTransaction, settleCommits, writing } from './store-transaction.js';
import { attachPipelines, startPipeline } from './pipeline-run.js';
import { makePointStore } from './point-store.js';
import { serializableStore } from './serializable-store.js';
import { makeTableStore } from './table-store.js';

export interface StoreOptions {
  /** Without it, a crash of the machine loses commits and may damage the directory. */
  readonly fsync?: boolean;
  /** Size at which committed changes in memory move into the base. */
  readonly memtableBytes?: number;
}

/** Some of these are in memory at a time while the base keeps up. */
const memtableBytesDefault = 64 * 1024 * 1024;

/** Opens the directory's store (null: in memory only, for tests) and attaches the calling thread. Throws F0001 where
 *  another process has it open, XX001 where its files are damaged, 58030 or 53100 where the disk fails. */
export function openStore(directory: string | null, options: StoreOptions = {}): Store {
  native(() => addon.storeOpen(directory, options.fsync ?? true, options.memtableBytes ?? memtableBytesDefault));
  return attachStore();
}

export interface StoreReport {
  /** What was looked at. */
  readonly facts: readonly string[];
  readonly problems: readonly string[];
  /** The store is open now, for reading only. */
  readonly isOpen: boolean;
}

/** Checks a directory's files without changing any; opens the store for reading where they are sound. Throws F0001 where
 *  a server runs in the directory. */
export function verifyStore(directory: string): StoreReport {
  return native(() => addon.storeVerify(directory));
}

/** Calls back, with a message, where a thread of the store has failed: the process can only be left then. */
export function onStoreDeath(tell: (message: string) => void): void {
  native(() => addon.storeOnDeath(tell));
}

/** The open store, for the calling thread. */
export function attachStore(): Store {
  native(() => addon.storeAttach(settleCommits));
  attachPipelines();
  registerExchange();
  return store;
}

/** Writes out what waits and closes the process's store; no thread may use it afterwards. */
export function closeStore(): void {
  native(() => addon.storeClose());
}

/** Commands of transactions have numbers; what the store writes by itself comes before all of them. */
const storeCommand = 0;

const sequences: SequenceStore = {
  create(txn: StoreTransaction, file: RelationFile, definition: SequenceDefinition): void {
    const { database, filenode, temporaryOwner } = file;
    native(() =>
      addon.sequenceCreate(writing(txn), storeCommand, database, filenode, temporaryOwner, definition.start),
    );
  },
  next(file, definition, name) {
    const [first, last] = native(() =>
      addon.sequenceNext(file.database, file.filenode, file.temporaryOwner, definition, name),
    );
    return { first: first as bigint, last: last as bigint };
  },
  set(file, value, isCalled) {
    native(() => addon.sequenceSet(file.database, file.filenode, file.temporaryOwner, value, isCalled));
  },
  read(file) {
    return native(() => addon.sequenceRead(file.database, file.filenode, file.temporaryOwner));
  },
};

/** The addon's numbers of what became of a transaction id. */
const xidStatuses: readonly XidStatus[] = ['aborted', 'committed', 'in progress', 'future'];

let lastBulkStatement = 0;

const store: Store = {
  sequences,
  serializable: serializableStore,
  begin: (sessionId) => new NativeTransaction(sessionId),
  adopt: (sessionId, begun) => NativeTransaction.adopt(sessionId, begun),
  takeSnapshot: () => NativeSnapshot.made(native(() => addon.storeTakeSnapshot())),
  exportSnapshot(snapshot, name, { serializable, readOnly }) {
    native(() => addon.storeExportSnapshot((snapshot as NativeSnapshot).handle, name, serializable, readOnly));
  },
  withdrawSnapshot(name) {
    addon.storeWithdrawSnapshot(name);
  },
  importSnapshot(name) {
    const handle = native(() => addon.storeImportSnapshot(name));
    return handle === 0 ? null : NativeSnapshot.made(handle);
  },
  table: makeTableStore,
  index: makeIndexStore,
  point: makePointStore,
  pipeline: startPipeline,
  nextOid: () => native(() => addon.storeNextOid()),
  nextXid: () => native(() => addon.storeNextXid()),
  xidStatus: (xid) => xidStatuses[native(() => addon.storeXidStatus(xid))] ?? 'aborted',
  unseenXids(sequence) {
    const [next = 0n, ...inProgress] = native(() => addon.storeUnseenXids(sequence));
    return { next, inProgress };
  },
  visibleSequence: () => addon.storeVisibleSequence(),
  catalogVersion: () => addon.storeCatalogVersion(),
  markCatalogChanged(txn) {
    native(() => addon.storeMarkCatalogChanged(writing(txn)));
  },
  dropFile(txn, file, command = storeCommand) {
    const { database, filenode, temporaryOwner } = file;
    native(() => addon.storeDropFile(writing(txn), command, database, filenode, temporaryOwner));
  },
  async copyDatabase(txn, from, to) {
    native(() => addon.storeCopyDatabase(writing(txn), storeCommand, from, to));
  },
  dropDatabase(txn, database) {
    native(() => addon.storeDropDatabase(writing(txn), storeCommand, database));
  },
  size(file) {
    const [entries = 0, bytes = 0] = native(() => addon.storeSize(file.database, file.filenode, file.temporaryOwner));
    return { entries, bytes };
  },
  releaseFile(file) {
    native(() => addon.storeReleaseFile(file.database, file.filenode, file.temporaryOwner));
  },
  databaseSize: (database) => native(() => addon.storeDatabaseSize(database)),
  bulkStatement: () => {
    lastBulkStatement = (lastBulkStatement % 0xffffffff) + 1;
    return lastBulkStatement;
  },
  pages: (file) => native(() => addon.tablePages(file.database, file.filenode, file.temporaryOwner)),
  tableChanged(file) {
    native(() => addon.tableChanged(file.database, file.filenode, file.temporaryOwner));
  },
  vacuumed(file, truncate) {
    native(() => addon.tableVacuumed(file.database, file.filenode, file.temporaryOwner, truncate));
  },
  files() {
    const words = native(() => addon.storeFiles());
    const files: { database: number; filenode: number; keys: number }[] = [];
    for (let at = 0; at + 2 < words.length; at += 3) {
      const [database = 0, filenode = 0, keys = 0] = words.slice(at, at + 3);
      files.push({ database, filenode, keys });
    }
    return files;
  },
  endSession(sessionId) {
    native(() => addon.storeEndSession(sessionId));
  },
  currentLsn: () => native(() => addon.storeCurrentLsn()),
  async checkpoint() {
    await answered((token) => addon.storeCheckpoint(token));
  },
};
