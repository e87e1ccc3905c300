// Calls of set-returning functions, for FROM and for target lists: arguments by a compiled program, rows from the
// registry's table functions, SQL functions or procedural languages. A row is a value, or an array of column values.
import type { FunctionDescriptor } from '../catalog/descriptors.js';
import { notSupported } from '../errors/pg-error.js';
import { builtinFunction } from '../functions/registry.js';
import type { Expression } from '../trees/expression.js';
import type { RangeTableFunction } from '../trees/query.js';
import type { RecordField, Row } from '../types/value.js';
import { builtinSymbol, scalarImplementation } from './expressions/calls.js';
import { type RowProgram, type ScalarProgram, compileRow, compileScalar } from './expressions/compile.js';
import type { RowSources } from './expressions/emitter.js';
import { typeOf } from './expressions/type-of.js';
import type { CompileUnit } from './expressions/unit.js';
import { baseType } from './operators.js';
import { procedureRunner } from './services.js';
import { sqlFunctionRows } from './sql-function.js';
import type { RunState } from './state.js';

export type RowSource = Iterable<unknown> | AsyncIterable<unknown>;

export interface SetCall {
  readonly args: RowProgram;
  rows(x: RunState, args: Row): RowSource | Promise<RowSource>;
  /** The function returns a row type: its values are rows of columns. */
  readonly isComposite: boolean;
  /** OUT columns of a function that returns record; empty where its call or type names them. */
  readonly outColumns: readonly RecordField[];
}

/** Compiles a set-returning call; null where the expression is none. */
export function compileSetCall(
  unit: CompileUnit,
  expr: Expression,
  sources: RowSources = {},
  definition: RangeTableFunction | null = null,
): SetCall | null {
  if (expr.kind !== 'FuncExpr' && expr.kind !== 'OpExpr') return null;
  // A built-in function of one row needs its column definition list too (json_to_record).
  if (!expr.returnsSet && definition === null) return null;
  const { catalog } = unit;
  const descriptor = catalog.requireFunction(expr.function);
  if (!expr.returnsSet && scalarImplementation(descriptor, unit) === null) return null;
  const argTypes = expr.args.map((arg) => typeOf(arg, catalog));
  const callSite = unit.addCallSite({
    argTypes: argTypes.map((type) => catalog.typeByOid(type)),
    resultType: catalog.typeByOid(expr.type),
    collation: expr.inputCollation,
    isVariadic: expr.kind === 'FuncExpr' && expr.variadic,
    columns: definition === null ? null : definitionColumns(definition),
  });
  const site = {
    descriptor,
    argTypes,
    resultType: expr.type,
    collation: expr.inputCollation,
    columns: definition === null ? null : definitionColumns(definition),
  };
  const call = (x: RunState, args: Row): RowSource | Promise<RowSource> => {
    if (descriptor.isStrict && args.includes(null)) return expr.returnsSet ? [] : [null];
    const symbol = builtinSymbol(descriptor, { catalog });
    const entry = symbol === null ? undefined : builtinFunction(symbol);
    if (entry?.kind === 'scalar') return [entry.impl(...args, x.c[callSite] ?? x.info(callSite))];
    if (entry?.kind === 'table') return entry.rows(...args, x.c[callSite] ?? x.info(callSite));
    if (descriptor.language === 'sql') return sqlFunctionRows(x, site, args);
    if (symbol === null) return x.context.session.service(procedureRunner).rows(site, args, x.context);
    const types = descriptor.argTypes.map((type) => catalog.io.names.toText('regtype', type)).join(', ');
    throw notSupported(`function ${descriptor.name}(${types})`);
  };
  return {
    args: compileRow(unit, expr.args, sources),
    rows: call,
    isComposite: isRowType(unit, expr.type),
    outColumns: outColumnsOf(descriptor),
  };
}

function outColumnsOf(descriptor: FunctionDescriptor): RecordField[] {
  const modes = descriptor.argModes ?? [];
  const columns: RecordField[] = [];
  for (const [at, mode] of modes.entries()) {
    if (mode !== 'o' && mode !== 'b' && mode !== 't') continue;
    const name = descriptor.argNames?.[at] ?? '';
    columns.push({
      name: name === '' ? `column${columns.length + 1}` : name,
      type: descriptor.allArgTypes?.[at] ?? 0,
      typmod: -1,
    });
  }
  return columns;
}

function definitionColumns(definition: RangeTableFunction) {
  return definition.columnNames.map((name, n) => ({
    name,
    type: definition.columnTypes[n] ?? 0,
    typmod: definition.columnTypmods[n] ?? -1,
  }));
}

export function isRowType(unit: CompileUnit, type: number): boolean {
  const base = baseType(unit.catalog, type);
  return base.kind === 'c' || base.oid === 2249;
}

/** A function in FROM that returns no set: one row. */
export interface ScalarCall {
  readonly program: ScalarProgram;
  readonly isComposite: boolean;
}

export function compileScalarCall(unit: CompileUnit, expr: Expression): ScalarCall {
  return { program: compileScalar(unit, expr), isComposite: isRowType(unit, typeOf(expr, unit.catalog)) };
}

/** A source's iterator, synchronous where the source is. */
export function iterate(source: RowSource): Iterator<unknown> | AsyncIterator<unknown> {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
}
