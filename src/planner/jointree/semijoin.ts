// Semijoins whose conditions are all equalities can also be done by making the right side unique first.
import type { Expression } from '../../trees/expression.js';
import type { JoinExpr } from '../../trees/query.js';
import { containsVolatile, relidsOfExpression } from '../expressions/facts.js';
import type { PlannerInfo, SpecialJoinInfo } from '../planner-info.js';
import type { Relids } from '../relids.js';
import { isSubset, noRelids, overlaps } from '../relids.js';
import { equalityFamilies } from './restrict-info.js';

type Details = Pick<SpecialJoinInfo, 'semiOperators' | 'semiRightExprs' | 'semiCanHash' | 'semiCanSort'>;
const none: Details = { semiOperators: [], semiRightExprs: [], semiCanHash: false, semiCanSort: false };

/** Equality operators and right-hand expressions of a semijoin; empty where it can't be done by uniqueness. */
export function semijoinDetails(
  root: PlannerInfo,
  node: JoinExpr,
  right: Relids,
  quals: readonly Expression[],
): Details {
  if (node.joinType !== 'semi') return none;
  const { catalog } = root.global;
  const operators: number[] = [];
  const exprs: Expression[] = [];
  let canHash = true;
  let canSort = true;
  for (const qual of quals) {
    const relids = relidsOfExpression(qual);
    if (qual.kind !== 'OpExpr' || qual.args.length !== 2) {
      // A condition on one side only does not matter; any other rules uniqueness out.
      if (!overlaps(relids, right) || isSubset(relids, right)) {
        if (containsVolatile(qual, catalog)) return none;
        continue;
      }
      return none;
    }
    const [first, second] = qual.args as [Expression, Expression];
    const firstRelids = relidsOfExpression(first);
    const secondRelids = relidsOfExpression(second);
    if (!overlaps(relids, right) || isSubset(relids, right)) {
      if (containsVolatile(qual, catalog)) return none;
      continue;
    }
    let rightExpr: Expression;
    let operatorOid = qual.operator;
    if (secondRelids !== noRelids && isSubset(secondRelids, right) && !overlaps(firstRelids, right)) rightExpr = second;
    else if (firstRelids !== noRelids && isSubset(firstRelids, right) && !overlaps(secondRelids, right)) {
      rightExpr = first;
      operatorOid = catalog.operator(qual.operator)?.commutator ?? 0;
    } else return none;
    const operator = catalog.operator(operatorOid);
    if (operator === null) return none;
    if (equalityFamilies(root, operatorOid).length === 0) canSort = false;
    if (!operator.canHash) canHash = false;
    if (!canHash && !canSort) return none;
    if (containsVolatile(rightExpr, catalog)) return none;
    operators.push(operatorOid);
    exprs.push(rightExpr);
  }
  if (operators.length === 0) return none;
  return { semiOperators: operators, semiRightExprs: exprs, semiCanHash: canHash, semiCanSort: canSort };
}
