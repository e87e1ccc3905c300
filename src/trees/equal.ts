// Structural equality of bound trees, as PostgreSQL's: source locations and coercion forms don't count, everything else
// does, values by their own content. What GROUP BY matching, duplicate sort keys, index matching and CSE ask.
import type { Expression } from './expression.js';

const ignored = new Set(['location', 'form']);

/** True where two expressions compute the same thing in the same way. */
export function equalExpressions(left: Expression | null, right: Expression | null): boolean {
  return equalTrees(left, right);
}

/** True where two trees (expressions, queries, clauses, lists of them) are equal save for locations. */
export function equalTrees(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left === 'number' && typeof right === 'number') return Number.isNaN(left) && Number.isNaN(right);
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  if (Array.isArray(left)) {
    if (!Array.isArray(right) || left.length !== right.length) return false;
    for (let index = 0; index < left.length; index++) if (!equalTrees(left[index], right[index])) return false;
    return true;
  }
  if (Array.isArray(right)) return false;
  if (Buffer.isBuffer(left)) return Buffer.isBuffer(right) && left.equals(right);
  const leftFields = left as Record<string, unknown>;
  const rightFields = right as Record<string, unknown>;
  for (const field in leftFields) {
    if (ignored.has(field)) continue;
    if (!equalTrees(leftFields[field], rightFields[field])) return false;
  }
  for (const field in rightFields) if (!(field in leftFields)) return false;
  return true;
}
