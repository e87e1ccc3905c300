// Result type, modifier, collation and source location of a bound expression: the facts that PostgreSQL reads off a node
// rather than stores beside it.
import type { Expression, SubLink, SubPlan, TargetEntry } from './expression.js';
import type { Query } from './query.js';

const boolType = 16;
const recordType = 2249;
const int4Type = 23;
const nameType = 19;
const textType = 25;
/** The default collation; columns of type name collate "C". */
export const defaultCollation = 100;
export const cCollation = 950;

/** Type oid of the expression's result. */
export function expressionType(expression: Expression): number {
  switch (expression.kind) {
    case 'BoolExpr':
    case 'ScalarArrayOpExpr':
    case 'RowCompareExpr':
    case 'NullTest':
    case 'BooleanTest':
    case 'CurrentOfExpr':
    case 'JsonIsPredicate':
      return boolType;
    case 'GroupingFunc':
      return int4Type;
    case 'NamedArgExpr':
    case 'CollateExpr':
    case 'PlaceHolderVar':
      return expressionType(expression.arg);
    case 'SubLink':
      return subLinkType(expression);
    case 'SubPlan':
      return subPlanType(expression);
    default:
      return expression.type;
  }
}

/** Type modifier of the expression's result, -1 where none is known. */
export function expressionTypmod(expression: Expression): number {
  switch (expression.kind) {
    case 'Var':
    case 'Const':
    case 'Param':
    case 'SubscriptingRef':
    case 'FieldSelect':
    case 'RelabelType':
    case 'ArrayCoerceExpr':
    case 'CaseTestExpr':
    case 'SqlValueFunction':
    case 'JsonConstructorExpr':
    case 'CoerceToDomain':
    case 'CoerceToDomainValue':
    case 'SetToDefault':
      return expression.typmod;
    case 'NamedArgExpr':
    case 'CollateExpr':
    case 'PlaceHolderVar':
      return expressionTypmod(expression.arg);
    case 'NullIfExpr': {
      const first = expression.args[0];
      return first === undefined ? -1 : expressionTypmod(first);
    }
    case 'SubLink':
      return isScalarLink(expression.linkType) ? firstColumn(expression.subquery, expressionTypmod, -1) : -1;
    case 'SubPlan':
      return isScalarLink(expression.linkType) ? expression.firstTypmod : -1;
    case 'CaseExpr':
      return commonTypmod(
        expression.type,
        [
          ...(expression.defaultResult === null ? [] : [expression.defaultResult]),
          ...expression.whens.map((when) => when.result),
        ],
        expression.defaultResult !== null,
      );
    case 'CoalesceExpr':
    case 'MinMaxExpr':
      return commonTypmod(expression.type, expression.args, true);
    case 'ArrayExpr':
      return arrayTypmod(expression.multidimensional ? expression.type : expression.elementType, expression.elements);
    case 'FuncExpr':
      return lengthCoercionTypmod(expression) ?? -1;
    default:
      return -1;
  }
}

/** The modifier that a call of a length coercion function (varchar(x, 14, true)) sets; null for any other expression. */
export function lengthCoercionTypmod(expression: Expression): number | null {
  if (expression.kind === 'FuncExpr') {
    if (expression.form !== 'explicitCast' && expression.form !== 'implicitCast') return null;
    if (expression.args.length < 2 || expression.args.length > 3) return null;
    const second = expression.args[1];
    if (second === undefined || second.kind !== 'Const' || second.type !== int4Type || typeof second.value !== 'number')
      return null;
    return second.value;
  }
  if (expression.kind === 'ArrayCoerceExpr') return expression.typmod >= 0 ? expression.typmod : null;
  return null;
}

/** Collation oid of the expression's result; 0 where its type has none. */
export function expressionCollation(expression: Expression): number {
  switch (expression.kind) {
    case 'Var':
    case 'Const':
    case 'Param':
    case 'Aggref':
    case 'WindowFunc':
    case 'SubscriptingRef':
    case 'FuncExpr':
    case 'OpExpr':
    case 'DistinctExpr':
    case 'NullIfExpr':
    case 'FieldSelect':
    case 'RelabelType':
    case 'CoerceViaIO':
    case 'ArrayCoerceExpr':
    case 'CollateExpr':
    case 'CaseExpr':
    case 'CaseTestExpr':
    case 'ArrayExpr':
    case 'CoalesceExpr':
    case 'MinMaxExpr':
    case 'CoerceToDomain':
    case 'CoerceToDomainValue':
    case 'SetToDefault':
      return expression.collation;
    case 'SqlValueFunction':
      return expression.type === nameType ? cCollation : 0;
    case 'MergeSupportFunc':
      return defaultCollation;
    case 'JsonConstructorExpr':
      if (expression.coercion !== null) return expressionCollation(expression.coercion);
      return expression.type === textType ? defaultCollation : 0;
    case 'NamedArgExpr':
    case 'PlaceHolderVar':
      return expressionCollation(expression.arg);
    case 'SubLink':
      return isScalarLink(expression.linkType) ? firstColumn(expression.subquery, expressionCollation, 0) : 0;
    case 'SubPlan':
      return isScalarLink(expression.linkType) ? expression.firstCollation : 0;
    default:
      return 0;
  }
}

/** Collation under which a function or operator runs; 0 where the node runs none. */
export function expressionInputCollation(expression: Expression): number {
  switch (expression.kind) {
    case 'Aggref':
    case 'WindowFunc':
    case 'FuncExpr':
    case 'OpExpr':
    case 'DistinctExpr':
    case 'NullIfExpr':
    case 'ScalarArrayOpExpr':
    case 'MinMaxExpr':
      return expression.inputCollation;
    default:
      return 0;
  }
}

/** 0-based byte offset where the expression starts in the source (its leftmost part), -1 where unknown. */
export function expressionLocation(expression: Expression | null | undefined): number {
  if (expression === null || expression === undefined) return -1;
  switch (expression.kind) {
    case 'FuncExpr':
    case 'OpExpr':
    case 'DistinctExpr':
    case 'NullIfExpr':
    case 'ScalarArrayOpExpr':
    case 'BoolExpr':
      return leftmost(expression.location, locationOfList(expression.args));
    case 'SubscriptingRef':
      return expressionLocation(expression.container);
    case 'NamedArgExpr':
    case 'RelabelType':
    case 'CoerceViaIO':
    case 'ArrayCoerceExpr':
    case 'ConvertRowtypeExpr':
    case 'NullTest':
    case 'BooleanTest':
    case 'CoerceToDomain':
    case 'JsonIsPredicate':
      return leftmost(expression.location, expressionLocation(expression.arg));
    case 'FieldSelect':
    case 'FieldStore':
    case 'CollateExpr':
    case 'PlaceHolderVar':
      return expressionLocation(expression.arg);
    case 'SubLink':
      return leftmost(expressionLocation(expression.test), expression.location);
    case 'RowCompareExpr':
      return locationOfList(expression.left);
    case 'SubPlan':
    case 'CaseTestExpr':
    case 'CurrentOfExpr':
    case 'NextValueExpr':
      return -1;
    default:
      return expression.location;
  }
}

/** Location of the first expression of a list that has one. */
export function locationOfList(expressions: readonly Expression[]): number {
  for (const expression of expressions) {
    const location = expressionLocation(expression);
    if (location >= 0) return location;
  }
  return -1;
}

/** The query's first visible output column. */
export function firstOutputColumn(query: Query): TargetEntry | undefined {
  return outputList(query).find((entry) => !entry.junk);
}

/** What a query returns: its RETURNING list for data-modifying ones, else its target list. */
export function outputList(query: Query): readonly TargetEntry[] {
  return query.commandType === 'select' ? query.targetList : query.returningList;
}

function isScalarLink(linkType: SubLink['linkType']): boolean {
  return linkType === 'expr' || linkType === 'array';
}

function subLinkType(link: SubLink): number {
  if (!isScalarLink(link.linkType)) return link.linkType === 'multiexpr' ? recordType : boolType;
  return link.linkType === 'array' ? link.arrayType : firstColumn(link.subquery, expressionType, 0);
}

function subPlanType(plan: SubPlan): number {
  if (plan.linkType === 'multiexpr') return recordType;
  if (!isScalarLink(plan.linkType)) return boolType;
  return plan.linkType === 'array' ? plan.arrayType : plan.firstType;
}

function firstColumn(query: Query, read: (expression: Expression) => number, otherwise: number): number {
  const first = firstOutputColumn(query);
  return first === undefined ? otherwise : read(first.expr);
}

function commonTypmod(type: number, arms: readonly Expression[], complete: boolean): number {
  if (!complete) return -1;
  return arrayTypmod(type, arms);
}

function arrayTypmod(type: number, arms: readonly Expression[]): number {
  const first = arms[0];
  if (first === undefined || expressionType(first) !== type) return -1;
  const typmod = expressionTypmod(first);
  if (typmod < 0) return -1;
  for (const arm of arms) if (expressionType(arm) !== type || expressionTypmod(arm) !== typmod) return -1;
  return typmod;
}

function leftmost(left: number, right: number): number {
  if (left < 0) return right;
  if (right < 0) return left;
  return Math.min(left, right);
}
