// Comparisons of rows: =, <> column by column; <, <=, >, >= as one RowCompareExpr; IS DISTINCT FROM.
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { DistinctExpr, Expression, OpExpr, RowCompareExpr } from '../../trees/expression.js';
import { makeOperator } from '../operators.js';
import type { ParseState } from '../parse-state.js';
import { formatType } from '../type-names.js';
import { typeOid } from '../type-oids.js';

/** Compares two lists of columns with an operator. Throws 42601 for different lengths, 0A000 for unfit operators. */
export function makeRowComparison(
  state: ParseState,
  names: readonly string[],
  left: readonly Expression[],
  right: readonly Expression[],
  location: number,
): Expression {
  if (left.length !== right.length) {
    throw pgError(SqlState.syntaxError, 'unequal number of entries in row expressions', { location });
  }
  if (left.length === 0) {
    throw pgError(SqlState.featureNotSupported, 'cannot compare rows of zero length', { location });
  }
  const operators = left.map((item, index) => {
    const operator = makeOperator(state, names, item, right[index] as Expression, state.lastTargetSet, location);
    if (operator.type !== typeOid.bool) {
      throw pgError(
        SqlState.datatypeMismatch,
        `row comparison operator must yield type boolean, not type ${formatType(state.context.catalog, operator.type)}`,
        { location },
      );
    }
    if (operator.returnsSet) {
      throw pgError(SqlState.datatypeMismatch, 'row comparison operator must not return a set', { location });
    }
    return operator;
  });
  const [only] = operators;
  if (operators.length === 1 && only !== undefined) return only;
  return combineComparisons(state, names, operators, location);
}

type Strategy = 'less' | 'lessEqual' | 'equal' | 'greaterEqual' | 'greater' | 'notEqual';
const strategies: readonly (readonly [number, Strategy])[] = [
  [1, 'less'],
  [2, 'lessEqual'],
  [3, 'equal'],
  [4, 'greaterEqual'],
  [5, 'greater'],
];

function combineComparisons(
  state: ParseState,
  names: readonly string[],
  operators: readonly OpExpr[],
  location: number,
): Expression {
  // Each operator's meanings in B-tree families; the row's meaning is one that all of them share.
  const meanings = operators.map((operator) => meaningsOf(state, operator.operator));
  const order: readonly Strategy[] = ['less', 'lessEqual', 'equal', 'greaterEqual', 'greater', 'notEqual'];
  const shared = order.find((strategy) => meanings.every((found) => found.has(strategy)));
  if (shared === undefined) {
    throw pgError(
      SqlState.featureNotSupported,
      `could not determine interpretation of row comparison operator ${names[names.length - 1] ?? ''}`,
      { hint: 'Row comparison operators must be associated with btree operator families.', location },
    );
  }
  if (shared === 'equal' || shared === 'notEqual') {
    return { kind: 'BoolExpr', op: shared === 'equal' ? 'and' : 'or', args: operators, location };
  }
  const families = meanings.map((found) => found.get(shared) ?? 0);
  const signs = { less: '<', lessEqual: '<=', greaterEqual: '>=', greater: '>' } as const;
  const comparison: RowCompareExpr = {
    kind: 'RowCompareExpr',
    op: signs[shared],
    operators: operators.map((operator) => operator.operator),
    families,
    inputCollations: operators.map(() => 0),
    left: operators.map((operator) => operator.args[0] as Expression),
    right: operators.map((operator) => operator.args[1] as Expression),
  };
  return comparison;
}

function meaningsOf(state: ParseState, operator: number): Map<Strategy, number> {
  const catalog = state.context.catalog;
  const found = new Map<Strategy, number>();
  for (const member of catalog.operatorFamilies(operator)) {
    if (member.accessMethod !== 'btree') continue;
    const strategy = strategies.find(([number]) => number === member.strategy)?.[1];
    if (strategy !== undefined && !found.has(strategy)) found.set(strategy, member.family);
  }
  if (found.size > 0) return found;
  // <> is no member itself: it is the negator of =.
  const negator = catalog.operator(operator)?.negator ?? 0;
  if (negator !== 0) {
    for (const member of catalog.operatorFamilies(negator)) {
      if (member.accessMethod === 'btree' && member.strategy === 3) found.set('notEqual', member.family);
    }
  }
  return found;
}

/** IS DISTINCT FROM of two rows: true where a column is distinct. */
export function makeRowDistinct(
  state: ParseState,
  names: readonly string[],
  left: Extract<Expression, { kind: 'RowExpr' }>,
  right: Extract<Expression, { kind: 'RowExpr' }>,
  location: number,
): Expression {
  if (left.args.length !== right.args.length) {
    throw pgError(SqlState.syntaxError, 'unequal number of entries in row expressions', { location });
  }
  let result: Expression | null = null;
  left.args.forEach((item, index) => {
    const compared = makeDistinct(state, names, item, right.args[index] as Expression, location);
    if (result === null) result = compared;
    else {
      const first: Expression = result;
      result =
        first.kind === 'BoolExpr' && first.op === 'or'
          ? { ...first, args: [...first.args, compared] }
          : { kind: 'BoolExpr', op: 'or', args: [first, compared], location };
    }
  });
  return result ?? { kind: 'Const', type: typeOid.bool, typmod: -1, collation: 0, value: false, location };
}

/** IS DISTINCT FROM of two values. */
export function makeDistinct(
  state: ParseState,
  names: readonly string[],
  left: Expression,
  right: Expression,
  location: number,
): DistinctExpr {
  const operator = makeOperator(state, names, left, right, state.lastTargetSet, location);
  if (operator.type !== typeOid.bool) {
    throw pgError(SqlState.datatypeMismatch, 'IS DISTINCT FROM requires = operator to yield boolean', { location });
  }
  if (operator.returnsSet) {
    throw pgError(SqlState.datatypeMismatch, 'IS DISTINCT FROM must not return a set', { location });
  }
  return { ...operator, kind: 'DistinctExpr' };
}
