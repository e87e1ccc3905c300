// PostgreSQL's regression files, run by psql in the order of its schedule against one database, `regression`, and scored
// statement by statement. The files build on one another: a single one is preceded by those it needs.
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { CaseResult, Difference, SuiteOptions } from '../case-result.js';
import { clientEnvironment, findPrograms, runProgram } from '../programs.js';
import { sourceFolder } from '../source-files.js';
import { neededFiles, scheduledFiles, unfitFiles } from './schedule.js';
import { scoreTranscript } from './score.js';

const database = 'regression';
const fileMs = 120_000;
const setupMs = 60_000;

interface Run {
  readonly folder: string;
  readonly psql: string;
  readonly env: NodeJS.ProcessEnv;
  readonly out: string;
}

/** Yields a result for each file of the schedule. */
export async function* runRegress(options: SuiteOptions): AsyncGenerator<CaseResult> {
  const folder = sourceFolder(options.sources, 'regress');
  const programs = findPrograms(options.bin);
  const problem =
    folder === null
      ? `no regress files in ${options.sources}; name PostgreSQL's files with --sources`
      : 'problem' in programs
        ? programs.problem
        : null;
  const files = folder === null ? [] : scheduledFiles(readFileSync(join(folder, 'parallel_schedule'), 'utf8'));
  const wanted = files.filter((name) => options.only?.includes(name) ?? true);
  if (problem !== null || folder === null || 'problem' in programs) {
    for (const name of folder === null ? (options.only ?? ['all']) : wanted)
      yield { ...skipped(name, problem ?? ''), isUnavailable: true };
    return;
  }
  const run = { folder, psql: join(programs.bin, 'psql'), env: environment(options, folder), out: options.out };
  mkdirSync(join(run.out, 'results'), { recursive: true });
  await createDatabase(run);
  const order = options.only === null ? files : neededFiles(files, wanted);
  for (const name of order) {
    options.onStart(name);
    const result = await runFile(run, name);
    if (wanted.includes(name)) yield result;
  }
}

/** What pg_regress sets: the answers depend on it. */
function environment(options: SuiteOptions, folder: string): NodeJS.ProcessEnv {
  return {
    ...clientEnvironment(options.server),
    PGTZ: 'America/Los_Angeles',
    PGDATESTYLE: 'Postgres, MDY',
    PGOPTIONS: '-c intervalstyle=postgres_verbose',
    PGAPPNAME: 'pg_regress',
    LC_MESSAGES: 'C',
    LANG: 'C',
    PG_ABS_SRCDIR: folder,
    PG_ABS_BUILDDIR: options.out,
    PG_LIBDIR: folder,
    PG_DLSUFFIX: '.so',
  };
}

async function createDatabase(run: Run): Promise<void> {
  const settings = {
    lc_messages: 'C',
    lc_monetary: 'C',
    lc_numeric: 'C',
    lc_time: 'C',
    bytea_output: 'hex',
    timezone_abbreviations: 'Default',
  };
  const statements = [
    `DROP DATABASE IF EXISTS ${database}`,
    `CREATE DATABASE ${database} TEMPLATE=template0`,
    ...Object.entries(settings).map(([name, value]) => `ALTER DATABASE ${database} SET ${name} TO '${value}'`),
  ];
  for (const sql of statements) {
    const args = ['-X', '-q', '-d', 'postgres', '-c', sql];
    const { code, output } = await runProgram(run.psql, args, { env: run.env, timeoutMs: setupMs });
    if (code !== 0) throw new Error(`${sql}: ${output.trim()}`);
  }
}

async function runFile(run: Run, name: string): Promise<CaseResult> {
  const begun = performance.now();
  const sqlFile = join(run.folder, 'sql', `${name}.sql`);
  const expected = expectedFiles(run.folder, name);
  if (!existsSync(sqlFile) || expected.length === 0) return skipped(name, 'the file or its expected output is missing');
  if (unfitFiles.has(name)) return skipped(name, "needs another platform's locales or encoding");
  const outFile = join(run.out, 'results', `${name}.out`);
  const [input, output] = [openSync(sqlFile, 'r'), openSync(outFile, 'w')];
  const args = ['-X', '-a', '-q', '-d', database, '-v', 'HIDE_TABLEAM=on', '-v', 'HIDE_TOAST_COMPRESSION=on'];
  const { isTimedOut } = await runProgram(run.psql, args, {
    env: run.env,
    timeoutMs: fileMs,
    cwd: run.out,
    input,
    output,
  });
  closeSync(input);
  closeSync(output);
  if (isTimedOut) writeFileSync(outFile, '\nTIMEOUT\n', { flag: 'a' });
  const read = (path: string) => readFileSync(path, 'latin1');
  const score = scoreTranscript(read(sqlFile), expected.map(read), read(outFile));
  const isPassed = score.same === score.total;
  return {
    suite: 'regress',
    name,
    verdict: isPassed ? 'pass' : 'fail',
    ...score,
    reason: isPassed ? '' : isTimedOut ? `not done after ${fileMs / 1000} s` : mainReason(score.differences),
    seconds: (performance.now() - begun) / 1000,
  };
}

/** The expected file and its alternatives. Much shorter ones say that something was skipped: no credit for silence. */
function expectedFiles(folder: string, name: string): string[] {
  const pattern = new RegExp(`^${name.replaceAll('.', '\\.')}(_\\d+)?\\.out$`);
  const files = readdirSync(join(folder, 'expected'))
    .filter((file) => pattern.test(file))
    .sort()
    .map((file) => join(folder, 'expected', file));
  const largest = Math.max(0, ...files.map((file) => statSync(file).size));
  return files.filter((file) => statSync(file).size * 3 > largest);
}

/** The error that most of the differing statements got; what follows from an earlier failure would hide the cause. */
function mainReason(differences: readonly Difference[]): string {
  const counts = new Map<string, number>();
  for (const { expected, got } of differences) {
    const error = got.find((line) => /^(psql:.*)?(ERROR|FATAL|server closed)/.test(line) && !expected.includes(line));
    const reason = error ?? 'other output';
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  const isLost = [...counts.keys()].some((reason) => reason.startsWith('server closed'));
  const unbuilt = [...counts].filter(([reason]) => reason.endsWith('is not supported yet'));
  const ranked = (unbuilt.length > 0 ? unbuilt : [...counts]).sort((left, right) => right[1] - left[1]);
  const [reason, count] = ranked[0] ?? ['', 0];
  return `${isLost ? 'the connection was lost; ' : ''}${reason.replace(/^ERROR: +/, '')} (${count})`;
}

function skipped(name: string, reason: string): CaseResult {
  return { suite: 'regress', name, verdict: 'skip', reason, differences: [], seconds: 0 };
}
