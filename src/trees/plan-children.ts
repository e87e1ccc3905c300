// Children and expressions of plan nodes, for passes over finished plans (numbering, EXPLAIN).
import type { Expression, TargetEntry } from './expression.js';
import type { Plan } from './plan.js';

/** Direct children in the order in which EXPLAIN shows them. */
export function planChildren(plan: Plan): readonly Plan[] {
  switch (plan.kind) {
    case 'Append':
    case 'MergeAppend':
    case 'BitmapAnd':
    case 'BitmapOr':
      return plan.children;
    case 'NestLoop':
    case 'HashJoin':
    case 'MergeJoin':
    case 'RecursiveUnion':
      return [plan.outer, plan.inner];
    case 'SubqueryScan':
      return [plan.subplan];
    case 'Result':
      return plan.outer === null ? [] : [plan.outer];
    case 'SeqScan':
    case 'SampleScan':
    case 'IndexScan':
    case 'IndexOnlyScan':
    case 'BitmapIndexScan':
    case 'TidScan':
    case 'TidRangeScan':
    case 'FunctionScan':
    case 'ValuesScan':
    case 'CteScan':
    case 'NamedTuplestoreScan':
    case 'WorkTableScan':
      return [];
    default:
      return [plan.outer];
  }
}

/** The node with other children, as many as planChildren gave. */
export function withChildren(plan: Plan, children: readonly Plan[]): Plan {
  const [first, second] = children;
  switch (plan.kind) {
    case 'Append':
    case 'MergeAppend':
    case 'BitmapAnd':
    case 'BitmapOr':
      return { ...plan, children } as Plan;
    case 'NestLoop':
    case 'HashJoin':
    case 'MergeJoin':
    case 'RecursiveUnion':
      return { ...plan, outer: first, inner: second } as Plan;
    case 'SubqueryScan':
      return { ...plan, subplan: first } as Plan;
    case 'Result':
      return plan.outer === null ? plan : ({ ...plan, outer: first } as Plan);
    default:
      return first === undefined ? plan : ({ ...plan, outer: first } as Plan);
  }
}

function exprsOf(list: readonly TargetEntry[]): Expression[] {
  return list.map((entry) => entry.expr);
}

/** All expressions of the node itself. */
export function planExpressions(plan: Plan): readonly Expression[] {
  const result: Expression[] = [...exprsOf(plan.targetList), ...plan.qual];
  const add = (...list: readonly (Expression | null)[]): void => {
    for (const item of list) if (item !== null) result.push(item);
  };
  switch (plan.kind) {
    case 'Result':
      add(...plan.constantQual);
      break;
    case 'ModifyTable':
      add(...exprsOf(plan.returningList));
      for (const action of plan.mergeActions) add(action.condition, ...exprsOf(action.targetList));
      add(plan.mergeJoinCondition, ...plan.withCheckOptions.map((item) => item.qual));
      if (plan.onConflict !== null) add(plan.onConflict.where, ...exprsOf(plan.onConflict.set));
      for (const member of plan.members ?? [])
        add(...exprsOf(member.returningList), ...member.withCheckOptions.map((item) => item.qual));
      break;
    case 'SampleScan':
      add(...plan.tableSample.args, plan.tableSample.repeatable);
      break;
    case 'IndexScan':
    case 'IndexOnlyScan':
    case 'BitmapIndexScan':
      for (const item of plan.indexQuals) add(item.value, item.clause);
      break;
    case 'BitmapHeapScan':
      add(...plan.recheckQual);
      break;
    case 'TidScan':
      add(...plan.tidQuals);
      break;
    case 'TidRangeScan':
      add(...plan.tidRangeQuals);
      break;
    case 'NestLoop':
      add(...plan.joinQual, ...plan.parameters.map((item) => item.value));
      break;
    case 'HashJoin':
      add(...plan.joinQual, ...plan.hashClauses);
      break;
    case 'MergeJoin':
      add(...plan.joinQual, ...plan.mergeClauses.map((item) => item.clause));
      break;
    case 'Memoize':
      add(...plan.keys);
      break;
    case 'WindowAgg':
      add(plan.frame.start.offset, plan.frame.end.offset, ...plan.runCondition);
      break;
    case 'Limit':
      add(plan.offset, plan.count);
      break;
    default:
      break;
  }
  return result;
}
