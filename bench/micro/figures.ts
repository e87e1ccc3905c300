// How the micro-benchmarks time and print.

/** Nanoseconds that the work took. */
export function timed(work: () => void): number {
  const start = performance.now();
  work();
  return (performance.now() - start) * 1e6;
}

/** As `timed`, for work that is waited for. */
export async function timedWait(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) * 1e6;
}

const calls = 200_000;
const rounds = 5;

/** Nanoseconds of one call of many; the least of some rounds, the first of which warm up. */
export function perCall(call: (index: number) => void): number {
  const round = () =>
    timed(() => {
      for (let index = 0; index < calls; index++) call(index);
    });
  return Math.min(...Array.from({ length: rounds }, round)) / calls;
}

/** Prints one figure. */
export function report(what: string, value: number, unit: string): void {
  process.stdout.write(`${what.padEnd(44)} ${value.toFixed(0).padStart(9)} ${unit}\n`);
}
