// The command line of `npm run conformance`. Mistakes end in one sentence.
import { parseArgs } from 'node:util';
import { type ServerAddress, type SuiteName, suiteNames } from './case-result.js';

export interface CommandLine {
  readonly suites: readonly SuiteName[];
  readonly server: ServerAddress | null;
  readonly oracle: ServerAddress | null;
  readonly only: readonly string[] | null;
  readonly bless: boolean;
  readonly allowWorse: boolean;
  readonly sources: string;
  readonly dumps: string;
  readonly bin: string;
  /** null for the file in the project; `none` compares with nothing. */
  readonly status: string | null;
  readonly out: string | null;
  readonly seed: number | null;
  readonly count: number | null;
}

export class UsageError extends Error {}

export const usage = `Shows how far a server behaves as PostgreSQL 17 does.

Usage: npm run conformance -- [suite ...] [options]

Suites (default all):
  regress       PostgreSQL's regression files, statement by statement (needs psql 17)
  isolation     PostgreSQL's isolation specs
  histories     random transactions of concurrent clients, checked for anomalies
  dumps         dumps restored with psql and dumped back (needs psql and pg_dump 17, an oracle)
  expressions   generated calls, literals and statements, compared with the oracle
  queries       generated SELECTs, compared with the oracle
  protocol      generated conversations of messages, compared with the oracle
  ddl           generated scripts of DDL, compared with the oracle (needs psql and pg_dump 17)
  clients       drivers and tools of other people (each where it is installed)
  document      only writes docs/compatibility.md anew

Options:
  --server URL      the server to test (default: HeliosDB is started with a new data directory);
                    postgresql://user:password@host:port/database
  --oracle URL      a real PostgreSQL 17 (default: $CONFORMANCE_ORACLE)
  --only NAME       only this case, with its differences; may be given several times
  --bless           write the results to the status file, unless one is worse than there
  --allow-worse     with --bless: even then
  --sources DIR     PostgreSQL's files: a source tree, or a folder with regress/ and isolation/
                    (default ../shared/postgresql-17)
  --dumps DIR       plain dumps (default ../shared/dumps)
  --bin DIR         the folder of psql and pg_dump (default: $PGBIN, PATH, then the usual places)
  --status FILE     the status file (default conformance/status.tsv); none compares with nothing
  --out DIR         where transcripts go (default: a temporary folder)
  --seed N, --count N
                    other or more cases of the generated suites; these are not in the status file
  --help            this text
`;

const options = {
  server: { type: 'string' },
  oracle: { type: 'string' },
  only: { type: 'string', multiple: true },
  bless: { type: 'boolean', default: false },
  'allow-worse': { type: 'boolean', default: false },
  sources: { type: 'string', default: '../shared/postgresql-17' },
  dumps: { type: 'string', default: '../shared/dumps' },
  bin: { type: 'string', default: '' },
  status: { type: 'string' },
  out: { type: 'string' },
  seed: { type: 'string' },
  count: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

/** Reads the arguments; `help` and `document` are commands of their own. Throws UsageError. */
export function parseCommandLine(args: readonly string[]): CommandLine | 'help' | 'document' {
  const { values, positionals } = parseStrictly(args);
  if (values.help) return 'help';
  if (positionals.includes('document')) return 'document';
  const oracle = values.oracle ?? process.env.CONFORMANCE_ORACLE;
  const only = values.only?.flatMap((names) => names.split(/,(?! )/)) ?? null;
  const [seed, count] = [wholeNumber('seed', values.seed), wholeNumber('count', values.count)];
  if (values.bless && (seed !== null || count !== null))
    throw new UsageError('--seed and --count make cases that the status file does not have: they cannot be blessed');
  if (values['allow-worse'] && !values.bless) throw new UsageError('--allow-worse says something only with --bless');
  if (values.bless && values.status === 'none') throw new UsageError('--bless needs a status file');
  return {
    suites: chosenSuites(positionals),
    server: values.server === undefined ? null : serverAddress(values.server),
    oracle: oracle === undefined || oracle === '' ? null : serverAddress(oracle),
    only,
    bless: values.bless,
    allowWorse: values['allow-worse'],
    sources: values.sources,
    dumps: values.dumps,
    bin: values.bin,
    status: values.status ?? null,
    out: values.out ?? null,
    seed,
    count,
  };
}

function parseStrictly(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function chosenSuites(words: readonly string[]): readonly SuiteName[] {
  if (words.length === 0 || words.includes('all')) return suiteNames;
  const unknown = words.find((word) => !suiteNames.some((name) => name === word));
  if (unknown !== undefined) throw new UsageError(`there is no suite "${unknown}": ${suiteNames.join(', ')}, all`);
  return suiteNames.filter((name) => words.includes(name));
}

function wholeNumber(name: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  if (!/^\d+$/.test(text)) throw new UsageError(`--${name} takes a whole number, not "${text}"`);
  return Number(text);
}

/** `postgresql://user:password@host:port/database`; all parts but the host may be missing. Throws UsageError. */
export function serverAddress(text: string): ServerAddress {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol))
    throw new UsageError(`"${text}" is no URL such as postgresql://postgres@127.0.0.1:5432/postgres`);
  return {
    host: url.hostname === '' ? '127.0.0.1' : url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? 5432 : Number(url.port),
    user: decodeURIComponent(url.username) || 'postgres',
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)) || 'postgres',
  };
}
