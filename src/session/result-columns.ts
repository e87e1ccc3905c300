// Result columns of a bound statement, for Describe: a query's visible target list or RETURNING list, or the columns
// that a command answers with.
import type { Catalog } from '../catalog/api.js';
import type { ResultColumn } from '../executor/api.js';
import { callColumns } from '../commands/call.js';
import { explainResultType } from '../commands/explain.js';
import { expressionType, expressionTypmod } from '../trees/expression-type.js';
import type { TargetEntry } from '../trees/expression.js';
import type { BoundCommand, BoundStatement } from '../trees/statement.js';
import { showColumns, textColumn } from './commands/settings.js';
import type { Session } from './session.js';

/** Null for statements that return no rows. */
export function resultColumnsOf(session: Session, bound: BoundStatement): readonly ResultColumn[] | null {
  if (bound.kind === 'command') return commandColumns(session, bound);
  const { query } = bound;
  const list = query.commandType === 'select' ? query.targetList : query.returningList;
  if (query.commandType !== 'select' && list.length === 0) return null;
  return targetListColumns(session.catalog, list);
}

/** Columns of a target list, junk ones left out. */
export function targetListColumns(catalog: Catalog, list: readonly TargetEntry[]): readonly ResultColumn[] {
  return list
    .filter((entry) => !entry.junk)
    .map((entry) => ({
      name: entry.name ?? '?column?',
      type: catalog.typeByOid(expressionType(entry.expr)),
      typmod: expressionTypmod(entry.expr),
      originTable: entry.originTable,
      originColumn: entry.originColumn,
    }));
}

function commandColumns(session: Session, bound: BoundCommand): readonly ResultColumn[] | null {
  if (bound.call !== undefined)
    return bound.call.outputs.length === 0 ? null : callColumns(session.catalog, bound.call);
  const statement = bound.statement;
  if ('VariableShowStmt' in statement) return showColumns(session, statement.VariableShowStmt.name ?? '');
  if ('ExplainStmt' in statement) {
    const type = session.catalog.typeByOid(explainResultType(statement.ExplainStmt));
    return [{ ...textColumn(session, 'QUERY PLAN'), type }];
  }
  if ('FetchStmt' in statement) {
    if (statement.FetchStmt.ismove) return null;
    return session.portals.get(statement.FetchStmt.portalname ?? '')?.describe(session) ?? null;
  }
  if ('ExecuteStmt' in statement)
    return session.statements.get(statement.ExecuteStmt.name ?? '')?.columns(session) ?? null;
  return null;
}
