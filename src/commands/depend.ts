// Dependency records of the objects that commands create: pg_depend for objects of this database, pg_shdepend for
// roles. Pinned (built-in) objects are never recorded, as in PostgreSQL.
import { holdReferenced, recordDependency as record } from '../catalog/dependencies/record.js';
import type { CatalogName } from '../catalog/generated/rows.js';
import type { CommandContext } from './api.js';
import { catalogNamespace, ClassOid, firstUnpinnedOid, objectAddress, type ObjectAddress } from './classes.js';

/** n normal, a auto, i internal, P/S partition, e extension, x auto extension. */
export type DependencyType = 'n' | 'a' | 'i' | 'e' | 'x';

/** Records that `dependent` needs `referenced`. */
export async function recordDependency(
  context: CommandContext,
  dependent: ObjectAddress,
  referenced: ObjectAddress,
  type: DependencyType,
): Promise<void> {
  if (referenced.objectId !== 0) await record(context.catalog, context.transaction, dependent, referenced, type);
}

/** Records several references of one kind, doubles once. */
export async function recordDependencies(
  context: CommandContext,
  dependent: ObjectAddress,
  referenced: readonly ObjectAddress[],
  type: DependencyType,
): Promise<void> {
  const seen = new Set<string>();
  for (const address of referenced) {
    const key = `${address.classId}.${address.objectId}.${address.subId}`;
    if (seen.has(key)) continue;
    seen.add(key);
    await recordDependency(context, dependent, address, type);
  }
}

export function schemaAddress(schema: number): ObjectAddress {
  return objectAddress(ClassOid.namespace, schema);
}

/** Columns of a relation as addresses; none gives the relation as a whole. */
export function columnAddresses(relation: number, columns: readonly number[]): ObjectAddress[] {
  if (columns.length === 0) return [objectAddress(ClassOid.class, relation)];
  return columns.map((column) => objectAddress(ClassOid.class, relation, column));
}

/** Removes what an object was recorded to need, of one kind or all, on one referenced object or all. */
export async function forgetDependencies(
  context: CommandContext,
  dependent: ObjectAddress,
  filter: { readonly classId?: number; readonly objectId?: number; readonly type?: DependencyType } = {},
): Promise<void> {
  const { tables } = context.catalog;
  const entries = tables.find('pg_depend', { classid: dependent.classId, objid: dependent.objectId });
  for (const entry of entries) {
    if (dependent.subId !== 0 && entry.row.objsubid !== dependent.subId) continue;
    if (filter.classId !== undefined && entry.row.refclassid !== filter.classId) continue;
    if (filter.objectId !== undefined && entry.row.refobjid !== filter.objectId) continue;
    if (filter.type !== undefined && entry.row.deptype !== filter.type) continue;
    await tables.delete(context.transaction, 'pg_depend', entry);
  }
}

/** Moves an object's dependency from one referenced object to another (SET SCHEMA, owner of a sequence). */
export async function changeDependency(
  context: CommandContext,
  dependent: ObjectAddress,
  classId: number,
  change: { readonly from: number; readonly to: number },
): Promise<void> {
  await forgetDependencies(context, dependent, { classId, objectId: change.from });
  await recordDependency(context, dependent, objectAddress(classId, change.to), 'n');
}

/** Database oid under which shared dependencies of an object are filed: 0 for shared objects. */
function sharedDatabase(context: CommandContext, classId: number): number {
  const shared: readonly number[] = [ClassOid.database, ClassOid.authid, ClassOid.tablespace, ClassOid.authMembers];
  return shared.includes(classId) ? 0 : context.catalog.database;
}

/** Records the owner of an object. */
export async function recordOwner(
  context: CommandContext,
  classId: number,
  objectId: number,
  owner: number,
): Promise<void> {
  await recordSharedDependency(context, objectAddress(classId, objectId), owner, 'o');
}

/** Records a role that an object needs: o owner, a named in its ACL, i initial ACL, r named in a policy. */
export async function recordSharedDependency(
  context: CommandContext,
  dependent: ObjectAddress,
  role: number,
  type: 'o' | 'a' | 'r' | 'i',
): Promise<void> {
  if (role === 0 || role < firstUnpinnedOid) return;
  await holdReferenced(context.catalog, context.transaction, objectAddress(ClassOid.authid, role));
  await context.catalog.tables.insert(context.transaction, 'pg_shdepend', {
    dbid: sharedDatabase(context, dependent.classId),
    classid: dependent.classId,
    objid: dependent.objectId,
    objsubid: dependent.subId,
    refclassid: ClassOid.authid,
    refobjid: role,
    deptype: type,
  });
}

/** Replaces the recorded owner. */
export async function changeOwnerDependency(
  context: CommandContext,
  classId: number,
  objectId: number,
  owner: number,
): Promise<void> {
  await forgetSharedDependencies(context, objectAddress(classId, objectId), 'o');
  await recordOwner(context, classId, objectId, owner);
}

/** Removes shared dependencies of an object, of one kind or all. Sub-object 0 means all of it, unless `isExact`. */
export async function forgetSharedDependencies(
  context: CommandContext,
  dependent: ObjectAddress,
  type?: 'o' | 'a' | 'r' | 'i',
  options: { readonly isExact: boolean } = { isExact: false },
): Promise<void> {
  const { tables } = context.catalog;
  const key = {
    dbid: sharedDatabase(context, dependent.classId),
    classid: dependent.classId,
    objid: dependent.objectId,
  };
  for (const entry of tables.find('pg_shdepend', key)) {
    const isWhole = dependent.subId === 0 && !options.isExact;
    if (!isWhole && entry.row.objsubid !== dependent.subId) continue;
    if (type !== undefined && entry.row.deptype !== type) continue;
    await tables.delete(context.transaction, 'pg_shdepend', entry);
  }
}

/** Removes an object's comment and security labels. */
export async function forgetAnnotations(context: CommandContext, address: ObjectAddress): Promise<void> {
  const { tables } = context.catalog;
  const key = { objoid: address.objectId, classoid: address.classId };
  const isColumn = address.subId !== 0;
  for (const table of ['pg_description', 'pg_seclabel'] as const satisfies readonly CatalogName[]) {
    for (const entry of tables.find(table, key)) {
      if (isColumn && entry.row.objsubid !== address.subId) continue;
      await tables.delete(context.transaction, table, entry as never);
    }
  }
}

/** True for the schemas whose objects only initdb may create. */
export function isCatalogSchema(schema: number): boolean {
  return schema === catalogNamespace || schema === 99;
}
