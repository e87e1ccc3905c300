// Families of generated statements beyond plain calls: operators, casts, aggregates with their clauses, window frames,
// arrays, JSON, templates, regular expressions, collations, user-made types. Each makes one SELECT or INSERT.
import { literal, pick, sources } from '../constants.js';
import { typedLiteral } from '../generator.js';
import {
  dateInput,
  dateTemplate,
  dateTimeText,
  formatString,
  intervalText,
  likePattern,
  numberTemplate,
  regexFlags,
  regexSubject,
  regularExpression,
  similarPattern,
} from './templates.js';

export type Random = () => number;

/** What the catalogs of the real server say: the operators to try. */
export interface OperatorRow {
  readonly name: string;
  /** format_type of the operands; null for a prefix operator's left side. */
  readonly left: string | null;
  readonly right: string;
}

/** SQL that makes the types the families use; run once on both servers, in a schema of its own. */
export const preparation: readonly string[] = [
  'drop schema if exists conformance_expressions cascade',
  'create schema conformance_expressions',
  'set search_path = conformance_expressions, pg_catalog',
  `create type mood as enum ('sad', 'ok', 'happy')`,
  'create domain positive as int check (value > 0)',
  'create domain short as varchar(3) not null',
  'create domain numbers as int[] check (array_length(value, 1) < 4)',
  'create type pair as (a int, b text)',
  'create type nested as (p pair, m mood, n numeric(6,2)[])',
  'create domain good_pair as pair check ((value).a > 0)',
  `create collation icu_de (provider = icu, locale = 'de-DE')`,
  `create collation icu_ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`,
  `create collation icu_ai (provider = icu, locale = 'und-u-ks-level1-kc-true', deterministic = false)`,
  `create collation icu_num (provider = icu, locale = 'und-u-kn-true')`,
  `create collation icu_upper (provider = icu, locale = 'en-u-kf-upper')`,
  ...Object.keys(sources).map(
    (type, at) => `create table target_${at} (v ${type === 'character' ? 'bpchar' : type === 'bit' ? 'varbit' : type})`,
  ),
  'create table made (v1 varchar(4), v2 char(3), v3 numeric(5,2), v4 bit(3), v5 timestamp(1), v6 interval hour to minute,' +
    ' v7 mood, v8 positive, v9 short, v10 pair, v11 good_pair, v12 numbers, v13 "char", v14 time(0), v15 varbit(2), v16 nested)',
];

const types = Object.keys(sources);
const plain = ['integer', 'bigint', 'numeric', 'double precision', 'text', 'date', 'interval', 'boolean', 'timestamp with time zone', 'jsonb', 'uuid', 'bytea', 'inet', 'money', 'smallint', 'real', 'name', 'time without time zone', 'bit varying', 'integer[]', 'text[]']; // biome-ignore format: a table

export function quote(text: string): string {
  return text.includes('\\')
    ? `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
    : `'${text.replaceAll("'", "''")}'`;
}

function value(type: string, random: Random): string {
  const text = literal(type, random);
  return random() < 0.15 && text !== null ? quote(text) : typedLiteral(text, type);
}

function operators(rows: readonly OperatorRow[], random: Random): string {
  const row = pick(rows, random);
  // Now and then other operand types than the operator's own: resolution and its errors are compared as well.
  const right = random() < 0.12 ? pick(types, random) : row.right;
  const left = row.left !== null && random() < 0.12 ? pick(types, random) : row.left;
  const sql =
    left === null
      ? `${row.name} ${value(right, random)}`
      : `${value(left, random)} ${row.name} ${value(right, random)}`;
  return `select ${sql}`;
}

const modified = [
  'varchar(3)', 'char(2)', 'char', 'numeric(4,1)', 'numeric(3,-1)', 'numeric(2,5)', 'bit(4)', 'varbit(3)', 'time(2)',
  'timestamp(0)', 'timestamptz(3)', 'interval(2)', 'interval day to second(1)', 'interval year', 'interval month',
  'interval year to month', 'interval hour', 'interval minute to second', 'interval day', 'timetz(1)', 'float(24)', 'float(25)',
  'varchar(2)[]', 'numeric(5,1)[]', 'mood', 'positive', 'short', 'pair', 'good_pair', 'numbers', 'nested', 'mood[]', 'pair[]',
  'name', '"char"', 'regclass', 'regtype', 'oid', 'xid', 'pg_lsn', 'json', 'record', 'bit(1)', 'cstring',
]; // biome-ignore format: a table

function casts(random: Random): string {
  const from = pick(types, random);
  const to = random() < 0.35 ? pick(modified, random) : castName(pick(types, random));
  const inner = value(from, random);
  return random() < 0.2 ? `select ${inner}::text::${to}` : `select (${inner})::${to}`;
}

function castName(type: string): string {
  return type === 'character' ? 'bpchar' : type === 'bit' ? 'varbit' : type;
}

function implicitCasts(random: Random): string {
  const [left, right] = [value(pick(types, random), random), value(pick(types, random), random)];
  const near = pick(
    ['integer', 'bigint', 'numeric', 'double precision', 'smallint', 'real', 'money', 'text', 'date'],
    random,
  );
  const other = random() < 0.5 ? right : value(near, random);
  return pick(
    [
      `select coalesce(${left}, ${other})`,
      `select array[${left}, ${other}]`,
      `select case when true then ${left} else ${other} end`,
      `select ${left} union select ${other} order by 1`,
      `select greatest(${left}, ${other}), least(${left}, ${other})`,
      `select ${left} in (${other}, ${other})`,
      `select nullif(${left}, ${other})`,
      `select ${left} between ${other} and ${other}`,
      `select ${left} is distinct from ${other}`,
      `values (${left}), (${other}) order by 1`,
    ],
    random,
  );
}

function assignment(random: Random): string {
  if (random() < 0.5)
    return `insert into target_${Math.floor(random() * types.length)} values (${value(pick(types, random), random)}) returning v`;
  const column = 1 + Math.floor(random() * 16);
  const own = ['text', 'text', 'numeric', 'bit varying', 'timestamp with time zone', 'interval', 'text', 'integer', 'text', 'text', 'text', 'integer[]', 'text', 'time without time zone', 'bit varying', 'text']; // biome-ignore format: a table
  const type = random() < 0.7 ? (own[column - 1] ?? 'text') : pick(types, random);
  return `insert into made (v${column}) values (${value(type, random)}) returning v${column}`;
}

const inputs: readonly (readonly [string, (random: Random) => string])[] = [
  ['date', dateTimeText],
  ['timestamp', dateTimeText],
  ['timestamptz', dateTimeText],
  ['time', dateTimeText],
  ['timetz', dateTimeText],
  ['interval', intervalText],
  ['interval', intervalText],
  ['interval day to minute', intervalText],
  ['interval year to month', intervalText],
  ['interval second(2)', intervalText],
  ['interval hour', intervalText],
  ['timestamp(2)', dateTimeText],
];

function dateTimeInput(random: Random): string {
  const [type, text] = pick(inputs, random);
  return `select ${quote(text(random))}::${type}`;
}

function templates(random: Random): string {
  const number = pick(['integer', 'bigint', 'numeric', 'real', 'double precision'], random);
  const moment = pick(['timestamp without time zone', 'timestamp with time zone', 'interval'], random);
  const made = dateInput(random);
  return pick(
    [
      () => `select to_char(${typedLiteral(literal(number, random), number)}, ${quote(numberTemplate(random))})`,
      () => `select to_char(${typedLiteral(literal(moment, random), moment)}, ${quote(dateTemplate(random))})`,
      () => `select to_char(${typedLiteral(literal(moment, random), moment)}, ${quote(dateTemplate(random))})`,
      () => `select to_timestamp(${quote(made.text)}, ${quote(made.template)})`,
      () => `select to_date(${quote(made.text)}, ${quote(made.template)})`,
      () => `select to_number(${quote(pick(['12', '-1,234.5', '<12.3>', '1234-', '+5', '$12.50', 'IV', ' 7', '12th', '1.5e3', ''], random))}, ${quote(numberTemplate(random))})`, // biome-ignore format: a table
    ],
    random,
  )();
}

function regexes(random: Random): string {
  const [subject, pattern] = [quote(regexSubject(random)), quote(regularExpression(random))];
  const flags = random() < 0.5 ? '' : `, ${quote(regexFlags(random))}`;
  const small = () => Math.floor(random() * 4);
  return pick(
    [
      () => `select ${subject} ${pick(['~', '!~', '~*', '!~*'], random)} ${pattern}`,
      () => `select regexp_match(${subject}, ${pattern}${flags})`,
      () => `select * from regexp_matches(${subject}, ${pattern}${flags})`,
      () => `select regexp_replace(${subject}, ${pattern}, ${quote(pick(['X', '<\\1>', '\\&-', '\\\\', '\\9', ''], random))}${flags})`,
      () => `select regexp_replace(${subject}, ${pattern}, 'X', ${small()}, ${small()}${flags})`,
      () => `select regexp_split_to_array(${subject}, ${pattern}${flags})`,
      () => `select * from regexp_split_to_table(${subject}, ${pattern}${flags})`,
      () => `select regexp_count(${subject}, ${pattern}, ${1 + small()}${flags})`,
      () => `select regexp_instr(${subject}, ${pattern}, ${1 + small()}, ${1 + small()}, ${pick(['0', '1'], random)}${flags === '' ? ", ''" : flags}, ${small()})`,
      () => `select regexp_substr(${subject}, ${pattern}, ${1 + small()}, ${1 + small()}${flags === '' ? ", ''" : flags}, ${small()})`,
      () => `select regexp_like(${subject}, ${pattern}${flags})`,
      () => `select substring(${subject} from ${pattern})`,
      () => `select ${subject} ${pick(['like', 'not like', 'ilike', 'not ilike'], random)} ${quote(likePattern(random))}`,
      () => `select ${subject} like ${quote(likePattern(random))} escape ${quote(pick(['#', '', '\\', 'ab', '%'], random))}`,
      () => `select ${subject} similar to ${quote(similarPattern(random))}`,
      () => `select substring(${subject} similar ${quote(similarPattern(random))} escape '#')`,
      () => `select format(${quote(formatString(random))}, ${subject}, ${value(pick(['integer', 'text'], random), random)})`,
    ],
    random,
  )(); // biome-ignore format: a table
}

const plainAggregates = ['count', 'sum', 'avg', 'min', 'max', 'array_agg', 'string_agg', 'bool_and', 'bool_or', 'every', 'bit_and', 'bit_or', 'bit_xor', 'stddev', 'stddev_pop', 'variance', 'var_pop', 'json_agg', 'jsonb_agg', 'any_value', 'json_agg_strict', 'jsonb_agg_strict']; // biome-ignore format: a table
const pairAggregates = ['corr', 'covar_pop', 'covar_samp', 'regr_slope', 'regr_count', 'regr_intercept', 'regr_r2', 'json_object_agg', 'jsonb_object_agg', 'json_object_agg_unique', 'jsonb_object_agg_strict', 'string_agg']; // biome-ignore format: a table

function rowsOf(typesOfColumns: readonly string[], random: Random): string {
  const rows = Array.from(
    { length: 1 + Math.floor(random() * 6) },
    (_row, at) => `(${at + 1}, ${typesOfColumns.map((type) => typedLiteral(literal(type, random), type)).join(', ')})`,
  );
  return `(values ${rows.join(', ')}) v(i, ${typesOfColumns.map((_type, at) => `c${at + 1}`).join(', ')})`;
}

function aggregates(random: Random): string {
  const type = pick(plain, random);
  const source = rowsOf([type, pick(['integer', 'text', 'double precision'], random)], random);
  const filter =
    random() < 0.3 ? ` filter (where ${pick(['c1 is not null', 'i > 2', 'i % 2 = 0', 'false'], random)})` : '';
  const distinct = random() < 0.3 ? 'distinct ' : '';
  const order =
    random() < 0.5
      ? ` order by ${pick(distinct === '' ? ['i desc', 'c1', 'c1 desc nulls last', 'c2, i'] : ['c1', 'c1 desc'], random)}`
      : '';
  return pick(
    [
      () => `select ${pick(plainAggregates, random)}(${distinct}c1${order})${filter} from ${source}`,
      () => `select ${pick(pairAggregates, random)}(${distinct}c1, c2${distinct === '' ? order : ''})${filter} from ${source}`,
      () => `select ${pick(['percentile_cont', 'percentile_disc'], random)}(${pick(['0.5', '0', '1', '0.3', 'array[0.1,0.9,null]', '1.5', 'null'], random)}) within group (order by c1${pick(['', ' desc'], random)})${filter} from ${source}`,
      () => `select mode() within group (order by c1)${filter} from ${source}`,
      () => `select ${pick(['rank', 'dense_rank', 'percent_rank', 'cume_dist'], random)}(${value(type, random)}) within group (order by c1${pick(['', ' desc', ' nulls first'], random)})${filter} from ${source}`,
      () => `select ${pick(plainAggregates, random)}(c1), grouping(c2), c2 from ${source} group by ${pick(['c2', 'rollup(c2)', 'cube(c2)', 'grouping sets ((), (c2))'], random)} order by 3, 2`,
    ],
    random,
  )(); // biome-ignore format: a table
}

function windows(random: Random): string {
  const type = pick(plain, random);
  const source = rowsOf([type, 'integer'], random);
  const call = pick(
    [
      'row_number()', 'rank()', 'dense_rank()', 'percent_rank()', 'cume_dist()', 'ntile(2)', 'ntile(0)', 'lag(c1)', 'lag(c1, 2)', 'lead(c1, 1, c1)',
      'lead(c2, i)', 'first_value(c1)', 'last_value(c1)', 'nth_value(c1, 2)', 'nth_value(c1, 0)', 'count(*)', 'sum(c2)', 'avg(c1)', 'min(c1)', 'max(c1)',
      'array_agg(c1)', 'sum(c1)', 'count(c1) filter (where i > 1)', 'string_agg(c2::text, $$,$$)', 'jsonb_agg(c1)', 'stddev(c2)',
    ],
    random,
  ); // biome-ignore format: a table
  const bound = () => pick(['unbounded preceding', '1 preceding', 'current row', '1 following', '2 following', 'unbounded following', "'1 day' preceding", '-1 preceding'], random); // biome-ignore format: a table
  const exclude = random() < 0.4 ? ` exclude ${pick(['current row', 'group', 'ties', 'no others'], random)}` : '';
  const frame =
    random() < 0.6 ? ` ${pick(['rows', 'range', 'groups'], random)} between ${bound()} and ${bound()}${exclude}` : '';
  const partition = random() < 0.3 ? 'partition by i % 2 ' : '';
  const order = `order by ${pick(['i', 'c1, i', 'c1', 'c1 desc', 'c2 nulls first, i', 'c2'], random)}`;
  return `select i, ${call} over (${partition}${order}${frame}) from ${source} order by i`;
}

function arrays(random: Random): string {
  const type = pick(
    ['integer[]', 'text[]', 'numeric[]', 'bigint[]', 'double precision[]', 'int2vector', 'date[]', 'jsonb[]'],
    random,
  );
  const array = typedLiteral(literal(type, random), type);
  const element = value(type === 'int2vector' ? 'smallint' : type.slice(0, -2), random);
  const index = () => pick(['0', '1', '2', '-1', '3', 'null'], random);
  const slice = () => pick(['', index()], random);
  return pick(
    [
      () => `select (${array})[${index()}]`,
      () => `select (${array})[${slice()}:${slice()}]`,
      () => `select (${array})[${index()}][${index()}]`,
      () => `select (${array})[${slice()}:${slice()}][${slice()}:${slice()}]`,
      () => `select (${array})[${index()}][${slice()}:${slice()}]`,
      () => `select ${element} ${pick(['=', '<', '<>', '>='], random)} ${pick(['any', 'all'], random)} (${array})`,
      () => `select array[${array}, ${array}]`,
      () => `select array_cat(${array}, ${typedLiteral(literal(type, random), type)})`,
      () => `select ${array} || ${element}`,
      () => `select ${element} || ${array}`,
      () => `select * from unnest(${array}) with ordinality`,
      () => `select * from unnest(${array}, ${typedLiteral(literal(type, random), type)})`,
      () => `select array_position(${array}, ${element}), array_positions(${array}, ${element})`,
      () => `select array_remove(${array}, ${element}), array_replace(${array}, ${element}, ${element})`,
      () => `select array_to_string(${array}, ','), array_to_string(${array}, '-', 'N'), array_dims(${array}), array_ndims(${array}), cardinality(${array})`,
      () => `select array_fill(${element}, array[${index()}, 2]), array_fill(${element}, array[2], array[${index()}])`,
      () => `select trim_array(${array}, ${index()}), array_append(${array}, ${element}), array_prepend(${element}, ${array})`,
      () => `select array_upper(${array}, ${index()}), array_lower(${array}, ${index()}), array_length(${array}, ${index()})`,
      () => `select string_to_array(${value('text', random)}, ${pick(["','", "''", 'null', "'a'"], random)}, ${pick(["'a'", 'null', "''"], random)})`,
      () => `select array(select x from unnest(${array}) x order by x desc)`,
      () => `select width_bucket(${element}, ${array})`,
      () => `select generate_subscripts(${array}, ${index()})`,
      () => `select array_sample(${array}, 0), array_shuffle((${array})[1:1])`,
    ],
    random,
  )(); // biome-ignore format: a table
}

function json(random: Random): string {
  const type = pick(['json', 'jsonb', 'jsonb'], random);
  const doc = () => typedLiteral(literal(type, random), type);
  const key = () => pick(["'a'", "'b'", '0', '1', '-1', "''", "'1'", 'null', '2'], random);
  const path = () =>
    pick(
      ["'{a}'", "'{a,b}'", "'{a,b,2,c}'", "'{0}'", "'{}'", "'{-1}'", "'{3,a}'", "'{null}'", 'null', "'{a,x}'"],
      random,
    );
  const any = () => value(pick(plain, random), random);
  return pick(
    [
      () => `select ${doc()} ${pick(['->', '->>'], random)} ${key()}`,
      () => `select ${doc()} ${pick(['#>', '#>>'], random)} ${path()}`,
      () => `select ${doc()} ${pick(['@>', '<@', '||', '=', '<', '-'], random)} ${doc()}`,
      () => `select ${doc()} - ${pick(["'a'::text", '0', '-1', "'{a,b}'::text[]", "'b'", '5'], random)}`,
      () => `select ${doc()} #- ${path()}`,
      () => `select ${doc()} ${pick(['?', '?|', '?&'], random)} ${pick(["'a'", "'{a,b}'::text[]", "array['1']", "''"], random)}`,
      () => `select jsonb_set(${doc()}, ${path()}, ${doc()}, ${pick(['true', 'false', 'null'], random)})`,
      () => `select jsonb_insert(${doc()}, ${path()}, ${doc()}, ${pick(['true', 'false'], random)})`,
      () => `select jsonb_set_lax(${doc()}, ${path()}, null, true, ${pick(["'raise_exception'", "'use_json_null'", "'delete_key'", "'return_target'", "'x'", 'null'], random)})`,
      () => `select * from ${type}_each${pick(['', '_text'], random)}(${doc()})`,
      () => `select * from ${type}_array_elements${pick(['', '_text'], random)}(${doc()})`,
      () => `select ${type}_object_keys(${doc()})`,
      () => `select ${type}_typeof(${doc()}), ${type}_strip_nulls(${doc()})`,
      () => `select ${type}_array_length(${doc()})`,
      () => `select jsonb_pretty(${doc()}::jsonb)`,
      () => `select ${type}_extract_path${pick(['', '_text'], random)}(${doc()}, ${key()}::text, 'a')`,
      () => `select * from ${type}_populate_record(null::${pick(['pair', 'nested', 'good_pair'], random)}, ${doc()})`,
      () => `select * from ${type}_to_record(${doc()}) as x(a ${pick(['int', 'text', 'jsonb', 'int[]', 'pair', 'boolean'], random)}, b text)`,
      () => `select * from ${type}_to_recordset(${doc()}) as x(a text, b ${pick(['int', 'json', 'numeric'], random)})`,
      () => `select ${type}_build_object(${key()}, ${any()}, 'k', ${any()})`,
      () => `select ${type}_build_array(${any()}, ${any()})`,
      () => `select ${type}_object(${pick(["'{a,1,b,2}'", "'{{a,1},{b,2}}'", "'{a,b}', '{1,2}'", "'{a}'", "'{a,NULL}'"], random)})`,
      () => `select to_${type}(${any()}), row_to_json(row(${any()}, ${any()}))`,
      () => `select json_array(${any()}, ${any()} ${pick(['null on null', 'absent on null', ''], random)}${pick(['', ' returning jsonb'], random)})`,
      () => `select json_object('a': ${any()}, 'b' value ${any()} ${pick(['absent on null', 'null on null', 'with unique keys', ''], random)})`,
      () => `select ${pick([quote(literal('json', random) ?? ''), doc()], random)} is ${pick(['', 'not '], random)}json ${pick(['', 'object', 'array', 'scalar', 'value', 'with unique keys'], random)}`,
      () => `select json(${quote(literal('json', random) ?? 'x')} ${pick(['', 'with unique keys'], random)}), json_scalar(${any()}), json_serialize(${typedLiteral(literal('json', random), 'json')})`,
      () => `select (${doc()})[${key()}], (${doc()})['a']['b']`,
      () => `select (${doc()})::${pick(['int', 'text', 'boolean', 'numeric', 'float8', 'bigint', 'json', 'jsonb', 'real'], random)}`,
    ],
    random,
  )(); // biome-ignore format: a table
}

const collations = ['"C"', '"POSIX"', '"C.utf8"', '"ucs_basic"', '"unicode"', '"und-x-icu"', 'icu_de', 'icu_ci', 'icu_ai', 'icu_num', 'icu_upper', '"default"', '"de-x-icu"', '"pg_c_utf8"', '"sv-x-icu"']; // biome-ignore format: a table

function collated(random: Random): string {
  const word = () => quote(pick(['a', 'A', 'ä', 'Ä', 'b', 'B', 'abc', 'ABC', 'a-b', 'ab', 'a b', 'é', 'e', 'É', 'z', 'ö', 'o', 'ß', 'ss', 'SS', 'a10', 'a9', 'ǅ', 'İ', 'ı', '', 'résumé', 'Resume', 'ﬁ', 'å', 'co-op', 'COOP'], random)); // biome-ignore format: a table
  const collation = pick(collations, random);
  const list = () => Array.from({ length: 6 }, () => `(${word()})`).join(', ');
  return pick(
    [
      () => `select ${word()} collate ${collation} ${pick(['<', '>', '=', '<>', '<=', '~<~'], random)} ${word()}`,
      () => `select x from (values ${list()}) v(x) order by x collate ${collation}, x collate "C"`,
      () => `select ${pick(['upper', 'lower', 'initcap'], random)}(${word()} collate ${collation})`,
      () => `select distinct (x collate ${collation}) is null, count(*) over () from (values ${list()}) v(x)`,
      () => `select count(distinct x collate ${collation}) from (values ${list()}) v(x)`,
      () => `select min(x collate ${collation}), max(x collate ${collation}) from (values ${list()}) v(x)`,
      () => `select ${word()} collate ${collation} ${pick(['like', 'ilike', '~', '~*', 'similar to'], random)} ${word()}`,
      () => `select ${pick(['position', 'strpos'], random) === 'position' ? `position(${word()} in ${word()} collate ${collation})` : `strpos(${word()} collate ${collation}, ${word()})`}`,
      () => `select ${pick(["replace(%1, 'a', 'x')", "split_part(%1, 'b', 1)", "starts_with(%1, 'a')", "string_to_array(%1, 'b')", "translate(%1, 'ab', 'xy')", "%1 ^@ 'a'", "regexp_replace(%1, 'A', 'x', 'i')"], random).replace('%1', `${word()} collate ${collation}`)}`,
      () => `select ${word()} collate ${collation} < ${word()} collate ${pick(collations, random)}`,
      () => `select x collate ${collation}, count(*) from (values ${list()}) v(x) group by x collate ${collation} having count(*) > 6`,
      () => `select ${word()} collate ${collation} in (${word()}, ${word()}), greatest(${word()} collate ${collation}, ${word()})`,
      () => `select normalize(${word()}, ${pick(['NFC', 'NFD', 'NFKC', 'NFKD'], random)}), ${word()} is ${pick(['', 'NFC ', 'NFKD '], random)}normalized, unicode_assigned(${word()})`,
    ],
    random,
  )(); // biome-ignore format: a table
}

function userTypes(random: Random): string {
  const pair = () => pick([`'(1,a)'::pair`, `'(,)'::pair`, `'(2,"b c")'::pair`, `row(1, 'a')::pair`, `row(null, 'x')`, `null::pair`, `'(3,)'::good_pair`, `row(0, 'z')::good_pair`, `'(1)'::pair`, `'(1,2,3)'::pair`, `row(1, 'a')`, `row(2)`], random); // biome-ignore format: a table
  const mood = () => pick([`'sad'::mood`, `'ok'::mood`, `'happy'::mood`, `null::mood`, `'bad'::mood`, `'ok'`], random);
  return pick(
    [
      () => `select ${pair()} ${pick(['=', '<', '>=', '<>', 'is distinct from', '*=', '*<'], random)} ${pair()}`,
      () => `select (${pair()}).${pick(['a', 'b', 'c', '*'], random)}`,
      () => `select ${pair()} is ${pick(['', 'not '], random)}null`,
      () => `select ${pair()}::text, to_jsonb(${pair()}), row_to_json(${pair()}::pair)`,
      () => `select array[${pair()}, ${pair()}]`,
      () => `select ${mood()} ${pick(['<', '=', '>'], random)} ${mood()}, enum_range(${mood()}, ${mood()}), enum_first(${mood()})`,
      () => `select max(m), min(m), array_agg(m order by m desc) from (values (${mood()}), (${mood()}), ('ok'::mood)) v(m)`,
      () => `select (${pick(['1', '0', '-5', "'x'", '2.6', 'null', '3000000000'], random)})::positive, (${pick(["'ab'", "'abcd'", 'null', '12345'], random)})::short`,
      () => `select (${pick(["'{1,2}'", "'{1,2,3,4}'", 'array[1,null]', "'{{1}}'", 'null'], random)})::numbers`,
      () => `select '("(1,x)",ok,"{1.234,2}")'::nested, row(${pair()}, ${mood()}, '{}')::nested`,
      () => `select ((${pick([`'("(1,x)",ok,"{1.234,2}")'`, `'("(,)",,)'`, `'(,sad,{99999})'`, `'((1,x),ok,)'`], random)})::nested).${pick(['p', 'm', 'n', 'n[1]', '(p).a'], random)}`,
      () => `select ${pair()} between ${pair()} and ${pair()}, greatest(${pair()}, ${pair()})`,
      () => `select (${pair()})::${pick(['text', 'json', 'pair', 'good_pair', 'nested', 'varchar(3)', 'jsonb'], random)}`,
      () => `select row(${value(pick(plain, random), random)}, 1) ${pick(['<', '=', '<>', 'is distinct from'], random)} row(${value(pick(plain, random), random)}, 2)`,
      () => `select distinct p from (values (row(1,'a')::pair), ('(1,a)'), (row(1,null))) v(p) order by p desc`,
      () => `select pg_typeof(${pair()}), pg_typeof(${mood()}), pg_typeof(array[${mood()}]), pg_typeof(1::positive + 1)`,
      () => `select record_send(${pair()}), hash_record(${pair()}), enum_last(${mood()})`,
      () => `select pg_input_is_valid(${quote(pick(['1', 'x', '(1,a)', 'ok', '{1,2}', '', '99999999999'], random))}, ${quote(pick(['int', 'mood', 'pair', 'positive', 'numbers', 'varchar(2)', 'numeric(3,1)', 'int[]', 'jsonb', 'nosuch', 'date'], random))})`,
      () => `select * from pg_input_error_info(${quote(pick(['1', 'x', '(1,a)', 'ok', '{1,2', '', '99999999999', '{"a"'], random))}, ${quote(pick(['int', 'mood', 'pair', 'positive', 'numbers', 'varchar(2)', 'numeric(3,1)', 'int[]', 'jsonb', 'date', 'good_pair'], random))})`,
    ],
    random,
  )(); // biome-ignore format: a table
}

function dateTimes(random: Random): string {
  const kinds = [
    'date',
    'timestamp without time zone',
    'timestamp with time zone',
    'time without time zone',
    'time with time zone',
    'interval',
  ];
  const type = pick(kinds, random);
  const one = () => value(type, random);
  const field = pick(['year', 'month', 'day', 'hour', 'minute', 'second', 'epoch', 'dow', 'doy', 'isodow', 'isoyear', 'week', 'quarter', 'decade', 'century', 'millennium', 'milliseconds', 'microseconds', 'timezone', 'timezone_hour', 'timezone_minute', 'julian', 'fortnight'], random); // biome-ignore format: a table
  const zone = quote(pick(['UTC', 'Europe/Berlin', 'America/New_York', 'EST', 'PST8PDT', '+05', '-03:30', 'Asia/Kolkata', 'nosuch', 'MSK', 'CET', 'EST5EDT,M3.2.0,M11.1.0', '<+0330>-3:30'], random)); // biome-ignore format: a table
  const moment = () => value(pick(kinds.slice(0, 3), random), random);
  const interval = () => value('interval', random);
  return pick(
    [
      () => `select extract(${field} from ${one()}), date_part('${field}', ${one()})`,
      () => `select date_trunc('${field}', ${one()})`,
      () => `select date_trunc('${field}', ${value('timestamp with time zone', random)}, ${zone})`,
      () => `select ${one()} at time zone ${zone}`,
      () => `select ${moment()} ${pick(['+', '-'], random)} ${interval()}`,
      () => `select ${moment()} - ${moment()}`,
      () => `select age(${moment()}, ${moment()})`,
      () => `select justify_${pick(['hours', 'days', 'interval'], random)}(${interval()})`,
      () => `select ${interval()} ${pick(['*', '/'], random)} ${pick(['2', '0.5', '-1.5', '0', '1e10', "'NaN'", "'infinity'"], random)}`,
      () => `select date_bin(${interval()}, ${moment()}, ${moment()})`,
      () => `select (${moment()}, ${interval()}) overlaps (${moment()}, ${moment()})`,
      () => `select generate_series(${moment()}, ${moment()}, ${interval()}) limit 5`,
      () => `select isfinite(${one()}), ${one()}::text`,
      () => `select make_interval(${Math.floor(random() * 5)}, ${Math.floor(random() * 50)}, days => 3, secs => ${pick(['1.5', '-0.1', "'infinity'"], random)})`,
      () => `select make_timestamptz(${pick(['2024', '-44', '0'], random)}, ${pick(['2', '13'], random)}, 29, 12, 30, 15.5, ${zone})`,
      () => `select to_timestamp(${value('double precision', random)})`,
      () => `select ${value('timestamp without time zone', random)} at time zone ${zone} at time zone ${zone}`,
      () => `select ${one()} ${pick(['<', '=', '>='], random)} ${moment()}`,
      () => `select date_add(${value('timestamp with time zone', random)}, ${interval()}, ${zone}), date_subtract(${value('timestamp with time zone', random)}, ${interval()})`,
      () => `select ${moment()} at local, timezone(${interval()}, ${moment()})`,
    ],
    random,
  )(); // biome-ignore format: a table
}

function bytes(random: Random): string {
  const data = () => value('bytea', random);
  const encoding = pick(['UTF8', 'LATIN1', 'LATIN2', 'WIN1252', 'WIN1251', 'KOI8R', 'SQL_ASCII', 'EUC_JP', 'SJIS', 'BIG5', 'GBK', 'GB18030', 'UHC', 'EUC_KR', 'EUC_CN', 'EUC_TW', 'JOHAB', 'MULE_INTERNAL', 'EUC_JIS_2004', 'SHIFT_JIS_2004', 'ISO_8859_5', 'WIN874', 'nosuch', 'KOI8U', 'WIN866', 'LATIN10'], random); // biome-ignore format: a table
  const text = () =>
    quote(
      pick(
        ['abc', 'é', 'Ж', '日本', '中文', '한글', '€', '😀', 'ｱ', 'ß', '', '漢字かな', '臺灣', '、', 'ł', 'ไทย'],
        random,
      ),
    );
  const other = pick(['UTF8', 'LATIN1', 'EUC_JP', 'SJIS', 'MULE_INTERNAL', 'BIG5', 'EUC_TW', 'KOI8R', 'WIN1251', 'ISO_8859_5', 'WIN866', 'LATIN2', 'WIN1250', 'EUC_JIS_2004', 'SHIFT_JIS_2004'], random); // biome-ignore format: a table
  return pick(
    [
      () => `select convert_to(${text()}, '${encoding}')`,
      () => `select convert_from(${data()}, '${encoding}')`,
      () => `select convert(convert_to(${text()}, '${encoding}'), '${encoding}', '${other}')`,
      () => `select convert(${data()}, '${encoding}', '${other}')`,
      () => `select encode(${data()}, '${pick(['hex', 'base64', 'escape', 'x'], random)}')`,
      () => `select decode(${quote(pick(['00ff', 'zz', 'YWJj', 'YQ==', 'YQ=', '\\\\', '\\001', 'ab c', 'a'], random))}, '${pick(['hex', 'base64', 'escape'], random)}')`,
      () => `select ${data()} || ${data()}, substring(${data()} from ${pick(['1', '0', '-1', '2'], random)} for ${pick(['1', '2', '-1'], random)})`,
      () => `select get_byte(${data()}, ${pick(['0', '1', '-1'], random)}), set_bit(${data()}, ${pick(['0', '9'], random)}, 1)`,
      () => `select md5(${data()}), sha256(${data()}), bit_count(${data()}), length(${data()}, '${encoding}')`,
      () => `select overlay(${data()} placing ${data()} from ${pick(['1', '2', '0'], random)}), btrim(${data()}, ${data()}), position(${data()} in ${data()})`,
      () => `select length(${data()}), like(${data()}, ${data()}), ${data()} ${pick(['<', '=', '>'], random)} ${data()}`,
      () => `select pg_char_to_encoding('${encoding}'), pg_encoding_to_char(${Math.floor(random() * 45) - 1}), pg_encoding_max_length(${Math.floor(random() * 45) - 1})`,
      () => `select to_ascii(${text()}, '${encoding}'), chr(${Math.floor(random() * 70000)}), ascii(${text()})`,
      () => `select parse_ident(${quote(pick(['a.b', '"A b".c', 'a..b', '1a', '"', 'A.B', '.a', 'a b'], random))}), quote_ident(${text()}), quote_literal(${text()})`,
      () => `select unistr(${quote(pick(['\\0061', '\\+01F600', '\\d83d', '\\u00e9', '\\\\', '\\x', 'd\\U0001F600'], random))}), ${text()} || ${text()}`,
    ],
    random,
  )(); // biome-ignore format: a table
}

/** Calls with untyped and mistyped arguments: overload resolution, defaults, named arguments, VARIADIC. */
function calls(names: readonly string[], random: Random): string {
  const count = Math.floor(random() * 4);
  const args = Array.from({ length: count }, () => value(pick(plain, random), random));
  if (count > 0 && random() < 0.04) args[count - 1] = `variadic ${args[count - 1]}`;
  return `select ${pick(names, random)}(${args.join(', ')})`;
}

export interface FamilyInputs {
  readonly operators: readonly OperatorRow[];
  readonly functionNames: readonly string[];
}

/** The families by name; each call makes one statement. */
export function families(inputs: FamilyInputs): Readonly<Record<string, (random: Random) => string>> {
  return {
    operators: (random) => operators(inputs.operators, random),
    casts,
    implicitCasts,
    assignment,
    dateTimeInput,
    templates,
    regexes,
    aggregates,
    windows,
    arrays,
    json,
    collated,
    userTypes,
    dateTimes,
    bytes,
    calls: (random) => calls(inputs.functionNames, random),
  };
}
