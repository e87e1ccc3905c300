// The common type of several expressions: UNION, CASE, COALESCE, GREATEST, ARRAY, VALUES, IN lists (manual, section 10.5).
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { Expression } from '../../trees/expression.js';
import { expressionLocation, expressionType, expressionTypmod } from '../../trees/expression-type.js';
import type { ParseState } from '../parse-state.js';
import { formatType } from '../type-names.js';
import { typeOid } from '../type-oids.js';
import { coerceImplicitly } from './coerce.js';
import { canCoerce } from './pathway.js';
import { baseType, category } from './type-facts.js';

/** The common type, and the expression that decided it (for error locations). `construct` null: 0 instead of an error. */
export function selectCommonType(
  state: ParseState,
  expressions: readonly Expression[],
  construct: string | null,
): { readonly type: number; readonly decider: Expression | undefined } {
  const catalog = state.context.catalog;
  let decider = expressions[0];
  if (decider === undefined) return { type: typeOid.text, decider };
  const first = expressionType(decider);
  if (first !== typeOid.unknown && expressions.every((expression) => expressionType(expression) === first)) {
    return { type: first, decider };
  }
  let chosen = baseType(catalog, first);
  for (const expression of expressions.slice(1)) {
    const next = baseType(catalog, expressionType(expression));
    if (next === typeOid.unknown || next === chosen) continue;
    if (chosen === typeOid.unknown) {
      chosen = next;
      decider = expression;
    } else if (category(catalog, next) !== category(catalog, chosen)) {
      if (construct === null) return { type: 0, decider };
      throw pgError(
        SqlState.datatypeMismatch,
        `${construct} types ${formatType(catalog, chosen)} and ${formatType(catalog, next)} cannot be matched`,
        { location: expressionLocation(expression) },
      );
    } else if (
      !catalog.typeByOid(chosen).isPreferred &&
      canCoerce(catalog, [chosen], [next], 'implicit') &&
      !canCoerce(catalog, [next], [chosen], 'implicit')
    ) {
      chosen = next;
      decider = expression;
    }
  }
  return { type: chosen === typeOid.unknown ? typeOid.text : chosen, decider };
}

/** Coerces one of the expressions to the common type. Throws 42846 `CASE could not convert type x to y`. */
export function coerceToCommonType(
  state: ParseState,
  expression: Expression,
  type: number,
  construct: string,
): Expression {
  const catalog = state.context.catalog;
  const from = expressionType(expression);
  if (from === type) return expression;
  if (!canCoerce(catalog, [from], [type], 'implicit')) {
    throw pgError(
      SqlState.cannotCoerce,
      `${construct} could not convert type ${formatType(catalog, from)} to ${formatType(catalog, type)}`,
      { location: expressionLocation(expression) },
    );
  }
  return coerceImplicitly(state, expression, type);
}

/** True where every expression can implicitly become the type (IN lists). */
export function verifyCommonType(state: ParseState, type: number, expressions: readonly Expression[]): boolean {
  return expressions.every((expression) =>
    canCoerce(state.context.catalog, [expressionType(expression)], [type], 'implicit'),
  );
}

/** The modifier on which all agree, else -1. */
export function commonTypmod(expressions: readonly Expression[], type: number): number {
  let typmod = -1;
  let first = true;
  for (const expression of expressions) {
    if (expressionType(expression) !== type) return -1;
    const own = expressionTypmod(expression);
    if (first) typmod = own;
    else if (own !== typmod) return -1;
    first = false;
  }
  return typmod;
}
