// sum and avg of int2 and int4, and sum of int8 in its older form: the state of avg is a bigint[] of count and sum.
import { pgError, SqlState } from '../../errors/pg-error.js';
import { Numeric } from '../../types/numeric.js';
import { addNumerics, divideNumerics } from '../../types/numeric-math.js';
import { PgArray } from '../../types/value.js';
import { fn } from '../registry.js';
import { int8Of } from '../scalar/integer.js';

const int8Oid = 20;

for (const symbol of ['int2_sum', 'int4_sum']) {
  fn(symbol, {
    impl: (state: bigint | null, value: number | null) => {
      if (value === null) return state;
      // Wraps around like PostgreSQL's: no table is long enough to get there.
      return state === null ? BigInt(value) : BigInt.asIntN(64, state + BigInt(value));
    },
  });
}
fn('int8_sum', {
  impl: (state: Numeric | null, value: bigint | null) => {
    if (value === null) return state;
    const addend = Numeric.fromBigInt(value);
    return state === null ? addend : addNumerics(state, addend);
  },
});

/** A state of its own, changed in place: the initial value of pg_aggregate is shared and stays as it is. */
class CountAndSum extends PgArray {
  constructor(private readonly parts: [bigint, bigint]) {
    super(int8Oid, [2], [1], parts);
  }
  add(count: bigint, sum: bigint): this {
    this.parts[0] += count;
    this.parts[1] = int8Of(this.parts[1] + sum);
    return this;
  }
}

function own(state: PgArray): CountAndSum {
  if (state instanceof CountAndSum) return state;
  return new CountAndSum([...partsOf(state)]);
}

/** Count and sum of a state, which SQL may hand over in any shape. */
function partsOf(state: PgArray): readonly [bigint, bigint] {
  const [count, sum] = state.elements;
  if (
    state.dimensions.length !== 1 ||
    state.elements.length !== 2 ||
    typeof count !== 'bigint' ||
    typeof sum !== 'bigint'
  )
    throw pgError(SqlState.internalError, 'expected 2-element int8 array');
  return [count, sum];
}

for (const type of ['int2', 'int4']) {
  fn(`${type}_avg_accum`, { impl: (state: PgArray, value: number) => own(state).add(1n, BigInt(value)) });
  fn(`${type}_avg_accum_inv`, { impl: (state: PgArray, value: number) => own(state).add(-1n, -BigInt(value)) });
}
fn('int4_avg_combine', {
  impl: (left: PgArray, right: PgArray) => own(left).add(...partsOf(right)),
});
fn('int8_avg', {
  impl: (state: PgArray) => {
    const [count, sum] = partsOf(state);
    return count === 0n ? null : divideNumerics(Numeric.fromBigInt(sum), Numeric.fromBigInt(count));
  },
});
fn('int2int4_sum', {
  impl(state: PgArray) {
    const [count, sum] = partsOf(state);
    return count === 0n ? null : sum;
  },
});
