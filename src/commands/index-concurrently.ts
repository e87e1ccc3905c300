// CREATE INDEX, DROP INDEX and REINDEX ... CONCURRENTLY: readers and writers go on meanwhile, so the work takes several
// transactions under a lock that only keeps other DDL away (manual, CREATE INDEX, "Building Indexes Concurrently").
// Creating:
//   1. the index is made, not valid: from its commit on, whoever writes the table keeps the index up to date
//   2. once all transactions that write the table without knowing of it are through, the rows that are there get their
//      entries, batch by batch, each row locked while that is done
//   3. once no snapshot is left that can't see all entries, the index is marked valid
// A failure on the way leaves the index behind, not valid. Reindexing creates a second index in this way, exchanges the
// two files and drops the second one; dropping marks the index as not valid and waits for those who still use it.
import { deleteObjects } from '../catalog/dependencies/delete-objects.js';
import { planDeletion } from '../catalog/dependencies/plan-deletion.js';
import type { CatalogRow } from '../catalog/generated/rows.js';
import type { RelationDescriptor } from '../catalog/descriptors.js';
import { defined } from '../errors/unreachable.js';
import type { CommandContext } from './api.js';
import { ClassOid, objectAddress } from './classes.js';
import { columnAddresses, recordDependencies } from './depend.js';
import { fillIndex } from './index-fill.js';
import { createIndex, type IndexSpec } from './index-create.js';
import { chooseRelationName } from './naming.js';
import { readersFollow } from './relation-file.js';
import { type TransactionControl, transactionControl } from './services.js';

/** CREATE INDEX CONCURRENTLY of a resolved definition. The table is not locked yet. */
export async function createIndexConcurrently(
  context: CommandContext,
  table: RelationDescriptor,
  spec: IndexSpec,
): Promise<void> {
  const control = context.session.service(transactionControl);
  const { index } = await createIndex(context, table, spec, { concurrently: true });
  const filled = await fill(control, context, { table: table.oid, index });
  await changeIndex(filled, index, { indisvalid: true });
}

/** Steps 2 and 3, up to the transaction that marks the index as valid. */
async function fill(
  control: TransactionControl,
  context: CommandContext,
  of: { readonly table: number; readonly index: number },
): Promise<CommandContext> {
  const second = await control.next(context);
  await control.waitForLockers(of.table, 'ShareLock');
  const last = await fillIndex(control, second, of);
  const third = await control.next(last);
  await control.waitForSnapshots();
  return third;
}

/** Keeps other DDL off the table until `work` is through. The transaction itself must not hold that lock. */
export async function withTableHeld<T>(context: CommandContext, table: number, work: () => Promise<T>): Promise<T> {
  const release = await context.session.service(transactionControl).holdRelation(table, 'ShareUpdateExclusiveLock');
  try {
    return await work();
  } finally {
    release();
  }
}

/** DROP INDEX CONCURRENTLY of one index; throws 2BP01 at once where something depends on it. */
export async function dropIndexConcurrently(context: CommandContext, index: number): Promise<void> {
  const address = objectAddress(ClassOid.class, index);
  await planDeletion(context, [address], { behavior: 'restrict' });
  const table = tableOf(context, index);
  await withTableHeld(context, table, async () => {
    const last = await retireIndex(context, { table, index });
    await deleteObjects(last, [address], { behavior: 'restrict' });
  });
}

/** Nobody plans with the index any more, then nobody writes it any more. */
async function retireIndex(
  context: CommandContext,
  { table, index }: { readonly table: number; readonly index: number },
): Promise<CommandContext> {
  const control = context.session.service(transactionControl);
  await changeIndex(context, index, { indisvalid: false, indisclustered: false, indisreplident: false });
  const second = await control.next(context);
  await control.waitForLockers(table, 'AccessExclusiveLock');
  await changeIndex(second, index, { indisready: false, indislive: false });
  const third = await control.next(second);
  await control.waitForLockers(table, 'AccessExclusiveLock');
  return third;
}

/** REINDEX ... CONCURRENTLY of one index of a table that is held; returns the context to go on with. */
export async function reindexConcurrently(
  context: CommandContext,
  of: { readonly table: number; readonly index: number },
): Promise<CommandContext> {
  const control = context.session.service(transactionControl);
  const copy = await copyIndex(context, of);
  const filled = await fill(control, context, { table: of.table, index: copy });
  readersFollow(filled, of.index, of.table);
  await exchangeFiles(filled, of.index, copy);
  const next = await control.next(filled);
  const last = await retireIndex(next, { table: of.table, index: copy });
  await deleteObjects(last, [objectAddress(ClassOid.class, copy)], { behavior: 'restrict', quiet: true });
  return control.next(last);
}

/** The same definition under another name, without constraint, not valid. */
async function copyIndex(
  context: CommandContext,
  { table, index }: { readonly table: number; readonly index: number },
): Promise<number> {
  const { tables } = context.catalog;
  const source = defined(tables.findOne('pg_class', { oid: index }), 'pg_class row of an index').row;
  const definition = defined(tables.findOne('pg_index', { indexrelid: index }), 'pg_index row of an index').row;
  const oid = tables.newOid('pg_class');
  const parts = { name1: source.relname, name2: null, label: 'ccnew' };
  await tables.insert(context.transaction, 'pg_class', {
    ...source,
    oid,
    relname: chooseRelationName(context, parts, source.relnamespace, false),
    relfilenode: context.store.nextOid(),
    relpages: 0,
    reltuples: 0,
  });
  for (const { row } of tables.find('pg_attribute', { attrelid: index }))
    await tables.insert(context.transaction, 'pg_attribute', { ...row, attrelid: oid });
  await tables.insert(context.transaction, 'pg_index', {
    ...definition,
    indexrelid: oid,
    indisprimary: false,
    indisclustered: false,
    indisreplident: false,
    indisvalid: false,
    indisready: true,
    indislive: true,
  });
  await copyDependencies(context, { table, index, copy: oid }, definition);
  return oid;
}

async function copyDependencies(
  context: CommandContext,
  { table, index, copy }: { readonly table: number; readonly index: number; readonly copy: number },
  definition: CatalogRow<'pg_index'>,
): Promise<void> {
  const { tables } = context.catalog;
  let dependsOnTable = false;
  for (const { row } of tables.find('pg_depend', { classid: ClassOid.class, objid: index })) {
    if (row.deptype === 'i') continue;
    dependsOnTable ||= row.refobjid === table;
    await tables.insert(context.transaction, 'pg_depend', { ...row, objid: copy });
  }
  // The index of a constraint goes with the constraint; its copy with the table.
  if (dependsOnTable) return;
  const columns = definition.indkey.filter((column) => column > 0);
  await recordDependencies(context, objectAddress(ClassOid.class, copy), columnAddresses(table, columns), 'a');
}

async function exchangeFiles(context: CommandContext, left: number, right: number): Promise<void> {
  const { tables } = context.catalog;
  const entries = [left, right].map((oid) => defined(tables.findOne('pg_class', { oid }), 'pg_class row of an index'));
  const files = entries.map(({ row: { relfilenode, relpages, reltuples } }) => ({ relfilenode, relpages, reltuples }));
  for (const [n, entry] of entries.entries())
    await tables.update(context.transaction, 'pg_class', entry, defined(files[1 - n], 'the other file'));
  await changeIndex(context, left, { indisvalid: true, indisready: true, indislive: true });
}

async function changeIndex(
  context: CommandContext,
  index: number,
  changes: Partial<CatalogRow<'pg_index'>>,
): Promise<void> {
  const { tables } = context.catalog;
  const entry = defined(tables.findOne('pg_index', { indexrelid: index }), 'pg_index row of an index');
  await tables.update(context.transaction, 'pg_index', entry, changes);
}

/** The table of an index. */
export function tableOf(context: CommandContext, index: number): number {
  return context.catalog.tables.findOne('pg_index', { indexrelid: index })?.row.indrelid ?? 0;
}
