// Names that PostgreSQL makes up; the long ones were read from a server.
import { test } from 'tap';
import { chooseIndexColumnNames, clipBytes, joinedColumnNames, makeObjectName } from './naming.js';

test('object names are cut where they are too long', async (t) => {
  t.equal(makeObjectName('t', 'a', 'key'), 't_a_key');
  t.equal(makeObjectName('t', null, 'pkey'), 't_pkey');
  const long = makeObjectName('t'.repeat(70), 'c'.repeat(70), 'check');
  t.equal(Buffer.byteLength(long), 63);
  t.equal(long, `${'t'.repeat(28)}_${'c'.repeat(28)}_check`);
});

test('no character is cut in two', async (t) => {
  t.equal(clipBytes('aää', 2), 'a');
  t.equal(clipBytes('aää', 3), 'aä');
});

test('index columns get numbers', async (t) => {
  t.same(chooseIndexColumnNames(['a', null, 'a', null]), ['a', 'expr', 'a1', 'expr1']);
  t.equal(joinedColumnNames(['a', 'b']), 'a_b');
});
