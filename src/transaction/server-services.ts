// What functions ask of the running server, over the addon: advisory locks, pg_locks, sessions, statistics. The session
// offers them under the keys that the functions room declares; the shapes here are those interfaces' by structure.
import { addon, warmUpKind } from '../base/addon.js';
import { fromUnixMs } from '../base/clock.js';
import type { ReadLock } from '../storage/api.js';
import { readLocks } from '../storage/serializable-store.js';
import { readActivity } from './activity.js';
import type { ActivityReport } from './activity.js';
import { isTransactional } from './lock-description.js';
import { lockModeName } from './lock-modes.js';
import { preparedTransactions } from './prepared.js';
import type { AdvisoryKey, SessionLocks } from './session-locks.js';
import { isHiddenLock, isToken, transactionOfToken } from './speculation.js';

const shareMode = 5;
const exclusiveMode = 7;

interface AdvisoryOptions {
  readonly isShared: boolean;
  readonly forSession: boolean;
}

/** Advisory locks of one session. */
export function advisoryLocksOf(locks: SessionLocks) {
  const modeOf = (isShared: boolean) => (isShared ? shareMode : exclusiveMode);
  return {
    lock(key: AdvisoryKey, options: AdvisoryOptions): undefined | Promise<void> {
      const { forSession } = options;
      return locks.advisory(key, modeOf(options.isShared), { noWait: false, forSession }) ?? undefined;
    },
    tryLock(key: AdvisoryKey, options: AdvisoryOptions): boolean {
      const { forSession } = options;
      return locks.advisory(key, modeOf(options.isShared), { noWait: true, forSession }) !== null;
    },
    unlock: (key: AdvisoryKey, isShared: boolean): boolean => locks.unlockAdvisory(key, modeOf(isShared)),
    unlockAll: (): void => locks.unlockAllAdvisory(),
  };
}

const lockTypes = ['relation', 'object', 'transactionid', 'transactionid', 'advisory', 'virtualxid'];

/** The lock table of the process. */
export const lockTable = {
  /** Rows of pg_lock_status(). Every session with a transaction holds its virtual and, once assigned, its real id. */
  rows() {
    const backends = addon.backendList();
    const virtual = new Map(backends.map((backend) => [backend.pid, `${backend.slot + 1}/${backend.pid}`]));
    const nested = openSubtransactions();
    const ids = backends.flatMap(({ slot, pid }) => transactionLocks(slot, pid, nested.get(pid) ?? []));
    const reported = addon.locksReport().filter((row) => !isHiddenLock(row));
    const held = reported.map((row) => {
      const transactional = isTransactional(row);
      return {
        ...noTarget,
        ...(transactional ? { transactionId: row.blockerXid } : targetOf(row)),
        ...(row.kind === 5 ? { virtualXid: virtual.get(row.a) ?? null } : {}),
        lockType: isToken(row) ? 'spectoken' : (lockTypes[row.kind] ?? 'relation'),
        virtualTransaction: row.pid === 0 ? preparedVirtual(row.xid) : (virtual.get(row.pid) ?? ''),
        processId: row.pid === 0 ? null : row.pid,
        mode: transactional ? 'ShareLock' : lockModeName(row.mode),
        granted: row.granted,
        waitStart: row.granted ? null : fromUnixMs(row.sinceMs),
      };
    });
    const prepared = preparedTransactions().map(({ xid }) => ({
      ...noTarget,
      lockType: 'transactionid',
      transactionId: Number(xid),
      virtualTransaction: preparedVirtual(xid),
      processId: null,
      mode: 'ExclusiveLock',
      granted: true,
      waitStart: null,
    }));
    return [...held, ...readLocks().map(readLockRow), ...ids, ...prepared];
  },
  blockingPids: (processId: number): readonly number[] => addon.locksBlockingPids(processId),
  safeSnapshotBlockingPids: (processId: number): readonly number[] => addon.serializableBlockingPids(processId),
};

/** Of serializable transactions, those that have ended and still matter included. */
function readLockRow({ database, filenode, page, line, processId, backend }: ReadLock) {
  return {
    ...noTarget,
    database,
    relation: filenode,
    isFile: true,
    page,
    tuple: line,
    lockType: page === null ? 'relation' : line === null ? 'page' : 'tuple',
    virtualTransaction: `${backend}/${processId}`,
    processId,
    mode: 'SIReadLock',
    granted: true,
    waitStart: null,
  };
}

/** A prepared transaction has no session: its virtual id is made of its real one, as PostgreSQL's is after a restart. */
function preparedVirtual(xid: number | bigint): string {
  return `-1/${xid}`;
}

const noTarget = {
  database: null as number | null,
  relation: null as number | null,
  isFile: false,
  page: null as number | null,
  tuple: null as number | null,
  transactionId: null as number | null,
  virtualXid: null as string | null,
  classId: null as number | null,
  objectId: null as number | null,
  objectSubId: null as number | null,
};

function targetOf(row: {
  readonly kind: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly sub: number;
}) {
  if (isToken(row)) return { transactionId: transactionOfToken(row), objectId: row.c };
  switch (row.kind) {
    case 0:
      return { database: row.a, relation: row.b };
    case 1:
      return { database: row.a, classId: row.b, objectId: row.c, objectSubId: 0 };
    case 5:
      return {};
    default:
      return { database: row.a, classId: row.b, objectId: row.c, objectSubId: row.sub };
  }
}

/** Ids of open subtransactions by process id: each holds its own. */
function openSubtransactions(): Map<number, number[]> {
  const pairs = addon.storeOpenSubtransactions();
  const ids = new Map<number, number[]>();
  for (let at = 0; at < pairs.length; at += 2) {
    const [processId, xid] = [pairs[at] as number, pairs[at + 1] as number];
    const known = ids.get(processId);
    if (known === undefined) ids.set(processId, [xid]);
    else known.push(xid);
  }
  return ids;
}

function transactionLocks(slot: number, processId: number, subtransactions: readonly number[]) {
  const activity = readActivity(slot);
  if (activity.transactionStart === null) return [];
  const virtualXid = `${slot + 1}/${processId}`;
  const own = { virtualTransaction: virtualXid, processId, mode: 'ExclusiveLock', granted: true, waitStart: null };
  const locks = [{ ...noTarget, lockType: 'virtualxid', virtualXid, ...own }];
  if (activity.xid === null) return locks;
  const ids = [Number(activity.xid), ...subtransactions];
  return [...locks, ...ids.map((transactionId) => ({ ...noTarget, lockType: 'transactionid', transactionId, ...own }))];
}

const cancelBit = 1;
const terminateBit = 2;

/** The sessions of the process. */
export const backends = {
  list: (): readonly BackendReport[] => addon.backendList().filter(isShown).map(report),
  find(processId: number): BackendReport | null {
    const found = addon.backendList().find((backend) => backend.pid === processId);
    return found === undefined ? null : report(found);
  },
  setApplicationName: (slot: number, name: string): void => addon.backendSetApplicationName(slot, name),
  signal: (processId: number, request: 'cancel' | 'terminate'): boolean =>
    addon.backendInterrupt(processId, null, request === 'cancel' ? cancelBit : terminateBit),
};

function isShown(row: ReturnType<typeof addon.backendList>[number]): boolean {
  return row.kind !== warmUpKind;
}

export interface BackendReport extends ActivityReport {
  readonly backendId: number;
  readonly processId: number;
  readonly kind: string;
  readonly database: number;
  readonly role: number;
  readonly isSuperuser: boolean;
  readonly applicationName: string;
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly tls: { readonly protocol: string; readonly cipher: string; readonly bits: number } | null;
}

function report(row: ReturnType<typeof addon.backendList>[number]): BackendReport {
  const { tlsProtocol, tlsCipher, tlsBits } = row;
  return {
    backendId: row.slot + 1,
    processId: row.pid,
    kind: row.kind,
    database: row.database,
    role: row.role,
    isSuperuser: row.isSuperuser,
    applicationName: row.applicationName,
    clientAddress: row.clientAddress,
    clientPort: row.clientPort,
    tls: tlsProtocol && tlsCipher ? { protocol: tlsProtocol, cipher: tlsCipher, bits: tlsBits } : null,
    ...readActivity(row.slot),
  };
}
