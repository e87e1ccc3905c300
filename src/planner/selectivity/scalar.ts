// Selectivity of `variable <operator> constant`: equality by most common values and the number of distinct ones,
// inequality by most common values and the histogram. Defaults are PostgreSQL's.
import type { ColumnStatistics } from '../../catalog/descriptors.js';
import type { Expression } from '../../trees/expression.js';
import type { Value } from '../../types/value.js';
import { estimateExpression } from '../expressions/fold.js';
import { relidsOfExpression } from '../expressions/facts.js';
import { collationOf, typeOf } from '../expressions/typing.js';
import type { PlannerInfo } from '../planner-info.js';
import { contains, noRelids } from '../relids.js';
import { type Comparator, comparatorFor, interpolate } from './compare.js';
import { clampProbability, distinctValues, examineVariable, type VariableData } from './variable.js';

export const defaultEqual = 0.005;
export const defaultInequality = 0.3333333333333333;
export const defaultRangeInequality = 0.005;
export const defaultMatch = 0.005;

export interface Restriction {
  readonly variable: VariableData;
  /** The other side, folded for estimation. */
  readonly other: Expression;
  readonly variableOnLeft: boolean;
}

/** Splits `a op b` into the side that varies over the relation and the other one; null where both or none do. */
export function splitRestriction(root: PlannerInfo, args: readonly Expression[], varRelid: number): Restriction | null {
  const [left, right] = args;
  if (left === undefined || right === undefined) return null;
  const varies = (node: Expression): boolean => {
    const relids = relidsOfExpression(node);
    return varRelid === 0 ? relids !== noRelids : contains(relids, varRelid);
  };
  const leftVaries = varies(left);
  const rightVaries = varies(right);
  if (leftVaries && !rightVaries) {
    return {
      variable: examineVariable(root, left, varRelid),
      other: estimateExpression(root.global, right),
      variableOnLeft: true,
    };
  }
  if (rightVaries && !leftVaries) {
    return {
      variable: examineVariable(root, right, varRelid),
      other: estimateExpression(root.global, left),
      variableOnLeft: false,
    };
  }
  return null;
}

/** Fraction of rows equal to the other side; `negate`: unequal (NULLs excluded either way). */
export function equalitySelectivity(
  root: PlannerInfo,
  args: readonly Expression[],
  varRelid: number,
  negate: boolean,
): number {
  const split = splitRestriction(root, args, varRelid);
  if (split === null) return negate ? 1 - defaultEqual : defaultEqual;
  const { variable, other } = split;
  if (other.kind === 'Const')
    return constantEquality(root, variable, other.value, typeOf(other), collationOf(other), negate);
  return unknownEquality(variable, negate);
}

/** Equality with a known value. */
export function constantEquality(
  root: PlannerInfo,
  variable: VariableData,
  value: Value,
  valueType: number,
  collation: number,
  negate: boolean,
): number {
  if (value === null) return 0;
  const { statistics } = variable;
  const nullFraction = statistics?.nullFraction ?? 0;
  let selectivity: number;
  if (variable.isUnique && variable.rel !== null && variable.rel.tuples >= 1) selectivity = 1 / variable.rel.tuples;
  else if (statistics !== null) {
    const compare = comparatorFor(
      root.global.catalog,
      variable.type,
      valueType,
      collation || collationOf(variable.expr),
    );
    const position =
      compare === null ? -1 : statistics.mostCommonValues.findIndex((item) => compare(item as Value, value) === 0);
    if (position >= 0) selectivity = statistics.mostCommonFrequencies[position] ?? 0;
    else {
      const common = statistics.mostCommonFrequencies.reduce((sum, item) => sum + item, 0);
      selectivity = clampProbability(1 - common - nullFraction);
      const otherDistinct = distinctValues(variable).count - statistics.mostCommonValues.length;
      if (otherDistinct > 1) selectivity /= otherDistinct;
      const least = statistics.mostCommonFrequencies[statistics.mostCommonFrequencies.length - 1];
      if (least !== undefined && selectivity > least) selectivity = least;
    }
  } else selectivity = 1 / distinctValues(variable).count;
  if (negate) selectivity = 1 - selectivity - nullFraction;
  return clampProbability(selectivity);
}

/** Equality with a value that planning doesn't know. */
export function unknownEquality(variable: VariableData, negate: boolean): number {
  const { statistics } = variable;
  const nullFraction = statistics?.nullFraction ?? 0;
  let selectivity: number;
  if (variable.isUnique && variable.rel !== null && variable.rel.tuples >= 1) selectivity = 1 / variable.rel.tuples;
  else if (statistics !== null) {
    selectivity = 1 - nullFraction;
    const { count } = distinctValues(variable);
    if (count > 1) selectivity /= count;
    const [most] = statistics.mostCommonFrequencies;
    if (most !== undefined && selectivity > most) selectivity = most;
  } else selectivity = 1 / distinctValues(variable).count;
  if (negate) selectivity = 1 - selectivity - nullFraction;
  return clampProbability(selectivity);
}

/** Fraction of rows with `left < right` (or <=, >, >=). */
export function inequalitySelectivity(
  root: PlannerInfo,
  args: readonly Expression[],
  varRelid: number,
  greater: boolean,
  orEqual: boolean,
): number {
  const split = splitRestriction(root, args, varRelid);
  if (split === null || split.other.kind !== 'Const') return defaultInequality;
  const { variable, other, variableOnLeft } = split;
  if (other.value === null) return 0;
  const isGreater = variableOnLeft ? greater : !greater;
  return scalarInequality(root, variable, other.value, typeOf(other), collationOf(other), isGreater, orEqual);
}

/** Fraction of rows below (above) a known value. */
export function scalarInequality(
  root: PlannerInfo,
  variable: VariableData,
  value: Value,
  valueType: number,
  collation: number,
  greater: boolean,
  orEqual: boolean,
): number {
  const { statistics } = variable;
  if (statistics === null) return defaultInequality;
  const compare = comparatorFor(root.global.catalog, variable.type, valueType, collation || collationOf(variable.expr));
  if (compare === null) return defaultInequality;
  const common = mostCommonPart(statistics, (item) => satisfies(compare(item, value), greater, orEqual));
  const histogram = histogramPart(statistics, value, compare, greater, orEqual);
  let selectivity = 1 - statistics.nullFraction - common.total;
  if (histogram >= 0) selectivity *= histogram;
  else selectivity *= 0.5;
  return clampProbability(selectivity + common.matching);
}

function satisfies(order: number, greater: boolean, orEqual: boolean): boolean {
  if (order === 0) return orEqual;
  return greater ? order > 0 : order < 0;
}

/** Frequency of the most common values that satisfy a test, and of all of them. */
export function mostCommonPart(
  statistics: ColumnStatistics,
  test: (value: Value) => boolean,
): { matching: number; total: number } {
  let matching = 0;
  let total = 0;
  statistics.mostCommonValues.forEach((item, index) => {
    const frequency = statistics.mostCommonFrequencies[index] ?? 0;
    total += frequency;
    if (test(item as Value)) matching += frequency;
  });
  return { matching, total };
}

/** Fraction of the histogram's rows below (above) the value; -1 without a histogram. */
function histogramPart(
  statistics: ColumnStatistics,
  value: Value,
  compare: Comparator,
  greater: boolean,
  orEqual: boolean,
): number {
  const bounds = statistics.histogramBounds as readonly Value[];
  if (bounds.length < 2) return -1;
  // First bound that is not below the value (for > and <=: not below or equal).
  const inclusive = greater !== orEqual;
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const order = compare(bounds[middle] as Value, value);
    if (order < 0 || (order === 0 && inclusive)) low = middle + 1;
    else high = middle;
  }
  let fraction: number;
  if (low <= 0) fraction = 0;
  else if (low >= bounds.length) fraction = 1;
  else {
    const bin = interpolate(value, bounds[low - 1] as Value, bounds[low] as Value) ?? 0.5;
    fraction = (low - 1 + bin) / (bounds.length - 1);
    // One value of an otherwise unknown distribution, counted in or out.
    const otherDistinct =
      Math.abs(statistics.distinct) > 1 ? statistics.distinct - statistics.mostCommonValues.length : 0;
    const equalFraction = otherDistinct > 1 ? 1 / otherDistinct : 0;
    if (inclusive && low === 1) fraction += equalFraction * (1 - bin);
    if (!inclusive) fraction -= low === 1 ? equalFraction * bin : 0;
  }
  let result = greater ? 1 - fraction : fraction;
  const cutoff = 0.01 / (bounds.length - 1);
  if (result < cutoff) result = cutoff;
  else if (result > 1 - cutoff) result = 1 - cutoff;
  return clampProbability(result);
}

/** Selectivity of equality with the variable's own estimate of distinct values, for operators without a constant. */
export function distinctOf(root: PlannerInfo, node: Expression, varRelid: number): number {
  return distinctValues(examineVariable(root, node, varRelid)).count;
}
