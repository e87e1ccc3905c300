// Column references: a, t.a, s.t.a, db.s.t.a, whole rows (t, t.*), fields of composite columns (a.f is looked at as f(a)).
import type { ColumnRef, Node } from '@pgsql/types';
import { type PgError, pgError, SqlState } from '../../errors/pg-error.js';
import { nameListText, stringOf } from '../../trees/ast.js';
import type { Expression } from '../../trees/expression.js';
import { expressionType } from '../../trees/expression-type.js';
import { isRowType } from '../coercion/type-facts.js';
import { analyzeCall } from '../functions/call.js';
import { selectField } from '../functions/field.js';
import { findColumn, findItem, missingColumn, missingItem, scanItem } from '../names.js';
import { makeVar, type NamespaceItem, nullingRelsOf, type ParseState, stateAt } from '../parse-state.js';
import { expandItem, markSelected } from '../range-table.js';
import { typeOid } from '../type-oids.js';

/** Binds a column reference. Throws 42703, 42702, 42P01, ... */
export function analyzeColumnRef(state: ParseState, ref: ColumnRef): Expression {
  const location = ref.location ?? 0;
  if (state.expressionKind === 'columnDefault') {
    throw pgError(SqlState.featureNotSupported, 'cannot use column reference in DEFAULT expression', { location });
  }
  const fields = ref.fields ?? [];
  const names = fields.filter((field) => !('A_Star' in field)).map(stringOf);
  if (names.length === 1 && names[0] === 'value' && fields.length === 1 && state.domainValue !== null) {
    return { ...state.domainValue, location } as Expression;
  }
  const { resolveName, nameConflict } = state.context;
  if (nameConflict === 'variable') {
    const variable = resolveName?.(names, location, false) ?? null;
    if (variable !== null) return variable;
  }
  const found =
    fields.length === 1 ? unqualified(state, names[0] ?? '', location) : qualified(state, fields, names, location);
  if (!(found instanceof Error)) {
    if (nameConflict === 'error' && (resolveName?.(names, location, false) ?? null) !== null) {
      throw pgError(SqlState.ambiguousColumn, `column reference "${nameListText(names)}" is ambiguous`, {
        detail: 'It could refer to either a PL/pgSQL variable or a table column.',
        location,
      });
    }
    return found;
  }
  const resolved = state.context.resolveName?.(names, location) ?? null;
  if (resolved !== null) return resolved;
  if (names.length > 1 && nameConflict === undefined) {
    // A field of a composite variable or argument.
    const owner = state.context.resolveName?.(names.slice(0, -1), location) ?? null;
    const field = owner === null ? null : selectField(state, owner, names[names.length - 1] ?? '', location);
    if (field !== null) return field;
  }
  throw found;
}

function unqualified(state: ParseState, name: string, location: number): Expression | PgError {
  const column = findColumn(state, name, false, location);
  if (column !== null) return column;
  const found = findItem(state, name, 0, location);
  if (found !== null) return wholeRow(state, found.item, found.levelsUp, location);
  return missingColumn(state, null, name, location);
}

function qualified(
  state: ParseState,
  fields: readonly Node[],
  names: readonly string[],
  location: number,
): Expression | PgError {
  const catalog = state.context.catalog;
  const last = fields[fields.length - 1];
  const star = last !== undefined && 'A_Star' in last;
  const qualifiers = star ? names : names.slice(0, -1);
  const column = star ? '' : (names[names.length - 1] ?? '');
  if (qualifiers.length > 3) {
    return pgError(
      SqlState.syntaxError,
      `improper qualified name (too many dotted names): ${nameListText(names)}${star ? '.*' : ''}`,
      { location },
    );
  }
  if (qualifiers.length === 3 && qualifiers[0] !== catalog.databaseName) {
    return pgError(
      SqlState.featureNotSupported,
      `cross-database references are not implemented: ${nameListText(names)}${star ? '.*' : ''}`,
      { location },
    );
  }
  const name = qualifiers[qualifiers.length - 1] ?? '';
  const schema = qualifiers.length > 1 ? (qualifiers[qualifiers.length - 2] ?? '') : null;
  const found = findQualifiedItem(state, schema, name, location);
  if (found === null) {
    return missingItem(state, schema === null ? { relname: name } : { relname: name, schemaname: schema }, location);
  }
  if (star) return wholeRow(state, found.item, found.levelsUp, location);
  const variable = scanItem(state, found.item, found.levelsUp, column, location);
  if (variable !== null) return variable;
  // A function of the row, in column notation.
  const row = wholeRow(state, found.item, found.levelsUp, location);
  const called = analyzeCall(state, {
    names: [column],
    args: [row],
    raw: null,
    isProcedureCall: false,
    withinGroupCount: 0,
    filter: null,
    lastSet: state.lastTargetSet,
    location,
  });
  return called ?? missingColumn(state, name, column, location);
}

/** Finds a FROM item by its possibly schema-qualified name. */
export function findQualifiedItem(
  state: ParseState,
  schema: string | null,
  name: string,
  location: number,
): { readonly item: NamespaceItem; readonly levelsUp: number } | null {
  if (schema === null) return findItem(state, name, 0, location);
  const relation = state.context.catalog.findRelation(schema, name);
  return relation === null ? null : findItem(state, name, relation.oid, location);
}

/** A whole-row reference to a FROM item. */
export function wholeRow(state: ParseState, item: NamespaceItem, levelsUp: number, location: number): Expression {
  const catalog = state.context.catalog;
  const { rte, rtIndex } = item;
  if (
    rte.kind === 'join' &&
    rte.usingAlias !== null &&
    item.names.name === rte.usingAlias.name &&
    item.names !== rte.eref
  ) {
    // JOIN USING (...) AS alias: only the merged columns.
    const columns = expandItem(state, item, levelsUp, location);
    for (const { expr } of columns) markSelected(state, expr);
    return {
      kind: 'RowExpr',
      args: columns.map(({ expr }) => expr),
      type: typeOid.record,
      form: 'implicitCast',
      columnNames: columns.map(({ name }) => name),
      location,
    };
  }
  let type: number = typeOid.record;
  if (rte.kind === 'relation') {
    type = catalog.requireRelation(rte.relation).rowType;
  } else if (rte.kind === 'function' && !rte.withOrdinality && rte.functions.length === 1) {
    const [single] = rte.functions;
    if (single !== undefined && !single.hasDefinitionList) {
      const returned = expressionType(single.expr);
      if (isRowType(catalog, returned)) type = returned;
      else {
        const [column] = item.columns;
        if (column !== undefined) return makeVar(state, column, levelsUp, location);
      }
    }
  }
  const variable: Expression = {
    kind: 'Var',
    varno: rtIndex,
    attno: 0,
    type,
    typmod: -1,
    collation: 0,
    levelsUp,
    nullingRels: nullingRelsOf(state, rtIndex, levelsUp),
    location,
  };
  markSelected(state, variable);
  if (rte.kind === 'join') {
    const level = stateAt(state, levelsUp);
    for (const alias of rte.aliasVars)
      if (alias !== null && alias.kind === 'Var') markSelected(level, { ...alias, levelsUp: 0 });
  }
  return variable;
}
