import { test } from 'tap';
import { likePrefix, regexPrefix } from './prefix.js';

test('LIKE: the fixed prefix ends at the first wildcard', async (t) => {
  t.match(likePrefix('abc%d', false), { text: 'abc', exact: false });
  t.match(likePrefix('abc', false), { text: 'abc', exact: true, rest: 1 });
  t.match(likePrefix('a\\%b_', false), { text: 'a%b', exact: false });
  t.match(likePrefix('1a%', true), { text: '1', exact: false });
});

test('regular expressions: anchored plain characters', async (t) => {
  t.match(regexPrefix('^abc', false), { text: 'abc', exact: false });
  t.match(regexPrefix('^abc$', false), { text: 'abc', exact: true });
  t.match(regexPrefix('^abc*', false), { text: 'ab', exact: false });
  t.match(regexPrefix('abc', false), { text: '', exact: false });
  t.match(regexPrefix('^a|b', false), { text: '', exact: false });
});
