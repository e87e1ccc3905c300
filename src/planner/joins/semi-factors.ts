// For semijoins, anti joins and joins with at most one match: which share of the outer rows finds a match, and how many
// matches each of those would find. The inner side is read only up to the first match.
import type { JoinType } from '../../trees/query.js';
import { isPushedDownAt } from '../jointree/restrict-info.js';
import type { PlannerInfo, RelOptInfo, RestrictInfo, SpecialJoinInfo } from '../planner-info.js';
import { listSelectivity } from '../selectivity/clauses.js';
import { isOuterJoinType } from './join-types.js';

export interface SemiFactors {
  readonly outerMatchFraction: number;
  readonly matchCount: number;
}

/** Works the factors out from the join's selectivity as a semijoin and as an inner join. */
export function semiFactors(
  root: PlannerInfo,
  joined: RelOptInfo,
  outer: RelOptInfo,
  inner: RelOptInfo,
  joinType: JoinType,
  restrictions: readonly RestrictInfo[],
): SemiFactors {
  const isOuter = isOuterJoinType(joinType);
  const own = isOuter ? restrictions.filter((info) => !isPushedDownAt(info, joined.relids)) : restrictions;
  const base: SpecialJoinInfo = {
    minLeft: outer.relids,
    minRight: inner.relids,
    syntacticLeft: outer.relids,
    syntacticRight: inner.relids,
    joinType: joinType === 'anti' ? 'anti' : 'semi',
    ojRelid: 0,
    lhsStrict: false,
    semiOperators: [],
    semiRightExprs: [],
    semiCanHash: false,
    semiCanSort: false,
    commuteBelow: 0n,
  };
  const asSemi = joinType === 'semi' || joinType === 'anti';
  const all = listSelectivity(root, fresh(own), { varRelid: 0, join: { ...base, joinType: 'inner' } });
  // Where a unique inner side gives one match at most, PostgreSQL takes the inner join's own selectivity for both.
  const semi = asSemi ? listSelectivity(root, fresh(own), { varRelid: 0, join: base }) : all;
  const matches = semi > 0 ? Math.max(1, (all * inner.rows) / semi) : 1;
  return { outerMatchFraction: semi, matchCount: matches };
}

/** Selectivities remembered for another kind of join don't apply. */
function fresh(list: readonly RestrictInfo[]): RestrictInfo[] {
  return list.map((info) => ({ ...info, selectivity: -1, outerSelectivity: -1 }));
}
