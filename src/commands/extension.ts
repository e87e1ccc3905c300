// CREATE and ALTER EXTENSION: what can be installed is what pg_extension knows already.
import type { CreateExtensionStmt, SecLabelStmt } from '@pgsql/types';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { CommandContext, CommandResult } from './api.js';

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
  throw pgError(SqlState.featureNotSupported, `extension "${name}" is not available`, {
    detail: `Could not open extension control file "/usr/share/postgresql/17/extension/${name}.control": No such file or directory.`,
    hint: 'The extension must first be installed on the system where PostgreSQL is running.',
  });
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
