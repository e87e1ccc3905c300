// The columns of an anonymous record: traced through subqueries, CTEs and joins to where the row is made (a whole-row
// reference, ROW(...), or a function with OUT parameters).
import { notSupported } from '../errors/pg-error.js';
import type { Catalog } from '../catalog/api.js';
import type { Expression, FuncExpr } from '../trees/expression.js';
import { expressionCollation, expressionType, expressionTypmod, outputList } from '../trees/expression-type.js';
import type { Query, RangeTableEntry } from '../trees/query.js';
import type { TypeAttribute } from '../types/type-descriptor.js';
import { enforceGenericConsistency } from './coercion/polymorphic.js';
import type { ParseState } from './parse-state.js';
import { isPolymorphic, typeOid } from './type-oids.js';

/** Columns of a record-typed expression; null where they are known only when it runs. */
export function recordColumns(state: ParseState, value: Expression): readonly TypeAttribute[] | null {
  return trace(state, value, levelsOf(state), 0);
}

/** Range tables from the innermost query outwards. */
interface Level {
  readonly rangeTable: readonly RangeTableEntry[];
  readonly ctes: readonly { readonly name: string; readonly query: Query | null }[];
}

function levelsOf(state: ParseState): Level[] {
  const levels: Level[] = [];
  for (let level: ParseState | null = state; level !== null; level = level.parent) {
    levels.push({
      rangeTable: level.rangeTable,
      ctes: level.ctes.map((cte) => ({ name: cte.name, query: cte.analyzed ? cte.expr.query : null })),
    });
  }
  return levels;
}

function trace(
  state: ParseState,
  value: Expression,
  levels: readonly Level[],
  depth: number,
): readonly TypeAttribute[] | null {
  if (depth > 100) throw notSupported('a record expression nested this deeply');
  if (value.kind === 'RowExpr') {
    return value.args.map((arg, index) => attribute(value.columnNames[index] ?? `f${index + 1}`, index + 1, arg));
  }
  if (value.kind === 'FuncExpr') return functionColumns(state.context.catalog, value);
  if (value.kind !== 'Var') return null;
  const outer = levels.slice(value.levelsUp);
  const entry = outer[0]?.rangeTable[value.varno - 1];
  if (entry === undefined) return null;
  if (value.attno === 0) return wholeRow(entry);
  switch (entry.kind) {
    case 'subquery': {
      const output = visible(entry.subquery)[value.attno - 1];
      return output === undefined ? null : trace(state, output, [levelOf(entry.subquery), ...outer], depth + 1);
    }
    case 'join': {
      const alias = entry.aliasVars[value.attno - 1];
      return alias ? trace(state, alias, outer, depth + 1) : null;
    }
    case 'cte': {
      const owner = outer.slice(entry.cteLevelsUp);
      const query = owner[0]?.ctes.find((cte) => cte.name === entry.cteName)?.query;
      const output = query ? visible(query)[value.attno - 1] : undefined;
      return query && output ? trace(state, output, [levelOf(query), ...owner], depth + 1) : null;
    }
    case 'values': {
      const first = entry.rows[0]?.[value.attno - 1];
      return first === undefined ? null : trace(state, first, outer, depth + 1);
    }
    default:
      return null;
  }
}

function levelOf(query: Query): Level {
  return { rangeTable: query.rangeTable, ctes: query.ctes };
}

function visible(query: Query): readonly Expression[] {
  return outputList(query)
    .filter((entry) => !entry.junk)
    .map((entry) => entry.expr);
}

function wholeRow(entry: RangeTableEntry): readonly TypeAttribute[] | null {
  const names = entry.eref.columns;
  const make = (index: number, type: number, typmod: number, collation: number): TypeAttribute => ({
    name: names[index] ?? `f${index + 1}`,
    number: index + 1,
    type,
    typmod,
    collation,
  });
  switch (entry.kind) {
    case 'subquery':
      return visible(entry.subquery).map((expr, index) =>
        make(index, expressionType(expr), expressionTypmod(expr), expressionCollation(expr)),
      );
    case 'join':
      return entry.aliasVars.map((expr, index) =>
        expr === null
          ? make(index, typeOid.int4, -1, 0)
          : make(index, expressionType(expr), expressionTypmod(expr), expressionCollation(expr)),
      );
    case 'values':
    case 'cte':
    case 'namedTuplestore':
      return entry.columnTypes.map((type, index) =>
        make(index, type, entry.columnTypmods[index] ?? -1, entry.columnCollations[index] ?? 0),
      );
    case 'function': {
      const columns = entry.functions.flatMap((item) =>
        item.columnTypes.map((type, index) => ({
          type,
          typmod: item.columnTypmods[index] ?? -1,
          collation: item.columnCollations[index] ?? 0,
        })),
      );
      if (entry.withOrdinality) columns.push({ type: typeOid.int8, typmod: -1, collation: 0 });
      return columns.map((column, index) => make(index, column.type, column.typmod, column.collation));
    }
    default:
      return null;
  }
}

/** Columns that a call's OUT, INOUT and TABLE parameters define, polymorphic ones resolved; null where it has none. */
export function functionColumns(catalog: Catalog, call: FuncExpr): TypeAttribute[] | null {
  const fn = catalog.function(call.function);
  if (fn === null || fn.allArgTypes === null || fn.argModes === null) return null;
  const actual = call.args.map(expressionType);
  const columns: TypeAttribute[] = [];
  fn.argModes.forEach((mode, index) => {
    if (mode !== 'o' && mode !== 'b' && mode !== 't') return;
    const name = fn.argNames?.[index] ?? '';
    const number = columns.length + 1;
    const declared = fn.allArgTypes?.[index] ?? 0;
    const type = isPolymorphic(declared)
      ? enforceGenericConsistency(catalog, actual, [...fn.argTypes], declared, false)
      : declared;
    columns.push({
      name: name === '' ? `column${number}` : name,
      number,
      type,
      typmod: -1,
      collation: catalog.typeByOid(type).collation,
    });
  });
  return columns.length === 0 ? null : columns;
}

function attribute(name: string, number: number, expr: Expression): TypeAttribute {
  return {
    name,
    number,
    type: expressionType(expr),
    typmod: expressionTypmod(expr),
    collation: expressionCollation(expr),
  };
}
