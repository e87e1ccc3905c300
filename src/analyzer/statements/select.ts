// SELECT without set operations, VALUES, and the fork to set operations.
import type { Node, SelectStmt } from '@pgsql/types';
import { targetListEntriesMax } from '../../base/limits.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import { listLocation } from '../../trees/ast.js';
import type { Expression, TargetEntry } from '../../trees/expression.js';
import { expressionLocation } from '../../trees/expression-type.js';
import type { Query, SortGroupClause } from '../../trees/query.js';
import { groupClause } from '../clauses/group.js';
import { condition, limitClause } from '../clauses/limit.js';
import { applyLocking, lockName } from '../clauses/locking.js';
import { distinctClause, distinctOnClause, sortClause } from '../clauses/sort.js';
import { windowClauses } from '../clauses/window.js';
import { commonTypmod, coerceToCommonType, selectCommonType } from '../coercion/common-type.js';
import { assignExpressionCollations, assignQueryCollations, selectCommonCollation } from '../collations.js';
import { expressionList } from '../expressions/row.js';
import { analyzeFromClause } from '../from/from-clause.js';
import { checkAggregates } from '../grouping-check.js';
import { hasLocalVariables } from '../local-variables.js';
import { type ExpressionKind, type ParseState, withKind } from '../parse-state.js';
import { addItemToQuery, addValues, expandToTargets } from '../range-table.js';
import { analyzeTargetList, markOrigins, resolveUnknowns } from '../target-list.js';
import { analyzeWith } from './cte.js';
import { fromExpr, makeQuery } from './make-query.js';
import { analyzeSetOperation } from './set-operation.js';

/** Binds any SelectStmt in a fresh state. */
export function analyzeSelect(state: ParseState, select: SelectStmt): Query {
  if (select.valuesLists !== undefined) return analyzeValues(state, select);
  if (select.op !== undefined && select.op !== 'SETOP_NONE') return analyzeSetOperation(state, select);
  return analyzePlainSelect(state, select);
}

function analyzePlainSelect(state: ParseState, select: SelectStmt): Query {
  const hasRecursive = analyzeWith(state, select.withClause);
  if (select.intoClause !== undefined) {
    throw pgError(SqlState.syntaxError, 'SELECT ... INTO is not allowed here', {
      location: select.intoClause.rel?.location ?? 0,
    });
  }
  state.lockingClauses = lockingClauses(select);
  state.windowDefs = (select.windowClause ?? []).flatMap((node) => ('WindowDef' in node ? [node.WindowDef] : []));
  analyzeFromClause(state, select.fromClause ?? []);
  const targetList = analyzeTargetList(state, select.targetList ?? [], 'selectTarget');
  markOrigins(state, targetList);
  const where = condition(state, select.whereClause, 'where', 'WHERE');
  const having = condition(state, select.havingClause, 'having', 'HAVING');
  const sorted = sortClause(state, select.sortClause ?? [], targetList, 'orderBy', false);
  const { groups, sets } = groupClause(state, select.groupClause ?? [], targetList, sorted, {});
  const distinct = bindDistinct(state, select, targetList, sorted);
  const withTies = select.limitOption === 'LIMIT_OPTION_WITH_TIES';
  const limitOffset = limitClause(state, select.limitOffset, 'offset', withTies);
  const limitCount = limitClause(state, select.limitCount, 'limit', withTies);
  checkTies(withTies, sorted);
  const windows = windowClauses(state, state.windowDefs, targetList);
  if (state.resolveUnknowns) resolveUnknowns(state, targetList);
  checkTargetCount(targetList);
  const query = makeQuery(state, 'select', {
    hasRecursive,
    hasDistinctOn: distinct.isOn,
    targetList,
    joinTree: fromExpr(state, where),
    having,
    sortClause: sorted,
    groupClause: groups,
    groupDistinct: select.groupDistinct === true,
    groupingSets: sets,
    distinctClause: distinct.clause,
    limitOffset,
    limitCount,
    limitWithTies: withTies,
    windowClause: windows,
  });
  applyLocking(query, state.lockingClauses);
  assignQueryCollations(state, query);
  if (query.hasAggregates || groups.length > 0 || sets.length > 0 || having !== null)
    return checkAggregates(state, query);
  return query;
}

/** 54011 for more output columns than a row can have. */
export function checkTargetCount(targetList: readonly TargetEntry[]): void {
  if (targetList.length > targetListEntriesMax) {
    throw pgError(SqlState.tooManyColumns, `target lists can have at most ${targetListEntriesMax} entries`);
  }
}

function checkTies(withTies: boolean, sorted: readonly SortGroupClause[]): void {
  if (withTies && sorted.length === 0)
    throw pgError(SqlState.syntaxError, 'WITH TIES cannot be specified without ORDER BY clause');
}

function lockingClauses(select: SelectStmt): ParseState['lockingClauses'] {
  return (select.lockingClause ?? []).flatMap((node) => ('LockingClause' in node ? [node.LockingClause] : []));
}

function bindDistinct(
  state: ParseState,
  select: SelectStmt,
  targetList: TargetEntry[],
  sorted: readonly SortGroupClause[],
): { readonly clause: SortGroupClause[]; readonly isOn: boolean } {
  const raw = select.distinctClause;
  if (raw === undefined) return { clause: [], isOn: false };
  // Plain DISTINCT is a list of one empty node.
  const items = raw.filter((node: Node) => Object.keys(node).length > 0);
  if (items.length === 0) return { clause: distinctClause(state, targetList, sorted), isOn: false };
  return { clause: distinctOnClause(state, items, targetList, sorted), isOn: true };
}

/** Rows of a VALUES list, every column brought to a common type. */
export interface BoundValues {
  readonly rows: Expression[][];
  readonly shapes: { readonly type: number; readonly typmod: number; readonly collation: number }[];
}

/** Binds the rows of a VALUES list. Throws 42601 where their lengths differ. */
export function bindValuesRows(
  state: ParseState,
  lists: readonly Node[],
  kind: ExpressionKind,
  allowDefault: boolean,
): Expression[][] {
  const rows: Expression[][] = [];
  let width = -1;
  for (const list of lists) {
    const items = 'List' in list ? (list.List.items ?? []) : [];
    const row = withKind(state, kind, () => expressionList(state, items, allowDefault));
    if (width < 0) width = row.length;
    else if (row.length !== width) {
      throw pgError(SqlState.syntaxError, 'VALUES lists must all be the same length', {
        location: listLocation(items),
      });
    }
    rows.push(row);
  }
  return rows;
}

/** Brings each column of bound rows to its common type. */
export function unifyValues(state: ParseState, rows: Expression[][]): BoundValues {
  const shapes: { type: number; typmod: number; collation: number }[] = [];
  const width = rows[0]?.length ?? 0;
  for (let column = 0; column < width; column++) {
    const cells = rows.map((row) => row[column] as Expression);
    const { type } = selectCommonType(state, cells, 'VALUES');
    const coerced = cells.map((cell) => coerceToCommonType(state, cell, type, 'VALUES'));
    rows.forEach((row, index) => {
      row[column] = coerced[index] as Expression;
    });
    shapes.push({ type, typmod: commonTypmod(coerced, type), collation: selectCommonCollation(state, coerced, true) });
  }
  for (const row of rows) for (const cell of row) assignExpressionCollations(state, cell);
  return { rows, shapes };
}

/** VALUES as a query of its own. */
function analyzeValues(state: ParseState, select: SelectStmt): Query {
  const hasRecursive = analyzeWith(state, select.withClause);
  const { rows, shapes } = unifyValues(state, bindValuesRows(state, select.valuesLists ?? [], 'values', false));
  const lateral =
    state.rangeTable.length > 0 && rows.some((row) => row.some((cell) => hasLocalVariables(cell) !== null));
  const item = addValues(state, rows, shapes, null, { lateral, inFromClause: true });
  addItemToQuery(state, item, { join: true, relationName: true, columns: true });
  const targetList = expandToTargets(state, item, 0, -1);
  const sorted = sortClause(state, select.sortClause ?? [], targetList, 'orderBy', false);
  const withTies = select.limitOption === 'LIMIT_OPTION_WITH_TIES';
  const limitOffset = limitClause(state, select.limitOffset, 'offset', withTies);
  const limitCount = limitClause(state, select.limitCount, 'limit', withTies);
  checkTies(withTies, sorted);
  const [lock] = lockingClauses(select);
  if (lock !== undefined) throw pgError(SqlState.featureNotSupported, `${lockName(lock)} cannot be applied to VALUES`);
  if (state.resolveUnknowns) resolveUnknowns(state, targetList);
  const query = makeQuery(state, 'select', {
    hasRecursive,
    targetList,
    sortClause: sorted,
    limitOffset,
    limitCount,
    limitWithTies: withTies,
  });
  assignQueryCollations(state, query);
  return query;
}

/** First location of an output column, for messages about a query as a whole. */
export function locationOfTargets(targetList: readonly TargetEntry[]): number {
  for (const entry of targetList) {
    const location = expressionLocation(entry.expr);
    if (location >= 0) return location;
  }
  return -1;
}
