// Nodes above the joins: Append, Sort, aggregation, windows, set operations, LIMIT.
import type { Expression, TargetEntry } from '../../trees/expression.js';
import type { AggGroupingSet, GroupColumn, Plan, SortKey } from '../../trees/plan.js';
import { makeEntry } from '../expressions/make.js';
import { equalTrees } from '../expressions/equal.js';
import { stripNullingRels } from '../expressions/nulling.js';
import { collationOf } from '../expressions/typing.js';
import { replaceNestLoopVars } from '../params.js';
import type { Path } from '../path.js';
import type { PlannerInfo } from '../planner-info.js';
import { required } from '../require.js';
import { createNode } from './create-plan.js';
import {
  planBase,
  planCanProject,
  planLike,
  resultOver,
  sortPlan,
  targetEntries,
  withTargetList,
} from './plan-base.js';
import { columnOfRef, groupColumns, sortKeysFor } from './sort-columns.js';

type Of<K extends Path['kind']> = Extract<Path, { kind: K }>;

/** Append; with no children a Result that yields nothing. */
export function createAppend(root: PlannerInfo, path: Of<'Append' | 'MergeAppend'>): Plan {
  const targetList = targetEntries(path.target);
  if (path.children.length === 0) {
    const never: Expression = { kind: 'Const', type: 16, typmod: -1, collation: 0, value: false, location: -1 };
    return { ...planBase(path, targetList, []), kind: 'Result', outer: null, constantQual: [never] };
  }
  if (path.kind === 'Append') {
    const children = path.children.map((child) => createNode(root, child));
    return { ...planBase(path, targetList, []), kind: 'Append', children, ...parentOf(path) };
  }
  const { settings } = root.global;
  const merged: Plan = { ...planBase(path, targetList, []), kind: 'Append', children: [] };
  const own = sortKeysFor(root, merged, path.pathKeys, path.rel.relids);
  const children = path.children.map((child) => {
    const plan = createNode(root, child);
    const sorted = sortKeysFor(root, plan, path.pathKeys, child.rel.relids);
    return child.pathKeys.length >= path.pathKeys.length ? sorted.plan : sortPlan(sorted.plan, sorted.keys, settings);
  });
  return {
    ...planBase(path, own.plan.targetList, []),
    kind: 'MergeAppend',
    children,
    keys: own.keys,
    ...parentOf(path),
  };
}

function parentOf(path: Path): { readonly parentRtIndex?: number } {
  return path.rel.rtIndex > 0 ? { parentRtIndex: path.rel.rtIndex } : {};
}

/** Sort and IncrementalSort. */
export function createSort(root: PlannerInfo, path: Of<'Sort' | 'IncrementalSort'>): Plan {
  const { plan, keys } = sortKeysFor(root, createNode(root, path.subpath), path.pathKeys, null);
  const base = planBase(path, plan.targetList, []);
  if (path.kind === 'Sort') return { ...base, kind: 'Sort', outer: plan, keys };
  return { ...base, kind: 'IncrementalSort', outer: plan, keys, presortedCount: path.presorted };
}

/** Group: one row for each group, without aggregates. */
export function createGroup(root: PlannerInfo, path: Of<'Group'>): Plan {
  const outer = createNode(root, path.subpath);
  const columns = groupColumns(outer.targetList, path.groupClause);
  return { ...planBase(path, targetEntries(path.target), path.quals), kind: 'Group', outer, groupColumns: columns };
}

/** Unique over sorted rows. */
export function createUpperUnique(root: PlannerInfo, path: Of<'UpperUnique'>): Plan {
  const outer = createNode(root, path.subpath);
  const columns = groupColumns(outer.targetList, path.clauses);
  return { ...planBase(path, outer.targetList, []), kind: 'Unique', outer, columns };
}

/** Agg without grouping sets. */
export function createAgg(root: PlannerInfo, path: Of<'Agg'>): Plan {
  const outer = createNode(root, path.subpath);
  const columns = groupColumns(outer.targetList, path.groupClause);
  return {
    ...planBase(path, targetEntries(path.target), path.quals),
    kind: 'Agg',
    strategy: path.strategy,
    outer,
    groupColumns: columns,
    groupingSets: null,
    groupCountEstimate: path.groupCount,
  };
}

/** Agg with grouping sets. */
export function createGroupingSets(root: PlannerInfo, path: Of<'GroupingSets'>): Plan {
  const outer = createNode(root, path.subpath);
  const clauses = path.groupClause;
  const columns = groupColumns(outer.targetList, clauses);
  const positions = new Map(clauses.map((clause, index) => [clause.sortGroupRef, index]));
  const sortKey = (ref: number): SortKey => {
    const clause = required(
      clauses.find((item) => item.sortGroupRef === ref),
      'grouping clause',
    );
    const entry = columnOfRef(outer.targetList, ref);
    return {
      column: entry.resno,
      operator: clause.sortOperator,
      collation: collationOf(entry.expr),
      descending: clause.descending,
      nullsFirst: clause.nullsFirst,
    };
  };
  const sets = path.sets.map(
    (step): AggGroupingSet => ({
      columns: step.refs.map((ref) => positions.get(ref) ?? 0),
      strategy: step.strategy,
      sort: step.sortRefs === null ? null : step.sortRefs.map(sortKey),
    }),
  );
  const hashed = sets.some((set) => set.strategy === 'hashed');
  const sorted = sets.some((set) => set.strategy !== 'hashed');
  return {
    ...planBase(path, targetEntries(path.target), path.quals),
    kind: 'Agg',
    strategy: hashed
      ? sorted
        ? 'mixed'
        : 'hashed'
      : sets.some((set) => set.strategy === 'sorted')
        ? 'sorted'
        : 'plain',
    outer,
    groupColumns: columns,
    groupingSets: sets,
    groupCountEstimate: path.groupCount,
  };
}

/** WindowAgg. */
export function createWindowAgg(root: PlannerInfo, path: Of<'WindowAgg'>): Plan {
  let outer = createNode(root, path.subpath);
  const find = (ref: number): TargetEntry => {
    const own = outer.targetList.find((entry) => entry.sortGroupRef === ref);
    if (own !== undefined) return own;
    const wanted = required(
      root.processedTargetList.find((entry) => entry.sortGroupRef === ref),
      'window column',
    );
    const same = outer.targetList.find((entry) =>
      equalTrees(stripNullingRels(entry.expr), stripNullingRels(wanted.expr)),
    );
    if (same !== undefined) return same;
    const added = { ...makeEntry(wanted.expr, outer.targetList.length + 1, null, true), sortGroupRef: ref };
    const list = [...outer.targetList, added];
    outer = planCanProject(outer) ? withTargetList(outer, list) : resultOver(outer, list, []);
    return added;
  };
  const columns = (clauses: typeof path.window.partitionClause): GroupColumn[] =>
    clauses.map((clause) => {
      const entry = find(clause.sortGroupRef);
      return { column: entry.resno, operator: clause.equalityOperator, collation: collationOf(entry.expr) };
    });
  const partitionColumns = columns(path.window.partitionClause);
  const orderColumns = columns(path.window.orderClause);
  return {
    ...planBase(path, targetEntries(path.target), path.quals),
    kind: 'WindowAgg',
    outer,
    windowRef: path.window.windowRef,
    partitionColumns,
    orderColumns,
    frame: path.window.frame,
    runCondition: path.runConditions,
    topWindow: path.topWindow,
  };
}

/** SetOp over rows with a flag column. */
export function createSetOp(root: PlannerInfo, path: Of<'SetOp'>): Plan {
  const outer = createNode(root, path.subpath);
  const columns = path.groupClause.map((clause): GroupColumn => {
    const entry = required(outer.targetList[clause.sortGroupRef - 1], 'set operation column');
    return { column: entry.resno, operator: clause.equalityOperator, collation: collationOf(entry.expr) };
  });
  return {
    ...planBase(path, outer.targetList, []),
    kind: 'SetOp',
    command: path.command,
    strategy: path.strategy,
    outer,
    columns,
    flagColumn: path.flagColumn,
  };
}

/** RecursiveUnion. */
export function createRecursiveUnion(root: PlannerInfo, path: Of<'RecursiveUnion'>): Plan {
  const outer = createNode(root, path.left);
  const inner = createNode(root, path.right);
  const targetList = targetEntries(path.target);
  const distinct = path.distinct.map((clause): GroupColumn => {
    const entry = required(targetList[clause.sortGroupRef - 1], 'recursive union column');
    return { column: entry.resno, operator: clause.equalityOperator, collation: collationOf(entry.expr) };
  });
  return {
    ...planBase(path, targetList, []),
    kind: 'RecursiveUnion',
    outer,
    inner,
    workTableParam: path.workTableParam,
    distinct,
  };
}

/** LockRows. */
export function createLockRows(root: PlannerInfo, path: Of<'LockRows'>): Plan {
  const outer = createNode(root, path.subpath);
  const named = withNames(outer, root.processedTargetList);
  return {
    ...planBase(path, named.targetList, []),
    kind: 'LockRows',
    outer: named,
    rowMarks: path.rowMarks,
    evalPlanQualParam: path.epqParam,
  };
}

/** Junk columns are found by name: the input of LockRows and ModifyTable carries the names. */
export function withNames(plan: Plan, wanted: readonly TargetEntry[]): Plan {
  const list = plan.targetList.map((entry, index): TargetEntry => {
    const label = wanted[index];
    return label === undefined ? { ...entry, junk: true } : { ...entry, name: label.name, junk: label.junk };
  });
  return withTargetList(plan, list);
}

/** Limit. */
export function createLimit(root: PlannerInfo, path: Of<'Limit'>): Plan {
  const outer = createNode(root, path.subpath);
  const tieColumns = path.withTies
    ? root.query.sortClause.map((clause): GroupColumn => {
        const entry = columnOfRef(outer.targetList, clause.sortGroupRef);
        return { column: entry.resno, operator: clause.equalityOperator, collation: collationOf(entry.expr) };
      })
    : [];
  return {
    ...planBase(path, outer.targetList, []),
    kind: 'Limit',
    outer,
    offset: path.offset,
    count: path.count,
    withTies: path.withTies,
    tieColumns,
  };
}

/** The inner side of a semijoin with duplicates removed. */
export function createUniqueJoin(root: PlannerInfo, path: Of<'UniqueJoin'>): Plan {
  let plan = createNode(root, path.subpath);
  if (path.method === 'noop') return plan;
  const { catalog, settings } = root.global;
  const list = [...plan.targetList];
  const columns = path.exprs.map((expr, index): { entry: TargetEntry; operator: number } => {
    const bound = path.param === null ? expr : replaceNestLoopVars(root, expr);
    let entry = list.find((item) => equalTrees(stripNullingRels(item.expr), stripNullingRels(bound)));
    if (entry === undefined) {
      entry = makeEntry(bound, list.length + 1, null, false);
      list.push(entry);
    }
    return { entry, operator: path.operators[index] ?? 0 };
  });
  if (list.length > plan.targetList.length) {
    plan = planCanProject(plan) ? withTargetList(plan, list) : resultOver(plan, list, []);
  }
  // Equality as the right-hand type has it for itself.
  const groups = columns.map(({ entry, operator }): GroupColumn => {
    const right = catalog.operator(operator)?.right ?? 0;
    const member = catalog
      .operatorFamilies(operator)
      .find((item) => item.accessMethod === 'btree' || item.accessMethod === 'hash');
    const own = member === undefined ? 0 : catalog.familyOperator(member.family, right, right, member.strategy);
    return { column: entry.resno, operator: own === 0 ? operator : own, collation: collationOf(entry.expr) };
  });
  if (path.method === 'hash') {
    return {
      ...planBase(path, plan.targetList, []),
      kind: 'Agg',
      strategy: 'hashed',
      outer: plan,
      groupColumns: groups,
      groupingSets: null,
      groupCountEstimate: path.rows,
    };
  }
  const keys = groups.map((group): SortKey => {
    const member = catalog
      .operatorFamilies(group.operator)
      .find((item) => item.accessMethod === 'btree' && item.strategy === 3);
    const operator = member === undefined ? 0 : catalog.familyOperator(member.family, member.left, member.right, 1);
    return { column: group.column, operator, collation: group.collation, descending: false, nullsFirst: false };
  });
  const sorted = sortPlan(plan, keys, settings);
  return {
    ...planLike(sorted),
    ...planBase(path, sorted.targetList, []),
    kind: 'Unique',
    outer: sorted,
    columns: groups,
  };
}
