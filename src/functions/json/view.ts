// One way to look at a JSON document, whichever of the two types holds it: a json value is text and its parts are
// pieces of that text; a jsonb value is a tree. Functions that both types have are written once, over views.
import { type JsonBuilder, parseJson } from '../../types/json-parser.js';
import { formatJsonb } from '../../types/json-types.js';
import { Jsonb, type JsonbNode, JsonbObject } from '../../types/jsonb.js';
import { Numeric } from '../../types/numeric.js';

export type JsonKind = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object';

export interface JsonView {
  readonly kind: JsonKind;
  /** Elements of an array in order; empty for other kinds. */
  readonly elements: readonly JsonView[];
  /** Members of an object: in written order with repeated keys (json), or in jsonb's order. */
  readonly members: readonly (readonly [string, JsonView])[];
  /** The member's value (of repeated keys the last one), undefined where there is none. */
  member(key: string): JsonView | undefined;
  /** The value as its own type: json's text as written, or Jsonb. */
  readonly value: string | Jsonb;
  /** JSON text of the value. */
  readonly json: string;
  /** As ->> gives it: a string's own characters, else the JSON text; null for JSON's null. */
  readonly text: string | null;
}

/** Parses a json value's text, or wraps a jsonb tree. Throws 22P05 for escapes that are no text. */
export function viewOf(document: string | Jsonb): JsonView {
  if (document instanceof Jsonb) return new JsonbView(document.root);
  return parseJson(document, textBuilder(document));
}

class TextView implements JsonView {
  constructor(
    private readonly source: string,
    private readonly start: number,
    private readonly end: number,
    readonly kind: JsonKind,
    private readonly characters: string,
    readonly elements: readonly JsonView[],
    readonly members: readonly (readonly [string, JsonView])[],
  ) {}

  member(key: string): JsonView | undefined {
    for (let at = this.members.length - 1; at >= 0; at--) {
      const member = this.members[at];
      if (member !== undefined && member[0] === key) return member[1];
    }
    return undefined;
  }

  get value(): string {
    return this.json;
  }

  get json(): string {
    return this.source.slice(this.start, this.end);
  }

  get text(): string | null {
    if (this.kind === 'null') return null;
    return this.kind === 'string' ? this.characters : this.json;
  }
}

function textBuilder(source: string): JsonBuilder<JsonView> {
  const leaf = (kind: JsonKind, start: number, end: number, characters = '') =>
    new TextView(source, start, end, kind, characters, [], []);
  return {
    string: (value, start, end) => leaf('string', start, end, value),
    number: (_word, start, end) => leaf('number', start, end),
    literal: (value, start, end) => leaf(value === null ? 'null' : 'boolean', start, end),
    object: (members, start, end) => new TextView(source, start, end, 'object', '', [], members),
    array: (elements, start, end) => new TextView(source, start, end, 'array', '', elements, []),
  };
}

class JsonbView implements JsonView {
  constructor(private readonly node: JsonbNode) {}

  get kind(): JsonKind {
    return kindOfNode(this.node);
  }

  get elements(): readonly JsonView[] {
    const { node } = this;
    return isArrayNode(node) ? node.map((element) => new JsonbView(element)) : [];
  }

  get members(): readonly (readonly [string, JsonView])[] {
    const { node } = this;
    if (!(node instanceof JsonbObject)) return [];
    return node.keys.map((key, at) => [key, new JsonbView(node.values[at] as JsonbNode)] as const);
  }

  member(key: string): JsonView | undefined {
    const found = this.node instanceof JsonbObject ? this.node.get(key) : undefined;
    return found === undefined ? undefined : new JsonbView(found);
  }

  get value(): Jsonb {
    return new Jsonb(this.node);
  }

  get json(): string {
    return formatJsonb(this.node);
  }

  get text(): string | null {
    if (this.node === null) return null;
    return typeof this.node === 'string' ? this.node : this.json;
  }
}

/** What a node of a jsonb tree is. */
export function kindOfNode(node: JsonbNode): JsonKind {
  if (node === null) return 'null';
  if (typeof node === 'boolean') return 'boolean';
  if (typeof node === 'string') return 'string';
  if (node instanceof Numeric) return 'number';
  return node instanceof JsonbObject ? 'object' : 'array';
}

/** True for an array node of a jsonb tree. */
export function isArrayNode(node: JsonbNode | undefined): node is readonly JsonbNode[] {
  return Array.isArray(node);
}
