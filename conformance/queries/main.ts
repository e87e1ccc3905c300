// Compares generated queries: a real PostgreSQL against our server, both over the wire, each with the same schema. Ours
// runs every query under random enable_* settings: they change plans, never answers.
// Usage: node main.js --ours PORT [--oracle PORT] [--database NAME] [--count N] [--seed N] [--tables N] [--show N]
import { WireClient, type WireResult } from '../wire-client.js';
import { type GeneratedQuery, generateQuery } from './generator.js';
import { schemaStatements } from './schema.js';
import { Source } from './source.js';

const args = process.argv.slice(2);

function option(name: string, fallback: string): string {
  const at = args.indexOf(`--${name}`);
  return at < 0 ? fallback : (args[at + 1] ?? fallback);
}

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
const rowsMax = 20_000;
const numericOid = 1700;

const host = option('host', '127.0.0.1');
const database = option('database', 'postgres');
const oracle = await WireClient.connect({ host, port: Number(option('oracle', '5417')), user: 'postgres', database });
const connectOurs = () =>
  WireClient.connect({
    host,
    port: Number(option('ours', '5432')),
    user: 'postgres',
    database: option('own-database', 'postgres'),
  });
let ours = await connectOurs();
const count = Number(option('count', '500'));
const first = Number(option('seed', '1'));
const showMax = Number(option('show', '20'));
const tally = { same: 0, different: 0, errors: 0, skipped: 0 };

await prepare();
for (let seed = first; seed < first + count; seed++) await compare(seed);
console.log(
  `${tally.same} same (${tally.errors} of them errors), ${tally.different} different, ${tally.skipped} skipped`,
);
oracle.close();
ours.close();

async function prepare(): Promise<void> {
  for (const sql of [...schemaStatements(Number(option('tables', '1'))), 'set statement_timeout = 1000']) {
    const [theirs, own] = await Promise.all([oracle.query(sql), ours.query(sql)]);
    if (theirs.error !== null || own.error !== null)
      console.log(
        `${sql.slice(0, 200)}\n  PostgreSQL: ${theirs.error?.message ?? 'done'}\n  ours:       ${own.error?.message ?? 'done'}`,
      );
  }
  await ours.query('set statement_timeout = 20000');
}

/** Some plan methods off; which ones depends on the seed. */
function settings(seed: number): string {
  const source = new Source(seed ^ 0x5bd1e995);
  const off = source.chance(0.5) ? source.some(methods, 1 + source.below(5)) : [];
  const memory = source.chance(0.1) ? "set work_mem = '64kB'; " : 'reset work_mem; ';
  return memory + methods.map((name) => `set enable_${name} = ${off.includes(name) ? 'off' : 'on'}`).join('; ');
}

async function compare(seed: number): Promise<void> {
  const query = generateQuery(seed);
  const theirs = await oracle.query(query.sql);
  if (theirs.error?.code === '57014' || theirs.rows.length > rowsMax) {
    tally.skipped++;
    return;
  }
  let own: WireResult;
  try {
    await ours.query(settings(seed));
    own = await ours.query(query.sql);
  } catch (error) {
    own = {
      rows: [],
      columns: [],
      messages: [],
      error: { code: 'GONE', message: String(error), detail: null, hint: null },
    };
    ours = await connectOurs();
    await ours.query('set search_path = q; set statement_timeout = 20000');
  }
  const [expected, got] = [outcome(theirs, query), outcome(own, query)];
  if (expected === got) {
    tally.same++;
    if (theirs.error !== null) tally.errors++;
    if (args.includes('--errors') && theirs.error !== null)
      console.log(`seed ${seed}: ${theirs.error.message}\n${query.sql}`);
    return;
  }
  tally.different++;
  if (tally.different > showMax) return;
  const off =
    settings(seed)
      .match(/enable_\w+ = off/g)
      ?.join('; ') ?? '';
  console.log(`-- seed ${seed} ${off}\n${query.sql};`);
  console.log(`  PostgreSQL: ${difference(expected, got)}\n  ours:       ${difference(got, expected)}`);
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

/** The lines that the other side lacks, shortened. */
function difference(mine: string, other: string): string {
  const theirs = new Map<string, number>();
  for (const line of other.split('\n')) theirs.set(line, (theirs.get(line) ?? 0) + 1);
  const extra = mine.split('\n').filter((line) => {
    const left = theirs.get(line) ?? 0;
    theirs.set(line, left - 1);
    return left <= 0;
  });
  const lines = extra.length === 0 ? mine.split('\n') : extra;
  return `${mine.split('\n').length - 1} rows; ${lines.slice(0, 4).join(' / ')}`.slice(0, 400);
}
