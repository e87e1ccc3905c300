// Arrays as sets of rows and by chance: unnest, generate_subscripts, array_shuffle, array_sample.
import { pgError, SqlState } from '../../errors/pg-error.js';
import { PgArray, type Value } from '../../types/value.js';
import type { CallInfo } from '../call-info.js';
import { fn, tableFn } from '../registry.js';
import { randomBelow } from './random.js';

tableFn('array_unnest', { rows: (array: PgArray) => array.elements });

function* subscripts(array: PgArray, dimension: number, reverse: boolean): Iterable<number> {
  const length = array.dimensions[dimension - 1];
  if (length === undefined) return;
  const lower = array.lowerBounds[dimension - 1] as number;
  for (let at = 0; at < length; at++) yield reverse ? lower + length - 1 - at : lower + at;
}
tableFn('generate_subscripts', { rows: subscripts });
tableFn('generate_subscripts_nodir', {
  rows: (array: PgArray, dimension: number) => subscripts(array, dimension, false),
});
tableFn('_pg_expandarray(anyarray)', {
  rows: (array: PgArray) => array.elements.map((element, at) => [element, at + 1]),
});

/** `count` of the array's first-level items in random order. */
function sample(array: PgArray, count: number, info: CallInfo): PgArray {
  const length = array.dimensions[0] ?? 0;
  const width = length === 0 ? 0 : array.elements.length / length;
  const items = Array.from({ length }, (_, at) => array.elements.slice(at * width, (at + 1) * width));
  for (let at = 0; at < count; at++) {
    const other = at + Number(randomBelow(BigInt(length - at), info.session.random));
    const item = items[at] as Value[];
    items[at] = items[other] as Value[];
    items[other] = item;
  }
  if (count === 0) return PgArray.of(array.elementType, []);
  return new PgArray(
    array.elementType,
    [count, ...array.dimensions.slice(1)],
    array.lowerBounds,
    items.slice(0, count).flat(),
  );
}
fn('array_shuffle', {
  impl: (array: PgArray, info: CallInfo) =>
    (array.dimensions[0] ?? 0) < 2 ? array : sample(array, array.dimensions[0] ?? 0, info),
});
fn('array_sample', {
  impl: (array: PgArray, count: number, info: CallInfo) => {
    const length = array.dimensions[0] ?? 0;
    if (count < 0 || count > length) {
      throw pgError(SqlState.invalidParameterValue, `sample size must be between 0 and ${length}`);
    }
    const picked = sample(array, count, info);
    return new PgArray(
      picked.elementType,
      picked.dimensions,
      picked.dimensions.map(() => 1),
      picked.elements,
    );
  },
});
