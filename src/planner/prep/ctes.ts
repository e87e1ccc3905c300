// WITH: decides for each common table expression whether it is merged into the query that uses it or runs on its own:
//   WITH c AS (SELECT ...) SELECT ... FROM c   ->   SELECT ... FROM (SELECT ...) c
// Merged: side-effect free, not recursive, not volatile, and referenced once (or NOT MATERIALIZED). manual, 7.8.3.
import type { CommonTableExpr, Query, RangeTableEntry } from '../../trees/query.js';
import { rewriteBottomUp, mapList, mapQuery, shiftQueryLevels, visitQueryDeep } from '../expressions/walk.js';
import { containsVolatile } from '../expressions/facts.js';
import type { PlannerInfo } from '../planner-info.js';
import type { Catalog } from '../../catalog/api.js';

/** How the CTEs of a query are used: `inline` them, `plan` them on their own, or `skip` them as unreferenced. */
export type CteChoice = 'inline' | 'plan' | 'skip';

/** Decides for one CTE, given the query as it stands now. */
export function chooseCte(root: PlannerInfo, cte: CommonTableExpr): CteChoice {
  const references = countReferences(root.query, cte.name);
  const isSelect = cte.query.commandType === 'select';
  if (references === 0 && isSelect) return 'skip';
  if (cte.recursive || !isSelect) return 'plan';
  if (cte.materialized === 'always') return 'plan';
  if (cte.materialized === 'default' && references !== 1) return 'plan';
  if (writesOrLocks(cte.query) || queryIsVolatile(cte.query, root.global.catalog)) return 'plan';
  if (references > 1 && hasOuterSelfReference(cte.query)) return 'plan';
  return 'inline';
}

/** Number of references to CTE `name` of `query` within the query and everything below it. */
export function countReferences(query: Query, name: string): number {
  let count = 0;
  forEachRte(query, 0, (rte, depth) => {
    if (rte.kind === 'cte' && rte.cteLevelsUp === depth && rte.cteName === name) count++;
  });
  return count;
}

/** Visits the range table entries of the query and of all queries below. */
export function forEachRte(
  query: Query,
  depth: number,
  visit: (rte: Query['rangeTable'][number], depth: number) => void,
): void {
  for (const rte of query.rangeTable) visit(rte, depth);
  const inner = (nested: Query): Query => {
    forEachRte(nested, depth + 1, visit);
    return nested;
  };
  mapQuery(query, {
    expression: (expression) =>
      rewriteBottomUp(expression, (node) => {
        if (node.kind === 'SubLink') inner(node.subquery);
        return node;
      }),
    subquery: inner,
  });
}

/** Replaces references to the CTE by subqueries. */
export function inlineCte(query: Query, cte: CommonTableExpr, depth = 0): Query {
  const inner = (nested: Query): Query => inlineCte(nested, cte, depth + 1);
  const mapped = mapQuery(query, {
    expression: (expression) =>
      rewriteBottomUp(expression, (node) => {
        if (node.kind !== 'SubLink') return node;
        const subquery = inner(node.subquery);
        return subquery === node.subquery ? node : { ...node, subquery };
      }),
    subquery: inner,
  });
  const rangeTable = mapList(mapped.rangeTable, (rte): RangeTableEntry => {
    if (rte.kind !== 'cte' || rte.cteLevelsUp !== depth || rte.cteName !== cte.name) return rte;
    const { alias, eref, lateral, inFromClause } = rte;
    return {
      kind: 'subquery',
      alias,
      eref,
      lateral,
      inFromClause,
      subquery: depth === 0 ? cte.query : shiftQueryLevels(cte.query, depth),
      securityBarrier: false,
      viewRelation: 0,
      permissions: null,
    };
  });
  return rangeTable === mapped.rangeTable ? mapped : { ...mapped, rangeTable };
}

/** What stays in the list of a CTE that was merged or is not used: later steps would walk through its query again. */
export function withoutContent(query: Query, cte: CommonTableExpr): Query {
  const empty = { ...cte.query, rangeTable: [], targetList: [], ctes: [], setOperations: null };
  const done = { ...cte, query: { ...empty, joinTree: { ...cte.query.joinTree, fromList: [], quals: null } } };
  return { ...query, ctes: query.ctes.map((item) => (item === cte ? done : item)) };
}

function writesOrLocks(query: Query): boolean {
  if (query.commandType !== 'select' || query.rowMarks.length > 0) return true;
  let found = false;
  const inner = (nested: Query): Query => {
    if (writesOrLocks(nested)) found = true;
    return nested;
  };
  mapQuery(query, {
    expression: (expression) =>
      rewriteBottomUp(expression, (node) => {
        if (node.kind === 'SubLink') inner(node.subquery);
        return node;
      }),
    subquery: inner,
  });
  return found;
}

/** Does the query, or one below it, call a volatile function? */
export function queryIsVolatile(query: Query, catalog: Catalog): boolean {
  let found = false;
  visitQueryDeep(query, (node) => {
    if (found || node.kind === 'SubLink') return;
    if (containsVolatile(leaf(node), catalog)) found = true;
  });
  return found;
}

/** The visitor reaches children by itself: test calls without their arguments. */
function leaf(node: import('../../trees/expression.js').Expression): import('../../trees/expression.js').Expression {
  switch (node.kind) {
    case 'FuncExpr':
    case 'OpExpr':
    case 'DistinctExpr':
    case 'NullIfExpr':
      return { ...node, args: [] };
    case 'BoolExpr':
    case 'CoalesceExpr':
      return { ...node, args: [] };
    default:
      return node;
  }
}

function hasOuterSelfReference(query: Query): boolean {
  let found = false;
  forEachRte(query, 0, (rte, depth) => {
    if (rte.kind === 'cte' && rte.selfReference && rte.cteLevelsUp > depth) found = true;
  });
  return found;
}
