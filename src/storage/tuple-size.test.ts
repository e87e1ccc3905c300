// Sizes of heap tuples against those of a real PostgreSQL 17 (lp_len of pageinspect's heap_page_items) for rows (true, value)
// of one column of each type, for rows with nulls, and for rows that it compressed or moved to a TOAST table.
import { createHash } from 'node:crypto';
import { test } from 'tap';
import { defined } from '../errors/unreachable.js';
import '../types/index.js';
import type { IoContext } from '../types/io-context.js';
import { typeBehaviour } from '../types/type-behaviour.js';
import type { TypeDescriptor } from '../types/type-descriptor.js';
import type { RowLayout } from './api.js';
import { rowTupleBytes } from './row-encoder.js';
import { storedLayout } from './row-layout.js';

/** typinput, typlen, typalign, typstorage, typelem, atttypmod. */
const columnTypes: Readonly<Record<string, readonly [string, number, string, string, number, number]>> = {
  bool: ['boolin', 1, 'c', 'p', 0, -1],
  int2: ['int2in', 2, 's', 'p', 0, -1],
  int4: ['int4in', 4, 'i', 'p', 0, -1],
  int8: ['int8in', 8, 'd', 'p', 0, -1],
  float4: ['float4in', 4, 'i', 'p', 0, -1],
  float8: ['float8in', 8, 'd', 'p', 0, -1],
  date: ['date_in', 4, 'i', 'p', 0, -1],
  timestamptz: ['timestamptz_in', 8, 'd', 'p', 0, -1],
  time: ['time_in', 8, 'd', 'p', 0, -1],
  interval: ['interval_in', 16, 'd', 'p', 0, -1],
  uuid: ['uuid_in', 16, 'c', 'p', 0, -1],
  name: ['namein', 64, 'c', 'p', 18, -1],
  macaddr: ['macaddr_in', 6, 'i', 'p', 0, -1],
  money: ['cash_in', 8, 'd', 'p', 0, -1],
  text: ['textin', -1, 'i', 'x', 0, -1],
  'varchar(20)': ['varcharin', -1, 'i', 'x', 0, 24],
  'char(10)': ['bpcharin', -1, 'i', 'x', 0, 14],
  bytea: ['byteain', -1, 'i', 'x', 0, -1],
  json: ['json_in', -1, 'i', 'x', 0, -1],
  'bit(5)': ['bit_in', -1, 'i', 'x', 0, 5],
  varbit: ['varbit_in', -1, 'i', 'x', 0, -1],
  inet: ['inet_in', -1, 'i', 'm', 0, -1],
  cidr: ['cidr_in', -1, 'i', 'm', 0, -1],
  numeric: ['numeric_in', -1, 'i', 'm', 0, -1],
  jsonb: ['jsonb_in', -1, 'i', 'x', 0, -1],
  'int4[]': ['array_in', -1, 'i', 'x', 23, -1],
  'int8[]': ['array_in', -1, 'd', 'x', 20, -1],
  'text[]': ['array_in', -1, 'i', 'x', 25, -1],
  'numeric[]': ['array_in', -1, 'i', 'x', 1700, -1],
  'int2[]': ['array_in', -1, 'i', 'x', 21, -1],
  'bool[]': ['array_in', -1, 'i', 'x', 16, -1],
  'uuid[]': ['array_in', -1, 'i', 'x', 2950, -1],
  'timestamptz[]': ['array_in', -1, 'd', 'x', 1184, -1],
};

/** Element types: oid, name, typinput, typlen. */
const elements: readonly (readonly [number, string, string, number])[] = [
  [23, 'int4', 'int4in', 4],
  [20, 'int8', 'int8in', 8],
  [25, 'text', 'textin', -1],
  [1700, 'numeric', 'numeric_in', -1],
  [21, 'int2', 'int2in', 2],
  [16, 'bool', 'boolin', 1],
  [2950, 'uuid', 'uuid_in', 16],
  [1184, 'timestamptz', 'timestamptz_in', 8],
];

/** Type, value, size. */
const cases: readonly (readonly [string, string, number])[] = [
  ['bool', 't', 26],
  ['int2', '1', 28],
  ['int4', '1', 32],
  ['int8', '1', 40],
  ['float4', '1.5', 32],
  ['float8', '1.5', 40],
  ['date', '2020-01-01', 32],
  ['timestamptz', '2020-01-01 00:00+00', 40],
  ['time', '10:00', 40],
  ['interval', '1 day', 48],
  ['uuid', '11111111-1111-1111-1111-111111111111', 41],
  ['name', 'abc', 89],
  ['macaddr', '01:02:03:04:05:06', 34],
  ['money', '12.50', 40],
  ['text', '', 26],
  ['text', 'x'.repeat(126), 152],
  ['text', 'x'.repeat(127), 159],
  ['text', 'é'.repeat(63), 152],
  ['varchar(20)', 'abc', 29],
  ['char(10)', 'abc', 36],
  ['bytea', '\\x0102', 28],
  ['json', '{"a": 1}', 34],
  ['bit(5)', '10101', 31],
  ['varbit', '1'.repeat(77), 40],
  ['inet', '1.2.3.4', 32],
  ['cidr', '::1/128', 44],
  ['numeric', '0', 28],
  ['numeric', '0.00', 28],
  ['numeric', '1', 30],
  ['numeric', '10000', 30],
  ['numeric', '-10000', 30],
  ['numeric', '99999999', 32],
  ['numeric', '1234.5678', 32],
  ['numeric', '0.0001', 30],
  ['numeric', '0.00000001', 30],
  ['numeric', '1e20', 30],
  ['numeric', '123456789012345678901234567890.12', 46],
  ['numeric', '100.10', 32],
  ['numeric', '0.5', 30],
  ['numeric', '12345', 32],
  ['numeric', 'NaN', 28],
  ['numeric', '-Infinity', 28],
  ['numeric', '1e300', 32],
  ['numeric', `0.${'0'.repeat(70)}`, 30],
  ['numeric', `0.${'0'.repeat(63)}1`, 32],
  ['numeric', `1${'0'.repeat(40)}`, 30],
  ['numeric', '9007199254740993', 36],
  ['numeric', '9000000000001.5', 38],
  ['jsonb', 'null', 34],
  ['jsonb', '1', 42],
  ['jsonb', '"abc"', 37],
  ['jsonb', '[]', 30],
  ['jsonb', '{}', 30],
  ['jsonb', '{"a": 1}', 50],
  ['jsonb', '{"a": "x", "bb": 2.5, "c": null}', 72],
  ['jsonb', '[1, 2, 3]', 66],
  ['jsonb', '["a", 1, true, {"k": [1, "z"]}]', 95],
  ['jsonb', `{"long": "${'y'.repeat(200)}"}`, 248],
  ['jsonb', '[[], {}, [[]], 100.25]', 76],
  ['int4[]', '{}', 38],
  ['int4[]', '{1}', 50],
  ['int4[]', '{1,NULL,3}', 62],
  ['int8[]', '{1,2}', 62],
  ['text[]', '{a,bb,ccc}', 70],
  ['text[]', '{a,NULL,"","long text here"}', 86],
  ['numeric[]', '{1.5,NULL,10000}', 74],
  ['int4[]', '{{1,2},{3,4}}', 70],
  ['int4[]', '[5:6]={1,2}', 54],
  ['int2[]', '{1,2,3}', 52],
  ['bool[]', '{t,f,t}', 49],
  ['uuid[]', '{11111111-1111-1111-1111-111111111111}', 62],
  ['timestamptz[]', '{2020-01-01}', 54],
  ['int4[]', `{${Array(40).fill(7).join()}}`, 212],
];

function descriptor(oid: number, name: string, input: string, length: number, element: number): TypeDescriptor {
  const facts = { oid, name, length, element, kind: 'b', delimiter: ',', typmod: -1, attributes: [], enumLabels: [] };
  return { ...facts, behaviour: defined(typeBehaviour(input), input) } as unknown as TypeDescriptor;
}

const elementTypes = new Map(
  elements.map(([oid, name, input, length]) => [oid, descriptor(oid, name, input, length, 0)]),
);
const io = {
  collation: () => null,
  collationOid: 0,
  typeByOid: (oid: number) => defined(elementTypes.get(oid), `type ${oid}`),
  dateOrder: 'MDY',
  timeZone: 'UTC',
} as unknown as IoContext;

function column(name: string, storage?: string) {
  const [input, length, align, strategy, element, typmod] = defined(columnTypes[name], name);
  const type = descriptor(1, name, input, length, element);
  const attribute = { type, missing: null, align, storage: storage ?? strategy };
  return { attribute, parse: (text: string) => type.behaviour.input(text, type, typmod, io) };
}

const flag = column('bool');

test('a value of each type takes what it takes in PostgreSQL', async (t) => {
  for (const [name, text, bytes] of cases) {
    const { attribute, parse } = column(name);
    const layout: RowLayout = { attributes: [flag.attribute, attribute] };
    t.equal(rowTupleBytes(storedLayout(layout, io), [true, parse(text)], io), bytes, `${name} ${text.slice(0, 40)}`);
  }
});

/** Columns by type name, with the storage strategy where it is not the type's. */
function sizeOf(columns: readonly (readonly [name: string, storage?: string])[], values: readonly (string | null)[]) {
  const made = columns.map(([name, storage]) => column(name, storage));
  const layout: RowLayout = { attributes: made.map(({ attribute }) => attribute) };
  const row = values.map((value, at) => (value === null ? null : defined(made[at], 'column').parse(value)));
  return rowTupleBytes(storedLayout(layout, io), row, io);
}

test('nulls take a bit each, and nothing where there are none', async (t) => {
  const columns = [['bool'], ['int2'], ['int4'], ['int8'], ['text'], ['numeric']] as const;
  t.equal(sizeOf(columns, ['t', '1', '2', '3', 'abc', '4']), 49);
  t.equal(sizeOf(columns, ['t', null, '2', '3', 'abc', '4']), 49);
  t.equal(sizeOf(columns, [null, null, null, null, null, null]), 24);
  t.equal(sizeOf(columns, ['t', '1', '2', null, 'abcde', null]), 38);
  t.equal(sizeOf(columns, ['t', null, null, '3', null, '1.5']), 47);
});

test('large values are compressed or leave the table', async (t) => {
  const hashes = (count: number) =>
    Array.from({ length: count }, (_, at) =>
      createHash('md5')
        .update(String(at + 1))
        .digest('hex'),
    ).join('');
  const repeated = 'abc def '.repeat(1000);
  const plain = [['bool'], ['text'], ['text']] as const;
  // PostgreSQL's 145: compression is estimated.
  const compressed = sizeOf(plain, ['t', repeated, 'short']);
  t.ok(Math.abs(compressed - 145) < 8, `compressed to ${compressed}`);
  t.equal(sizeOf(plain, ['t', hashes(200), 'short']), 49);
  t.equal(sizeOf(plain, ['t', hashes(60), hashes(50)]), 1648);
  t.ok(Math.abs(sizeOf(plain, ['t', hashes(62), 'z'.repeat(100)]) - 2029) < 8);
  const other = [['bool'], ['text', 'e'], ['text', 'm']] as const;
  t.equal(sizeOf(other, ['t', repeated, 'short']), 49);
  t.equal(sizeOf(other, ['t', 'short', hashes(120)]), 3876);
});
