// Join paths of one pair of inputs: nested loops (plain, materialized, memoized, parameterized), hash joins and merge
// joins (inputs sorted as needed).
import type { JoinType } from '../../trees/query.js';
import { hashJoinCost, nestLoopCost } from '../costs/join-costs.js';
import { addPath } from '../paths/add-path.js';
import { materialPath } from '../paths/simple-paths.js';
import { usefulKeys } from '../paths/pathkeys.js';
import type { HashPath, NestPath, ParamPathInfo, Path, PathKey } from '../path.js';
import { requiredOuter } from '../path.js';
import type { PlannerInfo, RelOptInfo, RestrictInfo, SpecialJoinInfo } from '../planner-info.js';
import type { Relids } from '../relids.js';
import { isSubset, noRelids, overlaps } from '../relids.js';
import { required } from '../require.js';
import { isPushedDownAt } from '../jointree/restrict-info.js';
import { joinRows } from './join-size.js';
import { isOuterJoinType, keepsInner } from './join-types.js';
import { innerIsUnique, uniqueJoinPath } from './unique.js';
import { addMergePaths } from './merge-paths.js';
import { memoizePath } from './memoize.js';
import { semiFactors, type SemiFactors } from './semi-factors.js';
import { innerJoin } from './join-rel.js';

export interface JoinSetup {
  readonly joined: RelOptInfo;
  readonly outer: RelOptInfo;
  readonly inner: RelOptInfo;
  readonly joinType: JoinType;
  readonly special: SpecialJoinInfo;
  readonly restrictions: readonly RestrictInfo[];
  readonly innerUnique: boolean;
  /** A semijoin done as an inner join over one side made unique. */
  readonly unique: 'none' | 'inner' | 'outer';
  readonly semi: SemiFactors | null;
  /** Relations that may supply parameters to paths of the join. */
  readonly parameterSources: Relids;
}

/** Adds all paths for `outer JOIN inner`. */
export function addJoinPaths(
  root: PlannerInfo,
  joined: RelOptInfo,
  outer: RelOptInfo,
  inner: RelOptInfo,
  joinType: JoinType,
  special: SpecialJoinInfo,
  restrictions: readonly RestrictInfo[],
  unique: 'none' | 'inner' | 'outer',
): void {
  // A side made unique matches once only where the join tests it against the semijoin's other side.
  const innerUnique =
    unique === 'inner'
      ? isSubset(special.minLeft, outer.relids)
      : joinType !== 'semi' && innerIsUnique(root, joined.relids, outer.relids, inner, joinType, restrictions);
  const wantsSemi = joinType === 'semi' || joinType === 'anti' || innerUnique;
  const setup: JoinSetup = {
    joined,
    outer,
    inner,
    joinType,
    special,
    restrictions,
    innerUnique,
    unique,
    semi: wantsSemi ? semiFactors(root, joined, outer, inner, joinType, restrictions) : null,
    parameterSources: parameterSources(root, joined),
  };
  addMergePaths(root, setup);
  addNestLoops(root, setup);
  addHashJoins(root, setup);
}

function parameterSources(root: PlannerInfo, joined: RelOptInfo): Relids {
  let result = joined.lateralRelids;
  for (const info of root.joinInfos) {
    if (overlaps(joined.relids, info.minRight) && !overlaps(joined.relids, info.minLeft))
      result |= root.allBaseRels & ~info.minRight;
    if (info.joinType === 'full' && overlaps(joined.relids, info.minLeft) && !overlaps(joined.relids, info.minRight)) {
      result |= root.allBaseRels & ~info.minLeft;
    }
  }
  return result;
}

/** The input paths to consider; a side made unique has only that path. */
export function inputPaths(root: PlannerInfo, setup: JoinSetup): { outers: readonly Path[]; inners: readonly Path[] } {
  const { outer, inner, unique, special } = setup;
  const outers = unique === 'outer' ? [required(uniqueJoinPath(root, outer, special), 'unique path')] : outer.paths;
  const inners =
    unique === 'inner' ? [required(uniqueJoinPath(root, inner, special), 'unique path')] : inner.cheapestParameterized;
  return { outers, inners };
}

/** Is a path parameterized by the relation it would be joined with? */
export function parameterizedBy(path: Path, rel: RelOptInfo): boolean {
  return overlaps(requiredOuter(path), rel.relids);
}

function addNestLoops(root: PlannerInfo, setup: JoinSetup): void {
  const { joinType, inner, outer } = setup;
  if (keepsInner(joinType)) return;
  const { outers, inners } = inputPaths(root, setup);
  let material: Path | null = null;
  const cheapestInner = setup.unique === 'inner' ? inners[0] : inner.cheapestTotal;
  if (
    cheapestInner !== null &&
    cheapestInner !== undefined &&
    root.global.settings.enable.material &&
    !isMaterialized(cheapestInner) &&
    !parameterizedBy(cheapestInner, outer)
  ) {
    material = materialPath(root, cheapestInner);
  }
  for (const outerPath of outers) {
    if (parameterizedBy(outerPath, inner)) continue;
    if (setup.unique === 'outer' || setup.unique === 'none' || outerPath === outer.cheapestTotal) {
      const keys = usefulKeys(root, setup.joined, outerPath.pathKeys);
      for (const innerPath of inners) {
        tryNestLoop(root, setup, outerPath, innerPath, keys);
        const memoized = memoizePath(root, setup, outerPath, innerPath);
        if (memoized !== null) tryNestLoop(root, setup, outerPath, memoized, keys);
      }
      if (material !== null) tryNestLoop(root, setup, outerPath, material, keys);
    }
  }
}

/** Does the path keep its rows for rescans already? */
export function isMaterialized(path: Path): boolean {
  switch (path.kind) {
    case 'Material':
    case 'Sort':
    case 'CteScan':
    case 'NamedTuplestoreScan':
    case 'WorkTableScan':
    case 'FunctionScan':
      return true;
    case 'ProjectSet':
    case 'Projection':
      return path.kind === 'Projection' && isMaterialized(path.subpath);
    default:
      return false;
  }
}

/** `keys`: what is useful of the outer path's order, which the join keeps. */
function tryNestLoop(root: PlannerInfo, setup: JoinSetup, outer: Path, inner: Path, keys: readonly PathKey[]): void {
  const outerNeeds = requiredOuter(outer);
  const innerNeeds = requiredOuter(inner);
  const needed = (outerNeeds | innerNeeds) & ~outer.rel.relids & ~inner.rel.relids;
  if (overlaps(outerNeeds, inner.rel.relids) || splitsPlaceHolder(root, outer.rel.relids, innerNeeds)) return;
  if (needed !== noRelids) {
    const star = overlaps(innerNeeds, outer.rel.relids) && !isSubset(innerNeeds, outer.rel.relids);
    if (!overlaps(needed, setup.parameterSources) && !star) return;
    if (isSubset(root.allBaseRels, setup.joined.relids)) return;
  }
  const restrictions = unenforced(setup.restrictions, inner, outer);
  const param = joinParameter(root, setup, outer, inner, needed, restrictions);
  const rows = param?.rows ?? setup.joined.rows;
  const cost = nestLoopCost(root, setup, outer, inner, restrictions, rows);
  const path: NestPath = {
    kind: 'NestLoop',
    rel: setup.joined,
    target: setup.joined.target,
    param,
    rows,
    startupCost: cost.startup,
    totalCost: cost.total,
    pathKeys: keys,
    joinType: setup.joinType,
    outer,
    inner,
    restrictions,
    innerUnique: setup.innerUnique,
  };
  addPath(setup.joined, path);
}

/** A placeholder that the inner side wants as a parameter must come whole from one outer side. */
export function splitsPlaceHolder(root: PlannerInfo, outer: Relids, wanted: Relids): boolean {
  if (wanted === noRelids || root.placeholders.size === 0) return false;
  for (const info of root.placeholders.values()) {
    const mayBeWanted = isSubset(info.evalAt & root.allBaseRels, wanted);
    if (mayBeWanted && overlaps(info.evalAt, outer) && !isSubset(info.evalAt, outer)) return true;
  }
  return false;
}

/** Conditions that a parameterized inner path has not checked already. */
function unenforced(restrictions: readonly RestrictInfo[], inner: Path, outer: Path): readonly RestrictInfo[] {
  const done = inner.param?.clauses ?? [];
  if (done.length === 0 || !overlaps(requiredOuter(inner), outer.rel.relids)) return restrictions;
  return restrictions.filter(
    (info) =>
      !done.includes(info) &&
      !(
        info.parentEc !== null &&
        info.leftEc !== null &&
        done.some((other) => other.leftEc === info.leftEc && other.rightEc === info.rightEc)
      ),
  );
}

/** What a join still needs from further out, and its rows then. */
export function joinParameter(
  root: PlannerInfo,
  setup: JoinSetup,
  outer: Path,
  inner: Path,
  needed: Relids,
  restrictions: readonly RestrictInfo[],
): ParamPathInfo | null {
  if (needed === noRelids) return null;
  const clauses = [...(outer.param?.clauses ?? []), ...(inner.param?.clauses ?? [])].filter(
    (info) => !isSubset(info.clauseRelids, setup.joined.relids),
  );
  const special = setup.unique === 'none' ? setup.special : innerJoin(outer.rel.relids, inner.rel.relids);
  const rows = joinRows(root, setup.joined, outer.rel, inner.rel, outer.rows, inner.rows, special, restrictions);
  return { requiredOuter: needed, rows, clauses };
}

function addHashJoins(root: PlannerInfo, setup: JoinSetup): void {
  const { joinType, outer, inner, restrictions, joined } = setup;
  const isOuterJoin = isOuterJoinType(joinType);
  const clauses = restrictions.filter((info) => {
    if (isOuterJoin && isPushedDownAt(info, joined.relids)) return false;
    return (
      info.canJoin &&
      info.hashOperator !== 0 &&
      sidesMatch(info, outer.relids, inner.relids) &&
      canHashReversed(root, info, outer.relids)
    );
  });
  if (clauses.length === 0) return;
  if (joinType === 'right' && setup.unique !== 'none') return;
  const outerTotal = setup.unique === 'outer' ? uniqueJoinPath(root, outer, setup.special) : outer.cheapestTotal;
  const innerTotal = setup.unique === 'inner' ? uniqueJoinPath(root, inner, setup.special) : inner.cheapestTotal;
  if (outerTotal === null || innerTotal === null) return;
  if (parameterizedBy(outerTotal, inner) || parameterizedBy(innerTotal, outer)) return;
  if (setup.unique !== 'outer' && outer.cheapestStartup !== null && outer.cheapestStartup !== outerTotal) {
    tryHashJoin(root, setup, outer.cheapestStartup, innerTotal, clauses);
  }
  tryHashJoin(root, setup, outerTotal, innerTotal, clauses);
  if (setup.unique !== 'none') return;
  for (const outerPath of outer.cheapestParameterized) {
    if (parameterizedBy(outerPath, inner)) continue;
    for (const innerPath of inner.cheapestParameterized) {
      if (parameterizedBy(innerPath, outer) || (outerPath === outerTotal && innerPath === innerTotal)) continue;
      tryHashJoin(root, setup, outerPath, innerPath, clauses);
    }
  }
}

/** Is one side of the condition computed from the outer relation, the other from the inner one? */
export function sidesMatch(info: RestrictInfo, outer: Relids, inner: Relids): boolean {
  return (
    (isSubset(info.leftRelids, outer) && isSubset(info.rightRelids, inner)) ||
    (isSubset(info.rightRelids, outer) && isSubset(info.leftRelids, inner))
  );
}

function canHashReversed(root: PlannerInfo, info: RestrictInfo, outer: Relids): boolean {
  if (isSubset(info.leftRelids, outer)) return true;
  return (root.global.catalog.operator(info.hashOperator)?.commutator ?? 0) !== 0;
}

function tryHashJoin(
  root: PlannerInfo,
  setup: JoinSetup,
  outer: Path,
  inner: Path,
  hashClauses: readonly RestrictInfo[],
): void {
  const needed = requiredOuter(outer) | requiredOuter(inner);
  if (needed !== noRelids && !overlaps(needed, setup.parameterSources)) return;
  const param = joinParameter(root, setup, outer, inner, needed, setup.restrictions);
  const rows = param?.rows ?? setup.joined.rows;
  const cost = hashJoinCost(root, setup, outer, inner, hashClauses, rows);
  const path: HashPath = {
    kind: 'HashJoin',
    rel: setup.joined,
    target: setup.joined.target,
    param,
    rows,
    startupCost: cost.startup,
    totalCost: cost.total,
    pathKeys: [],
    joinType: setup.joinType,
    outer,
    inner,
    restrictions: setup.restrictions,
    innerUnique: setup.innerUnique,
    hashClauses,
  };
  addPath(setup.joined, path);
}
