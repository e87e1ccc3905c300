// What the user sees: a line a measure while it runs, a summary at the end, and the same as JSON.
import { writeFileSync } from 'node:fs';
import type { CommandLine } from './command-line.js';
import type { DuckdbResult, MeanResult, MeasureResult, Outcome } from './run.js';
import type { Surroundings } from './servers.js';
import type { Target, Unit } from './workload.js';

/** Prints one line. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Shows on a terminal what runs; the line goes away with the next one. */
export function showStep(workload: string, step: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${workload}: ${step} ...\r`);
}

/** Machine, versions, warnings. */
export function showSurroundings(around: Surroundings, { scale, rounds, duration }: CommandLine): void {
  const rates = 'seconds' in duration ? `${duration.seconds} s` : `${duration.transactions} transactions a client`;
  print(`machine: ${around.machine}`);
  print(`server:  ${around.server}`);
  print(`peer:    ${around.peer}`);
  print(
    `scale ${scale}, ${rounds === 1 ? '1 round' : `${rounds} rounds`}, rates over ${rates}; medians (least .. most)`,
  );
  for (const warning of around.warnings) print(`warning: ${warning}`);
}

/** The figures of a measure on a line, problems on lines of their own. */
export function showResult(result: MeasureResult): void {
  if (process.stdout.isTTY) process.stdout.write('\x1b[K');
  const words = [
    `${result.workload}: ${result.measure}`.padEnd(44),
    figures(result.server, result.unit).padEnd(32),
    'peer',
    figures(result.peer, result.unit).padEnd(32),
    result.ratio === null
      ? ''
      : `${result.bound === null ? '' : `${result.bound} `}${times(result.ratio)} x`.padStart(8),
    targetWords(result.target, result.unit, result.verdict),
  ];
  print(words.join(' ').trimEnd());
  for (const [name, outcome] of [
    ['server', result.server],
    ['peer', result.peer],
  ] as const)
    if ('failure' in outcome)
      print(`    ${name} ${outcome.isUnavailable ? 'not available' : 'FAILED'}: ${outcome.failure}`);
  const processor = processorWords(result);
  if (processor !== null) print(`    ${processor}`);
  if (result.difference !== null) print(`    ANSWERS DIFFER: ${result.difference}`);
  if (result.duckdb !== null) print(`    ${duckdbWords(result.duckdb)}`);
}

/** The geometric mean of a workload. */
export function showMean({ workload, mean, count, total, target, verdict }: MeanResult): void {
  const of = count === total ? '' : ` (of ${count} of ${total})`;
  print(`${workload}: geometric mean${of} ${times(mean)} x ${targetWords(target, 's', verdict)}`);
}

/** How many targets were met, what failed. */
export function showTotals(results: readonly MeasureResult[], means: readonly MeanResult[]): void {
  const beside = results.flatMap(({ duckdb }) => (duckdb === null ? [] : [duckdb]));
  const verdicts = [...results, ...means, ...beside].map(({ verdict }) => verdict);
  const met = verdicts.filter((verdict) => verdict === 'met').length;
  const missed = verdicts.filter((verdict) => verdict === 'missed').length;
  const failed = results.filter(hasFailed).length;
  const differing = results.filter(({ difference }) => difference !== null).length;
  print(
    `targets: ${met} met, ${missed} missed; measures: ${results.length}, ${failed} failed, ${differing} with other answers`,
  );
}

/** Whether a side could not do what it was asked. */
export function hasFailed({ server, peer }: MeasureResult): boolean {
  return [server, peer].some((outcome) => 'failure' in outcome && !outcome.isUnavailable);
}

/** Everything that was measured. */
export function writeJson(
  path: string,
  about: { readonly around: Surroundings; readonly commandLine: CommandLine },
  results: readonly MeasureResult[],
  means: readonly MeanResult[],
): void {
  const { around, commandLine } = about;
  const { scale, rounds, duration, limitSeconds } = commandLine;
  const options = { scale, rounds, duration, limitSeconds };
  const text = JSON.stringify({ at: new Date().toISOString(), ...around, options, results, means }, null, 2);
  writeFileSync(path, `${text}\n`);
}

function figures(outcome: Outcome, unit: Unit): string {
  if ('failure' in outcome) return '-';
  const { median, values, isLimited } = outcome;
  if (isLimited) return `> ${quantity(median, unit)}`;
  const factor = unit === 's' && median < 1 ? 1000 : 1;
  const [least, most] = [Math.min(...values), Math.max(...values)].map((value) => plain(value * factor));
  return `${quantity(median, unit)}${values.length > 1 ? ` (${least} .. ${most})` : ''}`;
}

/** null where the processor time of one of them is not known. */
function processorWords({ server, peer, unit }: MeasureResult): string | null {
  if ('failure' in server || 'failure' in peer || server.processor === null || peer.processor === null) return null;
  const [ours, theirs] = [server.processor, peer.processor].map(duration);
  const of = unit === 's' ? '' : ' of one';
  // Below the resolution there is nothing to divide by.
  const ratio = server.processor > 0 && peer.processor > 0 ? `, ${times(peer.processor / server.processor)} x` : '';
  return `processor time${of}: ${ours}, peer ${theirs}${ratio}`;
}

function duration(seconds: number): string {
  if (seconds === 0) return 'too little to count';
  if (seconds >= 1) return `${plain(seconds)} s`;
  return seconds >= 1e-3 ? `${plain(seconds * 1e3)} ms` : `${plain(seconds * 1e6)} us`;
}

function duckdbWords({ outcome, timesAsLong, most, verdict }: DuckdbResult): string {
  if ('failure' in outcome) return `DuckDB ${outcome.isUnavailable ? 'not available' : 'FAILED'}: ${outcome.failure}`;
  const share = timesAsLong === null ? '' : `; the server takes ${times(timesAsLong)} times as long`;
  return `DuckDB ${figures(outcome, 's')}${share} [at most ${most}${verdict === null ? '' : `: ${verdict.toUpperCase()}`}]`;
}

function targetWords(target: Target | null, unit: Unit, verdict: 'met' | 'missed' | null): string {
  if (target === null) return '';
  const words =
    target.kind === 'ratio'
      ? `at least ${target.least} x`
      : `at ${target.kind} ${unit === 'share' ? plain(target.value) : quantity(target.value, unit)}`;
  return `[${words}${verdict === null ? '' : `: ${verdict.toUpperCase()}`}]`;
}

function quantity(value: number, unit: Unit): string {
  if (unit === 'a second') return `${plain(value)}/s`;
  if (unit === 'share') return plain(value);
  return unit === 's' && value < 1 ? `${plain(value * 1000)} ms` : `${plain(value)} ${unit}`;
}

function times(ratio: number): string {
  return ratio >= 100 ? ratio.toFixed(0) : ratio >= 10 ? ratio.toFixed(1) : ratio.toFixed(2);
}

function plain(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return value >= 10 ? value.toFixed(1) : value >= 1 ? value.toFixed(2) : value.toPrecision(2);
}
