// The classes of statements that log_statement tells apart: ddl defines objects, mod changes rows as well, all is the rest.
import type { Node } from '../../trees/statement.js';
import type { Session } from '../session.js';
import { tagOf } from '../statement-kind.js';

/** In the order that log_statement includes them. */
export type CommandLevel = 'ddl' | 'mod' | 'all';

const rank = { none: 0, ddl: 1, mod: 2, all: 3 } as const;

/** Is a statement of this level logged under this log_statement? */
export function includes(setting: string, level: CommandLevel): boolean {
  return rank[level] <= (rank[setting as keyof typeof rank] ?? 0);
}

const modTags: ReadonlySet<string> = new Set(['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt', 'TruncateStmt']);

const otherTags: ReadonlySet<string> = new Set([
  'SelectStmt',
  'TransactionStmt',
  'VariableSetStmt',
  'VariableShowStmt',
  'DiscardStmt',
  'DeclareCursorStmt',
  'ClosePortalStmt',
  'FetchStmt',
  'DeallocateStmt',
  'ListenStmt',
  'UnlistenStmt',
  'NotifyStmt',
  'LoadStmt',
  'VacuumStmt',
  'LockStmt',
  'ConstraintsSetStmt',
  'CheckPointStmt',
  'ReindexStmt',
  'DoStmt',
  'CallStmt',
  'PLAssignStmt',
]);

/** A statement's level. `prepared` finds what EXECUTE runs. */
function commandLevel(statement: Node, prepared: (name: string) => Node | null): CommandLevel {
  const tag = tagOf(statement);
  if (modTags.has(tag)) return 'mod';
  if ('SelectStmt' in statement) return statement.SelectStmt.intoClause === undefined ? 'all' : 'ddl';
  if (otherTags.has(tag)) return 'all';
  if ('CopyStmt' in statement) return statement.CopyStmt.is_from === true ? 'mod' : 'all';
  if ('PrepareStmt' in statement) return levelOf(statement.PrepareStmt.query, prepared);
  if ('ExecuteStmt' in statement) return levelOf(prepared(statement.ExecuteStmt.name ?? ''), prepared);
  if ('ExplainStmt' in statement) {
    const isRun = (statement.ExplainStmt.options ?? []).some(
      (option) => 'DefElem' in option && option.DefElem.defname === 'analyze',
    );
    return isRun ? levelOf(statement.ExplainStmt.query, prepared) : 'all';
  }
  // Everything else defines, changes or drops an object.
  return 'ddl';
}

/** A statement's level in a session, whose prepared statements EXECUTE runs. */
export function levelIn(session: Session, statement: Node): CommandLevel {
  return commandLevel(statement, (name) => session.statements.get(name)?.options.raw?.statement ?? null);
}

function levelOf(statement: Node | null | undefined, prepared: (name: string) => Node | null): CommandLevel {
  return statement === null || statement === undefined ? 'all' : commandLevel(statement, prepared);
}
