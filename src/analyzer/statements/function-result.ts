// What a SQL function's last statement returns, brought to what the function declares (manual, section 36.5.4): columns are
// coerced as in assignment, in their place or, where the query sorts or groups by them or is a set operation, around it:
//   SELECT b FROM t ORDER BY b   ->   SELECT b::bigint FROM (SELECT b FROM t ORDER BY b)
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { Expression, TargetEntry } from '../../trees/expression.js';
import { expressionType, outputList } from '../../trees/expression-type.js';
import type { Query } from '../../trees/query.js';
import { coerceToTarget } from '../coercion/coerce.js';
import { compositeOf } from '../coercion/type-facts.js';
import type { AnalyzerContext } from '../context.js';
import { makeParseState, makeVar, type ParseState } from '../parse-state.js';
import { addSubquery } from '../range-table.js';
import { formatType } from '../type-names.js';
import { typeOid } from '../type-oids.js';
import { makeQuery } from './make-query.js';

export interface ResultColumn {
  readonly type: number;
  readonly typmod: number;
}

/** What a function declares: its return type, and the columns of its OUT and TABLE arguments (none: []). */
export interface DeclaredResult {
  readonly type: number;
  readonly outColumns: readonly ResultColumn[];
}

const pseudoKind = 'p';

/** The query with its columns of the declared types. Throws 42P13 where they don't fit. */
export function coerceFunctionResult(query: Query, declared: DeclaredResult, context: AnalyzerContext): Query {
  const state = makeParseState(null, context);
  const { catalog } = context;
  const mismatch = (detail: string) =>
    pgError(
      SqlState.invalidFunctionDefinition,
      `return type mismatch in function declared to return ${formatType(catalog, declared.type)}`,
      { detail },
    );
  const columns = outputList(query).filter((entry) => !entry.junk);
  const wanted = wantedColumns(state, columns, declared);
  if (wanted === null) return query;
  if (wanted.isRow && columns.length > wanted.columns.length)
    throw mismatch('Final statement returns too many columns.');
  if (!wanted.isRow && columns.length !== 1) throw mismatch('Final statement must return exactly one column.');
  const fit = (expr: Expression, index: number): Expression => {
    const target = wanted.columns[index] as ResultColumn;
    const actual = expressionType(expr);
    const isAny = catalog.typeByOid(target.type).kind === pseudoKind;
    if (isAny || (actual === target.type && target.typmod === -1)) return expr;
    const wish = { context: 'assignment', form: 'implicitCast', location: -1 } as const;
    const coerced = coerceToTarget(state, expr, target.type, target.typmod, wish);
    if (coerced !== null) return coerced;
    throw mismatch(
      wanted.isRow
        ? `Final statement returns ${formatType(catalog, actual)} instead of ${formatType(catalog, target.type)} at column ${index + 1}.`
        : `Actual return type is ${formatType(catalog, actual)}.`,
    );
  };
  const result = fitColumns(query, columns, fit, context);
  if (columns.length < wanted.columns.length) throw mismatch('Final statement returns too few columns.');
  return result;
}

/** Types of the result's columns; null where any will do. */
function wantedColumns(
  state: ParseState,
  columns: readonly TargetEntry[],
  declared: DeclaredResult,
): { readonly columns: readonly ResultColumn[]; readonly isRow: boolean } | null {
  const { catalog } = state.context;
  const { type, outColumns } = declared;
  const [only] = columns;
  if (type === typeOid.record && outColumns.length > 0) {
    // One column that is a row is the row itself: whether it fits is seen when it is there.
    if (columns.length === 1 && only !== undefined && isRowLike(state, only.expr)) return null;
    return { columns: outColumns, isRow: true };
  }
  const described = catalog.typeByOid(type);
  if (described.kind === pseudoKind) return null;
  const composite = compositeOf(catalog, type);
  if (composite === null) return { columns: [{ type, typmod: -1 }], isRow: false };
  // One column that is such a row is the row itself.
  if (columns.length === 1 && only !== undefined && isRowLike(state, only.expr))
    return { columns: [{ type, typmod: -1 }], isRow: false };
  return {
    columns: composite.attributes.map((attribute) => ({ type: attribute.type, typmod: attribute.typmod })),
    isRow: true,
  };
}

function isRowLike(state: ParseState, expr: Expression): boolean {
  const type = expressionType(expr);
  return type === typeOid.record || compositeOf(state.context.catalog, type) !== null;
}

function fitColumns(
  query: Query,
  columns: readonly TargetEntry[],
  fit: (expr: Expression, index: number) => Expression,
  context: AnalyzerContext,
): Query {
  const fitted = columns.map((entry, index) => fit(entry.expr, index));
  if (fitted.every((expr, index) => expr === columns[index]?.expr)) return query;
  const isInUse = columns.some((entry, index) => entry.sortGroupRef !== 0 && fitted[index] !== entry.expr);
  if (query.setOperations === null && query.distinctClause.length === 0 && !isInUse) {
    const place = (entry: TargetEntry): TargetEntry => {
      const index = columns.indexOf(entry);
      return index < 0 ? entry : { ...entry, expr: fitted[index] as Expression };
    };
    if (query.commandType === 'select') return { ...query, targetList: query.targetList.map(place) };
    return { ...query, returningList: query.returningList.map(place) };
  }
  const state = makeParseState(null, context);
  const item = addSubquery(state, query, null, { lateral: false, inFromClause: true });
  state.joinList = [{ kind: 'RangeTableRef', rtIndex: item.rtIndex }];
  const targetList = columns.map((entry, index): TargetEntry => {
    const column = item.columns[index];
    if (column === undefined) throw new Error('invariant broken: a subquery without its column');
    const expr = fit(makeVar(state, column, 0, -1), index);
    return { ...entry, expr, resno: index + 1, sortGroupRef: 0, originTable: 0, originColumn: 0, junk: false };
  });
  return makeQuery(state, 'select', { targetList });
}
