// What a transaction wrote to the catalogs, and which remembered values that concerns. Each region of the cache has a
// rule: it forgets the keys that changed rows stand behind, or everything. Written tables that no rule thinks of
// (`traceable` lists the others) make all of the cache stale.
import { lookupNamesOf } from './find-plan.js';
import type { CatalogName, CatalogRow } from './generated/rows.js';
import type { RelationDescriptor } from './descriptors.js';
import type { TypeDescriptor } from '../types/type-descriptor.js';

export interface CatalogChanges {
  /** Changed rows by catalog, old and new forms. */
  readonly rows: ReadonlyMap<CatalogName, readonly object[]>;
  /** Catalogs in which rows were updated or deleted, not only added. */
  readonly replaced: ReadonlySet<CatalogName>;
  /** Rows were changed that are not in `rows`. */
  readonly isPartial: boolean;
}

/** Deletes from a region's values what the changes concern. */
export type Forget = (values: Map<unknown, unknown>, changes: CatalogChanges) => void;

/** Rows added to these can't concern what was found before, but for lookups by name. */
const growing: ReadonlySet<CatalogName> = new Set<CatalogName>(['pg_type', 'pg_namespace']);

const traceable: ReadonlySet<CatalogName> = new Set<CatalogName>([
  'pg_attrdef',
  'pg_attribute',
  'pg_class',
  'pg_constraint',
  'pg_depend',
  'pg_description',
  'pg_index',
  'pg_inherits',
  'pg_rewrite',
  'pg_sequence',
  'pg_shdepend',
  'pg_statistic',
  'pg_statistic_ext',
  'pg_trigger',
  ...growing,
]);

/** More changed rows than this are not worth looking at one by one. */
const changedRowsMax = 2000;

/** True where the rules of all regions know what to forget. */
export function areTraceable({ rows, replaced, isPartial }: CatalogChanges): boolean {
  if (isPartial) return false;
  let count = 0;
  for (const [table, changed] of rows) {
    if (!traceable.has(table) || (growing.has(table) && replaced.has(table))) return false;
    count += changed.length;
  }
  return count <= changedRowsMax;
}

/** The rule of regions that have no other: all is forgotten once one of the tables changes. */
export function forgetAll(tables: readonly CatalogName[]): Forget {
  return (values, { rows, replaced }) => {
    if (tables.some((table) => rows.has(table) && (!growing.has(table) || replaced.has(table)))) values.clear();
  };
}

/** Texts may name anything. */
export const forgetAlways: Forget = (values) => values.clear();

/** Keys that rows of certain catalogs stand behind. */
export function forgetKeys(rules: { readonly [T in CatalogName]?: (row: CatalogRow<T>) => unknown }): Forget {
  return (values, { rows }) => {
    for (const [table, keyOf] of Object.entries(rules))
      for (const row of rows.get(table as CatalogName) ?? []) values.delete((keyOf as (row: object) => unknown)(row));
  };
}

/** Rows found by key. */
export function forgetLookups(table: CatalogName, sources: readonly CatalogName[]): Forget {
  const others = forgetAll(sources.filter((source) => source !== table));
  return (values, changes) => {
    others(values, changes);
    for (const row of changes.rows.get(table) ?? []) for (const name of lookupNamesOf(table, row)) values.delete(name);
  };
}

function rowsOf<T extends CatalogName>(changes: CatalogChanges, table: T): readonly CatalogRow<T>[] {
  return (changes.rows.get(table) ?? []) as readonly CatalogRow<T>[];
}

/** Relation descriptors: those of changed relations, of the tables of changed indexes, of both ends of foreign keys, and
 *  those with columns of a changed composite type. */
export const forgetRelations: Forget = (values, changes) => {
  if (changes.replaced.has('pg_namespace') || changes.replaced.has('pg_type') || changes.rows.has('pg_enum')) {
    values.clear();
    return;
  }
  const changed = new Set<number>();
  for (const row of rowsOf(changes, 'pg_class')) changed.add(row.oid);
  for (const row of rowsOf(changes, 'pg_attribute')) changed.add(row.attrelid);
  for (const row of rowsOf(changes, 'pg_attrdef')) changed.add(row.adrelid);
  for (const row of rowsOf(changes, 'pg_index')) changed.add(row.indrelid).add(row.indexrelid);
  for (const row of rowsOf(changes, 'pg_constraint')) changed.add(row.conrelid).add(row.confrelid);
  for (const row of rowsOf(changes, 'pg_trigger')) changed.add(row.tgrelid);
  if (changed.size === 0) return;
  for (const [oid, value] of values) {
    const descriptor = value as RelationDescriptor | null;
    const isConcerned =
      changed.has(oid as number) ||
      descriptor?.indexes.some((index) => changed.has(index.oid)) ||
      descriptor?.layout.attributes.some(
        ({ type }) => type !== null && type.relation !== 0 && changed.has(type.relation),
      );
    if (isConcerned) values.delete(oid);
  }
};

/** Type descriptors: changed types, composite ones by the columns of their relation too. */
export const forgetTypes: Forget = (values, changes) => {
  if (changes.rows.has('pg_enum')) {
    values.clear();
    return;
  }
  for (const row of rowsOf(changes, 'pg_type')) values.delete(row.oid);
  const relations = new Set(rowsOf(changes, 'pg_attribute').map((row) => row.attrelid));
  if (relations.size === 0) return;
  for (const [oid, value] of values) {
    const relation = (value as TypeDescriptor | null)?.relation ?? 0;
    if (relation !== 0 && relations.has(relation)) values.delete(oid);
  }
};
