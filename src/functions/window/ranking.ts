// Window functions that number rows: row_number, rank, dense_rank, percent_rank, cume_dist, ntile (manual, section 9.22).
// Rows are visited in partition order, so ranks are kept as running state.
import { SqlState, pgError } from '../../errors/pg-error.js';
import { windowFn } from '../registry.js';
import type { WindowCall } from '../window-call.js';

windowFn('window_row_number', { impl: (call) => BigInt(call.position + 1) });

interface RankState {
  rank: number;
  denseRank: number;
}

/** Rank (1-based, with gaps) and dense rank of the current row. */
function ranks(call: WindowCall): RankState {
  let state = call.state as RankState | undefined;
  if (state === undefined) {
    state = { rank: 1, denseRank: 1 };
    call.state = state;
  } else if (call.position > 0 && !call.isPeer(call.position - 1, call.position)) {
    state.rank = call.position + 1;
    state.denseRank += 1;
  }
  return state;
}

windowFn('window_rank', { impl: (call) => BigInt(ranks(call).rank) });
windowFn('window_dense_rank', { impl: (call) => BigInt(ranks(call).denseRank) });
windowFn('window_percent_rank', {
  impl: (call) => {
    const { rank } = ranks(call);
    return call.partitionRows <= 1 ? 0 : (rank - 1) / (call.partitionRows - 1);
  },
});

windowFn('window_cume_dist', {
  impl: (call) => {
    let end = (call.state as number | undefined) ?? 0;
    if (end <= call.position) {
      end = call.position + 1;
      while (end < call.partitionRows && call.isPeer(call.position, end)) end += 1;
      call.state = end;
    }
    return end / call.partitionRows;
  },
});

interface Buckets {
  readonly count: number;
}

windowFn('window_ntile', {
  impl: (call) => {
    let buckets = call.state as Buckets | undefined;
    if (buckets === undefined) {
      // The number of buckets is read at the partition's first row.
      const count = call.argument(0, call.position);
      if (count === null) return null;
      if ((count as number) <= 0) {
        throw pgError(SqlState.invalidArgumentForNtile, 'argument of ntile must be greater than zero');
      }
      buckets = { count: count as number };
      call.state = buckets;
    }
    const size = Math.floor(call.partitionRows / buckets.count);
    const larger = call.partitionRows % buckets.count;
    const inLarger = larger * (size + 1);
    if (call.position < inLarger) return Math.floor(call.position / (size + 1)) + 1;
    return larger + Math.floor((call.position - inLarger) / size) + 1;
  },
});
