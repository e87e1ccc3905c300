// Number templates in both directions; expected texts come from PostgreSQL 17.
import { test } from 'tap';
import { readNumber } from './number-from-char.js';
import { layOutNumber, layOutRoman } from './number-to-char.js';
import { numberTemplate } from './number-template.js';

function print(format: string, text: string): string {
  const template = numberTemplate(format);
  const isNegative = text.startsWith('-');
  const before = template.before + template.shift;
  return layOutNumber(template, { text: isNegative ? text.slice(1) : text, isNegative, before });
}

test('numbers are laid out under a template', async (t) => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['999', '-12', ' -12'],
    ['999', '1234', ' ###'],
    ['9,999.99', '1234.50', ' 1,234.50'],
    ['FM9,999', '12', '12'],
    ['FM99.99', '0.50', '.5'],
    ['9.99', '0.10', '  .10'],
    ['0.9S', '1.5', '1.5+'],
    ['999PR', '-485', '<485>'],
    ['SG999', '-123', '-123'],
    ['999th', '482', ' 482nd'],
    ['99V9', '125', ' 125'],
    ['"Good number:"999', '485', 'Good number: 485'],
  ];
  for (const [format, text, expected] of cases) {
    t.equal(print(format, text), expected, `${text} as ${format}`);
  }
  t.equal(layOutRoman(numberTemplate('FMRN'), 1999), 'MCMXCIX');
  t.equal(layOutRoman(numberTemplate('rn'), 5), '              v');
});

test('numbers are read under a template', async (t) => {
  t.same(readNumber(numberTemplate('99G999D9S'), '12,454.8-'), { text: '-12454.8', scale: 1 });
  t.same(readNumber(numberTemplate('L9,999.99'), '$1,234.50'), { text: ' 1234.50', scale: 2 });
  t.throws(() => readNumber(numberTemplate('RN'), 'X'), { message: '"RN" not supported for input' });
});

test('patterns that do not go together are refused', async (t) => {
  for (const [format, message] of [
    ['9.9.9', 'multiple decimal points'],
    ['S9PR', 'cannot use "PR" and "S"/"PL"/"MI"/"SG" together'],
    ['9EEEE9', '"EEEE" must be the last pattern used'],
  ] as const) {
    t.throws(() => numberTemplate(format), { code: '42601', message });
  }
});
