// RestrictInfo: a condition with what the planner knows of it.
import type { Expression } from '../../trees/expression.js';
import { containsVolatile, relidsOfExpression } from '../expressions/facts.js';
import { andList } from '../expressions/make.js';
import { typeOf } from '../expressions/typing.js';
import type { PlannerInfo, RestrictInfo } from '../planner-info.js';
import type { Relids } from '../relids.js';
import { noRelids, overlaps } from '../relids.js';

export interface RestrictOptions {
  readonly isPushedDown: boolean;
  readonly requiredRelids?: Relids;
  readonly outerRelids?: Relids;
  readonly incompatibleRelids?: Relids;
  readonly pseudoConstant?: boolean;
}

/** Analyses a condition. */
export function makeRestrictInfo(root: PlannerInfo, clause: Expression, options: RestrictOptions): RestrictInfo {
  const { catalog } = root.global;
  const clauseRelids = relidsOfExpression(clause);
  let leftRelids = noRelids;
  let rightRelids = noRelids;
  let canJoin = false;
  let mergeFamilies: readonly number[] = [];
  let hashOperator = 0;
  if (clause.kind === 'OpExpr' && clause.args.length === 2) {
    const [left, right] = clause.args as [Expression, Expression];
    leftRelids = relidsOfExpression(left);
    rightRelids = relidsOfExpression(right);
    canJoin = leftRelids !== noRelids && rightRelids !== noRelids && !overlaps(leftRelids, rightRelids);
    const operator = catalog.operator(clause.operator);
    if (operator !== null && options.pseudoConstant !== true && !containsVolatile(clause, catalog)) {
      if (operator.canMerge && comparable(root, left, 'btree')) mergeFamilies = equalityFamilies(root, clause.operator);
      if (operator.canHash && canJoin && comparable(root, left, 'hash')) hashOperator = clause.operator;
    }
  }
  root.lastRestrictSerial++;
  return {
    clause,
    isPushedDown: options.isPushedDown,
    canJoin,
    pseudoConstant: options.pseudoConstant ?? false,
    clauseRelids,
    requiredRelids: options.requiredRelids ?? clauseRelids,
    incompatibleRelids: options.incompatibleRelids ?? noRelids,
    outerRelids: options.outerRelids ?? noRelids,
    leftRelids,
    rightRelids,
    orClauses: orAlternatives(root, clause, options),
    serial: root.lastRestrictSerial,
    parentEc: null,
    leftEc: null,
    rightEc: null,
    leftMember: null,
    rightMember: null,
    mergeFamilies,
    hashOperator,
    selectivity: -1,
    outerSelectivity: -1,
    evalCost: null,
    leftBucketSize: -1,
    rightBucketSize: -1,
    leftMcvFrequency: -1,
    rightMcvFrequency: -1,
    hasVolatile: containsVolatile(clause, catalog),
  };
}

function orAlternatives(
  root: PlannerInfo,
  clause: Expression,
  options: RestrictOptions,
): readonly (readonly RestrictInfo[])[] | null {
  if (clause.kind !== 'BoolExpr' || clause.op !== 'or') return null;
  return clause.args.map((arg) =>
    andList(arg).map((part) => makeRestrictInfo(root, part, { isPushedDown: options.isPushedDown })),
  );
}

/** Arrays, records and ranges compare only where their parts do. */
function comparable(root: PlannerInfo, side: Expression, method: 'btree' | 'hash'): boolean {
  const { catalog } = root.global;
  const check = (oid: number): boolean => {
    const type = catalog.findTypeByOid(oid);
    if (type === null) return false;
    if (type.kind === 'd') return check(type.baseType);
    if (oid === 2249) return method === 'btree';
    if (type.kind === 'c') return type.attributes.every((attribute) => check(attribute.type));
    if (type.element !== 0 && type.length === -1 && type.subscriptHandler === 'array_subscript_handler')
      return check(type.element);
    if (method === 'btree')
      return type.behaviour.compare !== undefined || catalog.defaultOpclass(oid, 'btree') !== null;
    return true;
  };
  return check(typeOf(side));
}

/** B-tree families in which the operator is equality. */
export function equalityFamilies(root: PlannerInfo, operator: number): readonly number[] {
  return root.global.catalog
    .operatorFamilies(operator)
    .filter((member) => member.accessMethod === 'btree' && member.strategy === 3)
    .map((member) => member.family);
}

/** Conditions of a list, as expressions. */
export function clausesOf(list: readonly RestrictInfo[]): Expression[] {
  return list.map((item) => item.clause);
}

/** Is a restriction applied at a join of `joinRelids` as a filter after the join rather than as a join condition? */
export function isPushedDownAt(info: RestrictInfo, joinRelids: Relids): boolean {
  return info.isPushedDown || (info.requiredRelids & ~joinRelids) !== noRelids;
}
