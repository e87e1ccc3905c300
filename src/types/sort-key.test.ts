// Every type with an order: random pairs compare as their index keys' bytes do, equal hash keys mean equal values, and
// stored bytes load back to the same text. The random source is seeded.
import { test } from 'tap';
import { ByteReader, ByteWriter } from '../base/bytes.js';
import { defined } from '../errors/unreachable.js';
import './index.js';
import type { IoContext } from './io-context.js';
import { typeBehaviour } from './type-behaviour.js';
import type { TypeDescriptor } from './type-descriptor.js';
import type { Value } from './value.js';

let state = 20261123;
function random(): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 4294967296;
}
function pick<T>(list: readonly T[]): T {
  return list[Math.floor(random() * list.length)] as T;
}
function digits(max: number): string {
  return Array.from({ length: 1 + Math.floor(random() * max) }, () => Math.floor(random() * 10)).join('');
}
function signed(max: number): string {
  return `${random() < 0.5 ? '-' : ''}${digits(max)}`;
}
function word(): string {
  const alphabet = ['a', 'b', 'A', ' ', '\u0001', 'é', '\uffff', '😀', 'z', '0'];
  return Array.from({ length: Math.floor(random() * 5) }, () => pick(alphabet)).join('');
}
function quotedWord(): string {
  return random() < 0.1 ? 'NULL' : `"${word().replace(/["\\]/g, '\\$&')}"`;
}
const hex = () =>
  Math.floor(random() * 256)
    .toString(16)
    .padStart(2, '0');
const hexes = (count: number) => Array.from({ length: count }, hex).join('');

function json(depth: number): string {
  const kind = Math.floor(random() * (depth > 0 ? 7 : 5));
  if (kind === 0) return pick(['null', 'true', 'false']);
  if (kind < 3) return `${random() < 0.5 ? '-' : ''}${Math.floor(random() * 20)}${pick(['', '.0', '.50', 'e1'])}`;
  if (kind < 5) return JSON.stringify(word());
  const members = Array.from({ length: Math.floor(random() * 3) }, () => json(depth - 1));
  return kind === 5
    ? `[${members.join(',')}]`
    : `{${members.map((member) => `${JSON.stringify(word())}:${member}`).join(',')}}`;
}

const floats = () =>
  pick([
    'NaN',
    'Infinity',
    '-Infinity',
    '0',
    '-0',
    signed(3),
    `${signed(2)}.${digits(3)}`,
    `${signed(1)}e${pick(['', '-'])}${digits(1)}`,
  ]);
const numerics = () =>
  pick([
    'NaN',
    'Infinity',
    '-Infinity',
    '0',
    '0.00',
    signed(30),
    `${signed(3)}.${digits(4)}`,
    `${signed(2)}e-20`,
    `${signed(1)}00.0`,
  ]);

const cases: readonly [symbol: string, text: () => string, element?: number][] = [
  ['boolin', () => pick(['t', 'f'])],
  ['int2in', () => signed(4)],
  ['int4in', () => signed(9)],
  ['int8in', () => signed(18)],
  ['oidin', () => String(Math.floor(random() * 4294967296))],
  ['xid8in', () => digits(19).replace(/^0+(?=.)/, '')],
  ['pg_lsn_in', () => `${hexes(4)}/${hexes(4)}`],
  ['tidin', () => `(${digits(4)},${digits(3)})`],
  ['float4in', floats],
  ['float8in', floats],
  ['numeric_in', numerics],
  ['textin', word],
  ['varcharin', word],
  ['bpcharin', word],
  ['namein', word],
  ['charin', () => pick(['', 'a', 'B', '\\377', '\\200', '\\001'])],
  ['byteain', () => `\\x${pick(['', '00', '00ff', '0000', 'ff', hexes(3)])}`],
  ['uuid_in', () => hexes(16)],
  ['cash_in', () => `${signed(5)}.${digits(2)}`],
  ['bit_in', () => Math.floor(random() * 4096).toString(2)],
  ['varbit_in', () => '0'.repeat(Math.floor(random() * 10)) + Math.floor(random() * 8).toString(2)],
  ['oidvectorin', () => Array.from({ length: Math.floor(random() * 4) }, () => pick(['1', '2', '700'])).join(' ')],
  ['jsonb_in', () => json(3)],
  ['array_in', () => `{${Array.from({ length: Math.floor(random() * 4) }, quotedWord).join(',')}}`, 25],
  ['array_in', () => pick(['{}', '{1}', '[0:0]={1}', '{{1,2}}', '{{1},{2}}', '{1,2}', '{NULL}', '{1,NULL}']), 1700],
];

const inputs: Readonly<Record<number, string>> = { 21: 'int2in', 25: 'textin', 26: 'oidin', 1700: 'numeric_in' };

function descriptor(oid: number, symbol: string, element = 0): TypeDescriptor {
  return {
    ...({
      name: symbol,
      delimiter: ',',
      kind: 'b',
      typmod: -1,
      attributes: [],
      enumLabels: [],
    } as unknown as TypeDescriptor),
    oid,
    element,
    behaviour: defined(typeBehaviour(symbol), symbol),
  };
}

const io = {
  collationOid: 0,
  collation: () => null,
  typeByOid: (oid: number) => descriptor(oid, inputs[oid] ?? 'textin'),
  extraFloatDigits: 1,
  byteaOutput: 'hex',
} as unknown as IoContext;

function keyOf(value: Value, type: TypeDescriptor): Buffer {
  const writer = new ByteWriter();
  defined(type.behaviour.sortKey, 'sort key')(value, type, writer, io);
  // A further column follows: keys must delimit themselves.
  writer.uint8(0x80);
  return writer.copy();
}

for (const [symbol, text, element] of cases) {
  test(`${symbol} ${element ?? ''} orders by its key`, async (t) => {
    const type = descriptor(1, symbol, element);
    const { behaviour } = type;
    const compare = defined(behaviour.compare, 'compare');
    const hashKey = defined(behaviour.hashKey, 'hash key');
    for (let round = 0; round < 400; round++) {
      const [left, right] = [text(), text()] as const;
      const a = behaviour.input(left, type, -1, io);
      const b = behaviour.input(right, type, -1, io);
      const order = Math.sign(compare(a, b, type, io));
      const byKey = Buffer.compare(keyOf(a, type), keyOf(b, type));
      const isEqual = hashKey(a, type, io) === hashKey(b, type, io);
      if (
        order !== byKey ||
        isEqual !== (order === 0) ||
        Math.sign(compare(b, a, type, io)) !== (order === 0 ? 0 : -order)
      ) {
        t.fail(`${left} and ${right}: compare ${order}, keys ${byKey}, equal hash ${isEqual}`);
        break;
      }
      if (behaviour.store === undefined) continue;
      const writer = new ByteWriter();
      behaviour.store(a, type, writer, io);
      const loaded = defined(behaviour.load, 'load')(new ByteReader(writer.copy(), () => new Error('short')), type, io);
      if (behaviour.output(loaded, type, io) !== behaviour.output(a, type, io)) t.fail(`${left} is stored otherwise`);
    }
    t.pass();
  });
}
