// PostgreSQL lets a scan hand on whole rows where the node above doesn't care which columns it gets: that saves its
// executor a projection. Ours reads the columns that are needed in any case, so a scan only bears a mark, by which EXPLAIN
// VERBOSE lists the same columns. A subquery's scan really takes all columns: then it does nothing and disappears.
import type { TargetEntry } from '../../trees/expression.js';
import type { Plan } from '../../trees/plan.js';
import { makeEntry, varForExpr } from '../expressions/make.js';
import type { PlannerInfo } from '../planner-info.js';

/** What the node above wants: just its columns ('exact'), or any superset of them ('free'). */
type Wanted = 'exact' | 'free';

/** Marks the scans of one query level's finished plan. */
export function showWholeRows(root: PlannerInfo, plan: Plan): Plan {
  return visit(root, plan, 'exact');
}

function visit(root: PlannerInfo, plan: Plan, wanted: Wanted): Plan {
  switch (plan.kind) {
    case 'SeqScan':
    case 'IndexScan':
    case 'IndexOnlyScan':
    case 'BitmapHeapScan':
    case 'TidScan':
    case 'TidRangeScan':
    case 'FunctionScan':
    case 'ValuesScan':
    case 'CteScan':
    case 'NamedTuplestoreScan':
      return wanted === 'free' && hasPlainColumns(root, plan) ? { ...plan, showsAllColumns: true } : plan;
    case 'NestLoop':
    case 'MergeJoin':
      return { ...plan, outer: input(root, plan.outer), inner: input(root, plan.inner) };
    case 'HashJoin':
      return {
        ...plan,
        outer: input(root, plan.outer),
        inner: { ...plan.inner, outer: visit(root, plan.inner.outer, 'exact') },
      };
    case 'Agg':
      // Grouping columns are known by their positions: a subquery's columns stay as they are then.
      return {
        ...plan,
        outer: plan.groupColumns.length === 0 ? input(root, plan.outer) : visit(root, plan.outer, 'free'),
      };
    case 'Group':
    case 'ProjectSet':
      return { ...plan, outer: visit(root, plan.outer, 'free') };
    case 'Sort':
    case 'IncrementalSort':
    case 'Material':
    case 'Memoize':
    case 'WindowAgg':
    case 'ModifyTable':
      return { ...plan, outer: visit(root, plan.outer, 'exact') };
    case 'Limit':
    case 'LockRows':
    case 'Unique':
    case 'SetOp':
      return { ...plan, outer: visit(root, plan.outer, wanted) };
    case 'Result':
      return plan.outer === null ? plan : { ...plan, outer: visit(root, plan.outer, 'free') };
    case 'Append':
    case 'MergeAppend':
      return { ...plan, children: plan.children.map((child) => visit(root, child, 'exact')) };
    default:
      return plan;
  }
}

/** An input whose columns are found by what they are, not by position. */
function input(root: PlannerInfo, plan: Plan): Plan {
  if (plan.kind !== 'SubqueryScan') return visit(root, plan, 'free');
  if (plan.qual.length > 0 || !hasPlainColumns(root, plan)) return plan;
  const targetList = plan.subplan.targetList.map((entry, index): TargetEntry => {
    const column = varForExpr(plan.scanRtIndex, entry.resno, entry.expr);
    const known = plan.targetList.find(({ expr }) => expr.kind === 'Var' && expr.attno === entry.resno);
    return { ...makeEntry(known?.expr ?? column, index + 1, null, entry.junk), sortGroupRef: known?.sortGroupRef ?? 0 };
  });
  return { ...plan, targetList };
}

/** Only columns of the scanned relation itself, which has none that were dropped. */
function hasPlainColumns(root: PlannerInfo, plan: Extract<Plan, { scanRtIndex: number }>): boolean {
  const rel = root.rels[plan.scanRtIndex];
  if (rel?.kind !== 'base' || rel.relation?.attributes.some((attribute) => attribute.isDropped) === true) return false;
  return plan.targetList.every(
    ({ expr }) => expr.kind === 'Var' && expr.varno === plan.scanRtIndex && expr.levelsUp === 0 && expr.attno > 0,
  );
}
