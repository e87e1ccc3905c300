// FROM: tables, CTE references, subqueries, joins; what each item makes visible. PostgreSQL's transformFromClause.
import type { JoinExpr as RawJoin, Node, RangeSubselect, RangeVar } from '@pgsql/types';
import type { RelationDescriptor } from '../../catalog/descriptors.js';
import { notSupported, pgError, SqlState } from '../../errors/pg-error.js';
import { nodeTag, stringsOf } from '../../trees/ast.js';
import type { Expression, Var } from '../../trees/expression.js';
import { expressionCollation, expressionType, expressionTypmod } from '../../trees/expression-type.js';
import type { JoinExpr, JoinTreeNode, JoinType } from '../../trees/query.js';
import { coerceToBoolean, coerceType } from '../coercion/coerce.js';
import { commonTypmod, selectCommonType } from '../coercion/common-type.js';
import { assignExpressionCollations } from '../collations.js';
import { analyzeExpr, boundNode } from '../expressions/expression.js';
import {
  makeVar,
  type NamespaceColumn,
  type NamespaceItem,
  type ParseState,
  type CteState,
  withKind,
} from '../parse-state.js';
import {
  addCteReference,
  addJoin,
  addRelation,
  addSubquery,
  addTransitionTable,
  boundAlias,
  namespaceItem,
} from '../range-table.js';
import { isLockedName } from '../clauses/locking.js';
import { analyzeSubquery } from '../statements/subquery.js';
import { analyzeRangeFunction } from './range-function.js';
import { analyzeTableSample } from './table-sample.js';

/** What one FROM item adds. */
export interface FromItem {
  readonly node: JoinTreeNode;
  /** The item's own columns. */
  readonly item: NamespaceItem;
  /** Everything it makes visible. */
  readonly namespace: NamespaceItem[];
}

/** Binds FROM items into the state's join list and namespace. */
export function analyzeFromClause(state: ParseState, nodes: readonly Node[]): void {
  for (const node of nodes) {
    const found = fromItem(state, node);
    checkConflicts(state.namespace, found.namespace);
    setLateral(found.namespace, true, true);
    state.joinList.push(found.node);
    state.namespace.push(...found.namespace);
  }
  setLateral(state.namespace, false, true);
}

/** Binds one FROM item. */
export function fromItem(state: ParseState, node: Node): FromItem {
  if ('RangeVar' in node) return plain(rangeVarItem(state, node.RangeVar));
  if ('RangeSubselect' in node) return plain(subselect(state, node.RangeSubselect));
  if ('RangeFunction' in node) return plain(analyzeRangeFunction(state, node.RangeFunction));
  if ('RangeTableSample' in node) return plain(analyzeTableSample(state, node.RangeTableSample, fromItem));
  if ('JoinExpr' in node) return joinItem(state, node.JoinExpr);
  const tag = nodeTag(node);
  throw notSupported(tag === 'RangeTableFunc' ? 'XMLTABLE' : tag === 'JsonTable' ? 'JSON_TABLE' : tag);
}

function plain(item: NamespaceItem): FromItem {
  return { node: { kind: 'RangeTableRef', rtIndex: item.rtIndex }, item, namespace: [item] };
}

/** Makes items visible to LATERAL only (while their siblings are bound), or in general. */
export function setLateral(items: readonly NamespaceItem[], lateralOnly: boolean, lateralOk: boolean): void {
  for (const item of items) {
    item.lateralOnly = lateralOnly;
    item.lateralOk = lateralOk;
  }
}

/** Two items with the same visible name: 42712, save for unaliased tables of different schemas. */
export function checkConflicts(left: readonly NamespaceItem[], right: readonly NamespaceItem[]): void {
  for (const first of left) {
    if (!first.relationVisible) continue;
    for (const second of right) {
      if (!second.relationVisible || first.names.name !== second.names.name) continue;
      const differ =
        first.rte.kind === 'relation' &&
        second.rte.kind === 'relation' &&
        first.rte.alias === null &&
        second.rte.alias === null &&
        first.rte.relation !== second.rte.relation;
      if (differ) continue;
      throw pgError(SqlState.duplicateAlias, `table name "${first.names.name}" specified more than once`);
    }
  }
}

function rangeVarItem(state: ParseState, range: RangeVar): NamespaceItem {
  const alias = boundAlias(range.alias);
  if (range.schemaname === undefined && range.catalogname === undefined) {
    const cte = findCte(state, range.relname ?? '');
    if (cte !== null) return addCteReference(state, cte.cte, cte.levelsUp, alias, range.location ?? 0);
    const transition = state.context.transitionTables?.get(range.relname ?? '');
    if (transition !== undefined) return addTransitionTable(state, range.relname ?? '', transition, alias);
  }
  const relation = openRelation(state, range);
  return addRelation(state, relation, {
    alias,
    inherit: range.inh === true,
    inFromClause: true,
    lockMode: isLockedName(state, alias?.name ?? relation.name) ? 2 : 1,
  });
}

/** The relation that a FROM item or DML target names. Throws 42P01 with the hint about WITH, 42809 for indexes. */
export function openRelation(state: ParseState, range: RangeVar): RelationDescriptor {
  const catalog = state.context.catalog;
  const name = range.relname ?? '';
  const location = range.location ?? 0;
  if (range.schemaname === undefined && catalog.findRelation(null, name) === null && isFutureCte(state, name)) {
    throw pgError(SqlState.undefinedTable, `relation "${name}" does not exist`, {
      detail: `There is a WITH item named "${name}", but it cannot be referenced from this part of the query.`,
      hint: 'Use WITH RECURSIVE, or re-order the WITH items to remove forward references.',
      location,
    });
  }
  const relation = catalog.resolveRelation(
    { catalog: range.catalogname ?? null, schema: range.schemaname ?? null, name },
    location,
  );
  const refused =
    relation.kind === 'i' || relation.kind === 'I' ? 'indexes' : relation.kind === 'c' ? 'composite types' : null;
  if (refused !== null) {
    throw pgError(SqlState.wrongObjectType, `cannot open relation "${relation.name}"`, {
      detail: `This operation is not supported for ${refused}.`,
      location,
    });
  }
  return relation;
}

/** A CTE visible under a name, and how many levels out it is. */
export function findCte(state: ParseState, name: string): { readonly cte: CteState; readonly levelsUp: number } | null {
  let levelsUp = 0;
  for (let level: ParseState | null = state; level !== null; level = level.parent) {
    const cte = level.ctes.find((candidate) => candidate.name === name);
    if (cte !== undefined) return { cte, levelsUp };
    levelsUp++;
  }
  return null;
}

function isFutureCte(state: ParseState, name: string): boolean {
  for (let level: ParseState | null = state; level !== null; level = level.parent) {
    if (level.futureCtes.includes(name)) return true;
  }
  return false;
}

function subselect(state: ParseState, range: RangeSubselect): NamespaceItem {
  if (range.subquery === undefined) throw new Error('invariant broken: a subquery in FROM without a query');
  const alias = boundAlias(range.alias);
  const raw = range.subquery;
  const lateral = range.lateral === true;
  const query = withKind(state, 'fromSubselect', () => {
    const saved = state.lateralActive;
    state.lateralActive = lateral;
    try {
      return analyzeSubquery(state, raw, {
        resolveUnknowns: true,
        lockedFromParent: alias !== null && isLockedName(state, alias.name),
      });
    } finally {
      state.lateralActive = saved;
    }
  });
  const item = addSubquery(state, query, alias, { lateral, inFromClause: true });
  // Without an alias its columns are visible, but there is no name to qualify them with.
  item.relationVisible = alias !== null;
  return item;
}

const joinTypes: Readonly<Record<string, JoinType>> = {
  JOIN_INNER: 'inner',
  JOIN_LEFT: 'left',
  JOIN_FULL: 'full',
  JOIN_RIGHT: 'right',
};

function joinItem(state: ParseState, raw: RawJoin): FromItem {
  if (raw.larg === undefined || raw.rarg === undefined) throw new Error('invariant broken: a join without an input');
  const joinType = joinTypes[raw.jointype ?? 'JOIN_INNER'] ?? 'inner';
  const left = fromItem(state, raw.larg);
  // The right side may refer to the left one by LATERAL, if the join type allows.
  setLateral(left.namespace, true, joinType === 'inner' || joinType === 'left');
  const before = state.namespace.length;
  state.namespace.push(...left.namespace);
  const right = fromItem(state, raw.rarg);
  state.namespace.length = before;
  checkConflicts(left.namespace, right.namespace);
  const both = [...left.namespace, ...right.namespace];
  const using = raw.isNatural === true ? commonNames(left.item, right.item) : stringsOf(raw.usingClause);
  const isUsing = raw.isNatural === true || raw.usingClause !== undefined;
  const merged = isUsing ? using.map((name) => mergedColumn(left.item, right.item, name)) : [];
  checkRepeated(using);
  let quals: Expression | null = null;
  if (isUsing) quals = usingCondition(state, left.item, right.item, merged);
  else if (raw.quals !== undefined) quals = onCondition(state, raw.quals, both);
  const writtenAlias = boundAlias(raw.alias);
  const rtIndex = state.rangeTable.length + 1;
  markNulled(state, joinType, left.node, right.node, rtIndex);
  const columns = joinColumns(state, joinType, left.item, right.item, merged, rtIndex);
  const usingAlias = boundAlias(raw.join_using_alias);
  const boundUsingAlias = usingAlias === null ? null : { name: usingAlias.name, columns: using };
  const item = addJoin(
    state,
    {
      alias: writtenAlias,
      joinType,
      mergedColumns: merged.length,
      aliasVars: columns.vars,
      leftColumns: columns.leftColumns,
      rightColumns: columns.rightColumns,
      usingAlias: boundUsingAlias,
    },
    columns.names,
    columns.shapes,
  );
  const node: JoinExpr = {
    kind: 'JoinExpr',
    joinType,
    natural: raw.isNatural === true,
    left: left.node,
    right: right.node,
    usingColumns: isUsing ? using : null,
    quals,
    alias: writtenAlias,
    rtIndex,
  };
  state.joinExprs[rtIndex - 1] = node;
  // The join's own alias hides everything beneath it, the alias of its USING columns too.
  const namespace = writtenAlias !== null ? [] : hideColumns(both);
  if (boundUsingAlias !== null) {
    const named = namespaceItem(item.rte, rtIndex, columns.shapes.slice(0, merged.length));
    named.names = boundUsingAlias;
    named.columnsVisible = false;
    checkConflicts([named], both);
    if (writtenAlias === null) namespace.push(named);
  }
  item.relationVisible = writtenAlias !== null;
  item.columnsVisible = true;
  namespace.push(item);
  return { node, item, namespace };
}

function hideColumns(items: readonly NamespaceItem[]): NamespaceItem[] {
  for (const item of items) item.columnsVisible = false;
  return [...items];
}

function commonNames(left: NamespaceItem, right: NamespaceItem): string[] {
  const live = (item: NamespaceItem): string[] =>
    item.names.columns.filter((name, index) => name !== '' && (item.columns[index]?.varno ?? 0) !== 0);
  const rightNames = new Set(live(right));
  return live(left).filter((name) => rightNames.has(name));
}

interface Merged {
  readonly name: string;
  readonly left: number;
  readonly right: number;
}

function checkRepeated(names: readonly string[]): void {
  names.forEach((name, index) => {
    if (names.indexOf(name) < index) {
      throw pgError(SqlState.duplicateColumn, `column name "${name}" appears more than once in USING clause`);
    }
  });
}

function mergedColumn(left: NamespaceItem, right: NamespaceItem, name: string): Merged {
  return { name, left: usingIndex(left, name, 'left'), right: usingIndex(right, name, 'right') };
}

function usingIndex(item: NamespaceItem, name: string, side: 'left' | 'right'): number {
  let found = -1;
  item.names.columns.forEach((candidate, index) => {
    if (candidate !== name || (item.columns[index]?.varno ?? 0) === 0) return;
    if (found >= 0) {
      throw pgError(SqlState.ambiguousColumn, `common column name "${name}" appears more than once in ${side} table`);
    }
    found = index;
  });
  if (found < 0) {
    throw pgError(
      SqlState.undefinedColumn,
      `column "${name}" specified in USING clause does not exist in ${side} table`,
    );
  }
  return found;
}

function columnVar(state: ParseState, item: NamespaceItem, index: number): Var {
  return makeVar(state, item.columns[index] as NamespaceColumn, 0, -1);
}

function usingCondition(
  state: ParseState,
  left: NamespaceItem,
  right: NamespaceItem,
  merged: readonly Merged[],
): Expression | null {
  if (merged.length === 0) return null;
  return withKind(state, 'joinUsing', () => {
    const conditions = merged.map(
      (pair): Node => ({
        A_Expr: {
          kind: 'AEXPR_OP',
          name: [{ String: { sval: '=' } }],
          lexpr: boundNode(marked(state, columnVar(state, left, pair.left))),
          rexpr: boundNode(marked(state, columnVar(state, right, pair.right))),
          location: -1,
        },
      }),
    );
    const [only] = conditions;
    const node: Node =
      conditions.length === 1 && only !== undefined
        ? only
        : { BoolExpr: { boolop: 'AND_EXPR', args: conditions, location: -1 } };
    return coerceToBoolean(state, analyzeExpr(state, node), 'JOIN/USING');
  });
}

function marked(state: ParseState, variable: Var): Var {
  const permissions = state.permissions[variable.varno - 1];
  permissions?.selected.add(variable.attno);
  return variable;
}

function onCondition(state: ParseState, quals: Node, visible: NamespaceItem[]): Expression {
  setLateral(visible, false, true);
  const saved = state.namespace;
  state.namespace = visible;
  try {
    return withKind(state, 'joinOn', () => coerceToBoolean(state, analyzeExpr(state, quals), 'JOIN/ON'));
  } finally {
    state.namespace = saved;
  }
}

function markNulled(
  state: ParseState,
  joinType: JoinType,
  left: JoinTreeNode,
  right: JoinTreeNode,
  rtIndex: number,
): void {
  if (joinType === 'left' || joinType === 'full') markTree(state, right, rtIndex);
  if (joinType === 'right' || joinType === 'full') markTree(state, left, rtIndex);
}

function markTree(state: ParseState, node: JoinTreeNode, rtIndex: number): void {
  if (node.kind === 'FromExpr') {
    for (const item of node.fromList) markTree(state, item, rtIndex);
    return;
  }
  if (node.kind === 'JoinExpr') {
    markTree(state, node.left, rtIndex);
    markTree(state, node.right, rtIndex);
  }
  state.nullingRels[node.rtIndex - 1]?.push(rtIndex);
}

interface JoinColumns {
  readonly names: string[];
  readonly vars: (Expression | null)[];
  readonly leftColumns: number[];
  readonly rightColumns: number[];
  readonly shapes: NamespaceColumn[];
}

/** The join's output: merged columns, then what is left of the left and of the right input. */
function joinColumns(
  state: ParseState,
  joinType: JoinType,
  left: NamespaceItem,
  right: NamespaceItem,
  merged: readonly Merged[],
  rtIndex: number,
): JoinColumns {
  const result: JoinColumns = { names: [], vars: [], leftColumns: [], rightColumns: [], shapes: [] };
  for (const pair of merged) {
    const leftVar = columnVar(state, left, pair.left);
    const rightVar = columnVar(state, right, pair.right);
    const expr = mergedVar(state, joinType, leftVar, rightVar);
    result.names.push(pair.name);
    result.vars.push(expr);
    result.leftColumns.push(pair.left + 1);
    result.rightColumns.push(pair.right + 1);
    if (expr === leftVar) result.shapes.push(left.columns[pair.left] as NamespaceColumn);
    else if (expr === rightVar) result.shapes.push(right.columns[pair.right] as NamespaceColumn);
    else {
      result.shapes.push({
        varno: rtIndex,
        attno: result.vars.length,
        type: expressionType(expr),
        typmod: expressionTypmod(expr),
        collation: expressionCollation(expr),
        hidden: false,
      });
    }
  }
  const add = (item: NamespaceItem, used: readonly number[], own: number[]): void => {
    item.columns.forEach((column, index) => {
      if (column.varno === 0 || column.hidden || used.includes(index)) return;
      result.names.push(item.names.columns[index] ?? '');
      result.vars.push(columnVar(state, item, index));
      own.push(index + 1);
      result.shapes.push(column);
    });
  };
  add(
    left,
    merged.map((pair) => pair.left),
    result.leftColumns,
  );
  add(
    right,
    merged.map((pair) => pair.right),
    result.rightColumns,
  );
  return result;
}

function mergedVar(state: ParseState, joinType: JoinType, left: Var, right: Var): Expression {
  const { type } = selectCommonType(state, [left, right], 'JOIN/USING');
  const typmod = commonTypmod([left, right], type);
  const leftNode = coerceMerged(state, left, type, typmod);
  const rightNode = coerceMerged(state, right, type, typmod);
  let result: Expression;
  if (joinType === 'inner')
    result = leftNode.kind === 'Var' ? leftNode : rightNode.kind === 'Var' ? rightNode : leftNode;
  else if (joinType === 'left') result = leftNode;
  else if (joinType === 'right') result = rightNode;
  else result = { kind: 'CoalesceExpr', type, collation: 0, args: [leftNode, rightNode], location: -1 };
  assignExpressionCollations(state, result);
  return result;
}

function coerceMerged(state: ParseState, variable: Var, type: number, typmod: number): Expression {
  if (variable.type !== type) {
    return coerceType(state, variable, type, typmod, { context: 'implicit', form: 'implicitCast', location: -1 });
  }
  if (variable.typmod === typmod) return variable;
  return { kind: 'RelabelType', arg: variable, type, typmod, collation: 0, form: 'implicitCast', location: -1 };
}
