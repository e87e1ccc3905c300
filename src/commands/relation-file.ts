// New files for relations: TRUNCATE, rewrites, REINDEX and REFRESH leave the old file to the rollback and write a new one.
import type { CommandContext } from './api.js';
import { buildIndexEntries } from './index-build.js';
import { openRelationsService } from './services.js';
import { notSupported, pgError, SqlState } from '../errors/pg-error.js';
import type { RelationDescriptor } from '../catalog/descriptors.js';

/** The catalogs' tables and indexes: found under fixed files before pg_class can be read, so theirs never change. */
export function isCatalog(relation: number): boolean {
  return relation < firstNormalOid;
}

/** Relations that initdb made have oids below. */
const firstNormalOid = 16384;

/** Gives a relation an empty new file; the old one goes at commit. */
export async function assignNewFile(context: CommandContext, relation: number): Promise<void> {
  if (isCatalog(relation)) throw notSupported('a new file for a system catalog');
  const { tables } = context.catalog;
  const entry = tables.findOne('pg_class', { oid: relation });
  const descriptor = context.catalog.requireRelation(relation);
  if (entry === null) throw new Error('invariant broken: relation without a pg_class row');
  const isTable = 'rmt'.includes(entry.row.relkind);
  const filenode = context.store.nextOid();
  context.transaction.store.noteNewFile(filenode, context.transaction.savepointDepth);
  await tables.update(context.transaction, 'pg_class', entry, {
    relfilenode: filenode,
    relpages: 0,
    reltuples: isTable ? -1 : 0,
    relallvisible: 0,
  });
  // Views taken so far still see the old file's rows: who rewrites a table reads them after this.
  context.transaction.advanceCommand();
  context.store.dropFile(context.transaction.store, descriptor.file, context.transaction.useCommand());
  context.store.serializable?.fileReplaced(descriptor.file, { ...descriptor.file, filenode });
}

/** Rebuilds an index into a new file. */
export async function rebuildIndex(context: CommandContext, table: number, index: number): Promise<void> {
  if (isCatalog(index)) return;
  readersFollow(context, index, table);
  await assignNewFile(context, index);
  await buildIndexEntries(context, table, index);
  const { tables } = context.catalog;
  const entry = tables.findOne('pg_index', { indexrelid: index });
  // What a failed build left behind is whole now.
  if (entry !== null && !(entry.row.indisvalid && entry.row.indisready))
    await tables.update(context.transaction, 'pg_index', entry, {
      indisvalid: true,
      indisready: true,
      indislive: true,
    });
}

/** The index's file gives way: serializable transactions that have read of it count as readers of the table. */
export function readersFollow(context: CommandContext, index: number, table: number): void {
  const { catalog, store } = context;
  store.serializable?.fileReplaced(catalog.requireRelation(index).file, catalog.requireRelation(table).file);
}

/** Rebuilds all indexes of a table whose rows were rewritten. */
export async function rebuildIndexes(context: CommandContext, table: number): Promise<void> {
  for (const index of context.catalog.requireRelation(table).indexes) await rebuildIndex(context, table, index.oid);
}

/** 55006 where the relation about to be dropped is still in use. */
export function requireDroppable(context: CommandContext, relation: RelationDescriptor): void {
  requireNotInUse(context, relation, relation.kind === 'i' || relation.kind === 'I' ? 'DROP INDEX' : 'DROP TABLE');
}

/** 55006 where an open cursor or pending trigger events of this session use the relation. */
export function requireNotInUse(context: CommandContext, relation: RelationDescriptor, command: string): void {
  const open = context.session.service(openRelationsService);
  if (open.isInUse(relation.oid)) {
    throw pgError(
      SqlState.objectInUse,
      `cannot ${command} "${relation.name}" because it is being used by active queries in this session`,
    );
  }
  if (open.hasPendingTriggerEvents(relation.oid)) {
    throw pgError(SqlState.objectInUse, `cannot ${command} "${relation.name}" because it has pending trigger events`);
  }
}
