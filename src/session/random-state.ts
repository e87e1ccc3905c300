// random()'s source: xoroshiro128** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2018), the
// generator that PostgreSQL documents, seeded from the operating system until setseed.
import { randomBytes } from 'node:crypto';
import type { RandomState } from '../functions/call-info.js';

const mask = (1n << 64n) - 1n;

export function createRandomState(): RandomState {
  const bytes = randomBytes(16);
  let s0 = bytes.readBigUInt64LE(0);
  let s1 = bytes.readBigUInt64LE(8) | 1n;
  const nextBits = (): bigint => {
    const result = (rotate((s0 * 5n) & mask, 7n) * 9n) & mask;
    const mixed = s1 ^ s0;
    s0 = rotate(s0, 24n) ^ mixed ^ ((mixed << 16n) & mask);
    s1 = rotate(mixed, 37n);
    return result;
  };
  return {
    nextBits,
    // 52 random bits, as PostgreSQL's pg_prng_double.
    next: () => Number(nextBits() >> 12n) / 2 ** 52,
    seed(value) {
      const state = { seed: BigInt.asUintN(64, BigInt(Math.trunc(value * (2 ** 52 - 1)))) };
      s0 = splitmix(state);
      s1 = splitmix(state);
    },
  };
}

function rotate(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & mask;
}

/** splitmix64 (Steele, Lea and Flood, 2014): spreads a seed over the generator's state. */
function splitmix(state: { seed: bigint }): bigint {
  state.seed = (state.seed + 0x9e3779b97f4a7c15n) & mask;
  let value = state.seed;
  value = ((value ^ (value >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
  value = ((value ^ (value >> 27n)) * 0x94d049bb133111ebn) & mask;
  return value ^ (value >> 31n);
}
