// A_Expr: operators as written, ANY/ALL over arrays, IS DISTINCT FROM, NULLIF, IN, LIKE and its kin, BETWEEN.
import type { A_Expr, Node } from '@pgsql/types';
import { notSupported, pgError, SqlState } from '../../errors/pg-error.js';
import { stringsOf } from '../../trees/ast.js';
import type { Expression } from '../../trees/expression.js';
import { expressionType } from '../../trees/expression-type.js';
import { coerceToBoolean } from '../coercion/coerce.js';
import { coerceToCommonType, selectCommonType, verifyCommonType } from '../coercion/common-type.js';
import { arrayType } from '../coercion/type-facts.js';
import { hasLocalVariables } from '../local-variables.js';
import { makeOperator, makeScalarArrayOperator } from '../operators.js';
import type { ParseState } from '../parse-state.js';
import { typeOid } from '../type-oids.js';
import { analyzeExpr, analyzeOptional } from './expression.js';
import { makeDistinct, makeRowComparison, makeRowDistinct } from './row-comparison.js';

/** Binds an operator node of any kind. */
export function analyzeOperatorNode(state: ParseState, node: A_Expr): Expression {
  switch (node.kind ?? 'AEXPR_OP') {
    case 'AEXPR_OP':
    case 'AEXPR_LIKE':
    case 'AEXPR_ILIKE':
    case 'AEXPR_SIMILAR':
      return analyzeOperator(state, node);
    case 'AEXPR_OP_ANY':
    case 'AEXPR_OP_ALL': {
      const left = analyzeOptional(state, node.lexpr);
      const right = analyzeOptional(state, node.rexpr);
      return makeScalarArrayOperator(
        state,
        stringsOf(node.name),
        node.kind === 'AEXPR_OP_ANY',
        left,
        right,
        node.location ?? 0,
      );
    }
    case 'AEXPR_DISTINCT':
    case 'AEXPR_NOT_DISTINCT':
      return analyzeDistinct(state, node);
    case 'AEXPR_NULLIF':
      return analyzeNullIf(state, node);
    case 'AEXPR_IN':
      return analyzeIn(state, node);
    case 'AEXPR_BETWEEN':
    case 'AEXPR_NOT_BETWEEN':
    case 'AEXPR_BETWEEN_SYM':
    case 'AEXPR_NOT_BETWEEN_SYM':
      return analyzeBetween(state, node);
    default:
      throw notSupported(`operator node ${node.kind}`);
  }
}

function analyzeOperator(state: ParseState, node: A_Expr): Expression {
  const names = stringsOf(node.name);
  const location = node.location ?? 0;
  const { lexpr, rexpr } = node;
  if (lexpr !== undefined && rexpr !== undefined && 'RowExpr' in lexpr) {
    if ('SubLink' in rexpr && rexpr.SubLink.subLinkType === 'EXPR_SUBLINK') {
      // (a, b) = (SELECT ...): a row comparison with the subquery's row.
      return analyzeExpr(state, {
        SubLink: {
          ...rexpr.SubLink,
          subLinkType: 'ROWCOMPARE_SUBLINK',
          testexpr: lexpr,
          ...(node.name === undefined ? {} : { operName: node.name }),
          location,
        },
      });
    }
    if ('RowExpr' in rexpr) {
      const left = analyzeExpr(state, lexpr);
      const right = analyzeExpr(state, rexpr);
      if (left.kind === 'RowExpr' && right.kind === 'RowExpr') {
        return makeRowComparison(state, names, left.args, right.args, location);
      }
    }
  }
  const lastSet = state.lastTargetSet;
  const left = lexpr === undefined ? null : analyzeExpr(state, lexpr);
  const right = analyzeOptional(state, rexpr);
  return makeOperator(state, names, left, right, lastSet, location);
}

function isNullConstant(node: Node | undefined): boolean {
  return node !== undefined && 'A_Const' in node && node.A_Const.isnull === true;
}

function analyzeDistinct(state: ParseState, node: A_Expr): Expression {
  const location = node.location ?? 0;
  const negated = node.kind === 'AEXPR_NOT_DISTINCT';
  // x IS [NOT] DISTINCT FROM NULL is a null test.
  if (isNullConstant(node.rexpr) || isNullConstant(node.lexpr)) {
    const tested = isNullConstant(node.rexpr) ? node.lexpr : node.rexpr;
    const arg = analyzeOptional(state, tested);
    return { kind: 'NullTest', arg, isNull: negated, argIsRow: false, location };
  }
  const left = analyzeOptional(state, node.lexpr);
  const right = analyzeOptional(state, node.rexpr);
  const result =
    left.kind === 'RowExpr' && right.kind === 'RowExpr'
      ? makeRowDistinct(state, stringsOf(node.name), left, right, location)
      : makeDistinct(state, stringsOf(node.name), left, right, location);
  return negated ? { kind: 'BoolExpr', op: 'not', args: [result], location } : result;
}

function analyzeNullIf(state: ParseState, node: A_Expr): Expression {
  const location = node.location ?? 0;
  const left = analyzeOptional(state, node.lexpr);
  const right = analyzeOptional(state, node.rexpr);
  const operator = makeOperator(state, stringsOf(node.name), left, right, state.lastTargetSet, location);
  if (operator.type !== typeOid.bool) {
    throw pgError(SqlState.datatypeMismatch, 'NULLIF requires = operator to yield boolean', { location });
  }
  if (operator.returnsSet) {
    throw pgError(SqlState.datatypeMismatch, 'NULLIF must not return a set', { location });
  }
  const first = operator.args[0];
  return { ...operator, kind: 'NullIfExpr', type: first === undefined ? 0 : expressionType(first) };
}

/** x IN (list): constants go into one ANY array where they have a common type, the others are compared one by one. */
function analyzeIn(state: ParseState, node: A_Expr): Expression {
  const catalog = state.context.catalog;
  const names = stringsOf(node.name);
  const location = node.location ?? 0;
  const useOr = names[names.length - 1] !== '<>';
  const left = analyzeOptional(state, node.lexpr);
  const items = node.rexpr !== undefined && 'List' in node.rexpr ? (node.rexpr.List.items ?? []) : [];
  const single: Expression[] = [];
  const plain: Expression[] = [];
  for (const item of items) {
    const bound = analyzeExpr(state, item);
    (hasLocalVariables(bound) === null ? plain : single).push(bound);
  }
  let result: Expression | null = null;
  if (plain.length > 1) {
    const all = [left, ...plain];
    const { type } = selectCommonType(state, all, null);
    const usable = type !== 0 && type !== typeOid.record && verifyCommonType(state, type, all);
    const array = usable ? arrayType(catalog, type) : 0;
    if (array !== 0) {
      const elements = plain.map((item) => coerceToCommonType(state, item, type, 'IN'));
      const list: Expression = {
        kind: 'ArrayExpr',
        type: array,
        collation: 0,
        elementType: type,
        elements,
        multidimensional: false,
        location: -1,
      };
      result = makeScalarArrayOperator(state, names, useOr, left, list, location);
    } else single.push(...plain);
  } else single.push(...plain);
  for (const right of single) {
    const compared =
      left.kind === 'RowExpr' && right.kind === 'RowExpr'
        ? makeRowComparison(state, names, left.args, right.args, location)
        : makeOperator(state, names, left, right, state.lastTargetSet, location);
    const condition = coerceToBoolean(state, compared, 'IN');
    result = result === null ? condition : combine(useOr ? 'or' : 'and', result, condition, location);
  }
  if (result === null) throw new Error('invariant broken: IN without a list');
  return result;
}

function combine(op: 'and' | 'or', left: Expression, right: Expression, location: number): Expression {
  if (left.kind === 'BoolExpr' && left.op === op) return { ...left, args: [...left.args, right] };
  return { kind: 'BoolExpr', op, args: [left, right], location };
}

function analyzeBetween(state: ParseState, node: A_Expr): Expression {
  const location = node.location ?? 0;
  const bounds = node.rexpr !== undefined && 'List' in node.rexpr ? (node.rexpr.List.items ?? []) : [];
  const [low, high] = bounds;
  const { lexpr } = node;
  if (lexpr === undefined || low === undefined || high === undefined) {
    throw new Error('invariant broken: BETWEEN without two bounds');
  }
  const compare = (operator: string, bound: Node): Node => ({
    A_Expr: { kind: 'AEXPR_OP', name: [{ String: { sval: operator } }], lexpr, rexpr: bound, location },
  });
  const join = (boolop: 'AND_EXPR' | 'OR_EXPR', ...args: Node[]): Node => ({ BoolExpr: { boolop, args, location } });
  const inside = (from: Node, to: Node): Node => join('AND_EXPR', compare('>=', from), compare('<=', to));
  const outside = (from: Node, to: Node): Node => join('OR_EXPR', compare('<', from), compare('>', to));
  switch (node.kind) {
    case 'AEXPR_BETWEEN':
      return analyzeExpr(state, inside(low, high));
    case 'AEXPR_NOT_BETWEEN':
      return analyzeExpr(state, outside(low, high));
    case 'AEXPR_BETWEEN_SYM':
      return analyzeExpr(state, join('OR_EXPR', inside(low, high), inside(high, low)));
    default:
      return analyzeExpr(state, join('AND_EXPR', outside(low, high), outside(high, low)));
  }
}
