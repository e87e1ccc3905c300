// Making json and jsonb from SQL values: to_json(b), row_to_json, array_to_json, json(b)_build_array and _object,
// json(b)_object.
import { pgError, SqlState } from '../../errors/pg-error.js';
import { Jsonb, type JsonbNode, JsonbObject } from '../../types/jsonb.js';
import { quoteJson } from '../../types/json-types.js';
import type { IoContext } from '../../types/io-context.js';
import type { TypeDescriptor } from '../../types/type-descriptor.js';
import { PgArray, type PgRecord, type Value } from '../../types/value.js';
import type { CallInfo } from '../call-info.js';
import { fn } from '../registry.js';
import { invalid } from './access.js';
import { arrayToJson, keyText, recordToJson, valueToJson, valueToNode } from './from-value.js';

fn('to_json', { impl: (value: Value, info: CallInfo) => valueToJson(value, argType(info, 0), info.io) });
fn('to_jsonb', { impl: (value: Value, info: CallInfo) => new Jsonb(valueToNode(value, argType(info, 0), info.io)) });
fn('row_to_json', { impl: (row: PgRecord, info: CallInfo) => recordToJson(row, info.io, false) });
fn('row_to_json_pretty', {
  impl: (row: PgRecord, pretty: boolean, info: CallInfo) => recordToJson(row, info.io, pretty),
});
fn('array_to_json', { impl: (array: PgArray, info: CallInfo) => arrayToJson(array, info.io, false) });
fn('array_to_json_pretty', {
  impl: (array: PgArray, pretty: boolean, info: CallInfo) => arrayToJson(array, info.io, pretty),
});

function argType(info: CallInfo, at: number): TypeDescriptor {
  return info.argTypes[at] ?? info.resultType;
}

/** A value to be put into a document, with its declared type. */
export interface Argument {
  readonly value: Value;
  readonly type: TypeDescriptor;
}

/** The call's arguments with their types; those of a VARIADIC array one by one, null where that array is null. */
function argumentsOf(all: readonly unknown[]): { readonly list: readonly Argument[] | null; readonly info: CallInfo } {
  const info = all[all.length - 1] as CallInfo;
  const values = all.slice(0, -1) as Value[];
  if (!info.isVariadic) return { list: values.map((value, at) => ({ value, type: argType(info, at) })), info };
  const array = values[values.length - 1] ?? null;
  if (!(array instanceof PgArray)) return { list: null, info };
  const type = info.io.typeByOid(array.elementType);
  return { list: array.elements.map((value) => ({ value, type })), info };
}

fn('json_build_array', {
  impl: (...all: unknown[]) => {
    const { list, info } = argumentsOf(all);
    if (list === null) return null;
    return `[${list.map(({ value, type }) => valueToJson(value, type, info.io)).join(', ')}]`;
  },
});
fn('jsonb_build_array', {
  impl: (...all: unknown[]) => {
    const { list, info } = argumentsOf(all);
    return list === null ? null : new Jsonb(list.map(({ value, type }) => valueToNode(value, type, info.io)));
  },
});
fn('json_build_array_noargs', { impl: () => '[]' });
fn('jsonb_build_array_noargs', { impl: () => new Jsonb([]) });

function checkPairs(list: readonly Argument[], name: string): void {
  if (list.length % 2 === 0) return;
  throw invalid(
    'argument list must have even number of elements',
    SqlState.invalidParameterValue,
    `The arguments of ${name}() must consist of alternating keys and values.`,
  );
}

fn('json_build_object', {
  impl: (...all: unknown[]) => {
    const { list, info } = argumentsOf(all);
    if (list === null) return null;
    checkPairs(list, 'json_build_object');
    return objectTextOf(list, info.io, plainMembers);
  },
});
fn('jsonb_build_object', {
  impl: (...all: unknown[]) => {
    const { list, info } = argumentsOf(all);
    if (list === null) return null;
    checkPairs(list, 'jsonb_build_object');
    return objectTreeOf(list, info.io, plainMembers);
  },
});

/** What SQL/JSON's JSON_OBJECT adds: leaving out null members, refusing repeated keys (those left out count too). */
export interface MemberRules {
  readonly absentOnNull: boolean;
  readonly unique: boolean;
}

const plainMembers: MemberRules = { absentOnNull: false, unique: false };

/** A json object of alternating keys and values; 22004 for null keys, 22030 for repeated ones. */
export function objectTextOf(list: readonly Argument[], io: IoContext, rules: MemberRules): string {
  const keys = new Set<string>();
  const members: string[] = [];
  for (let at = 0; at + 1 < list.length; at += 2) {
    const key = list[at] as Argument;
    const member = list[at + 1] as Argument;
    if (key.value === null) throw nullKey();
    const isSkipped = rules.absentOnNull && member.value === null;
    if (isSkipped && !rules.unique) continue;
    const name = keyText(key.value, key.type, io);
    if (rules.unique && keys.has(name)) throw duplicateKey(name);
    keys.add(name);
    if (!isSkipped) members.push(`${quoteJson(name)} : ${valueToJson(member.value, member.type, io)}`);
  }
  return `{${members.join(', ')}}`;
}

/** As objectTextOf, for jsonb: of repeated keys the last one stays. */
export function objectTreeOf(list: readonly Argument[], io: IoContext, rules: MemberRules): Jsonb {
  const keys = new Set<string>();
  const members: [string, JsonbNode][] = [];
  for (let at = 0; at + 1 < list.length; at += 2) {
    const key = list[at] as Argument;
    const member = list[at + 1] as Argument;
    if (key.value === null) throw invalid(`argument ${at + 1}: key must not be null`);
    const isSkipped = rules.absentOnNull && member.value === null;
    if (isSkipped && !rules.unique) continue;
    const name = keyText(key.value, key.type, io);
    if (rules.unique && keys.has(name)) throw duplicateKey(null);
    keys.add(name);
    if (!isSkipped) members.push([name, valueToNode(member.value, member.type, io)]);
  }
  return new Jsonb(JsonbObject.from(members));
}

/** 22030: an object's key is there twice; jsonb does not say which. */
export function duplicateKey(key: string | null): Error {
  return pgError(
    SqlState.duplicateJsonObjectKeyValue,
    `duplicate JSON object key value${key === null ? '' : `: ${quoteJson(key)}`}`,
  );
}

fn('json_build_object_noargs', { impl: () => '{}' });
fn('jsonb_build_object_noargs', { impl: () => new Jsonb(new JsonbObject([], [])) });

/** 22004: an object's key is null. */
export function nullKey(): Error {
  return pgError(SqlState.nullValueNotAllowed, 'null value not allowed for object key');
}

type Pair = readonly [string, string | null];

fn('json_object', { impl: (array: PgArray) => objectText(pairsOfOne(array)) });
fn('jsonb_object', { impl: (array: PgArray) => objectTree(pairsOfOne(array)) });
fn('json_object_two_arg', { impl: (keys: PgArray, values: PgArray) => objectText(pairsOfTwo(keys, values)) });
fn('jsonb_object_two_arg', { impl: (keys: PgArray, values: PgArray) => objectTree(pairsOfTwo(keys, values)) });

function objectText(pairs: readonly Pair[]): string {
  const members = pairs.map(([key, value]) => `${quoteJson(key)} : ${value === null ? 'null' : quoteJson(value)}`);
  return `{${members.join(', ')}}`;
}

function objectTree(pairs: readonly Pair[]): Jsonb {
  return new Jsonb(JsonbObject.from(pairs));
}

function pairsOfOne(array: PgArray): Pair[] {
  const [first, second] = array.dimensions;
  if (array.dimensions.length > 2) throw subscripts('wrong number of array subscripts');
  if (array.dimensions.length === 1 && (first ?? 0) % 2 !== 0) {
    throw subscripts('array must have even number of elements');
  }
  if (array.dimensions.length === 2 && second !== 2) throw subscripts('array must have two columns');
  const pairs: Pair[] = [];
  for (let at = 0; at + 1 < array.elements.length; at += 2) {
    pairs.push(pair(array.elements[at] as Value, array.elements[at + 1] as Value));
  }
  return pairs;
}

function pairsOfTwo(keys: PgArray, values: PgArray): Pair[] {
  if (keys.dimensions.length > 1 || keys.dimensions.length !== values.dimensions.length) {
    throw subscripts('wrong number of array subscripts');
  }
  if (keys.elements.length !== values.elements.length) throw subscripts('mismatched array dimensions');
  return keys.elements.map((key, at) => pair(key, values.elements[at] as Value));
}

function pair(key: Value, value: Value): Pair {
  if (key === null) throw nullKey();
  return [key as string, value as string | null];
}

function subscripts(message: string): Error {
  return pgError(SqlState.arraySubscriptError, message);
}
