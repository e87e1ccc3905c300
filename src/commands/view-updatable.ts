// Why a view's query is not automatically updatable (manual, CREATE VIEW, "Updatable Views"), for WITH CHECK OPTION.
import type { Query } from '../trees/query.js';

/** PostgreSQL's reason, or null where the view is automatically updatable. */
export function whyNotUpdatable(query: Query): string | null {
  if (query.distinctClause.length > 0) return 'Views containing DISTINCT are not automatically updatable.';
  if (query.groupClause.length > 0 || query.groupingSets.length > 0) {
    return 'Views containing GROUP BY are not automatically updatable.';
  }
  if (query.having !== null) return 'Views containing HAVING are not automatically updatable.';
  if (query.setOperations !== null) {
    return 'Views containing UNION, INTERSECT, or EXCEPT are not automatically updatable.';
  }
  if (query.ctes.length > 0) return 'Views containing WITH are not automatically updatable.';
  if (query.limitOffset !== null || query.limitCount !== null) {
    return 'Views containing LIMIT or OFFSET are not automatically updatable.';
  }
  if (query.hasAggregates) return 'Views that return aggregate functions are not automatically updatable.';
  if (query.hasWindowFunctions) return 'Views that return window functions are not automatically updatable.';
  const notSimple = 'Views that do not select from a single table or view are not automatically updatable.';
  const [item, ...rest] = query.joinTree.fromList;
  if (item?.kind !== 'RangeTableRef' || rest.length > 0) return notSimple;
  const rte = query.rangeTable[item.rtIndex - 1];
  if (rte?.kind !== 'relation' || !'rvfp'.includes(rte.relkind)) return notSimple;
  if (rte.tableSample !== null) return 'Views containing TABLESAMPLE are not automatically updatable.';
  const isColumn = query.targetList.some(
    (entry) => !entry.junk && entry.expr.kind === 'Var' && entry.expr.varno === item.rtIndex && entry.expr.attno > 0,
  );
  return isColumn ? null : 'Views that have no updatable columns are not automatically updatable.';
}
