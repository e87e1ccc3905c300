// What an OR between relations says about each of them alone:
//   WHERE (a.x = 1 AND b.y = 2) OR (a.x = 3 AND b.z = 4)   ->   also  a.x = 1 OR a.x = 3,  b.y = 2 OR b.z = 4
// The whole condition is still checked at the join; its estimate is raised by what the parts take away before.
import type { Expression } from '../../trees/expression.js';
import { innerJoin } from '../joins/join-rel.js';
import { makeAnd } from '../expressions/make.js';
import { isMovableTo } from '../paths/parameters.js';
import type { PlannerInfo, RelOptInfo, RestrictInfo } from '../planner-info.js';
import { listSelectivity, noJoin } from '../selectivity/clauses.js';
import { makeRestrictInfo } from './restrict-info.js';

/** A part that lets nearly all rows pass isn't worth checking. */
const selectivityMax = 0.9;

/** Adds such conditions to the base relations that they restrict enough. */
export function extractOrClauses(root: PlannerInfo): void {
  for (const rel of root.rels) {
    if (rel?.kind !== 'base') continue;
    for (const info of rel.joinClauses) {
      if (info.orClauses === null || !isMovableTo(info, rel)) continue;
      const clause = restrictionOf(info, rel);
      if (clause !== null) addRestriction(root, rel, info, clause);
    }
  }
}

/** The OR of what each alternative says about `rel`; null where one says nothing. */
function restrictionOf(info: RestrictInfo, rel: RelOptInfo): Expression | null {
  const arms: Expression[] = [];
  for (const alternative of info.orClauses ?? []) {
    const parts: Expression[] = [];
    for (const part of alternative) {
      const nested = part.orClauses === null ? null : restrictionOf(part, rel);
      if (nested !== null) parts.push(nested);
      else if (part.clauseRelids === rel.relids && !part.pseudoConstant && !part.hasVolatile) parts.push(part.clause);
    }
    if (parts.length === 0) return null;
    const arm = makeAnd(parts);
    if (arm.kind === 'BoolExpr' && arm.op === 'or') arms.push(...arm.args);
    else arms.push(arm);
  }
  return { kind: 'BoolExpr', op: 'or', args: arms, location: -1 };
}

function addRestriction(root: PlannerInfo, rel: RelOptInfo, join: RestrictInfo, clause: Expression): void {
  const added = makeRestrictInfo(root, clause, { isPushedDown: true });
  const selectivity = listSelectivity(root, [added], noJoin);
  if (selectivity > selectivityMax) return;
  rel.baseRestrictions.push(added);
  if (selectivity <= 0) return;
  const others = join.clauseRelids & ~rel.relids;
  const whole = listSelectivity(root, [join], { varRelid: 0, join: innerJoin(others, rel.relids) });
  join.selectivity = Math.min(1, whole / selectivity);
  join.outerSelectivity = join.selectivity;
}
