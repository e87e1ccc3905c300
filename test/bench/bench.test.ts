// The benchmark's own arithmetic, on sides that are played.
import { test } from 'tap';
import { difference } from '../../bench/answers.js';
import { parseCommandLine } from '../../bench/command-line.js';
import { type MeasureResult, meanResult, median, type RunOptions, runWorkload } from '../../bench/run.js';
import type { Sites } from '../../bench/site.js';
import { sizeOf } from '../../bench/size.js';
import { type Answer, type Measure, type Sample, type Site, times, type Workload } from '../../bench/workload.js';
import { workloads } from '../../bench/workloads.js';

const none: Answer = { columns: [], rows: [] };

test('medians', async (t) => {
  t.equal(median([3, 1, 2]), 2);
  t.equal(median([4, 1, 2, 3]), 2.5);
  t.equal(median([7]), 7);
});

test('sides take turns, rates and times become ratios, and bounds and targets are told', async (t) => {
  const log: string[] = [];
  const rate = measure('rate', 'a second', { server: [1, 300, 200, 400], peer: [1, 100, 100, 100] }, log, true);
  const time = measure('time', 's', { server: [1, 1], peer: [{ value: 10, isLimited: true }] });
  const slow = measure('slow', 's', { server: [{ value: 10, isLimited: true }], peer: [2, 2] });
  const results = await run(workloadOf([rate, time, slow]), { rounds: 3 });
  t.same(log, ['server', 'peer', 'server', 'peer', 'server', 'peer', 'server', 'peer']);
  const [first, second, third] = results;
  t.match(first, { ratio: 3, bound: null, verdict: 'met', server: { median: 300, values: [300, 200, 400] } });
  t.match(second, { ratio: 10, bound: 'at least', peer: { values: [10], isLimited: true } });
  t.match(third, { ratio: 0.2, bound: 'at most', verdict: 'missed' });
});

test('a side that fails is a result, and the other one is measured', async (t) => {
  const failing = measure('failing', 's', { server: [new Error('no such thing')], peer: [2, 3, 4] });
  const [result] = await run(workloadOf([failing]), { rounds: 3 });
  t.match(result, { server: { failure: 'no such thing', isUnavailable: false }, ratio: null, verdict: null });
  t.match(result?.peer, { median: 3 });
});

test('the mean is geometric, and meets its target only with all measures', async (t) => {
  const played = () => [2, 8].map((value) => measure(`${value} x`, 's', { server: [1], peer: [value] }));
  const whole = workloadOf(played());
  t.match(meanResult(whole, await run(whole, { rounds: 1 })), { mean: 4, count: 2, total: 2, verdict: 'met' });
  const failing = measure('failing', 's', { server: [new Error('no such thing')], peer: [2] });
  const broken = workloadOf([...played(), failing]);
  t.match(meanResult(broken, await run(broken, { rounds: 1 })), { mean: 4, count: 2, total: 3, verdict: 'missed' });
});

test('answers: floats have a tolerance, ties any order, other rows differ', async (t) => {
  const columns = [23, 701].map((type) => ({ name: '', type }));
  const answer = (...rows: (string | null)[][]): Answer => ({ columns, rows });
  t.equal(difference(answer(['1', '0.30000000000000004']), answer(['1', '0.3'])), null);
  t.equal(difference(answer(['1', '5'], ['2', '6']), answer(['2', '6'], ['1', '5'])), null);
  t.equal(difference(answer(['1', '5']), answer(['1', '5.1'])), 'row 1: 1 | 5, the peer has 1 | 5.1');
  t.equal(difference(answer(['1', null]), answer(['1', '0'])), 'row 1: 1 | null, the peer has 1 | 0');
  t.equal(difference(answer(['1', '5']), answer()), '1 rows, the peer has 0');
});

test('the command line', async (t) => {
  t.match(parseCommandLine(['scans', '--scale', '0.1', '--rounds', '2'], workloads), {
    workloads: [{ name: 'scans' }],
    scale: 0.1,
    rounds: 2,
    duration: { seconds: 5 },
    peer: null,
    profiles: null,
  });
  t.throws(() => parseCommandLine(['scan'], workloads), { message: 'there is no workload "scan"; --help lists them' });
  t.throws(() => parseCommandLine(['--rounds', '1.5'], workloads), { message: /takes a whole number above 0/ });
  t.throws(() => parseCommandLine(['--profile', '--server', 'postgresql://h'], workloads), {
    message: /leave --server out/,
  });
});

type Script = readonly (number | Error | Sample)[];

/** A measure that plays what each side's script says, run by run. */
function measure(
  name: string,
  unit: Measure['unit'],
  scripts: Readonly<Record<'server' | 'peer', Script>>,
  log: string[] = [],
  warmsUp = false,
): Measure {
  const next = { server: 0, peer: 0 };
  return {
    name,
    unit,
    target: times(2),
    warmsUp,
    run: async (site) => {
      const side = site.address.database === 'server' ? 'server' : 'peer';
      log.push(side);
      const played = scripts[side][next[side]++];
      if (played instanceof Error) throw played;
      return typeof played === 'object' ? played : { value: played ?? Number.NaN, answer: none };
    },
  };
}

function workloadOf(measures: readonly Measure[]): Workload {
  const dataset = { name: 'none', setUp: async () => undefined };
  return { name: 'played', what: '', dataset, measures, meanTarget: times(4) };
}

async function run(workload: Workload, { rounds }: { readonly rounds: number }): Promise<MeasureResult[]> {
  const sites = (database: string) =>
    ({
      with: async () => ({ address: { database }, processorSeconds: () => Number.NaN }) as Site,
      close: async () => undefined,
    }) as unknown as Sites;
  const options: RunOptions = {
    server: sites('server'),
    peer: sites('peer'),
    rounds,
    size: sizeOf(1),
    warmsUp: true,
    duckdb: async () => null,
    profiler: null,
    onStart: () => undefined,
  };
  const results: MeasureResult[] = [];
  for await (const result of runWorkload(workload, options)) results.push(result);
  return results;
}
