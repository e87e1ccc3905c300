// DISTINCT and DISTINCT ON: Unique over sorted rows, or hashed aggregation.
import type { SortGroupClause } from '../../trees/query.js';
import { addPath, setCheapest } from '../paths/add-path.js';
import { pathKeysContained } from '../paths/pathkeys.js';
import { sortedPath } from '../paths/simple-paths.js';
import type { Path, PathKey, UpperUniquePath } from '../path.js';
import type { PlannerInfo, RelOptInfo } from '../planner-info.js';
import { newRel } from '../rels/build-rel.js';
import { required } from '../require.js';
import { estimateGroups } from '../selectivity/groups.js';
import { aggCost } from '../costs/costs.js';
import { groupExpr } from './grouping.js';

/** Removes duplicates from `input`. */
export function distinctRel(root: PlannerInfo, input: RelOptInfo): RelOptInfo {
  const { query, distinctClause } = root;
  const rel = newRel('upper', input.relids, 0);
  rel.target = input.target;
  rel.considerStartup = input.considerStartup;
  const cheapest = required(input.cheapestTotal, 'input path');
  const exprs = distinctClause.map((clause) => groupExpr(root, clause.sortGroupRef));
  const grouped =
    query.groupClause.length > 0 || query.groupingSets.length > 0 || query.hasAggregates || root.hasHaving;
  const rows = grouped ? cheapest.rows : estimateGroups(root, exprs, cheapest.rows);
  if (distinctClause.every((clause) => clause.sortOperator !== 0)) {
    // DISTINCT ON keeps the first row of each group: ORDER BY decides which, so all of it must be done before.
    const needed: readonly PathKey[] =
      query.hasDistinctOn && root.sortPathKeys.length > root.distinctPathKeys.length
        ? root.sortPathKeys
        : root.distinctPathKeys;
    for (const path of input.paths) {
      const isSorted = pathKeysContained(needed, path.pathKeys);
      if (path !== cheapest && !isSorted && path.pathKeys.length === 0) continue;
      const limit = root.distinctPathKeys.length === 0 ? 1 : -1;
      const sorted = sortedPath(root, rel, path, needed, limit);
      addPath(
        rel,
        root.distinctPathKeys.length === 0
          ? firstRow(root, rel, sorted)
          : uniquePath(root, rel, sorted, distinctClause, rows),
      );
    }
  }
  const canHash = !query.hasDistinctOn && distinctClause.every((clause) => clause.hashable);
  if (canHash && (rel.paths.length === 0 || root.global.settings.enable.hashagg)) {
    addPath(rel, hashedPath(root, rel, cheapest, distinctClause, rows));
  }
  setCheapest(rel);
  return rel;
}

/** All columns are constant: one row is as good as any. */
function firstRow(root: PlannerInfo, rel: RelOptInfo, subpath: Path): Path {
  const rows = Math.min(1, subpath.rows);
  return {
    kind: 'Limit',
    rel,
    target: subpath.target,
    param: null,
    rows,
    startupCost: subpath.startupCost,
    totalCost: subpath.startupCost + (subpath.rows > 0 ? (subpath.totalCost - subpath.startupCost) / subpath.rows : 0),
    pathKeys: subpath.pathKeys,
    subpath,
    offset: null,
    count: { kind: 'Const', type: 20, typmod: -1, collation: 0, value: 1n, location: -1 },
    withTies: root.query.limitWithTies && false,
  };
}

/** Unique over a path sorted by the given clauses. */
export function uniquePath(
  root: PlannerInfo,
  rel: RelOptInfo,
  subpath: Path,
  clauses: readonly SortGroupClause[],
  rows: number,
): UpperUniquePath {
  return {
    kind: 'UpperUnique',
    rel,
    target: subpath.target,
    param: null,
    rows,
    startupCost: subpath.startupCost,
    totalCost: subpath.totalCost + root.global.settings.cpuOperatorCost * subpath.rows * clauses.length,
    pathKeys: subpath.pathKeys,
    subpath,
    clauses,
  };
}

/** Hashed removal of duplicates. */
export function hashedPath(
  root: PlannerInfo,
  rel: RelOptInfo,
  subpath: Path,
  clauses: readonly SortGroupClause[],
  rows: number,
): Path {
  const none = {
    transitionStartup: 0,
    transitionPerTuple: 0,
    finalStartup: 0,
    finalPerTuple: 0,
    transitionSpace: 0,
    transitionCount: 0,
  };
  const input = { startup: subpath.startupCost, total: subpath.totalCost };
  const cost = aggCost(root, 'hashed', none, clauses.length, rows, [], input, subpath.rows, subpath.target.width);
  return {
    kind: 'Agg',
    rel,
    target: subpath.target,
    param: null,
    rows,
    startupCost: cost.startup,
    totalCost: cost.total,
    pathKeys: [],
    subpath,
    strategy: 'hashed',
    groupClause: clauses,
    quals: [],
    groupCount: rows,
  };
}
