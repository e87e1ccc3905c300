// What a query must be for its rows to be read one after the other: by loops and by cursors.
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { Column } from '../host.js';

/** 42P11 for a statement without rows. */
export function requireRows(columns: readonly Column[] | null, command: string): void {
  if (columns !== null) return;
  throw pgError(SqlState.invalidCursorDefinition, `cannot open ${command} query as cursor`);
}
