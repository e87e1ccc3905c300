// The measure: what counts as a statement, and when it is right.
import { test } from 'tap';
import { scoreTranscript } from './score.js';

const sql = `-- a remark
SELECT 1;
SELECT 2
  + 3;

\\set x 1
SELECT bad;
`;
const expected = `-- a remark
SELECT 1;
 ?column?
----------
        1
(1 row)

SELECT 2
  + 3;
 5
\\set x 1
SELECT bad;
ERROR:  no
`;

test('the expected transcript is right in every statement, blank lines and blanks at ends aside', async (t) => {
  const got = expected.replace('(1 row)\n\n', '(1 row)   \n');
  t.match(scoreTranscript(sql, [expected], got), { same: 4, total: 4, differences: [] });
});

test('a statement with other output is wrong, those around it are not', async (t) => {
  const score = scoreTranscript(sql, [expected], expected.replace(' 5\n', ' 6\n 7\n'));
  t.same([score.same, score.total], [3, 4]);
  t.same(score.differences, [{ input: 'SELECT 2\n  + 3;', expected: [' 5'], got: [' 6', ' 7'] }]);
});

test('after the connection is lost nothing is right', async (t) => {
  const got = expected.slice(0, expected.indexOf('SELECT 2'));
  const score = scoreTranscript(sql, [expected], `${got}server closed the connection unexpectedly\n`);
  t.same([score.same, score.total], [0, 4]);
});

test('the best of the alternatives counts', async (t) => {
  const other = expected.replace('ERROR:  no', 'ERROR:  never');
  t.equal(scoreTranscript(sql, [other, expected], expected).same, 4);
  t.equal(scoreTranscript(sql, [other], expected).same, 3);
});
