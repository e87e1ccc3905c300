// Join order: all base relations are sized and scanned, then joined by dynamic programming over sets of relations
// (level n holds the joins of n items), or greedily where there are too many items.
import { SqlState, pgError } from '../../errors/pg-error.js';
import type { JoinListItem, PlannerInfo, RelOptInfo } from '../planner-info.js';
import type { Relids } from '../relids.js';
import { isSubset, noRelids, overlaps } from '../relids.js';
import { required } from '../require.js';
import { setCheapest } from '../paths/add-path.js';
import { setBasePaths, setBaseSize } from '../paths/base-scans.js';
import { greedySearch } from './greedy.js';
import {
  hasJoinRestriction,
  hasLegalClause,
  haveRelevantClause,
  joinAllowedByLateral,
  makeJoinRel,
} from './join-rel.js';

/** Joins everything in the join list. */
export function makeOneRel(root: PlannerInfo, list: readonly JoinListItem[]): RelOptInfo {
  const base = root.rels.filter((rel): rel is RelOptInfo => rel !== undefined && rel.kind === 'base');
  for (const rel of base) setBaseSize(root, rel);
  for (const rel of base) {
    rel.considerParameterizedStartup = root.joinInfos.some(
      (info) => (info.joinType === 'semi' || info.joinType === 'anti') && info.syntacticRight === rel.relids,
    );
    setBasePaths(root, rel);
  }
  return joinList(root, list);
}

function joinList(root: PlannerInfo, list: readonly JoinListItem[]): RelOptInfo {
  const items = list.map((item) =>
    typeof item === 'number' ? required(root.rels[item], 'relation') : joinList(root, item),
  );
  const [only] = items;
  if (items.length === 1 && only !== undefined) return only;
  const { settings } = root.global;
  if (settings.geqo && items.length >= settings.geqoThreshold) return greedySearch(root, items);
  return standardSearch(root, items);
}

function standardSearch(root: PlannerInfo, items: readonly RelOptInfo[]): RelOptInfo {
  const outer = root.joinLevels;
  const levels: RelOptInfo[][] = [[], [...items]];
  root.joinLevels = levels;
  for (let level = 2; level <= items.length; level++) {
    levels[level] = [];
    searchLevel(root, levels, level, items);
    const made = levels[level] ?? [];
    const isStuck = made.length > 0 && made.every((rel) => rel.paths.length === 0);
    if (isStuck && root.joinInfos.some((info) => info.joinType === 'full')) throw unsupportedFullJoin();
    levels[level] = made.filter((rel) => rel.paths.length > 0);
    for (const rel of levels[level] ?? []) setCheapest(rel);
  }
  root.joinLevels = outer;
  const final = levels[items.length]?.[0];
  return required(final, 'join of all relations');
}

function unsupportedFullJoin(): Error {
  return pgError(
    SqlState.featureNotSupported,
    'FULL JOIN is only supported with merge-joinable or hash-joinable join conditions',
  );
}

function searchLevel(root: PlannerInfo, levels: RelOptInfo[][], level: number, items: readonly RelOptInfo[]): void {
  const previous = levels[level - 1] ?? [];
  previous.forEach((old, position) => {
    const connected =
      old.joinClauses.length > 0 ||
      old.hasEquivalenceJoins ||
      hasJoinRestriction(root, old) ||
      old.lateralRelids !== noRelids ||
      old.lateralReferencers !== noRelids;
    const others = level === 2 ? items.slice(position + 1) : items;
    for (const other of others) {
      if (overlaps(old.relids, other.relids)) continue;
      if (connected && !haveRelevantClause(root, old, other) && !haveJoinOrder(root, old, other, items)) continue;
      register(levels, level, makeJoinRel(root, old, other));
    }
  });
  // Bushy joins of two joins, only where a condition connects them.
  for (let size = 2; size <= level - size; size++) {
    const rights = levels[level - size] ?? [];
    (levels[size] ?? []).forEach((left, position) => {
      if (left.joinClauses.length === 0 && !left.hasEquivalenceJoins && !hasJoinRestriction(root, left)) return;
      for (const right of size === level - size ? rights.slice(position + 1) : rights) {
        if (overlaps(left.relids, right.relids)) continue;
        if (haveRelevantClause(root, left, right) || haveJoinOrder(root, left, right, items))
          register(levels, level, makeJoinRel(root, left, right));
      }
    });
  }
  if ((levels[level] ?? []).length > 0) return;
  // Nothing fits: cartesian products after all.
  for (const old of previous) {
    for (const other of items) {
      if (!overlaps(old.relids, other.relids)) register(levels, level, makeJoinRel(root, old, other));
    }
  }
  if ((levels[level] ?? []).length === 0 && root.joinInfos.length === 0 && !root.hasLateral) {
    throw new Error(`planner: no join of ${level} relations found`);
  }
}

function register(levels: RelOptInfo[][], level: number, rel: RelOptInfo | null): void {
  const list = levels[level];
  if (rel !== null && list !== undefined && !list.includes(rel)) list.push(rel);
}

/** Must the two be joined because of an outer join, a semijoin, a lateral reference or a placeholder's expression? */
function haveJoinOrder(root: PlannerInfo, left: RelOptInfo, right: RelOptInfo, items: readonly RelOptInfo[]): boolean {
  if (joinAllowedByLateral(left, right)) return true;
  for (const { evalAt } of root.placeholders.values()) {
    if (isSubset(left.relids | right.relids, evalAt)) return true;
  }
  const isNeeded = root.joinInfos.some(({ joinType, minLeft, minRight }) => {
    if (joinType === 'full') return false;
    const covers = isSubset(minLeft, left.relids) && isSubset(minRight, right.relids);
    const reversed = isSubset(minLeft, right.relids) && isSubset(minRight, left.relids);
    // Both on the same side of an outer join: may be needed to complete that side.
    const within = (side: Relids): boolean => overlaps(side, left.relids) && overlaps(side, right.relids);
    return covers || reversed || within(minRight) || within(minLeft);
  });
  // Cartesian products are only forced where neither can be joined by a condition first.
  return isNeeded && !hasLegalClause(root, left, items) && !hasLegalClause(root, right, items);
}
