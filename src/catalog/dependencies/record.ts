// Writes pg_depend (manual, section 53.18): what depends on what, and how. References to pinned objects are left out.
import type { Transaction } from '../../transaction/api.js';
import type { Expression } from '../../trees/expression.js';
import type { Query } from '../../trees/query.js';
import type { Catalog } from '../api.js';
import { catalogShapes } from '../generated/schema.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { CatalogName } from '../generated/rows.js';
import { referencedObjects } from './expression-references.js';
import { type DependencyType, isPinned, type ObjectAddress } from './object-address.js';

/** `dependent` depends on each of `referenced`. Recorded twice, a dependency stands twice, as in PostgreSQL. */
export async function recordDependency(
  catalog: Catalog,
  transaction: Transaction,
  dependent: ObjectAddress,
  referenced: ObjectAddress | readonly ObjectAddress[],
  type: DependencyType,
): Promise<void> {
  const list = 'classId' in referenced ? [referenced] : referenced;
  for (const target of list) {
    if (isPinned(target)) continue;
    await holdReferenced(catalog, transaction, target);
    await catalog.tables.insert(transaction, 'pg_depend', {
      classid: dependent.classId,
      objid: dependent.objectId,
      objsubid: dependent.subId,
      refclassid: target.classId,
      refobjid: target.objectId,
      refobjsubid: target.subId,
      deptype: type,
    });
  }
}

export interface ExpressionDependencyOptions {
  /** Table whose columns are the tree's Vars (defaults, checks, index expressions); 0 for whole queries. */
  readonly relation: number;
  readonly type: DependencyType;
  /** Type for references to the relation's own columns; `type` where left out. */
  readonly selfType?: DependencyType;
}

/** `dependent` depends on everything that the bound tree mentions. */
export async function recordDependencyOnExpression(
  catalog: Catalog,
  transaction: Transaction,
  dependent: ObjectAddress,
  tree: Expression | Query | readonly Expression[],
  options: ExpressionDependencyOptions,
): Promise<void> {
  const all = referencedObjects(
    tree,
    options.relation,
    (type) => catalog.findTypeByOid(catalog.baseType(type))?.relation ?? 0,
  );
  const isSelf = ({ classId, objectId }: ObjectAddress) =>
    classId === catalogShapes.pg_class.oid && objectId === options.relation;
  const selfType = options.selfType ?? options.type;
  const own = options.relation === 0 ? [] : all.filter(isSelf);
  await recordDependency(catalog, transaction, dependent, own, selfType);
  await recordDependency(
    catalog,
    transaction,
    dependent,
    options.relation === 0 ? all : all.filter((address) => !isSelf(address)),
    options.type,
  );
}

/** Forgets what `dependent` depends on (all of its columns too where subId is 0); only `type` where given. */
export async function removeDependencies(
  catalog: Catalog,
  transaction: Transaction,
  dependent: ObjectAddress,
  filter: { readonly type?: DependencyType; readonly referencedClass?: number } = {},
): Promise<number> {
  const entries = catalog.tables
    .find('pg_depend', {
      classid: dependent.classId,
      objid: dependent.objectId,
      ...(dependent.subId !== 0 && { objsubid: dependent.subId }),
    })
    .filter(
      ({ row }) =>
        (filter.type === undefined || row.deptype === filter.type) &&
        (filter.referencedClass === undefined || row.refclassid === filter.referencedClass),
    );
  for (const entry of entries) await catalog.tables.delete(transaction, 'pg_depend', entry);
  return entries.length;
}

/** Points an object's dependency on one object of a catalog to another one (SET SCHEMA, a new access method). */
export async function changeDependency(
  catalog: Catalog,
  transaction: Transaction,
  dependent: ObjectAddress,
  from: ObjectAddress,
  to: ObjectAddress,
): Promise<void> {
  if (isPinned(from)) return recordDependency(catalog, transaction, dependent, to, 'n');
  const entries = catalog.tables
    .find('pg_depend', { classid: dependent.classId, objid: dependent.objectId, objsubid: dependent.subId })
    .filter(({ row }) => row.refclassid === from.classId && row.refobjid === from.objectId);
  for (const entry of entries) {
    if (!isPinned(to)) await holdReferenced(catalog, transaction, to);
    if (isPinned(to)) await catalog.tables.delete(transaction, 'pg_depend', entry);
    else await catalog.tables.update(transaction, 'pg_depend', entry, { refobjid: to.objectId });
  }
}

/**
 * Keeps what is referred to until the transaction ends: who wants to drop it waits, and finds the dependency then. Where
 * it is being dropped, waits for that and throws 42704. Relations are locked by whoever refers to them.
 */
export async function holdReferenced(catalog: Catalog, transaction: Transaction, target: ObjectAddress): Promise<void> {
  if (target.classId === catalogShapes.pg_class.oid) return;
  const wait = transaction.lockObject(target.classId, target.objectId, 'AccessShareLock');
  if (wait === undefined) return;
  await wait;
  const table = catalogNames.find((name) => catalogShapes[name].oid === target.classId);
  if (table === undefined || catalog.tables.findOne(table, { oid: target.objectId } as never) !== null) return;
  const message =
    table === 'pg_authid'
      ? `role ${target.objectId} was concurrently dropped`
      : `referenced ${nouns[table] ?? 'object'} was concurrently dropped`;
  throw pgError(SqlState.undefinedObject, message);
}

const catalogNames = Object.keys(catalogShapes) as CatalogName[];

/** What PostgreSQL calls an object of the catalog. */
const nouns: Readonly<Partial<Record<CatalogName, string>>> = {
  pg_am: 'access method',
  pg_cast: 'cast',
  pg_collation: 'collation',
  pg_constraint: 'constraint',
  pg_conversion: 'conversion',
  pg_extension: 'extension',
  pg_foreign_data_wrapper: 'foreign-data wrapper',
  pg_foreign_server: 'foreign server',
  pg_language: 'language',
  pg_namespace: 'schema',
  pg_opclass: 'operator class',
  pg_operator: 'operator',
  pg_opfamily: 'operator family',
  pg_policy: 'policy',
  pg_proc: 'function',
  pg_publication: 'publication',
  pg_rewrite: 'rule',
  pg_statistic_ext: 'statistics object',
  pg_trigger: 'trigger',
  pg_ts_config: 'text search configuration',
  pg_ts_dict: 'text search dictionary',
  pg_ts_parser: 'text search parser',
  pg_ts_template: 'text search template',
  pg_type: 'type',
};
