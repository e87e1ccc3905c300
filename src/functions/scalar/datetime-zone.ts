// AT TIME ZONE and conversions between local times and moments (manual, section 9.9.4).
import { SqlState, pgError } from '../../errors/pg-error.js';
import { microsecondsPerDay, microsecondsPerSecond } from '../../types/datetime/calendar.js';
import { sessionZone } from '../../types/datetime/session-zone.js';
import { fixedTimeZone, fromLocal, offsetAtTimestamp, toLocal } from '../../types/datetime/time-zone.js';
import type { TimeZone } from '../../types/datetime/time-zone.js';
import { zoneForConversion } from '../../types/datetime/zone-words.js';
import { formatInterval, type IntervalStyle } from '../../types/datetime/interval-format.js';
import { isInfinite } from '../../types/interval.js';
import type { Interval, TimeTz } from '../../types/value.js';
import type { CallInfo } from '../call-info.js';
import { fn } from '../registry.js';
import { isInfiniteTimestamp, timestampInRange } from './datetime-range.js';

/** The zone of a name, an abbreviation or a POSIX specification; 22023 where there is none. */
export function requireZone(name: string): TimeZone {
  const choice = zoneForConversion(name);
  if (choice?.kind === 'zone') return choice.zone;
  if (choice?.kind === 'offset') return fixedTimeZone(choice.offset);
  throw pgError(SqlState.invalidParameterValue, `time zone "${name}" not recognized`);
}

function zoneOfInterval(span: Interval, style: IntervalStyle): TimeZone {
  const text = isInfinite(span) ? (span.months > 0 ? 'infinity' : '-infinity') : formatInterval(span, style);
  const refuse = (rule: string) => pgError(SqlState.invalidParameterValue, `interval time zone "${text}" ${rule}`);
  if (isInfinite(span)) throw refuse('must be finite');
  if (span.months !== 0 || span.days !== 0) {
    throw refuse('must not include months or days');
  }
  // An offset has 32 bits: seconds beyond wrap, as in PostgreSQL.
  return fixedTimeZone(Number(BigInt.asIntN(32, span.microseconds / microsecondsPerSecond)));
}

/** A local time as the moment it is in the zone; infinite ones need no zone. */
function momentIn(local: bigint, zone: () => TimeZone): bigint {
  return isInfiniteTimestamp(local) ? local : timestampInRange(fromLocal(zone(), local));
}

/** The local time of a moment in the zone. */
function localIn(moment: bigint, zone: () => TimeZone): bigint {
  return isInfiniteTimestamp(moment) ? moment : timestampInRange(toLocal(zone(), moment));
}

fn('timestamp_zone', { impl: (zone: string, local: bigint) => momentIn(local, () => requireZone(zone)) });
fn('timestamptz_zone', { impl: (zone: string, moment: bigint) => localIn(moment, () => requireZone(zone)) });
fn('timestamp_izone', {
  impl: (zone: Interval, local: bigint, info: CallInfo) =>
    momentIn(local, () => zoneOfInterval(zone, info.io.intervalStyle)),
});
fn('timestamptz_izone', {
  impl: (zone: Interval, moment: bigint, info: CallInfo) =>
    localIn(moment, () => zoneOfInterval(zone, info.io.intervalStyle)),
});
fn('timestamp_at_local', { impl: (local: bigint, info: CallInfo) => momentIn(local, () => sessionZone(info.io)) });
fn('timestamptz_at_local', { impl: (moment: bigint, info: CallInfo) => localIn(moment, () => sessionZone(info.io)) });

fn('timetz_zone', { impl: (zone: string, time: TimeTz, info: CallInfo) => shiftTime(time, requireZone(zone), info) });
fn('timetz_izone', {
  impl: (zone: Interval, time: TimeTz, info: CallInfo) =>
    shiftTime(time, zoneOfInterval(zone, info.io.intervalStyle), info),
});
fn('timetz_at_local', { impl: (time: TimeTz, info: CallInfo) => shiftTime(time, sessionZone(info.io), info) });

/** A zone whose offset changes is taken as of the start of the transaction. */
function shiftTime(time: TimeTz, zone: TimeZone, info: CallInfo): TimeTz {
  const { offset } = offsetAtTimestamp(zone, info.io.transactionTimestamp);
  const utc = time.microseconds + BigInt(time.zone) * microsecondsPerSecond;
  const local = utc + BigInt(offset) * microsecondsPerSecond;
  return { microseconds: ((local % microsecondsPerDay) + microsecondsPerDay) % microsecondsPerDay, zone: -offset };
}
