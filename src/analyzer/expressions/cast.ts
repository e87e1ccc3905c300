// CAST, x::t and COLLATE.
import type { CollateClause, TypeCast } from '@pgsql/types';
import { pgError, SqlState } from '../../errors/pg-error.js';
import { stringsOf } from '../../trees/ast.js';
import type { Expression } from '../../trees/expression.js';
import { expressionLocation, expressionType } from '../../trees/expression-type.js';
import { coerceToTarget } from '../coercion/coerce.js';
import { baseTypeAndTypmod, elementType, isCollatable } from '../coercion/type-facts.js';
import type { ParseState } from '../parse-state.js';
import { formatType, resolveCollation, resolveTypeName } from '../type-names.js';
import { typeOid } from '../type-oids.js';
import { analyzeArray } from './array.js';
import { analyzeOptional } from './expression.js';

/** Binds a cast. Throws 42846 where there is none. */
export function analyzeTypeCast(state: ParseState, cast: TypeCast): Expression {
  const catalog = state.context.catalog;
  const target = resolveTypeName(state.context, cast.typeName ?? {});
  let arg: Expression;
  const inner = cast.arg;
  if (inner !== undefined && 'A_ArrayExpr' in inner) {
    // ARRAY[...]::t[]: the elements get the type at once.
    const base = baseTypeAndTypmod(catalog, target.type, target.typmod);
    const element = elementType(catalog, base.type);
    arg = analyzeArray(
      state,
      inner.A_ArrayExpr,
      element === 0 ? null : { array: base.type, element, typmod: base.typmod },
    );
  } else arg = analyzeOptional(state, inner);
  const from = expressionType(arg);
  if (from === 0) return arg;
  let location = cast.location ?? 0;
  if (location < 0) location = cast.typeName?.location ?? 0;
  const result = coerceToTarget(state, arg, target.type, target.typmod, {
    context: 'explicit',
    form: 'explicitCast',
    location,
  });
  if (result !== null) return result;
  throw pgError(
    SqlState.cannotCoerce,
    `cannot cast type ${formatType(catalog, from)} to ${formatType(catalog, target.type)}`,
    {
      location: location >= 0 ? location : expressionLocation(arg),
    },
  );
}

/** Binds x COLLATE c. Throws 42804 for types without collations. */
export function analyzeCollate(state: ParseState, clause: CollateClause): Expression {
  const catalog = state.context.catalog;
  const location = clause.location ?? 0;
  const arg = analyzeOptional(state, clause.arg);
  const type = expressionType(arg);
  if (type !== typeOid.unknown && !isCollatable(catalog, type)) {
    throw pgError(SqlState.datatypeMismatch, `collations are not supported by type ${formatType(catalog, type)}`, {
      location,
    });
  }
  return {
    kind: 'CollateExpr',
    arg,
    collation: resolveCollation(catalog, stringsOf(clause.collname), location),
    location,
  };
}
