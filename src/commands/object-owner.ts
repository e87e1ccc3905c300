// Owners of objects by address: reading, checking ("must be owner of ..."), and which column of which catalog holds them.
import type { RelationDescriptor } from '../catalog/descriptors.js';
import type { CatalogName } from '../catalog/generated/rows.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { CommandContext } from './api.js';
import { ClassOid, type ObjectAddress } from './classes.js';
import { formatType } from './column-type.js';
import { isOwner, requireRelationOwner, requireOwner } from './permissions.js';
import { isAdminOfRole, roleName } from './role-membership.js';

export interface OwnedKind {
  readonly table: CatalogName;
  readonly owner: string;
  readonly name: string;
  readonly schema: string | null;
  readonly acl: string | null;
  /** pg_default_acl-style letter of its privileges. */
  readonly aclKind: string;
  readonly noun: string;
}

const owned = (
  table: CatalogName,
  columns: readonly [owner: string, name: string, schema: string | null, acl: string | null],
  noun: string,
  aclKind = '',
): OwnedKind => ({ table, owner: columns[0], name: columns[1], schema: columns[2], acl: columns[3], aclKind, noun });

/** Catalogs whose objects have owners, by their oid. */
export const ownedKinds: ReadonlyMap<number, OwnedKind> = new Map([
  [ClassOid.class, owned('pg_class', ['relowner', 'relname', 'relnamespace', 'relacl'], 'table', 'r')],
  [ClassOid.type, owned('pg_type', ['typowner', 'typname', 'typnamespace', 'typacl'], 'type', 'T')],
  [ClassOid.proc, owned('pg_proc', ['proowner', 'proname', 'pronamespace', 'proacl'], 'function', 'f')],
  [ClassOid.namespace, owned('pg_namespace', ['nspowner', 'nspname', null, 'nspacl'], 'schema', 'n')],
  [ClassOid.database, owned('pg_database', ['datdba', 'datname', null, 'datacl'], 'database', 'd')],
  [ClassOid.language, owned('pg_language', ['lanowner', 'lanname', null, 'lanacl'], 'language', 'l')],
  [ClassOid.tablespace, owned('pg_tablespace', ['spcowner', 'spcname', null, 'spcacl'], 'tablespace', 't')],
  [ClassOid.operator, owned('pg_operator', ['oprowner', 'oprname', 'oprnamespace', null], 'operator')],
  [ClassOid.opclass, owned('pg_opclass', ['opcowner', 'opcname', 'opcnamespace', null], 'operator class')],
  [ClassOid.opfamily, owned('pg_opfamily', ['opfowner', 'opfname', 'opfnamespace', null], 'operator family')],
  [ClassOid.collation, owned('pg_collation', ['collowner', 'collname', 'collnamespace', null], 'collation')],
  [ClassOid.conversion, owned('pg_conversion', ['conowner', 'conname', 'connamespace', null], 'conversion')],
  [
    ClassOid.statisticExt,
    owned('pg_statistic_ext', ['stxowner', 'stxname', 'stxnamespace', null], 'statistics object'),
  ],
  [ClassOid.extension, owned('pg_extension', ['extowner', 'extname', null, null], 'extension')],
  [ClassOid.tsDict, owned('pg_ts_dict', ['dictowner', 'dictname', 'dictnamespace', null], 'text search dictionary')],
  [
    ClassOid.tsConfig,
    owned('pg_ts_config', ['cfgowner', 'cfgname', 'cfgnamespace', null], 'text search configuration'),
  ],
  [ClassOid.eventTrigger, owned('pg_event_trigger', ['evtowner', 'evtname', null, null], 'event trigger')],
  [ClassOid.publication, owned('pg_publication', ['pubowner', 'pubname', null, null], 'publication')],
]);

/** The catalog row of an owned object as plain columns. */
export function ownedRow(context: CommandContext, address: ObjectAddress): Record<string, unknown> | null {
  const kind = ownedKinds.get(address.classId);
  if (kind === undefined) return null;
  const entry = context.catalog.tables.findOne(kind.table, { oid: address.objectId } as never);
  return entry === null ? null : (entry.row as unknown as Record<string, unknown>);
}

/** 42501 unless the user owns the object, or the relation, type or domain it belongs to. */
export function requireObjectOwner(
  context: CommandContext,
  address: ObjectAddress,
  relation: RelationDescriptor | null,
): void {
  if (relation !== null) {
    // Of a relation's parts PostgreSQL doesn't say what kind of relation it is.
    if (address.classId === ClassOid.class && address.subId === 0) requireRelationOwner(context, relation);
    else requireOwner(context, relation.owner, 'relation', relation.name);
    return;
  }
  const { tables } = context.catalog;
  if (address.classId === ClassOid.authid) {
    requireRoleControl(context, address.objectId);
  } else if (address.classId === ClassOid.constraint) {
    const domain = tables.findOne('pg_constraint', { oid: address.objectId })?.row.contypid ?? 0;
    requireObjectOwner(context, { classId: ClassOid.type, objectId: domain, subId: 0 }, null);
  } else if (address.classId === ClassOid.cast) {
    const row = tables.findOne('pg_cast', { oid: address.objectId })?.row;
    if (row && !ownsType(context, row.castsource) && !ownsType(context, row.casttarget)) {
      const [source, target] = [formatType(context, row.castsource), formatType(context, row.casttarget)];
      throw pgError(SqlState.insufficientPrivilege, `must be owner of type ${source} or type ${target}`);
    }
  } else {
    requireNamedOwner(context, address);
  }
}

/** Roles: superusers need a superuser, others ADMIN OPTION and CREATEROLE. */
function requireRoleControl(context: CommandContext, role: number): void {
  if (context.isSuperuser) return;
  const self = context.catalog.tables.findOne('pg_authid', { oid: context.userId })?.row;
  if (self?.rolcreaterole && isAdminOfRole(context, context.userId, role)) return;
  throw pgError(SqlState.insufficientPrivilege, 'permission denied', {
    detail: `The current user must have the ADMIN option on role "${roleName(context, role)}".`,
  });
}

function requireNamedOwner(context: CommandContext, address: ObjectAddress): void {
  const kind = ownedKinds.get(address.classId);
  const row = ownedRow(context, address);
  if (kind === undefined || row === null) {
    if (!context.isSuperuser) throw pgError(SqlState.insufficientPrivilege, 'must be superuser');
    return;
  }
  const name = kind.table === 'pg_type' ? formatType(context, address.objectId) : String(row[kind.name]);
  requireOwner(context, row[kind.owner] as number, routineNoun(kind, row), name);
}

function routineNoun(kind: OwnedKind, row: Record<string, unknown>): string {
  if (kind.table !== 'pg_proc') return kind.noun;
  return row['prokind'] === 'p' ? 'procedure' : row['prokind'] === 'a' ? 'aggregate' : 'function';
}

function ownsType(context: CommandContext, type: number): boolean {
  const row = context.catalog.tables.findOne('pg_type', { oid: type })?.row;
  return row !== undefined && isOwner(context, row.typowner);
}
