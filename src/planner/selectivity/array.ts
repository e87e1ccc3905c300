// Selectivity of `x op ANY (array)` and `x op ALL (array)`.
import type { Expression, ScalarArrayOpExpr } from '../../trees/expression.js';
import { PgArray } from '../../types/value.js';
import { estimateExpression } from '../expressions/fold.js';
import { stripRelabel } from '../expressions/make.js';
import { typeOf } from '../expressions/typing.js';
import type { PlannerInfo } from '../planner-info.js';
import type { SelectivityContext } from './clauses.js';
import { clampProbability } from './variable.js';

/** `one` estimates the operator for a single element. */
export function arraySelectivity(
  root: PlannerInfo,
  clause: ScalarArrayOpExpr,
  _context: SelectivityContext,
  one: (args: readonly [Expression, Expression]) => number,
): number {
  const { catalog } = root.global;
  const left = clause.args[0];
  const right = stripRelabel(estimateExpression(root.global, clause.args[1]));
  const operator = catalog.operator(clause.operator);
  const isEquality = operator?.restrictEstimator === 'eqsel';
  const isInequality = operator?.restrictEstimator === 'neqsel';
  const elements = elementsOf(catalog.findTypeByOid(typeOf(right))?.element ?? 0, right);
  if (elements === null) {
    const element: Expression = {
      kind: 'CaseTestExpr',
      type: catalog.findTypeByOid(typeOf(right))?.element ?? 0,
      typmod: -1,
      collation: clause.inputCollation,
    };
    const each = one([left, element]);
    let result = clause.useOr ? 0 : 1;
    for (let index = 0; index < 10; index++) result = clause.useOr ? result + each - result * each : result * each;
    return clampProbability(result);
  }
  let independent = clause.useOr ? 0 : 1;
  let disjoint = clause.useOr ? 0 : 1;
  for (const element of elements) {
    const part = one([left, element]);
    if (clause.useOr) {
      independent = independent + part - independent * part;
      if (isEquality) disjoint += part;
    } else {
      independent *= part;
      if (isInequality) disjoint += part - 1;
    }
  }
  // Different values exclude each other: their fractions simply add up.
  const useDisjoint = (clause.useOr ? isEquality : isInequality) && disjoint >= 0 && disjoint <= 1;
  return clampProbability(useDisjoint ? disjoint : independent);
}

function elementsOf(elementType: number, array: Expression): Expression[] | null {
  if (array.kind === 'ArrayExpr' && !array.multidimensional) return [...array.elements];
  if (array.kind !== 'Const') return null;
  if (array.value === null) return [];
  if (!(array.value instanceof PgArray)) return null;
  return array.value.elements.map((value) => ({
    kind: 'Const',
    type: elementType,
    typmod: -1,
    collation: array.collation,
    value,
    location: -1,
  }));
}
