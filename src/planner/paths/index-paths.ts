// Index scans. Filled in by the modules of paths/index/.
import type { PlannerInfo, RelOptInfo } from '../planner-info.js';
import { impliedByConditions } from '../predicates/imply.js';

/** Decides which partial indexes the restrictions make usable. */
export function checkPartialIndexes(root: PlannerInfo, rel: RelOptInfo): void {
  for (const info of rel.indexes) {
    if (info.predicate.length === 0) continue;
    info.predicateOk = impliedByConditions(
      root.global,
      info.predicate,
      rel.baseRestrictions.map((item) => item.clause),
    );
  }
}

/** Offers index scans. */
export function addIndexPaths(_root: PlannerInfo, _rel: RelOptInfo): void {}
