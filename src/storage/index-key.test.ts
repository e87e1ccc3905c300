// Index keys must sort as the types compare: random values of every type family, ascending and descending, with nulls
// at either end, and keys of two columns.
import { test } from 'tap';
import { ByteWriter } from '../base/bytes.js';
import '../types/index.js';
import type { IoContext } from '../types/io-context.js';
import { typeBehaviour } from '../types/type-behaviour.js';
import type { TypeDescriptor } from '../types/type-descriptor.js';
import type { Value } from '../types/value.js';
import { type KeyColumn, writeKeyColumn } from './index-key.js';

let seed = 20260101;
function below(limit: number): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor((seed / 0x100000000) * limit);
}

const pick = <T>(items: readonly T[]): T => items[below(items.length)] as T;
const digits = (count: number) => Array.from({ length: count }, () => below(10)).join('');
const sign = () => pick(['', '-']);
const letters = (alphabet: readonly string[]) => Array.from({ length: below(12) }, () => pick(alphabet)).join('');
const bits = () => Array.from({ length: below(20) }, () => below(2)).join('');
const two = (limit: number, from = 0) => String(below(limit) + from).padStart(2, '0');
const day = () => `${1000 + below(3000)}-${two(12, 1)}-${two(28, 1)}${pick(['', '', ' BC'])}`;
const clock = () => `${two(24)}:${two(60)}:${two(60)}.${digits(6)}`;

/** Text forms of random values, by input function. */
const texts: Record<string, () => string> = {
  boolin: () => pick(['t', 'f']),
  int2in: () => `${sign()}${below(32768)}`,
  int4in: () => `${sign()}${below(2147483648)}`,
  int8in: () => `${sign()}${digits(1 + below(18))}`,
  oidin: () => String(below(4294967296)),
  float4in: () =>
    pick(['NaN', 'Infinity', '-Infinity', '0', '-0', `${sign()}${digits(3)}.${digits(3)}e${sign()}${below(30)}`]),
  float8in: () =>
    pick(['NaN', 'Infinity', '-Infinity', '0', '-0', `${sign()}${digits(3)}.${digits(9)}e${sign()}${below(300)}`]),
  numeric_in: () =>
    pick([
      'NaN',
      'Infinity',
      '-Infinity',
      '0',
      '0.00',
      '1',
      '1.0',
      `${sign()}${digits(1 + below(30))}.${digits(below(20))}`,
      `${sign()}${below(99)}e${sign()}${below(60)}`,
    ]),
  textin: () => letters(['a', 'b', '', '\u0001', '\u00ff', '\u4e2d', '\u{1f600}']),
  varcharin: () => letters(['a', 'b', ' ']),
  bpcharin: () => letters(['a', 'b', ' ', '\u0001']),
  namein: () => letters(['a', 'b', '_']),
  byteain: () => `\\x${letters(['00', '01', 'ff', 'fe', '41'])}`,
  uuid_in: () => Array.from({ length: 16 }, () => two(99)).join(''),
  cash_in: () => `${sign()}${digits(1 + below(12))}.${digits(2)}`,
  bit_in: bits,
  varbit_in: bits,
  date_in: () => pick(['infinity', '-infinity', day()]),
  time_in: clock,
  timetz_in: () => `${clock()}${pick(['+', '-'])}${two(15)}`,
  timestamp_in: () => {
    const [date = '', era = ''] = day().split(' ');
    return pick(['infinity', '-infinity', `${date} ${clock()} ${era}`]);
  },
  timestamptz_in: () =>
    pick(['infinity', '-infinity', `${1800 + below(400)}-${two(12, 1)}-${two(28, 1)} ${clock()}+${two(14)}`]),
  interval_in: () => `${sign()}${below(40)} months ${sign()}${below(60)} days ${sign()}${below(99999)} seconds`,
  inet_in: () => pick([`${below(256)}.${below(256)}.0.${below(256)}/${below(33)}`, `::${below(9999)}/${below(129)}`]),
  pg_lsn_in: () => `${below(99)}/${below(9999)}`,
};

const collation = null;
const typeOf = (symbol: string): TypeDescriptor | null => {
  const behaviour = typeBehaviour(symbol);
  return behaviour === undefined
    ? null
    : ({ oid: 0, name: symbol, kind: 'b', element: 0, baseType: 0, behaviour } as unknown as TypeDescriptor);
};
const io = {
  typeByOid: () => {
    throw new Error('no type is looked up here');
  },
  collation: () => collation,
  collationOid: 0,
  dateStyle: 'ISO',
  dateOrder: 'MDY',
  intervalStyle: 'postgres',
  timeZone: 'UTC',
  extraFloatDigits: 1,
  byteaOutput: 'hex',
  lcMonetary: 'C',
  xmlOption: 'content',
  transactionTimestamp: 0n,
  statementTimestamp: 0n,
} as unknown as IoContext;

const writer = new ByteWriter();
function keyOf(columns: readonly KeyColumn[], values: readonly Value[]): Buffer {
  writer.reset();
  columns.forEach((column, at) => {
    writeKeyColumn(writer, column, values[at] ?? null, io);
  });
  return writer.copy();
}

function compareColumn(column: KeyColumn, left: Value, right: Value): number {
  if (left === null || right === null) {
    if (left === right) return 0;
    return (left === null) === column.nullsFirst ? -1 : 1;
  }
  const order = column.type.behaviour.compare?.(left, right, column.type, io) ?? 0;
  return column.descending ? -order : order;
}

const valuesPerType = 60;

for (const [symbol, text] of Object.entries(texts)) {
  const type = typeOf(symbol);
  if (type === null) continue;
  test(`keys of ${symbol}`, (t) => {
    const values: Value[] = Array.from({ length: valuesPerType }, () =>
      below(12) === 0 ? null : type.behaviour.input(text(), type, -1, io),
    );
    for (const [descending, nullsFirst] of [
      [false, false],
      [true, true],
      [true, false],
    ] as const) {
      const column: KeyColumn = { type, descending, nullsFirst };
      const keys = values.map((value) => keyOf([column], [value]));
      const wrong: string[] = [];
      keys.forEach((key, left) => {
        keys.forEach((other, right) => {
          const expected = Math.sign(compareColumn(column, values[left] ?? null, values[right] ?? null));
          const found = Math.sign(Buffer.compare(key, other));
          const delimited = found === 0 || !(other.length > key.length && other.subarray(0, key.length).equals(key));
          if (expected !== found || !delimited) wrong.push(`${String(values[left])} against ${String(values[right])}`);
        });
      });
      t.same(wrong, []);
    }
    t.end();
  });
}

test('the second column decides where the first is equal', (t) => {
  const text = typeOf('textin');
  const integer = typeOf('int4in');
  if (text === null || integer === null) throw new Error('text and integer are built');
  const columns = [
    { type: text, descending: true, nullsFirst: false },
    { type: integer, descending: false, nullsFirst: true },
  ];
  const rows: Value[][] = [
    ['b', null],
    ['b', -1],
    ['b', 1],
    ['ab', 0],
    ['a', 5],
    [null, 3],
  ];
  const keys = rows.map((row) => keyOf(columns, row));
  t.same([...keys].sort(Buffer.compare), keys);
  t.end();
});
