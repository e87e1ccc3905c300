// Reading parts of json and jsonb: -> ->> #> #>>, each, keys, elements, length, typeof, strip_nulls.
import { type SqlState as State, pgError, SqlState } from '../../errors/pg-error.js';
import { quoteJson } from '../../types/json-types.js';
import { Jsonb, type JsonbNode, JsonbObject } from '../../types/jsonb.js';
import type { PgArray } from '../../types/value.js';
import { fn, tableFn } from '../registry.js';
import { type JsonView, isArrayNode, viewOf } from './view.js';

type Document = string | Jsonb;
type Prefix = 'json' | 'jsonb';

for (const prefix of ['json', 'jsonb'] as const) {
  registerLookups(prefix);
  registerPaths(prefix);
  registerExpansions(prefix);
  fn(`${prefix}_array_length`, {
    impl: (document: Document) => {
      const view = viewOf(document);
      if (view.kind === 'array') return view.elements.length;
      throw invalid(`cannot get array length of a ${view.kind === 'object' ? 'non-array' : 'scalar'}`);
    },
  });
  fn(`${prefix}_typeof`, { impl: (document: Document) => viewOf(document).kind });
}

function registerLookups(prefix: Prefix): void {
  fn(`${prefix}_object_field`, {
    impl: (document: Document, key: string) => viewOf(document).member(key)?.value ?? null,
  });
  fn(`${prefix}_object_field_text`, {
    impl: (document: Document, key: string) => viewOf(document).member(key)?.text ?? null,
  });
  fn(`${prefix}_array_element`, {
    impl: (document: Document, index: number) => element(rootElements(document), index)?.value ?? null,
  });
  fn(`${prefix}_array_element_text`, {
    impl: (document: Document, index: number) => element(rootElements(document), index)?.text ?? null,
  });
}

// A jsonb scalar at the top answers as an array of one element, as PostgreSQL stores it.
function rootElements(document: Document): readonly JsonView[] {
  const view = viewOf(document);
  if (document instanceof Jsonb && view.kind !== 'array' && view.kind !== 'object') return [view];
  return view.elements;
}

function element(elements: readonly JsonView[], index: number): JsonView | undefined {
  return elements[index < 0 ? elements.length + index : index];
}

function registerPaths(prefix: Prefix): void {
  fn(`${prefix}_extract_path`, {
    impl: (document: Document, path: PgArray) => atPath(document, path)?.value ?? null,
  });
  fn(`${prefix}_extract_path_text`, {
    impl: (document: Document, path: PgArray) => atPath(document, path)?.text ?? null,
  });
}

function atPath(document: Document, path: PgArray): JsonView | undefined {
  if (path.elements.includes(null)) return undefined;
  let view: JsonView | undefined = viewOf(document);
  for (const step of path.elements as readonly string[]) {
    if (view.kind === 'object') view = view.member(step);
    else if (view.kind === 'array') {
      const index = pathIndex(step);
      view = index === null ? undefined : element(view.elements, index);
    } else return undefined;
    if (view === undefined) return undefined;
  }
  return view;
}

/** The array index that a path step names, null where it is no int4. */
export function pathIndex(step: string): number | null {
  if (!/^[ \t\n\v\f\r]*[+-]?\d+$/.test(step)) return null;
  const index = Number(step);
  return index > 2147483647 || index < -2147483648 ? null : index;
}

function registerExpansions(prefix: Prefix): void {
  tableFn(`${prefix}_each`, {
    rows: (document: Document) => membersOf(prefix, document, '').map(([key, view]) => [key, view.value]),
  });
  tableFn(`${prefix}_each_text`, {
    rows: (document: Document) => membersOf(prefix, document, '_text').map(([key, view]) => [key, view.text]),
  });
  tableFn(`${prefix}_object_keys`, {
    rows: (document: Document) => {
      const view = viewOf(document);
      if (view.kind === 'object') return view.members.map(([key]) => key);
      throw invalid(`cannot call ${prefix}_object_keys on ${view.kind === 'array' ? 'an array' : 'a scalar'}`);
    },
  });
  tableFn(`${prefix}_array_elements`, {
    rows: (document: Document) => elementsOf(prefix, document, '').map((view) => view.value),
  });
  tableFn(`${prefix}_array_elements_text`, {
    rows: (document: Document) => elementsOf(prefix, document, '_text').map((view) => view.text),
  });
}

function membersOf(prefix: Prefix, document: Document, suffix: string): JsonView['members'] {
  const view = viewOf(document);
  if (view.kind === 'object') return view.members;
  if (prefix === 'jsonb') throw invalid(`cannot call jsonb_each${suffix} on a non-object`);
  throw invalid(view.kind === 'array' ? 'cannot deconstruct an array as an object' : 'cannot deconstruct a scalar');
}

function elementsOf(prefix: Prefix, document: Document, suffix: string): readonly JsonView[] {
  const view = viewOf(document);
  if (view.kind === 'array') return view.elements;
  if (prefix === 'jsonb') {
    throw invalid(`cannot extract elements from ${view.kind === 'object' ? 'an object' : 'a scalar'}`);
  }
  throw invalid(`cannot call json_array_elements${suffix} on a ${view.kind === 'object' ? 'non-array' : 'scalar'}`);
}

fn('json_strip_nulls', { impl: (document: string) => withoutNulls(viewOf(document)) });
fn('jsonb_strip_nulls', { impl: (document: Jsonb) => new Jsonb(nodeWithoutNulls(document.root)) });

function withoutNulls(view: JsonView): string {
  if (view.kind === 'array') return `[${view.elements.map(withoutNulls).join(',')}]`;
  if (view.kind === 'string') return quoteJson(view.text ?? '');
  if (view.kind !== 'object') return view.json;
  const kept = view.members.filter(([, value]) => value.kind !== 'null');
  return `{${kept.map(([key, value]) => `${quoteJson(key)}:${withoutNulls(value)}`).join(',')}}`;
}

function nodeWithoutNulls(node: JsonbNode): JsonbNode {
  if (isArrayNode(node)) return node.map(nodeWithoutNulls);
  if (!(node instanceof JsonbObject)) return node;
  const kept = node.keys.map((_, at) => at).filter((at) => node.values[at] !== null);
  return new JsonbObject(
    kept.map((at) => node.keys[at] as string),
    kept.map((at) => nodeWithoutNulls(node.values[at] as JsonbNode)),
  );
}

/** 22023 (or the given state) in PostgreSQL's words. */
export function invalid(message: string, state: State = SqlState.invalidParameterValue, hint?: string): Error {
  return pgError(state, message, { hint });
}
