// Functions and operators of macaddr and macaddr8.
import { pgError, SqlState } from '../../errors/pg-error.js';
import { widened } from '../../types/macaddr.js';
import { fn } from '../registry.js';
import { comparisonFamily, operatorNames } from './comparison.js';
import { hashFamily } from './hashing.js';

for (const name of ['macaddr', 'macaddr8']) {
  comparisonFamily<Buffer>({ operators: operatorNames(`${name}_`), support: `${name}_cmp` }, (left, right) =>
    Buffer.compare(left, right),
  );
  fn(`${name}_not`, { impl: (value: Buffer) => Buffer.from(value.map((byte) => ~byte & 0xff)) });
  fn(`${name}_and`, {
    impl: (left: Buffer, right: Buffer) => Buffer.from(left.map((byte, at) => byte & (right[at] ?? 0))),
  });
  fn(`${name}_or`, {
    impl: (left: Buffer, right: Buffer) => Buffer.from(left.map((byte, at) => byte | (right[at] ?? 0))),
  });
  fn(`${name}_trunc`, {
    impl: (value: Buffer) => Buffer.concat([value.subarray(0, 3), Buffer.alloc(value.length - 3)]),
  });
  hashFamily([`${name}_in`], `hash${name}`, (value) => ({ bytes: value as Buffer }));
}

fn('macaddrtomacaddr8', { impl: widened });
fn('macaddr8tomacaddr', {
  impl: (value: Buffer) => {
    if (value[3] !== 0xff || value[4] !== 0xfe) {
      throw pgError(SqlState.numericValueOutOfRange, 'macaddr8 data out of range to convert to macaddr', {
        hint: 'Only addresses that have FF and FE as values in the 4th and 5th bytes from the left, for example xx:xx:xx:ff:fe:xx:xx:xx, are eligible to be converted from macaddr8 to macaddr.',
      });
    }
    return Buffer.concat([value.subarray(0, 3), value.subarray(5)]);
  },
});
fn('macaddr8_set7bit', {
  impl: (value: Buffer) => Buffer.from(value.map((byte, at) => (at === 0 ? byte | 0x02 : byte))),
});
