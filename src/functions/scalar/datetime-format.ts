// to_char of dates, to_timestamp and to_date with a template (manual, section 9.8).
import { civilFromMicroseconds, daysFromCivil, microsecondsFromCivil } from '../../types/datetime/calendar.js';
import { sessionZone } from '../../types/datetime/session-zone.js';
import { fromLocal, offsetAtTimestamp, toLocal } from '../../types/datetime/time-zone.js';
import { roundTimestamp } from '../../types/datetime-types.js';
import { isInfinite } from '../../types/interval.js';
import type { Interval } from '../../types/value.js';
import type { CallInfo } from '../call-info.js';
import { dateTemplate } from '../formatting/date-template.js';
import { readDateTime } from '../formatting/date-from-char.js';
import { formatDateTime } from '../formatting/date-to-char.js';
import { fn } from '../registry.js';
import { dateInRange, isInfiniteTimestamp, timestampInRange } from './datetime-range.js';

fn('timestamp_to_char', {
  impl(value: bigint, format: string) {
    if (format === '' || isInfiniteTimestamp(value)) return null;
    return formatDateTime(dateTemplate(format), { ...civilFromMicroseconds(value), isInterval: false, zone: null });
  },
});
fn('timestamptz_to_char', {
  impl(value: bigint, format: string, info: CallInfo) {
    if (format === '' || isInfiniteTimestamp(value)) return null;
    const zone = sessionZone(info.io);
    const time = civilFromMicroseconds(toLocal(zone, value));
    return formatDateTime(dateTemplate(format), { ...time, isInterval: false, zone: offsetAtTimestamp(zone, value) });
  },
});
fn('interval_to_char', {
  impl(span: Interval, format: string) {
    if (format === '' || isInfinite(span)) return null;
    const seconds = span.microseconds / 1_000_000n;
    return formatDateTime(dateTemplate(format), {
      year: Math.trunc(span.months / 12),
      month: span.months % 12,
      day: span.days,
      hour: Number(seconds / 3600n),
      minute: Number((seconds / 60n) % 60n),
      second: Number(seconds % 60n),
      microsecond: Number(span.microseconds % 1_000_000n),
      isInterval: true,
      zone: null,
    });
  },
});

fn('to_timestamp', {
  impl(text: string, format: string, info: CallInfo) {
    const time = readDateTime(text, format);
    const local = microsecondsFromCivil(time);
    const moment =
      time.zone === null
        ? fromLocal(sessionZone(info.io), local)
        : time.zone.kind === 'offset'
          ? local - BigInt(time.zone.offset) * 1_000_000n
          : fromLocal(time.zone.zone, local);
    return timestampInRange(roundTimestamp(moment, time.fractionDigits));
  },
});
fn('to_date', {
  impl(text: string, format: string) {
    const { year, month, day } = readDateTime(text, format);
    return dateInRange(daysFromCivil(year, month, day));
  },
});
