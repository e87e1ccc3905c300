// The isolation suite: PostgreSQL's specs run by our own runner, their transcripts compared with the expected ones.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { CaseResult, ServerAddress, SuiteOptions } from '../case-result.js';
import { unavailable } from '../scratch-database.js';
import { sourceFolder } from '../source-files.js';
import { Connection, type Result } from './connection.js';
import { compareWithExpected } from './expected.js';
import { runSpec, type Transcript } from './run-spec.js';

/** One of the specs names it. */
const databaseName = 'isolation_regression';
const stepMs = 30_000;

/** Runs every spec of `sources`, or those of `only`, in a database of their own that is made anew. */
export async function* runIsolation(options: SuiteOptions): AsyncGenerator<CaseResult> {
  const folder = sourceFolder(options.sources, 'isolation');
  if (folder === null) {
    yield* unavailable(
      'isolation',
      options,
      `no isolation specs in ${options.sources}; name PostgreSQL's files with --sources`,
    );
    return;
  }
  const names = readdirSync(join(folder, 'specs'))
    .filter((file) => file.endsWith('.spec'))
    .map((file) => basename(file, '.spec'))
    .filter((name) => options.only === null || options.only.includes(name))
    .sort();
  if (names.length > 0) await remakeDatabase(options.server);
  for (const name of names) {
    options.onStart(name);
    const start = Date.now();
    const text = readFileSync(join(folder, 'specs', `${name}.spec`), 'utf8');
    const transcript = await runSpec(text, { ...options.server, database: databaseName, name, stepMs });
    writeFileSync(join(options.out, `${name}.out`), transcript.text);
    yield { ...verdict(folder, name, transcript), seconds: (Date.now() - start) / 1000 };
    if (transcript.isCut) await remakeDatabase(options.server);
  }
}

function verdict(folder: string, name: string, transcript: Transcript): Omit<CaseResult, 'seconds'> {
  const comparison = compareWithExpected(join(folder, 'expected'), name, transcript.text);
  if (comparison === null)
    return { suite: 'isolation', name, verdict: 'skip', reason: 'no expected file', differences: [] };
  const { same, total, differences } = comparison;
  const isPass = differences.length === 0;
  const reason = isPass ? '' : failureReason(differences[0]?.expected ?? [], differences[0]?.got ?? []);
  return { suite: 'isolation', name, verdict: isPass ? 'pass' : 'fail', same, total, reason, differences };
}

/** The first error that was not expected says most. */
function failureReason(expected: readonly string[], got: readonly string[]): string {
  const isError = (line: string) => /\b(ERROR|FATAL): {2}|^failed to|timed out|canceling step/.test(line);
  const error = got.find((line) => isError(line) && !expected.includes(line));
  if (error !== undefined) return error;
  const index = got.findIndex((line, at) => line !== expected[at]);
  return `instead of "${expected[index] ?? ''}": "${got[index] ?? ''}"`;
}

/** Drops the suite's database and the roles that a broken run left, and makes the database. */
async function remakeDatabase(server: ServerAddress): Promise<void> {
  const connection = await Connection.open({ ...server, settings: {}, onNotice: () => undefined });
  try {
    await connection.run(`DROP DATABASE IF EXISTS ${databaseName} WITH (FORCE)`);
    const leftover = await connection.run(`SELECT rolname FROM pg_roles WHERE rolname LIKE 'regress\\_%'`);
    for (const role of rowsOf(leftover)) await connection.run(`DROP ROLE IF EXISTS "${role.replaceAll('"', '""')}"`);
    const [made] = await connection.run(`CREATE DATABASE ${databaseName}`);
    if (made?.kind === 'error') throw new Error(`making database ${databaseName} failed: ${made.error.message}`);
  } finally {
    await connection.close();
  }
}

function rowsOf(results: readonly Result[]): string[] {
  return results.flatMap((result) => (result.kind === 'rows' ? result.rows.map((row) => row[0] ?? '') : []));
}
