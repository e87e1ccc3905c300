// CREATE EXTENSION: its objects are made by its script (extension-script.ts) and belong to it from then on.
import type { CreateExtensionStmt, SecLabelStmt } from '@pgsql/types';
import { pgError, SqlState } from '../errors/pg-error.js';
import { quoteIdentifier } from '../types/quote.js';
import type { CommandContext, CommandResult } from './api.js';
import { ClassOid, objectAddress } from './classes.js';
import { setComment } from './comment.js';
import { recordDependency, recordOwner, schemaAddress } from './depend.js';
import { type ExtensionScript, extensionScripts } from './extension-script.js';
import { requireNamespace, runningExtensionScript } from './namespace.js';
import { defElems } from './tree.js';

/** CREATE EXTENSION. Throws 0A000 for extensions that are not there. */
export async function createExtensionStatement(
  statement: CreateExtensionStmt,
  context: CommandContext,
): Promise<CommandResult> {
  const name = statement.extname ?? '';
  if (context.catalog.tables.findOne('pg_extension', { extname: name }) !== null) {
    const message = `extension "${name}" already exists`;
    if (!statement.if_not_exists) throw pgError(SqlState.duplicateObject, message);
    context.notice({ severity: 'NOTICE', code: SqlState.duplicateObject, message: `${message}, skipping`, fields: {} });
    return { kind: 'done', tag: 'CREATE EXTENSION' };
  }
  const script = extensionScripts.get(name);
  if (script === undefined) {
    throw pgError(SqlState.featureNotSupported, `extension "${name}" is not available`, {
      detail: `Could not open extension control file "/usr/share/postgresql/17/extension/${name}.control": No such file or directory.`,
      hint: 'The extension must first be installed on the system where PostgreSQL is running.',
    });
  }
  await install(context, script, statement);
  return { kind: 'done', tag: 'CREATE EXTENSION' };
}

async function install(
  context: CommandContext,
  script: ExtensionScript,
  statement: CreateExtensionStmt,
): Promise<void> {
  const { name, version } = script;
  const options = new Map(defElems(statement.options).map((def) => [def.defname, optionText(def.arg)]));
  const wanted = options.get('new_version') ?? version;
  if (wanted !== version) {
    const text = `extension "${name}" has no installation script nor update path for version "${wanted}"`;
    throw pgError(SqlState.invalidParameterValue, text);
  }
  const schema = options.get('schema');
  const namespace = schema === undefined ? context.catalog.creationNamespace() : requireNamespace(context, schema);
  if (!context.isSuperuser) {
    throw pgError(SqlState.insufficientPrivilege, `permission denied to create extension "${name}"`, {
      hint: 'Must be superuser to create this extension.',
    });
  }
  const { tables } = context.catalog;
  const oid = tables.newOid('pg_extension');
  await tables.insert(context.transaction, 'pg_extension', {
    oid,
    extname: name,
    extowner: context.userId,
    extnamespace: namespace.oid,
    extrelocatable: script.isRelocatable,
    extversion: version,
    extconfig: null,
    extcondition: null,
  });
  const address = objectAddress(ClassOid.extension, oid);
  await recordOwner(context, ClassOid.extension, oid, context.userId);
  await recordDependency(context, address, schemaAddress(namespace.oid), 'n');
  await setComment(context, address, script.comment);
  const functionsOf = () =>
    tables.find('pg_proc', {}).flatMap(({ row }) => (row.pronamespace === namespace.oid ? [row.oid] : []));
  const before = new Set(functionsOf());
  await runningExtensionScript(context, async () => {
    for (const sql of script.statements) {
      await context.corridor.runSql(sql.replaceAll('@schema@', quoteIdentifier(namespace.name)));
    }
  });
  for (const made of functionsOf().filter((candidate) => !before.has(candidate))) {
    await recordDependency(context, objectAddress(ClassOid.proc, made), address, 'e');
  }
}

/** A version may be written as a name or a string. */
function optionText(argument: unknown): string | undefined {
  const text = argument as { String?: { sval?: string } } | undefined;
  return text?.String?.sval;
}

/** SECURITY LABEL: no label provider is ever loaded. */
export async function securityLabelStatement(
  statement: SecLabelStmt,
  _context: CommandContext,
): Promise<CommandResult> {
  if (statement.provider) {
    throw pgError(SqlState.invalidParameterValue, `security label provider "${statement.provider}" is not loaded`);
  }
  throw pgError(SqlState.objectNotInPrerequisiteState, 'no security label providers have been loaded');
}
