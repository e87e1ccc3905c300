// ALTER ... RENAME for every kind of object.
import type { Node, ObjectType, RenameStmt } from '@pgsql/types';
import type { RelationDescriptor } from '../catalog/descriptors.js';
import type { CatalogName } from '../catalog/generated/rows.js';
import { notSupported, pgError, SqlState } from '../errors/pg-error.js';
import type { CommandContext, CommandResult } from './api.js';
import { ClassOid, type ObjectAddress } from './classes.js';
import { formatType } from './column-type.js';
import { lockRelationByName, requireNamespace } from './namespace.js';
import { requireObjectOwner, ownedKinds } from './object-owner.js';
import { findObject, namedKinds } from './object-lookup.js';
import { objectWords } from './object-words.js';
import {
  noticeMissing,
  requireDatabasePrivilege,
  requireRelationOwner,
  requireSchemaPrivilege,
} from './permissions.js';
import { renameConstraint, renameIndex, renameRelationRow } from './rename-relation.js';
import { kindNoun } from './relation-kind.js';
import { renameDatabaseRow } from './database.js';
import { requireNoSystemName } from './relation-create.js';
import { childrenColumns } from './rename-children.js';
import { renameRole } from './role.js';
import { renameType } from './type-rows.js';
import { requireUnreservedTablespace } from './tablespace.js';
import { listItems } from './tree.js';

/** ALTER ... RENAME. */
export async function renameStatement(statement: RenameStmt, context: CommandContext): Promise<CommandResult> {
  const type = statement.renameType as ObjectType;
  const name = statement.newname ?? '';
  const words =
    type === 'OBJECT_COLUMN' || type === 'OBJECT_ATTRIBUTE'
      ? objectWords(statement.relationType as ObjectType)
      : objectWords(type);
  const done: CommandResult = { kind: 'done', tag: `ALTER ${words}` };
  switch (type) {
    case 'OBJECT_TABLE':
    case 'OBJECT_SEQUENCE':
    case 'OBJECT_VIEW':
    case 'OBJECT_MATVIEW':
    case 'OBJECT_INDEX':
    case 'OBJECT_FOREIGN_TABLE':
      await renameRelation(context, statement, type);
      return done;
    case 'OBJECT_COLUMN':
    case 'OBJECT_ATTRIBUTE':
      await renameColumn(context, statement);
      return done;
    case 'OBJECT_TABCONSTRAINT':
      await renameTableConstraint(context, statement);
      return done;
    case 'OBJECT_TRIGGER':
    case 'OBJECT_RULE':
    case 'OBJECT_POLICY':
      await renamePart(context, statement, type);
      return done;
    case 'OBJECT_ROLE':
      await renameRole(context, statement.subname ?? '', name);
      return done;
    case 'OBJECT_DATABASE':
      return renameDatabase(context, statement);
    default:
      await renameObject(context, statement, type);
      return done;
  }
}

const kindsOf: Readonly<Partial<Record<ObjectType, string>>> = {
  OBJECT_SEQUENCE: 'S',
  OBJECT_VIEW: 'v',
  OBJECT_MATVIEW: 'm',
  OBJECT_FOREIGN_TABLE: 'f',
};

async function renameRelation(context: CommandContext, statement: RenameStmt, type: ObjectType): Promise<void> {
  const relation = await lockRelationByName(context, statement.relation ?? {}, 'AccessExclusiveLock', {
    missingOk: statement.missing_ok === true,
  });
  if (relation === null) {
    noticeMissing(context, `relation "${statement.relation?.relname ?? ''}"`);
    return;
  }
  requireRelationOwner(context, relation);
  requireSchemaPrivilege(context, requireNamespace(context, relation.schemaName), 'create');
  const kinds = kindsOf[type];
  if (kinds !== undefined && !kinds.includes(relation.kind)) {
    const noun = objectWords(type).toLowerCase();
    throw pgError(SqlState.wrongObjectType, `"${relation.name}" is not ${noun === 'index' ? 'an' : 'a'} ${noun}`);
  }
  if (relation.kind === 'c') {
    throw pgError(SqlState.wrongObjectType, `"${relation.name}" is a composite type`, {
      hint: 'Use ALTER TYPE instead.',
    });
  }
  if (relation.kind === 'i') await renameIndex(context, relation.oid, statement.newname ?? '');
  else await renameRelationRow(context, relation.oid, statement.newname ?? '');
}

async function renameColumn(context: CommandContext, statement: RenameStmt): Promise<void> {
  const relation = await lockRelationByName(context, statement.relation ?? {}, 'AccessExclusiveLock', {
    missingOk: statement.missing_ok === true,
  });
  if (relation === null) {
    noticeMissing(context, `relation "${statement.relation?.relname ?? ''}"`);
    return;
  }
  requireRelationOwner(context, relation);
  if (!'rvmcifp'.includes(relation.kind)) {
    throw pgError(SqlState.wrongObjectType, `cannot rename columns of relation "${relation.name}"`, {
      detail: `This operation is not supported for ${kindNoun(relation)}s.`,
    });
  }
  if (relation.ofType !== 0) throw pgError(SqlState.wrongObjectType, 'cannot rename column of typed table');
  await renameColumnOf(context, relation, statement, { inherited: 0, recursing: false });
}

async function renameColumnOf(
  context: CommandContext,
  relation: RelationDescriptor,
  statement: RenameStmt,
  level: { readonly inherited: number; readonly recursing: boolean },
): Promise<void> {
  const { tables } = context.catalog;
  const [oldName, newName] = [statement.subname ?? '', statement.newname ?? ''];
  const children = tables.find('pg_inherits', { inhparent: relation.oid }).map(({ row }) => row.inhrelid);
  if (children.length > 0 && statement.relation?.inh !== true && !level.recursing) {
    throw pgError(SqlState.invalidTableDefinition, `inherited column "${oldName}" must be renamed in child tables too`);
  }
  const entry = tables.find('pg_attribute', { attrelid: relation.oid, attname: oldName })[0];
  if (entry === undefined || entry.row.attisdropped) {
    throw pgError(SqlState.undefinedColumn, `column "${oldName}" does not exist`);
  }
  if (entry.row.attnum < 0) throw pgError(SqlState.featureNotSupported, `cannot rename system column "${oldName}"`);
  if (entry.row.attinhcount > level.inherited) {
    throw pgError(SqlState.invalidTableDefinition, `cannot rename inherited column "${oldName}"`);
  }
  for (const child of childrenColumns(context, children)) {
    await context.transaction.lockRelation(child.oid, 'AccessExclusiveLock');
    await renameColumnOf(context, child, statement, { inherited: child.parents, recursing: true });
  }
  requireNoSystemName({ name: newName });
  const taken = tables.find('pg_attribute', { attrelid: relation.oid, attname: newName })[0];
  if (taken !== undefined) {
    throw pgError(SqlState.duplicateColumn, `column "${newName}" of relation "${relation.name}" already exists`);
  }
  await tables.update(context.transaction, 'pg_attribute', entry, { attname: newName });
}

async function renameTableConstraint(context: CommandContext, statement: RenameStmt): Promise<void> {
  const table = await lockRelationByName(context, statement.relation ?? {}, 'AccessExclusiveLock', {
    missingOk: statement.missing_ok === true,
  });
  if (table === null) {
    noticeMissing(context, `relation "${statement.relation?.relname ?? ''}"`);
    return;
  }
  requireRelationOwner(context, table);
  const names = { old: statement.subname ?? '', new: statement.newname ?? '' };
  const row = context.catalog.tables.findOne('pg_constraint', {
    conrelid: table.oid,
    contypid: 0,
    conname: names.old,
  })?.row;
  const children = context.catalog.tables
    .find('pg_inherits', { inhparent: table.oid })
    .map((entry) => entry.row.inhrelid);
  if (row?.contype === 'c' && !row.connoinherit && children.length > 0) {
    if (statement.relation?.inh !== true) {
      throw pgError(
        SqlState.invalidTableDefinition,
        `inherited constraint "${names.old}" must be renamed in child tables too`,
      );
    }
    if (row.coninhcount > 0)
      throw pgError(SqlState.invalidTableDefinition, `cannot rename inherited constraint "${names.old}"`);
    for (const oid of context.catalog.inheritors(table.oid)) {
      if (oid === table.oid) continue;
      await context.transaction.lockRelation(oid, 'AccessExclusiveLock');
      await renameConstraint(context, context.catalog.requireRelation(oid), names, { recursing: true });
    }
  }
  await renameConstraint(context, table, names);
}

async function renamePart(context: CommandContext, statement: RenameStmt, type: ObjectType): Promise<void> {
  const relation = await lockRelationByName(context, statement.relation ?? {}, 'AccessExclusiveLock');
  if (relation === null) return;
  requireRelationOwner(context, relation);
  const { tables } = context.catalog;
  const [oldName, newName] = [statement.subname ?? '', statement.newname ?? ''];
  if (type === 'OBJECT_POLICY') throw notSupported('ALTER POLICY');
  if (type === 'OBJECT_TRIGGER') {
    const entry = tables.findOne('pg_trigger', { tgrelid: relation.oid, tgname: oldName });
    if (entry === null)
      throw pgError(SqlState.undefinedObject, `trigger "${oldName}" for table "${relation.name}" does not exist`);
    if (tables.findOne('pg_trigger', { tgrelid: relation.oid, tgname: newName }) !== null) {
      throw pgError(SqlState.duplicateObject, `trigger "${newName}" for relation "${relation.name}" already exists`);
    }
    await tables.update(context.transaction, 'pg_trigger', entry, { tgname: newName });
    return;
  }
  const entry = tables.findOne('pg_rewrite', { ev_class: relation.oid, rulename: oldName });
  if (entry === null)
    throw pgError(SqlState.undefinedObject, `rule "${oldName}" for relation "${relation.name}" does not exist`);
  if (oldName === '_RETURN')
    throw pgError(SqlState.invalidObjectDefinition, 'renaming an ON SELECT rule is not allowed');
  await tables.update(context.transaction, 'pg_rewrite', entry, { rulename: newName });
}

async function renameDatabase(context: CommandContext, statement: RenameStmt): Promise<CommandResult> {
  await renameDatabaseRow(context, statement.subname ?? '', statement.newname ?? '');
  return { kind: 'done', tag: 'ALTER DATABASE' };
}

/** Everything that is a row with a name, in a schema or outside. */
async function renameObject(context: CommandContext, statement: RenameStmt, type: ObjectType): Promise<void> {
  const object = renamedObject(statement, type);
  const name = statement.newname ?? '';
  const { address } = await findObject(context, type, object, 'AccessExclusiveLock');
  requireObjectOwner(context, address, null);
  if (type === 'OBJECT_DOMCONSTRAINT') return renameDomainConstraint(context, address, statement);
  if (type === 'OBJECT_TYPE' || type === 'OBJECT_DOMAIN') return renameTypeObject(context, address.objectId, name);
  if (type === 'OBJECT_SCHEMA') checkSchemaName(context, name);
  if (type === 'OBJECT_TABLESPACE') requireUnreservedTablespace(name);
  const kind = ownedKinds.get(address.classId) ?? plainKind(type);
  await updateName(context, address, { ...kind, type }, name);
}

/** The grammar gives a domain constraint's domain and name apart. */
function renamedObject(statement: RenameStmt, type: ObjectType): Node {
  const name: Node = { String: { sval: statement.subname ?? '' } };
  if (statement.object === undefined) return name;
  if (type !== 'OBJECT_DOMCONSTRAINT') return statement.object;
  const domain: Node = { TypeName: { names: [...listItems(statement.object)], typemod: -1, location: -1 } };
  return { List: { items: [domain, name] } };
}

function plainKind(type: ObjectType): {
  readonly table: CatalogName;
  readonly name: string;
  readonly schema: string | null;
  readonly noun: string;
} {
  const kind = namedKinds[type];
  if (kind === undefined) throw notSupported(`ALTER ${objectWords(type)} ... RENAME`);
  return { table: kind.table, name: kind.nameColumn, schema: kind.schemaColumn, noun: kind.noun };
}

async function renameDomainConstraint(
  context: CommandContext,
  address: ObjectAddress,
  statement: RenameStmt,
): Promise<void> {
  const { tables } = context.catalog;
  const entry = tables.findOne('pg_constraint', { oid: address.objectId });
  if (entry === null) return;
  const name = statement.newname ?? '';
  if (tables.findOne('pg_constraint', { contypid: entry.row.contypid, conrelid: 0, conname: name }) !== null) {
    throw pgError(
      SqlState.duplicateObject,
      `constraint "${name}" for domain ${formatType(context, entry.row.contypid)} already exists`,
    );
  }
  await tables.update(context.transaction, 'pg_constraint', entry, { conname: name });
}

async function renameTypeObject(context: CommandContext, oid: number, name: string): Promise<void> {
  const row = context.catalog.tables.findOne('pg_type', { oid })?.row;
  if (row === undefined) return;
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
  if (relation === null) await renameType(context, oid, name);
  else await renameRelationRow(context, relation.oid, name);
}

function checkSchemaName(context: CommandContext, name: string): void {
  if (context.catalog.findNamespace(name) !== null)
    throw pgError(SqlState.duplicateSchema, `schema "${name}" already exists`);
  requireDatabasePrivilege(context, 'C');
  if (name.startsWith('pg_')) {
    throw pgError(SqlState.reservedName, `unacceptable schema name "${name}"`, {
      detail: 'The prefix "pg_" is reserved for system schemas.',
    });
  }
}

async function updateName(
  context: CommandContext,
  address: ObjectAddress,
  kind: {
    readonly table: CatalogName;
    readonly name: string;
    readonly schema: string | null;
    readonly noun: string;
    readonly type: ObjectType;
  },
  name: string,
): Promise<void> {
  const { tables } = context.catalog;
  const entry = tables.findOne(kind.table, { oid: address.objectId } as never);
  if (entry === null) return;
  const row = entry.row as unknown as Record<string, unknown>;
  const schema = kind.schema === null ? null : (row[kind.schema] as number);
  if (schema !== null) {
    const namespace = context.catalog.namespace(schema);
    if (namespace !== null) requireSchemaPrivilege(context, namespace, 'create');
  }
  if (isTaken(context, address, { ...kind, schema, row }, name)) {
    const suffix = schema === null ? '' : ` in schema "${context.catalog.namespace(schema)?.name ?? ''}"`;
    const label =
      address.classId === ClassOid.proc ? `function ${name}(${argumentText(context, row)})` : `${kind.noun} "${name}"`;
    throw pgError(
      address.classId === ClassOid.proc ? SqlState.duplicateFunction : SqlState.duplicateObject,
      `${label} already exists${suffix}`,
    );
  }
  await tables.update(context.transaction, kind.table, entry as never, { [kind.name]: name } as never);
}

function argumentText(context: CommandContext, row: Record<string, unknown>): string {
  return (row['proargtypes'] as readonly number[]).map((type) => formatType(context, type)).join(', ');
}

function isTaken(
  context: CommandContext,
  address: ObjectAddress,
  kind: {
    readonly table: CatalogName;
    readonly name: string;
    readonly schema: number | null;
    readonly row: Record<string, unknown>;
  },
  name: string,
): boolean {
  const schemaColumn = ownedKinds.get(address.classId)?.schema;
  const key: Record<string, unknown> = { [kind.name]: name };
  if (schemaColumn && kind.schema !== null) key[schemaColumn] = kind.schema;
  const found = context.catalog.tables.find(kind.table, key as never);
  if (address.classId !== ClassOid.proc) return found.length > 0;
  const own = JSON.stringify(kind.row['proargtypes']);
  return found.some(
    (entry) => JSON.stringify((entry.row as unknown as Record<string, unknown>)['proargtypes']) === own,
  );
}
