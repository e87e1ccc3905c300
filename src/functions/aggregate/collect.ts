// Aggregates that gather: array_agg, string_agg, any_value, bool_and/bool_or.
import { pgError, SqlState } from '../../errors/pg-error.js';
import { arrayElementsMax } from '../../base/limits.js';
import { tooManyElements } from '../../types/array-text.js';
import { watchGrowth } from '../../types/memory.js';
import { TextBuilder } from '../../types/text-builder.js';
import { PgArray, type Value } from '../../types/value.js';
import type { CallInfo } from '../call-info.js';
import { fn } from '../registry.js';

interface ArrayState {
  readonly internal: true;
  readonly elementType: number;
  readonly elements: Value[];
}

fn('array_agg_transfn', {
  impl: (state: ArrayState | null, value: Value, info: CallInfo): ArrayState => {
    const target = state ?? { internal: true, elementType: info.argTypes[1]?.oid ?? 0, elements: [] };
    if (target.elements.length >= arrayElementsMax) throw tooManyElements();
    watchGrowth(target.elements);
    target.elements.push(value);
    return target;
  },
});
fn('array_agg_finalfn', {
  impl: (state: ArrayState | null, _extra: unknown, info: CallInfo) =>
    state === null ? null : PgArray.of(info.resultType.element || state.elementType, [...state.elements]),
});
fn('array_agg_combine', {
  impl: (left: ArrayState | null, right: ArrayState | null) => {
    if (left === null || right === null) return left ?? right;
    for (const element of right.elements) left.elements.push(element);
    return left;
  },
});

interface NestedState {
  readonly internal: true;
  readonly first: PgArray;
  count: number;
  readonly elements: Value[];
}

function sameShape(left: PgArray, right: PgArray): boolean {
  return (
    left.dimensions.length === right.dimensions.length &&
    left.dimensions.every((length, at) => length === right.dimensions[at])
  );
}

fn('array_agg_array_transfn', {
  impl: (state: NestedState | null, value: PgArray | null): NestedState => {
    if (value === null) throw pgError(SqlState.nullValueNotAllowed, 'cannot accumulate null arrays');
    if (value.dimensions.length === 0 && state === null) {
      throw pgError(SqlState.arraySubscriptError, 'cannot accumulate empty arrays');
    }
    const target = state ?? { internal: true, first: value, count: 0, elements: [] };
    if (!sameShape(target.first, value)) {
      throw pgError(SqlState.arraySubscriptError, 'cannot accumulate arrays of different dimensionality');
    }
    target.count++;
    for (const element of value.elements) {
      watchGrowth(target.elements);
      target.elements.push(element);
    }
    return target;
  },
});
fn('array_agg_array_finalfn', {
  impl: (state: NestedState | null, _extra: unknown) =>
    state === null
      ? null
      : new PgArray(
          state.first.elementType,
          [state.count, ...state.first.dimensions],
          [1, ...state.first.lowerBounds],
          [...state.elements],
        ),
});
fn('array_agg_array_combine', {
  impl: (left: NestedState | null, right: NestedState | null) => {
    if (left === null || right === null) return left ?? right;
    if (!sameShape(left.first, right.first)) {
      throw pgError(SqlState.arraySubscriptError, 'cannot accumulate arrays of different dimensionality');
    }
    left.count += right.count;
    for (const element of right.elements) left.elements.push(element);
    return left;
  },
});

interface TextState {
  readonly internal: true;
  readonly text: TextBuilder;
  /** The first value's delimiter: dropped from the result, kept for combining. */
  readonly firstDelimiter: string;
}

fn('string_agg_transfn', {
  impl: (state: TextState | null, value: string | null, delimiter: string | null): TextState | null => {
    if (value === null) return state;
    if (state !== null) {
      if (delimiter !== null) state.text.append(delimiter);
      state.text.append(value);
      return state;
    }
    const text = new TextBuilder();
    text.append(value);
    return { internal: true, text, firstDelimiter: delimiter ?? '' };
  },
});
fn('string_agg_finalfn', { impl: (state: TextState | null) => (state === null ? null : state.text.toString()) });

interface BytesState {
  readonly internal: true;
  readonly parts: Buffer[];
  readonly firstDelimiter: Buffer;
}

fn('bytea_string_agg_transfn', {
  impl: (state: BytesState | null, value: Buffer | null, delimiter: Buffer | null): BytesState | null => {
    if (value === null) return state;
    if (state === null) return { internal: true, parts: [value], firstDelimiter: delimiter ?? Buffer.alloc(0) };
    if (delimiter !== null) state.parts.push(delimiter);
    state.parts.push(value);
    return state;
  },
});
fn('bytea_string_agg_finalfn', {
  impl: (state: BytesState | null) => (state === null ? null : Buffer.concat(state.parts)),
});
fn('string_agg_combine', {
  impl: (left: TextState | BytesState | null, right: TextState | BytesState | null) => {
    if (left === null || right === null) return left ?? right;
    if ('text' in left && 'text' in right) left.text.append(right.firstDelimiter + right.text.toString());
    else if ('parts' in left && 'parts' in right) {
      left.parts.push(right.firstDelimiter);
      for (const part of right.parts) left.parts.push(part);
    }
    return left;
  },
});

fn('any_value_transfn', { impl: (state: Value, _value: Value) => state });
fn('booland_statefunc', { impl: (left: boolean, right: boolean) => left && right });
fn('boolor_statefunc', { impl: (left: boolean, right: boolean) => left || right });

interface BoolState {
  readonly internal: true;
  count: number;
  trueCount: number;
}

function countBool(step: 1 | -1): (state: BoolState | null, value: boolean | null) => BoolState {
  return (state, value) => {
    const target = state ?? { internal: true, count: 0, trueCount: 0 };
    if (value !== null) {
      target.count += step;
      if (value) target.trueCount += step;
    }
    return target;
  };
}
fn('bool_accum', { impl: countBool(1) });
fn('bool_accum_inv', { impl: countBool(-1) });
fn('bool_alltrue', { impl: (state: BoolState) => (state.count === 0 ? null : state.trueCount === state.count) });
fn('bool_anytrue', { impl: (state: BoolState) => (state.count === 0 ? null : state.trueCount > 0) });
