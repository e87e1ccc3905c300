// Generated scripts of DDL and DML: each statement runs on both servers; every field of every error and notice must
// agree, and at intervals the catalogs, psql's \d+ and pg_dump -s. A case is a script, that is a seed.
import { join } from 'node:path';
import type { CaseResult, ServerAddress, SuiteOptions } from '../case-result.js';
import { lineDifferences } from '../line-difference.js';
import { clientEnvironment, findPrograms, runProgram } from '../programs.js';
import { Source } from '../queries/source.js';
import { comparing, freshDatabase, type Sides, unavailable } from '../scratch-database.js';
import { Tally } from '../tally.js';
import { WireClient, type WireResult } from '../wire-client.js';
import { nextStatement } from './generator.js';
import { type Inventory, inventoryQuery, roles } from './inventory.js';
import { snapshotQueries } from './snapshots.js';

const scriptsDefault = 5;
const statementsPerScript = 200;
const statementsPerSnapshot = 40;
const programMs = 120_000;

interface Side {
  readonly address: ServerAddress;
  readonly client: WireClient;
}

interface Script {
  readonly theirs: Side;
  readonly own: Side;
  /** The folder of psql and pg_dump. */
  readonly bin: string;
  readonly tally: Tally;
}

/** Yields a result for each script; `--count` says how many. */
export async function* runDdl(options: SuiteOptions): AsyncGenerator<CaseResult> {
  const programs = findPrograms(options.bin);
  if ('problem' in programs) yield* unavailable('ddl', options, programs.problem);
  else yield* comparing('ddl', options, (sides) => runScripts(options, sides, programs.bin));
}

async function* runScripts(options: SuiteOptions, sides: Sides, bin: string): AsyncGenerator<CaseResult> {
  const first = options.seed ?? 1;
  for (let seed = first; seed < first + (options.count ?? scriptsDefault); seed++) {
    const name = `script ${seed}`;
    if (!(options.only?.includes(name) ?? true)) continue;
    options.onStart(name);
    const tally = new Tally('ddl', name);
    const [theirs, own] = [await open(sides.oracle, options.oracle), await open(sides.server, options.server)];
    try {
      await runScript(seed, { theirs, own, bin, tally });
    } finally {
      for (const side of [theirs, own]) side.client.close();
    }
    yield tally.result();
  }
}

/** What a script finds: a database with two schemas, and three roles. */
async function open(address: ServerAddress, outside: ServerAddress | null): Promise<Side> {
  await freshDatabase(outside ?? address, [
    `drop role if exists ${roles.join(', ')}`,
    ...roles.map((role) => `create role ${role}`),
  ]);
  const client = await WireClient.connect(address);
  for (const sql of [
    'create schema s1',
    'create schema s2',
    'set search_path = s1, public',
    'set statement_timeout = 10000',
  ])
    await client.query(sql);
  return { address, client };
}

async function runScript(seed: number, script: Script): Promise<void> {
  const source = new Source(seed);
  for (let at = 0; at < statementsPerScript; at++) {
    const { rows } = await script.theirs.client.query(inventoryQuery);
    const sql = nextStatement(source, JSON.parse(rows[0]?.[0] ?? '{}') as Inventory);
    if (!(await compare(script, sql, `-- seed ${seed} statement ${at}`))) return;
    if ((at + 1) % statementsPerSnapshot === 0) await compareState(script, `-- seed ${seed} after ${at + 1}`);
  }
}

/** Runs one statement on both; false where the two have parted so far that the script is over. */
async function compare({ theirs, own, tally }: Script, sql: string, place: string): Promise<boolean> {
  const both = (text: string) => Promise.all([theirs.client.query(text), own.client.query(text)]);
  // What one of them does not know would make all that follows differ: such a statement is undone on the other.
  if (!isAlone(sql)) await both('begin');
  const [expected, got] = await both(sql);
  const [wanted, had] = [outcome(expected), outcome(got)];
  const isUnbuilt = got.error?.code === '0A000' && expected.error?.code !== '0A000';
  const parted = wanted.join() !== had.join();
  const undo = isUnbuilt || (parted && (expected.error === null) !== (got.error === null));
  if (!isAlone(sql)) await both(undo ? 'rollback' : 'commit');
  if (parted) tally.differed({ input: `${place}\n${sql};`, expected: wanted, got: had });
  else tally.agreed();
  return !(undo && isAlone(sql));
}

function isAlone(sql: string): boolean {
  return /^(vacuum|cluster|reindex|create (unique )?index concurrently)/.test(sql);
}

/** Every field of every message but the source's place, and the rows. */
function outcome(result: WireResult): string[] {
  const messages = result.messages.map((fields) =>
    [...fields]
      .filter(([letter]) => !'FLRV'.includes(letter))
      .map(([letter, text]) => `${letter}=${text}`)
      .sort()
      .join(' '),
  );
  return [...messages, ...result.rows.map((row) => JSON.stringify(row))].map(plain);
}

const tools = [
  [
    'psql',
    '-X',
    ...[
      '\\d+ (s1|s2|public).*',
      '\\dT+ (s1|s2|public).*',
      '\\dD+ *',
      '\\dp (s1|s2|public).*',
      '\\ddp',
      '\\dX *.*',
    ].flatMap((command) => ['-c', command]),
  ],
  ['pg_dump', '-s'],
] as const;

/** Compares catalogs, psql's descriptions and the dump; each counts as a part. */
async function compareState(script: Script, place: string): Promise<void> {
  const { theirs, own, tally } = script;
  const judge = (what: string, wanted: string[], had: string[]) => {
    if (wanted.join('\n') === had.join('\n')) return tally.agreed();
    const { onlyExpected, onlyGot } = lineDifferences(wanted, had);
    tally.differed({ input: `${place}: ${what}`, expected: onlyExpected, got: onlyGot });
  };
  for (const [what, sql] of Object.entries(snapshotQueries)) {
    const [expected, got] = await Promise.all([theirs.client.query(sql), own.client.query(sql)]);
    judge(what, outcome(expected), outcome(got));
  }
  for (const [tool, ...words] of tools) {
    const [wanted, had] = await Promise.all([
      toolOutput(script.bin, theirs.address, tool, words),
      toolOutput(script.bin, own.address, tool, words),
    ]);
    judge(tool, wanted, had);
  }
}

async function toolOutput(
  bin: string,
  address: ServerAddress,
  tool: string,
  words: readonly string[],
): Promise<string[]> {
  const run = { env: clientEnvironment(address), timeoutMs: programMs };
  const { output, isTimedOut } = await runProgram(join(bin, tool), words, run);
  return isTimedOut ? [`not done after ${programMs / 1000} s`] : plain(output).split('\n');
}

/** Without what may differ: OIDs, the numbers of temporary schemas, pg_dump's random key, the servers' names, widths. */
function plain(text: string): string {
  return text
    .replace(/(?<=\(enumtypid, enumlabel\)=\()\d+/g, 'N')
    .replace(/\b[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}\b/g, 'UUID')
    .replace(/pg_temp_(\d+|N)/g, 'pg_temp')
    .replace(/^\\(un)?restrict .*|^-- Dumped from .*| +$/gm, '')
    .replace(/--+/g, '--')
    .replace(/ {2,}/g, ' ');
}
