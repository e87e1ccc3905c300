// Replaces columns of joins by the columns beneath them, once for the whole statement before anything else:
//   SELECT j.x FROM (a JOIN b USING (x)) j   ->   a.x;   FULL JOIN USING   ->   COALESCE(a.x, b.x)
// A whole-row reference to a join becomes a row of its columns.
import type { Expression, Var } from '../../trees/expression.js';
import type { JoinRte, Query } from '../../trees/query.js';
import { mapQuery, rewriteDeep, rewriteQueryDeep, shiftLevels, rewriteBottomUp } from '../expressions/walk.js';
import { nullConst } from '../expressions/make.js';

/** The query with no reference to a join's own range table entry left, at any level. */
export function flattenJoinAliases(query: Query): Query {
  let result = query;
  if (query.rangeTable.some((rte) => rte.kind === 'join')) {
    const replace = aliasReplacer(query);
    result = rewriteQueryDeep(query, replace);
  }
  const inner = (nested: Query): Query => flattenJoinAliases(nested);
  return mapQuery(result, {
    expression: (expression) =>
      rewriteBottomUp(expression, (node) =>
        node.kind === 'SubLink' ? { ...node, subquery: inner(node.subquery) } : node,
      ),
    subquery: inner,
  });
}

function aliasReplacer(query: Query): (node: Expression, depth: number) => Expression | null {
  const resolve = (column: Expression): Expression => rewriteDeep(column, replace, 0);
  const replace = (node: Expression, depth: number): Expression | null => {
    if (node.kind !== 'Var') return null;
    if (node.levelsUp !== depth) return node;
    const rte = query.rangeTable[node.varno - 1];
    if (rte?.kind !== 'join') return node;
    const column = node.attno === 0 ? wholeRow(rte, node) : rte.aliasVars[node.attno - 1];
    const resolved = resolve(column ?? nullConst(node.type, node.typmod, node.collation));
    return depth === 0 ? resolved : shiftLevels(resolved, depth, 0);
  };
  return replace;
}

function wholeRow(rte: JoinRte, variable: Var): Expression {
  const present = rte.aliasVars.map((column, index) => ({ column, name: rte.eref.columns[index] ?? '' }));
  const live = present.filter((item): item is { column: Expression; name: string } => item.column !== null);
  return {
    kind: 'RowExpr',
    args: live.map((item) => item.column),
    type: variable.type,
    form: 'implicitCast',
    columnNames: live.map((item) => item.name),
    location: variable.location,
  };
}
