// Assigning an expression to a target column: coercion, and a.f = x, a[i] = x, a.f[i].g = x as updates of the whole column.
import type { A_Indices, Node } from '@pgsql/types';
import type { AttributeDescriptor } from '../catalog/descriptors.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { Expression, TargetEntry } from '../trees/expression.js';
import { expressionLocation, expressionType } from '../trees/expression-type.js';
import { coerceToDomain, coerceToTarget } from './coercion/coerce.js';
import { baseTypeAndTypmod, compositeOf } from './coercion/type-facts.js';
import { assignmentType, subscript } from './expressions/subscript.js';
import { makeVar, type Mutable, type NamespaceItem, type ParseState } from './parse-state.js';
import { formatType } from './type-names.js';

/** Where an assigned value goes. */
export interface AssignmentTarget {
  readonly item: NamespaceItem;
  readonly attribute: AttributeDescriptor;
  readonly indirection: readonly Node[];
  /** INSERT starts from a null value, UPDATE from the column's old one. */
  readonly forInsert: boolean;
  readonly location: number;
}

/** The expression as the column's new value. Throws 42804 with PostgreSQL's hint. */
export function assignedExpression(state: ParseState, expression: Expression, target: AssignmentTarget): Expression {
  const catalog = state.context.catalog;
  const { attribute, indirection } = target;
  if (expression.kind === 'SetToDefault') {
    const [first] = indirection;
    if (first !== undefined) {
      const what = 'A_Indices' in first ? 'an array element' : 'a subfield';
      throw pgError(SqlState.featureNotSupported, `cannot set ${what} to DEFAULT`, { location: target.location });
    }
    return { ...expression, type: attribute.type, typmod: attribute.typmod, collation: attribute.collation };
  }
  if (indirection.length > 0) {
    const column = target.item.columns[attribute.number - 1];
    const base: Expression =
      target.forInsert || column === undefined
        ? {
            kind: 'Const',
            type: attribute.type,
            typmod: attribute.typmod,
            collation: attribute.collation,
            value: null,
            location: -1,
          }
        : makeVar(state, column, 0, target.location);
    return assignThrough(state, {
      base,
      name: attribute.name,
      isSubscript: false,
      type: attribute.type,
      typmod: attribute.typmod,
      collation: attribute.collation,
      parts: indirection,
      value: expression,
      location: target.location,
    });
  }
  const from = expressionType(expression);
  const coerced = coerceToTarget(state, expression, attribute.type, attribute.typmod, {
    context: 'assignment',
    form: 'implicitCast',
    location: -1,
  });
  if (coerced !== null) return coerced;
  throw pgError(
    SqlState.datatypeMismatch,
    `column "${attribute.name}" is of type ${formatType(catalog, attribute.type)} but expression is of type ${formatType(catalog, from)}`,
    { hint: 'You will need to rewrite or cast the expression.', location: expressionLocation(expression) },
  );
}

/** Makes an entry the assignment to a column. */
export function assignTo(state: ParseState, entry: TargetEntry, target: AssignmentTarget): void {
  const mutable = entry as Mutable<TargetEntry>;
  mutable.expr = assignedExpression(state, entry.expr, target);
  mutable.resno = target.attribute.number;
  mutable.name = target.attribute.name;
}

export interface Step {
  /** Old value of what is assigned to; null inside a container, where a CaseTestExpr stands for it. */
  readonly base: Expression | null;
  readonly name: string;
  readonly isSubscript: boolean;
  readonly type: number;
  readonly typmod: number;
  readonly collation: number;
  readonly parts: readonly Node[];
  readonly value: Expression;
  readonly location: number;
}

/** A value put into a part of a container or composite, as the new whole value. */
export function assignThrough(state: ParseState, step: Step): Expression {
  const catalog = state.context.catalog;
  const base: Expression = step.base ?? {
    kind: 'CaseTestExpr',
    type: step.type,
    typmod: step.typmod,
    collation: step.collation,
  };
  const indices: A_Indices[] = [];
  let next = 0;
  while (next < step.parts.length) {
    const part = step.parts[next];
    if (part === undefined || !('A_Indices' in part)) break;
    indices.push(part.A_Indices);
    next++;
  }
  const rest = step.parts.slice(next);
  if (indices.length > 0) return assignSubscripts(state, step, base, indices, rest);
  const [field] = rest;
  if (field === undefined) return coerceLast(state, step);
  if ('A_Star' in field) {
    throw pgError(SqlState.featureNotSupported, 'row expansion via "*" is not supported here', {
      location: step.location,
    });
  }
  const name = 'String' in field ? (field.String.sval ?? '') : '';
  const composite = compositeOf(catalog, step.type);
  if (composite === null) {
    throw pgError(
      SqlState.datatypeMismatch,
      `cannot assign to field "${name}" of column "${step.name}" because its type ${formatType(catalog, step.type)} is not a composite type`,
      { location: step.location },
    );
  }
  const attribute = composite.attributes.find((candidate) => candidate.name === name);
  if (attribute === undefined) {
    throw pgError(
      SqlState.undefinedColumn,
      `cannot assign to field "${name}" of column "${step.name}" because there is no such column in data type ${formatType(catalog, step.type)}`,
      { location: step.location },
    );
  }
  const value = assignThrough(state, {
    ...step,
    base: null,
    name,
    isSubscript: false,
    type: attribute.type,
    typmod: attribute.typmod,
    collation: attribute.collation,
    parts: rest.slice(1),
  });
  const stored: Expression = {
    kind: 'FieldStore',
    arg: base,
    newValues: [value],
    fieldNumbers: [attribute.number],
    type: composite.oid,
  };
  if (composite.oid === step.type) return stored;
  return coerceToDomain(state, stored, step.type, baseTypeAndTypmod(catalog, step.type, -1), wish(step), false);
}

function assignSubscripts(
  state: ParseState,
  step: Step,
  base: Expression,
  indices: readonly A_Indices[],
  rest: readonly Node[],
): Expression {
  const catalog = state.context.catalog;
  const container = baseTypeAndTypmod(catalog, step.type, step.typmod);
  // Looked at once without the value, so that errors about the container come first.
  const shape = subscript(state, base, container.type, container.typmod, indices, null);
  const wanted = assignmentType(
    state,
    container.type,
    indices.some((index) => index.is_slice === true),
  );
  const value = assignThrough(state, {
    ...step,
    base: null,
    isSubscript: true,
    type: wanted,
    typmod: container.typmod,
    collation: step.collation,
    parts: rest,
  });
  const assigned: Expression = { ...shape, assignment: value, type: container.type, typmod: container.typmod };
  if (container.type === step.type) return assigned;
  return coerceToDomain(state, assigned, step.type, container, wish(step), false);
}

function coerceLast(state: ParseState, step: Step): Expression {
  const catalog = state.context.catalog;
  const coerced = coerceToTarget(state, step.value, step.type, step.typmod, {
    context: 'assignment',
    form: 'implicitCast',
    location: -1,
  });
  if (coerced !== null) return coerced;
  const from = formatType(catalog, expressionType(step.value));
  const to = formatType(catalog, step.type);
  const message = step.isSubscript
    ? `subscripted assignment to "${step.name}" requires type ${to} but expression is of type ${from}`
    : `subfield "${step.name}" is of type ${to} but expression is of type ${from}`;
  throw pgError(SqlState.datatypeMismatch, message, {
    hint: 'You will need to rewrite or cast the expression.',
    location: step.location,
  });
}

function wish(step: Step): {
  readonly context: 'assignment';
  readonly form: 'implicitCast';
  readonly location: number;
} {
  return { context: 'assignment', form: 'implicitCast', location: step.location };
}
