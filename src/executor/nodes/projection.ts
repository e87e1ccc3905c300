// Recognises projections that do nothing: output rows that are the input's rows.
import { type TargetEntry, outerVar } from '../../trees/expression.js';
import type { Plan } from '../../trees/plan.js';

/** True where a node's target list is exactly its outer child's row. */
export function isPassThrough(targets: readonly TargetEntry[], outer: Plan): boolean {
  if (targets.length !== outer.targetList.length) return false;
  return targets.every(({ expr }, n) => expr.kind === 'Var' && expr.varno === outerVar && expr.attno === n + 1);
}
