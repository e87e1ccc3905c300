// float4 and float8: text as in float-format.ts, IEEE binary form. NaN equals NaN and is greater than every number;
// -0 equals 0.
import { formatFloat4, formatFloat8, parseFloat4, parseFloat8 } from './float-format.js';
import { float64SortKey } from './sort-key.js';
import { defineType } from './type-behaviour.js';

defineType<number>({
  symbol: 'float4in',
  storage: 'float4',
  input: (text) => parseFloat4(text),
  output: (value, _type, io) => formatFloat4(value, io.extraFloatDigits),
  receive: (reader) => reader.float32(),
  send: (value, _type, writer) => writer.float32(value),
  compare: compareFloats,
  hashKey: floatHashKey,
  sortKey: (value, _type, writer) => float64SortKey(value, writer),
});

defineType<number>({
  symbol: 'float8in',
  storage: 'float8',
  input: (text) => parseFloat8(text),
  output: (value, _type, io) => formatFloat8(value, io.extraFloatDigits),
  receive: (reader) => reader.float64(),
  send: (value, _type, writer) => writer.float64(value),
  compare: compareFloats,
  hashKey: floatHashKey,
  sortKey: (value, _type, writer) => float64SortKey(value, writer),
});

/** Order of floats with NaN last and equal to itself. */
export function compareFloats(left: number, right: number): number {
  if (left < right) return -1;
  if (left > right) return 1;
  if (left === right) return 0;
  return Number.isNaN(left) ? (Number.isNaN(right) ? 0 : 1) : -1;
}

function floatHashKey(value: number): number | string {
  // A Map tells NaN from nothing else and takes -0 for 0, but `===` does not find NaN: it gets a key of its own.
  return Number.isNaN(value) ? 'NaN' : value === 0 ? 0 : value;
}
