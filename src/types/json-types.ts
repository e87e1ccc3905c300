// json (text kept as written) and jsonb (a parsed tree): text and binary form, stored form, jsonb's order.
// Stored jsonb: a tag byte per node (null, false, true, string, number, array, object), lengths and counts as 32 bits.
import { escapeCharacters } from './escape.js';
import type { ByteReader, ByteWriter } from '../base/bytes.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import { Jsonb, JsonbObject, type JsonbNode } from './jsonb.js';
import { checkJson, parseJsonb } from './json-parser.js';
import { Numeric } from './numeric.js';
import { compareNumerics } from './numeric-math.js';
import { loadNumeric, numericSortKey, storeNumeric } from './numeric-type.js';
import { codePointSortKey } from './sort-key.js';
import { compareCodePoints } from './text-compare.js';
import { defineType } from './type-behaviour.js';

defineType<string>({
  symbol: 'json_in',
  storage: 'varlen',
  input: checked,
  output: (value) => value,
  receive: (reader) => checked(reader.utf8(reader.remaining)),
  send: (value, _type, writer) => void writer.utf8(value),
  store: (value, _type, writer) => void writer.utf8(value),
  load: (reader) => reader.utf8(reader.remaining),
});

defineType<Jsonb>({
  symbol: 'jsonb_in',
  storage: 'varlen',
  input: (text) => new Jsonb(parseJsonb(text)),
  output: (value) => formatJsonb(value.root),
  receive: (reader) => {
    const version = reader.uint8();
    if (version !== 1) throw pgError(SqlState.internalError, `unsupported jsonb version number ${version}`);
    return new Jsonb(parseJsonb(reader.utf8(reader.remaining)));
  },
  send: (value, _type, writer) => {
    writer.uint8(1);
    writer.utf8(formatJsonb(value.root));
  },
  store: (value, _type, writer) => storeNode(value.root, writer),
  load: (reader) => new Jsonb(loadNode(reader)),
  compare: (left, right) => compareJsonb(left.root, right.root),
  hashKey: (value) => nodeHashKey(value.root),
  sortKey: (value, _type, writer) => {
    // An empty array at the top sorts before everything (manual, section 8.14.4).
    if (isEmptyArray(value.root)) writer.uint8(0);
    else nodeSortKey(value.root, writer);
  },
});

function checked(text: string): string {
  checkJson(text);
  return text;
}

/** jsonb's text: one space after colons and commas. */
export function formatJsonb(node: JsonbNode): string {
  if (node === null) return 'null';
  if (typeof node === 'boolean') return node ? 'true' : 'false';
  if (typeof node === 'string') return quoteJson(node);
  if (node instanceof Numeric) return node.toString();
  if (node instanceof JsonbObject) {
    return `{${node.keys.map((key, at) => `${quoteJson(key)}: ${formatJsonb(node.values[at] as JsonbNode)}`).join(', ')}}`;
  }
  return `[${node.map(formatJsonb).join(', ')}]`;
}

/** A JSON string literal with PostgreSQL's escapes. */
export function quoteJson(text: string): string {
  if (!/["\\\u0000-\u001f]/.test(text)) return `"${text}"`;
  return `"${escapeCharacters(text, /["\\\u0000-\u001f]/g, escapeJson)}"`;
}

const named: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

function escapeJson(char: string): string {
  return named[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** B-tree order of documents: Object > Array > Boolean > Number > String > null; more members come later. */
export function compareJsonb(left: JsonbNode, right: JsonbNode): number {
  const leftEmpty = isEmptyArray(left);
  const rightEmpty = isEmptyArray(right);
  if (leftEmpty !== rightEmpty) {
    if (leftEmpty) return -1;
    return 1;
  }
  return compareNodes(left, right);
}

function compareNodes(left: JsonbNode, right: JsonbNode): number {
  const byRank = nodeRank(left) - nodeRank(right);
  if (byRank !== 0) return byRank;
  if (typeof left === 'string') return compareCodePoints(left, right as string);
  if (typeof left === 'boolean') return Number(left) - Number(right);
  if (left instanceof Numeric) return compareNumerics(left, right as Numeric);
  if (left instanceof JsonbObject) return compareObjects(left, right as JsonbObject);
  if (left === null) return 0;
  const other = right as readonly JsonbNode[];
  if (left.length !== other.length) return left.length - other.length;
  for (let index = 0; index < left.length; index++) {
    const order = compareNodes(left[index] as JsonbNode, other[index] as JsonbNode);
    if (order !== 0) return order;
  }
  return 0;
}

function compareObjects(left: JsonbObject, right: JsonbObject): number {
  if (left.keys.length !== right.keys.length) return left.keys.length - right.keys.length;
  for (let index = 0; index < left.keys.length; index++) {
    const order =
      compareCodePoints(left.keys[index] as string, right.keys[index] as string) ||
      compareNodes(left.values[index] as JsonbNode, right.values[index] as JsonbNode);
    if (order !== 0) return order;
  }
  return 0;
}

function nodeRank(node: JsonbNode): number {
  if (node === null) return 1;
  if (typeof node === 'string') return 2;
  if (node instanceof Numeric) return 3;
  if (typeof node === 'boolean') return 4;
  return node instanceof JsonbObject ? 6 : 5;
}

function isEmptyArray(node: JsonbNode): boolean {
  return Array.isArray(node) && node.length === 0;
}

function nodeSortKey(node: JsonbNode, writer: ByteWriter): void {
  writer.uint8(nodeRank(node));
  if (node === null) return;
  if (typeof node === 'string') return codePointSortKey(node, writer);
  if (typeof node === 'boolean') return writer.uint8(node ? 1 : 0);
  if (node instanceof Numeric) return numericSortKey(node, writer);
  if (node instanceof JsonbObject) {
    writer.uint32(node.keys.length);
    node.keys.forEach((key, at) => {
      codePointSortKey(key, writer);
      nodeSortKey(node.values[at] as JsonbNode, writer);
    });
    return;
  }
  writer.uint32(node.length);
  for (const element of node) nodeSortKey(element, writer);
}

// Equal documents print alike but for the scale of numbers.
function nodeHashKey(node: JsonbNode): string {
  if (node instanceof Numeric)
    return node
      .toString()
      .replace(/(\.\d*?)0+$/, '$1')
      .replace(/\.$/, '');
  if (node instanceof JsonbObject) {
    return `{${node.keys.map((key, at) => `${quoteJson(key)}:${nodeHashKey(node.values[at] as JsonbNode)}`).join(',')}}`;
  }
  if (Array.isArray(node)) return `[${node.map(nodeHashKey).join(',')}]`;
  return formatJsonb(node);
}

function storeNode(node: JsonbNode, writer: ByteWriter): void {
  if (node === null || typeof node === 'boolean') return writer.uint8(node === null ? 0 : node ? 2 : 1);
  if (typeof node === 'string') {
    writer.uint8(3);
    return storeText(node, writer);
  }
  if (node instanceof Numeric) {
    writer.uint8(4);
    const start = writer.length;
    writer.int32(0);
    storeNumeric(node, writer);
    writer.patchInt32(start, writer.length - start - 4);
    return;
  }
  if (node instanceof JsonbObject) {
    writer.uint8(6);
    writer.uint32(node.keys.length);
    node.keys.forEach((key, at) => {
      storeText(key, writer);
      storeNode(node.values[at] as JsonbNode, writer);
    });
    return;
  }
  writer.uint8(5);
  writer.uint32(node.length);
  for (const element of node) storeNode(element, writer);
}

function storeText(text: string, writer: ByteWriter): void {
  const start = writer.length;
  writer.int32(0);
  writer.patchInt32(start, writer.utf8(text));
}

function loadNode(reader: ByteReader): JsonbNode {
  const tag = reader.uint8();
  if (tag <= 2) return tag === 0 ? null : tag === 2;
  if (tag === 3) return reader.utf8(reader.int32());
  if (tag === 4) return loadNumeric(reader, reader.int32());
  const count = reader.uint32();
  if (tag === 5) {
    const elements: JsonbNode[] = [];
    for (let index = 0; index < count; index++) elements.push(loadNode(reader));
    return elements;
  }
  const keys: string[] = [];
  const values: JsonbNode[] = [];
  for (let index = 0; index < count; index++) {
    keys.push(reader.utf8(reader.int32()));
    values.push(loadNode(reader));
  }
  return new JsonbObject(keys, values);
}
