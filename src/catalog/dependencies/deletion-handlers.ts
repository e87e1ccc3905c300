// How objects of each catalog are dropped: their own row, and the rows of other catalogs that belong to them alone.
import { defined } from '../../errors/unreachable.js';
import type { CatalogEntry } from '../api.js';
import type { CatalogName, CatalogRow } from '../generated/rows.js';
import type { RelationDescriptor } from '../descriptors.js';
import type { DeletionContext, DeletionHandler } from './delete-objects.js';
import type { ObjectAddress } from './object-address.js';

/** Deletes all rows that fit the key. */
async function deleteWhere<T extends CatalogName>(
  { catalog, transaction }: DeletionContext,
  table: T,
  key: Partial<CatalogRow<T>>,
): Promise<void> {
  for (const entry of catalog.tables.find(table, key)) await catalog.tables.delete(transaction, table, entry);
}

/** Catalogs whose objects are one row with an oid. */
const singleRow =
  (table: CatalogName): DeletionHandler =>
  ({ objectId }, context) =>
    deleteWhere(context, table, { oid: objectId } as never);

async function changeRow<T extends CatalogName>(
  { catalog, transaction }: DeletionContext,
  table: T,
  key: Partial<CatalogRow<T>>,
  change: (row: CatalogRow<T>) => Partial<CatalogRow<T>> | null,
): Promise<void> {
  const entry = catalog.tables.findOne(table, key);
  const changes = entry === null ? null : change(entry.row);
  if (entry !== null && changes !== null) await catalog.tables.update(transaction, table, entry, changes);
}

async function dropRelation(address: ObjectAddress, context: DeletionContext): Promise<void> {
  if (address.subId !== 0) return dropColumn(address, context);
  const { catalog, transaction, store } = context;
  const oid = address.objectId;
  const relation = catalog.requireRelation(oid);
  const entry = defined(catalog.tables.findOne('pg_class', { oid }), `pg_class row of ${oid}`);
  if ('rmitS'.includes(relation.kind)) store.dropFile(transaction.store, relation.file);
  transaction.statistics.dropped('relation', oid);
  if (relation.kind === 'i') readersFollow(relation, context);
  if (relation.kind === 'i' || relation.kind === 'I') await deleteWhere(context, 'pg_index', { indexrelid: oid });
  if (relation.kind === 'S') await deleteWhere(context, 'pg_sequence', { seqrelid: oid });
  if (relation.kind === 'p') await deleteWhere(context, 'pg_partitioned_table', { partrelid: oid });
  if (relation.kind === 'f') await deleteWhere(context, 'pg_foreign_table', { ftrelid: oid });
  await deleteWhere(context, 'pg_statistic', { starelid: oid });
  await deleteWhere(context, 'pg_inherits', { inhrelid: oid });
  await deleteWhere(context, 'pg_attribute', { attrelid: oid });
  await catalog.tables.delete(transaction, 'pg_class', entry);
}

/** Serializable transactions that have read of an index that goes count as readers of its table. */
function readersFollow(index: RelationDescriptor, { catalog, store }: DeletionContext): void {
  const table = catalog.tables.findOne('pg_index', { indexrelid: index.oid })?.row.indrelid;
  const descriptor = table === undefined ? null : catalog.relation(table);
  if (descriptor !== null) store.serializable?.fileReplaced(index.file, descriptor.file);
}

/** The column's number stays taken: rows keep its place. */
async function dropColumn({ objectId, subId }: ObjectAddress, context: DeletionContext): Promise<void> {
  await changeRow(context, 'pg_attribute', { attrelid: objectId, attnum: subId }, () => ({
    attname: `........pg.dropped.${subId}........`,
    attisdropped: true,
    atttypid: 0,
    attnotnull: false,
    attstattarget: null,
    attgenerated: '',
    atthasmissing: false,
    attmissingval: null,
    attacl: null,
    attoptions: null,
    attfdwoptions: null,
  }));
  await deleteWhere(context, 'pg_statistic', { starelid: objectId, staattnum: subId });
}

async function dropDefault({ objectId }: ObjectAddress, context: DeletionContext): Promise<void> {
  const row = context.catalog.tables.findOne('pg_attrdef', { oid: objectId })?.row;
  if (row === undefined) return;
  await deleteWhere(context, 'pg_attrdef', { oid: objectId });
  await changeRow(context, 'pg_attribute', { attrelid: row.adrelid, attnum: row.adnum }, ({ attisdropped }) =>
    attisdropped ? null : { atthasdef: false },
  );
}

async function dropConstraint({ objectId }: ObjectAddress, context: DeletionContext): Promise<void> {
  const row = context.catalog.tables.findOne('pg_constraint', { oid: objectId })?.row;
  if (row === undefined) return;
  await deleteWhere(context, 'pg_constraint', { oid: objectId });
  if (row.contype === 'c' && row.conrelid !== 0)
    await changeRow(context, 'pg_class', { oid: row.conrelid }, ({ relchecks }) => ({
      relchecks: Math.max(relchecks - 1, 0),
    }));
}

async function dropTrigger({ objectId }: ObjectAddress, context: DeletionContext): Promise<void> {
  const relation = context.catalog.tables.findOne('pg_trigger', { oid: objectId })?.row.tgrelid;
  if (relation === undefined) return;
  await deleteWhere(context, 'pg_trigger', { oid: objectId });
  // relhastriggers stays, as in PostgreSQL: it says that there may be some.
}

async function dropType({ objectId }: ObjectAddress, context: DeletionContext): Promise<void> {
  const kind = context.catalog.tables.findOne('pg_type', { oid: objectId })?.row.typtype;
  if (kind === 'e') await deleteWhere(context, 'pg_enum', { enumtypid: objectId });
  if (kind === 'r') await deleteWhere(context, 'pg_range', { rngtypid: objectId });
  await deleteWhere(context, 'pg_type', { oid: objectId });
}

async function dropFunction({ objectId }: ObjectAddress, context: DeletionContext): Promise<void> {
  const kind = context.catalog.tables.findOne('pg_proc', { oid: objectId })?.row.prokind;
  if (kind === 'a') await deleteWhere(context, 'pg_aggregate', { aggfnoid: objectId });
  await deleteWhere(context, 'pg_proc', { oid: objectId });
  context.transaction.statistics.dropped('function', objectId);
}

/** Commutator and negator must not point at an operator that is gone. */
async function dropOperator({ objectId }: ObjectAddress, context: DeletionContext): Promise<void> {
  const row = context.catalog.tables.findOne('pg_operator', { oid: objectId })?.row;
  if (row === undefined) return;
  const partners = new Set([row.oprcom, row.oprnegate].filter((oid) => oid !== 0 && oid !== objectId));
  for (const oid of partners) {
    await changeRow(context, 'pg_operator', { oid }, ({ oprcom, oprnegate }) => ({
      ...(oprcom === objectId && { oprcom: 0 }),
      ...(oprnegate === objectId && { oprnegate: 0 }),
    }));
  }
  await deleteWhere(context, 'pg_operator', { oid: objectId });
}

async function dropRule({ objectId }: ObjectAddress, context: DeletionContext): Promise<void> {
  const entry: CatalogEntry<'pg_rewrite'> | null = context.catalog.tables.findOne('pg_rewrite', { oid: objectId });
  if (entry !== null) await context.catalog.tables.delete(context.transaction, 'pg_rewrite', entry);
}

async function dropTextSearchConfiguration({ objectId }: ObjectAddress, context: DeletionContext): Promise<void> {
  await deleteWhere(context, 'pg_ts_config_map', { mapcfg: objectId });
  await deleteWhere(context, 'pg_ts_config', { oid: objectId });
}

async function dropStatistics({ objectId }: ObjectAddress, context: DeletionContext): Promise<void> {
  await deleteWhere(context, 'pg_statistic_ext_data', { stxoid: objectId });
  await deleteWhere(context, 'pg_statistic_ext', { oid: objectId });
}

export const deletionHandlers: { readonly [T in CatalogName]?: DeletionHandler } = {
  pg_class: dropRelation,
  pg_attrdef: dropDefault,
  pg_constraint: dropConstraint,
  pg_trigger: dropTrigger,
  pg_type: dropType,
  pg_proc: dropFunction,
  pg_operator: dropOperator,
  pg_rewrite: dropRule,
  pg_ts_config: dropTextSearchConfiguration,
  pg_statistic_ext: dropStatistics,
  pg_namespace: singleRow('pg_namespace'),
  pg_cast: singleRow('pg_cast'),
  pg_collation: singleRow('pg_collation'),
  pg_conversion: singleRow('pg_conversion'),
  pg_language: singleRow('pg_language'),
  pg_opclass: singleRow('pg_opclass'),
  pg_opfamily: singleRow('pg_opfamily'),
  pg_amop: singleRow('pg_amop'),
  pg_amproc: singleRow('pg_amproc'),
  pg_am: singleRow('pg_am'),
  pg_ts_parser: singleRow('pg_ts_parser'),
  pg_ts_dict: singleRow('pg_ts_dict'),
  pg_ts_template: singleRow('pg_ts_template'),
  pg_foreign_data_wrapper: singleRow('pg_foreign_data_wrapper'),
  pg_foreign_server: singleRow('pg_foreign_server'),
  pg_user_mapping: singleRow('pg_user_mapping'),
  pg_default_acl: singleRow('pg_default_acl'),
  pg_extension: singleRow('pg_extension'),
  pg_event_trigger: singleRow('pg_event_trigger'),
  pg_policy: singleRow('pg_policy'),
  pg_publication: singleRow('pg_publication'),
  pg_publication_rel: singleRow('pg_publication_rel'),
  pg_publication_namespace: singleRow('pg_publication_namespace'),
  pg_transform: singleRow('pg_transform'),
};
