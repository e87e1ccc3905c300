// GROUP BY, aggregates and HAVING: plain, sorted, hashed aggregation, or a Result where nothing is left to aggregate.
import { SqlState, pgError } from '../../errors/pg-error.js';
import type { Expression } from '../../trees/expression.js';
import { aggCost, type AggregateCosts } from '../costs/costs.js';
import { qualCost } from '../costs/expression-cost.js';
import { andList } from '../expressions/make.js';
import { addPath, setCheapest } from '../paths/add-path.js';
import { commonPrefix, pathKeysContained } from '../paths/pathkeys.js';
import { sortedPath } from '../paths/simple-paths.js';
import type { SortGroupClause } from '../../trees/query.js';
import type { AggPath, GroupPath, Path, PathKey, PathTarget } from '../path.js';
import type { PlannerInfo, RelOptInfo } from '../planner-info.js';
import { newRel } from '../rels/build-rel.js';
import { required } from '../require.js';
import { estimateGroups } from '../selectivity/groups.js';
import { clampRows } from '../selectivity/variable.js';
import { listSelectivity, noJoin } from '../selectivity/clauses.js';
import { aggregateCosts, collectAggregates, mayHash } from './aggregates.js';
import { addGroupingSetPaths } from './grouping-sets.js';
import { groupOrders } from './group-order.js';
import { minMaxPath } from './min-max.js';

/** The grouped relation over `input`, with `target`. */
export function groupingRel(root: PlannerInfo, input: RelOptInfo, target: PathTarget): RelOptInfo {
  const { query } = root;
  const rel = newRel('upper', input.relids, 0);
  rel.target = target;
  rel.considerStartup = root.tupleFraction > 0;
  const quals = andList(query.having);
  const sets = root.groupingSetPlan?.rollups.reduce((count, rollup) => count + rollup.sets.length, 0) ?? 0;
  if (!query.hasAggregates && query.groupClause.length === 0 && sets <= 1) {
    addPath(rel, havingOnlyPath(root, rel, target, quals));
    setCheapest(rel);
    return rel;
  }
  const aggregates = collectAggregates([...target.exprs, ...quals]);
  const costs = aggregateCosts(root, aggregates);
  if (query.groupingSets.length > 0) {
    const special = query.groupingSets.length === 1 ? minMaxPath(root, rel, target, quals, aggregates) : null;
    if (special !== null) addPath(rel, special);
    addGroupingSetPaths(root, rel, input, target, quals, costs, mayHash(aggregates));
  } else if (query.groupClause.length === 0) {
    const special = minMaxPath(root, rel, target, quals, aggregates);
    if (special !== null) addPath(rel, special);
    addPlainPaths(root, rel, input, target, quals, costs);
  } else
    addGroupedPaths(
      root,
      rel,
      input,
      target,
      quals,
      costs,
      aggregates.length > 0 || query.hasAggregates,
      mayHash(aggregates),
    );
  if (rel.paths.length === 0) throw cannotGroup();
  setCheapest(rel);
  return rel;
}

/** Some column can't be sorted, another can't be hashed (or an aggregate wants its input sorted). */
export function cannotGroup(): Error {
  return pgError(SqlState.featureNotSupported, 'could not implement GROUP BY', {
    detail: 'Some of the datatypes only support hashing, while others only support sorting.',
  });
}

/** Aggregates over all rows, which may want them in some order. */
function addPlainPaths(
  root: PlannerInfo,
  rel: RelOptInfo,
  input: RelOptInfo,
  target: PathTarget,
  quals: readonly Expression[],
  costs: AggregateCosts,
): void {
  const cheapest = required(input.cheapestTotal, 'input path');
  const paths = root.groupPathKeys.length === 0 ? [cheapest] : input.paths;
  for (const path of paths) {
    const sorted = inOrder(root, rel, path, cheapest, root.groupPathKeys);
    if (sorted !== null) addPath(rel, aggPath(root, rel, sorted, target, 'plain', quals, costs, 1));
  }
}

/** The path sorted by `keys`: the cheapest one in any case, others where they have the first keys already. */
function inOrder(
  root: PlannerInfo,
  rel: RelOptInfo,
  path: Path,
  cheapest: Path,
  keys: readonly PathKey[],
): Path | null {
  if (pathKeysContained(keys, path.pathKeys)) return path;
  const isPresorted = root.global.settings.enable.incremental_sort && commonPrefix(keys, path.pathKeys) > 0;
  return path === cheapest || isPresorted ? sortedPath(root, rel, path, keys, -1) : null;
}

function addGroupedPaths(
  root: PlannerInfo,
  rel: RelOptInfo,
  input: RelOptInfo,
  target: PathTarget,
  quals: readonly Expression[],
  costs: AggregateCosts,
  hasAggregates: boolean,
  hashAllowed: boolean,
): void {
  const cheapest = required(input.cheapestTotal, 'input path');
  const exprs = root.groupClause.map((clause) => groupExpr(root, clause.sortGroupRef));
  const groups = estimateGroups(root, exprs, cheapest.rows);
  const sortable = root.groupClause.every((clause) => clause.sortOperator !== 0);
  const hashable = hashAllowed && root.groupClause.every((clause) => clause.hashable);
  if (sortable) {
    for (const path of input.paths) {
      for (const order of groupOrders(root, path)) {
        const sorted = inOrder(root, rel, path, cheapest, order.keys);
        if (sorted === null) continue;
        if (hasAggregates)
          addPath(rel, aggPath(root, rel, sorted, target, 'sorted', quals, costs, groups, order.clauses));
        else addPath(rel, groupPath(root, rel, sorted, target, quals, groups, order.clauses));
      }
    }
  }
  if (hashable) addPath(rel, aggPath(root, rel, cheapest, target, 'hashed', quals, costs, groups));
}

/** The expression behind a grouping column. */
export function groupExpr(root: PlannerInfo, ref: number): Expression {
  return required(
    root.processedTargetList.find((entry) => entry.sortGroupRef === ref),
    'grouping column',
  ).expr;
}

/** An Agg path. */
export function aggPath(
  root: PlannerInfo,
  rel: RelOptInfo,
  subpath: Path,
  target: PathTarget,
  strategy: AggPath['strategy'],
  quals: readonly Expression[],
  costs: AggregateCosts,
  groups: number,
  clauses: readonly SortGroupClause[] = root.groupClause,
): AggPath {
  const input = { startup: subpath.startupCost, total: subpath.totalCost };
  const columns = strategy === 'plain' ? 0 : clauses.length;
  const cost = aggCost(root, strategy, costs, columns, groups, quals, input, subpath.rows, subpath.target.width);
  const rows = quals.length === 0 ? cost.rows : clampRows(cost.rows * listSelectivity(root, quals, noJoin));
  return {
    kind: 'Agg',
    rel,
    target,
    param: null,
    rows,
    startupCost: cost.startup + target.startupCost,
    totalCost: cost.total + target.startupCost + target.perTupleCost * rows,
    // The order that aggregates want of their input within a group is no order of the groups.
    pathKeys: strategy === 'sorted' ? subpath.pathKeys.slice(0, clauses.length) : [],
    subpath,
    strategy,
    groupClause: strategy === 'plain' ? [] : clauses,
    quals,
    groupCount: groups,
  };
}

function groupPath(
  root: PlannerInfo,
  rel: RelOptInfo,
  subpath: Path,
  target: PathTarget,
  quals: readonly Expression[],
  groups: number,
  clauses: readonly SortGroupClause[],
): GroupPath {
  const { settings } = root.global;
  let startup = subpath.startupCost;
  let total = subpath.totalCost + settings.cpuOperatorCost * subpath.rows * clauses.length;
  let rows = groups;
  if (quals.length > 0) {
    const cost = qualCost(root, quals);
    startup += cost.startup;
    total += cost.startup + rows * cost.perTuple;
    rows = clampRows(rows * listSelectivity(root, quals, noJoin));
  }
  return {
    kind: 'Group',
    rel,
    target,
    param: null,
    rows,
    startupCost: startup + target.startupCost,
    totalCost: total + target.startupCost + target.perTupleCost * rows,
    pathKeys: subpath.pathKeys,
    subpath,
    groupClause: clauses,
    quals,
  };
}

/** HAVING or GROUP BY () without aggregates: one row or none, whatever FROM holds. */
function havingOnlyPath(root: PlannerInfo, rel: RelOptInfo, target: PathTarget, quals: readonly Expression[]): Path {
  const cost = qualCost(root, quals);
  const startup = target.startupCost + cost.startup + cost.perTuple;
  return {
    kind: 'GroupResult',
    rel,
    target,
    param: null,
    rows: 1,
    startupCost: startup,
    totalCost: startup + root.global.settings.cpuTupleCost + target.perTupleCost,
    pathKeys: [],
    quals,
  };
}
