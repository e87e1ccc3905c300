// What kinds of joins have in common.
import type { JoinType } from '../../trees/query.js';

/** Does the join know a preserved side? Conditions above it are no conditions of it then. */
export function isOuterJoinType(type: JoinType): boolean {
  return type !== 'inner' && type !== 'semi';
}

/** Does it give rows of the inner side that matched nothing? They come last, in no order, and from hash or merge joins
 *  only. */
export function keepsInner(type: JoinType): boolean {
  return type === 'right' || type === 'full' || type === 'rightAnti';
}
