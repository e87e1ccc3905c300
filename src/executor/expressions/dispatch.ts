// Which function emits which expression node. A node kind without an emitter does not compile.
import { notSupported } from '../../errors/pg-error.js';
import type { Expression } from '../../trees/expression.js';
import type { Emitter, Operand } from './emitter.js';
import { emitBoolExpr, emitBooleanTest, emitNullTest } from './boolean.js';
import { emitDistinct, emitFuncExpr, emitNullIf, emitOpExpr } from './calls.js';
import { emitArrayCoerce, emitCoerceToDomain, emitCoerceViaIO, emitConvertRowtype, emitRelabel } from './coercions.js';
import { emitMinMax, emitRowCompare, emitScalarArrayOp } from './comparisons.js';
import { emitArrayExpr, emitFieldSelect, emitFieldStore, emitRowExpr } from './composites.js';
import { emitCase, emitCoalesce } from './conditionals.js';
import { emitJsonConstructor, emitJsonIsPredicate } from './json.js';
import { emitConst, emitParam, emitVar } from './leaves.js';
import { emitCurrentOf, emitNextValue, emitSqlValueFunction } from './session-values.js';
import { emitSubPlan } from './sub-plans.js';
import { emitSubscripting } from './subscripting.js';

type Handlers = { readonly [K in Expression['kind']]: (expr: Extract<Expression, { kind: K }>, m: Emitter) => Operand };

export const emitters: Handlers = {
  Var: emitVar,
  Const: emitConst,
  Param: emitParam,
  Aggref: computed,
  GroupingFunc: computed,
  WindowFunc: computed,
  SubscriptingRef: emitSubscripting,
  FuncExpr: emitFuncExpr,
  NamedArgExpr: (expr, m) => m.emit(expr.arg),
  OpExpr: emitOpExpr,
  DistinctExpr: emitDistinct,
  NullIfExpr: emitNullIf,
  ScalarArrayOpExpr: emitScalarArrayOp,
  BoolExpr: emitBoolExpr,
  SubLink: unplanned,
  SubPlan: emitSubPlan,
  FieldSelect: emitFieldSelect,
  FieldStore: emitFieldStore,
  RelabelType: emitRelabel,
  CoerceViaIO: emitCoerceViaIO,
  ArrayCoerceExpr: emitArrayCoerce,
  ConvertRowtypeExpr: emitConvertRowtype,
  CollateExpr: (expr, m) => m.emit(expr.arg),
  CaseExpr: emitCase,
  CaseTestExpr: (_, m) => innermost(m.caseTests, 'CASE test value'),
  ArrayExpr: emitArrayExpr,
  RowExpr: emitRowExpr,
  RowCompareExpr: emitRowCompare,
  CoalesceExpr: emitCoalesce,
  MinMaxExpr: emitMinMax,
  SqlValueFunction: emitSqlValueFunction,
  JsonConstructorExpr: emitJsonConstructor,
  JsonIsPredicate: emitJsonIsPredicate,
  NullTest: emitNullTest,
  BooleanTest: emitBooleanTest,
  MergeSupportFunc: (_, m) => ({ code: m.assign('x.mergeAction'), nullable: true }),
  CoerceToDomain: emitCoerceToDomain,
  CoerceToDomainValue: (_, m) => innermost(m.domainValues, 'domain value'),
  SetToDefault: unplanned,
  CurrentOfExpr: emitCurrentOf,
  NextValueExpr: emitNextValue,
  PlaceHolderVar: (expr, m) => m.emit(expr.arg),
};

function innermost(stack: readonly Operand[], what: string): Operand {
  const operand = stack[stack.length - 1];
  if (operand === undefined) throw new Error(`${what} outside of its expression`);
  return operand;
}

/** Aggregates, window functions, GROUPING: computed by their node, found in its result array. */
function computed(expr: Expression, m: Emitter): Operand {
  const index = m.sources.computed?.(expr) ?? null;
  if (index === null) throw new Error(`${expr.kind} outside of its node`);
  return { code: m.assign(`i[${index}]`), nullable: true };
}

function unplanned(expr: Expression): never {
  if (expr.kind === 'SubLink') throw notSupported('a subquery in this expression');
  throw new Error(`${expr.kind} survived planning`);
}
