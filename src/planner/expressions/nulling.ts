// Expressions without the marks of outer joins: once a plan's shape is settled a column is a column.
import type { Expression } from '../../trees/expression.js';
import { rewriteTopDown } from './walk.js';

const none: readonly number[] = [];

/** The expression with all nulling relations removed. */
export function stripNullingRels(expression: Expression): Expression {
  if (expression.kind === 'Var')
    return expression.nullingRels.length === 0 ? expression : { ...expression, nullingRels: none };
  return rewriteTopDown(expression, (node) => {
    if (node.kind === 'Var') return node.nullingRels.length === 0 ? node : { ...node, nullingRels: none };
    if (node.kind === 'PlaceHolderVar' && node.nullingRels.length > 0) {
      return { ...node, arg: stripNullingRels(node.arg), nullingRels: none };
    }
    return null;
  });
}
