// Bound trees as text, for the pg_node_tree columns of the catalogs (defaults, checks, index expressions, views, SQL
// function bodies). JSON with the values that JSON lacks in tagged form: an object whose only key starts with '$'.
// Trees hold no user objects with such keys (user text is only ever a string), so the tags are unambiguous.
import { Jsonb, type JsonbNode, JsonbObject } from '../types/jsonb.js';
import { Numeric } from '../types/numeric.js';
import { PgArray, PgRecord, type RecordField, type Value } from '../types/value.js';
import type { Expression } from './expression.js';
import type { Query } from './query.js';

/** Text of a bound tree: an expression, a query, or a list of them. */
export function treeToJson(tree: unknown): string {
  return JSON.stringify(encode(tree));
}

/** Whatever `treeToJson` wrote: an expression, a query or a list of them. */
export function treeFromJson(json: string): unknown {
  return decode(JSON.parse(json));
}

/** The expression that `treeToJson` wrote. */
export function expressionFromJson(json: string): Expression {
  return decode(JSON.parse(json)) as Expression;
}

/** The list of expressions that `treeToJson` wrote (index expressions, argument defaults). */
export function expressionListFromJson(json: string): readonly Expression[] {
  return decode(JSON.parse(json)) as readonly Expression[];
}

/** The query that `treeToJson` wrote. */
export function queryFromJson(json: string): Query {
  return decode(JSON.parse(json)) as Query;
}

/** The list of queries that `treeToJson` wrote (a SQL function's body). */
export function queryListFromJson(json: string): readonly Query[] {
  return decode(JSON.parse(json)) as readonly Query[];
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

function encode(value: unknown): Json {
  switch (typeof value) {
    case 'bigint':
      return { $bigint: value.toString() };
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : { $number: Object.is(value, -0) ? '-0' : String(value) };
    case 'string':
    case 'boolean':
      return value;
    case 'object':
      return value === null ? null : encodeObject(value);
    default:
      throw new Error(`a bound tree cannot hold a ${typeof value}`);
  }
}

function encodeObject(value: object): Json {
  if (Array.isArray(value)) return value.map(encode);
  if (Buffer.isBuffer(value)) return { $bytes: value.toString('base64') };
  if (value instanceof Numeric) return { $numeric: value.toString() };
  if (value instanceof Jsonb) return { $jsonb: encodeJsonb(value.root) };
  if (value instanceof PgArray) {
    return { $array: [value.elementType, [...value.dimensions], [...value.lowerBounds], value.elements.map(encode)] };
  }
  if (value instanceof PgRecord) return { $record: [value.type, value.values.map(encode), encode(value.fields)] };
  const fields: Record<string, Json> = {};
  for (const [name, field] of Object.entries(value)) if (field !== undefined) fields[name] = encode(field);
  return fields;
}

function encodeJsonb(node: JsonbNode): Json {
  if (node === null || typeof node === 'boolean' || typeof node === 'string') return node;
  if (node instanceof Numeric) return { n: node.toString() };
  if (node instanceof JsonbObject) return { k: [...node.keys], v: node.values.map(encodeJsonb) };
  return (node as readonly JsonbNode[]).map(encodeJsonb);
}

function decode(json: Json): unknown {
  if (json === null || typeof json !== 'object') return json;
  if (Array.isArray(json)) return json.map(decode);
  const fields = json as { readonly [key: string]: Json };
  for (const key in fields) {
    if (key.startsWith('$')) return decodeTagged(key, fields[key] as Json);
    break;
  }
  const decoded: Record<string, unknown> = {};
  for (const key in fields) decoded[key] = decode(fields[key] as Json);
  return decoded;
}

function decodeTagged(tag: string, body: Json): unknown {
  switch (tag) {
    case '$bigint':
      return BigInt(body as string);
    case '$number':
      return Number(body as string);
    case '$bytes':
      return Buffer.from(body as string, 'base64');
    case '$numeric':
      return Numeric.parse(body as string);
    case '$jsonb':
      return new Jsonb(decodeJsonb(body));
    case '$array': {
      const [elementType, dimensions, lowerBounds, elements] = body as [number, number[], number[], Json[]];
      return new PgArray(elementType, dimensions, lowerBounds, elements.map(decode) as Value[]);
    }
    case '$record': {
      const [type, values, fields] = body as [number, Json[], Json];
      return new PgRecord(type, values.map(decode) as Value[], decode(fields) as RecordField[]);
    }
    default:
      throw new Error(`unknown tag ${tag} in a stored tree`);
  }
}

function decodeJsonb(json: Json): JsonbNode {
  if (json === null || typeof json !== 'object') return json as JsonbNode;
  if (Array.isArray(json)) return json.map(decodeJsonb);
  const fields = json as { readonly n?: string; readonly k?: string[]; readonly v?: Json[] };
  if (fields.n !== undefined) return Numeric.parse(fields.n) ?? Numeric.nan;
  return new JsonbObject(fields.k ?? [], (fields.v ?? []).map(decodeJsonb));
}
