// ALTER ROLE / DATABASE ... SET and RESET: pg_db_role_setting. Also how SET clauses of functions become text.
import type { AlterDatabaseSetStmt, AlterRoleSetStmt, VariableSetStmt } from '@pgsql/types';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { CommandContext, CommandResult } from './api.js';
import { requireOwner } from './permissions.js';
import { isAdminOfRole, resolveRole, roleName } from './role-membership.js';
import { settingsService } from './services.js';
import { constText, nodeAs } from './tree.js';

/** ALTER ROLE ... [IN DATABASE ...] SET. */
export async function alterRoleSetStatement(
  statement: AlterRoleSetStmt,
  context: CommandContext,
): Promise<CommandResult> {
  const role = statement.role ? resolveRole(context, statement.role) : 0;
  const database = statement.database ? requireDatabase(context, statement.database).oid : 0;
  requireRoleSettingRights(context, role, database);
  await alterSetting(context, { database, role }, statement.setstmt ?? {});
  return { kind: 'done', tag: 'ALTER ROLE' };
}

function requireRoleSettingRights(context: CommandContext, role: number, database: number): void {
  if (context.isSuperuser) return;
  if (role === 0) {
    if (database === 0) {
      throw pgError(SqlState.insufficientPrivilege, 'permission denied to alter setting', {
        detail: 'Only roles with the SUPERUSER attribute may alter settings globally.',
      });
    }
    const row = context.catalog.tables.findOne('pg_database', { oid: database })?.row;
    requireOwner(context, row?.datdba ?? 0, 'database', row?.datname ?? '');
    return;
  }
  const row = context.catalog.tables.findOne('pg_authid', { oid: role })?.row;
  const own = context.catalog.tables.findOne('pg_authid', { oid: context.userId })?.row;
  const denied = (detail: string): Error =>
    pgError(SqlState.insufficientPrivilege, 'permission denied to alter role', { detail });
  if (row?.rolsuper)
    throw denied('Only roles with the SUPERUSER attribute may alter roles with the SUPERUSER attribute.');
  if (role === context.userId || (own?.rolcreaterole && isAdminOfRole(context, context.userId, role))) return;
  throw denied(
    `Only roles with the CREATEROLE attribute and the ADMIN option on role "${roleName(context, role)}" may alter this role.`,
  );
}

/** A database by name; throws 3D000. */
export function requireDatabase(context: CommandContext, name: string) {
  const row = context.catalog.tables.findOne('pg_database', { datname: name })?.row;
  if (row === undefined) throw pgError(SqlState.undefinedDatabase, `database "${name}" does not exist`);
  return row;
}

/** ALTER DATABASE ... SET. */
export async function alterDatabaseSetStatement(
  statement: AlterDatabaseSetStmt,
  context: CommandContext,
): Promise<CommandResult> {
  const row = requireDatabase(context, statement.dbname ?? '');
  requireOwner(context, row.datdba, 'database', row.datname);
  await alterSetting(context, { database: row.oid, role: 0 }, statement.setstmt ?? {});
  return { kind: 'done', tag: 'ALTER DATABASE' };
}

async function alterSetting(
  context: CommandContext,
  target: { readonly database: number; readonly role: number },
  statement: VariableSetStmt,
): Promise<void> {
  const { tables } = context.catalog;
  const entry = tables.findOne('pg_db_role_setting', { setdatabase: target.database, setrole: target.role });
  const setconfig = changeConfig(context, entry?.row.setconfig ?? null, statement);
  if (setconfig === null) {
    if (entry !== null) await tables.delete(context.transaction, 'pg_db_role_setting', entry);
  } else if (entry === null) {
    await tables.insert(context.transaction, 'pg_db_role_setting', {
      setdatabase: target.database,
      setrole: target.role,
      setconfig,
    });
  } else await tables.update(context.transaction, 'pg_db_role_setting', entry, { setconfig });
}

/** A "name=value" list with one SET or RESET applied; null where nothing is left. Throws 42704, 22023, 42501. */
function changeConfig(
  context: CommandContext,
  config: readonly string[] | null,
  statement: VariableSetStmt,
): readonly string[] | null {
  if (statement.kind === 'VAR_RESET_ALL') return null;
  const settings = context.session.service(settingsService);
  const text = settingText(context, statement);
  const checked = settings.check(statement.name ?? '', text, context.isSuperuser);
  const isSame = (option: string): boolean =>
    option.slice(0, option.indexOf('=')).toLowerCase() === checked.name.toLowerCase();
  const index = (config ?? []).findIndex(isSame);
  const result = [...(config ?? [])];
  if (text === null) {
    if (index >= 0) result.splice(index, 1);
  } else if (index >= 0) result[index] = `${checked.name}=${checked.value}`;
  else result.push(`${checked.name}=${checked.value}`);
  return result.length === 0 ? null : result;
}

/** The same for a function, whose settings are set and reset whenever it runs. Throws 0A000 for those that can't be. */
export function changeFunctionConfig(
  context: CommandContext,
  config: readonly string[] | null,
  statement: VariableSetStmt,
): readonly string[] | null {
  if (statement.kind === 'VAR_RESET' || statement.kind === 'VAR_SET_DEFAULT')
    context.session.service(settingsService).requireResettable(statement.name ?? '');
  return changeConfig(context, config, statement);
}

/** The value a SET gives; null for RESET and SET TO DEFAULT. */
function settingText(context: CommandContext, statement: VariableSetStmt): string | null {
  const settings = context.session.service(settingsService);
  const name = statement.name ?? '';
  switch (statement.kind) {
    case 'VAR_SET_VALUE':
      return settings.flatten(
        name,
        (statement.args ?? []).map((node) => {
          const cast = nodeAs(node, 'TypeCast');
          const constant = nodeAs(cast?.arg ?? node, 'A_Const');
          return { text: constant ? (constText(constant) ?? '') : '', isIdentifierLike: constant?.sval !== undefined };
        }),
      );
    case 'VAR_SET_CURRENT':
      return settings.current(name);
    case 'VAR_SET_DEFAULT':
    case 'VAR_RESET':
      return null;
    default:
      throw pgError(SqlState.syntaxError, 'SET LOCAL and SET TRANSACTION cannot be stored');
  }
}
