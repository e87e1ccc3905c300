// Runs the families' statements on both servers and compares rows of all columns, column names and types, SQLSTATE,
// message, detail and hint. Also sends values out in binary form and back in.
import { Tally } from '../../tally.js';
import { pick, seededRandom, sources } from '../constants.js';
import { literal } from '../constants.js';
import { typedLiteral } from '../generator.js';
import type { WireClient, WireResult } from '../../wire-client.js';
import { roundSettings } from './settings.js';
import { families, type OperatorRow, preparation } from './statements.js';

const roundLength = 100;

export const familyNames: readonly string[] = [
  ...Object.keys(families({ operators: [], functionNames: [] })),
  'binary',
];

/** Runs `count` statements; a tally for each family, in the order of their names. */
export async function compareFamilies(
  theirs: WireClient,
  ours: WireClient,
  { count, seed }: { readonly count: number; readonly seed: number },
): Promise<ReadonlyMap<string, Tally>> {
  await bothRun(theirs, ours, preparation);
  const random = seededRandom(seed);
  const made = families({ operators: await operatorRows(theirs), functionNames: await functionNames(theirs) });
  const tallies = new Map(familyNames.map((name) => [name, new Tally('expressions', name)]));
  const typeNames = [await typesOf(theirs), await typesOf(ours)] as const;
  for (let done = 0; done < count; done += roundLength) {
    await bothRun(theirs, ours, roundSettings(random));
    const batch = Array.from({ length: roundLength }, () => {
      const family = pick(familyNames, random);
      return { family, sql: family === 'binary' ? binarySql(random) : (made[family]?.(random) ?? '') };
    });
    const [left, right] = await Promise.all([runAll(theirs, batch), runAll(ours, batch)]);
    for (const [at, { family, sql }] of batch.entries()) {
      const [expected, got] = [outcome(left[at], typeNames[0]), outcome(right[at], typeNames[1])];
      if (expected === got || agreeLoosely(sql, expected, got)) tallies.get(family)?.agreed();
      else tallies.get(family)?.differed({ input: sql, expected: [expected], got: [got] });
    }
  }
  return tallies;
}

/** Runs what must succeed on both. */
async function bothRun(theirs: WireClient, ours: WireClient, statements: readonly string[]): Promise<void> {
  for (const sql of statements) {
    for (const client of [theirs, ours]) {
      const { error } = await client.query(sql);
      if (error !== null) throw new Error(`${client === ours ? 'server' : 'oracle'}: ${sql}: ${error.message}`);
    }
  }
}

interface Statement {
  readonly family: string;
  readonly sql: string;
}

function runAll(client: WireClient, batch: readonly Statement[]): Promise<WireResult[]> {
  return Promise.all(
    batch.map(({ family, sql }) => (family === 'binary' ? client.binaryRoundTrip(sql) : client.query(sql))),
  );
}

function binarySql(random: () => number): string {
  const type = pick(Object.keys(sources), random);
  return `select ${typedLiteral(literal(type, random), type)}`;
}

function outcome(result: WireResult | undefined, typeNames: ReadonlyMap<number, string>): string {
  if (result === undefined) return 'nothing';
  const { error } = result;
  if (error !== null) return `ERROR ${[error.code, error.message, error.detail ?? '', error.hint ?? ''].join('|')}`;
  const columns = result.columns.map(({ name, type }) => `${name} ${typeNames.get(type) ?? type}`).join(', ');
  return `${columns}: ${JSON.stringify(result.rows)}`;
}

/** Mathematics libraries differ in the last digits of floating point figures. */
function agreeLoosely(sql: string, left: string, right: string): boolean {
  if (!/stddev|var|corr|regr|covar|float|double|real|\^|power|sqrt|exp|ln|log|sin|cos|tan|gamma|erf/.test(sql))
    return false;
  const numbers = /-?\d+\.\d+(e[+-]?\d+)?/g;
  if (left.replace(numbers, '#') !== right.replace(numbers, '#')) return false;
  const [lefts, rights] = [left.match(numbers) ?? [], right.match(numbers) ?? []];
  return lefts.every((text, at) => Math.abs(Number(text) - Number(rights[at])) <= Math.abs(Number(text)) * 1e-13);
}

async function operatorRows(client: WireClient): Promise<OperatorRow[]> {
  const result = await client.query(`select oprname, case when oprleft <> 0 then format_type(oprleft, null) end,
    format_type(oprright, null) from pg_operator where oprnamespace = 11 order by oid`);
  const known = (type: string | null) => type === null || sources[type] !== undefined;
  const concrete = (type: string | null) => type?.replace(/^any(compatible)?(array)?$|^any\w+$/, (name) => (name.endsWith('array') ? 'integer[]' : 'integer')) ?? null; // biome-ignore format: one line
  return result.rows
    .map(([name, left, right]) => ({
      name: name ?? '',
      left: concrete(left ?? null),
      right: concrete(right ?? '') ?? '',
    }))
    .filter(({ left, right }) => known(left) && known(right));
}

/** Names of functions whose rows are all among the types with literals, apart from those with an effect. */
async function functionNames(client: WireClient): Promise<string[]> {
  const result = await client.query(`select distinct proname::text from pg_proc where pronamespace = 11 and prokind in ('f', 'a', 'w')
    and proname !~ '^(pg_|lo_|lo|binary_upgrade|txid|current|now|random|set|nextval|version|inet_(client|server)|has_|query_to|table_to|schema_to|database_to|cursor_to|ts_|brin|gin|gist|spg|clock|timeofday|statement|transaction|gen_random|getdatabase|uuid_extract|array_s|amval|row_sec|.*(in|out|recv|send|sel|support|handler|typmodin|typmodout|_transfn|_finalfn|_accum.*|_combine|serialize|_inv)$)'
    order by 1`); // biome-ignore format: one line
  return result.rows.map(([name]) => name ?? '');
}

async function typesOf(client: WireClient): Promise<Map<number, string>> {
  const result = await client.query('select oid, format_type(oid, null) from pg_type');
  return new Map(result.rows.map(([oid, name]) => [Number(oid), name ?? '']));
}
