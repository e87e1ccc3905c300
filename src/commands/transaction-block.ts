// Commands that refuse to run inside a transaction block (CREATE DATABASE, CREATE INDEX CONCURRENTLY, ...).
import { pgError, SqlState } from '../errors/pg-error.js';
import type { CommandContext } from './api.js';

/** Keeps the command alone in its transaction, in a pipeline too. 25001 inside BEGIN ... COMMIT, a function or a multi-statement string. */
export function requireNoTransactionBlock(context: CommandContext, command: string): void {
  if (context.isInFunction) {
    throw pgError(SqlState.activeSqlTransaction, `${command} cannot be executed from a function`);
  }
  if (!context.isTopLevel) {
    throw pgError(SqlState.activeSqlTransaction, `${command} cannot run inside a transaction block`);
  }
  context.commitAlone();
}
