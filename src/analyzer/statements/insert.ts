// INSERT: column lists, VALUES (one row or many), SELECT, DEFAULT VALUES, RETURNING; ON CONFLICT is in on-conflict.ts.
import type { Node, ResTarget, SelectStmt } from '@pgsql/types';
import type { AttributeDescriptor, RelationDescriptor } from '../../catalog/descriptors.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { InsertStmt } from '../../trees/ast.js';
import type { Expression, TargetEntry } from '../../trees/expression.js';
import { expressionLocation, expressionType, expressionTypmod } from '../../trees/expression-type.js';
import type { Query } from '../../trees/query.js';
import { assignedExpression } from '../assignment.js';
import { assignExpressionCollations, assignQueryCollations } from '../collations.js';
import { expressionList } from '../expressions/row.js';
import { hasLocalVariables } from '../local-variables.js';
import { type NamespaceItem, type ParseState, withKind } from '../parse-state.js';
import { acl, addItemToQuery, addSubquery, addValues, expandItem } from '../range-table.js';
import { makeTarget } from '../target-entry.js';
import { typeOid } from '../type-oids.js';
import { analyzeWith } from './cte.js';
import { fromExpr, makeQuery } from './make-query.js';
import { analyzeOnConflict } from './on-conflict.js';
import { bindValuesRows } from './select.js';
import { analyzeSubquery } from './subquery.js';
import { returningList, setTargetTable, targetColumn } from './target-table.js';

/** Binds an INSERT in a fresh state. */
export function analyzeInsert(state: ParseState, insert: InsertStmt): Query {
  const hasRecursive = analyzeWith(state, insert.withClause);
  const updates = insert.onConflictClause?.action === 'ONCONFLICT_UPDATE';
  const target = setTargetTable(state, insert.relation, {
    inherit: false,
    alsoSource: false,
    required: acl.insert | (updates ? acl.update : 0),
  });
  const columns = insertColumns(target.relation, insert.cols);
  const expressions = sourceExpressions(state, insert, target.item, columns);
  const targetList: TargetEntry[] = [];
  expressions.forEach((expr, index) => {
    const column = columns[index];
    if (column === undefined) return;
    targetList.push(makeTarget(expr, column.attribute.number, column.attribute.name));
    target.permissions.inserted.add(column.attribute.number);
  });
  // From here on only the target is visible.
  state.namespace = [];
  addItemToQuery(state, target.item, { join: false, relationName: true, columns: true });
  const onConflict =
    insert.onConflictClause === undefined ? null : analyzeOnConflict(state, insert.onConflictClause, target);
  if (onConflict !== null) {
    state.namespace = [];
    addItemToQuery(state, target.item, { join: false, relationName: true, columns: true });
  }
  const returning = returningList(state, insert.returningList, 'returning');
  const query = makeQuery(state, 'insert', {
    hasRecursive,
    resultRelation: target.item.rtIndex,
    targetList,
    override: overriding(insert.override),
    onConflict,
    returningList: returning,
    joinTree: fromExpr(state, null),
  });
  assignQueryCollations(state, query);
  return query;
}

/** OVERRIDING USER / SYSTEM VALUE. */
export function overriding(kind: string | undefined): Query['override'] {
  return kind === 'OVERRIDING_USER_VALUE' ? 'user' : kind === 'OVERRIDING_SYSTEM_VALUE' ? 'system' : 'none';
}

export interface InsertColumn {
  readonly attribute: AttributeDescriptor;
  readonly indirection: readonly Node[];
  readonly location: number;
  readonly written: boolean;
}

/** The target columns: as listed, or all live ones. Throws 42703, 42701. */
export function insertColumns(relation: RelationDescriptor, nodes: readonly Node[] | undefined): InsertColumn[] {
  if (nodes === undefined || nodes.length === 0) {
    return relation.attributes
      .filter((attribute) => !attribute.isDropped)
      .map((attribute) => ({ attribute, indirection: [], location: -1, written: false }));
  }
  const whole = new Set<number>();
  const partial = new Set<number>();
  return nodes.map((node) => {
    const item: ResTarget = 'ResTarget' in node ? node.ResTarget : {};
    const name = item.name ?? '';
    const location = item.location ?? 0;
    const attribute = targetColumn(relation, name, location, { isInsert: true });
    const indirection = item.indirection ?? [];
    const repeated =
      indirection.length === 0
        ? whole.has(attribute.number) || partial.has(attribute.number)
        : whole.has(attribute.number);
    if (repeated) throw pgError(SqlState.duplicateColumn, `column "${name}" specified more than once`, { location });
    (indirection.length === 0 ? whole : partial).add(attribute.number);
    return { attribute, indirection, location, written: true };
  });
}

function sourceExpressions(
  state: ParseState,
  insert: InsertStmt,
  item: NamespaceItem,
  columns: readonly InsertColumn[],
): Expression[] {
  if (insert.selectStmt === undefined) return [];
  const select: SelectStmt = 'SelectStmt' in insert.selectStmt ? insert.selectStmt.SelectStmt : {};
  const isGeneral =
    select.valuesLists === undefined ||
    select.sortClause !== undefined ||
    select.limitOffset !== undefined ||
    select.limitCount !== undefined ||
    select.lockingClause !== undefined ||
    select.withClause !== undefined;
  if (isGeneral) return insertRow(state, fromSelect(state, insert.selectStmt), item, columns);
  const lists = select.valuesLists ?? [];
  if (lists.length === 1) {
    const [list] = lists;
    const items = list !== undefined && 'List' in list ? (list.List.items ?? []) : [];
    const row = withKind(state, 'valuesSingle', () => expressionList(state, items, true));
    return insertRow(state, row, item, columns);
  }
  return fromValues(state, lists, item, columns);
}

/** INSERT ... SELECT: the query's columns as Vars; literals of unknown type are passed on as they are. */
function fromSelect(state: ParseState, node: Node): Expression[] {
  const query = analyzeSubquery(state, node, { resolveUnknowns: false, lockedFromParent: false });
  const item = addSubquery(state, query, { name: '*SELECT*', columns: [] }, { lateral: false, inFromClause: false });
  addItemToQuery(state, item, { join: true, relationName: false, columns: false });
  return query.targetList
    .filter((entry) => !entry.junk)
    .map((entry, index): Expression => {
      const { expr } = entry;
      if ((expr.kind === 'Const' || expr.kind === 'Param') && expressionType(expr) === typeOid.unknown) return expr;
      const column = item.columns[index];
      return {
        kind: 'Var',
        varno: item.rtIndex,
        attno: index + 1,
        type: expressionType(expr),
        typmod: expressionTypmod(expr),
        collation: column?.collation ?? 0,
        levelsUp: 0,
        nullingRels: [],
        location: expressionLocation(expr),
      };
    });
}

/** Several VALUES rows: each is coerced to the target columns, then the columns are Vars of a VALUES entry. */
function fromValues(
  state: ParseState,
  lists: readonly Node[],
  item: NamespaceItem,
  columns: readonly InsertColumn[],
): Expression[] {
  const rows = bindValuesRows(state, lists, 'values', true).map((row) => {
    const coerced = insertRow(
      state,
      row,
      item,
      columns.map((column) => ({ ...column })),
    );
    for (const cell of coerced) assignExpressionCollations(state, cell);
    return coerced.map(stripAssignment);
  });
  const first = rows[0] ?? [];
  const shapes = first.map((cell) => ({ type: expressionType(cell), typmod: expressionTypmod(cell), collation: 0 }));
  const lateral =
    state.rangeTable.length > 1 && rows.some((row) => row.some((cell) => hasLocalVariables(cell) !== null));
  const values = addValues(state, rows, shapes, null, { lateral, inFromClause: true });
  addItemToQuery(state, values, { join: true, relationName: false, columns: false });
  const vars = expandItem(state, values, 0, -1).map(({ expr }) => expr);
  return insertRow(state, vars, item, columns);
}

/** The value inside a field or element assignment: the outer INSERT makes the assignment itself. */
function stripAssignment(expression: Expression): Expression {
  let inner = expression;
  for (;;) {
    if (
      inner.kind === 'CoerceToDomain' &&
      (inner.arg.kind === 'FieldStore' || (inner.arg.kind === 'SubscriptingRef' && inner.arg.assignment !== null))
    ) {
      inner = inner.arg;
    } else if (inner.kind === 'FieldStore' && inner.newValues[0] !== undefined) inner = inner.newValues[0];
    else if (inner.kind === 'SubscriptingRef' && inner.assignment !== null) inner = inner.assignment;
    else return inner;
  }
}

/** Coerces a row of values to the target columns. Throws 42601 for wrong counts, 42804 for wrong types. */
export function insertRow(
  state: ParseState,
  row: readonly Expression[],
  item: NamespaceItem,
  columns: readonly InsertColumn[],
): Expression[] {
  const extra = row[columns.length];
  if (extra !== undefined) {
    throw pgError(SqlState.syntaxError, 'INSERT has more expressions than target columns', {
      location: expressionLocation(extra),
    });
  }
  const missing = columns[row.length];
  if (missing?.written === true) {
    throw pgError(SqlState.syntaxError, 'INSERT has more target columns than expressions', {
      hint: isRowOfWidth(row, columns.length)
        ? 'The insertion source is a row expression containing the same number of columns expected by the INSERT. Did you accidentally use extra parentheses?'
        : undefined,
      location: missing.location,
    });
  }
  return row.map((expr, index) => {
    const column = columns[index] as InsertColumn;
    return withKind(state, 'insertTarget', () =>
      assignedExpression(state, expr, {
        item,
        attribute: column.attribute,
        indirection: column.indirection,
        forInsert: true,
        location: column.location,
      }),
    );
  });
}

function isRowOfWidth(row: readonly Expression[], width: number): boolean {
  const [only] = row;
  return row.length === 1 && only?.kind === 'RowExpr' && only.args.length === width;
}
