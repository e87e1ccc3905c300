// money: a count of cents in 64 bits, written under the "C" monetary conventions ($1,234.56).
import { invalidSyntax, valueOutOfRange } from './input-error.js';
import { int64SortKey } from './sort-key.js';
import { defineType } from './type-behaviour.js';

defineType<bigint>({
  symbol: 'cash_in',
  storage: 'int8',
  input: (text) => parseMoney(text),
  output: (value) => formatMoney(value),
  receive: (reader) => reader.int64(),
  send: (value, _type, writer) => writer.int64(value),
  compare: (left, right) => (left < right ? -1 : left > right ? 1 : 0),
  hashKey: (value) => value,
  sortKey: (value, _type, writer) => int64SortKey(value, writer),
});

/** Reads an amount: sign or parentheses, currency symbol, groups, at most two digits of cents (more are rounded). */
export function parseMoney(text: string): bigint {
  let rest = text.replace(/^[ \t\n\r\f\v]+/, '');
  rest = rest.replace(/^\$/, '');
  rest = rest.replace(/^[ \t\n\r\f\v]+/, '');
  let negative = false;
  const sign = /^[-(+]/.exec(rest);
  if (sign !== null) {
    negative = sign[0] !== '+';
    rest = rest.slice(1);
  }
  rest = rest
    .replace(/^[ \t\n\r\f\v]+/, '')
    .replace(/^\$/, '')
    .replace(/^[ \t\n\r\f\v]+/, '');
  const number = /^[\d,]*(?:\.[\d,]*)?/.exec(rest)?.[0] ?? '';
  const cents = centsOf(number);
  const tail = rest.slice(number.length);
  if (!/^(?:[ \t\n\r\f\v)]|-|\+|\$)*$/.test(tail)) throw invalidSyntax('money', text);
  if (tail.includes('-')) negative = true;
  const value = negative ? -cents : cents;
  if (BigInt.asIntN(64, value) !== value) throw valueOutOfRange('money', text);
  return value;
}

function centsOf(number: string): bigint {
  const [whole = '', fraction = ''] = number.replaceAll(',', '').split('.');
  const cents = BigInt(`${whole}${fraction.slice(0, 2).padEnd(2, '0')}`);
  return fraction.length > 2 && (fraction[2] as string) >= '5' ? cents + 1n : cents;
}

/** Prints an amount with currency symbol, groups of three and two digits of cents. */
export function formatMoney(value: bigint): string {
  const digits = (value < 0n ? -value : value).toString().padStart(3, '0');
  const whole = digits.slice(0, -2).replace(/\B(?=(?:\d{3})+$)/g, ',');
  return `${value < 0n ? '-' : ''}$${whole}.${digits.slice(-2)}`;
}
