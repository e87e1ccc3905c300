// sum, avg, variance and stddev over integers and numeric, exact: the state keeps the sum and the sum of squares as
// integers under one scale, and counts NaN and the infinities apart. Inverse functions take values out again for
// moving window frames; one that can't know the remaining scale returns null, which makes the executor start over.
import { Numeric, powerOfTen } from '../../types/numeric.js';
import { divideNumerics, divideToScale, divisionScale } from '../../types/numeric-math.js';
import { fn } from '../registry.js';
import { sqrtToScale } from '../numeric-transcendental.js';

class NumericState {
  readonly internal = true as const;
  count = 0n;
  sum = 0n;
  squares = 0n;
  /** Scale of `sum`; `squares` has twice that. */
  scale = 0;
  /** Largest scale seen, and how many values have it. */
  maxScale = 0;
  maxScaleCount = 0n;
  nanCount = 0n;
  infinityCount = 0n;
  minusInfinityCount = 0n;

  get total(): bigint {
    return this.count + this.nanCount + this.infinityCount + this.minusInfinityCount;
  }

  add(value: Numeric): void {
    if (value.kind !== 'finite') {
      this.countSpecial(value, 1n);
      return;
    }
    if (value.scale > this.maxScale) {
      this.maxScale = value.scale;
      this.maxScaleCount = 1n;
    } else if (value.scale === this.maxScale) {
      this.maxScaleCount++;
    }
    this.rescale(value.scale);
    this.count++;
    this.accumulate(value.coefficient * powerOfTen(this.scale - value.scale), 1n);
  }

  addInteger(value: bigint): void {
    this.count++;
    this.accumulate(value * powerOfTen(this.scale), 1n);
  }

  removeInteger(value: bigint): void {
    this.count--;
    this.accumulate(value * powerOfTen(this.scale), -1n);
  }

  /** False where the remaining values' largest scale is unknown. */
  remove(value: Numeric): boolean {
    if (value.kind !== 'finite') {
      this.countSpecial(value, -1n);
      return true;
    }
    if (value.scale === this.maxScale) {
      if (this.maxScaleCount > 1n || this.maxScale === 0) this.maxScaleCount--;
      else if (this.count === 1n) {
        this.maxScale = 0;
        this.maxScaleCount = 0n;
      } else {
        return false;
      }
    }
    this.count--;
    this.accumulate(value.coefficient * powerOfTen(this.scale - value.scale), -1n);
    return true;
  }

  /** Takes another state's values in. */
  merge(other: NumericState): void {
    if (other.maxScale > this.maxScale) {
      this.maxScale = other.maxScale;
      this.maxScaleCount = other.maxScaleCount;
    } else if (other.maxScale === this.maxScale) {
      this.maxScaleCount += other.maxScaleCount;
    }
    this.rescale(other.scale);
    const factor = powerOfTen(this.scale - other.scale);
    this.count += other.count;
    this.sum += other.sum * factor;
    this.squares += other.squares * factor * factor;
    this.nanCount += other.nanCount;
    this.infinityCount += other.infinityCount;
    this.minusInfinityCount += other.minusInfinityCount;
  }

  private accumulate(coefficient: bigint, sign: bigint): void {
    this.sum += sign * coefficient;
    this.squares += sign * coefficient * coefficient;
  }

  private countSpecial(value: Numeric, step: bigint): void {
    if (value.isNaN) this.nanCount += step;
    else if (value.kind === 'infinity') this.infinityCount += step;
    else this.minusInfinityCount += step;
  }

  private rescale(scale: number): void {
    if (scale <= this.scale) return;
    const factor = powerOfTen(scale - this.scale);
    this.sum *= factor;
    this.squares *= factor * factor;
    this.scale = scale;
  }

  /** NaN or an infinity that decides the sum; null where all values are finite. */
  special(): Numeric | null {
    if (this.nanCount > 0n || (this.infinityCount > 0n && this.minusInfinityCount > 0n)) return Numeric.nan;
    if (this.infinityCount > 0n) return Numeric.infinity;
    return this.minusInfinityCount > 0n ? Numeric.minusInfinity : null;
  }

  sumValue(): Numeric {
    return Numeric.of(this.sum, this.scale).withScale(this.maxScale);
  }
}

type Wrapped = NumericState | null;

for (const symbol of ['numeric_accum', 'numeric_avg_accum']) {
  fn(symbol, {
    impl: (state: Wrapped, value: Numeric | null) => {
      const target = state ?? new NumericState();
      if (value !== null) target.add(value);
      return target;
    },
  });
}
fn('numeric_accum_inv', {
  impl: (state: Wrapped, value: Numeric | null) =>
    state === null || value === null || state.remove(value) ? state : null,
});
for (const type of ['int2_accum', 'int4_accum', 'int8_accum', 'int8_avg_accum']) {
  fn(type, {
    impl: (state: Wrapped, value: number | bigint | null) => {
      const target = state ?? new NumericState();
      if (value !== null) target.addInteger(BigInt(value));
      return target;
    },
  });
  fn(`${type}_inv`, {
    impl: (state: Wrapped, value: number | bigint | null) => {
      if (state !== null && value !== null) state.removeInteger(BigInt(value));
      return state;
    },
  });
}
for (const symbol of ['numeric_combine', 'numeric_avg_combine', 'numeric_poly_combine', 'int8_avg_combine']) {
  fn(symbol, {
    impl: (left: Wrapped, right: Wrapped) => {
      if (right === null) return left;
      const target = left ?? new NumericState();
      target.merge(right);
      return target;
    },
  });
}

function sum(state: Wrapped): Numeric | null {
  if (state === null || state.total === 0n) return null;
  return state.special() ?? state.sumValue();
}
function average(state: Wrapped): Numeric | null {
  if (state === null || state.total === 0n) return null;
  return state.special() ?? divideNumerics(state.sumValue(), Numeric.fromBigInt(state.count));
}

interface Spread {
  readonly isVariance: boolean;
  readonly isSample: boolean;
}

function spread(state: Wrapped, { isVariance, isSample }: Spread): Numeric | null {
  if (state === null || state.total === 0n || (isSample && state.total <= 1n)) return null;
  if (state.special() !== null) return Numeric.nan;
  const scale = state.maxScale * 2;
  const squares = Numeric.intermediate(state.squares, state.scale * 2).withScale(scale).coefficient;
  const total = Numeric.intermediate(state.sum, state.scale).withScale(state.maxScale).coefficient;
  const numerator = Numeric.intermediate(state.count * squares - total * total, scale);
  if (numerator.coefficient <= 0n) return Numeric.zero;
  const divisor = Numeric.fromBigInt(state.count * (isSample ? state.count - 1n : state.count));
  const resultScale = divisionScale(numerator, divisor);
  const variance = divideToScale(numerator, divisor, resultScale);
  return isVariance ? variance : sqrtToScale(variance, resultScale);
}

for (const prefix of ['numeric', 'numeric_poly']) {
  fn(`${prefix}_sum`, { impl: sum });
  fn(`${prefix}_avg`, { impl: average });
  for (const isSample of [true, false]) {
    const suffix = isSample ? 'samp' : 'pop';
    fn(`${prefix}_var_${suffix}`, { impl: (state: Wrapped) => spread(state, { isVariance: true, isSample }) });
    fn(`${prefix}_stddev_${suffix}`, { impl: (state: Wrapped) => spread(state, { isVariance: false, isSample }) });
  }
}
