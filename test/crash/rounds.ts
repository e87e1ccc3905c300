// Rounds of the crash test: start the server on the same directory, let eight writers go, kill -9 at a moment that the
// seed chooses, start again, verify.
import { startServer } from '../support/server.js';
import type { Acknowledged } from './model.js';
import { verify } from './checks.js';
import { runVerify } from './run-verify.js';
import { connectTo, newWriter, schema, seeded, writeUntilCrash } from './model.js';

const writerCount = 8;
/** A crash comes once the writers were told of one to so many more transactions, whatever the machine's speed. */
const crashAfterMax = 400;
const pollMs = 3;
const settings = [`max_prepared_transactions=${writerCount + 1}`];

export interface RoundReport {
  readonly round: number;
  /** Transactions acknowledged so far, over all rounds. */
  readonly acknowledged: number;
  readonly recoveryMs: number;
  readonly problems: readonly string[];
}

export interface RoundOptions {
  readonly rounds: number;
  readonly seed: number;
  /** A server that was killed must be up again within this time. */
  readonly recoveryMsMax: number;
  /** No further round is begun after this time. */
  readonly stopAfterMs?: number;
  onRound?(report: RoundReport): void;
}

/** Runs the rounds in a data directory, which must be new, and checks it with `heliosdb verify` in the end. Stops at the
 *  first round with a problem. */
export async function crashRounds(directory: string, options: RoundOptions): Promise<RoundReport[]> {
  const random = seeded(options.seed);
  const writers = Array.from({ length: writerCount }, (_, index) => newWriter(index + 1));
  const reports: RoundReport[] = [];
  let server = await startServer({ directory, settings });
  const admin = await connectTo(server);
  const made = await admin.query(schema);
  if (made.error) throw new Error(made.error.message);
  admin.close();
  const stopAt = performance.now() + (options.stopAfterMs ?? Number.POSITIVE_INFINITY);
  for (let round = 1; round <= options.rounds && performance.now() < stopAt; round++) {
    const writing = writers.map((told) =>
      writeUntilCrash(server, told, options.seed * 1000 + round * 10 + told.writer),
    );
    const crashAt = acknowledged(writers) + 1 + random(crashAfterMax);
    // A writer that fails ends the round too.
    let ended = false;
    const all = Promise.all(writing).finally(() => {
      ended = true;
    });
    all.catch(() => undefined);
    while (acknowledged(writers) < crashAt && !ended) await new Promise((resolve) => setTimeout(resolve, pollMs));
    await server.kill();
    await Promise.all(writing);
    const begun = performance.now();
    server = await startServer({ directory, settings });
    const recoveryMs = Math.round(performance.now() - begun);
    const problems = await verify(server, writers);
    if (recoveryMs > options.recoveryMsMax) problems.push(`up again only after ${recoveryMs} ms`);
    const report = { round, acknowledged: acknowledged(writers), recoveryMs, problems };
    reports.push(report);
    options.onRound?.(report);
    if (report.problems.length > 0) break;
  }
  // Killed once more: what is to be verified has a log.
  await server.kill();
  const verified = await runVerify(directory);
  if (verified.code !== 0) {
    const problems = [...verified.problems, verified.output.slice(-2000)];
    const report = { round: options.rounds, acknowledged: acknowledged(writers), recoveryMs: 0, problems };
    reports.push(report);
    options.onRound?.(report);
  }
  return reports;
}

function acknowledged(writers: readonly Acknowledged[]): number {
  return writers.reduce(
    (sum, told) => sum + told.counted + told.history.size + told.parents.size + told.tickets.size + told.numbers.size,
    0,
  );
}
