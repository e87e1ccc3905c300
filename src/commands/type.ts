// CREATE TYPE: composite types and enums; ALTER TYPE ... SET. Range types are in range-type.ts; shell and base types are not built.
import type { AlterTypeStmt, CompositeTypeStmt, CreateEnumStmt } from '@pgsql/types';
import { notSupported, pgError, SqlState } from '../errors/pg-error.js';
import type { CommandContext, CommandResult } from './api.js';
import { columnCollation, requireColumnType, resolveType } from './column-type.js';
import { insertLabels } from './enum.js';
import { objectTarget, relationTarget } from './namespace.js';
import { requireTypeUsage } from './permissions.js';
import { createRelation, type ColumnSpec } from './relation-create.js';
import { nodeOf, stringList, stringOf } from './tree.js';
import { enumFunctions, insertTypeWithArray, requireFreeTypeName } from './type-rows.js';

/** CREATE TYPE ... AS (...). */
export async function compositeTypeStatement(
  statement: CompositeTypeStmt,
  context: CommandContext,
): Promise<CommandResult> {
  const { namespace } = await relationTarget(context, { relpersistence: 'p', ...statement.typevar });
  const name = statement.typevar?.relname ?? '';
  const columns = (statement.coldeflist ?? []).map((node): ColumnSpec => {
    const definition = nodeOf(node, 'ColumnDef');
    const columnName = definition.colname ?? '';
    if (definition.typeName?.setof) {
      throw pgError(SqlState.invalidTableDefinition, `column "${columnName}" cannot be declared SETOF`);
    }
    const { type, typmod } = resolveType(context, definition.typeName);
    requireTypeUsage(context, type);
    const collation = columnCollation(context, type, definition.collClause);
    requireColumnType(context, { name: columnName, type, collation });
    return {
      name: columnName,
      type,
      typmod,
      collation,
      dimensions: (definition.typeName?.arrayBounds ?? []).length,
      notNull: false,
    };
  });
  await requireFreeTypeName(context, name, namespace.oid, false);
  await createRelation(context, {
    name,
    schema: namespace.oid,
    kind: 'c',
    persistence: 'p',
    owner: context.userId,
    columns,
    options: null,
  });
  return { kind: 'done', tag: 'CREATE TYPE' };
}

/** CREATE TYPE ... AS ENUM. */
export async function createEnumStatement(statement: CreateEnumStmt, context: CommandContext): Promise<CommandResult> {
  const { namespace, name } = await objectTarget(context, stringList(statement.typeName));
  await requireFreeTypeName(context, name, namespace.oid, false);
  const oid = context.catalog.tables.newOid('pg_type');
  await insertTypeWithArray(context, {
    oid,
    typname: name,
    typnamespace: namespace.oid,
    typowner: context.userId,
    typtype: 'e',
    typcategory: 'E',
    typlen: 4,
    typbyval: true,
    typalign: 'i',
    typstorage: 'p',
    ...enumFunctions,
  });
  await insertLabels(context, oid, (statement.vals ?? []).map(stringOf));
  return { kind: 'done', tag: 'CREATE TYPE' };
}

/** ALTER TYPE ... SET (properties of base types). */
export function alterTypeStatement(_statement: AlterTypeStmt, _context: CommandContext): Promise<CommandResult> {
  return Promise.reject(notSupported('ALTER TYPE ... SET'));
}
