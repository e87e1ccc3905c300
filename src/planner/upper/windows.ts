// Window functions: one WindowAgg for each window, over input sorted by its PARTITION BY and ORDER BY. Windows whose
// orders continue each other come one after the other, so that one sort serves them.
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { Expression, WindowFunc } from '../../trees/expression.js';
import type { SortGroupClause, WindowClause } from '../../trees/query.js';
import { expressionCost } from '../costs/expression-cost.js';
import { forEachChild } from '../expressions/walk.js';
import { isMember } from '../expressions/equal.js';
import { addPath, setCheapest } from '../paths/add-path.js';
import { appendKey, pathKeysContained, pathKeysForClauses } from '../paths/pathkeys.js';
import { sortedPath } from '../paths/simple-paths.js';
import type { Path, PathKey, PathTarget, WindowAggPath } from '../path.js';
import { runCondition } from '../prep/window-conditions.js';
import type { PlannerInfo, RelOptInfo } from '../planner-info.js';
import { newRel } from '../rels/build-rel.js';
import { makeTarget } from '../rels/targets.js';

/** Window functions within the expressions. */
export function collectWindowFunctions(list: readonly Expression[]): WindowFunc[] {
  const result: WindowFunc[] = [];
  const walk = (node: Expression): void => {
    if (node.kind === 'WindowFunc') {
      if (!isMember(node, result)) result.push(node);
      return;
    }
    forEachChild(node, walk);
  };
  list.forEach(walk);
  return result;
}

/** Windows that some function uses, in the order in which they are computed: longer orders first, so that shorter ones
 *  that are prefixes follow them. */
export function activeWindows(root: PlannerInfo, functions: readonly WindowFunc[]): WindowClause[] {
  const used = root.query.windowClause.filter((window) =>
    functions.some((item) => item.windowRef === window.windowRef),
  );
  const keys = (window: WindowClause): SortGroupClause[] => {
    const result: SortGroupClause[] = [];
    for (const clause of [...window.partitionClause, ...window.orderClause]) {
      if (!result.some((item) => item.sortGroupRef === clause.sortGroupRef)) result.push(clause);
    }
    return result;
  };
  const withKeys = used.map((window) => ({ window, keys: keys(window) }));
  // By the columns' references, descending; a list comes before its prefixes.
  withKeys.sort((left, right) => {
    const common = Math.min(left.keys.length, right.keys.length);
    for (let index = 0; index < common; index++) {
      const a = left.keys[index];
      const b = right.keys[index];
      if (a === undefined || b === undefined) break;
      if (a.sortGroupRef !== b.sortGroupRef) return b.sortGroupRef - a.sortGroupRef;
      if (a.sortOperator !== b.sortOperator) return b.sortOperator - a.sortOperator;
      if (a.nullsFirst !== b.nullsFirst) return a.nullsFirst ? -1 : 1;
    }
    return right.keys.length - left.keys.length;
  });
  return withKeys.map((item) => item.window);
}

/** The order a window needs. Throws 0A000 where a type of its columns has none. */
export function windowPathKeys(root: PlannerInfo, window: WindowClause): PathKey[] {
  requireSortable(window.partitionClause, 'PARTITION BY', 'Window partitioning columns');
  requireSortable(window.orderClause, 'ORDER BY', 'Window ordering columns');
  const result: PathKey[] = [];
  for (const clauses of [window.partitionClause, window.orderClause]) {
    for (const key of pathKeysForClauses(root, clauses, root.processedTargetList)) appendKey(result, key);
  }
  return result;
}

function requireSortable(clauses: readonly SortGroupClause[], what: string, columns: string): void {
  if (clauses.every((clause) => clause.sortOperator !== 0)) return;
  throw pgError(SqlState.featureNotSupported, `could not implement window ${what}`, {
    detail: `${columns} must be of sortable datatypes.`,
  });
}

/** The relation with all window functions computed. */
export function windowRel(
  root: PlannerInfo,
  input: RelOptInfo,
  inputTarget: PathTarget,
  output: PathTarget,
  windows: readonly WindowClause[],
  functions: readonly WindowFunc[],
): RelOptInfo {
  const rel = newRel('upper', input.relids, 0);
  rel.target = output;
  rel.considerStartup = input.considerStartup;
  for (const path of input.paths) {
    const useful =
      path === input.cheapestTotal || pathKeysContained(root.windowPathKeys, path.pathKeys) || path.pathKeys.length > 0;
    if (useful) addPath(rel, windowChain(root, rel, path, inputTarget, output, windows, functions));
  }
  setCheapest(rel);
  return rel;
}

function windowChain(
  root: PlannerInfo,
  rel: RelOptInfo,
  start: Path,
  inputTarget: PathTarget,
  output: PathTarget,
  windows: readonly WindowClause[],
  functions: readonly WindowFunc[],
): Path {
  let path = start;
  let target = inputTarget;
  const conditions = (root.query.windowConditions ?? []).flatMap(
    (condition) => runCondition(root, condition, root.processedTargetList) ?? [],
  );
  // What a window below the last one rules out must still pass the windows above it: the last one drops it.
  const lastRef = windows[windows.length - 1]?.windowRef;
  const below = conditions.filter((item) => item.call.windowRef !== lastRef).map((item) => item.expr);
  windows.forEach((window, index) => {
    const own = functions.filter((item) => item.windowRef === window.windowRef);
    path = sortedPath(root, rel, path, windowPathKeys(root, window), -1);
    const last = index === windows.length - 1;
    if (last) target = output;
    else {
      const exprs = [...target.exprs];
      const refs = [...target.sortRefs];
      for (const item of own) {
        if (isMember(item, exprs)) continue;
        exprs.push(item);
        refs.push(0);
      }
      target = makeTarget(root, exprs, refs);
    }
    const stops = conditions.filter((item) => item.call.windowRef === window.windowRef).map((item) => item.expr);
    path = windowAggPath(root, rel, path, target, window, own, last);
    path = { ...path, runConditions: stops, quals: last ? below : [] };
  });
  return path;
}

/** Functions that rank: whatever frame was written, they see the rows up to the current one. */
const looksAtNoFrame = new Set([
  'window_row_number',
  'window_rank',
  'window_dense_rank',
  'window_percent_rank',
  'window_cume_dist',
  'window_ntile',
]);
const runningFrame = {
  mode: 'rows',
  start: { kind: 'unboundedPreceding', offset: null },
  end: { kind: 'currentRow', offset: null },
  exclusion: 'none',
} as const;

function windowAggPath(
  root: PlannerInfo,
  rel: RelOptInfo,
  subpath: Path,
  target: PathTarget,
  window: WindowClause,
  functions: readonly WindowFunc[],
  top: boolean,
): WindowAggPath {
  const { settings, catalog } = root.global;
  let startup = subpath.startupCost;
  let total = subpath.totalCost;
  for (const item of functions) {
    let perRow = settings.cpuOperatorCost * (catalog.function(item.function)?.cost ?? 1);
    for (const arg of [...item.args, ...(item.filter === null ? [] : [item.filter])]) {
      const cost = expressionCost(root, arg);
      startup += cost.startup;
      perRow += cost.perTuple;
    }
    total += perRow * subpath.rows;
  }
  total += settings.cpuOperatorCost * (window.partitionClause.length + window.orderClause.length) * subpath.rows;
  total += settings.cpuTupleCost * subpath.rows;
  return {
    kind: 'WindowAgg',
    rel,
    target,
    param: null,
    rows: subpath.rows,
    startupCost: startup + target.startupCost,
    totalCost: total + target.startupCost + target.perTupleCost * subpath.rows,
    pathKeys: subpath.pathKeys,
    subpath,
    window: functions.every((item) => looksAtNoFrame.has(catalog.function(item.function)?.source ?? ''))
      ? { ...window, frame: { ...window.frame, ...runningFrame } }
      : window,
    quals: [],
    runConditions: [],
    topWindow: top,
  };
}
