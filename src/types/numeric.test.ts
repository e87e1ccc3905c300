// numeric: text in and out, arithmetic scales, the binary form. Expected texts are PostgreSQL 17's.
import { test } from 'tap';
import { ByteReader, ByteWriter } from '../base/bytes.js';
import { defined } from '../errors/unreachable.js';
import './index.js';
import type { IoContext } from './io-context.js';
import { Numeric } from './numeric.js';
import { compareNumerics, divideNumerics, modNumerics, multiplyNumerics } from './numeric-math.js';
import { applyNumericTypmod } from './numeric-type.js';
import { typeBehaviour } from './type-behaviour.js';
import type { TypeDescriptor } from './type-descriptor.js';

const of = (text: string) => defined(Numeric.parse(text), text);

test('text', async (t) => {
  for (const [text, expected] of [
    ['1.500', '1.500'],
    ['-0.001', '-0.001'],
    ['1e3', '1000'],
    ['1.5e-3', '0.0015'],
    ['1_000.5', '1000.5'],
    ['0x1F', '31'],
    [' nan ', 'NaN'],
    ['-INF', '-Infinity'],
  ] as const) {
    t.equal(of(text).toString(), expected);
  }
  for (const text of ['', '.', '1e', '+nan', '1__0', '1 2']) t.equal(Numeric.parse(text), null);
});

test('scales of results', async (t) => {
  t.equal(divideNumerics(of('1'), of('3.0')).toString(), '0.33333333333333333333');
  t.equal(divideNumerics(of('10000000000'), of('3.0')).toString(), '3333333333.33333333');
  t.equal(divideNumerics(of('9999.0'), of('10000')).toString(), '0.99990000000000000000');
  t.equal(multiplyNumerics(of('1.50'), of('2.0')).toString(), '3.000');
  t.equal(modNumerics(of('-7.5'), of('2')).toString(), '-1.5');
  t.equal(compareNumerics(of('1.0'), of('1.00')), 0);
});

test('modifiers', async (t) => {
  const typmod = (precision: number, scale: number) => ((precision << 16) | (scale & 0x7ff)) + 4;
  t.equal(applyNumericTypmod(of('99.995'), typmod(5, 2)).toString(), '100.00');
  t.equal(applyNumericTypmod(of('1234'), typmod(2, -2)).toString(), '1200');
  t.throws(() => applyNumericTypmod(of('995'), typmod(2, -1)), { message: 'numeric field overflow' });
});

test('binary form', async (t) => {
  const behaviour = defined(typeBehaviour('numeric_in'), 'numeric');
  for (const text of [
    '0',
    '0.00',
    '1',
    '-1.5',
    '12345678.9012',
    '1e20',
    '0.00001234',
    'NaN',
    'Infinity',
    '-Infinity',
  ]) {
    const writer = new ByteWriter();
    behaviour.send(of(text), {} as TypeDescriptor, writer, {} as IoContext);
    const reader = new ByteReader(writer.copy(), () => new Error('short'));
    const back = behaviour.receive(reader, {} as TypeDescriptor, -1, {} as IoContext);
    t.equal(String(back), of(text).toString());
    t.equal(reader.remaining, 0);
  }
});
