// Storage options of a table's TOAST relation (toast.autovacuum_enabled, ...). Long values are stored with their rows here,
// so that a TOAST relation holds nothing: it is made where it is given options, which psql and pg_dump read from it.
import type { DefElem } from '@pgsql/types';
import { heapAccessMethod, pgToastNamespace } from '../catalog/oids.js';
import type { CommandContext } from './api.js';
import { ClassOid, objectAddress, TypeOid } from './classes.js';
import { recordDependency } from './depend.js';
import { attributeRow, classRow, type ColumnSpec } from './relation-create.js';
import { mergeOptions } from './relation-options.js';

/** Stores what WITH, SET or RESET say of the TOAST relation. Throws as mergeOptions. */
export async function storeToastOptions(
  context: CommandContext,
  table: number,
  changes: readonly DefElem[],
  options: { readonly reset: boolean },
): Promise<void> {
  const named = changes.flatMap(({ defnamespace, ...rest }) => (defnamespace === 'toast' ? [rest] : []));
  if (named.length === 0) return;
  const { tables } = context.catalog;
  const known = tables.findOne('pg_class', { oid: table })?.row.reltoastrelid ?? 0;
  const entry = known === 0 ? null : tables.findOne('pg_class', { oid: known });
  const reloptions = mergeOptions('toast', entry?.row.reloptions ?? null, named, options);
  if (entry !== null) await tables.update(context.transaction, 'pg_class', entry, { reloptions });
  else if (reloptions !== null) await createToastRelation(context, table, reloptions);
}

async function createToastRelation(context: CommandContext, table: number, options: readonly string[]): Promise<void> {
  const { tables } = context.catalog;
  const owner = tables.findOne('pg_class', { oid: table });
  if (owner === null) throw new Error('invariant broken: a table without a pg_class row');
  const oid = tables.newOid('pg_class');
  const spec = {
    name: `pg_toast_${table}`,
    schema: pgToastNamespace,
    kind: 't',
    persistence: owner.row.relpersistence,
    owner: owner.row.relowner,
    columns: toastColumns,
    options,
    accessMethod: heapAccessMethod,
  } as const;
  await tables.insert(context.transaction, 'pg_class', {
    ...classRow(spec, { oid, rowType: 0, acl: null }),
    relfilenode: oid,
  });
  for (const [index, column] of toastColumns.entries())
    await tables.insert(context.transaction, 'pg_attribute', attributeRow(context, oid, index + 1, column));
  await recordDependency(context, objectAddress(ClassOid.class, oid), objectAddress(ClassOid.class, table), 'i');
  await tables.update(context.transaction, 'pg_class', owner, { reltoastrelid: oid });
}

const plain = { typmod: -1, collation: 0, dimensions: 0, notNull: false, storage: 'p' } as const;
const toastColumns: readonly ColumnSpec[] = [
  { ...plain, name: 'chunk_id', type: TypeOid.oid },
  { ...plain, name: 'chunk_seq', type: TypeOid.int4 },
  { ...plain, name: 'chunk_data', type: TypeOid.bytea },
];
