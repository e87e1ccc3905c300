// Result type of a bound expression as the executor needs it: with the catalog at hand ARRAY(subquery) is known too.
import type { Catalog } from '../../catalog/api.js';
import type { Expression } from '../../trees/expression.js';
import { expressionType } from '../../trees/expression-type.js';

export function typeOf(expr: Expression, catalog: Catalog): number {
  if (expr.kind === 'SubPlan' && expr.linkType === 'array') return catalog.typeByOid(expr.firstType).array;
  return expressionType(expr);
}
