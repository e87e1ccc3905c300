// UNION, INTERSECT, EXCEPT: members as subqueries of one range table, columns brought to common types, ORDER BY over the
// output names only.
import type { SelectStmt } from '@pgsql/types';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { Expression, TargetEntry } from '../../trees/expression.js';
import { expressionLocation, expressionType } from '../../trees/expression-type.js';
import type { Query, RangeTableRef, SetOperation, SortGroupClause } from '../../trees/query.js';
import { someQueryDeep } from '../../trees/walk.js';
import { limitClause } from '../clauses/limit.js';
import { lockName } from '../clauses/locking.js';
import { sortClause } from '../clauses/sort.js';
import { coerceToCommonType, commonTypmod, selectCommonType } from '../coercion/common-type.js';
import { assignQueryCollations, selectCommonCollation } from '../collations.js';
import { requireSortOperators } from '../operators.js';
import type { Mutable, NamespaceColumn, ParseState } from '../parse-state.js';
import { addJoin, addSubquery } from '../range-table.js';
import { makeTarget } from '../target-entry.js';
import { atLocation } from '../type-names.js';
import { typeOid } from '../type-oids.js';
import { analyzeWith, describeRecursiveTerm } from './cte.js';
import { makeQuery } from './make-query.js';
import { analyzeSubquery } from './subquery.js';

/** Binds a set operation with its WITH, ORDER BY and LIMIT. */
export function analyzeSetOperation(state: ParseState, select: SelectStmt): Query {
  const hasRecursive = analyzeWith(state, select.withClause);
  const leftmostInto = leftmost(select).intoClause;
  if (leftmostInto !== undefined) {
    throw pgError(SqlState.syntaxError, 'SELECT ... INTO is not allowed here', {
      location: leftmostInto.rel?.location ?? 0,
    });
  }
  const {
    sortClause: rawSort,
    limitOffset: rawOffset,
    limitCount: rawLimit,
    limitOption,
    lockingClause,
    withClause: _with,
    ...body
  } = select;
  const [lock] = (lockingClause ?? []).flatMap((node) => ('LockingClause' in node ? [node.LockingClause] : []));
  if (lock !== undefined) {
    throw pgError(SqlState.featureNotSupported, `${lockName(lock)} is not allowed with UNION/INTERSECT/EXCEPT`);
  }
  const { node } = bindTree(state, body, true);
  if (node.kind !== 'SetOperation') throw new Error('invariant broken: a set operation without members');
  const leftmostQuery = leftmostOf(state, node);
  const targetList: TargetEntry[] = [];
  const shapes: NamespaceColumn[] = [];
  const visible = leftmostQuery.query.targetList.filter((entry) => !entry.junk);
  visible.forEach((entry, index) => {
    const shape = {
      varno: leftmostQuery.rtIndex,
      attno: entry.resno,
      type: node.columnTypes[index] ?? 0,
      typmod: node.columnTypmods[index] ?? -1,
      collation: node.columnCollations[index] ?? 0,
    };
    const variable: Expression = {
      kind: 'Var',
      ...shape,
      levelsUp: 0,
      nullingRels: [],
      location: expressionLocation(entry.expr),
    };
    targetList.push(makeTarget(variable, state.nextResno++, entry.name ?? ''));
    shapes.push({ ...shape, hidden: false });
  });
  const sorted = bindSort(state, rawSort ?? [], targetList, shapes);
  const withTies = limitOption === 'LIMIT_OPTION_WITH_TIES';
  const limitOffset = limitClause(state, rawOffset, 'offset', withTies);
  const limitCount = limitClause(state, rawLimit, 'limit', withTies);
  if (withTies && sorted.length === 0)
    throw pgError(SqlState.syntaxError, 'WITH TIES cannot be specified without ORDER BY clause');
  const query = makeQuery(state, 'select', {
    hasRecursive,
    targetList,
    sortClause: sorted,
    limitOffset,
    limitCount,
    limitWithTies: withTies,
    setOperations: node,
    joinTree: { kind: 'FromExpr', fromList: [], quals: null },
  });
  assignQueryCollations(state, query);
  return query;
}

/** ORDER BY sees the output names only, as columns of a join that exists just for it. */
function bindSort(
  state: ParseState,
  items: Parameters<typeof sortClause>[1],
  targetList: TargetEntry[],
  shapes: NamespaceColumn[],
): SortGroupClause[] {
  if (items.length === 0) return [];
  const before = state.rangeTable.length;
  const item = addJoin(
    state,
    {
      alias: null,
      joinType: 'inner',
      mergedColumns: 0,
      aliasVars: targetList.map((entry) => entry.expr),
      leftColumns: [],
      rightColumns: [],
      usingAlias: null,
    },
    targetList.map((entry) => entry.name ?? ''),
    shapes,
  );
  item.relationVisible = false;
  const saved = state.namespace;
  state.namespace = [item];
  const count = targetList.length;
  const sorted = sortClause(state, items, targetList, 'orderBy', false);
  state.namespace = saved;
  for (const list of [state.rangeTable, state.nullingRels, state.permissions, state.joinExprs]) list.length = before;
  const extra = targetList[count];
  if (extra !== undefined) {
    throw pgError(SqlState.featureNotSupported, 'invalid UNION/INTERSECT/EXCEPT ORDER BY clause', {
      detail: 'Only result column names can be used, not expressions or functions.',
      hint: 'Add the expression/function to every SELECT, or move the UNION into a FROM clause.',
      location: expressionLocation(extra.expr),
    });
  }
  return sorted;
}

function leftmost(select: SelectStmt): SelectStmt {
  let first = select;
  while (first.larg !== undefined) first = first.larg;
  return first;
}

function leftmostOf(state: ParseState, operation: SetOperation): { readonly query: Query; readonly rtIndex: number } {
  let node: SetOperation | RangeTableRef = operation;
  while (node.kind === 'SetOperation') node = node.left;
  const entry = state.rangeTable[node.rtIndex - 1];
  if (entry?.kind !== 'subquery') throw new Error('invariant broken: a set operation member is no subquery');
  return { query: entry.subquery, rtIndex: node.rtIndex };
}

/** One output column of a member: a real entry where the member is a query, a stand-in where it is an operation. */
export interface MemberColumn {
  readonly entry: TargetEntry;
  readonly isLeaf: boolean;
}

interface Bound {
  readonly node: SetOperation | RangeTableRef;
  readonly columns: readonly MemberColumn[];
}

function bindTree(state: ParseState, select: SelectStmt, isTop: boolean): Bound {
  const isLeaf =
    select.op === undefined ||
    select.op === 'SETOP_NONE' ||
    (!isTop &&
      (select.sortClause !== undefined ||
        select.limitOffset !== undefined ||
        select.limitCount !== undefined ||
        select.lockingClause !== undefined ||
        select.withClause !== undefined));
  if (select.intoClause !== undefined) {
    throw pgError(SqlState.syntaxError, 'INTO is only allowed on first SELECT of UNION/INTERSECT/EXCEPT', {
      location: select.intoClause.rel?.location ?? 0,
    });
  }
  const [lock] = (select.lockingClause ?? []).flatMap((node) => ('LockingClause' in node ? [node.LockingClause] : []));
  if (lock !== undefined) {
    throw pgError(SqlState.featureNotSupported, `${lockName(lock)} is not allowed with UNION/INTERSECT/EXCEPT`);
  }
  return isLeaf ? bindLeaf(state, select) : bindOperation(state, select, isTop);
}

function bindLeaf(state: ParseState, select: SelectStmt): Bound {
  const query = analyzeSubquery(state, { SelectStmt: select }, { resolveUnknowns: false, lockedFromParent: false });
  // A member may look at outer queries, but not at its siblings.
  if (state.namespace.length > 0) {
    let location = -1;
    const sibling = someQueryDeep(query, (node, level) => {
      if (node.kind !== 'Var' || node.levelsUp !== level + 1) return false;
      location = node.location;
      return true;
    });
    if (sibling) {
      throw pgError(
        SqlState.invalidColumnReference,
        'UNION/INTERSECT/EXCEPT member statement cannot refer to other relations of same query level',
        { location },
      );
    }
  }
  const name = `*SELECT* ${state.rangeTable.length + 1}`;
  const item = addSubquery(state, query, { name, columns: [] }, { lateral: false, inFromClause: false });
  const columns = query.targetList.filter((entry) => !entry.junk).map((entry) => ({ entry, isLeaf: true }));
  return { node: { kind: 'RangeTableRef', rtIndex: item.rtIndex }, columns };
}

const operations = { SETOP_UNION: 'union', SETOP_INTERSECT: 'intersect', SETOP_EXCEPT: 'except' } as const;

function bindOperation(state: ParseState, select: SelectStmt, isTop: boolean): Bound {
  const { larg, rarg } = select;
  if (larg === undefined || rarg === undefined) throw new Error('invariant broken: a set operation with one member');
  const op = operations[(select.op ?? 'SETOP_UNION') as keyof typeof operations];
  const context = op.toUpperCase();
  const left = bindTree(state, larg, false);
  // The first term of WITH RECURSIVE settles the columns that the second one may refer to.
  if (isTop && state.parentCte !== null && state.parentCte.expr.recursive) {
    const first = leftmostOf(state, { ...emptyOperation, left: left.node });
    describeRecursiveTerm(state, state.parentCte, left.columns, first.query);
  }
  const right = bindTree(state, rarg, false);
  if (left.columns.length !== right.columns.length) {
    throw pgError(SqlState.syntaxError, `each ${context} query must have the same number of columns`, {
      location: locationOfColumns(right.columns),
    });
  }
  const all = select.all === true;
  const shapes = left.columns.map((column, index) =>
    unify(state, column, right.columns[index] as MemberColumn, context, op === 'union' && all),
  );
  const node: SetOperation = {
    kind: 'SetOperation',
    op,
    all,
    left: left.node,
    right: right.node,
    columnTypes: shapes.map((shape) => shape.type),
    columnTypmods: shapes.map((shape) => shape.typmod),
    columnCollations: shapes.map((shape) => shape.collation),
    groupClauses:
      op === 'union' && all
        ? []
        : shapes.map((shape, index) => groupClauseOf(state, shape.type, index, shape.location)),
  };
  const columns = shapes.map((shape, index): MemberColumn => {
    const { type, typmod, collation, location } = shape;
    const standIn: Expression = { kind: 'SetToDefault', type, typmod, collation, location };
    return { entry: makeTarget(standIn, index + 1, left.columns[index]?.entry.name ?? ''), isLeaf: false };
  });
  return { node, columns };
}

const emptyOperation: SetOperation = {
  kind: 'SetOperation',
  op: 'union',
  all: true,
  left: { kind: 'RangeTableRef', rtIndex: 0 },
  right: { kind: 'RangeTableRef', rtIndex: 0 },
  columnTypes: [],
  columnTypmods: [],
  columnCollations: [],
  groupClauses: [],
};

function locationOfColumns(columns: readonly MemberColumn[]): number {
  for (const { entry } of columns) {
    const location = expressionLocation(entry.expr);
    if (location >= 0) return location;
  }
  return -1;
}

interface Shape {
  readonly type: number;
  readonly typmod: number;
  readonly collation: number;
  readonly location: number;
}

function unify(state: ParseState, left: MemberColumn, right: MemberColumn, context: string, unionAll: boolean): Shape {
  const { type, decider } = selectCommonType(state, [left.entry.expr, right.entry.expr], context);
  const leftNode = unifySide(state, left, type, context);
  const rightNode = unifySide(state, right, type, context);
  const typmod = commonTypmod([leftNode, rightNode], type);
  const collation = selectCommonCollation(state, [leftNode, rightNode], unionAll);
  return { type, typmod, collation, location: expressionLocation(decider) };
}

/** Checks that a column can become the common type; unknown literals of a member become it at once. */
function unifySide(state: ParseState, column: MemberColumn, type: number, context: string): Expression {
  const { entry } = column;
  const own = expressionType(entry.expr);
  const coerced = coerceToCommonType(state, entry.expr, type, context);
  if (own === typeOid.unknown && (entry.expr.kind === 'Const' || entry.expr.kind === 'Param')) {
    (entry as Mutable<TargetEntry>).expr = coerced;
  }
  return coerced;
}

function groupClauseOf(state: ParseState, type: number, index: number, location: number): SortGroupClause {
  try {
    const found = requireSortOperators(state.context.catalog, type, { less: false, equal: true, greater: false });
    return {
      sortGroupRef: index + 1,
      equalityOperator: found.equal,
      sortOperator: found.less,
      descending: false,
      nullsFirst: false,
      hashable: found.hashable,
    };
  } catch (error) {
    throw atLocation(error, location);
  }
}
