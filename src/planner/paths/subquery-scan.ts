// Subqueries in FROM that could not be merged: planned on their own, conditions pushed into them where that is safe, and
// read by a SubqueryScan (which disappears where it does nothing).
import type { Expression } from '../../trees/expression.js';
import type { SubqueryRte } from '../../trees/query.js';
import { restrictionCost } from '../costs/expression-cost.js';
import type { Path, PathKey, SubqueryScanPath } from '../path.js';
import type { PlannerInfo, RelOptInfo } from '../planner-info.js';
import { planQuery } from '../plan-query.js';
import { required } from '../require.js';
import { listSelectivity, noJoin } from '../selectivity/clauses.js';
import { clampRows } from '../selectivity/variable.js';
import { finishTarget } from '../rels/targets.js';
import { pushDownRestrictions, dropUnusedColumns } from '../prep/push-down.js';
import { addPath, setCheapest } from './add-path.js';
import { lateralParameter, parameterClauses, setDummy } from './base-scans.js';
import { appendKey, canonicalPathKey } from './pathkeys.js';
import { ecForExpression } from '../equivalence.js';
import { varForExpr } from '../expressions/make.js';
import { collationOf, typeOf } from '../expressions/typing.js';
import { equalTrees } from '../expressions/equal.js';

/** Plans the subquery of a relation and offers a scan for each of its paths. */
export function planSubqueryRel(root: PlannerInfo, rel: RelOptInfo, rte: SubqueryRte): void {
  const { global } = root;
  const query = dropUnusedColumns(root, rel, pushDownRestrictions(root, rel, rte));
  const outerParams = root.plannerParams;
  root.plannerParams = [];
  const fraction = wantsAllRows(root) ? 0 : root.tupleFraction;
  const subroot = planQuery(global, query, root, { hasRecursion: false, tupleFraction: fraction });
  rel.subplanParams = root.plannerParams;
  root.plannerParams = outerParams;
  rel.subroot = subroot;
  finishTarget(root, rel);
  const final = required(subroot.finalRel, 'final relation');
  if (final.isDummy) {
    setDummy(rel);
    return;
  }
  const cheapest = required(final.cheapestTotal, 'cheapest path');
  rel.tuples = cheapest.rows;
  rel.rows = clampRows(rel.tuples * listSelectivity(root, rel.baseRestrictions, noJoin));
  for (const path of final.paths) addPath(rel, subqueryScanPath(root, rel, subroot, path));
  setCheapest(rel);
}

/** Sorting, grouping or joining above reads all of the subquery's rows. */
function wantsAllRows(root: PlannerInfo): boolean {
  const { query } = root;
  return (
    query.hasAggregates ||
    query.groupClause.length > 0 ||
    query.groupingSets.length > 0 ||
    root.hasHaving ||
    query.distinctClause.length > 0 ||
    query.sortClause.length > 0 ||
    (root.allBaseRels & (root.allBaseRels - 1n)) !== 0n
  );
}

function subqueryScanPath(root: PlannerInfo, rel: RelOptInfo, subroot: PlannerInfo, subpath: Path): SubqueryScanPath {
  const { settings } = root.global;
  const param = lateralParameter(root, rel);
  const clauses = parameterClauses(rel, param);
  const rows = param?.rows ?? clampRows(subpath.rows * listSelectivity(root, rel.baseRestrictions, noJoin));
  const qual = restrictionCost(root, clauses);
  let startup = subpath.startupCost;
  let total = subpath.totalCost;
  // Without conditions and with the subquery's own columns the scan will vanish.
  if (clauses.length > 0 || !isTrivialTarget(rel, subroot)) {
    startup += qual.startup + rel.target.startupCost;
    total += qual.startup + rel.target.startupCost;
    total += (settings.cpuTupleCost + qual.perTuple) * subpath.rows + rel.target.perTupleCost * rows;
  }
  return {
    kind: 'SubqueryScan',
    rel,
    target: rel.target,
    param,
    rows,
    startupCost: startup,
    totalCost: total,
    pathKeys: outerPathKeys(root, rel, subroot, subpath.pathKeys),
    subpath,
    subroot,
  };
}

/** Are the needed columns exactly the subquery's columns, in order? */
function isTrivialTarget(rel: RelOptInfo, subroot: PlannerInfo): boolean {
  const { exprs } = rel.target;
  const count = subroot.processedTargetList.length;
  return exprs.length === count && exprs.every((expr, index) => expr.kind === 'Var' && expr.attno === index + 1);
}

/** The subquery's sort order in terms of the outer query's columns, as far as those show it. */
function outerPathKeys(root: PlannerInfo, rel: RelOptInfo, subroot: PlannerInfo, keys: readonly PathKey[]): PathKey[] {
  const result: PathKey[] = [];
  for (const key of keys) {
    const found = outerKey(root, rel, subroot, key);
    if (found === null) break;
    appendKey(result, found);
  }
  return result;
}

function outerKey(root: PlannerInfo, rel: RelOptInfo, subroot: PlannerInfo, key: PathKey): PathKey | null {
  for (const entry of subroot.processedTargetList) {
    if (entry.junk || !rel.attributeNeeded.has(entry.resno)) continue;
    const member = key.ec.members.find((item) => !item.isConst && equalTrees(strip(item.expr), strip(entry.expr)));
    if (member === undefined || (key.ec.hasVolatile && entry.sortGroupRef !== key.ec.sortRef)) continue;
    const column: Expression = varForExpr(rel.rtIndex, entry.resno, entry.expr);
    const ec = ecForExpression(root, column, key.ec.families, typeOf(member.expr), collationOf(column), 0, true);
    if (ec !== null) return canonicalPathKey(root, ec, key.family, key.descending, key.nullsFirst);
  }
  return null;
}

function strip(expr: Expression): Expression {
  return expr.kind === 'RelabelType' ? expr.arg : expr;
}
