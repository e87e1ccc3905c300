// What the store keeps of a row version's origin in one number: the id of the transaction that wrote it, whether that had
// locked the row before, and the number of the command within it. The layout is that of native/crates/columns/src/row.rs.

const xidBits = 43n;
const commandShift = 44n;
const commandMax = (1n << 20n) - 1n;
/** The version that it took the place of was locked by the same transaction (ON CONFLICT, triggers): xmax is its id. */
const lockedBit = 1n << xidBits;
const xidMask = (1n << xidBits) - 1n;

/** The 64-bit id of the transaction (or subtransaction) that wrote the version. */
export function stampXid(stamp: bigint): bigint {
  return stamp & xidMask;
}

/** What xmax shows of a version that nobody has deleted; 0 for most. */
export function stampXmax(stamp: bigint): bigint {
  return (stamp & lockedBit) === 0n ? 0n : stampXid(stamp);
}

/** The stamp of the same version with that mark. */
export function lockedStamp(stamp: bigint): bigint {
  return stamp | lockedBit;
}

/** The stamp of a version that a command (counted from 1) deletes; cmax takes cmin's place. */
export function deletedStamp(stamp: bigint, command: number): bigint {
  return makeStamp(stampXid(stamp), command);
}

/** The number of its command in that transaction, from 0, as cmin shows it; the largest stands for all above it too. */
export function stampCommand(stamp: bigint): number {
  return Number(stamp >> commandShift);
}

/** The stamp of what a command writes; `command` counts from 1, as transactions do. */
export function makeStamp(xid: bigint, command: number): bigint {
  const number = BigInt(Math.max(command - 1, 0));
  return xid | ((number > commandMax ? commandMax : number) << commandShift);
}
