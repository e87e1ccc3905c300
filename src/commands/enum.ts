// Labels of enums: CREATE TYPE's list, ALTER TYPE ... ADD VALUE anywhere, RENAME VALUE.
import type { AlterEnumStmt } from '@pgsql/types';
import { identifierBytesMax } from '../base/limits.js';
import { noteEnumType, noteEnumValue } from '../catalog/uncommitted-enums.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { CommandContext, CommandResult } from './api.js';
import { formatType } from './column-type.js';
import { findType } from './object-lookup.js';
import { requireOwner } from './permissions.js';
import { stringList } from './tree.js';

/** Stores the labels of a new enum: sort orders 1, 2, ... */
export async function insertLabels(context: CommandContext, type: number, labels: readonly string[]): Promise<void> {
  const { tables } = context.catalog;
  noteEnumType(context.transaction, type);
  for (const [index, enumlabel] of labels.entries()) {
    requireLabelLength(enumlabel);
    if (labels.indexOf(enumlabel) < index) {
      throw pgError(
        SqlState.uniqueViolation,
        'duplicate key value violates unique constraint "pg_enum_typid_label_index"',
        {
          detail: `Key (enumtypid, enumlabel)=(${type}, ${enumlabel}) already exists.`,
          schema: 'pg_catalog',
          table: 'pg_enum',
          constraint: 'pg_enum_typid_label_index',
        },
      );
    }
    await tables.insert(context.transaction, 'pg_enum', {
      oid: tables.newOid('pg_enum'),
      enumtypid: type,
      enumsortorder: index + 1,
      enumlabel,
    });
  }
}

function requireLabelLength(label: string): void {
  if (Buffer.byteLength(label) <= identifierBytesMax) return;
  throw pgError(SqlState.invalidName, `invalid enum label "${label}"`, {
    detail: `Labels must be ${identifierBytesMax} bytes or less.`,
  });
}

/** ALTER TYPE ... ADD VALUE / RENAME VALUE. */
export async function alterEnumStatement(statement: AlterEnumStmt, context: CommandContext): Promise<CommandResult> {
  const done: CommandResult = { kind: 'done', tag: 'ALTER TYPE' };
  const names = stringList(statement.typeName).map((sval) => ({ String: { sval } }));
  const { objectId } = findType(context, { names, typemod: -1 }, false);
  const type = context.catalog.typeByOid(objectId);
  if (type.kind !== 'e') throw pgError(SqlState.wrongObjectType, `${formatType(context, objectId)} is not an enum`);
  requireOwner(context, type.owner, 'type', formatType(context, objectId));
  if (statement.oldVal !== undefined) await renameLabel(context, objectId, statement.oldVal, statement.newVal ?? '');
  else await addLabel(context, objectId, statement);
  return done;
}

async function renameLabel(context: CommandContext, type: number, oldLabel: string, newLabel: string): Promise<void> {
  requireLabelLength(newLabel);
  const { tables } = context.catalog;
  const entry = tables.findOne('pg_enum', { enumtypid: type, enumlabel: oldLabel });
  if (entry === null) throw pgError(SqlState.invalidParameterValue, `"${oldLabel}" is not an existing enum label`);
  if (tables.findOne('pg_enum', { enumtypid: type, enumlabel: newLabel }) !== null) {
    throw pgError(SqlState.duplicateObject, `enum label "${newLabel}" already exists`);
  }
  await tables.update(context.transaction, 'pg_enum', entry, { enumlabel: newLabel });
}

async function addLabel(context: CommandContext, type: number, statement: AlterEnumStmt): Promise<void> {
  const { tables } = context.catalog;
  const enumlabel = statement.newVal ?? '';
  requireLabelLength(enumlabel);
  const labels = tables.find('pg_enum', { enumtypid: type }).map(({ row }) => row);
  labels.sort((left, right) => left.enumsortorder - right.enumsortorder);
  if (labels.some((row) => row.enumlabel === enumlabel)) {
    if (!statement.skipIfNewValExists)
      throw pgError(SqlState.duplicateObject, `enum label "${enumlabel}" already exists`);
    const message = `enum label "${enumlabel}" already exists, skipping`;
    context.notice({ severity: 'NOTICE', code: SqlState.duplicateObject, message, fields: {} });
    return;
  }
  const enumsortorder = await sortOrderFor(context, type, statement);
  const oid = tables.newOid('pg_enum');
  noteEnumValue(context.transaction, type, oid);
  await tables.insert(context.transaction, 'pg_enum', {
    oid,
    enumtypid: type,
    enumsortorder,
    enumlabel,
  });
}

/** Between the neighbours; where float4 has no number left, all labels are numbered anew. */
async function sortOrderFor(context: CommandContext, type: number, statement: AlterEnumStmt): Promise<number> {
  const { tables } = context.catalog;
  const entries = [...tables.find('pg_enum', { enumtypid: type })];
  entries.sort((left, right) => left.row.enumsortorder - right.row.enumsortorder);
  if (statement.newValNeighbor === undefined) return (entries.at(-1)?.row.enumsortorder ?? 0) + 1;
  const index = entries.findIndex(({ row }) => row.enumlabel === statement.newValNeighbor);
  const neighbor = entries[index]?.row;
  if (neighbor === undefined) {
    throw pgError(SqlState.invalidParameterValue, `"${statement.newValNeighbor}" is not an existing enum label`);
  }
  const other = entries[statement.newValIsAfter ? index + 1 : index - 1]?.row;
  if (other === undefined) return statement.newValIsAfter ? neighbor.enumsortorder + 1 : neighbor.enumsortorder - 1;
  const middle = Math.fround((neighbor.enumsortorder + other.enumsortorder) / 2);
  if (middle !== neighbor.enumsortorder && middle !== other.enumsortorder) return middle;
  // Labels that move up go from the last on, those that move down from the first: no two ever have one number.
  const moves = entries.map((entry, position) => ({ entry, order: position + 1 }));
  const up = moves.filter(({ entry, order }) => order > entry.row.enumsortorder).reverse();
  const down = moves.filter(({ entry, order }) => order < entry.row.enumsortorder);
  for (const { entry, order } of [...up, ...down]) {
    await tables.update(context.transaction, 'pg_enum', entry, { enumsortorder: order });
  }
  return sortOrderFor(context, type, statement);
}
