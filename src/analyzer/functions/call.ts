// Function calls: plain functions, casts and column selections in function form, aggregates, window functions. PostgreSQL's
// ParseFuncOrColumn with its errors.
import type { FuncCall } from '@pgsql/types';
import type { FunctionDescriptor } from '../../catalog/descriptors.js';
import { functionArgumentsMax } from '../../base/limits.js';
import { type PgError, pgError, SqlState } from '../../errors/pg-error.js';
import { nameListText } from '../../trees/ast.js';
import type { Expression, FuncExpr } from '../../trees/expression.js';
import { expressionLocation, expressionType, locationOfList } from '../../trees/expression-type.js';
import { coerceType } from '../coercion/coerce.js';
import { coerceToCommonType, selectCommonType } from '../coercion/common-type.js';
import { enforceGenericConsistency } from '../coercion/polymorphic.js';
import { arrayType, baseElementType, isRowType } from '../coercion/type-facts.js';
import { makeArguments } from '../operators.js';
import type { ParseState } from '../parse-state.js';
import { checkSetPlacement } from '../set-returning.js';
import { formatType } from '../type-names.js';
import { typeOid } from '../type-oids.js';
import { buildAggregate } from './aggregate-call.js';
import { selectField } from './field.js';
import { callSignature, type Resolution, resolveFunction } from './resolve.js';
import { buildWindowCall } from './window-call.js';

export interface CallSite {
  readonly names: readonly string[];
  readonly args: readonly Expression[];
  /** The raw call for its decorations; null for column notation (x.f looked at as f(x)). */
  readonly raw: FuncCall | null;
  /** CALL: only procedures. */
  readonly isProcedureCall: boolean;
  /** WITHIN GROUP columns at the end of `args`. */
  readonly withinGroupCount: number;
  readonly filter: Expression | null;
  readonly lastSet: Expression | null;
  readonly location: number;
}

/** Binds a call. Null only in column notation, where there is no such column or function. */
export function analyzeCall(state: ParseState, site: CallSite): Expression | null {
  const catalog = state.context.catalog;
  const { raw, args, names, location } = site;
  if (args.length > functionArgumentsMax) {
    throw pgError(SqlState.tooManyArguments, `cannot pass more than ${functionArgumentsMax} arguments to a function`, {
      location,
    });
  }
  const argNames = namedArguments(args);
  const actual = args.map(expressionType);
  const only = args[0];
  const mayProject =
    args.length === 1 &&
    only !== undefined &&
    !site.isProcedureCall &&
    isUndecorated(raw) &&
    argNames.length === 0 &&
    names.length === 1 &&
    isRowType(catalog, actual[0] ?? 0);
  if (raw === null && mayProject && only !== undefined) {
    const field = selectField(state, only, names[0] ?? '', location);
    if (field !== null) return field;
  }
  const resolution = resolveFunction(catalog, names, actual, argNames, {
    expandVariadic: raw?.func_variadic !== true,
    expandDefaults: true,
    withOutputs: site.isProcedureCall,
    location,
  });
  if (resolution.kind === 'coercion' && only !== undefined) {
    return coerceType(state, only, resolution.type, -1, { context: 'explicit', form: 'explicitCall', location });
  }
  if (resolution.kind !== 'function') {
    if (raw === null) return null;
    if (resolution.kind === 'none' && mayProject && only !== undefined) {
      const field = selectField(state, only, names[0] ?? '', location);
      if (field !== null) return field;
    }
    throw unresolved(state, site, resolution, actual, argNames);
  }
  checkKind(state, site, resolution.fn);
  return buildCall(state, site, resolution, actual);
}

function buildCall(
  state: ParseState,
  site: CallSite,
  resolution: Extract<Resolution, { kind: 'function' }>,
  actual: readonly number[],
): Expression {
  const catalog = state.context.catalog;
  const { fn, declared } = resolution;
  const allTypes = [...actual, ...resolution.defaults.map(expressionType)];
  const aggregate = fn.kind === 'a' ? catalog.aggregate(fn.oid) : null;
  if (aggregate !== null) checkAggregateForm(state, site, fn, aggregate.kind, aggregate.directArgCount, actual);
  const type = enforceGenericConsistency(catalog, allTypes, declared, fn.returnType, false);
  const given = aggregate?.kind === 'h' ? unifyHypothetical(state, site) : site.args;
  let args: Expression[] = makeArguments(state, given, given.map(expressionType), declared);
  let variadic = site.raw?.func_variadic === true;
  if (resolution.variadicCount > 0 && fn.variadic !== typeOid.any) {
    const fixed = args.length - resolution.variadicCount;
    const elements = args.slice(fixed);
    const first = elements[0];
    const elementOf = first === undefined ? 0 : expressionType(first);
    const array = arrayType(catalog, elementOf);
    if (array === 0) {
      throw pgError(
        SqlState.undefinedObject,
        `could not find array type for data type ${formatType(catalog, elementOf)}`,
        {
          location: locationOfList(elements),
        },
      );
    }
    args = [
      ...args.slice(0, fixed),
      {
        kind: 'ArrayExpr',
        type: array,
        collation: 0,
        elementType: elementOf,
        elements,
        multidimensional: false,
        location: locationOfList(elements),
      },
    ];
    variadic = true;
  }
  checkVariadicAny(state, site, fn, args);
  if (fn.returnsSet) checkSetPlacement(state, site.lastSet, site.location);
  if (fn.kind === 'a' && site.raw !== null && site.raw.over === undefined) {
    return buildAggregate(state, { site, raw: site.raw, fn, type, args, declared, variadic });
  }
  if (fn.kind === 'a' || fn.kind === 'w') return buildWindowCall(state, { site, fn, type, args });
  const call: FuncExpr = {
    kind: 'FuncExpr',
    function: fn.oid,
    type,
    returnsSet: fn.returnsSet,
    variadic,
    form: site.raw?.funcformat === 'COERCE_SQL_SYNTAX' ? 'sqlSyntax' : 'explicitCall',
    collation: 0,
    inputCollation: 0,
    args,
    location: site.location,
  };
  if (fn.returnsSet) state.lastTargetSet = call;
  return call;
}

/** concat(VARIADIC x): x must be an array (42804). */
function checkVariadicAny(
  state: ParseState,
  site: CallSite,
  fn: FunctionDescriptor,
  args: readonly Expression[],
): void {
  if (site.raw?.func_variadic === true && fn.variadic === typeOid.any) {
    const last = args[args.length - 1];
    if (
      last !== undefined &&
      expressionType(last) !== typeOid.unknown &&
      baseElementType(state.context.catalog, expressionType(last)) === 0
    ) {
      throw pgError(SqlState.datatypeMismatch, 'VARIADIC argument must be an array', {
        location: expressionLocation(last),
      });
    }
  }
}

/** rank(x) WITHIN GROUP (ORDER BY y): x and y are brought to one type. */
function unifyHypothetical(state: ParseState, site: CallSite): Expression[] {
  const args = [...site.args];
  const count = site.withinGroupCount;
  const direct = args.length - count;
  for (let index = 0; index < Math.min(count, direct); index++) {
    const left = args[index];
    const right = args[direct + index];
    if (left === undefined || right === undefined) continue;
    const { type } = selectCommonType(state, [right, left], 'WITHIN GROUP');
    args[index] = coerceToCommonType(state, left, type, 'WITHIN GROUP');
    args[direct + index] = coerceToCommonType(state, right, type, 'WITHIN GROUP');
  }
  return args;
}

/** Names of the trailing named arguments. Throws 42601 for positional ones after them and for repeated names. */
function namedArguments(args: readonly Expression[]): string[] {
  const names: string[] = [];
  for (const arg of args) {
    if (arg.kind === 'NamedArgExpr') {
      if (names.includes(arg.name)) {
        throw pgError(SqlState.syntaxError, `argument name "${arg.name}" used more than once`, {
          location: arg.location,
        });
      }
      names.push(arg.name);
    } else if (names.length > 0) {
      throw pgError(SqlState.syntaxError, 'positional argument cannot follow named argument', {
        location: expressionLocation(arg),
      });
    }
  }
  return names;
}

function isUndecorated(raw: FuncCall | null): boolean {
  if (raw === null) return true;
  return (
    raw.agg_order === undefined &&
    raw.agg_filter === undefined &&
    raw.over === undefined &&
    raw.agg_within_group !== true &&
    raw.agg_star !== true &&
    raw.agg_distinct !== true &&
    raw.func_variadic !== true
  );
}

function unresolved(
  state: ParseState,
  site: CallSite,
  resolution: Resolution,
  types: readonly number[],
  argNames: readonly string[],
): PgError {
  const catalog = state.context.catalog;
  const what = site.isProcedureCall ? 'procedure' : 'function';
  const signature = callSignature(catalog, nameListText(site.names), types, argNames);
  const { location } = site;
  if (resolution.kind === 'multiple') {
    return pgError(SqlState.ambiguousFunction, `${what} ${signature} is not unique`, {
      hint: `Could not choose a best candidate ${what}. You might need to add explicit type casts.`,
      location,
    });
  }
  if ((site.raw?.agg_order?.length ?? 0) > 1 && site.raw?.agg_within_group !== true) {
    return pgError(SqlState.undefinedFunction, `function ${signature} does not exist`, {
      hint: 'No aggregate function matches the given name and argument types. Perhaps you misplaced ORDER BY; ORDER BY must appear after all regular arguments of the aggregate.',
      location,
    });
  }
  return pgError(SqlState.undefinedFunction, `${what} ${signature} does not exist`, {
    hint: `No ${what} matches the given name and argument types. You might need to add explicit type casts.`,
    location,
  });
}

/** Decorations that fit the kind of what was found: FILTER, OVER, DISTINCT, ... (42809). */
function checkKind(state: ParseState, site: CallSite, fn: FunctionDescriptor): void {
  const name = nameListText(site.names);
  const signature = () => callSignature(state.context.catalog, name, site.args.map(expressionType));
  const { raw, location } = site;
  const wrong = (message: string, hint?: string): PgError =>
    pgError(SqlState.wrongObjectType, message, { hint, location });
  if (site.isProcedureCall) {
    if (fn.kind !== 'p') throw wrong(`${signature()} is not a procedure`, 'To call a function, use SELECT.');
    return;
  }
  if (fn.kind === 'p') throw wrong(`${signature()} is a procedure`, 'To call a procedure, use CALL.');
  if (fn.kind === 'f' && raw !== null) {
    if (raw.agg_star === true) throw wrong(`${name}(*) specified, but ${name} is not an aggregate function`);
    if (raw.agg_distinct === true) throw wrong(`DISTINCT specified, but ${name} is not an aggregate function`);
    if (raw.agg_within_group === true) throw wrong(`WITHIN GROUP specified, but ${name} is not an aggregate function`);
    if (raw.agg_order !== undefined) throw wrong(`ORDER BY specified, but ${name} is not an aggregate function`);
    if (raw.agg_filter !== undefined) throw wrong(`FILTER specified, but ${name} is not an aggregate function`);
    if (raw.over !== undefined)
      throw wrong(`OVER specified, but ${name} is not a window function nor an aggregate function`);
  }
  if (fn.kind === 'w') {
    if (raw?.over === undefined) throw wrong(`window function ${name} requires an OVER clause`);
    if (raw.agg_within_group === true) throw wrong(`window function ${name} cannot have WITHIN GROUP`);
  }
  if (fn.kind === 'a' && raw !== null) {
    if (site.args.length === 0 && raw.agg_star !== true && raw.agg_within_group !== true) {
      throw wrong(`${name}(*) must be used to call a parameterless aggregate function`);
    }
  }
}

/** Ordered-set and hypothetical-set aggregates: WITHIN GROUP and how many direct arguments (42809, 42883). */
function checkAggregateForm(
  state: ParseState,
  site: CallSite,
  fn: FunctionDescriptor,
  kind: string,
  directCount: number,
  actual: readonly number[],
): void {
  const name = nameListText(site.names);
  const { raw, location } = site;
  if (raw === null) return;
  if (kind === 'n') {
    if (raw.agg_within_group === true) {
      throw pgError(
        SqlState.wrongObjectType,
        `${name} is not an ordered-set aggregate, so it cannot have WITHIN GROUP`,
        { location },
      );
    }
    return;
  }
  if (raw.agg_within_group !== true) {
    throw pgError(SqlState.wrongObjectType, `WITHIN GROUP is required for ordered-set aggregate ${name}`, { location });
  }
  if (raw.over !== undefined) {
    throw pgError(SqlState.featureNotSupported, `OVER is not supported for ordered-set aggregate ${name}`, {
      location,
    });
  }
  const direct = site.args.length - site.withinGroupCount;
  const refuse = (hint: string): PgError =>
    pgError(
      SqlState.undefinedFunction,
      `function ${callSignature(state.context.catalog, name, actual)} does not exist`,
      { hint, location },
    );
  if (fn.variadic === 0) {
    if (direct !== directCount) {
      const plural = directCount === 1 ? 'argument' : 'arguments';
      throw refuse(
        `There is an ordered-set aggregate ${name}, but it requires ${directCount} direct ${plural}, not ${direct}.`,
      );
    }
  } else if (kind === 'h') {
    if (direct !== site.withinGroupCount) {
      throw refuse(
        `To use the hypothetical-set aggregate ${name}, the number of hypothetical direct arguments (here ${direct}) must match the number of ordering columns (here ${site.withinGroupCount}).`,
      );
    }
  } else if (direct < directCount) {
    const plural = directCount === 1 ? 'argument' : 'arguments';
    throw refuse(
      `There is an ordered-set aggregate ${name}, but it requires at least ${directCount} direct ${plural}.`,
    );
  }
}
