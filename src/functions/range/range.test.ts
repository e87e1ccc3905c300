// Ranges and multiranges: answers are PostgreSQL 17's.
import { test } from 'tap';
import { PgError } from '../../errors/pg-error.js';
import '../../types/index.js';
import type { IoContext } from '../../types/io-context.js';
import { typeBehaviour } from '../../types/type-behaviour.js';
import type { TypeDescriptor } from '../../types/type-descriptor.js';
import type { Value } from '../../types/value.js';
import '../index.js';
import { builtinFunction } from '../registry.js';

const [int4, int4range, int4multirange, numeric, numrange] = [23, 3904, 4451, 1700, 3906];

function type(oid: number, name: string, symbol: string, subtype = 0, canonical = ''): TypeDescriptor {
  const range = { rangeType: subtype === int4 ? int4range : numrange, multirangeType: int4multirange, subtype };
  const behaviour = typeBehaviour(symbol);
  const facts = subtype === 0 ? undefined : { ...range, collation: 0, canonical };
  return { oid, name, behaviour, range: facts, kind: 'b', length: 4 } as unknown as TypeDescriptor;
}

const types = new Map(
  [
    type(int4, 'int4', 'int4in'),
    type(numeric, 'numeric', 'numeric_in'),
    type(int4range, 'int4range', 'range_in', int4, 'int4range_canonical'),
    type(numrange, 'numrange', 'range_in', numeric),
    type(int4multirange, 'int4multirange', 'multirange_in', int4, 'int4range_canonical'),
  ].map((each) => [each.oid, each]),
);
const io = { typeByOid: (oid: number) => types.get(oid), collationOid: 0 } as unknown as IoContext;

function read(text: string, oid: number): Value {
  const descriptor = types.get(oid) as TypeDescriptor;
  return descriptor.behaviour.input(text, descriptor, -1, io);
}

function shown(value: Value | boolean): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const oid = 'type' in value ? (value.type as number) : numeric;
  const descriptor = types.get(oid) as TypeDescriptor;
  return descriptor.behaviour.output(value, descriptor, io);
}

function outcome(run: () => Value): string {
  try {
    return shown(run());
  } catch (error) {
    if (error instanceof PgError) return `${error.code} ${error.message}`;
    throw error;
  }
}

function call(symbol: string, ...args: Value[]): Value {
  const entry = builtinFunction(symbol);
  if (entry?.kind !== 'scalar') throw new Error(`${symbol} is not registered`);
  return entry.impl(...args, { io }) as Value;
}

const literals: readonly (readonly [string, number, string])[] = [
  ['(1,5]', int4range, '[2,6)'],
  ['[3,3)', int4range, 'empty'],
  ['(,)', int4range, '(,)'],
  ['[5,1]', int4range, '22000 range lower bound must be less than or equal to range upper bound'],
  ['[1,2', int4range, '22P02 malformed range literal: "[1,2"'],
  ['["1.50",2)', numrange, '[1.50,2)'],
  ['{[5,7),[1,3), [3,4],empty}', int4multirange, '{[1,7)}'],
  ['{[1,2}', int4multirange, '22P02 malformed multirange literal: "{[1,2}"'],
];

test('texts of ranges', async (t) => {
  for (const [text, oid, expected] of literals)
    t.equal(
      outcome(() => read(text, oid)),
      expected,
      text,
    );
});

const operations: readonly (readonly [string, string, string, number, string])[] = [
  ['range_adjacent', '[1,3)', '[3,5)', int4range, 'true'],
  ['range_adjacent', '(1,2)', '(2,3)', numrange, 'false'],
  ['range_adjacent', '(1,2]', '(2,3)', numrange, 'true'],
  ['range_minus', '[1,10)', '[3,5)', int4range, '22000 result of range difference would not be contiguous'],
  ['range_minus', '[1,10)', '[3,20)', int4range, '[1,3)'],
  ['range_union', '[1,2)', '[3,4)', int4range, '22000 result of range union would not be contiguous'],
  ['range_intersect', '[1,5)', '(2,9]', numrange, '(2,5)'],
  ['range_merge', '[1,2)', '[8,9)', int4range, '[1,9)'],
  ['range_overleft', '[1,5)', '[3,5)', int4range, 'true'],
  ['range_lt', 'empty', '(,5)', int4range, 'true'],
  ['multirange_minus', '{[1,10)}', '{[2,3),[5,7)}', int4multirange, '{[1,2),[3,5),[7,10)}'],
  ['multirange_intersect', '{[1,4),[6,9)}', '{[3,7)}', int4multirange, '{[3,4),[6,7)}'],
  ['multirange_contains_multirange', '{[1,4),[6,9)}', '{[2,3),[6,7)}', int4multirange, 'true'],
];

test('operations', async (t) => {
  for (const [symbol, left, right, oid, expected] of operations)
    t.equal(
      outcome(() => call(symbol, read(left, oid), read(right, oid))),
      expected,
      `${symbol} ${left} ${right}`,
    );
});
