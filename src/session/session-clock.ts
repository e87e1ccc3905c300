// The session's clock in SQL's terms.

/** Microseconds between the Unix epoch and 2000-01-01 UTC. */
const epochOffset = 946684800000000n;

/** Now, in microseconds since 2000-01-01 UTC: the wall clock, refined below the millisecond. */
export function now(): bigint {
  const microseconds = (performance.timeOrigin + performance.now()) * 1000;
  return BigInt(Math.trunc(microseconds)) - epochOffset;
}
