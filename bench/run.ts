// Runs workloads: each measure on both servers in turn, round after round, so that what the machine does meanwhile hits
// both. Where one side fails, the other is measured all the same and the failure is the result.
import { difference } from './answers.js';
import type { DuckDatabase } from './duckdb.js';
import type { Profiler } from './profiler.js';
import type { Sites } from './site.js';
import type { Size } from './size.js';
import { type Answer, isCost, type Measure, type Site, type Target, Unavailable, type Workload } from './workload.js';

export interface Figures {
  /** In the order of the rounds. */
  readonly values: readonly number[];
  readonly median: number;
  /** Processor time of the server in seconds, for one run of what is timed or for one of what is counted; the median, null
   *  where it can't be known. Says more than the rate where other work runs on the machine. */
  readonly processor: number | null;
  /** The value is the limit at which a statement was canceled; the true one is worse. */
  readonly isLimited: boolean;
}

/** What a side gave: figures, or why there are none. */
export type Outcome = Figures | { readonly failure: string; readonly isUnavailable: boolean };

export interface MeasureResult {
  readonly workload: string;
  readonly measure: string;
  readonly unit: Measure['unit'];
  readonly server: Outcome;
  readonly peer: Outcome;
  readonly duckdb: DuckdbResult | null;
  /** How many times as good as the peer; null where one side has no figures. */
  readonly ratio: number | null;
  /** The ratio is at least, or at most, the true one: a side was canceled at the limit. */
  readonly bound: 'at least' | 'at most' | null;
  readonly target: Target | null;
  readonly verdict: Verdict | null;
  /** Where the answers differ; null where they agree or can't be compared. */
  readonly difference: string | null;
}

export interface DuckdbResult {
  readonly outcome: Outcome;
  /** How many times as long the server takes; null where one of them has no figures. */
  readonly timesAsLong: number | null;
  readonly most: number;
  readonly verdict: Verdict | null;
}

export type Verdict = 'met' | 'missed';

export interface RunOptions {
  readonly server: Sites;
  readonly peer: Sites;
  readonly rounds: number;
  readonly size: Size;
  /** Whether measures that ask for it run once before they are measured. */
  readonly warmsUp: boolean;
  /** Opens DuckDB; null where it is not installed. */
  readonly duckdb: () => Promise<DuckDatabase | null>;
  readonly profiler: Profiler | null;
  onStart(workload: string, step: string): void;
}

/** Yields the results of a workload, one a measure. */
export async function* runWorkload(workload: Workload, options: RunOptions): AsyncGenerator<MeasureResult> {
  options.onStart(workload.name, 'data');
  const server = await attempt(() => options.server.with(workload.dataset));
  const peer = await attempt(() => options.peer.with(workload.dataset));
  const duckdb = workload.measures.some((measure) => measure.duckdb) ? await openDuckdb(workload, options) : null;
  try {
    for (const measure of workload.measures) {
      options.onStart(workload.name, measure.name);
      yield await runMeasure({ workload, measure, server, peer, duckdb }, options);
    }
  } finally {
    if (duckdb !== null && 'run' in duckdb) duckdb.close();
  }
}

interface Failed {
  readonly failure: string;
  readonly isUnavailable: boolean;
}

interface Task {
  readonly workload: Workload;
  readonly measure: Measure;
  readonly server: Site | Failed;
  readonly peer: Site | Failed;
  readonly duckdb: DuckDatabase | Failed | null;
}

/** One side of a measure while its rounds go on. */
interface Side {
  readonly site: Site | Failed;
  readonly values: number[];
  readonly processor: number[];
  answer: Answer | null;
  isLimited: boolean;
  failed: Failed | null;
}

async function runMeasure(task: Task, options: RunOptions): Promise<MeasureResult> {
  const { measure, workload } = task;
  const [server, peer] = [newSide(task.server), newSide(task.peer)];
  const duck: number[] = [];
  let duckFailed = task.duckdb !== null && 'failure' in task.duckdb ? task.duckdb : null;
  if (options.warmsUp && measure.warmsUp) for (const side of [server, peer]) await round(measure, side, false);
  for (let count = Math.min(options.rounds, measure.roundsMax ?? options.rounds); count > 0; count--) {
    for (const side of [server, peer]) await round(measure, side, true);
    const database = task.duckdb;
    if (database === null || 'failure' in database || duckFailed !== null || !measure.duckdb) continue;
    const taken = await attempt(async () => ({ value: await measure.duckdb?.run(database) }));
    if ('failure' in taken) duckFailed = taken;
    else duck.push(taken.value ?? Number.NaN);
  }
  const differs = await compareAnswers(measure, server, peer);
  if (options.profiler !== null && server.failed === null && !server.isLimited)
    await profile(workload, measure, server, options.profiler);
  const duckdb = measure.duckdb
    ? besideDuckdb(outcome(server), duckFailed ?? figures(duck, false), measure.duckdb.most)
    : null;
  return resultOf({ workload: workload.name, measure, difference: differs }, outcome(server), outcome(peer), duckdb);
}

function newSide(site: Site | Failed): Side {
  return { site, values: [], processor: [], answer: null, isLimited: false, failed: 'failure' in site ? site : null };
}

/** One run on one side, unless it failed or was canceled at the limit before. */
async function round(measure: Measure, side: Side, isRecorded: boolean): Promise<void> {
  const { site } = side;
  if (side.failed !== null || side.isLimited || 'failure' in site) return;
  const taken = await attempt(async () => {
    await measure.prepare?.(site);
    const [begun, used] = [performance.now(), site.processorSeconds()];
    const sample = await measure.run(site);
    return { sample, seconds: (performance.now() - begun) / 1000, processor: site.processorSeconds() - used };
  });
  if ('failure' in taken) {
    side.failed = taken;
    return;
  }
  const { sample, seconds, processor } = taken;
  side.answer = sample.answer ?? null;
  side.isLimited = sample.isLimited ?? false;
  if (!isRecorded && !side.isLimited) return;
  side.values.push(sample.value);
  const perUnit = measure.unit === 'a second' ? processor / (sample.value * seconds) : processor;
  const isKnown = measure.unit === 'a second' || measure.unit === 's';
  if (isKnown && !Number.isNaN(perUnit)) side.processor.push(perUnit);
}

async function compareAnswers(measure: Measure, server: Side, peer: Side): Promise<string | null> {
  if (server.failed !== null || peer.failed !== null || 'failure' in server.site || 'failure' in peer.site) return null;
  if (server.answer !== null && peer.answer !== null) {
    const differs = difference(server.answer, peer.answer);
    if (differs !== null) return differs;
  }
  if (!measure.check) return null;
  try {
    return difference(await measure.check(server.site), await measure.check(peer.site));
  } catch (error) {
    return `the check failed: ${(error as Error).message}`;
  }
}

async function profile(workload: Workload, measure: Measure, side: Side, profiler: Profiler): Promise<void> {
  const { site } = side;
  if ('failure' in site) return;
  await measure.prepare?.(site);
  await profiler.during(`${workload.name}.${measure.name}`, () => measure.run(site));
}

async function openDuckdb(workload: Workload, options: RunOptions): Promise<DuckDatabase | Failed> {
  return attempt(async () => {
    const database = await options.duckdb();
    if (database === null) throw new Unavailable('DuckDB is not installed (--fetch-tools)');
    await workload.dataset.duckdb?.(database, options.size);
    return database;
  });
}

async function attempt<T>(work: () => Promise<T>): Promise<T | Failed> {
  try {
    return await work();
  } catch (error) {
    const { message, stack } = error as Error;
    const isMistake = error instanceof TypeError || error instanceof RangeError;
    return { failure: isMistake ? (stack ?? message) : message, isUnavailable: error instanceof Unavailable };
  }
}

function outcome(side: Side): Outcome {
  return side.failed ?? figures(side.values, side.isLimited, side.processor);
}

function figures(values: readonly number[], isLimited: boolean, processor: readonly number[] = []): Figures {
  const middle = isLimited ? Math.max(...values) : median(values);
  return { values, median: middle, processor: processor.length === 0 ? null : median(processor), isLimited };
}

/** The middle value; the mean of the two middle ones of an even number. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}

interface Head {
  readonly workload: string;
  readonly measure: Pick<Measure, 'name' | 'unit' | 'target'>;
  readonly difference: string | null;
}

function besideDuckdb(server: Outcome, duckdb: Outcome, most: number): DuckdbResult {
  const timesAsLong = 'median' in server && 'median' in duckdb ? server.median / duckdb.median : null;
  const verdict = timesAsLong === null ? null : timesAsLong <= most ? 'met' : 'missed';
  return { outcome: duckdb, timesAsLong, most, verdict };
}

function resultOf(head: Head, server: Outcome, peer: Outcome, duckdb: DuckdbResult | null): MeasureResult {
  const { name, unit, target } = head.measure;
  const isMeasured = 'median' in server && 'median' in peer;
  const isBoth = isMeasured && server.isLimited && peer.isLimited;
  const ratio = isMeasured && !isBoth ? ratioOf(unit, server.median, peer.median) : null;
  const bound = !isMeasured || isBoth ? null : server.isLimited ? 'at most' : peer.isLimited ? 'at least' : null;
  const own = 'median' in server ? server.median : null;
  const verdict = verdictOf(target, ratio, own);
  return {
    workload: head.workload,
    measure: name,
    unit,
    server,
    peer,
    duckdb,
    ratio,
    bound,
    target,
    verdict,
    difference: head.difference,
  };
}

/** How many times as good as the other; NaN where there is nothing to divide. */
export function ratioOf(unit: Measure['unit'], ours: number, theirs: number): number {
  return isCost(unit) ? theirs / ours : ours / theirs;
}

function verdictOf(target: Target | null, ratio: number | null, own: number | null): Verdict | null {
  if (target === null) return null;
  const value = target.kind === 'ratio' ? ratio : own;
  if (value === null || Number.isNaN(value)) return null;
  const isMet = target.kind === 'ratio' ? value >= target.least : meets(target, value);
  return isMet ? 'met' : 'missed';
}

function meets(target: Exclude<Target, { kind: 'ratio' }>, value: number): boolean {
  return target.kind === 'most' ? value <= target.value : value >= target.value;
}

/** The geometric mean of the ratios of a workload, as a result of its own; null where a ratio is missing. */
export function meanResult(workload: Workload, results: readonly MeasureResult[]): MeanResult | null {
  const target = workload.meanTarget;
  if (target?.kind !== 'ratio') return null;
  const ratios = results.flatMap(({ ratio }) => (ratio === null ? [] : [ratio]));
  if (ratios.length === 0) return null;
  const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
  const isWhole = ratios.length === results.length;
  return {
    workload: workload.name,
    mean,
    count: ratios.length,
    total: results.length,
    target,
    verdict: isWhole && mean >= target.least ? 'met' : 'missed',
  };
}

export interface MeanResult {
  readonly workload: string;
  readonly mean: number;
  /** Of so many measures; the target is about all of them. */
  readonly count: number;
  readonly total: number;
  readonly target: Target;
  readonly verdict: Verdict;
}
