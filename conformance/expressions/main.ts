// Compares generated expressions: a real PostgreSQL against our implementations called directly, or (--ours PORT)
// against our server over the wire.
// --inputs compares text input of types instead of calls; --families runs whole statements on both servers (--only then
// picks families).
// Usage: node main.js [--inputs | --families] [--oracle PORT] [--ours PORT] [--count N] [--seed N] [--only REGEX] [--show N]
import { WireClient, type WireResult } from '../wire-client.js';
import { type AggregateSymbols, loadTypes, runDirect, runInput } from './direct.js';
import { compareFamilies } from './families/compare.js';
import { generateInputs } from './inputs.js';
import { type Call, concreteTypes, generateCalls, makeConcrete, type Signature } from './generator.js';

const args = process.argv.slice(2);

function option(name: string, fallback: string): string {
  const at = args.indexOf(`--${name}`);
  return at < 0 ? fallback : (args[at + 1] ?? fallback);
}

const only = new RegExp(option('only', ''));
/** Results that differ by design: random, the session's own, or taken from another catalog. */
const unsteady =
  /random|setseed|^pg_|^current_|version|^inet_|clock|^now$|shuffle|sample|txid|^uuid$|^lo_|query_|^ts_|^has_|_to_xml|nextval|currval|lastval|setval|obj_desc|regproc|regclass|regtype|regoper|regrole|regnamespace|regconf|regdict|regcoll|acl|format_type|recv|^mxid_age|xml|binary_upgrade|tsm|brin|gin|gist|spg|row_security|satisfies|postgresql|col_desc|^float[48]_(accum|combine|regr|avg|var|stddev|corr|covar)|set_config|_transfn$|timeofday|^transaction_timestamp|^statement_timestamp|^clock_timestamp|session_user|^user$|system_user|to_ascii|^oidvectortypes$|^getdatabase/;

const client = await WireClient.connect({
  host: option('host', '127.0.0.1'),
  port: Number(option('oracle', '5417')),
  user: option('user', 'postgres'),
  database: option('database', 'postgres'),
});

const types = await client.query('select oid, format_type(oid, null) from pg_type');
loadTypes(new Map(types.rows.map(([oid, name]) => [Number(oid), name === 'bit' ? 'bit' : (name ?? '')])));
const { signatures, aggregates } = await loadSignatures();
if (args.includes('--families')) await runFamilies();
else if (args.includes('--inputs')) await compareInputs();
else await compareAll();
client.close();

async function loadSignatures(): Promise<{ signatures: Signature[]; aggregates: Map<Signature, AggregateSymbols> }> {
  const rows = await client.query(`
    select p.proname, case when p.prolang = 14 then p.proname || '(' || (select string_agg(t.typname, ',' order by o) from
           unnest(p.proargtypes::oid[]) with ordinality x(a, o) join pg_type t on t.oid = x.a) || ')' else p.prosrc end,
           p.proisstrict, p.proretset, p.prokind,
           array_to_json(array(select format_type(a, null) from unnest(p.proargtypes::oid[]) with ordinality x(a, o) order by o)),
           format_type(p.prorettype, null), t.prosrc, t.proisstrict, coalesce(f.prosrc, '-'), g.aggfinalextra,
           coalesce(f.proisstrict, false), format_type(g.aggtranstype, null), g.agginitval
    from pg_proc p left join pg_aggregate g on g.aggfnoid = p.oid and g.aggkind = 'n'
         left join pg_proc t on t.oid = g.aggtransfn left join pg_proc f on f.oid = g.aggfinalfn
    where p.pronamespace = 11 and p.prolang in (12, 14) and (p.prokind = 'f' or g.aggfnoid is not null)
          and p.provariadic = 0 and p.proargmodes is null
    order by p.oid`);
  const signatures: Signature[] = [];
  const aggregates = new Map<Signature, AggregateSymbols>();
  for (const row of rows.rows) {
    const [
      name = '',
      symbol = '',
      strict,
      set,
      kind,
      argJson,
      result,
      transition,
      transitionStrict,
      final,
      extra,
      finalStrict,
      stateType,
      initial,
    ] = row as string[];
    const argTypes = JSON.parse(argJson ?? '[]') as string[];
    if (unsteady.test(name) || !only.test(name) || symbol === '') continue;
    for (const element of concreteTypes(argTypes)) {
      const made = makeConcrete(argTypes, result ?? '', element);
      if (made === null || /^(any|internal|trigger|cstring|void|record)/.test(made.result)) continue;
      const isAggregate = kind === 'a';
      const signature: Signature = {
        name,
        symbol,
        isStrict: strict === 't',
        returnsSet: set === 't',
        kind: kind ?? 'f',
        argTypes: made.args,
        resultType: made.result,
        isAggregate,
      };
      signatures.push(signature);
      if (isAggregate) {
        aggregates.set(signature, {
          transition: transition ?? '',
          transitionStrict: transitionStrict === 't',
          final: final ?? '-',
          finalExtra: extra === 't',
          finalStrict: finalStrict === 't',
          stateType: stateType ?? '',
          initial: initial ?? null,
        });
      }
    }
  }
  return { signatures, aggregates };
}

/** B-tree support functions may return any number of the right sign; libraries differ in the last bits of sin and co. */
function agree(call: Call, own: string, theirs: string): boolean {
  if (own === theirs) return true;
  const [left, right] = [own, theirs].map((text) => Number(/^\["(.*)"\]$/.exec(text)?.[1] ?? Number.NaN)) as [
    number,
    number,
  ];
  if (Number.isNaN(left) || Number.isNaN(right)) return false;
  if (/cmp$/.test(call.signature.symbol)) return Math.sign(left) === Math.sign(right);
  const isLibrary =
    /^(d[a-z0-9]+|float8_regr.*)$/.test(call.signature.symbol) && call.signature.resultType === 'double precision';
  return isLibrary && Math.abs(left - right) <= Math.abs(right) * 1e-14;
}

async function runFamilies(): Promise<void> {
  const database = option('our-database', 'postgres');
  const ours = await WireClient.connect({
    host: '127.0.0.1',
    port: Number(option('ours', '5432')),
    user: 'postgres',
    database,
  });
  await compareFamilies(client, ours, {
    count: Number(option('count', '5000')),
    seed: Number(option('seed', '1')),
    only,
    show: Number(option('show', '40')),
  });
  ours.close();
}

interface Tally {
  same: number;
  different: number;
  missing: Map<string, number>;
}

async function compareAll(): Promise<void> {
  const count = Number(option('count', '5000'));
  const seed = Number(option('seed', '1'));
  const show = Number(option('show', '40'));
  const ours = option('ours', '');
  const other =
    ours === ''
      ? null
      : await WireClient.connect({ host: '127.0.0.1', port: Number(ours), user: 'postgres', database: 'postgres' });
  const tally: Tally = { same: 0, different: 0, missing: new Map() };
  const shown = new Map<string, number>();
  let batch: Call[] = [];
  const flush = async () => {
    const theirs = await Promise.all(batch.map((call) => client.query(call.sql)));
    const answers = other === null ? null : await Promise.all(batch.map((call) => other.query(call.sql)));
    batch.forEach((call, at) => {
      const answer = answers?.[at];
      const own = answer !== undefined ? builtOutcome(answer) : directOutcome(call);
      report(call, outcomeOf(theirs[at] as WireResult), own, tally, shown, show);
    });
    batch = [];
  };
  for (const call of generateCalls(signatures, count, seed)) {
    batch.push(call);
    if (batch.length === 50) await flush();
  }
  await flush();
  other?.close();
  console.log(
    `${tally.same} same, ${tally.different} different, ${[...tally.missing.values()].reduce((sum, n) => sum + n, 0)} not built`,
  );
  console.log(`not built: ${[...tally.missing.keys()].join(' ')}`);
}

async function compareInputs(): Promise<void> {
  let same = 0;
  const different = new Map<string, number>();
  let batch: Promise<void>[] = [];
  for (const { sql, type, text } of generateInputs(
    Number(option('count', '5000')),
    Number(option('seed', '1')),
    only,
  )) {
    const compare = async () => {
      const theirs = outcomeOf(await client.query(sql));
      const outcome = runInput(text, type);
      const own = outcome.error === null ? JSON.stringify(outcome.values) : `ERROR ${outcome.error}`;
      if (own === theirs) {
        same++;
        return;
      }
      different.set(type, (different.get(type) ?? 0) + 1);
      if ((different.get(type) ?? 0) <= 4) {
        console.log(`${sql}\n  PostgreSQL: ${theirs.slice(0, 300)}\n  ours:       ${own.slice(0, 300)}`);
      }
    };
    batch.push(compare());
    if (batch.length === 100) {
      await Promise.all(batch);
      batch = [];
    }
  }
  await Promise.all(batch);
  console.log(`${same} same, different: ${JSON.stringify([...different])}`);
}

function outcomeOf(result: WireResult): string {
  if (result.error !== null) {
    const { code, message, detail, hint } = result.error;
    return `ERROR ${[code, message, detail ?? '', hint ?? ''].join('|')}`;
  }
  return JSON.stringify(result.rows.map((row) => row[0]));
}

/** null where the server says that it has not built the function. */
function builtOutcome(result: WireResult): string | null {
  const isMissing = result.error?.code === '0A000' && result.error.message.endsWith('is not supported yet');
  return isMissing ? null : outcomeOf(result);
}

function directOutcome(call: Call): string | null {
  const outcome = runDirect(call, aggregates.get(call.signature) ?? null);
  if (outcome === null) return null;
  return outcome.error === null ? JSON.stringify(outcome.values) : `ERROR ${outcome.error}`;
}

function report(
  call: Call,
  theirs: string,
  own: string | null,
  tally: Tally,
  shown: Map<string, number>,
  show: number,
): void {
  const { symbol } = call.signature;
  if (own === null) tally.missing.set(symbol, (tally.missing.get(symbol) ?? 0) + 1);
  else if (agree(call, own, theirs)) tally.same++;
  else {
    tally.different++;
    const times = shown.get(symbol) ?? 0;
    shown.set(symbol, times + 1);
    if (times < 2 && shown.size <= show)
      console.log(`${call.sql}\n  PostgreSQL: ${theirs.slice(0, 300)}\n  ours:       ${own.slice(0, 400)}`);
  }
}
