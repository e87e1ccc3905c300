// What a database holds when a statement is made: relations with their columns, types, constraints and so on, read from
// a server's catalogs with one query, and the choices of names out of it.
import type { Source } from '../queries/source.js';

export interface Relation {
  readonly name: string;
  /** r table, v view, m materialized view, i index, S sequence, c composite type. */
  readonly kind: string;
  readonly columns: readonly string[];
  readonly constraints: readonly string[];
}

export interface Inventory {
  readonly relations: readonly Relation[];
  readonly types: readonly string[];
  readonly functions: readonly string[];
  readonly statistics: readonly string[];
}

export const schemas = ['s1', 's2', 'public'];
export const roles = ['ddl_a', 'ddl_b', 'ddl_c'];

const baseTypes =
  'int int int bigint smallint text text varchar(10) char(3) numeric numeric(8,2) bool date timestamptz timestamp(3) float8 uuid jsonb int[] text[] bytea interval oid'.split(
    ' ',
  );

/** One row: the inventory as JSON. */
export const inventoryQuery = `
select json_build_object(
  'relations', (select coalesce(json_agg(json_build_object('name', r.oid::regclass::text, 'kind', r.relkind,
      'columns', (select coalesce(json_agg(quote_ident(attname) order by attnum), '[]') from pg_attribute where attrelid = r.oid and attnum > 0 and not attisdropped),
      'constraints', (select coalesce(json_agg(quote_ident(conname) order by conname), '[]') from pg_constraint where conrelid = r.oid)) order by r.oid::regclass::text), '[]')
    from pg_class r join pg_namespace n on n.oid = relnamespace where nspname in ('s1', 's2', 'public') or nspname like 'pg_temp%'),
  'types', (select coalesce(json_agg(t.oid::regtype::text order by t.oid::regtype::text), '[]')
    from pg_type t join pg_namespace n on n.oid = typnamespace left join pg_class c on c.oid = typrelid where nspname in ('s1', 's2', 'public') and typelem = 0 and (typrelid = 0 or relkind = 'c')),
  'functions', (select coalesce(json_agg(p.oid::regprocedure::text order by p.oid::regprocedure::text), '[]')
    from pg_proc p join pg_namespace n on n.oid = pronamespace where nspname in ('s1', 's2', 'public')),
  'statistics', (select coalesce(json_agg(nspname || '.' || stxname order by nspname, stxname), '[]')
    from pg_statistic_ext s join pg_namespace n on n.oid = stxnamespace))`;

/** A name of the pool, with a schema now and then. */
export function newName(source: Source, prefix: string): string {
  const name = `${prefix}${1 + source.below(6)}`;
  return source.chance(0.3) ? `${source.pick(schemas)}.${name}` : name;
}

/** A name of the pool, without a schema. */
export function anyName(source: Source, prefix: string): string {
  return `${prefix}${1 + source.below(5)}`;
}

/** A relation of one of the kinds, or seldom a name out of the pool. */
export function relationOf(source: Source, inventory: Inventory, kinds: string): string {
  const fitting = inventory.relations.filter(({ kind }) => kinds.includes(kind));
  if (fitting.length === 0 || source.chance(0.02)) return newName(source, 'r');
  return source.pick(source.chance(0.03) ? inventory.relations : fitting).name;
}

function columnsOf(inventory: Inventory, relation: string): readonly string[] {
  return inventory.relations.find(({ name }) => name === relation)?.columns ?? [];
}

/** A column of the relation, seldom one that it may lack. */
export function someColumn(source: Source, inventory: Inventory, relation: string): string {
  const columns = columnsOf(inventory, relation);
  if (columns.length === 0 || source.chance(0.03)) return source.pick(['a', 'b', 'c', 'nosuch', 'ctid', 'tableoid']);
  return source.pick(columns);
}

/** A constraint of the relation, seldom another name. */
export function someConstraint(source: Source, inventory: Inventory, relation: string): string {
  const constraints = inventory.relations.find(({ name }) => name === relation)?.constraints ?? [];
  return constraints.length === 0 || source.chance(0.05) ? anyName(source, 'k') : source.pick(constraints);
}

/** A built-in type, or one of the database. */
export function someType(source: Source, inventory: Inventory): string {
  if (inventory.types.length > 0 && source.chance(0.2))
    return source.pick(inventory.types) + (source.chance(0.15) ? '[]' : '');
  return source.chance(0.01) ? 'nosuch' : source.pick(baseTypes);
}
