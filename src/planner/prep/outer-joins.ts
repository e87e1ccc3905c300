// Simplifies outer joins by conditions above them that no null-extended row can pass:
//   a LEFT JOIN b ON ... WHERE b.x > 0          ->   a JOIN b
//   a FULL JOIN b ON ... WHERE a.x = 1          ->   a LEFT JOIN b
//   a LEFT JOIN b ON a.x = b.y WHERE b.y IS NULL  ->   a ANTI JOIN b
// RIGHT joins become LEFT joins. Afterwards every Var is marked with the outer joins that can null it at its place.
import type { Expression, Var } from '../../trees/expression.js';
import type { FromExpr, JoinExpr, JoinTreeNode, RangeTableEntry } from '../../trees/query.js';
import { isStrictNode } from '../expressions/facts.js';
import { andList } from '../expressions/make.js';
import {
  mapRte,
  mapTargetList,
  rewriteDeep,
  rewriteQueryDeep,
  mapOnConflict,
  mapMergeAction,
  mapWindow,
} from '../expressions/walk.js';
import type { PlannerInfo } from '../planner-info.js';
import type { Relids } from '../relids.js';
import { noRelids, overlaps, singleRelid, contains, relidMembers } from '../relids.js';
import type { Catalog } from '../../catalog/api.js';

/** Relations that must be non-null-extended for the condition to be true (top of an AND) or non-null (below). */
export function nonNullableRels(node: Expression | null, catalog: Catalog, topLevel = true): Relids {
  if (node === null) return noRelids;
  switch (node.kind) {
    case 'Var':
      return node.levelsUp === 0 ? singleRelid(node.varno) : noRelids;
    case 'BoolExpr': {
      const parts = node.args.map((arg) => nonNullableRels(arg, catalog, topLevel && node.op === 'and'));
      if (node.op === 'not') return parts[0] ?? noRelids;
      if (node.op === 'and' && topLevel) return parts.reduce((set, part) => set | part, noRelids);
      return parts.reduce((set, part) => set & part);
    }
    case 'FuncExpr':
    case 'OpExpr':
      if (!isStrictNode(node, catalog)) return noRelids;
      return node.args.reduce((set, arg) => set | nonNullableRels(arg, catalog, false), noRelids);
    case 'ScalarArrayOpExpr':
      if (!isStrictNode(node, catalog) || !arrayIsNonEmpty(node.args[1])) return noRelids;
      return nonNullableRels(node.args[0], catalog, false) | nonNullableRels(node.args[1], catalog, false);
    case 'RelabelType':
    case 'CoerceViaIO':
    case 'ArrayCoerceExpr':
    case 'ConvertRowtypeExpr':
    case 'CollateExpr':
      return nonNullableRels(node.arg, catalog, topLevel);
    case 'NullTest':
      return topLevel && !node.isNull && !node.argIsRow ? nonNullableRels(node.arg, catalog, false) : noRelids;
    case 'BooleanTest':
      return topLevel && (node.test === 'true' || node.test === 'false' || node.test === 'notUnknown')
        ? nonNullableRels(node.arg, catalog, false)
        : noRelids;
    case 'PlaceHolderVar':
      return (
        nonNullableRels(node.arg, catalog, topLevel) |
        (node.relids.length === 1 ? singleRelid(node.relids[0] ?? 0) : noRelids)
      );
    default:
      return noRelids;
  }
}

function arrayIsNonEmpty(node: Expression): boolean {
  if (node.kind === 'ArrayExpr') return node.elements.length > 0;
  if (node.kind !== 'Const' || node.value === null || typeof node.value !== 'object') return false;
  return 'elements' in node.value && node.value.elements.length > 0;
}

/** Columns, as "varno.attno", that must be null for the condition to be true: x IS NULL at the top of an AND. */
function forcedNull(quals: Expression | null): Var[] {
  return andList(quals).flatMap((qual) =>
    qual.kind === 'NullTest' && qual.isNull && !qual.argIsRow && qual.arg.kind === 'Var' ? [qual.arg] : [],
  );
}

/** Columns that must be non-null for the condition to be true. */
function nonNullableVars(quals: Expression | null, catalog: Catalog): Var[] {
  const result: Var[] = [];
  const collect = (node: Expression): void => {
    if (node.kind === 'Var') {
      if (node.levelsUp === 0) result.push(node);
    } else if ((node.kind === 'OpExpr' || node.kind === 'FuncExpr') && isStrictNode(node, catalog))
      node.args.forEach(collect);
    else if (node.kind === 'RelabelType' || node.kind === 'CollateExpr') collect(node.arg);
    else if (node.kind === 'NullTest' && !node.isNull && !node.argIsRow) collect(node.arg);
  };
  andList(quals).forEach(collect);
  return result;
}

/** Reduces the outer joins of the query and marks its Vars. */
export function reduceOuterJoins(root: PlannerInfo): void {
  const { catalog } = root.global;
  root.query.joinTree = reduce(root.query.joinTree, noRelids, [], catalog) as FromExpr;
}

function reduce(node: JoinTreeNode, nonNullable: Relids, forced: readonly Var[], catalog: Catalog): JoinTreeNode {
  switch (node.kind) {
    case 'RangeTableRef':
      return node;
    case 'FromExpr': {
      const here = nonNullable | nonNullableRels(node.quals, catalog);
      const nulls = [...forced, ...forcedNull(node.quals)];
      return { ...node, fromList: node.fromList.map((item) => reduce(item, here, nulls, catalog)) };
    }
    case 'JoinExpr':
      return reduceJoin(node, nonNullable, forced, catalog);
  }
}

function reduceJoin(node: JoinExpr, nonNullable: Relids, forced: readonly Var[], catalog: Catalog): JoinExpr {
  const leftRels = nodeRelids(node.left);
  const rightRels = nodeRelids(node.right);
  let { joinType, left, right } = node;
  if (joinType === 'left' && overlaps(nonNullable, rightRels)) joinType = 'inner';
  else if (joinType === 'right' && overlaps(nonNullable, leftRels)) joinType = 'inner';
  else if (joinType === 'full') {
    const leftForced = overlaps(nonNullable, leftRels);
    const rightForced = overlaps(nonNullable, rightRels);
    joinType = leftForced ? (rightForced ? 'inner' : 'left') : rightForced ? 'right' : 'full';
  }
  if (joinType === 'right') {
    [left, right] = [right, left];
    joinType = 'left';
  }
  const rightSide = left === node.left ? rightRels : leftRels;
  if (joinType === 'left') {
    const mustBeNonNull = nonNullableVars(node.quals, catalog);
    const isAnti = forced.some(
      (variable) =>
        contains(rightSide, variable.varno) &&
        mustBeNonNull.some((item) => item.varno === variable.varno && item.attno === variable.attno),
    );
    if (isAnti) joinType = 'anti';
  }
  const ownNonNull = nonNullableRels(node.quals, catalog);
  const ownForced = forcedNull(node.quals);
  const none: readonly Var[] = [];
  const passes = joinType === 'inner' || joinType === 'semi';
  const toLeft = joinType === 'full' ? noRelids : passes ? nonNullable | ownNonNull : nonNullable;
  const toRight = joinType === 'full' ? noRelids : passes ? nonNullable | ownNonNull : ownNonNull;
  const leftForcedVars = joinType === 'full' ? none : passes ? [...forced, ...ownForced] : forced;
  const rightForcedVars = joinType === 'full' ? none : passes ? [...forced, ...ownForced] : ownForced;
  return {
    ...node,
    joinType,
    left: reduce(left, toLeft, leftForcedVars, catalog),
    right: reduce(right, toRight, rightForcedVars, catalog),
  };
}

/** Base relations of a join tree node. */
export function nodeRelids(node: JoinTreeNode): Relids {
  switch (node.kind) {
    case 'RangeTableRef':
      return singleRelid(node.rtIndex);
    case 'JoinExpr':
      return nodeRelids(node.left) | nodeRelids(node.right);
    case 'FromExpr':
      return node.fromList.reduce((set, item) => set | nodeRelids(item), noRelids);
  }
}

/** Marks every Var and placeholder of the query with the outer joins that can null it at its place. */
export function markNullingRels(root: PlannerInfo): void {
  const nulling = new Map<number, number[]>();
  const markTree = (node: JoinTreeNode): JoinTreeNode => {
    switch (node.kind) {
      case 'RangeTableRef': {
        // Lateral references see what the joins to the left of this place have nulled, no more.
        const rte = root.rangeTable[node.rtIndex - 1];
        if (rte !== undefined) root.rangeTable[node.rtIndex - 1] = markEntry(rte, nulling);
        return node;
      }
      case 'FromExpr': {
        const fromList = node.fromList.map(markTree);
        return { ...node, fromList, quals: node.quals === null ? null : mark(node.quals, nulling) };
      }
      case 'JoinExpr': {
        const left = markTree(node.left);
        const right = markTree(node.right);
        const quals = node.quals === null ? null : mark(node.quals, nulling);
        if (node.rtIndex > 0 && node.joinType !== 'inner') {
          const nulled = node.joinType === 'full' ? nodeRelids(left) | nodeRelids(right) : nodeRelids(right);
          for (const relid of relidMembers(nulled)) nulling.set(relid, [...(nulling.get(relid) ?? []), node.rtIndex]);
        }
        return { ...node, left, right, quals };
      }
    }
  };
  const { query } = root;
  query.joinTree = markTree(query.joinTree) as FromExpr;
  const top = (expression: Expression): Expression => mark(expression, nulling);
  query.targetList = mapTargetList(query.targetList, top);
  query.returningList = mapTargetList(query.returningList, top);
  query.having = query.having === null ? null : top(query.having);
  query.windowClause = query.windowClause.map((window) => mapWindow(window, top));
  query.onConflict = query.onConflict === null ? null : mapOnConflict(query.onConflict, (node) => node);
  query.mergeActions = query.mergeActions.map((action) => mapMergeAction(action, top));
  query.mergeJoinCondition = query.mergeJoinCondition === null ? null : top(query.mergeJoinCondition);
  query.rangeTable = root.rangeTable;
  root.hasOuterJoins = nulling.size > 0;
}

type Nulling = ReadonlyMap<number, readonly number[]>;

/** What an entry of FROM reads of its siblings. */
function markEntry(rte: RangeTableEntry, nulling: Nulling): RangeTableEntry {
  return mapRte(rte, {
    expression: (node) => mark(node, nulling),
    subquery: (query) => rewriteQueryDeep(query, marker(nulling), 1),
  });
}

function mark(expression: Expression, nulling: Nulling, depth = 0): Expression {
  return rewriteDeep(expression, marker(nulling), depth);
}

function marker(nulling: Nulling): (node: Expression, depth: number) => Expression | null {
  const none: readonly number[] = [];
  const sorted = (list: readonly number[]): readonly number[] =>
    list.length < 2 ? list : [...list].sort((a, b) => a - b);
  return (node, depth) => {
    if (node.kind === 'Var') {
      if (node.levelsUp !== depth) return node;
      const wanted = nulling.get(node.varno) ?? none;
      if (wanted.length === 0 && node.nullingRels.length === 0) return node;
      return { ...node, nullingRels: sorted(wanted) };
    }
    if (node.kind === 'PlaceHolderVar' && node.levelsUp === depth) {
      // What nulls the placeholder is what nulls all relations it stands over; its content is not nulled by those.
      const lists = node.relids.map((relid) => nulling.get(relid) ?? none);
      const common = (lists[0] ?? none).filter((join) => lists.every((list) => list.includes(join)));
      const inner = new Map<number, readonly number[]>();
      for (const [relid, joins] of nulling) {
        inner.set(
          relid,
          joins.filter((join) => !common.includes(join)),
        );
      }
      return { ...node, arg: mark(node.arg, inner, depth), nullingRels: sorted(common) };
    }
    return null;
  };
}
