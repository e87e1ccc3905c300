// Questions about expressions: which relations they read, whether they are volatile, return sets, contain aggregates,
// and which relations must be non-null for them to be true or non-null.
import type { Catalog } from '../../catalog/api.js';
import type { Expression, PlaceHolderVar, Var } from '../../trees/expression.js';
import type { Relids } from '../relids.js';
import { noRelids, relidsOf, singleRelid } from '../relids.js';
import { someExpression, visitExpressionDeep, forEachChild } from './walk.js';

/** Base relations and nulling outer joins of the level-0 Vars and placeholders in the expression, subqueries included. */
export function relidsOfExpression(expression: Expression): Relids {
  let result = noRelids;
  const visit = (node: Expression, depth: number): void => {
    if (node.kind === 'Var' && node.levelsUp === depth && node.varno > 0) {
      result |= singleRelid(node.varno);
      if (node.nullingRels.length > 0) result |= relidsOf(node.nullingRels);
    } else if (node.kind === 'PlaceHolderVar' && node.levelsUp === depth) {
      result |= relidsOf(node.relids) | relidsOf(node.nullingRels);
    } else if (node.kind === 'CurrentOfExpr' && depth === 0) {
      result |= singleRelid(node.varno);
    }
  };
  visitExpressionDeep(expression, visit);
  return result;
}

/** As relidsOfExpression for a list. */
export function relidsOfList(list: readonly Expression[]): Relids {
  return list.reduce((result, item) => result | relidsOfExpression(item), noRelids);
}

/** Level-0 Vars and placeholders, outermost ones first; placeholders are not entered. */
export function pullVars(expression: Expression): (Var | PlaceHolderVar)[] {
  const result: (Var | PlaceHolderVar)[] = [];
  const walk = (node: Expression): void => {
    if (node.kind === 'Var' && node.levelsUp === 0) result.push(node);
    else if (node.kind === 'PlaceHolderVar' && node.levelsUp === 0) result.push(node);
    else forEachChild(node, walk);
  };
  walk(expression);
  return result;
}

/** Functions that an expression node itself calls. */
export function calledFunctions(node: Expression, catalog: Catalog): readonly number[] {
  switch (node.kind) {
    case 'FuncExpr':
    case 'OpExpr':
    case 'DistinctExpr':
    case 'NullIfExpr':
    case 'ScalarArrayOpExpr':
      return node.function !== 0 || node.kind === 'FuncExpr'
        ? [node.function]
        : [catalog.operator(node.operator)?.function ?? 0];
    case 'Aggref':
    case 'WindowFunc':
      return [node.function];
    case 'RowCompareExpr':
      return node.operators.map((operator) => catalog.operator(operator)?.function ?? 0);
    default:
      return [];
  }
}

function volatilityAtLeast(node: Expression, catalog: Catalog, level: 's' | 'v'): boolean {
  if (node.kind === 'NextValueExpr') return true;
  if (node.kind === 'CurrentOfExpr') return level === 's';
  if (node.kind === 'SqlValueFunction') return level === 's';
  if (node.kind === 'CoerceViaIO') return level === 's' && ioMayDependOnSettings(node, catalog);
  for (const oid of calledFunctions(node, catalog)) {
    const volatility = catalog.function(oid)?.volatility ?? 'v';
    if (volatility === 'v' || (volatility === 's' && level === 's')) return true;
  }
  return false;
}

/** Types whose text form depends on settings or catalogs; their I/O functions are stable. */
const settingsDependentTypes = new Set([
  1082, 1083, 1114, 1184, 1186, 1266, 790, 17, 700, 701, 24, 2202, 2203, 2204, 2205, 2206, 4089, 4096, 3734, 3769,
]);

function ioMayDependOnSettings(node: Extract<Expression, { kind: 'CoerceViaIO' }>, catalog: Catalog): boolean {
  const source = node.arg;
  const from = 'type' in source ? source.type : 0;
  const plain = (oid: number): boolean => {
    const type = catalog.findTypeByOid(oid);
    return (
      type !== null &&
      (type.kind === 'b' || type.kind === 'e') &&
      type.element === 0 &&
      !settingsDependentTypes.has(oid)
    );
  };
  return !plain(from) || !plain(node.type);
}

function deepSome(expression: Expression, test: (node: Expression) => boolean): boolean {
  let found = false;
  visitExpressionDeep(expression, (node) => {
    if (!found && test(node)) found = true;
  });
  return found;
}

/** Does evaluation twice possibly give different results within a statement? */
export function containsVolatile(expression: Expression, catalog: Catalog): boolean {
  return deepSome(expression, (node) => volatilityAtLeast(node, catalog, 'v'));
}

/** Is anything in it less than immutable? */
export function containsMutable(expression: Expression, catalog: Catalog): boolean {
  return deepSome(expression, (node) => volatilityAtLeast(node, catalog, 's'));
}

/** Does it call a set-returning function, outside its subqueries? */
export function containsSetReturning(expression: Expression): boolean {
  return someExpression(expression, isSetReturningCall);
}

/** Is the node itself a call of a set-returning function? */
export function isSetReturningCall(node: Expression): boolean {
  return (node.kind === 'FuncExpr' || node.kind === 'OpExpr') && node.returnsSet;
}

/** An aggregate or grouping function of this query level. */
export function containsAggregate(expression: Expression): boolean {
  let found = false;
  visitExpressionDeep(expression, (node, depth) => {
    if ((node.kind === 'Aggref' || node.kind === 'GroupingFunc') && node.levelsUp === depth) found = true;
  });
  return found;
}

export function containsWindowFunction(expression: Expression): boolean {
  return someExpression(expression, (node) => node.kind === 'WindowFunc');
}

export function containsSubPlan(expression: Expression): boolean {
  return someExpression(expression, (node) => node.kind === 'SubPlan' || node.kind === 'SubLink');
}

/** Any Var of the level itself. */
export function containsVars(expression: Expression): boolean {
  return relidsOfExpression(expression) !== noRelids;
}

/** Is a call of the node strict: NULL in any argument gives NULL? */
export function isStrictNode(node: Expression, catalog: Catalog): boolean {
  switch (node.kind) {
    case 'FuncExpr':
    case 'OpExpr':
    case 'ScalarArrayOpExpr': {
      const [oid] = calledFunctions(node, catalog);
      return oid !== undefined && (catalog.function(oid)?.isStrict ?? false);
    }
    case 'RelabelType':
    case 'CoerceViaIO':
    case 'ArrayCoerceExpr':
    case 'ConvertRowtypeExpr':
    case 'CollateExpr':
      return true;
    default:
      return false;
  }
}

/** Could the value be NULL although all its Vars are not, or does it contain something non-strict? */
export function containsNonStrict(expression: Expression, catalog: Catalog): boolean {
  const strictHere = (node: Expression): boolean => {
    switch (node.kind) {
      case 'Var':
      case 'Const':
      case 'Param':
        return true;
      case 'BoolExpr':
        return node.op === 'not';
      case 'ScalarArrayOpExpr':
        return false;
      case 'SubLink':
      case 'SubPlan':
        return false;
      case 'RowCompareExpr':
        return false;
      default:
        return isStrictNode(node, catalog);
    }
  };
  return someExpression(expression, (node) => !strictHere(node));
}
