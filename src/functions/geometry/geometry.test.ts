// Geometric values and their operators: answers are PostgreSQL 17's.
import { test } from 'tap';
import { PgError } from '../../errors/pg-error.js';
import '../../types/index.js';
import type { IoContext } from '../../types/io-context.js';
import { typeBehaviour } from '../../types/type-behaviour.js';
import type { TypeDescriptor } from '../../types/type-descriptor.js';
import { Box, Circle, Line, Path, Point, Polygon, Segment } from '../../types/geometry/shapes.js';
import type { Value } from '../../types/value.js';
import '../index.js';
import { builtinFunction } from '../registry.js';

const io = { extraFloatDigits: 1 } as IoContext;
const none = {} as TypeDescriptor;
const symbols = new Map<unknown, string>([
  [Point, 'point_in'],
  [Segment, 'lseg_in'],
  [Box, 'box_in'],
  [Path, 'path_in'],
  [Polygon, 'poly_in'],
  [Line, 'line_in'],
  [Circle, 'circle_in'],
]);

function read(symbol: string, text: string): Value {
  return typeBehaviour(symbol)?.input(text, none, -1, io) ?? null;
}

function shown(run: () => Value): string {
  try {
    const value = run();
    const symbol = typeof value === 'object' && value !== null ? symbols.get(value.constructor) : undefined;
    return symbol === undefined ? String(value) : (typeBehaviour(symbol)?.output(value, none, io) ?? '');
  } catch (error) {
    if (error instanceof PgError) return `${error.code} ${error.message}`;
    throw error;
  }
}

const texts: readonly (readonly [string, string, string])[] = [
  ['point_in', '1, 2e1', '(1,20)'],
  ['point_in', '(1,2', '22P02 invalid input syntax for type point: "(1,2"'],
  ['lseg_in', '1,2,3,4', '[(1,2),(3,4)]'],
  ['box_in', '(0,5),(3,1)', '(3,5),(0,1)'],
  ['path_in', '[(1,2),(3,4)]', '[(1,2),(3,4)]'],
  ['path_in', '1,2,3,4', '((1,2),(3,4))'],
  ['path_in', '1,2,3', '22P02 invalid input syntax for type path: "1,2,3"'],
  ['poly_in', '((0,0),(1,0),(1,1))', '((0,0),(1,0),(1,1))'],
  ['circle_in', '((1,2),3)', '<(1,2),3>'],
  ['circle_in', '<(1,2),-1>', '22P02 invalid input syntax for type circle: "<(1,2),-1>"'],
  ['line_in', '[(0,1),(2,5)]', '{2,-1,1}'],
  ['line_in', '{0,0,1}', '22P02 invalid line specification: A and B cannot both be zero'],
];

test('texts', async (t) => {
  for (const [symbol, text, expected] of texts)
    t.equal(
      shown(() => read(symbol, text)),
      expected,
      `${symbol} ${text}`,
    );
});

const calls: readonly (readonly [string, readonly [string, string], readonly [string, string], string])[] = [
  ['point_mul', ['point_in', '(1,2)'], ['point_in', '(3,-1)'], '(5,5)'],
  ['point_eq', ['point_in', '(1,2)'], ['point_in', '(1.0000001,2)'], 'true'],
  ['lseg_interpt', ['lseg_in', '[(0,0),(4,4)]'], ['lseg_in', '[(0,4),(4,0)]'], '(2,2)'],
  ['box_intersect', ['box_in', '(4,4),(0,0)'], ['box_in', '(6,6),(2,3)'], '(4,4),(2,3)'],
  ['dist_ps', ['point_in', '(0,3)'], ['lseg_in', '[(1,0),(5,0)]'], '3.1622776601683795'],
  ['close_pb', ['point_in', '(9,1)'], ['box_in', '(4,4),(0,0)'], '(4,1)'],
  ['poly_contain', ['poly_in', '((0,0),(4,0),(4,4),(0,4))'], ['poly_in', '((1,1),(2,1),(2,2))'], 'true'],
  ['poly_contain_pt', ['poly_in', '((2,0),(2,4),(0,0))'], ['point_in', '(1,1)'], 'true'],
  ['poly_overlap', ['poly_in', '((2,2),(8,2),(8,8),(5,3),(2,8))'], ['poly_in', '((4,6),(6,6),(5,7))'], 'false'],
  ['circle_distance', ['circle_in', '<(0,0),1>'], ['circle_in', '<(5,0),2>'], '2'],
];

test('functions', async (t) => {
  for (const [symbol, left, right, expected] of calls) {
    const entry = builtinFunction(symbol);
    if (entry?.kind !== 'scalar') throw new Error(`${symbol} is not registered`);
    t.equal(
      shown(() => entry.impl(read(...left), read(...right)) as Value),
      expected,
      `${symbol} ${left[1]} ${right[1]}`,
    );
  }
});
