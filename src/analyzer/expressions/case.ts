// CASE, COALESCE, GREATEST and LEAST: arms brought to a common type.
import type { CaseExpr, CoalesceExpr, MinMaxExpr, Node } from '@pgsql/types';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { Expression } from '../../trees/expression.js';
import {
  expressionCollation,
  expressionLocation,
  expressionType,
  expressionTypmod,
} from '../../trees/expression-type.js';
import { coerceToBoolean, coerceType } from '../coercion/coerce.js';
import { coerceToCommonType, selectCommonType } from '../coercion/common-type.js';
import { assignExpressionCollations } from '../collations.js';
import type { ParseState } from '../parse-state.js';
import { typeOid } from '../type-oids.js';
import { analyzeExpr, analyzeOptional, boundNode } from './expression.js';

/** CASE [x] WHEN ... THEN ... [ELSE ...] END. */
export function analyzeCase(state: ParseState, node: CaseExpr): Expression {
  const lastSet = state.lastTargetSet;
  let arg: Expression | null = null;
  let placeholder: Expression | null = null;
  if (node.arg !== undefined) {
    arg = analyzeExpr(state, node.arg);
    if (expressionType(arg) === typeOid.unknown) {
      arg = coerceType(state, arg, typeOid.text, -1, { context: 'implicit', form: 'implicitCast', location: -1 });
    }
    assignExpressionCollations(state, arg);
    placeholder = {
      kind: 'CaseTestExpr',
      type: expressionType(arg),
      typmod: expressionTypmod(arg),
      collation: expressionCollation(arg),
    };
  }
  const whens: { condition: Expression; result: Expression; location: number }[] = [];
  for (const item of node.args ?? []) {
    if (!('CaseWhen' in item) || item.CaseWhen.expr === undefined) continue;
    const when = item.CaseWhen;
    const location = when.location ?? 0;
    const test: Node =
      placeholder === null
        ? (when.expr as Node)
        : {
            A_Expr: {
              kind: 'AEXPR_OP',
              name: [{ String: { sval: '=' } }],
              lexpr: boundNode(placeholder),
              rexpr: when.expr as Node,
              location,
            },
          };
    const condition = coerceToBoolean(state, analyzeExpr(state, test), 'CASE/WHEN');
    whens.push({ condition, result: analyzeOptional(state, when.result), location });
  }
  const otherwise =
    node.defresult === undefined
      ? analyzeExpr(state, { A_Const: { isnull: true, location: -1 } })
      : analyzeExpr(state, node.defresult);
  const { type } = selectCommonType(state, [otherwise, ...whens.map((when) => when.result)], 'CASE');
  const defaultResult = coerceToCommonType(state, otherwise, type, 'CASE/ELSE');
  for (const when of whens) when.result = coerceToCommonType(state, when.result, type, 'CASE/WHEN');
  refuseSets(state, lastSet, 'CASE');
  return { kind: 'CaseExpr', type, collation: 0, arg, whens, defaultResult, location: node.location ?? 0 };
}

/** COALESCE(a, b, ...). */
export function analyzeCoalesce(state: ParseState, node: CoalesceExpr): Expression {
  const lastSet = state.lastTargetSet;
  const args = (node.args ?? []).map((arg) => analyzeExpr(state, arg));
  const { type } = selectCommonType(state, args, 'COALESCE');
  const coerced = args.map((arg) => coerceToCommonType(state, arg, type, 'COALESCE'));
  refuseSets(state, lastSet, 'COALESCE');
  return { kind: 'CoalesceExpr', type, collation: 0, args: coerced, location: node.location ?? 0 };
}

/** GREATEST and LEAST. */
export function analyzeMinMax(state: ParseState, node: MinMaxExpr): Expression {
  const name = node.op === 'IS_LEAST' ? 'LEAST' : 'GREATEST';
  const args = (node.args ?? []).map((arg) => analyzeExpr(state, arg));
  const { type } = selectCommonType(state, args, name);
  return {
    kind: 'MinMaxExpr',
    type,
    collation: 0,
    inputCollation: 0,
    op: node.op === 'IS_LEAST' ? 'least' : 'greatest',
    args: args.map((arg) => coerceToCommonType(state, arg, type, name)),
    location: node.location ?? 0,
  };
}

function refuseSets(state: ParseState, lastSet: Expression | null, construct: string): void {
  if (state.lastTargetSet === lastSet) return;
  throw pgError(SqlState.featureNotSupported, `set-returning functions are not allowed in ${construct}`, {
    hint: 'You might be able to move the set-returning function into a LATERAL FROM item.',
    location: expressionLocation(state.lastTargetSet),
  });
}
