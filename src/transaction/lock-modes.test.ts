// Numbers of files in lock tags.
import { test } from 'tap';
import { fileTag } from './lock-modes.js';

test('files of one number in two databases are told apart, shared ones are not', async (t) => {
  const [pgClass, pgDatabase, table] = [1259, 1262, 16_400];
  for (const file of [pgClass, table]) t.not(fileTag(file, 5), fileTag(file, 16_385));
  t.equal(fileTag(pgDatabase, 5), fileTag(pgDatabase, 16_385));
  const tags = new Set(Array.from({ length: 50_000 }, (_, file) => fileTag(16_384 + file, 5)));
  t.equal(tags.size, 50_000);
});
