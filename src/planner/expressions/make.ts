// Small constructors for expressions that the planner makes itself.
import type { Const, Expression, OpExpr, Param, TargetEntry, Var } from '../../trees/expression.js';
import type { OperatorDescriptor } from '../../catalog/descriptors.js';
import { collationOf, typeOf, typmodOf } from './typing.js';

export const boolType = 16;
export const int4Type = 23;
export const int8Type = 20;
export const tidType = 27;
export const oidType = 26;

/** A boolean constant; null is the unknown truth value. */
export function boolConst(value: boolean | null): Const {
  return { kind: 'Const', type: boolType, typmod: -1, collation: 0, value, location: -1 };
}

/** A NULL of the given type. */
export function nullConst(type: number, typmod: number, collation: number): Const {
  return { kind: 'Const', type, typmod, collation, value: null, location: -1 };
}

/** A column reference in the query itself. */
export function makeVar(varno: number, attno: number, like: { type: number; typmod: number; collation: number }): Var {
  const { type, typmod, collation } = like;
  return { kind: 'Var', varno, attno, type, typmod, collation, levelsUp: 0, nullingRels: [], location: -1 };
}

/** A Var that reads column `attno` of range table entry or input `varno` whose value is `expr`'s. */
export function varForExpr(varno: number, attno: number, expr: Expression): Var {
  return makeVar(varno, attno, { type: typeOf(expr), typmod: typmodOf(expr), collation: collationOf(expr) });
}

/** A parameter that the executor fills, standing for `expr`. */
export function execParam(id: number, expr: Expression, type = typeOf(expr)): Param {
  return {
    kind: 'Param',
    paramKind: 'exec',
    id,
    type,
    typmod: typmodOf(expr),
    collation: collationOf(expr),
    location: -1,
  };
}

/** A target entry without a source column. */
export function makeEntry(expr: Expression, resno: number, name: string | null, junk: boolean): TargetEntry {
  return { kind: 'TargetEntry', expr, resno, name, sortGroupRef: 0, originTable: 0, originColumn: 0, junk };
}

/** `left <operator> right`. */
export function makeOp(
  operator: OperatorDescriptor,
  left: Expression,
  right: Expression,
  inputCollation: number,
): OpExpr {
  return {
    kind: 'OpExpr',
    operator: operator.oid,
    function: operator.function,
    type: operator.result,
    returnsSet: false,
    collation: 0,
    inputCollation,
    args: [left, right],
    location: -1,
  };
}

/** AND of the conditions: true for none, the condition itself for one. */
export function makeAnd(conditions: readonly Expression[]): Expression {
  if (conditions.length === 0) return boolConst(true);
  const [only] = conditions;
  if (conditions.length === 1 && only !== undefined) return only;
  return { kind: 'BoolExpr', op: 'and', args: conditions, location: -1 };
}

/** OR of the conditions: false for none, the condition itself for one. */
export function makeOr(conditions: readonly Expression[]): Expression {
  if (conditions.length === 0) return boolConst(false);
  const [only] = conditions;
  if (conditions.length === 1 && only !== undefined) return only;
  return { kind: 'BoolExpr', op: 'or', args: conditions, location: -1 };
}

/** The conditions of an AND, nested ones included; none for null or constant true. */
export function andList(condition: Expression | null): Expression[] {
  if (condition === null) return [];
  if (condition.kind === 'BoolExpr' && condition.op === 'and') return condition.args.flatMap((arg) => andList(arg));
  if (condition.kind === 'Const' && condition.value === true) return [];
  return [condition];
}

/** Strips binary-compatible coercions. */
export function stripRelabel(node: Expression): Expression {
  let result = node;
  while (result.kind === 'RelabelType') result = result.arg;
  return result;
}

/** Is this the constant FALSE or NULL, as a condition? */
export function isFalseOrNull(node: Expression): boolean {
  return node.kind === 'Const' && (node.value === false || node.value === null);
}
