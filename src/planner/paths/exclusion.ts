// Constraint exclusion: a scan that a table's CHECK constraints rule out is not done (constraint_exclusion = on).
import type { PlannerInfo, RelOptInfo } from '../planner-info.js';
import { refutedByConditions } from '../predicates/imply.js';
import type { Expression } from '../../trees/expression.js';
import { rewriteTopDown } from '../expressions/walk.js';
import { foldExpression } from '../expressions/fold.js';
import { andList } from '../expressions/make.js';
import { containsMutable } from '../expressions/facts.js';
import { canonicalizeQual } from '../prep/canonicalize.js';

/** Can no row of the relation pass its restrictions? */
export function relationIsExcluded(root: PlannerInfo, rel: RelOptInfo): boolean {
  const { settings, catalog, context } = root.global;
  const isChild = rel.kind === 'member';
  const wanted = settings.constraintExclusion === 'on' || (settings.constraintExclusion === 'partition' && isChild);
  if (!wanted || rel.relation === null || rel.baseRestrictions.length === 0) return false;
  const conditions = rel.baseRestrictions
    .map((info) => info.clause)
    .filter((clause) => !containsMutable(clause, catalog));
  if (conditions.length === 0) return false;
  const checks: Expression[] = [];
  for (const constraint of rel.relation.constraints) {
    if (constraint.kind !== 'c' || !constraint.validated || constraint.expression === null) continue;
    const stored = context.readTree(constraint.expression) as Expression;
    const moved = rewriteTopDown(stored, (node) => (node.kind === 'Var' ? { ...node, varno: rel.rtIndex } : null));
    checks.push(...andList(canonicalizeQual(foldExpression(root.global, moved), true)));
  }
  return checks.length > 0 && refutedByConditions(root.global, checks, conditions);
}
