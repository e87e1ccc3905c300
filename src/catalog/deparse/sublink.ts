// Subqueries in expressions: EXISTS, IN, ANY, ALL, ARRAY and scalar ones.
import type { Expression, SubLink } from '../../trees/expression.js';
import type { DeparseContext } from './context.js';
import { deparse, operatorName } from './expression.js';
import { deparseQuery } from './query.js';

/** Appends the sublink; every form but ARRAY is parenthesised as a whole. */
export function deparseSubLink(context: DeparseContext, node: SubLink): void {
  const { writer } = context;
  writer.append(node.linkType === 'array' ? 'ARRAY(' : '(');
  const operator = node.test ? deparseTest(context, node.test) : null;
  const keyword = keywordOf(node, operator);
  writer.append(keyword);
  const isBare = node.linkType === 'expr' || node.linkType === 'array' || node.linkType === 'multiexpr';
  if (!isBare) writer.append('(');
  deparseQuery(context, node.subquery, { columnNames: null, namesVisible: false });
  writer.append(isBare ? ')' : '))');
}

function keywordOf(node: SubLink, operator: string | null): string {
  switch (node.linkType) {
    case 'exists':
      return 'EXISTS ';
    case 'any':
      return operator === '=' && node.operatorName.length <= 1 ? ' IN ' : ` ${operator} ANY `;
    case 'all':
      return ` ${operator} ALL `;
    case 'rowcompare':
      return ` ${operator} `;
    default:
      return '';
  }
}

/** Prints the left side of the comparison and returns its operator. */
function deparseTest(context: DeparseContext, test: Expression): string {
  const { writer } = context;
  if (test.kind === 'OpExpr') {
    const left = test.args[0];
    if (left) deparse(context, left, true);
    return operatorName(context, test.operator);
  }
  const comparisons = test.kind === 'BoolExpr' ? test.args : [];
  const lefts =
    test.kind === 'RowCompareExpr'
      ? test.left
      : comparisons.flatMap((item) => (item.kind === 'OpExpr' ? item.args.slice(0, 1) : []));
  writer.append('(');
  lefts.forEach((left, index) => {
    if (index > 0) writer.append(', ');
    deparse(context, left, true);
  });
  writer.append(')');
  if (test.kind === 'RowCompareExpr') return operatorName(context, test.operators[0] ?? 0);
  const first = comparisons[0];
  return first?.kind === 'OpExpr' ? operatorName(context, first.operator) : '=';
}
