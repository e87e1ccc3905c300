// Statistics of one column from a sample of its values, by PostgreSQL's method:
// 1. Sort the values, count how often each occurs.
// 2. Estimate the number of distinct values in the table (Haas and Stokes, "Estimating the number of classes in a finite
//    population", 1998): from how many occur once in the sample.
// 3. Most common values: those clearly more frequent than the average of the rest.
// 4. A histogram of the others, bounds at equal ranks; the correlation of value order and row order.
import type { Value } from '../../types/value.js';

export interface SampledColumn {
  /** Values in row order, NULLs included. */
  readonly values: readonly Value[];
  /** Rows in the table. */
  readonly totalRows: number;
  /** Entries of the most common values and bins of the histogram. */
  readonly target: number;
  /** Bytes of a value as stored. */
  readonly width: (value: Value) => number;
  /** Order of the type; null where it has none (then `key` groups equal values). */
  readonly compare: ((left: Value, right: Value) => number) | null;
  readonly key: ((value: Value) => unknown) | null;
  readonly fixedWidth: number | null;
}

export interface CollectedStatistics {
  readonly nullFraction: number;
  readonly width: number;
  readonly distinct: number;
  readonly commonValues: readonly Value[];
  readonly commonFrequencies: readonly number[];
  readonly histogram: readonly Value[];
  readonly correlation: number | null;
}

/** Values wider than this are left out of the lists: they would bloat the catalog. */
const widthMax = 1024;

interface Group {
  readonly value: Value;
  /** Where the value occurs, among those that count. */
  readonly positions: number[];
  readonly count: number;
}

/** Computes the statistics; null for an empty sample. */
export function columnStatistics(column: SampledColumn): CollectedStatistics | null {
  const sampleRows = column.values.length;
  if (sampleRows === 0) return null;
  let totalWidth = 0;
  let tooWide = 0;
  const usable: Value[] = [];
  let nonNull = 0;
  for (const value of column.values) {
    if (value === null) continue;
    nonNull++;
    const width = column.fixedWidth ?? column.width(value);
    totalWidth += width;
    if (column.fixedWidth === null && width > widthMax) tooWide++;
    else usable.push(value);
  }
  const nullFraction = (sampleRows - nonNull) / sampleRows;
  const width = column.fixedWidth ?? (nonNull === 0 ? 0 : Math.trunc(totalWidth / nonNull));
  const base = { nullFraction, width, commonValues: [], commonFrequencies: [], histogram: [], correlation: null };
  if (nonNull === 0) return { ...base, distinct: 0 };
  const { compare } = column;
  if (compare === null && column.key === null) return { ...base, distinct: 0 };
  const groups = groupsOf(usable, column.key, compare);
  const distinct = distinctEstimate(groups, tooWide, sampleRows, nonNull, column.totalRows, nullFraction);
  const common = commonGroups(groups, tooWide, distinct, nullFraction, sampleRows, column);
  const histogram = compare === null ? [] : histogramBounds(groups, common, column.target);
  const correlation =
    compare === null || usable.length < 2 ? null : orderCorrelation(groups.flatMap((group) => group.positions));
  return {
    nullFraction,
    width,
    distinct,
    commonValues: common.map((group) => group.value),
    commonFrequencies: common.map((group) => group.count / sampleRows),
    histogram,
    correlation,
  };
}

/** Equal values together, in their order where there is one. Grouping first leaves little to sort. */
function groupsOf(
  values: readonly Value[],
  key: ((value: Value) => unknown) | null,
  compare: ((left: Value, right: Value) => number) | null,
): readonly Group[] {
  const keyed = new Map<unknown, { value: Value; positions: number[] }>();
  for (const [position, value] of values.entries()) {
    const at = key === null ? position : key(value);
    const known = keyed.get(at);
    if (known === undefined) keyed.set(at, { value, positions: [position] });
    else known.positions.push(position);
  }
  const groups = [...keyed.values()];
  if (compare !== null) groups.sort((left, right) => compare(left.value, right.value));
  const joined = key === null && compare !== null ? joinEqual(groups, compare) : groups;
  return joined.map(({ value, positions }) => ({ value, positions, count: positions.length }));
}

/** Joins sorted neighbours whose values are equal. */
function joinEqual(
  sorted: readonly { value: Value; positions: number[] }[],
  compare: (left: Value, right: Value) => number,
): { value: Value; positions: number[] }[] {
  const joined: { value: Value; positions: number[] }[] = [];
  for (const group of sorted) {
    const last = joined[joined.length - 1];
    if (last !== undefined && compare(last.value, group.value) === 0) last.positions.push(...group.positions);
    else joined.push(group);
  }
  return joined;
}

/** Positive: a number of values; negative: minus their share of the rows. */
function distinctEstimate(
  groups: readonly Group[],
  tooWide: number,
  sampleRows: number,
  nonNull: number,
  totalRows: number,
  nullFraction: number,
): number {
  const multiple = groups.filter((group) => group.count > 1).length;
  let distinct: number;
  if (multiple === 0) return -1 * (1 - nullFraction);
  if (tooWide === 0 && multiple === groups.length) distinct = groups.length;
  else {
    const single = groups.length - multiple + tooWide;
    const seen = single + multiple;
    const rows = nonNull;
    const all = totalRows * (1 - nullFraction);
    const estimate = all > 0 ? (rows * seen) / (rows - single + (single * rows) / all) : 0;
    distinct = Math.floor(Math.min(Math.max(estimate, seen), Math.max(all, seen)) + 0.5);
  }
  return distinct > 0.1 * totalRows ? -(distinct / totalRows) : distinct;
}

function commonGroups(
  groups: readonly Group[],
  tooWide: number,
  distinct: number,
  nullFraction: number,
  sampleRows: number,
  column: SampledColumn,
): Group[] {
  const repeated = groups
    .filter((group) => group.count > 1)
    .sort((left, right) => right.count - left.count)
    .slice(0, column.target);
  const complete = repeated.length === groups.length && tooWide === 0 && distinct > 0 && groups.length <= column.target;
  if (complete || sampleRows >= column.totalRows || column.totalRows <= 1) return repeated;
  const tableDistinct = distinct < 0 ? -distinct * column.totalRows : distinct;
  let count = repeated.length;
  let sum = repeated.slice(0, -1).reduce((total, group) => total + group.count, 0);
  while (count > 0) {
    const last = repeated[count - 1];
    if (last === undefined) break;
    let share = Math.min(1, Math.max(0, 1 - sum / sampleRows - nullFraction));
    const others = tableDistinct - (count - 1);
    if (others > 1) share /= others;
    const all = column.totalRows;
    const expected = (all * last.count) / sampleRows;
    const variance = (sampleRows * expected * (all - expected) * (all - sampleRows)) / (all * all * (all - 1));
    if (last.count > share * sampleRows + 2 * Math.sqrt(Math.max(0, variance)) + 0.5) break;
    count--;
    sum -= repeated[count - 1]?.count ?? 0;
  }
  return repeated.slice(0, count);
}

function histogramBounds(groups: readonly Group[], common: readonly Group[], target: number): Value[] {
  const taken = new Set(common);
  const rest = groups.filter((group) => !taken.has(group));
  const bins = Math.min(rest.length, target + 1);
  if (bins < 2) return [];
  const total = rest.reduce((sum, group) => sum + group.count, 0);
  const result: Value[] = [];
  let index = 0;
  let passed = rest[0]?.count ?? 0;
  for (let bin = 0; bin < bins; bin++) {
    const rank = Math.floor((bin * (total - 1)) / (bins - 1));
    while (passed <= rank && index < rest.length - 1) {
      index++;
      passed += rest[index]?.count ?? 0;
    }
    result.push(rest[index]?.value ?? null);
  }
  return result;
}

/** Correlation of rank and row position. */
function orderCorrelation(positions: readonly number[]): number {
  const count = positions.length;
  const sum = ((count - 1) * count) / 2;
  const squares = ((count - 1) * count * (2 * count - 1)) / 6;
  const products = positions.reduce((total, position, rank) => total + position * rank, 0);
  return (count * products - sum * sum) / (count * squares - sum * sum);
}
