// interval: months, days and microseconds, with infinities (manual, section 8.5.4). Ordered by its length with months of
// 30 days and days of 24 hours.
import type { ByteReader } from '../base/bytes.js';
import { SqlState, pgError } from '../errors/pg-error.js';
import { decoding } from './datetime/input-errors.js';
import { decodeInterval, intervalInfinity, intervalMinusInfinity } from './datetime/interval-decode.js';
import type { IntervalRange } from './datetime/interval-decode.js';
import { formatInterval } from './datetime/interval-format.js';
import { defineType } from './type-behaviour.js';
import type { Interval } from './value.js';

export { intervalInfinity, intervalMinusInfinity };

/** Bits of an interval typmod's upper half: the fields of its range. */
export const intervalField = {
  month: 1 << 1,
  year: 1 << 2,
  day: 1 << 3,
  hour: 1 << 10,
  minute: 1 << 11,
  second: 1 << 12,
} as const;
export const intervalFullRange = 0x7fff;
export const intervalFullPrecision = 0xffff;

defineType<Interval>({
  symbol: 'interval_in',
  storage: 'varlen',
  input: (text, _type, typmod, io) =>
    decoding(text, 'interval', () => {
      const range = typmod < 0 ? intervalFullRange : (typmod >> 16) & intervalFullRange;
      const isMinuteSecond = range === (intervalField.minute | intervalField.second);
      return adjustInterval(decodeInterval(text, io.intervalStyle, lowestField(range), isMinuteSecond), typmod);
    }),
  output(value, _type, io) {
    if (isInfinite(value)) return value.months > 0 ? 'infinity' : '-infinity';
    return formatInterval(value, io.intervalStyle);
  },
  receive: (reader, _type, typmod) => adjustInterval(read(reader), typmod),
  send(value, _type, writer) {
    writer.int64(value.microseconds);
    writer.int32(value.days);
    writer.int32(value.months);
  },
  store(value, _type, writer) {
    writer.int64(value.microseconds);
    writer.int32(value.days);
    writer.int32(value.months);
  },
  load: read,
  compare(left, right) {
    const difference = intervalLength(left) - intervalLength(right);
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  },
  hashKey: intervalLength,
  sortKey(value, _type, writer) {
    // 128 bits, shifted so that negative lengths come first.
    const biased = intervalLength(value) + (1n << 127n);
    writer.uint64(biased >> 64n);
    writer.uint64(biased & 0xffffffffffffffffn);
  },
});

function read(reader: ByteReader): Interval {
  const microseconds = reader.int64();
  const days = reader.int32();
  return { months: reader.int32(), days, microseconds };
}

/** The length in microseconds that intervals are compared by. */
export function intervalLength(value: Interval): bigint {
  return (BigInt(value.months) * 30n + BigInt(value.days)) * 86_400_000_000n + value.microseconds;
}

export function isInfinite(value: Interval): boolean {
  return (
    (value.months === intervalInfinity.months &&
      value.days === intervalInfinity.days &&
      value.microseconds === intervalInfinity.microseconds) ||
    (value.months === intervalMinusInfinity.months &&
      value.days === intervalMinusInfinity.days &&
      value.microseconds === intervalMinusInfinity.microseconds)
  );
}

/** The smallest field of a range: what a number without a unit counts. */
function lowestField(range: number): IntervalRange {
  if (range === intervalFullRange) return null;
  if (range & intervalField.second) return 'second';
  if (range & intervalField.minute) return 'minute';
  if (range & intervalField.hour) return 'hour';
  if (range & intervalField.day) return 'day';
  return range & intervalField.month ? 'month' : 'year';
}

/** Cuts an interval to the fields and the precision of a typmod (-1: none). */
export function adjustInterval(value: Interval, typmod: number): Interval {
  if (typmod < 0 || isInfinite(value)) return value;
  const range = (typmod >> 16) & intervalFullRange;
  const precision = typmod & 0xffff;
  let { months, days, microseconds } = value;
  const lowest = lowestField(range);
  const time = { hour: 3_600_000_000n, minute: 60_000_000n } as const;
  switch (lowest) {
    case 'year':
      months = Math.trunc(months / 12) * 12;
      days = 0;
      microseconds = 0n;
      break;
    case 'month':
      days = 0;
      microseconds = 0n;
      break;
    case 'day':
      microseconds = 0n;
      break;
    case 'hour':
    case 'minute':
      microseconds = (microseconds / time[lowest]) * time[lowest];
      break;
    default:
  }
  if (precision !== intervalFullPrecision && precision < 6) microseconds = roundFraction(microseconds, precision);
  if (BigInt.asIntN(64, microseconds) !== microseconds) {
    throw pgError(SqlState.datetimeFieldOverflow, 'interval out of range');
  }
  return { months, days, microseconds };
}

function roundFraction(microseconds: bigint, digits: number): bigint {
  const unit = 10n ** BigInt(6 - digits);
  const half = unit / 2n;
  return microseconds >= 0n ? ((microseconds + half) / unit) * unit : -(((-microseconds + half) / unit) * unit);
}

/** 22008 where the parts don't fit their storage or would read as an infinity. */
export function makeInterval(months: bigint | number, days: bigint | number, microseconds: bigint): Interval {
  const wideMonths = BigInt(months);
  const wideDays = BigInt(days);
  const fits =
    BigInt.asIntN(32, wideMonths) === wideMonths &&
    BigInt.asIntN(32, wideDays) === wideDays &&
    BigInt.asIntN(64, microseconds) === microseconds;
  const value = { months: Number(wideMonths), days: Number(wideDays), microseconds };
  if (!fits || isInfinite(value)) throw pgError(SqlState.datetimeFieldOverflow, 'interval out of range');
  return value;
}
