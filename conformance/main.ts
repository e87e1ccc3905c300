// The conformance suite: runs suites against a server, shows each case, compares with the status file and says by its
// exit code whether all is as blessed: 0 it is, 1 something differs, 2 it could not run. `npm run conformance -- --help`
// shows the options.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startServer } from '../test/support/server.js';
import type { CaseResult, ServerAddress, SuiteName, SuiteOptions } from './case-result.js';
import { type CommandLine, parseCommandLine, UsageError, usage } from './command-line.js';
import { writeCompatibility } from './compatibility.js';
import { print, showDifferences, showResult, showStart, showTotals, statusWords } from './show.js';
import { blessed, keyOf, readStatus, standing, statusOf, vanished, writeStatus } from './status-file.js';
import { suites } from './suites.js';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

// Whoever reads along may stop reading, or stop the run: the server that was started ends with it.
process.stdout.on('error', () => process.exit(2));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(2));

try {
  const commandLine = parseCommandLine(process.argv.slice(2));
  if (commandLine === 'help') process.stdout.write(usage);
  else if (commandLine === 'document') writeCompatibility(root);
  else process.exitCode = (await run(commandLine)) ? 0 : 1;
} catch (error) {
  print(`conformance: ${error instanceof UsageError ? error.message : (error as Error).stack}`);
  process.exitCode = 2;
}

async function run(commandLine: CommandLine): Promise<boolean> {
  const out = commandLine.out ?? mkdtempSync(join(tmpdir(), 'heliosdb-conformance-'));
  mkdirSync(out, { recursive: true });
  // The isolation levels' files prepare transactions, as their own runner's settings allow.
  const own =
    commandLine.server === null
      ? await startServer({ settings: ['heliosdb.warm_up=on', 'max_prepared_transactions=3'] })
      : null;
  process.on('exit', () => own?.kill());
  const server: ServerAddress = commandLine.server ?? {
    host: own?.host ?? '',
    port: own?.port ?? 0,
    user: 'postgres',
    password: '',
    database: 'postgres',
  };
  const options: Omit<SuiteOptions, 'onStart'> = {
    ...commandLine,
    server,
    isOwnServer: own !== null,
    out: resolve(out),
  };
  const results: CaseResult[] = [];
  const broken: SuiteName[] = [];
  try {
    for (const suite of commandLine.suites)
      if (!(await runSuite(suite, options, commandLine, results))) broken.push(suite);
  } finally {
    await own?.stop();
  }
  showTotals(results);
  const isGood = judge(commandLine, results, broken);
  if (isGood && commandLine.out === null) rmSync(out, { recursive: true, force: true });
  else print(`transcripts: ${resolve(out)}`);
  return isGood;
}

/** Collects the results of a suite and shows them as they come; false where it broke off. */
async function runSuite(
  suite: SuiteName,
  options: Omit<SuiteOptions, 'onStart'>,
  commandLine: CommandLine,
  results: CaseResult[],
): Promise<boolean> {
  const before = new Map(statusLines(commandLine).map((status) => [keyOf(status), status]));
  const isCompared = statusPath(commandLine) !== null;
  try {
    for await (const result of suites[suite]({ ...options, onStart: (name) => showStart(suite, name) })) {
      const isJudged = isCompared && result.isUnavailable !== true;
      showResult(result, isJudged ? standing(before.get(keyOf(result)), statusOf(result)) : null);
      if (commandLine.only !== null) showDifferences(result);
      results.push(result);
    }
    return true;
  } catch (error) {
    print(`${suite} broke off: ${(error as Error).stack}`);
    return false;
  }
}

/** The status file's path; null where the run is compared with nothing. */
function statusPath({ status, seed, count }: CommandLine): string | null {
  if (status === 'none' || seed !== null || count !== null) return null;
  return status ?? join(root, 'conformance', 'status.tsv');
}

function statusLines(commandLine: CommandLine) {
  const path = statusPath(commandLine);
  return path === null ? [] : readStatus(path);
}

/** Says what is not as the status file has it, blesses where that is wanted, and tells whether the run was good. */
function judge(commandLine: CommandLine, results: readonly CaseResult[], broken: readonly SuiteName[]): boolean {
  const seen = new Set(results.map((result) => result.name));
  const unseen = commandLine.only?.filter((name) => !seen.has(name)) ?? [];
  if (unseen.length > 0) print(`there is no case ${unseen.join(', ')} in ${commandLine.suites.join(', ')}`);
  const path = statusPath(commandLine);
  const isWhole = unseen.length === 0 && broken.length === 0;
  if (path === null) return isWhole && results.every((result) => result.verdict !== 'fail');
  const before = readStatus(path);
  const lines = new Map(before.map((status) => [keyOf(status), status]));
  const judged = results.filter((result) => result.isUnavailable !== true).map(statusOf);
  const changed = judged.map((now) => ({ now, was: lines.get(keyOf(now)), how: standing(lines.get(keyOf(now)), now) }));
  const worse = changed.filter(({ how }) => how === 'worse');
  const other = changed.filter(({ how }) => how === 'better' || how === 'unknown');
  const unavailable = new Set(results.filter((result) => result.isUnavailable === true).map(({ suite }) => suite));
  const whole = commandLine.suites.filter((name) => !broken.includes(name) && !unavailable.has(name));
  const gone = commandLine.only === null ? vanished(before, judged, whole) : [];
  for (const { now, was, how } of [...worse, ...other])
    print(`${how}: ${statusWords(now)}${was === undefined ? '' : ` (was ${statusWords(was).split(': ')[1]})`}`);
  for (const status of gone) print(`gone: ${statusWords(status)}`);
  const isLower = worse.length > 0 || gone.length > 0;
  if (!commandLine.bless) {
    if (isLower || other.length > 0) print('not as conformance/status.tsv has it: mend it, or bless it with --bless');
    return isWhole && !isLower && other.length === 0;
  }
  if (isLower && !commandLine.allowWorse) {
    print('not blessed: the status would be lower than it was (--allow-worse blesses even that)');
    return false;
  }
  writeStatus(path, blessed(before, judged, gone));
  if (commandLine.status === null) writeCompatibility(root);
  print(`blessed: ${path}`);
  return isWhole;
}
