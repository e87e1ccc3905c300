// Tablespaces: one store holds everything, so only the built-in names are known; pg_default is stored as 0.
import { pgError, SqlState } from '../errors/pg-error.js';
import type { CommandContext } from './api.js';

const defaultTablespace = 1663;
const globalTablespace = 1664;

/** Oid to store for a tablespace's name (0 for the database's default). Throws 42704, 42809. */
export function requireTablespace(context: CommandContext, name: string): number {
  const row = context.catalog.tables.findOne('pg_tablespace', { spcname: name })?.row;
  if (row === undefined) throw pgError(SqlState.undefinedObject, `tablespace "${name}" does not exist`);
  if (row.oid === globalTablespace)
    throw pgError(SqlState.invalidParameterValue, 'only shared relations can be placed in pg_global tablespace');
  return row.oid === defaultTablespace ? 0 : row.oid;
}

/** 42939 for names that only the system's own tablespaces have. */
export function requireUnreservedTablespace(name: string): void {
  if (!name.startsWith('pg_')) return;
  throw pgError(SqlState.reservedName, `unacceptable tablespace name "${name}"`, {
    detail: 'The prefix "pg_" is reserved for system tablespaces.',
  });
}
