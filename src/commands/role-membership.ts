// Roles by name and oid, and who may act for whom through pg_auth_members (inherit, set and admin options are each
// followed along their own chains).
import type { RoleSpec } from '@pgsql/types';
import type { PgAuthMembersRow } from '../catalog/generated/rows.js';
import { roleDatabaseOwner } from '../catalog/oids.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { CommandContext } from './api.js';

type Option = 'inherit_option' | 'set_option' | 'admin_option' | null;

/** Roles reachable from `member` over memberships with the option; null takes every one. Contains `member` itself. */
export function reachableRoles(context: CommandContext, member: number, option: Option): Set<number> {
  const reached = new Set([member]);
  const pending = [member];
  const ownerOfDatabase = context.catalog.tables.findOne('pg_database', { oid: context.catalog.database })?.row.datdba;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const roles = context.catalog.tables
      .find('pg_auth_members', { member: next })
      .filter(({ row }) => option === null || has(row, option))
      .map(({ row }) => row.roleid);
    if (next === ownerOfDatabase) roles.push(roleDatabaseOwner);
    for (const role of roles) {
      if (reached.has(role)) continue;
      reached.add(role);
      pending.push(role);
    }
  }
  return reached;
}

function has(row: PgAuthMembersRow, option: Exclude<Option, null>): boolean {
  return row[option];
}

export function isSuperuserRole(context: CommandContext, role: number): boolean {
  return context.catalog.tables.findOne('pg_authid', { oid: role })?.row.rolsuper === true;
}

/** has_privs_of_role: the role itself, a superuser, or an inheriting member. */
export function hasPrivilegesOfRole(context: CommandContext, member: number, role: number): boolean {
  return (
    member === role || isSuperuserRole(context, member) || reachableRoles(context, member, 'inherit_option').has(role)
  );
}

/** member_can_set_role. */
export function canSetRole(context: CommandContext, member: number, role: number): boolean {
  return member === role || isSuperuserRole(context, member) || reachableRoles(context, member, 'set_option').has(role);
}

/** is_admin_of_role: some role that the member can act for holds ADMIN OPTION on it. */
export function isAdminOfRole(context: CommandContext, member: number, role: number): boolean {
  if (isSuperuserRole(context, member)) return true;
  if (member === role) return false;
  const acting = reachableRoles(context, member, null);
  return context.catalog.tables
    .find('pg_auth_members', { roleid: role })
    .some(({ row }) => row.admin_option && acting.has(row.member));
}

/** Name of a role for messages. */
export function roleName(context: CommandContext, oid: number): string {
  return context.catalog.io.names.roleName(oid) ?? String(oid);
}

/** Oid of a role by name; throws 42704. */
export function requireRole(context: CommandContext, name: string): number {
  const oid = context.catalog.io.names.roleOid(name);
  if (oid === null) throw pgError(SqlState.undefinedObject, `role "${name}" does not exist`);
  return oid;
}

/** Oid that a role specification stands for; PUBLIC is 0 only where `publicAllowed`, else 42704. */
export function resolveRole(
  context: CommandContext,
  spec: RoleSpec | undefined,
  options: { readonly publicAllowed?: boolean } = {},
): number {
  switch (spec?.roletype) {
    case 'ROLESPEC_CURRENT_ROLE':
    case 'ROLESPEC_CURRENT_USER':
      return context.userId;
    case 'ROLESPEC_SESSION_USER':
      return context.sessionUserId;
    case 'ROLESPEC_PUBLIC':
      if (options.publicAllowed) return 0;
      throw pgError(SqlState.undefinedObject, 'role "public" does not exist');
    default:
      return requireRole(context, spec?.rolename ?? '');
  }
}
