// Proofs between conditions: does a list of true conditions imply another (partial indexes), or rule it out
// (constraint exclusion)? Based on B-tree semantics of `expression <operator> constant` and on IS NOT NULL.
import type { Expression, OpExpr } from '../../trees/expression.js';
import type { Value } from '../../types/value.js';
import { equalTrees } from '../expressions/equal.js';
import { isStrictNode } from '../expressions/facts.js';
import { stripRelabel } from '../expressions/make.js';
import { someExpression } from '../expressions/walk.js';
import type { PlannerGlobal } from '../planner-info.js';
import { PgArray } from '../../types/value.js';

/** Do the given conditions imply all of `wanted`? */
export function impliedByConditions(
  global: PlannerGlobal,
  wanted: readonly Expression[],
  given: readonly Expression[],
): boolean {
  return wanted.every((item) => implies(global, given, item));
}

function implies(global: PlannerGlobal, given: readonly Expression[], wanted: Expression): boolean {
  if (wanted.kind === 'BoolExpr' && wanted.op === 'and')
    return wanted.args.every((item) => implies(global, given, item));
  if (wanted.kind === 'BoolExpr' && wanted.op === 'or' && wanted.args.some((item) => implies(global, given, item)))
    return true;
  return given.some((item) => oneImplies(global, item, wanted));
}

function oneImplies(global: PlannerGlobal, given: Expression, wanted: Expression): boolean {
  if (equalTrees(given, wanted)) return true;
  if (given.kind === 'BoolExpr') {
    if (given.op === 'and') return implies(global, given.args, wanted);
    if (given.op === 'or') return given.args.every((item) => implies(global, [item], wanted));
  }
  const elements = arrayAlternatives(given);
  if (elements !== null) return elements.every((item) => implies(global, [item], wanted));
  const wantedElements = arrayAlternatives(wanted);
  if (wantedElements !== null) return wantedElements.some((item) => oneImplies(global, given, item));
  if (wanted.kind === 'NullTest' && !wanted.isNull && !wanted.argIsRow) return isStrictFor(global, given, wanted.arg);
  return operatorImplies(global, given, wanted);
}

/** `x = ANY ('{1,2}')` as the list x = 1, x = 2. */
function arrayAlternatives(node: Expression): Expression[] | null {
  if (node.kind !== 'ScalarArrayOpExpr' || !node.useOr) return null;
  const [left, array] = node.args;
  if (array.kind !== 'Const' || !(array.value instanceof PgArray) || array.value.elements.length > 100) return null;
  const { elementType } = array.value;
  return array.value.elements.map(
    (value): OpExpr => ({
      kind: 'OpExpr',
      operator: node.operator,
      function: node.function,
      type: 16,
      returnsSet: false,
      collation: 0,
      inputCollation: node.inputCollation,
      args: [left, { kind: 'Const', type: elementType, typmod: -1, collation: array.collation, value, location: -1 }],
      location: -1,
    }),
  );
}

/** Is the condition never true where `arg` is NULL? */
function isStrictFor(global: PlannerGlobal, condition: Expression, arg: Expression): boolean {
  const { catalog } = global;
  const target = stripRelabel(arg);
  const strict = (node: Expression): boolean => {
    if (equalTrees(stripRelabel(node), target)) return true;
    if (node.kind === 'BoolExpr')
      return node.op === 'not' ? strict(node.args[0] as Expression) : node.op === 'and' && node.args.some(strict);
    if (node.kind === 'NullTest') return !node.isNull && !node.argIsRow && strict(node.arg);
    if (node.kind === 'BooleanTest') return (node.test === 'true' || node.test === 'false') && strict(node.arg);
    if (node.kind === 'OpExpr' || node.kind === 'FuncExpr')
      return isStrictNode(node, catalog) && node.args.some(strict);
    if (node.kind === 'ScalarArrayOpExpr') return isStrictNode(node, catalog) && strict(node.args[0]);
    if (node.kind === 'RelabelType' || node.kind === 'CoerceViaIO' || node.kind === 'CollateExpr')
      return strict(node.arg);
    return false;
  };
  return strict(condition);
}

interface Comparison {
  readonly expr: Expression;
  readonly constant: Extract<Expression, { kind: 'Const' }>;
  readonly operator: number;
  readonly collation: number;
}

function asComparison(global: PlannerGlobal, node: Expression): Comparison | null {
  if (node.kind !== 'OpExpr' || node.args.length !== 2) return null;
  const [left, right] = node.args as [Expression, Expression];
  if (right.kind === 'Const')
    return { expr: left, constant: right, operator: node.operator, collation: node.inputCollation };
  if (left.kind !== 'Const') return null;
  const commutator = global.catalog.operator(node.operator)?.commutator ?? 0;
  return commutator === 0
    ? null
    : { expr: right, constant: left, operator: commutator, collation: node.inputCollation };
}

/** The operator that must hold between the constants: given strategy (row), wanted strategy (column); 6 is <>. */
const implication: readonly (readonly number[])[] = [
  // wanted:  <  <= =  >= >  <>
  /* <  */ [4, 4, 0, 0, 0, 4],
  /* <= */ [5, 4, 0, 0, 0, 5],
  /* =  */ [5, 4, 3, 2, 1, 6],
  /* >= */ [0, 0, 0, 2, 1, 1],
  /* >  */ [0, 0, 0, 2, 2, 2],
  /* <> */ [0, 0, 0, 0, 0, 3],
];
const refutation: readonly (readonly number[])[] = [
  // refuted: <  <= =  >= >  <>
  /* <  */ [0, 0, 4, 4, 4, 0],
  /* <= */ [0, 0, 5, 5, 4, 0],
  /* =  */ [2, 1, 6, 5, 4, 3],
  /* >= */ [2, 1, 1, 0, 0, 0],
  /* >  */ [2, 2, 2, 0, 0, 0],
  /* <> */ [0, 0, 3, 0, 0, 0],
];

function operatorImplies(global: PlannerGlobal, given: Expression, wanted: Expression): boolean {
  return comparisonProof(global, given, wanted, implication);
}

function comparisonProof(
  global: PlannerGlobal,
  given: Expression,
  wanted: Expression,
  table: readonly (readonly number[])[],
): boolean {
  const left = asComparison(global, given);
  const right = asComparison(global, wanted);
  if (left === null || right === null || left.collation !== right.collation) return false;
  if (!equalTrees(left.expr, right.expr) || left.constant.value === null || right.constant.value === null) return false;
  for (const first of strategies(global, left.operator)) {
    for (const second of strategies(global, right.operator)) {
      if (first.family !== second.family || first.left !== second.left) continue;
      const test = table[first.strategy - 1]?.[second.strategy - 1] ?? 0;
      if (test === 0) continue;
      // The table speaks of `wanted constant <test> given constant`.
      if (
        constantsSatisfy(
          global,
          first.family,
          second.right,
          first.right,
          test,
          right.constant,
          left.constant,
          left.collation,
        )
      )
        return true;
    }
  }
  return false;
}

function strategies(
  global: PlannerGlobal,
  operator: number,
): { family: number; strategy: number; left: number; right: number }[] {
  const { catalog } = global;
  const members = catalog.operatorFamilies(operator).filter((member) => member.accessMethod === 'btree');
  if (members.length > 0)
    return members.map(({ family, strategy, left, right }) => ({ family, strategy, left, right }));
  const negator = catalog.operator(operator)?.negator ?? 0;
  if (negator === 0) return [];
  return catalog
    .operatorFamilies(negator)
    .filter((member) => member.accessMethod === 'btree' && member.strategy === 3)
    .map(({ family, left, right }) => ({ family, strategy: 6, left, right }));
}

function constantsSatisfy(
  global: PlannerGlobal,
  family: number,
  leftType: number,
  rightType: number,
  strategy: number,
  left: Expression,
  right: Expression,
  collation: number,
): boolean {
  const { catalog, context } = global;
  const isNotEqual = strategy === 6;
  const oid = catalog.familyOperator(family, leftType, rightType, isNotEqual ? 3 : strategy);
  const operator = oid === 0 ? null : catalog.operator(oid);
  if (operator === null) return false;
  let value: Value | Promise<Value>;
  try {
    value = context.evaluate({
      kind: 'OpExpr',
      operator: operator.oid,
      function: operator.function,
      type: 16,
      returnsSet: false,
      collation: 0,
      inputCollation: collation,
      args: [left, right],
      location: -1,
    });
  } catch {
    return false;
  }
  if (value instanceof Promise) {
    value.catch(() => undefined);
    return false;
  }
  return isNotEqual ? value === false : value === true;
}

/** Can the given (check) conditions and the wanted ones never be true together? */
export function refutedByConditions(
  global: PlannerGlobal,
  checks: readonly Expression[],
  conditions: readonly Expression[],
): boolean {
  return conditions.some((condition) =>
    refutes(global, [...checks, ...conditions.filter((item) => item !== condition)], condition),
  );
}

function refutes(global: PlannerGlobal, given: readonly Expression[], condition: Expression): boolean {
  if (condition.kind === 'BoolExpr' && condition.op === 'or')
    return condition.args.every((item) => refutes(global, given, item));
  if (condition.kind === 'BoolExpr' && condition.op === 'and')
    return condition.args.some((item) => refutes(global, given, item));
  const elements = arrayAlternatives(condition);
  if (elements !== null && elements.length > 0) return elements.every((item) => refutes(global, given, item));
  return given.some((item) => oneRefutes(global, item, condition));
}

function oneRefutes(global: PlannerGlobal, given: Expression, condition: Expression): boolean {
  if (given.kind === 'BoolExpr' && given.op === 'or')
    return given.args.every((item) => oneRefutes(global, item, condition));
  if (given.kind === 'BoolExpr' && given.op === 'and')
    return given.args.some((item) => oneRefutes(global, item, condition));
  const elements = arrayAlternatives(given);
  if (elements !== null && elements.length > 0) return elements.every((item) => oneRefutes(global, item, condition));
  if (given.kind === 'NullTest' && !given.argIsRow) {
    if (given.isNull) return isStrictFor(global, condition, given.arg);
    return condition.kind === 'NullTest' && condition.isNull && equalTrees(condition.arg, given.arg);
  }
  if (someExpression(given, (node) => node.kind === 'SubPlan')) return false;
  return comparisonProof(global, given, condition, refutation);
}
