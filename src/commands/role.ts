// CREATE, ALTER, DROP and RENAME of roles.
import type { AlterRoleStmt, CreateRoleStmt, DefElem, DropRoleStmt } from '@pgsql/types';
import { roleDependencyDetail } from '../catalog/dependencies/shared.js';
import type { PgAuthidRow } from '../catalog/generated/rows.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { CommandContext, CommandResult } from './api.js';
import { bootstrapSuperuser, ClassOid, firstUnpinnedOid, objectAddress } from './classes.js';
import { setComment } from './comment.js';
import { isEmptyPassword, isHashed, passwordVerifier } from './password.js';
import { addMembers, addMembership, removeMembers } from './role-grant.js';
import { isAdminOfRole, requireRole, resolveRole, roleName } from './role-membership.js';
import { conflictingOptions, defBoolean, defElems, defInt4, defString, defText, listItems, nodeOf } from './tree.js';
import { noticeMissing } from './permissions.js';

type Options = ReadonlyMap<string, DefElem>;

function collect(options: readonly DefElem[]): Options {
  const given = new Map<string, DefElem>();
  for (const def of options) {
    const name = def.defname ?? '';
    if (given.has(name)) conflictingOptions(def);
    given.set(name, def);
  }
  return given;
}

const attributes = [
  ['superuser', 'rolsuper', 'SUPERUSER'],
  ['createdb', 'rolcreatedb', 'CREATEDB'],
  ['isreplication', 'rolreplication', 'REPLICATION'],
  ['bypassrls', 'rolbypassrls', 'BYPASSRLS'],
] as const;

const flags = [
  ['superuser', 'rolsuper'],
  ['inherit', 'rolinherit'],
  ['createrole', 'rolcreaterole'],
  ['createdb', 'rolcreatedb'],
  ['canlogin', 'rolcanlogin'],
  ['isreplication', 'rolreplication'],
  ['bypassrls', 'rolbypassrls'],
] as const;

function denied(action: string, detail: string): Error {
  return pgError(SqlState.insufficientPrivilege, `permission denied to ${action} role`, { detail });
}

function ownRow(context: CommandContext): PgAuthidRow | undefined {
  return context.catalog.tables.findOne('pg_authid', { oid: context.userId })?.row;
}

/** CREATE ROLE / USER / GROUP. */
export async function createRoleStatement(statement: CreateRoleStmt, context: CommandContext): Promise<CommandResult> {
  const { tables } = context.catalog;
  const given = collect(defElems(statement.options));
  const name = statement.role ?? '';
  requireCreateRights(context, given);
  checkName(name);
  if (context.catalog.io.names.roleOid(name) !== null) {
    throw pgError(SqlState.duplicateObject, `role "${name}" already exists`);
  }
  if (given.has('sysid')) notice(context, 'SYSID can no longer be specified');
  const oid = tables.newOid('pg_authid');
  const flag = (option: string, fallback: boolean): boolean => {
    const def = given.get(option);
    return def === undefined ? fallback : defBoolean(def);
  };
  await tables.insert(context.transaction, 'pg_authid', {
    oid,
    rolname: name,
    rolsuper: flag('superuser', false),
    rolinherit: flag('inherit', true),
    rolcreaterole: flag('createrole', false),
    rolcreatedb: flag('createdb', false),
    rolcanlogin: flag('canlogin', statement.stmt_type === 'ROLESTMT_USER'),
    rolreplication: flag('isreplication', false),
    rolbypassrls: flag('bypassrls', false),
    rolconnlimit: connectionLimit(given) ?? -1,
    rolpassword: password(context, name, given) ?? null,
    rolvaliduntil: validUntil(context, given) ?? null,
  });
  await createMemberships(context, oid, given);
  return { kind: 'done', tag: 'CREATE ROLE' };
}

async function createMemberships(context: CommandContext, oid: number, given: Options): Promise<void> {
  for (const node of listItems(given.get('addroleto')?.arg)) {
    await addMembers(context, resolveRole(context, nodeOf(node, 'RoleSpec')), [oid], {});
  }
  if (!context.isSuperuser) {
    // Who creates a role may administer it, though it neither inherits from it nor may become it.
    await addMembership(context, {
      roleid: oid,
      member: context.userId,
      grantor: bootstrapSuperuser,
      admin_option: true,
      inherit_option: false,
      set_option: false,
    });
    await grantToCreator(context, oid);
  }
  const members = (name: string): number[] =>
    listItems(given.get(name)?.arg).map((node) => resolveRole(context, nodeOf(node, 'RoleSpec')));
  await addMembers(context, oid, members('rolemembers'), {});
  await addMembers(context, oid, members('adminmembers'), { admin: true });
}

/** createrole_self_grant: a membership with INHERIT or SET, beside the one that gives ADMIN. */
async function grantToCreator(context: CommandContext, oid: number): Promise<void> {
  const words = (context.session.setting('createrole_self_grant') ?? '').split(',').map((word) => word.trim());
  const [inherit, set] = [words.includes('inherit'), words.includes('set')];
  if (inherit || set) await addMembers(context, oid, [context.userId], { admin: false, inherit, set });
}

function requireCreateRights(context: CommandContext, given: Options): void {
  if (context.isSuperuser) return;
  const own = ownRow(context);
  if (!own?.rolcreaterole) throw denied('create', 'Only roles with the CREATEROLE attribute may create roles.');
  for (const [option, column, word] of attributes) {
    const def = given.get(option);
    if (def === undefined || !defBoolean(def) || own[column]) continue;
    throw denied('create', `Only roles with the ${word} attribute may create roles with the ${word} attribute.`);
  }
}

function checkName(name: string): void {
  if (name.startsWith('pg_')) {
    throw pgError(SqlState.reservedName, `role name "${name}" is reserved`, {
      detail: 'Role names starting with "pg_" are reserved.',
    });
  }
  if (name === 'public' || name === 'none') throw pgError(SqlState.reservedName, `role name "${name}" is reserved`);
}

function connectionLimit(given: Options): number | undefined {
  const def = given.get('connectionlimit');
  if (def === undefined) return undefined;
  const limit = defInt4(def);
  if (limit < -1) throw pgError(SqlState.invalidParameterValue, `invalid connection limit: ${limit}`);
  return limit;
}

function password(context: CommandContext, name: string, given: Options): string | null | undefined {
  const def = given.get('password');
  if (def === undefined) return undefined;
  const text = defText(def);
  if (text === null) return null;
  if (isEmptyPassword(text, name)) {
    notice(context, 'empty string is not a valid password, clearing password');
    return null;
  }
  if (isHashed(text)) return text;
  return passwordVerifier(text, name, {
    method: context.session.setting('password_encryption') === 'md5' ? 'md5' : 'scram-sha-256',
    iterations: Number(context.session.setting('scram_iterations') ?? 4096),
  });
}

const timestamptz = 1184;

function validUntil(context: CommandContext, given: Options): bigint | undefined {
  const def = given.get('validUntil');
  if (def === undefined) return undefined;
  const type = context.catalog.typeByOid(timestamptz);
  return type.behaviour.input(defString(def), type, -1, context.catalog.io) as bigint;
}

/** ALTER ROLE ... options; ALTER GROUP ... ADD / DROP USER. */
export async function alterRoleStatement(statement: AlterRoleStmt, context: CommandContext): Promise<CommandResult> {
  const done: CommandResult = { kind: 'done', tag: 'ALTER ROLE' };
  const { tables } = context.catalog;
  const oid = resolveRole(context, statement.role);
  const given = collect(defElems(statement.options));
  const members = given.get('rolemembers');
  const entry = tables.findOne('pg_authid', { oid });
  if (entry === null) return done;
  if (entry.row.rolname.startsWith('pg_') && oid < firstUnpinnedOid && !context.isSuperuser) {
    throw pgError(SqlState.reservedName, `role name "${entry.row.rolname}" is reserved`);
  }
  requireAlterRights(context, entry.row, given);
  const changes: Record<string, unknown> = {};
  for (const [option, column] of flags) {
    const def = given.get(option);
    if (def !== undefined) changes[column] = defBoolean(def);
  }
  if (changes['rolsuper'] === false && oid === bootstrapSuperuser) {
    throw pgError(SqlState.insufficientPrivilege, 'permission denied to alter role', {
      detail: 'The bootstrap superuser must have the SUPERUSER attribute.',
    });
  }
  const limit = connectionLimit(given);
  const verifier = password(context, entry.row.rolname, given);
  const until = validUntil(context, given);
  if (limit !== undefined) changes['rolconnlimit'] = limit;
  if (verifier !== undefined) changes['rolpassword'] = verifier;
  if (until !== undefined) changes['rolvaliduntil'] = until;
  if (Object.keys(changes).length > 0) await tables.update(context.transaction, 'pg_authid', entry, changes);
  if (members !== undefined) await changeMembers(context, oid, statement.action ?? 0, members);
  return done;
}

async function changeMembers(context: CommandContext, oid: number, action: number, members: DefElem): Promise<void> {
  const oids = listItems(members.arg).map((node) => resolveRole(context, nodeOf(node, 'RoleSpec')));
  if (action > 0) await addMembers(context, oid, oids, {});
  else await removeMembers(context, oid, oids, { admin: false, inherit: false, set: false, cascade: false });
}

function requireAlterRights(context: CommandContext, row: PgAuthidRow, given: Options): void {
  if (context.isSuperuser) return;
  if (row.rolsuper)
    throw denied('alter', 'Only roles with the SUPERUSER attribute may alter roles with the SUPERUSER attribute.');
  const own = ownRow(context);
  const isAdmin = own?.rolcreaterole === true && isAdminOfRole(context, context.userId, row.oid);
  if (!isAdmin) {
    const onlyPassword = [...given.keys()].every((name) => name === 'password');
    if (onlyPassword && row.oid === context.userId) return;
    const onlyMembers = [...given.keys()].every((name) => name === 'rolemembers');
    if (onlyMembers) {
      if (isAdminOfRole(context, context.userId, row.oid)) return;
      throw denied('alter', `Only roles with the ADMIN option on role "${row.rolname}" may add or drop members.`);
    }
    if (onlyPassword) {
      throw denied(
        'alter',
        "To change another role's password, the current user must have the CREATEROLE attribute and the ADMIN option on the role.",
      );
    }
    throw denied(
      'alter',
      `Only roles with the CREATEROLE attribute and the ADMIN option on role "${row.rolname}" may alter this role.`,
    );
  }
  for (const [option, column, word] of attributes) {
    if (!given.has(option) || own[column]) continue;
    throw denied('alter', `Only roles with the ${word} attribute may change the ${word} attribute.`);
  }
}

/** DROP ROLE. */
export async function dropRoleStatement(statement: DropRoleStmt, context: CommandContext): Promise<CommandResult> {
  const { tables } = context.catalog;
  if (!context.isSuperuser && !ownRow(context)?.rolcreaterole) {
    throw denied(
      'drop',
      'Only roles with the CREATEROLE attribute and the ADMIN option on the target roles may drop roles.',
    );
  }
  const oids: number[] = [];
  for (const node of statement.roles ?? []) {
    const spec = nodeOf(node, 'RoleSpec');
    if (spec.roletype !== 'ROLESPEC_CSTRING')
      throw pgError(SqlState.invalidParameterValue, 'cannot use special role specifier in DROP ROLE');
    const found = context.catalog.io.names.roleOid(spec.rolename ?? '');
    if (found === null) {
      if (!statement.missing_ok) throw pgError(SqlState.undefinedObject, `role "${spec.rolename}" does not exist`);
      noticeMissing(context, `role "${spec.rolename}"`);
      continue;
    }
    requireDroppable(context, found);
    await context.transaction.lockObject(ClassOid.authid, found, 'AccessExclusiveLock');
    oids.push(found);
  }
  for (const oid of oids) await dropMemberships(context, oid);
  for (const oid of oids) {
    const entry = tables.findOne('pg_authid', { oid });
    if (entry === null) continue;
    const detail = roleDependencyDetail(context.catalog, oid);
    if (detail !== null) {
      throw pgError(
        SqlState.dependentObjectsStillExist,
        `role "${entry.row.rolname}" cannot be dropped because some objects depend on it`,
        { detail },
      );
    }
    await setComment(context, objectAddress(ClassOid.authid, oid), null);
    for (const setting of tables.find('pg_db_role_setting', { setrole: oid }))
      await tables.delete(context.transaction, 'pg_db_role_setting', setting);
    await tables.delete(context.transaction, 'pg_authid', entry);
  }
  return { kind: 'done', tag: 'DROP ROLE' };
}

function requireDroppable(context: CommandContext, oid: number): void {
  if (oid === context.userId) throw pgError(SqlState.objectInUse, 'current user cannot be dropped');
  if (oid === context.sessionUserId) throw pgError(SqlState.objectInUse, 'session user cannot be dropped');
  if (oid < firstUnpinnedOid) {
    throw pgError(
      SqlState.dependentObjectsStillExist,
      `cannot drop role ${roleName(context, oid)} because it is required by the database system`,
    );
  }
  if (context.isSuperuser) return;
  const row = context.catalog.tables.findOne('pg_authid', { oid })?.row;
  if (row?.rolsuper)
    throw denied('drop', 'Only roles with the SUPERUSER attribute may drop roles with the SUPERUSER attribute.');
  if (!isAdminOfRole(context, context.userId, oid)) {
    throw denied(
      'drop',
      `Only roles with the CREATEROLE attribute and the ADMIN option on role "${row?.rolname ?? ''}" may drop this role.`,
    );
  }
}

async function dropMemberships(context: CommandContext, oid: number): Promise<void> {
  const { tables } = context.catalog;
  for (const entry of [
    ...tables.find('pg_auth_members', { roleid: oid }),
    ...tables.find('pg_auth_members', { member: oid }),
  ]) {
    await tables.delete(context.transaction, 'pg_auth_members', entry);
    for (const shared of tables.find('pg_shdepend', { dbid: 0, classid: ClassOid.authMembers, objid: entry.row.oid })) {
      await tables.delete(context.transaction, 'pg_shdepend', shared);
    }
  }
}

/** ALTER ROLE ... RENAME TO. An md5 password holds the old name and is lost. */
export async function renameRole(context: CommandContext, oldName: string, newName: string): Promise<void> {
  const { tables } = context.catalog;
  const oid = requireRole(context, oldName);
  const entry = tables.findOne('pg_authid', { oid });
  if (entry === null) return;
  if (oid === context.sessionUserId) throw pgError(SqlState.featureNotSupported, 'session user cannot be renamed');
  if (oid === context.userId) throw pgError(SqlState.featureNotSupported, 'current user cannot be renamed');
  if (oldName.startsWith('pg_')) {
    throw pgError(SqlState.reservedName, `role name "${oldName}" is reserved`, {
      detail: 'Role names starting with "pg_" are reserved.',
    });
  }
  checkName(newName);
  if (context.catalog.io.names.roleOid(newName) !== null)
    throw pgError(SqlState.duplicateObject, `role "${newName}" already exists`);
  requireRenameRights(context, entry.row);
  const losesPassword = entry.row.rolpassword?.startsWith('md5') === true;
  await tables.update(context.transaction, 'pg_authid', entry, {
    rolname: newName,
    ...(losesPassword ? { rolpassword: null } : {}),
  });
  if (losesPassword) notice(context, 'MD5 password cleared because of role rename');
}

function requireRenameRights(context: CommandContext, row: PgAuthidRow): void {
  if (context.isSuperuser) return;
  if (row.rolsuper)
    throw denied('rename', 'Only roles with the SUPERUSER attribute may rename roles with the SUPERUSER attribute.');
  if (ownRow(context)?.rolcreaterole && isAdminOfRole(context, context.userId, row.oid)) return;
  throw denied(
    'rename',
    `Only roles with the CREATEROLE attribute and the ADMIN option on role "${row.rolname}" may rename this role.`,
  );
}

function notice(context: CommandContext, message: string): void {
  context.notice({ severity: 'NOTICE', code: SqlState.successfulCompletion, message, fields: {} });
}
