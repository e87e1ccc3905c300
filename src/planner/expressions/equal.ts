// Structural equality of bound trees: same nodes, same fields, source locations and coercion display forms aside.
import type { Expression } from '../../trees/expression.js';

/** Are two trees (or lists of trees) equal? */
export function equalTrees(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) {
    return typeof left === 'number' && typeof right === 'number' && Number.isNaN(left) && Number.isNaN(right);
  }
  if (Buffer.isBuffer(left)) return Buffer.isBuffer(right) && left.equals(right);
  if (Array.isArray(left)) {
    if (!Array.isArray(right) || left.length !== right.length) return false;
    return left.every((item, index) => equalTrees(item, right[index]));
  }
  return equalObjects(left as Record<string, unknown>, right as Record<string, unknown>);
}

function equalObjects(left: Record<string, unknown>, right: Record<string, unknown>): boolean {
  if (left['kind'] !== right['kind'] || Object.getPrototypeOf(left) !== Object.getPrototypeOf(right)) return false;
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  for (const key of keys) {
    if (key === 'location' || key === 'form') continue;
    if (!equalTrees(left[key], right[key])) return false;
  }
  return true;
}

/** Is `expression` equal to a member of `list`? */
export function isMember(expression: Expression, list: readonly Expression[]): boolean {
  return list.some((item) => equalTrees(item, expression));
}

/** The members of `left` that have no equal in `right`. */
export function difference(left: readonly Expression[], right: readonly Expression[]): Expression[] {
  return left.filter((item) => !isMember(item, right));
}
