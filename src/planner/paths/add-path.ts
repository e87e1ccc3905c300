// Keeps the paths of a relation that may still win: cheaper in total or to start, better sorted, or less parameterized
// than every other one. Costs within 1% count as equal.
import type { Path, PathKey } from '../path.js';
import { requiredOuter } from '../path.js';
import type { RelOptInfo } from '../planner-info.js';
import { isSubset, noRelids } from '../relids.js';
import { comparePathKeys } from './pathkeys.js';

const fuzz = 1.01;

type CostOrder = 'equal' | 'better' | 'worse' | 'different';

/** Offers a path; worse ones are dropped, the new one too if another is as good. */
export function addPath(rel: RelOptInfo, path: Path): void {
  const newKeys: readonly PathKey[] = requiredOuter(path) === noRelids ? path.pathKeys : [];
  let accept = true;
  let insertAt = 0;
  const kept: Path[] = [];
  for (const old of rel.paths) {
    let removeOld = false;
    if (accept) {
      const costs = compareFuzzily(path, old, rel);
      if (costs !== 'different') {
        const oldKeys: readonly PathKey[] = requiredOuter(old) === noRelids ? old.pathKeys : [];
        const keys = comparePathKeys(newKeys, oldKeys);
        if (keys !== 'different') {
          const decision = dominance(path, old, costs, keys);
          removeOld = decision === 'new';
          if (decision === 'old') accept = false;
        }
      }
    }
    if (!removeOld) {
      kept.push(old);
      if (path.totalCost >= old.totalCost) insertAt = kept.length;
    }
  }
  if (accept) kept.splice(insertAt, 0, path);
  rel.paths = kept;
}

function dominance(
  path: Path,
  old: Path,
  costs: CostOrder,
  keys: 'equal' | 'better' | 'worse',
): 'new' | 'old' | 'both' {
  const outerNew = requiredOuter(path);
  const outerOld = requiredOuter(old);
  const newInOld = isSubset(outerNew, outerOld);
  const oldInNew = isSubset(outerOld, outerNew);
  if (costs === 'equal') {
    if (keys === 'better') return newInOld && path.rows <= old.rows ? 'new' : 'both';
    if (keys === 'worse') return oldInNew && path.rows >= old.rows ? 'old' : 'both';
    if (newInOld && oldInNew) {
      if (path.rows < old.rows) return 'new';
      if (path.rows > old.rows) return 'old';
      // The same in every respect: exact costs decide, the older one wins a tie.
      if (
        path.totalCost < old.totalCost / 1.0000000001 ||
        (path.totalCost <= old.totalCost && path.startupCost < old.startupCost / 1.0000000001)
      )
        return 'new';
      return 'old';
    }
    if (newInOld && path.rows <= old.rows) return 'new';
    if (oldInNew && path.rows >= old.rows) return 'old';
    return 'both';
  }
  if (costs === 'better') return keys !== 'worse' && newInOld && path.rows <= old.rows ? 'new' : 'both';
  return keys !== 'better' && oldInNew && path.rows >= old.rows ? 'old' : 'both';
}

function compareFuzzily(left: Path, right: Path, rel: RelOptInfo): CostOrder {
  const startupMatters = (path: Path): boolean =>
    requiredOuter(path) === noRelids ? rel.considerStartup : rel.considerParameterizedStartup;
  if (left.totalCost > right.totalCost * fuzz) {
    return startupMatters(left) && right.startupCost > left.startupCost * fuzz ? 'different' : 'worse';
  }
  if (right.totalCost > left.totalCost * fuzz) {
    return startupMatters(right) && left.startupCost > right.startupCost * fuzz ? 'different' : 'better';
  }
  if (left.startupCost > right.startupCost * fuzz) return 'worse';
  if (right.startupCost > left.startupCost * fuzz) return 'better';
  return 'equal';
}

/** Picks the cheapest paths once all were offered. */
export function setCheapest(rel: RelOptInfo): void {
  let startup: Path | null = null;
  let total: Path | null = null;
  let bestParameterized: Path | null = null;
  const parameterized: Path[] = [];
  for (const path of rel.paths) {
    if (requiredOuter(path) !== noRelids) {
      parameterized.push(path);
      if (total !== null) continue;
      if (bestParameterized === null || lessParameterized(path, bestParameterized)) bestParameterized = path;
      continue;
    }
    if (
      startup === null ||
      path.startupCost < startup.startupCost ||
      (path.startupCost === startup.startupCost && path.totalCost < startup.totalCost)
    )
      startup = path;
    if (
      total === null ||
      path.totalCost < total.totalCost ||
      (path.totalCost === total.totalCost && path.startupCost < total.startupCost)
    )
      total = path;
  }
  if (total !== null) parameterized.unshift(total);
  rel.cheapestStartup = startup;
  rel.cheapestTotal = total ?? bestParameterized;
  rel.cheapestParameterized = parameterized;
}

function lessParameterized(path: Path, other: Path): boolean {
  const mine = requiredOuter(path);
  const theirs = requiredOuter(other);
  if (mine === theirs) return path.totalCost < other.totalCost;
  return isSubset(mine, theirs);
}

/** The path that delivers a share of the rows most cheaply; >= 1 is a number of rows. */
export function cheapestFractional(rel: RelOptInfo, tupleFraction: number): Path {
  const best = rel.cheapestTotal;
  if (best === null) throw new Error('planner: relation without a path');
  if (tupleFraction <= 0) return best;
  const fraction = tupleFraction >= 1 && best.rows > 0 ? Math.min(1, tupleFraction / best.rows) : tupleFraction;
  let winner = best;
  for (const path of rel.paths) {
    if (path === best || requiredOuter(path) !== noRelids) continue;
    if (fractionalCost(path, fraction) < fractionalCost(winner, fraction)) winner = path;
  }
  return winner;
}

/** Cost of fetching a fraction (0 to 1) of a path's rows. */
export function fractionalCost(path: Path, fraction: number): number {
  if (fraction <= 0 || fraction >= 1) return path.totalCost;
  return path.startupCost + fraction * (path.totalCost - path.startupCost);
}
