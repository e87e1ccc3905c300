// The transcript of a spec: one connection a session, kept for all permutations, and one that sets up, tears down and
// asks who waits. The text is that of PostgreSQL's isolationtester, so that its expected files can be compared.
import type { ServerAddress } from '../case-result.js';
import { Connection } from './connection.js';
import { noticePrinter, planSteps, RunFailure, type Runner, runSteps } from './permutation.js';
import type { Result } from './connection.js';
import { resultTable } from './result-table.js';
import { allPermutations, type PermutationStep, parseSpec, type Spec, SpecError } from './spec.js';

export interface RunOptions extends ServerAddress {
  /** The sessions are `isolation/NAME/SESSION` to the server. */
  readonly name: string;
  readonly stepMs: number;
}

export interface Transcript {
  readonly text: string;
  /** The run ended before its last permutation: what it set up may still be there. */
  readonly isCut: boolean;
}

/** Runs a spec, given as text; what goes wrong is part of the transcript. */
export async function runSpec(specText: string, options: RunOptions): Promise<Transcript> {
  const parts: string[] = [];
  const print = (text: string) => {
    parts.push(text);
  };
  const open: Connection[] = [];
  let isCut = false;
  try {
    const spec = parseSpec(specText);
    print(`Parsed test spec with ${spec.sessions.length} sessions\n`);
    await runPermutations(spec, options, print, open);
  } catch (error) {
    if (!(error instanceof RunFailure || error instanceof SpecError)) throw error;
    print(`${error.message}\n`);
    isCut = true;
  } finally {
    await Promise.all(open.map((connection) => connection.close()));
  }
  return { text: parts.join(''), isCut };
}

type Print = (text: string) => void;

interface Bench {
  readonly spec: Spec;
  readonly control: Connection;
  readonly runners: readonly Runner[];
  readonly print: Print;
  readonly stepMs: number;
}

async function runPermutations(spec: Spec, options: RunOptions, print: Print, open: Connection[]): Promise<void> {
  const control = await openSession('control connection', options, print, () => undefined);
  open.push(control);
  await control.run('SET client_min_messages = warning');
  const runners: Runner[] = [];
  for (const { name } of spec.sessions) {
    const count = () => {
      runner.noticeCount++;
    };
    const connection = await openSession(name, options, print, count);
    const runner: Runner = { name, connection, noticeCount: 0, active: null };
    open.push(connection);
    runners.push(runner);
  }
  const bench = { spec, control, runners, print, stepMs: options.stepMs };
  const permutations = spec.permutations.length > 0 ? spec.permutations : allPermutations(spec);
  for (const permutation of permutations) await runPermutation(bench, permutation);
}

async function openSession(name: string, options: RunOptions, print: Print, count: () => void): Promise<Connection> {
  const connection = await Connection.open({
    ...options,
    settings: { ...transcriptSettings, application_name: `isolation/${options.name}/${name}` },
    onNotice: noticePrinter(name, print, count),
  });
  return connection;
}

/** Formats that the expected files were made with. */
const transcriptSettings = {
  DateStyle: 'Postgres, MDY',
  TimeZone: 'America/Los_Angeles',
  IntervalStyle: 'postgres_verbose',
};

async function runPermutation(bench: Bench, permutation: readonly PermutationStep[]): Promise<void> {
  const { spec, control, runners, print } = bench;
  print(`\nstarting permutation: ${permutation.map(({ name }) => name).join(' ')}\n`);
  for (const sql of spec.setups) {
    const failure = printOutcome(await control.run(sql), print);
    if (failure !== null) throw new RunFailure(`setup failed: ${failure}`);
  }
  for (const [runner, { setup }] of pairs(bench)) {
    const failure = setup === null ? null : printOutcome(await runner.connection.run(setup), print);
    if (failure !== null) throw new RunFailure(`setup of session ${runner.name} failed: ${failure}`);
  }
  const steps = planSteps(permutation, (name) => findStep(bench, name));
  const context = {
    runners,
    print,
    isBlocked: isBlockedBy(bench),
    stepMs: bench.stepMs,
    steps: new Map(steps.map((step) => [step.name, step])),
  };
  await runSteps(context, steps);
  for (const [runner, { teardown }] of pairs(bench)) {
    const failure = teardown === null ? null : printOutcome(await runner.connection.run(teardown), print);
    if (failure !== null) print(`teardown of session ${runner.name} failed: ${failure}\n`);
  }
  const failure = spec.teardown === null ? null : printOutcome(await control.run(spec.teardown), print);
  if (failure !== null) print(`teardown failed: ${failure}\n`);
}

function pairs({ runners, spec }: Bench) {
  return runners.flatMap((runner, index) => {
    const session = spec.sessions[index];
    return session === undefined ? [] : [[runner, session] as const];
  });
}

function findStep(bench: Bench, name: string): { readonly sql: string; readonly runner: Runner } {
  for (const [runner, { steps }] of pairs(bench)) {
    const step = steps.find((candidate) => candidate.name === name);
    if (step !== undefined) return { sql: step.sql, runner };
  }
  throw new SpecError(`undefined step "${name}" specified in permutation`);
}

/** Prints the rows of the last result, as a client does that runs several statements at once; null or what failed. */
function printOutcome(results: readonly Result[], print: Print): string | null {
  const last = results.at(-1);
  if (last?.kind === 'error') return `${last.error.severity}:  ${last.error.message}`;
  if (last?.kind === 'lost') return 'no connection to the server';
  if (last?.kind === 'rows') print(resultTable(last.columns, last.rows));
  return null;
}

function isBlockedBy({ control, runners }: Bench): (pid: number) => Promise<boolean> {
  const pids = runners.map((runner) => runner.connection.pid).join(',');
  return async (pid) => {
    const sql = `SELECT pg_catalog.pg_isolation_test_session_is_blocked(${pid}, '{${pids}}')`;
    const [result] = await control.run(sql);
    if (result?.kind !== 'rows') throw new RunFailure('checking whether a session waits failed');
    return result.rows[0]?.[0] === 't';
  };
}
