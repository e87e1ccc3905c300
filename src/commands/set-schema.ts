// ALTER ... SET SCHEMA for every kind of object that is in one.
import type { AlterObjectSchemaStmt, ObjectType } from '@pgsql/types';
import type { NamespaceDescriptor, RelationDescriptor } from '../catalog/descriptors.js';
import { notSupported, pgError, SqlState } from '../errors/pg-error.js';
import type { CommandContext, CommandResult } from './api.js';
import { ClassOid, objectAddress, type ObjectAddress } from './classes.js';
import { formatType } from './column-type.js';
import { changeDependency } from './depend.js';
import { lockRelationByName, requireNamespace } from './namespace.js';
import { ownedKinds, requireObjectOwner } from './object-owner.js';
import { findObject } from './object-lookup.js';
import { objectWords } from './object-words.js';
import { noticeMissing, requireRelationOwner, requireSchemaPrivilege } from './permissions.js';
import { requireNotInUse } from './relation-file.js';
import { ownedSequences, ownerColumn } from './sequence.js';

/** ALTER ... SET SCHEMA. */
export async function setSchemaStatement(
  statement: AlterObjectSchemaStmt,
  context: CommandContext,
): Promise<CommandResult> {
  const type = statement.objectType as ObjectType;
  const done: CommandResult = { kind: 'done', tag: `ALTER ${objectWords(type)}` };
  if (statement.relation) {
    const relation = await lockRelationByName(context, statement.relation, 'AccessExclusiveLock', {
      missingOk: statement.missing_ok === true,
    });
    if (relation === null) {
      noticeMissing(context, `relation "${statement.relation.relname ?? ''}"`);
      return done;
    }
    requireRelationOwner(context, relation);
    await moveNamedRelation(context, relation, type, statement.newschema ?? '');
    return done;
  }
  if (!statement.object) throw new Error('invariant broken: SET SCHEMA without an object');
  const { address } = await findObject(context, type, statement.object, 'AccessExclusiveLock');
  requireObjectOwner(context, address, null);
  await moveObject(context, address, targetSchema(context, statement.newschema ?? ''));
  return done;
}

function targetSchema(context: CommandContext, name: string): NamespaceDescriptor {
  const namespace = requireNamespace(context, name);
  requireSchemaPrivilege(context, namespace, 'create');
  if (namespace.name.startsWith('pg_temp_')) {
    throw pgError(SqlState.featureNotSupported, 'cannot move objects into or out of temporary schemas');
  }
  if (namespace.name === 'pg_toast')
    throw pgError(SqlState.featureNotSupported, 'cannot move objects into or out of TOAST schema');
  return namespace;
}

async function moveNamedRelation(
  context: CommandContext,
  relation: RelationDescriptor,
  type: ObjectType,
  name: string,
): Promise<void> {
  if (relation.kind === 'c') {
    throw pgError(SqlState.wrongObjectType, `"${relation.name}" is a composite type`, {
      hint: 'Use ALTER TYPE instead.',
    });
  }
  if (relation.kind === 'i') {
    throw pgError(SqlState.wrongObjectType, `cannot change schema of index "${relation.name}"`, {
      hint: 'Change the schema of the table instead.',
    });
  }
  const wanted = { OBJECT_SEQUENCE: 'S', OBJECT_VIEW: 'v', OBJECT_MATVIEW: 'm' }[type as string];
  if (wanted !== undefined && relation.kind !== wanted) {
    throw pgError(SqlState.wrongObjectType, `"${relation.name}" is not a ${objectWords(type).toLowerCase()}`);
  }
  if (relation.kind === 'S') requireFree(context, relation);
  requireNotInUse(context, relation, 'ALTER TABLE');
  const namespace = targetSchema(context, name);
  if (relation.persistence === 't') {
    throw pgError(SqlState.featureNotSupported, 'cannot move objects into or out of temporary schemas');
  }
  if (namespace.oid !== relation.schema) await moveRelation(context, relation, namespace);
}

function requireFree(context: CommandContext, relation: RelationDescriptor): void {
  const column = ownerColumn(context, relation.oid, 'a') ?? ownerColumn(context, relation.oid, 'i');
  if (column === null) return;
  throw pgError(SqlState.featureNotSupported, 'cannot move an owned sequence into another schema', {
    detail: `Sequence "${relation.name}" is linked to table "${context.catalog.requireRelation(column.relation).name}".`,
  });
}

/** The relation, its row type, indexes, constraints and owned sequences. */
async function moveRelation(
  context: CommandContext,
  relation: RelationDescriptor,
  namespace: NamespaceDescriptor,
): Promise<void> {
  const { tables } = context.catalog;
  await moveClassRow(context, relation.oid, namespace);
  await changeDependency(context, objectAddress(ClassOid.class, relation.oid), ClassOid.namespace, {
    from: relation.schema,
    to: namespace.oid,
  });
  if (relation.rowType !== 0) await moveType(context, relation.rowType, namespace, false);
  for (const index of relation.indexes) await moveClassRow(context, index.oid, namespace);
  for (const entry of tables.find('pg_constraint', { conrelid: relation.oid })) {
    await tables.update(context.transaction, 'pg_constraint', entry, { connamespace: namespace.oid });
  }
  for (const sequence of ownedSequences(context, relation.oid, 0)) {
    await moveRelation(context, context.catalog.requireRelation(sequence), namespace);
  }
}

async function moveClassRow(context: CommandContext, oid: number, namespace: NamespaceDescriptor): Promise<void> {
  const { tables } = context.catalog;
  const entry = tables.findOne('pg_class', { oid });
  if (entry === null) return;
  if (tables.findOne('pg_class', { relname: entry.row.relname, relnamespace: namespace.oid }) !== null) {
    throw pgError(
      SqlState.duplicateTable,
      `relation "${entry.row.relname}" already exists in schema "${namespace.name}"`,
    );
  }
  await tables.update(context.transaction, 'pg_class', entry, { relnamespace: namespace.oid });
}

async function moveType(
  context: CommandContext,
  oid: number,
  namespace: NamespaceDescriptor,
  isObject: boolean,
): Promise<void> {
  const { tables } = context.catalog;
  const entry = tables.findOne('pg_type', { oid });
  if (entry === null) return;
  if (tables.findOne('pg_type', { typname: entry.row.typname, typnamespace: namespace.oid }) !== null) {
    throw pgError(SqlState.duplicateObject, `type "${entry.row.typname}" already exists in schema "${namespace.name}"`);
  }
  const from = entry.row.typnamespace;
  await tables.update(context.transaction, 'pg_type', entry, { typnamespace: namespace.oid });
  if (isObject) {
    await changeDependency(context, objectAddress(ClassOid.type, oid), ClassOid.namespace, { from, to: namespace.oid });
    for (const constraint of tables.find('pg_constraint', { contypid: oid })) {
      await tables.update(context.transaction, 'pg_constraint', constraint, { connamespace: namespace.oid });
    }
  }
  if (entry.row.typarray !== 0) await moveType(context, entry.row.typarray, namespace, false);
}

async function moveObject(
  context: CommandContext,
  address: ObjectAddress,
  namespace: NamespaceDescriptor,
): Promise<void> {
  if (address.classId === ClassOid.type) {
    await moveTypeObject(context, address.objectId, namespace);
    return;
  }
  const kind = ownedKinds.get(address.classId);
  if (kind?.schema === null || kind === undefined) {
    throw notSupported(`SET SCHEMA of ${kind?.noun ?? 'this object'}`);
  }
  const entry = context.catalog.tables.findOne(kind.table, { oid: address.objectId } as never);
  if (entry === null) return;
  const row = entry.row as unknown as Record<string, unknown>;
  const from = row[kind.schema] as number;
  if (from === namespace.oid) return;
  const same = context.catalog.tables.find(kind.table, {
    [kind.name]: row[kind.name],
    [kind.schema]: namespace.oid,
  } as never);
  const args = JSON.stringify(row['proargtypes'] ?? [row['oprleft'], row['oprright']]);
  const isTaken = same.some((other) => {
    const otherRow = other.row as unknown as Record<string, unknown>;
    return JSON.stringify(otherRow['proargtypes'] ?? [otherRow['oprleft'], otherRow['oprright']]) === args;
  });
  if (isTaken) {
    throw pgError(
      SqlState.duplicateObject,
      `${kind.noun} "${String(row[kind.name])}" already exists in schema "${namespace.name}"`,
    );
  }
  await context.catalog.tables.update(
    context.transaction,
    kind.table,
    entry as never,
    { [kind.schema]: namespace.oid } as never,
  );
  await changeDependency(context, address, ClassOid.namespace, { from, to: namespace.oid });
}

async function moveTypeObject(context: CommandContext, oid: number, namespace: NamespaceDescriptor): Promise<void> {
  const row = context.catalog.tables.findOne('pg_type', { oid })?.row;
  if (row === undefined || row.typnamespace === namespace.oid) return;
  const relation = row.typrelid === 0 ? null : context.catalog.requireRelation(row.typrelid);
  if (relation !== null && relation.kind !== 'c') {
    throw pgError(SqlState.wrongObjectType, `${formatType(context, oid)} is a table's row type`, {
      hint: 'Use ALTER TABLE instead.',
    });
  }
  if (row.typcategory === 'A' && row.typelem !== 0) {
    throw pgError(SqlState.wrongObjectType, `cannot alter array type ${formatType(context, oid)}`, {
      hint: `You can alter type ${formatType(context, row.typelem)}, which will alter the array type as well.`,
    });
  }
  if (relation !== null) await moveClassRow(context, relation.oid, namespace);
  await moveType(context, oid, namespace, true);
}
