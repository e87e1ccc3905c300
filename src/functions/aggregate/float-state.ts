// avg, variance, stddev of floats and the regression family, by Youngs and Cramer's update formulas, so that results
// agree with PostgreSQL's to the last bit. States are float8[]: {N, Sx, Sxx} and {N, Sx, Sxx, Sy, Syy, Sxy}.
import { PgArray } from '../../types/value.js';
import { fn } from '../registry.js';
import { floatOverflow } from '../scalar/float.js';

const float8Oid = 701;

/** A state of its own, changed in place. */
class FloatState extends PgArray {
  constructor(readonly parts: number[]) {
    super(float8Oid, [parts.length], [1], parts);
  }
}

function own(state: PgArray): number[] {
  return state instanceof FloatState ? state.parts : [...(state.elements as readonly number[])];
}

function wrap(state: PgArray, parts: number[]): PgArray {
  return state instanceof FloatState ? state : new FloatState(parts);
}

function isInfinite(value: number): boolean {
  return value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY;
}

function accumulate(state: PgArray, value: number): PgArray {
  const parts = own(state);
  const [oldCount = 0, oldSum = 0, oldSquares = 0] = parts;
  const count = oldCount + 1;
  const sum = oldSum + value;
  let squares = oldSquares;
  if (oldCount > 0) {
    const difference = value * count - sum;
    squares += (difference * difference) / (count * oldCount);
    if (isInfinite(sum) || isInfinite(squares)) {
      if (!isInfinite(oldSum) && !isInfinite(value)) throw floatOverflow();
      squares = Number.NaN;
    }
  } else if (!Number.isFinite(value)) {
    squares = Number.NaN;
  }
  parts[0] = count;
  parts[1] = sum;
  parts[2] = squares;
  return wrap(state, parts);
}
fn('float4_accum', { impl: accumulate });
fn('float8_accum', { impl: accumulate });

fn('float8_combine', {
  impl: (left: PgArray, right: PgArray) => {
    const [n1 = 0, s1 = 0, q1 = 0] = left.elements as readonly number[];
    const [n2 = 0, s2 = 0, q2 = 0] = right.elements as readonly number[];
    if (n1 === 0) return right;
    if (n2 === 0) return left;
    const count = n1 + n2;
    const difference = s1 / n1 - s2 / n2;
    const squares = q1 + q2 + (n1 * n2 * difference * difference) / count;
    const sum = s1 + s2;
    if (isInfinite(sum) && !isInfinite(s1) && !isInfinite(s2)) throw floatOverflow();
    if (isInfinite(squares) && !isInfinite(q1) && !isInfinite(q2)) throw floatOverflow();
    return new FloatState([count, sum, squares]);
  },
});

type Final = (...parts: number[]) => number | null;

/** Registers a final function over the state's parts. */
function final(symbol: string, apply: Final): void {
  fn(symbol, { impl: (state: PgArray) => apply(...(state.elements as readonly number[])) });
}
final('float8_avg', (n = 0, sum = 0) => (n === 0 ? null : sum / n));
final('float8_var_pop', (n = 0, _sum, squares = 0) => (n === 0 ? null : squares / n));
final('float8_var_samp', (n = 0, _sum, squares = 0) => (n <= 1 ? null : squares / (n - 1)));
final('float8_stddev_pop', (n = 0, _sum, squares = 0) => (n === 0 ? null : Math.sqrt(squares / n)));
final('float8_stddev_samp', (n = 0, _sum, squares = 0) => (n <= 1 ? null : Math.sqrt(squares / (n - 1))));

fn('float8_regr_accum', {
  impl: (state: PgArray, y: number, x: number) => {
    const parts = own(state);
    const [oldCount = 0, oldSx = 0, , oldSy = 0] = parts;
    let [, , sxx = 0, , syy = 0, sxy = 0] = parts;
    const count = oldCount + 1;
    const sx = oldSx + x;
    const sy = oldSy + y;
    if (oldCount > 0) {
      const dx = x * count - sx;
      const dy = y * count - sy;
      const scale = 1 / (count * oldCount);
      sxx += dx * dx * scale;
      syy += dy * dy * scale;
      sxy += dx * dy * scale;
      if ([sx, sxx, sy, syy, sxy].some(isInfinite)) {
        const finiteX = !isInfinite(oldSx) && !isInfinite(x);
        const finiteY = !isInfinite(oldSy) && !isInfinite(y);
        if (
          ((isInfinite(sx) || isInfinite(sxx)) && finiteX) ||
          ((isInfinite(sy) || isInfinite(syy)) && finiteY) ||
          (isInfinite(sxy) && finiteX && finiteY)
        ) {
          throw floatOverflow();
        }
        if (isInfinite(sxx)) sxx = Number.NaN;
        if (isInfinite(syy)) syy = Number.NaN;
        if (isInfinite(sxy)) sxy = Number.NaN;
      }
    } else {
      if (!Number.isFinite(x)) sxx = sxy = Number.NaN;
      if (!Number.isFinite(y)) syy = sxy = Number.NaN;
    }
    [count, sx, sxx, sy, syy, sxy].forEach((part, at) => {
      parts[at] = part;
    });
    return wrap(state, parts);
  },
});

fn('float8_regr_combine', {
  impl: (left: PgArray, right: PgArray) => {
    const [n1 = 0, sx1 = 0, sxx1 = 0, sy1 = 0, syy1 = 0, sxy1 = 0] = left.elements as readonly number[];
    const [n2 = 0, sx2 = 0, sxx2 = 0, sy2 = 0, syy2 = 0, sxy2 = 0] = right.elements as readonly number[];
    if (n1 === 0) return right;
    if (n2 === 0) return left;
    const count = n1 + n2;
    const dx = sx1 / n1 - sx2 / n2;
    const dy = sy1 / n1 - sy2 / n2;
    const weight = (n1 * n2) / count;
    return new FloatState([
      count,
      sx1 + sx2,
      sxx1 + sxx2 + weight * dx * dx,
      sy1 + sy2,
      syy1 + syy2 + weight * dy * dy,
      sxy1 + sxy2 + weight * dx * dy,
    ]);
  },
});

final('float8_regr_sxx', (n = 0, _sx, sxx = 0) => (n < 1 ? null : sxx));
final('float8_regr_syy', (n = 0, _sx, _sxx, _sy, syy = 0) => (n < 1 ? null : syy));
final('float8_regr_sxy', (n = 0, _sx, _sxx, _sy, _syy, sxy = 0) => (n < 1 ? null : sxy));
final('float8_regr_avgx', (n = 0, sx = 0) => (n < 1 ? null : sx / n));
final('float8_regr_avgy', (n = 0, _sx, _sxx, sy = 0) => (n < 1 ? null : sy / n));
final('float8_covar_pop', (n = 0, _sx, _sxx, _sy, _syy, sxy = 0) => (n < 1 ? null : sxy / n));
final('float8_covar_samp', (n = 0, _sx, _sxx, _sy, _syy, sxy = 0) => (n < 2 ? null : sxy / (n - 1)));
final('float8_corr', (n = 0, _sx, sxx = 0, _sy, syy = 0, sxy = 0) =>
  n < 1 || sxx === 0 || syy === 0 ? null : sxy / Math.sqrt(sxx * syy),
);
final('float8_regr_r2', (n = 0, _sx, sxx = 0, _sy, syy = 0, sxy = 0) => {
  if (n < 1 || sxx === 0) return null;
  return syy === 0 ? 1 : (sxy * sxy) / (sxx * syy);
});
final('float8_regr_slope', (n = 0, _sx, sxx = 0, _sy, _syy, sxy = 0) => (n < 1 || sxx === 0 ? null : sxy / sxx));
final('float8_regr_intercept', (n = 0, sx = 0, sxx = 0, sy = 0, _syy, sxy = 0) =>
  n < 1 || sxx === 0 ? null : (sy - (sx * sxy) / sxx) / n,
);
