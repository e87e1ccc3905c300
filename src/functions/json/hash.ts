// Hash of jsonb with PostgreSQL's own values: containers and scalars mixed in document order.
import { type Jsonb, type JsonbNode, JsonbObject } from '../../types/jsonb.js';
import { Numeric } from '../../types/numeric.js';
import type { CallInfo } from '../call-info.js';
import { hashBytes, hashBytesExtended } from '../hash.js';
import { builtinFunction, fn } from '../registry.js';
import { hashFamily } from '../scalar/hashing.js';
import { isArrayNode } from './view.js';
import { isScalar } from './jsonb-operators.js';

const arrayFlag = 0x40000000;
const objectFlag = 0x20000000;

fn('jsonb_hash', { impl: (document: Jsonb, info: CallInfo) => hash32(document, info) });
fn('jsonb_hash_extended', { impl: hash64 });
hashFamily(['jsonb_in'], '', (value, type, io) => {
  const info = { io, argTypes: [type], resultType: type } as unknown as CallInfo;
  return { fixed: BigInt(hash32(value as Jsonb, info)), seeded: false };
});

function hash32(document: Jsonb, info: CallInfo): number {
  let hash = 0;
  const scalar = (node: JsonbNode): void => {
    hash = ((hash << 1) | (hash >>> 31)) ^ scalarHash(node, info);
  };
  const walk = (node: JsonbNode): void => {
    if (node instanceof JsonbObject) {
      hash ^= objectFlag;
      node.keys.forEach((key, at) => {
        scalar(key);
        walk(node.values[at] as JsonbNode);
      });
    } else if (isArrayNode(node)) {
      hash ^= arrayFlag;
      node.forEach(walk);
    } else scalar(node);
  };
  if (isEmptyContainer(document.root)) return 0;
  // A scalar at the top is stored, and hashed, as an array of one element.
  if (isScalar(document.root)) hash ^= arrayFlag;
  walk(document.root);
  return hash | 0;
}

function isEmptyContainer(node: JsonbNode): boolean {
  return node instanceof JsonbObject ? node.keys.length === 0 : isArrayNode(node) && node.length === 0;
}

function scalarHash(node: JsonbNode, info: CallInfo): number {
  if (node === null) return 1;
  if (typeof node === 'boolean') return node ? 2 : 4;
  if (typeof node === 'string') return hashBytes(Buffer.from(node));
  return node instanceof Numeric ? (call('hash_numeric', node, info) as number) : 0;
}

function hash64(document: Jsonb, seed: bigint, info: CallInfo): bigint {
  let hash = 0n;
  const scalar = (node: JsonbNode): void => {
    hash = ((hash << 1n) & 0xfffffffefffffffen) | ((hash >> 31n) & 0x0000000100000001n);
    hash ^= BigInt.asUintN(64, scalarHash64(node, seed, info));
  };
  const walk = (node: JsonbNode): void => {
    if (node instanceof JsonbObject) {
      hash ^= 0x2000000020000000n;
      node.keys.forEach((key, at) => {
        scalar(key);
        walk(node.values[at] as JsonbNode);
      });
    } else if (isArrayNode(node)) {
      hash ^= 0x4000000040000000n;
      node.forEach(walk);
    } else scalar(node);
  };
  if (isEmptyContainer(document.root)) return seed;
  if (isScalar(document.root)) hash ^= 0x4000000040000000n;
  walk(document.root);
  return BigInt.asIntN(64, hash);
}

function scalarHash64(node: JsonbNode, seed: bigint, info: CallInfo): bigint {
  if (node === null) return seed + 1n;
  if (typeof node === 'boolean') {
    if (seed !== 0n) return call('hashcharextended', node, seed, info) as bigint;
    return node ? 2n : 4n;
  }
  if (typeof node === 'string') return hashBytesExtended(Buffer.from(node), seed);
  return node instanceof Numeric ? (call('hash_numeric_extended', node, seed, info) as bigint) : 0n;
}

function call(symbol: string, ...args: unknown[]): unknown {
  const entry = builtinFunction(symbol);
  if (entry?.kind !== 'scalar') throw new Error(`${symbol} is not registered`);
  return entry.impl(...args);
}
