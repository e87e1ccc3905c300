// random(), random(min, max), random_normal, setseed, and gen_random_uuid. The generator is the session's
// (RandomState); what is here turns its bits into values as PostgreSQL does.
import { randomFillSync } from 'node:crypto';
import { pgError, SqlState } from '../../errors/pg-error.js';
import { Numeric } from '../../types/numeric.js';
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
    // Box-Muller with the first uniform in (0, 1].
    const first = 1 - random.next();
    const second = random.next();
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
    const range = max.withScale(scale).coefficient - low + 1n;
    return Numeric.of(low + randomBigInteger(range, info.session.random), scale);
  },
});

/** As randomBelow for any limit. */
function randomBigInteger(limit: bigint, random: RandomState): bigint {
  if (limit <= 1n << 64n) return randomBelow(limit, random);
  const bits = limit.toString(2).length;
  for (;;) {
    let value = 0n;
    for (let have = 0; have < bits; have += 64) value = (value << 64n) | random.nextBits();
    value &= (1n << BigInt(bits)) - 1n;
    if (value < limit) return value;
  }
}

fn('gen_random_uuid', {
  impl: () => {
    const bytes = randomFillSync(Buffer.alloc(16));
    bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
    return bytes;
  },
});
