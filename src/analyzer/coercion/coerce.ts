// Coercing bound expressions: literals through their type's input function, everything else by the pathway that
// `pathway.ts` finds; type modifiers, domains, rows. PostgreSQL's coerce_type and its companions.
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { CoercionForm, Const, Expression } from '../../trees/expression.js';
import {
  expressionCollation,
  expressionLocation,
  expressionType,
  expressionTypmod,
} from '../../trees/expression-type.js';
import type { Value } from '../../types/value.js';
import { type ParseState, rteOf, stateAt, type Mutable } from '../parse-state.js';
import { coerceParameter } from '../parameters.js';
import { expandItem, namespaceItem } from '../range-table.js';
import { atLocation, formatType } from '../type-names.js';
import { typeOid } from '../type-oids.js';
import {
  canCoerce,
  type CoercionContext,
  coercionPathway,
  inheritsFrom,
  isComplexArray,
  type Pathway,
  typmodCoercion,
} from './pathway.js';
import { baseType, baseTypeAndTypmod, compositeOf, elementType, isCollatable, isComplex } from './type-facts.js';

/** How a coercion was asked for, and how it is to be printed. */
export interface CoercionWish {
  readonly context: CoercionContext;
  readonly form: CoercionForm;
  readonly location: number;
}

const implicitWish: CoercionWish = { context: 'implicit', form: 'implicitCast', location: -1 };

/** Coerces to a type and modifier; null where there is no way in that context. */
export function coerceToTarget(
  state: ParseState,
  expression: Expression,
  type: number,
  typmod: number,
  wish: CoercionWish,
): Expression | null {
  const catalog = state.context.catalog;
  const from = expressionType(expression);
  if (!canCoerce(catalog, [from], [type], wish.context)) return null;
  let inner = expression;
  while (inner.kind === 'CollateExpr') inner = inner.arg;
  let result = coerceType(state, inner, type, typmod, wish);
  result = coerceTypmod(state, result, type, typmod, wish, result !== inner && result.kind !== 'Const');
  if (inner !== expression && expression.kind === 'CollateExpr' && isCollatable(catalog, type)) {
    return { kind: 'CollateExpr', arg: result, collation: expression.collation, location: expression.location };
  }
  return result;
}

/** Coerces to a type, without its modifier. The caller has made sure with `canCoerce` that there is a way. */
export function coerceType(
  state: ParseState,
  expression: Expression,
  target: number,
  targetTypmod: number,
  wish: CoercionWish,
): Expression {
  const catalog = state.context.catalog;
  const from = expressionType(expression);
  if (target === from) return expression;
  switch (target) {
    case typeOid.any:
    case typeOid.anyelement:
    case typeOid.anynonarray:
    case typeOid.anycompatible:
    case typeOid.anycompatiblenonarray:
      return expression;
    case typeOid.anyarray:
    case typeOid.anyenum:
    case typeOid.anyrange:
    case typeOid.anymultirange:
    case typeOid.anycompatiblearray:
    case typeOid.anycompatiblerange:
    case typeOid.anycompatiblemultirange:
      if (from !== typeOid.unknown) {
        const base = baseType(catalog, from);
        return base === from ? expression : relabel(expression, base, -1, expressionCollation(expression), wish);
      }
      break;
    default:
      break;
  }
  if (from === typeOid.unknown && expression.kind === 'Const')
    return coerceLiteral(state, expression, target, targetTypmod, wish);
  if (expression.kind === 'Param') {
    const known = coerceParameter(state, expression, target, wish.location);
    if (known !== null) return known;
  }
  if (expression.kind === 'CollateExpr') {
    const arg = coerceType(state, expression.arg, target, targetTypmod, wish);
    return { kind: 'CollateExpr', arg, collation: expression.collation, location: expression.location };
  }
  const path = coercionPathway(catalog, target, from, wish.context);
  if (path.kind !== 'none') return alongPath(state, expression, path, target, targetTypmod, wish);
  if (from === typeOid.record && isComplex(catalog, target)) return coerceRecord(state, expression, target, wish);
  if (target === typeOid.record && isComplex(catalog, from)) return expression;
  if (target === typeOid.recordArray && isComplexArray(catalog, from)) return expression;
  if (inheritsFrom(catalog, from, target)) {
    const base = baseType(catalog, from);
    const arg = base === from ? expression : relabel(expression, base, -1, 0, { ...wish, form: 'implicitCast' });
    return { kind: 'ConvertRowtypeExpr', arg, type: target, form: wish.form, location: wish.location };
  }
  throw pgError(
    SqlState.internalError,
    `failed to find conversion function from ${formatType(catalog, from)} to ${formatType(catalog, target)}`,
  );
}

function alongPath(
  state: ParseState,
  expression: Expression,
  path: Pathway,
  target: number,
  targetTypmod: number,
  wish: CoercionWish,
): Expression {
  const catalog = state.context.catalog;
  if (path.kind === 'relabel') {
    const checked = coerceToDomain(state, expression, target, null, wish, false);
    return checked === expression ? relabel(expression, target, -1, 0, wish) : checked;
  }
  const base = baseTypeAndTypmod(catalog, target, targetTypmod);
  const result = buildCoercion(state, expression, path, base.type, base.typmod, wish);
  return base.type === target ? result : coerceToDomain(state, result, target, base, wish, true);
}

/** An unknown literal through the type's input function; modifiers are applied later, save for interval. */
function coerceLiteral(
  state: ParseState,
  literal: Const,
  target: number,
  targetTypmod: number,
  wish: CoercionWish,
): Expression {
  const catalog = state.context.catalog;
  const base = baseTypeAndTypmod(catalog, target, targetTypmod);
  const inputTypmod = base.type === typeOid.interval ? base.typmod : -1;
  const type = catalog.typeByOid(base.type);
  let value: Value = null;
  if (literal.value !== null || type.behaviour.readsNull === true) {
    try {
      value = type.behaviour.input(String(literal.value ?? ''), type, inputTypmod, catalog.io);
    } catch (error) {
      throw atLocation(error, literal.location);
    }
  }
  const constant: Const = {
    kind: 'Const',
    type: base.type,
    typmod: inputTypmod,
    collation: type.collation,
    value,
    location: literal.location,
  };
  return base.type === target ? constant : coerceToDomain(state, constant, target, base, wish, false);
}

/** Applies a type modifier by the type's length coercion. */
export function coerceTypmod(
  state: ParseState,
  expression: Expression,
  type: number,
  typmod: number,
  wish: CoercionWish,
  hideInput: boolean,
): Expression {
  if (typmod === expressionTypmod(expression)) return expression;
  if (hideInput) hideCoercion(expression);
  if (typmod < 0) return applyRelabel(expression, type, -1, wish);
  const path = typmodCoercion(state.context.catalog, type);
  if (path.kind === 'none') return applyRelabel(expression, type, typmod, wish);
  return buildCoercion(
    state,
    expression,
    path.kind === 'array' ? { kind: 'array' } : { kind: 'function', function: path.function },
    type,
    typmod,
    wish,
  );
}

/** Checks a value against a domain's constraints; the value itself where the type is no domain. */
export function coerceToDomain(
  state: ParseState,
  expression: Expression,
  type: number,
  base: { readonly type: number; readonly typmod: number } | null,
  wish: CoercionWish,
  hideInput: boolean,
): Expression {
  const catalog = state.context.catalog;
  const beneath = base ?? baseTypeAndTypmod(catalog, type, -1);
  if (beneath.type === type) return expression;
  if (hideInput) hideCoercion(expression);
  const arg = coerceTypmod(state, expression, beneath.type, beneath.typmod, { ...wish, form: 'implicitCast' }, false);
  return { kind: 'CoerceToDomain', arg, type, typmod: -1, collation: 0, form: wish.form, location: wish.location };
}

function buildCoercion(
  state: ParseState,
  expression: Expression,
  path: Pathway,
  type: number,
  typmod: number,
  wish: CoercionWish,
): Expression {
  const catalog = state.context.catalog;
  if (path.kind === 'function') {
    const fn = catalog.requireFunction(path.function);
    const args: Expression[] = [expression];
    if (fn.argTypes.length >= 2) args.push(makeConst(typeOid.int4, typmod));
    if (fn.argTypes.length === 3) args.push(makeConst(typeOid.bool, wish.context === 'explicit'));
    return {
      kind: 'FuncExpr',
      function: fn.oid,
      type,
      returnsSet: false,
      variadic: false,
      form: wish.form,
      collation: 0,
      inputCollation: 0,
      args,
      location: wish.location,
    };
  }
  if (path.kind === 'array') return buildArrayCoercion(state, expression, type, typmod, wish);
  return { kind: 'CoerceViaIO', arg: expression, type, collation: 0, form: wish.form, location: wish.location };
}

function buildArrayCoercion(
  state: ParseState,
  expression: Expression,
  type: number,
  typmod: number,
  wish: CoercionWish,
): Expression {
  const catalog = state.context.catalog;
  const source = baseTypeAndTypmod(catalog, expressionType(expression), expressionTypmod(expression));
  const test: Expression = {
    kind: 'CaseTestExpr',
    type: elementType(catalog, source.type),
    typmod: source.typmod,
    collation: 0,
  };
  const elementExpr = coerceToTarget(state, test, elementType(catalog, type), typmod, wish);
  if (elementExpr === null) throw new Error('invariant broken: no coercion between array elements');
  return {
    kind: 'ArrayCoerceExpr',
    arg: expression,
    elementExpr,
    type,
    typmod: expressionTypmod(elementExpr),
    collation: 0,
    form: wish.form,
    location: wish.location,
  };
}

/** ROW(...) or a whole-row reference to a named composite type, field by field. */
function coerceRecord(state: ParseState, expression: Expression, target: number, wish: CoercionWish): Expression {
  const catalog = state.context.catalog;
  let fields: readonly Expression[];
  if (expression.kind === 'RowExpr') fields = expression.args;
  else if (expression.kind === 'Var' && expression.attno === 0)
    fields = wholeRowFields(state, expression.varno, expression.levelsUp, expression.location);
  else throw cannotCast(state, expression, target, wish.location);
  const composite = compositeOf(catalog, target);
  const relation = composite === null ? null : catalog.relation(composite.relation);
  if (composite === null || relation === null) throw cannotCast(state, expression, target, wish.location);
  const args: Expression[] = [];
  let next = 0;
  for (const attribute of relation.attributes) {
    if (attribute.isDropped) {
      args.push({ ...makeConst(typeOid.int4, null) });
      continue;
    }
    const field = fields[next++];
    if (field === undefined) throw cannotCast(state, expression, target, wish.location, 'Input has too few columns.');
    const coerced = coerceToTarget(state, field, attribute.type, attribute.typmod, {
      ...wish,
      form: 'implicitCast',
      location: -1,
    });
    if (coerced === null) {
      const detail = `Cannot cast type ${formatType(catalog, expressionType(field))} to ${formatType(catalog, attribute.type)} in column ${next}.`;
      throw cannotCast(state, expression, target, expressionLocation(field), detail);
    }
    args.push(coerced);
  }
  if (next < fields.length) throw cannotCast(state, expression, target, wish.location, 'Input has too many columns.');
  const row: Expression = {
    kind: 'RowExpr',
    args,
    type: composite.oid,
    form: wish.form,
    columnNames: relation.attributes.map((attribute) => attribute.name),
    location: wish.location,
  };
  if (composite.oid === target) return row;
  hideCoercion(row);
  return coerceToDomain(state, row, target, baseTypeAndTypmod(catalog, target, -1), wish, false);
}

function wholeRowFields(state: ParseState, varno: number, levelsUp: number, location: number): readonly Expression[] {
  const level = stateAt(state, levelsUp);
  const item = findNamespaceItem(level, varno);
  if (item !== null) return expandItem(state, item, levelsUp, location).map(({ expr }) => expr);
  const entry = rteOf(state, varno, levelsUp);
  return expandItem(state, namespaceItem(entry, varno, []), levelsUp, location).map(({ expr }) => expr);
}

function findNamespaceItem(level: ParseState, rtIndex: number): ParseState['namespace'][number] | null {
  return level.namespace.find((item) => item.rtIndex === rtIndex) ?? null;
}

function cannotCast(
  state: ParseState,
  expression: Expression,
  target: number,
  location: number,
  detail?: string,
): Error {
  const catalog = state.context.catalog;
  return pgError(
    SqlState.cannotCoerce,
    `cannot cast type ${formatType(catalog, expressionType(expression))} to ${formatType(catalog, target)}`,
    { detail, location: location >= 0 ? location : expressionLocation(expression) },
  );
}

/** A condition: boolean, and not a set. `construct` names the place in the message ("WHERE", "NOT", ...). */
export function coerceToBoolean(state: ParseState, expression: Expression, construct: string): Expression {
  return coerceToSpecific(state, expression, typeOid.bool, construct);
}

/** Coerces by assignment to a type that a construct demands. Throws 42804 where it can't be or is a set. */
export function coerceToSpecific(
  state: ParseState,
  expression: Expression,
  type: number,
  construct: string,
  typmod = -1,
): Expression {
  const catalog = state.context.catalog;
  const from = expressionType(expression);
  let result = expression;
  if (from !== type) {
    const coerced = coerceToTarget(state, expression, type, typmod, { ...implicitWish, context: 'assignment' });
    if (coerced === null) {
      throw pgError(
        SqlState.datatypeMismatch,
        `argument of ${construct} must be type ${formatType(catalog, type)}, not type ${formatType(catalog, from)}`,
        { location: expressionLocation(expression) },
      );
    }
    result = coerced;
  }
  if (returnsSet(result)) {
    throw pgError(SqlState.datatypeMismatch, `argument of ${construct} must not return a set`, {
      location: expressionLocation(result),
    });
  }
  return result;
}

/** Implicit coercion to a type that the caller knows to be reachable. */
export function coerceImplicitly(state: ParseState, expression: Expression, type: number): Expression {
  return coerceType(state, expression, type, -1, implicitWish);
}

/** True where the expression's top function or operator returns a set. */
export function returnsSet(expression: Expression): boolean {
  return (expression.kind === 'FuncExpr' || expression.kind === 'OpExpr') && expression.returnsSet;
}

/** A constant of a type without collation. */
export function makeConst(type: number, value: Value): Const {
  return { kind: 'Const', type, typmod: -1, collation: 0, value, location: -1 };
}

function relabel(arg: Expression, type: number, typmod: number, collation: number, wish: CoercionWish): Expression {
  return { kind: 'RelabelType', arg, type, typmod, collation, form: wish.form, location: wish.location };
}

/** Relabels, merging with a relabelling that is there already; constants are changed in place of being wrapped. */
function applyRelabel(expression: Expression, type: number, typmod: number, wish: CoercionWish): Expression {
  let inner = expression;
  while (inner.kind === 'RelabelType') inner = inner.arg;
  const collation = expressionCollation(expression);
  if (inner.kind === 'Const') {
    return { ...inner, type, typmod, collation };
  }
  if (
    expressionType(inner) === type &&
    expressionTypmod(inner) === typmod &&
    expressionCollation(inner) === collation
  ) {
    return inner;
  }
  return relabel(inner, type, typmod, collation, wish);
}

/** Marks a coercion as unwritten, so that only the outer one of two for the same cast is printed. */
function hideCoercion(expression: Expression): void {
  if ('form' in expression) (expression as Mutable<typeof expression>).form = 'implicitCast';
}
