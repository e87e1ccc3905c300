// SQL/JSON constructors and predicates: JSON_OBJECT, JSON_ARRAY, their aggregates, JSON(), JSON_SCALAR, JSON_SERIALIZE, IS JSON.
import type {
  JsonAggConstructor,
  JsonArrayAgg,
  JsonArrayConstructor,
  JsonArrayQueryConstructor,
  JsonFormat,
  JsonIsPredicate,
  JsonKeyValue,
  JsonObjectAgg,
  JsonObjectConstructor,
  JsonOutput,
  JsonParseExpr,
  JsonScalarExpr,
  JsonSerializeExpr,
  JsonValueExpr,
  Node,
} from '@pgsql/types';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { Expression, JsonConstructorExpr } from '../../trees/expression.js';
import { expressionLocation, expressionType } from '../../trees/expression-type.js';
import { coerceToTarget } from '../coercion/coerce.js';
import { baseType, category } from '../coercion/type-facts.js';
import { analyzeCall } from '../functions/call.js';
import type { ParseState } from '../parse-state.js';
import { formatType, resolveTypeName } from '../type-names.js';
import { typeOid } from '../type-oids.js';
import { analyzeExpr, analyzeOptional } from './expression.js';

interface Returning {
  readonly type: number;
  readonly typmod: number;
  readonly isJsonb: boolean;
}

/** Handlers by node tag. */
export const jsonHandlers: Readonly<Record<string, (state: ParseState, body: never) => Expression>> = {
  JsonObjectConstructor: analyzeObject,
  JsonArrayConstructor: analyzeArrayConstructor,
  JsonArrayQueryConstructor: analyzeArrayQuery,
  JsonObjectAgg: analyzeObjectAgg,
  JsonArrayAgg: analyzeArrayAgg,
  JsonParseExpr: analyzeParse,
  JsonScalarExpr: analyzeScalar,
  JsonSerializeExpr: analyzeSerialize,
  JsonIsPredicate: analyzeIsJson,
};

function analyzeObject(state: ParseState, node: JsonObjectConstructor): Expression {
  const args: Expression[] = [];
  for (const item of node.exprs ?? []) {
    if (!('JsonKeyValue' in item)) continue;
    const pair = item.JsonKeyValue as JsonKeyValue;
    args.push(analyzeOptional(state, pair.key), jsonValue(state, pair.value, false));
  }
  const returning = outputOf(state, node.output, args);
  return construct(
    state,
    'object',
    args,
    null,
    returning,
    node.absent_on_null === true,
    node.unique === true,
    node.location ?? 0,
  );
}

function analyzeArrayConstructor(state: ParseState, node: JsonArrayConstructor): Expression {
  const args = (node.exprs ?? []).map((item) =>
    'JsonValueExpr' in item ? jsonValue(state, item.JsonValueExpr as JsonValueExpr, false) : analyzeExpr(state, item),
  );
  const returning = outputOf(state, node.output, args);
  return construct(state, 'array', args, null, returning, node.absent_on_null === true, false, node.location ?? 0);
}

/** JSON_ARRAY(SELECT ...) is (SELECT JSON_ARRAYAGG(a) FROM (SELECT ...) q(a)). */
function analyzeArrayQuery(state: ParseState, node: JsonArrayQueryConstructor): Expression {
  const location = node.location ?? 0;
  const column: Node = { ColumnRef: { fields: [{ String: { sval: 'q' } }, { String: { sval: 'a' } }], location } };
  const aggregate = {
    JsonArrayAgg: {
      arg: { raw_expr: column, format: node.format ?? {} },
      absent_on_null: node.absent_on_null === true,
      constructor: { output: node.output, location },
    },
  } as unknown as Node;
  const select = {
    SelectStmt: {
      targetList: [{ ResTarget: { val: aggregate, location } }],
      fromClause: [
        { RangeSubselect: { subquery: node.query, alias: { aliasname: 'q', colnames: [{ String: { sval: 'a' } }] } } },
      ],
      limitOption: 'LIMIT_OPTION_DEFAULT',
      op: 'SETOP_NONE',
    },
  } as unknown as Node;
  return analyzeExpr(state, { SubLink: { subLinkType: 'EXPR_SUBLINK', subselect: select, location } });
}

function analyzeObjectAgg(state: ParseState, node: JsonObjectAgg): Expression {
  const key = analyzeOptional(state, node.arg?.key);
  const value = jsonValue(state, node.arg?.value, false);
  const head = aggregateHead(node);
  const returning = outputOf(state, head.output, [key, value]);
  const suffix = `${node.absent_on_null === true ? (node.unique === true ? '_unique_strict' : '_strict') : node.unique === true ? '_unique' : ''}`;
  const name = returning.isJsonb ? `jsonb_object_agg${suffix}` : `json_object_agg${suffix}`;
  const func = callAggregate(state, name, [key, value], head);
  return construct(
    state,
    'objectAgg',
    [],
    func,
    returning,
    node.absent_on_null === true,
    node.unique === true,
    head.location ?? 0,
  );
}

function analyzeArrayAgg(state: ParseState, node: JsonArrayAgg): Expression {
  const value = jsonValue(state, node.arg, false);
  const head = aggregateHead(node);
  const returning = outputOf(state, head.output, [value]);
  const name = `${returning.isJsonb ? 'jsonb_agg' : 'json_agg'}${node.absent_on_null === true ? '_strict' : ''}`;
  const func = callAggregate(state, name, [value], head);
  return construct(state, 'arrayAgg', [], func, returning, node.absent_on_null === true, false, head.location ?? 0);
}

function aggregateHead(node: JsonObjectAgg | JsonArrayAgg): JsonAggConstructor {
  // An own property of that name is the parse tree's; an object without it inherits Object's.
  return Object.hasOwn(node, 'constructor') ? (node.constructor as unknown as JsonAggConstructor) : {};
}

function callAggregate(
  state: ParseState,
  name: string,
  args: readonly Expression[],
  head: JsonAggConstructor,
): Expression {
  const location = head.location ?? 0;
  const filter = head.agg_filter === undefined ? {} : { agg_filter: head.agg_filter };
  const order = head.agg_order === undefined ? {} : { agg_order: head.agg_order };
  const over = head.over === undefined ? {} : { over: head.over };
  return analyzeExpr(state, {
    FuncCall: {
      funcname: [{ String: { sval: 'pg_catalog' } }, { String: { sval: name } }],
      args: args.map((arg) => ({ BoundExpression: arg }) as unknown as Node),
      ...filter,
      ...order,
      ...over,
      location,
    },
  });
}

function analyzeParse(state: ParseState, node: JsonParseExpr): Expression {
  const location = node.location ?? 0;
  const returning = outputOf(state, node.output, [], typeOid.json);
  let arg = jsonValue(state, node.expr, true);
  if (node.unique_keys === true && !isText(state, expressionType(arg)) && expressionType(arg) !== typeOid.bytea) {
    throw pgError(SqlState.datatypeMismatch, 'cannot use non-string types with WITH UNIQUE KEYS clause', { location });
  }
  if (node.unique_keys !== true && expressionType(arg) !== returning.type) {
    const cast = coerceToTarget(state, arg, typeOid.json, -1, { context: 'explicit', form: 'implicitCast', location });
    if (cast === null) {
      const { catalog } = state.context;
      throw pgError(
        SqlState.cannotCoerce,
        `cannot cast type ${formatType(catalog, expressionType(arg))} to ${formatType(catalog, typeOid.json)}`,
        { location: expressionLocation(arg) },
      );
    }
    if (expressionType(arg) !== typeOid.json) arg = cast;
  }
  return construct(state, 'parse', [arg], null, returning, false, node.unique_keys === true, location);
}

function analyzeScalar(state: ParseState, node: JsonScalarExpr): Expression {
  const arg = unknownAsText(state, analyzeOptional(state, node.expr));
  const returning = outputOf(state, node.output, [], typeOid.json);
  return construct(state, 'scalar', [arg], null, returning, false, false, node.location ?? 0);
}

function analyzeSerialize(state: ParseState, node: JsonSerializeExpr): Expression {
  const location = node.location ?? 0;
  let arg = jsonValue(state, node.expr, false);
  const argType = expressionType(arg);
  if (argType !== typeOid.json && argType !== typeOid.jsonb) {
    if (argType === typeOid.bytea) arg = fromUtf8(state, arg);
    const options = { context: 'explicit', form: 'implicitCast', location } as const;
    arg = coerceToTarget(state, arg, typeOid.json, -1, options) ?? arg;
  }
  const returning =
    node.output === undefined ? { type: typeOid.text, typmod: -1, isJsonb: false } : outputOf(state, node.output, []);
  if (returning.type !== typeOid.bytea && category(state.context.catalog, returning.type) !== 'S') {
    throw pgError(
      SqlState.datatypeMismatch,
      `cannot use type ${formatType(state.context.catalog, returning.type)} in RETURNING clause of JSON_SERIALIZE()`,
      { hint: 'Try returning a string type or bytea.' },
    );
  }
  return construct(state, 'serialize', [arg], null, returning, false, false, location);
}

const itemTypes = {
  JS_TYPE_ANY: 'any',
  JS_TYPE_OBJECT: 'object',
  JS_TYPE_ARRAY: 'array',
  JS_TYPE_SCALAR: 'scalar',
} as const;

function analyzeIsJson(state: ParseState, node: JsonIsPredicate): Expression {
  const catalog = state.context.catalog;
  let arg = unknownAsText(state, analyzeOptional(state, node.expr));
  const type = baseType(catalog, expressionType(arg));
  if (type === typeOid.bytea) arg = fromUtf8(state, arg);
  else if (isText(state, type) && type !== typeOid.text) {
    arg =
      coerceToTarget(state, arg, typeOid.text, -1, { context: 'implicit', form: 'implicitCast', location: -1 }) ?? arg;
  } else if (type !== typeOid.text && type !== typeOid.json && type !== typeOid.jsonb) {
    throw pgError(
      SqlState.datatypeMismatch,
      `cannot use type ${formatType(catalog, expressionType(arg))} in IS JSON predicate`,
    );
  }
  return {
    kind: 'JsonIsPredicate',
    arg,
    itemType: itemTypes[node.item_type ?? 'JS_TYPE_ANY'],
    uniqueKeys: node.unique_keys === true,
    location: node.location ?? 0,
  };
}

/** A value with its FORMAT JSON: text is parsed where FORMAT says so, other types stay as they are. */
function jsonValue(state: ParseState, value: JsonValueExpr | undefined, isJsonInput: boolean): Expression {
  const raw = value?.raw_expr;
  if (raw === undefined) throw new Error('invariant broken: a JSON value without an expression');
  let expr = unknownAsText(
    state,
    'JsonValueExpr' in raw ? jsonValue(state, raw.JsonValueExpr, isJsonInput) : analyzeExpr(state, raw),
  );
  const format: JsonFormat = value?.format ?? {};
  const type = expressionType(expr);
  const written = format.format_type !== undefined && format.format_type !== 'JS_FORMAT_DEFAULT';
  if (format.encoding !== undefined && format.encoding !== 'JS_ENC_DEFAULT' && type !== typeOid.bytea) {
    throw pgError(SqlState.datatypeMismatch, 'JSON ENCODING clause is only allowed for bytea input type', {
      location: format.location ?? 0,
    });
  }
  if (!written || type === typeOid.json || type === typeOid.jsonb) return expr;
  if (type !== typeOid.bytea && !isText(state, type)) {
    throw pgError(SqlState.datatypeMismatch, 'cannot use non-string types with explicit FORMAT JSON clause', {
      location: format.location !== undefined && format.location >= 0 ? format.location : expressionLocation(expr),
    });
  }
  if (type === typeOid.bytea) {
    checkEncoding(format);
    expr = fromUtf8(state, expr);
  }
  if (isJsonInput) return expr;
  return (
    coerceToTarget(state, expr, typeOid.json, -1, { context: 'explicit', form: 'implicitCast', location: -1 }) ?? expr
  );
}

function fromUtf8(state: ParseState, arg: Expression): Expression {
  const encoding: Expression = {
    kind: 'Const',
    type: typeOid.name,
    typmod: -1,
    collation: 950,
    value: 'UTF8',
    location: -1,
  };
  const call = analyzeCall(state, {
    names: ['pg_catalog', 'convert_from'],
    args: [arg, encoding],
    raw: {},
    isProcedureCall: false,
    withinGroupCount: 0,
    filter: null,
    lastSet: state.lastTargetSet,
    location: expressionLocation(arg),
  });
  return call ?? arg;
}

/** JSON as bytea: its text in UTF-8. */
function toUtf8(state: ParseState, value: Expression): Expression | null {
  const text = coerceToTarget(state, value, typeOid.text, -1, {
    context: 'explicit',
    form: 'implicitCast',
    location: -1,
  });
  if (text === null) return null;
  const encoding: Expression = {
    kind: 'Const',
    type: typeOid.name,
    typmod: -1,
    collation: 950,
    value: 'UTF8',
    location: -1,
  };
  return analyzeCall(state, {
    names: ['pg_catalog', 'convert_to'],
    args: [text, encoding],
    raw: {},
    isProcedureCall: false,
    withinGroupCount: 0,
    filter: null,
    lastSet: state.lastTargetSet,
    location: -1,
  });
}

function checkEncoding(format: JsonFormat | undefined): void {
  const location = format?.location ?? 0;
  if (format?.encoding === 'JS_ENC_UTF16' || format?.encoding === 'JS_ENC_UTF32') {
    throw pgError(SqlState.featureNotSupported, 'unsupported JSON encoding', {
      hint: 'Only UTF8 JSON encoding is supported.',
      location,
    });
  }
}

function unknownAsText(state: ParseState, expr: Expression): Expression {
  if (expressionType(expr) !== typeOid.unknown) return expr;
  return (
    coerceToTarget(state, expr, typeOid.text, -1, { context: 'implicit', form: 'implicitCast', location: -1 }) ?? expr
  );
}

function isText(state: ParseState, type: number): boolean {
  return type === typeOid.unknown || category(state.context.catalog, type) === 'S';
}

/** The RETURNING type; without one json, or jsonb where an argument is jsonb. */
function outputOf(
  state: ParseState,
  output: JsonOutput | undefined,
  args: readonly Expression[],
  fallback?: number,
): Returning {
  if (output?.typeName === undefined) {
    const anyJsonb = args.some((arg) => expressionType(arg) === typeOid.jsonb);
    const type = fallback ?? (anyJsonb ? typeOid.jsonb : typeOid.json);
    return { type, typmod: -1, isJsonb: type === typeOid.jsonb };
  }
  const target = resolveTypeName(state.context, output.typeName);
  if (output.typeName.setof === true) {
    throw pgError(SqlState.featureNotSupported, 'returning SETOF types is not supported in SQL/JSON functions');
  }
  const format = output.returning?.format;
  if (
    format?.format_type === 'JS_FORMAT_JSON' &&
    format.encoding !== undefined &&
    format.encoding !== 'JS_ENC_DEFAULT' &&
    target.type !== typeOid.bytea
  ) {
    throw pgError(SqlState.datatypeMismatch, 'cannot set JSON encoding for non-bytea output types', {
      location: format.location ?? 0,
    });
  }
  if (target.type === typeOid.bytea) checkEncoding(format);
  return {
    type: target.type,
    typmod: target.typmod,
    isJsonb: baseType(state.context.catalog, target.type) === typeOid.jsonb,
  };
}

/** The constructor with the coercion of its json or jsonb result to the RETURNING type. */
function construct(
  state: ParseState,
  op: JsonConstructorExpr['op'],
  args: readonly Expression[],
  func: Expression | null,
  returning: Returning,
  absentOnNull: boolean,
  unique: boolean,
  location: number,
): Expression {
  const catalog = state.context.catalog;
  const own: number = op === 'serialize' ? typeOid.text : returning.isJsonb ? typeOid.jsonb : typeOid.json;
  let coercion: Expression | null = null;
  if (own !== returning.type || returning.typmod >= 0) {
    const test: Expression = { kind: 'CaseTestExpr', type: own, typmod: -1, collation: own === typeOid.text ? 100 : 0 };
    coercion =
      returning.type === typeOid.bytea
        ? toUtf8(state, test)
        : // A result too long for its RETURNING type is an error, as in an assignment.
          (coerceToTarget(state, test, returning.type, returning.typmod, {
            context: 'assignment',
            form: 'implicitCast',
            location,
          }) ??
          coerceToTarget(state, test, returning.type, returning.typmod, {
            context: 'explicit',
            form: 'implicitCast',
            location,
          }));
    if (coercion === null) {
      throw pgError(
        SqlState.cannotCoerce,
        `cannot cast type ${formatType(catalog, own)} to ${formatType(catalog, returning.type)}`,
        {
          location,
        },
      );
    }
    if (coercion === test) coercion = null;
  }
  return {
    kind: 'JsonConstructorExpr',
    op,
    args,
    func,
    coercion,
    type: returning.type,
    typmod: returning.typmod,
    absentOnNull,
    unique,
    isJsonb: returning.isJsonb,
    location,
  };
}
