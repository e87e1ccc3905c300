// Whether an expression refers to columns of its own query level.
import type { Expression } from '../trees/expression.js';
import { someExpressionDeep } from '../trees/walk.js';

/** Location of the first reference to a column of the expression's own query level; null where there is none. */
export function hasLocalVariables(expression: Expression): number | null {
  let location: number | null = null;
  someExpressionDeep(expression, (node, depth) => {
    if (node.kind !== 'Var' || node.levelsUp !== depth) return false;
    location = node.location;
    return true;
  });
  return location;
}
