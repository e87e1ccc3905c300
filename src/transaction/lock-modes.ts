// Lock modes by name and number, and which relations are shared between databases.
import type { LockMode, RowLockMode } from './api.js';

/** PostgreSQL's numbers of the table lock modes, as the lock table has them. */
export const lockModeNumber: Readonly<Record<LockMode, number>> = {
  AccessShareLock: 1,
  RowShareLock: 2,
  RowExclusiveLock: 3,
  ShareUpdateExclusiveLock: 4,
  ShareLock: 5,
  ShareRowExclusiveLock: 6,
  ExclusiveLock: 7,
  AccessExclusiveLock: 8,
};

/** The mode's name by its number. */
export function lockModeName(mode: number): LockMode {
  return modeNames[mode - 1] ?? 'AccessExclusiveLock';
}

const modeNames = Object.keys(lockModeNumber) as LockMode[];

/** Row lock modes as the table modes with just their conflicts (manual, section 13.3.2). */
export const rowLockModeNumber: Readonly<Record<RowLockMode, number>> = {
  keyShare: 1,
  share: 2,
  noKeyUpdate: 7,
  update: 8,
  remove: 9,
};

/** Whether two row locks of different transactions exclude each other, by number. */
export function rowLocksConflict(one: number, other: number): boolean {
  const [weak, strong] = one < other ? [one, other] : [other, one];
  const { keyShare, share, noKeyUpdate } = rowLockModeNumber;
  if (weak === keyShare) return strong > noKeyUpdate;
  return weak !== share || strong !== share;
}

/** The row lock that waits for `remove` alone. */
export const awaitRemovalNumber = 10;

/** Oids below are assigned by initdb: the same in every database. */
const firstNormalOid = 16384;

/** Shared catalogs, their indexes and TOAST tables (pg_class.relisshared): one for all databases. */
const sharedRelations: ReadonlySet<number> = new Set([
  1213, 1214, 1232, 1233, 1260, 1261, 1262, 2396, 2397, 2671, 2672, 2676, 2677, 2694, 2695, 2697, 2698, 2846, 2847,
  2964, 2965, 2966, 2967, 3592, 3593, 4060, 4061, 4175, 4176, 4177, 4178, 4181, 4182, 4183, 4184, 4185, 4186, 6000,
  6001, 6002, 6100, 6114, 6115, 6243, 6244, 6245, 6246, 6247, 6302, 6303,
]);

/** True for relations that all databases share. */
export function isSharedRelation(relation: number): boolean {
  return relation < firstNormalOid && sharedRelations.has(relation);
}

/** A file's number in lock tags. Catalogs have the same files in each database, and a database made from another one has
 *  its tables' too: they must not block each other. Within a database no two files have one number; that two of different
 *  databases do is as good as impossible, and would only make a session wait needlessly. */
export function fileTag(file: number, database: number): number {
  return isSharedRelation(file) ? file : (file ^ Math.imul(database, multiplier)) >>> 0;
}

/** 2^32 over the golden ratio: spreads small numbers over all bits. */
const multiplier = 0x9e3779b1;

/** Numbers of the modes that a relation lock of the mode conflicts with (manual, table 13.2). */
const conflicts: Readonly<Record<number, readonly number[]>> = {
  1: [8],
  2: [7, 8],
  3: [5, 6, 7, 8],
  4: [4, 5, 6, 7, 8],
  5: [3, 4, 6, 7, 8],
  6: [3, 4, 5, 6, 7, 8],
  7: [2, 3, 4, 5, 6, 7, 8],
  8: [1, 2, 3, 4, 5, 6, 7, 8],
};

/** Names of the modes that conflict with the mode of this number. */
export function conflictingModes(mode: number): readonly string[] {
  return (conflicts[mode] ?? []).map((other) => lockModeName(other));
}
