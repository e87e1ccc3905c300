// SQL/JSON constructors (JSON_OBJECT, JSON_ARRAY, JSON, JSON_SCALAR, JSON_SERIALIZE) and IS JSON.
import { PgError, SqlState, notSupported, pgError } from '../../errors/pg-error.js';
import { objectTextOf, objectTreeOf } from '../../functions/json/build.js';
import { builtinFunction } from '../../functions/registry.js';
import type { JsonConstructorExpr, JsonIsPredicate } from '../../trees/expression.js';
import { formatJsonb } from '../../types/json-types.js';
import { checkJson, parseJson } from '../../types/json-parser.js';
import { Jsonb } from '../../types/jsonb.js';
import type { Value } from '../../types/value.js';
import type { RunState } from '../state.js';
import type { Emitter, Operand } from './emitter.js';
import { typeOf } from './type-of.js';

export function emitJsonConstructor(expr: JsonConstructorExpr, m: Emitter): Operand {
  let result: Operand;
  if (expr.func !== null) result = m.emit(expr.func);
  else {
    const args = expr.args.map((arg) => m.emit(arg).code).join(', ');
    result = { code: m.assign(`${m.slot(constructorOf(expr, m))}(x, [${args}])`), nullable: true };
  }
  if (expr.coercion === null) return result;
  m.caseTests.push(result);
  const coerced = m.emit(expr.coercion);
  m.caseTests.pop();
  return coerced;
}

type Constructor = (x: RunState, args: readonly Value[]) => Value;

function constructorOf(expr: JsonConstructorExpr, m: Emitter): Constructor {
  const argTypes = expr.args.map((arg) => m.catalog.typeByOid(typeOf(arg, m.catalog)));
  const resultType = m.catalog.typeByOid(expr.isJsonb ? 3802 : 114);
  const prefix = expr.isJsonb ? 'jsonb' : 'json';
  const call = (x: RunState, name: string, args: readonly Value[], types: typeof argTypes): Value => {
    const entry = builtinFunction(name);
    if (entry?.kind !== 'scalar') throw notSupported(name);
    const info = {
      argTypes: types,
      resultType,
      collation: 0,
      io: x.io,
      session: x.context.session,
      isVariadic: false,
      memo: undefined,
    };
    return entry.impl(...args, info) as Value;
  };
  switch (expr.op) {
    case 'array':
      return (x, args) => {
        const kept = args.map((_, n) => n).filter((n) => !expr.absentOnNull || args[n] !== null);
        return call(
          x,
          `${prefix}_build_array${kept.length === 0 ? '_noargs' : ''}`,
          pick(args, kept),
          pick(argTypes, kept),
        );
      };
    case 'object':
      return (x, args) => {
        const list = args.map((value, n) => ({ value, type: argTypes[n] ?? resultType }));
        return (expr.isJsonb ? objectTreeOf : objectTextOf)(list, x.io, expr);
      };
    case 'parse':
      return (x, args) => parsedJson(expr, resultType.behaviour, args[0] ?? null, x, resultType);
    case 'scalar':
      return (x, args) => (args[0] === null ? null : call(x, expr.isJsonb ? 'to_jsonb' : 'to_json', args, argTypes));
    case 'serialize':
      return (_, args) => (args[0] instanceof Jsonb ? formatJsonb(args[0].root) : (args[0] ?? null));
    default:
      throw notSupported(`JSON constructor ${expr.op}`);
  }
}

function pick<T>(list: readonly T[], indexes: readonly number[]): T[] {
  return indexes.map((n) => list[n] as T);
}

function parsedJson(
  expr: JsonConstructorExpr,
  behaviour: { input(text: string, type: never, typmod: number, io: never): Value },
  value: Value,
  x: RunState,
  type: unknown,
): Value {
  if (value === null || typeof value !== 'string') return value;
  const parsed = behaviour.input(value, type as never, -1, x.io as never);
  if (expr.unique && hasDuplicateKey(value)) {
    throw pgError(SqlState.duplicateJsonObjectKeyValue, 'duplicate JSON object key value');
  }
  return parsed;
}

export function emitJsonIsPredicate(expr: JsonIsPredicate, m: Emitter): Operand {
  const arg = m.emit(expr.arg);
  const test = (value: Value): boolean => {
    if (value instanceof Jsonb) return isItem(expr.itemType, jsonbKind(value));
    const text = Buffer.isBuffer(value) ? value.toString('utf8') : String(value);
    try {
      if (!expr.uniqueKeys) checkJson(text);
      else if (hasDuplicateKey(text)) return false;
    } catch (error) {
      if (error instanceof PgError && error.code.startsWith('22')) return false;
      throw error;
    }
    return isItem(expr.itemType, kindOfText(text));
  };
  return { code: m.assign(`${arg.code} === null ? null : ${m.slot(test)}(${arg.code})`), nullable: arg.nullable };
}

function kindOfText(text: string): string {
  const first = text.trimStart()[0];
  return first === '{' ? 'object' : first === '[' ? 'array' : 'scalar';
}

function isItem(wanted: JsonIsPredicate['itemType'], kind: string): boolean {
  return wanted === 'any' || wanted === kind;
}

function jsonbKind(value: Jsonb): string {
  if (Array.isArray(value.root)) return 'array';
  const isScalar = value.root === null || typeof value.root !== 'object' || !('keys' in value.root);
  return isScalar ? 'scalar' : 'object';
}

/** Whether an object of the text has a key twice; throws 22P02, 22P05 where the text is no JSON or no key is text. */
function hasDuplicateKey(text: string): boolean {
  let isFound = false;
  parseJson<null>(text, {
    string: () => null,
    number: () => null,
    literal: () => null,
    array: () => null,
    object: (members) => {
      isFound ||= new Set(members.map(([key]) => key)).size !== members.length;
      return null;
    },
  });
  return isFound;
}
