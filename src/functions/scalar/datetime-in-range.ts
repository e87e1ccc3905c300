// in_range for date/time types: RANGE frames with an interval offset (manual, section 36.16.3 of index interfaces).
import { SqlState, pgError } from '../../errors/pg-error.js';
import { sessionZone } from '../../types/datetime/session-zone.js';
import { momentOf } from '../../types/datetime-types.js';
import { intervalLength } from '../../types/interval.js';
import type { Interval, TimeTz } from '../../types/value.js';
import type { CallInfo } from '../call-info.js';
import { fn } from '../registry.js';
import { addToMoment, addToTimestamp, negate } from './datetime-arithmetic.js';
import { dateToTimestamp, infinitySign } from './datetime-range.js';
import { addIntervals, subtractIntervals } from './interval-arithmetic.js';

/** value <= base + offset (less) or value >= base + offset; `subtract` takes base - offset. */
type Args<V> = [value: V, base: V, offset: Interval, subtract: boolean, less: boolean, info: CallInfo];

function requireNotNegative(offset: Interval): void {
  if (intervalLength(offset) >= 0n) return;
  throw pgError(SqlState.invalidPrecedingOrFollowingSize, 'invalid preceding or following size in window function');
}

function compare(value: bigint, bound: bigint, less: boolean): boolean {
  return less ? value <= bound : value >= bound;
}

/** Both infinite and of one sign but for the direction: the frame then holds everything on that side. */
function isUnbounded(base: bigint, offset: Interval, subtract: boolean): boolean {
  return infinitySign(offset) !== 0 && infinitySign(base) === (subtract ? 1 : -1) * infinitySign(offset);
}

fn('in_range_timestamp_interval', {
  impl: (...[value, base, offset, subtract, less]: Args<bigint>) => {
    requireNotNegative(offset);
    if (isUnbounded(base, offset, subtract)) return true;
    return compare(value, addToTimestamp(base, subtract ? negate(offset) : offset), less);
  },
});
fn('in_range_timestamptz_interval', {
  impl: (...[value, base, offset, subtract, less, info]: Args<bigint>) => {
    requireNotNegative(offset);
    if (isUnbounded(base, offset, subtract)) return true;
    return compare(value, addToMoment(base, subtract ? negate(offset) : offset, sessionZone(info.io)), less);
  },
});
fn('in_range_date_interval', {
  impl: (...[value, base, offset, subtract, less]: Args<number>) => {
    requireNotNegative(offset);
    const start = dateToTimestamp(base);
    if (isUnbounded(start, offset, subtract)) return true;
    return compare(dateToTimestamp(value), addToTimestamp(start, subtract ? negate(offset) : offset), less);
  },
});
fn('in_range_interval_interval', {
  impl: (...[value, base, offset, subtract, less]: Args<Interval>) => {
    requireNotNegative(offset);
    if (infinitySign(offset) !== 0 && infinitySign(base) === (subtract ? 1 : -1) * infinitySign(offset)) return true;
    const bound = subtract ? subtractIntervals(base, offset) : addIntervals(base, offset);
    return compare(intervalLength(value), intervalLength(bound), less);
  },
});
// Times do not wrap around midnight here: only the offset's time part counts.
fn('in_range_time_interval', {
  impl: (...[value, base, offset, subtract, less]: Args<bigint>) => {
    if (offset.microseconds < 0n) requireNotNegative({ months: 0, days: 0, microseconds: -1n });
    return compare(value, subtract ? base - offset.microseconds : base + offset.microseconds, less);
  },
});
fn('in_range_timetz_interval', {
  impl: (...[value, base, offset, subtract, less]: Args<TimeTz>) => {
    if (offset.microseconds < 0n) requireNotNegative({ months: 0, days: 0, microseconds: -1n });
    const bound = subtract ? base.microseconds - offset.microseconds : base.microseconds + offset.microseconds;
    const shifted = { microseconds: bound, zone: base.zone };
    const order =
      momentOf(value) === momentOf(shifted) ? value.zone - base.zone : momentOf(value) < momentOf(shifted) ? -1 : 1;
    return less ? order <= 0 : order >= 0;
  },
});
