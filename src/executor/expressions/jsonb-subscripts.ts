// jsonb['key'][0]: reading follows ->; assignment creates what is missing, as jsonb_set does and a little more (arrays
// are filled up with nulls), and refuses to turn a scalar into a container.
import { SqlState, pgError } from '../../errors/pg-error.js';
import type { IoContext } from '../../types/io-context.js';
import { Jsonb, type JsonbNode, JsonbObject } from '../../types/jsonb.js';
import type { Value } from '../../types/value.js';

export function fetchJsonb(container: Value, path: readonly Value[], _io: IoContext): Value {
  if (!(container instanceof Jsonb) || path.includes(null)) return null;
  let node: JsonbNode | undefined = container.root;
  for (const step of path) {
    node = child(node, String(step));
    if (node === undefined) return null;
  }
  return new Jsonb(node);
}

function child(node: JsonbNode, step: string): JsonbNode | undefined {
  if (node instanceof JsonbObject) return node.get(step);
  if (!Array.isArray(node) || !/^\s*[+-]?\d+$/.test(step)) return undefined;
  const index = Number(step);
  return (node as readonly JsonbNode[])[index < 0 ? node.length + index : index];
}

export function assignJsonb(container: Value, path: readonly Value[], value: Value, _io: IoContext): Value {
  if (path.includes(null)) {
    throw pgError(SqlState.nullValueNotAllowed, 'jsonb subscript in assignment must not be null');
  }
  const root = container instanceof Jsonb ? container.root : emptyFor(path[0]);
  const leaf: JsonbNode = value instanceof Jsonb ? value.root : null;
  return new Jsonb(replaced(root, path, 0, leaf));
}

function emptyFor(step: Value | undefined): JsonbNode {
  return typeof step === 'number' ? [] : new JsonbObject([], []);
}

function replaced(node: JsonbNode, path: readonly Value[], depth: number, leaf: JsonbNode): JsonbNode {
  if (depth === path.length) return leaf;
  const step = path[depth] as Value;
  const inner = (old: JsonbNode | undefined): JsonbNode => {
    if (depth + 1 === path.length) return leaf;
    return replaced(old === undefined ? emptyFor(path[depth + 1]) : old, path, depth + 1, leaf);
  };
  if (node instanceof JsonbObject) {
    const key = String(step);
    const members = node.keys.map((name, n) => [name, node.values[n] as JsonbNode] as const);
    return JsonbObject.from([...members, [key, inner(node.get(key))]]);
  }
  if (Array.isArray(node)) return replacedElement(node as readonly JsonbNode[], step, depth, inner);
  throw pgError(SqlState.invalidParameterValue, 'cannot replace existing key', {
    detail: 'The path assumes key is a composite object, but it is a scalar value.',
  });
}

function replacedElement(
  node: readonly JsonbNode[],
  step: Value,
  depth: number,
  inner: (old: JsonbNode | undefined) => JsonbNode,
): JsonbNode {
  const text = String(step);
  if (!/^\s*[+-]?\d+$/.test(text)) {
    throw pgError(
      SqlState.invalidTextRepresentation,
      `path element at position ${depth + 1} is not an integer: "${text}"`,
    );
  }
  const index = Number(text) < 0 ? node.length + Number(text) : Number(text);
  if (index < 0) {
    throw pgError(SqlState.invalidParameterValue, `path element at position ${depth + 1} is out of range: ${text}`);
  }
  const elements = [...node];
  while (elements.length < index) elements.push(null);
  elements[index] = inner(node[index]);
  return elements;
}
