// A database of a suite's own, made anew on a server and dropped when the suite is over.
import type { CaseResult, ServerAddress, SuiteName, SuiteOptions } from './case-result.js';
import { WireClient } from './wire-client.js';

/** Two runs against one server don't meet; both servers of a run see the same name. */
const database = `conformance_${process.pid}`;

/** The servers of a comparison, each with the same new database. */
export interface Sides {
  readonly oracle: ServerAddress;
  readonly server: ServerAddress;
}

/** Runs a suite that compares with the oracle in new databases; where there is no oracle it yields that as its result. */
export async function* comparing(
  suite: SuiteName,
  options: SuiteOptions,
  run: (sides: Sides) => AsyncIterable<CaseResult>,
): AsyncGenerator<CaseResult> {
  const { oracle, server } = options;
  if (oracle === null) {
    yield* unavailable(suite, options, 'needs a real PostgreSQL 17 to compare with (--oracle URL)');
    return;
  }
  try {
    yield* run({ oracle: await freshDatabase(oracle), server: await freshDatabase(server) });
  } finally {
    for (const address of [oracle, server]) await dropDatabase(address);
  }
}

/** The results of a suite that cannot run on this machine. */
export function* unavailable(suite: SuiteName, options: SuiteOptions, reason: string): Generator<CaseResult> {
  for (const name of options.only ?? ['all'])
    yield { suite, name, verdict: 'skip', isUnavailable: true, reason, differences: [], seconds: 0 };
}

/** Makes the database anew on the server; `extra` statements run between dropping and creating. */
export async function freshDatabase(address: ServerAddress, extra: readonly string[] = []): Promise<ServerAddress> {
  await statements(address, [drop, ...extra, `create database ${database} template template0`]);
  return { ...address, database };
}

/** Makes the database with these tables, uses it, drops it. */
export async function withFreshDatabase<T>(
  address: ServerAddress,
  tables: readonly string[],
  use: (address: ServerAddress) => Promise<T>,
): Promise<T> {
  const fresh = await freshDatabase(address);
  try {
    await statements(fresh, tables);
    return await use(fresh);
  } finally {
    await dropDatabase(address);
  }
}

async function dropDatabase(address: ServerAddress): Promise<void> {
  // The server may be gone: then the reason was told where it went.
  await statements(address, [drop]).catch(() => undefined);
}

const drop = `drop database if exists ${database} with (force)`;

/** Runs statements one after the other; throws at the first error. */
export async function statements(address: ServerAddress, sqls: readonly string[]): Promise<void> {
  const client = await WireClient.connect(address);
  try {
    for (const sql of sqls) {
      const { error } = await client.query(sql);
      if (error !== null) throw new Error(`${address.host}:${address.port}: ${sql}: ${error.message}`);
    }
  } finally {
    client.close();
  }
}
