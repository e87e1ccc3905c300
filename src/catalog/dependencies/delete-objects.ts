// Carries a deletion plan out: object by object, each kind by its handler, then everything that every object has:
// dependencies, comments, initial privileges, owner and privilege entries.
import type { Store } from '../../storage/api.js';
import { notSupported } from '../../errors/pg-error.js';
import type { CatalogName } from '../generated/rows.js';
import { catalogShapes } from '../generated/schema.js';
import { deletionHandlers } from './deletion-handlers.js';
import { catalogOfClass, type ObjectAddress } from './object-address.js';
import { type DeletionOptions, type DeletionPlanContext, planDeletion } from './plan-deletion.js';
import { removeDependencies } from './record.js';
import { removeSharedDependencies } from './shared.js';

export interface DeletionContext extends DeletionPlanContext {
  readonly store: Store;
}

/** Removes one object's own rows; what depends on it is gone already. */
export type DeletionHandler = (address: ObjectAddress, context: DeletionContext) => Promise<void>;

const registered = new Map<CatalogName, DeletionHandler>();

/** Lets a command decide how objects of a catalog are dropped, instead of the handler in deletion-handlers.ts. */
export function registerDeletion(table: CatalogName, handler: DeletionHandler): void {
  registered.set(table, handler);
}

/** Drops the objects and, with CASCADE, all that depend on them. Throws 2BP01 where something stands in the way. */
export async function deleteObjects(
  context: DeletionContext,
  objects: readonly ObjectAddress[],
  options: DeletionOptions,
): Promise<readonly ObjectAddress[]> {
  if (objects.length === 0) return [];
  const plan = await planDeletion(context, objects, options);
  for (const address of plan) {
    const relation = catalogOfClass(address.classId) === 'pg_class' && address.subId === 0;
    if (relation) options.requireUnused?.(context.catalog.requireRelation(address.objectId));
    await deleteOne(context, address);
  }
  return plan;
}

async function deleteOne(context: DeletionContext, address: ObjectAddress): Promise<void> {
  const table = catalogOfClass(address.classId);
  const handler = table === null ? undefined : (registered.get(table) ?? deletionHandlers[table]);
  if (handler === undefined) throw notSupported(`DROP of an object of catalog ${table ?? address.classId}`);
  await handler(address, context);
  await removeDependencies(context.catalog, context.transaction, address);
  await removeAnnotations(context, address);
  if (address.subId === 0) await removeSharedDependencies(context.catalog, context.transaction, address);
  context.transaction.advanceCommand();
}

/** Comments, initial privileges and security labels; with a table those of its columns. */
async function removeAnnotations(
  { catalog, transaction }: DeletionContext,
  { classId, objectId, subId }: ObjectAddress,
): Promise<void> {
  const { tables } = catalog;
  const part = subId === 0 ? {} : { objsubid: subId };
  for (const entry of tables.find('pg_description', { objoid: objectId, classoid: classId, ...part }))
    await tables.delete(transaction, 'pg_description', entry);
  for (const entry of tables.find('pg_init_privs', { objoid: objectId, classoid: classId, ...part }))
    await tables.delete(transaction, 'pg_init_privs', entry);
  const table = catalogOfClass(classId);
  if (table === null || !catalogShapes[table].isShared) return;
  for (const entry of tables.find('pg_shdescription', { objoid: objectId, classoid: classId }))
    await tables.delete(transaction, 'pg_shdescription', entry);
}
