// Turns the chosen path of a query level into plan nodes. Expressions still speak of the level's range table; the last
// step (set-references.ts) renumbers them.
import type { TargetEntry } from '../../trees/expression.js';
import type { Plan } from '../../trees/plan.js';
import { equalTrees } from '../expressions/equal.js';
import type { Path, SimplePath } from '../path.js';
import type { PlannerInfo } from '../planner-info.js';
import { createJoin, createMemoize } from './joins.js';
import { planBase, planCanProject, resultOver, targetEntries, withTargetList } from './plan-base.js';
import { createScan } from './scans.js';
import {
  createAgg,
  createAppend,
  createGroup,
  createGroupingSets,
  createLimit,
  createLockRows,
  createRecursiveUnion,
  createSetOp,
  createSort,
  createUniqueJoin,
  createUpperUnique,
  createWindowAgg,
} from './upper.js';
import { createModifyTable } from './modify-table.js';
import { showWholeRows } from './physical.js';
import { stripNullingRels } from '../expressions/nulling.js';

/** The plan of a whole query level, with its target list's names and its initplans. */
export function createPlan(root: PlannerInfo, path: Path): Plan {
  root.currentOuterRels = 0n;
  root.currentOuterParams = [];
  let plan = createNode(root, path);
  if (plan.kind !== 'ModifyTable') plan = labelled(plan, root.processedTargetList);
  plan = showWholeRows(root, plan);
  return { ...plan, initPlans: [...plan.initPlans, ...root.initPlans.map((item) => item.subPlan)] };
}

/** Output columns get the names, origins and junk marks of the query's target list. */
function labelled(plan: Plan, wanted: readonly TargetEntry[]): Plan {
  const list = plan.targetList.map((entry, index): TargetEntry => {
    const label = wanted[index];
    if (label === undefined) return { ...entry, junk: true };
    const { name, originTable, originColumn, junk, sortGroupRef } = label;
    return { ...entry, name, originTable, originColumn, junk, sortGroupRef: entry.sortGroupRef || sortGroupRef };
  });
  return withTargetList(plan, list);
}

/** The plan node of a path and, beneath it, of its inputs. */
export function createNode(root: PlannerInfo, path: Path): Plan {
  switch (path.kind) {
    case 'SeqScan':
    case 'SampleScan':
    case 'FunctionScan':
    case 'ValuesScan':
    case 'CteScan':
    case 'NamedTuplestoreScan':
    case 'WorkTableScan':
    case 'Result':
    case 'IndexScan':
    case 'IndexOnlyScan':
    case 'BitmapHeapScan':
    case 'TidScan':
    case 'TidRangeScan':
    case 'SubqueryScan':
      return createScan(root, path);
    case 'NestLoop':
    case 'HashJoin':
    case 'MergeJoin':
      return createJoin(root, path);
    case 'Append':
    case 'MergeAppend':
      return createAppend(root, path);
    case 'Material':
      return { ...planBase(path, [], []), ...inputOf(root, path.subpath), kind: 'Material' };
    case 'Memoize':
      return createMemoize(root, path);
    case 'Projection':
      return createProjection(root, path);
    case 'ProjectSet': {
      const outer = createNode(root, path.subpath);
      return { ...planBase(path, targetEntries(path.target), []), kind: 'ProjectSet', outer };
    }
    case 'UniqueJoin':
      return createUniqueJoin(root, path);
    case 'GroupResult':
    case 'MinMaxAgg':
      return createBareResult(root, path);
    case 'Sort':
    case 'IncrementalSort':
      return createSort(root, path);
    case 'Group':
      return createGroup(root, path);
    case 'UpperUnique':
      return createUpperUnique(root, path);
    case 'Agg':
      return createAgg(root, path);
    case 'GroupingSets':
      return createGroupingSets(root, path);
    case 'WindowAgg':
      return createWindowAgg(root, path);
    case 'SetOp':
      return createSetOp(root, path);
    case 'RecursiveUnion':
      return createRecursiveUnion(root, path);
    case 'LockRows':
      return createLockRows(root, path);
    case 'Limit':
      return createLimit(root, path);
    case 'ModifyTable':
      return createModifyTable(root, path);
  }
}

/** A Result without input: HAVING over no groups, or extremes that initplans supply. */
function createBareResult(root: PlannerInfo, path: Extract<Path, { kind: 'GroupResult' | 'MinMaxAgg' }>): Plan {
  if (path.kind === 'MinMaxAgg') {
    path.makeInitPlans();
    root.minMaxParams.push(...path.replacements);
  }
  return { ...planBase(path, targetEntries(path.target), []), kind: 'Result', outer: null, constantQual: path.quals };
}

/** `outer` and the target list of a node that hands rows on. */
export function inputOf(root: PlannerInfo, subpath: Path): { outer: Plan; targetList: readonly TargetEntry[] } {
  const outer = createNode(root, subpath);
  return { outer, targetList: outer.targetList };
}

function createProjection(root: PlannerInfo, path: SimplePath): Plan {
  const outer = createNode(root, path.subpath);
  const list = targetEntries(path.target);
  const estimates = {
    startupCost: path.startupCost,
    totalCost: path.totalCost,
    planRows: path.rows,
    planWidth: Math.round(path.target.width),
  };
  if (sameExpressions(outer.targetList, list)) {
    const merged = outer.targetList.map((entry, index) => ({ ...entry, sortGroupRef: list[index]?.sortGroupRef ?? 0 }));
    return { ...withTargetList(outer, merged), ...estimates };
  }
  if (planCanProject(outer)) return { ...withTargetList(outer, list), ...estimates };
  return { ...resultOver(outer, list, []), ...estimates };
}

function sameExpressions(left: readonly TargetEntry[], right: readonly TargetEntry[]): boolean {
  return (
    left.length === right.length &&
    left.every((entry, index) => {
      const other = right[index];
      if (other === undefined) return false;
      const isColumn = entry.expr.kind === 'Var' && other.expr.kind === 'Var';
      return isColumn
        ? equalTrees(stripNullingRels(entry.expr), stripNullingRels(other.expr))
        : equalTrees(entry.expr, other.expr);
    })
  );
}
