// Ownership and privilege checks of commands, with PostgreSQL's errors. Which roles a user acts for and what an ACL grants
// them is `role-membership.ts` and `acl.ts`; here are the checks by kind of object.
import type { AccessControl } from '../catalog/access.js';
import type { Catalog } from '../catalog/api.js';
import type { NamespaceDescriptor, RelationDescriptor, RelationHead } from '../catalog/descriptors.js';
import { aclBit } from '../catalog/acl-text.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import { effectiveAcl, privilegesOf } from './acl.js';
import type { CommandContext } from './api.js';
import { formatType } from './column-type.js';
import { kindDetail, kindNoun } from './relation-kind.js';
import { hasPrivilegesOfRole, roleName, canSetRole } from './role-membership.js';

export function permissionDenied(what: string): Error {
  return pgError(SqlState.insufficientPrivilege, `permission denied for ${what}`);
}

/** True for superusers, the owner, and members of the owner that inherit its privileges. */
export function isOwner(context: CommandContext, owner: number): boolean {
  return context.isSuperuser || hasPrivilegesOfRole(context, context.userId, owner);
}

/** 42501 "must be owner of <noun> <name>". */
export function requireOwner(context: CommandContext, owner: number, noun: string, name: string): void {
  if (isOwner(context, owner)) return;
  throw pgError(SqlState.insufficientPrivilege, `must be owner of ${noun} ${name}`);
}

export function requireRelationOwner(context: CommandContext, relation: RelationDescriptor): void {
  requireOwner(context, relation.owner, kindNoun(relation), relation.name);
  requireNoSystemRelation(relation);
}

/** 42501 for the system's catalogs: even superusers don't alter them. */
export function requireNoSystemRelation(relation: RelationDescriptor): void {
  if (relation.oid < 16384 && relation.schemaName === 'pg_catalog') {
    throw pgError(SqlState.insufficientPrivilege, `permission denied: "${relation.name}" is a system catalog`);
  }
}

/** 42809 "cannot ... relation" with the kind's detail. */
export function wrongKind(message: string, relation: Pick<RelationDescriptor, 'kind'>, location?: number): Error {
  return pgError(SqlState.wrongObjectType, message, { detail: kindDetail(relation.kind), location });
}

function holds(context: CommandContext, owner: number, objectType: string, acl: string | null, bit: number): boolean {
  if (context.isSuperuser) return true;
  return (privilegesOf(context, context.userId, effectiveAcl(context, objectType, owner, acl)) & bit) !== 0;
}

export function requireSchemaPrivilege(
  context: CommandContext,
  namespace: NamespaceDescriptor,
  privilege: 'create' | 'usage',
): void {
  if (namespace.name.startsWith('pg_temp_')) return;
  const bit = privilege === 'create' ? aclBit.create : aclBit.usage;
  if (!holds(context, namespace.owner, 'n', namespace.acl, bit)) throw permissionDenied(`schema ${namespace.name}`);
}

/** C create, T temporary, c connect on the session's database. */
export function requireDatabasePrivilege(context: CommandContext, letter: 'C' | 'T', message?: string): void {
  const row = context.catalog.tables.findOne('pg_database', { oid: context.catalog.database })?.row;
  if (row === undefined) return;
  const bit = letter === 'C' ? aclBit.create : aclBit.createTemp;
  if (holds(context, row.datdba, 'd', row.datacl, bit)) return;
  if (message !== undefined) throw pgError(SqlState.insufficientPrivilege, message);
  throw permissionDenied(`database ${context.catalog.databaseName}`);
}

export function requireTypeUsage(context: CommandContext, type: number): void {
  const { tables } = context.catalog;
  let row = tables.findOne('pg_type', { oid: type })?.row;
  // Array types are as accessible as their elements.
  if (row && row.typcategory === 'A' && row.typelem !== 0) row = tables.findOne('pg_type', { oid: row.typelem })?.row;
  if (row === undefined || holds(context, row.typowner, 'T', row.typacl, aclBit.usage)) return;
  throw permissionDenied(`type ${formatType(context, row.oid)}`);
}

export function requireFunctionExecute(context: CommandContext, fn: number): void {
  const row = context.catalog.tables.findOne('pg_proc', { oid: fn })?.row;
  if (row === undefined || holds(context, row.proowner, 'f', row.proacl, aclBit.execute)) return;
  throw permissionDenied(
    `${row.prokind === 'p' ? 'procedure' : row.prokind === 'a' ? 'aggregate' : 'function'} ${row.proname}`,
  );
}

export function requireLanguageUsage(
  context: CommandContext,
  language: { readonly lanname: string; readonly lanowner: number; readonly lanacl: string | null },
): void {
  if (!holds(context, language.lanowner, 'l', language.lanacl, aclBit.usage))
    throw permissionDenied(`language ${language.lanname}`);
}

/** True where the user has the privilege on the relation as a whole. */
export function hasRelationPrivilege(context: CommandContext, relation: RelationHead, bit: number): boolean {
  // The catalog's own check knows the predefined roles that need no grants.
  const { access } = context.catalog as Catalog & { readonly access?: AccessControl };
  if (access !== undefined) return access.mask('r', relation.oid, context.userId, bit) !== 0;
  return holds(context, relation.owner, relation.kind === 'S' ? 'S' : 'r', relation.acl, bit);
}

/** Privilege on the relation, or on every one of the columns. */
export function hasColumnPrivilege(
  context: CommandContext,
  relation: RelationDescriptor,
  columns: readonly number[],
  bit: number,
): boolean {
  if (hasRelationPrivilege(context, relation, bit)) return true;
  if (columns.length === 0) return false;
  return columns.every((number) => {
    const acl = relation.attributes[number - 1]?.acl ?? null;
    return (
      acl !== null &&
      (privilegesOf(context, context.userId, effectiveAcl(context, 'c', relation.owner, acl)) & bit) !== 0
    );
  });
}

export function requireRelationPrivilege(context: CommandContext, relation: RelationDescriptor, bit: number): void {
  if (!hasRelationPrivilege(context, relation, bit)) throw permissionDenied(`${kindNoun(relation)} ${relation.name}`);
}

/** REFERENCES on the table or on all of the columns. */
export function requireReferencesPrivilege(
  context: CommandContext,
  relation: RelationDescriptor,
  columns: readonly number[],
): void {
  if (!hasColumnPrivilege(context, relation, columns, aclBit.references)) {
    throw permissionDenied(`${kindNoun(relation)} ${relation.name}`);
  }
}

/** The user must be able to become the role it makes owner of something. */
export function requireSetRole(context: CommandContext, role: number): void {
  if (context.isSuperuser || canSetRole(context, context.userId, role)) return;
  throw pgError(SqlState.insufficientPrivilege, `must be able to SET ROLE "${roleName(context, role)}"`);
}

/** NOTICE "... already exists, skipping". */
export function noticeExists(context: CommandContext, noun: string, name: string): void {
  context.notice({
    severity: 'NOTICE',
    code: noun === 'relation' ? SqlState.duplicateTable : SqlState.duplicateObject,
    message: `${noun} "${name}" already exists, skipping`,
    fields: {},
  });
}

/** NOTICE "... does not exist, skipping". */
export function noticeMissing(context: CommandContext, text: string): void {
  context.notice({
    severity: 'NOTICE',
    code: SqlState.successfulCompletion,
    message: `${text} does not exist, skipping`,
    fields: {},
  });
}
