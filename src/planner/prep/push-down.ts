// Conditions on a subquery's output that may be checked inside it:
//   SELECT * FROM (SELECT a, count(*) AS n FROM t GROUP BY a) s WHERE s.a = 5   ->   ... GROUP BY a HAVING a = 5
// Not below LIMIT, not past window functions except on their partition columns, not on volatile or set-returning
// columns, not past DISTINCT ON except on its columns.
import type { Expression, TargetEntry } from '../../trees/expression.js';
import type { Query, SubqueryRte } from '../../trees/query.js';
import { containsSetReturning, containsSubPlan, containsVolatile, relidsOfExpression } from '../expressions/facts.js';
import { makeAnd, nullConst } from '../expressions/make.js';
import { collationOf, typeOf, typmodOf } from '../expressions/typing.js';
import { rewriteTopDown, shiftLevels, someExpression } from '../expressions/walk.js';
import type { PlannerInfo, RelOptInfo } from '../planner-info.js';
import { windowCondition } from './window-conditions.js';

/** The subquery with what could be pushed into it; the relation keeps the rest. */
export function pushDownRestrictions(root: PlannerInfo, rel: RelOptInfo, rte: SubqueryRte): Query {
  let query = rte.subquery;
  if (!mayReceive(query)) return query;
  const unsafe = unsafeColumns(root, query);
  const kept = rel.baseRestrictions.filter((info) => {
    if (info.pseudoConstant) return true;
    if (!isSafe(root, info.clause, rel.rtIndex, unsafe)) {
      const found = query.hasWindowFunctions ? windowCondition(root, query, info.clause, rel.rtIndex) : null;
      if (found === null || rte.securityBarrier) return true;
      query = { ...query, windowConditions: [...(query.windowConditions ?? []), found.condition] };
      return found.keepsOriginal;
    }
    if (rte.securityBarrier && !isLeakproof(root, info.clause)) return true;
    query = pushInto(query, info.clause, rel.rtIndex);
    return false;
  });
  if (kept.length !== rel.baseRestrictions.length) rel.baseRestrictions = kept;
  return query;
}

function isLeakproof(root: PlannerInfo, clause: Expression): boolean {
  return !someExpression(clause, (node) => {
    if (node.kind !== 'FuncExpr' && node.kind !== 'OpExpr' && node.kind !== 'ScalarArrayOpExpr') return false;
    return root.global.catalog.function(node.function)?.isLeakproof !== true;
  });
}

function mayReceive(query: Query): boolean {
  if (query.commandType !== 'select' || query.limitCount !== null || query.limitOffset !== null) return false;
  // A column that some sets leave out is NULL in their rows, whatever it is computed from.
  if (query.groupingSets.length > 0) return false;
  if (query.ctes.some((cte) => cte.recursive)) return query.setOperations === null;
  if (query.setOperations === null) return true;
  return setOperationLeaves(query).every((leaf) => leaf !== null && mayReceive(leaf)) && !hasExceptColumns(query);
}

function hasExceptColumns(query: Query): boolean {
  return query.setOperations === null || query.targetList.some((entry) => entry.expr.kind !== 'Var');
}

function setOperationLeaves(query: Query): (Query | null)[] {
  const result: (Query | null)[] = [];
  const visit = (node: NonNullable<Query['setOperations']> | { kind: 'RangeTableRef'; rtIndex: number }): void => {
    if (node.kind === 'RangeTableRef') {
      const rte = query.rangeTable[node.rtIndex - 1];
      result.push(rte?.kind === 'subquery' ? rte.subquery : null);
      return;
    }
    if (node.op === 'except') result.push(null);
    visit(node.left);
    visit(node.right);
  };
  if (query.setOperations !== null) visit(query.setOperations);
  return result;
}

/** Output columns on which conditions must stay outside. */
function unsafeColumns(root: PlannerInfo, query: Query): Set<number> {
  const result = new Set<number>();
  const leaves = query.setOperations === null ? [query] : setOperationLeaves(query);
  for (const leaf of leaves) {
    if (leaf === null) continue;
    for (const entry of leaf.targetList) if (!entry.junk && isUnsafe(root, leaf, entry)) result.add(entry.resno);
    if (query.setOperations !== null) {
      leaf.targetList.forEach((entry) => {
        const column = query.setOperations?.columnTypes[entry.resno - 1];
        if (!entry.junk && column !== typeOf(entry.expr)) result.add(entry.resno);
      });
    }
  }
  return result;
}

function isUnsafe(root: PlannerInfo, query: Query, entry: TargetEntry): boolean {
  if (containsSetReturning(entry.expr) || containsVolatile(entry.expr, root.global.catalog)) return true;
  const inClause = (clauses: Query['distinctClause']): boolean =>
    clauses.some((clause) => clause.sortGroupRef === entry.sortGroupRef && entry.sortGroupRef > 0);
  if (query.hasDistinctOn && !inClause(query.distinctClause)) return true;
  if (!query.hasWindowFunctions) return false;
  return !query.windowClause.every((window) => inClause(window.partitionClause));
}

function isSafe(root: PlannerInfo, clause: Expression, rtIndex: number, unsafe: ReadonlySet<number>): boolean {
  if (containsSubPlan(clause) || containsVolatile(clause, root.global.catalog)) return false;
  if (relidsOfExpression(clause) !== 1n << BigInt(rtIndex)) return false;
  return !someExpression(
    clause,
    (node) =>
      node.kind === 'PlaceHolderVar' ||
      (node.kind === 'Param' && node.paramKind === 'exec') ||
      (node.kind === 'Var' && node.varno === rtIndex && (node.attno <= 0 || unsafe.has(node.attno))),
  );
}

function pushInto(query: Query, clause: Expression, rtIndex: number): Query {
  if (query.setOperations !== null) {
    const leaves = new Set<number>();
    const visit = (node: NonNullable<Query['setOperations']> | { kind: 'RangeTableRef'; rtIndex: number }): void => {
      if (node.kind === 'RangeTableRef') leaves.add(node.rtIndex);
      else {
        visit(node.left);
        visit(node.right);
      }
    };
    visit(query.setOperations);
    const rangeTable = query.rangeTable.map((rte, index) =>
      leaves.has(index + 1) && rte.kind === 'subquery'
        ? { ...rte, subquery: pushInto(rte.subquery, clause, rtIndex) }
        : rte,
    );
    return { ...query, rangeTable };
  }
  // Constants and Params aside the clause holds only the subquery's columns: those become their expressions.
  const inner = rewriteTopDown(shiftLevels(clause, 1), (node) => {
    if (node.kind !== 'Var' || node.varno !== rtIndex || node.levelsUp !== 0) return null;
    return query.targetList.find((entry) => entry.resno === node.attno && !entry.junk)?.expr ?? null;
  });
  const isGrouped =
    query.hasAggregates || query.groupClause.length > 0 || query.groupingSets.length > 0 || query.having !== null;
  if (isGrouped) return { ...query, having: query.having === null ? inner : makeAnd([query.having, inner]) };
  const quals = query.joinTree.quals;
  return { ...query, joinTree: { ...query.joinTree, quals: quals === null ? inner : makeAnd([quals, inner]) } };
}

/** Output columns that nobody reads become NULL, so that what they are computed from needn't be read either. */
export function dropUnusedColumns(_root: PlannerInfo, rel: RelOptInfo, query: Query): Query {
  if (query.commandType !== 'select' || query.setOperations !== null || query.distinctClause.length > 0) return query;
  if (rel.attributeNeeded.has(0) || query.rowMarks.length > 0) return query;
  const used = new Set<number>(rel.attributeNeeded.keys());
  for (const info of rel.baseRestrictions) {
    someExpression(info.clause, (node) => {
      if (node.kind === 'Var' && node.varno === rel.rtIndex) used.add(node.attno);
      return false;
    });
  }
  for (const condition of query.windowConditions ?? []) used.add(condition.resno);
  if (used.has(0)) return query;
  let changed = false;
  const targetList = query.targetList.map((entry) => {
    const keep = entry.junk || entry.sortGroupRef > 0 || used.has(entry.resno) || entry.expr.kind === 'Const';
    if (keep || containsSetReturning(entry.expr) || containsVolatile(entry.expr, _root.global.catalog)) return entry;
    changed = true;
    return { ...entry, expr: nullConst(typeOf(entry.expr), typmodOf(entry.expr), collationOf(entry.expr)) };
  });
  return changed ? { ...query, targetList } : query;
}
