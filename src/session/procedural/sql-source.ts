// The texts of SQL that functions hold, as the parser takes them: an expression is the target list of a SELECT, an
// assignment's expression too. Places in errors are turned back into places of the text as it was written.
import { targetLocation } from '../../analyzer/statements/variable-assignment.js';
import { PgError } from '../../errors/pg-error.js';
import { type ParsedStatement, parse } from '../../parser/parse.js';
import { characterPosition } from '../../parser/position.js';
import type { SqlText } from '../../procedural/tree.js';

const prefix = 'SELECT ';

export interface SqlSource {
  /** What is parsed. */
  readonly parsedText: string;
  readonly statements: readonly ParsedStatement[];
}

/** Parses a text of a function. Errors carry the position in `sql.text`. */
export function parseSqlText(sql: SqlText): SqlSource {
  const parsedText = sql.use === 'statement' ? sql.text : prefix + sql.text.slice(sql.sourceAt);
  return placed(sql, parsedText, () => ({ parsedText, statements: parse(parsedText).statements }));
}

/** Runs what may throw errors that point into the parsed text. */
export function placed<T>(sql: Pick<SqlText, 'text' | 'use' | 'sourceAt'>, parsedText: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw placedError(sql, parsedText, error);
  }
}

/** An error with its position in the text as it was written. */
export function placedError(
  sql: Pick<SqlText, 'text' | 'use' | 'sourceAt'>,
  parsedText: string,
  error: unknown,
): unknown {
  if (!(error instanceof PgError) || error.fields.internalQuery !== undefined) return error;
  const { location, position, ...fields } = error.fields;
  if (location === targetLocation) {
    error.fields = { ...fields, position: 1 };
    return error;
  }
  const at = position ?? (location === undefined ? undefined : characterPosition(parsedText, location));
  if (at === undefined) {
    error.fields = fields;
    return error;
  }
  const before = sql.use === 'statement' ? 0 : [...sql.text.slice(0, sql.sourceAt)].length - prefix.length;
  error.fields = { ...fields, position: Math.max(at + before, 1) };
  return error;
}
