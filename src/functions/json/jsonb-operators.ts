// jsonb alone: comparison, hash, containment, existence, concatenation, casts to SQL types, jsonb_pretty.
import { pgError, SqlState } from '../../errors/pg-error.js';
import { compareJsonb, formatJsonb, quoteJson } from '../../types/json-types.js';
import { Jsonb, type JsonbNode, JsonbObject } from '../../types/jsonb.js';
import { Numeric } from '../../types/numeric.js';
import { compareNumerics } from '../../types/numeric-math.js';
import type { PgArray, Value } from '../../types/value.js';
import type { CallInfo } from '../call-info.js';
import { builtinFunction, fn } from '../registry.js';
import { comparisonFamily, operatorNames } from '../scalar/comparison.js';
import { isArrayNode, kindOfNode } from './view.js';

comparisonFamily<Jsonb>({ operators: operatorNames('jsonb_'), support: 'jsonb_cmp' }, (left, right) =>
  compareJsonb(left.root, right.root),
);

fn('jsonb_contains', { impl: (whole: Jsonb, part: Jsonb) => rootContains(whole.root, part.root) });
fn('jsonb_contained', { impl: (part: Jsonb, whole: Jsonb) => rootContains(whole.root, part.root) });

function rootContains(whole: JsonbNode, part: JsonbNode): boolean {
  if (isScalar(whole)) return isScalar(part) && sameScalar(whole, part);
  // The one exception at the top: an array contains a bare scalar that is its element.
  if (isScalar(part))
    return isArrayNode(whole) && whole.some((element) => isScalar(element) && sameScalar(element, part));
  return contains(whole, part);
}

function contains(whole: JsonbNode, part: JsonbNode): boolean {
  if (isScalar(part) || isScalar(whole)) return isScalar(part) && isScalar(whole) && sameScalar(whole, part);
  if (part instanceof JsonbObject) {
    if (!(whole instanceof JsonbObject) || whole.keys.length < part.keys.length) return false;
    return part.keys.every((key, at) => {
      const found = whole.get(key);
      return found !== undefined && contains(found, part.values[at] as JsonbNode);
    });
  }
  if (!isArrayNode(whole) || !isArrayNode(part)) return false;
  return part.every((element) => whole.some((candidate) => contains(candidate, element)));
}

/** Neither array nor object. */
export function isScalar(node: JsonbNode): boolean {
  return node === null || typeof node !== 'object' || node instanceof Numeric;
}

function sameScalar(left: JsonbNode, right: JsonbNode): boolean {
  if (left instanceof Numeric) return right instanceof Numeric && compareNumerics(left, right) === 0;
  return left === right;
}

fn('jsonb_exists', { impl: (document: Jsonb, key: string) => exists(document.root, key) });
fn('jsonb_exists_any', {
  impl: (document: Jsonb, keys: PgArray) =>
    keys.elements.some((key) => key !== null && exists(document.root, key as string)),
});
fn('jsonb_exists_all', {
  impl: (document: Jsonb, keys: PgArray) =>
    keys.elements.every((key) => key === null || exists(document.root, key as string)),
});

function exists(node: JsonbNode, key: string): boolean {
  if (node instanceof JsonbObject) return node.indexOf(key) >= 0;
  return isArrayNode(node) ? node.includes(key) : node === key;
}

fn('jsonb_concat', { impl: (left: Jsonb, right: Jsonb) => concatenated(left, right) });

function concatenated(left: Jsonb, right: Jsonb): Jsonb {
  const [a, b] = [left.root, right.root];
  if (a instanceof JsonbObject && b instanceof JsonbObject) {
    if (a.keys.length === 0) return right;
    return b.keys.length === 0 ? left : new Jsonb(JsonbObject.from([...membersOf(a), ...membersOf(b)]));
  }
  return new Jsonb([...(isArrayNode(a) ? a : [a]), ...(isArrayNode(b) ? b : [b])]);
}

function membersOf(object: JsonbObject): [string, JsonbNode][] {
  return object.keys.map((key, at) => [key, object.values[at] as JsonbNode]);
}

fn('jsonb_pretty', { impl: (document: Jsonb) => prettyText(document.root, '') });

function prettyText(node: JsonbNode, indent: string): string {
  const inner = `${indent}    `;
  if (isArrayNode(node)) {
    const lines = node.map((element) => inner + prettyText(element, inner));
    return `[\n${lines.join(',\n')}${lines.length > 0 ? '\n' : ''}${indent}]`;
  }
  if (!(node instanceof JsonbObject)) return formatJsonb(node);
  const lines = membersOf(node).map(([key, value]) => `${inner}${quoteJson(key)}: ${prettyText(value, inner)}`);
  return `{\n${lines.join(',\n')}${lines.length > 0 ? '\n' : ''}${indent}}`;
}

fn('jsonb_bool', {
  impl: (document: Jsonb) => {
    if (typeof document.root === 'boolean') return document.root;
    throw cannotCast(document, 'boolean');
  },
});
registerNumberCast('jsonb_numeric', 'numeric', null);
registerNumberCast('jsonb_int2', 'smallint', 'numeric_int2');
registerNumberCast('jsonb_int4', 'integer', 'numeric_int4');
registerNumberCast('jsonb_int8', 'bigint', 'numeric_int8');
registerNumberCast('jsonb_float4', 'real', 'numeric_float4');
registerNumberCast('jsonb_float8', 'double precision', 'numeric_float8');

// A number is cast as numeric is.
function registerNumberCast(symbol: string, typeName: string, cast: string | null): void {
  fn(symbol, {
    impl: (document: Jsonb, info: CallInfo): Value => {
      if (!(document.root instanceof Numeric)) throw cannotCast(document, typeName);
      if (cast === null) return document.root;
      const entry = builtinFunction(cast);
      if (entry?.kind !== 'scalar') throw new Error(`${cast} is not registered`);
      return entry.impl(document.root, info) as Value;
    },
  });
}

function cannotCast(document: Jsonb, typeName: string): Error {
  const kind = kindOfNode(document.root);
  return pgError(
    SqlState.invalidParameterValue,
    `cannot cast jsonb ${kind === 'number' ? 'numeric' : kind} to type ${typeName}`,
  );
}
