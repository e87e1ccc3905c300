// The wall clock in SQL's terms: microseconds since 2000-01-01 UTC.

/** Milliseconds between the Unix epoch and 2000-01-01 UTC. */
const epochMs = 946684800000;

/** Now: the system's clock, refined below the millisecond. */
export function currentTimestamp(): bigint {
  return BigInt(Math.trunc((performance.timeOrigin - epochMs + performance.now()) * 1000));
}

/** The same as a number: exact for the next centuries. */
export function currentMicroseconds(): number {
  return Math.trunc((performance.timeOrigin - epochMs + performance.now()) * 1000);
}

/** Milliseconds since the Unix epoch as microseconds since 2000-01-01 UTC. */
export function fromUnixMs(ms: number): bigint {
  return BigInt(Math.trunc(ms - epochMs)) * 1000n;
}
