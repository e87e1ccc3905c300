// Conditions of plan nodes: cheap ones first, constant ones apart.
import type { Expression } from '../../trees/expression.js';
import type { Plan } from '../../trees/plan.js';
import { restrictionCost } from '../costs/expression-cost.js';
import { replaceNestLoopVars } from '../params.js';
import type { Path } from '../path.js';
import type { PlannerInfo, RestrictInfo } from '../planner-info.js';
import { resultOver } from './plan-base.js';

/** Conditions in the order of their cost; constant ones left out. */
export function orderedClauses(root: PlannerInfo, infos: readonly RestrictInfo[]): Expression[] {
  const items = infos
    .filter((info) => !info.pseudoConstant)
    .map((info) => ({ clause: info.clause, cost: restrictionCost(root, [info]).perTuple }));
  items.sort((left, right) => left.cost - right.cost);
  return items.map((item) => item.clause);
}

/** Values from enclosing nested loops in a parameterized path's conditions become Params. */
export function bindParameters(root: PlannerInfo, path: Path, clauses: readonly Expression[]): Expression[] {
  return path.param === null ? [...clauses] : clauses.map((clause) => replaceNestLoopVars(root, clause));
}

/** A Result on top that checks the constant conditions once, where there are any. */
export function gate(root: PlannerInfo, plan: Plan, infos: readonly RestrictInfo[]): Plan {
  const constant = infos.filter((info) => info.pseudoConstant).map((info) => replaceNestLoopVars(root, info.clause));
  if (constant.length === 0) return plan;
  if (plan.kind === 'Result' && plan.outer === null)
    return { ...plan, constantQual: [...plan.constantQual, ...constant] };
  return resultOver(plan, plan.targetList, constant);
}
