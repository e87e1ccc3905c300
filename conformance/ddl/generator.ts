// Makes statements of data definition (and some of the data) out of a seeded source and an inventory of what a database
// holds at the moment: names from small pools, so that statements meet each other. Most statements succeed, some must not.
import type { Source } from '../queries/source.js';
import { alterTable } from './alter-table.js';
import { columnDefinition, expressionOver, indexElements, relationOptions, tableConstraint } from './clauses.js';
import { dataStatement } from './data.js';
import { anyName, type Inventory, newName, relationOf, roles, schemas, someColumn, someType } from './inventory.js';
import { alterObject, comment, defaultPrivileges, dropObject, grant } from './objects.js';

type Maker = (source: Source, inventory: Inventory) => string;

const makers: readonly (readonly [number, Maker])[] = [
  [10, createTable],
  [3, createTableLike],
  [2, createTableAs],
  [30, alterTable],
  [8, createIndex],
  [3, createSequence],
  [8, createView],
  [2, createMatview],
  [5, createType],
  [2, createFunction],
  [2, createStatistics],
  [14, alterObject],
  [14, dropObject],
  [6, comment],
  [8, grant],
  [2, defaultPrivileges],
  [14, dataStatement],
];

/** The next statement of a script. */
export function nextStatement(source: Source, inventory: Inventory): string {
  return source.either(makers.map(([weight, make]) => [weight, () => make(source, inventory)] as const));
}

function createTable(source: Source, inventory: Inventory): string {
  const names = ['a', 'b', 'c', 'd', 'e', 'F g'].slice(0, 1 + source.below(6));
  const columns = names.map((name) => columnDefinition(source, inventory, name));
  const constraints = Array.from({ length: source.below(3) }, () => tableConstraint(source, inventory, names));
  const kind = source.either([
    [8, () => 'table'],
    [1, () => 'unlogged table'],
    [1, () => 'temp table'],
  ]);
  const exists = source.chance(0.1) ? 'if not exists ' : '';
  const ending = kind === 'temp table' && source.chance(0.5) ? ' on commit delete rows' : '';
  const name = kind === 'temp table' ? `tmp${source.below(3)}` : newName(source, 'r');
  return `create ${kind} ${exists}${name} (${[...columns, ...constraints].join(', ')})${relationOptions(source)}${ending}`;
}

function createTableLike(source: Source, inventory: Inventory): string {
  const parts = [
    'comments',
    'compression',
    'constraints',
    'defaults',
    'generated',
    'identity',
    'indexes',
    'statistics',
  ];
  const options = source.chance(0.5)
    ? ' including all'
    : source
        .some([...parts, 'storage'], 4)
        .map((part) => ` ${source.chance(0.8) ? 'including' : 'excluding'} ${part}`)
        .join('');
  return `create table ${newName(source, 'r')} (like ${relationOf(source, inventory, 'rvm')}${options}${source.chance(0.3) ? ', zz int' : ''})`;
}

function createTableAs(source: Source, inventory: Inventory): string {
  const relation = relationOf(source, inventory, 'rv');
  const query = source.chance(0.7) ? `select * from ${relation}` : `select 1 as a, 'x'::varchar(3) as b, null`;
  return source.chance(0.2)
    ? `select * into ${newName(source, 'r')} from ${relation}`
    : `create table ${newName(source, 'r')}${source.chance(0.2) ? ' (x, y)' : ''} as ${query}${source.chance(0.5) ? ' with no data' : ''}`;
}

function createIndex(source: Source, inventory: Inventory): string {
  const relation = relationOf(source, inventory, 'rm');
  const method = source.chance(0.15) ? ' using hash' : source.chance(0.1) ? ' using btree' : '';
  const include = source.chance(0.2) ? ` include (${someColumn(source, inventory, relation)})` : '';
  const where = source.chance(0.2) ? ` where ${expressionOver(source, inventory, relation)}` : '';
  const options = source.chance(0.15) ? ` with (fillfactor = ${source.pick([10, 50, 90, 9, 'x'])})` : '';
  const nulls = source.chance(0.1) ? ' nulls not distinct' : '';
  const name = source.chance(0.7) ? `${newName(source, 'i').replace(/.*\./, '')} ` : '';
  return `create ${source.chance(0.3) ? 'unique ' : ''}index ${source.chance(0.08) ? 'concurrently ' : ''}${name}on ${relation}${method} (${indexElements(source, inventory, relation)})${include}${nulls}${options}${where}`;
}

function createSequence(source: Source): string {
  const options = source.some(
    [
      `as ${source.pick(['int2', 'int4', 'int8', 'text'])}`,
      `increment ${source.pick([1, 5, -1, 0])}`,
      `minvalue ${source.pick([0, -10, 100])}`,
      `maxvalue ${source.pick([1000, 40000, -1])}`,
      'no minvalue',
      `start ${source.pick([1, 50, -5])}`,
      `cache ${source.pick([1, 10, 0])}`,
      source.pick(['cycle', 'no cycle']),
      source.pick(['owned by none', 'owned by r1.a', 'owned by s1.r2.b']),
    ],
    source.below(4),
  );
  return `create ${source.chance(0.1) ? 'temp ' : ''}sequence ${source.chance(0.1) ? 'if not exists ' : ''}${newName(source, 'q')} ${options.join(' ')}`;
}

function createView(source: Source, inventory: Inventory): string {
  const relation = relationOf(source, inventory, 'rvm');
  const query = source.either([
    [4, () => `select * from ${relation}`],
    [4, () => `select ${someColumn(source, inventory, relation)} as x, t.* from ${relation} t`],
    [2, () => `select * from ${relation} where ${expressionOver(source, inventory, relation)}`],
    [
      2,
      () => {
        const column = someColumn(source, inventory, relation);
        return `select ${column}, count(*) as n from ${relation} group by ${column} order by 1 limit 3`;
      },
    ],
    [
      2,
      () => {
        const other = relationOf(source, inventory, 'rv');
        return `select l.${someColumn(source, inventory, relation)} as x, r.${someColumn(source, inventory, other)} as y from ${relation} l left join ${other} r on l.${someColumn(source, inventory, relation)}::text = r.${someColumn(source, inventory, other)}::text`;
      },
    ],
    [1, () => `values (1, 'a'), (2, 'b')`],
  ]);
  const options = source.chance(0.2)
    ? ` with (${source.pick(['security_barrier', 'security_invoker = true', 'check_option = local', 'check_option = x', 'nosuch = 1'])})`
    : '';
  const check = source.chance(0.15) ? ` with ${source.pick(['', 'local ', 'cascaded '])}check option` : '';
  return `create ${source.chance(0.4) ? 'or replace ' : ''}${source.chance(0.05) ? 'temp ' : ''}view ${newName(source, 'v')}${source.chance(0.2) ? ' (c1)' : ''}${options} as ${query}${check}`;
}

function createMatview(source: Source, inventory: Inventory): string {
  return `create materialized view ${source.chance(0.2) ? 'if not exists ' : ''}${newName(source, 'm')} as select * from ${relationOf(source, inventory, 'rv')}${source.chance(0.4) ? ' with no data' : ''}`;
}

function createType(source: Source, inventory: Inventory): string {
  const name = newName(source, 't');
  return source.either([
    [
      2,
      () =>
        `create type ${name} as enum (${source.some(['x', 'y', 'z', "it''s", 'x'], 3).map((label) => `'${label}'`)})`,
    ],
    [
      2,
      () =>
        `create type ${name} as (${source
          .some(['a', 'b', 'c', 'a'], 1 + source.below(3))
          .map((column) => `${column} ${someType(source, inventory)}`)
          .join(', ')})`,
    ],
    [
      3,
      () =>
        `create domain ${name} as ${someType(source, inventory)} ${source
          .some(
            [
              'not null',
              'default null',
              "default '1'",
              'check (value is not null)',
              `constraint ${anyName(source, 'k')} check (value::text <> 'zz')`,
              'null',
            ],
            source.below(3),
          )
          .join(' ')}`,
    ],
  ]);
}

function createFunction(source: Source, inventory: Inventory): string {
  const name = newName(source, 'f');
  const type = someType(source, inventory);
  return source.either([
    [
      2,
      () =>
        `create ${source.chance(0.5) ? 'or replace ' : ''}function ${name}(${source.chance(0.5) ? `x ${type}` : 'a int, b int default 3'}) returns int language sql ${source.pick(['immutable', 'stable', 'strict', 'security definer', 'cost 7'])} as 'select 1'`,
    ],
    [1, () => `create procedure ${name}(inout x ${type}) language sql as 'select x'`],
    [
      1,
      () =>
        `create function ${name}(x ${type}) returns setof ${relationOf(source, inventory, 'rv')} language sql begin atomic select * from ${relationOf(source, inventory, 'rv')}; end`,
    ],
  ]);
}

function createStatistics(source: Source, inventory: Inventory): string {
  const relation = relationOf(source, inventory, 'rvm');
  const columns = Array.from({ length: 1 + source.below(3) }, () => someColumn(source, inventory, relation));
  const kinds = source.chance(0.5) ? ` (${source.some(['ndistinct', 'mcv', 'dependencies', 'nosuch'], 2)})` : '';
  return `create statistics ${newName(source, 'x')}${kinds} on ${columns.join(', ')} from ${relation}`;
}

export { roles, schemas };
