// Join order for many relations: repeatedly joins the pair of clumps whose join comes out cheapest, pairs connected by a
// condition first. Deterministic, quadratic in the number of relations for each step.
import type { PlannerInfo, RelOptInfo } from '../planner-info.js';
import { setCheapest } from '../paths/add-path.js';
import { required } from '../require.js';
import { haveRelevantClause, makeJoinRel } from './join-rel.js';

/** Joins all items pair by pair. */
export function greedySearch(root: PlannerInfo, items: readonly RelOptInfo[]): RelOptInfo {
  let clumps = [...items];
  while (clumps.length > 1) {
    const best = bestPair(root, clumps, true) ?? bestPair(root, clumps, false);
    const { left, right, joined } = required(best, 'join of two relations');
    clumps = clumps.filter((rel) => rel !== left && rel !== right);
    clumps.push(joined);
  }
  return required(clumps[0], 'joined relation');
}

interface Pair {
  readonly left: RelOptInfo;
  readonly right: RelOptInfo;
  readonly joined: RelOptInfo;
}

function bestPair(root: PlannerInfo, clumps: readonly RelOptInfo[], connectedOnly: boolean): Pair | null {
  let best: Pair | null = null;
  let bestRows = Infinity;
  for (let first = 0; first < clumps.length; first++) {
    for (let second = first + 1; second < clumps.length; second++) {
      const left = required(clumps[first], 'clump');
      const right = required(clumps[second], 'clump');
      if (connectedOnly && !haveRelevantClause(root, left, right)) continue;
      const joined = makeJoinRel(root, left, right);
      if (joined === null || joined.paths.length === 0) continue;
      setCheapest(joined);
      // The growth of a join matters more than its present cost.
      const cost = joined.rows + (joined.cheapestTotal?.totalCost ?? Infinity) * 1e-3;
      if (cost < bestRows) {
        best = { left, right, joined };
        bestRows = cost;
      }
    }
  }
  return best;
}
