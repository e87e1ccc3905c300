// UNION, INTERSECT, EXCEPT and WITH RECURSIVE. UNIONs of UNIONs are flattened into one Append; duplicates are removed by
// sorting or hashing; INTERSECT and EXCEPT read both inputs with a flag column that says where a row came from.
import { SqlState, pgError } from '../../errors/pg-error.js';
import type { Expression, TargetEntry } from '../../trees/expression.js';
import type { Query, RangeTableRef, SetOperation, SortGroupClause } from '../../trees/query.js';
import { int4Type, makeEntry, varForExpr } from '../expressions/make.js';
import { collationOf, typeOf, typmodOf } from '../expressions/typing.js';
import { addPath, cheapestFractional, setCheapest } from '../paths/add-path.js';
import { pathKeysForClauses } from '../paths/pathkeys.js';
import { sortPath, projectionPath } from '../paths/simple-paths.js';
import type { Path, PathTarget, SetOpPath } from '../path.js';
import { planQuery } from '../plan-query.js';
import type { PlannerInfo, RelOptInfo } from '../planner-info.js';
import { buildBaseRel, newRel } from '../rels/build-rel.js';
import { makeTarget } from '../rels/targets.js';
import { required } from '../require.js';
import { estimateGroups } from '../selectivity/groups.js';
import { hashEntryBytes } from '../costs/costs.js';
import { hashedPath, uniquePath } from './distinct.js';

interface Planned {
  readonly path: Path;
  /** Output columns as the path's target has them; those of an Append are Vars of `varno` 0. */
  readonly columns: readonly TargetEntry[];
  readonly groups: number;
}

/** Plans the set operation tree of a query; sets `root.processedTargetList`. */
export function planSetOperations(root: PlannerInfo): RelOptInfo {
  const top = required(root.query.setOperations, 'set operation');
  const rel = newRel('upper', 0n, 0);
  const isRecursive = root.workTableParam >= 0;
  const planned = isRecursive
    ? planRecursion(root, rel, top)
    : top.op === 'union'
      ? planNode(root, rel, top, false, null)
      : planSetOp(root, rel, top, true);
  const columns = planned.columns;
  root.processedTargetList = root.query.targetList.map((entry, index): TargetEntry => {
    const column = columns[index];
    return column === undefined ? entry : { ...entry, expr: column.expr };
  });
  const extra = columns.slice(root.query.targetList.length);
  if (extra.length > 0) root.processedTargetList = [...root.processedTargetList, ...extra];
  rel.target = planned.path.target;
  rel.rows = planned.path.rows;
  addPath(rel, planned.path);
  setCheapest(rel);
  return rel;
}

type Node = SetOperation | RangeTableRef;

/** `flag` >= 0 adds a constant column with that value at the end. */
function planNode(root: PlannerInfo, rel: RelOptInfo, node: Node, junkAllowed: boolean, flag: number | null): Planned {
  if (node.kind === 'RangeTableRef') return planLeaf(root, rel, node, flag);
  const planned = node.op === 'union' ? planUnion(root, rel, node) : planSetOp(root, rel, node);
  if (flag === null) return planned;
  void junkAllowed;
  return withColumns(root, rel, planned, planned.columns, flag);
}

/** The path with the given column types and, perhaps, a flag column. */
function withColumns(
  root: PlannerInfo,
  rel: RelOptInfo,
  planned: Planned,
  types: readonly TargetEntry[],
  flag: number | null,
): Planned {
  const exprs: Expression[] = planned.columns.map((entry, index) =>
    coerce(entry.expr, types[index]?.expr ?? entry.expr),
  );
  if (flag !== null) exprs.push(flagConst(flag));
  const target = makeTarget(root, exprs);
  const path = projectionPath(root, rel, planned.path, target);
  return { ...planned, path, columns: outputColumns(exprs, planned.columns) };
}

function flagConst(value: number): Expression {
  return { kind: 'Const', type: int4Type, typmod: -1, collation: 0, value, location: -1 };
}

function coerce(expr: Expression, like: Expression): Expression {
  const type = typeOf(like);
  if (typeOf(expr) === type && collationOf(expr) === collationOf(like)) return expr;
  return {
    kind: 'RelabelType',
    arg: expr,
    type,
    typmod: typmodOf(like),
    collation: collationOf(like),
    form: 'implicitCast',
    location: -1,
  };
}

/** Entries for the columns of a path, as its target has them. */
function outputColumns(exprs: readonly Expression[], names: readonly TargetEntry[]): TargetEntry[] {
  return exprs.map((expr, index) => makeEntry(expr, index + 1, names[index]?.name ?? 'flag', false));
}

function planLeaf(root: PlannerInfo, rel: RelOptInfo, node: RangeTableRef, flag: number | null): Planned {
  const rte = root.rangeTable[node.rtIndex - 1];
  if (rte?.kind !== 'subquery') throw new Error('planner: set operation over something other than a subquery');
  const leaf = buildBaseRel(root, node.rtIndex);
  const outerParams = root.plannerParams;
  root.plannerParams = [];
  const subroot = planQuery(root.global, rte.subquery, root, {
    hasRecursion: false,
    tupleFraction: root.tupleFraction,
  });
  leaf.subplanParams = root.plannerParams;
  root.plannerParams = outerParams;
  leaf.subroot = subroot;
  const final = required(subroot.finalRel, 'final relation');
  const subpath = cheapestFractional(final, root.tupleFraction);
  const live = subroot.processedTargetList.filter((entry) => !entry.junk);
  const exprs: Expression[] = live.map((entry) => varForExpr(node.rtIndex, entry.resno, entry.expr));
  const hidden = exprs.length;
  if (flag !== null) exprs.push(flagConst(flag));
  leaf.rows = subpath.rows;
  leaf.tuples = subpath.rows;
  leaf.target = makeTarget(root, exprs);
  const groups =
    hidden === 0
      ? 1
      : estimateGroups(
          subroot,
          live.map((entry) => entry.expr),
          subpath.rows,
        );
  const isGrouped =
    rte.subquery.groupClause.length > 0 || rte.subquery.distinctClause.length > 0 || rte.subquery.hasAggregates;
  const path: Path = {
    kind: 'SubqueryScan',
    rel: leaf,
    target: leaf.target,
    param: null,
    rows: subpath.rows,
    startupCost: subpath.startupCost,
    totalCost: subpath.totalCost,
    pathKeys: [],
    subpath,
    subroot,
  };
  return { path, columns: outputColumns(exprs, live), groups: isGrouped ? subpath.rows : groups };
}

function sameTypes(left: SetOperation, right: SetOperation): boolean {
  return left.columnTypes.every((type, index) => type === right.columnTypes[index]);
}

/** UNION inputs of the same kind become inputs of one Append. */
function flattenUnion(root: PlannerInfo, rel: RelOptInfo, node: Node, top: SetOperation): Planned[] {
  if (
    node.kind === 'SetOperation' &&
    node.op === 'union' &&
    (node.all === top.all || node.all) &&
    sameTypes(node, top)
  ) {
    return [...flattenUnion(root, rel, node.left, top), ...flattenUnion(root, rel, node.right, top)];
  }
  return [planNode(root, rel, node, false, null)];
}

function columnsOf(node: SetOperation, like: readonly TargetEntry[]): TargetEntry[] {
  return node.columnTypes.map((type, index) => {
    const expr: Expression = {
      kind: 'Var',
      varno: 0,
      attno: index + 1,
      type,
      typmod: node.columnTypmods[index] ?? -1,
      collation: node.columnCollations[index] ?? 0,
      levelsUp: 0,
      nullingRels: [],
      location: -1,
    };
    return makeEntry(expr, index + 1, like[index]?.name ?? null, false);
  });
}

/** Grouping clauses with the columns they compare, numbered by position. */
function clausesFor(node: SetOperation): SortGroupClause[] {
  return node.groupClauses.map((clause, index) => ({ ...clause, sortGroupRef: index + 1 }));
}

function withRefs(columns: readonly TargetEntry[], count: number): TargetEntry[] {
  return columns.map((entry, index) => ({ ...entry, sortGroupRef: index < count ? index + 1 : 0 }));
}

function setTarget(root: PlannerInfo, columns: readonly TargetEntry[], count: number, width: number): PathTarget {
  const target = makeTarget(
    root,
    columns.map((entry) => entry.expr),
    columns.map((_, index) => (index < count ? index + 1 : 0)),
  );
  return { ...target, width };
}

function appendOf(root: PlannerInfo, rel: RelOptInfo, children: readonly Path[], target: PathTarget): Path {
  const rows = children.reduce((sum, child) => sum + child.rows, 0);
  const total =
    children.reduce((sum, child) => sum + child.totalCost, 0) + root.global.settings.cpuTupleCost * 0.5 * rows;
  const startup = children[0]?.startupCost ?? 0;
  return {
    kind: 'Append',
    rel,
    target,
    param: null,
    rows,
    startupCost: startup,
    totalCost: total,
    pathKeys: [],
    children,
  };
}

function averageWidth(children: readonly Path[]): number {
  const rows = children.reduce((sum, child) => sum + child.rows, 0);
  if (rows === 0) return children[0]?.target.width ?? 0;
  return Math.round(children.reduce((sum, child) => sum + child.rows * child.target.width, 0) / rows);
}

function planUnion(root: PlannerInfo, rel: RelOptInfo, node: SetOperation): Planned {
  const inputs = flattenUnion(root, rel, node, node);
  const columns = columnsOf(node, inputs[0]?.columns ?? []);
  const count = node.all ? 0 : node.groupClauses.length;
  const children = inputs.map((input) => withColumnTypes(root, rel, input, columns));
  const append = appendOf(root, rel, children, setTarget(root, columns, count, averageWidth(children)));
  if (node.all) return { path: append, columns, groups: append.rows };
  const clauses = clausesFor(node);
  const groups = append.rows;
  if (clauses.length === 0) {
    const one: Path = { ...append, kind: 'Append' } as Path;
    return { path: limitOne(rel, one), columns, groups: 1 };
  }
  return { path: uniqueOf(root, rel, append, clauses, withRefs(columns, count), groups), columns, groups };
}

/** A set operation over no columns: all rows are equal. */
function limitOne(rel: RelOptInfo, subpath: Path): Path {
  return {
    kind: 'Limit',
    rel,
    target: subpath.target,
    param: null,
    rows: 1,
    startupCost: subpath.startupCost,
    totalCost: subpath.totalCost,
    pathKeys: [],
    subpath,
    offset: null,
    count: { kind: 'Const', type: 20, typmod: -1, collation: 0, value: 1n, location: -1 },
    withTies: false,
  };
}

function withColumnTypes(root: PlannerInfo, rel: RelOptInfo, input: Planned, columns: readonly TargetEntry[]): Path {
  const same = columns.every((entry, index) => {
    const own = input.columns[index];
    return (
      own === undefined ||
      (typeOf(own.expr) === typeOf(entry.expr) && collationOf(own.expr) === collationOf(entry.expr))
    );
  });
  return same ? input.path : withColumns(root, rel, input, columns, null).path;
}

function uniqueOf(
  root: PlannerInfo,
  rel: RelOptInfo,
  subpath: Path,
  clauses: readonly SortGroupClause[],
  columns: readonly TargetEntry[],
  groups: number,
): Path {
  const { settings } = root.global;
  const sortable = clauses.every((clause) => clause.sortOperator !== 0);
  const hashable = clauses.every((clause) => clause.hashable);
  if (!sortable && !hashable) throw cannotImplement('UNION');
  const hashed = hashable ? hashedPath(root, rel, subpath, clauses, groups) : null;
  if (!sortable && hashed !== null) return hashed;
  const keys = pathKeysForClauses(root, clauses, columns);
  const sorted = uniquePath(root, rel, sortPath(root, rel, subpath, keys, -1), clauses, groups);
  if (hashed === null) return sorted;
  if (groups * hashEntryBytes(subpath.target.width, null) > settings.hashMemBytes || !settings.enable.hashagg)
    return sorted;
  return hashed.totalCost <= sorted.totalCost ? hashed : sorted;
}

function cannotImplement(operation: string): Error {
  return pgError(SqlState.featureNotSupported, `could not implement ${operation}`, {
    detail: 'Some of the datatypes only support hashing, while others only support sorting.',
  });
}

function planSetOp(root: PlannerInfo, rel: RelOptInfo, node: SetOperation, isTop = false): Planned {
  const outerFraction = root.tupleFraction;
  root.tupleFraction = 0;
  const left = planNode(root, rel, node.left, true, 0);
  const right = planNode(root, rel, node.right, true, 1);
  root.tupleFraction = outerFraction;
  const data = columnsOf(node, left.columns);
  const columns = [...data, makeEntry(varForExpr(0, data.length + 1, flagConst(0)), data.length + 1, 'flag', true)];
  const count = node.groupClauses.length;
  // The input likely to have fewer groups comes first for INTERSECT.
  const swap = node.op === 'intersect' && left.groups > right.groups;
  const children = [left, right].map((input) => withColumnTypes(root, rel, input, columns));
  if (swap) children.reverse();
  const append = appendOf(root, rel, children, setTarget(root, columns, count, averageWidth(children)));
  const clauses = clausesFor(node);
  const groups = node.op === 'except' ? left.groups : Math.min(left.groups, right.groups);
  const outputRows =
    node.op === 'except'
      ? node.all
        ? left.path.rows
        : groups
      : node.all
        ? Math.min(left.path.rows, right.path.rows)
        : groups;
  const sortable = clauses.every((clause) => clause.sortOperator !== 0);
  const hashable = clauses.every((clause) => clause.hashable);
  if (!sortable && !hashable) throw cannotImplement(node.op === 'except' ? 'EXCEPT' : 'INTERSECT');
  const { settings } = root.global;
  const command: SetOpPath['command'] = node.all
    ? node.op === 'except'
      ? 'exceptAll'
      : 'intersectAll'
    : node.op === 'except'
      ? 'except'
      : 'intersect';
  const keys = sortable ? pathKeysForClauses(root, clauses, withRefs(columns, count)) : [];
  const sorted = sortable && clauses.length > 0 ? sortPath(root, rel, append, keys, -1) : append;
  const fits = groups * hashEntryBytes(append.target.width, null) <= settings.hashMemBytes;
  const sortedTotal = sorted.totalCost + settings.cpuOperatorCost * append.rows * count;
  const hashedTotal = append.totalCost + settings.cpuOperatorCost * append.rows * count;
  const hashFirst =
    hashable &&
    clauses.length > 0 &&
    fits &&
    settings.enable.hashagg &&
    hashedTotal <= sortedTotal + settings.cpuTupleCost * outputRows;
  const useHash = hashFirst || !sortable;
  const subpath = useHash ? append : sorted;
  const path: SetOpPath = {
    kind: 'SetOp',
    rel,
    target: subpath.target,
    param: null,
    rows: outputRows,
    startupCost: useHash ? hashedTotal : sorted.startupCost,
    totalCost: useHash ? hashedTotal : sortedTotal,
    pathKeys: useHash ? [] : subpath.pathKeys,
    subpath,
    command,
    strategy: useHash ? 'hashed' : 'sorted',
    groupClause: clauses,
    flagColumn: data.length + 1,
    leftFlag: 0,
  };
  if (isTop) return { path, columns, groups };
  // The flag column ends here.
  const plain = setTarget(root, data, 0, Math.max(0, subpath.target.width - 4));
  return { path: projectionPath(root, rel, path, plain), columns: data, groups };
}

function planRecursion(root: PlannerInfo, rel: RelOptInfo, node: SetOperation): Planned {
  if (node.op !== 'union') throw pgError(SqlState.featureNotSupported, 'only UNION queries can be recursive');
  const left = planNode(root, rel, node.left, false, null);
  const columns = columnsOf(node, left.columns);
  const leftPath = withColumnTypes(root, rel, left, columns);
  root.nonRecursivePath = leftPath;
  const right = planNode(root, rel, node.right, false, null);
  const rightPath = withColumnTypes(root, rel, right, columns);
  root.nonRecursivePath = null;
  const clauses = node.all ? [] : clausesFor(node);
  if (!node.all && !clauses.every((clause) => clause.hashable)) {
    throw pgError(SqlState.featureNotSupported, 'could not implement recursive UNION', {
      detail: 'All column datatypes must be hashable.',
    });
  }
  const groups = leftPath.rows + rightPath.rows * 10;
  const { settings } = root.global;
  const target = setTarget(root, columns, clauses.length, averageWidth([leftPath, rightPath]));
  const path: Path = {
    kind: 'RecursiveUnion',
    rel,
    target,
    param: null,
    rows: groups,
    startupCost: leftPath.startupCost,
    totalCost: leftPath.totalCost + 10 * rightPath.totalCost + settings.cpuTupleCost * groups,
    pathKeys: [],
    left: leftPath,
    right: rightPath,
    distinct: clauses,
    workTableParam: root.workTableParam,
  };
  return { path, columns, groups };
}

/** The number of a query's leaves, for estimates. */
export function leafCount(query: Query): number {
  const count = (node: Node): number => (node.kind === 'RangeTableRef' ? 1 : count(node.left) + count(node.right));
  return query.setOperations === null ? 1 : count(query.setOperations);
}
