// CREATE, ALTER, DROP and RENAME of databases.
import type { AlterDatabaseRefreshCollStmt, AlterDatabaseStmt, CreatedbStmt, DefElem, DropdbStmt } from '@pgsql/types';
import type { PgDatabaseRow } from '../catalog/generated/rows.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { CommandContext, CommandResult } from './api.js';
import { ClassOid, defaultTablespace, objectAddress } from './classes.js';
import { setComment } from './comment.js';
import { recordOwner, forgetSharedDependencies } from './depend.js';
import { encodingName } from '../base/encoding-names.js';
import { isOwner, noticeMissing, requireOwner, requireSetRole } from './permissions.js';
import { requireDatabase } from './role-settings.js';
import { requireRole } from './role-membership.js';
import { statisticsService } from '../functions/server-services.js';
import { sessionRegistryService } from './services.js';
import { requireNoTransactionBlock } from './transaction-block.js';
import { conflictingOptions, defBoolean, defElems, defInt4, defString, defText, locationOf } from './tree.js';

const utf8Encoding = 6;

const createOptions = [
  'tablespace',
  'owner',
  'template',
  'encoding',
  'locale',
  'builtin_locale',
  'icu_locale',
  'icu_rules',
  'lc_collate',
  'lc_ctype',
  'locale_provider',
  'is_template',
  'allow_connections',
  'connection_limit',
  'collation_version',
  'oid',
  'strategy',
  'location',
] as const;

type Given = ReadonlyMap<string, DefElem>;

function collect(options: readonly DefElem[], known: readonly string[]): Given {
  const given = new Map<string, DefElem>();
  for (const def of options) {
    const name = def.defname ?? '';
    if (!known.includes(name)) throw pgError(SqlState.syntaxError, `option "${name}" not recognized`, locationOf(def));
    if (given.has(name)) conflictingOptions(def);
    given.set(name, def);
  }
  return given;
}

/** An option's text; DEFAULT is null. */
function optionText(given: Given, name: string): string | null {
  const def = given.get(name);
  return def === undefined ? null : defText(def);
}

/** CREATE DATABASE. */
export async function createDatabaseStatement(
  statement: CreatedbStmt,
  context: CommandContext,
): Promise<CommandResult> {
  requireNoTransactionBlock(context, 'CREATE DATABASE');
  const { tables } = context.catalog;
  const given = collect(defElems(statement.options), createOptions);
  const name = statement.dbname ?? '';
  requireCreateRight(context);
  const owner = ownerOf(context, given);
  if (tables.findOne('pg_database', { datname: name }) !== null) {
    throw pgError(SqlState.duplicateDatabase, `database "${name}" already exists`);
  }
  const template = await templateOf(context, optionText(given, 'template') ?? 'template1');
  checkEncoding(given);
  const oid = tables.newOid('pg_database');
  await tables.insert(context.transaction, 'pg_database', {
    ...template,
    oid,
    datname: name,
    datdba: owner,
    datistemplate: given.has('is_template') && defBoolean(given.get('is_template') as DefElem),
    datallowconn: !given.has('allow_connections') || defBoolean(given.get('allow_connections') as DefElem),
    datconnlimit: connectionLimit(given) ?? -1,
    dattablespace: defaultTablespace,
    ...localeOf(given, template),
    datacl: null,
  });
  await recordOwner(context, ClassOid.database, oid, owner);
  await context.store.copyDatabase(context.transaction.store, template.oid, oid);
  return { kind: 'done', tag: 'CREATE DATABASE' };
}

function requireCreateRight(context: CommandContext): void {
  if (context.isSuperuser) return;
  if (context.catalog.tables.findOne('pg_authid', { oid: context.userId })?.row.rolcreatedb) return;
  throw pgError(SqlState.insufficientPrivilege, 'permission denied to create database');
}

function ownerOf(context: CommandContext, given: Given): number {
  const name = optionText(given, 'owner');
  if (name === null) return context.userId;
  const owner = requireRole(context, name);
  requireSetRole(context, owner);
  return owner;
}

/** Throws 55006 where clients or prepared transactions are in a database; automatic maintenance makes room. */
async function requireUnused(context: CommandContext, database: number, message: string): Promise<void> {
  const registry = context.session.service(sessionRegistryService);
  await registry.dismissMaintenance(database);
  const sessions = registry.otherSessions(database);
  const prepared = registry.preparedTransactions(database);
  if (sessions + prepared > 0) throw inUse(message, sessions, prepared);
}

async function templateOf(context: CommandContext, name: string): Promise<PgDatabaseRow> {
  const row = context.catalog.tables.findOne('pg_database', { datname: name })?.row;
  if (row === undefined) throw pgError(SqlState.undefinedDatabase, `template database "${name}" does not exist`);
  if (!row.datistemplate && !isOwner(context, row.datdba)) {
    throw pgError(SqlState.insufficientPrivilege, `permission denied to copy database "${name}"`);
  }
  await requireUnused(context, row.oid, `source database "${name}" is being accessed by other users`);
  return row;
}

function inUse(message: string, sessions: number, prepared: number): Error {
  const counted = (count: number, noun: string) =>
    count === 1 ? `There is 1 ${noun} using the database.` : `There are ${count} ${noun}s using the database.`;
  const both = `There are ${sessions} other session(s) and ${prepared} prepared transaction(s) using the database.`;
  const one = sessions > 0 ? counted(sessions, 'other session') : counted(prepared, 'prepared transaction');
  return pgError(SqlState.objectInUse, message, { detail: sessions > 0 && prepared > 0 ? both : one });
}

function checkEncoding(given: Given): void {
  const def = given.get('encoding');
  if (def === undefined) return;
  const text = defText(def);
  if (text === null) return;
  if (def.arg && 'Integer' in def.arg) {
    if (def.arg.Integer.ival === utf8Encoding) return;
    throw pgError(SqlState.undefinedObject, `${text} is not a valid encoding code`, locationOf(def));
  }
  const encoding = encodingName(text);
  if (encoding === null)
    throw pgError(SqlState.undefinedObject, `${text} is not a valid encoding name`, locationOf(def));
  if (encoding === 'UTF8') return;
  throw pgError(
    SqlState.invalidParameterValue,
    `new encoding (${encoding}) is incompatible with the encoding of the template database (UTF8)`,
    { hint: `Use the same encoding as in the template database, or use template0 as template.` },
  );
}

function localeOf(given: Given, template: PgDatabaseRow): Partial<PgDatabaseRow> {
  const locale = optionText(given, 'locale');
  const provider = optionText(given, 'locale_provider');
  const letters: Readonly<Record<string, string>> = { builtin: 'b', icu: 'i', libc: 'c' };
  const letter = provider === null ? template.datlocprovider : letters[provider.toLowerCase()];
  if (letter === undefined)
    throw pgError(SqlState.invalidObjectDefinition, `unrecognized locale provider: ${provider}`);
  const icu =
    optionText(given, 'icu_locale') ?? optionText(given, 'builtin_locale') ?? (letter === 'c' ? null : locale);
  const collate = optionText(given, 'lc_collate') ?? locale;
  const ctype = optionText(given, 'lc_ctype') ?? locale;
  requireLocale('LC_COLLATE', collate);
  requireLocale('LC_CTYPE', ctype);
  return {
    datlocprovider: letter,
    datcollate: collate ?? template.datcollate,
    datctype: ctype ?? template.datctype,
    datlocale: letter === 'c' ? null : (icu ?? template.datlocale),
    daticurules: optionText(given, 'icu_rules') ?? template.daticurules,
  };
}

const locales: readonly string[] = ['C', 'POSIX', 'C.UTF-8', 'C.utf8', ''];

/** 42809 for a libc locale that is not there: this server brings the C locales and ICU. */
function requireLocale(category: string, name: string | null): void {
  if (name === null || locales.includes(name)) return;
  throw pgError(SqlState.wrongObjectType, `invalid ${category} locale name: "${name}"`, {
    hint: 'If the locale name is specific to ICU, use ICU_LOCALE.',
  });
}

function connectionLimit(given: Given): number | undefined {
  const def = given.get('connection_limit');
  if (def === undefined || def.arg === undefined) return undefined;
  const limit = defInt4(def);
  if (limit < -1) throw pgError(SqlState.invalidParameterValue, `invalid connection limit: ${limit}`);
  return limit;
}

/** ALTER DATABASE ... WITH options. */
export async function alterDatabaseStatement(
  statement: AlterDatabaseStmt,
  context: CommandContext,
): Promise<CommandResult> {
  const given = collect(defElems(statement.options), [
    'is_template',
    'allow_connections',
    'connection_limit',
    'tablespace',
  ]);
  const { tables } = context.catalog;
  const row = requireDatabase(context, statement.dbname ?? '');
  requireOwner(context, row.datdba, 'database', row.datname);
  const entry = tables.findOne('pg_database', { oid: row.oid });
  if (entry === null) return { kind: 'done', tag: 'ALTER DATABASE' };
  const allow = given.get('allow_connections');
  if (allow && !defBoolean(allow) && row.oid === context.catalog.database) {
    throw pgError(SqlState.invalidParameterValue, 'cannot disallow connections for current database');
  }
  const tablespace = given.get('tablespace');
  if (tablespace && tables.findOne('pg_tablespace', { spcname: defString(tablespace) }) === null) {
    throw pgError(SqlState.undefinedObject, `tablespace "${defString(tablespace)}" does not exist`);
  }
  const template = given.get('is_template');
  const limit = connectionLimit(given);
  await tables.update(context.transaction, 'pg_database', entry, {
    ...(template ? { datistemplate: defBoolean(template) } : {}),
    ...(allow ? { datallowconn: defBoolean(allow) } : {}),
    ...(limit === undefined ? {} : { datconnlimit: limit }),
  });
  return { kind: 'done', tag: 'ALTER DATABASE' };
}

/** ALTER DATABASE ... REFRESH COLLATION VERSION: versions never change under one server build. */
export async function refreshDatabaseCollation(
  statement: AlterDatabaseRefreshCollStmt,
  context: CommandContext,
): Promise<CommandResult> {
  const row = requireDatabase(context, statement.dbname ?? '');
  requireOwner(context, row.datdba, 'database', row.datname);
  const message = 'version has not changed';
  context.notice({ severity: 'NOTICE', code: SqlState.successfulCompletion, message, fields: {} });
  return { kind: 'done', tag: 'ALTER DATABASE' };
}

/** DROP DATABASE. */
export async function dropDatabaseStatement(statement: DropdbStmt, context: CommandContext): Promise<CommandResult> {
  requireNoTransactionBlock(context, 'DROP DATABASE');
  const done: CommandResult = { kind: 'done', tag: 'DROP DATABASE' };
  const { tables } = context.catalog;
  const name = statement.dbname ?? '';
  const entry = tables.findOne('pg_database', { datname: name });
  if (entry === null) {
    if (!statement.missing_ok) throw pgError(SqlState.undefinedDatabase, `database "${name}" does not exist`);
    noticeMissing(context, `database "${name}"`);
    return done;
  }
  const { row } = entry;
  requireOwner(context, row.datdba, 'database', name);
  if (row.datistemplate) throw pgError(SqlState.wrongObjectType, 'cannot drop a template database');
  if (row.oid === context.catalog.database)
    throw pgError(SqlState.objectInUse, 'cannot drop the currently open database');
  const sessions = context.session.service(sessionRegistryService);
  if (defElems(statement.options).some((def) => def.defname === 'force')) {
    const prepared = sessions.preparedTransactions(row.oid);
    if (prepared > 0) throw inUse(`database "${name}" is being used by prepared transactions`, 0, prepared);
    await sessions.terminateSessions(row.oid);
  }
  await requireUnused(context, row.oid, `database "${name}" is being accessed by other users`);
  const address = objectAddress(ClassOid.database, row.oid);
  await setComment(context, address, null);
  await forgetSharedDependencies(context, address);
  for (const shared of tables.find('pg_shdepend', { dbid: row.oid }))
    await tables.delete(context.transaction, 'pg_shdepend', shared);
  for (const setting of tables.find('pg_db_role_setting', { setdatabase: row.oid })) {
    await tables.delete(context.transaction, 'pg_db_role_setting', setting);
  }
  await tables.delete(context.transaction, 'pg_database', entry);
  context.store.dropDatabase(context.transaction.store, row.oid);
  const statistics = context.session.service(statisticsService);
  context.transaction.afterCommit(() => statistics.forgetDatabase(row.oid));
  return done;
}

/** ALTER DATABASE ... RENAME TO. */
export async function renameDatabaseRow(context: CommandContext, oldName: string, newName: string): Promise<void> {
  const { tables } = context.catalog;
  const row = requireDatabase(context, oldName);
  requireOwner(context, row.datdba, 'database', oldName);
  requireCreateRight(context);
  if (tables.findOne('pg_database', { datname: newName }) !== null) {
    throw pgError(SqlState.duplicateDatabase, `database "${newName}" already exists`);
  }
  if (row.oid === context.catalog.database)
    throw pgError(SqlState.featureNotSupported, 'current database cannot be renamed');
  await requireUnused(context, row.oid, `database "${oldName}" is being accessed by other users`);
  const entry = tables.findOne('pg_database', { oid: row.oid });
  if (entry !== null) await tables.update(context.transaction, 'pg_database', entry, { datname: newName });
}
