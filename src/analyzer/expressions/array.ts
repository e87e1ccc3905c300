// ARRAY[...]: elements brought to a common type, or to the type of a cast around it.
import type { A_ArrayExpr } from '@pgsql/types';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { Expression } from '../../trees/expression.js';
import { expressionLocation, expressionType } from '../../trees/expression-type.js';
import { coerceToTarget } from '../coercion/coerce.js';
import { coerceToCommonType, selectCommonType } from '../coercion/common-type.js';
import { arrayType, elementType } from '../coercion/type-facts.js';
import type { ParseState } from '../parse-state.js';
import { formatType } from '../type-names.js';
import { typeOid } from '../type-oids.js';
import { analyzeExpr } from './expression.js';

/** The array type that a cast gives to a constructor beneath it. */
export interface ArrayTarget {
  readonly array: number;
  readonly element: number;
  readonly typmod: number;
}

/** Binds an array constructor. Throws 42P18 for an empty one without a cast. */
export function analyzeArray(state: ParseState, node: A_ArrayExpr, target: ArrayTarget | null): Expression {
  const catalog = state.context.catalog;
  const location = node.location ?? 0;
  let multidimensional = false;
  const elements = (node.elements ?? []).map((item) => {
    if ('A_ArrayExpr' in item) {
      multidimensional = true;
      return analyzeArray(state, item.A_ArrayExpr, target);
    }
    const element = analyzeExpr(state, item);
    const type = expressionType(element);
    // The vector types of the catalogs are elements, not dimensions.
    const isVector = type === typeOid.int2vector || type === typeOid.oidvector;
    if (!isVector && elementType(catalog, type) !== 0) multidimensional = true;
    return element;
  });
  if (target !== null) {
    const wanted = multidimensional ? target.array : target.element;
    const coerced = elements.map((element) => {
      const result = coerceToTarget(state, element, wanted, target.typmod, {
        context: 'explicit',
        form: 'explicitCast',
        location: -1,
      });
      if (result !== null) return result;
      throw pgError(
        SqlState.cannotCoerce,
        `cannot cast type ${formatType(catalog, expressionType(element))} to ${formatType(catalog, wanted)}`,
        { location: expressionLocation(element) },
      );
    });
    return make(target.array, target.element, coerced, multidimensional, location);
  }
  if (elements.length === 0) {
    throw pgError(SqlState.indeterminateDatatype, 'cannot determine type of empty array', {
      hint: 'Explicitly cast to the desired type, for example ARRAY[]::integer[].',
      location,
    });
  }
  const { type } = selectCommonType(state, elements, 'ARRAY');
  const element = multidimensional ? elementType(catalog, type) : type;
  const array = multidimensional ? type : arrayType(catalog, type);
  if (element === 0) {
    throw pgError(SqlState.undefinedObject, `could not find element type for data type ${formatType(catalog, type)}`, {
      location,
    });
  }
  if (array === 0) {
    throw pgError(SqlState.undefinedObject, `could not find array type for data type ${formatType(catalog, type)}`, {
      location,
    });
  }
  const coerced = elements.map((item) => coerceToCommonType(state, item, type, 'ARRAY'));
  return make(array, element, coerced, multidimensional, location);
}

function make(
  type: number,
  element: number,
  elements: readonly Expression[],
  multidimensional: boolean,
  location: number,
): Expression {
  return { kind: 'ArrayExpr', type, collation: 0, elementType: element, elements, multidimensional, location };
}
