// The linear search starts matches where JavaScript's engine does, ends explosive ones in time, and can be interrupted.
import { test } from 'tap';
import { advancedOptions, compileRegex, searchFor } from './regex.js';
import { javascriptForm } from './javascript-form.js';
import { Matcher } from './matcher.js';
import { parseRegex } from './parse.js';
import { compileSearch, search } from './search.js';

const patterns = [
  'a*b',
  '(ab|a)(c|bcd)',
  'a{2,3}b?',
  '^b|c$',
  '(?=ab)a+',
  '\\mb+\\M',
  'x?[^b]a',
  '(a|b)*c',
  '(?!a).b',
  '(a+|b)+c',
  '',
];

/** Texts of a's, b's and c's, the n-th of all. */
function textOf(n: number): string {
  return n === 0 ? '' : textOf(Math.floor((n - 1) / 3)) + 'abc'[(n - 1) % 3];
}

test('starts', (t) => {
  for (const pattern of patterns) {
    const regex = parseRegex(pattern, advancedOptions);
    const states = compileSearch(regex);
    if (states === null) return t.fail(pattern);
    const script = javascriptForm(regex);
    const different: string[] = [];
    for (let n = 0; n < 1000; n++) {
      const text = textOf(n);
      const matcher = new Matcher(regex, text);
      script.lastIndex = 0;
      const expected = script.exec(text)?.index ?? -1;
      const options = { from: 0, matcher, check: () => undefined };
      if (search(states, text, { ...options, anywhere: false }) !== expected) different.push(text);
      if (search(states, text, { ...options, anywhere: true }) >= 0 !== expected >= 0) different.push(text);
    }
    t.same(different, [], pattern);
  }
  t.end();
});

test('ways to match do not multiply', (t) => {
  const longText = `${'a'.repeat(20_000)}c`;
  for (const pattern of ['^(a|aa)+$', '(a*)*b', '^(a+)+$', 'a*a*a*a*a*b'])
    t.equal(compileRegex(pattern, advancedOptions).test(longText), false, pattern);
  const session = {
    checkInterrupts: () => {
      throw new Error('canceled');
    },
  } as unknown as Parameters<typeof searchFor>[0];
  t.throws(() => searchFor(session, () => compileRegex('(a|b)*d', advancedOptions).test(longText)), /canceled/);
  t.end();
});
