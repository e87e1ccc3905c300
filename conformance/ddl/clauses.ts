// The clauses that several statements share: column definitions, table constraints, index elements, storage options.
import type { Source } from '../queries/source.js';
import { anyName, type Inventory, relationOf, someColumn, someType } from './inventory.js';

const actions = ['no action', 'restrict', 'cascade', 'set null', 'set default'];

/** `name type constraints`. */
export function columnDefinition(source: Source, inventory: Inventory, name: string): string {
  const quoted = name.includes(' ') ? `"${name}"` : name;
  if (source.chance(0.06)) return `${quoted} ${source.pick(['serial', 'bigserial', 'smallserial'])}`;
  const type = someType(source, inventory);
  const parts = Array.from({ length: source.below(3) }, () => columnConstraint(source, inventory, quoted));
  const collation = source.chance(0.04) ? ' collate "C"' : '';
  const storage = source.chance(0.04) ? ` storage ${source.pick(['plain', 'external', 'main', 'x'])}` : '';
  const compression = source.chance(0.03) ? ` compression ${source.pick(['pglz', 'lz4', 'x'])}` : '';
  return `${quoted} ${type}${storage}${compression}${collation}${parts.map((part) => ` ${part}`).join('')}`;
}

function columnConstraint(source: Source, inventory: Inventory, column: string): string {
  const named = source.chance(0.2) ? `constraint ${anyName(source, 'k')} ` : '';
  return source.either<string>([
    [3, () => 'not null'],
    [1, () => 'null'],
    [3, () => `default ${defaultValue(source)}`],
    [2, () => `${named}check (${column}::text <> 'x')${source.chance(0.2) ? ' no inherit' : ''}`],
    [1, () => `${named}check (a is not null or b is null)`],
    [2, () => `${named}unique${source.chance(0.2) ? ' nulls not distinct' : ''}${timing(source)}`],
    [2, () => `${named}primary key${timing(source)}`],
    [
      1,
      () =>
        `generated ${source.pick(['always', 'by default'])} as identity${source.chance(0.5) ? ' (start 5 increment 2)' : ''}`,
    ],
    [1, () => `generated always as (${source.pick(['a', 'b', '1', 'length(c::text)', 'random()'])}) stored`],
    [2, () => named + references(source, inventory)],
  ]);
}

export function defaultValue(source: Source): string {
  return source.pick([
    '1',
    "'1'",
    'null',
    'now()',
    "'x'",
    '1 + 2',
    'current_user',
    'gen_random_uuid()',
    "'{}'",
    'true',
    "nextval('q1')",
    'a',
  ]);
}

function timing(source: Source): string {
  return source.chance(0.8)
    ? ''
    : source.pick([' deferrable', ' deferrable initially deferred', ' not deferrable', ' initially deferred']);
}

function references(source: Source, inventory: Inventory): string {
  const other = relationOf(source, inventory, 'r');
  const column = source.chance(0.6) ? ` (${someColumn(source, inventory, other)})` : '';
  return `references ${other}${column}${referenceOptions(source)}`;
}

function referenceOptions(source: Source): string {
  const match = source.chance(0.2) ? source.pick([' match full', ' match simple', ' match partial']) : '';
  const onDelete = source.chance(0.4) ? ` on delete ${source.pick(actions)}` : '';
  const onUpdate = source.chance(0.3) ? ` on update ${source.pick(actions)}` : '';
  return `${match}${onDelete}${onUpdate}${timing(source)}`;
}

/** A table constraint over some of the columns. */
export function tableConstraint(source: Source, inventory: Inventory, columns: readonly string[]): string {
  const named = source.chance(0.5) ? `constraint ${anyName(source, 'k')} ` : '';
  const quoted = columns.map((name) => (name.includes(' ') && !name.startsWith('"') ? `"${name}"` : name));
  const some = source.some(quoted, 1 + source.below(2)).join(', ') || 'a';
  return (
    named +
    source.either<string>([
      [3, () => `check (${source.pick(quoted) ?? 'a'} is not null)${source.chance(0.2) ? ' no inherit' : ''}`],
      [
        3,
        () =>
          `unique${source.chance(0.2) ? ' nulls not distinct' : ''} (${some})${source.chance(0.2) ? ` include (${source.pick(quoted)})` : ''}${source.chance(0.1) ? ' with (fillfactor = 60)' : ''}${timing(source)}`,
      ],
      [
        2,
        () => `primary key (${some})${source.chance(0.2) ? ` include (${source.pick(quoted)})` : ''}${timing(source)}`,
      ],
      [
        3,
        () => {
          const other = relationOf(source, inventory, 'r');
          const there = some.split(', ').map(() => someColumn(source, inventory, other));
          const list = source.chance(0.1) ? ` on delete set null (${source.pick(quoted)})` : '';
          return `foreign key (${some}) references ${other}${source.chance(0.7) ? ` (${there.join(', ')})` : ''}${list || referenceOptions(source)}`;
        },
      ],
    ])
  );
}

/** The elements of CREATE INDEX. */
export function indexElements(source: Source, inventory: Inventory, relation: string): string {
  const element = () => {
    const column = someColumn(source, inventory, relation);
    const what = source.chance(0.2)
      ? `(${column}::text || 'x')`
      : source.chance(0.1)
        ? `lower(${column}::text)`
        : column;
    return `${what}${source.chance(0.1) ? ' collate "C"' : ''}${source.chance(0.05) ? ' text_pattern_ops' : ''}${source.chance(0.2) ? source.pick([' desc', ' asc', ' nulls first', ' desc nulls last']) : ''}`;
  };
  return Array.from({ length: 1 + source.below(3) }, element).join(', ');
}

/** A boolean expression over a column of the relation. */
export function expressionOver(source: Source, inventory: Inventory, relation: string): string {
  const column = someColumn(source, inventory, relation);
  return source.pick([
    `${column} is not null`,
    `${column}::text > 'a'`,
    `${column} is null or ${column}::text in ('1', '2')`,
    `length(${column}::text) between 1 and 3`,
    `${column}`,
  ]);
}

export function relationOptions(source: Source): string {
  if (source.chance(0.85)) return '';
  return ` with (${source.some(['fillfactor = 70', 'autovacuum_enabled = off', 'parallel_workers = 2', 'user_catalog_table = true', 'toast.autovacuum_enabled = off', 'nosuch = 1', 'fillfactor = 5', 'autovacuum_vacuum_scale_factor = 0.5'], 2).join(', ')})`;
}
