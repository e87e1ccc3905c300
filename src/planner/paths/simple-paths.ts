// Constructors of paths that wrap one other path.
import { materialCost, sortCost, incrementalSortCost } from '../costs/costs.js';
import type { Path, PathKey, PathTarget, SimplePath, SortPath } from '../path.js';
import type { PlannerInfo, RelOptInfo } from '../planner-info.js';
import { estimateGroups } from '../selectivity/groups.js';
import { commonPrefix } from './pathkeys.js';
import type { Expression } from '../../trees/expression.js';

/** Materialize over a path. */
export function materialPath(root: PlannerInfo, subpath: Path): SimplePath {
  const cost = materialCost(
    root.global.settings,
    { startup: subpath.startupCost, total: subpath.totalCost },
    subpath.rows,
    subpath.target.width,
  );
  return {
    kind: 'Material',
    rel: subpath.rel,
    target: subpath.target,
    param: subpath.param,
    rows: subpath.rows,
    startupCost: cost.startup,
    totalCost: cost.total,
    pathKeys: subpath.pathKeys,
    subpath,
  };
}

/** A full sort; `limit` > 0 bounds the rows that will be read. */
export function sortPath(
  root: PlannerInfo,
  rel: RelOptInfo,
  subpath: Path,
  pathKeys: readonly PathKey[],
  limit: number,
): SortPath {
  const cost = sortCost(root.global.settings, subpath.totalCost, subpath.rows, subpath.target.width, limit);
  return {
    kind: 'Sort',
    rel,
    target: subpath.target,
    param: subpath.param,
    rows: subpath.rows,
    startupCost: cost.startup,
    totalCost: cost.total,
    pathKeys,
    subpath,
    presorted: 0,
  };
}

/** Sorts a path that already has the first `presorted` keys. */
export function incrementalSortPath(
  root: PlannerInfo,
  rel: RelOptInfo,
  subpath: Path,
  pathKeys: readonly PathKey[],
  presorted: number,
  limit: number,
): SortPath {
  const exprs = pathKeys
    .slice(0, presorted)
    .map((key) => key.ec.members[0]?.expr)
    .filter((expr): expr is Expression => expr !== undefined);
  const groups = Math.min(estimateGroups(root, exprs, subpath.rows), Math.max(1, subpath.rows));
  const cost = incrementalSortCost(
    root.global.settings,
    { startup: subpath.startupCost, total: subpath.totalCost },
    subpath.rows,
    Math.max(1, groups),
    subpath.target.width,
    limit,
  );
  return {
    kind: 'IncrementalSort',
    rel,
    target: subpath.target,
    param: subpath.param,
    rows: subpath.rows,
    startupCost: cost.startup,
    totalCost: cost.total,
    pathKeys,
    subpath,
    presorted,
  };
}

/** The path in the wanted order: itself, with an incremental sort, or with a full sort. */
export function sortedPath(
  root: PlannerInfo,
  rel: RelOptInfo,
  subpath: Path,
  pathKeys: readonly PathKey[],
  limit: number,
): Path {
  const presorted = commonPrefix(pathKeys, subpath.pathKeys);
  if (presorted === pathKeys.length) return subpath;
  if (presorted > 0 && root.global.settings.enable.incremental_sort) {
    return incrementalSortPath(root, rel, subpath, pathKeys, presorted, limit);
  }
  return sortPath(root, rel, subpath, pathKeys, limit);
}

/** The path with another target list. */
export function projectionPath(root: PlannerInfo, rel: RelOptInfo, subpath: Path, target: PathTarget): Path {
  const { settings } = root.global;
  const base = subpath.kind === 'Projection' ? subpath.subpath : subpath;
  const same =
    base.target.exprs.length === target.exprs.length &&
    base.target.exprs.every((expr, index) => expr === target.exprs[index]);
  // A node that can't project needs a Result above it, unless the columns are the same.
  const separate = !same && !canProject(base);
  const perTuple = target.perTupleCost - (separate ? 0 : base.target.perTupleCost);
  const startup = target.startupCost - (separate ? 0 : base.target.startupCost);
  const extra = separate ? settings.cpuTupleCost : 0;
  return {
    kind: 'Projection',
    rel,
    target,
    param: base.param,
    rows: base.rows,
    startupCost: base.startupCost + startup,
    totalCost: base.totalCost + startup + (extra + perTuple) * base.rows,
    pathKeys: base.pathKeys,
    subpath: base,
  };
}

/** Can the path's plan node compute any target list by itself? */
export function canProject(path: Path): boolean {
  switch (path.kind) {
    case 'Material':
    case 'Memoize':
    case 'Sort':
    case 'IncrementalSort':
    case 'UpperUnique':
    case 'SetOp':
    case 'LockRows':
    case 'Limit':
    case 'ModifyTable':
    case 'MergeAppend':
    case 'RecursiveUnion':
    case 'UniqueJoin':
    case 'ProjectSet':
      return false;
    case 'Append':
      // An empty one becomes a Result.
      return path.children.length === 0;
    default:
      return true;
  }
}
