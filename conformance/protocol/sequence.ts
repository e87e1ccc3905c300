// A random conversation of one client: messages of the simple and the extended protocol in any order, right and wrong.
// Statements come from a list that touches every kind of command tag, portal strategy and error place.
import type { Source } from '../queries/source.js';
import * as message from './messages.js';
import type { Message } from './messages.js';

export interface Sequence {
  readonly messages: readonly { readonly text: string; readonly bytes: Message }[];
}

/** Statements with their parameters' kinds. */
interface Template {
  readonly sql: string;
  readonly parameters: readonly Kind[];
}

type Kind =
  | 'int4'
  | 'int8'
  | 'text'
  | 'numeric'
  | 'bool'
  | 'date'
  | 'int4[]'
  | 'float8'
  | 'bytea'
  | 'uuid'
  | 'jsonb'
  | 'timestamp';

const oids: Readonly<Record<Kind, number>> = {
  int4: 23,
  int8: 20,
  text: 25,
  numeric: 1700,
  bool: 16,
  date: 1082,
  'int4[]': 1007,
  float8: 701,
  bytea: 17,
  uuid: 2950,
  jsonb: 3802,
  timestamp: 1114,
};

const t = (sql: string, ...parameters: Kind[]): Template => ({ sql, parameters });

export const setup: readonly string[] = [
  'drop schema if exists p cascade',
  'create schema p',
  'set search_path = p',
  'set client_min_messages = notice',
  'create table t (id int primary key, name text not null default $$none$$, amount numeric(8,2), made date)',
  "insert into t select g, 'name ' || g, g * 1.5, date '2024-01-01' + g from generate_series(1, 20) g",
  'create table child (id int primary key, t int references t deferrable initially deferred, check (id > 0))',
  "create function fail(int) returns int language sql as 'select 1 / $1'",
];

export const reset = [
  'rollback',
  'deallocate all',
  'close all',
  'reset all',
  'set search_path = p',
  'truncate t, child',
  "insert into t select g, 'name ' || g, g * 1.5, date '2024-01-01' + g from generate_series(1, 20) g",
  'drop table if exists made, p.made2',
];

const rows: readonly Template[] = [
  t('select 1 as one'),
  t('select'),
  t('select id, name, amount, made from t order by id'),
  t('select * from t where id = $1', 'int4'),
  t('select name from t where id between $1 and $2 order by id', 'int4', 'int8'),
  t('select g, 10 / (5 - g) as q from generate_series(1, 8) g'),
  t('select $1::text || $2', 'text', 'text'),
  t('select $1 + $2::numeric as total', 'numeric', 'numeric'),
  t('select $1 = any ($2::int4[])', 'int4', 'int4[]'),
  t('select $1::bool, $2::date, $3::float8', 'bool', 'date', 'float8'),
  t('select $1::bytea, $2::uuid', 'bytea', 'uuid'),
  t('select $1::jsonb, $2::timestamp', 'jsonb', 'timestamp'),
  t('select row(1, $1::text), array[$2::int4, null]', 'text', 'int4'),
  t('values (1, $$a$$), (2, $$b$$), (3, null)'),
  t('table child limit 3'),
  t('with x as (select 1 as a) select a from x'),
  t('select * from t order by id for update'),
  t('show search_path'),
  t('show datestyle'),
  t('explain (costs off) select 1'),
  t('select fail($1)', 'int4'),
  t('select $1', 'text'),
  t('select $2::int4', 'int4', 'int4'),
  t('select pg_typeof($1), pg_typeof($2)', 'text', 'text'),
  t("select set_config('application_name', $1, false)", 'text'),
];

const writes: readonly Template[] = [
  t('insert into t (id, name) values ($1, $2)', 'int4', 'text'),
  t('insert into t (id) values (31), (32), (33) returning id, name'),
  t('insert into t values (1) on conflict do nothing'),
  t('insert into t (id, name) values (40, null)'),
  t('insert into t (id, amount) values (41, 123456789)'),
  t('update t set amount = amount + $1 where id <= $2', 'numeric', 'int4'),
  t('update t set name = $1 where id < 4 returning id, name', 'text'),
  t('delete from t where id > 15 returning *'),
  t('delete from t where id = $1', 'int4'),
  t('with gone as (delete from t where id > 18 returning id) select count(*) from gone'),
  t(
    'merge into t using (values (1), (99)) v (id) on t.id = v.id when matched then update set name = $1 when not matched then insert (id, name) values (v.id, $1)',
    'text',
  ),
  t('insert into child values ($1, $2)', 'int4', 'int4'),
  t('insert into child values (-1, 1)'),
  t('truncate child'),
];

const commands: readonly Template[] = [
  t('begin'),
  t('begin isolation level repeatable read read only'),
  t('commit'),
  t('rollback'),
  t('commit and chain'),
  t('rollback and chain'),
  t('savepoint a'),
  t('rollback to a'),
  t('release a'),
  t('set constraints all immediate'),
  t("set datestyle = 'german'"),
  t("set local timezone = 'Asia/Tokyo'"),
  t("set application_name = 'named'"),
  t("set client_min_messages = 'nothing'"),
  t('set no_such = 1'),
  t('reset datestyle'),
  t('create table made (a int)'),
  t('create table made2 as select 1 as a, 2 as b'),
  t('drop table made'),
  t('drop table if exists nowhere'),
  t('alter table t add column if not exists name text'),
  t('declare c cursor for select id, name from t order by id'),
  t('declare c2 scroll cursor with hold for select g from generate_series(1, 6) g'),
  t('fetch 2 from c'),
  t('fetch backward 2 from c2'),
  t('fetch all c2'),
  t('move 3 in c'),
  t('close c'),
  t('close all'),
  t('prepare q as select $1::int4 + 1'),
  t('execute q (2)'),
  t('deallocate q'),
  t('deallocate all'),
  t('discard plans'),
  t('discard all'),
  t('lock table t in share mode'),
  t('analyze t'),
  t('checkpoint'),
  t('comment on table t is $$said$$'),
  t('do_not_know'),
  t('select nothing from t'),
  t('select * from nowhere'),
  t('select 1 +'),
  t('select 1 / 0'),
  t("select 'a'::int"),
  t(''),
  t(';'),
  t('-- nothing'),
];

const copies: readonly Template[] = [
  t('copy (select id, name from t order by id) to stdout'),
  t('copy (select 1, null, $$a,b$$) to stdout (format csv, header)'),
  t('copy (values (1)) to stdout (format binary)'),
  t('copy t (id, name) from stdin'),
  t('copy t (id, name) from stdin (format csv)'),
  t('copy nowhere from stdin'),
];

const several: readonly Template[] = [
  t('select 1; select 2'),
  t('insert into t (id) values (50); select 1 / 0; select 3'),
  t('begin; insert into t (id) values (51); commit; select 1 / 0'),
  t('select 1; begin; select 2'),
  t('select 1; commit; select 2'),
  t('savepoint x; select 1'),
  t('insert into t (id) values (52); rollback; select count(*) from t where id = 52'),
  t('create table made (a int); drop table made; select 7'),
  t('select 1; vacuum'),
  t('vacuum; select 1'),
  t('declare k cursor for select 5; fetch k'),
  t('set local datestyle = $$sql$$; show datestyle'),
  t('begin; select 1; rollback; select 2;'),
  t('select 1; copy (select id, name from t order by id) to stdout; select 2'),
  t('select 1; copy t (id, name) from stdin; select 2'),
  t(' ; ; select 4'),
];

const names = ['', '', '', 's', 'u'];

export function generateSequence(source: Source): Sequence {
  const messages: { text: string; bytes: Message }[] = [];
  const known = new Map<string, Template>();
  const add = (text: string, bytes: Message) => messages.push({ text, bytes });
  for (let left = 1 + source.below(12); left > 0; left--) {
    const kind = source.below(20);
    if (kind < 5) simple(source, add);
    else if (kind < 11) whole(source, add, known);
    else if (kind < 18) single(source, add, known);
    else malformed(source, add);
  }
  return { messages };
}

type Add = (text: string, bytes: Message) => void;

function anyTemplate(source: Source): Template {
  const list = source.pick([rows, rows, rows, writes, writes, commands, commands, copies]);
  return source.pick(list);
}

function simple(source: Source, add: Add): void {
  const template = source.chance(0.3) ? source.pick(several) : anyTemplate(source);
  // Mostly with constants in the parameters' places: a parameter in a simple query is an error.
  let sql = template.sql;
  if (source.chance(0.9))
    sql = sql.replace(/\$(\d)/g, (_, at) => literal(source, template.parameters[Number(at) - 1] ?? 'int4'));
  add(`Query ${sql}`, message.query(sql));
  if (/from stdin/.test(sql)) copyIn(source, add);
}

function literal(source: Source, kind: Kind): string {
  return `'${textValue(source, kind).replaceAll("'", "''")}'::${kind}`;
}

function copyIn(source: Source, add: Add): void {
  const lines = source.below(3);
  for (let left = lines; left > 0; left--) {
    const line = source.pick([
      '60\tnew\n',
      '61\t\\N\n',
      '62,csv\n',
      'x\ty\n',
      '63\n',
      '\\.\n',
      '1\tagain\n',
      '64\ta',
      '\n',
    ]);
    add(`CopyData ${JSON.stringify(line)}`, message.copyData(line));
  }
  const last = lines > 0 ? 3 + source.below(5) : source.below(8);
  if (last === 0) add('CopyFail', message.copyFail('no more'));
  else if (last === 1) add('Sync in copy', message.sync());
  else if (last === 2) add('Query in copy', message.query('select 1'));
  else add('CopyDone', message.copyDone());
}

function whole(source: Source, add: Add, known: Map<string, Template>): void {
  const template = anyTemplate(source);
  const statement = source.pick(names);
  const portal = source.pick(names);
  addParse(source, add, known, statement, template);
  if (source.chance(0.4)) add(`Describe S ${statement}`, message.describe('S', statement));
  if (source.chance(0.1)) add('Sync', message.sync());
  addBind(source, add, portal, statement, template);
  if (source.chance(0.5)) add(`Describe P ${portal}`, message.describe('P', portal));
  addExecute(source, add, portal);
  if (/from stdin/.test(template.sql)) copyIn(source, add);
  if (source.chance(0.3)) addExecute(source, add, portal);
  if (source.chance(0.8)) add('Sync', message.sync());
}

function single(source: Source, add: Add, known: Map<string, Template>): void {
  const name = source.pick(names);
  switch (source.below(8)) {
    case 0:
      return addParse(source, add, known, name, anyTemplate(source));
    case 1:
      return addBind(source, add, source.pick(names), name, known.get(name) ?? source.pick(rows));
    case 2:
      return addExecute(source, add, name);
    case 3:
      return add(`Describe S ${name}`, message.describe('S', name));
    case 4:
      return add(`Describe P ${name}`, message.describe('P', name));
    case 5:
      return source.chance(0.5)
        ? add(`Close S ${name}`, message.close('S', name))
        : add(`Close P ${name}`, message.close('P', name));
    case 6:
      return add('Flush', message.flush());
    default:
      return add('Sync', message.sync());
  }
}

function addParse(source: Source, add: Add, known: Map<string, Template>, name: string, template: Template): void {
  const sql = source.chance(0.04) ? source.pick(several).sql : template.sql;
  const types = template.parameters.map((kind) => oids[kind]);
  const given = source.pick([[], [], types, types, types.slice(0, 1), types.map(() => 0), []]);
  known.set(name, template);
  add(`Parse ${name} ${sql} [${given}]`, message.parse(name, sql, given));
}

function addBind(source: Source, add: Add, portal: string, statement: string, template: Template): void {
  const isBinary = template.parameters.map(() => source.chance(0.4));
  const values = template.parameters.map((kind, at) =>
    source.chance(0.1)
      ? null
      : isBinary[at] === true
        ? binaryValue(source, kind)
        : Buffer.from(textValue(source, kind)),
  );
  let formats = isBinary.map(Number);
  if (formats.every((format) => format === 0) && source.chance(0.7)) formats = [];
  if (source.chance(0.02)) formats = [...formats, 0, 1];
  if (source.chance(0.02)) formats = formats.map(() => 7);
  if (source.chance(0.03)) values.push(Buffer.from('1'));
  const resultFormats = source.pick([
    [],
    [],
    [0],
    [1],
    [1],
    source.chance(0.1) ? [0, 1] : [],
    source.chance(0.1) ? [5] : [],
  ]);
  const shown = values.map((value) => (value === null ? 'null' : JSON.stringify(value.toString('latin1'))));
  add(
    `Bind ${portal} <- ${statement} [${formats}] (${shown.join(', ')}) [${resultFormats}]`,
    message.bind({ portal, statement, formats, values, resultFormats }),
  );
}

function addExecute(source: Source, add: Add, portal: string): void {
  const rowsMax = source.pick([0, 0, 0, 1, 2, 5, 20, 100, -1]);
  add(`Execute ${portal} ${rowsMax}`, message.execute(portal, rowsMax));
}

const texts: Readonly<Record<Kind, readonly string[]>> = {
  int4: ['1', '0', '5', '-7', '19', '2147483648', ' 3 ', 'x', '', '0x1F', '1_000'],
  int8: ['1', '12', '9223372036854775807', '9223372036854775808', 'y'],
  text: ['', 'word', "it's", 'ü€😀', 'a\\b', 'two words', '\xff'],
  numeric: ['1', '1.50', '-0.001', 'NaN', 'Infinity', '1e10', '1e-5', 'z', '99999999.99'],
  bool: ['t', 'f', 'true', 'off', '1', 'maybe'],
  date: ['2024-02-29', '2023-02-29', 'infinity', '1.2.2003', 'today is', '4714-11-24 BC'],
  'int4[]': ['{1,2,3}', '{}', '{NULL,5}', '{{1,2},{3,4}}', '[2:3]={1,2}', '{1,', 'x'],
  float8: ['1.5', '-0', 'NaN', '1e400', 'infinity', '1e-400', 'q'],
  bytea: ['\\x00ff', 'abc', '\\x0', '\\\\', '\\001'],
  uuid: ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{a0eebc999c0b4ef8bb6d6bb9bd380a11}', 'no'],
  jsonb: ['{"b": 1, "a": [true, null]}', '1', '"x"', '{', '{"a": 1, "a": 2}', '1e2'],
  timestamp: ['2024-02-29 12:34:56.789', 'infinity', '2024-13-01', 'epoch', '2024-01-01T00:00:00Z'],
};

function textValue(source: Source, kind: Kind): string {
  return source.pick(source.chance(0.85) ? texts[kind].slice(0, 2) : texts[kind]);
}

const binaries: Readonly<Record<Kind, readonly string[]>> = {
  int4: ['00000001', '00000005', 'ffffffff', '0001', '0000000000000001'],
  int8: ['0000000000000001', '000000000000000c', '00000001'],
  text: ['776f7264', '', 'ff', '6100'],
  numeric: [
    '00010000000000000001',
    '000200000000000200011388',
    '0000c00000000000',
    '0001',
    '0001000000000000ffff',
    '00010000123400000001',
  ],
  bool: ['01', '00', '02', '0001'],
  date: ['00002000', '7fffffff', '80000000', '00', 'ffe00000'],
  'int4[]': [
    '000000010000000000000017000000020000000100000004000000010000000400000002',
    '000000000000000000000017',
    '0000000100000001000000170000000100000001ffffffff',
    '0000000100000000000000140000000100000001000000080000000000000001',
    '00000009',
  ],
  float8: ['3ff8000000000000', '7ff8000000000000', '8000000000000000', '3ff8'],
  bytea: ['00ff', '', '616263'],
  uuid: ['a0eebc999c0b4ef8bb6d6bb9bd380a11', 'a0'],
  jsonb: ['017b7d', '0131', '0231', '017b', ''],
  timestamp: ['0002000000000000', '7fffffffffffffff', '8000000000000000', '00', '7ffffffffffffff0'],
};

function binaryValue(source: Source, kind: Kind): Buffer {
  return Buffer.from(source.pick(source.chance(0.85) ? binaries[kind].slice(0, 2) : binaries[kind]), 'hex');
}

/** Messages that break the protocol: too short, too long, of an unknown kind, without their ends. */
function malformed(source: Source, add: Add): void {
  const choices: readonly (readonly [string, Message])[] = [
    ['Parse without end', message.frame('P', Buffer.from('name'))],
    ['Parse with more types than bytes', message.frame('P', Buffer.from('\0select 1\0\0\x05', 'latin1'))],
    ['Execute without count', message.frame('E', Buffer.from('\0'))],
    ['Describe of no kind', message.frame('D', Buffer.from('X\0'))],
    ['Close of no kind', message.frame('C', Buffer.from('Y\0'))],
    ['Query without end', message.frame('Q', Buffer.from('select 1'))],
    ['Query with bytes after its end', message.frame('Q', Buffer.from('select 1\0x'))],
    ['Sync with bytes', message.frame('S', Buffer.from('x'))],
    ['Flush with bytes', message.frame('H', Buffer.from('xy'))],
    ['unknown kind', message.frame('y', Buffer.from('abc'))],
    ['Query of invalid UTF-8', message.frame('Q', Buffer.from("select '\xff\xfe'\0", 'latin1'))],
    ['CopyData out of place', message.copyData('1\tx\n')],
    ['CopyDone out of place', message.copyDone()],
    ['password out of place', message.frame('p', Buffer.from('secret\0'))],
  ];
  const [text, bytes] = source.pick(choices);
  add(text, bytes);
}
