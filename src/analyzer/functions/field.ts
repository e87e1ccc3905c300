// Selecting a field of a row value: (x).f, f(x), and x.f where x is a composite column.
import { pgError, SqlState, type PgError } from '../../errors/pg-error.js';
import type { Expression } from '../../trees/expression.js';
import { expressionType } from '../../trees/expression-type.js';
import type { TypeAttribute } from '../../types/type-descriptor.js';
import { baseTypeAndTypmod, compositeOf, isRowType } from '../coercion/type-facts.js';
import { scanItem } from '../names.js';
import { type ParseState, stateAt } from '../parse-state.js';
import { recordColumns } from '../record-columns.js';
import { formatType } from '../type-names.js';
import { typeOid } from '../type-oids.js';

/** Field `name` of a row value; null where the value has none of that name. */
export function selectField(state: ParseState, value: Expression, name: string, location: number): Expression | null {
  // A whole-row reference: take the column itself, which also finds system columns and keeps its collation.
  if (value.kind === 'Var' && value.attno === 0) {
    const level = stateAt(state, value.levelsUp);
    const item = level.namespace.find((candidate) => candidate.rtIndex === value.varno);
    if (item !== undefined) {
      const column = scanItem(state, item, value.levelsUp, name, location);
      return column === null ? null : column;
    }
  }
  const field = rowFields(state, value).find((candidate) => candidate.name === name);
  if (field === undefined) return null;
  return {
    kind: 'FieldSelect',
    arg: value,
    fieldNumber: field.number,
    type: field.type,
    typmod: field.typmod,
    collation: field.collation,
  };
}

/** The fields of a row value: of its composite type, or of an anonymous record whose columns can be traced. */
export function rowFields(state: ParseState, value: Expression): readonly TypeAttribute[] {
  const catalog = state.context.catalog;
  const type = expressionType(value);
  const composite = compositeOf(catalog, type);
  if (composite !== null) return composite.attributes;
  return type === typeOid.record ? (recordColumns(state, value) ?? []) : [];
}

/** 42703 / 42809 for a field that a value hasn't. */
export function unknownField(state: ParseState, value: Expression, name: string, location: number): PgError {
  const catalog = state.context.catalog;
  const type = expressionType(value);
  if (value.kind === 'Var' && value.attno === 0) {
    const entry = stateAt(state, value.levelsUp).rangeTable[value.varno - 1];
    return pgError(SqlState.undefinedColumn, `column ${entry?.eref.name ?? ''}.${name} does not exist`, { location });
  }
  const base = baseTypeAndTypmod(catalog, type, -1).type;
  if (compositeOf(catalog, base) !== null) {
    return pgError(SqlState.undefinedColumn, `column "${name}" not found in data type ${formatType(catalog, type)}`, {
      location,
    });
  }
  if (type === typeOid.record) {
    return pgError(SqlState.undefinedColumn, `could not identify column "${name}" in record data type`, { location });
  }
  return pgError(
    SqlState.wrongObjectType,
    `column notation .${name} applied to type ${formatType(catalog, type)}, which is not a composite type`,
    { location },
  );
}

/** Throws 42809 where a value is no row: (x).* . */
export function requireRow(state: ParseState, value: Expression, location: number): void {
  const catalog = state.context.catalog;
  const type = expressionType(value);
  if (isRowType(catalog, type)) return;
  throw pgError(SqlState.wrongObjectType, `type ${formatType(catalog, type)} is not composite`, { location });
}
