// Generated SELECTs on both servers, each with the same schema. Ours runs every query under random enable_* settings: they
// change plans, never answers. A case is a block of seeds.
import type { CaseResult, SuiteOptions } from '../case-result.js';
import { lineDifferences } from '../line-difference.js';
import { comparing, type Sides } from '../scratch-database.js';
import { Tally } from '../tally.js';
import { WireClient, type WireResult } from '../wire-client.js';
import { type GeneratedQuery, generateQuery } from './generator.js';
import { schemaStatements } from './schema.js';
import { Source } from './source.js';

const methods = [
  'hashjoin',
  'mergejoin',
  'nestloop',
  'seqscan',
  'hashagg',
  'sort',
  'material',
  'memoize',
  'indexscan',
  'bitmapscan',
  'incremental_sort',
  'indexonlyscan',
  'presorted_aggregate',
  'partitionwise_join',
];
const countDefault = 1000;
const blockLength = 100;
/** The seed of the tables' rows. */
const tablesSeed = 1;
const rowsMax = 20_000;
const numericOid = 1700;

/** Yields a result for each block of seeds. */
export async function* runQueries(options: SuiteOptions): AsyncGenerator<CaseResult> {
  yield* comparing('queries', options, (sides) => runBlocks(options, sides));
}

async function* runBlocks(options: SuiteOptions, sides: Sides): AsyncGenerator<CaseResult> {
  const first = options.seed ?? 1;
  const last = first + (options.count ?? countDefault) - 1;
  const oracle = await prepared(sides.oracle, 1000);
  const own = { client: await prepared(sides.server, 20_000), reconnect: () => connected(sides.server, 20_000) };
  try {
    for (let seed = first; seed <= last; seed += blockLength) {
      const end = Math.min(seed + blockLength - 1, last);
      const name = `seeds ${seed}-${end}`;
      if (!(options.only?.includes(name) ?? true)) continue;
      options.onStart(name);
      const tally = new Tally('queries', name);
      for (let each = seed; each <= end; each++) await compare(each, oracle, own, tally);
      yield tally.result();
    }
  } finally {
    oracle.close();
    own.client.close();
  }
}

async function prepared(address: Sides['server'], timeoutMs: number): Promise<WireClient> {
  const client = await WireClient.connect(address);
  for (const sql of [...schemaStatements(tablesSeed), `set statement_timeout = ${timeoutMs}`]) {
    const { error } = await client.query(sql);
    if (error !== null) throw new Error(`${address.host}:${address.port}: ${sql}: ${error.message}`);
  }
  return client;
}

async function connected(address: Sides['server'], timeoutMs: number): Promise<WireClient> {
  const client = await WireClient.connect(address);
  await client.query(`set search_path = q; set statement_timeout = ${timeoutMs}`);
  return client;
}

/** Some plan methods off; which ones depends on the seed. */
function settings(seed: number): string {
  const source = new Source(seed ^ 0x5bd1e995);
  const off = source.chance(0.5) ? source.some(methods, 1 + source.below(5)) : [];
  const memory = source.chance(0.1) ? "set work_mem = '64kB'; " : 'reset work_mem; ';
  return memory + methods.map((name) => `set enable_${name} = ${off.includes(name) ? 'off' : 'on'}`).join('; ');
}

interface OwnSide {
  client: WireClient;
  readonly reconnect: () => Promise<WireClient>;
}

async function compare(seed: number, oracle: WireClient, own: OwnSide, tally: Tally): Promise<void> {
  const query = generateQuery(seed);
  const theirs = await oracle.query(query.sql);
  // Nobody can wait for the answer, or look through it.
  if (theirs.error?.code === '57014' || theirs.rows.length > rowsMax) return;
  const [expected, got] = [outcome(theirs, query), outcome(await ask(seed, query, own), query)];
  if (expected === got) return tally.agreed();
  const off = settings(seed).match(/enable_\w+ = off/g) ?? [];
  const { onlyExpected, onlyGot } = lineDifferences(expected.split('\n'), got.split('\n'));
  const input = `-- seed ${seed}${off.length > 0 ? `; set ${off.join('; set ')}` : ''}\n${query.sql};`;
  tally.differed({ input, expected: onlyExpected, got: onlyGot });
}

/** Our answer; a lost connection is an answer too, and the next query gets a new one. */
async function ask(seed: number, query: GeneratedQuery, own: OwnSide): Promise<WireResult> {
  try {
    await own.client.query(settings(seed));
    return await own.client.query(query.sql);
  } catch (error) {
    own.client = await own.reconnect();
    return {
      rows: [],
      columns: [],
      messages: [],
      error: { code: 'GONE', message: String(error), detail: null, hint: null },
    };
  }
}

/** What must agree: the error, or columns and rows (sorted where the query leaves the order open). */
function outcome(result: WireResult, query: GeneratedQuery): string {
  if (result.error !== null) return `ERROR ${result.error.code} ${result.error.message}`;
  const head = result.columns.map(({ name, type }) => `${name}:${type}`).join(' ');
  const rows = result.rows.map((row) => JSON.stringify(row.map((value, at) => plain(value, result.columns[at]?.type))));
  if (!query.isOrdered) rows.sort();
  return [head, ...rows].join('\n');
}

/** Equal numerics may show different scales where DISTINCT or max() has a choice. */
function plain(value: string | null, type: number | undefined): string | null {
  return type === numericOid && value !== null && value.includes('.') ? value.replace(/\.?0+$/, '') : value;
}
