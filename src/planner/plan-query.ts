// One query level: simplifies the query, plans what stands in it, then its joins, then what comes above them. The order
// of the steps matters: each relies on the forms that the ones before leave behind.
import type { Expression } from '../trees/expression.js';
import type { Query } from '../trees/query.js';
import { containsAggregate, containsSetReturning, containsSubPlan, containsVolatile } from './expressions/facts.js';
import { foldExpression, estimateExpression } from './expressions/fold.js';
import { andList, isFalseOrNull, boolConst, makeAnd } from './expressions/make.js';
import {
  mapChildren as mapChildrenOf,
  mapList,
  mapMergeAction,
  mapOnConflict,
  mapRte,
  mapTargetList,
  mapWindow,
} from './expressions/walk.js';
import { newParamId, replaceOuterReferences } from './params.js';
import type { PlannerGlobal, PlannerInfo } from './planner-info.js';
import { canonicalizeQual } from './prep/canonicalize.js';
import { ensureFrom, transformMerge } from './prep/jointree.js';
import { markNullingRels, reduceOuterJoins } from './prep/outer-joins.js';
import { pullUpSublinks } from './prep/sublinks.js';
import { pullUpSubqueries } from './prep/pull-up.js';
import { removeUselessResults } from './prep/useless-results.js';
import { preprocessRowMarks } from './prep/row-marks.js';
import { processCtes, processSublinks } from './subplans.js';
import { planUpper } from './upper/plan-upper.js';
import { inlineFunctionRte } from './prep/function-rtes.js';

export interface QueryOptions {
  /** The query is a WITH RECURSIVE term: it reads its own work table. */
  readonly hasRecursion: boolean;
  /** Share of the rows that will be read, 0 for all; >= 1 is an absolute number. */
  readonly tupleFraction: number;
  readonly cteName?: string;
}

/** Plans a query below `parent` (null for the statement itself); the result's `finalRel` has the paths. */
export function planQuery(
  global: PlannerGlobal,
  query: Query,
  parent: PlannerInfo | null,
  options: QueryOptions,
): PlannerInfo {
  global.context.checkInterrupts?.();
  const prepared = transformMerge(query);
  const root = newRoot(global, { ...prepared, rangeTable: [...prepared.rangeTable] }, parent);
  if (options.hasRecursion) root.workTableParam = newParamId(global, 2278);
  root.tupleFraction = options.tupleFraction;
  processCtes(root);
  setQuery(root, ensureFrom(root.query));
  root.query.rangeTable = root.rangeTable;
  pullUpSublinks(root);
  for (let index = 0; index < root.rangeTable.length; index++) inlineFunctionRte(root, index + 1);
  root.query.rangeTable = root.rangeTable;
  pullUpSubqueries(root);
  preprocessRowMarks(root);
  foldQuery(root);
  if (root.query.joinTree.fromList.length > 0) {
    reduceOuterJoins(root);
    removeUselessResults(root);
    markNullingRels(root);
  }
  preprocessExpressions(root);
  moveHaving(root);
  planUpper(root);
  return root;
}

function setQuery(root: PlannerInfo, query: Query): void {
  root.query = { ...query };
  root.rangeTable = [...query.rangeTable];
}

function newRoot(global: PlannerGlobal, query: Query, parent: PlannerInfo | null): PlannerInfo {
  return {
    global,
    parent,
    query: { ...query },
    rangeTable: [...query.rangeTable],
    plannerParams: [],
    initPlans: [],
    multiParams: new Map(),
    minMaxParams: [],
    ctePlans: [],
    workTableParam: -1,
    nonRecursivePath: null,
    recursiveCteName: null,
    rels: [],
    allBaseRels: 0n,
    allQueryRels: 0n,
    outerJoinRels: 0n,
    joinRels: new Map(),
    joinLevels: [],
    equivalences: [],
    equivalencesMerged: false,
    pathKeys: [],
    joinInfos: [],
    delayingJoins: 0n,
    placeholders: new Map(),
    rowMarks: [],
    appendParents: new Map(),
    processedTargetList: [],
    updateColumns: [],
    groupClause: [],
    groupingSetPlan: null,
    distinctClause: [],
    queryPathKeys: [],
    groupPathKeys: [],
    windowPathKeys: [],
    distinctPathKeys: [],
    sortPathKeys: [],
    tupleFraction: 0,
    limitTuples: -1,
    hasLateral: false,
    hasHaving: false,
    hasOuterJoins: false,
    totalTablePages: 0,
    finalRel: null,
    currentOuterRels: 0n,
    currentOuterParams: [],
    lastRestrictSerial: 0,
  };
}

/** Folds the join tree's conditions: what follows looks for strict conditions and constants. */
function foldQuery(root: PlannerInfo): void {
  const fold = (node: Expression): Expression => canonicalizeQual(foldExpression(root.global, node));
  root.query.joinTree = mapTree(root, fold);
}

function mapTree(root: PlannerInfo, map: (node: Expression) => Expression): typeof root.query.joinTree {
  const walk = (node: import('../trees/query.js').JoinTreeNode): import('../trees/query.js').JoinTreeNode => {
    switch (node.kind) {
      case 'RangeTableRef':
        return node;
      case 'JoinExpr': {
        const left = walk(node.left);
        const right = walk(node.right);
        return { ...node, left, right, quals: node.quals === null ? null : map(node.quals) };
      }
      case 'FromExpr':
        return { ...node, fromList: node.fromList.map(walk), quals: node.quals === null ? null : map(node.quals) };
    }
  };
  const tree = walk(root.query.joinTree);
  return tree.kind === 'FromExpr' ? tree : { kind: 'FromExpr', fromList: [tree], quals: null };
}

/** Finishes one expression of the level: folded, subqueries planned, outer references turned into Params. */
export function preprocessExpression(root: PlannerInfo, expression: Expression, isQual: boolean): Expression {
  let result = foldExpression(root.global, expression);
  if (isQual) result = canonicalizeQual(result);
  if (root.query.hasSubLinks || hasSubLink(result)) result = processSublinks(root, result, isQual);
  return replaceOuterReferences(root, result);
}

function hasSubLink(expression: Expression): boolean {
  return containsSubPlan(expression);
}

function preprocessExpressions(root: PlannerInfo): void {
  const { query } = root;
  const value = (node: Expression): Expression => preprocessExpression(root, node, false);
  const qual = (node: Expression): Expression => preprocessExpression(root, node, true);
  query.targetList = mapTargetList(query.targetList, value);
  replaceMultiParams(root);
  query.returningList = mapTargetList(query.returningList, value);
  // The rewriter brought these in: their SubLinks don't count in the query's own flag.
  const checkOptions = query.withCheckOptions?.map((option) => {
    const condition = processSublinks(root, canonicalizeQual(foldExpression(root.global, option.qual)), true);
    return { ...option, qual: replaceOuterReferences(root, condition) };
  });
  if (checkOptions !== undefined) query.withCheckOptions = checkOptions;
  query.joinTree = mapTree(root, qual);
  query.having = query.having === null ? null : qual(query.having);
  query.windowClause = mapList(query.windowClause, (window) => mapWindow(window, value));
  query.limitOffset = query.limitOffset === null ? null : value(query.limitOffset);
  query.limitCount = query.limitCount === null ? null : value(query.limitCount);
  query.onConflict = query.onConflict === null ? null : mapOnConflict(query.onConflict, value);
  query.mergeActions = mapList(query.mergeActions, (action) => {
    const mapped = mapMergeAction(action, value);
    return mapped;
  });
  query.mergeJoinCondition = query.mergeJoinCondition === null ? null : qual(query.mergeJoinCondition);
  root.rangeTable = root.rangeTable.map((rte) =>
    rte.kind === 'join' || rte.kind === 'subquery'
      ? rte
      : mapRte(rte, { expression: value, subquery: (inner) => inner }),
  );
  query.rangeTable = root.rangeTable;
}

/** Columns of a row assignment, `SET (a, b) = (SELECT ...)`: the Params that its subplan sets. */
function replaceMultiParams(root: PlannerInfo): void {
  if (root.multiParams.size === 0) return;
  root.query.targetList = mapTargetList(root.query.targetList, (expr) => bindMultiParams(root, expr));
}

/** Replaces references to row assignments' columns: sublink Params numbered (assignment << 16) + column. */
export function bindMultiParams(root: PlannerInfo, expression: Expression): Expression {
  const walk = (node: Expression): Expression => {
    if (node.kind === 'Param' && node.paramKind === 'sublink') {
      return root.multiParams.get(node.id >> 16)?.[(node.id & 0xffff) - 1] ?? node;
    }
    return mapChildrenOf(node, walk);
  };
  return walk(expression);
}

/** HAVING conditions without aggregates, volatile calls or subplans are conditions on single rows: WHERE. */
function moveHaving(root: PlannerInfo): void {
  const { query } = root;
  if (query.having === null) return;
  root.hasHaving = true;
  const kept: Expression[] = [];
  const moved: Expression[] = [];
  for (const clause of andList(query.having)) {
    const bound =
      containsAggregate(clause) ||
      containsVolatile(clause, root.global.catalog) ||
      containsSubPlan(clause) ||
      containsSetReturning(clause) ||
      (query.groupingSets.length > 0 && query.groupClause.length > 0);
    if (bound) kept.push(clause);
    else if (query.groupClause.length > 0) moved.push(clause);
    else {
      // Without GROUP BY there is one group even over no rows: the condition is needed at both places.
      kept.push(clause);
      moved.push(clause);
    }
  }
  if (moved.length > 0) {
    const quals = andList(query.joinTree.quals);
    query.joinTree = { ...query.joinTree, quals: makeAnd([...quals, ...moved]) };
  }
  query.having = kept.length === 0 ? null : makeAnd(kept);
}

/** A condition list in which a constant false stands for all. */
export function simplifyQuals(quals: readonly Expression[]): readonly Expression[] {
  return quals.some(isFalseOrNull) ? [boolConst(false)] : quals;
}

/** The value of a constant expression for estimates; undefined where it isn't known. */
export function estimateConstant(root: PlannerInfo, expression: Expression): unknown {
  const folded = estimateExpression(root.global, expression);
  return folded.kind === 'Const' ? folded.value : undefined;
}
