// Sort orders of paths as lists of canonical PathKeys. A key whose class holds a constant, or that repeats an earlier
// one, orders nothing and is left out.
import type { Expression, TargetEntry } from '../../trees/expression.js';
import type { SortGroupClause } from '../../trees/query.js';
import { ecForExpression, finalEc } from '../equivalence.js';
import { containsVolatile } from '../expressions/facts.js';
import { collationOf } from '../expressions/typing.js';
import type { Path, PathKey } from '../path.js';
import { requiredOuter } from '../path.js';
import type { EquivalenceClass, PlannerInfo, RelOptInfo, RestrictInfo } from '../planner-info.js';
import type { Relids } from '../relids.js';
import { noRelids, singleRelid } from '../relids.js';
import { fractionalCost } from './add-path.js';

/** The canonical PathKey of a class, family and direction. */
export function canonicalPathKey(
  root: PlannerInfo,
  ec: EquivalenceClass,
  family: number,
  descending: boolean,
  nullsFirst: boolean,
): PathKey {
  const final = finalEc(ec);
  for (const key of root.pathKeys) {
    if (key.ec === final && key.family === family && key.descending === descending && key.nullsFirst === nullsFirst)
      return key;
  }
  const key: PathKey = { ec: final, family, descending, nullsFirst };
  root.pathKeys.push(key);
  return key;
}

/** Does the key add nothing to the ones before it? */
export function isRedundant(key: PathKey, before: readonly PathKey[]): boolean {
  if (key.ec.hasConst && !key.ec.hasVolatile) return true;
  return before.some((other) => other.ec === key.ec);
}

/** Appends a key unless it is redundant. */
export function appendKey(list: PathKey[], key: PathKey): void {
  if (!isRedundant(key, list)) list.push(key);
}

export interface SortOperatorInfo {
  readonly family: number;
  readonly type: number;
  readonly descending: boolean;
}

/** B-tree family and direction of an ordering operator. */
export function orderingInfo(root: PlannerInfo, operator: number): SortOperatorInfo | null {
  const { catalog } = root.global;
  for (const member of catalog.operatorFamilies(operator)) {
    if (member.accessMethod !== 'btree' || (member.strategy !== 1 && member.strategy !== 5)) continue;
    return { family: member.family, type: member.left, descending: member.strategy === 5 };
  }
  return null;
}

/** The PathKey of an expression sorted by `sortOperator`; null where no class exists and none may be made. */
export function pathKeyForSort(
  root: PlannerInfo,
  expr: Expression,
  sortOperator: number,
  nullsFirst: boolean,
  sortRef: number,
  create: boolean,
): PathKey | null {
  const info = orderingInfo(root, sortOperator);
  if (info === null) return null;
  const equality = root.global.catalog.familyOperator(info.family, info.type, info.type, 3);
  const families = root.global.catalog
    .operatorFamilies(equality)
    .filter((member) => member.accessMethod === 'btree' && member.strategy === 3)
    .map((member) => member.family);
  const ec = ecForExpression(root, expr, families, info.type, collationOf(expr), sortRef, create);
  if (ec === null) return null;
  if (create && sortRef !== 0 && !ec.hasVolatile && containsVolatile(expr, root.global.catalog)) {
    ec.hasVolatile = true;
    ec.sortRef = sortRef;
  }
  return canonicalPathKey(root, ec, info.family, info.descending, nullsFirst);
}

/** PathKeys of ORDER BY, GROUP BY, ... clauses over a target list. */
export function pathKeysForClauses(
  root: PlannerInfo,
  clauses: readonly SortGroupClause[],
  targetList: readonly TargetEntry[],
): PathKey[] {
  const keys: PathKey[] = [];
  for (const clause of clauses) {
    const entry = targetList.find((item) => item.sortGroupRef === clause.sortGroupRef);
    if (entry === undefined || clause.sortOperator === 0) continue;
    const key = pathKeyForSort(root, entry.expr, clause.sortOperator, clause.nullsFirst, clause.sortGroupRef, true);
    if (key !== null) appendKey(keys, key);
  }
  return keys;
}

/** How one order relates to another: equal, better (the first continues the second), worse, different. */
export function comparePathKeys(
  left: readonly PathKey[],
  right: readonly PathKey[],
): 'equal' | 'better' | 'worse' | 'different' {
  const common = Math.min(left.length, right.length);
  for (let index = 0; index < common; index++) {
    if (left[index] !== right[index]) return 'different';
  }
  return left.length === right.length ? 'equal' : left.length > right.length ? 'better' : 'worse';
}

/** Are rows in order `have` also in order `wanted`? */
export function pathKeysContained(wanted: readonly PathKey[], have: readonly PathKey[]): boolean {
  const result = comparePathKeys(wanted, have);
  return result === 'equal' || result === 'worse';
}

/** Number of leading keys of `wanted` that `have` delivers. */
export function commonPrefix(wanted: readonly PathKey[], have: readonly PathKey[]): number {
  let count = 0;
  while (count < wanted.length && count < have.length && wanted[count] === have[count]) count++;
  return count;
}

/** The cheapest unparameterized path that is sorted as wanted. */
export function cheapestForPathKeys(
  paths: readonly Path[],
  wanted: readonly PathKey[],
  by: 'total' | 'startup',
  outer = 0n,
): Path | null {
  const cost = (path: Path): number => (by === 'total' ? path.totalCost : path.startupCost);
  let best: Path | null = null;
  for (const path of paths) {
    if (best !== null && cost(best) <= cost(path)) continue;
    if ((requiredOuter(path) & ~outer) !== 0n || !pathKeysContained(wanted, path.pathKeys)) continue;
    best = path;
  }
  return best;
}

/** As cheapestForPathKeys, for reading only a fraction of the rows. */
export function cheapestFractionalForPathKeys(
  paths: readonly Path[],
  wanted: readonly PathKey[],
  fraction: number,
): Path | null {
  let best: Path | null = null;
  for (const path of paths) {
    if (requiredOuter(path) !== 0n || !pathKeysContained(wanted, path.pathKeys)) continue;
    const share = fraction >= 1 && path.rows > 0 ? Math.min(1, fraction / path.rows) : fraction;
    if (best === null || fractionalCost(path, share) < fractionalCost(best, share)) best = path;
  }
  return best;
}

/** The classes of a merge condition's sides, final. */
export function updateClauseEcs(info: RestrictInfo): void {
  if (info.leftEc !== null) info.leftEc = finalEc(info.leftEc);
  if (info.rightEc !== null) info.rightEc = finalEc(info.rightEc);
}

/** The leading part of an order that a merge join or the query's own order could use. */
export function usefulKeys(root: PlannerInfo, rel: RelOptInfo, keys: readonly PathKey[]): readonly PathKey[] {
  if (keys.length === 0) return keys;
  let merging = 0;
  for (const key of keys) {
    const fromEc =
      rel.hasEquivalenceJoins &&
      (key.ec.relids & ~parentRelids(root, rel)) !== noRelids &&
      !key.ec.hasConst &&
      key.ec.members.length > 1;
    const fromClause = rel.joinClauses.some(
      (item) => item.mergeFamilies.length > 0 && (item.leftEc === key.ec || item.rightEc === key.ec),
    );
    if (!fromEc && !fromClause) break;
    merging++;
  }
  const ordering = (wanted: readonly PathKey[]): number => {
    let count = 0;
    while (count < keys.length && count < wanted.length && keys[count] === wanted[count]) count++;
    return count;
  };
  // Rows may be grouped by their columns in any order.
  const grouping = (): number => {
    const end = keys.findIndex((key) => !root.groupPathKeys.includes(key));
    return end < 0 ? keys.length : end;
  };
  const useful = Math.max(
    merging,
    ordering(root.queryPathKeys),
    ordering(root.sortPathKeys),
    grouping(),
    ordering(root.distinctPathKeys),
    ordering(root.windowPathKeys),
  );
  return useful === keys.length ? keys : keys.slice(0, useful);
}

/** A relation's own relids; those of its parent where it is an inheritance child. */
function parentRelids(root: PlannerInfo, rel: RelOptInfo): Relids {
  const link = rel.kind === 'member' ? root.appendParents.get(rel.rtIndex) : undefined;
  return link === undefined ? rel.relids : singleRelid(link.parent);
}
