// ALTER DEFAULT PRIVILEGES: pg_default_acl.
import type { AlterDefaultPrivilegesStmt, GrantStmt, ObjectType } from '@pgsql/types';
import type { CatalogEntry } from '../catalog/api.js';
import { notSupported, pgError, SqlState } from '../errors/pg-error.js';
import type { AclItem } from '../types/value.js';
import { allPrivileges, defaultPrivileges, grantTo, parseAcl, printAcl, revokeFrom } from './acl.js';
import type { CommandContext, CommandResult } from './api.js';
import { ClassOid, objectAddress } from './classes.js';
import { recordAclDependencies, sameAcl, sortedAcl } from './default-acl.js';
import {
  forgetDependencies,
  forgetSharedDependencies,
  recordDependency,
  recordOwner,
  schemaAddress,
} from './depend.js';
import { granteesOf, privilegeBit, requireRole } from './grant.js';
import { requireNamespace } from './namespace.js';
import { hasPrivilegesOfRole, resolveRole } from './role-membership.js';
import { defElems, listItems, nodeOf, stringList } from './tree.js';

/** Letter in pg_default_acl, and of the privilege set, by kind of object. */
const kinds: Readonly<Partial<Record<ObjectType, string>>> = {
  OBJECT_TABLE: 'r',
  OBJECT_SEQUENCE: 'S',
  OBJECT_FUNCTION: 'f',
  OBJECT_ROUTINE: 'f',
  OBJECT_TYPE: 'T',
  OBJECT_SCHEMA: 'n',
};

/** ALTER DEFAULT PRIVILEGES. */
export async function alterDefaultPrivilegesStatement(
  statement: AlterDefaultPrivilegesStmt,
  context: CommandContext,
): Promise<CommandResult> {
  const action = statement.action ?? {};
  const type = action.objtype as ObjectType;
  const letter = kinds[type];
  if (letter === undefined) throw notSupported(`ALTER DEFAULT PRIVILEGES ON ${type}`);
  // Grantees are looked up before the roles whose defaults change, as PostgreSQL does.
  const grantees = granteesOf(action, context);
  const options = defElems(statement.options);
  const schemas = options.filter((def) => def.defname === 'schemas').flatMap((def) => stringList(def.arg));
  const roleNodes = options.filter((def) => def.defname === 'roles').flatMap((def) => listItems(def.arg));
  const roles =
    roleNodes.length === 0 ? [context.userId] : roleNodes.map((node) => resolveRole(context, nodeOf(node, 'RoleSpec')));
  for (const role of roles) {
    if (!context.isSuperuser && !hasPrivilegesOfRole(context, context.userId, role)) {
      throw pgError(SqlState.insufficientPrivilege, 'permission denied to change default privileges');
    }
    const namespaces = schemas.length === 0 ? [0] : schemas.map((name) => requireNamespace(context, name).oid);
    for (const namespace of namespaces) {
      if (letter === 'n' && namespace !== 0) {
        throw pgError(SqlState.invalidGrantOperation, 'cannot use IN SCHEMA clause when using GRANT/REVOKE ON SCHEMAS');
      }
      await changeDefault(context, { role, namespace, letter, type, grantees }, action);
    }
  }
  return { kind: 'done', tag: 'ALTER DEFAULT PRIVILEGES' };
}

async function changeDefault(
  context: CommandContext,
  target: {
    readonly role: number;
    readonly namespace: number;
    readonly letter: string;
    readonly type: ObjectType;
    readonly grantees: readonly number[];
  },
  action: GrantStmt,
): Promise<void> {
  const { tables } = context.catalog;
  const key = { defaclrole: target.role, defaclnamespace: target.namespace, defaclobjtype: target.letter };
  const existing = tables.findOne('pg_default_acl', key);
  // A schema's list adds to the global one: it starts empty, the global one starts as the built-in defaults.
  const base = target.namespace === 0 ? defaultPrivileges(target.letter, target.role) : [];
  let items: readonly AclItem[] = existing === null ? base : parseAcl(context, existing.row.defaclacl);
  const bits = privilegesOf(action, target);
  for (const grantee of target.grantees) {
    requireRole(grantee, action.is_grant === true, action.grant_option === true);
    const change = {
      grantee,
      grantor: target.role,
      privileges: bits,
      grantOptions: action.grant_option || !action.is_grant ? bits : 0,
    };
    if (action.is_grant) items = grantTo(items, change);
    else {
      const revoked = action.grant_option ? { ...change, privileges: 0 } : change;
      items = revokeFrom(items, revoked, { owner: target.role, cascade: action.behavior === 'DROP_CASCADE' });
    }
  }
  await store(context, { key, existing, isDefault: sameAcl(items, base) }, items);
}

function privilegesOf(action: GrantStmt, target: { readonly letter: string; readonly type: ObjectType }): number {
  const named = (action.privileges ?? []).map((node) => nodeOf(node, 'AccessPriv'));
  if (named.some((one) => (one.cols?.length ?? 0) > 0)) {
    throw pgError(SqlState.invalidGrantOperation, 'default privileges cannot be set for columns');
  }
  if (named.length === 0) return allPrivileges[target.letter] as number;
  return named.reduce((sum, one) => sum | privilegeBit(one.priv_name ?? '', target.type), 0);
}

async function store(
  context: CommandContext,
  target: {
    readonly key: { readonly defaclrole: number; readonly defaclnamespace: number; readonly defaclobjtype: string };
    readonly existing: CatalogEntry<'pg_default_acl'> | null;
    readonly isDefault: boolean;
  },
  items: readonly AclItem[],
): Promise<void> {
  const { tables } = context.catalog;
  const { key, existing } = target;
  if (target.isDefault) {
    if (existing === null) return;
    const address = objectAddress(ClassOid.defaultAcl, existing.row.oid);
    await tables.delete(context.transaction, 'pg_default_acl', existing);
    await forgetDependencies(context, address);
    await forgetSharedDependencies(context, address);
    return;
  }
  const defaclacl = printAcl(context, sortedAcl(items));
  const oid = existing?.row.oid ?? tables.newOid('pg_default_acl');
  const address = objectAddress(ClassOid.defaultAcl, oid);
  if (existing !== null) await tables.update(context.transaction, 'pg_default_acl', existing, { defaclacl });
  else {
    await tables.insert(context.transaction, 'pg_default_acl', { oid, ...key, defaclacl });
    await recordOwner(context, ClassOid.defaultAcl, oid, key.defaclrole);
    if (key.defaclnamespace !== 0) await recordDependency(context, address, schemaAddress(key.defaclnamespace), 'a');
  }
  await recordAclDependencies(context, address, key.defaclrole, defaclacl);
}
