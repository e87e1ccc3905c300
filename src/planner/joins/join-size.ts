// Estimated rows of a join.
import type { PlannerInfo, RelOptInfo, RestrictInfo, SpecialJoinInfo } from '../planner-info.js';
import { isPushedDownAt } from '../jointree/restrict-info.js';
import { listSelectivity } from '../selectivity/clauses.js';
import { clampRows } from '../selectivity/variable.js';
import { foreignKeySelectivity } from './foreign-keys.js';

/** Rows of a join of inputs with the given row counts. */
export function joinRows(
  root: PlannerInfo,
  joined: RelOptInfo,
  left: RelOptInfo,
  right: RelOptInfo,
  leftRows: number,
  rightRows: number,
  special: SpecialJoinInfo,
  restrictions: readonly RestrictInfo[],
): number {
  const { joinType } = special;
  const keys = foreignKeySelectivity(root, left, right, special, restrictions);
  let joinSelectivity = keys.selectivity;
  let pushedSelectivity = 1;
  const context = { varRelid: 0, join: special };
  if (joinType === 'left' || joinType === 'full' || joinType === 'right' || joinType === 'anti') {
    const pushed = keys.remaining.filter((info) => isPushedDownAt(info, joined.relids));
    const own = keys.remaining.filter((info) => !pushed.includes(info));
    joinSelectivity *= listSelectivity(root, own, context);
    pushedSelectivity = listSelectivity(root, pushed, context);
  } else joinSelectivity *= listSelectivity(root, keys.remaining, context);
  switch (joinType) {
    case 'left':
    case 'right':
      return clampRows(Math.max(leftRows, leftRows * rightRows * joinSelectivity) * pushedSelectivity);
    case 'full':
      return clampRows(Math.max(leftRows, rightRows, leftRows * rightRows * joinSelectivity) * pushedSelectivity);
    case 'semi':
      return clampRows(leftRows * joinSelectivity);
    case 'anti':
      return clampRows(leftRows * (1 - joinSelectivity) * pushedSelectivity);
    default:
      return clampRows(leftRows * rightRows * joinSelectivity);
  }
}
