// ALTER SYSTEM SET / RESET: writes heliosdb.auto.toml; the value is in force after a reload or restart.
import type { AlterSystemStmt } from '@pgsql/types';
import { writeAutoSetting } from '../../config/auto-file.js';
import { isCustomName, parseConfigured, unrecognized } from '../../config/base-settings.js';
import { settingDefinition } from '../../config/definitions.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import { mayChangeParameter } from '../parameter-privileges.js';
import type { Session } from '../session.js';
import { flatten } from './settings.js';

/** Runs it; returns its tag. Throws 25001, 42501, 42704, 55P02, 22023. */
export function runAlterSystem(session: Session, statement: AlterSystemStmt): string {
  if (session.transactions.isInAnyBlock) {
    throw pgError(SqlState.activeSqlTransaction, 'ALTER SYSTEM cannot run inside a transaction block');
  }
  session.transactions.commitAlone();
  if (!session.settings.bool('allow_alter_system')) {
    throw pgError(SqlState.invalidParameterValue, 'ALTER SYSTEM is not allowed in this environment');
  }
  const set = statement.setstmt ?? {};
  const { dataDirectory } = session.environment.server;
  if (set.kind === 'VAR_RESET_ALL') {
    if (!session.isSuperuser)
      throw pgError(SqlState.insufficientPrivilege, 'permission denied to perform ALTER SYSTEM RESET ALL');
    writeAutoSetting(dataDirectory, null, null);
    return 'ALTER SYSTEM';
  }
  const name = set.name ?? '';
  const definition = settingDefinition(name);
  const known = definition?.name ?? name;
  if (!mayChangeParameter(session, known, 'alterSystem'))
    throw pgError(SqlState.insufficientPrivilege, `permission denied to set parameter "${known}"`);
  const value = set.kind === 'VAR_SET_VALUE' ? flatten(set.args ?? [], session, known) : null;
  if (definition === undefined) {
    if (value !== null && !isCustomName(name)) throw unrecognized(name);
  } else if (
    definition.context === 'internal' ||
    fixedSettings.has(definition.name) ||
    definition.flags.includes('NO_RESET_ALL')
  ) {
    throw pgError(SqlState.cantChangeRuntimeParam, `parameter "${definition.name}" cannot be changed`);
  } else if (value !== null) {
    parseConfigured(definition, value);
  }
  writeAutoSetting(dataDirectory, known, value);
  return 'ALTER SYSTEM';
}

/** Settings that decide where this very file is. */
const fixedSettings = new Set(['data_directory', 'config_file', 'hba_file', 'ident_file', 'external_pid_file']);
