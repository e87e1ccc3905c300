// Index paths of a base relation:
// 1. For each index, the restrictions that it answers give plain and ordered index scans.
// 2. Join conditions give scans parameterized by other relations.
// 3. Restrictions, ORs among them, give bitmap scans; several bitmaps are combined where that pays.
import { equalitiesForExpression } from '../equivalence.js';
import type { IndexClause, IndexPath } from '../path.js';
import { requiredOuter } from '../path.js';
import type { IndexOptInfo, PlannerInfo, RelOptInfo, RestrictInfo } from '../planner-info.js';
import type { Relids } from '../relids.js';
import { isSubset, noRelids } from '../relids.js';
import { impliedByConditions } from '../predicates/imply.js';
import { equalTrees } from '../expressions/equal.js';
import { addPath } from './add-path.js';
import { addBitmapPaths } from './index/bitmap.js';
import { indexPathsFor } from './index/build.js';
import { matchClause, matchesColumn } from './index/match.js';
import { isMovableTo } from './parameters.js';

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

/** Offers all index scans of a relation. */
export function addIndexPaths(root: PlannerInfo, rel: RelOptInfo): void {
  const forBitmap: IndexPath[] = [];
  const { enable } = root.global.settings;
  for (const info of rel.indexes) {
    if (info.predicate.length > 0 && !info.predicateOk) continue;
    const own = restrictionClauses(root, info, rel.baseRestrictions);
    for (const path of indexPathsFor(root, rel, info, own, noRelids)) {
      addPath(rel, path);
      if (own.length > 0 && !path.backward && path.indexSelectivity < 1) forBitmap.push(path);
    }
    const joins = joinClauses(root, rel, info);
    if (joins.length === 0) continue;
    for (const outer of outerSets(rel, joins)) {
      const usable = joins.filter((clause) => isSubset(clause.source.clauseRelids & ~rel.relids, outer));
      const paths = indexPathsFor(root, rel, info, withoutDuplicates([...own, ...usable]), outer);
      for (const path of paths) {
        addPath(rel, path);
        if (!path.backward) forBitmap.push(path);
      }
    }
  }
  if (enable.bitmapscan || rel.paths.length === 0) addBitmapPaths(root, rel, forBitmap);
  for (const path of rel.paths)
    if (requiredOuter(path) === rel.relids) throw new Error('planner: index path depends on itself');
}

/** Restrictions that the index answers, each at the first key column it fits. */
export function restrictionClauses(
  root: PlannerInfo,
  info: IndexOptInfo,
  infos: readonly RestrictInfo[],
): IndexClause[] {
  const result: IndexClause[] = [];
  for (const item of infos) {
    for (let column = 0; column < info.keyCount; column++) {
      const match = matchClause(root, info, column, item);
      if (match === null) continue;
      result.push(match);
      break;
    }
  }
  // A hash index needs its column compared.
  if (info.isHash && !result.some((clause) => clause.column === 0)) return [];
  return result;
}

function joinClauses(root: PlannerInfo, rel: RelOptInfo, info: IndexOptInfo): IndexClause[] {
  const result: IndexClause[] = [];
  const add = (item: RestrictInfo): void => {
    for (let column = 0; column < info.keyCount; column++) {
      const match = matchClause(root, info, column, item);
      if (match === null) continue;
      result.push(match);
      return;
    }
  };
  for (const item of rel.joinClauses) if (isMovableTo(item, rel)) add(item);
  if (rel.hasEquivalenceJoins) {
    for (let column = 0; column < info.keyCount; column++) {
      const list = equalitiesForExpression(
        root,
        rel,
        (member) => matchesColumn(info, column, member.expr),
        rel.lateralReferencers,
      );
      for (const item of list) {
        const match = matchClause(root, info, column, item);
        if (match !== null) result.push(match);
      }
    }
  }
  return result;
}

/** Sets of outer relations worth trying: those of each condition, and their unions. */
function outerSets(rel: RelOptInfo, clauses: readonly IndexClause[]): Relids[] {
  const result: Relids[] = [];
  const add = (set: Relids): void => {
    if (set !== noRelids && !result.includes(set) && result.length < 10 * clauses.length) result.push(set);
  };
  for (const clause of clauses) {
    const own = clause.source.clauseRelids & ~rel.relids;
    for (const known of [...result]) if (!isSubset(own, known) && !isSubset(known, own)) add(known | own);
    add(own);
  }
  return result;
}

function withoutDuplicates(list: readonly IndexClause[]): IndexClause[] {
  const result: IndexClause[] = [];
  for (const item of list) {
    const same = result.some(
      (other) =>
        other.source === item.source ||
        (other.column === item.column &&
          item.source.parentEc !== null &&
          other.source.parentEc === item.source.parentEc) ||
        equalTrees(other.source.clause, item.source.clause),
    );
    if (!same) result.push(item);
  }
  return result;
}
