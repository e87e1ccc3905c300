// a[1], a[1:2], j['k'] and assignment to them. Arrays follow PostgreSQL's bounds rules: out of range reads are null,
// assignments may extend one-dimensional arrays, gaps are filled with nulls.
import { arrayElementsMax, identifierBytesMax } from '../../base/limits.js';
import { SqlState, pgError } from '../../errors/pg-error.js';
import type { Expression, SubscriptingRef } from '../../trees/expression.js';
import { PgArray, type Value } from '../../types/value.js';
import { baseType } from '../operators.js';
import type { Emitter, Operand } from './emitter.js';
import { assignJsonb, fetchJsonb } from './jsonb-subscripts.js';
import { assignPart, fetchPart, refuseSlice } from './shape-subscripts.js';
import { filledList } from '../../types/memory.js';

export function emitSubscripting(expr: SubscriptingRef, m: Emitter): Operand {
  const container = m.emit(expr.container);
  const upper = emitSubscripts(expr.upper, m);
  const lower = emitSubscripts(expr.lower, m);
  if (baseType(m.catalog, expr.containerType).subscriptHandler === 'jsonb_subscript_handler') {
    return emitJsonb(expr, container, upper, m);
  }
  const isSlice = expr.lower.length > 0;
  if (baseType(m.catalog, expr.containerType).category === 'G') return emitShape(expr, container, upper, isSlice, m);
  if (expr.assignment === null) {
    if (isSlice)
      return { code: m.assign(`${m.slot(fetchSlice)}(${container.code}, ${lower}, ${upper})`), nullable: true };
    const only = expr.upper.length === 1 ? m.assign(`${upper}[0]`) : null;
    const call =
      only === null
        ? `${m.slot(fetchElement)}(${container.code}, ${upper})`
        : `${m.slot(fetchFirst)}(${container.code}, ${only})`;
    return { code: m.assign(call), nullable: true };
  }
  return emitAssignment(expr, { container, upper, lower, isSlice }, m);
}

/** undefined stands for an omitted slice bound. */
function emitSubscripts(list: readonly (Expression | null)[], m: Emitter): string {
  const codes = list.map((item) => (item === null ? 'undefined' : m.emit(item).code));
  return m.assign(`[${codes.join(', ')}]`);
}

function emitAssignment(
  expr: SubscriptingRef,
  target: { container: Operand; upper: string; lower: string; isSlice: boolean },
  m: Emitter,
): Operand {
  const { container, upper, lower, isSlice } = target;
  // The old element is the test value of nested assignments: UPDATE t SET a[1].f = x.
  const old = isSlice
    ? `${m.slot(fetchSlice)}(${container.code}, ${lower}, ${upper})`
    : `${m.slot(fetchElement)}(${container.code}, ${upper})`;
  m.caseTests.push({ code: m.assign(old), nullable: true });
  const value = m.emit(expr.assignment as Expression);
  m.caseTests.pop();
  const elementType = expr.elementType;
  const store = isSlice
    ? (array: PgArray | null, from: Subscripts, to: Subscripts, source: Value) =>
        assignSlice(array ?? PgArray.of(elementType, []), from, to, source as PgArray | null)
    : (array: PgArray | null, _: Subscripts, to: Subscripts, source: Value) =>
        assignElement(array ?? PgArray.of(elementType, []), to, source);
  return { code: m.assign(`${m.slot(store)}(${container.code}, ${lower}, ${upper}, ${value.code})`), nullable: true };
}

function emitJsonb(expr: SubscriptingRef, container: Operand, path: string, m: Emitter): Operand {
  if (expr.assignment === null) {
    return { code: m.assign(`${m.slot(fetchJsonb)}(${container.code}, ${path}, x.io)`), nullable: true };
  }
  m.caseTests.push({ code: m.assign(`${m.slot(fetchJsonb)}(${container.code}, ${path}, x.io)`), nullable: true });
  const value = m.emit(expr.assignment);
  m.caseTests.pop();
  return { code: m.assign(`${m.slot(assignJsonb)}(${container.code}, ${path}, ${value.code}, x.io)`), nullable: true };
}

function emitShape(expr: SubscriptingRef, container: Operand, upper: string, isSlice: boolean, m: Emitter): Operand {
  if (isSlice) refuseSlice(expr.assignment !== null);
  const part = `${m.slot(fetchPart)}(${container.code}, ${upper})`;
  if (expr.assignment === null) return { code: m.assign(part), nullable: true };
  m.caseTests.push({ code: m.assign(part), nullable: true });
  const value = m.emit(expr.assignment);
  m.caseTests.pop();
  return { code: m.assign(`${m.slot(assignPart)}(${container.code}, [], ${upper}, ${value.code})`), nullable: true };
}

type Subscripts = readonly (Value | undefined)[];

function fetchFirst(array: Value, subscript: Value): Value {
  if (typeof array === 'string') return nameByte(array, subscript);
  if (!(array instanceof PgArray) || subscript === null || array.dimensions.length !== 1) return null;
  return array.elements[(subscript as number) - (array.lowerBounds[0] as number)] ?? null;
}

/** Bytes of a value of type name, from 0: the catalogs' own tools ask for typname[0]. */
function nameByte(name: string, subscript: Value): Value {
  if (typeof subscript !== 'number' || subscript < 0 || subscript > identifierBytesMax) return null;
  const byte = Buffer.from(name)[subscript];
  return byte === undefined ? '' : String.fromCharCode(byte);
}

function fetchElement(array: Value, subscripts: Subscripts): Value {
  if (!(array instanceof PgArray) || subscripts.includes(null)) return null;
  if (array.dimensions.length !== subscripts.length) return null;
  const offset = elementOffset(array, subscripts as readonly number[]);
  return offset < 0 ? null : (array.elements[offset] ?? null);
}

function elementOffset(array: PgArray, subscripts: readonly number[]): number {
  let offset = 0;
  for (let n = 0; n < subscripts.length; n++) {
    const position = (subscripts[n] as number) - (array.lowerBounds[n] as number);
    const length = array.dimensions[n] as number;
    if (position < 0 || position >= length) return -1;
    offset = offset * length + position;
  }
  return offset;
}

/** Bounds clipped to the array: a dimension without a subscript is whole, a[2] beside a slice means [1:2]. */
function fetchSlice(array: Value, lower: Subscripts, upper: Subscripts): Value {
  if (!(array instanceof PgArray)) return null;
  if (lower.includes(null) || upper.includes(null)) return null;
  const { dimensions, lowerBounds, elementType } = array;
  const rank = dimensions.length;
  if (rank < upper.length || rank === 0) return PgArray.of(elementType, []);
  const from: number[] = [];
  const lengths: number[] = [];
  for (let n = 0; n < rank; n++) {
    const first = lowerBounds[n] as number;
    const last = first + (dimensions[n] as number) - 1;
    const start = Math.max(n < lower.length ? ((lower[n] as number | undefined) ?? first) : first, first);
    const stop = Math.min(n < upper.length ? ((upper[n] as number | undefined) ?? last) : last, last);
    if (start > stop) return PgArray.of(elementType, []);
    from.push(start - first);
    lengths.push(stop - start + 1);
  }
  const elements = positionsOf(dimensions, from, lengths).map((offset) => array.elements[offset] as Value);
  return new PgArray(
    elementType,
    lengths,
    lengths.map(() => 1),
    elements,
  );
}

/** Row-major offsets of a box inside an array. */
function positionsOf(dimensions: readonly number[], from: readonly number[], lengths: readonly number[]): number[] {
  let offsets = [0];
  for (let n = 0; n < dimensions.length; n++) {
    const next: number[] = [];
    for (const offset of offsets) {
      for (let k = 0; k < (lengths[n] as number); k++)
        next.push(offset * (dimensions[n] as number) + (from[n] as number) + k);
    }
    offsets = next;
  }
  return offsets;
}

function assignElement(array: PgArray, subscripts: Subscripts, value: Value): PgArray {
  if (subscripts.includes(null)) throw nullSubscript();
  const at = subscripts as readonly number[];
  const { elementType, dimensions, lowerBounds } = array;
  if (dimensions.length === 0) {
    return new PgArray(
      elementType,
      at.map(() => 1),
      at,
      [value],
    );
  }
  if (dimensions.length !== at.length) throw wrongSubscriptCount();
  if (at.length === 1) {
    const extended = extend(array, at[0] as number, at[0] as number);
    const elements = [...extended.elements];
    elements[(at[0] as number) - (extended.lowerBounds[0] as number)] = value;
    return new PgArray(elementType, extended.dimensions, extended.lowerBounds, elements);
  }
  const offset = elementOffset(array, at);
  if (offset < 0) throw pgError(SqlState.arraySubscriptError, 'array subscript out of range');
  const elements = [...array.elements];
  elements[offset] = value;
  return new PgArray(elementType, dimensions, lowerBounds, elements);
}

/** A one-dimensional array made to reach from `first` to `last`, gaps null. */
function extend(array: PgArray, first: number, last: number): PgArray {
  const lower = array.lowerBounds[0] as number;
  const upper = lower + (array.dimensions[0] as number) - 1;
  if (first >= lower && last <= upper) return array;
  const newLower = Math.min(first, lower);
  const length = Math.max(last, upper) - newLower + 1;
  if (length > arrayElementsMax) {
    throw pgError(SqlState.programLimitExceeded, `array size exceeds the maximum allowed (${arrayElementsMax})`);
  }
  const elements = filledList<Value>(length, null);
  for (let n = 0; n < array.elements.length; n++) elements[lower - newLower + n] = array.elements[n] as Value;
  return new PgArray(array.elementType, [length], [newLower], elements);
}

function assignSlice(array: PgArray, lower: Subscripts, upper: Subscripts, source: PgArray | null): PgArray {
  if (lower.includes(null) || upper.includes(null)) throw nullSubscript();
  if (source === null) return array;
  if (array.dimensions.length === 0) return sliceOfEmpty(array, lower, upper, source);
  if (array.dimensions.length < upper.length) throw wrongSubscriptCount();
  if (array.dimensions.length === 1)
    return assignFlatSlice(array, lower[0] as number | undefined, upper[0] as number | undefined, source);
  const from: number[] = [];
  const lengths: number[] = [];
  for (let n = 0; n < array.dimensions.length; n++) {
    const first = array.lowerBounds[n] as number;
    const last = first + (array.dimensions[n] as number) - 1;
    const start = (lower[n] as number | undefined) ?? first;
    const stop = (upper[n] as number | undefined) ?? last;
    if (start > stop) throw crossedBounds();
    if (start < first || stop > last) throw pgError(SqlState.arraySubscriptError, 'array subscript out of range');
    from.push(start - first);
    lengths.push(stop - start + 1);
  }
  const offsets = positionsOf(array.dimensions, from, lengths);
  if (source.elements.length < offsets.length) throw sourceTooSmall();
  const elements = [...array.elements];
  offsets.forEach((offset, n) => {
    elements[offset] = source.elements[n] as Value;
  });
  return new PgArray(array.elementType, array.dimensions, array.lowerBounds, elements);
}

function assignFlatSlice(
  array: PgArray,
  lower: number | undefined,
  upper: number | undefined,
  source: PgArray,
): PgArray {
  const first = array.lowerBounds[0] as number;
  const start = lower ?? first;
  const stop = upper ?? first + (array.dimensions[0] as number) - 1;
  if (start > stop) throw crossedBounds();
  if (source.elements.length < stop - start + 1) throw sourceTooSmall();
  const extended = extend(array, start, stop);
  const elements = [...extended.elements];
  for (let n = 0; n <= stop - start; n++)
    elements[start - (extended.lowerBounds[0] as number) + n] = source.elements[n] as Value;
  return new PgArray(array.elementType, extended.dimensions, extended.lowerBounds, elements);
}

function sliceOfEmpty(array: PgArray, lower: Subscripts, upper: Subscripts, source: PgArray): PgArray {
  const lengths: number[] = [];
  const bounds: number[] = [];
  for (let n = 0; n < upper.length; n++) {
    const stop = upper[n] as number | undefined;
    const start = lower[n] as number | undefined;
    if (stop === undefined || start === undefined) {
      throw pgError(SqlState.arraySubscriptError, 'array slice subscript must provide both boundaries', {
        detail: 'When assigning to a slice of an empty array value, slice boundaries must be fully specified.',
      });
    }
    if (start > stop) throw crossedBounds();
    lengths.push(stop - start + 1);
    bounds.push(start);
  }
  const count = lengths.reduce((product, length) => product * length, 1);
  if (source.elements.length < count) throw sourceTooSmall();
  return new PgArray(array.elementType, lengths, bounds, source.elements.slice(0, count));
}

function nullSubscript(): Error {
  return pgError(SqlState.nullValueNotAllowed, 'array subscript in assignment must not be null');
}
function wrongSubscriptCount(): Error {
  return pgError(SqlState.arraySubscriptError, 'wrong number of array subscripts');
}
function crossedBounds(): Error {
  return pgError(SqlState.arraySubscriptError, 'upper bound cannot be less than lower bound');
}
function sourceTooSmall(): Error {
  return pgError(SqlState.arraySubscriptError, 'source array too small');
}
