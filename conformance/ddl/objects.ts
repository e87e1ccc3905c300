// ALTER, DROP, COMMENT and GRANT over everything that is no table.
import type { Source } from '../queries/source.js';
import { defaultValue } from './clauses.js';
import {
  anyName,
  type Inventory,
  newName,
  relationOf,
  roles,
  schemas,
  someColumn,
  someConstraint,
  someType,
} from './inventory.js';

const words: Readonly<Record<string, string>> = {
  r: 'table',
  v: 'view',
  m: 'materialized view',
  i: 'index',
  S: 'sequence',
  c: 'type',
};

function typeOf(source: Source, inventory: Inventory): string {
  return inventory.types.length === 0 || source.chance(0.03) ? newName(source, 't') : source.pick(inventory.types);
}

function functionOf(source: Source, inventory: Inventory): string {
  return inventory.functions.length === 0 || source.chance(0.03)
    ? `${newName(source, 'f')}(int)`
    : source.pick(inventory.functions);
}

function moved(source: Source, prefix: string): string {
  return source.pick([
    `rename to ${anyName(source, prefix)}`,
    `set schema ${source.pick(schemas)}`,
    `owner to ${source.pick(roles)}`,
  ]);
}

/** ALTER of views, sequences, indexes, types, functions, statistics, schemas. */
export function alterObject(source: Source, inventory: Inventory): string {
  const relation = (kinds: string) => relationOf(source, inventory, kinds);
  return source.either<string>([
    [3, () => alterView(source, inventory, relation('v'))],
    [2, () => `alter materialized view ${relation('m')} ${moved(source, 'm')}`],
    [
      4,
      () =>
        `alter sequence ${relation('S')} ${source.chance(0.3) ? moved(source, 'q') : source.pick(['increment by 2', 'as int2', 'as int8', 'maxvalue 5', 'no maxvalue', 'restart', 'restart with 0', 'owned by none', `owned by ${relation('r')}.a`, 'cycle', 'set unlogged', 'minvalue 3 start 4'])}`,
    ],
    [
      3,
      () =>
        `alter index ${relation('i')} ${source.pick([`rename to ${anyName(source, 'i')}`, 'set (fillfactor = 80)', 'reset (fillfactor)', 'alter column 1 set statistics 50', 'set tablespace pg_default', 'set (nosuch = 1)'])}`,
    ],
    [8, () => alterType(source, inventory)],
    [
      2,
      () =>
        `alter function ${functionOf(source, inventory)} ${source.chance(0.5) ? moved(source, 'f') : source.pick(['immutable', 'strict', 'cost 12', 'set work_mem = 100', 'reset all', 'security definer', 'rows 5'])}`,
    ],
    [
      1,
      () =>
        `alter statistics ${inventory.statistics.length === 0 ? 'x1' : source.pick(inventory.statistics)} ${source.pick(['set statistics 10', moved(source, 'x')])}`,
    ],
    [1, () => `alter schema ${source.pick(['s1', 's2', 'nosuch'])} owner to ${source.pick(roles)}`],
  ]);
}

function alterView(source: Source, inventory: Inventory, view: string): string {
  const column = someColumn(source, inventory, view);
  return `alter view ${view} ${source.pick([moved(source, 'v'), `alter ${column} set default ${defaultValue(source)}`, `alter ${column} drop default`, `rename ${column} to z`, 'set (security_barrier = true)', 'reset (security_barrier)', 'set (check_option = local)'])}`;
}

function alterType(source: Source, inventory: Inventory): string {
  const type = typeOf(source, inventory);
  const cascade = source.chance(0.3) ? ' cascade' : '';
  return source.pick([
    `alter type ${type} add value ${source.chance(0.2) ? 'if not exists ' : ''}'${source.pick(['x', 'v', 'w'])}'${source.pick(['', " before 'x'", " after 'y'"])}`,
    `alter type ${type} rename value '${source.pick(['x', 'y'])}' to '${source.pick(['n', 'y'])}'`,
    `alter type ${type} add attribute ${source.pick(['a', 'd'])} ${someType(source, inventory)}${cascade}`,
    `alter type ${type} drop attribute ${source.pick(['a', 'b'])}${cascade}`,
    `alter type ${type} alter attribute ${source.pick(['a', 'b'])} type ${someType(source, inventory)}${cascade}`,
    `alter type ${type} rename attribute a to ${source.pick(['b', 'q'])}${cascade}`,
    `alter type ${type} ${moved(source, 't')}`,
    `alter domain ${type} ${source.pick([moved(source, 't'), `set default ${defaultValue(source)}`, 'drop default', 'set not null', 'drop not null', "add check (value::text <> 'q')", `add constraint ${anyName(source, 'k')} check (value is null) not valid`, `drop constraint ${anyName(source, 'k')}`, `validate constraint ${anyName(source, 'k')}`, `rename constraint ${anyName(source, 'k')} to ${anyName(source, 'k')}`])}`,
  ]);
}

/** DROP. */
export function dropObject(source: Source, inventory: Inventory): string {
  const exists = source.chance(0.15) ? 'if exists ' : '';
  const behaviour = source.chance(0.35) ? ' cascade' : source.chance(0.1) ? ' restrict' : '';
  return source.either<string>([
    [
      10,
      () => {
        const relation = source.pick(inventory.relations);
        if (relation === undefined) return `drop table ${exists}r1${behaviour}`;
        const others = source.chance(0.15) ? `, ${relationOf(source, inventory, relation.kind)}` : '';
        return `drop ${source.chance(0.04) ? 'view' : (words[relation.kind] ?? 'table')} ${exists}${relation.name}${others}${behaviour}`;
      },
    ],
    [3, () => `drop ${source.chance(0.7) ? 'type' : 'domain'} ${exists}${typeOf(source, inventory)}${behaviour}`],
    [1, () => `drop routine ${exists}${functionOf(source, inventory)}${behaviour}`],
    [
      1,
      () =>
        `drop statistics ${exists}${inventory.statistics.length === 0 ? 'x1' : source.pick(inventory.statistics)}${behaviour}`,
    ],
    [1, () => `drop owned by ${source.pick(roles)}${behaviour}`],
    [1, () => `drop role ${exists}${source.pick([...roles, 'nosuch'])}`],
    [1, () => `reassign owned by ${source.pick(roles)} to ${source.pick(roles)}`],
    [1, () => `drop schema ${exists}${source.pick(['s1', 's2', 'nosuch'])}`],
  ]);
}

/** COMMENT ON. */
export function comment(source: Source, inventory: Inventory): string {
  const text = source.chance(0.2) ? 'null' : `'note ${source.below(100)}'`;
  const table = relationOf(source, inventory, 'r');
  const object = source.either<string>([
    [3, () => `table ${table}`],
    [3, () => `column ${relationOf(source, inventory, 'rvmc')}.${someColumn(source, inventory, table)}`],
    [2, () => `constraint ${someConstraint(source, inventory, table)} on ${table}`],
    [1, () => `index ${relationOf(source, inventory, 'i')}`],
    [1, () => `view ${relationOf(source, inventory, 'v')}`],
    [1, () => `sequence ${relationOf(source, inventory, 'S')}`],
    [1, () => `materialized view ${relationOf(source, inventory, 'm')}`],
    [1, () => `type ${typeOf(source, inventory)}`],
    [1, () => `domain ${typeOf(source, inventory)}`],
    [1, () => `function ${functionOf(source, inventory)}`],
    [1, () => `schema ${source.pick(schemas)}`],
    [1, () => `role ${source.pick(roles)}`],
  ]);
  return `comment on ${object} is ${text}`;
}

/** GRANT or REVOKE. */
export function grant(source: Source, inventory: Inventory): string {
  const table = relationOf(source, inventory, 'rvm');
  const column = someColumn(source, inventory, table);
  const target = source.either<string>([
    [
      6,
      () =>
        `${source.pick(['select', 'insert, update', 'all', 'truncate', 'references', 'maintain', 'usage'])} on ${table}`,
    ],
    [
      3,
      () =>
        `${source.pick([`select (${column})`, `update (${column}), insert`, `all (${column})`, `delete (${column})`])} on ${table}`,
    ],
    [2, () => `${source.pick(['usage', 'select', 'all', 'update'])} on sequence ${relationOf(source, inventory, 'S')}`],
    [2, () => `${source.pick(['usage', 'create', 'all', 'select'])} on schema ${source.pick(schemas)}`],
    [1, () => `usage on type ${typeOf(source, inventory)}`],
    [1, () => `execute on function ${functionOf(source, inventory)}`],
    [2, () => `${source.pick(['all', 'select'])} on all tables in schema ${source.pick(schemas)}`],
  ]);
  const role = source.pick([...roles, 'public']);
  if (source.chance(0.15))
    return source.chance(0.5)
      ? `grant ${source.pick(roles)} to ${source.pick(roles)}${source.chance(0.3) ? ' with admin option' : ''}`
      : `revoke ${source.pick(roles)} from ${source.pick(roles)}${source.chance(0.3) ? ' cascade' : ''}`;
  return source.chance(0.65)
    ? `grant ${target} to ${role}${source.chance(0.2) ? ' with grant option' : ''}`
    : `revoke ${source.chance(0.1) ? 'grant option for ' : ''}${target} from ${role}${source.chance(0.2) ? ' cascade' : ''}`;
}

/** ALTER DEFAULT PRIVILEGES. */
export function defaultPrivileges(source: Source): string {
  const object = source.pick([
    'select on tables',
    'all on tables',
    'usage on sequences',
    'execute on functions',
    'usage on types',
    'usage on schemas',
  ]);
  return `alter default privileges${source.chance(0.4) ? ` for role ${source.pick(roles)}` : ''}${source.chance(0.4) ? ` in schema ${source.pick(schemas)}` : ''} ${source.chance(0.6) ? `grant ${object} to` : `revoke ${object} from`} ${source.pick([...roles, 'public'])}`;
}
