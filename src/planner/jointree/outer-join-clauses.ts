// Constants travel across outer joins:
//   SELECT ... FROM a LEFT JOIN b ON a.x = b.y WHERE a.x = 42   ->   b is scanned with b.y = 42
// Only rows of b with that value can join. The join condition stays: rows of a without a match are still kept by it.
import type { Expression } from '../../trees/expression.js';
import { canonicalMember, finalEc } from '../equivalence.js';
import { equalTrees } from '../expressions/equal.js';
import { makeOp } from '../expressions/make.js';
import { typeOf } from '../expressions/typing.js';
import type { PlannerInfo, RestrictInfo } from '../planner-info.js';
import { isSubset, noRelids } from '../relids.js';
import { distributeRestrictInfo } from './deconstruct.js';
import { makeRestrictInfo } from './restrict-info.js';

/** Derives conditions for nullable sides from constants on preserved sides. */
export function reconsiderOuterJoinClauses(root: PlannerInfo): void {
  const seen = new Set<RestrictInfo>();
  for (const rel of root.rels) {
    for (const info of rel?.joinClauses ?? []) {
      if (seen.has(info) || info.isPushedDown || info.outerRelids === noRelids || info.mergeFamilies.length === 0)
        continue;
      seen.add(info);
      derive(root, info);
    }
  }
}

function derive(root: PlannerInfo, info: RestrictInfo): void {
  const { clause } = info;
  if (clause.kind !== 'OpExpr' || !info.canJoin) return;
  const special = root.joinInfos.find(
    (item) =>
      item.joinType === 'left' &&
      isSubset(item.minLeft | item.minRight, info.requiredRelids) &&
      isSubset(info.clauseRelids, item.syntacticLeft | item.syntacticRight),
  );
  if (special === undefined) return;
  const [left, right] = clause.args as [Expression, Expression];
  const leftIsOuter = isSubset(info.leftRelids, special.syntacticLeft);
  const outer = leftIsOuter ? left : right;
  const inner = leftIsOuter ? right : left;
  const innerRelids = leftIsOuter ? info.rightRelids : info.leftRelids;
  if (!isSubset(innerRelids, special.syntacticRight)) return;
  const operator = root.global.catalog.operator(clause.operator);
  if (operator === null) return;
  const outerType = leftIsOuter ? operator.left : operator.right;
  const innerType = leftIsOuter ? operator.right : operator.left;
  const wanted = canonicalMember(outer, outerType, clause.inputCollation);
  for (const known of root.equivalences) {
    const ec = finalEc(known);
    if (!ec.hasConst || ec.hasVolatile || ec.collation !== clause.inputCollation) continue;
    if (!ec.members.some((member) => equalTrees(member.expr, wanted))) continue;
    for (const member of ec.members) {
      if (!member.isConst) continue;
      const family = ec.families.find((item) => info.mergeFamilies.includes(item));
      const oid =
        family === undefined ? 0 : root.global.catalog.familyOperator(family, innerType, typeOf(member.expr), 3);
      const equality = oid === 0 ? null : root.global.catalog.operator(oid);
      if (equality === null) continue;
      const made = makeOp(equality, inner, member.expr, clause.inputCollation);
      distributeRestrictInfo(root, makeRestrictInfo(root, made, { isPushedDown: true }));
      return;
    }
  }
}
