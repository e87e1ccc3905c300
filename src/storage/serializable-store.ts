// Serializable transactions over the addon: snapshots whose reads are noted, safe snapshots, read locks for pg_locks. The
// rules live in native/crates/serializable; reads and writes under these snapshots throw 40001.
import { addon } from '../base/addon.js';
import type {
  ReadLock,
  RelationFile,
  SerializableSession,
  SerializableStore,
  Snapshot,
  StoreTransaction,
} from './api.js';
import { growWrite, writeBuffer } from './exchange.js';
import { native } from './native-error.js';
import { NativeSnapshot, type NativeTransaction } from './store-transaction.js';

/** The transaction's number in the addon, where its snapshot makes it known. */
function begun(txn: StoreTransaction): number {
  return (txn as NativeTransaction).begun();
}

/** The addon's answers where a snapshot can't be taken over. */
const refusals = { 0: 'absent', '-1': 'notSerializable', '-2': 'readOnly' } as const;

function isRefusal(answer: number): answer is 0 | -1 | -2 {
  return answer <= 0;
}

/** The limits that this thread has set last. */
let configured = '';

export const serializableStore: SerializableStore = {
  configure(limits) {
    const { perTransaction, perRelation, perPage, transactionCount } = limits;
    const key = `${perTransaction} ${perRelation} ${perPage} ${transactionCount}`;
    if (key === configured) return;
    configured = key;
    addon.serializableConfigure({
      maxPredLocksPerTransaction: limits.perTransaction,
      maxPredLocksPerRelation: limits.perRelation,
      maxPredLocksPerPage: limits.perPage,
      transactions: limits.transactionCount,
    });
  },
  takeSnapshot(txn: StoreTransaction, { processId, backend, readOnly }: SerializableSession): Snapshot {
    return NativeSnapshot.made(native(() => addon.serializableSnapshot(begun(txn), processId, backend, readOnly)));
  },
  importSnapshot(name: string, txn: StoreTransaction, { processId, backend, readOnly }: SerializableSession) {
    const answer = native(() => addon.serializableImport(name, begun(txn), processId, backend, readOnly));
    return isRefusal(answer) ? refusals[answer] : NativeSnapshot.made(answer);
  },
  takeConstraintSnapshot: (txn) => NativeSnapshot.made(native(() => addon.serializableConstraintSnapshot(begun(txn)))),
  commitReads(txn) {
    (txn as NativeTransaction).commitReads();
  },
  isSafe: (txn) => native(() => addon.serializableIsSafe(begun(txn))),
  awaitSafe: (txn, worker) => native(() => addon.serializableAwaitSafe(begun(txn), worker)),
  stopWaiting(txn) {
    native(() => addon.serializableStopWaiting(begun(txn)));
  },
  keyFound(txn, { database, filenode, temporaryOwner }, key) {
    const views = writeBuffer().u8.length < key.length ? growWrite(key.length) : writeBuffer();
    views.u8.set(key, 0);
    native(() => addon.serializableKeyFound(begun(txn), database, filenode, temporaryOwner, key.length));
  },
  fileReplaced(old: RelationFile, current: RelationFile) {
    if (old.temporaryOwner !== 0 || old.filenode === current.filenode) return;
    addon.serializableFileReplaced(old.database, old.filenode, current.filenode);
  },
};

/** The read locks of all serializable transactions, those that have ended and still matter included. */
export function readLocks(): readonly ReadLock[] {
  return addon.serializableReport().map(({ database, filenode, page, line, pid, backend }) => ({
    database,
    filenode,
    page: page < 0 ? null : page,
    line: line < 0 ? null : line,
    processId: pid,
    backend,
  }));
}
