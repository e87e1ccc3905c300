// What the store keeps of a row version's origin in one number: the id of the transaction that wrote it, and the number of
// the command within it. The layout is that of native/crates/columns/src/row.rs.

const xidBits = 43n;
const commandShift = 44n;
const commandMax = (1n << 20n) - 1n;
const xidMask = (1n << xidBits) - 1n;

/** The 64-bit id of the transaction (or subtransaction) that wrote the version. */
export function stampXid(stamp: bigint): bigint {
  return stamp & xidMask;
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
