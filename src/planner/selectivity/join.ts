// Selectivity of join conditions `a = b`: matching most common values, else one over the larger number of distinct
// values; for semi and anti joins the fraction of left rows that find a partner.
import type { Expression } from '../../trees/expression.js';
import type { Value } from '../../types/value.js';
import { relidsOfExpression } from '../expressions/facts.js';
import type { PlannerInfo, SpecialJoinInfo } from '../planner-info.js';
import { isSubset } from '../relids.js';
import { comparatorFor } from './compare.js';
import { clampProbability, distinctValues, examineVariable, type VariableData } from './variable.js';

/** Selectivity of an equality between two relations. */
export function joinEquality(
  root: PlannerInfo,
  args: readonly Expression[],
  _operator: number,
  join: SpecialJoinInfo | null,
): number {
  const [left, right] = args as [Expression, Expression];
  const first = examineVariable(root, left, 0);
  const second = examineVariable(root, right, 0);
  const inner = innerSelectivity(root, first, second);
  if (join === null || (join.joinType !== 'semi' && join.joinType !== 'anti')) return clampProbability(inner);
  const reversed = isSubset(relidsOfExpression(left), join.syntacticRight);
  const [outerSide, innerSide] = reversed ? [second, first] : [first, second];
  const rows = join.syntacticRight === 0n ? -1 : (root.joinRels.get(join.minRight)?.rows ?? innerSide.rel?.rows ?? -1);
  const semi = semiSelectivity(root, outerSide, innerSide, rows);
  return clampProbability(Math.min(semi, rows > 0 ? rows * inner : semi));
}

function innerSelectivity(root: PlannerInfo, first: VariableData, second: VariableData): number {
  const left = distinctValues(first);
  const right = distinctValues(second);
  const leftStats = first.statistics;
  const rightStats = second.statistics;
  if (
    leftStats !== null &&
    rightStats !== null &&
    leftStats.mostCommonValues.length > 0 &&
    rightStats.mostCommonValues.length > 0
  ) {
    const matched = matchCommon(root, first, second);
    const otherLeft = clampProbability(1 - leftStats.nullFraction - matched.leftTotal);
    const otherRight = clampProbability(1 - rightStats.nullFraction - matched.rightTotal);
    const unmatchedLeft = clampProbability(matched.leftTotal - matched.leftMatched);
    const unmatchedRight = clampProbability(matched.rightTotal - matched.rightMatched);
    const leftCount = leftStats.mostCommonValues.length;
    const rightCount = rightStats.mostCommonValues.length;
    let fromLeft = matched.product;
    if (right.count > rightCount) fromLeft += (unmatchedLeft * otherRight) / (right.count - rightCount);
    if (right.count > matched.count)
      fromLeft += (otherLeft * (otherRight + unmatchedRight)) / (right.count - matched.count);
    let fromRight = matched.product;
    if (left.count > leftCount) fromRight += (unmatchedRight * otherLeft) / (left.count - leftCount);
    if (left.count > matched.count)
      fromRight += (otherRight * (otherLeft + unmatchedLeft)) / (left.count - matched.count);
    return Math.min(fromLeft, fromRight);
  }
  const nulls = (1 - (leftStats?.nullFraction ?? 0)) * (1 - (rightStats?.nullFraction ?? 0));
  return nulls / Math.max(left.count, right.count);
}

interface CommonMatch {
  product: number;
  leftMatched: number;
  rightMatched: number;
  leftTotal: number;
  rightTotal: number;
  count: number;
}

function matchCommon(root: PlannerInfo, first: VariableData, second: VariableData, rightLimit = Infinity): CommonMatch {
  const result: CommonMatch = { product: 0, leftMatched: 0, rightMatched: 0, leftTotal: 0, rightTotal: 0, count: 0 };
  const left = first.statistics;
  const right = second.statistics;
  if (left === null || right === null) return result;
  const compare = comparatorFor(root.global.catalog, first.type, second.type, 0);
  const taken = new Set<number>();
  const rightValues = right.mostCommonValues.slice(0, rightLimit) as Value[];
  left.mostCommonValues.forEach((value, index) => {
    const frequency = left.mostCommonFrequencies[index] ?? 0;
    result.leftTotal += frequency;
    if (compare === null) return;
    const at = rightValues.findIndex((item, position) => !taken.has(position) && compare(value as Value, item) === 0);
    if (at < 0) return;
    taken.add(at);
    const other = right.mostCommonFrequencies[at] ?? 0;
    result.product += frequency * other;
    result.leftMatched += frequency;
    result.rightMatched += other;
    result.count++;
  });
  result.rightTotal = right.mostCommonFrequencies.reduce((sum, item) => sum + item, 0);
  return result;
}

function semiSelectivity(root: PlannerInfo, outer: VariableData, inner: VariableData, innerRows: number): number {
  const outerDistinct = distinctValues(outer);
  const innerDistinct = distinctValues(inner);
  let innerCount = innerDistinct.count;
  let innerIsDefault = innerDistinct.isDefault;
  if (inner.rel !== null && inner.rel.rows > 0 && innerCount >= inner.rel.rows) {
    innerCount = inner.rel.rows;
    innerIsDefault = false;
  }
  if (innerRows > 0 && innerCount >= innerRows) {
    innerCount = innerRows;
    innerIsDefault = false;
  }
  const outerStats = outer.statistics;
  const innerStats = inner.statistics;
  const nulls = outerStats?.nullFraction ?? 0;
  if (
    outerStats !== null &&
    innerStats !== null &&
    outerStats.mostCommonValues.length > 0 &&
    innerStats.mostCommonValues.length > 0
  ) {
    const matched = matchCommon(root, outer, inner, innerCount);
    const matchFraction = clampProbability(matched.leftMatched);
    let uncertain = 0.5;
    if (!outerDistinct.isDefault && !innerIsDefault) {
      const outerRest = outerDistinct.count - matched.count;
      const innerRest = innerCount - matched.count;
      uncertain = outerRest <= innerRest || innerRest < 0 ? 1 : innerRest / outerRest;
    }
    return matchFraction + uncertain * clampProbability(1 - matchFraction - nulls);
  }
  if (outerDistinct.isDefault || innerIsDefault) return 0.5 * (1 - nulls);
  if (outerDistinct.count <= innerCount || innerCount < 0) return 1 - nulls;
  return (innerCount / outerDistinct.count) * (1 - nulls);
}

/** Selectivity of an inequality between two relations. */
export function joinInequality(
  root: PlannerInfo,
  args: readonly Expression[],
  operator: number,
  join: SpecialJoinInfo | null,
): number {
  if (join !== null && (join.joinType === 'semi' || join.joinType === 'anti')) {
    const [left, right] = args as [Expression, Expression];
    const reversed = isSubset(relidsOfExpression(left), join.syntacticRight);
    const outer = examineVariable(root, reversed ? right : left, 0);
    return clampProbability(1 - (outer.statistics?.nullFraction ?? 0));
  }
  return 1 - joinEquality(root, args, operator, join);
}
