// SQL/JSON constructors back to SQL: JSON_OBJECT, JSON_ARRAY, their aggregates, JSON, JSON_SCALAR, JSON_SERIALIZE. A value
// that was written with FORMAT JSON is in the tree as an unwritten cast of its text to json.
import type { Expression, JsonConstructorExpr } from '../../trees/expression.js';
import { deparseAggregate, deparseWindowFunction } from './aggregates.js';
import type { DeparseContext } from './context.js';
import { deparse, typeName } from './expression.js';

const names = {
  object: 'JSON_OBJECT',
  array: 'JSON_ARRAY',
  objectAgg: 'JSON_OBJECTAGG',
  arrayAgg: 'JSON_ARRAYAGG',
  parse: 'JSON',
  scalar: 'JSON_SCALAR',
  serialize: 'JSON_SERIALIZE',
} as const;

/** Prints the constructor with its options and RETURNING clause. */
export function deparseJsonConstructor(context: DeparseContext, node: JsonConstructorExpr): void {
  const { writer } = context;
  const { func } = node;
  if (func !== null) {
    const form = {
      name: names[node.op],
      options: optionsOf(context, node),
      separator: node.op === 'objectAgg' ? ' : ' : ', ',
      argument: (arg: Expression) => deparseJsonValue(context, arg, true),
    };
    if (func.kind === 'Aggref') deparseAggregate(context, func, form);
    else if (func.kind === 'WindowFunc') deparseWindowFunction(context, func, form);
    else deparse(context, func, false);
    return;
  }
  writer.append(`${names[node.op]}(`);
  node.args.forEach((arg, at) => {
    if (at > 0) writer.append(node.op === 'object' && at % 2 === 1 ? ' : ' : ', ');
    deparseJsonValue(context, arg, node.op === 'object' || node.op === 'array');
  });
  writer.append(`${optionsOf(context, node)})`);
}

function optionsOf(context: DeparseContext, node: JsonConstructorExpr): string {
  const isObject = node.op === 'object' || node.op === 'objectAgg';
  const isArray = node.op === 'array' || node.op === 'arrayAgg';
  let text = '';
  if (isObject && node.absentOnNull) text += ' ABSENT ON NULL';
  if (isArray && !node.absentOnNull) text += ' NULL ON NULL';
  if (node.unique) text += ' WITH UNIQUE KEYS';
  if (node.op === 'parse' || node.op === 'scalar') return text;
  return `${text} RETURNING ${typeName(context, node.type, node.typmod)}`;
}

function deparseJsonValue(context: DeparseContext, arg: Expression, castMeansFormat: boolean): void {
  let inner = arg;
  let isFormatted = false;
  if (inner.kind === 'CoerceViaIO' && inner.type === jsonType && inner.form === 'implicitCast') {
    inner = inner.arg;
    isFormatted = castMeansFormat;
  }
  // Text that comes from bytea was written as bytea with FORMAT JSON.
  if (inner.kind === 'FuncExpr' && inner.function === convertFrom && inner.args[0] !== undefined) {
    inner = inner.args[0];
    isFormatted = true;
  }
  deparse(context, inner, true);
  if (isFormatted) context.writer.append(' FORMAT JSON');
}

const jsonType = 114;
/** convert_from(bytea, name). */
const convertFrom = 1714;
