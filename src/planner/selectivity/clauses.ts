// Selectivity of conditions: the fraction of rows that pass. Independent conditions multiply; a pair of inequalities on
// one variable is a range; OR adds up; operators go by their estimator (pg_operator.oprrest / oprjoin).
import type { Expression } from '../../trees/expression.js';
import { estimateExpression } from '../expressions/fold.js';
import { stripRelabel } from '../expressions/make.js';
import { relidsOfExpression, containsVars } from '../expressions/facts.js';
import { equalTrees } from '../expressions/equal.js';
import { typeOf } from '../expressions/typing.js';
import type { PlannerInfo, RestrictInfo, SpecialJoinInfo } from '../planner-info.js';
import { isSingleton, noRelids, relidCount } from '../relids.js';
import { arraySelectivity } from './array.js';
import { joinEquality, joinInequality } from './join.js';
import { patternSelectivity } from './pattern.js';
import {
  defaultEqual,
  defaultInequality,
  defaultRangeInequality,
  equalitySelectivity,
  inequalitySelectivity,
  mostCommonPart,
  splitRestriction,
} from './scalar.js';
import { clampProbability, examineVariable } from './variable.js';

export interface SelectivityContext {
  /** Only this relation's columns vary (parameterized scans); 0: all. */
  readonly varRelid: number;
  /** Join the condition is evaluated at; null for restrictions. */
  readonly join: SpecialJoinInfo | null;
}

export const noJoin: SelectivityContext = { varRelid: 0, join: null };

/** Selectivity of conditions that must all hold. */
export function listSelectivity(
  root: PlannerInfo,
  list: readonly (RestrictInfo | Expression)[],
  context: SelectivityContext,
): number {
  if (list.length === 1 && list[0] !== undefined) return oneSelectivity(root, list[0], context);
  let selectivity = 1;
  const ranges: RangeEstimate[] = [];
  for (const item of list) {
    const part = oneSelectivity(root, item, context);
    const clause = 'clause' in item ? item.clause : item;
    if (!('clause' in item && item.pseudoConstant) && noteRange(root, clause, part, ranges, context)) continue;
    selectivity *= part;
  }
  for (const range of ranges) selectivity *= rangeSelectivity(root, range, context);
  return selectivity;
}

interface RangeEstimate {
  readonly variable: Expression;
  low: number | null;
  high: number | null;
}

function noteRange(
  root: PlannerInfo,
  clause: Expression,
  selectivity: number,
  ranges: RangeEstimate[],
  context: SelectivityContext,
): boolean {
  if (clause.kind !== 'OpExpr' || clause.args.length !== 2) return false;
  const estimator = root.global.catalog.operator(clause.operator)?.restrictEstimator ?? '';
  const isLess = estimator === 'scalarltsel' || estimator === 'scalarlesel';
  const isGreater = estimator === 'scalargtsel' || estimator === 'scalargesel';
  if (!isLess && !isGreater) return false;
  const [left, right] = clause.args as [Expression, Expression];
  const relids = relidsOfExpression(clause);
  if (context.varRelid === 0 && !isSingleton(relids)) return false;
  const onLeft = !containsVars(right);
  if (!onLeft && containsVars(left)) return false;
  const variable = onLeft ? left : right;
  const isHighBound = onLeft ? isLess : isGreater;
  let range = ranges.find((item) => equalTrees(item.variable, variable));
  if (range === undefined) {
    range = { variable, low: null, high: null };
    ranges.push(range);
  }
  if (isHighBound) range.high = range.high === null ? selectivity : Math.min(range.high, selectivity);
  else range.low = range.low === null ? selectivity : Math.min(range.low, selectivity);
  return true;
}

function rangeSelectivity(root: PlannerInfo, range: RangeEstimate, context: SelectivityContext): number {
  const { low, high } = range;
  if (low === null || high === null) return low ?? high ?? 1;
  if (low === defaultInequality || high === defaultInequality) return defaultRangeInequality;
  let selectivity = high + low - 1;
  const nulls = examineVariable(root, range.variable, context.varRelid).statistics?.nullFraction ?? 0;
  selectivity += nulls;
  if (selectivity <= 0) selectivity = selectivity < -0.01 ? defaultRangeInequality : 1e-10;
  return selectivity;
}

function oneSelectivity(root: PlannerInfo, item: RestrictInfo | Expression, context: SelectivityContext): number {
  if (!('clause' in item)) return clauseSelectivity(root, item, context);
  if (item.pseudoConstant && !(item.clause.kind === 'Const')) return 1;
  const cacheable = context.varRelid === 0 || isSingleton(item.clauseRelids);
  const isOuter = context.join !== null && context.join.joinType !== 'inner';
  if (cacheable) {
    if (isOuter) {
      if (item.outerSelectivity >= 0) return item.outerSelectivity;
    } else if (item.selectivity >= 0) return item.selectivity;
  }
  const result =
    item.orClauses !== null
      ? orSelectivity(root, item.orClauses, context)
      : clauseSelectivity(root, item.clause, context);
  if (cacheable) {
    if (isOuter) item.outerSelectivity = result;
    else item.selectivity = result;
  }
  return result;
}

function orSelectivity(
  root: PlannerInfo,
  alternatives: readonly (readonly (RestrictInfo | Expression)[])[],
  context: SelectivityContext,
): number {
  let result = 0;
  for (const list of alternatives) {
    const part = listSelectivity(root, list, context);
    result = result + part - result * part;
  }
  return clampProbability(result);
}

/** Selectivity of one condition. */
export function clauseSelectivity(root: PlannerInfo, clause: Expression, context: SelectivityContext): number {
  switch (clause.kind) {
    case 'Var':
      return booleanVariable(root, clause, context, 'true');
    case 'Const':
      return clause.value === true ? 1 : 0;
    case 'Param': {
      const folded = estimateExpression(root.global, clause);
      return folded.kind === 'Const' ? (folded.value === true ? 1 : 0) : 0.5;
    }
    case 'BoolExpr':
      if (clause.op === 'not') return 1 - clauseSelectivity(root, clause.args[0] as Expression, context);
      if (clause.op === 'and') return listSelectivity(root, clause.args, context);
      return orSelectivity(
        root,
        clause.args.map((arg) => [arg]),
        context,
      );
    case 'OpExpr':
      return operatorSelectivity(root, clause, context);
    case 'DistinctExpr':
      return 1 - operatorSelectivity(root, { ...clause, kind: 'OpExpr' }, context);
    case 'ScalarArrayOpExpr':
      return arraySelectivity(root, clause, context, (args) =>
        operatorSelectivity(
          root,
          { ...clause, kind: 'OpExpr', args, type: 16, returnsSet: false, collation: 0 },
          context,
        ),
      );
    case 'RowCompareExpr': {
      const [operator] = clause.operators;
      const [left] = clause.left;
      const [right] = clause.right;
      if (operator === undefined || left === undefined || right === undefined) return 0.5;
      const found = root.global.catalog.operator(operator);
      if (found === null) return 0.5;
      return estimatorSelectivity(
        root,
        found.restrictEstimator,
        found.joinEstimator,
        [left, right],
        0,
        operator,
        context,
      );
    }
    case 'NullTest':
      return nullTestSelectivity(root, clause.arg, clause.isNull, context);
    case 'BooleanTest':
      return booleanVariable(root, clause.arg, context, clause.test);
    case 'RelabelType':
    case 'CoerceToDomain':
    case 'PlaceHolderVar':
      return clauseSelectivity(root, clause.arg, context);
    case 'FuncExpr':
      return 0.3333333;
    default:
      return 0.5;
  }
}

function treatAsJoin(clause: Expression, context: SelectivityContext): boolean {
  if (context.varRelid !== 0 || context.join === null) return false;
  return relidCount(relidsOfExpression(clause)) > 1;
}

function operatorSelectivity(
  root: PlannerInfo,
  clause: Extract<Expression, { kind: 'OpExpr' }>,
  context: SelectivityContext,
): number {
  const operator = root.global.catalog.operator(clause.operator);
  if (operator === null) return 0.5;
  const isJoin = treatAsJoin(clause, context);
  return estimatorSelectivity(
    root,
    isJoin ? '' : operator.restrictEstimator,
    isJoin ? operator.joinEstimator : '',
    clause.args,
    clause.inputCollation,
    clause.operator,
    context,
  );
}

function estimatorSelectivity(
  root: PlannerInfo,
  restrict: string,
  join: string,
  args: readonly Expression[],
  collation: number,
  operator: number,
  context: SelectivityContext,
): number {
  if (join !== '' && restrict === '') return joinSelectivity(root, join, args, operator, context);
  switch (restrict) {
    case 'eqsel':
      return equalitySelectivity(root, args, context.varRelid, false);
    case 'neqsel':
      return equalitySelectivity(root, args, context.varRelid, true);
    case 'scalarltsel':
      return inequalitySelectivity(root, args, context.varRelid, false, false);
    case 'scalarlesel':
      return inequalitySelectivity(root, args, context.varRelid, false, true);
    case 'scalargtsel':
      return inequalitySelectivity(root, args, context.varRelid, true, false);
    case 'scalargesel':
      return inequalitySelectivity(root, args, context.varRelid, true, true);
    case 'contsel':
      return 0.001;
    case 'areasel':
    case 'matchingsel':
      return restrict === 'areasel' ? 0.005 : matchingSelectivity(root, args, context);
    case 'positionsel':
      return 0.1;
    case 'tsmatchsel':
    case 'arraycontsel':
    case 'multirangesel':
    case 'rangesel':
      return restrict === 'rangesel' || restrict === 'multirangesel' ? 0.005 : 0.005;
    case 'networksel':
      return 0.005;
    case '':
      return 0.5;
    default:
      return patternSelectivity(root, restrict, args, collation, context.varRelid) ?? 0.5;
  }
}

function matchingSelectivity(root: PlannerInfo, args: readonly Expression[], context: SelectivityContext): number {
  const split = splitRestriction(root, args, context.varRelid);
  if (split === null) return 0.01;
  const nulls = split.variable.statistics?.nullFraction ?? 0;
  return clampProbability(0.01 * (1 - nulls));
}

function joinSelectivity(
  root: PlannerInfo,
  estimator: string,
  args: readonly Expression[],
  operator: number,
  context: SelectivityContext,
): number {
  switch (estimator) {
    case 'eqjoinsel':
      return joinEquality(root, args, operator, context.join);
    case 'neqjoinsel':
      return joinInequality(root, args, operator, context.join);
    case 'scalarltjoinsel':
    case 'scalarlejoinsel':
    case 'scalargtjoinsel':
    case 'scalargejoinsel':
      return defaultInequality;
    case 'areajoinsel':
      return 0.005;
    case 'positionjoinsel':
      return 0.1;
    case 'contjoinsel':
      return 0.001;
    case 'matchingjoinsel':
      return 0.01;
    case 'likejoinsel':
    case 'iclikejoinsel':
    case 'regexeqjoinsel':
    case 'icregexeqjoinsel':
    case 'prefixjoinsel':
      return 0.005;
    case 'nlikejoinsel':
    case 'icnlikejoinsel':
    case 'regexnejoinsel':
    case 'icregexnejoinsel':
      return 1 - 0.005;
    case 'networkjoinsel':
    case 'arraycontjoinsel':
    case 'tsmatchjoinsel':
      return defaultEqual;
    default:
      return 0.5;
  }
}

function nullTestSelectivity(root: PlannerInfo, arg: Expression, isNull: boolean, context: SelectivityContext): number {
  const outerJoin = context.join;
  // Above an outer join, IS NULL mostly asks for null-extended rows; that is estimated as if it were a plain column.
  if (outerJoin !== null && isNull && outerJoin.joinType !== 'inner') {
    return outerJoin.joinType === 'anti' ? 1 : 0.005;
  }
  const data = examineVariable(root, arg, context.varRelid);
  if (data.statistics !== null) {
    const { nullFraction } = data.statistics;
    return clampProbability(isNull ? nullFraction : 1 - nullFraction);
  }
  const base = stripRelabel(arg);
  if (base.kind === 'Var' && base.attno < 0) return isNull ? 0 : 1;
  return isNull ? 0.005 : 0.995;
}

type TruthTest = 'true' | 'notTrue' | 'false' | 'notFalse' | 'unknown' | 'notUnknown';

function booleanVariable(root: PlannerInfo, arg: Expression, context: SelectivityContext, test: TruthTest): number {
  const data = examineVariable(root, arg, context.varRelid);
  const { statistics } = data;
  if (statistics === null || typeOf(arg) !== 16) {
    switch (test) {
      case 'unknown':
        return 0.005;
      case 'notUnknown':
        return 0.995;
      case 'true':
      case 'notFalse':
        return arg.kind === 'Var' ? 0.5 : clauseSelectivity(root, arg, context);
      default:
        return arg.kind === 'Var' ? 0.5 : 1 - clauseSelectivity(root, arg, context);
    }
  }
  const nulls = statistics.nullFraction;
  const known = mostCommonPart(statistics, (value) => value === true);
  const isTrue =
    statistics.mostCommonValues.length > 0
      ? trueFraction(statistics.mostCommonValues[0], statistics.mostCommonFrequencies[0] ?? 0, nulls, known.matching)
      : (1 - nulls) / 2;
  const isFalse = 1 - nulls - isTrue;
  switch (test) {
    case 'unknown':
      return clampProbability(nulls);
    case 'notUnknown':
      return clampProbability(1 - nulls);
    case 'true':
      return clampProbability(isTrue);
    case 'notTrue':
      return clampProbability(1 - isTrue);
    case 'false':
      return clampProbability(isFalse);
    case 'notFalse':
      return clampProbability(1 - isFalse);
  }
}

function trueFraction(first: unknown, frequency: number, nulls: number, matching: number): number {
  return first === true ? frequency : Math.max(matching, 1 - frequency - nulls);
}

/** Does the condition involve no relation at all? */
export function isConstantClause(clause: Expression): boolean {
  return relidsOfExpression(clause) === noRelids;
}
