// Subscripts of arrays and jsonb, for reading and for assignment.
import type { A_Indices } from '@pgsql/types';
import { arrayDimensionsMax } from '../../base/limits.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import { listLocation } from '../../trees/ast.js';
import type { Expression, SubscriptingRef } from '../../trees/expression.js';
import { expressionLocation, expressionType } from '../../trees/expression-type.js';
import { coerceToTarget, makeConst } from '../coercion/coerce.js';
import { canCoerce } from '../coercion/pathway.js';
import { baseTypeAndTypmod } from '../coercion/type-facts.js';
import type { ParseState } from '../parse-state.js';
import { formatType } from '../type-names.js';
import { typeOid } from '../type-oids.js';
import { analyzeExpr } from './expression.js';

/** Binds subscripts of a container; with `assignment` (already of the element's or slice's type) the changed container. */
export function subscript(
  state: ParseState,
  container: Expression,
  type: number,
  typmod: number,
  indices: readonly A_Indices[],
  assignment: Expression | null,
): SubscriptingRef {
  const catalog = state.context.catalog;
  const base = baseTypeAndTypmod(catalog, type, typmod);
  const descriptor = catalog.typeByOid(base.type);
  // oidvector and int2vector are varlena arrays with a fixed meaning: they read like arrays of their elements.
  const isArray =
    descriptor.subscriptHandler === 'array_subscript_handler' ||
    descriptor.subscriptHandler === 'raw_array_subscript_handler';
  if (!isArray && descriptor.subscriptHandler !== 'jsonb_subscript_handler') {
    throw pgError(
      SqlState.datatypeMismatch,
      `cannot subscript type ${formatType(catalog, base.type)} because it does not support subscripting`,
      { location: expressionLocation(container) },
    );
  }
  const isSlice = indices.some((index) => index.is_slice === true);
  if (!isArray && isSlice) {
    const sliced = indices.find((index) => index.is_slice === true);
    throw pgError(SqlState.datatypeMismatch, 'jsonb subscript does not support slices', {
      location: listLocation(
        [sliced?.uidx ?? sliced?.lidx ?? {}].filter((node) => Object.keys(node).length > 0) as never,
      ),
    });
  }
  const upper: (Expression | null)[] = [];
  const lower: (Expression | null)[] = [];
  const bind = isArray ? arrayIndex : jsonbIndex;
  for (const index of indices) {
    if (isSlice) {
      if (index.lidx !== undefined) lower.push(bind(state, index.lidx));
      else lower.push(index.is_slice === true ? null : makeConst(typeOid.int4, 1));
    }
    upper.push(index.uidx === undefined ? null : bind(state, index.uidx));
  }
  if (isArray && indices.length > arrayDimensionsMax) {
    throw pgError(
      SqlState.programLimitExceeded,
      `number of array dimensions (${indices.length}) exceeds the maximum allowed (${arrayDimensionsMax})`,
    );
  }
  // A slice of a vector may break the vector's own rules: it is an ordinary array.
  const isVector = base.type === typeOid.int2vector || base.type === typeOid.oidvector;
  const containerType = isVector ? catalog.typeByOid(descriptor.element).array : base.type;
  const resultType = !isArray || isSlice ? containerType : descriptor.element;
  return {
    kind: 'SubscriptingRef',
    containerType,
    elementType: descriptor.element,
    type: resultType,
    typmod: isArray ? base.typmod : -1,
    collation: 0,
    upper,
    lower,
    container,
    assignment,
    location: expressionLocation(container),
  };
}

/** Type that an assigned value must have: the element's, or the container's for slices and jsonb. */
export function assignmentType(state: ParseState, type: number, isSlice: boolean): number {
  const catalog = state.context.catalog;
  const descriptor = catalog.typeByOid(baseTypeAndTypmod(catalog, type, -1).type);
  const isArray =
    descriptor.subscriptHandler === 'array_subscript_handler' ||
    descriptor.subscriptHandler === 'raw_array_subscript_handler';
  return isArray && !isSlice ? descriptor.element : descriptor.oid;
}

function arrayIndex(state: ParseState, node: Parameters<typeof analyzeExpr>[1]): Expression {
  const bound = analyzeExpr(state, node);
  const result = coerceToTarget(state, bound, typeOid.int4, -1, {
    context: 'assignment',
    form: 'implicitCast',
    location: -1,
  });
  if (result !== null) return result;
  throw pgError(SqlState.datatypeMismatch, 'array subscript must have type integer', {
    location: expressionLocation(bound),
  });
}

function jsonbIndex(state: ParseState, node: Parameters<typeof analyzeExpr>[1]): Expression {
  const catalog = state.context.catalog;
  const bound = analyzeExpr(state, node);
  const type = expressionType(bound);
  let target: number = typeOid.text;
  if (type !== typeOid.unknown) {
    const fitting = [typeOid.int4, typeOid.text].filter((candidate) =>
      canCoerce(catalog, [type], [candidate], 'implicit'),
    );
    const refuse = (hint: string): Error =>
      pgError(SqlState.datatypeMismatch, `subscript type ${formatType(catalog, type)} is not supported`, {
        hint,
        location: expressionLocation(bound),
      });
    if (fitting.length > 1) throw refuse('jsonb subscript must be coercible to only one type, integer or text.');
    if (fitting[0] === undefined) throw refuse('jsonb subscript must be coercible to either integer or text.');
    target = fitting[0];
  }
  return coerceToTarget(state, bound, target, -1, { context: 'implicit', form: 'implicitCast', location: -1 }) ?? bound;
}
