// Ordered-set aggregates (percentile_cont, percentile_disc, mode) and hypothetical-set ones (rank and its kin): the
// transition collects, the final function sorts once by the aggregate's ORDER BY and reads off the answer.
import { pgError, SqlState } from '../../errors/pg-error.js';
import { type Interval, PgArray, type Row, type Value } from '../../types/value.js';
import type { AggregateCallInfo, CallInfo } from '../call-info.js';
import { fn } from '../registry.js';
import { addIntervals, multiplyInterval, subtractIntervals } from '../scalar/interval-arithmetic.js';

export interface CollectedRows {
  readonly internal: true;
  readonly rows: Row[];
  isSorted: boolean;
}

function collect(state: CollectedRows | null, row: Row): CollectedRows {
  const target = state ?? { internal: true, rows: [], isSorted: false };
  target.rows.push(row);
  target.isSorted = false;
  return target;
}

fn('ordered_set_transition', {
  impl: (state: CollectedRows | null, value: Value) => (value === null ? state : collect(state, [value])),
});
fn('ordered_set_transition_multi', {
  impl: (state: CollectedRows | null, ...rest: unknown[]) => collect(state, rest.slice(0, -1) as Value[]),
});

function order(info: CallInfo): AggregateCallInfo {
  if (info.aggregate === undefined) throw new Error('invariant broken: ordered-set function outside of an aggregate');
  return info.aggregate;
}

/** Order of two rows under the aggregate's ORDER BY. */
function compareRows(left: Row, right: Row, aggregate: AggregateCallInfo): number {
  for (let key = 0; key < aggregate.compareSort.length; key++) {
    const a = left[key] ?? null;
    const b = right[key] ?? null;
    if (a === null || b === null) {
      if (a === b) continue;
      return (a === null) === (aggregate.sortNullsFirst[key] ?? false) ? -1 : 1;
    }
    const result = (aggregate.compareSort[key] as (left: Value, right: Value) => number)(a, b);
    if (result !== 0) return aggregate.sortDescending[key] === true ? -result : result;
  }
  return 0;
}

/** The collected rows in order. */
export function sortedRows(state: CollectedRows, info: CallInfo): readonly Row[] {
  if (!state.isSorted) {
    const aggregate = order(info);
    state.rows.sort((left, right) => compareRows(left, right, aggregate));
    state.isSorted = true;
  }
  return state.rows;
}

function checkFraction(fraction: number): number {
  if (fraction < 0 || fraction > 1 || Number.isNaN(fraction)) {
    throw pgError(SqlState.numericValueOutOfRange, `percentile value ${fraction} is not between 0 and 1`);
  }
  return fraction;
}

function discrete(rows: readonly Row[], fraction: number): Value {
  const position = Math.ceil(checkFraction(fraction) * rows.length);
  return rows[Math.max(position, 1) - 1]?.[0] ?? null;
}

/** The value at a fraction of the sorted rows, interpolated by `lerp` between its neighbours. */
export function continuous<V extends Value>(
  rows: readonly Row[],
  fraction: number,
  lerp: (low: V, high: V, part: number) => V,
): V {
  const position = checkFraction(fraction) * (rows.length - 1);
  const low = Math.floor(position);
  const high = Math.ceil(position);
  const lowValue = rows[low]?.[0] as V;
  return low === high ? lowValue : lerp(lowValue, rows[high]?.[0] as V, position - low);
}

/** Runs a percentile function: null without rows or fraction; the fraction is checked first. */
export function percentile<T extends Value>(
  state: CollectedRows | null,
  fraction: number | null,
  info: CallInfo,
  pick: (rows: readonly Row[], fraction: number) => T,
): T | null {
  if (fraction === null) return null;
  checkFraction(fraction);
  if (state === null || state.rows.length === 0) return null;
  return pick(sortedRows(state, info), fraction);
}

/** Runs a percentile function for each fraction of an array, keeping the array's shape. */
export function percentiles(
  state: CollectedRows | null,
  fractions: PgArray | null,
  elementType: number,
  info: CallInfo,
  pick: (rows: readonly Row[], fraction: number) => Value,
): PgArray | null {
  if (state === null || state.rows.length === 0 || fractions === null) return null;
  const rows = sortedRows(state, info);
  const values = fractions.elements.map((fraction) => (fraction === null ? null : pick(rows, fraction as number)));
  return new PgArray(elementType, fractions.dimensions, fractions.lowerBounds, values);
}

const lerpFloat = (low: number, high: number, part: number) => low + (high - low) * part;
const continuousFloat = (rows: readonly Row[], fraction: number) => continuous(rows, fraction, lerpFloat);
const float8Oid = 701;

fn('percentile_cont_float8_final', {
  impl: (state: CollectedRows | null, fraction: number | null, info: CallInfo) =>
    percentile(state, fraction, info, continuousFloat),
});
fn('percentile_cont_float8_multi_final', {
  impl: (state: CollectedRows | null, fractions: PgArray | null, info: CallInfo) =>
    percentiles(state, fractions, float8Oid, info, continuousFloat),
});
const lerpInterval = (low: Interval, high: Interval, part: number) =>
  addIntervals(multiplyInterval(subtractIntervals(high, low), part), low);
const continuousInterval = (rows: readonly Row[], fraction: number) => continuous(rows, fraction, lerpInterval);
const intervalOid = 1186;
fn('percentile_cont_interval_final', {
  impl: (state: CollectedRows | null, fraction: number | null, info: CallInfo) =>
    percentile(state, fraction, info, continuousInterval),
});
fn('percentile_cont_interval_multi_final', {
  impl: (state: CollectedRows | null, fractions: PgArray | null, info: CallInfo) =>
    percentiles(state, fractions, intervalOid, info, continuousInterval),
});
fn('percentile_disc_final', {
  impl: (state: CollectedRows | null, fraction: number | null, _extra: unknown, info: CallInfo) =>
    percentile(state, fraction, info, discrete),
});
fn('percentile_disc_multi_final', {
  impl: (state: CollectedRows | null, fractions: PgArray | null, _extra: unknown, info: CallInfo) =>
    percentiles(state, fractions, info.resultType.element, info, discrete),
});

fn('mode_final', {
  impl: (state: CollectedRows | null, _extra: unknown, info: CallInfo) => {
    if (state === null) return null;
    const rows = sortedRows(state, info);
    const aggregate = order(info);
    let best: Value = null;
    let bestCount = 0;
    for (let start = 0; start < rows.length; ) {
      let end = start + 1;
      while (end < rows.length && compareRows(rows[start] as Row, rows[end] as Row, aggregate) === 0) end++;
      if (end - start > bestCount) {
        bestCount = end - start;
        best = rows[start]?.[0] ?? null;
      }
      start = end;
    }
    return best;
  },
});

interface Standing {
  /** Rows before the hypothetical one, rows equal to it, groups of equal rows before it, all rows. */
  readonly before: number;
  readonly equal: number;
  readonly groupsBefore: number;
  readonly total: number;
}

function standing(values: readonly unknown[]): Standing {
  const info = values[values.length - 1] as CallInfo;
  const state = values[0] as CollectedRows | null;
  const aggregate = order(info);
  const rows = state === null ? [] : sortedRows(state, info);
  let before = 0;
  let equal = 0;
  let groupsBefore = 0;
  for (const [at, row] of rows.entries()) {
    const result = compareRows(row, aggregate.directArgs, aggregate);
    if (result > 0) break;
    if (result === 0) {
      equal++;
      continue;
    }
    before++;
    if (at === 0 || compareRows(rows[at - 1] as Row, row, aggregate) !== 0) groupsBefore++;
  }
  return { before, equal, groupsBefore, total: rows.length };
}

fn('hypothetical_rank_final', { impl: (...values: unknown[]) => BigInt(standing(values).before + 1) });
fn('hypothetical_dense_rank_final', { impl: (...values: unknown[]) => BigInt(standing(values).groupsBefore + 1) });
fn('hypothetical_percent_rank_final', {
  impl: (...values: unknown[]) => {
    const { before, total } = standing(values);
    return total === 0 ? 0 : before / total;
  },
});
fn('hypothetical_cume_dist_final', {
  impl: (...values: unknown[]) => {
    const { before, equal, total } = standing(values);
    return (before + equal + 1) / (total + 1);
  },
});
