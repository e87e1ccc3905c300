// Errors that come out of a piece of SQL: those with a position point into that text from then on; others say in their
// CONTEXT which text it was.
import { withContext } from '../../errors/context.js';
import { PgError } from '../../errors/pg-error.js';
import type { SqlText } from '../tree.js';

const uses = { expression: 'SQL expression', assignment: 'PL/pgSQL assignment', statement: 'SQL statement' } as const;

/** How CONTEXT names a text. */
export function sqlTitle(sql: Pick<SqlText, 'text' | 'use'>): string {
  return `${uses[sql.use]} "${sql.text}"`;
}

/** What to throw for an error that passes out of `sql`. */
export function sqlBoundary(error: unknown, sql: Pick<SqlText, 'text' | 'use'>): unknown {
  if (!(error instanceof PgError)) return error;
  const { position, location: _location, ...fields } = error.fields;
  if (position === undefined || fields.internalQuery !== undefined) return withContext(error, sqlTitle(sql));
  error.fields = { ...fields, internalPosition: position, internalQuery: sql.text };
  return error;
}
