// Result type, type modifier and collation of an expression, as the planner needs them.
import type { Expression } from '../../trees/expression.js';

const boolOid = 16;
const int4Oid = 23;
const recordOid = 2249;
const textOid = 25;
const voidOid = 2278;

/** Type oid of the expression's value. */
export function typeOf(node: Expression): number {
  switch (node.kind) {
    case 'ScalarArrayOpExpr':
    case 'BoolExpr':
    case 'RowCompareExpr':
    case 'NullTest':
    case 'BooleanTest':
    case 'JsonIsPredicate':
    case 'CurrentOfExpr':
    case 'DistinctExpr':
      return boolOid;
    case 'NamedArgExpr':
    case 'CollateExpr':
    case 'PlaceHolderVar':
      return typeOf(node.arg);
    case 'GroupingFunc':
      return int4Oid;
    case 'MergeSupportFunc':
      return textOid;
    case 'SubLink':
      return subLinkType(node);
    case 'SubPlan':
      if (node.linkType === 'array') return node.arrayType;
      if (node.linkType === 'expr') return node.firstType;
      return node.linkType === 'multiexpr' ? recordOid : node.linkType === 'cte' ? voidOid : boolOid;
    default:
      return node.type;
  }
}

function subLinkType(node: Extract<Expression, { kind: 'SubLink' }>): number {
  if (node.linkType === 'multiexpr') return recordOid;
  if (node.linkType === 'array') return node.arrayType;
  if (node.linkType !== 'expr') return boolOid;
  const first = node.subquery.targetList.find((entry) => !entry.junk);
  return first === undefined ? voidOid : typeOf(first.expr);
}

/** Type modifier of the expression's value, -1 where there is none. */
export function typmodOf(node: Expression): number {
  switch (node.kind) {
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
      return node.typmod;
    case 'NamedArgExpr':
    case 'CollateExpr':
    case 'PlaceHolderVar':
      return typmodOf(node.arg);
    case 'FuncExpr':
      return lengthCoercionTypmod(node);
    case 'CaseExpr':
      return commonTypmod(
        [...node.whens.map((when) => when.result), ...(node.defaultResult ? [node.defaultResult] : [])],
        node.type,
      );
    case 'CoalesceExpr':
    case 'MinMaxExpr':
      return commonTypmod(node.args, node.type);
    case 'SubLink': {
      const first = node.subquery.targetList.find((entry) => !entry.junk);
      return (node.linkType === 'expr' || node.linkType === 'array') && first !== undefined ? typmodOf(first.expr) : -1;
    }
    case 'SubPlan':
      return node.linkType === 'expr' || node.linkType === 'array' ? node.firstTypmod : -1;
    default:
      return -1;
  }
}

/** A call made by a length coercion carries the modifier in its second argument. */
function lengthCoercionTypmod(node: Extract<Expression, { kind: 'FuncExpr' }>): number {
  if (node.form !== 'explicitCast' && node.form !== 'implicitCast') return -1;
  const second = node.args[1];
  if (node.args.length < 2 || node.args.length > 3 || second?.kind !== 'Const' || second.type !== int4Oid) return -1;
  return typeof second.value === 'number' ? second.value : -1;
}

function commonTypmod(parts: readonly Expression[], type: number): number {
  const first = parts[0];
  if (first === undefined || typeOf(first) !== type) return -1;
  const typmod = typmodOf(first);
  if (typmod < 0) return -1;
  return parts.every((part) => typeOf(part) === type && typmodOf(part) === typmod) ? typmod : -1;
}

/** Collation oid of the expression's value, 0 where its type has none. */
export function collationOf(node: Expression): number {
  switch (node.kind) {
    case 'ScalarArrayOpExpr':
    case 'BoolExpr':
    case 'RowCompareExpr':
    case 'NullTest':
    case 'BooleanTest':
    case 'JsonIsPredicate':
    case 'CurrentOfExpr':
    case 'GroupingFunc':
    case 'RowExpr':
    case 'FieldStore':
    case 'ConvertRowtypeExpr':
    case 'NextValueExpr':
    case 'JsonConstructorExpr':
      return 0;
    case 'SqlValueFunction':
      return node.type === 19 ? 950 : 0;
    case 'MergeSupportFunc':
      return 100;
    case 'NamedArgExpr':
    case 'PlaceHolderVar':
      return collationOf(node.arg);
    case 'SubLink': {
      const first = node.subquery.targetList.find((entry) => !entry.junk);
      return (node.linkType === 'expr' || node.linkType === 'array') && first !== undefined
        ? collationOf(first.expr)
        : 0;
    }
    case 'SubPlan':
      return node.linkType === 'expr' || node.linkType === 'array' ? node.firstCollation : 0;
    default:
      return node.collation;
  }
}
