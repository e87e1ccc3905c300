// A correlated EXISTS whose only tie to the outer query are equalities can be asked as `(outer values) IN (SELECT inner
// values)`: then one pass over the subquery makes a hash table instead of a scan for each outer row. Nulls differ between
// the two only where false and unknown do, and EXISTS reads unknown as false.
import type { Expression, OpExpr, Param, TargetEntry } from '../trees/expression.js';
import type { Query } from '../trees/query.js';
import { containsAggregate } from './expressions/facts.js';
import { andList, makeAnd, makeEntry } from './expressions/make.js';
import { collationOf, typeOf, typmodOf } from './expressions/typing.js';
import { shiftLevels, visitExpressionDeep, visitQueryDeep } from './expressions/walk.js';
import type { PlannerInfo } from './planner-info.js';
import { queryIsVolatile } from './prep/ctes.js';

export interface ExistsAsAny {
  readonly query: Query;
  /** Comparison of outer values with sublink Params. */
  readonly test: Expression;
}

/** The IN form of a simplified EXISTS query; null where outer references stand elsewhere than in hashable equalities. */
export function existsAsAny(root: PlannerInfo, simplified: Query): ExistsAsAny | null {
  const { catalog } = root.global;
  const { joinTree } = simplified;
  if (simplified.ctes.length > 0 || joinTree.fromList.length === 0 || queryIsVolatile(simplified, catalog)) return null;
  const comparisons: Expression[] = [];
  const targetList: TargetEntry[] = [];
  const rest: Expression[] = [];
  for (const clause of andList(joinTree.quals)) {
    if (!refersOutside(clause)) {
      rest.push(clause);
      continue;
    }
    const sides = equality(root, clause);
    if (sides === null) return null;
    const { inner } = sides;
    targetList.push(makeEntry(inner, targetList.length + 1, `col${targetList.length + 1}`, false));
    const param: Param = {
      kind: 'Param',
      paramKind: 'sublink',
      id: targetList.length,
      type: typeOf(inner),
      typmod: typmodOf(inner),
      collation: collationOf(inner),
      location: -1,
    };
    comparisons.push({ ...sides.operator, args: [shiftLevels(sides.outer, -1), param] });
  }
  if (comparisons.length === 0) return null;
  const quals = rest.length === 0 ? null : makeAnd(rest);
  const query: Query = { ...simplified, targetList, joinTree: { ...joinTree, quals } };
  let outside = false;
  visitQueryDeep(query, (node, depth) => {
    if ('levelsUp' in node && node.levelsUp > depth) outside = true;
  });
  return outside ? null : { query, test: makeAnd(comparisons) };
}

function refersOutside(clause: Expression): boolean {
  let found = false;
  visitExpressionDeep(clause, (node) => {
    if ('levelsUp' in node && node.levelsUp > 0) found = true;
    if (node.kind === 'SubLink') found = true;
  });
  return found;
}

/** `outer = inner`, turned round where the outer value stands on the right. */
function equality(
  root: PlannerInfo,
  clause: Expression,
): { readonly operator: OpExpr; readonly outer: Expression; readonly inner: Expression } | null {
  const { catalog } = root.global;
  if (clause.kind !== 'OpExpr' || clause.args.length !== 2) return null;
  const [left, right] = clause.args as readonly [Expression, Expression];
  const operator = catalog.operator(clause.operator);
  if (operator === null || !operator.canHash) return null;
  if (isOuter(left) && isInner(right)) return { operator: clause, outer: left, inner: right };
  if (!isOuter(right) || !isInner(left)) return null;
  const turned = catalog.operator(operator.commutator);
  if (turned === null || !turned.canHash) return null;
  return { operator: { ...clause, operator: turned.oid, function: turned.function }, outer: right, inner: left };
}

function levelsOf(expression: Expression): readonly number[] | null {
  const levels: number[] = [];
  let usable = !containsAggregate(expression);
  visitExpressionDeep(expression, (node) => {
    if (node.kind === 'SubLink') usable = false;
    if ('levelsUp' in node) levels.push(node.levelsUp);
  });
  return usable ? levels : null;
}

function isOuter(expression: Expression): boolean {
  const levels = levelsOf(expression);
  return levels !== null && levels.length > 0 && levels.every((level) => level > 0);
}

function isInner(expression: Expression): boolean {
  const levels = levelsOf(expression);
  return levels !== null && levels.length > 0 && levels.every((level) => level === 0);
}

/** About how many rows of this query level a condition is evaluated for. */
export function evaluationCount(root: PlannerInfo): number {
  let count = 1;
  for (const rte of root.rangeTable) {
    if (rte.kind !== 'relation') continue;
    const rows = root.global.catalog.relation(rte.relation)?.rowEstimate ?? -1;
    count = Math.max(count, rows < 0 ? 1000 : rows);
  }
  return count;
}
