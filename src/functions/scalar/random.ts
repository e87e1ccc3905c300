// random(), random(min, max), random_normal, setseed, and gen_random_uuid. The generator is the session's
// (RandomState); what is here turns its bits into values as PostgreSQL does.
import { randomFillSync } from 'node:crypto';
import { pgError, SqlState } from '../../errors/pg-error.js';
import { Numeric, powerOfTen } from '../../types/numeric.js';
import { compareNumerics } from '../../types/numeric-math.js';
import type { CallInfo, RandomState } from '../call-info.js';
import { fn } from '../registry.js';

/** A uniform integer in [0, limit), limit up to 2^64: bits masked to its size, tried again while too large. */
export function randomBelow(limit: bigint, random: RandomState): bigint {
  if (limit <= 1n) return 0n;
  const range = limit - 1n;
  const shift = BigInt(64 - range.toString(2).length);
  for (;;) {
    const value = random.nextBits() >> shift;
    if (value <= range) return value;
  }
}

fn('drandom', { impl: (info: CallInfo) => info.session.random.next() });
fn('setseed', {
  impl: (value: number, info: CallInfo) => {
    if (!(value >= -1 && value <= 1)) {
      throw pgError(SqlState.invalidParameterValue, `setseed parameter ${value} is out of allowed range [-1,1]`);
    }
    info.session.random.seed(value);
    return null;
  },
});
fn('drandom_normal', {
  impl: (mean: number, deviation: number, info: CallInfo) => {
    const { random } = info.session;
    // Box-Muller with both uniforms in (0, 1].
    const first = 1 - random.next();
    const second = 1 - random.next();
    return deviation * Math.sqrt(-2 * Math.log(first)) * Math.sin(2 * Math.PI * second) + mean;
  },
});

function boundsError(): Error {
  return pgError(SqlState.invalidParameterValue, 'lower bound must be less than or equal to upper bound');
}
fn('int4random', {
  impl: (min: number, max: number, info: CallInfo) => {
    if (min > max) throw boundsError();
    return min + Number(randomBelow(BigInt(max) - BigInt(min) + 1n, info.session.random));
  },
});
fn('int8random', {
  impl: (min: bigint, max: bigint, info: CallInfo) => {
    if (min > max) throw boundsError();
    return min + randomBelow(max - min + 1n, info.session.random);
  },
});
fn('numeric_random', {
  impl: (min: Numeric, max: Numeric, info: CallInfo) => {
    for (const [bound, name] of [
      [min, 'lower'],
      [max, 'upper'],
    ] as const) {
      if (bound.isNaN) throw pgError(SqlState.invalidParameterValue, `${name} bound cannot be NaN`);
      if (!bound.isFinite) throw pgError(SqlState.invalidParameterValue, `${name} bound cannot be infinity`);
    }
    if (compareNumerics(min, max) > 0) throw boundsError();
    const scale = Math.max(min.scale, max.scale);
    const low = min.withScale(scale).coefficient;
    return Numeric.of(low + randomUpTo(max.withScale(scale).coefficient - low, scale, info.session.random), scale);
  },
});

/** A uniform integer in [0, limit], drawn as PostgreSQL draws numerics: the first four base-10000 digits at once, the
 *  others four or one at a time, tried again while the whole is too large. `scale` aligns digits at the point. */
function randomUpTo(limit: bigint, scale: number, random: RandomState): bigint {
  if (limit === 0n) return 0n;
  const padding = powerOfTen((4 - (scale % 4)) % 4);
  const text = (limit * padding).toString();
  const digitCount = Math.ceil(text.length / 4);
  const headCount = Math.min(digitCount, 4);
  const head = BigInt(text.padStart(digitCount * 4, '0').slice(0, headCount * 4));
  for (;;) {
    let value: bigint;
    if (headCount === digitCount) {
      value = randomBelow(head / padding + 1n, random) * padding;
    } else {
      value = randomBelow(head + 1n, random);
      let rest = digitCount - headCount - (padding > 1n ? 1 : 0);
      for (; rest >= 4; rest -= 4) value = value * 10000n ** 4n + reversedDigits(randomBelow(10000n ** 4n, random));
      for (; rest > 0; rest--) value = value * 10000n + randomBelow(10000n, random);
      if (padding > 1n) value = value * 10000n + randomBelow(10000n / padding, random) * padding;
    }
    if (value <= limit * padding) return value / padding;
  }
}

/** Four base-10000 digits in the other order: PostgreSQL lays the lowest of a draw down first. */
function reversedDigits(four: bigint): bigint {
  const digit = (at: bigint) => (four / 10000n ** at) % 10000n;
  return ((digit(0n) * 10000n + digit(1n)) * 10000n + digit(2n)) * 10000n + digit(3n);
}

fn('gen_random_uuid', {
  impl: () => {
    const bytes = randomFillSync(Buffer.alloc(16));
    bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
    return bytes;
  },
});
