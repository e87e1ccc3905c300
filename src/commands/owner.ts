// ALTER ... OWNER TO for every kind of object: privileges, the owner's column, the ACL's owner, pg_shdepend, and the parts
// that follow their whole (indexes, owned sequences, row types, array types).
import type { AlterOwnerStmt, ObjectType } from '@pgsql/types';
import { pgError, SqlState } from '../errors/pg-error.js';
import { changeAclOwner, parseAcl, printAcl } from './acl.js';
import type { CommandContext, CommandResult } from './api.js';
import { ClassOid, objectAddress, type ObjectAddress } from './classes.js';
import { recordAclDependencies } from './default-acl.js';
import { changeOwnerDependency } from './depend.js';
import { requireObjectOwner, ownedKinds, ownedRow } from './object-owner.js';
import { findObject } from './object-lookup.js';
import { isOwner, requireDatabasePrivilege, requireSchemaPrivilege, requireSetRole } from './permissions.js';
import { kindNoun } from './relation-kind.js';
import { resolveRole } from './role-membership.js';
import { ownedSequences, ownerColumn } from './sequence.js';
import { objectWords } from './object-words.js';

/** ALTER ... OWNER TO (all but relations, which come as ALTER TABLE). */
export async function alterOwnerStatement(statement: AlterOwnerStmt, context: CommandContext): Promise<CommandResult> {
  const type = statement.objectType as ObjectType;
  if (!statement.object) throw new Error('invariant broken: OWNER TO without an object');
  const owner = resolveRole(context, statement.newowner);
  const { address } = await findObject(context, type, statement.object, 'AccessExclusiveLock');
  await changeObjectOwner(context, address, owner);
  return { kind: 'done', tag: `ALTER ${objectWords(type)}` };
}

/** Changes an object's owner with all checks. */
export async function changeObjectOwner(context: CommandContext, address: ObjectAddress, owner: number): Promise<void> {
  if (address.classId === ClassOid.class) {
    await changeRelationOwner(context, address.objectId, owner);
    return;
  }
  const kind = ownedKinds.get(address.classId);
  const row = ownedRow(context, address);
  if (kind === undefined || row === null) throw pgError(SqlState.wrongObjectType, 'the object has no owner');
  if (row[kind.owner] === owner) return;
  requireObjectOwner(context, address, null);
  requireSetRole(context, owner);
  requireNewOwnerMayCreate(context, address, owner, kind.schema === null ? 0 : (row[kind.schema] as number));
  await writeOwner(context, address, owner);
}

/** The new owner needs CREATE where the object lives. Checked as if the new owner made it. */
function requireNewOwnerMayCreate(
  context: CommandContext,
  address: ObjectAddress,
  owner: number,
  schema: number,
): void {
  if (context.isSuperuser) return;
  const asOwner: CommandContext = { ...context, userId: owner, isSuperuser: false };
  if (address.classId === ClassOid.namespace) requireDatabasePrivilege(context, 'C');
  else if (address.classId === ClassOid.database) {
    if (!context.catalog.tables.findOne('pg_authid', { oid: context.userId })?.row.rolcreatedb) {
      throw pgError(SqlState.insufficientPrivilege, 'permission denied to change owner of database');
    }
  } else if (schema !== 0) {
    const namespace = context.catalog.namespace(schema);
    if (namespace !== null) requireSchemaPrivilege(asOwner, namespace, 'create');
  }
}

/** Writes owner and ACL of one object; types take their array type along. */
export async function writeOwner(context: CommandContext, address: ObjectAddress, owner: number): Promise<void> {
  const kind = ownedKinds.get(address.classId);
  if (kind === undefined) return;
  const entry = context.catalog.tables.findOne(kind.table, { oid: address.objectId } as never);
  if (entry === null) return;
  const row = entry.row as unknown as Record<string, unknown>;
  const oldOwner = row[kind.owner] as number;
  const acl = kind.acl === null ? null : (row[kind.acl] as string | null);
  const newAcl = acl === null ? null : printAcl(context, changeAclOwner(parseAcl(context, acl), oldOwner, owner));
  const changes = { [kind.owner]: owner, ...(kind.acl === null ? {} : { [kind.acl]: newAcl }) };
  await context.catalog.tables.update(context.transaction, kind.table, entry as never, changes as never);
  const isPart =
    address.classId === ClassOid.type &&
    (row['typrelid'] !== 0 || (row['typcategory'] === 'A' && row['typelem'] !== 0));
  if (!isPart || isCompositeType(context, row)) {
    await changeOwnerDependency(context, address.classId, address.objectId, owner);
    if (newAcl !== null) await recordAclDependencies(context, address, owner, newAcl);
  }
  const array = address.classId === ClassOid.type ? (row['typarray'] as number) : 0;
  if (array) await writeOwner(context, objectAddress(ClassOid.type, array), owner);
  if (isCompositeType(context, row)) await writeRelationOwner(context, row['typrelid'] as number, owner);
}

function isCompositeType(context: CommandContext, row: Record<string, unknown>): boolean {
  const relation = row['typrelid'];
  if (typeof relation !== 'number' || relation === 0) return false;
  return context.catalog.tables.findOne('pg_class', { oid: relation })?.row.relkind === 'c';
}

async function writeRelationOwner(context: CommandContext, oid: number, relowner: number): Promise<void> {
  const entry = context.catalog.tables.findOne('pg_class', { oid });
  if (entry !== null) await context.catalog.tables.update(context.transaction, 'pg_class', entry, { relowner });
}

/** ALTER TABLE ... OWNER TO. */
export async function changeRelationOwner(context: CommandContext, oid: number, owner: number): Promise<void> {
  const relation = context.catalog.requireRelation(oid);
  if (relation.kind === 'i') {
    if (relation.owner !== owner) {
      context.notice({
        severity: 'WARNING',
        code: SqlState.wrongObjectType,
        message: `cannot change owner of index "${relation.name}"`,
        fields: { hint: "Change the ownership of the index's table instead." },
      });
    }
    return;
  }
  if (relation.kind === 'c') {
    throw pgError(SqlState.wrongObjectType, `"${relation.name}" is a composite type`, {
      hint: 'Use ALTER TYPE instead.',
    });
  }
  if (relation.kind === 'S') requireFreeSequence(context, relation);
  if (relation.owner === owner) return;
  if (!isOwner(context, relation.owner)) {
    throw pgError(SqlState.insufficientPrivilege, `must be owner of ${kindNoun(relation)} ${relation.name}`);
  }
  requireSetRole(context, owner);
  requireNewOwnerMayCreate(context, objectAddress(ClassOid.class, oid), owner, relation.schema);
  await moveRelationToOwner(context, oid, owner);
}

function requireFreeSequence(context: CommandContext, relation: { readonly oid: number; readonly name: string }): void {
  const column = ownerColumn(context, relation.oid, 'a') ?? ownerColumn(context, relation.oid, 'i');
  if (column === null) return;
  const table = context.catalog.requireRelation(column.relation).name;
  throw pgError(SqlState.featureNotSupported, `cannot change owner of sequence "${relation.name}"`, {
    detail: `Sequence "${relation.name}" is linked to table "${table}".`,
  });
}

/** The relation and what follows it: row type, indexes, owned sequences. */
export async function moveRelationToOwner(context: CommandContext, oid: number, owner: number): Promise<void> {
  const relation = context.catalog.requireRelation(oid);
  await writeOwner(context, objectAddress(ClassOid.class, oid), owner);
  await moveColumnAcls(context, oid, relation.owner, owner);
  if (relation.rowType !== 0) await writeOwner(context, objectAddress(ClassOid.type, relation.rowType), owner);
  for (const index of relation.indexes) await writeRelationOwner(context, index.oid, owner);
  for (const sequence of ownedSequences(context, oid, 0))
    await writeOwner(context, objectAddress(ClassOid.class, sequence), owner);
}

async function moveColumnAcls(
  context: CommandContext,
  relation: number,
  oldOwner: number,
  owner: number,
): Promise<void> {
  for (const entry of context.catalog.tables.find('pg_attribute', { attrelid: relation })) {
    if (entry.row.attacl === null) continue;
    const attacl = printAcl(context, changeAclOwner(parseAcl(context, entry.row.attacl), oldOwner, owner));
    await context.catalog.tables.update(context.transaction, 'pg_attribute', entry, { attacl });
  }
}
