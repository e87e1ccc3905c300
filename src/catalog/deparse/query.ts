// Bound queries as SQL text, laid out as pg_get_viewdef does: clauses on lines of their own, one target or FROM item a
// line, subqueries indented.
import type {
  CommonTableExpr,
  Query,
  RowMarkClause,
  SetOperation,
  RangeTableRef,
  GroupingSet,
  ValuesRte,
} from '../../trees/query.js';
import { quoteIdentifier } from '../../types/quote.js';
import { deparseWindow } from './aggregates.js';
import type { DeparseContext } from './context.js';
import { deparse } from './expression.js';
import { deparseFrom } from './from.js';
import { deparseModify } from './modify.js';
import { queryNamespace, visibleTargets } from './namespace.js';
import { deparseVar } from './references.js';
import { deparseSortClause, deparseSortGroupExpression } from './sort-clause.js';
import { indent } from './writer.js';

export interface QueryNames {
  /** Names that the result columns must have (a view's attributes); null: the query's own. */
  readonly columnNames: readonly string[] | null;
  /** Somebody sees the names: expressions without one get `AS "?column?"`. */
  readonly namesVisible: boolean;
}

/** Appends the query. */
export function deparseQuery(outer: DeparseContext, query: Query, names: QueryNames): void {
  const namespace = queryNamespace(outer.catalog, query, outer.namespaces);
  const context: DeparseContext = {
    ...outer,
    namespaces: [namespace, ...outer.namespaces],
    varPrefix: outer.namespaces.length > 0 || query.rangeTable.length !== 1,
    windows: query.windowClause,
    targetList: query.targetList,
  };
  const level = context.writer.level;
  deparseWith(context, query.ctes, query.hasRecursive);
  if (query.commandType !== 'select') {
    deparseModify(context, query);
    context.writer.level = level;
    return;
  }
  if (query.setOperations) deparseSetOperation(context, query, query.setOperations, names);
  else deparseBasicSelect(context, query, names);
  deparseTail(context, query);
  context.writer.level = level;
}

function deparseWith(context: DeparseContext, ctes: readonly CommonTableExpr[], isRecursive: boolean): void {
  if (ctes.length === 0) return;
  const { writer } = context;
  writer.level += indent.standard;
  writer.append(isRecursive ? ' WITH RECURSIVE ' : ' WITH ');
  ctes.forEach((cte, index) => {
    if (index > 0) writer.append(', ');
    writer.append(quoteIdentifier(cte.name));
    if (cte.aliasColumns.length > 0) writer.append(`(${cte.aliasColumns.map(quoteIdentifier).join(', ')})`);
    writer.append(' AS ');
    if (cte.materialized === 'always') writer.append('MATERIALIZED ');
    if (cte.materialized === 'never') writer.append('NOT MATERIALIZED ');
    writer.append('(');
    writer.line('', 0, 0, 0);
    deparseQuery(context, cte.query, { columnNames: null, namesVisible: true });
    writer.line('', 0, 0, 0);
    writer.append(')');
    deparseSearchAndCycle(context, cte);
  });
  writer.level -= indent.standard;
  writer.line('', 0, 0, 0);
}

function deparseSearchAndCycle(context: DeparseContext, cte: CommonTableExpr): void {
  const { writer } = context;
  const { search, cycle } = cte;
  if (search) {
    const order = search.breadthFirst ? 'BREADTH' : 'DEPTH';
    writer.append(
      ` SEARCH ${order} FIRST BY ${search.columns.map(quoteIdentifier).join(', ')} SET ${quoteIdentifier(search.sequenceColumn)}`,
    );
  }
  if (!cycle) return;
  writer.append(` CYCLE ${cycle.columns.map(quoteIdentifier).join(', ')} SET ${quoteIdentifier(cycle.markColumn)}`);
  if (!isConstant(cycle.markValue, true) || !isConstant(cycle.markDefault, false)) {
    writer.append(' TO ');
    deparse(context, cycle.markValue, false);
    writer.append(' DEFAULT ');
    deparse(context, cycle.markDefault, false);
  }
  writer.append(` USING ${quoteIdentifier(cycle.pathColumn)}`);
}

function isConstant(
  expression: CommonTableExpr['cycle'] extends infer C ? (C extends { markValue: infer E } ? E : never) : never,
  value: boolean,
): boolean {
  return expression.kind === 'Const' && expression.value === value;
}

/** SELECT ... FROM ... WHERE ... GROUP BY ... HAVING ... WINDOW */
function deparseBasicSelect(context: DeparseContext, query: Query, names: QueryNames): void {
  const { writer } = context;
  writer.level += indent.standard;
  if (!writer.isFlat) writer.append(' ');
  const values = simpleValues(query);
  if (values) {
    deparseValues(context, values);
    return;
  }
  writer.append('SELECT');
  deparseDistinct(context, query);
  deparseTargetList(context, query, names);
  deparseFrom(context, query);
  if (query.joinTree.quals) {
    writer.line(' WHERE ', -indent.standard, indent.standard, 1);
    deparse(context, query.joinTree.quals, false);
  }
  deparseGroupBy(context, query);
  if (query.having) {
    writer.line(' HAVING ', -indent.standard, indent.standard, 0);
    deparse(context, query.having, false);
  }
  deparseWindows(context, query);
}

/** VALUES as a query of its own: one VALUES list, selected as it is. */
function simpleValues(query: Query): ValuesRte | null {
  const entries = query.rangeTable.filter((entry) => entry.kind !== 'result');
  const values = entries[0];
  if (entries.length !== 1 || values?.kind !== 'values' || !values.inFromClause) return null;
  const targets = visibleTargets(query.targetList);
  if (targets.length !== values.eref.columns.length) return null;
  const isPlain = targets.every(
    (entry, index) =>
      entry.expr.kind === 'Var' &&
      entry.expr.attno === index + 1 &&
      entry.expr.varno === 1 &&
      entry.name === values.eref.columns[index],
  );
  return isPlain && !query.joinTree.quals && query.groupClause.length === 0 ? values : null;
}

/** VALUES (...), (...) */
export function deparseValues(context: DeparseContext, values: ValuesRte): void {
  const { writer } = context;
  writer.append('VALUES ');
  values.rows.forEach((row, rowIndex) => {
    writer.append(rowIndex > 0 ? ', (' : '(');
    row.forEach((value, index) => {
      if (index > 0) writer.append(',');
      deparse(context, value, false);
    });
    writer.append(')');
  });
}

function deparseDistinct(context: DeparseContext, query: Query): void {
  if (query.distinctClause.length === 0) return;
  const { writer } = context;
  if (!query.hasDistinctOn) {
    writer.append(' DISTINCT');
    return;
  }
  writer.append(' DISTINCT ON (');
  query.distinctClause.forEach((clause, index) => {
    if (index > 0) writer.append(', ');
    deparseSortGroupExpression(context, clause.sortGroupRef, false);
  });
  writer.append(')');
}

/** Appends the expressions of a target list, each on its line. */
export function deparseTargetList(context: DeparseContext, query: Query, names: QueryNames): void {
  const { writer } = context;
  visibleTargets(query.targetList).forEach((entry, index) => {
    const text = writer.capture(() => {
      const own = entry.expr.kind === 'Var' ? deparseVar(context, entry.expr, true) : deparseOther();
      const wanted = names.columnNames?.[index] ?? entry.name;
      if (wanted && wanted !== own) writer.append(` AS ${quoteIdentifier(wanted)}`);
    });
    // An expression without a name of its own is called "?column?"; nobody needs to hear that where names don't show.
    function deparseOther(): string | null {
      deparse(context, entry.expr, true);
      return names.namesVisible ? null : '?column?';
    }
    if (index === 0) {
      writer.append(/^[\n ]/.test(text) ? '' : ' ');
    } else {
      writer.append(',');
      if (!text.startsWith('\n')) writer.line('', -indent.standard, indent.standard, indent.item);
    }
    writer.append(text);
  });
}

function deparseGroupBy(context: DeparseContext, query: Query): void {
  if (query.groupClause.length === 0 && query.groupingSets.length === 0) return;
  const { writer } = context;
  writer.line(' GROUP BY ', -indent.standard, indent.standard, 1);
  if (query.groupDistinct) writer.append('DISTINCT ');
  if (query.groupingSets.length === 0) {
    query.groupClause.forEach((clause, index) => {
      if (index > 0) writer.append(', ');
      deparseSortGroupExpression(context, clause.sortGroupRef, false);
    });
    return;
  }
  query.groupingSets.forEach((set, index) => {
    if (index > 0) writer.append(', ');
    deparseGroupingSet(context, set, true);
  });
}

function deparseGroupingSet(context: DeparseContext, set: GroupingSet, omitParentheses: boolean): void {
  const { writer } = context;
  if (set.kind === 'empty') {
    writer.append('()');
    return;
  }
  if (set.kind === 'simple') {
    const isBare = omitParentheses && set.refs.length === 1;
    if (!isBare) writer.append('(');
    set.refs.forEach((ref, index) => {
      if (index > 0) writer.append(', ');
      deparseSortGroupExpression(context, ref, false);
    });
    if (!isBare) writer.append(')');
    return;
  }
  writer.append({ rollup: 'ROLLUP(', cube: 'CUBE(', sets: 'GROUPING SETS (' }[set.kind]);
  set.content.forEach((inner, index) => {
    if (index > 0) writer.append(', ');
    deparseGroupingSet(context, inner, set.kind !== 'sets');
  });
  writer.append(')');
}

function deparseWindows(context: DeparseContext, query: Query): void {
  const { writer } = context;
  const named = query.windowClause.filter((window) => window.name !== null);
  named.forEach((window, index) => {
    if (index === 0) writer.line(' WINDOW ', -indent.standard, indent.standard, 1);
    else writer.append(', ');
    writer.append(`${quoteIdentifier(window.name ?? '')} AS `);
    deparseWindow(context, window);
  });
}

/** ORDER BY, LIMIT, OFFSET and locking: what follows a SELECT or a set operation. */
function deparseTail(context: DeparseContext, query: Query): void {
  const { writer } = context;
  if (query.sortClause.length > 0) {
    writer.line(' ORDER BY ', -indent.standard, indent.standard, 1);
    deparseSortClause(context, query.sortClause, query.setOperations !== null);
  }
  if (query.limitOffset) {
    writer.line(' OFFSET ', -indent.standard, indent.standard, 0);
    deparse(context, query.limitOffset, false);
  }
  if (query.limitCount) {
    if (query.limitWithTies) {
      // A cast or arithmetic would not parse here without parentheses.
      writer.line(' FETCH FIRST ', -indent.standard, indent.standard, 0);
      writer.append('(');
      deparse(context, query.limitCount, false);
      writer.append(') ROWS WITH TIES');
    } else {
      writer.line(' LIMIT ', -indent.standard, indent.standard, 0);
      if (query.limitCount.kind === 'Const' && query.limitCount.value === null) writer.append('ALL');
      else deparse(context, query.limitCount, false);
    }
  }
  if (query.hasForUpdate) for (const mark of query.rowMarks) deparseRowMark(context, mark);
}

function deparseRowMark(context: DeparseContext, mark: RowMarkClause): void {
  if (mark.pushedDown) return;
  const { writer } = context;
  const strength = {
    keyShare: ' FOR KEY SHARE',
    share: ' FOR SHARE',
    noKeyUpdate: ' FOR NO KEY UPDATE',
    update: ' FOR UPDATE',
  }[mark.strength];
  writer.line(strength, -indent.standard, indent.standard, 0);
  writer.append(` OF ${quoteIdentifier(context.namespaces[0]?.names[mark.rtIndex - 1] ?? '')}`);
  if (mark.waitPolicy === 'error') writer.append(' NOWAIT');
  if (mark.waitPolicy === 'skip') writer.append(' SKIP LOCKED');
}

/** left UNION [ALL] right, with parentheses where the tree would otherwise read differently. */
function deparseSetOperation(
  context: DeparseContext,
  query: Query,
  node: SetOperation | RangeTableRef,
  names: QueryNames,
): void {
  const { writer } = context;
  if (node.kind === 'RangeTableRef') {
    const entry = query.rangeTable[node.rtIndex - 1];
    if (entry?.kind !== 'subquery') throw new Error('a set operation over something other than a subquery');
    const subquery = entry.subquery;
    const isFenced =
      subquery.ctes.length > 0 ||
      subquery.sortClause.length > 0 ||
      subquery.rowMarks.length > 0 ||
      subquery.limitOffset !== null ||
      subquery.limitCount !== null;
    if (isFenced) writer.append('(');
    // The members are levels of their own below the same outer ones: their names must not avoid each other's.
    deparseQuery({ ...context, namespaces: context.namespaces.slice(1) }, subquery, names);
    if (isFenced) writer.append(')');
    return;
  }
  const fencesLeft = node.left.kind === 'SetOperation' && (node.left.op !== node.op || node.left.all !== node.all);
  const leftIndent = fencesLeft ? indent.standard : 0;
  if (fencesLeft) {
    writer.append('(');
    writer.line('', leftIndent, 0, 0);
  }
  deparseSetOperation(context, query, node.left, names);
  if (fencesLeft) writer.line(') ', -leftIndent, 0, 0);
  else writer.line('', 0, 0, 0);
  writer.append(`${node.op.toUpperCase()} `);
  if (node.all) writer.append('ALL ');
  const fencesRight = node.right.kind === 'SetOperation';
  const rightIndent = fencesRight ? indent.standard : 0;
  if (fencesRight) writer.append('(');
  writer.line('', rightIndent, 0, 0);
  deparseSetOperation(context, query, node.right, { ...names, namesVisible: false });
  writer.level -= rightIndent;
  if (fencesRight) writer.line(')', 0, 0, 0);
}
