// Fields that every plan node has, and small builders of nodes that more than one place makes. Node numbers and
// parameter dependencies are filled in at the end (finalize.ts).
import type { Expression, TargetEntry } from '../../trees/expression.js';
import type { Material, Plan, PlanCommon, Result, Sort, SortKey } from '../../trees/plan.js';
import { materialCost, sortCost } from '../costs/costs.js';
import { makeEntry } from '../expressions/make.js';
import type { PathTarget } from '../path.js';
import type { PlannerSettings } from '../settings.js';

export interface Estimates {
  readonly startupCost: number;
  readonly totalCost: number;
  readonly rows: number;
  readonly target: { readonly width: number };
}

/** The common fields from a path's estimates. */
export function planBase(from: Estimates, targetList: readonly TargetEntry[], qual: readonly Expression[]): PlanCommon {
  return {
    startupCost: from.startupCost,
    totalCost: from.totalCost,
    planRows: from.rows,
    planWidth: Math.round(from.target.width),
    nodeId: -1,
    targetList,
    qual,
    initPlans: [],
    externParams: [],
  };
}

/** The common fields of a node that hands its input's rows on. */
export function planLike(plan: Plan): PlanCommon {
  const { startupCost, totalCost, planRows, planWidth, targetList } = plan;
  return {
    startupCost,
    totalCost,
    planRows,
    planWidth,
    nodeId: -1,
    targetList,
    qual: [],
    initPlans: [],
    externParams: [],
  };
}

/** A target list for a path's target. */
export function targetEntries(target: PathTarget): TargetEntry[] {
  return target.exprs.map((expr, index) => ({
    ...makeEntry(expr, index + 1, null, false),
    sortGroupRef: target.sortRefs[index] ?? 0,
  }));
}

/** The same node with another target list. */
export function withTargetList<T extends Plan>(plan: T, targetList: readonly TargetEntry[]): T {
  return { ...plan, targetList };
}

/** Can the node compute any target list by itself? */
export function planCanProject(plan: Plan): boolean {
  switch (plan.kind) {
    case 'Hash':
    case 'Material':
    case 'Memoize':
    case 'Sort':
    case 'IncrementalSort':
    case 'Unique':
    case 'SetOp':
    case 'LockRows':
    case 'Limit':
    case 'ModifyTable':
    case 'Append':
    case 'MergeAppend':
    case 'RecursiveUnion':
    case 'BitmapAnd':
    case 'BitmapOr':
      return false;
    case 'ProjectSet':
      return false;
    default:
      return true;
  }
}

/** A Result that projects its input. */
export function resultOver(
  plan: Plan,
  targetList: readonly TargetEntry[],
  constantQual: readonly Expression[],
): Result {
  return { ...planLike(plan), targetList, kind: 'Result', outer: plan, constantQual };
}

/** Material over a plan that has no path of its own. */
export function materialPlan(plan: Plan, settings: PlannerSettings): Material {
  const cost = materialCost(
    settings,
    { startup: plan.startupCost, total: plan.totalCost },
    plan.planRows,
    plan.planWidth,
  );
  return { ...planLike(plan), kind: 'Material', outer: plan, startupCost: cost.startup, totalCost: cost.total };
}

/** Sort over a plan that has no path of its own. */
export function sortPlan(plan: Plan, keys: readonly SortKey[], settings: PlannerSettings, limit = -1): Sort {
  const cost = sortCost(settings, plan.totalCost, plan.planRows, plan.planWidth, limit);
  return { ...planLike(plan), kind: 'Sort', outer: plan, keys, startupCost: cost.startup, totalCost: cost.total };
}
