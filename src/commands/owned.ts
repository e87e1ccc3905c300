// REASSIGN OWNED and DROP OWNED: what pg_shdepend knows of a role in this database and on shared objects.
import type { DropOwnedStmt, Node, ReassignOwnedStmt } from '@pgsql/types';
import { deleteObjects } from '../catalog/dependencies/delete-objects.js';
import { roleDependencies } from '../catalog/dependencies/shared.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import { defaultPrivileges, parseAcl, printAcl } from './acl.js';
import type { CommandContext, CommandResult } from './api.js';
import { ClassOid, firstUnpinnedOid, objectAddress, type ObjectAddress } from './classes.js';
import { recordAclDependencies, sameAcl } from './default-acl.js';
import { forgetDependencies, forgetSharedDependencies } from './depend.js';
import { ownedKinds, ownedRow } from './object-owner.js';
import { moveRelationToOwner, writeOwner } from './owner.js';
import { hasPrivilegesOfRole, resolveRole, roleName } from './role-membership.js';
import { requireDroppable } from './relation-file.js';
import { nodeOf } from './tree.js';

function rolesOf(context: CommandContext, nodes: readonly Node[] | undefined, command: 'reassign' | 'drop'): number[] {
  return (nodes ?? []).map((node) => {
    const role = resolveRole(context, nodeOf(node, 'RoleSpec'));
    if (!context.isSuperuser && !hasPrivilegesOfRole(context, context.userId, role)) {
      throw pgError(SqlState.insufficientPrivilege, `permission denied to ${command} objects`, {
        detail: `Only roles with privileges of role "${roleName(context, role)}" may ${command} objects owned by it.`,
      });
    }
    if (role < firstUnpinnedOid) {
      throw pgError(
        SqlState.dependentObjectsStillExist,
        command === 'drop'
          ? `cannot drop objects owned by role ${roleName(context, role)} because they are required by the database system`
          : `cannot reassign ownership of objects owned by role ${roleName(context, role)} because they are required by the database system`,
      );
    }
    return role;
  });
}

/** Entries of this database and, with `shared`, of shared objects. */
function entriesOf(context: CommandContext, role: number, type: 'o' | 'a', shared: boolean): ObjectAddress[] {
  return roleDependencies(context.catalog, role)
    .filter((row) => row.deptype === type && (row.dbid === context.catalog.database || (shared && row.dbid === 0)))
    .map((row) => ({ classId: row.classid, objectId: row.objid, subId: row.objsubid }));
}

/** REASSIGN OWNED. */
export async function reassignOwnedStatement(
  statement: ReassignOwnedStmt,
  context: CommandContext,
): Promise<CommandResult> {
  const roles = rolesOf(context, statement.roles, 'reassign');
  const owner = resolveRole(context, statement.newrole);
  if (!context.isSuperuser && !hasPrivilegesOfRole(context, context.userId, owner)) {
    throw pgError(SqlState.insufficientPrivilege, 'permission denied to reassign objects', {
      detail: `Only roles with privileges of role "${roleName(context, owner)}" may reassign objects to it.`,
    });
  }
  for (const role of roles) {
    for (const address of entriesOf(context, role, 'o', true)) {
      // A table moves its indexes and sequences along; a default ACL belongs to the role itself.
      if (address.classId === ClassOid.defaultAcl) continue;
      if (address.classId === ClassOid.class) await moveRelationToOwner(context, address.objectId, owner);
      else await writeOwner(context, address, owner);
    }
  }
  return { kind: 'done', tag: 'REASSIGN OWNED' };
}

/** DROP OWNED. */
export async function dropOwnedStatement(statement: DropOwnedStmt, context: CommandContext): Promise<CommandResult> {
  const roles = rolesOf(context, statement.roles, 'drop');
  const drops: ObjectAddress[] = [];
  for (const role of roles) {
    for (const address of entriesOf(context, role, 'a', true)) await revokeEverything(context, address, role);
    const owned = entriesOf(context, role, 'o', false);
    drops.push(
      ...owned.filter(
        (address) => !drops.some((other) => other.classId === address.classId && other.objectId === address.objectId),
      ),
    );
  }
  await deleteObjects(context, drops, {
    behavior: statement.behavior === 'DROP_CASCADE' ? 'cascade' : 'restrict',
    requireUnused: (relation) => requireDroppable(context, relation),
  });
  return { kind: 'done', tag: 'DROP OWNED' };
}

/** Takes a role out of one object's ACL. */
async function revokeEverything(context: CommandContext, address: ObjectAddress, role: number): Promise<void> {
  const { tables } = context.catalog;
  const without = (acl: string): string =>
    printAcl(
      context,
      parseAcl(context, acl).filter((item) => item.grantee !== role && item.grantor !== role),
    );
  if (address.classId === ClassOid.class && address.subId !== 0) {
    const entry = tables.findOne('pg_attribute', { attrelid: address.objectId, attnum: address.subId });
    if (entry?.row.attacl) {
      const acl = without(entry.row.attacl);
      await tables.update(context.transaction, 'pg_attribute', entry, { attacl: acl === '{}' ? null : acl });
    }
  } else if (address.classId === ClassOid.authMembers) {
    const entry = tables.findOne('pg_auth_members', { oid: address.objectId });
    if (entry !== null) await tables.delete(context.transaction, 'pg_auth_members', entry);
  } else if (address.classId === ClassOid.defaultAcl) {
    await revokeFromDefaults(context, address.objectId, without);
  } else {
    await revokeFromObject(context, address, without);
    return;
  }
  await forgetSharedDependencies(context, address, 'a');
}

async function revokeFromDefaults(
  context: CommandContext,
  oid: number,
  without: (acl: string) => string,
): Promise<void> {
  const { tables } = context.catalog;
  const entry = tables.findOne('pg_default_acl', { oid });
  if (entry === null) return;
  const { defaclrole, defaclnamespace, defaclobjtype } = entry.row;
  const defaclacl = without(entry.row.defaclacl);
  const base = defaclnamespace === 0 ? defaultPrivileges(defaclobjtype, defaclrole) : [];
  if (!sameAcl(parseAcl(context, defaclacl), base)) {
    await tables.update(context.transaction, 'pg_default_acl', entry, { defaclacl });
    return;
  }
  await tables.delete(context.transaction, 'pg_default_acl', entry);
  await forgetDependencies(context, objectAddress(ClassOid.defaultAcl, oid));
  await forgetSharedDependencies(context, objectAddress(ClassOid.defaultAcl, oid));
}

async function revokeFromObject(
  context: CommandContext,
  address: ObjectAddress,
  without: (acl: string) => string,
): Promise<void> {
  const kind = ownedKinds.get(address.classId);
  const row = ownedRow(context, address);
  if (kind === undefined || kind.acl === null || row === null || typeof row[kind.acl] !== 'string') return;
  const acl = without(row[kind.acl] as string);
  const entry = context.catalog.tables.findOne(kind.table, { oid: address.objectId } as never);
  if (entry !== null)
    await context.catalog.tables.update(context.transaction, kind.table, entry as never, { [kind.acl]: acl } as never);
  await recordAclDependencies(context, address, row[kind.owner] as number, acl);
}
