// Plain dumps, restored with psql into fresh databases and dumped back with pg_dump, on the server and on a real
// PostgreSQL 17: the errors on the way in and every line of the way back must agree.
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { CaseResult, Difference, ServerAddress, SuiteOptions } from '../case-result.js';
import { lineDifferences } from '../line-difference.js';
import { clientEnvironment, findPrograms, runProgram } from '../programs.js';

const programMs = 120_000;
/** Names of databases, as long as both servers keep them. */
const nameLengthMax = 60;

interface Restored {
  readonly errors: readonly string[];
  readonly redump: readonly string[];
}

/** Yields a result for each file of the dumps' folder. */
export async function* runDumps(options: SuiteOptions): AsyncGenerator<CaseResult> {
  const programs = findPrograms(options.bin);
  const { oracle } = options;
  const files = existsSync(options.dumps) ? readdirSync(options.dumps).filter((file) => file.endsWith('.sql')) : [];
  const names = new Map(files.sort().map((file) => [basename(file, '.sql'), join(options.dumps, file)]));
  const wanted = [...names.keys()].filter((name) => options.only?.includes(name) ?? true);
  if (files.length === 0) yield unavailable('all', `no dumps in ${options.dumps}; name a folder with --dumps`);
  for (const name of wanted) {
    options.onStart(name);
    if ('problem' in programs) yield unavailable(name, programs.problem);
    else if (oracle === null) yield unavailable(name, 'needs a real PostgreSQL 17 to compare with (--oracle URL)');
    else yield await compare(name, names.get(name) ?? '', programs.bin, { ...options, oracle });
  }
}

function unavailable(name: string, reason: string): CaseResult {
  return { suite: 'dumps', name, verdict: 'skip', isUnavailable: true, reason, differences: [], seconds: 0 };
}

async function compare(
  name: string,
  file: string,
  bin: string,
  options: SuiteOptions & { readonly oracle: ServerAddress },
): Promise<CaseResult> {
  const begun = performance.now();
  const database = `conformance_${name}`.replace(/\W/g, '_').toLowerCase().slice(0, nameLengthMax);
  const [theirs, own] = await Promise.all(
    [options.oracle, options.server].map((server) => restore(bin, server, database, file)),
  );
  if (theirs === undefined || own === undefined) throw new Error('unreachable');
  writeFileSync(join(options.out, `${database}.errors`), own.errors.join('\n'));
  writeFileSync(join(options.out, `${database}.redump`), own.redump.join('\n'));
  const differences = [
    ...differing('restoring: errors', theirs.errors, own.errors),
    ...differing('dumping back', theirs.redump, own.redump),
  ];
  return {
    suite: 'dumps',
    name,
    verdict: differences.length === 0 ? 'pass' : 'fail',
    reason: differences.map(reasonOf).join('; '),
    differences,
    seconds: (performance.now() - begun) / 1000,
  };
}

function reasonOf({ input, expected, got }: Difference): string {
  return `${input}: ${(got[0] ?? `without ${expected[0] ?? ''}`).slice(0, 150)}`;
}

function differing(what: string, expected: readonly string[], got: readonly string[]): Difference[] {
  if (expected.length === got.length && expected.every((line, index) => line === got[index])) return [];
  const { onlyExpected, onlyGot } = lineDifferences(expected, got);
  return [{ input: what, expected: onlyExpected, got: onlyGot }];
}

/** Restores and dumps back; the database goes away again. */
async function restore(bin: string, server: ServerAddress, database: string, file: string): Promise<Restored> {
  const env = clientEnvironment(server);
  const program = async (name: string, ...args: string[]) => {
    const { output, isTimedOut } = await runProgram(join(bin, name), args, { env, timeoutMs: programMs });
    return isTimedOut ? `${output}\nERROR:  not done after ${programMs / 1000} s` : output;
  };
  const admin = (sql: string) => program('psql', '-X', '-q', '-d', server.database, '-c', sql);
  await admin(`DROP DATABASE IF EXISTS ${database}`);
  const made = await admin(`CREATE DATABASE ${database} TEMPLATE template0`);
  if (made.includes('ERROR:')) return { errors: [made.trim()], redump: [] };
  const restored = await program('psql', '-X', '-q', '-d', database, '-f', file);
  const redump = await program('pg_dump', '-d', database);
  await admin(`DROP DATABASE IF EXISTS ${database}`);
  const isError = /(ERROR|FATAL|PANIC):|server closed|connection to server/;
  return {
    errors: restored
      .split('\n')
      .filter((line) => isError.test(line))
      .map((line) => line.replace(/^psql:[^:]*:\d+: /, '')),
    // What differs from run to run and from server to server.
    redump: redump.split('\n').filter((line) => !/^(-- Dumped (from|by)|\\(un)?restrict )/.test(line)),
  };
}
