// Raw expressions to bound ones: one handler for each node tag. PostgreSQL's transformExpr.
import type { Node } from '@pgsql/types';
import { notSupported, pgError, SqlState } from '../../errors/pg-error.js';
import { nodeTag } from '../../trees/ast.js';
import type { Expression } from '../../trees/expression.js';
import { expressionType } from '../../trees/expression-type.js';
import { coerceToBoolean } from '../coercion/coerce.js';
import { isRowType } from '../coercion/type-facts.js';
import { analyzeGrouping } from '../functions/aggregate-call.js';
import { analyzeParameter } from '../parameters.js';
import type { ParseState } from '../parse-state.js';
import { stateDepth } from '../stack-depth.js';
import { typeOid } from '../type-oids.js';
import { analyzeArray } from './array.js';
import { analyzeCase, analyzeCoalesce, analyzeMinMax } from './case.js';
import { analyzeCollate, analyzeTypeCast } from './cast.js';
import { analyzeColumnRef } from './column-ref.js';
import { analyzeConst } from './const.js';
import { analyzeFuncCall } from './func-call.js';
import { analyzeIndirection } from './indirection.js';
import { jsonHandlers } from './json.js';
import { analyzeOperatorNode } from './operator-node.js';
import { analyzeRow } from './row.js';
import { analyzeSqlValue } from './sql-value.js';
import { analyzeSubLink } from './sub-link.js';

/** Binds a raw expression. Throws PostgreSQL's errors with the location of the offending part. */
export function analyzeExpr(state: ParseState, node: Node): Expression {
  const tag = nodeTag(node);
  const handler = handlers[tag];
  if (handler === undefined) throw notSupported(featureName(tag), { location: locationOf(node, tag) });
  stateDepth.enter();
  try {
    return handler(state, (node as unknown as Record<string, never>)[tag] as never);
  } finally {
    stateDepth.leave();
  }
}

/** A raw node that stands for an expression that is bound already (CASE's test value). */
export function boundNode(expression: Expression): Node {
  return { BoundExpression: expression } as unknown as Node;
}

type Fields<Tag extends string> = Extract<Node, Record<Tag, unknown>> extends Record<Tag, infer Body> ? Body : never;
type Handler = (state: ParseState, body: never) => Expression;

const handlers: Readonly<Record<string, Handler>> = {
  BoundExpression: (_state: ParseState, body: Expression) => body,
  A_Const: (state: ParseState, body: Fields<'A_Const'>) => analyzeConst(state, body),
  ColumnRef: (state: ParseState, body: Fields<'ColumnRef'>) => analyzeColumnRef(state, body),
  ParamRef: (state: ParseState, body: Fields<'ParamRef'>) =>
    analyzeParameter(state, body.number ?? 0, body.location ?? 0),
  A_Indirection: (state: ParseState, body: Fields<'A_Indirection'>) => analyzeIndirection(state, body),
  A_ArrayExpr: (state: ParseState, body: Fields<'A_ArrayExpr'>) => analyzeArray(state, body, null),
  TypeCast: (state: ParseState, body: Fields<'TypeCast'>) => analyzeTypeCast(state, body),
  CollateClause: (state: ParseState, body: Fields<'CollateClause'>) => analyzeCollate(state, body),
  A_Expr: (state: ParseState, body: Fields<'A_Expr'>) => analyzeOperatorNode(state, body),
  BoolExpr: (state: ParseState, body: Fields<'BoolExpr'>) => analyzeBool(state, body),
  FuncCall: (state: ParseState, body: Fields<'FuncCall'>) => analyzeFuncCall(state, body),
  NamedArgExpr: (state: ParseState, body: Fields<'NamedArgExpr'>): Expression => ({
    kind: 'NamedArgExpr',
    arg: analyzeOptional(state, body.arg),
    name: body.name ?? '',
    argNumber: -1,
    location: body.location ?? 0,
  }),
  SubLink: (state: ParseState, body: Fields<'SubLink'>) => analyzeSubLink(state, body),
  CaseExpr: (state: ParseState, body: Fields<'CaseExpr'>) => analyzeCase(state, body),
  RowExpr: (state: ParseState, body: Fields<'RowExpr'>) => analyzeRow(state, body),
  CoalesceExpr: (state: ParseState, body: Fields<'CoalesceExpr'>) => analyzeCoalesce(state, body),
  MinMaxExpr: (state: ParseState, body: Fields<'MinMaxExpr'>) => analyzeMinMax(state, body),
  SQLValueFunction: (state: ParseState, body: Fields<'SQLValueFunction'>) => analyzeSqlValue(state, body),
  GroupingFunc: (state: ParseState, body: Fields<'GroupingFunc'>) =>
    analyzeGrouping(state, body.args ?? [], body.location ?? 0),
  NullTest: (state: ParseState, body: Fields<'NullTest'>): Expression => {
    const arg = analyzeOptional(state, body.arg);
    return {
      kind: 'NullTest',
      arg,
      isNull: body.nulltesttype === 'IS_NULL',
      argIsRow: isRowType(state.context.catalog, expressionType(arg)),
      location: body.location ?? 0,
    };
  },
  BooleanTest: (state: ParseState, body: Fields<'BooleanTest'>) => analyzeBooleanTest(state, body),
  MergeSupportFunc: (state: ParseState, body: Fields<'MergeSupportFunc'>) =>
    analyzeMergeAction(state, body.location ?? 0),
  CurrentOfExpr: (state: ParseState, body: Fields<'CurrentOfExpr'>): Expression => {
    const cursorName = body.cursor_name ?? '';
    const variable = state.context.resolveName?.([cursorName], -1, false) ?? null;
    const isCursor = variable?.kind === 'Param' && variable.type === typeOid.refcursor;
    return {
      kind: 'CurrentOfExpr',
      varno: state.targetItem?.rtIndex ?? 0,
      cursorName,
      ...(isCursor ? { cursorParam: variable.id } : {}),
    };
  },
  SetToDefault: (_state: ParseState, body: Fields<'SetToDefault'>): Expression => {
    throw pgError(SqlState.syntaxError, 'DEFAULT is not allowed in this context', { location: body.location ?? 0 });
  },
  MultiAssignRef: () => {
    throw new Error('invariant broken: a row assignment outside of UPDATE');
  },
  ...jsonHandlers,
};

/** Binds a raw node that the grammar always sets. */
export function analyzeOptional(state: ParseState, node: Node | undefined): Expression {
  if (node === undefined) throw new Error('invariant broken: an expression is missing from the parse tree');
  return analyzeExpr(state, node);
}

const booleanTests = {
  IS_TRUE: ['true', 'IS TRUE'],
  IS_NOT_TRUE: ['notTrue', 'IS NOT TRUE'],
  IS_FALSE: ['false', 'IS FALSE'],
  IS_NOT_FALSE: ['notFalse', 'IS NOT FALSE'],
  IS_UNKNOWN: ['unknown', 'IS UNKNOWN'],
  IS_NOT_UNKNOWN: ['notUnknown', 'IS NOT UNKNOWN'],
} as const;

function analyzeBooleanTest(state: ParseState, body: Fields<'BooleanTest'>): Expression {
  const [test, clause] = booleanTests[body.booltesttype ?? 'IS_TRUE'];
  const arg = coerceToBoolean(state, analyzeOptional(state, body.arg), clause);
  return { kind: 'BooleanTest', arg, test, location: body.location ?? 0 };
}

function analyzeBool(state: ParseState, body: Fields<'BoolExpr'>): Expression {
  const op = body.boolop === 'AND_EXPR' ? 'and' : body.boolop === 'OR_EXPR' ? 'or' : 'not';
  const args = (body.args ?? []).map((arg) => coerceToBoolean(state, analyzeExpr(state, arg), op.toUpperCase()));
  return { kind: 'BoolExpr', op, args, location: body.location ?? 0 };
}

function analyzeMergeAction(state: ParseState, location: number): Expression {
  for (let level: ParseState | null = state; level !== null; level = level.parent) {
    if (level.expressionKind === 'mergeReturning') return { kind: 'MergeSupportFunc', type: typeOid.text, location };
  }
  throw pgError(SqlState.syntaxError, 'MERGE_ACTION() can only be used in the RETURNING list of a MERGE command', {
    location,
  });
}

function featureName(tag: string): string {
  switch (tag) {
    case 'XmlExpr':
    case 'XmlSerialize':
      return 'XML';
    case 'JsonFuncExpr':
      return 'JSON_QUERY, JSON_VALUE and JSON_EXISTS';
    default:
      return tag;
  }
}

function locationOf(node: Node, tag: string): number {
  const body = (node as unknown as Record<string, { location?: number } | undefined>)[tag];
  return body?.location ?? 0;
}
