// WITH: CTEs in order, recursive ones with the checks of `recursion.ts`, SEARCH and CYCLE clauses.
import type { CommonTableExpr as RawCte, WithClause } from '@pgsql/types';
import { notSupported, pgError, SqlState } from '../../errors/pg-error.js';
import { nodeTag, stringsOf } from '../../trees/ast.js';
import type { Expression, TargetEntry } from '../../trees/expression.js';
import { expressionCollation, expressionType, expressionTypmod, outputList } from '../../trees/expression-type.js';
import type { CommonTableExpr, CteCycle, Query } from '../../trees/query.js';
import { coerceToCommonType, selectCommonType } from '../coercion/common-type.js';
import { assignExpressionCollations, selectCommonCollation } from '../collations.js';
import { analyzeOptional } from '../expressions/expression.js';
import { binaryOperator } from '../operators.js';
import { type CteState, type Mutable, type ParseState, withKind } from '../parse-state.js';
import { formatType } from '../type-names.js';
import { typeOid } from '../type-oids.js';
import { makeQuery } from './make-query.js';
import { orderRecursive } from './recursion.js';
import type { MemberColumn } from './set-operation.js';
import { analyzeSubquery } from './subquery.js';

/** Binds a WITH clause into the state; true where it says RECURSIVE. */
export function analyzeWith(state: ParseState, clause: WithClause | undefined): boolean {
  if (clause === undefined) return false;
  const raws = (clause.ctes ?? []).flatMap((node) => ('CommonTableExpr' in node ? [node.CommonTableExpr] : []));
  checkNames(state, raws);
  if (clause.recursive === true) {
    const { order, recursive } = orderRecursive(raws);
    const states = raws.map((raw) => emptyCte(state, raw, recursive.has(raw)));
    state.ctes = [...state.ctes, ...order.map((index) => states[index] as CteState)];
    for (const index of order) bindCte(state, raws[index] as RawCte, states[index] as CteState);
    return true;
  }
  state.futureCtes = raws.map((raw) => raw.ctename ?? '');
  for (const raw of raws) {
    const cte = emptyCte(state, raw, false);
    bindCte(state, raw, cte);
    state.ctes = [...state.ctes, cte];
    state.futureCtes = state.futureCtes.slice(1);
  }
  return false;
}

function checkNames(state: ParseState, raws: readonly RawCte[]): void {
  raws.forEach((raw, index) => {
    if (raws.findIndex((other) => other.ctename === raw.ctename) < index) {
      throw pgError(SqlState.duplicateAlias, `WITH query name "${raw.ctename}" specified more than once`, {
        location: raw.location ?? 0,
      });
    }
    if (raw.ctequery !== undefined && nodeTag(raw.ctequery) !== 'SelectStmt') {
      if (state.parent !== null) {
        throw pgError(
          SqlState.featureNotSupported,
          'WITH clause containing a data-modifying statement must be at the top level',
          { location: raw.location ?? 0 },
        );
      }
      state.hasModifyingCte = true;
    }
  });
}

function emptyCte(state: ParseState, raw: RawCte, recursive: boolean): CteState {
  const materialized =
    raw.ctematerialized === 'CTEMaterializeAlways'
      ? 'always'
      : raw.ctematerialized === 'CTEMaterializeNever'
        ? 'never'
        : 'default';
  const expr: CommonTableExpr = {
    name: raw.ctename ?? '',
    aliasColumns: stringsOf(raw.aliascolnames),
    materialized,
    query: makeQuery({ ...state, ctes: [], rangeTable: [], permissions: [], joinList: [] }, 'select', {}),
    search: null,
    cycle: null,
    recursive,
    referenceCount: 0,
    columnNames: [],
    columnTypes: [],
    columnTypmods: [],
    columnCollations: [],
    location: raw.location ?? 0,
  };
  return { name: expr.name, expr, analyzed: false, referenceCount: 0 };
}

function bindCte(state: ParseState, raw: RawCte, cte: CteState): void {
  if (raw.ctequery === undefined) throw notSupported('a WITH item without a query');
  if ((raw.search_clause !== undefined || raw.cycle_clause !== undefined) && !cte.expr.recursive) {
    throw pgError(SqlState.syntaxError, 'WITH query is not recursive', { location: raw.location ?? 0 });
  }
  checkClauses(raw);
  bindSearchAndCycle(state, raw, cte);
  const query = analyzeSubquery(state, raw.ctequery, {
    resolveUnknowns: true,
    lockedFromParent: false,
    parentCte: cte,
  });
  const expr = cte.expr as Mutable<CommonTableExpr>;
  expr.query = query;
  if (cte.expr.recursive) checkRecursiveTypes(state, cte, query);
  else
    describeColumns(
      state,
      cte,
      outputList(query).filter((entry) => !entry.junk),
    );
  cte.analyzed = true;
  if (raw.search_clause !== undefined || raw.cycle_clause !== undefined) checkSearchColumns(raw, cte);
}

/** Names and shapes of a CTE's columns from its output. Throws 42P10 for too many aliases. */
function describeColumns(state: ParseState, cte: CteState, outputs: readonly TargetEntry[]): void {
  const expr = cte.expr as Mutable<CommonTableExpr>;
  if (expr.aliasColumns.length > outputs.length) {
    throw pgError(
      SqlState.invalidColumnReference,
      `WITH query "${cte.name}" has ${outputs.length} columns available but ${expr.aliasColumns.length} columns specified`,
      { location: expr.location },
    );
  }
  expr.columnNames = outputs.map((entry, index) => expr.aliasColumns[index] ?? entry.name ?? '?column?');
  const shapes = outputs.map((entry) => {
    const type = expressionType(entry.expr);
    if (type !== typeOid.unknown) {
      return { type, typmod: expressionTypmod(entry.expr), collation: expressionCollation(entry.expr) };
    }
    return { type: typeOid.text, typmod: -1, collation: state.context.catalog.typeByOid(typeOid.text).collation };
  });
  expr.columnTypes = shapes.map((shape) => shape.type);
  expr.columnTypmods = shapes.map((shape) => shape.typmod);
  expr.columnCollations = shapes.map((shape) => shape.collation);
}

/** Called once the non-recursive term is bound: its columns are what the recursive term may refer to. */
export function describeRecursiveTerm(
  state: ParseState,
  cte: CteState,
  columns: readonly MemberColumn[],
  leftmost: Query,
): void {
  const names = leftmost.targetList.filter((entry) => !entry.junk).map((entry) => entry.name);
  describeColumns(
    state,
    cte,
    columns.map((column, index) => ({ ...column.entry, name: names[index] ?? column.entry.name })),
  );
}

function checkRecursiveTypes(state: ParseState, cte: CteState, query: Query): void {
  const catalog = state.context.catalog;
  const { columnTypes, columnTypmods, columnCollations } = cte.expr;
  query.targetList
    .filter((entry) => !entry.junk)
    .forEach((entry, index) => {
      const type = expressionType(entry.expr);
      const typmod = expressionTypmod(entry.expr);
      const location = cte.expr.location;
      if (type !== columnTypes[index] || typmod !== columnTypmods[index]) {
        throw pgError(
          SqlState.datatypeMismatch,
          `recursive query "${cte.name}" column ${index + 1} has type ${typeWithTypmod(state, columnTypes[index] ?? 0, columnTypmods[index] ?? -1)} in non-recursive term but type ${typeWithTypmod(state, type, typmod)} overall`,
          { hint: 'Cast the output of the non-recursive term to the correct type.', location },
        );
      }
      const collation = expressionCollation(entry.expr);
      if (collation !== columnCollations[index]) {
        const name = (oid: number): string => catalog.collation(oid)?.name ?? '';
        throw pgError(
          SqlState.collationMismatch,
          `recursive query "${cte.name}" column ${index + 1} has collation "${name(columnCollations[index] ?? 0)}" in non-recursive term but collation "${name(collation)}" overall`,
          { hint: 'Use the COLLATE clause to set the collation of the non-recursive term.', location },
        );
      }
    });
}

function typeWithTypmod(state: ParseState, type: number, typmod: number): string {
  const catalog = state.context.catalog;
  const name = formatType(catalog, type);
  if (typmod < 0) return name;
  if (type === typeOid.numeric)
    return `${name}(${((typmod - 4) >> 16) & 0xffff},${(((typmod - 4) & 0x7ff) ^ 1024) - 1024})`;
  if (type === typeOid.varchar || type === typeOid.bpchar) return `${name}(${typmod - 4})`;
  return `${name}(${typmod})`;
}

/** SEARCH and CYCLE work on a UNION of two plain SELECTs only. */
function checkClauses(raw: RawCte): void {
  if (raw.search_clause === undefined && raw.cycle_clause === undefined) return;
  const select = raw.ctequery !== undefined && 'SelectStmt' in raw.ctequery ? raw.ctequery.SelectStmt : undefined;
  const refuse = (side: 'left' | 'right'): Error =>
    pgError(
      SqlState.featureNotSupported,
      `with a SEARCH or CYCLE clause, the ${side} side of the UNION must be a SELECT`,
    );
  if (select?.larg === undefined || select.larg.valuesLists !== undefined || select.larg.op !== 'SETOP_NONE')
    throw refuse('left');
  if (select.rarg === undefined || select.rarg.valuesLists !== undefined || select.rarg.op !== 'SETOP_NONE')
    throw refuse('right');
}

function bindSearchAndCycle(state: ParseState, raw: RawCte, cte: CteState): void {
  const expr = cte.expr as Mutable<CommonTableExpr>;
  const search = raw.search_clause;
  if (search !== undefined) {
    expr.search = {
      columns: stringsOf(search.search_col_list),
      breadthFirst: search.search_breadth_first === true,
      sequenceColumn: search.search_seq_column ?? '',
    };
  }
  const cycle = raw.cycle_clause;
  if (cycle === undefined) return;
  const value = withKind(state, 'cycleMark', () => analyzeOptional(state, cycle.cycle_mark_value));
  const otherwise = withKind(state, 'cycleMark', () => analyzeOptional(state, cycle.cycle_mark_default));
  const { type } = selectCommonType(state, [value, otherwise], 'CYCLE');
  const markValue: Expression = coerceToCommonType(state, value, type, 'CYCLE/SET/TO');
  const markDefault: Expression = coerceToCommonType(state, otherwise, type, 'CYCLE/SET/DEFAULT');
  const markCollation = selectCommonCollation(state, [markValue, markDefault], true);
  assignExpressionCollations(state, markValue);
  assignExpressionCollations(state, markDefault);
  const catalog = state.context.catalog;
  const equal = binaryOperator(catalog, ['='], type, type, cycle.location ?? 0);
  if (equal.negator === 0) {
    throw pgError(
      SqlState.undefinedFunction,
      `could not identify an inequality operator for type ${formatType(catalog, type)}`,
    );
  }
  const bound: CteCycle = {
    columns: stringsOf(cycle.cycle_col_list),
    markColumn: cycle.cycle_mark_column ?? '',
    markValue,
    markDefault,
    pathColumn: cycle.cycle_path_column ?? '',
    markType: type,
    markTypmod: -1,
    markCollation,
    markNotEqualOperator: equal.negator,
  };
  expr.cycle = bound;
}

function checkSearchColumns(raw: RawCte, cte: CteState): void {
  const { columnNames, search, cycle } = cte.expr;
  const fail = (message: string, location: number): Error => pgError(SqlState.syntaxError, message, { location });
  const searchAt = raw.search_clause?.location ?? 0;
  const cycleAt = raw.cycle_clause?.location ?? 0;
  const checkList = (names: readonly string[], clause: string, location: number): void => {
    names.forEach((name, index) => {
      if (!columnNames.includes(name)) throw fail(`${clause} column "${name}" not in WITH query column list`, location);
      if (names.indexOf(name) < index)
        throw pgError(SqlState.duplicateColumn, `${clause} column "${name}" specified more than once`, { location });
    });
  };
  if (search !== null) {
    checkList(search.columns, 'search', searchAt);
    if (columnNames.includes(search.sequenceColumn)) {
      throw fail(
        `search sequence column name "${search.sequenceColumn}" already used in WITH query column list`,
        searchAt,
      );
    }
  }
  if (cycle === null) return;
  checkList(cycle.columns, 'cycle', cycleAt);
  if (columnNames.includes(cycle.markColumn)) {
    throw fail(`cycle mark column name "${cycle.markColumn}" already used in WITH query column list`, cycleAt);
  }
  if (columnNames.includes(cycle.pathColumn)) {
    throw fail(`cycle path column name "${cycle.pathColumn}" already used in WITH query column list`, cycleAt);
  }
  if (cycle.markColumn === cycle.pathColumn)
    throw fail('cycle mark column name and cycle path column name are the same', cycleAt);
  if (search !== null) {
    if (search.sequenceColumn === cycle.markColumn) {
      throw fail('search sequence column name and cycle mark column name are the same', searchAt);
    }
    if (search.sequenceColumn === cycle.pathColumn) {
      throw fail('search sequence column name and cycle path column name are the same', searchAt);
    }
  }
}
