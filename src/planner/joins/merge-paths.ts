// Merge joins: both inputs in the order of the join keys. Either both are sorted for it (each choice of leading key is
// tried), or the outer input comes sorted already and the inner one is sorted or found sorted.
import { finalEc } from '../equivalence.js';
import { mergeJoinCost } from '../costs/merge-cost.js';
import { isPushedDownAt } from '../jointree/restrict-info.js';
import type { MergePath, Path, PathKey } from '../path.js';
import { requiredOuter } from '../path.js';
import { addPath } from '../paths/add-path.js';
import { appendKey, canonicalPathKey, cheapestForPathKeys, pathKeysContained, usefulKeys } from '../paths/pathkeys.js';
import type { EquivalenceClass, PlannerInfo, RestrictInfo } from '../planner-info.js';
import { isSubset, noRelids, overlaps } from '../relids.js';
import { required } from '../require.js';
import { joinParameter, parameterizedBy, sidesMatch, type JoinSetup } from './join-paths.js';
import { isOuterJoinType, keepsInner } from './join-types.js';
import { uniqueJoinPath } from './unique.js';

/** Adds merge joins. */
export function addMergePaths(root: PlannerInfo, setup: JoinSetup): void {
  const clauses = mergeClauses(setup);
  if (clauses === null) return;
  const outer = setup.unique === 'outer' ? uniqueJoinPath(root, setup.outer, setup.special) : setup.outer.cheapestTotal;
  const inner = setup.unique === 'inner' ? uniqueJoinPath(root, setup.inner, setup.special) : setup.inner.cheapestTotal;
  if (outer === null || inner === null) return;
  if (parameterizedBy(outer, setup.inner) || parameterizedBy(inner, setup.outer)) return;
  if (clauses.length === 0) {
    // Only a full join without usable conditions: every pair is looked at.
    if (setup.joinType === 'full') tryMerge(root, setup, outer, inner, [], [], [], []);
    return;
  }
  sortBoth(root, setup, clauses, outer, inner);
  if (setup.unique === 'none') useOuterOrder(root, setup, clauses, inner);
}

/** Equalities usable for merging; null where a condition rules merging out. */
function mergeClauses(setup: JoinSetup): RestrictInfo[] | null {
  const { joinType, joined, outer, inner } = setup;
  const isOuterJoin = isOuterJoinType(joinType);
  const result: RestrictInfo[] = [];
  let complete = true;
  for (const info of setup.restrictions) {
    if (isOuterJoin && isPushedDownAt(info, joined.relids)) continue;
    if (info.canJoin && info.mergeFamilies.length > 0 && sidesMatch(info, outer.relids, inner.relids) && hasEcs(info))
      result.push(info);
    else if (info.clause.kind !== 'Const') complete = false;
  }
  return needsAll(setup) && !complete ? null : result;
}

function hasEcs(info: RestrictInfo): boolean {
  if (info.leftEc === null || info.rightEc === null) return false;
  info.leftEc = finalEc(info.leftEc);
  info.rightEc = finalEc(info.rightEc);
  // A class with a constant sorts nothing.
  return !info.leftEc.hasConst && !info.rightEc.hasConst;
}

function outerEc(info: RestrictInfo, setup: JoinSetup): EquivalenceClass {
  return required(isSubset(info.leftRelids, setup.outer.relids) ? info.leftEc : info.rightEc, 'equivalence class');
}

function innerEc(info: RestrictInfo, setup: JoinSetup): EquivalenceClass {
  return required(isSubset(info.leftRelids, setup.outer.relids) ? info.rightEc : info.leftEc, 'equivalence class');
}

function keyFor(root: PlannerInfo, ec: EquivalenceClass, like: PathKey | null): PathKey {
  if (like !== null) return canonicalPathKey(root, ec, like.family, like.descending, like.nullsFirst);
  return canonicalPathKey(root, ec, ec.families[0] ?? 0, false, false);
}

/** The outer order that the conditions want, the query's own order first. */
function outerKeys(root: PlannerInfo, setup: JoinSetup, clauses: readonly RestrictInfo[]): PathKey[] {
  const keys: PathKey[] = [];
  const wanted = clauses.map((info) => outerEc(info, setup));
  const { queryPathKeys } = root;
  if (queryPathKeys.length > 0 && queryPathKeys.every((key) => wanted.includes(key.ec)))
    for (const key of queryPathKeys) appendKey(keys, key);
  const popularity = (ec: EquivalenceClass): number =>
    ec.members.filter((member) => !isSubset(member.relids, setup.joined.relids)).length;
  const rest = wanted.filter((ec, index) => wanted.indexOf(ec) === index);
  rest.sort((left, right) => popularity(right) - popularity(left));
  for (const ec of rest) if (!keys.some((key) => key.ec === ec)) appendKey(keys, keyFor(root, ec, null));
  return keys;
}

/** The conditions in the order of the outer keys, as far as each has one. */
function clausesFor(setup: JoinSetup, clauses: readonly RestrictInfo[], keys: readonly PathKey[]): RestrictInfo[] {
  const result: RestrictInfo[] = [];
  for (const key of keys) {
    const own = clauses.filter((info) => outerEc(info, setup) === key.ec && !result.includes(info));
    if (own.length === 0) break;
    result.push(...own);
  }
  return result;
}

/** The inner order that goes with conditions and outer keys. */
function innerKeys(
  root: PlannerInfo,
  setup: JoinSetup,
  clauses: readonly RestrictInfo[],
  outer: readonly PathKey[],
): PathKey[] {
  const keys: PathKey[] = [];
  for (const info of clauses) {
    const like = outer.find((key) => key.ec === outerEc(info, setup)) ?? null;
    appendKey(keys, keyFor(root, innerEc(info, setup), like));
  }
  return keys;
}

function sortBoth(
  root: PlannerInfo,
  setup: JoinSetup,
  clauses: readonly RestrictInfo[],
  outer: Path,
  inner: Path,
): void {
  const all = outerKeys(root, setup, clauses);
  all.forEach((front, index) => {
    const keys = index === 0 ? all : [front, ...all.filter((key) => key !== front)];
    const chosen = clausesFor(setup, clauses, keys);
    if (chosen.length === 0 || (chosen.length < clauses.length && needsAll(setup))) return;
    const other = innerKeys(root, setup, chosen, keys);
    tryMerge(root, setup, outer, inner, chosen, keys, other, joinKeys(root, setup, keys));
  });
}

function needsAll(setup: JoinSetup): boolean {
  return keepsInner(setup.joinType);
}

/** Merge joins over outer paths that are sorted as some condition wants. */
function useOuterOrder(
  root: PlannerInfo,
  setup: JoinSetup,
  clauses: readonly RestrictInfo[],
  cheapestInner: Path,
): void {
  for (const outer of setup.outer.paths) {
    if (parameterizedBy(outer, setup.inner) || outer.pathKeys.length === 0) continue;
    const chosen = clausesFor(setup, clauses, outer.pathKeys);
    if (chosen.length === 0 || (chosen.length < clauses.length && needsAll(setup))) continue;
    const keys = innerKeys(root, setup, chosen, outer.pathKeys);
    const result = joinKeys(root, setup, outer.pathKeys);
    tryMerge(root, setup, outer, cheapestInner, chosen, [], keys, result);
    for (let count = keys.length; count > 0; count--) {
      const prefix = keys.slice(0, count);
      const fewer =
        count === keys.length
          ? chosen
          : clausesFor(setup, clauses, outer.pathKeys).filter((info) =>
              prefix.some((key) => key.ec === innerEc(info, setup)),
            );
      if (fewer.length === 0 || (fewer.length < clauses.length && needsAll(setup))) break;
      for (const by of ['total', 'startup'] as const) {
        const inner = cheapestForPathKeys(setup.inner.paths, prefix, by);
        if (inner !== null && inner !== cheapestInner) tryMerge(root, setup, outer, inner, fewer, [], prefix, result);
        else if (inner !== null) tryMerge(root, setup, outer, inner, fewer, [], prefix, result);
      }
    }
  }
}

/** The order that the join keeps of its outer input's, as far as anything above may use it. */
function joinKeys(root: PlannerInfo, setup: JoinSetup, outer: readonly PathKey[]): readonly PathKey[] {
  return keepsInner(setup.joinType) ? [] : usefulKeys(root, setup.joined, outer);
}

function tryMerge(
  root: PlannerInfo,
  setup: JoinSetup,
  outer: Path,
  inner: Path,
  clauses: readonly RestrictInfo[],
  outerSort: readonly PathKey[],
  innerSort: readonly PathKey[],
  resultKeys: readonly PathKey[],
): void {
  const needed = requiredOuter(outer) | requiredOuter(inner);
  if (needed !== noRelids && !overlaps(needed, setup.parameterSources)) return;
  const sortsOuter = outerSort.length > 0 && !pathKeysContained(outerSort, outer.pathKeys);
  const sortsInner = innerSort.length > 0 && !pathKeysContained(innerSort, inner.pathKeys);
  const param = joinParameter(root, setup, outer, inner, needed, setup.restrictions);
  const rows = param?.rows ?? setup.joined.rows;
  const cost = mergeJoinCost(root, setup, { outer, inner, clauses, sortsOuter, sortsInner, rows });
  const path: MergePath = {
    kind: 'MergeJoin',
    rel: setup.joined,
    target: setup.joined.target,
    param,
    rows,
    startupCost: cost.startup,
    totalCost: cost.total,
    pathKeys: resultKeys,
    joinType: setup.joinType,
    outer,
    inner,
    restrictions: setup.restrictions,
    innerUnique: setup.innerUnique,
    mergeClauses: clauses,
    outerSortKeys: sortsOuter ? outerSort : [],
    innerSortKeys: sortsInner ? innerSort : [],
    materializeInner: cost.materialize,
  };
  addPath(setup.joined, path);
}
