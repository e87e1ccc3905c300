// Number of groups of GROUP BY, DISTINCT, UNION: the product of the columns' distinct values, clamped relation by
// relation and adjusted for the rows that restrictions leave.
import type { Expression } from '../../trees/expression.js';
import { containsVolatile, pullVars } from '../expressions/facts.js';
import { equalTrees } from '../expressions/equal.js';
import { typeOf } from '../expressions/typing.js';
import type { PlannerInfo, RelOptInfo } from '../planner-info.js';
import { clampRows, distinctValues, examineVariable, type VariableData } from './variable.js';
import { stripRelabel } from '../expressions/make.js';

/** Estimated number of different combinations of the expressions' values among `inputRows` rows. */
export function estimateGroups(root: PlannerInfo, exprs: readonly Expression[], inputRows: number): number {
  const rows = clampRows(inputRows);
  if (exprs.length === 0) return 1;
  const found = groupVariables(root, exprs);
  if (found === null) return rows;
  let { groups } = found;
  if (found.variables.length === 0) return Math.min(clampRows(groups), rows);
  const byRelation = new Map<RelOptInfo | null, VariableData[]>();
  for (const item of found.variables) byRelation.set(item.rel, [...(byRelation.get(item.rel) ?? []), item]);
  for (const [rel, items] of byRelation) groups *= relationGroups(rel, items);
  return Math.max(1, Math.min(Math.ceil(groups - 1e-9), rows));
}

/** Is the estimate a mere guess for some of the expressions, for want of statistics? */
export function guessesGroups(root: PlannerInfo, exprs: readonly Expression[]): boolean {
  return groupVariables(root, exprs)?.variables.some((item) => distinctValues(item).isDefault) ?? false;
}

/** The columns that tell groups apart, and the groups by booleans; null where a volatile call makes every row its own. */
function groupVariables(
  root: PlannerInfo,
  exprs: readonly Expression[],
): { readonly groups: number; readonly variables: readonly VariableData[] } | null {
  let groups = 1;
  const variables: VariableData[] = [];
  for (const expr of exprs) {
    if (typeOf(expr) === 16) {
      groups *= 2;
      continue;
    }
    const direct = examineVariable(root, expr, 0);
    if (direct.statistics !== null || direct.isUnique) {
      addVariable(variables, direct);
      continue;
    }
    const vars = pullVars(expr);
    if (vars.length === 0) {
      if (containsVolatile(expr, root.global.catalog)) return null;
      continue;
    }
    for (const item of vars) addVariable(variables, examineVariable(root, stripRelabel(item), 0));
  }
  return { groups, variables };
}

function addVariable(list: VariableData[], item: VariableData): void {
  if (!list.some((other) => equalTrees(other.expr, item.expr))) list.push(item);
}

function relationGroups(rel: RelOptInfo | null, items: readonly VariableData[]): number {
  const counts = items.map((item) => distinctValues(item).count);
  let product = counts.reduce((result, count) => result * count, 1);
  const tuples = rel?.tuples ?? 0;
  if (rel === null || tuples <= 0) return product;
  let clamp = tuples;
  if (items.length > 1) {
    clamp *= 0.1;
    const largest = Math.max(...counts);
    if (clamp < largest) clamp = Math.min(largest, tuples);
  }
  if (product > clamp) product = clamp;
  // Values that survive the restrictions, by drawing rows without replacement.
  if (product > 0 && rel.rows < tuples) product *= 1 - ((tuples - rel.rows) / tuples) ** (tuples / product);
  return clampRows(product);
}
