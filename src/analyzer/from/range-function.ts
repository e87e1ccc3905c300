// Functions in FROM: ROWS FROM, WITH ORDINALITY, column definition lists, and the columns that a function's result has.
import type { Node, RangeFunction } from '@pgsql/types';
import { notSupported, pgError, SqlState } from '../../errors/pg-error.js';
import { stringsOf } from '../../trees/ast.js';
import type { Expression } from '../../trees/expression.js';
import {
  expressionCollation,
  expressionLocation,
  expressionType,
  expressionTypmod,
} from '../../trees/expression-type.js';
import type { RangeTableFunction } from '../../trees/query.js';
import { compositeOf } from '../coercion/type-facts.js';
import { assignExpressionCollations } from '../collations.js';
import { figureColumnName } from '../column-names.js';
import { analyzeExpr } from '../expressions/expression.js';
import { hasLocalVariables } from '../local-variables.js';
import { type NamespaceItem, type ParseState, withKind } from '../parse-state.js';
import { addFunctions, boundAlias } from '../range-table.js';
import { functionColumns } from '../record-columns.js';
import { columnCollation, formatType, resolveTypeName } from '../type-names.js';
import { typeOid } from '../type-oids.js';

interface Called {
  readonly expr: Expression;
  readonly name: string;
  readonly definitions: readonly Node[];
}

/** Binds a function item of FROM. */
export function analyzeRangeFunction(state: ParseState, range: RangeFunction): NamespaceItem {
  const called: Called[] = [];
  const savedLateral = state.lateralActive;
  state.lateralActive = true;
  try {
    withKind(state, 'fromFunction', () => {
      for (const pair of range.functions ?? []) {
        const items = 'List' in pair ? (pair.List.items ?? []) : [];
        const [fn, definitions] = items;
        if (fn === undefined) continue;
        const list = definitions !== undefined && 'List' in definitions ? (definitions.List.items ?? []) : [];
        for (const single of splitUnnest(fn, list)) called.push(bindFunction(state, single, list));
      }
    });
  } finally {
    state.lateralActive = savedLateral;
  }
  const outer = range.coldeflist ?? [];
  if (outer.length > 0) {
    checkDefinitionList(range, called, outer);
    const [only] = called;
    if (only !== undefined) called[0] = { ...only, definitions: outer };
  }
  const alias = boundAlias(range.alias);
  for (const { expr } of called) assignExpressionCollations(state, expr);
  const functions = called.map((item) => resultColumns(state, item, called.length, alias?.name ?? null));
  const lateral = range.lateral === true || called.some(({ expr }) => hasLocalVariables(expr) !== null);
  return addFunctions(state, functions, alias, {
    name: called[0]?.name ?? '',
    withOrdinality: range.ordinality === true,
    lateral,
  });
}

/** unnest(a, b) is ROWS FROM (unnest(a), unnest(b)). */
function splitUnnest(node: Node, definitions: readonly Node[]): Node[] {
  if (!('FuncCall' in node)) return [node];
  const call = node.FuncCall;
  const names = stringsOf(call.funcname);
  const args = call.args ?? [];
  const plain =
    names.length === 1 &&
    names[0] === 'unnest' &&
    args.length > 1 &&
    call.agg_order === undefined &&
    call.agg_filter === undefined &&
    call.over === undefined &&
    call.agg_star !== true &&
    call.agg_distinct !== true &&
    call.func_variadic !== true &&
    definitions.length === 0;
  if (!plain) return [node];
  return args.map((arg) => ({
    FuncCall: { ...call, funcname: [{ String: { sval: 'pg_catalog' } }, { String: { sval: 'unnest' } }], args: [arg] },
  }));
}

function bindFunction(state: ParseState, node: Node, definitions: readonly Node[]): Called {
  const lastSet = state.lastTargetSet;
  const expr = analyzeExpr(state, node);
  if (state.lastTargetSet !== lastSet && state.lastTargetSet !== expr) {
    throw pgError(SqlState.featureNotSupported, 'set-returning functions must appear at top level of FROM', {
      location: expressionLocation(state.lastTargetSet),
    });
  }
  return { expr, name: figureColumnName(node), definitions };
}

function checkDefinitionList(range: RangeFunction, called: readonly Called[], outer: readonly Node[]): void {
  const [first] = outer;
  const location = first !== undefined && 'ColumnDef' in first ? (first.ColumnDef.location ?? 0) : -1;
  const refuse = (message: string, hint?: string): Error => pgError(SqlState.syntaxError, message, { hint, location });
  if (called.length !== 1) {
    throw range.is_rowsfrom === true
      ? refuse(
          'ROWS FROM() with multiple functions cannot have a column definition list',
          'Put a separate column definition list for each function inside ROWS FROM().',
        )
      : refuse(
          'UNNEST() with multiple arguments cannot have a column definition list',
          'Use separate UNNEST() calls inside ROWS FROM(), and attach a column definition list to each one.',
        );
  }
  if (range.ordinality === true) {
    throw refuse(
      'WITH ORDINALITY cannot be used with a column definition list',
      'Put the column definition list inside ROWS FROM().',
    );
  }
  if ((called[0]?.definitions.length ?? 0) > 0) {
    throw refuse('multiple column definition lists are not allowed for the same function');
  }
}

function resultColumns(
  state: ParseState,
  called: Called,
  functionCount: number,
  aliasName: string | null,
): RangeTableFunction {
  const catalog = state.context.catalog;
  const { expr, definitions } = called;
  const type = expressionType(expr);
  const composite = compositeOf(catalog, type);
  const outColumns = expr.kind === 'FuncExpr' && composite === null ? functionColumns(catalog, expr) : null;
  const isRecord = type === typeOid.record;
  if (definitions.length > 0) return definedColumns(state, called, isRecord && outColumns === null, composite !== null);
  if (composite !== null) {
    const relation = catalog.requireRelation(composite.relation);
    return {
      expr,
      columnCount: relation.attributes.length,
      columnNames: relation.attributes.map((attribute) => (attribute.isDropped ? '' : attribute.name)),
      columnTypes: relation.attributes.map((attribute) => (attribute.isDropped ? 0 : attribute.type)),
      columnTypmods: relation.attributes.map((attribute) => attribute.typmod),
      columnCollations: relation.attributes.map((attribute) => attribute.collation),
      hasDefinitionList: false,
    };
  }
  if (isRecord && outColumns !== null) {
    return {
      expr,
      columnCount: outColumns.length,
      columnNames: outColumns.map((column) => column.name),
      columnTypes: outColumns.map((column) => column.type),
      columnTypmods: outColumns.map((column) => column.typmod),
      columnCollations: outColumns.map((column) => column.collation),
      hasDefinitionList: false,
    };
  }
  if (isRecord) {
    throw pgError(SqlState.syntaxError, 'a column definition list is required for functions returning "record"', {
      location: expressionLocation(expr),
    });
  }
  const descriptor = catalog.typeByOid(type);
  if (descriptor.kind === 'p' && type !== typeOid.void && type !== typeOid.cstring && type !== typeOid.unknown) {
    throw pgError(
      SqlState.datatypeMismatch,
      `function "${called.name}" in FROM has unsupported return type ${formatType(catalog, type)}`,
      {
        location: expressionLocation(expr),
      },
    );
  }
  const single = outColumns !== null && outColumns.length === 1 ? outColumns[0]?.name : undefined;
  const named = single !== undefined && !single.startsWith('column') ? single : null;
  return {
    expr,
    columnCount: 1,
    columnNames: [named ?? (functionCount === 1 && aliasName !== null ? aliasName : called.name)],
    columnTypes: [type],
    columnTypmods: [expressionTypmod(expr)],
    columnCollations: [expressionCollation(expr)],
    hasDefinitionList: false,
  };
}

function definedColumns(state: ParseState, called: Called, fits: boolean, isComposite: boolean): RangeTableFunction {
  const [first] = called.definitions;
  const location = first !== undefined && 'ColumnDef' in first ? (first.ColumnDef.location ?? 0) : -1;
  if (!fits) {
    const isRecord = expressionType(called.expr) === typeOid.record;
    const message = isRecord
      ? 'a column definition list is redundant for a function with OUT parameters'
      : isComposite
        ? 'a column definition list is redundant for a function returning a named composite type'
        : 'a column definition list is only allowed for functions returning "record"';
    throw pgError(SqlState.syntaxError, message, { location });
  }
  const columnNames: string[] = [];
  const columnTypes: number[] = [];
  const columnTypmods: number[] = [];
  const columnCollations: number[] = [];
  for (const item of called.definitions) {
    if (!('ColumnDef' in item)) throw notSupported('this form of column definition list');
    const definition = item.ColumnDef;
    const { type, typmod } = resolveTypeName(state.context, definition.typeName ?? {});
    if (definition.typeName?.setof === true) {
      throw pgError(SqlState.invalidTableDefinition, `column "${definition.colname ?? ''}" cannot be declared SETOF`, {
        location: definition.location ?? 0,
      });
    }
    if (columnNames.includes(definition.colname ?? '')) {
      throw pgError(SqlState.duplicateColumn, `column name "${definition.colname ?? ''}" specified more than once`);
    }
    columnNames.push(definition.colname ?? '');
    columnTypes.push(type);
    columnTypmods.push(typmod);
    columnCollations.push(columnCollation(state.context.catalog, definition.collClause, type));
  }
  return {
    expr: called.expr,
    columnCount: columnNames.length,
    columnNames,
    columnTypes,
    columnTypmods,
    columnCollations,
    hasDefinitionList: true,
  };
}
