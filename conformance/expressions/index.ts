// Generated expressions on both servers: calls of built-in functions, text input of types, and whole statements in
// families. The oracle's catalogs say which functions there are; the same seed then makes the same expressions.
import type { CaseResult, SuiteOptions } from '../case-result.js';
import { comparing, type Sides } from '../scratch-database.js';
import { Tally } from '../tally.js';
import { WireClient, type WireResult } from '../wire-client.js';
import { compareFamilies, familyNames } from './families/compare.js';
import { type Call, concreteTypes, generateCalls, makeConcrete, type Signature } from './generator.js';
import { generateInputs } from './inputs.js';

const countDefault = 5000;
const inFlight = 50;

/** Results that differ by design: random, the session's own, or taken from another catalog. */
const unsteady =
  /random|setseed|^pg_|^current_|version|^inet_|clock|^now$|shuffle|sample|txid|^uuid$|^lo_|query_|^ts_|^has_|_to_xml|nextval|currval|lastval|setval|obj_desc|regproc|regclass|regtype|regoper|regrole|regnamespace|regconf|regdict|regcoll|acl|format_type|recv|^mxid_age|xml|binary_upgrade|tsm|brin|gin|gist|spg|row_security|satisfies|postgresql|col_desc|^float[48]_(accum|combine|regr|avg|var|stddev|corr|covar)|set_config|_transfn$|timeofday|^transaction_timestamp|^statement_timestamp|^clock_timestamp|session_user|^user$|system_user|to_ascii|^oidvectortypes$|^getdatabase/;

/** Yields `functions`, `inputs` and a result for each family. */
export async function* runExpressions(options: SuiteOptions): AsyncGenerator<CaseResult> {
  yield* comparing('expressions', options, (sides) => runAll(options, sides));
}

async function* runAll(options: SuiteOptions, sides: Sides): AsyncGenerator<CaseResult> {
  const theirs = await WireClient.connect(sides.oracle);
  const ours = await WireClient.connect(sides.server);
  const isWanted = (name: string) => options.only?.includes(name) ?? true;
  const seed = options.seed ?? 1;
  const count = options.count ?? countDefault;
  try {
    if (isWanted('functions')) {
      options.onStart('functions');
      yield await compareCalls(theirs, ours, count, seed);
    }
    if (isWanted('inputs')) {
      options.onStart('inputs');
      yield await compareInputs(theirs, ours, count, seed);
    }
    if ([...familyNames, 'binary'].some(isWanted)) {
      options.onStart('families');
      const tallies = await compareFamilies(theirs, ours, { count, seed });
      for (const [family, tally] of tallies) if (isWanted(family)) yield tally.result();
    }
  } finally {
    theirs.close();
    ours.close();
  }
}

async function compareCalls(theirs: WireClient, ours: WireClient, count: number, seed: number): Promise<CaseResult> {
  const tally = new Tally('expressions', 'functions');
  const signatures = await loadSignatures(theirs);
  for (const batch of batches(generateCalls(signatures, count, seed))) {
    const [wanted, had] = await Promise.all([answers(theirs, batch), answers(ours, batch)]);
    batch.forEach((call, at) => {
      const [expected, got] = [wanted[at] ?? '', had[at] ?? ''];
      if (agree(call, got, expected)) tally.agreed();
      else tally.differed({ input: call.sql, expected: [expected], got: [got] });
    });
  }
  return tally.result();
}

async function compareInputs(theirs: WireClient, ours: WireClient, count: number, seed: number): Promise<CaseResult> {
  const tally = new Tally('expressions', 'inputs');
  for (const batch of batches(generateInputs(count, seed))) {
    const [wanted, had] = await Promise.all([answers(theirs, batch), answers(ours, batch)]);
    batch.forEach(({ sql }, at) => {
      const [expected, got] = [wanted[at] ?? '', had[at] ?? ''];
      if (got === expected) tally.agreed();
      else tally.differed({ input: sql, expected: [expected], got: [got] });
    });
  }
  return tally.result();
}

function* batches<T>(items: Iterable<T>): Generator<T[]> {
  let batch: T[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < inFlight) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function answers(client: WireClient, batch: readonly { readonly sql: string }[]): Promise<string[]> {
  return (await Promise.all(batch.map(({ sql }) => client.query(sql)))).map(outcome);
}

function outcome(result: WireResult): string {
  if (result.error !== null) {
    const { code, message, detail, hint } = result.error;
    return `ERROR ${[code, message, detail ?? '', hint ?? ''].join('|')}`;
  }
  return JSON.stringify(result.rows.map((row) => row[0]));
}

/** The functions and aggregates that can be called with literals, polymorphic ones once for each type tried. */
async function loadSignatures(client: WireClient): Promise<Signature[]> {
  const { rows } = await client.query(`
    select p.proname, p.prosrc, p.prokind, p.proretset, array_to_json(array(select format_type(a, null)
             from unnest(p.proargtypes::oid[]) with ordinality x(a, o) order by o)), format_type(p.prorettype, null)
    from pg_proc p left join pg_aggregate g on g.aggfnoid = p.oid and g.aggkind = 'n'
    where p.pronamespace = 11 and p.prolang in (12, 14) and (p.prokind = 'f' or g.aggfnoid is not null)
          and p.provariadic = 0 and p.proargmodes is null
    order by p.oid`);
  return rows.flatMap((row) => {
    const [name = '', symbol = '', kind = 'f', set = 'f', argJson = '[]', result = ''] = row.map(
      (value) => value ?? '',
    );
    if (unsteady.test(name) || symbol === 'xid_age') return [];
    const argTypes = JSON.parse(argJson) as string[];
    return concreteTypes(argTypes).flatMap((element) => {
      const made = makeConcrete(argTypes, result, element);
      if (made === null || /^(any|internal|trigger|cstring|void|record)/.test(made.result)) return [];
      return [
        {
          name,
          symbol,
          argTypes: made.args,
          resultType: made.result,
          isAggregate: kind === 'a',
          returnsSet: set === 't',
        },
      ];
    });
  });
}

/** B-tree support functions may return any number of the right sign; libraries differ in the last bits of sin and co. */
function agree(call: Call, own: string, theirs: string): boolean {
  if (own === theirs) return true;
  const [left = Number.NaN, right = Number.NaN] = [own, theirs].map((text) =>
    Number(/^\["(.*)"\]$/.exec(text)?.[1] ?? Number.NaN),
  );
  if (Number.isNaN(left) || Number.isNaN(right)) return false;
  if (/cmp$/.test(call.signature.symbol)) return Math.sign(left) === Math.sign(right);
  const isLibrary =
    /^(d[a-z0-9]+|float8_regr.*)$/.test(call.signature.symbol) && call.signature.resultType === 'double precision';
  return isLibrary && Math.abs(left - right) <= Math.abs(right) * 1e-14;
}
