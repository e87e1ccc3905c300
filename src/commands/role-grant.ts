// GRANT and REVOKE of role memberships with their ADMIN, INHERIT and SET options.
import type { GrantRoleStmt } from '@pgsql/types';
import type { CatalogEntry } from '../catalog/api.js';
import type { PgAuthMembersRow } from '../catalog/generated/rows.js';
import { roleDatabaseOwner } from '../catalog/oids.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { CommandContext, CommandResult } from './api.js';
import { bootstrapSuperuser, ClassOid, objectAddress } from './classes.js';
import { forgetSharedDependencies, recordSharedDependency } from './depend.js';
import {
  hasPrivilegesOfRole,
  isAdminOfRole,
  isSuperuserRole,
  reachableRoles,
  requireRole,
  resolveRole,
  roleName,
} from './role-membership.js';
import { defBoolean, defElems, nodeOf } from './tree.js';

/** Options as written; undefined keeps what is there or takes the default. */
export interface MembershipOptions {
  readonly admin?: boolean;
  readonly inherit?: boolean;
  readonly set?: boolean;
  readonly grantor?: number;
}

/** GRANT role TO role, REVOKE role FROM role. */
export async function grantRoleStatement(statement: GrantRoleStmt, context: CommandContext): Promise<CommandResult> {
  const isGrant = statement.is_grant === true;
  const options = readOptions(statement);
  const grantees = (statement.grantee_roles ?? []).map((node) => resolveRole(context, nodeOf(node, 'RoleSpec')));
  const grantor = statement.grantor ? resolveRole(context, statement.grantor) : undefined;
  for (const node of statement.granted_roles ?? []) {
    const granted = nodeOf(node, 'AccessPriv');
    if ((granted.cols?.length ?? 0) > 0 || !granted.priv_name) {
      throw pgError(SqlState.invalidGrantOperation, 'column names cannot be included in GRANT/REVOKE ROLE');
    }
    const role = requireRole(context, granted.priv_name);
    if (isGrant)
      await addMembers(context, role, grantees, { ...options, ...(grantor === undefined ? {} : { grantor }) });
    else {
      await removeMembers(context, role, grantees, {
        admin: options.admin !== undefined,
        inherit: options.inherit !== undefined,
        set: options.set !== undefined,
        cascade: statement.behavior === 'DROP_CASCADE',
        ...(grantor === undefined ? {} : { grantor }),
      });
    }
  }
  return { kind: 'done', tag: isGrant ? 'GRANT ROLE' : 'REVOKE ROLE' };
}

function readOptions(statement: GrantRoleStmt): { admin?: boolean; inherit?: boolean; set?: boolean } {
  const result: { admin?: boolean; inherit?: boolean; set?: boolean } = {};
  for (const def of defElems(statement.opt)) {
    const name = (def.defname ?? '') as 'admin' | 'inherit' | 'set';
    if (!['admin', 'inherit', 'set'].includes(name)) {
      throw pgError(SqlState.syntaxError, `unrecognized role option "${name}"`, { location: def.location ?? 0 });
    }
    if (result[name] !== undefined) throw pgError(SqlState.syntaxError, `conflicting or redundant options`);
    result[name] = defBoolean(def);
  }
  return result;
}

/** The role recorded as grantor: one that holds ADMIN OPTION; superusers grant as the bootstrap superuser. Whoever names
 *  another one must have its privileges. */
function chooseGrantor(
  context: CommandContext,
  role: number,
  wanted: number | undefined,
  action: 'grant' | 'revoke',
): number {
  const name = roleName(context, role);
  if (wanted === undefined) {
    if (context.isSuperuser) return bootstrapSuperuser;
    const acting = reachableRoles(context, context.userId, 'inherit_option');
    const admins = context.catalog.tables
      .find('pg_auth_members', { roleid: role })
      .filter(({ row }) => row.admin_option && acting.has(row.member));
    return (
      admins.find(({ row }) => row.member === context.userId)?.row.member ?? admins[0]?.row.member ?? context.userId
    );
  }
  const grantor = roleName(context, wanted);
  const refuse = (detail: string): Error =>
    pgError(
      SqlState.insufficientPrivilege,
      `permission denied to ${action === 'grant' ? 'grant privileges as' : 'revoke privileges granted by'} role "${grantor}"`,
      { detail },
    );
  if (!hasPrivilegesOfRole(context, context.userId, wanted)) {
    const what = action === 'grant' ? 'grant privileges as this role' : 'revoke privileges granted by this role';
    throw refuse(`Only roles with privileges of role "${grantor}" may ${what}.`);
  }
  const isAdmin = wanted === bootstrapSuperuser || adminEntries(context, role, wanted).length > 0;
  if (action === 'grant' && !isAdmin) throw refuse(`The grantor must have the ADMIN option on role "${name}".`);
  return wanted;
}

/** Memberships that give the member ADMIN OPTION on the role. */
function adminEntries(context: CommandContext, role: number, member: number): CatalogEntry<'pg_auth_members'>[] {
  return context.catalog.tables.find('pg_auth_members', { roleid: role, member }).filter(({ row }) => row.admin_option);
}

function requireAdmin(context: CommandContext, role: number, action: 'grant' | 'revoke'): void {
  const name = roleName(context, role);
  if (action === 'grant' && role === roleDatabaseOwner)
    throw pgError(SqlState.internalError, `role "${name}" cannot have explicit members`);
  if (isSuperuserRole(context, role) && !context.isSuperuser) {
    throw pgError(SqlState.insufficientPrivilege, `permission denied to ${action} role "${name}"`, {
      detail: `Only roles with the SUPERUSER attribute may ${action} roles with the SUPERUSER attribute.`,
    });
  }
  if (context.isSuperuser || isAdminOfRole(context, context.userId, role)) return;
  throw pgError(SqlState.insufficientPrivilege, `permission denied to ${action} role "${name}"`, {
    detail: `Only roles with the ADMIN option on role "${name}" may ${action} this role.`,
  });
}

/** Makes roles members of `role`. */
export async function addMembers(
  context: CommandContext,
  role: number,
  members: readonly number[],
  options: MembershipOptions,
): Promise<void> {
  if (members.length === 0) return;
  requireAdmin(context, role, 'grant');
  const grantor = chooseGrantor(context, role, options.grantor, 'grant');
  for (const member of members) {
    if (member === roleDatabaseOwner)
      throw pgError(SqlState.internalError, `role "${roleName(context, member)}" cannot be a member of any role`);
    if (member === role || reachableRoles(context, role, null).has(member)) {
      throw pgError(
        SqlState.invalidGrantOperation,
        `role "${roleName(context, role)}" is a member of role "${roleName(context, member)}"`,
      );
    }
  }
  if (options.admin && grantor !== bootstrapSuperuser) requireNoAdminCircle(context, role, members, grantor);
  for (const member of members) await addMember(context, { role, member, grantor }, options);
}

/** 0LP01 where the grantor holds its ADMIN OPTION only through those it would give it to. */
function requireNoAdminCircle(
  context: CommandContext,
  role: number,
  members: readonly number[],
  grantor: number,
): void {
  const entries = context.catalog.tables.find('pg_auth_members', { roleid: role }).map(({ row }) => row);
  const revoked = new Set<number>();
  const isAdmin = (member: number): boolean =>
    entries.some((row) => row.member === member && row.admin_option && !revoked.has(row.oid));
  const revoke = (wanted: (row: PgAuthMembersRow) => boolean): void => {
    for (const row of entries) {
      if (!wanted(row) || revoked.has(row.oid)) continue;
      revoked.add(row.oid);
      if (row.admin_option && !isAdmin(row.member)) revoke((other) => other.grantor === row.member);
    }
  };
  for (const member of members) revoke((row) => row.member === member);
  if (isAdmin(grantor)) return;
  throw pgError(SqlState.invalidGrantOperation, 'ADMIN option cannot be granted back to your own grantor');
}

async function addMember(
  context: CommandContext,
  grant: { readonly role: number; readonly member: number; readonly grantor: number },
  options: MembershipOptions,
): Promise<void> {
  const { tables } = context.catalog;
  const key = { roleid: grant.role, member: grant.member, grantor: grant.grantor };
  const existing = tables.findOne('pg_auth_members', key);
  if (existing === null) {
    await addMembership(context, {
      ...key,
      admin_option: options.admin ?? false,
      inherit_option: options.inherit ?? inheritsByDefault(context, grant.member),
      set_option: options.set ?? true,
    });
    return;
  }
  const changes = {
    admin_option: options.admin ?? existing.row.admin_option,
    inherit_option: options.inherit ?? existing.row.inherit_option,
    set_option: options.set ?? existing.row.set_option,
  };
  const same = Object.entries(changes).every(
    ([name, value]) => (existing.row as unknown as Record<string, unknown>)[name] === value,
  );
  if (!same) {
    await tables.update(context.transaction, 'pg_auth_members', existing, changes);
    return;
  }
  context.notice({
    severity: 'NOTICE',
    code: SqlState.successfulCompletion,
    message: `role "${roleName(context, grant.member)}" has already been granted membership in role "${roleName(context, grant.role)}" by role "${roleName(context, grant.grantor)}"`,
    fields: {},
  });
}

function inheritsByDefault(context: CommandContext, member: number): boolean {
  return context.catalog.tables.findOne('pg_authid', { oid: member })?.row.rolinherit ?? true;
}

/** Inserts a membership's row and its dependency on the grantor. */
export async function addMembership(context: CommandContext, membership: Omit<PgAuthMembersRow, 'oid'>): Promise<void> {
  const { tables } = context.catalog;
  const oid = tables.newOid('pg_auth_members');
  await tables.insert(context.transaction, 'pg_auth_members', { oid, ...membership });
  await recordSharedDependency(context, objectAddress(ClassOid.authMembers, oid), membership.grantor, 'a');
}

/** Takes memberships, or only options of them, away. */
export async function removeMembers(
  context: CommandContext,
  role: number,
  members: readonly number[],
  options: {
    readonly admin: boolean;
    readonly inherit: boolean;
    readonly set: boolean;
    readonly cascade: boolean;
    readonly grantor?: number;
  },
): Promise<void> {
  if (members.length === 0) return;
  requireAdmin(context, role, 'revoke');
  const { tables } = context.catalog;
  const grantor = chooseGrantor(context, role, options.grantor, 'revoke');
  for (const member of members) {
    const entry = tables.findOne('pg_auth_members', { roleid: role, member, grantor });
    if (entry === null) {
      context.notice({
        severity: 'WARNING',
        code: SqlState.warning,
        message: `role "${roleName(context, member)}" has not been granted membership in role "${roleName(context, role)}" by role "${roleName(context, grantor)}"`,
        fields: {},
      });
      continue;
    }
    const onlyOption = options.admin || options.inherit || options.set;
    if (entry.row.admin_option && (!onlyOption || options.admin))
      await removeGrantsBy(context, role, member, options.cascade);
    if (onlyOption) {
      await tables.update(context.transaction, 'pg_auth_members', entry, {
        ...(options.admin ? { admin_option: false } : {}),
        ...(options.inherit ? { inherit_option: false } : {}),
        ...(options.set ? { set_option: false } : {}),
      });
    } else {
      await tables.delete(context.transaction, 'pg_auth_members', entry);
      await forgetSharedDependencies(context, objectAddress(ClassOid.authMembers, entry.row.oid));
    }
  }
}

/** Grants that the member made by its ADMIN OPTION go with it. */
async function removeGrantsBy(context: CommandContext, role: number, grantor: number, cascade: boolean): Promise<void> {
  const { tables } = context.catalog;
  const stillAdmin =
    tables.find('pg_auth_members', { roleid: role }).filter(({ row }) => row.member === grantor && row.admin_option)
      .length > 1;
  if (stillAdmin) return;
  for (const entry of tables.find('pg_auth_members', { roleid: role })) {
    if (entry.row.grantor !== grantor) continue;
    if (!cascade) {
      throw pgError(SqlState.dependentObjectsStillExist, 'dependent privileges exist', {
        hint: 'Use CASCADE to revoke them too.',
      });
    }
    if (entry.row.admin_option) await removeGrantsBy(context, role, entry.row.member, cascade);
    await tables.delete(context.transaction, 'pg_auth_members', entry);
    await forgetSharedDependencies(context, objectAddress(ClassOid.authMembers, entry.row.oid));
  }
}
