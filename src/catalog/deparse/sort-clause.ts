// ORDER BY, GROUP BY and DISTINCT ON items: references to target entries, printed as their expressions.
import type { Expression, TargetEntry } from '../../trees/expression.js';
import type { SortGroupClause } from '../../trees/query.js';
import { expressionType } from '../../trees/expression-type.js';
import { deparseConstant } from './constant.js';
import type { DeparseContext } from './context.js';
import { deparse, operatorName } from './expression.js';

/** The target entry that a sort or group item refers to. */
export function referredEntry(context: DeparseContext, sortGroupRef: number): TargetEntry | undefined {
  return context.targetList.find((entry) => entry.sortGroupRef === sortGroupRef);
}

/** An item's expression; its column number where `byNumber` (set operations have no expressions to name). */
export function deparseSortGroupExpression(
  context: DeparseContext,
  sortGroupRef: number,
  byNumber: boolean,
): Expression | null {
  const entry = referredEntry(context, sortGroupRef);
  if (!entry) return null;
  const { writer } = context;
  if (byNumber) {
    writer.append(String(entry.resno));
  } else if (entry.expr.kind === 'Const') {
    // A bare number would be a column's.
    deparseConstant(context, entry.expr, 'always');
  } else if (entry.expr.kind === 'Var') {
    deparse(context, entry.expr, true);
  } else {
    // A function call could be taken for something else in GROUP BY and ORDER BY: parentheses keep it an expression.
    const kind = entry.expr.kind;
    const needsParentheses =
      context.options.pretty ||
      kind === 'FuncExpr' ||
      kind === 'Aggref' ||
      kind === 'WindowFunc' ||
      kind === 'JsonConstructorExpr';
    if (needsParentheses) writer.append('(');
    deparse(context, entry.expr, true);
    if (needsParentheses) writer.append(')');
  }
  return entry.expr;
}

/** The items of an ORDER BY, separated by commas. */
export function deparseSortClause(
  context: DeparseContext,
  clauses: readonly SortGroupClause[],
  byNumber: boolean,
): void {
  clauses.forEach((clause, index) => {
    if (index > 0) context.writer.append(', ');
    const expression = deparseSortGroupExpression(context, clause.sortGroupRef, byNumber);
    if (expression) appendDirection(context, clause, expression);
  });
}

function appendDirection(context: DeparseContext, clause: SortGroupClause, expression: Expression): void {
  const { writer, catalog } = context;
  const type = expressionType(expression);
  const family = catalog.defaultOpclass(type, 'btree');
  const lessThan = family ? catalog.familyOperator(family.family, family.inputType, family.inputType, 1) : 0;
  const greaterThan = family ? catalog.familyOperator(family.family, family.inputType, family.inputType, 5) : 0;
  if (clause.sortOperator === lessThan) {
    if (clause.nullsFirst) writer.append(' NULLS FIRST');
    return;
  }
  if (clause.sortOperator === greaterThan) {
    writer.append(clause.nullsFirst ? ' DESC' : ' DESC NULLS LAST');
    return;
  }
  writer.append(` USING ${operatorName(context, clause.sortOperator)}`);
  writer.append(clause.nullsFirst ? ' NULLS FIRST' : ' NULLS LAST');
}
