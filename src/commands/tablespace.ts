// Tablespaces: one store holds everything, so only the built-in names are known; pg_default is stored as 0.
import { pgError, SqlState } from '../errors/pg-error.js';
import type { CommandContext } from './api.js';

/** Oid to store for a tablespace's name (0 for the database's default). Throws 42704, 42809. */
export function requireTablespace(context: CommandContext, name: string): number {
  const row = context.catalog.tables.findOne('pg_tablespace', { spcname: name })?.row;
  if (row === undefined) throw pgError(SqlState.undefinedObject, `tablespace "${name}" does not exist`);
  if (name === 'pg_global')
    throw pgError(SqlState.invalidParameterValue, 'only shared relations can be placed in pg_global tablespace');
  return name === 'pg_default' ? 0 : row.oid;
}
