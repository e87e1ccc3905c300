// Command tags of planned statements (manual, section 55.7, CommandComplete).
import type { QueryCommand } from './run-statement.js';

/** The tag of a query that processed `rowCount` rows: `INSERT 0 3`, `SELECT 10`. */
export function commandTag(command: QueryCommand, rowCount: number): string {
  return command === 'insert' ? `INSERT 0 ${rowCount}` : `${command.toUpperCase()} ${rowCount}`;
}
