// What the session must know of a parse tree before it is bound.
import type { ParsedStatement } from '../parser/parse.js';
import type { Node } from '../trees/statement.js';

/** The tag of a parse tree's only key: SelectStmt, TransactionStmt, ... */
export function tagOf(statement: Node | undefined): string {
  return statement ? (Object.keys(statement)[0] ?? '') : '';
}

export function isTransactionStatement(raw: ParsedStatement | null): boolean {
  return tagOf(raw?.statement) === 'TransactionStmt';
}

/** COMMIT, ROLLBACK, PREPARE TRANSACTION, ROLLBACK TO: allowed in a failed block. */
export function isTransactionExit(raw: ParsedStatement | null): boolean {
  const statement = raw?.statement;
  if (!statement || !('TransactionStmt' in statement)) return false;
  const kind = statement.TransactionStmt.kind;
  return (
    kind === 'TRANS_STMT_COMMIT' ||
    kind === 'TRANS_STMT_ROLLBACK' ||
    kind === 'TRANS_STMT_ROLLBACK_TO' ||
    kind === 'TRANS_STMT_PREPARE'
  );
}
