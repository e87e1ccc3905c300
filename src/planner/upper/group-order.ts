// The order of GROUP BY columns is free: those that ORDER BY starts with come first, in its order, so that one sort serves
// both.
import type { SortGroupClause } from '../../trees/query.js';

/** GROUP BY's clauses reordered (and given ORDER BY's direction) to match ORDER BY where possible. */
export function orderedGroupClause(
  group: readonly SortGroupClause[],
  sort: readonly SortGroupClause[],
): readonly SortGroupClause[] {
  const result: SortGroupClause[] = [];
  for (const clause of sort) {
    const own = group.find((item) => item.sortGroupRef === clause.sortGroupRef);
    if (own === undefined || own.equalityOperator !== clause.equalityOperator) break;
    result.push(clause);
  }
  if (result.length === 0) return group;
  for (const clause of group) {
    if (!result.some((item) => item.sortGroupRef === clause.sortGroupRef)) {
      if (clause.sortOperator === 0) return group;
      result.push(clause);
    }
  }
  return result;
}
