// Joins of two relations: whether outer joins and lateral references allow it, which conditions it applies, how many
// rows it yields, and its paths in both orders.
import type { JoinType } from '../../trees/query.js';
import { generateJoinEqualities, hasEquivalenceJoin, haveEquivalenceJoin } from '../equivalence.js';
import { isFalseOrNull } from '../expressions/make.js';
import { setDummy } from '../paths/base-scans.js';
import type { PlannerInfo, RelOptInfo, RestrictInfo, SpecialJoinInfo } from '../planner-info.js';
import type { Relids } from '../relids.js';
import { isSubset, noRelids, overlaps, singleRelid } from '../relids.js';
import { newRel } from '../rels/build-rel.js';
import { joinTarget } from '../rels/targets.js';
import { addJoinPaths, splitsPlaceHolder } from './join-paths.js';
import { joinRows } from './join-size.js';
import { uniqueJoinPath } from './unique.js';

interface Legal {
  readonly special: SpecialJoinInfo | null;
  readonly reversed: boolean;
}

/** Joins two relations; null where that is not allowed. Paths are added to the (possibly existing) join relation. */
export function makeJoinRel(root: PlannerInfo, rel1: RelOptInfo, rel2: RelOptInfo): RelOptInfo | null {
  root.global.context.checkInterrupts?.();
  const legal = joinIsLegal(root, rel1, rel2);
  if (legal === null) return null;
  const [left, right] = legal.reversed ? [rel2, rel1] : [rel1, rel2];
  const special = legal.special ?? innerJoin(left.relids, right.relids);
  const relids = joinedRelids(left, right, legal.special);
  const joined = root.joinRels.get(relids) ?? buildJoinRel(root, relids, left, right, special);
  if (joined.isDummy) return joined;
  const restrictions = joinRestrictions(root, joined, left, right);
  populate(root, joined, left, right, special, restrictions);
  return joined;
}

/** An inner join in the form of the others. */
export function innerJoin(left: Relids, right: Relids): SpecialJoinInfo {
  return {
    minLeft: left,
    minRight: right,
    syntacticLeft: left,
    syntacticRight: right,
    joinType: 'inner',
    ojRelid: 0,
    lhsStrict: false,
    semiOperators: [],
    semiRightExprs: [],
    semiCanHash: false,
    semiCanSort: false,
    commuteBelow: noRelids,
  };
}

function joinedRelids(left: RelOptInfo, right: RelOptInfo, special: SpecialJoinInfo | null): Relids {
  const both = left.relids | right.relids;
  return special !== null && special.ojRelid > 0 ? both | singleRelid(special.ojRelid) : both;
}

function joinIsLegal(root: PlannerInfo, rel1: RelOptInfo, rel2: RelOptInfo): Legal | null {
  const joinRelids = rel1.relids | rel2.relids;
  let match: SpecialJoinInfo | null = null;
  let reversed = false;
  let mustBeLeft = false;
  for (const info of root.joinInfos) {
    if (!overlaps(info.minRight, joinRelids) || isSubset(joinRelids, info.minRight)) continue;
    if (isSubset(info.minLeft, rel1.relids) && isSubset(info.minRight, rel1.relids)) continue;
    if (isSubset(info.minLeft, rel2.relids) && isSubset(info.minRight, rel2.relids)) continue;
    // A semijoin whose right side was made unique before is done.
    if (info.joinType === 'semi') {
      if (isSubset(info.syntacticRight, rel1.relids) && info.syntacticRight !== rel1.relids) continue;
      if (isSubset(info.syntacticRight, rel2.relids) && info.syntacticRight !== rel2.relids) continue;
    }
    const forward = isSubset(info.minLeft, rel1.relids) && isSubset(info.minRight, rel2.relids);
    const backward = isSubset(info.minLeft, rel2.relids) && isSubset(info.minRight, rel1.relids);
    const uniqueForward =
      info.joinType === 'semi' && info.syntacticRight === rel2.relids && uniqueJoinPath(root, rel2, info) !== null;
    const uniqueBackward =
      info.joinType === 'semi' && info.syntacticRight === rel1.relids && uniqueJoinPath(root, rel1, info) !== null;
    if (forward || backward || uniqueForward || uniqueBackward) {
      if (match !== null) return null;
      match = info;
      reversed = !forward && (backward || (!uniqueForward && uniqueBackward));
      continue;
    }
    if (overlaps(rel1.relids, info.minRight) && overlaps(rel2.relids, info.minRight)) continue;
    if (info.joinType !== 'left' || overlaps(joinRelids, info.minLeft)) return null;
    mustBeLeft = true;
  }
  if (mustBeLeft && (match === null || match.joinType !== 'left' || !match.lhsStrict)) return null;
  return lateralAllows(root, rel1, rel2, match, reversed) ? { special: match, reversed } : null;
}

function lateralAllows(
  root: PlannerInfo,
  rel1: RelOptInfo,
  rel2: RelOptInfo,
  match: SpecialJoinInfo | null,
  reversed: boolean,
): boolean {
  if (!root.hasLateral) return true;
  const forward = overlaps(rel1.relids, rel2.lateralRelids);
  const backward = overlaps(rel2.relids, rel1.lateralRelids);
  if (forward && backward) return false;
  if (forward && splitsPlaceHolder(root, rel1.relids, rel2.lateralRelids)) return false;
  if (backward && splitsPlaceHolder(root, rel2.relids, rel1.lateralRelids)) return false;
  if (forward && match !== null && (reversed || match.joinType === 'full')) return false;
  if (backward && match !== null && (!reversed || match.joinType === 'full')) return false;
  // What the join still needs from outside must not lie on the null-extended side of an outer join above it, directly or
  // through further ones: it could never be supplied.
  const both = rel1.relids | rel2.relids;
  const needed = (rel1.lateralRelids | rel2.lateralRelids) & ~both;
  return needed === noRelids || !overlaps(withNulledSides(root, both), needed);
}

/** The relations and all those that outer joins must join to them later. The order of full joins is settled. */
function withNulledSides(root: PlannerInfo, relids: Relids): Relids {
  let result = relids;
  for (let more = true; more; ) {
    more = false;
    for (const { joinType, minLeft, minRight } of root.joinInfos) {
      const before = result;
      if (joinType !== 'full' && overlaps(minLeft, result)) result |= minRight;
      more ||= result !== before;
    }
  }
  return result;
}

/** Could a lateral reference be satisfied by joining the two directly? */
export function joinAllowedByLateral(left: RelOptInfo, right: RelOptInfo): boolean {
  return overlaps(left.relids, right.lateralRelids) || overlaps(right.relids, left.lateralRelids);
}

/** Is the relation's place in the join order restricted by an outer join, a semijoin or a placeholder's expression? */
export function hasJoinRestriction(root: PlannerInfo, rel: RelOptInfo): boolean {
  if (rel.lateralRelids !== noRelids || rel.lateralReferencers !== noRelids) return true;
  for (const { evalAt } of root.placeholders.values()) {
    if (isSubset(rel.relids, evalAt) && rel.relids !== evalAt) return true;
  }
  return root.joinInfos.some((info) => {
    if (info.joinType === 'full') return false;
    if (isSubset(info.minLeft, rel.relids) && isSubset(info.minRight, rel.relids)) return false;
    return overlaps(info.minLeft, rel.relids) || overlaps(info.minRight, rel.relids);
  });
}

/** Could the relation be joined to one of `items` by a condition, as far as outer joins allow? */
export function hasLegalClause(root: PlannerInfo, rel: RelOptInfo, items: readonly RelOptInfo[]): boolean {
  return items.some(
    (other) =>
      !overlaps(rel.relids, other.relids) &&
      haveRelevantClause(root, rel, other) &&
      joinIsLegal(root, rel, other) !== null,
  );
}

/** Does some condition connect the two relations? */
export function haveRelevantClause(root: PlannerInfo, left: RelOptInfo, right: RelOptInfo): boolean {
  const [fewer, other] = left.joinClauses.length <= right.joinClauses.length ? [left, right] : [right, left];
  if (fewer.joinClauses.some((info) => overlaps(other.relids, info.requiredRelids))) return true;
  return haveEquivalenceJoin(root, left.relids, right.relids);
}

function buildJoinRel(
  root: PlannerInfo,
  relids: Relids,
  left: RelOptInfo,
  right: RelOptInfo,
  special: SpecialJoinInfo,
): RelOptInfo {
  const rel = newRel('join', relids, 0);
  rel.considerStartup = root.tupleFraction > 0;
  rel.target = joinTarget(root, relids, left, right);
  rel.lateralRelids = (left.lateralRelids | right.lateralRelids) & ~relids;
  rel.lateralReferencers = (left.lateralReferencers | right.lateralReferencers) & ~relids;
  rel.nullingRels = left.nullingRels | right.nullingRels;
  const seen = new Set<RestrictInfo>();
  for (const input of [left, right]) {
    for (const info of input.joinClauses) {
      if (!isSubset(info.requiredRelids, relids)) seen.add(info);
    }
  }
  rel.joinClauses = [...seen];
  root.joinRels.set(relids, rel);
  rel.hasEquivalenceJoins = hasEquivalenceJoin(root, rel);
  const restrictions = joinRestrictions(root, rel, left, right);
  rel.rows = joinRows(root, rel, left, right, left.rows, right.rows, special, restrictions);
  return rel;
}

/** Conditions evaluated at the join of exactly these inputs. */
function joinRestrictions(root: PlannerInfo, joined: RelOptInfo, left: RelOptInfo, right: RelOptInfo): RestrictInfo[] {
  const result: RestrictInfo[] = [];
  for (const input of [left, right]) {
    for (const info of input.joinClauses) {
      if (isSubset(info.requiredRelids, joined.relids) && !result.includes(info)) result.push(info);
    }
  }
  for (const info of generateJoinEqualities(root, joined.relids, left.relids, right.relids)) {
    if (!result.includes(info)) result.push(info);
  }
  return result;
}

function populate(
  root: PlannerInfo,
  joined: RelOptInfo,
  left: RelOptInfo,
  right: RelOptInfo,
  special: SpecialJoinInfo,
  restrictions: readonly RestrictInfo[],
): void {
  const { joinType } = special;
  const isFalse = (onlyPushed: boolean): boolean =>
    restrictions.some((info) => isFalseOrNull(info.clause) && (!onlyPushed || info.isPushedDown));
  const emptyInput = ((): boolean => {
    switch (joinType) {
      case 'inner':
      case 'semi':
        return left.isDummy || right.isDummy || isFalse(false);
      case 'left':
      case 'anti':
        return left.isDummy || isFalse(true);
      default:
        return (left.isDummy && right.isDummy) || isFalse(true);
    }
  })();
  if (emptyInput) {
    setDummy(joined);
    return;
  }
  // An outer join condition that is never true matches nothing on the right.
  const isRightHand = isSubset(right.relids, special.syntacticRight);
  if ((joinType === 'left' || joinType === 'anti') && isRightHand && isFalse(false)) setDummy(right);
  const add = (
    outer: RelOptInfo,
    inner: RelOptInfo,
    type: JoinType,
    unique: 'none' | 'inner' | 'outer' = 'none',
  ): void => {
    addJoinPaths(root, joined, outer, inner, type, special, restrictions, unique);
  };
  switch (joinType) {
    case 'inner':
      add(left, right, 'inner');
      add(right, left, 'inner');
      break;
    case 'left':
      add(left, right, 'left');
      add(right, left, 'right');
      break;
    case 'full':
      add(left, right, 'full');
      add(right, left, 'full');
      break;
    case 'semi':
      if (isSubset(special.minLeft, left.relids) && isSubset(special.minRight, right.relids)) add(left, right, 'semi');
      if (special.syntacticRight === right.relids && uniqueJoinPath(root, right, special) !== null) {
        add(left, right, 'inner', 'inner');
        add(right, left, 'inner', 'outer');
      }
      break;
    case 'anti':
      add(left, right, 'anti');
      add(right, left, 'rightAnti');
      break;
    case 'right':
    case 'rightAnti':
      break;
  }
}
