// Everything above the joins of a query level, in this order: grouping, window functions, DISTINCT, ORDER BY, then row
// locks, LIMIT and the data change. Each stage is a relation of its own whose paths build on the one before.
import type { Expression } from '../../trees/expression.js';
import { SqlState, pgError } from '../../errors/pg-error.js';
import { limitCost } from '../costs/costs.js';
import { estimateExpression } from '../expressions/fold.js';
import { equalTrees, isMember } from '../expressions/equal.js';
import { containsSetReturning, isSetReturningCall } from '../expressions/facts.js';
import { forEachChild } from '../expressions/walk.js';
import { makeTarget } from '../rels/targets.js';
import { newParamId } from '../params.js';
import { addPath, setCheapest } from '../paths/add-path.js';
import { pathKeysContained, pathKeysForClauses } from '../paths/pathkeys.js';
import { sortedPath } from '../paths/simple-paths.js';
import type { ModifyTablePath, Path, PathTarget } from '../path.js';
import type { PlannerInfo, RelOptInfo } from '../planner-info.js';
import { preprocessTargetList } from '../prep/target-list.js';
import { planJoins } from '../query-planner.js';
import { newRel } from '../rels/build-rel.js';
import { required } from '../require.js';
import { clampRows } from '../selectivity/variable.js';
import { distinctRel } from './distinct.js';
import { cannotGroup, groupingRel } from './grouping.js';
import { planSetOperations } from './set-operations.js';
import { pathWithTarget } from './srf.js';
import { finalTarget, groupInputTarget, inputsOf, sortInputTarget, windowInputTarget } from './targets.js';
import { activeWindows, collectWindowFunctions, windowPathKeys, windowRel } from './windows.js';
import { neededClauses, orderedGroupClause, withoutDependentColumns } from './group-order.js';
import { mergeWindows } from '../prep/window-conditions.js';
import { presortAggregates } from './presorted.js';
import { expandGroupingSets, planGroupingSets } from './rollups.js';
import type { SortGroupClause, WindowClause } from '../../trees/query.js';

/** Plans the level; `root.finalRel` gets the finished paths. */
export function planUpper(root: PlannerInfo): void {
  const limits = estimateLimits(root);
  const isSetOperation = root.query.setOperations !== null;
  const [current, final] = isSetOperation ? planSetLevel(root) : planSelectLevel(root);
  let rel = current;
  if (root.query.sortClause.length > 0) rel = orderedRel(root, rel, final, limits.limitTuples);
  root.finalRel = finalRel(root, rel, limits, final);
}

interface Limits {
  readonly offset: number | null;
  readonly count: number | null;
  readonly limitTuples: number;
}

/** Estimates of OFFSET and LIMIT (null: absent, -1: unknown), and what they mean for the share of rows to fetch. */
function estimateLimits(root: PlannerInfo): Limits {
  const { query } = root;
  const estimate = (node: Expression | null): number | null => {
    if (node === null) return null;
    const folded = estimateExpression(root.global, node);
    if (folded.kind !== 'Const') return -1;
    if (folded.value === null) return null;
    return Math.max(0, Number(folded.value));
  };
  const offset = estimate(query.limitOffset);
  const count = estimate(query.limitCount);
  let limitTuples = -1;
  if (count !== null && count >= 0 && (offset === null || offset >= 0))
    limitTuples = Math.max(1, count) + (offset ?? 0);
  let fraction = root.tupleFraction;
  const combine = (own: number): void => {
    if (own >= 1) fraction = fraction >= 1 ? Math.min(fraction, own) : fraction > 0 ? fraction : own;
    else if (fraction <= 0 || fraction >= 1) fraction = fraction >= 1 ? fraction : own;
    else fraction = Math.min(fraction, own);
  };
  if (count !== null) {
    if (count < 0 || (offset !== null && offset < 0)) combine(0.1);
    else combine(Math.max(1, count) + (offset ?? 0));
  }
  root.tupleFraction = fraction;
  root.limitTuples = query.limitWithTies ? -1 : limitTuples;
  return { offset, count, limitTuples: root.limitTuples };
}

function planSetLevel(root: PlannerInfo): [RelOptInfo, PathTarget] {
  const { query } = root;
  if (query.sortClause.length > 0) root.tupleFraction = 0;
  if (query.rowMarks.length > 0) {
    const strength = {
      update: 'FOR UPDATE',
      noKeyUpdate: 'FOR NO KEY UPDATE',
      share: 'FOR SHARE',
      keyShare: 'FOR KEY SHARE',
    };
    const [mark] = query.rowMarks;
    throw pgError(
      SqlState.featureNotSupported,
      `${mark ? strength[mark.strength] : 'FOR UPDATE'} is not allowed with UNION/INTERSECT/EXCEPT`,
    );
  }
  const rel = planSetOperations(root);
  const target = finalTarget(root, root.processedTargetList);
  const result = applyTarget(root, rel, target);
  root.sortPathKeys = pathKeysForClauses(root, query.sortClause, root.processedTargetList);
  root.equivalencesMerged = true;
  return [result, target];
}

function planSelectLevel(root: PlannerInfo): [RelOptInfo, PathTarget] {
  const { query } = root;
  if (query.groupingSets.length > 0) {
    const sets = expandGroupingSets(query.groupingSets, query.groupDistinct);
    root.groupingSetPlan = planGroupingSets(sets, query.groupClause, query.sortClause);
    if (root.groupingSetPlan === null) throw cannotGroup();
  } else if (query.groupClause.length > 0) checkGroupable(query.groupClause);
  root.groupClause =
    query.groupingSets.length > 0 ? query.groupClause : orderedGroupClause(query.groupClause, query.sortClause);
  root.distinctClause = query.distinctClause;
  mergeWindows(root);
  preprocessTargetList(root);
  if (query.groupingSets.length === 0) root.groupClause = withoutDependentColumns(root, root.groupClause);
  const list = root.processedTargetList;
  let functions = collectWindowFunctions(list.map((entry) => entry.expr));
  const windows = query.hasWindowFunctions || functions.length > 0 ? activeWindows(root, functions) : [];
  const hasGrouping =
    query.groupClause.length > 0 || query.groupingSets.length > 0 || query.hasAggregates || root.hasHaving;
  const fullRead = hasGrouping || windows.length > 0;
  const outerFraction = root.tupleFraction;
  if (fullRead) {
    root.tupleFraction = 0;
    root.limitTuples = -1;
  }
  const joined = planJoins(root, list, () => prepareKeys(root, windows));
  functions = collectWindowFunctions(root.processedTargetList.map((entry) => entry.expr));
  const final = finalTarget(root, root.processedTargetList);
  const sortInput = query.sortClause.length > 0 ? sortInputTarget(root, final).target : final;
  const grouping = windows.length > 0 ? windowInputTarget(root, final, windows) : sortInput;
  const scan = hasGrouping ? groupInputTarget(root, final) : grouping;
  let rel = applyTarget(root, joined, scan);
  if (hasGrouping) {
    rel = groupingRel(root, rel, withoutSets(root, grouping, scan));
    rel = applyTarget(root, rel, grouping);
  }
  if (windows.length > 0) {
    rel = windowRel(root, rel, grouping, withoutSets(root, sortInput, grouping), windows, functions);
    rel = applyTarget(root, rel, sortInput);
  }
  if (root.distinctClause.length > 0) rel = distinctRel(root, rel);
  root.tupleFraction = outerFraction;
  return [rel, final];
}

/** The target without set-returning calls: their arguments instead, for a ProjectSet above. Those that the input computes
 *  already (they are grouped by) stay. */
function withoutSets(root: PlannerInfo, target: PathTarget, input: PathTarget): PathTarget {
  const hasSets = (expr: Expression) => containsSetReturning(expr) && !isMember(expr, input.exprs);
  if (!target.exprs.some(hasSets)) return target;
  const exprs: Expression[] = [];
  const refs: number[] = [];
  const add = (expr: Expression, ref: number): void => {
    if (isMember(expr, exprs)) return;
    exprs.push(expr);
    refs.push(ref);
  };
  const walk = (node: Expression): void => {
    if (isMember(node, input.exprs)) add(node, 0);
    else if (!containsSetReturning(node)) {
      if (node.kind === 'WindowFunc') add(node, 0);
      else for (const input of windowInputs(node)) add(input, 0);
    } else forEachChild(node, walk);
  };
  target.exprs.forEach((expr, index) => {
    if (!hasSets(expr)) add(expr, target.sortRefs[index] ?? 0);
    else if (isSetReturningCall(expr)) forEachChild(expr, (child) => (hasSets(child) ? walk(child) : add(child, 0)));
    else walk(expr);
  });
  return makeTarget(root, exprs, refs);
}

function windowInputs(node: Expression): Expression[] {
  const result: Expression[] = [];
  const walk = (item: Expression): void => {
    if (item.kind === 'WindowFunc') result.push(item);
    else if (
      item.kind === 'Var' ||
      item.kind === 'PlaceHolderVar' ||
      item.kind === 'Aggref' ||
      item.kind === 'GroupingFunc'
    ) {
      result.push(...inputsOf(item, 'whole'));
    } else forEachChild(item, walk);
  };
  walk(node);
  return result;
}

function checkGroupable(clauses: readonly SortGroupClause[]): void {
  const canSort = clauses.every((clause) => clause.sortOperator !== 0);
  const canHash = clauses.every((clause) => clause.hashable);
  if (canSort || canHash) return;
  throw cannotGroup();
}

/** Makes the orders that the stages above the joins want, once equivalences are known. */
function prepareKeys(root: PlannerInfo, windows: readonly WindowClause[]): void {
  const { query } = root;
  root.equivalencesMerged = true;
  const sortable = (clauses: readonly SortGroupClause[]): boolean =>
    clauses.every((clause) => clause.sortOperator !== 0);
  if (root.groupingSetPlan === null) {
    const needed = neededClauses(root, root.groupClause);
    root.groupClause = needed.clauses;
    root.groupPathKeys = needed.keys;
  } else {
    const order = (root.groupingSetPlan.rollups[0]?.order ?? []).flatMap((ref) =>
      root.groupClause.filter((clause) => clause.sortGroupRef === ref),
    );
    root.groupPathKeys = pathKeysForClauses(root, order, root.processedTargetList);
  }
  presortAggregates(root);
  const list = root.processedTargetList;
  const [first] = windows;
  root.windowPathKeys = first === undefined ? [] : windowPathKeys(root, first);
  root.distinctPathKeys = sortable(root.distinctClause) ? pathKeysForClauses(root, root.distinctClause, list) : [];
  root.sortPathKeys = pathKeysForClauses(root, query.sortClause, list);
  if (root.groupPathKeys.length > 0) root.queryPathKeys = root.groupPathKeys;
  else if (root.windowPathKeys.length > 0) root.queryPathKeys = root.windowPathKeys;
  else if (root.distinctPathKeys.length > root.sortPathKeys.length) root.queryPathKeys = root.distinctPathKeys;
  else root.queryPathKeys = root.sortPathKeys;
}

/** The relation with each path delivering `target`. */
function applyTarget(root: PlannerInfo, rel: RelOptInfo, target: PathTarget): RelOptInfo {
  const same =
    rel.target.exprs.length === target.exprs.length &&
    rel.target.exprs.every((expr, index) => equalTrees(expr, target.exprs[index])) &&
    target.sortRefs.every((ref, index) => ref === (rel.target.sortRefs[index] ?? 0));
  if (same) return rel;
  const result = newRel('upper', rel.relids, 0);
  result.target = target;
  result.rows = rel.rows;
  result.isDummy = rel.isDummy;
  result.considerStartup = root.tupleFraction > 0;
  result.paths = rel.paths
    .filter((path) => path.param === null || rel.cheapestTotal === path)
    .map((path) => pathWithTarget(root, result, path, target));
  setCheapest(result);
  return result;
}

/** ORDER BY; `limitTuples` > 0: only that many rows will be read. */
function orderedRel(root: PlannerInfo, input: RelOptInfo, target: PathTarget, limitTuples: number): RelOptInfo {
  const rel = newRel('upper', input.relids, 0);
  rel.target = target;
  rel.isDummy = input.isDummy;
  rel.considerStartup = root.tupleFraction > 0;
  for (const path of input.paths) {
    const isSorted = pathKeysContained(root.sortPathKeys, path.pathKeys);
    if (!isSorted && path !== input.cheapestTotal && path.pathKeys.length === 0) continue;
    const sorted = isSorted ? path : sortedPath(root, rel, path, root.sortPathKeys, limitTuples);
    const same = [sorted.target, input.target].some(
      ({ exprs }) =>
        exprs.length === target.exprs.length && exprs.every((expr, index) => equalTrees(expr, target.exprs[index])),
    );
    addPath(rel, same ? sorted : pathWithTarget(root, rel, sorted, target));
  }
  setCheapest(rel);
  return rel;
}

/** Row locks, LIMIT, and the data change. */
function finalRel(root: PlannerInfo, input: RelOptInfo, limits: Limits, target: PathTarget): RelOptInfo {
  const { query } = root;
  const rel = newRel('upper', input.relids, 0);
  rel.target = target;
  rel.isDummy =
    input.isDummy && query.commandType === 'select' && query.limitCount === null && query.limitOffset === null;
  rel.considerStartup = root.tupleFraction > 0;
  for (const path of input.paths) {
    if (path.param !== null && path !== input.cheapestTotal) continue;
    let result: Path = path;
    if (query.rowMarks.length > 0 && root.rowMarks.length > 0) result = lockRows(root, rel, result);
    if (needsLimit(root)) result = limitPath(root, rel, result, limits);
    if (query.commandType !== 'select') result = modifyPath(root, rel, result);
    addPath(rel, result);
  }
  setCheapest(rel);
  return rel;
}

function lockRows(root: PlannerInfo, rel: RelOptInfo, subpath: Path): Path {
  return {
    kind: 'LockRows',
    rel,
    target: subpath.target,
    param: null,
    rows: subpath.rows,
    startupCost: subpath.startupCost,
    totalCost: subpath.totalCost + root.global.settings.cpuTupleCost * subpath.rows,
    // A row may change while its lock is waited for: the order is no longer certain.
    pathKeys: [],
    subpath,
    rowMarks: root.rowMarks,
    epqParam: newParamId(root.global, 2278),
  };
}

/** A LIMIT that is not known to let everything through. */
function needsLimit(root: PlannerInfo): boolean {
  const { limitCount, limitOffset } = root.query;
  if (limitCount !== null && !(limitCount.kind === 'Const' && limitCount.value === null)) return true;
  if (limitOffset === null) return false;
  return !(limitOffset.kind === 'Const' && (limitOffset.value === null || limitOffset.value === 0n));
}

function limitPath(root: PlannerInfo, rel: RelOptInfo, subpath: Path, limits: Limits): Path {
  const { query } = root;
  const cost = limitCost(subpath, limits.offset, limits.count);
  return {
    kind: 'Limit',
    rel,
    target: subpath.target,
    param: null,
    rows: clampRows(cost.rows),
    startupCost: cost.startup,
    totalCost: cost.total,
    pathKeys: subpath.pathKeys,
    subpath,
    offset: query.limitOffset,
    count: query.limitCount,
    withTies: query.limitWithTies,
  };
}

function modifyPath(root: PlannerInfo, rel: RelOptInfo, subpath: Path): ModifyTablePath {
  const { query } = root;
  const returns = query.returningList.length > 0;
  return {
    kind: 'ModifyTable',
    rel,
    target: returns
      ? makeTarget(
          root,
          query.returningList.map((entry) => entry.expr),
        )
      : { exprs: [], sortRefs: [], startupCost: 0, perTupleCost: 0, width: 0 },
    param: null,
    rows: returns ? subpath.rows : 0,
    startupCost: subpath.startupCost,
    totalCost: subpath.totalCost,
    pathKeys: [],
    subpath,
    returningList: query.returningList,
    epqParam: newParamId(root.global, 2278),
  };
}

/** The order in which rows come out of a level, for its user. */
export function finalPath(root: PlannerInfo): Path {
  return required(root.finalRel?.cheapestTotal, 'final path');
}
