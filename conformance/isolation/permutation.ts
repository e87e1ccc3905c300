// Runs one interleaving: launches each step in its turn, finds out whether it finished or waits for a lock, and reports
// steps as they complete. The algorithm, for each step in order:
// 1. If its session still runs an earlier step, wait for that one.
// 2. Send it; wait until it has a result or the server says that it waits for one of the spec's sessions. A step that
//    waits, or whose marks forbid its completion, is reported as waiting.
// 3. Look at the steps that waited before, as often as one of them completes and another carries marks.
// At the end all that still wait are waited for. A step that takes too long is cancelled, then given up with the run.
import type { Connection } from './connection.js';
import { noticeText } from './replies.js';
import type { ErrorFields } from './replies.js';
import { resultTable } from './result-table.js';
import type { Blocker, PermutationStep } from './spec.js';

/** The run can't go on; the message ends the transcript. */
export class RunFailure extends Error {}

/** A session in the run. */
export interface Runner {
  readonly name: string;
  readonly connection: Connection;
  noticeCount: number;
  active: Launch | null;
}

export interface PlannedStep {
  readonly name: string;
  readonly sql: string;
  readonly runner: Runner;
  readonly blockers: readonly Blocker[];
}

interface Launch {
  readonly step: PlannedStep;
  /** How many notices of which session it waits for. */
  readonly notices: readonly { readonly runner: Runner; readonly target: number }[];
}

export interface RunContext {
  readonly runners: readonly Runner[];
  /** Appends to the transcript. */
  readonly print: (text: string) => void;
  /** Whether the session waits for another one of the spec. */
  readonly isBlocked: (pid: number) => Promise<boolean>;
  /** A step is cancelled after this long and given up after twice as long. */
  readonly stepMs: number;
  /** The steps of the permutation by name: marks refer to them. */
  readonly steps: ReadonlyMap<string, PlannedStep>;
}

interface Attempt {
  /** Stop looking once the step is known to wait. */
  readonly mayBlock: boolean;
  /** It was reported as waiting before. */
  readonly isRetry: boolean;
}

const pollMs = 10;

/** Runs the steps; throws RunFailure where they can't all complete. */
export async function runSteps(context: RunContext, steps: readonly PlannedStep[]): Promise<void> {
  const waiting: Launch[] = [];
  for (const step of steps) {
    if (step.runner.active !== null) await waitForSession(context, step.runner, waiting);
    const launch = launchStep(context, step);
    const mustWait = !(await tryStep(context, launch, { mayBlock: true, isRetry: false }));
    await trySteps(context, waiting, true);
    if (mustWait) waiting.push(launch);
  }
  await trySteps(context, waiting, false);
  if (waiting.length > 0) throw new RunFailure('failed to complete permutation due to mutually-blocking steps');
}

function launchStep(context: RunContext, step: PlannedStep): Launch {
  const notices = step.blockers.flatMap((blocker) => {
    const runner = blocker.kind === 'notices' ? context.steps.get(blocker.step)?.runner : undefined;
    if (runner === undefined || blocker.kind !== 'notices') return [];
    return [{ runner, target: runner.noticeCount + blocker.count }];
  });
  const launch = { step, notices };
  step.runner.active = launch;
  if (!step.runner.connection.send(step.sql))
    throw new RunFailure(`failed to send query for step ${step.name}: no connection to the server`);
  return launch;
}

/** Waits until the session's running step is through: it may take others to complete first. */
async function waitForSession(context: RunContext, runner: Runner, waiting: Launch[]): Promise<void> {
  const start = Date.now();
  for (let old = runner.active; old !== null; old = runner.active) {
    if (await tryStep(context, old, { mayBlock: false, isRetry: true })) waiting.splice(waiting.indexOf(old), 1);
    await trySteps(context, waiting, true);
    if (runner.active === null) return;
    if (Date.now() - start > 2 * context.stepMs) throw timedOut(context, old.step);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** Looks at all waiting steps, again while one of them might have released another by its end or a notice. */
async function trySteps(context: RunContext, waiting: Launch[], mayBlock: boolean): Promise<void> {
  for (let isAgain = true; isAgain; ) {
    const [countBefore, noticesBefore] = [waiting.length, noticesSeen(context)];
    for (const launch of [...waiting])
      if (await tryStep(context, launch, { mayBlock, isRetry: true })) waiting.splice(waiting.indexOf(launch), 1);
    const isMarked = waiting.some((launch) => launch.step.blockers.length > 0);
    isAgain = isMarked && (waiting.length < countBefore || noticesSeen(context) > noticesBefore);
  }
}

const noticesSeen = (context: RunContext): number =>
  context.runners.reduce((sum, runner) => sum + runner.noticeCount, 0);

/** True: the step completed and was reported. False: it waits. */
async function tryStep(context: RunContext, launch: Launch, attempt: Attempt): Promise<boolean> {
  const { step } = launch;
  const isWaiting = (): false => {
    if (!attempt.isRetry) context.print(`step ${step.name}: ${step.sql} <waiting ...>\n`);
    return false;
  };
  if (!attempt.isRetry && step.blockers.some((blocker) => blocker.kind === 'start')) return isWaiting();
  if (!(await untilResult(context, launch, attempt))) return isWaiting();
  if (isHeldBack(context, launch)) return isWaiting();
  context.print(attempt.isRetry ? `step ${step.name}: <... completed>\n` : `step ${step.name}: ${step.sql}\n`);
  await report(context, step);
  step.runner.active = null;
  return true;
}

/** Waits for the step's first result; false where it may block and does. */
async function untilResult(context: RunContext, { step }: Launch, attempt: Attempt): Promise<boolean> {
  const { connection } = step.runner;
  const start = Date.now();
  let isCancelled = false;
  while (connection.isBusy()) {
    if (await connection.arrival(pollMs)) continue;
    // Its result may have come while the server was asked.
    if (attempt.mayBlock && (await context.isBlocked(connection.pid)) && connection.isBusy()) return false;
    const elapsed = Date.now() - start;
    if (elapsed > 2 * context.stepMs) throw timedOut(context, step);
    if (elapsed > context.stepMs && !isCancelled) {
      context.print(`isolationtester: canceling step ${step.name} after ${context.stepMs / 1000} seconds\n`);
      await connection.cancel();
      isCancelled = true;
    }
  }
  return true;
}

function timedOut(context: RunContext, step: PlannedStep): RunFailure {
  return new RunFailure(`step ${step.name} timed out after ${(2 * context.stepMs) / 1000} seconds`);
}

function isHeldBack(context: RunContext, launch: Launch): boolean {
  const byStep = launch.step.blockers.some((blocker) => {
    const other = blocker.kind === 'step' ? context.steps.get(blocker.step) : undefined;
    return other !== undefined && other.runner.active?.step.name === other.name;
  });
  return byStep || launch.notices.some(({ runner, target }) => runner.noticeCount < target);
}

async function report(context: RunContext, step: PlannedStep): Promise<void> {
  const { connection, name } = step.runner;
  for (let result = await connection.nextResult(); result !== null; result = await connection.nextResult()) {
    if (result.kind === 'rows') context.print(resultTable(result.columns, result.rows));
    else if (result.kind === 'error') context.print(`${result.error.severity}:  ${result.error.message}\n`);
    else if (result.kind === 'lost') context.print(`${lostText}\n`);
    else if (result.kind === 'copy') throw new RunFailure(`unexpected result status: ${result.direction}`);
  }
  connection.readIdle();
  for (const { pid, channel, payload } of connection.notifications.splice(0)) {
    const sender = context.runners.find((runner) => runner.connection.pid === pid)?.name ?? `PID ${pid}`;
    context.print(`${name}: NOTIFY "${channel}" with payload "${payload}" from ${sender}\n`);
  }
}

const lostText = `server closed the connection unexpectedly
\tThis probably means the server terminated abnormally
\tbefore or while processing the request.
`;

/** What a session's notices do: they are printed under its name and counted. */
export function noticePrinter(name: string, print: (text: string) => void, count: () => void) {
  return (notice: ErrorFields): void => {
    print(`${name}: ${noticeText(notice)}`);
    count();
  };
}

/** The permutation's steps with their SQL and sessions. */
export function planSteps(
  permutation: readonly PermutationStep[],
  find: (name: string) => { readonly sql: string; readonly runner: Runner },
): PlannedStep[] {
  return permutation.map(({ name, blockers }) => ({ name, blockers, ...find(name) }));
}
