// Visiting an expression with all its parts, by structure: any object with a `kind` is a node.
import type { Expression } from '../../trees/expression.js';

/** Calls `visit` for the expression and everything within it. */
export function walkExpression(expression: Expression, visit: (node: Expression) => void): void {
  visit(expression);
  for (const value of Object.values(expression)) walkValue(value, visit);
}

function walkValue(value: unknown, visit: (node: Expression) => void): void {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return;
  if (Array.isArray(value)) {
    for (const item of value) walkValue(item, visit);
    return;
  }
  if ('kind' in value && typeof value.kind === 'string') {
    if (value.kind === 'TargetEntry' && 'expr' in value) walkValue(value.expr, visit);
    else if (value.kind !== 'Query') walkExpression(value as Expression, visit);
    return;
  }
  if (Object.getPrototypeOf(value) === Object.prototype)
    for (const item of Object.values(value)) walkValue(item, visit);
}
