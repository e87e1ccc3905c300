// Renames a relation's row, with its row type, or the constraint that its index stands for.
import { pgError, SqlState } from '../errors/pg-error.js';
import type { CommandContext } from './api.js';
import { constraintExists } from './constraint.js';
import { requireFreeRelationName } from './relation-create.js';
import { renameType } from './type-rows.js';

/** Renames a relation: 42P07 where the name is taken. */
export async function renameRelationRow(context: CommandContext, oid: number, name: string): Promise<void> {
  const { tables } = context.catalog;
  const entry = tables.findOne('pg_class', { oid });
  if (entry === null) throw new Error('invariant broken: relation without a pg_class row');
  await requireFreeRelationName(context, name, entry.row.relnamespace);
  await tables.update(context.transaction, 'pg_class', entry, { relname: name });
  if (entry.row.reltype !== 0) await renameType(context, entry.row.reltype, name);
}

/** Renames an index and, where it belongs to one, its constraint. */
export async function renameIndex(context: CommandContext, oid: number, name: string): Promise<void> {
  const { tables } = context.catalog;
  await renameRelationRow(context, oid, name);
  const table = tables.findOne('pg_index', { indexrelid: oid })?.row.indrelid ?? 0;
  const constraint = tables
    .find('pg_constraint', { conrelid: table })
    .find(({ row }) => row.conindid === oid && 'pux'.includes(row.contype));
  if (constraint === undefined) return;
  const taken = tables.findOne('pg_constraint', { conrelid: table, contypid: 0, conname: name });
  if (taken !== null && taken.row.oid !== constraint.row.oid) {
    throw constraintExists(name, tables.findOne('pg_class', { oid: table })?.row.relname ?? '');
  }
  await tables.update(context.transaction, 'pg_constraint', constraint, { conname: name });
}

/** Renames a constraint and the index behind it. */
export async function renameConstraint(
  context: CommandContext,
  table: { readonly oid: number; readonly name: string },
  names: { readonly old: string; readonly new: string },
  options: { readonly recursing?: boolean } = {},
): Promise<void> {
  const { tables } = context.catalog;
  const entry = tables.findOne('pg_constraint', { conrelid: table.oid, contypid: 0, conname: names.old });
  if (entry === null) {
    throw pgError(SqlState.undefinedObject, `constraint "${names.old}" for table "${table.name}" does not exist`);
  }
  if (entry.row.coninhcount > 0 && !options.recursing) {
    throw pgError(SqlState.invalidTableDefinition, `cannot rename inherited constraint "${names.old}"`);
  }
  if ('pux'.includes(entry.row.contype)) {
    await renameIndex(context, entry.row.conindid, names.new);
    return;
  }
  if (tables.findOne('pg_constraint', { conrelid: table.oid, contypid: 0, conname: names.new }) !== null) {
    throw constraintExists(names.new, table.name);
  }
  await tables.update(context.transaction, 'pg_constraint', entry, { conname: names.new });
}
