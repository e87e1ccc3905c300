// Which columns GROUP BY really needs, and in which orders they may be sorted. Columns that a primary key or another
// grouping column fixes are left out; the rest may come in any order: ORDER BY's, so that one sort serves both, or that
// of a sorted input.
import type { SortGroupClause } from '../../trees/query.js';
import type { Path, PathKey } from '../path.js';
import { appendKey, isRedundant, pathKeyForSort } from '../paths/pathkeys.js';
import type { PlannerInfo } from '../planner-info.js';
import { groupExpr } from './grouping.js';

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

/** Leaves out a table's columns where those of its primary key are grouped by as well. */
export function withoutDependentColumns(root: PlannerInfo, clauses: readonly SortGroupClause[]): SortGroupClause[] {
  if (clauses.length < 2) return [...clauses];
  const columns = new Map<number, Set<number>>();
  for (const clause of clauses) {
    const expr = groupExpr(root, clause.sortGroupRef);
    if (expr.kind !== 'Var' || expr.levelsUp > 0) continue;
    const known = columns.get(expr.varno) ?? new Set();
    columns.set(expr.varno, known.add(expr.attno));
  }
  const surplus = new Map<number, Set<number>>();
  for (const [varno, grouped] of columns) {
    const key = primaryKey(root, varno);
    if (key === null || key.length >= grouped.size || !key.every((attno) => grouped.has(attno))) continue;
    surplus.set(varno, new Set([...grouped].filter((attno) => !key.includes(attno))));
  }
  return clauses.filter((clause) => {
    const expr = groupExpr(root, clause.sortGroupRef);
    return expr.kind !== 'Var' || expr.levelsUp > 0 || surplus.get(expr.varno)?.has(expr.attno) !== true;
  });
}

/** Attribute numbers of a table's primary key; null where it has none, or where children may repeat its values. */
function primaryKey(root: PlannerInfo, varno: number): readonly number[] | null {
  const rte = root.rangeTable[varno - 1];
  if (rte?.kind !== 'relation') return null;
  const relation = root.global.catalog.relation(rte.relation);
  if (relation === null || (rte.inherit && rte.relkind !== 'p' && relation.hasSubclass)) return null;
  return relation.constraints.find((constraint) => constraint.kind === 'p' && !constraint.deferrable)?.keys ?? null;
}

/** Sort order of GROUP BY or DISTINCT clauses, and the clauses that are not fixed by conditions or by earlier ones. Where
 *  some can't be sorted there is no order, and all stay. */
export function neededClauses(
  root: PlannerInfo,
  clauses: readonly SortGroupClause[],
): { readonly clauses: readonly SortGroupClause[]; readonly keys: PathKey[] } {
  if (clauses.some((clause) => clause.sortOperator === 0)) return { clauses, keys: [] };
  const keys: PathKey[] = [];
  const needed = clauses.filter((clause) => {
    const expr = groupExpr(root, clause.sortGroupRef);
    const key = pathKeyForSort(root, expr, clause.sortOperator, clause.nullsFirst, clause.sortGroupRef, true);
    if (key === null) return true;
    if (isRedundant(key, keys)) return false;
    appendKey(keys, key);
    return true;
  });
  return { clauses: needed, keys };
}

export interface GroupOrder {
  readonly clauses: readonly SortGroupClause[];
  readonly keys: readonly PathKey[];
}

/** The orders in which a path's rows may be grouped: GROUP BY's own, the path's as far as it goes, ORDER BY's. */
export function groupOrders(root: PlannerInfo, path: Path): GroupOrder[] {
  const own: GroupOrder = { clauses: root.groupClause, keys: root.groupPathKeys };
  const result = [own];
  const { enable } = root.global.settings;
  if (!enable.group_by_reordering || root.groupClause.length < 2) return result;
  for (const order of [path.pathKeys, root.sortPathKeys]) {
    const made = reordered(own, order);
    if (made === null || (!enable.incremental_sort && made.prefix < root.groupClause.length)) continue;
    if (!result.some((known) => known.keys.every((key, at) => key === made.order.keys[at]))) result.push(made.order);
  }
  return result;
}

/** Grouping keys with those that `wanted` starts with first; keys behind the grouping columns' (aggregates') stay last. */
function reordered(own: GroupOrder, wanted: readonly PathKey[]): { order: GroupOrder; prefix: number } | null {
  const count = own.clauses.length;
  const grouping = own.keys.slice(0, count);
  if (grouping.length !== count) return null;
  const first: PathKey[] = [];
  for (const key of wanted) {
    if (!grouping.includes(key)) break;
    first.push(key);
  }
  if (first.length === 0) return null;
  const keys = [...first, ...grouping.filter((key) => !first.includes(key))];
  const clauses = keys.map((key) => own.clauses[grouping.indexOf(key)] as SortGroupClause);
  return { order: { clauses, keys: [...keys, ...own.keys.slice(count)] }, prefix: first.length };
}
