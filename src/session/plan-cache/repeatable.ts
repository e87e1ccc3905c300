// Which statements mean the same each time they are analyzed, so that what was found once may be kept.
import { truncationNotices } from '../../parser/identifiers.js';
import type { ParsedStatement } from '../../parser/parse.js';

/** A statement that is planned. */
export function isQuery({ statement }: ParsedStatement): boolean {
  return (
    'SelectStmt' in statement ||
    'InsertStmt' in statement ||
    'UpdateStmt' in statement ||
    'DeleteStmt' in statement ||
    'MergeStmt' in statement
  );
}

/** Literals whose value depends on when they are read, types that do, and what makes the analyzer send a notice. */
export function isRepeatable(sql: string): boolean {
  if (readsClockInLiteral.test(sql) || namesDayTime.test(sql) || warns.test(sql)) return false;
  return truncationNotices(sql).length === 0;
}

const readsClockInLiteral = /'[^']*(?:now|today|tomorrow|yesterday)/i;
const namesDayTime = /timetz|time\s*(?:\(\s*\d+\s*\)\s*)?with\s+time/i;
const warns = /(?:time|interval)\w*\s*(?:with(?:out)?\s+time\s+zone\s*)?\(\s*\d|%\s*type/i;
