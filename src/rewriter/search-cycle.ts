// SEARCH and CYCLE clauses of recursive CTEs, turned into plain columns: the sequence column (an array of rows, or a row
// that starts with the depth), the cycle mark and the path, made in the first term and carried on in the recursive one.
import { notSupported } from '../errors/pg-error.js';
import type { Expression, TargetEntry } from '../trees/expression.js';
import type { CommonTableExpr, Query, RangeTableEntry, SetOperation, SubqueryRte } from '../trees/query.js';
import type { RewriteContext } from './context.js';

const type = { bool: 16, int8: 20, record: 2249, recordArray: 2287 } as const;
const functions = { arrayCat: 'array_cat', int8inc: 'int8inc' } as const;

/** The CTE with the columns that its SEARCH and CYCLE clauses define; itself where it has neither. */
export function expandSearchAndCycle(cte: CommonTableExpr, context: RewriteContext): CommonTableExpr {
  if (cte.search === null && cte.cycle === null) return cte;
  const { query } = cte;
  const operation = query.setOperations;
  if (operation === null || operation.left.kind !== 'RangeTableRef' || operation.right.kind !== 'RangeTableRef') {
    throw notSupported('SEARCH or CYCLE over this form of recursive query');
  }
  const left = member(query, operation.left.rtIndex);
  const right = member(query, operation.right.rtIndex);
  const added = addedColumns(cte);
  const leftQuery = extend(
    left.subquery,
    added.map((column) => ({ name: column.name, expr: column.first(rowOf(left, cte, column.over)) })),
  );
  const rightQuery = recursiveTerm(right, cte, added, context);
  const rangeTable = query.rangeTable.map((entry, index): RangeTableEntry => {
    if (operation.left.kind === 'RangeTableRef' && index === operation.left.rtIndex - 1)
      return withSubquery(left, leftQuery, added);
    if (operation.right.kind === 'RangeTableRef' && index === operation.right.rtIndex - 1)
      return withSubquery(right, rightQuery, added);
    return entry;
  });
  const setOperations: SetOperation = {
    ...operation,
    columnTypes: [...operation.columnTypes, ...added.map((column) => column.type)],
    columnTypmods: [...operation.columnTypmods, ...added.map(() => -1)],
    columnCollations: [...operation.columnCollations, ...added.map((column) => column.collation)],
    groupClauses: operation.all
      ? []
      : [
          ...operation.groupClauses,
          ...added.map((column, index) => groupClause(column.type, operation.groupClauses.length + index + 1, context)),
        ],
  };
  const targetList = [...query.targetList];
  const width = cte.columnNames.length;
  added.forEach((column, index) => {
    const leftRef = operation.left.kind === 'RangeTableRef' ? operation.left.rtIndex : 0;
    targetList.push(
      entryOf(variable(leftRef, width + index + 1, column.type, column.collation), width + index + 1, column.name),
    );
  });
  return {
    ...cte,
    query: { ...query, rangeTable, setOperations, targetList },
    search: null,
    cycle: null,
    columnNames: [...cte.columnNames, ...added.map((column) => column.name)],
    columnTypes: [...cte.columnTypes, ...added.map((column) => column.type)],
    columnTypmods: [...cte.columnTypmods, ...added.map(() => -1)],
    columnCollations: [...cte.columnCollations, ...added.map((column) => column.collation)],
  };
}

interface Added {
  readonly name: string;
  readonly type: number;
  readonly collation: number;
  /** The columns over which it is made. */
  readonly over: readonly string[];
  /** Its value in the first term, given the row of those columns. */
  first(row: readonly Expression[]): Expression;
  /** Its value in the recursive term: `row` of the new row, `previous` of the row before. */
  next(row: readonly Expression[], previous: Expression, context: RewriteContext, path: Expression | null): Expression;
}

function addedColumns(cte: CommonTableExpr): Added[] {
  const added: Added[] = [];
  const { search, cycle } = cte;
  if (search?.breadthFirst === true) {
    added.push({
      name: search.sequenceColumn,
      type: type.record,
      collation: 0,
      over: search.columns,
      first: (row) => rowExpr([constant(type.int8, 0n), ...row]),
      next: (row, previous, context) => {
        const depth: Expression = {
          kind: 'FieldSelect',
          arg: previous,
          fieldNumber: 1,
          type: type.int8,
          typmod: -1,
          collation: 0,
        };
        return rowExpr([call(context, functions.int8inc, type.int8, [depth]), ...row]);
      },
    });
  } else if (search !== null && search !== undefined) {
    added.push({
      name: search.sequenceColumn,
      type: type.recordArray,
      collation: 0,
      over: search.columns,
      first: (row) => arrayOf(rowExpr(row)),
      next: (row, previous, context) =>
        call(context, functions.arrayCat, type.recordArray, [previous, arrayOf(rowExpr(row))]),
    });
  }
  if (cycle === null) return added;
  added.push({
    name: cycle.markColumn,
    type: cycle.markType,
    collation: cycle.markCollation,
    over: cycle.columns,
    first: () => cycle.markDefault,
    next: (row, _previous, context, path) => ({
      kind: 'CaseExpr',
      type: cycle.markType,
      collation: cycle.markCollation,
      arg: null,
      whens: [{ condition: isOnPath(context, rowExpr(row), path), result: cycle.markValue, location: -1 }],
      defaultResult: cycle.markDefault,
      location: -1,
    }),
  });
  added.push({
    name: cycle.pathColumn,
    type: type.recordArray,
    collation: 0,
    over: cycle.columns,
    first: (row) => arrayOf(rowExpr(row)),
    next: (row, previous, context) =>
      call(context, functions.arrayCat, type.recordArray, [previous, arrayOf(rowExpr(row))]),
  });
  return added;
}

function member(query: Query, rtIndex: number): SubqueryRte {
  const entry = query.rangeTable[rtIndex - 1];
  if (entry?.kind !== 'subquery') throw new Error('invariant broken: a set operation member is no subquery');
  return entry;
}

/** The columns of a term by the CTE's names, as expressions of the term's own level. */
function rowOf(entry: SubqueryRte, cte: CommonTableExpr, names: readonly string[]): Expression[] {
  const outputs = entry.subquery.targetList.filter((target) => !target.junk);
  return names.map((name) => {
    const output = outputs[cte.columnNames.indexOf(name)];
    if (output === undefined) throw new Error('invariant broken: a SEARCH or CYCLE column is not in the list');
    return output.expr;
  });
}

/** The recursive term wrapped in a subquery, so that the new columns see both its output and the previous row's. */
function recursiveTerm(
  entry: SubqueryRte,
  cte: CommonTableExpr,
  added: readonly Added[],
  context: RewriteContext,
): Query {
  const { subquery } = entry;
  const selfIndex =
    subquery.rangeTable.findIndex(
      (candidate) => candidate.kind === 'cte' && candidate.selfReference && candidate.cteName === cte.name,
    ) + 1;
  if (selfIndex === 0) throw notSupported('SEARCH or CYCLE where the recursive reference is not in the outer FROM');
  const width = cte.columnNames.length;
  const self = (index: number): Expression =>
    variable(selfIndex, width + index + 1, added[index]?.type ?? 0, added[index]?.collation ?? 0);
  const pathIndex = cte.cycle === null ? -1 : added.length - 1;
  const path = pathIndex < 0 ? null : self(pathIndex);
  const columns = added.map((column, index) => ({
    name: column.name,
    expr: column.next(rowOf(entry, cte, column.over), self(index), context, path),
  }));
  const extended = extend(subquery, columns);
  const rangeTable = extended.rangeTable.map((candidate, index): RangeTableEntry => {
    if (index !== selfIndex - 1 || candidate.kind !== 'cte') return candidate;
    return {
      ...candidate,
      eref: {
        ...candidate.eref,
        columns: [...candidate.eref.columns.slice(0, width), ...added.map((column) => column.name)],
      },
      columnTypes: [...candidate.columnTypes.slice(0, width), ...added.map((column) => column.type)],
      columnTypmods: [...candidate.columnTypmods.slice(0, width), ...added.map(() => -1)],
      columnCollations: [...candidate.columnCollations.slice(0, width), ...added.map((column) => column.collation)],
    };
  });
  if (cte.cycle === null) return { ...extended, rangeTable };
  // Rows that closed a cycle are not followed any further.
  const markIndex = added.length - 2;
  const open = operatorCall(
    context,
    cte.cycle.markNotEqualOperator,
    [self(markIndex), cte.cycle.markValue],
    cte.cycle.markCollation,
  );
  const quals: Expression =
    subquery.joinTree.quals === null
      ? open
      : { kind: 'BoolExpr', op: 'and', args: [subquery.joinTree.quals, open], location: -1 };
  return { ...extended, rangeTable, joinTree: { ...extended.joinTree, quals } };
}

function extend(query: Query, columns: readonly { readonly name: string; readonly expr: Expression }[]): Query {
  if (query.distinctClause.length > 0 || query.groupClause.length > 0 || query.hasAggregates) {
    throw notSupported('SEARCH or CYCLE over a term with DISTINCT, GROUP BY or aggregates');
  }
  const visible = query.targetList.filter((entry) => !entry.junk);
  const junk = query.targetList.filter((entry) => entry.junk);
  const extra = columns.map((column, index) => entryOf(column.expr, visible.length + index + 1, column.name));
  const moved = junk.map((entry, index) => ({ ...entry, resno: visible.length + extra.length + index + 1 }));
  return { ...query, targetList: [...visible, ...extra, ...moved] };
}

function withSubquery(entry: SubqueryRte, subquery: Query, added: readonly Added[]): SubqueryRte {
  return {
    ...entry,
    subquery,
    eref: { ...entry.eref, columns: [...entry.eref.columns, ...added.map((column) => column.name)] },
  };
}

function entryOf(expr: Expression, resno: number, name: string): TargetEntry {
  return { kind: 'TargetEntry', expr, resno, name, sortGroupRef: 0, originTable: 0, originColumn: 0, junk: false };
}

function variable(varno: number, attno: number, varType: number, collation: number): Expression {
  return {
    kind: 'Var',
    varno,
    attno,
    type: varType,
    typmod: -1,
    collation,
    levelsUp: 0,
    nullingRels: [],
    location: -1,
  };
}

function constant(constType: number, value: bigint | boolean): Expression {
  return { kind: 'Const', type: constType, typmod: -1, collation: 0, value, location: -1 };
}

function rowExpr(args: readonly Expression[]): Expression {
  return {
    kind: 'RowExpr',
    args,
    type: type.record,
    form: 'implicitCast',
    columnNames: args.map((_, index) => `f${index + 1}`),
    location: -1,
  };
}

function arrayOf(row: Expression): Expression {
  return {
    kind: 'ArrayExpr',
    type: type.recordArray,
    collation: 0,
    elementType: type.record,
    elements: [row],
    multidimensional: false,
    location: -1,
  };
}

function call(context: RewriteContext, name: string, result: number, args: readonly Expression[]): Expression {
  const fn = context.catalog
    .functionsNamed('pg_catalog', name)
    .find((candidate) => candidate.argTypes.length === args.length);
  if (fn === undefined) throw new Error(`invariant broken: no function ${name}`);
  return {
    kind: 'FuncExpr',
    function: fn.oid,
    type: result,
    returnsSet: false,
    variadic: false,
    form: 'explicitCall',
    collation: 0,
    inputCollation: 0,
    args,
    location: -1,
  };
}

const recordEquality = 2988;

/** row = ANY (path) */
function isOnPath(context: RewriteContext, row: Expression, path: Expression | null): Expression {
  if (path === null) throw new Error('invariant broken: CYCLE without a path');
  const operator = context.catalog.requireOperator(recordEquality);
  return {
    kind: 'ScalarArrayOpExpr',
    operator: operator.oid,
    function: operator.function,
    useOr: true,
    inputCollation: 0,
    args: [row, path],
    location: -1,
  };
}

function operatorCall(
  context: RewriteContext,
  oid: number,
  args: readonly Expression[],
  collation: number,
): Expression {
  const operator = context.catalog.requireOperator(oid);
  return {
    kind: 'OpExpr',
    operator: operator.oid,
    function: operator.function,
    type: type.bool,
    returnsSet: false,
    collation: 0,
    inputCollation: collation,
    args,
    location: -1,
  };
}

function groupClause(columnType: number, ref: number, context: RewriteContext): SetOperation['groupClauses'][number] {
  const btree = context.catalog.defaultOpclass(columnType, 'btree');
  const hash = context.catalog.defaultOpclass(columnType, 'hash');
  const find = (strategy: number): number =>
    btree === null ? 0 : context.catalog.familyOperator(btree.family, btree.inputType, btree.inputType, strategy);
  return {
    sortGroupRef: ref,
    equalityOperator: find(3),
    sortOperator: find(1),
    descending: false,
    nullsFirst: false,
    hashable: hash !== null,
  };
}
