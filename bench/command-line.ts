// The command line of `npm run bench`. Mistakes end in one sentence.
import { parseArgs } from 'node:util';
import type { ServerAddress } from '../conformance/case-result.js';
import { serverAddress, UsageError } from '../conformance/command-line.js';
import type { Workload } from './workload.js';

export interface CommandLine {
  readonly workloads: readonly Workload[];
  readonly server: ServerAddress | null;
  readonly peer: ServerAddress | null;
  readonly duration: { readonly seconds: number } | { readonly transactions: number };
  readonly rounds: number;
  readonly scale: number;
  readonly limitSeconds: number;
  readonly bin: string;
  readonly json: string | null;
  /** The folder that profiles go to; null where none are made. */
  readonly profiles: string | null;
}

const options = {
  server: { type: 'string' },
  peer: { type: 'string' },
  seconds: { type: 'string', default: '5' },
  transactions: { type: 'string' },
  rounds: { type: 'string', default: '3' },
  scale: { type: 'string', default: '1' },
  limit: { type: 'string', default: '300' },
  bin: { type: 'string', default: '' },
  json: { type: 'string' },
  profile: { type: 'boolean', default: false },
  profiles: { type: 'string', default: 'bench/results' },
  'fetch-tools': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** The help text, with a line for each workload. */
export function usage(workloads: readonly Workload[]): string {
  const width = Math.max(...workloads.map(({ name }) => name.length));
  return `Measures HeliosDB beside a real PostgreSQL 17 on the same machine, in turns.

Usage: npm run bench -- [workload ...] [options]

Workloads (default all):
${workloads.map(({ name, what }) => `  ${name.padEnd(width)}  ${what}`).join('\n')}

Options:
  --peer URL        the PostgreSQL to compare with (default: one is started from --bin with shared_buffers 1 GB,
                    max_parallel_workers_per_gather 2, jit off and a new data directory)
  --server URL      the server to measure (default: HeliosDB is started with a new data directory)
  --seconds S       how long a rate is measured (default 5)
  --transactions N  measure rates over N transactions of each client instead
  --rounds N        how often each measure is taken on each server (default 3)
  --scale X         size of the data; 1 (the default) is what the targets speak of
  --limit S         seconds after which a query is canceled (default 300)
  --bin DIR         the folder of psql, pgbench, pg_dump and initdb 17 (default: $PGBIN, PATH, then the usual places)
  --json FILE       write everything that was measured to a file
  --profile         after its measurement run each measure once more under a CPU profile of the server that was started
  --profiles DIR    where profiles go (default bench/results)
  --fetch-tools     install what TPC-H data and DuckDB need (tpchgen-cli by cargo, @duckdb/node-api by npm) and end
  --help            this text
`;
}

/** Reads the arguments. Throws UsageError. */
export function parseCommandLine(
  args: readonly string[],
  known: readonly Workload[],
): CommandLine | 'help' | 'fetch-tools' {
  const { values, positionals } = parseStrictly(args);
  if (values.help) return 'help';
  if (values['fetch-tools']) return 'fetch-tools';
  if (values.profile && values.server !== undefined)
    throw new UsageError('--profile needs the server that the benchmark starts itself: leave --server out');
  return {
    workloads: chosen(positionals, known),
    server: values.server === undefined ? null : serverAddress(values.server),
    peer: values.peer === undefined ? null : serverAddress(values.peer),
    duration:
      values.transactions === undefined
        ? { seconds: positive('seconds', values.seconds, true) }
        : { transactions: positive('transactions', values.transactions, true) },
    rounds: positive('rounds', values.rounds, true),
    scale: positive('scale', values.scale, false),
    limitSeconds: positive('limit', values.limit, false),
    bin: values.bin,
    json: values.json ?? null,
    profiles: values.profile ? values.profiles : null,
  };
}

function parseStrictly(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function chosen(words: readonly string[], known: readonly Workload[]): readonly Workload[] {
  if (words.length === 0 || words.includes('all')) return known;
  const unknown = words.find((word) => !known.some(({ name }) => name === word));
  if (unknown !== undefined) throw new UsageError(`there is no workload "${unknown}"; --help lists them`);
  return known.filter(({ name }) => words.includes(name));
}

function positive(name: string, text: string, isWhole: boolean): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value) || (isWhole && !Number.isInteger(value)))
    throw new UsageError(`--${name} takes a ${isWhole ? 'whole ' : ''}number above 0, not "${text}"`);
  return value;
}
