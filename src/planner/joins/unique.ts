// Uniqueness for joins: the right side of a semijoin made unique, and inner sides that have at most one match for each
// outer row.
import type { Expression } from '../../trees/expression.js';
import { aggCost, hashEntryBytes, sortCost } from '../costs/costs.js';
import { equalTrees } from '../expressions/equal.js';
import { containsSetReturning } from '../expressions/facts.js';
import { stripRelabel } from '../expressions/make.js';
import type { Path, UniqueJoinPath } from '../path.js';
import type { PlannerInfo, RelOptInfo, RestrictInfo, SpecialJoinInfo } from '../planner-info.js';
import type { Relids } from '../relids.js';
import { isSubset, noRelids } from '../relids.js';
import { estimateGroups } from '../selectivity/groups.js';
import { isPushedDownAt } from '../jointree/restrict-info.js';
import type { JoinType } from '../../trees/query.js';
import { isOuterJoinType } from './join-types.js';

/** The cheapest path of a semijoin's right side with duplicates removed; null where it can't be done. */
export function uniqueJoinPath(root: PlannerInfo, rel: RelOptInfo, special: SpecialJoinInfo): Path | null {
  if (rel.uniquePath !== undefined) return rel.uniquePath;
  const path = makeUnique(root, rel, special);
  rel.uniquePath = path;
  return path;
}

function makeUnique(root: PlannerInfo, rel: RelOptInfo, special: SpecialJoinInfo): UniqueJoinPath | null {
  const { settings } = root.global;
  const subpath = rel.cheapestTotal;
  if (subpath === null || subpath.param !== null || (!special.semiCanHash && !special.semiCanSort)) return null;
  const base = {
    kind: 'UniqueJoin' as const,
    rel,
    target: rel.target,
    param: null,
    subpath,
    operators: special.semiOperators,
    exprs: special.semiRightExprs,
  };
  if (isUniqueFor(root, rel, special.semiRightExprs)) {
    return {
      ...base,
      method: 'noop',
      rows: rel.rows,
      startupCost: subpath.startupCost,
      totalCost: subpath.totalCost,
      pathKeys: subpath.pathKeys,
    };
  }
  const rows = estimateGroups(root, special.semiRightExprs, rel.rows);
  const columns = special.semiRightExprs.length;
  let sorted: { startup: number; total: number } | null = null;
  if (special.semiCanSort) {
    const cost = sortCost(settings, subpath.totalCost, rel.rows, subpath.target.width, -1);
    sorted = { startup: cost.startup, total: cost.total + settings.cpuOperatorCost * rel.rows * columns };
  }
  let hashed: { startup: number; total: number } | null = null;
  if (special.semiCanHash && hashEntryBytes(subpath.target.width, null) * rows <= settings.hashMemBytes) {
    const none = {
      transitionStartup: 0,
      transitionPerTuple: 0,
      finalStartup: 0,
      finalPerTuple: 0,
      transitionSpace: 0,
      transitionCount: 0,
    };
    const input = { startup: subpath.startupCost, total: subpath.totalCost };
    hashed = aggCost(root, 'hashed', none, columns, rows, [], input, rel.rows, subpath.target.width);
  }
  if (hashed !== null && (sorted === null || hashed.total < sorted.total)) {
    return { ...base, method: 'hash', rows, startupCost: hashed.startup, totalCost: hashed.total, pathKeys: [] };
  }
  if (sorted === null) return null;
  return { ...base, method: 'sort', rows, startupCost: sorted.startup, totalCost: sorted.total, pathKeys: [] };
}

/** Are the relation's rows distinct in these expressions already? */
export function isUniqueFor(root: PlannerInfo, rel: RelOptInfo, exprs: readonly Expression[]): boolean {
  if (rel.rtIndex === 0) return false;
  const columns = exprs.map((expr) => stripRelabel(expr));
  const covers = (expr: Expression): boolean => columns.some((item) => equalTrees(item, expr));
  if (rel.rte?.kind === 'relation') {
    return rel.indexes.some(
      (info) =>
        info.index.isUnique &&
        info.index.isImmediate &&
        info.predicateOk &&
        info.columns.slice(0, info.keyCount).every(covers),
    );
  }
  if (rel.rte?.kind !== 'subquery') return false;
  const numbers = columns.flatMap((item) => (item.kind === 'Var' && item.varno === rel.rtIndex ? [item.attno] : []));
  return subqueryIsUniqueFor(rel.rte.subquery, numbers, root);
}

/** Are a subquery's rows distinct in these output columns? */
export function subqueryIsUniqueFor(
  query: import('../../trees/query.js').Query,
  columns: readonly number[],
  _root: PlannerInfo,
): boolean {
  const has = (ref: number): boolean =>
    query.targetList.some((entry) => entry.sortGroupRef === ref && !entry.junk && columns.includes(entry.resno));
  if (query.targetList.some((entry) => containsSetReturning(entry.expr))) return false;
  if (query.distinctClause.length > 0) return query.distinctClause.every((clause) => has(clause.sortGroupRef));
  if (query.groupClause.length > 0 && query.groupingSets.length === 0) {
    return query.groupClause.every((clause) => has(clause.sortGroupRef));
  }
  if (query.groupingSets.length > 0) return query.groupingSets.length === 1 && query.groupingSets[0]?.kind === 'empty';
  if (query.hasAggregates || query.having !== null) return true;
  if (query.setOperations !== null && !query.setOperations.all) {
    return query.targetList.every((entry) => entry.junk || columns.includes(entry.resno));
  }
  return false;
}

/** Has each outer row at most one match in `inner` under the join's conditions? */
export function innerIsUnique(
  root: PlannerInfo,
  joinRelids: Relids,
  outerRelids: Relids,
  inner: RelOptInfo,
  joinType: JoinType,
  restrictions: readonly RestrictInfo[],
): boolean {
  if (restrictions.length === 0 || inner.rtIndex === 0) return false;
  const isOuter = isOuterJoinType(joinType);
  const exprs: Expression[] = [];
  for (const info of restrictions) {
    if (isOuter && isPushedDownAt(info, joinRelids)) continue;
    if (info.clause.kind !== 'OpExpr' || info.mergeFamilies.length === 0 || !info.canJoin) continue;
    const [left, right] = info.clause.args as [Expression, Expression];
    if (
      isSubset(info.leftRelids, outerRelids) &&
      info.leftRelids !== noRelids &&
      isSubset(info.rightRelids, inner.relids)
    )
      exprs.push(right);
    else if (isSubset(info.rightRelids, outerRelids) && isSubset(info.leftRelids, inner.relids)) exprs.push(left);
  }
  for (const info of inner.baseRestrictions) {
    if (info.clause.kind !== 'OpExpr' || info.mergeFamilies.length === 0) continue;
    const [left, right] = info.clause.args as [Expression, Expression];
    if (info.leftRelids === noRelids) exprs.push(right);
    else if (info.rightRelids === noRelids) exprs.push(left);
  }
  return exprs.length > 0 && isUniqueFor(root, inner, exprs);
}
