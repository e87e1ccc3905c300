// Changed copies of jsonb: - and #-, jsonb_set, jsonb_set_lax, jsonb_insert. Paths are text arrays of keys and indexes;
// what a path leads through is copied, the rest is shared.
import { pgError, SqlState } from '../../errors/pg-error.js';
import { Jsonb, type JsonbNode, JsonbObject } from '../../types/jsonb.js';
import type { PgArray } from '../../types/value.js';
import { fn } from '../registry.js';
import { invalid, pathIndex } from './access.js';
import { isScalar } from './jsonb-operators.js';
import { isArrayNode } from './view.js';

fn('jsonb_delete', { impl: (document: Jsonb, key: string) => withoutKeys(document, [key]) });
fn('jsonb_delete_array', {
  impl: (document: Jsonb, keys: PgArray) => {
    checkPath(keys);
    return withoutKeys(document, keys.elements as readonly (string | null)[]);
  },
});
fn('jsonb_delete_idx', {
  impl: (document: Jsonb, index: number) => {
    const { root } = document;
    if (isScalar(root)) throw invalid('cannot delete from scalar');
    if (!isArrayNode(root)) throw invalid('cannot delete from object using integer index');
    const at = index < 0 ? root.length + index : index;
    return new Jsonb(root.filter((_, position) => position !== at));
  },
});

function withoutKeys(document: Jsonb, keys: readonly (string | null)[]): Jsonb {
  const { root } = document;
  if (isScalar(root)) throw invalid('cannot delete from scalar');
  if (isArrayNode(root)) {
    return new Jsonb(root.filter((element) => typeof element !== 'string' || !keys.includes(element)));
  }
  if (!(root instanceof JsonbObject)) return document;
  const kept = root.keys.map((_, at) => at).filter((at) => !keys.includes(root.keys[at] as string));
  return new Jsonb(
    new JsonbObject(
      kept.map((at) => root.keys[at] as string),
      kept.map((at) => root.values[at] as JsonbNode),
    ),
  );
}

/** What happens at the path's end. `set` replaces or creates, `replace` only replaces. */
type Operation = 'delete' | 'set' | 'replace' | 'insert-before' | 'insert-after';

interface Change {
  readonly path: readonly (string | null)[];
  readonly operation: Operation;
  readonly value: JsonbNode;
}

fn('jsonb_delete_path', {
  impl: (document: Jsonb, path: PgArray) => {
    checkPath(path);
    if (isScalar(document.root)) throw invalid('cannot delete path in scalar');
    return changed(document, path, 'delete', null);
  },
});
fn('jsonb_set', { impl: set });
fn('jsonb_insert', {
  impl: (document: Jsonb, path: PgArray, value: Jsonb, after: boolean) => {
    checkPath(path);
    if (isScalar(document.root)) throw invalid('cannot set path in scalar');
    return changed(document, path, after ? 'insert-after' : 'insert-before', value.root);
  },
});

function set(document: Jsonb, path: PgArray, value: Jsonb, create: boolean): Jsonb {
  checkPath(path);
  if (isScalar(document.root)) throw invalid('cannot set path in scalar');
  return changed(document, path, create ? 'set' : 'replace', value.root);
}

fn('jsonb_set_lax', {
  impl: (
    document: Jsonb | null,
    path: PgArray | null,
    value: Jsonb | null,
    create: boolean | null,
    treatment: string | null,
  ) => {
    if (document === null || path === null || create === null) return null;
    if (treatment === null) throw badTreatment();
    if (value !== null) return set(document, path, value, create);
    switch (treatment) {
      case 'raise_exception':
        throw pgError(SqlState.nullValueNotAllowed, 'JSON value must not be null', {
          detail: 'Exception was raised because null_value_treatment is "raise_exception".',
          hint: 'To avoid, either change the null_value_treatment argument or ensure that an SQL NULL is not passed.',
        });
      case 'use_json_null':
        return set(document, path, new Jsonb(null), create);
      case 'delete_key':
        checkPath(path);
        if (isScalar(document.root)) throw invalid('cannot delete path in scalar');
        return changed(document, path, 'delete', null);
      case 'return_target':
        return document;
      default:
        throw badTreatment();
    }
  },
});

function badTreatment(): Error {
  return invalid('null_value_treatment must be "delete_key", "return_target", "use_json_null", or "raise_exception"');
}

function checkPath(path: PgArray): void {
  if (path.dimensions.length > 1) throw pgError(SqlState.arraySubscriptError, 'wrong number of array subscripts');
}

function changed(document: Jsonb, path: PgArray, operation: Operation, value: JsonbNode): Jsonb {
  if (path.elements.length === 0) return document;
  if ((operation === 'delete' || operation === 'replace') && isEmpty(document.root)) return document;
  return new Jsonb(changedNode(document.root, { path: path.elements as (string | null)[], operation, value }, 0));
}

function isEmpty(node: JsonbNode): boolean {
  return node instanceof JsonbObject ? node.keys.length === 0 : isArrayNode(node) && node.length === 0;
}

function changedNode(node: JsonbNode, change: Change, level: number): JsonbNode {
  if (isScalar(node)) return node;
  const step = change.path[level] ?? null;
  if (step === null) {
    throw pgError(SqlState.nullValueNotAllowed, `path element at position ${level + 1} is null`);
  }
  if (node instanceof JsonbObject) return changedObject(node, step, change, level);
  return isArrayNode(node) ? changedArray(node, step, change, level) : node;
}

function changedObject(object: JsonbObject, key: string, change: Change, level: number): JsonbNode {
  const isLast = level === change.path.length - 1;
  const at = object.indexOf(key);
  if (at < 0) {
    if (!isLast || change.operation === 'delete' || change.operation === 'replace') return object;
    const members = object.keys.map((name, index) => [name, object.values[index] as JsonbNode] as const);
    return JsonbObject.from([...members, [key, change.value]]);
  }
  if (isLast && change.operation === 'delete') {
    return new JsonbObject(object.keys.toSpliced(at, 1), object.values.toSpliced(at, 1));
  }
  if (isLast && change.operation.startsWith('insert')) {
    throw invalid(
      'cannot replace existing key',
      SqlState.invalidParameterValue,
      'Try using the function jsonb_set to replace key value.',
    );
  }
  const value = isLast ? change.value : changedNode(object.values[at] as JsonbNode, change, level + 1);
  return new JsonbObject(object.keys, object.values.with(at, value));
}

function changedArray(array: readonly JsonbNode[], step: string, change: Change, level: number): JsonbNode {
  const isLast = level === change.path.length - 1;
  const { operation, value } = change;
  const given = pathIndex(step);
  if (given === null) {
    throw invalid(
      `path element at position ${level + 1} is not an integer: "${step}"`,
      SqlState.invalidTextRepresentation,
    );
  }
  const at = given < 0 ? array.length + given : given;
  if (at < 0 || at >= array.length) {
    // Beyond either end: a value to be placed goes to that end.
    if (!isLast || operation === 'delete' || operation === 'replace') return array;
    return at < 0 ? [value, ...array] : [...array, value];
  }
  const old = array[at] as JsonbNode;
  if (!isLast) return array.with(at, changedNode(old, change, level + 1));
  switch (operation) {
    case 'delete':
      return array.toSpliced(at, 1);
    case 'insert-before':
      return array.toSpliced(at, 0, value);
    case 'insert-after':
      return array.toSpliced(at + 1, 0, value);
    default:
      return array.with(at, value);
  }
}
