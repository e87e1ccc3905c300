// Bitmap scans: row positions from one or several indexes, combined by AND and OR, then the table read in order.
import type { BitmapHeapPath, BitmapPath, IndexPath } from '../../path.js';
import { requiredOuter } from '../../path.js';
import type { PlannerInfo, RelOptInfo, RestrictInfo } from '../../planner-info.js';
import type { Relids } from '../../relids.js';
import { noRelids } from '../../relids.js';
import { restrictionCost } from '../../costs/expression-cost.js';
import { disableCost } from '../../settings.js';
import { addPath } from '../add-path.js';
import { parameterInfo } from '../parameters.js';
import { impliedByConditions } from '../../predicates/imply.js';
import { clampRows } from '../../selectivity/variable.js';
import { restrictionClauses } from '../index-paths.js';
import { indexPathsFor, loopCount } from './build.js';
import { pagesFetched } from './cost.js';

/** Offers bitmap heap scans over the given index paths and over the relation's ORs. */
export function addBitmapPaths(root: PlannerInfo, rel: RelOptInfo, indexPaths: readonly IndexPath[]): void {
  const plain: BitmapPath[] = indexPaths.filter((path) => requiredOuter(path) === noRelids);
  plain.push(...orPaths(root, rel));
  if (plain.length > 0) addPath(rel, heapPath(root, rel, chooseAnd(root, rel, plain), noRelids));
  const sets = new Set(indexPaths.map(requiredOuter).filter((outer) => outer !== noRelids));
  for (const outer of sets) {
    const own = indexPaths.filter((path) => requiredOuter(path) === outer);
    addPath(rel, heapPath(root, rel, chooseAnd(root, rel, own), outer));
  }
}

/** A BitmapOr for each OR all of whose alternatives some index answers. */
function orPaths(root: PlannerInfo, rel: RelOptInfo): BitmapPath[] {
  const result: BitmapPath[] = [];
  for (const info of rel.baseRestrictions) {
    if (info.orClauses === null) continue;
    const others = rel.baseRestrictions.filter((item) => item !== info);
    const parts: BitmapPath[] = [];
    for (const alternative of info.orClauses) {
      const path = bestForAlternative(root, rel, alternative, others);
      if (path === null) break;
      parts.push(path);
    }
    if (parts.length === info.orClauses.length && parts.length > 0) result.push(combine(root, rel, 'BitmapOr', parts));
  }
  return result;
}

function bestForAlternative(
  root: PlannerInfo,
  rel: RelOptInfo,
  alternative: readonly RestrictInfo[],
  others: readonly RestrictInfo[],
): BitmapPath | null {
  const found: BitmapPath[] = [];
  for (const index of rel.indexes) {
    if (!index.predicateOk) {
      const conditions = [...alternative, ...others].map((item) => item.clause);
      if (!impliedByConditions(root.global, index.predicate, conditions)) continue;
    }
    const own = restrictionClauses(root, index, alternative);
    if (own.length === 0) continue;
    const extra = restrictionClauses(root, index, others).filter(
      (clause) => !own.some((item) => item.source === clause.source),
    );
    found.push(...indexPathsFor(root, rel, index, [...own, ...extra], noRelids).filter((path) => !path.backward));
  }
  return found.length === 0 ? null : chooseAnd(root, rel, found);
}

/** Entries a bitmap path yields. */
function treeCost(root: PlannerInfo, path: BitmapPath): { total: number; selectivity: number } {
  if ('index' in path) {
    const { settings } = root.global;
    const total = path.indexTotalCost + 0.1 * settings.cpuOperatorCost * path.rows;
    return { total, selectivity: path.indexSelectivity };
  }
  return { total: path.totalCost, selectivity: path.selectivity };
}

function combine(
  root: PlannerInfo,
  _rel: RelOptInfo,
  kind: 'BitmapAnd' | 'BitmapOr',
  children: readonly BitmapPath[],
): BitmapPath {
  const { settings } = root.global;
  let totalCost = 0;
  let selectivity = kind === 'BitmapAnd' ? 1 : 0;
  children.forEach((child, index) => {
    const cost = treeCost(root, child);
    totalCost += cost.total;
    // ORing a plain index scan into the bitmap is free, ANDing costs.
    if (index > 0 && (kind === 'BitmapAnd' || !('index' in child))) totalCost += 100 * settings.cpuOperatorCost;
    if (kind === 'BitmapAnd') selectivity *= cost.selectivity;
    else selectivity += cost.selectivity;
  });
  return { kind, children, totalCost, selectivity: Math.min(1, selectivity) };
}

/** Conditions that a bitmap path has checked. */
function conditions(path: BitmapPath): RestrictInfo[] {
  if ('index' in path) return path.quals.map((clause) => clause.source);
  return path.children.flatMap(conditions);
}

/** The cheapest path, or AND of paths that use different conditions, judged by the whole heap scan's cost. */
function chooseAnd(root: PlannerInfo, rel: RelOptInfo, paths: readonly BitmapPath[]): BitmapPath {
  const ranked = [...paths].sort((left, right) => {
    const a = treeCost(root, left);
    const b = treeCost(root, right);
    return a.total - b.total || a.selectivity - b.selectivity;
  });
  const outerOf = (path: BitmapPath): Relids => ('index' in path ? requiredOuter(path) : noRelids);
  const cost = (list: readonly BitmapPath[]): number =>
    heapPath(
      root,
      rel,
      join(root, rel, list),
      list.map(outerOf).reduce((set, item) => set | item, noRelids),
    ).totalCost;
  let best: BitmapPath[] | null = null;
  let bestCost = Infinity;
  ranked.forEach((start, position) => {
    let chosen = [start];
    let used = conditions(start);
    let current = cost(chosen);
    for (const next of ranked.slice(position + 1)) {
      const own = conditions(next);
      if (own.some((item) => used.includes(item))) continue;
      const tried = cost([...chosen, next]);
      if (tried >= current) continue;
      chosen = [...chosen, next];
      used = [...used, ...own];
      current = tried;
    }
    if (current < bestCost) {
      best = chosen;
      bestCost = current;
    }
  });
  return join(root, rel, best ?? ranked.slice(0, 1));
}

function join(root: PlannerInfo, rel: RelOptInfo, list: readonly BitmapPath[]): BitmapPath {
  const [only] = list;
  return list.length === 1 && only !== undefined ? only : combine(root, rel, 'BitmapAnd', list);
}

function heapPath(root: PlannerInfo, rel: RelOptInfo, bitmap: BitmapPath, outer: Relids): BitmapHeapPath {
  const { settings } = root.global;
  const needed = outer | rel.lateralRelids;
  const param = needed === noRelids ? null : parameterInfo(root, rel, needed);
  const rows = param?.rows ?? rel.rows;
  const tree = treeCost(root, bitmap);
  const loops = outer === noRelids ? 1 : loopCount(root, rel, outer);
  const tuples = clampRows(tree.selectivity * rel.tuples);
  const table = Math.max(1, rel.pages);
  let pages =
    loops > 1 ? pagesFetched(root, tuples * loops, rel.pages, 1) / loops : (2 * table * tuples) / (2 * table + tuples);
  pages = pages >= table ? table : Math.ceil(pages);
  const perPage =
    pages >= 2
      ? settings.randomPageCost - (settings.randomPageCost - settings.seqPageCost) * Math.sqrt(pages / table)
      : settings.randomPageCost;
  const filters = param === null ? rel.baseRestrictions : [...rel.baseRestrictions, ...param.clauses];
  const qual = restrictionCost(root, filters);
  const startup = (settings.enable.bitmapscan ? 0 : disableCost) + tree.total + qual.startup + rel.target.startupCost;
  const run = pages * perPage + (settings.cpuTupleCost + qual.perTuple) * tuples + rel.target.perTupleCost * rows;
  return {
    kind: 'BitmapHeapScan',
    rel,
    target: rel.target,
    param,
    rows,
    startupCost: startup,
    totalCost: startup + run,
    pathKeys: [],
    bitmap,
  };
}
