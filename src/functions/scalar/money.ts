// money: arithmetic on cents with overflow checks, casts, and the amount in words.
import { pgError, SqlState } from '../../errors/pg-error.js';
import { Numeric, powerOfTen } from '../../types/numeric.js';
import { divisionByZero, roundedInteger } from '../../types/numeric-math.js';
import { fn } from '../registry.js';
import { float8Over, float8Times, rint } from './float.js';
import { int8Of, integerOutOfRange } from './integer.js';

function money(value: bigint): bigint {
  if (BigInt.asIntN(64, value) !== value) throw pgError(SqlState.numericValueOutOfRange, 'money out of range');
  return value;
}

fn('cash_pl', { impl: (left: bigint, right: bigint) => money(left + right) });
fn('cash_mi', { impl: (left: bigint, right: bigint) => money(left - right) });
fn('cash_div_cash', {
  impl: (left: bigint, right: bigint) => {
    if (right === 0n) throw divisionByZero();
    return Number(left) / Number(right);
  },
});

function timesFloat(value: bigint, factor: number): bigint {
  return fromFloat(rint(float8Times(Number(value), factor)));
}
function overFloat(value: bigint, divisor: number): bigint {
  return fromFloat(rint(float8Over(Number(value), divisor)));
}
function fromFloat(value: number): bigint {
  if (!(value >= -(2 ** 63) && value < 2 ** 63)) throw pgError(SqlState.numericValueOutOfRange, 'money out of range');
  return BigInt(value);
}
for (const type of ['flt4', 'flt8']) {
  fn(`cash_mul_${type}`, { impl: timesFloat });
  fn(`${type}_mul_cash`, { impl: (factor: number, value: bigint) => timesFloat(value, factor) });
  fn(`cash_div_${type}`, { impl: overFloat });
}
for (const type of ['int2', 'int4', 'int8']) {
  fn(`cash_mul_${type}`, { impl: (value: bigint, factor: number | bigint) => money(value * BigInt(factor)) });
  fn(`${type}_mul_cash`, { impl: (factor: number | bigint, value: bigint) => money(value * BigInt(factor)) });
  fn(`cash_div_${type}`, {
    impl: (value: bigint, divisor: number | bigint) => {
      if (BigInt(divisor) === 0n) throw divisionByZero();
      return money(value / BigInt(divisor));
    },
  });
}
fn('cash_numeric', { impl: (value: bigint) => Numeric.of(value, 2) });
fn('numeric_cash', {
  impl: (value: Numeric) => {
    if (!value.isFinite) {
      const what = value.isNaN ? 'NaN' : 'infinity';
      throw pgError(SqlState.featureNotSupported, `cannot convert ${what} to bigint`);
    }
    const cents = roundedInteger(Numeric.of(value.coefficient * powerOfTen(2), value.scale));
    if (BigInt.asIntN(64, cents) !== cents) throw integerOutOfRange('bigint');
    return cents;
  },
});
fn('int4_cash', { impl: (value: number) => BigInt(value) * 100n });
fn('int8_cash', { impl: (value: bigint) => int8Of(value * 100n) });

const small = [
  'zero',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
  'thirteen',
  'fourteen',
  'fifteen',
  'sixteen',
  'seventeen',
  'eighteen',
  'nineteen',
];
const tens = ['', '', 'twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'];

/** A number below 1000 in words. */
function words(value: number): string {
  const rest = value % 100;
  if (value < 20) return small[value] as string;
  const hundreds = value > 99 ? `${small[Math.floor(value / 100)]} hundred` : '';
  if (rest === 0) return hundreds;
  const tail =
    rest < 20
      ? (small[rest] as string)
      : rest % 10 === 0
        ? (tens[rest / 10] as string)
        : `${tens[Math.floor(rest / 10)]} ${small[rest % 10]}`;
  if (hundreds === '') return tail;
  return rest < 20 && !(rest % 10 === 0 && rest > 10) ? `${hundreds} and ${tail}` : `${hundreds} ${tail}`;
}

fn('cash_words', {
  impl: (value: bigint) => {
    const magnitude = value < 0n ? -value : value;
    const dollars = magnitude / 100n;
    const cents = Number(magnitude % 100n);
    let text = value < 0n ? 'minus ' : '';
    const groups = ['quadrillion', 'trillion', 'billion', 'million', 'thousand'];
    groups.forEach((name, at) => {
      const group = Number((dollars / 10n ** BigInt(15 - 3 * at)) % 1000n);
      if (group !== 0) text += `${words(group)} ${name} `;
    });
    const units = Number(dollars % 1000n);
    if (units !== 0) text += words(units);
    if (dollars === 0n) text += 'zero';
    text += dollars === 1n ? ' dollar and ' : ' dollars and ';
    text += `${words(cents)} ${cents === 1 ? 'cent' : 'cents'}`;
    return (text[0] as string).toUpperCase() + text.slice(1);
  },
});
