// EXISTS looks only at whether there are rows: target list, DISTINCT, ORDER BY and a non-zero constant LIMIT go away.
import type { Query } from '../../trees/query.js';
import { containsSetReturning } from '../expressions/facts.js';
import type { PlannerGlobal } from '../planner-info.js';
import { foldExpression } from '../expressions/fold.js';

/** The query without what EXISTS ignores; null where its number of rows depends on more than its join tree. */
export function simplifyExists(query: Query, global: PlannerGlobal): Query | null {
  if (
    query.commandType !== 'select' ||
    query.setOperations !== null ||
    query.hasAggregates ||
    query.groupingSets.length > 0 ||
    query.hasWindowFunctions ||
    query.targetList.some((entry) => containsSetReturning(entry.expr)) ||
    query.hasModifyingCte ||
    query.having !== null ||
    query.limitOffset !== null ||
    query.rowMarks.length > 0
  ) {
    return null;
  }
  if (query.limitCount !== null) {
    const count = foldExpression(global, query.limitCount);
    if (count.kind !== 'Const') return null;
    if (count.value !== null && !(typeof count.value === 'bigint' && count.value > 0n)) return null;
  }
  return {
    ...query,
    targetList: [],
    groupClause: [],
    windowClause: [],
    distinctClause: [],
    sortClause: [],
    hasDistinctOn: false,
    limitCount: null,
  };
}
