// Can `x IN (SELECT ...)` be answered from a hash table of the subquery's rows?
import type { Expression } from '../trees/expression.js';
import type { Path } from './path.js';
import { andList } from './expressions/make.js';
import { containsSubPlan } from './expressions/facts.js';
import { someExpression } from './expressions/walk.js';
import type { PlannerInfo } from './planner-info.js';
import { typeOf } from './expressions/typing.js';

/** True where every comparison is a strict hashable equality between an outer value and a subquery column, and the rows
 *  are expected to fit the hash memory. */
export function hashSide(root: PlannerInfo, test: Expression, paramIds: readonly number[], path: Path): boolean {
  const { catalog, settings } = root.global;
  const rowBytes = path.target.width + 8 + 24;
  if (path.rows * rowBytes > settings.hashMemBytes) return false;
  const comparisons = test.kind === 'BoolExpr' && test.op === 'and' ? andList(test) : [test];
  const usesColumns = (node: Expression): boolean =>
    someExpression(node, (item) => item.kind === 'Param' && item.paramKind === 'exec' && paramIds.includes(item.id));
  return comparisons.every((item) => {
    if (item.kind !== 'OpExpr' || item.args.length !== 2) return false;
    const [left, right] = item.args as [Expression, Expression];
    const operator = catalog.operator(item.operator);
    if (operator === null || !operator.canHash || usesColumns(left) || !usesColumns(right)) return false;
    if (containsSubPlan(right) || !(catalog.function(operator.function)?.isStrict ?? false)) return false;
    const type = catalog.findTypeByOid(typeOf(left));
    return type !== null && type.kind !== 'c' && typeOf(left) !== 2249;
  });
}
